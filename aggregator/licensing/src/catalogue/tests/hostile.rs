//! Whatever stands in a user's own file, the answer is a catalogue or a refusal.

use proptest::prelude::*;
use toml::{Table, Value};

use crate::{Estate, catalogue::*};

/// Values that no field expects.
fn odd_values() -> Vec<Value> {
    let long = "9".repeat(10_000);
    vec![
        Value::Integer(0),
        Value::Integer(-1),
        Value::Integer(i64::MAX),
        Value::Integer(i64::MIN),
        Value::Float(f64::NAN),
        Value::Boolean(true),
        Value::String(String::new()),
        Value::String("\u{0}\u{202e}".into()),
        Value::String(long),
        Value::Array(vec![]),
        Value::Array(vec![Value::Integer(-1); 3]),
        Value::Array(vec![Value::String("windows-server".into()); 2]),
        Value::Table(Table::new()),
    ]
}

fn own_file(kind: &str, row: Table) -> String {
    let document = Table::from_iter([(kind.to_owned(), Value::Array(vec![Value::Table(row)]))]);
    toml::to_string(&document).unwrap()
}

/// One row of each kind, each of its fields in turn replaced by each odd value.
#[test]
fn odd_values_are_refused_or_taken_and_never_stop_the_program() {
    let mut kinds = std::collections::BTreeSet::new();
    let mut refused = 0;
    for row in catalogue().rows().into_iter().filter(|row| kinds.insert(row.kind)) {
        let mut plain = row.fields.clone();
        plain.remove("origin");
        assert!(Catalogue::with(&own_file(row.kind, plain.clone())).is_ok(), "{} {}", row.kind, row.key);
        for field in plain.keys() {
            for value in odd_values() {
                let mut odd = plain.clone();
                odd.insert(field.clone(), value);
                match Catalogue::with(&own_file(row.kind, odd)) {
                    Ok(catalogue) => catalogue.supplement(&mut Estate::default()),
                    Err(error) => {
                        refused += 1;
                        assert!(error.to_string().starts_with("the file"), "{error}");
                    }
                }
            }
        }
    }
    assert!(kinds.len() == 22 && refused > 1_000, "{} kinds, {refused} refused", kinds.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Lines of catalogue files in any order, with some cut short.
    #[test]
    fn lines_in_disorder_never_stop_the_program(
        lines in prop::collection::vec((0_usize..8, 0_usize..40), 0..12),
    ) {
        const LINES: [&str; 8] = [
            "[[price]]", "[[rule]]", "id = \"E.7\"", "sku = \"windows-server-cal/user\"", "minor = 18446744073709551615",
            "version = 2025", "confidence = \"H\"", "units = 4294967296",
        ];
        let text: Vec<&str> = lines.iter().map(|&(line, cut)| &LINES[line][..cut.min(LINES[line].len())]).collect();
        let _ = Catalogue::with(&text.join("\n"));
    }
}
