//! User Access Logging: the rows of a database, and the accesses that each of them is.

#![no_main]

use std::io::Cursor;

use caliper_evidence::ual;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = ual::read(Cursor::new(caliper_fuzz::sealed(bytes))) else { return };
    let _ = file.newest_identity();
    for access in file.clients.iter().flat_map(ual::Client::accesses) {
        assert!(access.days.is_sorted() && access.days.iter().all(|day| (1..=366).contains(day)));
    }
});
