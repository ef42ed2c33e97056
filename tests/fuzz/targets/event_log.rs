//! Whole event logs; zero bytes are added up to the end of a chunk, so that inputs can stay short.

#![no_main]

use std::io::Cursor;

use caliper_evidence::event_log;
use libfuzzer_sys::fuzz_target;

const HEADER: usize = 4096;
const CHUNK: usize = 65_536;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    let chunks = bytes.len().saturating_sub(HEADER).div_ceil(CHUNK);
    bytes.resize(HEADER + chunks * CHUNK, 0);
    let _ = event_log::read(Cursor::new(bytes), |row| {
        assert!(row.first <= row.last && row.total >= row.days.len() as u64);
    });
});
