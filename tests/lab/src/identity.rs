//! Who is who: an organisation of two domains whose accounts, machine names and addresses are as muddled as real ones, with the truth about
//! each account and each row of evidence.
//!
//! Knows nothing of how Caliper tells them apart: the number of CALs follows from the true people and machines alone.

mod accounts;
mod days;
mod directory;
pub mod evaluation;
pub mod folder;
mod machines;
mod truth;

use jiff::{ToSpan as _, civil::Date};

pub use accounts::{Account, Kind, People, Person, Place};
pub use days::{Expect, Row};
pub use machines::{Joined, Machine, Net};
pub use truth::{RowTruth, Truth};

use crate::random::Random;

/// A domain: short name, long name, SID.
pub struct Domain {
    /// As logs write it before a backslash; not always the first part of the long name.
    pub netbios: &'static str,
    /// Long name.
    pub dns: &'static str,
    /// SID without the account's part.
    pub sid: &'static str,
}

/// Both domains.
pub const DOMAINS: [Domain; 2] = [
    Domain { netbios: "ALPHA", dns: "alpha.example", sid: "S-1-5-21-301201926-410021121-70844" },
    Domain { netbios: "BETACO", dns: "beta.example", sid: "S-1-5-21-902217733-118200531-31337" },
];

/// A server: name, domain, whether it reports.
pub const SERVERS: [(&str, usize, bool); 7] = [
    ("DC-A", 0, true),
    ("DC-B", 1, true),
    ("FS-A", 0, true),
    ("FS-B", 1, true),
    ("APP-A", 0, true),
    ("RDS-A", 0, true),
    // in the directory only
    ("RDS-B", 1, false),
];
/// The domain controllers come first, in the order of the domains.
pub const FILES: [usize; 2] = [2, 3];
/// A server of both domains' people.
pub const APPLICATIONS: usize = 4;
/// Terminal servers of each domain.
pub const DESKTOPS: [usize; 2] = [5, 6];

/// Days of evidence before the last one.
pub const WINDOW: usize = 90;
/// Between the two exports of the directories.
pub const EXPORTED: usize = 45;

/// The whole plan with what was seen.
pub struct Scenario {
    /// What it was made from.
    pub seed: u64,
    /// Last day.
    pub as_of: Date,
    /// Human beings.
    pub people: Vec<Person>,
    /// Their accounts and others.
    pub accounts: Vec<Account>,
    /// What they work at, and what works alone.
    pub machines: Vec<Machine>,
    /// What was seen, in the order of days.
    pub rows: Vec<Row>,
    /// Names that servers resolved: server, address, name, last day.
    pub names: Vec<(usize, String, String, usize)>,
}

impl Scenario {
    /// Makes one of about `people` people, at least 40, seen until `as_of`.
    #[must_use]
    pub fn new(people: usize, of: People, seed: u64, as_of: Date) -> Self {
        let mut random = Random::new(seed ^ 0x1d_e4_71_7f);
        let mut scenario = Self {
            seed,
            as_of,
            people: Vec::new(),
            accounts: Vec::new(),
            machines: Vec::new(),
            rows: Vec::new(),
            names: Vec::new(),
        };
        accounts::hire(&mut scenario, &mut random, people.max(40), of);
        machines::equip(&mut scenario, &mut random);
        days::live(&mut scenario, &mut random);
        scenario
    }

    /// The date of day `day`, from 0.
    #[must_use]
    pub fn date(&self, day: usize) -> Date {
        self.as_of.saturating_sub(i64::try_from(WINDOW - 1 - day).unwrap_or(0).days())
    }
}

/// `name.domain` of a server, lower case.
#[must_use]
pub fn server_id(server: usize) -> String {
    let (name, domain, _) = SERVERS[server];
    format!("{}.{}", name.to_lowercase(), DOMAINS[domain].dns)
}

/// Where a server is.
#[must_use]
pub fn server_address(server: usize) -> String {
    format!("10.0.0.{}", 10 + server)
}
