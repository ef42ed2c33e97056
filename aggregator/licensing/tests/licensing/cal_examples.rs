//! CALs, beside the worked examples of section J.5.

use crate::estates::*;
use caliper_licensing::{
    Access, Accesses, Channel, Device, Entitlement, Estate, InfraRoles, Licence, Person, Policy, Server, assess,
};

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";

#[test]
fn pure_administrators_need_none_up_to_two_per_server() {
    // row 73: 2 / 3 pure administrators of one server
    for (administrators, expected) in [(1, 0), (2, 0), (3, 1)] {
        let accesses: Vec<_> = (0..administrators)
            .map(|at| Access { flags: Accesses::ADMINISTRATION, ..on(at, Accesses::NONE, 0) })
            .collect();
        let estate = Estate {
            servers: vec![server("S", "2022", "Standard")],
            people: people(administrators as usize),
            accesses: Accesses::of(accesses),
            ..Estate::default()
        };
        let assessment = assessed(&estate);
        assert_eq!(cals(&assessment), (expected, 0), "{administrators} administrators");
        assert_eq!(assessment.people[0].licence, Licence::Exempt);
        assert!(assessment.people[0].reason.contains("E.7"));
    }
}

#[test]
fn owned_cals_serve_their_version_and_older_ones() {
    // ten people, each on a PC of their own and on the others'
    let ten = all_on_all(10, 40);
    // A.6: a CAL bought with R2 is a 2012 CAL
    let mut estate = pairs("2012", &ten);
    estate.entitlements = vec![owns(USER, "2012 R2", 10)];
    assert_eq!(lines(&assessed(&estate), USER), [("2012", 10, 10, 0, 0)]);
    // A.6: under Software Assurance a CAL counts as the newest, afterwards as what it was
    for (as_of, short) in [("2026-06-30", 0), ("2026-07-01", 10)] {
        let mut estate = pairs("2025", &ten);
        estate.as_of = as_of.parse().unwrap();
        let assured =
            Entitlement { software_assurance_until: Some("2026-06-30".parse().unwrap()), ..owns(USER, "2016", 10) };
        estate.entitlements = vec![assured];
        let assessment = assessed(&estate);
        assert_eq!(assessment.position.lines.iter().map(|line| line.short).sum::<u64>(), short, "{as_of}");
    }
}

/// 0.2: a subscription counts as the newest version while it lasts, and gives nothing afterwards.
#[test]
fn subscriptions_are_current_while_they_last() {
    for (until, short, ended) in [(None, 0, false), (Some("2026-11-21"), 0, false), (Some("2026-11-20"), 10, true)] {
        let mut estate = pairs("2016", &all_on_all(10, 40));
        estate.servers.push(server("N", "2025", "Standard"));
        let mut rows: Vec<_> = estate.accesses.rows().collect();
        rows.extend((0..10).map(|person| on(person, 0, 1)));
        estate.accesses = Accesses::of(rows);
        estate.as_of = "2026-11-21".parse().unwrap();
        let software_assurance_until = until.map(|day| day.parse().unwrap());
        let channel = Channel::Subscription;
        estate.entitlements = vec![Entitlement { channel, software_assurance_until, ..owns(USER, "2016", 10) }];
        let assessment = assessed(&estate);
        assert_eq!(assessment.position.lines.iter().map(|line| line.short).sum::<u64>(), short, "{until:?}");
        assert_eq!(warns(&assessment, &["ended", USER]), ended, "{until:?}");
    }
}

/// E.4, E.5: only those who touch the newer server need the newer CAL.
#[test]
fn the_newest_server_reached_decides_the_version() {
    let mut estate = pairs("2012 R2", &[(0, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 5)]);
    estate.servers.push(server("DC", "2025", "Datacenter"));
    let mut rows: Vec<_> = estate.accesses.rows().collect();
    rows.push(on(1, 3, 1));
    estate.accesses = Accesses::of(rows);
    assert_eq!(lines(&assessed(&estate), USER), [("2012", 2, 0, 2, 0), ("2025", 1, 0, 1, 0)]);
}

/// Where both ends hold a CAL either may be the newer one: the fewest are raised.
#[test]
fn as_few_new_cals_as_necessary() {
    // three people with private devices, three kiosks that strangers to them use too: everybody here holds a CAL
    let mut pairs_seen: Vec<(u32, u32)> = Vec::new();
    for person in 0..3 {
        pairs_seen.extend([(person, 10 + 2 * person), (person, 11 + 2 * person)]);
    }
    for kiosk in 0..3 {
        pairs_seen.extend([(10 + 2 * kiosk, kiosk), (11 + 2 * kiosk, kiosk)]);
    }
    let mut estate = pairs("2012", &pairs_seen);
    estate.servers.push(server("NEW", "2022", "Standard"));
    // all three people reach the new server at kiosk 0 only: one new Device CAL is enough
    let mut rows: Vec<_> = estate.accesses.rows().collect();
    rows.extend((0..3).map(|person| on(person, 0, 1)));
    estate.accesses = Accesses::of(rows);
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, USER), [("2012", 3, 0, 3, 0)]);
    assert_eq!(lines(&assessment, DEVICE), [("2012", 2, 0, 2, 0), ("2022", 1, 0, 1, 0)]);
}

/// Where as many users as devices could be raised it is the users, whoever has which name.
#[test]
fn users_are_raised_where_it_makes_no_difference() {
    // two people and two devices that need CALs of 2012 each for themselves, then 2022 by three pairs in a row: two CALs
    // are raised, and there are three ways
    for order in [[0, 1], [1, 0]] {
        for turned in [[0, 1], [1, 0]] {
            let mut estate = pairs("2012", &[(0, 0), (1, 1)]);
            estate.servers.push(server("NEW", "2022", "Standard"));
            let mut rows: Vec<_> = (0..2).map(|person| on(person, Accesses::NONE, 0)).collect();
            rows.extend((0..2).map(|device| on(Accesses::NONE, device, 0)));
            let path = [(0, 0), (0, 1), (1, 1)];
            rows.extend(path.map(|(person, device): (usize, usize)| on(order[person], turned[device], 1)));
            estate.accesses = Accesses::of(rows);
            let assessment = assessed(&estate);
            assert_eq!(lines(&assessment, USER), [("2022", 2, 0, 2, 0)], "{order:?} {turned:?}");
            assert_eq!(lines(&assessment, DEVICE), [("2012", 2, 0, 2, 0)], "{order:?} {turned:?}");
        }
    }
}

/// E.28: an unknown end forces the other one.
#[test]
fn an_unknown_end_forces_the_other() {
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 0)]);
    let mut rows: Vec<_> = estate.accesses.rows().collect();
    rows.push(on(1, Accesses::NONE, 0));
    estate.devices.push(Device { id: "printer".into(), ..Device::default() });
    rows.push(on(Accesses::NONE, 1, 0));
    estate.accesses = Accesses::of(rows);
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (1, 2));
    assert_eq!(assessment.people[1].licence, Licence::UserCal);
    assert!(assessment.people[1].reason.contains("E.28"));
    assert_eq!(assessment.people[0].licence, Licence::Devices);
    assert_eq!(assessment.devices[1].licence, Licence::DeviceCal);
}

/// E.6: a server needs none, the person behind it does, and no Device CAL on the server can help.
#[test]
fn a_server_as_client_needs_none_but_the_person_behind_it_does() {
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 0)]);
    estate.devices[0].server = true;
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (3, 0));
    estate.accesses = Accesses::of(vec![on(Accesses::NONE, 0, 0)]);
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (0, 0));
    assert_eq!(assessment.devices[0].licence, Licence::Exempt);
}

/// E.8, E.10, E.12.
#[test]
fn some_servers_are_accessed_without_cals() {
    for edition in ["Web", "Foundation", "Essentials", "Storage Server Standard", "Hyper-V Server", "HPC"] {
        let mut estate = pairs("2012 R2", &[(0, 0)]);
        estate.servers[0].edition = Some(edition.into());
        let assessment = assessed(&estate);
        assert_eq!(cals(&assessment), (0, 0), "{edition}");
        assert_eq!(assessment.people[0].licence, Licence::Exempt, "{edition}");
        // A.4: a Standard server beside it needs them
        estate.servers.push(server("S2", "2012 R2", "Standard"));
        estate.accesses = Accesses::of(vec![on(0, 0, 0), on(0, 0, 1)]);
        assert_eq!(cals(&assessed(&estate)), (1, 0), "{edition}");
    }
    // a 2025 host that only runs machines does not force 2025 CALs on the users of its 2019 guest
    let mut hyper_v = host("H", &[8, 8]);
    hyper_v.virtualization_only = true;
    let placed = |is_virtual, server| Server { host: Some("H".into()), is_virtual, ..server };
    let mut estate = Estate {
        hosts: vec![hyper_v],
        servers: vec![placed(false, server("H", "2025", "Standard")), placed(true, server("VM", "2019", "Standard"))],
        people: people(1),
        devices: devices(1),
        accesses: Accesses::of(vec![on(0, 0, 0), on(0, 0, 1)]),
        ..Estate::default()
    };
    assert_eq!(lines(&assessed(&estate), USER), [("2019", 1, 0, 1, 0)]);
    estate.hosts[0].virtualization_only = false;
    assert_eq!(lines(&assessed(&estate), USER), [("2025", 1, 0, 1, 0)]);
}

/// E.13: by default DHCP and DNS count in the highest number only.
#[test]
fn infrastructure_counts_as_the_policy_says() {
    let accesses = |person: u32| Access { flags: Accesses::INFRASTRUCTURE, ..on(Accesses::NONE, person, 0) };
    for (infra_roles, needed, warned) in
        [(InfraRoles::Strict, 4, false), (InfraRoles::Interval, 0, true), (InfraRoles::Ignore, 0, false)]
    {
        let estate = Estate {
            servers: vec![server("DHCP", "2022", "Standard")],
            devices: devices(4),
            accesses: Accesses::of((0..4).map(accesses).collect()),
            policy: Policy { infra_roles, ..Policy::default() },
            ..Estate::default()
        };
        let assessment = assessed(&estate);
        assert_eq!(cals(&assessment), (0, needed), "{infra_roles:?}");
        assert_eq!(warns(&assessment, &["between 0 and 4"]), warned, "{infra_roles:?}");
    }
}

/// Invariant 4: nobody known is never a person, and never silently nothing.
#[test]
fn unresolved_principals_widen_the_interval_only() {
    // 0 and 1 are people, 2 and 3 are accounts of nobody known; 2 sits at the kiosk that holds a CAL anyway
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 0), (3, 1)]);
    estate.people[2].unresolved = true;
    estate.people[3].unresolved = true;
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (0, 1));
    assert!(warns(&assessment, &["between 1 and 2"]), "{:?}", assessment.position.warnings);
    assert_eq!(assessment.people[3].licence, Licence::None);
    // an address nobody can name a machine for: the person is counted
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 0)]);
    estate.devices[0].unresolved = true;
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (3, 0));
    assert!(warns(&assessment, &["not matched with a machine: 1"]));
}

/// B.3, A.2, B.5.
#[test]
fn doubtful_servers_count_in_full_and_are_named() {
    let mut estate = pairs("2022", &[(0, 0)]);
    estate.servers[0].evaluation = true;
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (1, 0));
    assert!(warns(&assessment, &["evaluation", "B.3"]));
    estate.servers[0].edition = Some("SE".into());
    estate.servers[0].version = None;
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, USER), [("2025", 1, 0, 1, 0)]);
    assert!(warns(&assessment, &["edition", "catalogue"]) && warns(&assessment, &["unknown version"]));
}

/// A position is shown to those, too, who may not see who works where.
#[test]
fn warnings_count_people_and_addresses_without_naming_them() {
    let mut estate = pairs("2022", &[(0, 0), (1, 1)]);
    estate.people[0] = Person { id: "LAB\\jane".into(), external: true, ..Person::default() };
    estate.devices[1] = Device { id: "10.9.8.7".into(), unresolved: true, ..Device::default() };
    let assessment = assessed(&estate);
    assert!(warns(&assessment, &["external", "E.22"]) && warns(&assessment, &["addresses not matched", "E.28"]));
    assert!(!warns(&assessment, &["jane"]) && !warns(&assessment, &["10.9.8.7"]), "{assessment:?}");
}

/// Sums over versions and products stay far from the end of the integers.
#[test]
fn nobody_owns_more_than_can_be_counted() {
    let mut estate = pairs("2022", &[(0, 0)]);
    estate.entitlements = ["2016", "2019", "2025"].map(|version| owns(USER, version, u32::MAX.into())).into();
    let surplus: u64 = lines(&assessed(&estate), USER).iter().map(|line| line.4).sum();
    assert_eq!(surplus, 3 * u64::from(u32::MAX) - 1);
    estate.entitlements[0].quantity += 1;
    let refused = assess(&estate).unwrap_err().to_string();
    assert!(refused.contains("`windows-server-cal/user`") && refused.contains("correct the quantity"), "{refused}");
}

/// E(vi): no money appears before somebody gave prices.
#[test]
fn without_prices_the_fewest_and_no_money() {
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)]);
    for prices in [vec![], vec![price(USER, 100, 1)]] {
        estate.prices = prices;
        let assessment = assessed(&estate);
        assert_eq!(cals(&assessment), (1, 1));
        assert_eq!(assessment.position.optimum.cost_minor, 0);
        assert!(warns(&assessment, &["no price"]));
    }
}

#[test]
fn prices_without_a_currency_are_still_prices() {
    let mut estate = pairs("2022", &[(0, 0)]);
    estate.prices = vec![price(USER, 100, 1), price(DEVICE, 200, 1)];
    let assessment = assessed(&estate);
    let line = &assessment.position.lines[0];
    assert_eq!((line.sku.as_str(), line.cost_minor, line.currency.as_str()), (USER, 100, "XXX"));
    assert!(warns(&assessment, &["no currency"]));
}
