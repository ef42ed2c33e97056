//! One record of an event log in the XML of a running Windows, and what it proves.

#![no_main]

use caliper_evidence::event_log::{self, Reading, sign_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|xml: &str| {
    let Some((event, computer)) = event_log::read_xml(xml) else { return };
    if let Some(sign_in) = sign_in(&event) {
        assert!(!sign_in.principal.is_empty() && !sign_in.service.is_empty());
    }
    let mut reading = Reading::default();
    reading.add(&event, &computer);
    let _ = reading.finish(|row| {
        assert!(row.first == row.last && row.total == 1 && row.days.len() == 1);
    });
});
