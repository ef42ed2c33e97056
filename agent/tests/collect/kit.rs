//! The offline kit gathers what `collect` reads, no more and no less. The script cannot run here; its tables are read.

use std::{collections::BTreeSet, path::Path};

use caliper_agent::collect::REGISTRY;
use caliper_evidence::event_log;

use crate::collect_from;

use crate::folders::{firmware, write};

fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/windows/kit/caliper-evidence.ps1");
    fs_err::read_to_string(path).unwrap()
}

/// What stands in single quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows of a table of the script: `$Name = @(` to `)` on a line of its own.
fn table(name: &str) -> Vec<String> {
    let script = script();
    let (_, rest) = script.split_once(&format!("\n${name} = @(\n")).unwrap();
    let (rows, _) = rest.split_once("\n)").unwrap();
    rows.lines().map(|row| row.trim().to_owned()).collect()
}

/// The value of `$Name = '...'`.
fn name(variable: &str) -> String {
    let script = script();
    let line = script.lines().find(|line| line.starts_with(&format!("${variable} = '"))).unwrap();
    quoted(line).remove(0)
}

/// A row of the table of logs: channel, file, events.
fn log(row: &str) -> (String, String, Vec<u64>) {
    let texts = quoted(row);
    let (_, list) = row.split_once("Events = @(").unwrap();
    let events = list.trim_end_matches([')', ' ', '}']).split(',').map(|id| id.trim().parse().unwrap()).collect();
    (texts[0].clone(), texts[1].clone(), events)
}

#[test]
fn the_registry_values_are_those_that_are_read() {
    let rows: Vec<(String, Vec<String>)> = table("Registry")
        .iter()
        .map(|row| {
            let mut texts = quoted(row);
            (texts.remove(0), texts)
        })
        .collect();
    let read: Vec<(String, Vec<String>)> = REGISTRY
        .iter()
        .map(|(key, values)| ((*key).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()))
        .collect();
    assert_eq!(rows, read);
}

#[test]
fn the_events_are_those_that_can_count() {
    let gathered: BTreeSet<u64> = table("Logs").iter().flat_map(|row| log(row).2).collect();
    let counting: BTreeSet<u64> = (0..70_000).filter(|id| event_log::may_count(*id)).collect();
    assert_eq!(gathered, counting);
}

/// A registry as `Export-Registry` writes it: UTF-16 with a mark, one value a line.
fn exported() -> Vec<u8> {
    let lines = [
        "Windows Registry Editor Version 5.00",
        "",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]",
        r#""ProductName"="Windows Server 2022 Datacenter Evaluation""#,
        r#""EditionID"="ServerDatacenterEval""#,
        r#""CurrentBuildNumber"="20348""#,
        "",
        r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions]",
        r#""ProductType"="ServerNT""#,
        "",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters]",
        r#""PhysicalHostNameFullyQualified"="HV7.lab.net""#,
        "",
        r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters]",
        r#""NV Hostname"="APP1""#,
        r#""Domain"="lab.net""#,
        "",
    ];
    let text = lines.join("\r\n");
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn what_the_kit_leaves_is_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("APP1");
    write(&server, &name("RegistryFile"), exported());
    // as WMI gives the table, behind the head of GetSystemFirmwareTable
    let table = firmware();
    let head = [0, 3, 2, 0].into_iter().chain(u32::try_from(table.len()).unwrap().to_le_bytes());
    write(&server, &name("Firmware"), head.chain(table.clone()).collect::<Vec<u8>>());
    let report = collect_from(&server).unwrap();
    let facts = &report.server;
    assert_eq!((facts.name.as_str(), facts.domain.as_str()), ("APP1", "lab.net"));
    assert_eq!((facts.edition.as_deref(), facts.version.as_deref()), (Some("ServerDatacenterEval"), Some("2022")));
    assert_eq!((facts.build, facts.product_type, facts.evaluation), (Some(20_348), Some(3), true));
    assert_eq!(facts.physical_host.as_deref(), Some("HV7.lab.net"));
    assert_eq!((facts.sockets, facts.cores, facts.model.as_deref()), (Some(2), Some(16), Some("PowerEdge R630")));
    assert_eq!(report.warnings, ["an evaluation copy, which gives no right to run in production (rule B.3)"]);
}

#[test]
fn a_client_and_a_foreign_registry_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let client = "Windows Registry Editor Version 5.00\n\n\
                  [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n\
                  \"ProductName\"=\"Windows 11 Pro\"\n";
    write(folder.path(), "registry.reg", client);
    let error = collect_from(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is no Windows Server (Windows 11 Pro"), "{error}");
    write(folder.path(), "registry.reg", exported());
    write(folder.path(), "report.json", crate::folders::report("DC-1", 2, "lab\\jane", 4).to_json());
    let error = collect_from(folder.path()).unwrap_err().to_string();
    assert!(error.contains("several servers (dc-1., app1.lab.net)"), "{error}");
}
