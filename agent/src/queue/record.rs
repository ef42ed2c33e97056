//! One record of a segment: its form on disk and the check of what comes back.
//!
//! ```text
//! length u32 | sequence u64 | checksum 8 bytes | payload      little-endian
//! ```
//! The checksum is the beginning of SHA-256 over length, sequence and payload.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// Bytes before the payload.
pub const HEAD: u64 = 20;

/// Longest payload, in bytes; also the cap before allocation when reading.
pub const LONGEST: usize = 16 << 20;

/// A message and its place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Rises by one per record; never reused for another durable record.
    pub sequence: u64,
    /// An encoded `FromAgent` message.
    pub payload: Vec<u8>,
}

/// What reading at some place gave.
#[derive(Debug)]
pub enum Reading {
    /// A whole record.
    Whole(Record),
    /// Nothing more.
    End,
    /// Not a record, in words.
    Damaged(&'static str),
}

/// The record as it stands on disk.
pub fn encode(sequence: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("the writer refuses payloads above LONGEST");
    let mut bytes = Vec::with_capacity(HEAD as usize + payload.len());
    bytes.extend(length.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(checksum(&[&length.to_le_bytes(), &sequence.to_le_bytes(), payload]));
    bytes.extend(payload);
    bytes
}

/// Reads the record at the front of `file`, which has `room` bytes left.
pub fn read(file: &mut impl Read, room: u64) -> io::Result<Reading> {
    if room == 0 {
        return Ok(Reading::End);
    }
    if room < HEAD {
        return Ok(Reading::Damaged("the head of a record is cut off"));
    }
    let mut head = [0; HEAD as usize];
    file.read_exact(&mut head)?;
    let (length, rest) = head.split_at(4);
    let (sequence, expected) = rest.split_at(8);
    let size = length.iter().rev().fold(0, |size, byte| size << 8 | usize::from(*byte));
    if size > LONGEST {
        return Ok(Reading::Damaged("a record has an impossible length"));
    }
    if size as u64 > room - HEAD {
        return Ok(Reading::Damaged("a record is cut off"));
    }
    let mut payload = vec![0; size];
    file.read_exact(&mut payload)?;
    if checksum(&[length, sequence, &payload]) != expected {
        return Ok(Reading::Damaged("a record does not match its checksum"));
    }
    let sequence = sequence.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Ok(Reading::Whole(Record { sequence, payload }))
}

/// The first eight bytes of SHA-256 over the parts.
pub fn checksum(parts: &[&[u8]]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    first
}
