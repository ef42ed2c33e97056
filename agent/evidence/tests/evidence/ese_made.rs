//! The ESE reader on databases made by hand: every page size and both tag layouts, values in all their forms, damage.

use std::io::Cursor;

use crate::made;
use crate::made::{FIRST_LEAF, LEAF, LONG_VALUES, PARENT, ROOT, SECOND_LEAF, TABLE, VALUES, node};
use crate::samples::{CLEAN, COLUMNS, XPRESS, pages, row, sample};
use caliper_evidence::ese::{Database, EseError, Value};
use proptest::prelude::*;

const SIZES: [usize; 5] = [2048, 4096, 8192, 16384, 32768];
const DIRTY: u32 = 2;

/// Ids of the rows that come out, and the warnings.
fn ids(bytes: &[u8]) -> Result<(Vec<u64>, Vec<String>), EseError> {
    let mut database = Database::open(Cursor::new(bytes))?;
    let tables = database.tables()?;
    let mut ids = Vec::new();
    for table in &tables {
        database.rows(table, |row| ids.extend(row.get(0).and_then(Value::unsigned)))?;
    }
    Ok((ids, database.take_warnings()))
}

#[test]
fn all_forms_of_values_in_all_page_sizes() {
    for size in SIZES {
        let mut database = Database::open(Cursor::new(sample(size))).unwrap();
        assert!(database.is_clean());
        let tables = database.tables().unwrap();
        let table = &tables[0];
        let [id, name, note, many] = ["Id", "Name", "Note", "Many"].map(|name| table.column(name).unwrap());
        let mut rows = Vec::new();
        database.rows(table, |row| rows.push(row)).unwrap();
        assert_eq!(database.take_warnings(), [""; 0], "{size}");
        assert_eq!(rows.len(), 5, "{size}");

        let text = |text: &str| Some(Value::Text(text.to_owned()));
        let expected = [
            (1, text("Zoë 🦊"), text("plain")),
            (2, None, text("hello")),
            (3, text(""), text(&"abc".repeat(100))),
            (4, text("four"), text(&format!("xyz{}", "abc".repeat(100)))),
            (5, text("five"), text("one")),
        ];
        for (row, (number, named, noted)) in rows.iter().zip(expected) {
            assert_eq!(row.get(id), Some(&Value::Signed(number)), "{size}");
            assert_eq!(row.get(name), named.as_ref(), "{size}, row {number}");
            assert_eq!(row.get(note), noted.as_ref(), "{size}, row {number}");
        }
        let values = |row: usize, column: usize| {
            rows[row].iter().find(|(at, _)| *at == column).map(|(_, values)| values.to_vec())
        };
        assert_eq!(values(2, many), Some(vec![Value::Unsigned(7), Value::Unsigned(9)]), "{size}");
        assert_eq!(values(4, note), Some(vec![Value::Text("one".into()), Value::Text("two".into())]), "{size}");
    }
}

#[test]
fn an_unclean_database_is_read_and_says_so() {
    let bytes = made::database(4096, DIRTY, "T", &COLUMNS, &pages(4096));
    assert!(!Database::open(Cursor::new(&bytes)).unwrap().is_clean());
    assert_eq!(ids(&bytes).unwrap().0, [1, 2, 3, 4, 5]);
}

#[test]
fn a_lost_header_is_replaced_by_its_copy() {
    for size in SIZES {
        let mut bytes = sample(size);
        bytes[..size].fill(0xEE);
        let (ids, warnings) = ids(&bytes).unwrap();
        assert_eq!(ids, [1, 2, 3, 4, 5]);
        assert!(warnings[0].contains(&format!("its copy at byte {size} was used")), "{warnings:?}");
    }
    let error = ids(&vec![0x55; 70_000]).unwrap_err().to_string();
    assert_eq!(error, "byte 4: database signature: expected 0x89abcdef, found 0x55555555");
}

#[test]
fn a_damaged_page_is_stepped_over_by_its_offset() {
    for size in SIZES {
        let mut bytes = sample(size);
        made::page_mut(&mut bytes, size, FIRST_LEAF)[size / 2] ^= 1;
        let (ids, warnings) = ids(&bytes).unwrap();
        assert_eq!(ids, [3, 4, 5], "the branch still knows the second leaf");
        let [warning] = warnings.try_into().unwrap();
        let start = (FIRST_LEAF as usize + 1) * size;
        let place = warning.split("byte ").nth(1).unwrap().split(':').next().unwrap().parse::<usize>().unwrap();
        assert!((start..start + size).contains(&place), "{warning}");
        assert!(warning.contains("page checksum: expected 0x"), "{warning}");
    }
}

#[test]
fn zero_pages_and_stolen_pages_are_not_believed() {
    let mut bytes = sample(4096);
    made::page_mut(&mut bytes, 4096, SECOND_LEAF).fill(0);
    let (found, warnings) = ids(&bytes).unwrap();
    assert_eq!(found, [1, 2]);
    assert_eq!(warnings, ["page 8 skipped: byte 36864: page: expected a page in use, found only zero bytes"]);

    let mut bytes = sample(4096);
    let page = made::page_mut(&mut bytes, 4096, SECOND_LEAF);
    page[24] = 99;
    made::seal(page, SECOND_LEAF);
    let (found, warnings) = ids(&bytes).unwrap();
    assert_eq!(found, [1, 2]);
    assert!(warnings[0].contains("owner of the page: expected 10, found object 99"), "{warnings:?}");
}

#[test]
fn links_and_branches_make_up_for_each_other() {
    // the branch does not know the second leaf yet
    let mut forgotten = pages(4096);
    let only = [node(b"", &FIRST_LEAF.to_le_bytes())];
    forgotten[0] = made::page(4096, TABLE.0, TABLE.1, 0, ROOT | PARENT, &[0; 16], &only);
    let bytes = made::database(4096, DIRTY, "T", &COLUMNS, &forgotten);
    assert_eq!(ids(&bytes).unwrap().0, [1, 2, 3, 4, 5]);

    // the last leaf links back to the first
    let mut bytes = sample(4096);
    let page = made::page_mut(&mut bytes, 4096, SECOND_LEAF);
    page[20] = FIRST_LEAF as u8;
    made::seal(page, SECOND_LEAF);
    assert_eq!(ids(&bytes).unwrap(), (vec![1, 2, 3, 4, 5], Vec::new()));
}

#[test]
fn a_cut_off_copy_is_an_error() {
    let size = 4096;
    let mut bytes = sample(size);
    bytes.truncate(9 * size);
    let error = ids(&bytes).unwrap_err();
    assert!(matches!(error, EseError::CutOff { offset: 36_864, page: 8, length: 36_864 }), "{error}");
}

#[test]
fn a_lost_chunk_loses_only_its_value() {
    let size = 4096;
    let mut all = pages(size);
    let values = [
        node(&[0, 0, 0, 1], &[1_u32.to_le_bytes(), 303_u32.to_le_bytes()].concat()),
        node(&[0, 0, 0, 1, 0, 0, 0, 3], &XPRESS),
    ];
    all[1] = made::page(size, VALUES.0, VALUES.1, 0, ROOT | LEAF | LONG_VALUES, &[0; 16], &values);
    let (found, warnings) = ids(&made::database(size, CLEAN, "T", &COLUMNS, &all)).unwrap();
    assert_eq!(found, [1, 2, 3, 4, 5]);
    assert_eq!(
        warnings,
        ["table T, column Note: byte 28672: long value: expected 303 bytes in a row, found a chunk at 3 after 0"]
    );
}

#[test]
fn a_record_cannot_ask_for_more_than_it_may() {
    let size = 16384;
    // 65,535 times "a": one character, then a match of 65,534 at distance 1 (field: length less 3)
    let long = [0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, b'a', 0x07, 0x00, 0x0F, 0xFF, 0xFB, 0xFF];
    let values = [
        node(&[0, 0, 0, 1], &[1_u32.to_le_bytes(), 65_535_u32.to_le_bytes()].concat()),
        node(&[0, 0, 0, 1, 0, 0, 0, 0], &long),
    ];
    // 600 references to it, 39 MB together
    let places = (0..600_u16).flat_map(|at| ((1200 + 4 * at) | 0x8000).to_le_bytes());
    let many: Vec<u8> = places.chain((0..600).flat_map(|_| 1_u32.to_le_bytes())).collect();
    let mut all = pages(size);
    all[1] = made::page(size, VALUES.0, VALUES.1, 0, ROOT | LEAF | LONG_VALUES, &[0; 16], &values);
    let once = vec![2, 0x80, 1, 0, 0, 0];
    for (references, expected) in [(once, 1), (many, 0)] {
        let rows = [node(b"row1", &row(size, 1, None, &[(256, 0x08, references)]))];
        all[0] = made::page(size, TABLE.0, TABLE.1, 0, ROOT | LEAF, &[0; 16], &rows);
        let mut database = Database::open(Cursor::new(made::database(size, CLEAN, "T", &COLUMNS, &all))).unwrap();
        let tables = database.tables().unwrap();
        let mut lengths = Vec::new();
        database
            .rows(&tables[0], |row| {
                let note = tables[0].column("Note").unwrap();
                lengths.extend(row.get(note).and_then(Value::text).map(str::len));
            })
            .unwrap();
        assert_eq!(lengths, vec![65_535; expected]);
        let refused =
            database.take_warnings().iter().any(|warning| warning.contains("at most 33554432 bytes of values"));
        assert_eq!(refused, expected == 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Changes behind a valid checksum reach tags, nodes, records, the catalogue and long values.
    #[test]
    fn changed_pages_never_panic(
        size in prop::sample::select(vec![2048_usize, 4096, 16384]),
        changes in prop::collection::vec((0_u32..5, any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = sample(size);
        for (page, place, byte) in changes {
            let number = 4 + page;
            let page = made::page_mut(&mut bytes, size, number);
            // header, tags or the used part of the data: elsewhere nothing is read
            let used = [0..600, size - 64..size];
            let at = place.index(664);
            let at = if at < 600 { used[0].start + at } else { used[1].start + at - 600 };
            page[at] = byte;
            made::seal(page, number);
        }
        let _ = ids(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_header(tail in prop::collection::vec(any::<u8>(), 0..20_000), cut in 0_usize..60_000) {
        let mut bytes = sample(2048);
        bytes.truncate(4096);
        bytes.extend(tail);
        bytes.truncate(cut);
        let _ = ids(&bytes);
        let _ = caliper_evidence::ual::read(Cursor::new(bytes));
    }
}
