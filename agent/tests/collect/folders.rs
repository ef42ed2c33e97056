//! Folders made by hand; nothing here needs real artefacts.

use std::path::Path;

use caliper_agent::collect::CollectError;
use caliper_proto::{Access, AccessKey, Days, Instant, Inventory, Report, Source};
use tempfile::tempdir;

use crate::collect_from;

pub fn report(name: &str, product_type: u32, principal: &str, total: u64) -> Report {
    let mut days = Days::default();
    days.insert(163).unwrap();
    let at = Instant::from_micros(1_623_541_641_230_000).unwrap();
    let key = AccessKey {
        service: "File Server".into(),
        role_guid: "10a9226f-50ee-49d8-a393-9a501d47ce04".into(),
        principal: principal.into(),
        client: "10.0.0.7".into(),
        source: Source::UserAccessLogging,
        year: 2021,
    };
    Report {
        server: Inventory { name: name.into(), product_type: Some(product_type), ..Inventory::default() },
        accesses: vec![Access { key, days, total, first: at, last: at }],
        warnings: Vec::new(),
    }
}

/// Names and contents of files.
type Files<'bytes> = &'bytes [(&'bytes str, &'bytes [u8])];

pub fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, bytes).unwrap();
}

/// A system and two processors of 8 cores and 16 threads, from the layout in DSP0134.
pub fn firmware() -> Vec<u8> {
    let mut bytes = vec![1, 0x1B, 0, 0, 1, 2, 0, 0];
    bytes.extend([0x11; 16]);
    bytes.extend([6, 0, 0]);
    bytes.extend(b"Dell Inc.\0PowerEdge R630\0\0");
    for _ in 0..2 {
        let mut socket = vec![0_u8; 0x28];
        socket[..6].copy_from_slice(&[4, 0x28, 0, 0, 1, 3]);
        socket[0x10] = 2;
        socket[0x18] = 0x41;
        socket[0x23..0x26].copy_from_slice(&[8, 8, 16]);
        bytes.extend(socket);
        bytes.extend(b"CPU\0Xeon\0\0");
    }
    bytes.extend([127, 4, 0, 0, 0, 0]);
    bytes
}

#[test]
fn report_files_of_one_server_are_joined() {
    let folder = tempdir().unwrap();
    write(folder.path(), "deep/er/one.txt", report("DC-1", 2, "lab\\jane", 4).to_json());
    write(folder.path(), "two", report("DC-1", 2, "lab\\jane", 3).to_json());
    write(folder.path(), "three", report("DC-1", 2, "lab\\bob", 1).to_json());
    write(folder.path(), "notes.txt", "nothing");
    write(folder.path(), "SYSTEM", "regf and more");
    let collected = collect_from(folder.path()).unwrap();
    let totals: Vec<_> = collected.accesses.iter().map(|row| (row.key.principal.as_str(), row.total)).collect();
    assert_eq!(totals, [("lab\\bob", 1), ("lab\\jane", 4)]);
    assert!(collected.warnings.iter().any(|warning| warning.contains("SYSTEM: a registry hive, not read")));
    assert!(collected.warnings.iter().any(|warning| warning.ends_with("knows: 1")), "{:?}", collected.warnings);
}

#[test]
fn the_firmware_is_a_second_opinion() {
    let folder = tempdir().unwrap();
    let mut told = report("DC-1", 3, "lab\\jane", 1);
    told.server.cores = Some(12);
    write(folder.path(), "report.json", told.to_json());
    write(folder.path(), "table.bin", firmware());
    let collected = collect_from(folder.path()).unwrap();
    let server = &collected.server;
    assert_eq!((server.sockets, server.cores, server.logical_processors), (Some(2), Some(12), Some(32)));
    assert_eq!(server.processors.len(), 2);
    assert_eq!((server.model.as_deref(), server.is_virtual), (Some("PowerEdge R630"), Some(false)));
    let disagreement = "cores: Windows says 12, the firmware table says 16: check the machine";
    assert!(collected.warnings.iter().any(|warning| warning == disagreement), "{:?}", collected.warnings);
}

#[test]
fn what_cannot_be_one_servers_report_is_an_error() {
    let mut database = vec![0; 8192];
    database[4..8].copy_from_slice(&0x89AB_CDEF_u32.to_le_bytes());
    database[9] = 1; // the checksum is wrong now, and there is no copy
    let one = report("DC-1", 2, "lab\\jane", 4).to_json();
    let two = report("DC-2", 2, "lab\\jane", 4).to_json();
    let client = report("PC-7", 1, "lab\\jane", 4).to_json();
    let future = one.replace("report/1", "report/2");
    // (files, end or part of the sentence)
    let cases: [(Files<'_>, &str); 6] = [
        (&[], "none of its 0 files is evidence of a Windows server"),
        (&[("a.txt", b"text")], "none of its 1 files is evidence of a Windows server"),
        (&[("a", one.as_bytes()), ("b", two.as_bytes())], "collect from one folder for each server"),
        (&[("a", client.as_bytes())], "PC-7 is no Windows Server (product type 1, a workstation)"),
        (&[("a", future.as_bytes())], "a report file that cannot be used"),
        (&[("a.mdb", &database)], "copy the files from the server again"),
    ];
    for (files, sentence) in cases {
        let folder = tempdir().unwrap();
        for (name, bytes) in files {
            write(folder.path(), name, bytes);
        }
        let error = collect_from(folder.path()).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    let missing = tempdir().unwrap().path().join("gone");
    assert!(matches!(collect_from(&missing), Err(CollectError::Unreadable(_))));
}

#[test]
fn a_damaged_report_file_is_named_with_the_place_of_the_damage() {
    let good = report("DC-1", 2, "lab\\jane", 4).to_json();
    let late = good.find("\"days\"").unwrap();
    let mut no_text = good.clone().into_bytes();
    no_text[late] = 0xFF;
    let endless = good.replace("jane", &"j".repeat(1 << 20));
    for (content, place) in [
        (no_text.as_slice(), format!("byte {late}: not UTF-8 text")),
        (&good.as_bytes()[..late], "EOF while parsing".to_owned()),
        (endless.as_bytes(), "longer than any row".to_owned()),
        (good.replace("\"total\": 4", "\"total\": -4").as_bytes(), "line ".to_owned()),
    ] {
        let folder = tempdir().unwrap();
        write(folder.path(), "SRV.caliper", content);
        let text = caliper_agent::sentence::sentence(&collect_from(folder.path()).unwrap_err());
        assert!(text.contains("SRV.caliper: a report file that cannot be used") && text.contains(&place), "{text}");
    }
}
