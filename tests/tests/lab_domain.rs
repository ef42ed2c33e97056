//! The main job on a real capture: a domain controller's User Access Logging databases of June 2021 and the domain they
//! speak of, rebuilt in a real Samba Active Directory.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use caliper_aggregator::{
    config::Config,
    context::Clock,
    directory,
    ingest::import::import,
    scan::{self, Trigger},
    store::{Store, StoreError, scan as table},
};
use caliper_licensing::Position;
use caliper_proto::Instant;
use jiff::civil::date;

/// Everybody in the domain; Administrator is born with it.
const LDIF: &str = "\
dn: CN=Jane,CN=Users,DC=lab,DC=net
objectClass: user
sAMAccountName: jane
userPrincipalName: jane@lab.net
userAccountControl: 544

dn: CN=Waldo,CN=Users,DC=lab,DC=net
objectClass: user
sAMAccountName: waldo
userPrincipalName: waldo@lab.net
userAccountControl: 544

dn: CN=Bob,CN=Users,DC=lab,DC=net
objectClass: user
sAMAccountName: bob
userPrincipalName: bob@lab.net
userAccountControl: 544

dn: CN=DC-1,CN=Computers,DC=lab,DC=net
objectClass: computer
sAMAccountName: DC-1$
dNSHostName: DC-1.lab.net
operatingSystem: Windows Server 2019 Datacenter
userAccountControl: 4096

dn: CN=DC-2,CN=Computers,DC=lab,DC=net
objectClass: computer
sAMAccountName: DC-2$
dNSHostName: DC-2.lab.net
operatingSystem: Windows Server 2019 Datacenter
userAccountControl: 4096

dn: CN=DESKTOP-WALDO,CN=Computers,DC=lab,DC=net
objectClass: computer
sAMAccountName: DESKTOP-WALDO$
dNSHostName: Desktop-Waldo.lab.net
operatingSystem: Windows 10 Pro
userAccountControl: 4096

dn: CN=DESKTOP-JANE,CN=Computers,DC=lab,DC=net
objectClass: computer
sAMAccountName: DESKTOP-JANE$
dNSHostName: Desktop-Jane.lab.net
operatingSystem: Windows 10 Pro
userAccountControl: 4096

dn: CN=LAPTOP-BOB,CN=Computers,DC=lab,DC=net
objectClass: computer
sAMAccountName: LAPTOP-BOB$
dNSHostName: Laptop-Bob.lab.net
operatingSystem: Windows 10 Pro
userAccountControl: 4096
";

/// A Samba domain controller; ends and leaves nothing when dropped.
struct Domain {
    script: PathBuf,
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl Domain {
    fn start(address: &str) -> Self {
        // a short path: unix sockets lie in it
        let parent = tempfile::Builder::new().prefix("lab").tempdir_in("/tmp").unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/samba-ad.sh");
        let domain = Self { script, folder: parent.path().join("d"), _parent: parent };
        let ldif = domain.folder.with_file_name("lab.ldif");
        fs_err::write(&ldif, LDIF).unwrap();
        domain.run("start", Path::new(address));
        domain.run("load", &ldif);
        domain
    }

    fn run(&self, action: &str, argument: &Path) {
        let log = self.folder.with_file_name("log");
        let output = fs_err::File::create(&log).unwrap().into_parts().0;
        let status = Command::new(&self.script)
            .arg(action)
            .arg(&self.folder)
            .arg(argument)
            .env("AD_REALM", "LAB.NET")
            .env("AD_DOMAIN", "LAB")
            .env("AD_ADMIN_PW", "Passw0rd!Lab")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .status()
            .unwrap();
        assert!(status.success(), "{action}: {}", fs_err::read_to_string(&log).unwrap());
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("clean").arg(&self.folder).status();
    }
}

/// What a scan said of one person or device: id, licence, CAL version, partners, servers, kind or nothing.
type Said = (String, String, String, i64, i64, String);

fn list(store: &Store, scan: u64, sql: &str) -> Vec<Said> {
    store
        .read(|tx| {
            let mut select = tx.prepare(sql)?;
            let rows = select.query_map([scan.cast_signed()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })?;
            Ok::<_, StoreError>(rows.collect::<Result<_, _>>()?)
        })
        .unwrap()
}

fn said(id: &str, licence: &str, version: &str, partners: i64, servers: i64, kind: &str) -> Said {
    (id.into(), licence.into(), version.into(), partners, servers, kind.into())
}

/// The answer, worked out by hand from the 39 rows of CLIENTS, seen by DC-1.lab.net, Windows Server 2019 (build 17763),
/// from 12 to 23 June 2021; the window of 90 days that ends on the 23rd holds all of them (E.19).
///
/// Who stands behind each principal (I.3, E.15):
/// - `lab\dc-1$` (13 rows, six addresses) is the server itself: nothing. The addresses are its own from now on:
///   10.0.0.10, 169.254.186.19 and two that begin with fe80.
/// - `lab\dc-2$` (four addresses) is a Windows Server by the directory: server to server, nothing (E.6).
/// - `lab\desktop-waldo$`, `lab\desktop-jane$`, `lab\laptop-bob$` are devices. They were seen at 10.0.0.222,
///   10.0.0.111 and 10.0.0.123; each once at 127.0.0.1 too, which says nothing about the server.
/// - `lab\waldo` at 10.0.0.222: DESKTOP-WALDO. `lab\jane` at 10.0.0.111 on 15 June: DESKTOP-JANE was there that day.
/// - `lab\administrator` at the server's own addresses and on loopback: on DC-1; at 10.0.0.20, where dc-2$ is: on DC-2;
///   at 10.0.0.123 on 20 June, where laptop-bob$ was: on LAPTOP-BOB. So three devices, two of them servers.
/// - bob has an account and no access: not in the position.
///
/// Who needs a CAL, of 2019 because DC-1 runs 2019 (E.4, A.6):
/// - administrator is the account the domain was born with and only administers: one of the two that DC-1 allows (E.7).
/// - waldo at DESKTOP-WALDO and jane at DESKTOP-JANE: two pairs without a common end, so one CAL each, of the cheaper
///   kind (E.3, E.28). The traffic of the two machines' own accounts is theirs (E.14, E.15).
/// - LAPTOP-BOB used the server by its own account, and nobody but the exempt administrator worked at it: a Device CAL
///   (E.15, E.28).
/// - DC-1 and DC-2 are licensed servers (E.6).
///
/// So with Device CALs cheaper, 3 Device CALs; with User CALs cheaper, 2 User CALs and 1 Device CAL.
/// DC-1 is a virtual machine (VMware) on a host that nobody named: its cores cannot be counted.
#[test]
fn the_lab_domain_needs_three_cals() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ual/kstrike_HyperV-PC");
    if !capture.exists() {
        eprintln!("skipped: the real captures are not beside this checkout (../shared/data)");
        return;
    }
    if !Path::new("/usr/sbin/samba").exists() {
        eprintln!("skipped: there is no Samba: run tests/servers/setup.sh as root");
        return;
    }
    let domain = Domain::start("127.0.0.64");
    let folder = tempfile::tempdir().unwrap();
    let now: Instant = "2021-06-24T06:00:00Z".parse::<jiff::Timestamp>().unwrap().into();

    let clock = Clock::new(move || now);

    // collect and import
    let mut collected = caliper_agent::collect::collect_from(&capture, caliper_agent::rows::Table::default()).unwrap();
    let file = folder.path().join("dc-1.json");
    let mut output = fs_err::File::create(&file).unwrap();
    let rows = collected.rows.read().unwrap();
    caliper_proto::write_report(&mut output, &collected.server, rows, &collected.warnings).unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    import(&store, &file, now).unwrap();

    // directory
    fs_err::write(folder.path().join("password"), "Passw0rd!Lab\n").unwrap();
    let config = |user: u32, device: u32| {
        let text = format!(
            "[[directory]]\nname = \"lab\"\nurl = \"ldaps://127.0.0.64\"\nauthority = \"{}\"\n\
             bind = \"Administrator@lab.net\"\npassword_file = \"password\"\n\
             [estate]\ncurrency = \"EUR\"\n\
             [[estate.price]]\nsku = \"windows-server-cal/user\"\nminor = {user}\n\
             [[estate.price]]\nsku = \"windows-server-cal/device\"\nminor = {device}\n",
            domain.folder.join("private/tls/ca.pem").display()
        );
        Config::parse(&folder.path().join("config.toml"), &text).unwrap()
    };
    let cheap_devices = config(4600, 3800);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime
        .block_on(directory::synchronise(&store, &cheap_devices.directory[0], directory::Reading::Whole, now))
        .unwrap();
    // Samba brings Administrator, Guest and its own computer DC1$, and two service accounts
    assert_eq!((outcome.users, outcome.computers), (5, 6));

    // scan
    let scan = scan::run_as_of(&store, &cheap_devices, &Trigger::Hand, date(2021, 6, 23), &clock).unwrap();
    let people =
        "SELECT person, licence, version, devices, servers, '' FROM scan_person WHERE scan = ?1 ORDER BY person";
    let devices =
        "SELECT device, licence, version, people, servers, kind FROM scan_device WHERE scan = ?1 ORDER BY device";
    assert_eq!(
        list(&store, scan, people),
        [
            said("lab\\administrator", "exempt", "", 3, 1, ""),
            said("lab\\jane", "devices", "", 1, 1, ""),
            said("lab\\waldo", "devices", "", 1, 1, ""),
        ]
    );
    assert_eq!(
        list(&store, scan, devices),
        [
            said("dc-1.lab.net", "exempt", "", 1, 1, "server"),
            said("dc-2.lab.net", "exempt", "", 1, 1, "server"),
            said("desktop-jane.lab.net", "device-cal", "2019", 1, 1, "computer"),
            said("desktop-waldo.lab.net", "device-cal", "2019", 1, 1, "computer"),
            said("laptop-bob.lab.net", "device-cal", "2019", 1, 1, "computer"),
        ]
    );
    assert_eq!(cals(&store, scan), [("windows-server-cal/device".to_owned(), "2019".to_owned(), 3)]);

    // the same evidence with User CALs cheaper
    let cheap_users = config(3800, 4600);
    let scan = scan::run_as_of(&store, &cheap_users, &Trigger::Hand, date(2021, 6, 23), &clock).unwrap();
    assert_eq!(
        cals(&store, scan),
        [
            ("windows-server-cal/device".to_owned(), "2019".to_owned(), 1),
            ("windows-server-cal/user".to_owned(), "2019".to_owned(), 2),
        ]
    );

    // before the capture began there was nothing to license
    let scan = scan::run_as_of(&store, &cheap_users, &Trigger::Hand, date(2021, 6, 11), &clock).unwrap();
    assert_eq!(cals(&store, scan), []);
}

/// Lines for CALs of which any are needed: sku, version, number.
fn cals(store: &Store, scan: u64) -> Vec<(String, String, u64)> {
    let stored = store.read(|tx| table::stored(tx, scan)).unwrap().unwrap();
    let position: Position = serde_json::from_str(&stored.position).unwrap();
    assert!(position.optimum.proven);
    let lines =
        position.lines.into_iter().filter(|line| line.sku.starts_with("windows-server-cal/") && line.needed > 0);
    lines.map(|line| (line.sku, line.version, line.needed)).collect()
}
