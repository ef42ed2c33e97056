//! Scans: the list, one of them, its position.

use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Row, Transaction};
use serde::Serialize;

use super::list::{List, Rows, Sort};
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

const COLUMNS: &str =
    "id, started, finished, trigger, state, failure, people, devices, servers, cost_minor, estate_sha256";
const NEWEST: Sort = Sort { name: "newest", column: "id", descending: true };

fn read(row: &Row<'_>) -> rusqlite::Result<Scan> {
    let started: i64 = row.get(1)?;
    let finished: Option<i64> = row.get(2)?;
    let count = |at| row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Scan {
        id: row.get(0)?,
        started: Instant::from_micros(started).unwrap_or_default(),
        finished: finished.and_then(Instant::from_micros),
        trigger: row.get(3)?,
        state: row.get(4)?,
        failure: row.get(5)?,
        people: count(6)?,
        devices: count(7)?,
        servers: count(8)?,
        cost_minor: count(9)?,
        estate_sha256: row.get(10)?,
    })
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A state, or empty.
    pub state: String,
    /// `hand`, `schedule`, `api`, or empty.
    pub trigger: String,
}

fn list(filter: &Filter) -> List {
    let mut list = List::new("scan", "id");
    if !filter.state.is_empty() {
        list.equal("state", filter.state.clone());
    }
    if !filter.trigger.is_empty() {
        list.equal("substr(trigger, 1, instr(trigger || ':', ':') - 1)", filter.trigger.clone());
    }
    list
}

/// How many scans there are.
pub fn count(tx: &Transaction<'_>, filter: &Filter) -> Result<u64, StoreError> {
    list(filter).count(tx)
}

/// Scans, newest first.
pub fn scans(tx: &Transaction<'_>, filter: &Filter, rows: &Rows) -> Result<Vec<Scan>, StoreError> {
    let mut found = Vec::new();
    list(filter).each(tx, COLUMNS, NEWEST, rows, read, |scan| {
        found.push(scan);
        true
    })?;
    Ok(found)
}

/// Scans older than `before`, newest first.
pub fn before(tx: &Transaction<'_>, before: i64, take: u64) -> Result<Vec<Scan>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM scan WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
    let take = i64::try_from(take).unwrap_or(i64::MAX);
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([before, take], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One scan.
pub fn scan(tx: &Transaction<'_>, id: i64) -> Result<Option<Scan>, StoreError> {
    Ok(tx.query_row(&format!("SELECT {COLUMNS} FROM scan WHERE id = ?1"), [id], read).optional()?)
}

/// The newest scan that came to an end, before `below` if it is given.
pub fn latest_done(tx: &Transaction<'_>, below: Option<i64>) -> Result<Option<Scan>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM scan WHERE state = 'done' AND id < ?1 ORDER BY id DESC LIMIT 1");
    Ok(tx.query_row(&sql, [below.unwrap_or(i64::MAX)], read).optional()?)
}

/// The newest scan, whatever became of it.
pub fn newest(tx: &Transaction<'_>) -> Result<Option<Scan>, StoreError> {
    Ok(tx.query_row(&format!("SELECT {COLUMNS} FROM scan ORDER BY id DESC LIMIT 1"), [], read).optional()?)
}

/// The position of a scan as it was stored, JSON; `None` if there is no such scan or it did not come to an end.
pub fn position(tx: &Transaction<'_>, id: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT position FROM scan WHERE id = ?1 AND state = 'done'";
    Ok(tx.query_row(sql, [id], |row| row.get(0)).optional()?)
}
