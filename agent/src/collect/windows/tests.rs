//! Answers of machines nobody has here. They are put together by hand after Microsoft's documentation of each call and the
//! tables in rule B, so every one of them is a fake.

use caliper_proto::Report;

use super::*;
use crate::collect::topology::made;

/// A fake: Windows Server 2022 Standard on two processors of eight cores with two threads each.
fn fake_server() -> Answers {
    Answers {
        system: System {
            host_name: "FILES1".into(),
            domain: "lab.net".into(),
            product_name: Some("Windows Server 2022 Standard".into()),
            edition_id: Some("ServerStandard".into()),
            build: Some("20348".into()),
            product_type: Some("ServerNT".into()),
            product: Some(0x07),
            physical_host: None,
        },
        processors: made::answer(2, 8, 2),
        processor_name: Some("Intel(R) Xeon(R) Gold 6134 CPU @ 3.20GHz ".into()),
        firmware: fake_table("Dell Inc.", "PowerEdge R640", &[(8, 8, 16), (8, 8, 16)]),
        addresses: vec!["10.0.0.7".into()],
        ..Answers::default()
    }
}

/// A fake SMBIOS table (DSP0134, types 1, 4 and 127) with sockets of (cores, enabled cores, threads).
fn fake_table(manufacturer: &str, model: &str, sockets: &[(u8, u8, u8)]) -> Vec<u8> {
    let mut table = vec![1, 0x1B, 0, 0, 1, 2, 0, 0];
    table.extend([0x11; 16]);
    table.extend([6, 0, 0]);
    table.extend([manufacturer.as_bytes(), b"\0", model.as_bytes(), b"\0\0"].concat());
    for (number, (cores, enabled, threads)) in sockets.iter().enumerate() {
        let mut socket = [0_u8; 0x30];
        (socket[0], socket[1], socket[2]) = (4, 0x30, 4 + number as u8);
        (socket[4], socket[5], socket[0x10], socket[0x18]) = (1, 3, 2, 0x41);
        (socket[0x23], socket[0x24], socket[0x25]) = (*cores, *enabled, *threads);
        table.extend(socket);
        table.extend(b"CPU\0Xeon\0\0");
    }
    table.extend([127, 4, 9, 0, 0, 0]);
    let head = [0, 3, 2, 0].into_iter().chain((table.len() as u32).to_le_bytes());
    head.chain(table.clone()).collect()
}

fn described(answers: &Answers) -> Result<Report, CollectError> {
    let mut rows = Table::default();
    let now = "2026-11-21T10:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
    let (server, warnings) = describe(answers, now, &mut rows)?;
    let accesses = rows.finish().unwrap().read().unwrap().map(Result::unwrap).collect();
    Ok(Report { server, accesses, warnings })
}

fn warnings(answers: &Answers) -> String {
    described(answers).unwrap().warnings.join("\n")
}

#[test]
fn a_server_is_described_whole() {
    let report = described(&fake_server()).unwrap();
    let server = &report.server;
    assert_eq!((server.name.as_str(), server.domain.as_str()), ("FILES1", "lab.net"));
    assert_eq!((server.edition.as_deref(), server.version.as_deref()), (Some("ServerStandard"), Some("2022")));
    assert_eq!((server.build, server.product_type, server.evaluation), (Some(20_348), Some(3), false));
    assert_eq!((server.sockets, server.cores, server.logical_processors), (Some(2), Some(16), Some(32)));
    assert_eq!((server.model.as_deref(), server.is_virtual), (Some("PowerEdge R640"), Some(false)));
    assert_eq!(server.uuid.as_deref(), Some("11111111-1111-1111-1111-111111111111"));
    let each: Vec<_> = server.processors.iter().map(|one| (one.cores, one.enabled_cores, one.model.as_str())).collect();
    assert_eq!(each, [(8, Some(8), "Xeon"), (8, Some(8), "Xeon")]);
    assert_eq!(server.addresses, ["10.0.0.7"]);
    assert_eq!(report.warnings.len(), 1, "only that User Access Logging is off: {:?}", report.warnings);
}

/// Rules B.1 to B.3 and B.5: (id, product, build), then (edition as reported, evaluation, version).
#[test]
fn editions_as_windows_spells_them() {
    for ((id, product, build), (edition, evaluation, version)) in [
        (("ServerDatacenter", 0x08, "26100"), ("ServerDatacenter", false, "2025")),
        (("ServerStandardEval", 0x4F, "17763"), ("ServerStandardEval", true, "2019")),
        (("ServerDatacenterEvalCor", 0x9F, "20348"), ("ServerDatacenterEvalCor", true, "2022")),
        (("ServerStandard", 0x4F, "20348"), ("ServerStandard", true, "2022")),
        (("ServerDatacenterACor", 0x91, "17763"), ("ServerDatacenterACor", false, "SAC 1809")),
        (("ServerTurbineCor", 0x198, "20348"), ("ServerTurbineCor", false, "2022")),
        (("ServerDatacenter", 0x199, "20348"), ("ServerTurbine", false, "2022")),
        (("ServerSolution", 0x32, "14393"), ("ServerSolution", false, "2016")),
    ] {
        let mut answers = fake_server();
        let system = &mut answers.system;
        (system.edition_id, system.product, system.build) = (Some(id.into()), Some(product), Some(build.into()));
        let server = described(&answers).unwrap().server;
        let found = (server.edition.as_deref(), server.evaluation, server.version.as_deref());
        assert_eq!(found, (Some(edition), evaluation, Some(version)), "{id} {product:#x} {build}");
    }
}

#[test]
fn clients_are_refused_by_name() {
    let with = |change: fn(&mut Answers)| {
        let mut answers = fake_server();
        change(&mut answers);
        described(&answers).unwrap_err().to_string()
    };
    for (change, why) in [
        (
            (|answers| {
                answers.system.product_name = Some("Windows 11 Enterprise multi-session".into());
                answers.system.product = Some(0xAF);
            }) as fn(&mut Answers),
            "FILES1 is no Windows Server (Windows 11 Enterprise multi-session, a client for several sessions (rule B.1))",
        ),
        (
            |answers| {
                answers.system.product_name = Some("Windows 10 Enterprise multi-session".into());
                (answers.system.product, answers.system.edition_id) = (None, Some("ServerRdsh".into()));
            },
            "(Windows 10 Enterprise multi-session, a client for several sessions (rule B.1))",
        ),
        (
            |answers| {
                answers.system.product_name = Some("Windows 11 Pro".into());
                answers.system.product_type = Some("WinNT".into());
            },
            "(Windows 11 Pro, a workstation)",
        ),
        (
            |answers| (answers.system.product_name, answers.system.product_type) = (None, None),
            "(Windows, of which Windows does not say that it is a server)",
        ),
    ] {
        let error = with(change);
        assert!(error.contains(why) && error.contains("collect --from"), "{error}");
    }
}

#[test]
fn a_domain_controller_is_one_and_silence_is_no_zero() {
    let mut controller = fake_server();
    controller.system.product_type = Some("LanmanNT".into());
    assert_eq!(described(&controller).unwrap().server.product_type, Some(2));
    let silent = Answers {
        system: System { host_name: "S".into(), product_name: Some("Windows Server".into()), ..System::default() },
        problems: vec!["Windows refuses GetLogicalProcessorInformationEx: no access".into()],
        ..Answers::default()
    };
    let report = described(&silent).unwrap();
    let server = &report.server;
    assert_eq!((server.sockets, server.cores, server.logical_processors), (None, None, None));
    assert_eq!((server.edition.as_deref(), server.version.as_deref(), server.is_virtual), (None, None, None));
    assert_eq!(
        report.warnings[..2],
        [
            "Windows refuses GetLogicalProcessorInformationEx: no access",
            "Windows does not say which edition it is: look it up in its settings",
        ]
    );
}

#[test]
fn the_firmware_is_a_second_opinion() {
    let firmware = fake_table("Dell Inc.", "PowerEdge R640", &[(12, 8, 16), (12, 8, 16)]);
    let answers = Answers { firmware, ..fake_server() };
    let report = described(&answers).unwrap();
    assert_eq!(report.server.cores, Some(16), "Windows' number stays");
    let each: Vec<_> = report.server.processors.iter().map(|one| (one.cores, one.enabled_cores)).collect();
    assert_eq!(each, [(12, Some(8)), (12, Some(8))], "fitted and enabled (rule C.5)");
    let text = report.warnings.join("\n");
    assert!(text.contains("cores: Windows says 16, the firmware table says 24: check the machine"), "{text}");
    assert!(text.contains("12 cores fitted and 8 enabled (rule C.5)"), "{text}");

    // 64 sockets without cores, as VMware shows them: Windows' own list stays
    let odd = Answers { firmware: fake_table("VMware, Inc.", "VMware7,1", &[(0, 0, 0); 64]), ..fake_server() };
    let report = described(&odd).unwrap();
    assert_eq!((report.server.sockets, report.server.processors.len()), (Some(2), 2));
    assert_eq!(report.server.processors[0].model, "Intel(R) Xeon(R) Gold 6134 CPU @ 3.20GHz");

    let broken = Answers { firmware: vec![1, 2, 3], processors: vec![0; 9], ..fake_server() };
    let text = warnings(&broken);
    assert!(text.contains("the firmware's table: byte") && text.contains("no second opinion"), "{text}");
    assert!(text.contains("processors as Windows lists them: byte 0") && text.contains("not counted"), "{text}");
}

/// (maker and model in the firmware, hypervisor and its rights) and whether it is a virtual machine, said twice or not.
#[test]
fn physical_or_virtual() {
    type Case = (&'static str, &'static str, Option<(&'static str, u32)>, Option<bool>, bool);
    let cases: [Case; 8] = [
        ("Dell Inc.", "PowerEdge R640", None, Some(false), false),
        ("Dell Inc.", "PowerEdge R640", Some(("Microsoft Hv", 0x2BB9_3FFF)), Some(false), false),
        ("Microsoft Corporation", "Virtual Machine", Some(("Microsoft Hv", 0x002B_B970 & !1)), Some(true), false),
        ("Microsoft Corporation", "Virtual Machine", Some(("Microsoft Hv", 1)), Some(true), false),
        ("VMware, Inc.", "VMware7,1", Some(("VMwareVMware", 0)), Some(true), false),
        ("HPE", "ProLiant DL380", Some(("KVMKVMKVM", 0)), Some(true), true),
        ("", "", Some(("KVMKVMKVM", 0)), Some(true), false),
        ("", "", None, None, false),
    ];
    for (maker, model, hypervisor, expected, disagrees) in cases {
        let answers = Answers {
            firmware: fake_table(maker, model, &[(8, 8, 16), (8, 8, 16)]),
            hypervisor: hypervisor.map(|(vendor, rights)| (vendor.to_owned(), rights)),
            ..fake_server()
        };
        let report = described(&answers).unwrap();
        assert_eq!(report.server.is_virtual, expected, "{maker} {model} {hypervisor:?}");
        let said = report.warnings.iter().any(|warning| warning.contains("taken for a virtual machine"));
        assert_eq!(said, disagrees, "{maker} {model} {hypervisor:?}");
    }
    let mut guest = fake_server();
    guest.system.physical_host = Some("HV1.lab.net".into());
    assert_eq!(described(&guest).unwrap().server.physical_host.as_deref(), Some("HV1.lab.net"));
}

/// A fake: a machine in both sources of those.
#[test]
fn virtual_machines_of_both_sources_are_one() {
    let day = "2026-11-20T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let mut file = caliper_evidence::ual::UalFile::default();
    file.virtual_machines.push(caliper_evidence::ual::VirtualMachine { vm_guid: "a".into(), ..Default::default() });
    let guest = VirtualMachine {
        vm_guid: "a".into(),
        bios_guid: "b".into(),
        name: "web".into(),
        first: Instant::default(),
        last: day.into(),
    };
    let mut known = UserAccess::default();
    known.add(&file);
    let report = described(&Answers { user_access: Some(known), guests: vec![guest], ..fake_server() }).unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    let [machine] = report.server.virtual_machines.as_slice() else { panic!("{:?}", report.server.virtual_machines) };
    assert_eq!((machine.name.as_str(), machine.bios_guid.as_str(), machine.last), ("web", "b", day.into()));
}

#[test]
fn sessions_of_this_moment_are_accesses() {
    let session = |user: &str, client: &str| Session { user: user.into(), client: client.into(), ..Session::default() };
    let answers = Answers {
        shares: vec![session("jane", r"\\10.0.0.9"), session("jane", r"\\10.0.0.9")],
        desktops: vec![session("joe", "PC7")],
        ..fake_server()
    };
    let rows: Vec<_> =
        described(&answers).unwrap().accesses.into_iter().map(|row| (row.key.principal, row.key.client)).collect();
    assert_eq!(rows, [("jane".into(), "10.0.0.9".into()), ("joe".into(), "pc7".into())] as [(String, String); 2]);
}
