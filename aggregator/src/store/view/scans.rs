//! Scans: the list, one of them, its position.

use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde::Serialize;

use super::list::{List, Listing, Rows, Sort, instant, number, rows};
use crate::store::StoreError;

/// One scan without its estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// Number.
    pub id: i64,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub finished: Option<Instant>,
    /// `hand`, `schedule: NAME` or `api`.
    pub trigger: String,
    /// `running`, `done` or `failed`.
    pub state: String,
    /// Why it failed, or empty.
    pub failure: String,
    /// People in the estate.
    pub people: u64,
    /// Devices in the estate.
    pub devices: u64,
    /// Servers in the estate.
    pub servers: u64,
    /// What closing all gaps costs, minor units.
    pub cost_minor: u64,
    /// Digest of the estate, hex.
    pub estate_sha256: String,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Scans {
    /// A state, or empty.
    pub state: String,
    /// `hand`, `schedule`, `api`, or empty.
    pub trigger: String,
    /// Only scans before this one.
    pub below: Option<i64>,
}

impl Listing for Scans {
    type Item = Scan;
    const FROM: &'static str = "scan";
    const KEY: &'static str = "id";
    const LARGEST_KEY_FIRST: bool = true;
    const COLUMNS: &'static str =
        "id, started, finished, trigger, state, failure, people, devices, servers, cost_minor, estate_sha256";
    const SORTS: &'static [Sort] = &[Sort { name: "newest", column: "id", descending: true }];

    fn narrow(&self, list: &mut List) {
        list.equal_unless_empty("state", &self.state);
        list.equal_unless_empty("substr(trigger, 1, instr(trigger || ':', ':') - 1)", &self.trigger);
        if let Some(below) = self.below {
            list.before("id", below);
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Scan> {
        Ok(Scan {
            id: row.get(0)?,
            started: instant(row, 1)?.unwrap_or_default(),
            finished: instant(row, 2)?,
            trigger: row.get(3)?,
            state: row.get(4)?,
            failure: row.get(5)?,
            people: number(row, 6)?,
            devices: number(row, 7)?,
            servers: number(row, 8)?,
            cost_minor: number(row, 9)?,
            estate_sha256: row.get(10)?,
        })
    }
}

fn first(tx: &Transaction<'_>, scans: &Scans) -> Result<Option<Scan>, StoreError> {
    Ok(rows(tx, scans, Scans::SORTS[0], &Rows::Page { skip: 0, take: 1 })?.pop())
}

/// The newest scan that came to an end, before `below` if it is given.
pub fn latest_done(tx: &Transaction<'_>, below: Option<i64>) -> Result<Option<Scan>, StoreError> {
    first(tx, &Scans { state: "done".into(), below, ..Scans::default() })
}

/// The newest scan, whatever became of it.
pub fn newest(tx: &Transaction<'_>) -> Result<Option<Scan>, StoreError> {
    first(tx, &Scans::default())
}

/// The position of a scan as it was stored, JSON; `None` if there is no such scan or it did not come to an end.
pub fn position(tx: &Transaction<'_>, id: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT position FROM scan WHERE id = ?1 AND state = 'done'";
    Ok(tx.query_row(sql, [id], |row| row.get(0)).optional()?)
}
