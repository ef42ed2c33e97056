//! Reads a report row by row, so that memory does not follow its size.

use std::{collections::BTreeMap, fmt, io::Read};

use serde::{
    Deserialize, Deserializer as _,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::error::Category;

use super::{
    REPORT_FORMAT, ReportError, Row,
    text::{Allowance, Text},
};
use crate::{Access, AccessKey, Days, Inventory};

/// Most bytes of one row: thirty years of days, and texts far longer than the aggregator takes.
const MOST_OF_A_ROW: u64 = 256 << 10;
/// Most bytes of everything else: the names of 20,000 clients and as much again.
const MOST_OF_THE_REST: u64 = 16 << 20;

/// Reads and checks a report, and hands its rows to `each` as they stand there: in any order, and the same key perhaps more than
/// once. Returns the server's facts and the warnings.
///
/// What was handed out before an error must not be used.
pub fn read_report(input: impl Read, each: impl FnMut(Access)) -> Result<(Inventory, Vec<String>), ReportError> {
    let allowance = Allowance::new(MOST_OF_THE_REST);
    let mut json = serde_json::Deserializer::from_reader(Text::new(input, &allowance));
    let read = (&mut json).deserialize_map(Whole { each, allowance: &allowance });
    read.and_then(|found| json.end().map(|()| found)).map_err(|source| {
        allowance.problem().unwrap_or_else(|| match source.classify() {
            Category::Io => ReportError::Read(source.into()),
            _ => ReportError::Json { line: source.line(), column: source.column(), source },
        })
    })
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Format,
    Server,
    Accesses,
    Warnings,
    #[serde(other)]
    Other,
}

/// The object that a report is.
struct Whole<'a, F> {
    each: F,
    allowance: &'a Allowance,
}

impl<'de, F: FnMut(Access)> Visitor<'de> for Whole<'_, F> {
    type Value = (Inventory, Vec<String>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut format, mut server, mut accesses, mut warnings) = (None::<String>, None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Format => {
                    let found = once(&mut format, "format", &mut map)?;
                    if found != REPORT_FORMAT {
                        return Err(A::Error::custom(self.allowance.fail(ReportError::Format(found.clone()))));
                    }
                }
                Key::Server => {
                    once(&mut server, "server", &mut map)?;
                }
                Key::Warnings => {
                    once(&mut warnings, "warnings", &mut map)?;
                }
                Key::Accesses if accesses.is_some() => return Err(A::Error::duplicate_field("accesses")),
                Key::Accesses => {
                    accesses = Some(map.next_value_seed(Rows { each: &mut self.each, allowance: self.allowance })?);
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = A::Error::missing_field;
        format.ok_or_else(|| missing("format"))?;
        accesses.ok_or_else(|| missing("accesses"))?;
        Ok((server.ok_or_else(|| missing("server"))?, warnings.unwrap_or_default()))
    }
}

fn once<'value, 'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    value: &'value mut Option<T>,
    key: &'static str,
    map: &mut A,
) -> Result<&'value T, A::Error> {
    if value.is_some() {
        return Err(A::Error::duplicate_field(key));
    }
    Ok(value.insert(map.next_value()?))
}

/// The list of rows.
struct Rows<'a, F> {
    each: &'a mut F,
    allowance: &'a Allowance,
}

impl<'de, F: FnMut(Access)> DeserializeSeed<'de> for Rows<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Access)> Visitor<'de> for Rows<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of accesses")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let left = self.allowance.replace(MOST_OF_A_ROW);
        let mut number = 0;
        while let Some(row) = rows.next_element()? {
            take(number, row, self.each).map_err(|problem| A::Error::custom(self.allowance.fail(problem)))?;
            number += 1;
            self.allowance.replace(MOST_OF_A_ROW);
        }
        self.allowance.replace(left);
        Ok(())
    }
}

/// A row of the file may span years; rows of the store do not.
fn take(number: usize, row: Row, each: &mut impl FnMut(Access)) -> Result<(), ReportError> {
    if row.last < row.first {
        let problem = format!("{} is before first {}", row.last, row.first);
        return Err(ReportError::Row { row: number, field: "last", problem });
    }
    let mut years: BTreeMap<i16, Days> = BTreeMap::new();
    for date in &row.days {
        years.entry(date.year()).or_default().insert_date(*date);
    }
    if years.is_empty() {
        years.insert(row.first.date().year(), Days::default());
    }
    let key = AccessKey {
        service: row.service,
        role_guid: row.role_guid.unwrap_or_default(),
        principal: row.principal,
        client: row.client,
        source: row.source,
        year: 0,
    };
    for (year, days) in years {
        let key = AccessKey { year, ..key.clone() };
        each(Access { key, days, total: row.total, first: row.first, last: row.last });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, io};

    use proptest::prelude::*;

    use super::*;
    use crate::{Instant, Report, Source};

    const ROW: &str = r#"{"source":"security-log","service":"s","principal":"p","client":"c","first":"2021-06-12T23:47:21.230000Z",
        "last":"2021-06-12T23:47:21.230000Z","total":1,"days":[]}"#;

    /// A report with this list of rows.
    fn file(rows: &str) -> String {
        format!("{{\"format\":\"caliper.report/1\",\"server\":{{}},\"accesses\":[{rows}]}}")
    }

    fn problem(text: &[u8]) -> ReportError {
        read_report(text, |_| {}).unwrap_err()
    }

    #[test]
    fn keys_stand_in_any_order_and_once() {
        let mut rows = 0;
        let text = format!(
            "{{\"warnings\":[\"w\"],\"accesses\":[{ROW},{ROW}],\"more\":[{{}}],\"server\":{{\"name\":\"DC1\"}},\
             \"format\":\"caliper.report/1\"}}"
        );
        let (server, warnings) = read_report(text.as_bytes(), |_| rows += 1).unwrap();
        assert_eq!((server.name.as_str(), warnings, rows), ("DC1", vec!["w".to_owned()], 2));
        for (from, to, part) in [
            ("\"more\":[{}]", "\"accesses\":[]", "duplicate field `accesses`"),
            ("\"more\"", "\"format\":\"caliper.report/1\",\"x\"", "duplicate field `format`"),
            ("\"server\"", "\"other\"", "missing field `server`"),
            ("\"accesses\"", "\"other\"", "missing field `accesses`"),
            ("\"format\"", "\"other\"", "missing field `format`"),
            ("\"format\":\"caliper.report/1\"}", "\"format\":\"caliper.report/1\"} {", "trailing characters"),
        ] {
            let ReportError::Json { source, .. } = problem(text.replace(from, to).as_bytes()) else { panic!("{part}") };
            assert!(source.to_string().contains(part), "{source}");
        }
    }

    /// Makes a report while it is read, and counts how much of it was taken.
    struct Made<'a> {
        rows: u32,
        ready: io::Cursor<Vec<u8>>,
        taken: &'a Cell<u64>,
    }

    impl Read for Made<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            if self.ready.position() == self.ready.get_ref().len() as u64 {
                let next = match self.rows {
                    0 => String::new(),
                    1 => "]}".to_owned(),
                    _ => format!(",{ROW}"),
                };
                self.rows = self.rows.saturating_sub(1);
                self.ready = io::Cursor::new(next.into_bytes());
            }
            let count = self.ready.read(bytes)?;
            self.taken.set(self.taken.get() + count as u64);
            Ok(count)
        }
    }

    #[test]
    fn rows_are_handed_out_while_the_file_is_read() {
        let taken = Cell::new(0);
        let start = file(ROW);
        let start = start.strip_suffix("]}").unwrap().as_bytes().to_vec();
        let of_a_row = ROW.len() as u64 + 1;
        let (mut rows, mut read) = (0, start.len() as u64);
        let made = Made { rows: 2_001, ready: io::Cursor::new(start), taken: &taken };
        read_report(made, |_| {
            assert!(taken.get() < read + 40_000, "{} bytes were read for {rows} rows", taken.get());
            rows += 1;
            read += of_a_row;
        })
        .unwrap();
        assert_eq!(rows, 2_001);
    }

    #[test]
    fn what_goes_on_and_on_is_refused_where_it_begins_to() {
        let long = |key: &str| {
            ROW.replace(&format!("\"{key}\":\"{}\"", &key[..1]), &format!("\"{key}\":\"{}\"", "x".repeat(1 << 20)))
        };
        let days = ROW.replace("[]", &format!("[{}\"2021-06-12\"]", "\"2021-06-12\",".repeat(30_000)));
        let unknown = ROW.replace("\"total\"", &format!("\"more\":\"{}\",\"total\"", "x".repeat(1 << 20)));
        for row in [long("service"), long("principal"), days, unknown] {
            let before = file("").len() as u64 - 2 + ROW.len() as u64 + 1;
            let ReportError::TooLong { offset } = problem(file(&format!("{ROW},{row}")).as_bytes()) else { panic!() };
            // the first row has its own share
            assert!((before..=before + MOST_OF_A_ROW).contains(&offset), "{offset}");
        }
        let names = format!("\"{}\",", "x".repeat(1_000)).repeat(17_000);
        let facts = file("").replace("{}", &format!("{{\"addresses\":[{names}\"\"]}}"));
        assert!(matches!(problem(facts.as_bytes()), ReportError::TooLong { offset } if offset == MOST_OF_THE_REST));
        let nested = file(&"[".repeat(100_000));
        assert!(matches!(problem(nested.as_bytes()), ReportError::Json { line: 1, .. }));
    }

    #[test]
    fn what_is_no_text_is_named_by_its_place() {
        let place = |text: &[u8]| match problem(text) {
            ReportError::NotText { offset } => offset,
            other => panic!("{other}"),
        };
        let whole = file(&format!("{ROW},").repeat(500));
        let mut bytes = whole.clone().into_bytes();
        for at in [0, 1, 16_383, 16_384, 16_385, 50_000] {
            let kept = std::mem::replace(&mut bytes[at], 0xFF);
            assert_eq!(place(&bytes), at as u64);
            bytes[at] = kept;
        }
        assert_eq!(place(b"\xff\xfe{\0"), 0, "UTF-16");
        let cut = [b"{\"format\":\"".as_slice(), "ü".as_bytes().split_at(1).0].concat();
        assert_eq!(place(&cut), 11);
    }

    #[test]
    fn a_file_that_breaks_off_while_it_is_read_says_so() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let start = file(ROW);
        let error = read_report(start.as_bytes()[..90].chain(Broken), |_| {}).unwrap_err();
        assert!(matches!(error, ReportError::Read(source) if source.to_string() == "the disk is gone"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Characters of all lengths stand across the borders of blocks, and pieces may be of any size.
        #[test]
        fn a_report_of_any_texts_is_read_as_it_was_written(
            texts in prop::collection::vec("\\PC{0,300}", 40..80), size in 1_usize..5_000, mark in any::<bool>(),
        ) {
            struct Pieces<'a>(&'a [u8], usize);
            impl Read for Pieces<'_> {
                fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
                    let most = bytes.len().min(self.1);
                    self.0.read(&mut bytes[..most])
                }
            }
            let access = |text: &String| Access {
                key: AccessKey {
                    service: String::new(), role_guid: String::new(), principal: text.clone(), client: text.clone(),
                    source: Source::UserAccessLogging, year: 1970,
                },
                days: Days::default(), total: 1, first: Instant::default(), last: Instant::default(),
            };
            let accesses = crate::merge_all(texts.iter().map(access));
            let report = Report { server: Inventory::default(), accesses, warnings: texts };
            let text = format!("{}{}", if mark { "\u{feff}" } else { "" }, report.to_json());
            let mut accesses = Vec::new();
            let (server, warnings) = read_report(Pieces(text.as_bytes(), size), |row| accesses.push(row)).unwrap();
            prop_assert_eq!(Report { server, accesses, warnings }, report);
        }
    }
}
