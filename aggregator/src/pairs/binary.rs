//! Pairs as binary, for graphs of millions of pairs. All integers little-endian:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | `ORGG` |
//! | 4 | 4 | version, 1 |
//! | 8 | 4 | number of users |
//! | 12 | 4 | number of devices |
//! | 16 | 8 | number of pairs `n` |
//! | 24 | 8 | FNV-1a, 64 bits, over the 32-bit words (not bytes) of the pairs, in order |
//! | 32 | 8 `n` | `n` times user and device, each 32 bits, numbered from 0 |
//!
//! The file ends with the last pair. Users and devices without a pair are allowed, up to a million
//! each or eight times the pairs, so that a short file cannot ask for much memory.

use std::io::Read;
use std::path::Path;

use super::{Names, Pairs, PairsError};

const MAGIC: [u8; 4] = *b"ORGG";
const HEADER: usize = 32;
const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01B3;
/// Users, and devices, that need no pairs to be believed.
const FEW: u64 = 1 << 20;
/// Users, and devices, believed per pair.
const PER_PAIR: u64 = 8;
/// Pairs read at a time.
const CHUNK: usize = 8192;

/// Whether a file that starts like this is binary; no text has a zero byte in its version.
pub(super) fn is_binary(start: &[u8]) -> bool {
    start.starts_with(&MAGIC) && start.get(7) == Some(&0)
}

pub(super) fn read(path: &Path, length: u64, input: &mut impl Read) -> Result<Pairs, PairsError> {
    let refuse = |place: String, found: String| PairsError::Binary { path: path.to_owned(), place, found };
    let mut header = [0; HEADER];
    if length < HEADER as u64 {
        return Err(refuse("header".into(), format!("{length} bytes, expected {HEADER}")));
    }
    input.read_exact(&mut header).map_err(PairsError::Read)?;
    let version = word(&header[4..]);
    if version != 1 {
        return Err(refuse("offset 4".into(), format!("version {version}, expected 1")));
    }
    let (users, devices) = (word(&header[8..]), word(&header[12..]));
    let count = u64::from(word(&header[16..])) | u64::from(word(&header[20..])) << 32;
    let checksum = u64::from(word(&header[24..])) | u64::from(word(&header[28..])) << 32;
    // Also caps what is allocated below at the real size of the file.
    if count.checked_mul(8).and_then(|size| size.checked_add(HEADER as u64)) != Some(length) {
        let found = format!("{count} pairs, which a file of {length} bytes does not hold exactly");
        return Err(refuse("offset 16".into(), found));
    }
    let believed = FEW.max(PER_PAIR * count);
    if u64::from(users.max(devices)) > believed {
        let found = format!("{users} users and {devices} devices, at most {believed} expected for {count} pairs");
        return Err(refuse("offset 8".into(), found));
    }

    let mut pairs = Vec::with_capacity(count as usize);
    let mut buffer = vec![0; 8 * CHUNK];
    let mut hash = FNV_OFFSET;
    while pairs.len() < count as usize {
        let chunk = &mut buffer[..8 * CHUNK.min(count as usize - pairs.len())];
        input.read_exact(chunk).map_err(PairsError::Read)?;
        for bytes in chunk.chunks_exact(8) {
            let (user, device) = (word(bytes), word(&bytes[4..]));
            hash = (hash ^ u64::from(user)).wrapping_mul(FNV_PRIME);
            hash = (hash ^ u64::from(device)).wrapping_mul(FNV_PRIME);
            if user >= users || device >= devices {
                let place = format!("offset {}", HEADER + 8 * pairs.len());
                let found = format!("the pair ({user}, {device}) of {users} users and {devices} devices");
                return Err(refuse(place, found));
            }
            pairs.push((user, device));
        }
    }
    if hash != checksum {
        let found = format!("checksum {checksum:016x}, but the pairs have {hash:016x}");
        return Err(refuse("offset 24".into(), found));
    }
    Ok(Pairs { users: Names::Numbers(users), devices: Names::Numbers(devices), pairs, levels: Vec::new() })
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
