//! When each schedule last ran.

use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Transaction, params};

use super::StoreError;

/// The latest due time that was run; `None` if the schedule is new.
pub fn last_due(tx: &Transaction<'_>, name: &str) -> Result<Option<Instant>, StoreError> {
    let sql = "SELECT last_due FROM schedule WHERE name = ?1";
    let due: Option<Option<i64>> = tx.query_row(sql, [name], |row| row.get(0)).optional()?;
    Ok(due.flatten().and_then(Instant::from_micros))
}

/// Notes that everything due up to then was run.
pub fn set_last_due(tx: &Transaction<'_>, name: &str, due: Instant) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO schedule (name, last_due) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET last_due = ?2",
        params![name, due.micros()],
    )?;
    Ok(())
}
