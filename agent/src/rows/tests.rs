//! Bounded memory gives what all the memory in the world would give.

use std::{collections::BTreeMap, path::Path};

use caliper_proto::{AccessKey, Days, Instant, Source};
use proptest::prelude::*;

use super::*;

fn row(principal: &str, client: &str, day: u16, total: u64) -> Access {
    let key = AccessKey {
        service: "File Server".into(),
        role_guid: String::new(),
        principal: principal.into(),
        client: client.into(),
        source: Source::UserAccessLogging,
        year: 2026,
    };
    let mut days = Days::default();
    days.insert(day).unwrap();
    let at = Instant::from_micros(i64::from(day) * 1_000).unwrap();
    Access { key, days, total, first: at, last: at }
}

fn read(rows: &mut Rows) -> Vec<Access> {
    rows.read().unwrap().map(Result::unwrap).collect()
}

/// Rows that stand for themselves; or what a database or log says, part by part, and whether it is usable.
#[derive(Debug, Clone)]
enum Told {
    Alone(Vec<Access>),
    InParts(Vec<(Access, String)>, bool),
}

fn tell(table: &mut Table, told: &[Told]) {
    for told in told {
        match told {
            Told::Alone(rows) => rows.iter().for_each(|row| table.join(row)),
            Told::InParts(parts, usable) => {
                table.begin();
                for (row, part) in parts {
                    table.add(row, part);
                }
                if *usable { table.end() } else { table.forget() }
            }
        }
    }
}

/// The same with maps: parts are joined, then added up, then joined with what others say.
fn in_maps(told: &[Told]) -> Vec<Access> {
    let mut all: BTreeMap<AccessKey, Access> = BTreeMap::new();
    let mut join = |row: &Access| all.entry(row.key.clone()).or_insert_with(|| row.clone()).merge(row);
    for told in told {
        match told {
            Told::Alone(rows) => rows.iter().for_each(&mut join),
            Told::InParts(_, false) => {}
            Told::InParts(parts, true) => {
                let mut joined: BTreeMap<(AccessKey, &str), Access> = BTreeMap::new();
                for (row, part) in parts {
                    joined.entry((row.key.clone(), part)).or_insert_with(|| row.clone()).merge(row);
                }
                let mut sums: BTreeMap<AccessKey, Access> = BTreeMap::new();
                for ((key, _), part) in joined {
                    let before = sums.get(&key).map_or(0, |sum| sum.total);
                    let sum = sums.entry(key).or_insert_with(|| part.clone());
                    sum.merge(&part);
                    sum.total = before.saturating_add(part.total);
                }
                sums.values().for_each(&mut join);
            }
        }
    }
    all.into_values().collect()
}

fn told() -> impl Strategy<Value = Vec<Told>> {
    let texts = ["", "a", "ab", "b\u{0}", "ä", "b"];
    let total = prop_oneof![0_u64..100, Just(u64::MAX - 1)];
    let parts_of_row = (0..texts.len(), 0..texts.len(), 1_u16..=366, total, 0_usize..8, -1_i16..=1);
    let row = parts_of_row.prop_map(move |(principal, client, day, total, source, year)| {
        let mut row = row(texts[principal], texts[client], day, total);
        (row.key.source, row.key.year) = (Source::ALL[source], year);
        row
    });
    let parts = prop::collection::vec((row.clone(), "[xy]?"), 0..60);
    let told = prop_oneof![
        prop::collection::vec(row, 0..30).prop_map(Told::Alone),
        (parts, prop::bool::weighted(0.8)).prop_map(|(parts, usable)| Told::InParts(parts, usable)),
    ];
    prop::collection::vec(told, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]
    #[test]
    fn bounded_memory_equals_everything_in_memory(told in told(), most_bytes in 100_usize..4_000, most_runs in 2_usize..5) {
        let expected = in_maps(&told);
        for most_bytes in [most_bytes, usize::MAX] {
            let mut table = Table::bounded(None, most_bytes, most_runs);
            tell(&mut table, &told);
            let mut rows = table.finish().unwrap();
            prop_assert_eq!(&read(&mut rows), &expected);
            prop_assert_eq!(rows.count(), expected.len() as u64);
            prop_assert_eq!(&read(&mut rows), &expected, "as often as wanted");
        }
    }

    #[test]
    fn entries_sort_as_rows_do_and_come_back(told in told()) {
        let rows: Vec<Access> = told.into_iter().flat_map(|told| match told {
            Told::Alone(rows) => rows,
            Told::InParts(parts, _) => parts.into_iter().map(|(row, _)| row).collect(),
        }).collect();
        for (one, other) in rows.iter().zip(rows.iter().skip(1)) {
            prop_assert_eq!(entry::row(&one.key).cmp(&entry::row(&other.key)), one.key.cmp(&other.key));
        }
        for row in rows {
            let mut bytes = Vec::new();
            Entry { row: &entry::row(&row.key), origin: 7, part: b"part", known: Known::of(&row) }.write(&mut bytes);
            prop_assert_eq!(entry::length(&bytes), Some(bytes.len()));
            let entry = Entry::read(&bytes).unwrap();
            prop_assert_eq!((entry.origin, entry.part, entry.access()), (7, &b"part"[..], Some(row)));
            for end in 0..bytes.len() {
                prop_assert!(Entry::read(&bytes[..end]).is_none());
            }
        }
    }
}

fn files(folder: &Path) -> usize {
    fs_err::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn much_goes_to_disk_and_leaves_no_name_there() {
    let place = tempfile::tempdir().unwrap();
    let scratch = place.path().join("scratch");
    let mut table = Table::bounded(Some(scratch.clone()), 2_000, 3);
    table.begin();
    for number in 0..500_u16 {
        let number = number * 7 % 500;
        table.add(&row(&format!("user{number:03}"), "10.0.0.1", number % 366 + 1, 1), "");
    }
    table.end();
    let levels: Vec<usize> = table.levels.iter().map(Vec::len).collect();
    assert!(levels.len() > 2 && levels.iter().all(|runs| *runs < 3), "{levels:?}");
    assert!(scratch.is_dir());
    if cfg!(unix) {
        assert_eq!(files(&scratch), 0, "whatever ends the agent now, nothing is left");
    }
    let mut rows = table.finish().unwrap();
    let names: Vec<String> = read(&mut rows).into_iter().map(|row| row.key.principal).collect();
    assert_eq!(names, (0..500).map(|number| format!("user{number:03}")).collect::<Vec<_>>());
    drop(rows);
    assert_eq!(files(&scratch), 0);
}

/// A server's databases lie there as this year's and as `Current.mdb`, and a log is copied again and again.
#[test]
fn copies_take_no_more_room() {
    let place = tempfile::tempdir().unwrap();
    let scratch = place.path().join("scratch");
    let mut table = Table::bounded(Some(scratch.clone()), 40_000, 3);
    for _ in 0..50 {
        table.begin();
        for number in 0..60 {
            table.add(&row(&format!("user{number}"), "10.0.0.1", 1, 2), "one tenant");
            table.add(&row(&format!("user{number}"), "10.0.0.1", 2, 3), "another");
        }
        table.end();
    }
    let rows = read(&mut table.finish().unwrap());
    assert_eq!((rows.len(), rows[0].total, rows[0].days.len()), (60, 5, 2));
    assert!(!scratch.exists(), "nothing went to disk");
}

#[test]
fn a_disk_that_refuses_is_named() {
    let place = tempfile::tempdir().unwrap();
    let scratch = place.path().join("scratch");
    fs_err::write(&scratch, "a file in the way").unwrap();
    let fill = |table: &mut Table| {
        for number in 0..100 {
            table.join(&row(&format!("user{number}"), "10.0.0.1", 1, 1));
        }
    };
    let mut table = Table::bounded(Some(scratch.clone()), 2_000, 3);
    fill(&mut table);
    let error = table.check().unwrap_err();
    assert!(error.to_string().contains(&scratch.display().to_string()), "{error}");
    let mut table = Table::bounded(Some(scratch), 2_000, 3);
    fill(&mut table);
    assert!(table.finish().is_err(), "not a part of the rows");
}
