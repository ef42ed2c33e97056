//! Reading real directories: OpenLDAP and Samba as an Active Directory domain controller, and every way to fail.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use caliper_aggregator::{
    config::Config,
    directory::{self, Account, AccountKind, DirectoryError, DirectorySettings, Mark, Outcome, Point, Reading},
    store::{Store, directory as table},
};
use caliper_proto::Instant;

/// A directory server of a script in `servers/`; ends and leaves nothing when dropped.
struct Server {
    script: PathBuf,
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl Server {
    fn start(script: &str, arguments: &[&str], ldif: &str) -> Self {
        let parent = tempfile::Builder::new().prefix("dir").tempdir_in("/tmp").unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers").join(script);
        let server = Self { script, folder: parent.path().join("d"), _parent: parent };
        server.run("start", arguments);
        server.load(ldif);
        server
    }

    fn load(&self, ldif: &str) {
        let file = self.folder.with_file_name("entries.ldif");
        fs_err::write(&file, ldif).unwrap();
        self.run("load", &[file.to_str().unwrap()]);
    }

    fn run(&self, action: &str, arguments: &[&str]) {
        let log = self.folder.with_file_name("log");
        let output = fs_err::File::create(&log).unwrap().into_parts().0;
        let status = Command::new(&self.script)
            .arg(action)
            .arg(&self.folder)
            .args(arguments)
            .envs([("AD_REALM", "CORP.EXAMPLE"), ("AD_DOMAIN", "CORP"), ("AD_ADMIN_PW", "Passw0rd!Lab")])
            .envs([("LDAP_BASE", "dc=example,dc=com"), ("SLAPD_PW", "secret")])
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .status()
            .unwrap();
        assert!(status.success(), "{action}: {}", fs_err::read_to_string(&log).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("clean").arg(&self.folder).status();
    }
}

fn settings(folder: &Path, text: &str) -> DirectorySettings {
    let text = format!("[[directory]]\nname = \"corp\"\npassword_file = \"password\"\n{text}");
    Config::parse(&folder.join("config.toml"), &text).unwrap().directory.remove(0)
}

fn at(second: i64) -> Instant {
    Instant::from_micros(1_800_000_000_000_000 + second * 1_000_000).unwrap()
}

fn synchronise(store: &Store, settings: &DirectorySettings, second: i64) -> Result<Outcome, DirectoryError> {
    read(store, settings, Reading::Whole, second)
}

/// What changed since the last time.
fn update(store: &Store, settings: &DirectorySettings, second: i64) -> Outcome {
    read(store, settings, Reading::Changes, second).unwrap()
}

fn read(store: &Store, settings: &DirectorySettings, reading: Reading, second: i64) -> Result<Outcome, DirectoryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(directory::synchronise(store, settings, reading, at(second)))
}

/// Changes a running directory with OpenLDAP's own client.
fn change(url: &str, authority: &Path, bind: &str, password: &str, ldif: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (secret, file) = (folder.path().join("secret"), folder.path().join("ldif"));
    fs_err::write(&secret, password).unwrap();
    fs_err::write(&file, ldif).unwrap();
    let output = Command::new("ldapmodify")
        .args(["-x", "-H", url, "-D", bind, "-y"])
        .arg(&secret)
        .arg("-f")
        .arg(&file)
        .env("LDAPTLS_CACERT", authority)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn accounts(store: &Store) -> Vec<table::StoredAccount> {
    let mut accounts: Vec<table::StoredAccount> = store.read(table::accounts).unwrap();
    accounts.sort_by(|a, b| a.account.name.cmp(&b.account.name));
    accounts
}

fn person(number: u32) -> String {
    format!(
        "dn: uid=u{number:05},ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: u{number:05}\ncn: Person {number}\n\
         sn: {number}\nmail: u{number:05}@example.com\nemployeeNumber: {number}\n\n"
    )
}

#[test]
fn openldap_is_read_page_by_page_and_failures_keep_what_is_stored() {
    if !Path::new("/usr/sbin/slapd").exists() {
        eprintln!("skipped: there is no OpenLDAP: run tests/servers/setup.sh as root");
        return;
    }
    let units = ["people", "groups", "away"]
        .map(|unit| format!("dn: ou={unit},dc=example,dc=com\nobjectClass: organizationalUnit\nou: {unit}\n\n"));
    let people: String = units.into_iter().chain((0..2_345).map(person)).collect();
    let server = Server::start("slapd.sh", &["127.0.0.65", "3893", "6363"], &people);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    let password = folder.path().join("password");
    fs_err::write(&password, "secret\n").unwrap();
    let authority = server.folder.join("tls/ca.pem");
    let good = format!("authority = \"{}\"\nbind = \"cn=reader,dc=example,dc=com\"\n", authority.display());
    let ldaps = format!("url = \"ldaps://127.0.0.65:6363\"\n{good}");
    let start_tls = format!("url = \"ldap://127.0.0.65:3893\"\nstart_tls = true\n{good}");

    // more than two pages of 1,000
    let outcome = synchronise(&store, &settings(folder.path(), &ldaps), 1).unwrap();
    assert_eq!((outcome.users, outcome.added), (2_345, 2_345));
    let outcome = synchronise(&store, &settings(folder.path(), &start_tls), 2).unwrap();
    assert_eq!((outcome.users, outcome.added, outcome.gone), (2_345, 0, 0));
    let stored = accounts(&store);
    let Account { guid, name, mail, employee, kind, .. } = &stored[7].account;
    assert_eq!((name.as_str(), mail.as_str(), employee.as_str()), ("u00007", "u00007@example.com", "7"));
    assert_eq!((guid.len(), *kind), (36, AccountKind::User));

    // nothing happened, then a marriage, a move, a leaver and a newcomer
    assert_eq!(update(&store, &settings(folder.path(), &start_tls), 2), Outcome { users: 2_345, ..Outcome::default() });
    let url = "ldaps://127.0.0.65:6363";
    let admin = "cn=admin,dc=example,dc=com";
    change(
        url,
        &authority,
        admin,
        "secret",
        &format!(
            "dn: uid=u00001,ou=people,dc=example,dc=com\nchangetype: modify\nreplace: cn\ncn: Married (née \u{fffd}) *\n\n\
             dn: uid=u00002,ou=people,dc=example,dc=com\nchangetype: modrdn\nnewrdn: uid=u00002\ndeleteoldrdn: 0\n\
             newsuperior: ou=away,dc=example,dc=com\n\n\
             dn: uid=u00003,ou=people,dc=example,dc=com\nchangetype: delete\n\n{}",
            person(90_000).replace("objectClass", "changetype: add\nobjectClass")
        ),
    );
    let outcome = update(&store, &settings(folder.path(), &start_tls), 2);
    assert_eq!(outcome, Outcome { users: 2_345, added: 1, changed: 2, gone: 1, ..Outcome::default() });
    let stored = accounts(&store);
    assert_eq!(stored[1].account.display_name, "Married (née \u{fffd}) *");
    assert_eq!(stored[2].account.dn, "uid=u00002,ou=away,dc=example,dc=com");
    assert_eq!(stored[3].gone, Some(at(2)));
    // the same as reading everything
    let whole = synchronise(&store, &settings(folder.path(), &start_tls), 2).unwrap();
    assert_eq!(whole, Outcome { users: 2_345, whole: true, ..Outcome::default() });
    assert_eq!(accounts(&store), stored);

    // a smaller view of the directory: everybody else is gone, and comes back
    let one = format!("{ldaps}base = \"uid=u00007,ou=people,dc=example,dc=com\"\n");
    // and other settings mean another reading, asked for changes or not
    let outcome = update(&store, &settings(folder.path(), &one), 3);
    assert_eq!((outcome.gone, outcome.whole), (2_344, true));
    assert_eq!(synchronise(&store, &settings(folder.path(), &ldaps), 4).unwrap().returned, 2_344);

    // every way to fail: a sentence that says what to do, and nothing stored is lost
    let other_authority = folder.path().join("other.pem");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=another",
            "-keyout",
            "/dev/null",
            "-out",
        ])
        .arg(&other_authority)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let before = accounts(&store);
    let other = ldaps.replace(authority.to_str().unwrap(), other_authority.to_str().unwrap());
    for (text, secret, part) in [
        (ldaps.clone(), "wrong", "`cn=reader,dc=example,dc=com` was refused (result 49"),
        (ldaps.clone(), "", "write the password as its first line"),
        (other, "secret", "is not signed by an authority known here: set authority ="),
        (ldaps.replace("127.0.0.65:6363", "127.0.0.66:6363"), "secret", "check host, port, firewall"),
        (ldaps.replace("6363", "3893"), "secret", "127.0.0.65:3893` does not answer"),
        (
            format!("{ldaps}base = \"ou=nowhere,dc=example,dc=com\"\n"),
            "secret",
            "has no `ou=nowhere,dc=example,dc=com`: correct `base`",
        ),
        (
            format!("{ldaps}base = \"ou=groups,dc=example,dc=com\"\n"),
            "secret",
            "shows no account at all, 2345 were known",
        ),
    ] {
        fs_err::write(&password, secret).unwrap();
        let error = synchronise(&store, &settings(folder.path(), &text), 5).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(error.starts_with("directory `corp`: ") && !error.contains("wrong"), "{error}");
        assert_eq!(accounts(&store), before, "{error}");
        let directories: Vec<(i64, table::Directory)> = store.read(table::directories).unwrap();
        assert_eq!(format!("directory `corp`: {}", directories[0].1.outcome), error);
        assert_eq!(directories[0].1.synced, Some(at(4)));
    }
}

/// People, a service by its service principal name and one by the naming rule, groups inside groups, and externals.
const DOMAIN: &str = "\
dn: OU=Partners,DC=corp,DC=example
objectClass: organizationalUnit
ou: Partners

dn: CN=Jane,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: jane
userPrincipalName: jane.doe@corp.example
employeeID: 7
department: Finance
userAccountControl: 544

dn: CN=adm-jane,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: adm-jane
employeeID: 7
userAccountControl: 544

dn: CN=Leaver,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: leaver
userAccountControl: 546

dn: CN=Expired,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: expired
accountExpires: 132223104000000000
userAccountControl: 544

dn: CN=Ann,OU=Partners,DC=corp,DC=example
objectClass: user
sAMAccountName: ann
userAccountControl: 544

dn: CN=Guest of the house,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: visitor
userAccountControl: 544

dn: CN=sqlagent,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: sqlagent
servicePrincipalName: MSSQLSvc/db1.corp.example:1433
userAccountControl: 544

dn: CN=svc-scan,CN=Users,DC=corp,DC=example
objectClass: user
sAMAccountName: svc-scan
userAccountControl: 544

dn: CN=FS1,CN=Computers,DC=corp,DC=example
objectClass: computer
sAMAccountName: FS1$
dNSHostName: FS1.corp.example
operatingSystem: Windows Server 2019 Standard
userAccountControl: 4096

dn: CN=Inner,CN=Users,DC=corp,DC=example
objectClass: group
sAMAccountName: inner
member: CN=Guest of the house,CN=Users,DC=corp,DC=example

dn: CN=Outer,CN=Users,DC=corp,DC=example
objectClass: group
sAMAccountName: outer
member: CN=Inner,CN=Users,DC=corp,DC=example

dn: CN=Operators,CN=Users,DC=corp,DC=example
objectClass: group
sAMAccountName: operators
member: CN=adm-jane,CN=Users,DC=corp,DC=example
";

#[test]
fn active_directory_accounts_are_told_apart() {
    if !Path::new("/usr/sbin/samba").exists() {
        eprintln!("skipped: there is no Samba: run tests/servers/setup.sh as root");
        return;
    }
    let server = Server::start("samba-ad.sh", &["127.0.0.67"], DOMAIN);
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("password"), "Passw0rd!Lab\n").unwrap();
    fs_err::write(folder.path().join("bare"), "Passw0rd!Lab").unwrap();
    let text = format!(
        "url = \"ldaps://127.0.0.67\"\nauthority = \"{}\"\nbind = \"CORP\\\\Administrator\"\n\
         external_units = [\"OU=Partners,DC=corp,DC=example\"]\nexternal_groups = [\"CN=Outer,CN=Users,DC=corp,DC=example\"]\n\
         administrator_groups = [\"CN=Operators,CN=Users,DC=corp,DC=example\"]\n",
        server.folder.join("private/tls/ca.pem").display()
    );
    let store = Store::open(&folder.path().join("data")).unwrap();
    synchronise(&store, &settings(folder.path(), &text), 1).unwrap();
    let directories: Vec<(i64, table::Directory)> = store.read(table::directories).unwrap();
    let known = &directories[0].1;
    let facts = (known.kind.as_str(), known.base.as_str(), known.netbios.as_str(), known.dns.as_str());
    assert_eq!(facts, ("active-directory", "DC=corp,DC=example", "corp", "corp.example"));

    // the same domain out of a file that OpenLDAP's client wrote
    let export = Command::new("ldapsearch")
        .args(["-x", "-H", "ldaps://127.0.0.67", "-D", "CORP\\Administrator", "-y"])
        .arg(folder.path().join("bare"))
        .args(["-E", "pr=1000/noprompt", "-b", "DC=corp,DC=example", "(objectClass=*)"])
        .env("LDAPTLS_CACERT", server.folder.join("private/tls/ca.pem"))
        .output()
        .unwrap();
    fs_err::write(folder.path().join("corp.ldif"), &export.stdout).unwrap();
    let rules = text.split_once("external_units").unwrap().1;
    let from_file = settings(folder.path(), &format!("file = \"corp.ldif\"\nexternal_units{rules}"));
    let other = Store::open(&folder.path().join("other")).unwrap();
    let outcome = synchronise(&other, &from_file, 1).unwrap();
    assert!(outcome.whole && outcome.users > 5, "{outcome:?}");
    assert_eq!(accounts(&other), accounts(&store));
    // half a file is refused, and what is stored stays
    let half = export.stdout.len() / 2;
    fs_err::write(folder.path().join("corp.ldif"), [&export.stdout[..half], b"\nbroken"].concat()).unwrap();
    let error = synchronise(&other, &from_file, 2).unwrap_err().to_string();
    assert!(error.contains("corp.ldif` line "), "{error}");
    assert_eq!(accounts(&other), accounts(&store));

    let stored = accounts(&store);
    let find =
        |name: &str| &stored.iter().find(|row| row.account.name == name).unwrap_or_else(|| panic!("{name}")).account;
    for (name, kind, enabled, external, administrator) in [
        ("Administrator", AccountKind::User, true, false, true),
        ("jane", AccountKind::User, true, false, false),
        ("adm-jane", AccountKind::User, true, false, true),
        ("leaver", AccountKind::User, false, false, false),
        ("expired", AccountKind::User, false, false, false),
        ("ann", AccountKind::User, true, true, false),
        ("visitor", AccountKind::User, true, true, false),
        ("sqlagent", AccountKind::Service, true, false, false),
        ("svc-scan", AccountKind::Service, true, false, false),
        ("krbtgt", AccountKind::Service, false, false, false),
        ("FS1$", AccountKind::Computer, true, false, false),
    ] {
        let account = find(name);
        let found = (account.kind, account.enabled, account.external, account.administrator);
        assert_eq!(found, (kind, enabled, external, administrator), "{name}");
        assert!(account.sid.starts_with("S-1-5-21-") && account.guid.len() == 36, "{name}");
    }
    assert!(find("Administrator").sid.ends_with("-500"));
    let jane = find("jane");
    assert_eq!(
        (jane.upn.as_str(), jane.employee.as_str(), jane.department.as_str()),
        ("jane.doe@corp.example", "7", "Finance")
    );
    let server = find("FS1$");
    assert_eq!(
        (server.dns_host_name.as_str(), server.operating_system.as_str()),
        ("fs1.corp.example", "Windows Server 2019 Standard")
    );
}

/// Passes a connection on, and breaks it off after so many bytes of the answer: a fake for a server that dies while it answers.
fn dying(to: &'static str, after: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(to).unwrap());
            let (mut questions, mut there) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut questions, &mut there));
            let (mut left, mut some) = (after, [0; 4096]);
            while left > 0 {
                let read = server.read(&mut some).unwrap_or(0);
                if read == 0 || client.write_all(&some[..read.min(left)]).is_err() {
                    break;
                }
                left = left.saturating_sub(read);
            }
            let _ = client.shutdown(std::net::Shutdown::Both);
            let _ = server.shutdown(std::net::Shutdown::Both);
        }
    });
    port
}

/// Three thousand people in a group inside a group inside a group of externals.
fn many() -> String {
    let people = (0..3_000).map(|number| {
        format!(
            "dn: CN=Many {number},CN=Users,DC=corp,DC=example\nobjectClass: user\nsAMAccountName: many{number:04}\n\
             userAccountControl: 544"
        )
    });
    let group = |name: &str, members: Vec<String>| {
        let members: Vec<String> =
            members.iter().map(|member| format!("member: CN={member},CN=Users,DC=corp,DC=example")).collect();
        format!(
            "dn: CN={name},CN=Users,DC=corp,DC=example\nobjectClass: group\nsAMAccountName: {name}\n{}",
            members.join("\n")
        )
    };
    let groups = [
        group("Deep", (0..3_000).map(|number| format!("Many {number}")).collect()),
        group("Middle", vec!["Deep".into()]),
        group("Top", vec!["Middle".into()]),
    ];
    people.chain(groups).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// By replication's control with and without the right to replicate, and by the domain controller's own count.
#[test]
fn changes_of_a_domain_are_told_in_each_way() {
    if !Path::new("/usr/sbin/samba").exists() {
        eprintln!("skipped: there is no Samba: run tests/servers/setup.sh as root");
        return;
    }
    let server = Server::start("samba-ad.sh", &["127.0.0.68"], &format!("{DOMAIN}\n{}", many()));
    let folder = tempfile::tempdir().unwrap();
    let authority = server.folder.join("private/tls/ca.pem");
    let url = "ldaps://127.0.0.68";
    let password = "Passw0rd!Lab";
    fs_err::write(folder.path().join("password"), password).unwrap();
    let administrator = "Administrator@corp.example";
    let modify = |ldif: &str| change(url, &authority, administrator, password, ldif);
    // an account that may read, and nothing else
    let secret: Vec<u8> = format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect();
    modify(&format!(
        "dn: CN=reader,CN=Users,DC=corp,DC=example\nchangetype: add\nobjectClass: user\nsAMAccountName: reader\n\
         userAccountControl: 512\nunicodePwd:: {}\n",
        String::from_utf8(base64(&["-w0"], &secret)).unwrap()
    ));
    let text = |bind: &str, url: &str| {
        format!(
            "url = {url}\nauthority = \"{}\"\nbind = \"{bind}\"\nexternal_groups = [\"CN=Top,CN=Users,DC=corp,DC=example\"]\n\
             administrator_groups = [\"CN=Operators,CN=Users,DC=corp,DC=example\"]\n",
            authority.display()
        )
    };
    for (round, bind) in [administrator, "reader@corp.example", administrator].into_iter().enumerate() {
        let store = Store::open(&folder.path().join(format!("data{round}"))).unwrap();
        let settings = settings(folder.path(), &text(bind, &format!("\"{url}\"")));
        let first = synchronise(&store, &settings, 1).unwrap();
        assert!(first.whole && first.users > 3_000, "{first:?}");
        let mark = || -> Mark { store.read(|tx| table::mark(tx, "corp")).unwrap().unwrap() };
        let partial = match mark().point {
            Point::DirSync { partial, .. } => partial,
            other => panic!("{other:?}"),
        };
        assert_eq!(partial, bind.starts_with("reader"));
        if round == 2 {
            // as if replication's control were refused
            let (instance, next) = count(url, &authority, administrator, password, folder.path());
            let mark = Mark::after_all(&settings, Point::Usn { instance, next }, at(1));
            let mark = serde_json::to_string(&mark).unwrap();
            let file = folder.path().join(format!("data{round}")).join(caliper_aggregator::store::FILE_NAME);
            rusqlite::Connection::open(file).unwrap().execute("UPDATE directory SET mark = ?1", [mark]).unwrap();
        }
        let find = |name: &str| accounts(&store).into_iter().find(|row| row.account.name == name).expect("stored");
        assert!(find("many2999").account.external);
        assert_eq!(update(&store, &settings, 2), Outcome { whole: false, added: 0, ..first });

        // names, places, rights and people change
        let was_leaver = format!("CN=Many {},CN=Users,DC=corp,DC=example", 10 + round);
        modify(&format!(
            "dn: CN=Many {round},CN=Users,DC=corp,DC=example\nchangetype: modrdn\nnewrdn: CN=Married {round}\ndeleteoldrdn: 1\n\n\
             dn: CN=Many {},CN=Users,DC=corp,DC=example\nchangetype: modrdn\nnewrdn: CN=Many {}\ndeleteoldrdn: 1\nnewsuperior: OU=Partners,DC=corp,DC=example\n\n\
             dn: {was_leaver}\nchangetype: delete\n\n\
             dn: CN=Many {},CN=Users,DC=corp,DC=example\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 546\n\n\
             dn: CN=New {round},CN=Users,DC=corp,DC=example\nchangetype: add\nobjectClass: user\nsAMAccountName: new{round}\nuserAccountControl: 544\n\n\
             dn: CN=Operators,CN=Users,DC=corp,DC=example\nchangetype: modify\nadd: member\nmember: CN=Many {},CN=Users,DC=corp,DC=example\n\n\
             dn: CN=Deep,CN=Users,DC=corp,DC=example\nchangetype: modify\ndelete: member\nmember: CN=Many {},CN=Users,DC=corp,DC=example\n",
            20 + round,
            20 + round,
            30 + round,
            40 + round,
            50 + round,
        ));
        let outcome = update(&store, &settings, 3);
        // a deletion is not told to one who may only read, so somebody seems to have left a group only: the next whole reading finds it
        let gone = u64::from(!partial);
        let expected =
            Outcome { whole: false, added: 1, changed: 6 - gone, gone, users: first.users + 1 - gone, ..first };
        assert_eq!(outcome, expected, "{bind}");
        let dn = |name: &str| find(name).account.dn;
        assert_eq!(dn(&format!("many{round:04}")), format!("CN=Married {round},CN=Users,DC=corp,DC=example"));
        assert!(dn(&format!("many{:04}", 20 + round)).ends_with("OU=Partners,DC=corp,DC=example"));
        assert!(!find(&format!("many{:04}", 30 + round)).account.enabled);
        assert!(find(&format!("many{:04}", 40 + round)).account.administrator);
        assert!(!find(&format!("many{:04}", 50 + round)).account.external);
        let stored = accounts(&store);
        let whole = synchronise(&store, &settings, 3).unwrap();
        let counts = (whole.added, whole.changed, whole.gone, whole.returned);
        assert_eq!(counts, (0, 0, 1 - gone, 0), "changes came to what reading everything comes to");
        if !partial {
            assert_eq!(accounts(&store), stored);
        }
    }

    // a domain controller that dies while it answers: the next one is asked, from the start
    let several = |after| {
        let port = dying("127.0.0.68:636", after);
        settings(folder.path(), &text(administrator, &format!("[\"ldaps://localhost:{port}\", \"{url}\"]")))
    };
    let store = Store::open(&folder.path().join("dying")).unwrap();
    let first = synchronise(&store, &settings(folder.path(), &text(administrator, &format!("\"{url}\""))), 1).unwrap();
    let stored = accounts(&store);
    for after in [0, 3_000, 100_000, 400_000] {
        let outcome = synchronise(&store, &several(after), 2).unwrap();
        assert_eq!(outcome, Outcome { added: 0, ..first }, "after {after} bytes");
        assert_eq!(accounts(&store), stored);
    }
    // a cookie is good for every domain controller
    assert_eq!(update(&store, &several(0), 3), Outcome { whole: false, added: 0, ..first });
    // nobody is left: both are named, and nothing is lost
    let nobody = text(administrator, "[\"ldaps://127.0.0.69\", \"ldaps://127.0.0.70\"]");
    let error = synchronise(&store, &settings(folder.path(), &nobody), 4).unwrap_err().to_string();
    for part in ["none of the servers could be read", "`ldaps://127.0.0.69` does not", "`ldaps://127.0.0.70` does not"]
    {
        assert!(error.contains(part), "{error}");
    }
    // a wrong password is not tried at the next one, which could lock the account
    fs_err::write(folder.path().join("password"), "wrong").unwrap();
    let error = synchronise(&store, &several(1_000_000), 4).unwrap_err().to_string();
    assert!(error.contains("was refused (result 49") && !error.contains("none of the servers"), "{error}");
    assert_eq!(accounts(&store), stored);
}

/// In base 64, or out of it, as the system's own program has it.
fn base64(arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut program =
        Command::new("base64").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    program.stdin.take().unwrap().write_all(bytes).unwrap();
    program.wait_with_output().unwrap().stdout
}

/// The domain controller's database and its next number, asked with OpenLDAP's own client.
fn count(url: &str, authority: &Path, bind: &str, password: &str, folder: &Path) -> (String, u64) {
    let secret = folder.join("secret");
    fs_err::write(&secret, password).unwrap();
    let ask = |base: &str, attribute: &str| -> String {
        let output = Command::new("ldapsearch")
            .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-D", bind, "-y"])
            .arg(&secret)
            .args(["-s", "base", "-b", base, attribute])
            .env("LDAPTLS_CACERT", authority)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(attribute)).unwrap_or_else(|| panic!("{text}"));
        line.trim_start_matches(':').trim().to_owned()
    };
    let next = ask("", "highestCommittedUSN").parse::<u64>().unwrap() + 1;
    let identifier = ask(&ask("", "dsServiceName"), "invocationId");
    let bytes = base64(&["-d"], identifier.as_bytes());
    let identifier = uuid::Uuid::from_bytes_le(bytes.try_into().expect("sixteen bytes"));
    (identifier.to_string(), next)
}
