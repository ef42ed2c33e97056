use crate::{catalogue::*, version::VersionName};

/// Rule A.6, copied from Microsoft's OEM CAL page and the 2016 licence terms.
#[test]
fn cal_versions_are_those_of_the_published_table() {
    let table = [
        ("2003", "2003"),
        ("2003 R2", "2003"),
        ("2008", "2008"),
        ("2008 R2", "2008"),
        ("2012", "2012"),
        ("2012 R2", "2012"),
        ("2016", "2016"),
        ("2019", "2019"),
        ("2022", "2022"),
        ("2025", "2025"),
    ];
    assert_eq!(catalogue().versions.len(), VersionName::WINDOWS.len());
    for ((version, cal), row) in table.into_iter().zip(&catalogue().versions) {
        assert_eq!(row.name.name(), version);
        assert_eq!(catalogue().cal_version(VersionName::from_name(version).unwrap()).name(), cal);
    }
}

#[test]
fn editions_are_found_in_any_spelling_and_never_guessed() {
    for (given, name) in [
        ("Standard", "Standard"),
        ("Windows Server Datacenter", "Datacenter"),
        ("ServerStandard", "Standard"),
        ("Storage Server Workgroup", "Storage"),
        ("Hyper-V Server", "Hyper-V"),
        ("Web Server", "Web"),
        ("Datacenter: Azure Edition", "Datacenter Azure"),
    ] {
        assert_eq!(catalogue().edition(given).map(|row| row.name.as_str()), Some(name), "{given}");
    }
    assert!(catalogue().edition("SE").is_none());
    assert!(catalogue().edition("").is_none());
}

/// Section I.1.7 of the rules: GUID, what it means for the base CAL, additive CALs.
#[test]
fn roles_mean_what_the_published_table_says() {
    use RoleAccess::{Authenticated, Cal, Infrastructure, Sql, Web};
    let table: [(&str, RoleAccess, &[&str]); 20] = [
        ("ad495fc3-0eaa-413d-ba7d-8b13fa7ec598", Cal, &[]), // AD DS
        ("10a9226f-50ee-49d8-a393-9a501d47ce04", Cal, &[]), // File Server; T13: never the other way round
        ("7fb09bd3-7fe6-435e-8348-7d8aefb6cea3", Cal, &[]),
        ("c50fcc83-bc8d-4df5-8a3d-89d7f80f074b", Cal, &[]),
        ("b4cdd739-089c-417e-878d-855f90081be7", Cal, &["ad-rms"]),
        ("bbd85b29-9dcc-4fd9-865d-3846dcba75c7", Cal, &[]),
        ("952285d9-edb7-4b6b-9d85-0c09e3da0bbd", Cal, &[]),
        ("d6256cf7-98fb-4eb4-aa18-303f1da1f770", Web, &[]),
        ("c23f1c6a-30a8-41b6-bbf7-f266563dfcd6", Authenticated, &[]),
        ("48eed6b2-9cdc-4358-b5a5-8dea3b2f3f6a", Infrastructure, &[]),
        ("910cbaf9-b612-4782-a21f-f7c75105434a", Cal, &[]),
        ("4116a14d-3840-4f42-a67f-f2f9ff46eb4c", Infrastructure, &[]),
        ("d8dc1c8e-ea13-49ce-9a68-c9dca8db8b33", Infrastructure, &[]),
        ("7cc4b071-292c-4732-97a1-cf9a7301195d", Cal, &[]),
        ("dde30b98-449e-4b93-84a6-ea86af0b19fe", Cal, &[]),
        ("1479a8c1-9808-411e-9739-2d3c5923e86a", Cal, &["rds"]),
        ("90e64afa-70db-4fef-878b-7eb8c868f091", Cal, &["rds"]),
        ("bd7f7c0d-7c36-4721-afa8-0ba700e26d9e", Sql, &["sql-server"]),
        ("2414bc1b-1572-4cd9-9ca5-65166d8def3d", Sql, &["sql-server"]),
        ("8cc0ac85-40f7-4886-9dab-021519800418", Sql, &["sql-server"]),
    ];
    for (guid, access, additive) in table {
        let row = catalogue().role(guid).unwrap_or_else(|| panic!("{guid}"));
        assert_eq!(
            (row.access, row.additive.iter().map(String::as_str).collect::<Vec<_>>()),
            (access, additive.to_vec())
        );
    }
    assert_eq!(catalogue().role("ad495fc3-0eaa-413d-ba7d-8b13fa7ec598").unwrap().id, "ad-ds");
    assert_eq!(catalogue().role("{10A9226F-50EE-49D8-A393-9A501D47CE04}").unwrap().id, "file-server");
    assert_eq!(catalogue().roles.iter().filter(|row| row.guid.is_some()).count(), table.len());
    // BranchCache and the infrastructure roles record devices without accounts
    let devices: Vec<_> = catalogue().roles.iter().filter(|row| row.devices).map(|row| row.id.as_str()).collect();
    assert_eq!(devices, ["dhcp-server", "branch-cache", "wds", "wsus", "dns"]);
}

/// Rule D.2 from Microsoft's core factor table of 2012, sources S84 and S85.
#[test]
fn core_factors_are_those_of_the_published_table() {
    let factor = |version: &str, model: &str, cores| {
        catalogue()
            .core_factor(VersionName::from_name(version).unwrap(), model, cores)
            .map(|row| (row.numerator, row.denominator))
    };
    for (version, model, cores, expected) in [
        ("2012", "Intel(R) Xeon(R) CPU E5-2640 0 @ 2.50GHz", 6, Some((1, 1))), // row 90, source S83
        ("2012", "AMD Opteron(tm) Processor 6234", 6, Some((3, 4))),           // row 91, source S83
        ("2012", "AMD Opteron(tm) Processor 6128", 8, Some((3, 4))),           // row 93, source S85
        ("2012", "AMD Opteron(tm) Processor 6272", 16, Some((3, 4))),
        ("2014", "AMD Opteron(tm) Processor 4180", 6, Some((3, 4))),
        ("2012", "AMD Opteron(tm) Processor 4122", 4, Some((1, 1))), // fewer than six cores
        ("2012", "AMD Opteron(tm) Processor 2435", 6, Some((1, 1))), // not in the list
        ("2012", "AMD Opteron(tm) Processor 6378", 16, Some((1, 1))), // only in the revision of 2014
        ("2014", "AMD Opteron(tm) Processor 6378", 16, Some((3, 4))),
        ("2014", "AMD EPYC 4244P 6-Core Processor", 6, Some((1, 1))), // a later name of the same look
        ("2012", "AMD Opteron(tm) Processor 3250 HE", 6, Some((3, 4))),
        ("2012", "", 1, Some((4, 1))), // row 94
        ("2012", "Intel(R) Xeon(R) CPU 5160", 2, Some((2, 1))),
        ("2016", "AMD Opteron(tm) Processor 6234", 6, None), // D.6
        ("2008 R2", "AMD Opteron(tm) Processor 6234", 6, None),
    ] {
        assert_eq!(factor(version, model, cores), expected, "{version} {model} {cores}");
    }
}

/// Section A.5 and C.6 as numbers.
#[test]
fn rights_are_those_of_the_published_table() {
    use VersionName::{V2003, V2008, V2008R2, V2012R2, V2016, V2025};
    let right = |edition, version, terms| {
        catalogue().right(edition, version, terms).map(|row| (row.formula, row.processors, row.instances))
    };
    for (edition, version, terms, expected) in [
        ("Standard", V2008, Terms::Own, Some((Formula::Instances, None, Some(1)))),
        ("Enterprise", V2008R2, Terms::Own, Some((Formula::Instances, None, Some(4)))),
        ("Datacenter", V2008R2, Terms::Own, Some((Formula::Processors, Some(1), None))),
        ("Standard", V2012R2, Terms::Own, Some((Formula::ProcessorsAndInstances, Some(2), Some(2)))),
        ("Datacenter", V2012R2, Terms::Own, Some((Formula::Processors, Some(2), None))),
        ("Standard", V2016, Terms::Own, Some((Formula::CoreSets, None, Some(2)))),
        ("Datacenter", V2025, Terms::Own, Some((Formula::CoreSets, None, None))), // T6: not "2 OSEs"
        ("Standard", V2025, Terms::Spla, Some((Formula::CoreSets, None, Some(1)))),
        ("Standard", V2025, Terms::SoftwareAssurance, Some((Formula::VirtualMachines, None, None))),
        ("Enterprise", V2012R2, Terms::Own, None),
        // A.1, sources S15 to S17
        ("Standard", V2003, Terms::Own, Some((Formula::Instances, None, Some(1)))),
        ("Datacenter", V2003, Terms::Own, Some((Formula::Processors, Some(1), None))),
        // row 36, source S151
        ("Standard", V2012R2, Terms::Spla, Some((Formula::ProcessorSets, Some(1), Some(1)))),
    ] {
        assert_eq!(right(edition, version, terms), expected, "{edition} {version}");
    }
    let minimum =
        |id| catalogue().core_minimum(id).map(|row| (row.per_processor, row.per_server, row.per_virtual_machine));
    assert_eq!(minimum("windows-server"), Some((8, 16, 0)));
    assert_eq!(minimum("sql-server"), Some((4, 0, 4))); // T3: no 16 per server
}

#[test]
fn families_name_what_is_needed_beside_them() {
    let beside = |id| catalogue().cal_and_beside(id).iter().map(|row| row.id.as_str()).collect::<Vec<_>>();
    assert_eq!(beside("windows-server"), ["windows-server"]);
    assert_eq!(beside("rds"), ["rds", "windows-server"]); // F.1
    assert_eq!(beside("exchange-enterprise"), ["exchange-enterprise", "exchange-standard", "windows-server"]);
    assert_eq!(beside("project"), ["project", "sharepoint-standard", "windows-server"]); // section H
    let rds = catalogue().cal_of_sku("rds-cal/device").unwrap();
    assert_eq!(
        (rds.id.as_str(), rds.cal_for(VersionName::V2012R2), rds.cal_for(VersionName::V2013)),
        ("rds", Some(VersionName::V2012), None)
    ); // T4
}

/// Section B.5 of the rules, A.6 for the version whose CAL covers it: build, release, that version.
#[test]
fn builds_are_those_of_the_published_table() {
    let table = [
        (3790, "2003", "2003"),
        (6001, "2008", "2008"),
        (6002, "2008", "2008"),
        (6003, "2008", "2008"),
        (7600, "2008 R2", "2008 R2"),
        (7601, "2008 R2", "2008 R2"),
        (9200, "2012", "2012"),
        (9600, "2012 R2", "2012 R2"),
        (14_393, "2016", "2016"),
        (16_299, "SAC 1709", "2016"),
        (17_134, "SAC 1803", "2016"),
        (17_763, "2019", "2019"),
        (18_362, "SAC 1903", "2019"),
        (18_363, "SAC 1909", "2019"),
        (19_041, "SAC 2004", "2019"),
        (19_042, "SAC 20H2", "2019"),
        (20_348, "2022", "2022"),
        (25_398, "Annual Channel 23H2", "2022"),
        (26_100, "2025", "2025"),
    ];
    for (build, release, version) in table {
        let row = catalogue().builds(build).next().unwrap_or_else(|| panic!("{build}"));
        assert_eq!((row.release.as_str(), row.version.name()), (release, version), "{build}");
        assert_eq!(catalogue().release(release).map(|row| row.version.name()), Some(version));
    }
    let mut builds: Vec<u32> = catalogue().builds.iter().map(|row| row.build).collect();
    builds.dedup();
    assert_eq!(builds.len(), table.len());
    // the two builds with a second release
    let second = |build| catalogue().builds(build).nth(1).map(|row| (row.release.as_str(), row.told_by.is_some()));
    assert_eq!((second(3790), second(17_763)), (Some(("2003 R2", true)), Some(("SAC 1809", true))));
    // a client's build, a build to come, and T4: there was no "Windows Server 2013"
    assert_eq!(catalogue().builds(10_240).count() + catalogue().builds(26_101).count(), 0);
    assert!(catalogue().release("2013").is_none());
    let first_by_core = catalogue().versions.iter().find(|row| row.model == Model::Cores).unwrap();
    assert_eq!(first_by_core.name, VersionName::V2016);
    // A.1: which releases need active Software Assurance to run
    let assured: Vec<_> = catalogue().channels.iter().filter(|row| row.software_assurance).map(|row| &row.id).collect();
    assert_eq!(assured, ["sac", "ac"]);
}

/// Section B.1 of the rules: SKU numbers, `EditionID`, normalised edition, evaluation.
#[test]
fn editions_of_skus_are_those_of_the_published_table() {
    let table: [(u32, &str, Option<&str>, bool); 47] = [
        (0x07, "ServerStandard", Some("Standard"), false),
        (0x08, "ServerDatacenter", Some("Datacenter"), false),
        (0x09, "ServerSBSStandard", Some("SBS"), false),
        (0x19, "ServerSBSPremium", Some("SBS"), false),
        (0x0A, "ServerEnterprise", Some("Enterprise"), false),
        (0x0E, "ServerEnterpriseCore", Some("Enterprise"), false),
        (0x0C, "ServerDatacenterCore", Some("Datacenter"), false),
        (0x0D, "ServerStandardCore", Some("Standard"), false),
        (0x0F, "ServerEnterpriseIA64", Some("Itanium"), false),
        (0x11, "ServerWeb", Some("Web"), false),
        (0x1D, "ServerWebCore", Some("Web"), false),
        (0x12, "ServerHPC", Some("HPC"), false),
        (0x40, "ServerHPCV", Some("HPC"), false),
        (0x13, "ServerHomeStandard", Some("Storage"), false),
        (0x22, "ServerHomePremium", None, false),
        (0x14, "ServerStorageExpress", Some("Storage"), false),
        (0x15, "ServerStorageStandard", Some("Storage"), false),
        (0x16, "ServerStorageWorkgroup", Some("Storage"), false),
        (0x17, "ServerStorageEnterprise", Some("Storage"), false),
        (0x18, "ServerWinSB", None, false),
        (0x21, "ServerWinFoundation", Some("Foundation"), false),
        (0x24, "ServerStandardV", Some("Standard"), false),
        (0x25, "ServerDatacenterV", Some("Datacenter"), false),
        (0x26, "ServerEnterpriseV", Some("Enterprise"), false),
        (0x2A, "ServerHyperCore", Some("Hyper-V"), false),
        (0x32, "ServerSolution", Some("Essentials"), false),
        (0x36, "ServerSolutionEM", Some("Essentials"), false),
        (0x34, "ServerSolutionsPremium", Some("SBS Premium Add-on"), false),
        (0x38, "ServerEmbeddedSolution", Some("MultiPoint"), false),
        (0x4C, "ServerMultiPointStandard", Some("MultiPoint"), false),
        (0x4F, "ServerStandardEval", Some("Standard"), true),
        (0xA0, "ServerStandardEvalCor", Some("Standard"), true),
        (0x50, "ServerDatacenterEval", Some("Datacenter"), true),
        (0x9F, "ServerDatacenterEvalCor", Some("Datacenter"), true),
        (0x5F, "ServerStorageWorkgroupEval", Some("Storage"), true),
        (0x60, "ServerStorageStandardEval", Some("Storage"), true),
        (0x6D, "CoreSystemServer", None, false),
        (0x8F, "ServerDatacenterNano", Some("Datacenter"), false),
        (0x90, "ServerStandardNano", Some("Standard"), false),
        (0x91, "ServerDatacenterACor", Some("Datacenter"), false),
        (0x92, "ServerStandardACor", Some("Standard"), false),
        (0x93, "ServerDatacenterCor", Some("Datacenter"), false),
        (0x94, "ServerStandardCor", Some("Standard"), false),
        (0xAF, "ServerRdsh", None, false),
        (0x196, "ServerAzureStackHCICor", None, false),
        (0x197, "ServerTurbine", Some("Datacenter Azure"), false),
        (0x198, "ServerTurbineCor", Some("Datacenter Azure"), false),
    ];
    for (sku, id, edition, evaluation) in table {
        let row = catalogue().edition_sku(sku).unwrap_or_else(|| panic!("{sku:#x}"));
        assert_eq!((row.edition.as_deref(), row.evaluation), (edition, evaluation), "{sku:#x}");
        // case does not matter
        assert_eq!(catalogue().edition_id(&id.to_uppercase()).map(|row| row.sku), Some(sku), "{id}");
    }
    let reporter = |sku| catalogue().edition_sku(sku).map(|row| row.reporter);
    assert_eq!(reporter(0xAF), Some(Reporter::Client)); // Windows 10 and 11 multi-session
    assert!(
        [0xA3, 0xA8, 0xA9, 0xC7, 0xC8, 0xC9, 0xD0, 0xD1].iter().all(|sku| reporter(*sku) == Some(Reporter::Fabric))
    );
    assert_eq!(reporter(0xABCD_ABCD), Some(Reporter::Unlicensed));
    assert!(catalogue().edition_sku(0x30).is_none(), "48 is Windows Professional, a client");
}

/// Section A.4 as numbers: users, devices, processors, cores (rows 85 to 87 and 89 of J.5 rest on them).
#[test]
fn caps_and_included_cals_are_those_of_the_published_table() {
    use VersionName::{V2008R2, V2012, V2012R2, V2016, V2019, V2022, V2025};
    let cap = |edition, version| {
        catalogue().cap(edition, version).map(|row| (row.users, row.devices, row.processors, row.cores))
    };
    for (edition, version, expected) in [
        ("Foundation", V2008R2, Some((Some(15), None, Some(1), None))),
        ("Foundation", V2012R2, Some((Some(15), None, Some(1), None))), // row 87
        ("SBS", V2008R2, Some((Some(75), None, None, None))),
        ("Essentials", V2008R2, Some((Some(25), Some(25), None, None))), // SBS 2011 Essentials
        ("Essentials", V2012, Some((Some(25), None, Some(2), None))),
        ("Essentials", V2016, Some((Some(25), Some(50), Some(2), None))),
        ("Essentials", V2019, Some((Some(25), Some(50), Some(2), None))),
        ("Essentials", V2022, Some((Some(25), Some(50), Some(1), Some(10)))), // rows 85 and 86
        ("Essentials", V2025, Some((Some(25), Some(50), Some(1), Some(10)))),
        ("Foundation", V2016, None),
        ("Standard", V2022, None),
    ] {
        assert_eq!(cap(edition, version), expected, "{edition} {version}");
    }
    let included = |sku, version| catalogue().included(sku, version).map(|row| row.quantities.clone());
    assert_eq!(included("windows-server/standard/licence", V2008R2), Some(vec![5])); // row 53
    assert_eq!(included("windows-server/enterprise/licence", V2008R2), Some(vec![10, 25])); // row 54
    assert_eq!(included("windows-server/datacenter/processor", V2008R2), None);
    assert_eq!(included("windows-server/standard/licence", V2012), None);
    assert_eq!(included("sbs/standard/licence", V2008R2), Some(vec![5])); // row 89
}

/// D.11: numbers as installations report them, service packs among them.
#[test]
fn versions_of_sql_server_are_told_by_their_builds() {
    for (number, version) in [
        ("9.4.5000.00", Some("2005")),
        ("10.3.5500.0", Some("2008")),
        ("10.50.1600.1", Some("2008 R2")),
        ("10.53.6000.34", Some("2008 R2")),
        ("11.2.5058.0", Some("2012")),
        ("12.0.2000.8", Some("2014")),
        ("13.2.5026.0", Some("2016")),
        ("14.0.1000.169", Some("2017")),
        ("15.0.2000.5", Some("2019")),
        ("16.0.1000.6", Some("2022")),
        ("17.0.1000.7", Some("2025")),
        ("18.0.1.1", None),
        ("8.0.2039", None),
        ("16", None),
        ("", None),
    ] {
        assert_eq!(catalogue().product_version("sql-server", number).map(VersionName::name), version, "{number}");
    }
    assert_eq!(catalogue().product_version("exchange-standard", "16.0.1000.6"), None);
}

/// F.4 [S116]: the table, not the prose beside it, by which a server of 2016 would hand out older CALs and none newer would.
#[test]
fn licence_servers_hand_out_what_the_published_table_says() {
    let table = [("2016", 2016, 2016), ("2019", 2003, 2019), ("2022", 2003, 2022), ("2025", 2003, 2025)];
    assert_eq!(catalogue().licence_servers.len(), table.len());
    for ((version, from, to), row) in table.into_iter().zip(&catalogue().licence_servers) {
        assert_eq!(row.version.name(), version);
        let rds = catalogue().cal("rds").unwrap().versions.iter().map(|cal| cal.name());
        let expected = rds.filter(|cal| (from..=to).contains(&cal.parse::<i32>().unwrap()));
        assert_eq!(
            row.cals.iter().map(|cal| cal.name()).collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "{version}"
        );
    }
}

/// Section G.4 and G.5: who carries the Windows Server CAL; RDS is in none (G.1).
#[test]
fn suites_bridges_and_plans_carry_what_the_published_table_says() {
    let carries = |family: &str| -> Vec<&str> {
        let rows = catalogue().equivalences.iter().filter(|row| row.covers.iter().any(|id| id == family));
        rows.map(|row| row.id.as_str()).collect()
    };
    assert_eq!(
        carries("windows-server"),
        [
            "core-cal-suite",
            "enterprise-cal-suite",
            "bridge-office-365",
            "bridge-intune",
            "bridge-office-365-intune",
            "ems-e3",
            "ems-e5",
            "microsoft-365-e3",
            "microsoft-365-e5",
            "microsoft-365-f1",
            "microsoft-365-f3",
        ]
    );
    assert_eq!(carries("rds"), Vec::<&str>::new());
    assert_eq!(carries("ad-rms"), ["enterprise-cal-suite"]);
    let plans = catalogue().equivalences.iter().filter(|row| row.kind == EquivalenceKind::Plan);
    assert!(plans.clone().count() > 0 && plans.clone().all(|row| !row.verified), "question X.3 is open");
}
