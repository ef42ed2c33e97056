//! What several targets need: checksums that hold, a folder in memory, and what must be true of every report.
//!
//! Checksums are put right before reading, as otherwise nearly every change would end at them.

#[allow(dead_code)]
#[path = "../../../agent/evidence/tests/evidence/made.rs"]
mod made;

use std::path::{Path, PathBuf};

use caliper_agent::collection::messages;
use caliper_proto::{Access, Instant, Inventory, Report, wire};
use prost::Message as _;
use wire::from_agent::Body;

/// Longest message that a gRPC server takes unless told otherwise.
const MOST_BYTES_TAKEN: usize = 4 << 20;

/// The flag of pages in the format that has been in use since Windows Server 2003.
const NEW_FORMAT: u8 = 0x20;

/// The database with the checksums of header and pages put right.
#[must_use]
pub fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let size = bytes.get(236..240).map_or(0, |size| u32::from_le_bytes(size.try_into().unwrap()) as usize);
    if ![2048, 4096, 8192, 16384, 32768].contains(&size) {
        return bytes;
    }
    for (at, page) in bytes.chunks_exact_mut(size).enumerate() {
        if at < 2 {
            made::seal_header(page);
        } else if page[37] & NEW_FORMAT != 0 {
            made::seal(page, u32::try_from(at).unwrap() - 1);
        }
    }
    bytes
}

/// A folder in memory, emptied before each use.
pub struct Place(tempfile::TempDir);

impl Default for Place {
    fn default() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self(tempfile::tempdir_in(folder).unwrap())
    }
}

impl Place {
    /// The empty folder.
    #[must_use]
    pub fn empty(&self) -> PathBuf {
        let folder = self.0.path().join("folder");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        folder
    }
}

/// What is true of every report, wherever it came from: written and read it is the same, and the aggregator takes it.
pub fn holds(report: &Report) {
    let again = Report::from_json(&report.to_json()).expect("a report that was written is read");
    assert_eq!(&again, report);
    let mut collected = report.clone().into();
    for body in messages(&mut collected, Instant::default()).expect("nothing is on disk") {
        let message = wire::FromAgent { sequence: u64::MAX, body: Some(body.unwrap()) }.encode_to_vec();
        assert!(message.len() <= MOST_BYTES_TAKEN, "{} bytes", message.len());
        match wire::FromAgent::decode(message.as_slice()).unwrap().body {
            Some(Body::Inventory(inventory)) => {
                <(Inventory, Vec<String>, Instant)>::try_from(inventory).expect("an inventory is taken");
            }
            Some(Body::Accesses(batch)) => {
                Vec::<Access>::try_from(batch).expect("a batch is taken");
            }
            _ => panic!("neither inventory nor accesses"),
        }
    }
}
