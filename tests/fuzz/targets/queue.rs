//! The files of a queue: it opens whatever they hold, and afterwards works and is whole.
//!
//! An input is `flags u8 | place u8 | length u8 | position.json | segment ...`. Bit 0 of the flags puts the checksums of records
//! right; with bit 1 the second half of the rest is a segment of its own, `place` numbers after the first.

#![no_main]

use std::path::Path;

use caliper_agent::queue::{self, Opened};
use caliper_fuzz::Place;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

const HEAD: usize = 24;
const RECORD: usize = 20;
const MOST: u64 = 1 << 20;

thread_local! {
    static PLACE: Place = Place::default();
}

fuzz_target!(|bytes: &[u8]| {
    let [flags, place, length, rest @ ..] = bytes else { return };
    let (position, rest) = rest.split_at(rest.len().min(usize::from(*length)));
    let folder = PLACE.with(Place::empty);
    std::fs::write(folder.join("position.json"), position).unwrap();
    let (first, second) = rest.split_at(if flags & 2 == 0 { rest.len() } else { rest.len() / 2 });
    for (number, segment) in [(1, first), (1 + u64::from(*place), second)] {
        if !segment.is_empty() {
            let segment = if flags & 1 == 0 { segment.to_vec() } else { sealed(segment, number) };
            std::fs::write(folder.join(format!("{number:020}.queue")), segment).unwrap();
        }
    }
    let _ = queue::inspect(&folder).unwrap();
    let before = all(&folder, true);
    // the second time nothing is left to repair, and what was added stands behind what was there
    let after = all(&folder, false);
    assert_eq!(before, after);
});

/// The checksums of head and records put right, as far as lengths lead.
fn sealed(segment: &[u8], number: u64) -> Vec<u8> {
    let mut bytes = segment.to_vec();
    if bytes.len() < HEAD {
        return bytes;
    }
    bytes[..8].copy_from_slice(b"CALIPERQ");
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let sum = Sha256::digest(&bytes[..16]);
    bytes[16..HEAD].copy_from_slice(&sum[..8]);
    let mut at = HEAD;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        let Some(end) = at.checked_add(RECORD + length).filter(|end| *end <= bytes.len()) else { break };
        let mut hash = Sha256::new();
        hash.update(&bytes[at..at + 12]);
        hash.update(&bytes[at + RECORD..end]);
        let sum = hash.finalize();
        bytes[at + 12..at + RECORD].copy_from_slice(&sum[..8]);
        at = end;
    }
    bytes
}

/// Everything that is to be delivered, with one more message if wished; numbers rise.
fn all(folder: &Path, add: bool) -> Vec<(u64, Vec<u8>)> {
    let Opened { mut writer, mut reader, recovery } = queue::open(folder, MOST).unwrap();
    // a damaged position is written anew with the first acknowledgement only
    let damage = recovery.warnings.iter().find(|warning| !warning.contains("position.json"));
    assert!(add || damage.is_none(), "{damage:?}");
    if add && writer.append(|_| b"new".to_vec()).is_ok() {
        writer.commit().unwrap();
    }
    let mut records = Vec::new();
    while let Some(record) = reader.read().unwrap() {
        records.push((record.sequence, record.payload));
    }
    assert!(records.is_sorted_by(|one, next| one.0 < next.0));
    // numbers that a damage took are counted until the record behind them is acknowledged
    assert!(records.len() as u64 <= writer.fill().messages);
    records
}
