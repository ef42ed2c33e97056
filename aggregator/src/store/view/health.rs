//! What the overview warns of: agents that are silent or lost something, directories that do not answer.

use caliper_proto::Instant;
use rusqlite::{Row, Transaction};

use crate::store::StoreError;

/// The state of everything that brings evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Agents that are not revoked.
    pub agents: u64,
    /// Of these, not heard of since the given instant.
    pub silent: u64,
    /// Messages that agents had to drop because their queue was full.
    pub dropped: u64,
    /// Of these agents, the certificate ends before the given instant.
    pub ending: u64,
    /// Servers known by agents or imports.
    pub servers: u64,
    /// Directories.
    pub directories: Vec<Directory>,
}

/// One directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// As in the configuration.
    pub name: String,
    /// Last time it was read to the end.
    pub synced: Option<Instant>,
    /// Of the last attempt, in words.
    pub outcome: String,
}

/// Reads the state. An agent is silent if not heard of since `since`; a certificate is ending before `soon`.
pub fn health(tx: &Transaction<'_>, since: Instant, soon: Instant) -> Result<Health, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(coalesce(last_seen, enrolled) < ?1), 0),
                      coalesce(sum(dropped_messages), 0), coalesce(sum(certificate_expires < ?2), 0)
               FROM agent WHERE revoked IS NULL AND role = 'agent'";
    let count = |row: &Row<'_>, at| row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or(0));
    let mut health = tx.query_row(sql, [since.micros(), soon.micros()], |row| {
        Ok(Health {
            agents: count(row, 0)?,
            silent: count(row, 1)?,
            dropped: count(row, 2)?,
            ending: count(row, 3)?,
            ..Health::default()
        })
    })?;
    health.servers = tx.query_row("SELECT count(*) FROM server", [], |row| count(row, 0))?;
    let mut statement = tx.prepare("SELECT name, synced, outcome FROM directory ORDER BY name")?;
    let rows = statement.query_map([], |row| {
        let synced: Option<i64> = row.get(1)?;
        Ok(Directory { name: row.get(0)?, synced: synced.and_then(Instant::from_micros), outcome: row.get(2)? })
    })?;
    health.directories = rows.collect::<Result<_, _>>()?;
    Ok(health)
}
