//! Clusters, licences by virtual machine and limits of editions, beside the worked examples of sections J.2 and J.3.

use crate::estates::*;
use caliper_licensing::{
    Accesses, CappedCounts, Channel, ClusterPeak, Estate, Host, LicensedBy, Policy, Server, assess, azure_machines,
    break_even_machines, catalogue::catalogue,
};

const STANDARD: &str = "windows-server/standard/core";
const DATACENTER: &str = "windows-server/datacenter/core";
const LICENCE: &str = "windows-server/standard/licence";
const BY_MACHINE: &str = "windows-server/standard/virtual-core";

/// A virtual machine.
fn machine(id: &str, version: &str, edition: &str) -> Server {
    Server { is_virtual: true, ..server(id, version, edition) }
}

/// Hosts of one cluster with machines that float in it, each on a host in turn.
fn cluster(version: &str, edition: &str, hosts: usize, processors: &[u32], machines: usize) -> Estate {
    let hosts: Vec<Host> =
        (0..hosts).map(|at| Host { cluster: Some("K".into()), ..host(&format!("H{at}"), processors) }).collect();
    let servers = (0..machines)
        .map(|at| Server {
            cluster: Some("K".into()),
            host: Some(hosts[at % hosts.len()].id.clone()),
            ..machine(&format!("VM{at:02}"), version, edition)
        })
        .collect();
    Estate { hosts, servers, currency: "USD".into(), ..Estate::default() }
}

/// (id, licences) of each host.
fn by_host(estate: &Estate) -> Vec<(String, u64)> {
    assessed(estate).hosts.into_iter().map(|host| (host.id, host.chosen.count)).collect()
}

/// C.12: machines a host must be ready for, by policy; four hosts with 12 machines, 3 on each.
#[test]
fn the_peak_of_a_host_follows_the_policy() {
    let sets = |machines: u64| machines.div_ceil(2) * 16;
    let mut estate = cluster("2022", "Standard", 4, &[8, 8], 12);
    for (policy, machines) in [
        // by default hosts share what ran on the one that fails: 3 + 1
        (None, 4),
        (Some(ClusterPeak::NPlusOne), 4),
        (Some(ClusterPeak::Observed), 3),
        (Some(ClusterPeak::WorstCase), 12),
    ] {
        estate.policy.cluster_peak = policy;
        let assessment = assessed(&estate);
        assert_eq!(needed(&assessment, STANDARD), 4 * sets(machines), "{policy:?}");
        // the worst case always stands beside it
        assert!(assessment.hosts[0].facts.iter().any(|fact| fact.contains("12 machines")), "{policy:?}");
        let readings: Vec<_> = assessment.position.readings.iter().map(|reading| reading.policy.as_str()).collect();
        if policy == Some(ClusterPeak::WorstCase) {
            assert!(readings.is_empty());
        } else {
            assert_eq!(readings, ["cluster_peak = \"worst-case\""], "{policy:?}");
            let line = &assessment.position.readings[0].lines[0];
            assert_eq!((line.needed, line.otherwise), (4 * sets(machines), 4 * sets(12)), "{policy:?}");
        }
    }
    // uneven: 7 on the first host, 5 on the second; each survivor takes a third of the largest other, rounded up
    estate.policy.cluster_peak = None;
    for (at, server) in estate.servers.iter_mut().enumerate() {
        server.host = Some(if at < 7 { "H0" } else { "H1" }.into());
    }
    let expected = [7 + 2, 5 + 3, 3, 3].map(sets);
    assert_eq!(by_host(&estate).into_iter().map(|host| host.1).collect::<Vec<_>>(), expected);
    // nobody says where they are: 12 shared by three survivors
    for server in &mut estate.servers {
        server.host = None;
    }
    assert_eq!(by_host(&estate).into_iter().map(|host| host.1).collect::<Vec<_>>(), [sets(4); 4]);
    // what was seen at once counts even if it is more
    estate.hosts[2].peak_virtual_machines = Some(9);
    assert_eq!(by_host(&estate)[2].1, sets(9));
    // seen nowhere is at least nothing, and says so
    estate.policy.cluster_peak = Some(ClusterPeak::Observed);
    assert!(warns(&assessed(&estate), &["least possible", "C.12", "H2"]));
}

/// C.13: what can never run on a host does not count there.
#[test]
fn affinity_limits_the_hosts_counted() {
    let mut estate = cluster("2022", "Standard", 4, &[8, 8], 2);
    estate.servers[0].may_run_on = vec!["H0".into(), "H1".into()];
    estate.servers[1].may_run_on = vec!["H1".into(), "H0".into(), "H1".into()];
    assert_eq!(by_host(&estate), [("H0".into(), 16), ("H1".into(), 16)]);
    // the newest version and the highest edition that may land on a host decide there
    estate.servers[0].version = Some(version("2025"));
    estate.servers[1].edition = Some("Datacenter".into());
    estate.servers[1].may_run_on = vec!["H1".into()];
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2025", 16, 0, 16, 0)]);
    assert_eq!(lines(&assessment, DATACENTER), [("2025", 16, 0, 16, 0)]);
}

/// Rows 39 to 43.
#[test]
fn licences_by_virtual_machine_give_the_published_numbers() {
    let table: &[(&str, &[u32], u64)] = &[
        ("39", &[4], 16), // source S34: the customer's minimum
        ("40", &[12], 16),
        ("41", &[12, 4], 20),
        ("42", &[4; 10], 80),
        ("43", &[2, 2], 16),
    ];
    for (row, machines, expected) in table {
        let servers = machines.iter().enumerate().map(|(at, &processors)| Server {
            licensed_by: LicensedBy::VirtualMachine,
            virtual_processors: Some(processors),
            ..machine(&format!("VM{at}"), "2022", "Standard")
        });
        let mut estate = Estate { servers: servers.collect(), ..Estate::default() };
        let assessment = assessed(&estate);
        assert_eq!(lines(&assessment, BY_MACHINE), [("2022", *expected, 0, *expected, 0)], "row {row}");
        assert_eq!(assessment.hosts.iter().map(|host| host.chosen.count).sum::<u64>(), *expected, "row {row}");
        assert!(warns(&assessment, &["CALs", "C.17"]), "row {row}");

        // C.14: only licences with Software Assurance serve them
        estate.entitlements = vec![owns(STANDARD, "2025", 100)];
        let without = assessed(&estate);
        assert_eq!(lines(&without, BY_MACHINE), [("2022", *expected, 0, *expected, 0)], "row {row}");
        assert!(
            without.position.violations.iter().any(|broken| broken.what.contains("Software Assurance")),
            "row {row}"
        );
        estate.entitlements[0].software_assurance_until = Some("2027-01-31".parse().unwrap());
        estate.as_of = "2026-11-21".parse().unwrap();
        let with = assessed(&estate);
        assert_eq!(lines(&with, BY_MACHINE), [("2022", *expected, *expected, 0, 0)], "row {row}");
        assert_eq!(lines(&with, STANDARD), [("2025", 0, 100 - expected, 0, 100 - expected)], "row {row}");
        assert!(with.position.violations.is_empty(), "row {row}");
    }
}

/// C.16, C.18.
#[test]
fn terms_of_licences_by_virtual_machine() {
    let mut estate = cluster("2022", "Standard", 2, &[8, 8], 2);
    estate.servers[0].licensed_by = LicensedBy::VirtualMachine;
    estate.servers[0].virtual_processors = Some(8);
    let mixed = assessed(&estate);
    assert_eq!(mixed.position.violations.len(), 2, "one for each host");
    assert!(mixed.position.violations[0].what.contains("C.18"));
    estate.policy.allow_mixed_host_vm = true;
    assert!(assessed(&estate).position.violations.is_empty());

    estate.hosts[0].farm = Some("Berlin".into());
    estate.hosts[1].farm = Some("Boston".into());
    assert!(warns(&assessed(&estate), &["farm", "C.16", "VM00"]));
    estate.hosts[1].farm = Some("Berlin".into());
    assert!(!warns(&assessed(&estate), &["C.16"]));
}

/// C.19: 24 cores, 3 machines of 4 virtual processors: Standard 48, Datacenter 24, by machine 24 cores.
#[test]
fn the_cheapest_of_three_ways_is_chosen() {
    let mut estate = cluster("2022", "Standard", 1, &[12, 12], 3);
    for server in &mut estate.servers {
        server.virtual_processors = Some(4);
    }
    // per 16 cores, sources S109; by machine with Software Assurance half as much again
    estate.prices = vec![price(STANDARD, 106_900, 16), price(DATACENTER, 615_500, 16), price(BY_MACHINE, 160_350, 16)];
    assert_eq!(needed(&assessed(&estate), STANDARD), 48, "by machine only if Software Assurance is there");
    estate.policy.per_virtual_machine = true;
    let assessment = assessed(&estate);
    // 24 x 100.22 against 48 x 66.82
    assert_eq!((needed(&assessment, STANDARD), needed(&assessment, BY_MACHINE)), (0, 24));
    assert_eq!(assessment.hosts.len(), 3);
    // Windows on the metal is nobody's virtual machine
    estate.hosts[0].windows = true;
    estate.hosts[0].virtualization_only = true;
    let assessment = assessed(&estate);
    assert_eq!((needed(&assessment, STANDARD), needed(&assessment, BY_MACHINE)), (48, 0));
    // owned cores under Software Assurance allow it, too
    estate.hosts[0].windows = false;
    estate.policy.per_virtual_machine = false;
    estate.as_of = "2026-11-21".parse().unwrap();
    estate.entitlements = vec![owns(STANDARD, "2022", 24)];
    estate.entitlements[0].channel = Channel::Subscription;
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, BY_MACHINE), [("2022", 24, 24, 0, 0)]);
    // and are not there a second time
    assert!(assessment.position.lines.iter().all(|line| line.surplus == 0));
}

/// C.14, C.15: a machine of Datacenter on 32 cores by itself takes 16, the least of all machines together, but cores of Standard
/// do not serve it, whatever they allow.
#[test]
fn only_cores_of_its_edition_serve_a_machine() {
    const DATACENTER_BY_MACHINE: &str = "windows-server/datacenter/virtual-core";
    let mut estate = cluster("2022", "Datacenter", 1, &[16, 16], 1);
    estate.servers[0].virtual_processors = Some(4);
    estate.prices = vec![price(DATACENTER, 615_500, 16), price(DATACENTER_BY_MACHINE, 923_250, 16)];
    estate.as_of = "2026-11-21".parse().unwrap();
    for (owned, quantity, by_host, by_machine) in
        [(STANDARD, 24, 32, 0), (DATACENTER, 15, 32, 0), (DATACENTER, 16, 0, 16), (DATACENTER, 24, 0, 16)]
    {
        estate.entitlements = vec![owns(owned, "2022", quantity)];
        estate.entitlements[0].channel = Channel::Subscription;
        let assessment = assessed(&estate);
        let found = (needed(&assessment, DATACENTER), needed(&assessment, DATACENTER_BY_MACHINE));
        assert_eq!(found, (by_host, by_machine), "{quantity} {owned}");
        // 8 for the machine and 8 for the minimum, both of what is owned
        if by_machine > 0 {
            let servers = assessment.position.servers.as_ref().unwrap();
            assert_eq!((servers.cost_minor, servers.proven), (0, true), "{quantity} {owned}");
        }
    }
}

/// C.20; with prices in rows 27 to 30 and T5.
/// C.14: all machines licensed by themselves need 16 cores together, at least 8 each. Hosts of 16 cores at 6 cost 96, a core by
/// machine 10.
#[test]
fn the_minimum_of_all_machines_is_weighed() {
    const BY_HOST: &str = "windows-server/standard/core";
    const BY_MACHINE: &str = "windows-server/standard/virtual-core";
    // virtual processors of the machine on each host, another in any case by itself, cores by host and by machine
    type Row = (&'static [u32], Option<u32>, u64, u64);
    let table: [Row; 7] = [
        // 8 cores are 80, but 16 must be bought: 160 against 96
        (&[4], None, 16, 0),
        // two machines: 160 against 192
        (&[4, 8], None, 0, 16),
        // the second by itself is dearer by machine, 100 against 96; both together are 180 against 192
        (&[4, 10], None, 0, 18),
        // 12 cores are 120 against 96: with the first 200 against 192
        (&[4, 12], None, 32, 0),
        // enough are licensed by machine in any case: 80 against 96
        (&[4], Some(16), 0, 24),
        // 8 in any case lack 8, which the second brings for nothing: 160 in all
        (&[12, 4], Some(8), 16, 16),
        // 15 cores are 150: with 8 in any case they save the 80 of the minimum and the 96 of the host
        (&[15], Some(8), 0, 23),
    ];
    for (machines, in_any_case, by_host, by_machine) in table {
        let mut estate = Estate {
            currency: "USD".into(),
            prices: vec![price(BY_HOST, 6, 1), price(BY_MACHINE, 10, 1)],
            policy: Policy { per_virtual_machine: true, ..Policy::default() },
            ..Estate::default()
        };
        for (at, &cores) in machines.iter().enumerate() {
            let id = format!("H{at}");
            estate.hosts.push(host(&id, &[8, 8]));
            estate.servers.push(Server {
                host: Some(id),
                virtual_processors: Some(cores),
                ..machine(&format!("V{at}"), "2022", "Standard")
            });
        }
        estate.servers.extend(in_any_case.map(|cores| Server {
            licensed_by: LicensedBy::VirtualMachine,
            virtual_processors: Some(cores),
            ..machine("ALONE", "2022", "Standard")
        }));
        let assessment = assessed(&estate);
        let found = (needed(&assessment, BY_HOST), needed(&assessment, BY_MACHINE));
        assert_eq!(found, (by_host, by_machine), "{machines:?} {in_any_case:?}");
    }
}

#[test]
fn without_prices_there_is_no_break_even() {
    assert_eq!(break_even_machines(&Estate::default(), catalogue()), None);
    let free = Estate { prices: vec![price(STANDARD, 0, 16), price(DATACENTER, 1, 16)], ..Estate::default() };
    assert_eq!(break_even_machines(&free, catalogue()), None);
}

/// C.5: contested, so both numbers stand there.
#[test]
fn disabled_cores_count_by_policy() {
    let mut estate = cluster("2022", "Datacenter", 1, &[10, 10], 1);
    estate.hosts[0].fitted = vec![16, 16];
    let cautious = assessed(&estate);
    assert_eq!(needed(&cautious, DATACENTER), 32);
    assert!(cautious.hosts[0].facts.iter().any(|fact| fact.contains("32 cores are fitted and 20 enabled")));
    let reading = &cautious.position.readings[0];
    assert_eq!(reading.policy, "disabled_cores_count = false");
    assert_eq!((reading.lines[0].needed, reading.lines[0].otherwise), (32, 20));
    estate.policy.disabled_cores_count = false;
    assert_eq!(needed(&assessed(&estate), DATACENTER), 20);
}

/// C.9, C.10, C.22, E.11: what needs no licence of its own, and what counts like a machine.
#[test]
fn what_counts_like_a_machine() {
    let mut estate = cluster("2022", "Standard", 1, &[8, 8], 2);
    assert_eq!(needed(&assessed(&estate), STANDARD), 16);
    estate.hosts[0].isolated_containers = 2;
    assert_eq!(needed(&assessed(&estate), STANDARD), 32, "C.10");
    estate.hosts[0].isolated_containers = 0;
    for paid in [LicensedBy::Azure, LicensedBy::PayAsYouGo, LicensedBy::Provider] {
        let mut estate = estate.clone();
        estate.servers.iter_mut().for_each(|server| server.licensed_by = paid);
        assert_eq!(needed(&assessed(&estate), STANDARD), 0, "{paid:?}");
    }
}

/// Row 102, source S149; C.21.
#[test]
fn azure_hybrid_benefit_counts_eight_cores_per_machine() {
    assert_eq!(azure_machines(catalogue(), 160), 20);
    let in_azure = |count: usize, processors| -> Vec<Server> {
        let one = |at| Server {
            licensed_by: LicensedBy::AzureHybridBenefit,
            virtual_processors: Some(processors),
            ..machine(&format!("AZ{at:02}"), "2022", "Standard")
        };
        (0..count).map(one).collect()
    };
    let assured = |sku: &str, quantity| {
        let mut owned = owns(sku, "2022", quantity);
        owned.software_assurance_until = Some("2027-01-31".parse().unwrap());
        owned
    };
    for (machines, processors, sku, short) in [
        (20, 8, DATACENTER, 0),
        (21, 4, DATACENTER, 8),
        (10, 16, DATACENTER, 0),
        (20, 8, STANDARD, 0),
        (21, 8, STANDARD, 8),
    ] {
        let estate = Estate {
            as_of: "2026-11-21".parse().unwrap(),
            servers: in_azure(machines, processors),
            entitlements: vec![assured(sku, 160)],
            ..Estate::default()
        };
        let assessment = assessed(&estate);
        let missing: u64 = assessment.position.lines.iter().map(|line| line.short).sum();
        assert_eq!(missing, short, "{machines} machines of {processors}, {sku}");
    }
    // Datacenter serves a host and Azure at once, Standard one or the other
    for (sku, edition, short) in [(DATACENTER, "Datacenter", 0), (STANDARD, "Standard", 16)] {
        let mut estate = cluster("2022", edition, 1, &[8, 8], 1);
        estate.as_of = "2026-11-21".parse().unwrap();
        estate.servers.extend(in_azure(2, 8));
        estate.entitlements = vec![assured(sku, 16)];
        assert_eq!(assessed(&estate).position.lines.iter().map(|line| line.short).sum::<u64>(), short, "{edition}");
    }
}

/// C.23.
#[test]
fn resting_instances_are_free_under_software_assurance_alone() {
    let mut estate = cluster("2022", "Standard", 2, &[8, 8], 2);
    estate.as_of = "2026-11-21".parse().unwrap();
    for server in &mut estate.servers {
        server.cluster = None;
    }
    estate.hosts.iter_mut().for_each(|host| host.cluster = None);
    estate.servers[1].disaster_recovery = true;
    let assessment = assessed(&estate);
    assert_eq!(needed(&assessment, STANDARD), 32, "nothing owned has Software Assurance");
    assert!(warns(&assessment, &["C.23", "VM01"]));
    estate.entitlements = vec![owns(STANDARD, "2022", 16)];
    estate.entitlements[0].software_assurance_until = Some("2026-11-21".parse().unwrap());
    assert_eq!(needed(&assessed(&estate), STANDARD), 16);
    // on a host of production it is an instance like any other
    estate.servers[1].host = Some("H0".into());
    let assessment = assessed(&estate);
    assert_eq!(needed(&assessment, STANDARD), 16);
    assert!(assessment.position.violations[0].what.contains("C.23"));
}

/// C.23: of more resting instances than production has, those are free without which the hosts cost least. `A` of 16 cores has one,
/// `B` of 32 two in one set: without one of these it takes 32 all the same.
#[test]
fn the_resting_instances_that_save_most_are_free() {
    let resting = |id: &str, host: &str| Server {
        host: Some(host.into()),
        disaster_recovery: true,
        ..machine(id, "2022", "Standard")
    };
    let mut estate = Estate {
        as_of: "2026-11-21".parse().unwrap(),
        hosts: vec![host("A", &[8, 8]), host("B", &[16, 16]), host("P", &[8, 8])],
        servers: vec![resting("RA", "A"), resting("RB1", "B"), resting("RB2", "B")],
        entitlements: vec![owns("windows-server/standard/core", "2025", 1)],
        ..Estate::default()
    };
    estate.entitlements[0].channel = Channel::Subscription;
    let machines = |estate: &mut Estate, count: u32| {
        estate.servers.truncate(3);
        for at in 0..count {
            let id = format!("P{at}");
            estate.servers.push(Server { host: Some("P".into()), ..machine(&id, "2022", "Standard") });
        }
    };
    // in production, what P, A and B need then
    for (production, expected) in [(1, 16 + 32), (2, 16 + 16), (3, 32)] {
        machines(&mut estate, production);
        let assessment = assessed(&estate);
        assert_eq!(needed(&assessment, STANDARD), expected, "{production}");
        assert_eq!(warns(&assessment, &["more than there are in production", "C.23"]), production < 3);
    }
    // by money: Datacenter on B costs 32 x 1, Standard on A 16 x 9
    estate.prices = vec![price(STANDARD, 9, 1), price(DATACENTER, 1, 1)];
    estate.hosts[0].processors = vec![8; 5];
    machines(&mut estate, 1);
    // A 40 cores against B 32: one on A is free
    assert_eq!(needed(&assessed(&estate), DATACENTER), 16 + 32);
    // Windows on the metal whose version only the resting instance tells: without it, it would be the newest
    estate.hosts.remove(1);
    estate.servers = vec![resting("RA", "A")];
    estate.servers[0].version = Some(version("2012 R2"));
    machines_of_metal(&mut estate);
    let assessment = assessed(&estate);
    assert!(warns(&assessment, &["without them their host would cost more", "B.5", "C.23", "RA"]));
    assert_eq!(needed(&assessment, LICENCE), 3);
}

/// Windows on the metal of `A`, one machine in production, and a price of 2012 R2 below those by core.
fn machines_of_metal(estate: &mut Estate) {
    estate.hosts[0].windows = true;
    estate.prices.push(price(LICENCE, 1, 1));
    estate.servers.push(Server { host: Some("P".into()), ..machine("P0", "2022", "Standard") });
}

/// C.23, E.29: at list price the one of Datacenter is free, 16 x 100 against 16 x 20; who owns Datacenter licences of 2019, which cannot
/// run 2022, pays nothing if the other one is.
#[test]
fn the_resting_instances_that_are_free_depend_on_what_is_owned() {
    let on = |id: &str, host: &str, version: &str, edition: &str| Server {
        host: Some(host.into()),
        ..machine(id, version, edition)
    };
    let resting = |server: Server| Server { disaster_recovery: true, ..server };
    let mut estate = Estate {
        as_of: "2026-11-21".parse().unwrap(),
        currency: "EUR".into(),
        hosts: vec![host("A", &[8, 8]), host("B", &[8, 8]), host("P", &[8, 8])],
        servers: vec![
            resting(on("RA", "A", "2022", "Standard")),
            resting(on("RB", "B", "2019", "Datacenter")),
            on("P0", "P", "2022", "Standard"),
        ],
        entitlements: vec![owns(STANDARD, "2022", 16)],
        prices: vec![price(STANDARD, 20, 1), price(DATACENTER, 100, 1)],
        ..Estate::default()
    };
    estate.entitlements[0].software_assurance_until = Some("2026-12-31".parse().unwrap());
    let list = assessed(&estate);
    assert_eq!((needed(&list, STANDARD), needed(&list, DATACENTER)), (32, 0));
    estate.entitlements.push(owns(DATACENTER, "2019", 16));
    let owning = assessed(&estate);
    assert_eq!((needed(&owning, STANDARD), needed(&owning, DATACENTER)), (16, 16));
    let short: u64 = owning.position.lines.iter().map(|line| line.cost_minor).sum();
    assert_eq!(short, 0);
    assert!(warns(&owning, &["by the prices given and what is owned", "C.23", "RB"]));
    let servers = owning.position.servers.as_ref().unwrap();
    assert_eq!((servers.cost_minor, servers.proven), (0, true));
    // other names change no number
    estate.servers[0].id = "ZA".into();
    estate.servers.reverse();
    let renamed = assessed(&estate);
    assert_eq!((needed(&renamed, STANDARD), needed(&renamed, DATACENTER)), (16, 16));
}

/// C.24, C.25.
#[test]
fn oem_licences_stay_and_processor_licences_become_cores() {
    let mut estate = cluster("2022", "Standard", 2, &[8, 8], 2);
    for server in &mut estate.servers {
        server.cluster = None;
    }
    let mut oem = owns(STANDARD, "2022", 40);
    oem.channel = Channel::Oem;
    oem.assigned_to = vec!["H0".into()];
    estate.entitlements = vec![oem];
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2022", 32, 16, 16, 0)]);
    let back = &assessment.position.reclaim[0];
    assert_eq!((back.quantity, back.from.as_str()), (24, "H0"));

    let mut granted = owns(LICENCE, "2012 R2", 3);
    granted.software_assurance_until = Some("2027-01-31".parse().unwrap());
    estate.as_of = "2026-11-21".parse().unwrap();
    estate.entitlements = vec![granted];
    let assessment = assessed(&estate);
    // two of the three are worth 16 cores each, the third stays what it is
    assert_eq!(lines(&assessment, STANDARD), [("2022", 32, 32, 0, 0)]);
    assert_eq!(lines(&assessment, LICENCE), [("2025", 0, 1, 0, 1)]);
    assert!(warns(&assessment, &["C.25"]));
    estate.entitlements[0].software_assurance_until = None;
    assert_eq!(lines(&assessed(&estate), STANDARD), [("2022", 32, 0, 32, 0)]);
}

/// One server of an edition with limits, used by so many people from so many devices.
fn capped(version: &str, edition: &str, processors: &[u32], people: usize, devices: usize) -> Estate {
    let mut estate = Estate {
        hosts: vec![Host { windows: true, ..host("S", processors) }],
        servers: vec![Server { host: Some("S".into()), ..server("S", version, edition) }],
        people: self::people(people),
        devices: self::devices(devices),
        ..Estate::default()
    };
    let most = people.max(devices) as u32;
    let rows = (0..most).map(|at| on(at % people as u32, at % devices as u32, 0));
    estate.accesses = Accesses::of(rows.collect());
    estate
}

#[test]
fn limits_of_editions_are_those_published() {
    let table = [
        // A.4, source S32: two processors
        ("A.4", "2022", "Essentials", &[10][..], 5, 5, 0),
        ("A.4", "2019", "Essentials", &[16, 16], 25, 50, 0),
        ("A.4", "2019", "Essentials", &[4, 4, 4], 25, 50, 1),
        // A.1, source S22
        ("A.1", "2008 R2", "SBS Standard", &[4], 75, 75, 0),
        ("A.1", "2008 R2", "SBS Standard", &[4], 76, 75, 1),
    ];
    for (row, version, edition, processors, people, devices, expected) in table {
        let assessment = assessed(&capped(version, edition, processors, people, devices));
        let broken = &assessment.position.violations;
        assert_eq!(broken.len(), expected, "row {row}: {broken:?}");
        if edition == "Essentials" {
            assert_eq!(cals(&assessment), (0, 0), "row {row}: E.12");
        }
    }
    // accounts of the directory count, unless people are to be counted
    let mut estate = capped("2012 R2", "Foundation", &[4], 15, 15);
    estate.enabled_accounts = Some(16);
    assert_eq!(assessed(&estate).position.violations.len(), 1);
    estate.policy.capped_edition_counts = CappedCounts::People;
    assert!(assessed(&estate).position.violations.is_empty());
    // Foundation never runs in a virtual machine
    estate.servers[0].is_virtual = true;
    estate.servers[0].host = Some("H".into());
    estate.hosts[0].id = "H".into();
    assert_eq!(assessed(&estate).position.violations.len(), 1);
}

/// B.4: asked, never decided.
#[test]
fn a_small_standard_may_be_essentials() {
    for (version, processors, asked) in [
        ("2022", &[10][..], true),
        ("2025", &[8], true),
        ("2022", &[12], false),
        ("2022", &[4, 4], false),
        ("2019", &[8], false),
    ] {
        let assessment = assessed(&capped(version, "Standard", processors, 1, 1));
        assert_eq!(needed(&assessment, STANDARD), 16, "{version}");
        let asks = assessment.position.to_do.iter().any(|to_do| to_do.rules.iter().any(|rule| rule == "B.4"));
        assert_eq!(asks, asked, "{version} {processors:?}");
    }
}

/// A.1: releases between the long-term ones need Software Assurance.
#[test]
fn releases_of_the_channels_need_software_assurance() {
    let mut estate = cluster("2019", "Standard", 1, &[8, 8], 1);
    estate.as_of = "2026-11-21".parse().unwrap();
    estate.servers[0].release = Some("SAC 1809".into());
    assert_eq!(assessed(&estate).position.violations[0].of, "VM00");
    estate.entitlements = vec![owns(STANDARD, "2019", 16)];
    assert_eq!(assessed(&estate).position.violations.len(), 1);
    estate.entitlements[0].software_assurance_until = Some("2027-01-31".parse().unwrap());
    assert!(assessed(&estate).position.violations.is_empty());
    estate.servers[0].release = Some("SAC 1804".into());
    assert!(assess(&estate).unwrap_err().to_string().contains("release"));
}

/// What makes an estate wrong.
type Change<'a> = &'a dyn Fn(&mut Estate);

/// What contradicts itself is refused by name; the place stands in the error.
#[test]
fn contradictions_are_refused_by_name() {
    let change: [(Change<'_>, &str); 9] = [
        (&|estate| estate.servers[0].may_run_on = vec!["H9".into()], "`may_run_on` of server `VM00` names host `H9`"),
        (&|estate| estate.servers[0].cluster = Some("L".into()), "`cluster` of server `VM00` names cluster `L`"),
        (&|estate| estate.servers[0].cluster = Some(String::new()), "`cluster` of server `VM00`"),
        (&|estate| estate.hosts[0].cluster = Some(String::new()), "`cluster` of host `H0`"),
        (&|estate| estate.servers[0].may_run_on = vec!["H1".into()], "`host` of server `VM00`: `H0`"),
        (&|estate| estate.servers[0].host = Some("X".into()), "`host` of server `VM00`"),
        (&|estate| estate.hosts[1].fitted = vec![1], "host `H1`: its `fitted`"),
        (
            &|estate| {
                estate.servers[0].licensed_by = LicensedBy::VirtualMachine;
                estate.servers[0].is_virtual = false;
            },
            "`licensed_by` of server `VM00`",
        ),
        (
            // a machine whose host is a machine on it
            &|estate| {
                estate.hosts.extend([host("A", &[]), host("B", &[])]);
                let on = |id: &str, host: &str| Server { host: Some(host.into()), ..machine(id, "2022", "Standard") };
                estate.servers.extend([on("A", "B"), on("B", "A")]);
            },
            "it runs on itself",
        ),
    ];
    for (change, words) in change {
        let mut estate = cluster("2022", "Standard", 2, &[8, 8], 1);
        estate.hosts.push(host("X", &[8, 8]));
        change(&mut estate);
        let error = assess(&estate).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    // a machine on a machine counts on the metal
    let mut nested = cluster("2022", "Standard", 1, &[8, 8], 1);
    nested.hosts.push(host("VM00", &[2]));
    nested.servers.push(Server { host: Some("VM00".into()), ..machine("inner", "2022", "Standard") });
    nested.servers.push(Server { host: Some("VM00".into()), ..machine("inner2", "2022", "Standard") });
    assert_eq!(by_host(&nested), [("H0".into(), 32)]);
}

/// Never a panic, never a wrapped number.
#[test]
fn numbers_without_end_are_refused() {
    let mut estate = cluster("2022", "Standard", 1, &[u32::MAX; 64], 1);
    estate.hosts[0].peak_virtual_machines = Some(u32::MAX);
    estate.hosts[0].isolated_containers = u32::MAX;
    assert!(assess(&estate).unwrap_err().to_string().contains("more than can be counted"));
    estate.hosts[0].processors = vec![8; 2];
    let count = (2 * u64::from(u32::MAX)).div_ceil(2) * 16;
    assert_eq!(needed(&assessed(&estate), STANDARD), count);
    estate.prices = vec![price(STANDARD, u64::MAX, 1), price(DATACENTER, u64::MAX, 1)];
    assert!(assess(&estate).is_err());
}

/// C.12 with thousands of hosts, and a hundred thousand servers on one host: seconds if the work grows with the square.
#[test]
fn large_estates_are_counted() {
    let mut estate = cluster("2022", "Standard", 2_000, &[8, 8], 40_000);
    for server in estate.servers.iter_mut().step_by(7) {
        server.virtual_processors = Some(4);
    }
    estate.policy = Policy { per_virtual_machine: true, ..Policy::default() };
    estate.prices = vec![price(STANDARD, 106_900, 16), price(DATACENTER, 615_500, 16), price(BY_MACHINE, 99, 1)];
    estate.entitlements = vec![owns(DATACENTER, "2022", 4_000_000)];
    // 20 on each, and one more if a host fails; Datacenter is cheaper from 11 on
    assert_eq!(needed(&assessed(&estate), DATACENTER), 2_000 * 16);
    let mut crowded = cluster("2022", "Standard", 1, &[8, 8], 100_000);
    crowded.servers.iter_mut().for_each(|server| server.cluster = None);
    assert_eq!(needed(&assessed(&crowded), STANDARD), 50_000 * 16);
}
