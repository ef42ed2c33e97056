//! OpenLDAP, and every way to fail.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use caliper_aggregator::{
    directory::{Account, AccountKind, Outcome},
    store::{Store, directory as table},
};

use super::{Server, accounts, at, change, settings, synchronise, update};

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
