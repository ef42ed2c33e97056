use caliper_licensing::catalogue::catalogue;
use caliper_proto::VirtualMachine;

use super::*;

fn row(id: i64, name: &str, change: impl FnOnce(&mut Inventory)) -> ServerRow {
    let mut inventory = Inventory { name: name.into(), domain: "lab.net".into(), ..Inventory::default() };
    change(&mut inventory);
    ServerRow { id, inventory, observed: id, last_seen: Instant::default() }
}

fn guest(name: &str, bios: &str) -> VirtualMachine {
    VirtualMachine {
        vm_guid: String::new(),
        bios_guid: bios.into(),
        name: name.into(),
        first: Instant::default(),
        last: Instant::default(),
    }
}

#[test]
fn one_server_whoever_speaks_for_it() {
    let uuid = |text: &'static str| move |inventory: &mut Inventory| inventory.uuid = Some(text.into());
    let short = |inventory: &mut Inventory| inventory.domain = "LAB".into();
    let fleet = Fleet::of(
        vec![
            row(1, "DC-1", short),
            row(2, "dc-1", uuid("49704D56-60F8-0A10-1C09-0156A066C2C3")),
            row(3, "FS", uuid("11111111-1111-1111-1111-111111111111")),
            row(4, "FS", uuid("22222222-2222-2222-2222-222222222222")),
            row(5, "PC", |inventory| inventory.product_type = Some(1)),
        ],
        catalogue(),
    );
    let ids: Vec<&str> = fleet.servers.iter().map(|server| server.id.as_str()).collect();
    assert_eq!(ids, ["dc-1.lab.net", "fs.lab.net", "fs.lab.net#22222222-2222-2222-2222-222222222222"]);
    assert_eq!((fleet.of_row(1), fleet.of_row(2), fleet.of_row(4), fleet.of_row(5)), (Some(0), Some(0), Some(2), None));
    assert_eq!(fleet.workstations, 1);
}

#[test]
fn servers_find_their_hosts() {
    let virtual_machine = |inventory: &mut Inventory| inventory.is_virtual = Some(true);
    let fleet = Fleet::of(
        vec![
            row(1, "HV1", |inventory| {
                inventory.is_virtual = Some(false);
                inventory.logical_processors = Some(48);
                inventory.processors = vec![caliper_proto::Processor { cores: 12, ..Default::default() }; 2];
                inventory.virtual_machines = vec![guest("web", ""), guest("", "564d7049-f860-100a-1c09-0156a066c2c3")];
            }),
            row(2, "A-KVP", |inventory| {
                virtual_machine(inventory);
                inventory.physical_host = Some("hv1.lab.net".into());
                inventory.logical_processors = Some(6);
            }),
            row(3, "B-UUID", |inventory| {
                virtual_machine(inventory);
                inventory.uuid = Some("49704D56-60F8-0A10-1C09-0156A066C2C3".into());
            }),
            row(4, "WEB", virtual_machine),
            row(5, "X-STATED", virtual_machine),
            row(6, "Y-NOBODY", virtual_machine),
            row(7, "Z-UNKNOWN", |_| {}),
        ],
        catalogue(),
    );
    let stated = HostSettings {
        name: "esx1".into(),
        processors: vec![9, 9],
        servers: vec!["x-stated".into()],
        ..HostSettings::default()
    };
    let (hosts, servers, notes) = place(&fleet, catalogue(), &[stated], &[false; 7], &[None; 7]);
    let placed: Vec<Option<&str>> = servers.iter().map(|server| server.host.as_deref()).collect();
    let hv1 = Some("hv1.lab.net");
    // in the order of their ids: a-kvp, b-uuid, hv1, web, x-stated, y-nobody, z-unknown
    assert_eq!(placed, [hv1, hv1, hv1, hv1, Some("esx1"), None, None]);
    let facts: Vec<_> = hosts
        .iter()
        .map(|host| (host.id.as_str(), host.processors.clone(), host.windows, host.virtualization_only))
        .collect();
    assert_eq!(facts, [("esx1", vec![9, 9], false, false), ("hv1.lab.net", vec![12, 12], true, true)]);
    // C.15, B.6: those of a machine, never of the metal
    let seen: Vec<_> = servers.iter().map(|server| server.virtual_processors).collect();
    assert_eq!(seen, [Some(6), None, None, None, None, None, None]);
    assert!(notes[0].ends_with("hv1.lab.net"), "{notes:?}");
    // E.8 ends with the first other use
    let mut used = [false; 7];
    used[2] = true;
    assert!(!place(&fleet, catalogue(), &[], &used, &[None; 7]).0[0].virtualization_only);
}

#[test]
fn guests_that_name_each_other_have_no_host() {
    let on = |host: &'static str| {
        move |inventory: &mut Inventory| {
            inventory.is_virtual = Some(true);
            inventory.physical_host = Some(host.into());
        }
    };
    let physical = |inventory: &mut Inventory| inventory.is_virtual = Some(false);
    let rows = vec![
        row(1, "a", on("b.lab.net")),
        row(2, "b", on("a.lab.net")),
        // on the way to the circle, but not in it
        row(3, "c", on("a.lab.net")),
        // a guest of a guest
        row(4, "d", on("e.lab.net")),
        row(5, "e", on("hv.lab.net")),
        row(6, "hv", physical),
    ];
    let fleet = Fleet::of(rows, catalogue());
    let (hosts, servers, notes) = place(&fleet, catalogue(), &[], &[true; 6], &[None; 6]);
    let placed: Vec<Option<&str>> = servers.iter().map(|server| server.host.as_deref()).collect();
    let hv = Some("hv.lab.net");
    assert_eq!(placed, [None, None, Some("a.lab.net"), Some("e.lab.net"), hv, hv]);
    assert!(notes.iter().any(|note| note.ends_with("[[estate.host]]: a.lab.net, b.lab.net")), "{notes:?}");
    let estate = caliper_licensing::Estate { hosts, servers, ..Default::default() };
    caliper_licensing::assess(&estate).unwrap();
}

#[test]
fn known_processors_count_even_if_nothing_says_whether_they_are_virtual() {
    let facts = |maker: &'static str, model: &'static str| {
        move |inventory: &mut Inventory| {
            (inventory.manufacturer, inventory.model) = (Some(maker.into()), Some(model.into()));
            (inventory.sockets, inventory.cores) = (Some(2), Some(24));
        }
    };
    let rows = vec![
        row(1, "a", facts("", "")),
        row(2, "b", facts("QEMU", "KVM")),
        row(3, "c", facts("Dell Inc.", "R630")),
        row(4, "d", |inventory| inventory.physical_host = Some("c".into())),
    ];
    let fleet = Fleet::of(rows, catalogue());
    let (hosts, servers, notes) = place(&fleet, catalogue(), &[], &[true; 4], &[None; 4]);
    let hosts: Vec<_> = hosts.into_iter().map(|host| (host.id, host.processors)).collect();
    assert_eq!(hosts, [("a.lab.net".to_owned(), vec![12, 12]), ("c.lab.net".to_owned(), vec![12, 12])]);
    assert_eq!(servers.iter().map(|server| server.is_virtual).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(servers[3].host.as_deref(), Some("c.lab.net"));
    assert_eq!(notes.len(), 1);
    assert!(notes[0].ends_with("[[estate.host]]: a.lab.net"), "{notes:?}");
    // a stated host settles it
    let esx = HostSettings {
        name: "esx1".into(),
        processors: vec![16],
        servers: vec!["a".into()],
        ..HostSettings::default()
    };
    let (hosts, servers, notes) = place(&fleet, catalogue(), &[esx], &[true; 4], &[None; 4]);
    let hosts: Vec<_> = hosts.into_iter().map(|host| host.id).collect();
    assert_eq!((hosts, notes.len()), (vec!["c.lab.net".to_owned(), "esx1".to_owned()], 0));
    assert_eq!((servers[0].is_virtual, servers[0].host.as_deref()), (true, Some("esx1")));
}

#[test]
fn versions_and_editions_are_those_of_the_catalogue() {
    let facts = |version: &'static str, build: u32, edition: &'static str| {
        move |inventory: &mut Inventory| {
            inventory.version = Some(version.into()).filter(|text: &String| !text.is_empty());
            (inventory.build, inventory.edition) = (Some(build), Some(edition.into()));
        }
    };
    let rows = vec![
        row(1, "a", facts("2012 R2", 9600, "Datacenter")),
        row(2, "b", facts("SAC 1809", 17_763, "ServerDatacenterACor")), // A.6: CAL of 2019
        row(3, "c", facts("", 14_393, "ServerStandardEval")),           // B.5 by build, B.3
        row(4, "d", facts("", 26_200, "Premium")),                      // unknown, never guessed
        row(5, "e", facts("2019", 17_763, "ServerRdsh")),               // B.1: a client
    ];
    let fleet = Fleet::of(rows, catalogue());
    assert_eq!(fleet.workstations, 1);
    let (_, servers, notes) = place(&fleet, catalogue(), &[], &[true; 4], &[None; 4]);
    let found: Vec<_> = (servers.iter())
        .map(|server| {
            (
                server.version.map_or("", caliper_licensing::VersionName::name),
                server.edition.as_deref(),
                server.evaluation,
            )
        })
        .collect();
    let expected = [
        ("2012 R2", Some("Datacenter"), false),
        ("2019", Some("Datacenter"), false),
        ("2016", Some("Standard"), true),
        ("", Some("Premium"), false),
    ];
    assert_eq!(found, expected);
    assert!(notes.iter().all(|note| !note.contains("b.lab.net")), "{notes:?}");
    // A.1: only that one runs under Software Assurance
    let releases: Vec<_> = servers.iter().map(|server| server.release.as_deref()).collect();
    assert_eq!(releases, [None, Some("SAC 1809"), None, None]);
}

/// C.5, D.2.
#[test]
fn disabled_cores_and_the_model_are_told() {
    let with = |enabled: [Option<u32>; 2], models: [&'static str; 2]| {
        let processor = |(enabled_cores, model): (Option<u32>, &str)| caliper_proto::Processor {
            cores: 12,
            enabled_cores,
            model: model.into(),
            ..Default::default()
        };
        move |inventory: &mut Inventory| {
            inventory.is_virtual = Some(false);
            inventory.processors = enabled.into_iter().zip(models).map(processor).collect();
        }
    };
    let all = Some(12);
    let rows = vec![
        row(1, "a", with([Some(8), all], ["X 1", "X 1"])),
        row(2, "b", with([all, all], ["X 1", "X 2"])),
        row(3, "c", with([None, Some(8)], ["", ""])),
        // more than there are: one of the two is wrong
        row(4, "d", with([Some(16), all], ["", "X 1"])),
    ];
    let (hosts, ..) = place(&Fleet::of(rows, catalogue()), catalogue(), &[], &[true; 4], &[None; 4]);
    let facts: Vec<_> = hosts
        .iter()
        .map(|host| (host.processors.as_slice(), host.fitted.as_slice(), host.processor_model.as_deref()))
        .collect();
    let both = &[12, 12][..];
    assert_eq!(
        facts,
        [(&[8, 12][..], both, Some("X 1")), (both, &[][..], None), (both, &[][..], None), (both, &[][..], None)]
    );
}

#[test]
fn cores_that_are_not_known_stay_unknown() {
    let facts = |sockets, cores| Inventory { sockets, cores, ..Inventory::default() };
    for (inventory, expected) in [
        (facts(Some(2), Some(24)), vec![12, 12]),
        (facts(Some(2), Some(5)), vec![]),
        (facts(Some(0), Some(0)), vec![]),
        (facts(None, Some(8)), vec![]),
    ] {
        assert_eq!(processors(&inventory), expected);
    }
}
