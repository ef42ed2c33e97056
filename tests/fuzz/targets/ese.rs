//! Every row of every table of an ESE database.

#![no_main]

use std::io::Cursor;

use caliper_evidence::ese::Database;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut database) = Database::open(Cursor::new(caliper_fuzz::sealed(bytes))) else { return };
    let Ok(tables) = database.tables() else { return };
    for table in &tables {
        let _ = database.rows(table, |row| {
            for (column, values) in row.iter() {
                assert!(column < table.columns.len() && !values.is_empty());
            }
        });
    }
    let _ = database.take_warnings();
});
