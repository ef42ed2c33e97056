//! What a collection puts into the queue, and when it puts nothing.

use std::future::{pending, ready};

use caliper_proto::{
    Access, AccessKey, Days, Installed, Inventory, NameRecord, Processor, Report, RoleUse, Source, SqlInstance,
    VirtualMachine,
};
use tempfile::TempDir;

use super::*;
use crate::queue::{self, Opened};

fn row(number: usize) -> Access {
    let mut days = Days::default();
    days.insert(1).unwrap();
    Access {
        key: AccessKey {
            service: "File Server".into(),
            role_guid: String::new(),
            principal: format!("LAB\\user{number:07}"),
            client: "10.0.0.1".into(),
            source: Source::UserAccessLogging,
            year: 2026,
        },
        days,
        total: 1,
        first: Instant::default(),
        last: Instant::default(),
    }
}

fn report(rows: usize) -> Report {
    let server = Inventory { name: "S".into(), ..Inventory::default() };
    Report { server, accesses: (0..rows).map(row).collect(), warnings: vec![] }
}

/// The messages of a report.
fn bodies(report: &Report) -> Vec<Body> {
    let mut collected = report.clone().into();
    messages(&mut collected, Instant::default()).unwrap().map(Result::unwrap).collect()
}

struct Place {
    folder: Folder,
    queue: Opened,
    _dir: TempDir,
}

fn place(most: u64) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let queue = queue::open(&folder.queue(), most).unwrap();
    Place { folder, queue, _dir: dir }
}

fn queued(place: &mut Place) -> Vec<wire::FromAgent> {
    std::iter::from_fn(|| place.queue.reader.read().unwrap())
        .map(|record| wire::FromAgent::decode(record.payload.as_slice()).unwrap())
        .collect()
}

async fn enqueue_into(place: &mut Place, report: &Report, subject: &str) -> Outcome {
    let now = Instant::from_micros(5).unwrap();
    let mut collected = report.clone().into();
    enqueue(&mut collected, now, subject, &place.folder, &mut place.queue.writer, pending()).await.unwrap()
}

#[tokio::test]
async fn an_inventory_comes_first_then_every_row_once_in_batches() {
    let mut place = place(64 << 20);
    let report = report(MOST_ROWS * 2 + 1);
    assert_eq!(enqueue_into(&mut place, &report, "s").await, Outcome::Queued(4));
    let messages = queued(&mut place);
    assert_eq!(messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(matches!(&messages[0].body, Some(Body::Inventory(inventory)) if inventory.observed_micros == 5));
    let rows: Vec<Access> = messages
        .into_iter()
        .skip(1)
        .flat_map(|message| match message.body {
            Some(Body::Accesses(batch)) => Vec::<Access>::try_from(batch).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(rows, report.accesses);
}

#[tokio::test]
async fn only_what_changed_is_queued_again() {
    let mut place = place(64 << 20);
    assert_eq!(enqueue_into(&mut place, &report(3), "s").await, Outcome::Queued(2));
    assert_eq!(enqueue_into(&mut place, &report(3), "s").await, Outcome::Unchanged);
    assert_eq!(enqueue_into(&mut place, &report(4), "s").await, Outcome::Queued(2));
    assert_eq!(enqueue_into(&mut place, &report(4), "another aggregator").await, Outcome::Queued(2));
    forget(&place.folder);
    assert_eq!(enqueue_into(&mut place, &report(4), "another aggregator").await, Outcome::Queued(2));
}

#[tokio::test]
async fn a_collection_queued_in_part_is_queued_again() {
    let mut place = place(64 << 20);
    let report = report(3);
    // killed after the messages were committed and before the mark: the queue has them, the mark does not
    for body in bodies(&report) {
        place.queue.writer.append(|sequence| wire::FromAgent { sequence, body: Some(body) }.encode_to_vec()).unwrap();
    }
    place.queue.writer.commit().unwrap();
    assert_eq!(enqueue_into(&mut place, &report, "s").await, Outcome::Queued(2));
    assert_eq!(queued(&mut place).len(), 4);
}

#[tokio::test]
async fn a_full_queue_refuses_the_newest_counts_it_and_tries_again() {
    let mut place = place(1 << 20);
    let report = report(60_000);
    let whole = bodies(&report).len() as u64;
    let now = Instant::default();
    let mut collected = progressed(report, 2);
    let outcome = enqueue(&mut collected, now, "s", &place.folder, &mut place.queue.writer, ready(())).await.unwrap();
    let Outcome::GaveUp(left_out) = outcome else { panic!("{outcome:?}") };
    let accepted = queued(&mut place);
    assert_eq!(accepted.len() as u64 + left_out, whole);
    assert_eq!(place.queue.reader.fill().dropped, left_out);
    assert!(matches!(accepted[0].body, Some(Body::Inventory(_))), "what was accepted stays, oldest first");
    assert_eq!(progress(&place.folder, "s"), Progress::default(), "the next collection reads all of it again");

    // with room coming back the same collection goes through whole
    let Place { folder, queue: Opened { writer, reader, .. }, .. } = &mut place;
    let deliver = async {
        loop {
            while let Some(record) = reader.read().unwrap() {
                reader.acknowledge(record.sequence).unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    let outcome = tokio::select! {
        outcome = enqueue(&mut collected, now, "s", folder, writer, pending()) => outcome.unwrap(),
        () = deliver => unreachable!(),
    };
    assert_eq!(outcome, Outcome::Queued(whole));
    assert_eq!(progress(folder, "s"), collected.progress);
}

/// A collection that has read User Access Logging up to a day of January.
fn progressed(report: Report, day: i8) -> Collected {
    let user_access = jiff::civil::Date::new(2026, 1, day).ok();
    Collected { progress: Progress { user_access, ..Progress::default() }, ..report.into() }
}

#[tokio::test]
async fn reading_goes_on_after_what_was_queued_and_begins_anew_for_another_aggregator() {
    let mut place = place(64 << 20);
    let at = |place: &Place, subject| progress(&place.folder, subject).user_access.map(jiff::civil::Date::day);
    for (day, rows) in [(2, 1), (3, 1), (4, 2)] {
        let (mut collected, now) = (progressed(report(rows), day), Instant::default());
        enqueue(&mut collected, now, "s", &place.folder, &mut place.queue.writer, pending()).await.unwrap();
        assert_eq!((at(&place, "s"), at(&place, "another")), (Some(day), None));
    }
    forget(&place.folder);
    assert_eq!(at(&place, "s"), None);
    fs_err::write(place.folder.mark(), r#"{"subject":"s","digest":"of an earlier version"}"#).unwrap();
    assert_eq!(at(&place, "s"), None);
}

#[test]
fn nothing_leaves_that_the_aggregator_would_refuse() {
    let mut report = report(20);
    report.accesses[3].key.principal = "x".repeat(1025);
    report.accesses[4].key.principal = "y".repeat(1024);
    report.accesses[5].key.year = 0;
    report.accesses[6].total = u64::MAX;
    report.warnings = vec!["ä".repeat(1000); 600];
    report.server.names = (0..30_000)
        .map(|at| NameRecord { address: "a".into(), host_name: "h".into(), last: Instant::from_micros(at).unwrap() })
        .collect();
    let mut rows = 0;
    for body in bodies(&report) {
        match body {
            Body::Inventory(inventory) => {
                assert!(inventory.encoded_len() < 4 << 20);
                let (server, warnings, _) = inventory.try_into().unwrap();
                let server: Inventory = server;
                let warnings: Vec<String> = warnings;
                assert_eq!(server.names.len(), MOST_NAMES_KEPT);
                assert!(server.names.iter().all(|name| name.last.micros() >= 10_000), "the latest are kept");
                assert_eq!(warnings.len(), 500);
            }
            Body::Accesses(batch) => rows += Vec::<Access>::try_from(batch).unwrap().len(),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rows, 17);
}

const MOST_NAMES_KEPT: usize = 20_000;

/// Names of machines are chosen by others: however many and long they are, the message is one that is taken.
#[test]
fn an_inventory_of_nothing_but_long_texts_is_still_taken() {
    let (long, at) = (|| "ä".repeat(1000), Instant::default());
    let mut report = report(0);
    report.warnings = vec![long(); 1000];
    report.server = Inventory {
        name: long(),
        domain: long(),
        model: Some(long()),
        physical_host: Some(long()),
        addresses: vec![long(); 5_000],
        processors: vec![Processor { cores: 1, enabled_cores: None, logical_processors: None, model: long() }; 5_000],
        roles: vec![RoleUse { role_guid: long(), name: long(), first: at, last: at }; 5_000],
        names: vec![NameRecord { address: long(), host_name: long(), last: at }; 5_000],
        virtual_machines: vec![
            VirtualMachine { vm_guid: long(), bios_guid: long(), name: long(), first: at, last: at };
            5_000
        ],
        installed: Installed {
            features: vec![long(); 5_000],
            remote_desktop_licensing: Some(long()),
            licence_servers: vec![long(); 5_000],
            sql_instances: vec![SqlInstance { name: long(), edition: Some(long()), ..SqlInstance::default() }; 5_000],
            cluster: Some(long()),
            cluster_nodes: vec![long(); 5_000],
            cloud: Some(long()),
        },
        ..Inventory::default()
    };
    let Some(Body::Inventory(inventory)) = bodies(&report).into_iter().next() else { panic!("no inventory") };
    assert!(inventory.encoded_len() < 4 << 20, "{}", inventory.encoded_len());
    // 2 MiB of names with two texts of 1024 bytes and 32 bytes around them
    assert_eq!(inventory.names.len(), (2 << 20) / 2080);
    <(Inventory, Vec<String>, Instant)>::try_from(inventory).unwrap();
}

#[test]
fn batches_of_long_texts_are_cut_by_size() {
    let mut report = report(MOST_ROWS);
    for (at, row) in report.accesses.iter_mut().enumerate() {
        row.key.service = format!("{at:01024}");
    }
    let sizes: Vec<usize> = bodies(&report)
        .into_iter()
        .filter_map(|body| if let Body::Accesses(batch) = body { Some(batch.encoded_len()) } else { None })
        .collect();
    assert!(sizes.len() > 1 && sizes.iter().all(|size| *size <= MOST_BYTES), "{sizes:?}");
}
