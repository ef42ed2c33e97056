//! Explanations and changes: ways not taken against what counting everything anew gives, and causes that add up to the change.

use std::collections::BTreeMap;

use crate::estates::whole::{EVERYTHING, estate, shuffled};
use crate::estates::{assessed, cals, devices, on, owns, pairs, people, price, server, version};
use caliper_licensing::{
    Accesses, Estate, EstateFile, Licence, Use,
    catalogue::catalogue,
    explain::{Alternative, Changes, ExplainError, Explainer, Explanation, Numbers, Subject, changes},
};

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";

/// u3 uses a, b and c; u1 and u2 use a (row 66), at 30 for either kind.
fn row_66() -> Estate {
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)]);
    estate.currency = "EUR".into();
    estate.prices = vec![price(USER, 30, 1), price(DEVICE, 30, 1)];
    estate
}

fn way(explainer: &Explainer<'_>, subject: &Subject) -> (bool, Option<u64>, Option<u64>) {
    let explained = explainer.explain(subject).unwrap();
    let way = &explained.explanations[0].alternatives[0];
    (way.possible, way.cost_minor, way.instead_of_minor)
}

/// Row 66: a Device CAL for a and a User CAL for u3, 60. By hand: without u3's, all three devices need one: 90. Without a's,
/// all three people need one: 90. With one for u1 as well: 90.
#[test]
fn what_other_ways_cost_by_hand() {
    let estate = row_66();
    let explainer = Explainer::of(&estate, catalogue()).unwrap();
    for subject in [
        Subject::Person("u0002".into()),
        Subject::Device("d0000".into()),
        Subject::Person("u0000".into()),
        Subject::Device("d0001".into()),
    ] {
        assert_eq!(way(&explainer, &subject), (true, Some(90), Some(60)));
    }
    // User CALs for everybody and Device CALs for every device: three of each
    let explained = explainer.explain(&Subject::Line(USER.into(), None)).unwrap();
    let costs: Vec<_> = explained.explanations[0].alternatives.iter().map(|way| way.cost_minor).collect();
    assert_eq!(costs, [Some(90), Some(90)]);
}

/// E.28: who came from a device nobody knows must hold a User CAL, and that is said.
#[test]
fn where_the_other_end_is_not_known_there_is_no_other_way() {
    let mut estate = row_66();
    estate.accesses = Accesses::of(vec![on(0, Accesses::NONE, 0), on(1, 0, 0)]);
    let explainer = Explainer::of(&estate, catalogue()).unwrap();
    assert_eq!(way(&explainer, &Subject::Person("u0000".into())), (false, None, None));
    let said = explainer.explain(&Subject::Person("u0000".into())).unwrap();
    assert_eq!(said.explanations[0].forced_by[0].names, ["S from a device that is not known"]);
}

/// Cost at list price and what is recommended, then what is left to buy given what is owned and as recommended.
type Costs = (Option<u64>, Option<u64>, Option<(u64, u64)>);

fn costs(way: &Alternative) -> Costs {
    let given = way.given_owned.map(|given| (given.cost_minor, given.instead_of_minor));
    (way.cost_minor, way.instead_of_minor, given)
}

fn explained(estate: &Estate, subject: &Subject) -> Vec<Explanation> {
    Explainer::of(estate, catalogue()).unwrap().explain(subject).unwrap().explanations
}

/// Row 66 for one who owns three User CALs. By hand: at list price the mix of one of each stays the cheapest with 60, but the
/// three owned cover everybody, so nothing is left to buy; Device CALs for all devices would be bought for 90. The mix of the
/// lines leaves a Device CAL to buy for 30.
#[test]
fn what_is_owned_changes_which_way_is_cheaper() {
    let mut estate = row_66();
    estate.entitlements = vec![owns(USER, "2022", 3)];
    let ways: Vec<Costs> =
        explained(&estate, &Subject::Line(DEVICE.into(), None))[0].alternatives.iter().map(costs).collect();
    assert_eq!(ways, [(Some(90), Some(60), Some((0, 0))), (Some(90), Some(60), Some((90, 0)))]);
    let without = &explained(&estate, &Subject::Person("u0002".into()))[0].alternatives[0];
    assert_eq!(costs(without), (Some(90), Some(60), Some((90, 0))));
    let purchase = &explained(&estate, &Subject::Purchase)[0];
    assert_eq!((purchase.kind.as_str(), purchase.id.as_str()), ("purchase", "windows-server-cal"));
    assert_eq!(costs(&purchase.alternatives[0]), (Some(60), Some(90), Some((30, 0))));
    // nothing owned, nothing to tell
    assert_eq!(costs(&explained(&row_66(), &Subject::Line(DEVICE.into(), None))[0].alternatives[0]).2, None);
}

/// The same accesses over Remote Desktop, with three RDS User CALs owned and none of the base CAL: 100 for either kind.
#[test]
fn purchases_of_other_families_are_explained() {
    let mut estate = row_66();
    estate.uses = vec![Use { cal: "rds-cal".into(), accesses: estate.accesses.clone(), ..Use::default() }];
    estate.prices.extend([price("rds-cal/user", 100, 1), price("rds-cal/device", 100, 1)]);
    estate.entitlements = vec![owns("rds-cal/user", "2022", 3)];
    let found = explained(&estate, &Subject::Purchase);
    assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["rds-cal"]);
    assert_eq!(costs(&found[0].alternatives[0]), (Some(200), Some(300), Some((100, 0))));
    let person = explained(&estate, &Subject::Person("u0000".into()));
    let told = |one: &Explanation| {
        one.facts.iter().any(|fact| fact.contains("gives u0000 an owned Remote Desktop Services User CAL"))
    };
    assert_eq!(person.iter().map(told).collect::<Vec<_>>(), [false, true]);
}

/// ann needs a CAL for 30; bob, who has left, holds the only one. Moving it is free, leaving it where it is costs 30.
#[test]
fn who_gets_which_licence_is_explained() {
    let text = r#"
        format = "caliper.estate/1"
        as_of = 2026-09-30
        currency = "EUR"
        server = [{ id = "S", version = 2022, edition = "Standard" }]
        person = [{ id = "ann" }, { id = "bob", gone = true }]
        device = [{ id = "pc" }]
        access = [{ person = "ann", device = "pc", server = "S" }]
        entitlement = [{ id = "W", sku = "windows-server-cal/user", version = 2022, quantity = 1 }]
        assignment = [{ entitlement = "W", to = "bob", from = 2026-01-01 }]
        price = [{ sku = "windows-server-cal/user", minor = 3000 }, { sku = "windows-server-cal/device", minor = 5000 }]
    "#;
    let estate = EstateFile::read(text).unwrap().finish();
    let moves = &explained(&estate, &Subject::Transfers)[0];
    assert_eq!(moves.forced_by[0].names, ["bob to ann"]);
    assert_eq!(costs(&moves.alternatives[0]), (None, None, Some((3000, 0))));
    let reclaim = &explained(&estate, &Subject::Reclaim)[0];
    assert_eq!((reclaim.forced_by[0].count, reclaim.forced_by[0].names.as_slice()), (1, &["bob".to_owned()][..]));
    assert_eq!(costs(&reclaim.alternatives[0]), (None, None, Some((3000, 0))));
    let whole = Explainer::of(&estate, catalogue()).unwrap().whole().unwrap();
    for kind in ["reclaim", "transfers"] {
        assert!(whole.explanations.iter().any(|one| one.kind == kind), "{kind}");
    }
}

fn example(name: &str) -> Estate {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    EstateFile::read(&fs_err::read_to_string(path).unwrap()).unwrap().finish()
}

/// Numbers worked out in the comments of the examples, and from them: without the Core Infrastructure suite 16 cores more of
/// Windows Server (1,069.00) and 16 of System Center (1,323.00) beside the 11,973.50. 105 CALs for 42.00 instead of 45.
#[test]
fn system_center_suites_and_pools_are_explained() {
    let estate = example("system-center.toml");
    let found = explained(&estate, &Subject::Line("system-center/datacenter/core".into(), None));
    assert!(found[0].headline.starts_with("System Center 2022 Datacenter, core licence: 24 needed"));
    assert_eq!(costs(&found[0].alternatives[0]), (Some(595_350), Some(541_050), None));
    let suite = explained(&estate, &Subject::Line("core-infrastructure-suite/standard/core".into(), None));
    let more = 106_900 + 132_300;
    assert_eq!(costs(&suite[0].alternatives[0]), (None, None, Some((1_197_350 + more, 1_197_350))));
    let clients = explained(&estate, &Subject::Line("client-management-licence/user".into(), None));
    assert_eq!(clients[0].forced_by[0].count, 30);
    assert!(clients[0].forced_by[0].what.contains("G.8"), "{:?}", clients[0]);
    let pool = &explained(&example("contractors.toml"), &Subject::Pool)[0];
    assert_eq!(costs(&pool.alternatives[0]), (Some(105 * 4200), Some(45 * 4200), None));
}

/// A host of 16 cores with four virtual machines at 10 a core of Standard, 60 of Datacenter, and 16 cores of Standard owned:
/// 32 of Standard are 320, of which 16 are left to buy for 160; Datacenter is 16 cores for 960, all of them to buy.
#[test]
fn another_edition_is_told_given_what_is_owned() {
    let text = r#"
        format = "caliper.estate/1"
        currency = "EUR"
        host = [{ id = "H", processors = [8, 8] }]
        server = [
            { id = "A", version = 2022, edition = "Standard", virtual = true, host = "H" },
            { id = "B", version = 2022, edition = "Standard", virtual = true, host = "H" },
            { id = "C", version = 2022, edition = "Standard", virtual = true, host = "H" },
            { id = "D", version = 2022, edition = "Standard", virtual = true, host = "H" },
        ]
        entitlement = [{ sku = "windows-server/standard/core", version = 2022, quantity = 16 }]
        price = [{ sku = "windows-server/standard/core", minor = 10 }, { sku = "windows-server/datacenter/core", minor = 60 }]
    "#;
    let estate = EstateFile::read(text).unwrap().finish();
    let host = &explained(&estate, &Subject::Host("H".into()))[0];
    assert_eq!(costs(&host.alternatives[0]), (Some(960), Some(320), Some((960, 160))));
    assert!(explained(&estate, &Subject::Servers)[0].headline.contains("1.60"));
}

#[test]
fn names_nearby_are_told() {
    let estate = row_66();
    let explainer = Explainer::of(&estate, catalogue()).unwrap();
    let Err(ExplainError::Unknown { kind, near, .. }) = explainer.explain(&Subject::Person("u002".into())) else {
        panic!("there is no such person")
    };
    assert_eq!(kind, "person");
    assert!(near.contains(&"u0002".to_owned()), "{near:?}");
}

/// No way of licensing one person or device otherwise is cheaper than the optimum, and everything can be explained with
/// sentences, rules that exist and a whole that names every line.
#[test]
fn everything_in_any_estate_can_be_explained() {
    for seed in 0..60 {
        let estate = estate(seed, EVERYTHING);
        let explainer = Explainer::of(&estate, catalogue()).unwrap();
        let whole = explainer.whole().unwrap();
        let lines = whole.explanations.iter().filter(|one| one.kind == "line").count();
        assert_eq!(lines, explainer.assessment().position.lines.len());
        let subjects = (estate.people.iter().map(|person| Subject::Person(person.id.clone())))
            .chain(estate.devices.iter().map(|device| Subject::Device(device.id.clone())))
            .chain(estate.hosts.iter().map(|host| Subject::Host(host.id.clone())))
            .chain(estate.servers.iter().take(2).map(|server| Subject::Server(server.id.clone())))
            .chain(estate.sql.iter().map(|sql| Subject::Sql(sql.id.clone())));
        for subject in subjects {
            let explained = explainer.explain(&subject).unwrap();
            assert!(!explained.explanations.is_empty());
            for one in &explained.explanations {
                assert!(!one.headline.is_empty());
                assert!(one.rules.iter().all(|id| catalogue().rule(id).is_some()), "{one:?}");
                let is_end = one.kind == "person" || one.kind == "device";
                for way in one.alternatives.iter().filter(|_| is_end) {
                    // the money of each kind is rounded up by itself, so a mix that costs as much may show one unit less
                    assert!(way.cost_minor.map(|cost| cost + 1) >= way.instead_of_minor, "seed {seed}: {one:?}");
                    assert!(way.possible || way.cost_minor.is_none());
                }
            }
        }
    }
}

/// All numbers of all lines after the steps of a change, from those before it.
fn followed(before: &Estate, changes: &Changes) -> BTreeMap<(String, String, String), Numbers> {
    let mut lines: BTreeMap<_, _> = (assessed(before).position.lines.iter())
        .map(|line| {
            let numbers =
                Numbers { needed: line.needed, owned: line.owned, short: line.short, cost_minor: line.cost_minor };
            ((line.sku.clone(), line.version.clone(), line.unit.clone()), numbers)
        })
        .collect();
    for step in &changes.steps {
        for line in &step.lines {
            let now = lines.entry((line.sku.clone(), line.version.clone(), line.unit.clone())).or_default();
            assert_eq!(*now, line.before, "{}: {line:?}", step.group);
            *now = line.after;
        }
    }
    lines.retain(|_, numbers| *numbers != Numbers::default());
    lines
}

/// The steps lead from the one position to the other: each line begins a step as it ended the one before, and ends as it is.
#[test]
fn the_causes_of_a_change_add_up_to_it() {
    for seed in 0..60 {
        let (before, after) = (estate(seed, EVERYTHING), estate(seed + 1_000, EVERYTHING));
        let found = changes((&before, catalogue()), (&after, catalogue())).unwrap();
        let end = followed(&after, &Changes { steps: Vec::new(), ..found.clone() });
        assert_eq!(followed(&before, &found), end, "seed {seed}");
        let costs: Vec<_> = found.steps.iter().map(|step| (step.cost_before_minor, step.cost_minor)).collect();
        assert!(costs.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!(costs.first().map(|cost| cost.0), Some(found.cost_before_minor));
        assert_eq!(costs.last().map(|cost| cost.1), Some(found.cost_minor));
        let same = changes((&after, catalogue()), (&after, catalogue())).unwrap();
        assert!(same.steps.is_empty() && same.lines.is_empty());
        let other = shuffled(&after, seed);
        assert!(changes((&after, catalogue()), (&other, catalogue())).unwrap().steps.is_empty(), "seed {seed}");
    }
}

/// One person more with an own device, a server upgraded, and two CALs bought: three causes, each with its own part.
/// By hand, at 30 each: two people on 2016 need two CALs of 2016. On 2022 they need two of 2022. The newcomer needs one more.
#[test]
fn each_cause_has_its_own_part() {
    let base = |server_version: &str, count: u32| {
        let rows = (0..count).map(|at| on(at, at, 0)).collect();
        Estate {
            currency: "EUR".into(),
            servers: vec![server("S", server_version, "Standard")],
            people: people(count as usize),
            devices: devices(count as usize),
            accesses: Accesses::of(rows),
            prices: vec![price(USER, 30, 1), price(DEVICE, 30, 1)],
            ..Estate::default()
        }
    };
    let before = base("2016", 2);
    let mut after = base("2022", 3);
    after.entitlements = vec![owns(USER, "2022", 2)];
    let found = changes((&before, catalogue()), (&after, catalogue())).unwrap();
    let steps: Vec<_> = found
        .steps
        .iter()
        .map(|step| {
            let lines: Vec<_> = step
                .lines
                .iter()
                .map(|line| (line.version.as_str(), line.before.needed, line.after.needed, line.after.short))
                .collect();
            (step.group.as_str(), lines)
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("servers", vec![("2016", 2, 0, 0), ("2022", 0, 2, 2)]),
            ("people", vec![("2022", 2, 3, 3)]),
            ("entitlements", vec![("2022", 3, 3, 1)]),
        ]
    );
    assert_eq!(found.steps[0].happened[0].names, ["S: version 2016 became 2022"]);
    assert_eq!(found.steps[1].moved[0].names, ["u0002"]);
    assert_eq!((found.cost_before_minor, found.cost_minor), (60, 30));
    assert_eq!(cals(&assessed(&after)), (3, 0));
    assert_eq!(assessed(&before).people[0].licence, Licence::UserCal);
    assert_eq!(assessed(&before).people[0].version, Some(version("2016")));
}
