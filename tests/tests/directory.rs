//! Reading real directories: OpenLDAP and Samba as an Active Directory domain controller, and every way to fail.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use caliper_aggregator::{
    config::Config,
    directory::{self, Account, AccountKind, DirectoryError, DirectorySettings},
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

fn synchronise(store: &Store, settings: &DirectorySettings, second: i64) -> Result<directory::Outcome, DirectoryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(directory::synchronise(store, settings, at(second)))
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
    let units = ["people", "groups"]
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

    // a smaller view of the directory: everybody else is gone, and comes back
    let one = format!("{ldaps}base = \"uid=u00007,ou=people,dc=example,dc=com\"\n");
    assert_eq!(synchronise(&store, &settings(folder.path(), &one), 3).unwrap().gone, 2_344);
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
