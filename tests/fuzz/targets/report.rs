//! The report file; what is read goes through JSON and the wire unharmed.

#![no_main]

use caliper_proto::Report;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(report) = Report::from_json(text) {
        caliper_fuzz::holds(&report);
    }
});
