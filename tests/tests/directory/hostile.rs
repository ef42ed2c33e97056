//! Names that mean something to LDAP, to pages or to spreadsheets, values with zero bytes and of 64 KiB, and somebody in 10,000 groups:
//! nothing is lost, and nobody becomes somebody else.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use caliper_aggregator::{directory::AccountKind, store::Store};

use super::{Server, accounts, base64, settings, synchronise, update};

/// Every character that RFC 4514 and 4515 escape, alone and in company.
const NAMES: [&str; 24] = [
    "\\",
    "*",
    "(",
    ")",
    "a\\2a",
    ",",
    "+",
    "\"",
    "<",
    ">",
    ";",
    "=",
    "#",
    "#04024869",
    " both ends ",
    "a,dc=example,dc=com",
    "x+cn=y",
    "*)(objectClass=*",
    "*)(|(uid=*",
    "\\2a\\00",
    "=HYPERLINK(\"http://evil.example\")",
    "<script>alert(1)</script>",
    "'; DROP TABLE account; --",
    "\u{202e}gnp.exe \u{1f600} \u{fffd}",
];

/// As RFC 4514 writes a value that may hold anything.
fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

fn line(attribute: &str, value: &[u8]) -> String {
    if value.iter().all(u8::is_ascii_graphic) && !value.starts_with(b":") && !value.starts_with(b"<") {
        return format!("{attribute}: {}\n", String::from_utf8_lossy(value));
    }
    format!("{attribute}:: {}\n", String::from_utf8(base64(&["-w0"], value)).unwrap())
}

fn person(name: &str) -> String {
    let dn = format!("uid={},ou=people,dc=example,dc=com", escaped(name));
    let values =
        ["uid", "cn", "sn", "displayName", "departmentNumber"].map(|attribute| line(attribute, name.as_bytes()));
    format!("{}objectClass: inetOrgPerson\n{}\n", line("dn", dn.as_bytes()), values.concat())
}

fn group(name: &str, members: &[String]) -> String {
    let dn = format!("cn={},ou=groups,dc=example,dc=com", escaped(name));
    let members: String = members.iter().map(|dn| line("member", dn.as_bytes())).collect();
    format!("{}objectClass: groupOfNames\n{}{members}\n", line("dn", dn.as_bytes()), line("cn", name.as_bytes()))
}

#[test]
fn names_mean_nothing_but_themselves() {
    if !Path::new("/usr/sbin/slapd").exists() {
        eprintln!("skipped: there is no OpenLDAP: run tests/servers/setup.sh as root");
        return;
    }
    // 64 KiB
    let long = "\u{e9}x".repeat(21_846);
    let place = |name: &str| format!("uid={},ou=people,dc=example,dc=com", escaped(name));
    let mut ldif = String::new();
    for unit in ["people", "groups"] {
        let _ = write!(ldif, "dn: ou={unit},dc=example,dc=com\nobjectClass: organizationalUnit\nou: {unit}\n\n");
    }
    for name in NAMES {
        ldif += &person(name);
        // each is in a group of its own name, but for a neighbour with an ordinary name
        ldif += &group(name, &[place(name)]);
    }
    ldif += &person("neighbour");
    ldif += &person("joiner");
    let _ = write!(ldif, "dn: uid=long,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: long\nsn: long\n");
    ldif += &[line("cn", long.as_bytes()), line("displayName", long.as_bytes()), "\n".to_owned()].concat();
    let groups: Vec<String> = (0..10_000).map(|number| format!("g{number}")).collect();
    for name in &groups {
        ldif += &group(name, &[place("joiner")]);
    }
    let all: Vec<String> = groups.iter().map(|name| format!("cn={name},ou=groups,dc=example,dc=com")).collect();
    ldif += &group("All", &all);
    let server = Server::start("slapd.sh", &["127.0.0.86", "3894", "6364"], &ldif);

    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("password"), "secret\n").unwrap();
    let settings = |more: &str| {
        let authority = server.folder.join("tls/ca.pem");
        let text = format!("authority = \"{}\"\nbind = \"cn=reader,dc=example,dc=com\"\n{more}", authority.display());
        settings(folder.path(), &format!("url = \"ldaps://127.0.0.86:6364\"\n{text}"))
    };
    let store = Store::open(&folder.path().join("data")).unwrap();
    let outcome = synchronise(&store, &settings(""), 1).unwrap();
    let count = NAMES.len() as u64 + 3;
    assert_eq!((outcome.users, outcome.added), (count, count));
    let stored: BTreeMap<String, _> =
        accounts(&store).into_iter().map(|row| (row.account.name.clone(), row.account)).collect();
    for name in NAMES {
        let account = &stored[name.trim()];
        assert_eq!((account.display_name.as_str(), account.department.as_str()), (name.trim(), name.trim()));
        assert_eq!((account.kind, account.enabled, account.external), (AccountKind::User, true, false), "{name}");
    }
    assert_eq!(stored["long"].display_name, long);
    assert_eq!(update(&store, &settings(""), 1).changed, 0);

    // a group called like a filter or a path holds its own members and nobody else
    for name in NAMES {
        let dn = format!("external_groups = [{:?}]\n", format!("cn={},ou=groups,dc=example,dc=com", escaped(name)));
        synchronise(&store, &settings(&dn), 2).unwrap();
        let external: Vec<String> =
            accounts(&store).into_iter().filter(|row| row.account.external).map(|row| row.account.name).collect();
        assert_eq!(external, [name.trim()], "{dn}");
    }
    synchronise(&store, &settings("external_groups = [\"cn=All,ou=groups,dc=example,dc=com\"]\n"), 3).unwrap();
    let external = accounts(&store).into_iter().filter(|row| row.account.external).map(|row| row.account.name);
    assert_eq!(external.collect::<Vec<_>>(), ["joiner"]);
}
