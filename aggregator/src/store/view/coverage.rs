//! Servers that a scan found not watched all the time.

use caliper_proto::Instant;
use rusqlite::Row;
use serde::Serialize;

use super::list::{List, Listing, Sort, instant, number};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Its name.
    pub server: String,
    /// `no-report`, `silent` or `part`.
    pub kind: String,
    /// Version, or empty if unknown.
    pub version: String,
    /// Days of the window with evidence.
    pub days: u64,
    /// Last sign of life.
    pub last_seen: Option<Instant>,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    /// Which scan.
    pub scan: i64,
    /// In the name.
    pub text: String,
    /// A kind, or empty.
    pub kind: String,
}

impl Listing for Gaps {
    type Item = Gap;
    const FROM: &'static str = "scan_gap";
    const KEY: &'static str = "server";
    const COLUMNS: &'static str = "server, kind, version, days, last_seen";
    const SORTS: &'static [Sort] = &[
        Sort { name: "name", column: "server COLLATE NOCASE", descending: false },
        Sort { name: "kind", column: "kind", descending: false },
        Sort { name: "days", column: "days", descending: false },
        Sort { name: "last", column: "last_seen", descending: false },
    ];

    fn narrow(&self, list: &mut List) {
        list.equal("scan", self.scan);
        list.holding(&["server"], &self.text);
        list.equal_unless_empty("kind", &self.kind);
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Gap> {
        Ok(Gap {
            server: row.get(0)?,
            kind: row.get(1)?,
            version: row.get(2)?,
            days: number(row, 3)?,
            last_seen: instant(row, 4)?,
        })
    }
}
