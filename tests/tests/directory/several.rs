//! Several domains and forests: each is read whatever becomes of the others, and accounts of one in groups of another are found.

use std::path::Path;

use caliper_aggregator::{
    directory::Outcome,
    identity::{Domain, Known, KnownAccount, Machines, Owner, Principal, Roster},
    store::{Store, directory as table},
};
use caliper_tests::{process::finish, programs};

use super::{accounts, base64, change, settings, synchronise, update};

/// What another forest's domain exports: accounts with these last parts of the SID, the first in the other case for the name of
/// somebody in the trusting domain.
fn partner(accounts: &[(&str, u32)]) -> String {
    let entries = accounts.iter().enumerate().map(|(number, (name, rid))| {
        let numbers = [21, 9, 9, 9, *rid].map(u32::to_le_bytes).concat();
        let sid = base64(&["-w0"], &[&[1, 5, 0, 0, 0, 0, 0, 5], &numbers[..]].concat());
        let guid = base64(&["-w0"], &[u8::try_from(number).unwrap(); 16]);
        format!(
            "dn: CN={name},CN=Users,DC=partner,DC=example\nobjectClass: user\nobjectCategory: person\nsAMAccountName: {name}\n\
             objectSid:: {}\nobjectGUID:: {}\n",
            String::from_utf8(sid).unwrap(),
            String::from_utf8(guid).unwrap()
        )
    });
    entries.collect::<Vec<_>>().join("\n")
}

/// `text` are the settings of the domain `corp`, which trusts `partner`; both are read into `store`.
pub fn are_told_apart(folder: &Path, text: &str, authority: &Path) {
    let store = Store::open(&folder.join("several")).unwrap();
    let corp = settings(folder, text);
    let other = settings(folder, "file = \"partner.ldif\"\nnetbios = \"PARTNER\"\n");
    let other = caliper_aggregator::directory::DirectorySettings { name: "partner".into(), ..other };
    fs_err::write(folder.join("partner.ldif"), partner(&[("Jane", 1104), ("guest", 1105), ("boss", 1106)])).unwrap();

    // before anybody trusts anybody
    synchronise(&store, &corp, 1).unwrap();
    assert_eq!(synchronise(&store, &other, 1).unwrap().users, 3);
    let found = || -> Vec<(String, bool, bool)> {
        let partners =
            accounts(&store).into_iter().filter(|row| row.account.dn.contains("DC=partner")).map(|row| row.account);
        partners.map(|account| (account.name, account.external, account.administrator)).collect()
    };
    let row = |name: &str, external, administrator| (name.to_owned(), external, administrator);
    assert_eq!(found(), [row("Jane", false, false), row("boss", false, false), row("guest", false, false)]);

    // a trusting domain names accounts of the other by SID (foreignSecurityPrincipal); everybody signed in is nobody in particular
    let member = |group: &str, sid: &str| {
        format!("dn: CN={group},CN=Users,DC=corp,DC=example\nchangetype: modify\nadd: member\nmember: {sid}\n")
    };
    let members = [
        member("Inner", "<SID=S-1-5-21-9-9-9-1105>"),
        member("Operators", "<SID=S-1-5-21-9-9-9-1106>"),
        member("Operators", "<SID=S-1-5-21-9-9-9-4711>"),
        member("Operators", "CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=corp,DC=example"),
    ];
    change("ldaps://127.0.0.67", authority, "Administrator@corp.example", "Passw0rd!Lab", &members.join("\n"));
    let outcome = update(&store, &corp, 2);
    assert_eq!((outcome.whole, outcome.unresolved), (false, 1));
    let expected = [row("Jane", false, false), row("boss", false, true), row("guest", true, false)];
    assert_eq!(found(), expected);
    let said = |name: &str| -> String {
        let all: Vec<(i64, table::Directory)> = store.read(table::directories).unwrap();
        all.into_iter().find(|(_, directory)| directory.name == name).unwrap().1.outcome
    };
    assert!(said("corp").ends_with("; 1 members of its groups are in no directory that is read"), "{}", said("corp"));
    // the other one being read anew changes nothing of it, and in any order
    let unchanged = Outcome { users: 3, whole: true, ..Outcome::default() };
    assert_eq!(synchronise(&store, &other, 3).unwrap(), unchanged);
    assert_eq!(synchronise(&store, &corp, 3).unwrap().unresolved, 1);
    assert_eq!(found(), expected);

    // one that fails does not stop the others, neither first nor last
    let section = |name: &str, text: &str| format!("[[directory]]\nname = \"{name}\"\n{text}\n");
    let config = [
        section("broken", "file = \"absent.ldif\""),
        section("corp", &format!("password_file = \"password\"\n{text}")),
        section("partner", "file = \"partner.ldif\"\nnetbios = \"PARTNER\""),
        section("dead", "url = \"ldaps://127.0.0.83\"\nbind = \"x\"\npassword_file = \"password\""),
    ];
    fs_err::write(folder.join("config.toml"), config.concat()).unwrap();
    for action in ["sync", "test"] {
        let mut program = std::process::Command::new(programs::caliper());
        program.arg("--data").arg(folder.join("cli")).arg("--config").arg(folder.join("config.toml"));
        let done = finish(program.args(["directory", action]));
        assert_eq!(done.status.code(), Some(1), "{}", done.output);
        for part in ["corp: ", "partner: "] {
            assert!(done.output.lines().any(|line| line.starts_with(part)), "{part} in {}", done.output);
        }
        for part in ["directory `broken`: the export", "directory `dead`: `ldaps://127.0.0.83` does not answer"] {
            assert!(done.errors.contains(part), "{part} in {}", done.errors);
        }
    }

    // a name means the account of its own domain, or nobody: `Jane` and `jane` are two, and `boss` is not of the trusting domain
    let (stored, known) = (accounts(&store), store.read(table::directories).unwrap());
    let number = |row: &table::StoredAccount| known.iter().position(|(id, _)| *id == row.directory).unwrap();
    let domains: Vec<Domain> = known
        .iter()
        .map(|(_, known)| Domain { netbios: known.netbios.clone(), dns: known.dns.clone(), name: known.name.clone() })
        .collect();
    let machines = Machines::new(&domains, [], []);
    let all = stored.iter().map(|row| KnownAccount {
        domain: number(row),
        account: &row.account,
        present: true,
        stands_for: None,
        earlier: &[],
    });
    let roster = Roster::new(&domains, all, &Known::default());
    for (principal, person) in [
        ("CORP\\jane", Some("corp\\jane")),
        ("PARTNER\\jane", Some("partner\\jane")),
        ("partner.example\\jane", Some("partner\\jane")),
        ("jane@partner.example", Some("partner\\jane")),
        ("S-1-5-21-9-9-9-1104", Some("partner\\jane")),
        ("jane", None),
        ("CORP\\boss", None),
        ("THIRD\\jane", None),
    ] {
        let found = roster.find(&Principal::parse(principal), &machines);
        let found = found.map(|found| match found.owner {
            Owner::Person(at) => roster.people()[at as usize].id.clone(),
            other => panic!("{principal}: {other:?}"),
        });
        assert_eq!(found.as_deref(), person, "{principal}");
    }
}
