//! `collect --from` a folder of one file, whatever it is; what is reported goes through JSON and the wire unharmed.

#![no_main]

use caliper_agent::{collect::collect_from, rows::Table};
use caliper_fuzz::Place;
use caliper_proto::Report;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static PLACE: Place = Place::default();
}

fuzz_target!(|bytes: &[u8]| {
    let folder = PLACE.with(Place::empty);
    std::fs::write(folder.join("file"), bytes).unwrap();
    if let Ok(mut collected) = collect_from(&folder, Table::default()) {
        let accesses = collected.rows.read().unwrap().map(Result::unwrap).collect();
        caliper_fuzz::holds(&Report { server: collected.server, accesses, warnings: collected.warnings });
    }
});
