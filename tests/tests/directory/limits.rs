//! A domain behind the limits of a Windows domain controller, and behind a server that stops half-way.

use std::path::Path;

use caliper_aggregator::{
    directory::{DirectorySettings, Outcome, Reading},
    store::Store,
};

use super::{accounts, change, fake, read, search, synchronise, update};

/// The real server behind the fakes, and how to sign in there.
pub struct Behind<'a> {
    pub address: &'static str,
    /// With the authority and the certificate of the server.
    pub tls: &'a Path,
    pub bind: &'a str,
    pub password: &'a str,
    /// The settings for another address.
    pub at: &'a dyn Fn(&str) -> DirectorySettings,
}

/// Everything is found that the server has, `known`, and `first` is what reading it the first time came to.
pub fn hold_nothing_back(behind: &Behind<'_>, known: &Store, first: Outcome, folder: &Path) {
    let url = fake::limited(behind.tls, behind.address, fake::WINDOWS, || ());
    let store = Store::open(&folder.join("limits")).unwrap();
    let settings = (behind.at)(&url);
    assert_eq!(synchronise(&store, &settings, 1).unwrap(), first);
    assert_eq!(accounts(&store), accounts(known));
    assert_eq!(update(&store, &settings, 2), Outcome { whole: false, added: 0, ..first });

    // the limits are there: who asks without pages or for all members at once gets a part
    let ask = |arguments: &[&str]| search(&url, &behind.tls.join("ca.pem"), behind.bind, behind.password, arguments);
    let (code, found) = ask(&["-b", "DC=corp,DC=example", "(sAMAccountName=many*)", "sAMAccountName"]);
    assert_eq!((code, found.matches("sAMAccountName: ").count()), (Some(4), 1_000));
    let (code, found) = ask(&["-s", "base", "-b", "CN=Deep,CN=Users,DC=corp,DC=example", "member"]);
    assert_eq!(
        (code, found.matches("member;range=0-1499: ").count(), found.matches("member: ").count()),
        (Some(0), 1_500, 0)
    );
}

/// After so many entries the connection breaks: an error, nothing is lost, and the next time everything is told.
pub fn stop_half_way(behind: &Behind<'_>, store: &Store, first: Outcome) {
    let url = format!("ldaps://{}", behind.address);
    let whole = (behind.at)(&url);
    for (round, all) in [0, 1, 2, 700, 1_000, 2_600].into_iter().enumerate() {
        let before = accounts(store);
        let dn = format!("CN=Many {},CN=Users,DC=corp,DC=example", 100 + round);
        let department = format!("dn: {dn}\nchangetype: modify\nreplace: department\ndepartment: {all}\n");
        change(&url, &behind.tls.join("ca.pem"), behind.bind, behind.password, &department);
        let limits = fake::Limits { all, ..fake::WINDOWS };
        let broken = (behind.at)(&fake::limited(behind.tls, behind.address, limits, || ()));
        // changes are told in an entry of the server about itself, one of what changed, and one of how it is now
        let readings = if all < 3 { &[Reading::Whole, Reading::Changes][..] } else { &[Reading::Whole] };
        for reading in readings {
            let error = read(store, &broken, *reading, 2).unwrap_err().to_string();
            assert!(error.contains("does not answer (the connection broke): check host"), "{all}: {error}");
            assert_eq!(accounts(store), before, "{all}");
        }
        // what changed before the failure is told by the next answer
        assert_eq!(update(store, &whole, 3), Outcome { whole: false, added: 0, changed: 1, ..first }, "{all}");
    }
}
