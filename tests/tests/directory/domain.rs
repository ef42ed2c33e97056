//! A domain whose accounts are of every kind.

use std::{path::Path, process::Command};

use caliper_aggregator::{
    directory::AccountKind,
    store::{Store, directory as table},
};

use super::{Server, accounts, settings, several, synchronise};

/// People, a service by its service principal name and one by the naming rule, groups inside groups, and externals.
pub const DOMAIN: &str = "\
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
    let files = find("FS1$");
    assert_eq!(
        (files.dns_host_name.as_str(), files.operating_system.as_str()),
        ("fs1.corp.example", "Windows Server 2019 Standard")
    );
    several::are_told_apart(folder.path(), &text, &server.folder.join("private/tls/ca.pem"));
}

/// So many people in a group inside a group inside a group of externals.
pub fn many(people: u32) -> String {
    let accounts = (0..people).map(|number| {
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
        group("Deep", (0..people).map(|number| format!("Many {number}")).collect()),
        group("Middle", vec!["Deep".into()]),
        group("Top", vec!["Middle".into()]),
    ];
    accounts.chain(groups).collect::<Vec<_>>().join("\n\n") + "\n"
}
