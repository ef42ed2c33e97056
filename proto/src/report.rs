//! The report file, `caliper.report/1`: one server's facts and accesses as JSON, for servers without an agent.
//!
//! The keys and their meaning are a contract with other tools; they change only with the number in the format name.

mod read;
mod text;

use std::{cell::RefCell, io};

use jiff::civil::Date;
use serde::{
    Deserialize, Serialize, Serializer,
    ser::{Error as _, SerializeSeq as _},
};

pub use read::read_report;

use crate::{Access, Instant, Inventory, Source};

/// The value of the `format` key.
pub const REPORT_FORMAT: &str = "caliper.report/1";

/// Everything one server said: what `caliper-agent collect` writes and `caliper import` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The server's own facts.
    pub server: Inventory,
    /// Merged rows in key order.
    pub accesses: Vec<Access>,
    /// What could not be read or looks odd, in words.
    pub warnings: Vec<String>,
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It cannot be read.
    #[error("it cannot be read to its end")]
    Read(#[source] io::Error),
    /// No UTF-8.
    #[error("byte {offset}: not UTF-8 text")]
    NotText {
        /// From 0.
        offset: u64,
    },
    /// A row or the server's facts go on and on.
    #[error("byte {offset}: what stands before it is longer than any row or the facts of any server")]
    TooLong {
        /// From 0, of the first byte that was not read.
        offset: u64,
    },
    /// No JSON of the expected shape.
    #[error("line {line}, column {column}: not a caliper report")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the JSON reader says.
        #[source]
        source: serde_json::Error,
    },
    /// Another format or version.
    #[error("format is `{0}`, this program reads `{REPORT_FORMAT}`")]
    Format(String),
    /// A row contradicts itself.
    #[error("accesses[{row}].{field}: {problem}")]
    Row {
        /// From 0.
        row: usize,
        /// Key inside the row.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// A report on its way out.
#[derive(Serialize)]
#[serde(bound = "I: Iterator<Item = io::Result<Access>>")]
struct Written<'a, I> {
    format: &'static str,
    server: &'a Inventory,
    accesses: Each<I>,
    warnings: &'a [String],
}

/// Rows that come one by one, and the error that ended them.
struct Each<I>(RefCell<(I, Option<io::Error>)>);

impl<I: Iterator<Item = io::Result<Access>>> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        let mut inside = self.0.borrow_mut();
        let (rows, problem) = &mut *inside;
        for access in rows {
            match access {
                Ok(access) => sequence.serialize_element(&row(&access))?,
                Err(error) => {
                    let text = S::Error::custom(&error);
                    *problem = Some(error);
                    return Err(text);
                }
            }
        }
        sequence.end()
    }
}

/// Writes a report whose rows come one by one, in the order of their keys: pretty-printed JSON with a final line break.
///
/// Fails with the error of `rows` or that of `output`.
pub fn write_report(
    output: &mut dyn io::Write,
    server: &Inventory,
    rows: impl Iterator<Item = io::Result<Access>>,
    warnings: &[String],
) -> io::Result<()> {
    let accesses = Each(RefCell::new((rows, None)));
    let report = Written { format: REPORT_FORMAT, server, accesses, warnings };
    serde_json::to_writer_pretty(&mut *output, &report)
        .map_err(|error| report.accesses.0.borrow_mut().1.take().unwrap_or_else(|| error.into()))?;
    output.write_all(b"\n")
}

#[derive(Serialize, Deserialize)]
struct Row {
    source: Source,
    service: String,
    #[serde(default)]
    role_guid: Option<String>,
    principal: String,
    client: String,
    first: Instant,
    last: Instant,
    total: u64,
    days: Vec<Date>,
}

impl Report {
    /// As pretty-printed JSON with a final line break.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let rows = self.accesses.iter().cloned().map(Ok);
        // neither rows nor memory fail
        let _ = write_report(&mut text, &self.server, rows, &self.warnings);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Reads and checks a report that fits into memory; [`read_report`] reads any.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        let mut accesses = Vec::new();
        let (server, warnings) = read_report(text.as_bytes(), |access| accesses.push(access))?;
        Ok(Self { server, accesses: crate::merge_all(accesses), warnings })
    }
}

fn row(access: &Access) -> Row {
    let key = &access.key;
    Row {
        source: key.source,
        service: key.service.clone(),
        role_guid: (!key.role_guid.is_empty()).then(|| key.role_guid.clone()),
        principal: key.principal.clone(),
        client: key.client.clone(),
        first: access.first,
        last: access.last,
        total: access.total,
        days: access.days.dates(key.year).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccessKey, Days};

    fn sample() -> Report {
        let mut days = Days::default();
        days.insert(163).unwrap();
        Report {
            server: Inventory {
                name: "DC-1".into(),
                domain: "lab.net".into(),
                build: Some(17763),
                ..Inventory::default()
            },
            accesses: vec![Access {
                key: AccessKey {
                    service: "File Server".into(),
                    role_guid: "10a9226f-50ee-49d8-a393-9a501d47ce04".into(),
                    principal: "lab\\waldo".into(),
                    client: "10.0.0.222".into(),
                    source: Source::UserAccessLogging,
                    year: 2021,
                },
                days,
                total: 4,
                first: Instant::from_micros(1_623_541_641_230_000).unwrap(),
                last: Instant::from_micros(1_623_541_641_230_001).unwrap(),
            }],
            warnings: vec!["Current.mdb was not shut down cleanly".into()],
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let report = sample();
        assert_eq!(Report::from_json(&report.to_json()).unwrap(), report);
    }

    #[test]
    fn a_row_over_new_year_becomes_one_row_per_year() {
        let text = sample().to_json().replace("\"2021-06-12\"", "\"2020-12-31\", \"2021-06-12\", \"2020-01-01\"");
        let accesses = Report::from_json(&text).unwrap().accesses;
        let years: Vec<_> =
            accesses.iter().map(|access| (access.key.year, access.days.iter().collect::<Vec<_>>())).collect();
        assert_eq!(years, [(2020, vec![1, 366]), (2021, vec![163])]);
        assert!(accesses.iter().all(|access| access.total == 4 && access.key.principal == "lab\\waldo"));
    }

    #[test]
    fn keeps_the_contract() {
        let json: serde_json::Value = serde_json::from_str(&sample().to_json()).unwrap();
        assert_eq!(json["format"], "caliper.report/1");
        let access = &json["accesses"][0];
        assert_eq!(access["days"], serde_json::json!(["2021-06-12"]));
        assert_eq!(access["first"], "2021-06-12T23:47:21.230000Z");
        assert_eq!(access["source"], "user-access-logging");
        for key in [
            "name",
            "domain",
            "edition",
            "version",
            "build",
            "product_type",
            "model",
            "manufacturer",
            "uuid",
            "sockets",
            "cores",
            "logical_processors",
        ] {
            assert!(json["server"].get(key).is_some(), "server.{key}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        assert!(matches!(Report::from_json("{\"format\":\"caliper.report/2\"}"), Err(ReportError::Format(_))));
        assert!(matches!(Report::from_json("{\n\"format\": 1}"), Err(ReportError::Json { line: 2, .. })));
        let turned = sample().to_json().replace("230001Z", "229999Z");
        assert!(Report::from_json(&turned).unwrap_err().to_string().starts_with("accesses[0].last: "));
    }
}
