//! What is not known widens the interval of a position, never less than it must: a complete estate is drawn, facts are taken
//! from it, and the number of the complete one must lie within the interval of what is left.
//!
//! Numbers are compared at equal prices of both CALs: at unequal ones a dearer mix may have fewer licences, and only money
//! is sure to rise with access.

use crate::estates::whole::Draw;
use crate::estates::{self, assessed, host, on, price, server};
use caliper_licensing::{
    Access, Accesses, Assessment, Device, Estate, Host, InfraRoles, Person, SqlInstance, SqlModel, Unreported, Use,
    VersionName,
};
use proptest::{prelude::*, test_runner::RngSeed};

/// What is needed of a family of CALs, or of licences to run in this unit.
fn number(assessment: &Assessment, of: &str, unit: &str) -> u64 {
    let is_one = |sku: &str| match unit {
        "cal" => sku == format!("{of}/user") || sku == format!("{of}/device"),
        _ => sku.starts_with(&format!("{of}/")) && sku.ends_with(unit),
    };
    assessment.position.lines.iter().filter(|line| is_one(&line.sku)).map(|line| line.needed).sum()
}

/// (lowest, highest); both the number where nothing is open.
fn bounds(assessment: &Assessment, of: &str, unit: &str) -> (u64, u64) {
    let intervals = &assessment.position.intervals;
    let found = intervals.iter().find(|interval| interval.of == of && interval.unit == unit);
    let number = number(assessment, of, unit);
    found.map_or((number, number), |interval| {
        assert_eq!(interval.likely, number, "{interval:?}");
        (interval.lowest, if interval.open_ended { u64::MAX } else { interval.highest })
    })
}

const PRODUCTS: [(&str, &str); 6] = [
    ("windows-server-cal", "cal"),
    ("rds-cal", "cal"),
    ("sql-server-cal", "cal"),
    ("windows-server", "core"),
    ("sql-server", "core"),
    ("sql-server", "licence"),
];

/// Everything is known: eight people, eight devices, four servers in machines on two hosts, two of them with SQL Server.
fn complete(draw: &mut Draw) -> Estate {
    let mut estate = Estate {
        currency: "EUR".into(),
        hosts: vec![host("H0", &[8 + draw.number(20) as u32]), host("H1", &[8, 4 + draw.number(9) as u32])],
        people: estates::people(8),
        devices: estates::devices(8),
        ..Estate::default()
    };
    for at in 0..4 {
        let mut one = server(&format!("S{at}"), draw.of(&["2016", "2019", "2025"]), "Standard");
        (one.is_virtual, one.host) = (true, Some(format!("H{}", draw.number(2))));
        one.virtual_processors = Some(2 + draw.number(9) as u32);
        estate.servers.push(one);
    }
    for at in 0..2 {
        estate.sql.push(SqlInstance {
            id: format!("Q{at}"),
            server: format!("S{at}"),
            version: Some(estates::version("2019")),
            edition: Some("Standard".into()),
            model: Some(draw.of(&[SqlModel::Core, SqlModel::ServerCal])),
            ..SqlInstance::default()
        });
    }
    let mut rows = Vec::new();
    let mut uses = [Vec::new(), Vec::new()];
    for _ in 0..draw.number(30) {
        let row = Access {
            flags: if draw.one_in(6) { Accesses::INFRASTRUCTURE } else { 0 },
            ..on(draw.number(8) as u32, draw.number(8) as u32, draw.number(4) as u32)
        };
        rows.push(row);
        if row.flags == 0 && draw.one_in(3) {
            uses[0].push(row);
        }
        if row.flags == 0 && row.server < 2 && draw.one_in(2) {
            uses[1].push(row);
        }
    }
    estate.accesses = Accesses::of(rows);
    for (cal, rows) in ["rds-cal", "sql-server-cal"].into_iter().zip(uses) {
        estate.uses.push(Use { cal: cal.into(), accesses: Accesses::of(rows), ..Use::default() });
    }
    estate.policy.infra_roles = draw.of(&[InfraRoles::Strict, InfraRoles::Ignore]);
    if draw.one_in(2) {
        let skus = ["windows-server-cal", "rds-cal", "sql-server-cal"];
        estate.prices =
            skus.iter().flat_map(|sku| ["user", "device"].map(|kind| price(&format!("{sku}/{kind}"), 40, 1))).collect();
        estate.prices.push(price("windows-server/standard/core", 70, 1));
        estate.prices.push(price("windows-server/datacenter/core", 400, 1));
    }
    estate
}

/// The same rows in the accesses and in the uses.
fn change(estate: &mut Estate, mut to: impl FnMut(Access) -> Option<Access>) {
    let mut known = std::collections::BTreeMap::new();
    for accesses in std::iter::once(&mut estate.accesses).chain(estate.uses.iter_mut().map(|used| &mut used.accesses)) {
        let rows = accesses.rows().filter_map(|row| {
            let key = (row.person, row.device, row.server);
            let changed: Option<Access> = *known.entry(key).or_insert_with(|| to(row));
            changed.map(|changed| Access { flags: row.flags, ..changed })
        });
        *accesses = Accesses::of(rows.collect());
    }
}

/// Kinds of facts that may be missing, as bits.
const ACCOUNTS: u64 = 1;
const ADDRESSES: u64 = 2;
const DAYS: u64 = 4;
const INFRASTRUCTURE: u64 = 8;
const MODELS: u64 = 16;
const PROCESSORS: u64 = 32;
const HOSTS: u64 = 64;

/// The same estate with less known of it.
fn blanked(complete: &Estate, draw: &mut Draw, kinds: u64) -> Estate {
    let mut estate = complete.clone();
    if kinds & ACCOUNTS != 0 {
        // up to two accounts of each person that nobody matched
        let people = estate.people.len() as u32;
        estate.people.extend((0..2 * people).map(|at| Person {
            id: format!("x{at:03}"),
            unresolved: true,
            ..Person::default()
        }));
        change(&mut estate, |row| {
            let account = people + 2 * row.person + draw.number(2) as u32;
            Some(Access { person: if draw.one_in(3) { account } else { row.person }, ..row })
        });
    }
    if kinds & ADDRESSES != 0 {
        let devices = estate.devices.len() as u32;
        estate.devices.extend((0..devices).map(|at| Device {
            id: format!("10.0.0.{at}"),
            unresolved: true,
            ..Device::default()
        }));
        change(&mut estate, |row| {
            Some(Access { device: row.device + if draw.one_in(3) { devices } else { 0 }, ..row })
        });
    }
    if kinds & DAYS != 0 {
        let unwatched = draw.number(4) as usize;
        estate.servers[unwatched].observed_days = Some(draw.number(90) as u32);
        // of other families a server must have been seen in use
        let mut seen = [false; 3];
        let of_families = estate.uses.iter_mut().map(|used| &mut used.accesses);
        for (at, accesses) in std::iter::once(&mut estate.accesses).chain(of_families).enumerate() {
            let is_base = at == 0;
            let rows = accesses.rows().filter(|row| {
                let keep = row.server as usize != unwatched || (!is_base && !seen[at]) || draw.one_in(2);
                seen[at] |= row.server as usize == unwatched;
                keep
            });
            *accesses = Accesses::of(rows.collect());
        }
    }
    if kinds & INFRASTRUCTURE != 0 {
        estate.policy.infra_roles = InfraRoles::Interval;
    }
    if kinds & MODELS != 0 {
        estate.sql.iter_mut().for_each(|instance| instance.model = None);
    }
    if kinds & PROCESSORS != 0 {
        estate.hosts[draw.number(2) as usize].processors = Vec::new();
    }
    if kinds & HOSTS != 0 {
        estate.servers[draw.number(4) as usize].host = None;
    }
    estate
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, cases: 1_500, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(2_026);
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_truth_lies_within(seed: u64, less: u64, kinds in 0_u64..128) {
        let complete = complete(&mut Draw(seed));
        let less_known = blanked(&complete, &mut Draw(less), kinds);
        let (truth, known) = (assessed(&complete), assessed(&less_known));
        for (of, unit) in PRODUCTS {
            let (number, (lowest, highest)) = (number(&truth, of, unit), bounds(&known, of, unit));
            prop_assert!(lowest <= number && number <= highest, "{of} {unit}: {number} not in {lowest}..={highest}, kinds {kinds}");
        }
        let to_do = &known.position.to_do;
        prop_assert!(to_do.is_sorted_by_key(|one| std::cmp::Reverse((one.may_add_minor, one.may_add))), "{to_do:?}");
        if kinds == 0 {
            prop_assert!(known.position.intervals.is_empty() && to_do.is_empty(), "{:?} {to_do:?}", known.position.intervals);
        }
    }
}

/// Each kind of unknown by itself, worked out by hand.
#[test]
fn each_unknown_moves_its_own_number() {
    let estate = |change: &dyn Fn(&mut Estate)| {
        // C.1: 16 cores on H; two people at a device each
        let mut estate = Estate {
            hosts: vec![host("H", &[8, 8])],
            servers: vec![server("S", "2022", "Standard")],
            people: estates::people(2),
            devices: estates::devices(2),
            accesses: Accesses::of(vec![on(0, 0, 0), on(1, 1, 0)]),
            ..Estate::default()
        };
        (estate.servers[0].host, estate.servers[0].is_virtual) = (Some("H".into()), true);
        change(&mut estate);
        let position = assessed(&estate).position;
        let intervals: Vec<_> = (position.intervals.iter())
            .map(|one| (one.of.clone(), one.lowest, one.likely, one.highest, one.open_ended))
            .collect();
        let to_do: Vec<_> = position.to_do.iter().map(|one| (one.rules[0].clone(), one.may_add)).collect();
        (intervals, to_do)
    };
    let cal = |lowest, likely, highest| ("windows-server-cal".to_owned(), lowest, likely, highest, false);
    let core = |lowest, likely| ("windows-server".to_owned(), lowest, likely, likely, true);
    let rule = |rule: &str, may_add| (rule.to_owned(), may_add);
    assert_eq!(estate(&|_| {}), (vec![], vec![]));
    // E.1: an account of nobody known may be somebody with a CAL of their own
    assert_eq!(estate(&|estate| estate.people[1].unresolved = true), (vec![cal(1, 1, 2)], vec![rule("E.1", 1)]));
    // E.28: who was seen at an address counts alone; the machine may be one that is covered
    assert_eq!(estate(&|estate| estate.devices[1].unresolved = true), (vec![cal(1, 2, 2)], vec![rule("E.28", 1)]));
    // E.28: an address that acted alone may be one more machine
    let alone = |estate: &mut Estate| {
        estate.devices[1].unresolved = true;
        estate.accesses = Accesses::of(vec![on(0, 0, 0), on(Accesses::NONE, 1, 0)]);
    };
    assert_eq!(estate(&alone), (vec![cal(1, 1, 2)], vec![rule("E.1", 1)]));
    // I.4: whoever holds no CAL may have come on other days
    let thirty = |estate: &mut Estate| {
        estate.servers[0].observed_days = Some(30);
        estate.accesses = Accesses::of(vec![on(0, 0, 0)]);
    };
    assert_eq!(estate(&thirty), (vec![cal(1, 1, 2)], vec![rule("I.4", 1)]));
    let ninety = |estate: &mut Estate| {
        thirty(estate);
        estate.servers[0].observed_days = Some(90);
    };
    assert_eq!(estate(&ninety), (vec![], vec![]));
    // I.4: anybody may use a server that reports nothing, also people who were seen nowhere; its licences to run come on top
    let silent = |estate: &mut Estate| {
        estate.accesses = Accesses::of(vec![on(0, 0, 0)]);
        estate.unseen_people = Some(3);
        estate.unreported = vec![Unreported { id: "X".into(), version: Some(VersionName::V2019) }];
    };
    assert_eq!(estate(&silent), (vec![core(16, 16), cal(1, 1, 5)], vec![rule("C.1", 16), rule("I.4", 4)]));
    // without such a server people seen nowhere add nothing
    let nobody = |estate: &mut Estate| {
        silent(estate);
        estate.unreported.clear();
    };
    assert_eq!(estate(&nobody), (vec![], vec![]));
    // C.1: as many as any server needs, and no end
    let unknown = |estate: &mut Estate| estate.hosts[0].processors = Vec::new();
    assert_eq!(estate(&unknown), (vec![core(16, 16)], vec![rule("C.1", 16)]));
    // C.11: on a host of its own at least 16
    assert_eq!(estate(&|estate| estate.servers[0].host = None), (vec![core(0, 0)], vec![rule("C.11", 16)]));
    let own = |estate: &mut Estate| {
        estate.servers[0].host = None;
        estate.servers[0].is_virtual = false;
        estate.hosts = Vec::<Host>::new();
    };
    assert_eq!(estate(&own), (vec![core(0, 0)], vec![rule("C.1", 16)]));
}
