//! External Connectors (rules E.22 to E.27): the worked examples of section J.5, and all choices of small estates by hand.

use crate::estates::*;
use caliper_licensing::{Accesses, Assessment, Estate, EstateFile, Host, Person, Server, assess};
use proptest::prelude::*;

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";
const CONNECTOR: &str = "windows-server-external-connector";

fn position(text: &str) -> Assessment {
    let text = format!("format = \"caliper.estate/1\"\n{text}");
    let estate = EstateFile::read(&text).unwrap_or_else(|error| panic!("{error}: {text}")).finish();
    assess(&estate).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A price list, in euros.
const PRICES: &str = r#"
    currency = "EUR"
    price = [
        { sku = "windows-server-cal/user", minor = 4000 }, { sku = "windows-server-cal/device", minor = 3500 },
        { sku = "windows-server-external-connector", minor = 200000 },
        { sku = "rds-cal/user", minor = 12000 }, { sku = "rds-cal/device", minor = 11000 },
        { sku = "rds-external-connector", minor = 700000 },
    ]
"#;

#[test]
fn one_connector_serves_any_number_on_its_machine() {
    // row 78 [S106]: 1,000 customers on 1 of 3 servers; the host runs 10 virtual machines
    let machines: Vec<String> = (1..=10)
        .map(|at| format!(r#"{{ id = "V{at}", version = 2022, edition = "Standard", virtual = true, host = "H" }}"#))
        .collect();
    let text = format!(
        r#"{PRICES}
        host = [{{ id = "H", processors = [8, 8] }}]
        server = [{}, {{ id = "A", version = 2022, edition = "Standard" }}, {{ id = "B", version = 2022, edition = "Standard" }}]
        person = [{{ id = "customer", count = 1000, external = true }}, {{ id = "staff", count = 20 }}]
        access = [{{ person = "customer", server = "V1" }}, {{ person = "customer", server = "V7" }}, {{ person = "staff", server = "V1" }}]
        "#,
        machines.join(", ")
    );
    let assessment = position(&text);
    assert_eq!((needed(&assessment, CONNECTOR), needed(&assessment, USER)), (1, 20), "row 78");
    assert!(assessment.position.optimum.proven);
    assert_eq!(assessment.position.optimum.cost_minor, 200_000 + 20 * 4_000);
    assert!(assessment.people[0].reason.contains("E.23"));
    // without its price they count like employees, and somebody is told
    let silent = position(&text.replace(r#"{ sku = "windows-server-external-connector", minor = 200000 },"#, ""));
    assert_eq!((needed(&silent, CONNECTOR), needed(&silent, USER)), (0, 1020));
    assert!(warns(&silent, &["external", CONNECTOR, "E.23"]));
    assert!(silent.position.to_do.iter().any(|one| one.what.contains(CONNECTOR)));
}

#[test]
fn every_host_a_machine_may_run_on_needs_one() {
    // row 79 (E.23, E.24): a cluster of two; a rule of affinity leaves one
    for (row, may_run_on, connectors) in [("79", "", 2), ("C.13", r#"may_run_on = ["B"],"#, 1)] {
        let text = format!(
            r#"{PRICES}
            host = [{{ id = "A", processors = [8], cluster = "C" }}, {{ id = "B", processors = [8], cluster = "C" }}, {{ id = "D", processors = [8] }}]
            server = [{{ id = "V", version = 2019, edition = "Standard", virtual = true, {may_run_on} cluster = "C" }}]
            person = [{{ id = "customer", count = 1000, external = true }}]
            access = [{{ person = "customer" }}]
            "#
        );
        let assessment = position(&text);
        assert_eq!((needed(&assessment, CONNECTOR), needed(&assessment, USER)), (connectors, 0), "row {row}");
        assert_eq!(lines(&assessment, CONNECTOR)[0].0, "2019", "row {row}");
    }
}

#[test]
fn the_break_even_is_where_cals_cost_more() {
    // E.27: floor(200000 / 4000) + 1 = 51 people on one server
    for (people, connectors) in [(50, 0), (51, 1)] {
        let text = format!(
            r#"{PRICES}
            server = [{{ id = "S", version = 2022, edition = "Standard" }}]
            person = [{{ id = "customer", count = {people}, external = true }}]
            access = [{{ person = "customer" }}]
            "#
        );
        let assessment = position(&text);
        assert_eq!(needed(&assessment, CONNECTOR), connectors, "{people}");
        assert_eq!(needed(&assessment, USER), if connectors == 0 { people } else { 0 }, "{people}");
    }
}

#[test]
fn employees_never_use_a_connector() {
    // T11 [S159]: a travelling employee needs the CAL, not both; E.22
    let text = format!(
        r#"{PRICES}
        server = [{{ id = "S", version = 2022, edition = "Standard" }}]
        person = [{{ id = "customer", count = 100, external = true }}, {{ id = "traveller" }}]
        access = [{{ person = "customer" }}, {{ person = "traveller" }}]
        "#
    );
    let assessment = position(&text);
    assert_eq!((needed(&assessment, CONNECTOR), needed(&assessment, USER)), (1, 1));
}

#[test]
fn remote_desktop_takes_both_connectors_on_its_machine() {
    // E.25 [S107]: 100 externals by Remote Desktop; 12,000 each against 700,000, and 200,000 below that
    for (people, base, rds) in [(50, (0, 50), (0, 50)), (100, (1, 0), (1, 0))] {
        let text = format!(
            r#"{PRICES}
            server = [{{ id = "S", version = 2022, edition = "Standard" }}]
            person = [{{ id = "customer", count = {people}, external = true }}]
            access = [{{ person = "customer", uses = ["rds-cal"] }}]
            "#
        );
        let assessment = position(&text);
        assert_eq!((needed(&assessment, CONNECTOR), needed(&assessment, USER)), base, "{people}");
        let found = (needed(&assessment, "rds-external-connector"), needed(&assessment, "rds-cal/user"));
        assert_eq!(found, rds, "{people}");
    }
}

#[test]
fn connectors_owned_are_used_first() {
    // E.24, E.29: one owned pays even for ten people; one too old does not cover the need, and shows
    for (owned, expected) in [("", (0, 10)), (r#"assigned_to = ["S"],"#, (1, 0)), ("id = \"any\",", (1, 0))] {
        let entitlement = if owned.is_empty() {
            String::new()
        } else {
            format!(r#"entitlement = [{{ sku = "{CONNECTOR}", version = 2022, {owned} quantity = 1 }}]"#)
        };
        let text = format!(
            r#"{PRICES}
            {entitlement}
            server = [{{ id = "S", version = 2022, edition = "Standard", processors = [8] }}]
            person = [{{ id = "customer", count = 10, external = true }}]
            access = [{{ person = "customer" }}]
            "#
        );
        let assessment = position(&text);
        assert_eq!((needed(&assessment, CONNECTOR), needed(&assessment, USER)), expected, "{owned}");
        assert_eq!(
            assessment.position.lines.iter().filter(|line| line.sku == CONNECTOR).map(|line| line.short).sum::<u64>(),
            0
        );
    }
}

/// Up to five people, four devices, five servers on three hosts, one of them on any host.
fn estates() -> impl Strategy<Value = Estate> {
    let rows =
        prop::collection::vec((0_u32..5, prop_oneof![4 => 0_u32..4, 1 => Just(Accesses::NONE)], 0_u32..5), 1..14);
    (rows, [1_u64..4, 1..4, 1..7], 0_u8..32, 0_u32..3).prop_map(|(rows, [user, device, connector], external, heads)| {
        let on_host = |id: &str, at: usize| Server {
            is_virtual: true,
            host: Some(format!("H{at}")),
            ..server(id, "2022", "Standard")
        };
        let floating = Server {
            is_virtual: true,
            cluster: Some("C".into()),
            may_run_on: vec!["H0".into(), "H1".into()],
            ..server("F", "2022", "Standard")
        };
        let mut estate = Estate {
            currency: "EUR".into(),
            hosts: (0..3).map(|at| Host { cluster: Some("C".into()), ..host(&format!("H{at}"), &[8]) }).collect(),
            servers: vec![on_host("A", 0), on_host("B", 1), on_host("C", 2), floating, server("P", "2022", "Standard")],
            people: people(5),
            devices: devices(4),
            accesses: Accesses::of(
                rows.into_iter().map(|(person, device, server)| on(person, device, server)).collect(),
            ),
            prices: vec![price(USER, user, 1), price(DEVICE, device, 1), price(CONNECTOR, connector, 1)],
            ..Estate::default()
        };
        for (at, person) in estate.people.iter_mut().enumerate() {
            person.external = external >> at & 1 == 1;
        }
        estate.people[0].stands_for = Some(heads).filter(|heads| *heads > 0);
        estate
    })
}

/// Machines of each server, by hand: three hosts and a physical server.
const MACHINES: [&[usize]; 5] = [&[0], &[1], &[2], &[0, 1], &[3]];

/// Every choice of connectors, people and devices: what the cheapest costs.
fn cheapest(estate: &Estate) -> u64 {
    let price = |sku: &str| estate.prices.iter().find(|price| price.sku == sku).unwrap().minor;
    let heads = |person: &Person| u64::from(person.stands_for.unwrap_or(1));
    let mut least = u64::MAX;
    for choice in 0..1_u32 << (4 + 5 + 4) {
        let connector = |host: usize| choice >> host & 1 == 1;
        let user = |person: u32| choice >> (4 + person) & 1 == 1;
        let device = |device: u32| device != Accesses::NONE && choice >> (9 + device) & 1 == 1;
        let covered = estate.accesses.rows().all(|row| {
            let by_connector = estate.people[row.person as usize].external
                && MACHINES[row.server as usize].iter().all(|&host| connector(host));
            user(row.person) || device(row.device) || by_connector
        });
        if covered {
            let users: u64 = (0..5).filter(|&at| user(at)).map(|at| heads(&estate.people[at as usize])).sum();
            let devices = (0..4).filter(|&at| device(at)).count() as u64;
            let connectors = (0..4).filter(|&at| connector(at)).count() as u64;
            least = least.min(users * price(USER) + devices * price(DEVICE) + connectors * price(CONNECTOR));
        }
    }
    least
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn no_choice_of_connectors_and_cals_is_cheaper(estate in estates()) {
        let assessment = assessed(&estate);
        let optimum = &assessment.position.optimum;
        let least = cheapest(&estate);
        prop_assert!(optimum.lower_bound_minor <= least && least <= optimum.cost_minor, "{} in {optimum:?}", least);
        // exact where no two sets of hosts overlap
        let floats = estate.accesses.rows().any(|row| row.server == 3 && estate.people[row.person as usize].external);
        if !floats {
            prop_assert_eq!(optimum.cost_minor, least);
            prop_assert!(optimum.proven);
        }
        let price = |sku: &str| estate.prices.iter().find(|price| price.sku == sku).unwrap().minor;
        let paid: u64 = [USER, DEVICE, CONNECTOR].iter().map(|sku| needed(&assessment, sku) * price(sku)).sum();
        prop_assert_eq!(paid, optimum.cost_minor);
    }
}

/// The same estate, written down the other way round.
fn reversed(estate: &Estate) -> Estate {
    let mut other = estate.clone();
    other.people.reverse();
    other.devices.reverse();
    other.servers.reverse();
    other.hosts.reverse();
    other.prices.reverse();
    let turn = |index: u32, count: usize| if index == Accesses::NONE { index } else { count as u32 - 1 - index };
    let rows = estate.accesses.rows().map(|row| caliper_licensing::Access {
        person: turn(row.person, estate.people.len()),
        device: turn(row.device, estate.devices.len()),
        server: turn(row.server, estate.servers.len()),
        flags: row.flags,
    });
    other.accesses = Accesses::of(rows.collect());
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn the_order_of_the_estate_changes_no_connector(estate in estates()) {
        let (one, two) = (assessed(&estate), assessed(&reversed(&estate)));
        prop_assert_eq!(one.position, two.position);
    }
}
