//! What the overview warns of: agents that are silent or lost something, directories that do not answer.

use caliper_proto::Instant;
use rusqlite::Transaction;

use super::list::number;
use crate::store::{
    StoreError,
    directory::{self, Directory},
};

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

/// Reads the state. An agent is silent if not heard of since `since`; a certificate is ending before `soon`.
pub fn health(tx: &Transaction<'_>, since: Instant, soon: Instant) -> Result<Health, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(coalesce(last_seen, enrolled) < ?1), 0),
                      coalesce(sum(dropped_messages), 0), coalesce(sum(certificate_expires < ?2), 0)
               FROM agent WHERE revoked IS NULL AND role = 'agent'";
    let mut health = tx.query_row(sql, [since.micros(), soon.micros()], |row| {
        Ok(Health {
            agents: number(row, 0)?,
            silent: number(row, 1)?,
            dropped: number(row, 2)?,
            ending: number(row, 3)?,
            ..Health::default()
        })
    })?;
    health.servers = tx.query_row("SELECT count(*) FROM server", [], |row| number(row, 0))?;
    health.directories = directory::directories(tx)?.into_iter().map(|(_, directory)| directory).collect();
    Ok(health)
}
