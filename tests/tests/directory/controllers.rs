//! Two domain controllers of one domain, named by DNS.

use std::{net::TcpStream, path::Path, sync::Arc};

use caliper_aggregator::{directory::Outcome, store::Store};

use super::{
    Server, accounts, change,
    domain::{DOMAIN, many},
    fake, settings, synchronise, update,
};

const FIRST: &str = "127.0.0.81";
const SECOND: &str = "127.0.0.82";

#[test]
fn dns_names_domain_controllers_and_the_second_goes_on_where_the_first_died() {
    if !Path::new("/usr/sbin/samba").exists() {
        eprintln!("skipped: there is no Samba: run tests/servers/setup.sh as root");
        return;
    }
    let first = Arc::new(Server::new("samba-ad.sh"));
    first.run_with("start", &[FIRST], &[("AD_DNS", "SAMBA_INTERNAL")]);
    first.load(&format!("{DOMAIN}\n{}", many(1_200)));
    // of the domain: the first domain controller stands there from birth; and a domain whose servers do not run
    let service = "_ldap._tcp.dc._msdcs";
    for arguments in [
        &["add", "_msdcs.corp.example", "_ldap._tcp.dc", "SRV", "dc2.corp.example 389 10 100"][..],
        &["zonecreate", "none.example"],
        &["add", "none.example", "a", "A", "127.0.0.84"],
        &["add", "none.example", "b", "A", "127.0.0.85"],
        &["add", "none.example", service, "SRV", "b.none.example 389 5 100"],
        &["add", "none.example", service, "SRV", "a.none.example 389 50 100"],
        &["add", "none.example", service, "SRV", "c.none.example 389 500 0"],
        &["zonecreate", "forged.example"],
        &["add", "forged.example", service, "SRV", "dc1.evil.example 389 0 100"],
    ] {
        first.run("dns", arguments);
    }
    let second = Server::new("samba-ad.sh");
    second.run("join", &[SECOND, first.folder.to_str().unwrap()]);
    second.run("dns", &["add", "corp.example", "dc2", "A", SECOND]);

    let folder = tempfile::tempdir().unwrap();
    let (password, bind) = ("Passw0rd!Lab", "Administrator@corp.example");
    fs_err::write(folder.path().join("password"), password).unwrap();
    let tls = first.folder.join("private/tls");
    let authority = format!("authority = \"{}\"\n", tls.join("ca.pem").display());
    let rules = format!("bind = \"{bind}\"\nexternal_groups = [\"CN=Top,CN=Users,DC=corp,DC=example\"]\n");
    let named = |domain: &str, dns_server: &str, more: &str| {
        let text = format!("domain = \"{domain}\"\ndns_server = \"{dns_server}\"\n{rules}{more}");
        settings(folder.path(), &text)
    };

    // DNS leads to the domain, with and without a site, encrypted either way
    let store = Store::open(&folder.path().join("data")).unwrap();
    let whole = synchronise(&store, &named("corp.example", FIRST, &authority), 1).unwrap();
    assert!(whole.users > 1_200 && whole.added > whole.users, "{whole:?}");
    let same = Outcome { added: 0, ..whole };
    for more in [
        "site = \"Default-First-Site-Name\"\n",
        "site = \"Nowhere\"\n",
        "start_tls = true\n",
        "kind = \"active-directory\"\n",
    ] {
        let settings = named("corp.example", FIRST, &format!("{authority}{more}"));
        assert_eq!(synchronise(&store, &settings, 2).unwrap(), same, "{more}");
    }
    let stored = accounts(&store);

    // by priority; one without address is named as well; nowhere; and where a password is not sent
    let forged = "DNS names `dc1.evil.example`, outside of `forged.example`: set `authority`";
    for (domain, dns_server, more, parts) in [
        (
            "none.example",
            FIRST,
            &authority,
            &["`ldaps://b.none.example:636` does not", "`ldaps://a.none", "`ldaps://c.none"][..],
        ),
        ("absent.example", FIRST, &authority, &["DNS names no server of `absent.example` (", ": check `domain`"]),
        ("corp.example", "127.0.0.83", &authority, &["DNS names no server of `corp.example` (", ": check `domain`"]),
        ("forged.example", FIRST, &String::new(), &[forged]),
    ] {
        let error = synchronise(&store, &named(domain, dns_server, more), 3).unwrap_err().to_string();
        let mut rest = error.as_str();
        for part in parts {
            rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} in {error}")).1;
        }
        assert_eq!(accounts(&store), stored, "{error}");
    }

    // the first dies while it answers: the second is asked from the start
    let dying = Arc::downgrade(&first);
    let limits = fake::Limits { all: 700, ..fake::WINDOWS };
    let proxy = fake::limited(&tls, FIRST, limits, move || {
        if let Some(first) = dying.upgrade() {
            first.run("stop", &[]);
        }
    });
    let text = format!("url = [\"{proxy}\", \"ldaps://{SECOND}\"]\n{rules}{authority}");
    assert_eq!(synchronise(&store, &settings(folder.path(), &text), 4).unwrap(), same);
    assert!(TcpStream::connect((FIRST, 636)).is_err(), "the first one is dead");
    assert_eq!(accounts(&store), stored);

    // it is dead, and the second tells what has changed since the first was asked, and what changed on itself since
    let again = Store::open(&folder.path().join("again")).unwrap();
    first.run("start", &[FIRST]);
    synchronise(&again, &named("corp.example", FIRST, &authority), 5).unwrap();
    first.run("stop", &[]);
    let work = |number: u32| {
        format!(
            "dn: CN=Many {number},CN=Users,DC=corp,DC=example\nchangetype: modify\nreplace: department\ndepartment: {number}\n"
        )
    };
    let ca = tls.join("ca.pem");
    change(&format!("ldaps://{SECOND}"), &ca, bind, password, &work(7));
    let delta = Outcome { whole: false, changed: 1, ..same };
    assert_eq!(update(&again, &named("corp.example", SECOND, &authority), 6), delta);

    // the first is back and has learnt of it: nothing is told twice as a change, and what changed there is told
    first.run("start", &[FIRST]);
    first.run("pull", &[second.folder.to_str().unwrap()]);
    assert_eq!(update(&again, &named("corp.example", FIRST, &authority), 7), Outcome { changed: 0, ..delta });
    change(&format!("ldaps://{FIRST}"), &ca, bind, password, &work(8));
    assert_eq!(update(&again, &named("corp.example", FIRST, &authority), 8), delta);
    let department = |number: u32| {
        let stored = accounts(&again);
        stored.into_iter().find(|row| row.account.name == format!("many{number:04}")).unwrap().account.department
    };
    assert_eq!((department(7), department(8)), ("7".to_owned(), "8".to_owned()));
}
