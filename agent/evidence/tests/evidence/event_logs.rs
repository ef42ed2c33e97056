//! Real event logs against `evtx/expected_logons.csv`, which independent readers made.
//!
//! Which of its records count is written here a second time, as a table over its columns.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use caliper_evidence::event_log::{self, EventLog, Origin, Use};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Record {
    file: String,
    #[serde(rename = "record_id")]
    number: u64,
    time_utc: String,
    event_id: u64,
    logon_type: String,
    domain: String,
    user: String,
    sid: String,
    ip: String,
    workstation: String,
    status: String,
}

/// (service, principal, client, year): what a record must be counted under.
type Row = (String, String, String, i16);

/// Network sign-ins by which a remote desktop session announced itself, found by hand: same account and address,
/// type 3 at 12:34:25 and type 10 at 12:34:28.
const ANNOUNCEMENTS: [(&str, u64); 1] = [("evtx/windomain.local/RDPAuth_Security.evtx", 506_485)];

/// Audit failures, which the table does not mark: this record has the failure keyword (0x8010000000000000).
const FAILURES: [(&str, u64); 1] = [("evtx/offsec.lan/ID5140-Failed_ADMIN_share_access.evtx", 1)];

fn counts(record: &Record) -> Option<Row> {
    let named = (record.file.as_str(), record.number);
    if ANNOUNCEMENTS.contains(&named) || FAILURES.contains(&named) {
        return None;
    }
    let user = record.user.to_lowercase();
    let domain = record.domain.to_lowercase();
    let is_machine = user.split('@').next().is_some_and(|name| name.ends_with('$'));
    let of_windows =
        ["nt authority", "window manager", "font driver host", "virtual users", "nt service", "iis apppool"]
            .contains(&domain.as_str())
            || ["system", "local service", "network service", "anonymous logon", "iusr"].contains(&user.as_str())
            || user.starts_with("dwm-")
            || user.starts_with("umfd-")
            || ["S-1-5-7", "S-1-5-17", "S-1-5-19", "S-1-5-20"].contains(&record.sid.as_str())
            || (record.sid == "S-1-5-18" && !is_machine);
    if of_windows || user.is_empty() || user == "-" {
        return None;
    }
    let success = record.status == "0x0";
    let remote = record.ip != "LOCAL";
    let service = match (record.event_id, record.logon_type.as_str()) {
        (4624, "3") => "network sign-in",
        (4624, "8") => "clear-text network sign-in",
        (4624, "10") => "remote desktop session",
        (4624, "12") => "cached remote desktop session",
        (4768, _) if success => "Kerberos sign-in",
        (4769, _) if success => "Kerberos service ticket",
        (4776, _) if success => "NTLM credential check",
        (21 | 25 | 4778 | 4779, _) if remote => "remote desktop session",
        (302 | 303, _) => "Remote Desktop Gateway",
        (5140, _) => "file share",
        _ => return None,
    };
    let principal = if domain.is_empty() || user.contains(['@', '\\']) { user } else { format!("{domain}\\{user}") };
    let ip = record.ip.trim_start_matches("::ffff:").split('%').next().unwrap_or_default();
    let workstation = record.workstation.trim_start_matches('\\').to_lowercase();
    let client = match (ip, workstation.as_str()) {
        ("" | "-", "-") => String::new(),
        ("" | "-", name) => name.to_owned(),
        (ip, _) => ip.to_owned(),
    };
    let year = record.time_utc[..4].parse().unwrap();
    Some((service.to_owned(), principal, client, year))
}

/// The expectation by file: how often each row occurs, and on which days of the year it does.
fn expected(data: &Path) -> BTreeMap<String, BTreeMap<Row, (u64, Vec<u16>)>> {
    let mut files: BTreeMap<String, BTreeMap<Row, (u64, Vec<u16>)>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(data.join("evtx/expected_logons.csv")).unwrap();
    for record in reader.deserialize() {
        let record: Record = record.unwrap();
        let rows = files.entry(record.file.clone()).or_default();
        let Some(row) = counts(&record) else { continue };
        let date: jiff::civil::Date = record.time_utc[..10].parse().unwrap();
        let day = u16::try_from(date.day_of_year()).unwrap();
        let (total, days) = rows.entry(row).or_default();
        *total += 1;
        if !days.contains(&day) {
            days.push(day);
            days.sort_unstable();
        }
    }
    files
}

/// A log and its uses, of which none of these logs has so many that they come in parts.
fn read(path: &Path) -> (EventLog, Vec<Use>) {
    let mut uses = Vec::new();
    let log = event_log::read(fs_err::File::open(path).unwrap(), |one| uses.push(one)).unwrap();
    (log, uses)
}

#[test]
fn every_record_that_counts_and_no_other() {
    let Some(data) = crate::shared::data() else { return };
    let mut counted = 0;
    for (file, expected) in expected(&data) {
        let found: BTreeMap<Row, (u64, Vec<u16>)> = read(&data.join(&file))
            .1
            .into_iter()
            .map(|row| {
                let sign_in = row.sign_in;
                let key = (sign_in.service.to_owned(), sign_in.principal, sign_in.client, row.year);
                (key, (row.total, row.days))
            })
            .collect();
        counted += found.values().map(|(total, _)| total).sum::<u64>();
        assert_eq!(found, expected, "{file}");
    }
    assert!(counted > 600, "{counted}");
}

/// Records as XML, which is how a running Windows hands them out, give the rows of the file.
#[test]
fn records_as_xml_give_the_same_rows() {
    let Some(data) = crate::shared::data() else { return };
    let mut rows = 0;
    for path in logs(&data.join("evtx")) {
        let (log, uses) = read(&path);
        if !log.warnings.is_empty() {
            continue; // of damaged records each form keeps other parts
        }
        let mut reading = event_log::Reading::default();
        let settings = evtx::ParserSettings::new().num_threads(1).indent(false);
        let mut parser = evtx::EvtxParser::from_path(&path).unwrap().with_configuration(settings);
        for record in parser.records() {
            let xml = record.unwrap().data;
            let (event, computer) = event_log::read_xml(&xml).unwrap_or_else(|| panic!("{xml}"));
            reading.add(&event, &computer);
        }
        let mut read = Vec::new();
        let computers = reading.finish(|one| read.push(one)).computers;
        assert_eq!((&read, &computers), (&uses, &log.computers), "{}", path.display());
        rows += read.len();
    }
    assert!(rows > 100, "{rows}");
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(logs(&path));
        } else if path.extension().is_some_and(|end| end == "evtx") {
            found.push(path);
        }
    }
    found
}

#[test]
fn damaged_logs_give_warnings() {
    let Some(data) = crate::shared::data() else { return };
    // the files in which an independent reader met damage as well
    let expected: serde_json::Value =
        serde_json::from_str(&fs_err::read_to_string(data.join("evtx/expected.json")).unwrap()).unwrap();
    let mut damaged = 0;
    for path in logs(&data.join("evtx")) {
        let name = path.strip_prefix(&data).unwrap().to_string_lossy().into_owned();
        let (log, _) = read(&path);
        let errors = expected[&name]["iter_errors"].as_u64().unwrap_or(0);
        assert_eq!(log.warnings.is_empty(), errors == 0, "{name}: {:?}", log.warnings);
        damaged += usize::from(errors > 0);
        let computers = expected[&name]["computers"].as_object().unwrap();
        for (computer, count) in computers {
            // past damage this reader may find records that the others gave up on, never fewer
            let found = log.computers.get(computer).copied().unwrap_or(0);
            let count = count.as_u64().unwrap();
            assert!(found == count || (errors > 0 && found > count), "{name}: {computer} {found}, expected {count}");
        }
        assert!(errors > 0 || log.computers.len() == computers.len(), "{name}: {:?}", log.computers);
    }
    assert!(damaged > 0);
}

#[test]
fn each_log_has_its_origin() {
    let Some(data) = crate::shared::data() else { return };
    let cases = [
        ("windomain.local/RDPAuth_LocalSessionManager.evtx", Origin::TerminalSessions),
        ("rds_gateway/ID302_RDS_Gateway_Logon_Logoff.evtx", Origin::RemoteDesktopGateway),
        ("offsec.lan/ID4768-Kerberos_AS-REP_Roasting.evtx", Origin::DomainController),
        ("offsec.lan/ID4624-Success_login_with_Golden_ticket.evtx", Origin::Security),
    ];
    for (file, origin) in cases {
        let (_, uses) = read(&data.join("evtx").join(file));
        assert!(!uses.is_empty() && uses.iter().all(|row| row.sign_in.origin == origin), "{file}");
    }
}

#[test]
fn changed_bytes_never_panic() {
    let Some(data) = crate::shared::data() else { return };
    let original = fs_err::read(data.join("evtx/windomain.local/RDPAuth_Security.evtx")).unwrap();
    let original = &original[..original.len().min(4096 + 65536)];
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(changes in prop::collection::vec((0..original.len(), any::<u8>()), 1..64), cut in 0..original.len())| {
        let mut bytes = original.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let _ = event_log::read(std::io::Cursor::new(&bytes), drop);
        bytes.truncate(cut);
        let _ = event_log::read(std::io::Cursor::new(&bytes), drop);
    });
}

proptest! {
    #[test]
    fn any_bytes_after_the_magic(bytes in prop::collection::vec(any::<u8>(), 0..9000)) {
        let log = [b"ElfFile\0".as_slice(), &bytes].concat();
        let _ = event_log::read(std::io::Cursor::new(log), drop);
    }
}
