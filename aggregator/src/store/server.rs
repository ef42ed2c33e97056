//! Servers and what they last said of themselves.

use caliper_proto::{Instant, Inventory};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::StoreError;

/// Who speaks for a server; its key is the server's identity (invariant 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// An agent, by the UUID in its certificate.
    Agent(&'a str),
    /// A report file, by lower-case `name.domain`.
    Import(&'a str),
}

impl<'a> Origin<'a> {
    fn columns(self) -> (&'static str, &'a str) {
        match self {
            Self::Agent(id) => ("agent", id),
            Self::Import(key) => ("import", key),
        }
    }
}

/// Number of the server that `origin` speaks for; one that has not introduced itself yet is entered as `name`
/// with nothing known, which any inventory replaces.
pub fn find_or_insert(tx: &Transaction<'_>, origin: Origin<'_>, name: &str, now: Instant) -> Result<i64, StoreError> {
    let (kind, key) = origin.columns();
    let found = tx
        .prepare_cached("SELECT id FROM server WHERE origin = ? AND origin_key = ?")?
        .query_row([kind, key], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    let unknown = Inventory { name: name.to_owned(), ..Inventory::default() };
    tx.execute(
        "INSERT INTO server (origin, origin_key, name, domain, inventory, observed, first_seen, last_seen)
         VALUES (?, ?, ?, '', ?, ?, ?, ?)",
        params![kind, key, name, json(&unknown)?, i64::MIN, now.micros(), now.micros()],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Notes that `origin` was heard of; nothing happens if it has no server yet.
pub fn seen(tx: &Transaction<'_>, origin: Origin<'_>, now: Instant) -> Result<(), StoreError> {
    let (kind, key) = origin.columns();
    tx.prepare_cached(
        "UPDATE server SET first_seen = min(first_seen, ?3), last_seen = max(last_seen, ?3)
         WHERE origin = ?1 AND origin_key = ?2",
    )?
    .execute(params![kind, key, now.micros()])?;
    Ok(())
}

/// Stores what a server says of itself unless something observed later is known; whether it was stored.
pub fn observe(
    tx: &Transaction<'_>,
    server: i64,
    inventory: &Inventory,
    warnings: &[String],
    observed: Instant,
) -> Result<bool, StoreError> {
    let warnings = serde_json::to_string(warnings).map_err(|_| StoreError::Damaged { what: "warnings".into() })?;
    let changed = tx.execute(
        "UPDATE server SET name = ?2, domain = ?3, inventory = ?4, warnings = ?5, observed = ?6
         WHERE id = ?1 AND observed <= ?6",
        params![server, inventory.name, inventory.domain, json(inventory)?, warnings, observed.micros()],
    )?;
    Ok(changed > 0)
}

fn json(inventory: &Inventory) -> Result<String, StoreError> {
    serde_json::to_string(inventory).map_err(|_| StoreError::Damaged { what: "inventory".into() })
}

/// A server with what it last said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its number.
    pub id: i64,
    /// Its own facts.
    pub inventory: Inventory,
    /// When it was last heard of.
    pub last_seen: Instant,
}

/// All servers by number.
pub fn list(tx: &Transaction<'_>) -> Result<Vec<Server>, StoreError> {
    let mut statement = tx.prepare("SELECT id, inventory, last_seen FROM server ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut servers = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let inventory = serde_json::from_str(&row.get::<_, String>(1)?)
            .map_err(|_| StoreError::Damaged { what: format!("inventory of server {id}") })?;
        servers.push(Server { id, inventory, last_seen: super::instant(row, 2)? });
    }
    Ok(servers)
}
