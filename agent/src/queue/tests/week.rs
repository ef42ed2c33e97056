//! A week without the aggregator, at a thousand rows a minute.

use std::path::Path;

use caliper_proto::{Access, AccessKey, Days, Instant, Source, wire};
use prost::Message as _;
use wire::from_agent::Body;

use super::{
    faulty::{Fault, Faulty},
    *,
};

const MINUTES: u64 = 7 * 24 * 60;
/// A quarter of what an agent has unless told otherwise.
const BOUND: u64 = 64 << 20;

/// A thousand rows as a server in use makes them: each person with a machine of their own.
fn minute() -> Vec<u8> {
    let mut days = Days::default();
    days.insert(300).unwrap();
    let row = |number: i64| Access {
        key: AccessKey {
            service: "file share".into(),
            role_guid: String::new(),
            principal: format!("lab\\person{number:04}"),
            client: format!("10.{}.{}.7", number / 250, number % 250),
            source: Source::SecurityLog,
            year: 2026,
        },
        days,
        total: 3,
        first: Instant::from_micros(1_790_000_000_000_000 + number).unwrap(),
        last: Instant::from_micros(1_790_000_100_000_000 + number).unwrap(),
    };
    let rows: Vec<Access> = (0..1_000).map(row).collect();
    wire::FromAgent { sequence: 0, body: Some(Body::Accesses(rows.as_slice().into())) }.encode_to_vec()
}

#[test]
fn a_week_offline_stays_within_the_bound_and_says_what_was_given_up() {
    let path = Path::new("/queue");
    let disk: Arc<dyn Disk> = Arc::new(Faulty::new(Fault::None));
    let on_disk = || -> u64 { disk.list(path).unwrap().into_iter().map(|(_, length)| length).sum() };
    let minute = minute();
    let mut queue = open_on(Arc::clone(&disk), path, BOUND).unwrap();
    let mut kept = 0;
    for at in 0..MINUTES {
        match queue.writer.append(|_| minute.clone()) {
            Ok(_) => kept += 1,
            Err(QueueError::Full { .. }) => queue.writer.gave_up(1).unwrap(),
            Err(error) => panic!("{error}"),
        }
        queue.writer.commit().unwrap();
        if at % 1_440 == 0 {
            assert!(on_disk() <= BOUND, "{} bytes after {at} minutes", on_disk());
        }
    }
    assert!(on_disk() <= BOUND && on_disk() > BOUND / 10 * 9, "{} bytes", on_disk());
    assert!(kept > 0 && kept < MINUTES, "{kept} minutes fit, of {} bytes each", minute.len());
    let expected = Fill { messages: kept, bytes: queue.reader.fill().bytes, dropped: MINUTES - kept };
    assert_eq!(queue.reader.fill(), expected, "the aggregator hears of it with the first heartbeat");
    drop(queue);

    // the aggregator is back, and the server was restarted meanwhile
    let mut queue = open_on(Arc::clone(&disk), path, BOUND).unwrap();
    assert!(queue.recovery.warnings.is_empty());
    for number in 1..=kept {
        let record = queue.reader.read().unwrap().unwrap();
        assert!(record.sequence == number && record.payload == minute);
        queue.reader.acknowledge(number).unwrap();
    }
    assert_eq!(queue.reader.fill(), Fill { dropped: MINUTES - kept, ..Fill::default() });
    queue.writer.append(|_| minute.clone()).unwrap();
    assert!(on_disk() < 10 << 20, "the room comes back");
}
