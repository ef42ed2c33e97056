//! Management licences of System Center for servers and suites with Windows Server: rules G.7 and G.8. The numbers are worked
//! out by hand in the comments, from the rules of Windows Server that G.7 mirrors.

use crate::estates::*;
use caliper_licensing::{Accesses, Device, Estate, Host, LicensedBy, Server, assess};
use proptest::prelude::*;

const STANDARD: &str = "system-center/standard/core";
const DATACENTER: &str = "system-center/datacenter/core";
const STANDARD_2012: &str = "system-center/standard/licence";
const DATACENTER_2012: &str = "system-center/datacenter/licence";
const BY_MACHINE: &str = "system-center/standard/virtual-core";

/// A host with so many managed virtual machines of 2019 on it, and none on the metal.
fn managed(processors: &[u32], machines: u32) -> Estate {
    let server = |at: u32| Server {
        is_virtual: true,
        managed: true,
        host: Some("H".into()),
        ..server(&format!("VM{at:02}"), "2019", "Standard")
    };
    Estate {
        currency: "USD".into(),
        hosts: vec![host("H", processors)],
        servers: (0..machines).map(server).collect(),
        system_center: Some(version("2019")),
        ..Estate::default()
    }
}

fn in_version(name: &str, mut estate: Estate) -> Estate {
    estate.system_center = Some(version(name));
    estate
}

/// Prices in which Standard is always the cheaper edition, or Datacenter.
fn priced(mut estate: Estate, standard: u64, datacenter: u64) -> Estate {
    for (sku, minor) in
        [(STANDARD, standard), (DATACENTER, datacenter), (STANDARD_2012, standard), (DATACENTER_2012, datacenter)]
    {
        estate.prices.push(price(sku, minor, 1));
    }
    estate
}

#[test]
fn management_licences_mirror_windows_server() {
    // version, processors, machines, sku of Standard, how many
    type Row = (&'static str, &'static [u32], u32, &'static str, u64);
    let table: [Row; 8] = [
        // two sockets of 10: 20 cores, two machines per set
        ("2019", &[10, 10], 2, STANDARD, 20),
        // five machines: three sets of 20
        ("2022", &[10, 10], 5, STANDARD, 60),
        // 8 per processor: four of 4 cores are 32
        ("2016", &[4, 4, 4, 4], 1, STANDARD, 32),
        // 16 per server
        ("2025", &[6], 2, STANDARD, 16),
        // 2012: two processors or two systems a licence, whichever asks for more
        ("2012", &[8, 8, 8, 8], 2, STANDARD_2012, 2),
        ("2012 R2", &[8, 8], 5, STANDARD_2012, 3),
        ("2012", &[8], 1, STANDARD_2012, 1),
        ("2012 R2", &[8, 8, 8], 4, STANDARD_2012, 2),
    ];
    for (version, processors, machines, sku, expected) in table {
        let estate = priced(in_version(version, managed(processors, machines)), 1, 1_000);
        let assessment = assessed(&estate);
        assert_eq!(needed(&assessment, sku), expected, "{version} {processors:?} {machines}");
        let line = assessment.position.lines.iter().find(|line| line.sku == sku).unwrap();
        assert!(line.rules.contains(&"G.7".to_owned()) && line.version == version, "{line:?}");
        // Datacenter: once for any number
        let assessment = assessed(&priced(in_version(version, managed(processors, machines)), 1_000, 1));
        let (sku, expected) = if version.starts_with("2012") {
            (DATACENTER_2012, (processors.len() as u64).div_ceil(2))
        } else {
            (DATACENTER, processors.iter().map(|&cores| u64::from(cores.max(8))).sum::<u64>().max(16))
        };
        assert_eq!(needed(&assessment, sku), expected, "Datacenter, {version} {processors:?}");
    }
}

#[test]
fn every_managed_operating_system_counts_and_no_other() {
    let mut estate = priced(managed(&[8, 8], 2), 1, 1_000);
    let sets = |estate: &Estate| needed(&assessed(estate), STANDARD) / 16;
    assert_eq!(sets(&estate), 1);
    // one that is not managed
    estate.servers.push(Server { is_virtual: true, host: Some("H".into()), ..server("FREE", "2019", "Standard") });
    assert_eq!((sets(&estate), needed(&assessed(&estate), "windows-server/standard/core")), (1, 32));
    // machines with other operating systems: 2 + 3 = 5, three sets, and Windows Server needs none for them
    estate.hosts[0].managed_machines = 3;
    assert_eq!((sets(&estate), needed(&assessed(&estate), "windows-server/standard/core")), (3, 32));
    // the metal, too: 6, still three sets
    estate.hosts[0].managed = true;
    assert_eq!(sets(&estate), 3);
    estate.hosts[0].managed_machines = 4;
    assert_eq!(sets(&estate), 4);
    // C.7, which G.7 mirrors: a metal that only runs virtual machines uses no right
    estate.hosts[0].virtualization_only = true;
    assert_eq!(sets(&estate), 3);
    // whatever the edition, an evaluation copy, or one that is licensed elsewhere
    for (at, change) in [
        |server: &mut Server| server.edition = Some("Web".into()),
        |server: &mut Server| server.evaluation = true,
        |server: &mut Server| server.licensed_by = LicensedBy::PayAsYouGo,
    ]
    .iter()
    .enumerate()
    {
        change(&mut estate.servers[at.min(1)]);
        assert_eq!(sets(&estate), 3);
    }
    // a Linux server of its own
    let linux = Estate { hosts: vec![Host { managed: true, ..host("L", &[12, 12]) }], ..managed(&[], 0) };
    assert_eq!(needed(&assessed(&linux), STANDARD), 24);
    // nothing managed, nothing needed
    assert!(assessed(&managed(&[8, 8], 0)).position.lines.is_empty());
}

#[test]
fn what_is_not_known_is_the_newest_and_the_least_and_says_so() {
    let mut estate = managed(&[], 1);
    estate.system_center = None;
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2025", 16, 0, 16, 0)]);
    assert!(warns(&assessment, &["version of System Center", "2025", "B.5", "system_center"]));
    assert!(warns(&assessment, &["managed operating systems", "G.7", "H"]));
    // one server may have a manager of its own
    estate.servers[0].products.insert("system-center".into(), version("2016"));
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2016", 16, 0, 16, 0)]);
    assert!(!warns(&assessment, &["version of System Center"]));
    assert!(!warns(&assessment, &["system-center", "does not know"]));
    estate.servers[0].host = None;
    let assessment = assessed(&estate);
    assert_eq!(needed(&assessment, STANDARD), 0);
    assert!(warns(&assessment, &["1 managed server", "unknown host", "G.7", "VM00"]));
    for (wrong, place) in [(Some("2014"), "`system_center`"), (None, "`system-center` in `products` of server `VM00`")]
    {
        let mut estate = managed(&[8], 1);
        match wrong {
            Some(name) => estate.system_center = Some(version(name)),
            None => drop(estate.servers[0].products.insert("system-center".into(), version("2008"))),
        }
        let error = assess(&estate).unwrap_err().to_string();
        assert!(error.starts_with(place) && error.ends_with("2022 or 2025"), "{error}");
    }
}

#[test]
fn virtual_machines_may_be_managed_by_themselves() {
    // C.14 mirrored: 12 and 4 virtual processors are 12 + 8 = 20 cores; the host of 64 needs 64
    let mut estate = managed(&[32, 32], 2);
    for (server, cores) in estate.servers.iter_mut().zip([12, 4]) {
        server.virtual_processors = Some(cores);
    }
    estate = priced(estate, 10, 100);
    estate.prices.push(price(BY_MACHINE, 12, 1));
    assert_eq!((needed(&assessed(&estate), STANDARD), needed(&assessed(&estate), BY_MACHINE)), (64, 0));
    estate.policy.per_virtual_machine = true;
    // 20 × 12 = 240 against 64 × 10
    assert_eq!((needed(&assessed(&estate), STANDARD), needed(&assessed(&estate), BY_MACHINE)), (0, 20));
    // dearer by machine: 20 × 40 against 640
    estate.prices.last_mut().unwrap().minor = 40;
    assert_eq!((needed(&assessed(&estate), STANDARD), needed(&assessed(&estate), BY_MACHINE)), (64, 0));
    // in Azure there is no host to license, and the customer's minimum is 16
    let mut azure = managed(&[], 1);
    azure.servers[0] =
        Server { licensed_by: LicensedBy::Azure, host: None, virtual_processors: Some(4), ..azure.servers[0].clone() };
    assert_eq!(needed(&assessed(&azure), BY_MACHINE), 16);
}

/// C.12: three hosts, six machines, two on each; one host fails and the others take one each: 3 machines, two sets.
#[test]
fn clusters_are_ready_for_their_peak() {
    let mut estate = priced(managed(&[8, 8], 6), 1, 1_000);
    estate.hosts = ["A", "B", "C"].map(|id| Host { cluster: Some("K".into()), ..host(id, &[8, 8]) }).into();
    for (at, server) in estate.servers.iter_mut().enumerate() {
        server.cluster = Some("K".into());
        server.host = Some(["A", "B", "C"][at % 3].into());
    }
    let assessment = assessed(&estate);
    assert_eq!(needed(&assessment, STANDARD), 3 * 2 * 16);
    // and the worst case stands beside it: six machines on each host, three sets
    let reading = &assessment.position.readings[0];
    let line = reading.lines.iter().find(|line| line.sku == STANDARD).unwrap();
    assert_eq!((line.needed, line.otherwise), (96, 3 * 3 * 16));
}

#[test]
fn owned_licences_are_set_against_the_need() {
    let mut estate = priced(managed(&[8, 8], 4), 10, 100);
    estate.entitlements = vec![owns(STANDARD, "2022", 20), owns(STANDARD_2012, "2012", 3)];
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2019", 32, 20, 12, 0)]);
    assert_eq!(lines(&assessment, STANDARD_2012), [("2012", 0, 3, 0, 3)]);
    assert!(!warns(&assessment, &["not assessed"]));
    // C.25 mirrored: with Software Assurance two-processor licences are 16 cores each; one of them is enough
    estate.as_of = "2026-06-30".parse().unwrap();
    estate.entitlements[1].software_assurance_until = Some("2027-01-01".parse().unwrap());
    assert_eq!(lines(&assessed(&estate), STANDARD), [("2019", 32, 36, 0, 4)]);
    // idle Datacenter licences manage what Standard lacks: 16 cores cover all four machines
    estate.entitlements = vec![owns(DATACENTER, "2019", 16)];
    let assessment = assessed(&estate);
    assert_eq!((lines(&assessment, DATACENTER), needed(&assessment, STANDARD)), (vec![("2019", 16, 16, 0, 0)], 0));
}

const SUITE: &str = "core-infrastructure-suite/standard/core";
const SUITE_DATACENTER: &str = "core-infrastructure-suite/datacenter/core";
const WINDOWS: &str = "windows-server/standard/core";

/// Two hosts of 16 cores: `RUN` has two machines, `BOTH` two that are managed as well.
fn two_hosts() -> Estate {
    let mut estate = priced(managed(&[8, 8], 2), 10, 100);
    estate.hosts[0].id = "BOTH".into();
    estate.hosts.push(host("RUN", &[8, 8]));
    for server in &mut estate.servers {
        server.host = Some("BOTH".into());
    }
    for at in 0..2 {
        estate.servers.push(Server {
            is_virtual: true,
            host: Some("RUN".into()),
            ..server(&format!("R{at}"), "2019", "Standard")
        });
    }
    estate.prices.extend([price(WINDOWS, 20, 1), price("windows-server/datacenter/core", 200, 1)]);
    estate
}

/// (needed, owned, short, surplus) over all versions.
fn numbers(assessment: &caliper_licensing::Assessment, sku: &str) -> (u64, u64, u64, u64) {
    lines(assessment, sku)
        .iter()
        .fold((0, 0, 0, 0), |sum, line| (sum.0 + line.1, sum.1 + line.2, sum.2 + line.3, sum.3 + line.4))
}

/// G.8: a suite on a host is both licences there, and neither elsewhere.
#[test]
fn suites_cover_both_products_on_the_same_host() {
    // (suites of 2022, Windows Server owned, System Center owned), Windows Server short, System Center short, suites idle;
    // Windows Server needs 16 + 16, System Center 16
    for (owned, windows, center, idle) in [
        ((0, 0, 0), 32, 16, 0),
        // on the host that needs both, not on the other
        ((16, 0, 0), 16, 0, 0),
        // eight cores more go to the host that only runs
        ((24, 0, 0), 8, 0, 0),
        ((40, 0, 0), 0, 0, 8),
        // licences of Windows Server go to the other host
        ((16, 16, 0), 0, 0, 0),
        ((16, 32, 0), 0, 0, 0),
        ((8, 32, 0), 0, 8, 0),
        // where System Center is owned alone, the suite still stands best on the host that needs both
        ((16, 0, 16), 16, 0, 0),
    ] {
        let mut estate = two_hosts();
        let (suites, alone, center_alone) = owned;
        estate.entitlements =
            vec![owns(SUITE, "2022", suites), owns(WINDOWS, "2022", alone), owns(STANDARD, "2022", center_alone)];
        let assessment = assessed(&estate);
        assert_eq!(numbers(&assessment, WINDOWS).2, windows, "{owned:?}");
        assert_eq!(numbers(&assessment, STANDARD).2, center, "{owned:?}");
        assert_eq!(numbers(&assessment, SUITE).3, idle, "{owned:?}");
        assert!(!warns(&assessment, &["not assessed"]));
    }
    // two hosts, one only run, one only managed (a Linux server): 16 suites do one of both
    let mut estate = two_hosts();
    estate.servers.retain(|server| !server.managed);
    estate.hosts[0].managed = true;
    estate.entitlements = vec![owns(SUITE, "2022", 16)];
    let assessment = assessed(&estate);
    assert_eq!((numbers(&assessment, WINDOWS).2, numbers(&assessment, STANDARD).2), (0, 16));
}

#[test]
fn a_datacenter_suite_manages_what_it_runs() {
    // three machines: Standard 32 for both; 16 Datacenter suites run them (idle Datacenter, A.5) and manage them
    let mut estate = two_hosts();
    estate.servers.push(Server { id: "VM02".into(), ..estate.servers[0].clone() });
    estate.entitlements = vec![owns(SUITE_DATACENTER, "2022", 16)];
    let assessment = assessed(&estate);
    assert_eq!((needed(&assessment, WINDOWS), needed(&assessment, STANDARD)), (16, 0));
    assert_eq!(lines(&assessment, SUITE_DATACENTER), [("2022", 16, 16, 0, 0)]);
    let hosts = assessment.hosts.iter().filter(|host| host.id == "BOTH");
    assert!(hosts.flat_map(|host| &host.facts).any(|fact| fact.contains("G.8")));
}

/// C.19, E.29: which host takes Datacenter given what is owned of it. Two hosts of 16 cores with six machines want 48 of Standard each,
/// one of 32 cores with four wants 64; 32 of Datacenter do for the two or for the one. The lines help the one that needs most.
#[test]
fn editions_to_manage_are_chosen_given_what_is_owned() {
    let mut estate = priced(managed(&[16, 16], 4), 10, 100);
    for id in ["A", "B"] {
        estate.hosts.push(host(id, &[8, 8]));
        for at in 0..6 {
            estate.servers.push(Server { id: format!("{id}{at}"), host: Some(id.into()), ..estate.servers[0].clone() });
        }
    }
    estate.entitlements = vec![owns(DATACENTER, "2022", 32)];
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2019", 96, 0, 96, 0)]);
    let chosen = assessment.position.servers.as_ref().unwrap();
    assert_eq!(
        (chosen.cost_minor, chosen.lower_bound_minor, chosen.proven, chosen.saving_minor),
        (640, 640, true, 320)
    );
    let taken = |id: &str| {
        let host = assessment.hosts.iter().find(|host| host.id == id && host.chosen.sku.starts_with("system-center/"));
        host.and_then(|host| host.with_owned.as_ref()).map(|taken| (taken.sku.as_str(), taken.count))
    };
    assert_eq!(
        [taken("A"), taken("B"), taken("H")],
        [Some((DATACENTER, 16)), Some((DATACENTER, 16)), Some((STANDARD, 64))]
    );
}

/// G.8, C.19: 16 Datacenter suites. `R` with eight machines wants 64 of Standard to run, 1,280; `H` with five, managed, 48 to run and 48
/// to manage, 960 and 480. The lines help the one that wants most to run; on `H` the suites save 1,440.
#[test]
fn a_suite_goes_to_the_host_where_it_does_both() {
    let mut estate = priced(managed(&[8, 8], 5), 10, 100);
    estate.prices.extend([price(WINDOWS, 20, 1), price("windows-server/datacenter/core", 200, 1)]);
    estate.hosts.push(host("R", &[8, 8]));
    for at in 0..8 {
        let id = format!("R{at}");
        estate.servers.push(Server { id, host: Some("R".into()), managed: false, ..estate.servers[0].clone() });
    }
    estate.entitlements = vec![owns(SUITE_DATACENTER, "2022", 16)];
    let assessment = assessed(&estate);
    let lines_cost: u64 = assessment.position.lines.iter().map(|line| line.cost_minor).sum();
    assert_eq!(lines_cost, 1_440);
    let chosen = assessment.position.servers.as_ref().unwrap();
    assert_eq!((chosen.cost_minor, chosen.saving_minor), (1_280, 160));
    // were the suites both licences wherever they are wanted, `H` would still cost 960 to run
    assert_eq!((chosen.lower_bound_minor, chosen.proven), (960, false));
    let used = chosen.lines.iter().find(|line| line.sku == SUITE_DATACENTER).unwrap();
    assert_eq!((used.needed, used.owned, used.cost_minor), (16, 16, 0));
    // twice as many do for both hosts
    estate.entitlements[0].quantity = 32;
    let chosen = assessed(&estate).position.servers.unwrap();
    assert_eq!((chosen.cost_minor, chosen.proven), (0, true));
}

#[test]
fn suites_are_offered_where_they_are_cheaper() {
    // 16 cores: Windows Server 20 and System Center 10 each, a suite at 25: 400 instead of 480
    let mut estate = two_hosts();
    estate.prices.push(price(SUITE, 25, 1));
    let offer = assessed(&estate).position.server_suites.unwrap();
    let bought = |offer: &caliper_licensing::SuiteOffer| -> Vec<(String, u64)> {
        offer.buy.iter().map(|one| (one.sku.clone(), one.count)).collect()
    };
    assert_eq!(bought(&offer), [(SUITE.to_owned(), 16)]);
    assert_eq!((offer.cost_minor, offer.lower_bound_minor, offer.proven, offer.saving_minor), (400, 400, true, 80));
    // more is run than managed: two sets for four machines, one of them as suites
    estate.servers.extend(["X", "Y"].map(|id| Server { id: id.into(), managed: false, ..estate.servers[0].clone() }));
    let offer = assessed(&estate).position.server_suites.unwrap();
    assert_eq!(bought(&offer), [(SUITE.to_owned(), 16), (WINDOWS.to_owned(), 16)]);
    assert_eq!((offer.cost_minor, offer.saving_minor), (400 + 320, 80));
    // Datacenter suites at 40: 16 × 40 = 640 beat both 720 and the 800 of singles
    estate.prices.push(price(SUITE_DATACENTER, 40, 1));
    let offer = assessed(&estate).position.server_suites.unwrap();
    assert_eq!((bought(&offer), offer.cost_minor), (vec![(SUITE_DATACENTER.to_owned(), 16)], 640));
    // dearer than both together: nothing to offer
    estate.prices.truncate(estate.prices.len() - 2);
    estate.prices.push(price(SUITE, 30, 1));
    assert!(assessed(&estate).position.server_suites.is_none());
}

const USER: &str = "client-management-licence/user";
const OSE: &str = "client-management-licence/ose";

/// Pairs of people and managed devices, both kinds of licence at these prices.
fn clients(rows: &[(u32, u32)], user: u64, ose: u64) -> Estate {
    let mut estate = pairs("2022", rows);
    estate.currency = "USD".into();
    estate.devices.iter_mut().for_each(|device| device.managed = true);
    estate.prices = vec![price(USER, user, 1), price(OSE, ose, 1)];
    estate.system_center = Some(version("2022"));
    estate
}

fn mix(estate: &Estate) -> (u64, u64) {
    let assessment = assessed(estate);
    (needed(&assessment, USER), needed(&assessment, OSE))
}

/// What, pairs, prices of a User and an OSE licence, how many of each.
type Row<'a> = (&'a str, &'a [(u32, u32)], (u64, u64), (u64, u64));

/// G.8: each pair of a person and a managed device is covered by either; the numbers by hand.
#[test]
fn clients_are_licensed_by_user_or_by_operating_system() {
    let kiosks = all_on_all(10, 2);
    let table: [Row<'_>; 6] = [
        ("one person with five devices", &[(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)], (10, 10), (1, 0)),
        ("ten people on two devices", &kiosks, (10, 10), (0, 2)),
        // row 66: a has three users, one of them has three devices
        ("both", &[(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)], (10, 10), (1, 1)),
        ("each with a device, users at 9", &[(0, 0), (1, 1)], (9, 10), (2, 0)),
        ("each with a device, users at 11", &[(0, 0), (1, 1)], (11, 10), (0, 2)),
        // a User licence of one of two people does not serve the device of both: 2 users at 10, or 1 system at 19
        ("two people on one device", &[(0, 0), (1, 0)], (10, 19), (0, 1)),
    ];
    for (name, rows, (user, ose), expected) in table {
        assert_eq!(mix(&clients(rows, user, ose)), expected, "{name}");
    }
    let assessment = assessed(&clients(&[(0, 0), (1, 0)], 10, 21));
    let lines: Vec<_> = assessment.position.lines.iter().filter(|line| line.sku == USER).collect();
    assert_eq!((lines[0].needed, lines[0].rules.as_slice()), (2, &["E.28".to_owned(), "G.8".to_owned()][..]));
    let used = assessment.uses.iter().find(|used| used.cal == "client-management-licence").unwrap();
    assert!(used.optimum.proven && used.optimum.cost_minor == 20);
    assert!(used.people.iter().chain(&used.devices).all(|coverage| coverage.reason.contains("G.8")), "{used:?}");
    // the Windows Server CALs of the same people are counted apart (0.1)
    assert_eq!(cals(&assessment), (0, 1));
}

#[test]
fn what_is_no_client_needs_none_and_what_nobody_uses_one_of_its_own() {
    let mut estate = clients(&[(0, 0), (0, 1), (0, 2)], 10, 10);
    assert_eq!(mix(&estate), (1, 0));
    // not managed
    estate.devices[2].managed = false;
    // a server is managed by its own licence only
    estate.devices[1].server = true;
    estate.devices.extend([Device { id: "wall".into(), managed: true, ..Device::default() }]);
    assert_eq!(mix(&estate), (1, 1));
    assert!(warns(&assessed(&estate), &["G.8", "d0001", "servers"]));
    // an account of three people needs three, so the devices get one each
    estate.people[0].stands_for = Some(3);
    assert_eq!(mix(&estate), (0, 2));
    // whoever is not known holds none
    estate.people[0].unresolved = true;
    assert_eq!(mix(&estate), (0, 2));
    // nobody, no server
    let lonely =
        Estate { devices: vec![Device { id: "wall".into(), managed: true, ..Device::default() }], ..Estate::default() };
    let assessment = assessed(&lonely);
    assert_eq!(lines(&assessment, OSE), [("2025", 1, 0, 1, 0)]);
    assert!(warns(&assessment, &["version of System Center"]) && warns(&assessment, &["no price", "Client MLs"]));
    // a printer is one like any other, E.14 is about CALs
    let mut estate = clients(&[(0, 0), (1, 0)], 10, 30);
    estate.devices[0].kind = Some("printer".into());
    assert_eq!(mix(&estate), (2, 0));
}

/// G.1: the Core CAL suite has the Client ML of whoever holds it, and never that of a server (G.8).
#[test]
fn suites_of_cals_carry_client_licences() {
    let mut estate = clients(&[(0, 0), (1, 1), (2, 2)], 10, 10);
    estate.servers[0].managed = true;
    estate.entitlements = vec![owns("core-cal-suite/user", "2022", 2)];
    assert_eq!(mix(&estate), (1, 0));
    estate.entitlements = vec![owns("core-cal-suite/device", "2022", 3), owns(USER, "2022", 4)];
    let assessment = assessed(&estate);
    assert_eq!(mix(&estate), (0, 0));
    assert_eq!(lines(&assessment, USER), [("2022", 0, 4, 0, 4)]);
    assert!(warns(&assessment, &["unknown hardware", "G.7"]), "{:?}", assessment.position.warnings);
    // frozen before the version that manages (G.2)
    estate.entitlements = vec![owns("core-cal-suite/user", "2019", 3)];
    assert_eq!(mix(&estate), (3, 0));
}

proptest! {
    /// Against every way to hand out both kinds among four people and four devices.
    #[test]
    fn no_mix_of_client_licences_is_cheaper(
        rows in prop::collection::vec((0_u32..5, 0_u32..4), 0..10), user in 1_u64..6, ose in 1_u64..6,
    ) {
        let mut estate = clients(&all_on_all(4, 4), user, ose);
        let known = |row: &(u32, u32)| if row.0 == 4 { Accesses::NONE } else { row.0 };
        estate.accesses = Accesses::of(rows.iter().map(|row| on(known(row), row.1, 0)).collect());
        let used = |device: u32| rows.iter().any(|row| row.1 == device && row.0 < 4);
        let least = (0..256_u64)
            .filter(|held| {
                (0..4).all(|device| held >> (4 + device) & 1 == 1 || used(device))
                    && rows.iter().all(|row| row.0 == 4 || held >> row.0 & 1 == 1 || held >> (4 + row.1) & 1 == 1)
            })
            .map(|held| u64::from((held & 15).count_ones()) * user + u64::from((held >> 4).count_ones()) * ose)
            .min();
        let (users, devices) = mix(&estate);
        prop_assert_eq!(Some(users * user + devices * ose), least);
    }
}
