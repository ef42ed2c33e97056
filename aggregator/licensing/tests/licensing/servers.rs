//! The edition for each host given licences owned (rules A.5, C.19, E.29): worked out by hand, and against trying everything.

use std::collections::BTreeMap;

use crate::estates::{assessed, host, owns, price, server, version};
use caliper_licensing::{Assessment, Channel, Entitlement, Estate, Host, Line, Server, Servers, VersionName, assess};
use proptest::prelude::*;

const STANDARD: &str = "windows-server/standard/core";
const DATACENTER: &str = "windows-server/datacenter/core";
const LICENCE: &str = "windows-server/standard/licence";

/// Hosts by name: their processors, the version and number of machines of Standard with 8 virtual processors on each.
fn estate(hosts: &[(&str, &[u32], &str, u32)]) -> Estate {
    let machine = |id: &str, name: &str, at: u32| Server {
        is_virtual: true,
        host: Some(id.into()),
        virtual_processors: Some(8),
        ..server(&format!("{id}-{at}"), name, "Standard")
    };
    Estate {
        as_of: "2026-06-30".parse().unwrap(),
        currency: "EUR".into(),
        hosts: hosts.iter().map(|row| host(row.0, row.1)).collect(),
        servers: hosts.iter().flat_map(|row| (0..row.3).map(|at| machine(row.0, row.2, at))).collect(),
        prices: vec![price(STANDARD, 100, 1), price(DATACENTER, 700, 1), price(LICENCE, 50_000, 1)],
        ..Estate::default()
    }
}

fn servers(assessment: &Assessment) -> &Servers {
    assessment.position.servers.as_ref().expect("licences owned serve a need")
}

fn line<'a>(lines: &'a [Line], sku: &str) -> &'a Line {
    lines.iter().find(|line| line.sku == sku && line.needed > 0).expect("a line")
}

/// Cost, bound, proven, saving.
fn summary(assessment: &Assessment) -> (u64, u64, bool, u64) {
    let found = servers(assessment);
    (found.cost_minor, found.lower_bound_minor, found.proven, found.saving_minor)
}

/// 32 idle Datacenter cores cover one host of 20 or two of 16. The lines let the largest host have them, and 32 cores of
/// Standard are short, 3,200; if the two others have them, 20 are, 2,000.
#[test]
fn the_hosts_that_use_up_what_is_owned() {
    let mut estate = estate(&[("a", &[20], "2022", 2), ("b", &[16], "2022", 2), ("c", &[16], "2022", 2)]);
    estate.entitlements = vec![owns(DATACENTER, "2022", 32)];
    let assessment = assessed(&estate);
    assert_eq!(line(&assessment.position.lines, STANDARD).cost_minor, 3_200);
    assert_eq!(summary(&assessment), (2_000, 2_000, true, 1_200));
    assert_eq!(line(&servers(&assessment).lines, DATACENTER).needed, 32);
    let taken: BTreeMap<&str, Option<&str>> = (assessment.hosts.iter())
        .map(|host| (host.id.as_str(), host.with_owned.as_ref().map(|taken| taken.sku.as_str())))
        .collect();
    assert_eq!(taken, [("a", Some(STANDARD)), ("b", Some(DATACENTER)), ("c", Some(DATACENTER))].into());
    assert!(assessment.hosts[0].facts.iter().any(|fact| fact.contains("given what is owned")));
}

/// 0.5: a licence of 2019 may run 2012 R2, counted by its own terms: 16 cores for two machines on 16 cores.
#[test]
fn newer_licences_run_older_versions_under_their_own_terms() {
    let mut estate = estate(&[("a", &[8, 8], "2012 R2", 2)]);
    estate.entitlements = vec![owns(STANDARD, "2019", 16)];
    let assessment = assessed(&estate);
    assert_eq!(line(&assessment.position.lines, LICENCE).short, 1, "the lines count licences of the version that runs");
    assert_eq!(summary(&assessment), (0, 0, true, 50_000));
    assert!(assessment.hosts[0].facts.iter().any(|fact| fact.contains("which may run 2012 R2 (0.5)")));
    // three machines need two sets of 16
    let mut more = estate.clone();
    more.servers.push(Server { id: "a-2".into(), ..more.servers[0].clone() });
    let (cost, ..) = summary(&assessed(&more));
    assert_eq!(cost, 1_600, "16 cores more are cheaper than two licences of 2012 R2");
}

/// C.24: what came with one host is no use to another.
#[test]
fn oem_licences_serve_their_own_host() {
    let mut estate = estate(&[("a", &[16], "2022", 2), ("b", &[16], "2022", 2)]);
    let tied = Entitlement { channel: Channel::Oem, assigned_to: vec!["b".into()], ..owns(DATACENTER, "2022", 32) };
    estate.entitlements = vec![tied, owns(STANDARD, "2022", 4)];
    assert_eq!(summary(&assessed(&estate)), (1_200, 1_200, true, 0), "`a` is 12 cores of Standard short");
}

/// C.25: a licence by two processors under Software Assurance is worth 16 cores of the newest version, 1,600, or itself, 50,000.
#[test]
fn a_licence_becomes_cores_only_where_that_is_worth_more() {
    let mut estate = estate(&[("a", &[8, 8], "2012 R2", 2), ("b", &[16], "2022", 2)]);
    let assured = Some("2027-01-01".parse().unwrap());
    estate.entitlements = vec![Entitlement { software_assurance_until: assured, ..owns(LICENCE, "2012", 1) }];
    // the host of 2012 R2 could also take 16 cores: either way 16 cores are bought
    assert_eq!(summary(&assessed(&estate)), (1_600, 1_600, true, 0));
    // without a host of 2012 R2 nothing needs it as it is
    estate.hosts.remove(0);
    estate.servers.retain(|server| server.host.as_deref() == Some("b"));
    assert_eq!(summary(&assessed(&estate)), (0, 0, true, 0));
}

/// C.14: 16 cores of Standard under Software Assurance are half of what a host of 32 needs, and all that its two machines do.
#[test]
fn machines_by_themselves_where_their_licences_are_owned() {
    let mut estate = estate(&[("a", &[16, 16], "2022", 2)]);
    let assured = Some("2027-01-01".parse().unwrap());
    estate.entitlements = vec![Entitlement { software_assurance_until: assured, ..owns(STANDARD, "2022", 16) }];
    let assessment = assessed(&estate);
    assert_eq!(line(&assessment.position.lines, STANDARD).short, 16);
    assert_eq!(summary(&assessment), (0, 0, true, 1_600));
    assert!(assessment.hosts[0].facts.iter().any(|fact| fact.contains("each machine is licensed by itself, 16 cores")));
    // without Software Assurance they may not be
    estate.entitlements[0].software_assurance_until = None;
    assert_eq!(summary(&assessed(&estate)), (1_600, 1_600, true, 0));
}

#[test]
fn nothing_is_said_without_licences_owned_or_prices() {
    let mut estate = estate(&[("a", &[16], "2022", 2)]);
    assert_eq!(assessed(&estate).position.servers, None);
    estate.entitlements = vec![owns(STANDARD, "2016", 16)];
    assert_eq!(assessed(&estate).position.servers, None, "too old for anything");
    estate.entitlements = vec![owns(STANDARD, "2022", 8)];
    assert!(assessed(&estate).position.servers.is_some());
    estate.prices.clear();
    assert_eq!(assessed(&estate).position.servers, None);
}

/// What a host may take by the formulas of A.5 and C.1: product, version, licences.
fn options(processors: &[u32], running: VersionName, machines: u64) -> Vec<(&'static str, VersionName, u64)> {
    let sockets = processors.len() as u64;
    let set = processors.iter().map(|&cores| u64::from(cores.max(8))).sum::<u64>().max(16);
    let mut found = vec![
        (STANDARD, running.max(VersionName::V2016), set * machines.div_ceil(2)),
        (DATACENTER, running.max(VersionName::V2016), set),
    ];
    if running < VersionName::V2016 {
        let version = running.max(VersionName::V2012);
        found.push((LICENCE, version, sockets.div_ceil(2).max(machines.div_ceil(2))));
        found.push(("windows-server/datacenter/licence", version, sockets.div_ceil(2)));
    }
    if running < VersionName::V2012 {
        found.push((LICENCE, running, machines));
        found.push(("windows-server/enterprise/licence", running, machines.div_ceil(4)));
        found.push(("windows-server/datacenter/processor", running, sockets));
    }
    found
}

/// What must be bought: of each product at the worst version, as many needs of it or newer as nothing owned serves (E.29).
fn short(needed: &[(&'static str, VersionName, u64)], owned: &[Entitlement], prices: &BTreeMap<String, u64>) -> u64 {
    let from = |sku: &str, version: VersionName| {
        let needed: u64 = needed.iter().filter(|need| need.0 == sku && need.1 >= version).map(|need| need.2).sum();
        let own = owned.iter().filter(|own| own.sku == sku && own.version >= version);
        needed.saturating_sub(own.map(|own| own.quantity).sum())
    };
    let of =
        |(sku, price): (&String, &u64)| price * VersionName::WINDOWS.into_iter().map(|at| from(sku, at)).max().unwrap();
    prices.iter().map(of).sum()
}

fn least(
    hosts: &[Vec<(&'static str, VersionName, u64)>],
    taken: &mut Vec<(&'static str, VersionName, u64)>,
    owned: &[Entitlement],
    prices: &BTreeMap<String, u64>,
) -> u64 {
    let Some((host, others)) = hosts.split_first() else { return short(taken, owned, prices) };
    let ways = host.iter().map(|option| {
        taken.push(*option);
        let cost = least(others, taken, owned, prices);
        taken.pop();
        cost
    });
    ways.min().unwrap()
}

const SKUS: [&str; 6] = [
    STANDARD,
    DATACENTER,
    LICENCE,
    "windows-server/datacenter/licence",
    "windows-server/enterprise/licence",
    "windows-server/datacenter/processor",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Up to four hosts, a few licences owned: every combination of what they may take.
    #[test]
    fn the_same_as_trying_everything(
        hosts in prop::collection::vec((prop::collection::vec(4..24_u32, 1..4), 0..4_usize, 1..7_u32), 1..5),
        owned in prop::collection::vec((0..6_usize, 0..4_usize, 1..60_u64), 1..6),
        prices in prop::array::uniform6(1..30_u64),
    ) {
        const VERSIONS: [&str; 4] = ["2008 R2", "2012 R2", "2019", "2025"];
        let names = ["a", "b", "c", "d"];
        let rows: Vec<(&str, &[u32], &str, u32)> =
            hosts.iter().zip(names).map(|((cores, at, machines), name)| (name, &cores[..], VERSIONS[*at], *machines)).collect();
        let mut estate = estate(&rows);
        // licences by core are cheap beside licences
        let minor = |at: usize| if at < 2 { prices[at] } else { 10 * prices[at] };
        estate.prices = SKUS.iter().enumerate().map(|(at, sku)| price(sku, minor(at), 1)).collect();
        let of = |(sku, at, quantity): &(usize, usize, u64)| {
            let (at, quantity) = if *sku < 2 { (2 + at / 2, *quantity) } else { (at / 2, quantity / 10) };
            owns(SKUS[*sku], VERSIONS[at], quantity)
        };
        estate.entitlements = owned.iter().map(of).collect();
        let money: BTreeMap<String, u64> = estate.prices.iter().map(|price| (price.sku.clone(), price.minor)).collect();
        let all: Vec<_> = rows.iter().map(|row| options(row.1, version(row.2), u64::from(row.3))).collect();
        let least = least(&all, &mut Vec::new(), &estate.entitlements, &money);
        let assessment = assess(&estate).unwrap();
        if let Some(servers) = &assessment.position.servers {
            prop_assert_eq!(servers.cost_minor, least);
            prop_assert!(servers.proven);
            prop_assert_eq!(servers.lines.iter().map(|line| line.cost_minor).sum::<u64>(), least);
            let lines: u64 = assessment.position.lines.iter().map(|line| line.cost_minor).sum();
            prop_assert_eq!(servers.saving_minor, lines - least);
        } else {
            prop_assert_eq!(short(&[], &[], &money), 0);
            let none = all.iter().flatten().all(|option| {
                estate.entitlements.iter().all(|own| own.quantity == 0 || own.sku != option.0 || own.version < option.1)
            });
            prop_assert!(none);
        }
    }
}

/// Five thousand hosts of five hundred sizes with some hundred thousand machines, two lots owned.
#[test]
fn many_hosts_are_chosen_for() {
    let sizes: Vec<(u32, u32)> = (0..500).map(|at| (8 + at % 57, 1 + at * 7 % 39)).collect();
    let host_of = |at: usize| Host {
        peak_virtual_machines: Some(sizes[at % 500].1),
        ..host(&format!("h{at:05}"), &[sizes[at % 500].0, sizes[at % 500].0])
    };
    let estate = Estate {
        currency: "EUR".into(),
        hosts: (0..5_000).map(host_of).collect(),
        prices: vec![price(STANDARD, 5_513, 1), price(DATACENTER, 38_000, 1)],
        entitlements: vec![owns(DATACENTER, "2025", 70_001), owns(STANDARD, "2025", 90_003)],
        ..Estate::default()
    };
    let (cost, bound, _, saving) = summary(&assessed(&estate));
    assert!(bound <= cost && cost - bound <= cost / 10_000, "{cost} {bound}");
    assert!(saving < cost, "{saving}");
}
