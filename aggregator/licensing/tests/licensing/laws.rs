//! What must hold for every estate.

use std::collections::BTreeMap;

use crate::estates::*;
use caliper_licensing::{Access, Accesses, Estate, InfraRoles, Licence, VersionName, assess, catalogue::catalogue};
use proptest::prelude::*;

const VERSIONS: [&str; 4] = ["2012 R2", "2016", "2019", "2025"];

/// Up to eight people, eight devices, four servers; some ends unknown, unresolved or servers themselves.
fn estates(with_flags: bool) -> impl Strategy<Value = Estate> {
    let end = |count: u32| prop_oneof![6 => 0..count, 1 => Just(Accesses::NONE)];
    let access = (end(8), end(8), 0_u32..4, 0_u8..=3);
    let rows = prop::collection::vec(access, 0..40);
    (rows, 1_u64..5, 1_u64..5, any::<[bool; 3]>()).prop_map(
        move |(rows, user, device, [stranger, address, server_device])| {
            let mut estate = Estate {
                currency: "EUR".into(),
                servers: VERSIONS.map(|version| server(&format!("S{version}"), version, "Standard")).into(),
                people: people(8),
                devices: devices(8),
                prices: vec![price("windows-server-cal/user", user, 1), price("windows-server-cal/device", device, 1)],
                ..Estate::default()
            };
            estate.people[7].unresolved = stranger;
            estate.devices[7].unresolved = address;
            estate.devices[6].server = server_device;
            let named = |row: &&(u32, u32, u32, u8)| (row.0, row.1) != (Accesses::NONE, Accesses::NONE);
            let rows = rows.iter().filter(named).map(|&(person, device, server, flags)| Access {
                flags: if with_flags { flags } else { 0 },
                ..on(person, device, server)
            });
            estate.accesses = Accesses::of(rows.collect());
            estate
        },
    )
}

/// The same estate, written down the other way round.
fn reversed(estate: &Estate) -> Estate {
    let mut other = estate.clone();
    other.people.reverse();
    other.devices.reverse();
    other.servers.reverse();
    other.prices.reverse();
    let turn = |index: u32, count: usize| if index == Accesses::NONE { index } else { count as u32 - 1 - index };
    let rows = estate.accesses.rows().map(|row| Access {
        person: turn(row.person, estate.people.len()),
        device: turn(row.device, estate.devices.len()),
        server: turn(row.server, estate.servers.len()),
        flags: row.flags,
    });
    other.accesses = Accesses::of(rows.collect());
    other
}

proptest! {
    #[test]
    fn the_order_of_the_estate_changes_nothing(estate in estates(true)) {
        let (one, two) = (assessed(&estate), assessed(&reversed(&estate)));
        prop_assert_eq!(serde_json::to_string(&one.position).unwrap(), serde_json::to_string(&two.position).unwrap());
        for (one, two) in [(&one.people, &two.people), (&one.devices, &two.devices)] {
            let by_id = |all: &[caliper_licensing::Coverage]| -> BTreeMap<String, caliper_licensing::Coverage> {
                all.iter().map(|coverage| (coverage.id.clone(), coverage.clone())).collect()
            };
            prop_assert_eq!(by_id(one), by_id(two));
        }
    }

    /// Without administrators: who is exempt under E.7 depends on who else only administers.
    #[test]
    fn more_access_never_costs_less(estate in estates(false), more in (0_u32..8, 0_u32..8, 0_u32..4)) {
        let mut larger = estate.clone();
        let mut rows: Vec<_> = estate.accesses.rows().collect();
        rows.push(on(more.0, more.1, more.2));
        larger.accesses = Accesses::of(rows);
        let cost = |estate: &Estate| assessed(estate).position.optimum.cost_minor;
        prop_assert!(cost(&larger) >= cost(&estate));
    }

    /// Invariant 3 and E.3, E.4: each access that counts is covered at one of its ends by a CAL that is new enough, the
    /// lines are the sum of what people and devices hold, and the proof adds up to the cost.
    #[test]
    fn every_access_is_covered_and_every_number_adds_up(estate in estates(true)) {
        let assessment = assess(&estate).unwrap();
        let exempt = |row: &Access| {
            let is = |coverage: Option<&caliper_licensing::Coverage>| coverage.is_some_and(|it| it.licence == Licence::Exempt);
            row.flags & Accesses::INFRASTRUCTURE != 0
                || (row.flags & Accesses::ADMINISTRATION != 0
                    && (is(assessment.people.get(row.person as usize))
                        || (row.person == Accesses::NONE && is(assessment.devices.get(row.device as usize)))))
        };
        for row in estate.accesses.rows().filter(|row| !exempt(row)) {
            let stranger = row.person != Accesses::NONE && estate.people[row.person as usize].unresolved;
            let device = estate.devices.get(row.device as usize);
            let nobody = row.person == Accesses::NONE && device.is_some_and(|device| device.unresolved || device.server);
            if stranger || nobody {
                continue;
            }
            let needs = catalogue().cal_version(estate.servers[row.server as usize].version.unwrap());
            let holds = |coverage: Option<&caliper_licensing::Coverage>| coverage.and_then(|it| it.version) >= Some(needs);
            prop_assert!(
                holds(assessment.people.get(row.person as usize)) || holds(assessment.devices.get(row.device as usize)),
                "{row:?}"
            );
        }

        let mut held: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (sku, side) in [("windows-server-cal/user", &assessment.people), ("windows-server-cal/device", &assessment.devices)] {
            for version in side.iter().filter_map(|coverage| coverage.version) {
                *held.entry((sku, version.name())).or_default() += 1;
            }
        }
        for line in assessment.position.lines.iter().filter(|line| line.sku.contains("cal/")) {
            prop_assert_eq!(held.get(&(line.sku.as_str(), line.version.as_str())), Some(&line.needed));
        }

        let proof = &assessment.proof;
        let mut paid: BTreeMap<(bool, u32), u64> = BTreeMap::new();
        for pair in &proof.pairs {
            *paid.entry((true, pair.person)).or_default() += pair.amount;
            *paid.entry((false, pair.device)).or_default() += pair.amount;
        }
        for ((is_person, index), paid) in paid {
            let (must, weight) = if is_person {
                (&proof.must_people, proof.user_weight)
            } else {
                (&proof.must_devices, proof.device_weight)
            };
            prop_assert!(paid <= weight && !must.contains(&index));
        }
        let bound = proof.must_people.len() as u64 * proof.user_weight
            + proof.must_devices.len() as u64 * proof.device_weight
            + proof.pairs.iter().map(|pair| pair.amount).sum::<u64>();
        let (users, devices) = cals(&assessment);
        prop_assert_eq!(users * proof.user_weight + devices * proof.device_weight, bound);
        prop_assert!(assessment.position.optimum.proven);
    }

    #[test]
    fn every_number_and_everybody_has_a_reason(estate in estates(true)) {
        let assessment = assess(&estate).unwrap();
        for line in &assessment.position.lines {
            prop_assert!(!line.rules.is_empty(), "{line:?}");
        }
        let has_rule = |text: &str| text.split('(').skip(1).any(|rest| {
            let mut letters = rest.chars();
            letters.next().is_some_and(|letter| letter.is_ascii_uppercase()) && letters.next() == Some('.')
        });
        for coverage in assessment.people.iter().chain(&assessment.devices) {
            prop_assert!(has_rule(&coverage.reason), "{coverage:?}");
        }
    }

    /// E.13: strict is never below interval, which never differs from ignore but in its warnings.
    #[test]
    fn policies_on_dns_and_dhcp_are_in_order(estate in estates(true)) {
        let with = |infra_roles| {
            let mut estate = estate.clone();
            estate.policy.infra_roles = infra_roles;
            estate.policy.admin_exempt_per_server = 0;
            assessed(&estate).position.optimum.cost_minor
        };
        prop_assert!(with(InfraRoles::Strict) >= with(InfraRoles::Interval));
        prop_assert_eq!(with(InfraRoles::Interval), with(InfraRoles::Ignore));
    }

    /// E.7: never more than two per server, and nobody who did anything else.
    #[test]
    fn administrators_are_exempt_two_per_server(estate in estates(true)) {
        let assessment = assessed(&estate);
        let mut exempt_on = vec![std::collections::BTreeSet::new(); estate.servers.len()];
        for row in estate.accesses.rows() {
            for (is_person, index, side) in
                [(true, row.person, &assessment.people), (false, row.device, &assessment.devices)]
            {
                if side.get(index as usize).is_some_and(|coverage| coverage.reason.starts_with("Only administers")) {
                    let alone = is_person || row.person == Accesses::NONE;
                    if alone {
                        exempt_on[row.server as usize].insert((is_person, index));
                        prop_assert!(row.flags & Accesses::ADMINISTRATION != 0, "{row:?}");
                    }
                }
            }
        }
        for exempt in exempt_on {
            prop_assert!(exempt.len() <= 2, "{exempt:?}");
        }
    }
}

#[test]
fn estates_travel_as_json_unchanged() {
    let mut estate = pairs("2019", &[(0, 0), (1, 0)]);
    estate.servers[0].version = Some(VersionName::V2019);
    let json = serde_json::to_string(&estate).unwrap();
    assert!(json.starts_with(r#"{"format":"caliper.estate/1""#));
    let back: Estate = serde_json::from_str(&json).unwrap();
    assert_eq!(back, estate);
    assert!(serde_json::from_str::<Estate>(&json.replace("estate/1", "estate/2")).is_err());
}
