//! Every row of `ual/expected/*.json` comes out of `collect_from`, and a set's files together count nothing twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use caliper_agent::collect::CollectError;
use caliper_proto::{Report, Source};
use serde_json::Value as Json;

use crate::collect_from;

const SETS: [&str; 4] = ["dissect_esedb", "kstrike_HyperV-PC", "plaso", "velociraptor"];

fn data() -> Option<PathBuf> {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no real artefacts at ../shared/data beside the checkout");
    None
}

/// Role, user, client.
type Who = (String, String, String);
/// Total, first, last, days of the year.
type What = (u64, String, String, BTreeSet<u16>);

/// The rows of one expectation; no set has two tenants for the same role, user and address (checked by the insert).
fn rows(expected: &Json) -> BTreeMap<Who, What> {
    let mut rows = BTreeMap::new();
    for row in expected["tables"]["CLIENTS"].as_array().into_iter().flatten() {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let days = row.as_object().unwrap().keys().filter_map(|key| key.strip_prefix("Day")?.parse().ok()).collect();
        let what = (row["TotalAccesses"].as_u64().unwrap(), text("InsertDate"), text("LastAccess"), days);
        let twice = rows.insert((text("RoleGuid"), text("AuthenticatedUserName"), text("Address")), what);
        assert_eq!(twice, None);
    }
    rows
}

/// The expectation of a set: its files joined by hand.
fn expected(data: &Path, set: &str) -> BTreeMap<Who, What> {
    let mut joined: BTreeMap<Who, What> = BTreeMap::new();
    for entry in fs_err::read_dir(data.join("ual/expected")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with(&format!("{set}__")) {
            continue;
        }
        let file: Json = serde_json::from_str(&fs_err::read_to_string(&path).unwrap()).unwrap();
        for (who, what) in rows(&file) {
            let known = joined.entry(who).or_insert_with(|| what.clone());
            known.0 = known.0.max(what.0);
            known.1 = known.1.clone().min(what.1);
            known.2 = known.2.clone().max(what.2);
            known.3.extend(what.3);
        }
    }
    joined
}

fn found(report: &Report) -> BTreeMap<Who, What> {
    let rows = report.accesses.iter().map(|access| {
        let key = &access.key;
        assert_eq!(key.source, Source::UserAccessLogging);
        assert_eq!(access.first.date().year(), key.year);
        let who = (key.role_guid.clone(), key.principal.clone(), key.client.clone());
        (who, (access.total, access.first.to_string(), access.last.to_string(), access.days.iter().collect()))
    });
    let rows: Vec<(Who, What)> = rows.collect();
    let count = rows.len();
    let map: BTreeMap<Who, What> = rows.into_iter().collect();
    assert_eq!(map.len(), count, "a row came out twice");
    map
}

#[test]
fn every_row_of_every_set_once() {
    let Some(data) = data() else { return };
    for set in SETS {
        let report = collect_from(&data.join("ual").join(set)).unwrap();
        let expected = expected(&data, set);
        assert!(!expected.is_empty(), "{set}");
        assert_eq!(found(&report), expected, "{set}");
        // what goes into the file comes out of it
        assert_eq!(Report::from_json(&report.to_json()).unwrap(), report, "{set}");
    }
}

#[test]
fn current_and_yearly_database_repeat_each_other() {
    let Some(data) = data() else { return };
    let set = data.join("ual/kstrike_HyperV-PC");
    let report = collect_from(&set).unwrap();
    // each of both files alone has 39 rows with 11,868 accesses (`summary` of either expectation)
    assert_eq!(report.accesses.len(), 39);
    assert_eq!(report.accesses.iter().map(|access| access.total).sum::<u64>(), 11_868);
    assert!(report.warnings.iter().any(|warning| warning.contains("Current.mdb: the database was not closed cleanly")));

    let server = report.server;
    assert_eq!((server.name.as_str(), server.domain.as_str()), ("DC-1", "lab.net"));
    // suite mask 400 has bit 0x80; build 17763 (rule B.5); promoted to domain controller later in its history
    assert_eq!((server.edition.as_deref(), server.version.as_deref()), (Some("Datacenter"), Some("2019")));
    assert_eq!((server.build, server.product_type), (Some(17_763), Some(2)));
    assert_eq!((server.sockets, server.cores, server.logical_processors), (Some(2), Some(2), Some(2)));
    assert_eq!(server.is_virtual, Some(true));
    assert_eq!(server.roles.len(), 3);
    assert!(server.names.iter().any(|name| name.address == "10.0.0.10" && name.host_name == "gc"));
    assert!(server.addresses.is_empty(), "not guessed");
}

#[test]
fn an_edition_that_is_only_inferred_is_said_to_be() {
    let Some(data) = data() else { return };
    let report = collect_from(&data.join("ual/velociraptor")).unwrap();
    assert_eq!(report.server.edition.as_deref(), Some("Standard"));
    assert_eq!(report.server.version.as_deref(), Some("2022"));
    assert!(report.warnings.iter().any(|warning| warning.contains("inferred from suite mask 0x110")));
}

#[test]
fn a_cut_off_copy_is_refused_with_what_to_do() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs_err::read(data.join("ual/dissect_esedb/Current.mdb")).unwrap();
    let path = folder.path().join("Current.mdb");
    fs_err::write(&path, &bytes[..200_000]).unwrap();
    let error = collect_from(folder.path()).unwrap_err();
    assert!(matches!(error, CollectError::CutOff { .. }), "{error}");
    let sentence = error.to_string();
    assert!(sentence.starts_with(&path.display().to_string()), "{sentence}");
    assert!(sentence.contains("beyond the end of the file at byte 200000"), "{sentence}");
    assert!(sentence.ends_with("and collect once more"), "{sentence}");
}

#[test]
fn databases_of_two_servers_are_not_mixed() {
    let Some(data) = data() else { return };
    let error = collect_from(&data.join("ual")).unwrap_err();
    assert!(matches!(error, CollectError::SeveralServers { .. }), "{error}");
}

#[test]
fn logs_of_several_computers_are_named_with_their_numbers() {
    let Some(data) = data() else { return };
    let report = collect_from(&data.join("evtx/standalone_or_client")).unwrap();
    assert!(report.warnings.iter().any(|warning| warning.contains("events of several computers, all reported as of ")));
    assert!(report.warnings.iter().any(|warning| warning.contains("damaged record or chunk skipped")));
    let report = collect_from(&data.join("evtx/windomain.local")).unwrap();
    let expected = fs_err::read_to_string(data.join("evtx/expected.json")).unwrap();
    let expected: serde_json::Map<String, Json> = serde_json::from_str(&expected).unwrap();
    let mut computers: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, file) in expected.iter().filter(|(name, _)| name.starts_with("evtx/windomain.local/")) {
        for (computer, count) in file["computers"].as_object().unwrap() {
            *computers.entry(computer).or_default() += count.as_u64().unwrap();
        }
    }
    assert!(computers.len() > 1);
    let warning = report.warnings.iter().find(|warning| warning.contains("several computers")).unwrap();
    for (computer, count) in computers {
        assert!(warning.contains(&format!("{computer} {count}")), "{computer} {count}: {warning}");
    }
    assert_eq!((report.server.name.as_str(), report.server.domain.as_str()), ("dc", "windomain.local"));
    let sources: BTreeSet<Source> = report.accesses.iter().map(|access| access.key.source).collect();
    let expected = [Source::SecurityLog, Source::DomainControllerLog, Source::TerminalSessions];
    assert_eq!(sources, BTreeSet::from(expected));
}

#[test]
fn client_hives_alone_are_no_evidence() {
    let Some(data) = data() else { return };
    let error = collect_from(&data.join("hives/velociraptor")).unwrap_err();
    assert!(matches!(error, CollectError::Nothing { files: 1, .. }), "{error}");
}
