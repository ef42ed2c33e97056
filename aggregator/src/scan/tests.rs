//! A small organisation whose estate can be worked out by reading: each row of evidence says which rule it proves.

mod people;

use std::path::Path;

use caliper_licensing::Accesses;
use caliper_proto::{Access, AccessKey, Days, Inventory, NameRecord, Report, Source, VirtualMachine};
use jiff::civil::date;

use super::*;
use crate::{
    context::Clock,
    directory::{Account, AccountKind, Kind, Members, Snapshot},
    ingest::import::import,
};

const FILES: &str = "10a9226f-50ee-49d8-a393-9a501d47ce04";
const DHCP: &str = "48eed6b2-9cdc-4358-b5a5-8dea3b2f3f6a";
const RD_GATEWAY: &str = "1479a8c1-9808-411e-9739-2d3c5923e86a";
const RIGHTS_MANAGEMENT: &str = "b4cdd739-089c-417e-878d-855f90081be7";
const SQL_ENGINE: &str = "bd7f7c0d-7c36-4721-afa8-0ba700e26d9e";

fn now() -> Instant {
    "2021-06-24T00:00:00Z".parse::<jiff::Timestamp>().unwrap().into()
}

fn account(kind: AccountKind, name: &str, rid: u32) -> Account {
    Account {
        sid: format!("S-1-5-21-1-2-3-{rid}"),
        display_name: name.into(),
        dn: format!("CN={name}"),
        ..Account::bare(kind, &format!("{rid:08}"), name)
    }
}

fn directory(store: &Store) {
    use AccountKind::{Computer, Service, User};
    let server = |name: &str, rid| Account {
        operating_system: "Windows Server 2019 Standard".into(),
        ..account(Computer, name, rid)
    };
    let accounts = vec![
        Account { administrator: true, ..account(User, "Administrator", 500) },
        Account { employee: "1".into(), ..account(User, "jane", 1101) },
        Account { employee: "1".into(), administrator: true, ..account(User, "adm-jane", 1102) },
        account(User, "bob", 1103),
        Account { enabled: false, ..account(User, "leaver", 1104) },
        account(User, "former", 1106),
        account(Service, "svc-backup", 1105),
        account(Computer, "PC-JANE$", 1201),
        account(Computer, "PC-BOB$", 1202),
        account(Computer, "DISPLAY$", 1203),
        server("FS$", 1204),
        server("WEB$", 1205),
    ];
    let snapshot = Snapshot {
        kind: Kind::ActiveDirectory,
        base: "DC=lab,DC=net".into(),
        netbios: "lab".into(),
        dns: "lab.net".into(),
        accounts,
        members: Members::default(),
        point: None,
    };
    store.write(|tx| crate::store::directory::replace(tx, "lab", &snapshot, None, now())).unwrap();
}

fn row(role: &str, principal: &str, client: &str, days: &[u16]) -> Access {
    let mut map = Days::default();
    for day in days {
        map.insert(*day).unwrap();
    }
    let at = |day: Option<&u16>| {
        let date = date(2021, 1, 1).saturating_add(jiff::ToSpan::days(i64::from(*day.unwrap()) - 1));
        date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().into()
    };
    Access {
        key: AccessKey {
            service: "role".into(),
            role_guid: role.into(),
            principal: principal.into(),
            client: client.into(),
            source: Source::UserAccessLogging,
            year: 2021,
        },
        days: map,
        total: 1,
        first: at(days.first()),
        last: at(days.last()),
    }
}

fn take_in(store: &Store, folder: &Path, server: Inventory, accesses: Vec<Access>) {
    let file = folder.join(format!("{}.json", server.name));
    let report = Report { server, accesses: caliper_proto::merge_all(accesses), warnings: Vec::new() };
    fs_err::write(&file, report.to_json()).unwrap();
    import(store, &file, now()).unwrap();
}

fn inventory(name: &str) -> Inventory {
    Inventory {
        name: name.into(),
        domain: "lab.net".into(),
        edition: Some("Standard".into()),
        version: Some("2019".into()),
        product_type: Some(3),
        is_virtual: Some(true),
        ..Inventory::default()
    }
}

/// Evidence of FS, a virtual file server on the physical HV.
fn organisation(folder: &Path) -> Store {
    let store = Store::open(&folder.join("data")).unwrap();
    directory(&store);
    let fs = Inventory {
        addresses: vec!["10.0.0.5".into()],
        names: vec![
            NameRecord { address: "10.0.0.77".into(), host_name: "Phone".into(), last: now() },
            NameRecord { address: "10.0.0.5".into(), host_name: "gc".into(), last: now() },
        ],
        ..inventory("FS")
    };
    let rows = vec![
        // a person at a domain computer, found by the day on which its own account was there
        row(FILES, "lab\\pc-jane$", "10.0.0.11", &[163, 164]),
        row(FILES, "LAB\\Jane", "10.0.0.11", &[164]),
        // E.16: the second account is the same person; E.7: its accesses serve to administer
        row(FILES, "adm-jane@lab.net", "10.0.0.11", &[164]),
        // the same machine's own traffic adds nothing; another address of it is the same device
        row(FILES, "lab\\pc-jane$", "fd00::11", &[165]),
        row(FILES, "lab\\jane", "fd00::11", &[165]),
        // a telephone that only has a name
        row(FILES, "lab\\bob", "10.0.0.77", &[164]),
        // an address nobody is known behind, and one of somebody else's network
        row(FILES, "lab\\bob", "10.0.0.99", &[164]),
        row(FILES, "lab\\bob", "203.0.113.9", &[164]),
        // E.6: a person signed in on a server, and on this one
        row(FILES, "lab\\bob", "web.lab.net", &[164]),
        row(FILES, "lab\\administrator", "::1", &[164]),
        // E.6, E.15: servers by their machine accounts, and a service on a server
        row(FILES, "lab\\fs$", "::1", &[164]),
        row(FILES, "lab\\web$", "10.0.0.6", &[164]),
        row(FILES, "lab\\svc-backup", "10.0.0.6", &[164]),
        // E.15: a service on a machine that is no server; E.28: a machine nobody works at
        row(FILES, "lab\\svc-backup", "10.0.0.88", &[164]),
        row(FILES, "lab\\display$", "10.0.0.12", &[164]),
        // E.19: too long ago, or of somebody who has left
        row(FILES, "lab\\bob", "10.0.0.13", &[1]),
        row(FILES, "lab\\former", "10.0.0.13", &[2, 20]),
        row(FILES, "lab\\pc-bob$", "10.0.0.13", &[20]),
        row(FILES, "lab\\leaver", "10.0.0.11", &[164]),
        // nobody: the system, the anonymous; a name no directory knows
        row(FILES, "NT AUTHORITY\\SYSTEM", "", &[164]),
        row(FILES, "", "10.0.0.11", &[164]),
        row(FILES, "lab\\ghost", "10.0.0.11", &[164]),
        row(FILES, "ghost@lab.net", "10.0.0.11", &[164]),
        // E.13: an address from DHCP
        row(DHCP, "", "10.0.0.55", &[164]),
    ];
    take_in(&store, folder, fs, rows);
    let guest = VirtualMachine {
        vm_guid: String::new(),
        bios_guid: String::new(),
        name: "FS".into(),
        first: now(),
        last: now(),
    };
    let hv = Inventory {
        is_virtual: Some(false),
        sockets: Some(2),
        cores: Some(24),
        virtual_machines: vec![guest],
        ..inventory("HV")
    };
    take_in(&store, folder, hv, vec![row(FILES, "lab\\adm-jane", "10.0.0.11", &[164])]);
    store
}

fn config() -> Config {
    let text = "[estate]\ncurrency = 'EUR'\n[[estate.price]]\nsku = 'windows-server-cal/user'\nminor = 4200\n\
                [[estate.price]]\nsku = 'windows-server-cal/device'\nminor = 3600\n";
    Config::parse(Path::new("c.toml"), text).unwrap()
}

#[test]
fn every_row_of_evidence_ends_where_the_rules_say() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let Finished { draft, .. } = prepare(&store, &config(), date(2021, 6, 23)).unwrap();
    let estate = &draft.estate;
    let person = |at: u32| if at == Accesses::NONE { "-" } else { estate.people[at as usize].id.as_str() };
    let device = |at: u32| if at == Accesses::NONE { "-" } else { estate.devices[at as usize].id.as_str() };
    let rows: Vec<_> = estate
        .accesses
        .rows()
        .map(|row| (person(row.person), device(row.device), estate.servers[row.server as usize].id.as_str(), row.flags))
        .collect();
    let (fs, hv) = ("fs.lab.net", "hv.lab.net");
    let mut expected = vec![
        ("lab\\administrator", "fs.lab.net", fs, Accesses::ADMINISTRATION),
        ("lab\\bob", "10.0.0.99", fs, 0),
        ("lab\\bob", "phone", fs, 0),
        ("lab\\bob", "web.lab.net", fs, 0),
        ("lab\\bob", "-", fs, 0),
        ("lab\\ghost", "pc-jane.lab.net", fs, 0),
        ("lab\\jane", "pc-jane.lab.net", fs, 0),
        ("lab\\jane", "pc-jane.lab.net", hv, Accesses::ADMINISTRATION),
        ("-", "10.0.0.55", fs, Accesses::INFRASTRUCTURE),
        ("-", "10.0.0.88", fs, 0),
        ("-", "display.lab.net", fs, 0),
    ];
    let mut found = rows.clone();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);

    let flagged: Vec<_> =
        estate.devices.iter().map(|device| (device.id.as_str(), device.unresolved, device.server)).collect();
    let strange = |id| (id, true, false);
    let plain = |id| (id, false, false);
    let server = |id| (id, false, true);
    assert_eq!(
        flagged,
        [
            strange("10.0.0.55"),
            strange("10.0.0.88"),
            strange("10.0.0.99"),
            plain("display.lab.net"),
            server("fs.lab.net"),
            plain("pc-jane.lab.net"),
            plain("phone"),
            server("web.lab.net"),
            // E.19: before the window, so not in the lists
            plain("pc-bob.lab.net"),
        ]
    );
    assert_eq!(draft.devices.len() + 1, estate.devices.len());
    let earlier: Vec<_> = estate.people[draft.people.len()..].iter().collect();
    let earlier: Vec<_> = earlier
        .iter()
        .map(|person| (person.id.as_str(), person.last_seen.map(|day| day.to_string()), person.gone))
        .collect();
    // days 20 and 164 of 2021
    let day = |text: &str| Some(text.to_owned());
    assert_eq!(earlier, [("lab\\former", day("2021-01-20"), false), ("lab\\leaver", day("2021-06-13"), true)]);
    assert_eq!(estate.devices.last().and_then(|device| device.last_seen), Some(date(2021, 1, 20)));
    let unresolved: Vec<&str> =
        estate.people.iter().filter(|person| person.unresolved).map(|person| person.id.as_str()).collect();
    assert_eq!(unresolved, ["lab\\ghost"]);
    assert_eq!(draft.departed.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["lab\\leaver"]);
    assert_eq!(
        estate.left_out.values().copied().collect::<Vec<_>>(),
        // people gone, by the system or nobody, from server to server (two), of servers to themselves
        [1, 2, 2, 1],
        "{:?}",
        estate.left_out
    );
    // E.8: nobody but administrators used HV, and FS runs on it
    let hosts: Vec<_> =
        estate.hosts.iter().map(|host| (host.id.as_str(), host.processors.clone(), host.virtualization_only)).collect();
    assert_eq!(hosts, [("hv.lab.net", vec![12, 12], true)]);
    assert!(estate.servers.iter().all(|server| server.host.as_deref() == Some("hv.lab.net")));
    assert!(estate.notes.iter().any(|note| note.ends_with("(I.4): 1, web.lab.net")), "{:?}", estate.notes);
}

/// E.19: who was seen 91 to 365 days ago, who left, and somebody nobody knows hold CALs that can be taken back.
#[test]
fn licences_of_those_who_were_not_seen_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let mut config = config();
    let ledger = |number: u32, to: &str| {
        format!("[[assignment]]\nentitlement = 'cals'\nnumber = {number}\nto = '{to}'\nfrom = 2021-01-01\n")
    };
    let text = format!(
        "[[entitlement]]\nid = 'cals'\nsku = 'windows-server-cal/user'\nversion = 2019\nquantity = 3\n{}{}{}",
        ledger(1, "lab\\former"),
        ledger(2, "lab\\leaver"),
        ledger(3, "lab\\nobody")
    );
    let more: EstateSettings = toml::from_str(&text).unwrap();
    (config.estate.entitlement, config.estate.assignment) = (more.entitlement, more.assignment);
    let found = prepare(&store, &config, date(2021, 6, 23)).unwrap();
    let rows: Vec<_> = found.assessment.position.reclaim.iter().map(|row| (row.quantity, row.why.clone())).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().any(|(count, why)| *count == 1 && why.contains("not longer ago than 365 days")), "{rows:?}");
    assert!(rows.iter().any(|(count, why)| *count == 2 && why.contains("have left")), "{rows:?}");
    assert!(found.draft.estate.notes.iter().any(|note| note.ends_with("count as gone (E.19): 1")));
}

/// 0.4, E.19: former was there in January, bob since the end of May, so one CAL could have served both; leaver from April to May, which
/// is within the 90 days of former's and before bob's are needed.
#[test]
fn evidence_from_before_the_window_gives_the_pool_over_time() {
    let folder = tempfile::tempdir().unwrap();
    let pool_of = |rows: Vec<Access>, pool_over_time: bool| {
        let folder = tempfile::tempdir_in(folder.path()).unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        directory(&store);
        take_in(&store, folder.path(), inventory("FS"), rows);
        let mut config = config();
        config.estate.pool_over_time = pool_over_time;
        let found = prepare(&store, &config, date(2021, 6, 23)).unwrap();
        let days = found.draft.estate.stays.iter().map(|stay| (stay.first.day_of_year(), stay.last.day_of_year()));
        let mut days: Vec<_> = days.collect();
        days.sort_unstable();
        (days, found.assessment.position.pool.map(|pool| (pool.users, pool.devices, pool.user_holders)))
    };
    let of = |who: &str, days: &[u16]| row(FILES, who, "10.0.0.50", days);
    let rows = vec![of("lab\\former", &[20, 25]), of("lab\\bob", &[150, 164])];
    assert_eq!(pool_of(rows.clone(), true), (vec![(20, 25), (150, 164)], Some((1, 0, 2))));
    assert_eq!(pool_of(rows.clone(), false), (vec![], None));
    // day 20 + 90 = 110; who came on day 100 needs one of his own, and so does who has left since
    let with_leaver = [rows, vec![of("lab\\leaver", &[100, 140])]].concat();
    assert_eq!(pool_of(with_leaver, true), (vec![(20, 25), (100, 140), (150, 164)], Some((2, 0, 3))));
    // within the window nothing can change hands
    assert_eq!(pool_of(vec![of("lab\\bob", &[150, 164])], true), (vec![], None));
}

/// What the pool over time adds to a scan: 12 servers, each reached by all of 40,000 people (480,000 rows) from machines of their own
/// on two days somewhere in half a year.
#[test]
#[ignore = "measures, and takes minutes"]
fn what_the_pool_over_time_costs() {
    let people = 40_000;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    let accounts = (0..people).flat_map(|at| {
        let user = account(AccountKind::User, &format!("u{at}"), 100_000 + at);
        [user, account(AccountKind::Computer, &format!("PC{at}$"), 1_000_000 + at)]
    });
    let snapshot = Snapshot {
        kind: Kind::ActiveDirectory,
        base: "DC=lab,DC=net".into(),
        netbios: "lab".into(),
        dns: "lab.net".into(),
        accounts: accounts.collect(),
        members: Members::default(),
        point: None,
    };
    store.write(|tx| crate::store::directory::replace(tx, "lab", &snapshot, None, now())).unwrap();
    for server in 0..12_u32 {
        let rows = (0..people).map(|at| {
            // spread by a multiplicative step, so that a person's days on all servers differ
            let first = 1 + (at.wrapping_mul(2_654_435_761) ^ server.wrapping_mul(40_503)) % 150;
            row(FILES, &format!("lab\\u{at}"), &format!("pc{at}.lab.net"), &[first as u16, first as u16 + 20])
        });
        take_in(&store, folder.path(), inventory(&format!("S{server}")), rows.collect());
    }
    let memory = || {
        let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for pool_over_time in [false, true] {
        let mut config = config();
        config.estate.pool_over_time = pool_over_time;
        let start = std::time::Instant::now();
        let found = prepare(&store, &config, date(2021, 6, 23)).unwrap();
        let estate = &found.draft.estate;
        println!(
            "pool_over_time = {pool_over_time}: {:.1} s, {} accesses, {} stays, estate of {} bytes, {}",
            start.elapsed().as_secs_f64(),
            estate.accesses.len(),
            estate.stays.len(),
            found.estate.len(),
            memory()
        );
        assert_eq!(estate.stays.is_empty(), !pool_over_time);
    }
}

#[test]
fn the_same_store_gives_the_same_bytes_and_the_estate_the_same_position() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let scans =
        [1, 2].map(|_| run_as_of(&store, &config(), &Trigger::Hand, date(2021, 6, 23), &Clock::new(now)).unwrap());
    let stored = scans.map(|scan| store.read(|tx| table::stored(tx, scan)).unwrap().unwrap());
    assert_eq!(stored[0], stored[1]);
    assert_eq!(stored[0].state, "done");
    let estate: caliper_licensing::Estate = serde_json::from_str(&stored[0].estate).unwrap();
    let again = caliper_licensing::assess(&estate).unwrap();
    assert_eq!(serde_json::to_string_pretty(&again.position).unwrap(), stored[0].position);
    let lists: (i64, i64, i64) = store
        .read(|tx| {
            let sql = "SELECT (SELECT count(*) FROM scan_person WHERE scan = s.id), (SELECT count(*) FROM scan_device
                       WHERE scan = s.id), length(estate_sha256) FROM scan s WHERE id = 1";
            Ok::<_, StoreError>(tx.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
        })
        .unwrap();
    // four in the estate and one who left; eight devices
    assert_eq!(lists, (5, 8, 64));
}

#[test]
fn a_scan_that_cannot_be_assessed_is_kept_with_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let mut config = config();
    config.estate.price[0].units = 0;
    let error = run_as_of(&store, &config, &Trigger::Api, date(2021, 6, 23), &Clock::new(now)).unwrap_err();
    assert!(matches!(error, ScanError::Estate(_)));
    let stored = store.read(|tx| table::stored(tx, 1)).unwrap().unwrap();
    assert_eq!(stored.state, "failed");
    let sentence =
        "correct the [estate] part of the configuration: price of `windows-server-cal/user`: it is for 0 units";
    assert!(stored.failure.contains(sentence), "{}", stored.failure);
    assert_eq!(store.read(table::latest).unwrap(), None);
}

#[test]
fn a_scan_cut_off_by_a_crash_is_failed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let _: u64 = store.write(|tx| table::start(tx, "hand", now())).unwrap();
    assert_eq!(recover(&store, now()).unwrap(), 1);
    assert_eq!(recover(&store, now()).unwrap(), 0);
    assert_eq!(store.read(|tx| table::stored(tx, 1)).unwrap().unwrap().state, "failed");
}

/// Whoever used a role with CALs of its own stands in its family, with the machine used on that day (I.1.7).
#[test]
fn uses_follow_from_roles_and_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    directory(&store);
    let session = |principal: &str, client: &str, days: &[u16]| {
        let mut row = row("", principal, client, days);
        (row.key.service, row.key.source) = ("remote desktop session".into(), Source::SecurityLog);
        row
    };
    let rows = vec![
        row(FILES, "lab\\bob", "pc-bob.lab.net", &[164]),
        // F.8: the gateway, from another machine than the files
        row(RD_GATEWAY, "lab\\bob", "phone", &[164]),
        // F.1: a session; F.2: one to administer
        session("lab\\jane", "pc-jane.lab.net", &[164]),
        session("lab\\adm-jane", "pc-jane.lab.net", &[165]),
        // F.9, and too long ago
        row(RIGHTS_MANAGEMENT, "lab\\jane", "pc-jane.lab.net", &[164]),
        row(RIGHTS_MANAGEMENT, "lab\\bob", "pc-bob.lab.net", &[1]),
        // D.8
        row(SQL_ENGINE, "lab\\bob", "pc-bob.lab.net", &[164]),
        // E.15: a program alone on a machine; E.19: somebody who has left; a name no directory knows
        row(SQL_ENGINE, "lab\\svc-backup", "display.lab.net", &[164]),
        row(SQL_ENGINE, "lab\\leaver", "pc-bob.lab.net", &[164]),
        row(RD_GATEWAY, "lab\\ghost", "pc-bob.lab.net", &[164]),
    ];
    take_in(&store, folder.path(), inventory("FS"), rows);
    let scan = |config: &Config| prepare(&store, config, date(2021, 6, 23)).unwrap();
    let Finished { draft, assessment, .. } = scan(&config());
    let estate = &draft.estate;
    let person = |at: u32| if at == Accesses::NONE { "-" } else { estate.people[at as usize].id.as_str() };
    let device = |at: u32| if at == Accesses::NONE { "-" } else { estate.devices[at as usize].id.as_str() };
    let mut found: Vec<_> = (estate.uses.iter())
        .flat_map(|used| used.accesses.rows().map(|row| (used.cal.as_str(), row)))
        .map(|(cal, row)| (cal, person(row.person), device(row.device), row.flags))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("ad-rms", "lab\\jane", "pc-jane.lab.net", 0),
            ("rds", "lab\\bob", "phone", 0),
            ("rds", "lab\\ghost", "pc-bob.lab.net", 0),
            ("rds", "lab\\jane", "pc-jane.lab.net", 0),
            ("sql-server", "-", "display.lab.net", 0),
            ("sql-server", "lab\\bob", "pc-bob.lab.net", 0),
        ]
    );
    // D.11: nobody said how it is licensed, so it counts by core and no CAL is needed yet
    let instances: Vec<_> = estate.sql.iter().map(|one| (one.id.as_str(), one.server.as_str(), one.model)).collect();
    assert_eq!(instances, [("fs.lab.net\\?", "fs.lab.net", None)]);
    assert!(estate.notes.iter().any(|note| note.ends_with("licensed (D.11): fs.lab.net")), "{:?}", estate.notes);
    let needed = |assessment: &Assessment, sku: &str| -> u64 {
        assessment.position.lines.iter().filter(|line| line.sku.starts_with(sku)).map(|line| line.needed).sum()
    };
    // two people from a machine each: two CALs of either kind; one; D.4: at least 4 cores
    for (sku, count) in [("rds-cal/", 2), ("ad-rms-cal/", 1), ("sql-server-cal/", 0), ("sql-server/", 4)] {
        assert_eq!(needed(&assessment, sku), count, "{sku}");
    }
    // D.7: by server and CAL, bob and the display need one each
    let mut stated = config();
    stated.estate.sql = vec![caliper_licensing::SqlInstance {
        id: "payroll".into(),
        server: "FS".into(),
        model: Some(caliper_licensing::SqlModel::ServerCal),
        edition: Some("Standard".into()),
        ..Default::default()
    }];
    let assessment = scan(&stated).assessment;
    for (sku, count) in [("sql-server-cal/", 2), ("sql-server/standard/core", 0), ("sql-server/standard/", 1)] {
        assert_eq!(needed(&assessment, sku), count, "{sku}");
    }
}

/// What agents report of clusters, SQL Server and public clouds is licensed as the rules say.
#[test]
fn what_is_installed_is_licensed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    directory(&store);
    let node = |name: &str| Inventory {
        is_virtual: Some(false),
        sockets: Some(2),
        cores: Some(24),
        installed: caliper_proto::Installed {
            features: vec!["Hyper-V".into()],
            cluster: Some("CL".into()),
            cluster_nodes: vec!["HV1".into(), "HV2".into()],
            ..Default::default()
        },
        ..inventory(name)
    };
    let sql = caliper_proto::SqlInstance {
        name: "MSSQLSERVER".into(),
        edition: Some("Enterprise Edition: Core-based Licensing".into()),
        version: Some("15.0.2000.5".into()),
        cluster: None,
    };
    let db = Inventory {
        physical_host: Some("HV1".into()),
        logical_processors: Some(6),
        installed: caliper_proto::Installed { sql_instances: vec![sql], ..Default::default() },
        ..inventory("DB")
    };
    let cloud = Inventory {
        installed: caliper_proto::Installed { cloud: Some("Azure".into()), ..Default::default() },
        ..inventory("CLOUD")
    };
    for server in [node("HV1"), node("HV2"), db, cloud] {
        take_in(&store, folder.path(), server, Vec::new());
    }
    let scan = |text: &str| {
        let config = Config::parse(Path::new("c.toml"), text).unwrap();
        let position = prepare(&store, &config, date(2021, 6, 23)).unwrap().assessment.position;
        let lines = position.lines.into_iter().filter(|line| line.needed > 0);
        lines.map(|line| (line.sku, line.version, line.needed)).collect::<Vec<_>>()
    };
    let windows = |cores| ("windows-server/standard/core".to_owned(), "2019".to_owned(), cores);
    let sql = |cores| ("sql-server/enterprise/core".to_owned(), "2019".to_owned(), cores);
    // C.12: DB may run on either node beside the Windows of the node: one set of 24 cores each (C.6); D.4: six virtual
    // processors; E.11: nothing for CLOUD
    assert_eq!(scan(""), [sql(6), windows(48)]);
    // on a node of its own, with two more machines seen there: four on HV1 need two sets
    let apart = "[[estate.host]]\nname = 'HV1'\ncluster = ''\npeak_virtual_machines = 3\n[[estate.host]]\nname = 'HV2'\ncluster = ''\n";
    assert_eq!(scan(apart), [sql(6), windows(72)]);
    // C.21: on licences of one's own, 8 cores for a machine of up to 8
    let own = "[[estate.server]]\nname = 'cloud'\nlicensed_by = 'azure-hybrid-benefit'\n";
    let found = scan(own);
    assert_eq!(found.iter().map(|(_, _, cores)| cores).sum::<u64>(), 6 + 48 + 8, "{found:?}");
}
