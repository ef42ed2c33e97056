//! The promises of the queue, proved by cutting and spoiling its files at every byte.

mod faulty;
mod power;
mod week;

use std::path::PathBuf;

use fs_err::File;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{disk::Real, recovery::open_on, *};

const ROOM: u64 = 16 << 20;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn opened(folder: &TempDir) -> Opened {
    open(&folder.path().join("queue"), ROOM).unwrap()
}

fn append(writer: &mut Writer, payload: &[u8]) -> u64 {
    writer.append(|_| payload.to_vec()).unwrap()
}

fn rest(reader: &mut Reader) -> Vec<(u64, Vec<u8>)> {
    std::iter::from_fn(|| reader.read().unwrap()).map(|record| (record.sequence, record.payload)).collect()
}

fn files(folder: &TempDir) -> Vec<PathBuf> {
    Segment::list(&Real, &folder.path().join("queue")).unwrap().into_iter().map(|segment| segment.path).collect()
}

#[test]
fn what_was_committed_comes_out_in_order_after_a_restart() {
    let folder = folder();
    let mut queue = opened(&folder);
    assert_eq!(queue.reader.read().unwrap(), None);
    assert_eq!(append(&mut queue.writer, b"one"), 1);
    assert_eq!(append(&mut queue.writer, b""), 2);
    assert_eq!(queue.reader.read().unwrap(), None, "not visible before the commit");
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader), [(1, b"one".to_vec()), (2, vec![])]);
    drop(queue);
    let mut queue = opened(&folder);
    assert!(queue.recovery.warnings.is_empty(), "{:?}", queue.recovery.warnings);
    assert_eq!(append(&mut queue.writer, b"three"), 3);
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader), [(1, b"one".to_vec()), (2, vec![]), (3, b"three".to_vec())]);
}

#[test]
fn acknowledged_records_never_come_back_and_numbers_go_on() {
    let folder = folder();
    let mut queue = opened(&folder);
    for at in 0..10_u8 {
        append(&mut queue.writer, &[at]);
    }
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader).len(), 10);
    queue.reader.acknowledge(4).unwrap();
    queue.reader.acknowledge(2).unwrap(); // an older number changes nothing
    queue.reader.rewind();
    assert_eq!(queue.reader.read().unwrap().unwrap().sequence, 5);
    drop(queue);
    let mut queue = opened(&folder);
    assert_eq!(queue.reader.fill().messages, 6);
    assert_eq!(rest(&mut queue.reader).first().unwrap().0, 5);
    queue.reader.acknowledge(99).unwrap(); // nobody can acknowledge what was never sent
    assert_eq!((queue.reader.acknowledged(), queue.reader.fill()), (10, Fill::default()));
    assert_eq!(append(&mut queue.writer, b"x"), 11);
}

#[test]
fn disk_space_comes_back_with_acknowledgements() {
    let folder = folder();
    let most = 256 << 10; // segments of 64 KiB
    let mut queue = open(&folder.path().join("queue"), most).unwrap();
    let payload = vec![7; 10_000];
    let mut queued = 0;
    let full = loop {
        match queue.writer.append(|_| payload.clone()) {
            Ok(_) => queued += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, QueueError::Full { used, most: 262_144 } if used <= most), "{full}");
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader).len(), queued);
    let on_disk: u64 = files(&folder).iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(on_disk <= most && on_disk > most / 2, "{on_disk}");
    let room = queue.writer.room();
    queue.reader.acknowledge(queued as u64).unwrap();
    assert!(room.has_changed().unwrap());
    assert_eq!(append(&mut queue.writer, &payload), queued as u64 + 1);
    assert_eq!(files(&folder).len(), 1);
    queue.writer.gave_up(3).unwrap();
    drop(queue);
    assert_eq!(opened(&folder).reader.fill().dropped, 3);
}

/// Each segment holds six records of this size; the head of one is spoilt, so all of its records are lost.
#[test]
fn what_waits_is_counted_right_whatever_was_lost() {
    // how many were in the last one nobody knows any more, so their numbers are given again
    for (spoilt, lost, next) in [(0, 6, 15), (1, 6, 15), (2, 2, 13)] {
        let folder = folder();
        let path = folder.path().join("queue");
        let mut queue = open(&path, 512 << 10).unwrap();
        for _ in 0..14 {
            append(&mut queue.writer, &[7; 10_000]);
        }
        queue.writer.commit().unwrap();
        assert_eq!(queue.reader.fill().messages, 14);
        drop(queue);
        let files = files(&folder);
        assert_eq!(files.len(), 3);
        let mut bytes = fs_err::read(&files[spoilt]).unwrap();
        bytes[10] ^= 1;
        fs_err::write(&files[spoilt], bytes).unwrap();

        let mut queue = open(&path, 512 << 10).unwrap();
        assert_eq!(queue.recovery.warnings.len(), 1, "{:?}", queue.recovery.warnings);
        let there = 14 - lost;
        assert_eq!(queue.reader.fill().messages, there, "{spoilt}");
        let records = rest(&mut queue.reader);
        assert_eq!(records.len() as u64, there);
        for (at, (sequence, _)) in records.iter().enumerate() {
            queue.reader.acknowledge(*sequence).unwrap();
            assert_eq!(queue.reader.fill().messages, there - 1 - at as u64, "{spoilt}, {sequence}");
        }
        assert_eq!(queue.reader.fill(), Fill::default());
        assert_eq!(append(&mut queue.writer, b"next"), next);
        queue.writer.commit().unwrap();
        assert_eq!(queue.reader.fill().messages, 1);
        assert_eq!(rest(&mut queue.reader), [(next, b"next".to_vec())]);
    }
}

#[test]
fn a_damage_is_told_once() {
    let folder = folder();
    let path = folder.path().join("queue");
    let mut queue = opened(&folder);
    for at in 0..3_u8 {
        append(&mut queue.writer, &[at]);
    }
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader).len(), 3);
    queue.reader.acknowledge(2).unwrap();
    queue.writer.gave_up(3).unwrap();
    drop(queue);
    for file in [position_path(&path), dropped_path(&path)] {
        fs_err::write(&file, "{\"ackn").unwrap();
        let queue = opened(&folder);
        let warnings = &queue.recovery.warnings;
        assert!(warnings.len() == 1 && warnings[0].starts_with(&file.display().to_string()), "{warnings:?}");
        assert_eq!(queue.reader.fill().messages, 3, "from the oldest record");
        drop(queue);
        let queue = opened(&folder);
        assert!(queue.recovery.warnings.is_empty(), "{:?}", queue.recovery.warnings);
        assert_eq!(queue.reader.fill().messages, 3);
    }
}

#[test]
fn refuses_what_no_queue_can_hold() {
    let folder = folder();
    let mut queue = opened(&folder);
    let error = queue.writer.append(|_| vec![0; LONGEST + 1]).unwrap_err();
    assert!(matches!(error, QueueError::TooLong(..)), "{error}");
}

#[test]
fn two_agents_cannot_share_a_queue() {
    let folder = folder();
    let queue = opened(&folder);
    let path = folder.path().join("queue");
    assert!(matches!(open(&path, ROOM), Err(QueueError::Locked(_))));
    assert!(inspect(&path).unwrap().in_use);
    drop(queue);
    assert!(!inspect(&path).unwrap().in_use);
    open(&path, ROOM).unwrap();
}

/// A queue with three records, of which the first is acknowledged if asked; returns the bytes of its only segment.
fn three(folder: &TempDir) -> (PathBuf, Vec<u8>) {
    let mut queue = opened(folder);
    for payload in [b"alpha".as_slice(), b"be", b"gamma"] {
        append(&mut queue.writer, payload);
    }
    queue.writer.commit().unwrap();
    drop(queue);
    let path = files(folder).remove(0);
    let bytes = fs_err::read(&path).unwrap();
    (path, bytes)
}

/// Ends of the three records of [`three`]: 24 bytes of head, then 20 bytes and the payload each.
const ENDS: [usize; 3] = [24 + 25, 24 + 25 + 22, 24 + 25 + 22 + 25];

#[test]
fn a_file_cut_at_any_byte_keeps_every_whole_record_and_goes_on() {
    let folder = folder();
    let (path, whole) = three(&folder);
    assert_eq!(whole.len(), ENDS[2]);
    for cut in 0..=whole.len() {
        fs_err::write(&path, &whole[..cut]).unwrap();
        let health = inspect(&folder.path().join("queue")).unwrap();
        let mut queue = opened(&folder);
        let left = ENDS.iter().filter(|end| **end <= cut).count();
        let clean = cut == 24 || ENDS.contains(&cut);
        assert_eq!(queue.recovery.warnings.is_empty(), clean, "cut at {cut}: {:?}", queue.recovery.warnings);
        assert_eq!(health.damages.is_empty(), clean, "cut at {cut}");
        for warning in &queue.recovery.warnings {
            let offset =
                if cut < 24 { 0 } else { [24].iter().chain(&ENDS).filter(|end| **end <= cut).max().copied().unwrap() };
            assert!(warning.contains(&format!("{}, offset {offset}: ", path.display())), "{warning}");
        }
        let number = append(&mut queue.writer, b"next");
        queue.writer.commit().unwrap();
        let mut expected = vec![(1, b"alpha".to_vec()), (2, b"be".to_vec()), (3, b"gamma".to_vec())];
        expected.truncate(left);
        expected.push((left as u64 + 1, b"next".to_vec()));
        assert_eq!(number, left as u64 + 1);
        assert_eq!(rest(&mut queue.reader), expected, "cut at {cut}");
        drop(queue);
        assert_eq!(files(&folder), std::slice::from_ref(&path));
    }
}

#[test]
fn a_spoilt_byte_anywhere_is_noticed_and_costs_nothing_before_it() {
    let folder = folder();
    let (path, whole) = three(&folder);
    for at in 0..whole.len() {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 0x40;
        fs_err::write(&path, &spoilt).unwrap();
        let mut queue = opened(&folder);
        let left = if at < 24 { 0 } else { ENDS.iter().filter(|end| **end <= at).count() };
        assert_eq!(queue.recovery.warnings.len(), 1, "byte {at}");
        assert_eq!(rest(&mut queue.reader).len(), left, "byte {at}");
    }
}

#[test]
fn a_number_acknowledged_once_is_never_used_again() {
    let folder = folder();
    let (path, whole) = three(&folder);
    let mut queue = opened(&folder);
    assert_eq!(rest(&mut queue.reader).len(), 3);
    queue.reader.acknowledge(3).unwrap();
    drop(queue);
    fs_err::write(&path, &whole[..ENDS[0]]).unwrap(); // the disk forgot two records that the aggregator has
    let mut queue = opened(&folder);
    assert_eq!(append(&mut queue.writer, b"new"), 4);
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader), [(4, b"new".to_vec())]);
}

#[test]
fn a_lost_or_spoilt_position_only_repeats_records() {
    let folder = folder();
    three(&folder);
    let mut queue = opened(&folder);
    assert_eq!(rest(&mut queue.reader).len(), 3);
    queue.reader.acknowledge(2).unwrap();
    drop(queue);
    for position in [b"".as_slice(), b"{", b"{\"acknowledged\":18446744073709551615,\"dropped\":0}"] {
        fs_err::write(position_path(&folder.path().join("queue")), position).unwrap();
        let mut queue = opened(&folder);
        assert_eq!(queue.recovery.warnings.len(), 1);
        assert_eq!(rest(&mut queue.reader).len(), 3);
    }
}

#[test]
fn a_position_that_cannot_be_written_holds_up_nothing() {
    let folder = folder();
    let mut queue = opened(&folder);
    append(&mut queue.writer, b"one");
    queue.writer.commit().unwrap();
    assert_eq!(rest(&mut queue.reader).len(), 1);
    fs_err::create_dir(position_path(&folder.path().join("queue"))).unwrap(); // in the way of the file
    queue.reader.acknowledge(1).unwrap();
    assert_eq!(queue.reader.fill(), Fill::default());
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Commit,
    Read,
    Acknowledge(u64),
    Rewind,
    /// The process dies: what was not committed is lost in part, here by cutting this many bytes off the last file.
    Die(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..9_000_usize).prop_map(Step::Append),
        3 => Just(Step::Commit),
        4 => Just(Step::Read),
        2 => (0..40_u64).prop_map(Step::Acknowledge),
        1 => Just(Step::Rewind),
        1 => (0..20_000_u64).prop_map(Step::Die),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a model: a list of payloads with a committed, an acknowledged and a read position.
    #[test]
    fn behaves_like_a_list_whatever_happens(steps in prop::collection::vec(step(), 1..80)) {
        let folder = folder();
        let path = folder.path().join("queue");
        let most = 512 << 10; // segments of 64 KiB
        let mut queue = open(&path, most).unwrap();
        let mut list: Vec<Vec<u8>> = Vec::new();
        let (mut committed, mut acknowledged, mut read) = (0_usize, 0_usize, 0_usize);
        for step in steps {
            match step {
                Step::Append(size) => {
                    let payload = vec![list.len() as u8; size];
                    match queue.writer.append(|_| payload.clone()) {
                        Ok(number) => {
                            list.push(payload);
                            prop_assert_eq!(number, list.len() as u64);
                        }
                        Err(error) => prop_assert!(matches!(error, QueueError::Full { .. }), "{}", error),
                    }
                    // a full segment is committed before the next one begins
                    committed = queue.reader.fill().messages as usize + acknowledged;
                }
                Step::Commit => {
                    queue.writer.commit().unwrap();
                    committed = list.len();
                }
                Step::Read => match queue.reader.read().unwrap() {
                    None => prop_assert_eq!(read, committed),
                    Some(record) => {
                        prop_assert_eq!(record.sequence, read as u64 + 1);
                        prop_assert_eq!(&record.payload, &list[read]);
                        read += 1;
                    }
                },
                Step::Acknowledge(number) => {
                    queue.reader.acknowledge(number).unwrap();
                    acknowledged = acknowledged.max((number as usize).min(read));
                }
                Step::Rewind => {
                    queue.reader.rewind();
                    read = acknowledged;
                }
                Step::Die(cut) => {
                    drop(queue);
                    let durable: usize = list[..committed].iter().map(Vec::len).sum();
                    let written: usize = list.iter().map(Vec::len).sum();
                    let last = Segment::list(&Real, &path).unwrap().pop().unwrap();
                    // never cut into what was flushed: the disk keeps that
                    let loose = (written - durable + 20 * (list.len() - committed)) as u64;
                    let file = File::options().write(true).open(&last.path).unwrap();
                    file.set_len(last.length - cut.min(loose)).unwrap();
                    queue = open(&path, most).unwrap();
                    let kept = queue.reader.fill().messages as usize + acknowledged;
                    prop_assert!(kept >= committed && kept <= list.len());
                    list.truncate(kept);
                    (committed, read) = (kept, acknowledged);
                }
            }
        }
        queue.writer.commit().unwrap();
        queue.reader.rewind();
        let left: Vec<_> = rest(&mut queue.reader).into_iter().map(|(_, payload)| payload).collect();
        prop_assert_eq!(&left, &list[acknowledged..]);
    }
}
