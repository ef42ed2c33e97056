//! Changes of a domain, and domain controllers that fail.

use std::path::Path;

use caliper_aggregator::{
    directory::{Mark, Outcome, Point},
    store::{Store, directory as table},
};

use super::{
    Server, accounts, at, base64, change,
    domain::{DOMAIN, many},
    fake,
    limits::{self, Behind},
    search, settings, synchronise, update,
};

/// By replication's control with and without the right to replicate, and by the domain controller's own count.
#[test]
fn changes_of_a_domain_are_told_in_each_way() {
    if !Path::new("/usr/sbin/samba").exists() {
        eprintln!("skipped: there is no Samba: run tests/servers/setup.sh as root");
        return;
    }
    let server = Server::start("samba-ad.sh", &["127.0.0.68"], &format!("{DOMAIN}\n{}", many(3_000)));
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
            let (instance, next) = count(url, &authority, administrator, password);
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
        let port = fake::dying("127.0.0.68:636", after);
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
    let at = |url: &str| settings(folder.path(), &text(administrator, &format!("\"{url}\"")));
    let tls = authority.parent().unwrap();
    let behind = Behind { address: "127.0.0.68", tls, bind: administrator, password, at: &at };
    limits::hold_nothing_back(&behind, &store, first, folder.path());
    limits::stop_half_way(&behind, &store, first);
    let stored = accounts(&store);
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

/// The domain controller's database and its next number.
fn count(url: &str, authority: &Path, bind: &str, password: &str) -> (String, u64) {
    let ask = |base: &str, attribute: &str| -> String {
        let (_, text) = search(url, authority, bind, password, &["-s", "base", "-b", base, attribute]);
        let line = text.lines().find_map(|line| line.strip_prefix(attribute)).unwrap_or_else(|| panic!("{text}"));
        line.trim_start_matches(':').trim().to_owned()
    };
    let next = ask("", "highestCommittedUSN").parse::<u64>().unwrap() + 1;
    let identifier = ask(&ask("", "dsServiceName"), "invocationId");
    let bytes = base64(&["-d"], identifier.as_bytes());
    let identifier = uuid::Uuid::from_bytes_le(bytes.try_into().expect("sixteen bytes"));
    (identifier.to_string(), next)
}
