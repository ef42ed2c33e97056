use std::path::Path;

use caliper_proto::{Instant, Inventory, Report};

use super::aggregator::{access, stored};
use crate::{ingest::import::import, sentence::sentence, store::Store};

fn report(folder: &Path, file: &str, last: i64, principals: &[&str]) -> std::path::PathBuf {
    let accesses = principals.iter().map(|principal| {
        let mut access = access(principal);
        access.last = Instant::from_micros(access.first.micros() + last).unwrap();
        access
    });
    let server = Inventory { name: "DC1".into(), domain: "Lab.Net".into(), build: Some(1), ..Inventory::default() };
    let report = Report { server, accesses: accesses.collect(), warnings: vec![] };
    let path = folder.join(file);
    fs_err::write(&path, report.to_json()).unwrap();
    path
}

#[test]
fn importing_twice_is_importing_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let path = report(folder.path(), "a.json", 0, &["LAB\\ann", "LAB\\bob"]);
    let now = Instant::from_micros(9).unwrap();
    let first = import(&store, &path, now).unwrap();
    assert_eq!((first.name.as_str(), first.accesses, first.facts), ("dc1.lab.net", 2, true));
    let before = stored(&store);
    assert_eq!(import(&store, &path, now).unwrap(), first);
    assert_eq!(stored(&store), before);
    assert_eq!(before[0].2, ["LAB\\ann", "LAB\\bob"]);
    let with_mark = format!("\u{feff}{}", fs_err::read_to_string(&path).unwrap());
    fs_err::write(&path, with_mark).unwrap();
    assert_eq!(import(&store, &path, now).unwrap(), first);
}

#[test]
fn an_older_report_adds_its_accesses_but_not_its_facts() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let newer = report(folder.path(), "newer.json", 50, &["LAB\\ann"]);
    let older = report(folder.path(), "older.json", 40, &["LAB\\bob"]);
    assert!(import(&store, &newer, Instant::default()).unwrap().facts);
    assert!(!import(&store, &older, Instant::default()).unwrap().facts);
    assert_eq!(stored(&store)[0].2, ["LAB\\ann", "LAB\\bob"]);
}

#[test]
fn garbage_is_named_with_its_place_and_nothing_of_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let good = fs_err::read_to_string(report(folder.path(), "good.json", 0, &["LAB\\ann", "LAB\\bob"])).unwrap();
    let half = good.rfind("LAB").unwrap();
    for (content, part) in [
        (b"\xff\xfe".as_slice(), "byte 0: not UTF-8"),
        (b"hello", "line 1, column 1: not a caliper report"),
        (&good.as_bytes()[..half], "not a caliper report: EOF while parsing"),
        (good.replace("report/1", "report/9").as_bytes(), "format is `caliper.report/9`"),
        (good.replace("\"DC1\"", "\"\"").as_bytes(), "does not name its server"),
        (good.replace("DC1", &"x".repeat(2000)).as_bytes(), "name: 2000 bytes long"),
    ] {
        let path = folder.path().join("bad.json");
        fs_err::write(&path, content).unwrap();
        let text = sentence(&import(&store, &path, Instant::default()).unwrap_err());
        assert!(text.contains("bad.json") && text.contains(part), "{text}");
    }
    assert_eq!(stored(&store), []);
}
