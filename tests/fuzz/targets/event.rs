//! One record of an event log in its JSON form, and what it proves.

#![no_main]

use caliper_evidence::event_log::{Event, sign_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &str| {
    let Some(event) = Event::from_json(json) else { return };
    let Some(sign_in) = sign_in(&event) else { return };
    assert!(!sign_in.principal.is_empty() && !sign_in.service.is_empty());
});
