//! SQL Server, beside the worked examples of section J.6.

use crate::estates::*;
use caliper_licensing::{Estate, Host, LicensedBy, RanOn, Server, SqlInstance, SqlModel, assess};

const ENTERPRISE: &str = "sql-server/enterprise/core";
const STANDARD: &str = "sql-server/standard/core";
const BY_SERVER: &str = "sql-server/standard/licence";
const BY_PROCESSOR: &str = "sql-server/standard/processor";

fn sql(server: &str, version: &str, edition: &str, model: Option<SqlModel>) -> SqlInstance {
    SqlInstance {
        id: format!("{server}\\MSSQLSERVER"),
        server: server.into(),
        version: Some(self::version(version)),
        edition: Some(edition.into()),
        model,
        ..SqlInstance::default()
    }
}

/// SQL Server on the metal of one machine.
fn physical(version: &str, edition: &str, model: Option<SqlModel>, processors: &[u32], processor: &str) -> Estate {
    let host = Host {
        windows: true,
        processor_model: Some(processor.into()).filter(|words: &String| !words.is_empty()),
        ..host("DB", processors)
    };
    Estate {
        hosts: vec![host],
        servers: vec![Server { host: Some("DB".into()), ..server("DB", "2012 R2", "Standard") }],
        sql: vec![sql("DB", version, edition, model)],
        ..Estate::default()
    }
}

/// SQL Server in so many virtual machines of one host.
fn virtual_machines(
    edition: &str,
    model: SqlModel,
    machines: usize,
    processors: u32,
    host_processors: &[u32],
) -> Estate {
    let id = |at: usize| format!("DB{at}");
    let one = |at| Server {
        host: Some("H".into()),
        is_virtual: true,
        virtual_processors: Some(processors),
        ..server(&id(at), "2019", "Datacenter")
    };
    Estate {
        hosts: vec![host("H", host_processors)],
        servers: (0..machines).map(one).collect(),
        sql: (0..machines).map(|at| sql(&id(at), "2014", edition, Some(model))).collect(),
        ..Estate::default()
    }
}

/// (row, version, processors, model, needed, packs of two).
type Case<'a> = (&'a str, &'a str, &'a [u32], &'a str, u64, u64);

#[test]
fn physical_cores_give_the_published_numbers() {
    const INTEL: &str = "Intel(R) Xeon(R) CPU E5-2640 0 @ 2.50GHz";
    const AMD: &str = "AMD Opteron(tm) Processor 6234";
    let table: &[Case<'_>] = &[
        ("D.3", "2012", &[2, 2], "", 8, 4), // dual-core: 2 x 2, the minimum of 4 for each
        // D.6: no factor since 2016
        ("D.6", "2016", &[6, 6], AMD, 12, 6),
        ("D.6", "2019", &[2], INTEL, 4, 2),
        // T3, D.10: no 16 for a server
        ("T3", "2022", &[4], INTEL, 4, 2),
        ("T3", "2022", &[4, 4], INTEL, 8, 4),
    ];
    for (row, version, processors, model, expected, packs) in table {
        let mut estate = physical(version, "Enterprise", None, processors, model);
        estate.currency = "USD".into();
        estate.prices = vec![price(ENTERPRISE, 1_425_600, 2)];
        let assessment = assessed(&estate);
        assert_eq!(lines(&assessment, ENTERPRISE), [(*version, *expected, 0, *expected, 0)], "row {row}");
        let bought: Vec<u64> = assessment.position.shopping.iter().map(|item| item.packs).collect();
        assert_eq!(bought, [*packs], "row {row}");
    }
    // row 91, X.9: rounded for each processor 5 + 5
    let assessment = assessed(&physical("2012", "Enterprise", None, &[6, 6], AMD));
    let line = &assessment.position.readings[0].lines[0];
    assert_eq!((line.needed, line.otherwise), (9, 10), "row 91");
    // row 96: 2008 R2 by processor, and 2005 the same (D.9)
    for version in ["2005", "2008 R2"] {
        let estate = physical(version, "Standard", Some(SqlModel::Processor), &[4, 4], INTEL);
        assert_eq!(lines(&assessed(&estate), BY_PROCESSOR), [(version, 2, 0, 2, 0)], "row 96");
    }
}

#[test]
fn virtual_machines_give_the_published_numbers() {
    for (row, processors, expected) in [("98", 2, 4), ("98", 6, 6), ("98", 4, 4)] {
        // source S87; the factor of the host's processors does not apply (D.4)
        let mut estate = virtual_machines("Standard", SqlModel::Core, 1, processors, &[6, 6]);
        estate.hosts[0].processor_model = Some("AMD Opteron(tm) Processor 6234".into());
        assert_eq!(needed(&assessed(&estate), STANDARD), expected, "row {row}");
    }
    // rows 101, source S142: as many machines as core licences; the ninth needs one more, unless there is Software Assurance
    for (row, machines, expected) in [("101", 8, 8), ("D.5", 9, 9), ("D.5", 2, 8)] {
        let estate = virtual_machines("Enterprise", SqlModel::Host, machines, 4, &[8]);
        assert_eq!(needed(&assessed(&estate), ENTERPRISE), expected, "row {row}");
    }
    let mut estate = virtual_machines("Enterprise", SqlModel::Host, 50, 4, &[8]);
    estate.as_of = "2026-11-21".parse().unwrap();
    estate.entitlements = vec![owns(ENTERPRISE, "2014", 8)];
    estate.entitlements[0].software_assurance_until = Some("2027-01-31".parse().unwrap());
    assert_eq!(lines(&assessed(&estate), ENTERPRISE), [("2014", 8, 8, 0, 0)]);
    // unknown virtual processors are the least possible, and say so
    let mut estate = virtual_machines("Standard", SqlModel::Core, 1, 2, &[8]);
    estate.servers[0].virtual_processors = None;
    let assessment = assessed(&estate);
    assert_eq!(needed(&assessment, STANDARD), 4);
    assert!(warns(&assessment, &["DB0", "not known", "D.4"]));
    // row 96 in a virtual machine: no more processors than the machine sees
    let mut estate = virtual_machines("Standard", SqlModel::Processor, 1, 1, &[8, 8]);
    estate.sql[0].version = Some(version("2008 R2"));
    assert_eq!(needed(&assessed(&estate), BY_PROCESSOR), 1);
}

/// Row 100, source S89: a host that a machine with SQL Server ran on within the window counts.
#[test]
fn hosts_of_the_last_90_days_count() {
    for (row, last, expected) in [("100", "2026-10-22", 16), ("100", "2026-08-18", 8), ("100", "2026-08-23", 16)] {
        let mut estate = virtual_machines("Enterprise", SqlModel::Host, 1, 4, &[8]);
        estate.as_of = "2026-11-21".parse().unwrap();
        estate.hosts.push(host("OLD", &[8]));
        estate.sql[0].ran_on = vec![RanOn { host: "OLD".into(), last: last.parse().unwrap() }];
        assert_eq!(needed(&assessed(&estate), ENTERPRISE), expected, "row {row}, {last}");
    }
    // D.5 over a cluster: every host it may run on
    let mut estate = virtual_machines("Enterprise", SqlModel::Host, 1, 4, &[8]);
    estate.hosts.push(host("I", &[12]));
    estate.hosts.iter_mut().for_each(|host| host.cluster = Some("K".into()));
    estate.servers[0].cluster = Some("K".into());
    assert_eq!(needed(&assessed(&estate), ENTERPRISE), 20);
}

#[test]
fn each_server_needs_one_licence_for_all_its_instances() {
    let mut estate = physical("2019", "Standard", Some(SqlModel::ServerCal), &[8, 8], "");
    assert_eq!(lines(&assessed(&estate), BY_SERVER), [("2019", 1, 0, 1, 0)], "D.7");
    let mut second = sql("DB", "2022", "Standard", Some(SqlModel::ServerCal));
    second.id = "DB\\SECOND".into();
    estate.sql.push(second);
    assert_eq!(lines(&assessed(&estate), BY_SERVER), [("2022", 1, 0, 1, 0)]);
    // the highest edition covers the others by core
    estate.sql[0].model = Some(SqlModel::Core);
    estate.sql[1].model = Some(SqlModel::Core);
    estate.sql[1].edition = Some("Enterprise Edition: Core-based Licensing (64-bit)".into());
    let assessment = assessed(&estate);
    assert_eq!((needed(&assessment, ENTERPRISE), needed(&assessment, STANDARD)), (16, 0));
    assert_eq!(assessment.hosts.iter().filter(|host| host.chosen.sku.starts_with("sql-server")).count(), 1);
}

/// D.7: free editions, and D.11: what nobody declared.
#[test]
fn free_and_undeclared_instances() {
    for edition in ["Express Edition (64-bit)", "Developer Edition", "Enterprise Evaluation Edition"] {
        let assessment = assessed(&physical("2019", edition, None, &[8], ""));
        assert!(!assessment.position.lines.iter().any(|line| line.sku.starts_with("sql-server/")), "{edition}");
        assert_eq!(warns(&assessment, &["never for production"]), !edition.starts_with("Express"), "{edition}");
    }
    let assessment = assessed(&physical("2019", "Standard", None, &[8], ""));
    assert_eq!(needed(&assessment, STANDARD), 8);
    let asked = assessment.position.to_do.iter().find(|to_do| to_do.what.contains("D.11")).unwrap();
    assert_eq!(asked.may_add, 8);
    let reading = &assessment.position.readings[0];
    assert_eq!(reading.policy, "sql.model = \"server-cal\"");
    let differ: Vec<_> = reading.lines.iter().map(|line| (line.sku.as_str(), line.needed, line.otherwise)).collect();
    assert_eq!(differ, [(STANDARD, 8, 0), (BY_SERVER, 0, 1)]);
    // Enterprise is licensed by core only
    let assessment = assessed(&physical("2019", "Enterprise", None, &[8], ""));
    assert!(assessment.position.to_do.is_empty() && assessment.position.readings.is_empty());
    // nobody knows the edition
    let mut estate = physical("2019", "", None, &[8], "");
    estate.sql[0].version = None;
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2025", 8, 0, 8, 0)]);
    assert!(warns(&assessment, &["unknown edition"]));
    // paid in the price of a cloud's machine, unless somebody says otherwise
    let mut estate = virtual_machines("Standard", SqlModel::Core, 1, 4, &[8]);
    estate.servers[0].licensed_by = LicensedBy::Azure;
    assert_eq!(needed(&assessed(&estate), STANDARD), 4);
    estate.sql[0].model = None;
    assert_eq!(needed(&assessed(&estate), STANDARD), 0);
}

#[test]
fn passive_replicas_are_free_beside_software_assurance() {
    let mut estate = virtual_machines("Standard", SqlModel::Core, 2, 4, &[16]);
    estate.as_of = "2026-11-21".parse().unwrap();
    estate.sql[1].passive = true;
    let assessment = assessed(&estate);
    assert_eq!(needed(&assessment, STANDARD), 8);
    assert!(warns(&assessment, &["passive", "count", "DB1"]));
    estate.entitlements = vec![owns(STANDARD, "2014", 4)];
    estate.entitlements[0].software_assurance_until = Some("2026-11-21".parse().unwrap());
    assert_eq!(lines(&assessed(&estate), STANDARD), [("2014", 4, 4, 0, 0)]);
    // not two of them beside one
    estate.sql[0].passive = true;
    assert_eq!(needed(&assessed(&estate), STANDARD), 8);
}

/// D.11, E.29: of passive instances beyond those in production the ones are free with which the least must be bought: on `V` with 8
/// virtual processors two of Enterprise at 50, of which one alone saves nothing, on `W` with 4 one of Standard at 10.
#[test]
fn passive_replicas_are_free_where_the_least_is_left_to_buy() {
    let machine = |id: &str, cores: u32| Server {
        is_virtual: true,
        host: Some("H".into()),
        virtual_processors: Some(cores),
        ..server(id, "2022", "Standard")
    };
    let instance = |id: &str, server: &str, edition: &str| SqlInstance {
        id: id.into(),
        passive: !id.starts_with("ACTIVE"),
        ..sql(server, "2022", edition, Some(SqlModel::Core))
    };
    let mut estate = Estate {
        as_of: "2026-11-21".parse().unwrap(),
        currency: "EUR".into(),
        hosts: vec![host("H", &[16])],
        servers: vec![machine("A", 4), machine("V", 8), machine("W", 4)],
        sql: vec![
            instance("ACTIVE", "A", "Standard"),
            instance("V1", "V", "Enterprise"),
            instance("V2", "V", "Enterprise"),
            instance("W1", "W", "Standard"),
        ],
        entitlements: vec![owns(STANDARD, "2022", 4)],
        prices: vec![price(STANDARD, 10, 1), price(ENTERPRISE, 50, 1)],
        ..Estate::default()
    };
    estate.entitlements[0].software_assurance_until = Some("2026-12-31".parse().unwrap());
    let found = |estate: &Estate| {
        let assessment = assessed(estate);
        assert!(warns(&assessment, &["passive", "need no licence", "D.11"]));
        (needed(&assessment, STANDARD), needed(&assessment, ENTERPRISE))
    };
    assert_eq!(found(&estate), (4, 8), "W1 is free");
    // one instance on V alone: it saves most at list price
    estate.sql.remove(2);
    assert_eq!(found(&estate), (8, 0), "V1 is free");
    // but nothing for one who owns Enterprise
    estate.entitlements.push(owns(ENTERPRISE, "2022", 8));
    assert_eq!(found(&estate), (4, 8), "W1 is free");
    // Enterprise at a price below that of Standard: without it the other on the same server would cost more
    estate.entitlements.pop();
    estate.prices[1].minor = 1;
    estate.sql = vec![
        instance("ACTIVE", "A", "Standard"),
        instance("V1", "V", "Enterprise"),
        SqlInstance { passive: false, ..instance("V2", "V", "Standard") },
    ];
    let assessment = assessed(&estate);
    assert_eq!((needed(&assessment, STANDARD), needed(&assessment, ENTERPRISE)), (4, 8));
    assert!(warns(&assessment, &["passive", "count", "without them the rest would cost more"]));
}

#[test]
fn contradictions_and_numbers_without_end_are_refused() {
    let sound = physical("2019", "Standard", None, &[8], "");
    let mut estate = sound.clone();
    estate.sql[0].server = "X".into();
    assert!(assess(&estate).unwrap_err().to_string().contains("`server` of SQL Server instance"));
    estate = sound.clone();
    estate.sql.push(estate.sql[0].clone());
    assert!(assess(&estate).unwrap_err().to_string().contains("stands twice"));
    estate = sound.clone();
    estate.sql[0].version = Some(version("2013"));
    assert!(assess(&estate).unwrap_err().to_string().contains("`version` of SQL Server instance"));
    estate = sound.clone();
    estate.sql[0].model = Some(SqlModel::Host);
    estate.sql[0].ran_on = vec![RanOn { host: "X".into(), last: "2026-11-21".parse().unwrap() }];
    assert!(assess(&estate).unwrap_err().to_string().contains("`ran_on`"));
    // 2019 has no licence by processor
    estate = sound;
    estate.sql[0].model = Some(SqlModel::Processor);
    let assessment = assessed(&estate);
    assert_eq!((needed(&assessment, STANDARD), assessment.position.violations.len()), (8, 1));
    // the largest processors there can be
    let estate = physical("2014", "Enterprise", None, &[u32::MAX; 1000], "AMD Opteron(tm) Processor 6234");
    assert_eq!(needed(&assessed(&estate), ENTERPRISE), (u64::from(u32::MAX) * 1000 * 3).div_ceil(4));
}
