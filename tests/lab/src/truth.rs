//! The true answer, worked out from the plan: which licences, how many, of which version, for how much.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    cover::{self, Counts, Cover},
    plan::{
        DATACENTER_CORE_PRICE, DEVICE_PRICE, Edition, Host, Kind, Organisation, Purpose, SQL_CORE_PRICE,
        STANDARD_CORE_PRICE, USER_PRICE, VERSIONS, VIRTUAL_PROCESSORS, Visit,
    },
};

/// The value of the `format` key.
pub const TRUTH_FORMAT: &str = "caliper-lab.truth/1";

/// Every licence that the organisation may need.
pub const SKUS: [&str; 7] = [
    "windows-server-cal/user",
    "windows-server-cal/device",
    "rds-cal/user",
    "rds-cal/device",
    "sql-server/standard/core",
    "windows-server/standard/core",
    "windows-server/datacenter/core",
];

/// What is owned of a licence: sku, version, quantity.
pub type Owned = (&'static str, &'static str, u64);

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// As in `caliper.position/1`.
    pub sku: String,
    /// Version needed.
    pub version: String,
    /// How many.
    pub needed: u64,
    /// How many of them are not owned.
    pub short: u64,
    /// What those cost, in cents.
    pub cost_minor: u64,
}

/// A person's licence and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonTruth {
    /// Account name.
    pub login: String,
    /// `user-cal`, `devices` (covered by what they work at) or `none`.
    pub licence: String,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// [`TRUTH_FORMAT`].
    pub format: String,
    /// Seed of the organisation.
    pub seed: u64,
    /// Last day of the evidence.
    pub as_of: String,
    /// People in the directory, of whom some need nothing.
    pub people: Vec<PersonTruth>,
    /// Number of people who used a server within the window and count.
    pub active_people: u64,
    /// Devices that need a Device CAL.
    pub device_cals: Vec<String>,
    /// Sorted by sku and version.
    pub lines: Vec<Line>,
    /// List price of all CALs needed, in cents.
    pub cal_cost_minor: u64,
}

/// Works it out.
#[must_use]
pub fn truth(organisation: &Organisation) -> Truth {
    let needs = needs(organisation);
    let covers = covers(organisation);
    let owned = owned(organisation);
    let counting: Vec<&Visit> = organisation.visits.iter().filter(|visit| organisation.counts(visit)).collect();
    let people = organisation.people.iter().enumerate().map(|(at, person)| {
        let licence = if covers.iter().any(|cover| cover.people.contains(&at)) {
            "user-cal"
        } else if counting.iter().any(|visit| visit.person == at) {
            "devices"
        } else {
            "none"
        };
        PersonTruth { login: person.login.clone(), licence: licence.into() }
    });
    let people: Vec<PersonTruth> = people.collect();
    let mut device_cals: Vec<String> = covers
        .iter()
        .flat_map(|cover| &cover.devices)
        .copied()
        .chain(forced(organisation).map(|(device, _)| device))
        .map(|device| organisation.devices[device].name.clone())
        .collect();
    device_cals.sort();
    let cal_cost_minor = needs
        .iter()
        .map(|((sku, _), needed)| needed * if sku.starts_with("windows-server-cal/") { price(sku) } else { 0 })
        .sum();
    Truth {
        format: TRUTH_FORMAT.into(),
        seed: organisation.seed,
        as_of: organisation.as_of.to_string(),
        active_people: people.iter().filter(|person| person.licence != "none").count() as u64,
        people,
        device_cals,
        lines: lines(&needs, &owned),
        cal_cost_minor,
    }
}

/// What the organisation owns: too few of some, older ones than needed of others, newer ones to spare.
#[must_use]
pub fn owned(organisation: &Organisation) -> Vec<Owned> {
    let needs = needs(organisation);
    let needed = |sku, version| needs.get(&(sku, version)).copied().unwrap_or(0);
    vec![
        ("windows-server-cal/user", "2008", 25),
        ("windows-server-cal/user", "2022", needed("windows-server-cal/user", "2022") / 2),
        ("windows-server-cal/user", "2025", needed("windows-server-cal/user", "2025") + 1),
        ("windows-server-cal/device", "2016", needed("windows-server-cal/device", "2016")),
        ("windows-server-cal/device", "2019", needed("windows-server-cal/device", "2019").saturating_sub(2)),
        ("windows-server/standard/core", "2022", 48),
        ("windows-server/datacenter/core", "2022", 24),
    ]
}

/// Price of one unit, in cents.
#[must_use]
pub fn price(sku: &str) -> u64 {
    match sku {
        // made up alike, so that one way to try every mix serves both
        "windows-server-cal/user" | "rds-cal/user" => USER_PRICE,
        "windows-server-cal/device" | "rds-cal/device" => DEVICE_PRICE,
        "sql-server/standard/core" => SQL_CORE_PRICE,
        "windows-server/datacenter/core" => DATACENTER_CORE_PRICE,
        _ => STANDARD_CORE_PRICE,
    }
}

type Needs = BTreeMap<(&'static str, &'static str), u64>;

/// Cheapest CALs of each team for all its visits.
fn covers(organisation: &Organisation) -> Vec<Cover> {
    covers_of(organisation, |_| true)
}

/// Cheapest CALs of each team for its visits to some kinds of servers.
fn covers_of(organisation: &Organisation, counts: impl Fn(Kind) -> bool) -> Vec<Cover> {
    let mut by_team: Vec<Vec<Visit>> = vec![Vec::new(); organisation.teams.len()];
    let mut team_of = vec![usize::MAX; organisation.people.len()];
    for (at, team) in organisation.teams.iter().enumerate() {
        for &person in &team.people {
            team_of[person] = at;
        }
    }
    let counts = |visit: &&Visit| organisation.counts(visit) && counts(organisation.servers[visit.server].kind);
    for visit in organisation.visits.iter().filter(counts) {
        by_team[team_of[visit.person]].push(*visit);
    }
    by_team.iter().map(|visits| cover::cheapest(&organisation.servers, visits)).collect()
}

/// Devices that need a CAL without any person, with the server that they reach.
fn forced(organisation: &Organisation) -> impl Iterator<Item = (usize, usize)> {
    organisation
        .noise
        .iter()
        .filter(|noise| matches!(noise.purpose, Purpose::Program | Purpose::LonelyMachine))
        .filter_map(|noise| Some((noise.device?, noise.server)))
}

fn needs(organisation: &Organisation) -> Needs {
    let mut needs = Needs::new();
    let mut add = |counts: &Counts, [user, device]: [&'static str; 2]| {
        for (&(kind, version), count) in counts {
            *needs.entry((if kind == "user" { user } else { device }, version)).or_default() += count;
        }
    };
    let base = ["windows-server-cal/user", "windows-server-cal/device"];
    for cover in covers(organisation) {
        add(&cover.counts, base);
    }
    // F.1: a session on a desktop needs a CAL of its own beside the base CAL
    for cover in covers_of(organisation, |kind| kind == Kind::Desktops) {
        add(&cover.counts, ["rds-cal/user", "rds-cal/device"]);
    }
    for (_, server) in forced(organisation) {
        add(&Counts::from([(("device", VERSIONS[organisation.servers[server].version].2), 1)]), base);
    }
    // D.4, D.11: SQL Server was used there, and nobody said which and how it is licensed: the newest by core, each virtual
    // processor one, at least 4
    let used = |at: usize| organisation.visits.iter().any(|visit| visit.server == at && !visit.long_ago);
    let databases = organisation.servers.iter().enumerate().filter(|(_, server)| server.kind == Kind::Database);
    let sql_cores = u64::from(VIRTUAL_PROCESSORS.max(4)) * databases.filter(|(at, _)| used(*at)).count() as u64;
    if sql_cores > 0 {
        *needs.entry(("sql-server/standard/core", "2025")).or_default() += sql_cores;
    }
    for (at, host) in organisation.hosts.iter().enumerate() {
        let (sku, version, cores) = cores(organisation, at, host);
        *needs.entry((sku, version)).or_default() += cores;
    }
    needs
}

/// The core licences of one host: sku, version, number.
fn cores(organisation: &Organisation, at: usize, host: &Host) -> (&'static str, &'static str, u64) {
    // C.1: at least 8 per processor and 16 per server
    let set = host.processors.iter().map(|&cores| u64::from(cores.max(8))).sum::<u64>().max(16);
    let servers: Vec<_> = organisation.servers.iter().filter(|server| server.host == at).collect();
    let newest = servers.iter().map(|server| server.version).max().unwrap_or(0);
    // C.7: a host that only runs virtual machines uses no right of its own
    let instances = servers.iter().filter(|server| server.kind != Kind::Hypervisor).count() as u64;
    // C.6: two instances per full set of Standard, any number with Datacenter
    let standard = set * instances.div_ceil(2).max(1);
    let datacenter = servers.iter().any(|server| server.edition == Edition::Datacenter)
        || set * DATACENTER_CORE_PRICE < standard * STANDARD_CORE_PRICE;
    if datacenter {
        ("windows-server/datacenter/core", VERSIONS[newest].0, set)
    } else {
        ("windows-server/standard/core", VERSIONS[newest].0, standard)
    }
}

/// Sets what is owned against what is needed: the newest need takes the newest owned (rule E.29), and a licence
/// serves its own version and older ones (rule E.4).
fn lines(needs: &Needs, owned: &[Owned]) -> Vec<Line> {
    let year = |version: &str| version.split(' ').next().and_then(|year| year.parse::<u32>().ok()).unwrap_or(0);
    let mut left: Vec<Owned> = owned.to_vec();
    left.sort_by_key(|(_, version, _)| std::cmp::Reverse(year(version)));
    let mut order: Vec<(&'static str, &'static str)> = needs.keys().copied().collect();
    order.sort_by_key(|(sku, version)| (*sku, std::cmp::Reverse(year(version))));
    let mut lines = Vec::new();
    for (sku, version) in order {
        let needed = needs[&(sku, version)];
        let mut short = needed;
        for (_, _, quantity) in left.iter_mut().filter(|(of, newer, _)| *of == sku && year(newer) >= year(version)) {
            let taken = short.min(*quantity);
            short -= taken;
            *quantity -= taken;
        }
        lines.push(Line { sku: sku.into(), version: version.into(), needed, short, cost_minor: short * price(sku) });
    }
    lines.sort_by(|one, other| (&one.sku, &one.version).cmp(&(&other.sku, &other.version)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::machine_room;

    fn organisation() -> Organisation {
        Organisation::new(60, 1, "2026-11-21".parse().unwrap())
    }

    /// C.1, C.6, C.7 by hand: HV1 2x12 Datacenter = 24; HV2 4x4 counts 4x8 = 32, three guests need two sets = 64;
    /// FS2 1x10 counts 16; esx1 2x9 = 18.
    #[test]
    fn cores_by_hand() {
        let organisation = organisation();
        let (hosts, _) = machine_room();
        let found: Vec<_> = hosts.iter().enumerate().map(|(at, host)| cores(&organisation, at, host)).collect();
        assert_eq!(
            found,
            [
                ("windows-server/datacenter/core", "2022", 24),
                ("windows-server/standard/core", "2022", 64),
                ("windows-server/standard/core", "2025", 16),
                ("windows-server/standard/core", "2019", 18),
            ]
        );
    }

    /// E.4 and E.29 by hand.
    #[test]
    fn a_newer_licence_serves_an_older_need_and_never_the_reverse() {
        let user = "windows-server-cal/user";
        let needs = Needs::from([((user, "2025"), 3), ((user, "2019"), 10)]);
        let lines = lines(&needs, &[(user, "2016", 100), (user, "2025", 5)]);
        assert_eq!((lines[0].version.as_str(), lines[0].short), ("2019", 8));
        assert_eq!((lines[1].version.as_str(), lines[1].short), ("2025", 0));
    }

    #[test]
    fn every_answer_is_the_only_one_whatever_the_seed() {
        for seed in 0..30 {
            let organisation = Organisation::new(150, seed, "2026-11-21".parse().unwrap());
            for cover in covers(&organisation) {
                assert!(cover.only, "seed {seed}: {cover:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_is_the_same_organisation() {
        assert_eq!(truth(&organisation()), truth(&organisation()));
        let other = Organisation::new(60, 2, "2026-11-21".parse().unwrap());
        assert_ne!(truth(&organisation()).people, truth(&other).people);
    }
}
