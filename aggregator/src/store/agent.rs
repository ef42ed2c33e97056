//! Holders of certificates: agents and readers, when they were last heard of, whether they were shut out.

use caliper_proto::{Instant, Labels};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{StoreError, instant, token::Role};

/// A holder of a certificate as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Agent {
    /// UUID in the certificate's subject.
    pub id: String,
    /// `agent` or `reader`.
    pub role: String,
    /// Label of the token it came with.
    pub label: String,
    /// As it calls itself; never an identity.
    pub host_name: String,
    /// Where its server stands; empty: not said.
    pub site: String,
    /// What else its server is found by.
    pub tags: Vec<String>,
    /// Of the current certificate, hex.
    pub serial: String,
    /// When it was let in.
    pub enrolled: Instant,
    /// End of the current certificate.
    pub certificate_expires: Instant,
    /// When it was shut out, if it was.
    pub revoked: Option<Instant>,
    /// When it last said anything.
    pub last_seen: Option<Instant>,
    /// Version of its program.
    pub version: Option<String>,
    /// Messages waiting on its disk.
    pub queued_messages: u64,
    /// Bytes waiting on its disk.
    pub queued_bytes: u64,
    /// Messages lost because its queue was full, since it was installed.
    pub dropped_messages: u64,
}

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Messages waiting on the agent's disk.
    pub messages: u64,
    /// Bytes waiting.
    pub bytes: u64,
    /// Messages lost because it was full.
    pub dropped: u64,
}

/// A newcomer.
#[derive(Debug)]
pub struct Newcomer<'a> {
    /// UUID given by us.
    pub id: &'a str,
    /// By its token.
    pub role: Role,
    /// Id of its token.
    pub token: &'a str,
    /// As it calls itself.
    pub host_name: &'a str,
    /// Of its certificate, hex.
    pub serial: &'a str,
    /// End of its certificate.
    pub expires: Instant,
}

/// Stores a newcomer.
pub fn insert(tx: &Transaction<'_>, newcomer: &Newcomer<'_>, now: Instant) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO agent (id, role, token, host_name, serial, enrolled, certificate_expires)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            newcomer.id,
            newcomer.role.name(),
            newcomer.token,
            newcomer.host_name,
            newcomer.serial,
            now.micros(),
            newcomer.expires.micros()
        ],
    )?;
    Ok(())
}

/// Whether the holder of a certificate may act in a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Good(Role),
    /// Shut out by an administrator.
    Revoked,
    /// Not in the store, for example because an older backup was restored.
    Unknown,
}

/// How the holder `id` stands.
pub fn standing(tx: &Transaction<'_>, id: &str) -> Result<Standing, StoreError> {
    let found = tx
        .prepare_cached("SELECT role, revoked IS NOT NULL FROM agent WHERE id = ?")?
        .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))
        .optional()?;
    match found {
        None => Ok(Standing::Unknown),
        Some((_, true)) => Ok(Standing::Revoked),
        Some((role, false)) => match Role::from_name(&role) {
            Some(role) => Ok(Standing::Good(role)),
            None => Err(StoreError::Damaged { what: format!("role of agent `{id}`") }),
        },
    }
}

/// Records a new certificate of a known holder.
pub fn renew(tx: &Transaction<'_>, id: &str, serial: &str, expires: Instant) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE agent SET serial = ?2, certificate_expires = ?3 WHERE id = ?1",
        params![id, serial, expires.micros()],
    )?;
    Ok(())
}

/// Records the greeting of a stream.
pub fn greet(
    tx: &Transaction<'_>,
    id: &str,
    version: &str,
    host_name: &str,
    labels: &Labels,
    now: Instant,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE agent SET version = ?2, host_name = ?3, site = ?4, tags = ?5,
             last_seen = max(coalesce(last_seen, ?6), ?6) WHERE id = ?1",
        params![id, version, host_name, labels.site, serde_json::json!(labels.tags).to_string(), now.micros()],
    )?;
    Ok(())
}

/// Records a sign of life.
pub fn heartbeat(tx: &Transaction<'_>, id: &str, queue: Queue, now: Instant) -> Result<(), StoreError> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE agent SET queued_messages = ?2, queued_bytes = ?3, dropped_messages = ?4,
             last_seen = max(coalesce(last_seen, ?5), ?5) WHERE id = ?1",
        params![id, count(queue.messages), count(queue.bytes), count(queue.dropped), now.micros()],
    )?;
    Ok(())
}

/// Shuts a holder out at once. `false` if there is none of that id.
pub fn revoke(tx: &Transaction<'_>, id: &str, now: Instant) -> Result<bool, StoreError> {
    let changed =
        tx.execute("UPDATE agent SET revoked = coalesce(revoked, ?2) WHERE id = ?1", params![id, now.micros()])?;
    Ok(changed > 0)
}

/// Asks an agent to collect soon, or all of them. How many were asked.
pub fn request_collection(tx: &Transaction<'_>, id: Option<&str>, now: Instant) -> Result<usize, StoreError> {
    let changed = tx.execute(
        "UPDATE agent SET collect_requested = ?2
         WHERE role = 'agent' AND revoked IS NULL AND (?1 IS NULL OR id = ?1)",
        params![id, now.micros()],
    )?;
    Ok(changed)
}

/// Agents that were asked to collect and have not been told yet.
pub fn collections_requested(tx: &Transaction<'_>) -> Result<Vec<String>, StoreError> {
    let mut statement = tx.prepare_cached("SELECT id FROM agent WHERE collect_requested IS NOT NULL ORDER BY id")?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Notes that the agent was told.
pub fn collection_told(tx: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE agent SET collect_requested = NULL WHERE id = ?", [id])?;
    Ok(())
}

/// All holders, in the order of their enrolment.
pub fn list(tx: &Transaction<'_>) -> Result<Vec<Agent>, StoreError> {
    let mut statement = tx.prepare(
        "SELECT agent.id, agent.role, token.label, agent.host_name, agent.serial, agent.enrolled,
             agent.certificate_expires, agent.revoked, agent.last_seen, agent.version, agent.queued_messages,
             agent.queued_bytes, agent.dropped_messages, agent.site, agent.tags
         FROM agent JOIN token ON token.id = agent.token ORDER BY agent.enrolled, agent.id",
    )?;
    let agents = statement.query_map([], read)?;
    Ok(agents.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Agent> {
    let time = |at| row.get::<_, Option<i64>>(at).map(|micros| micros.and_then(Instant::from_micros));
    let count = |at| row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or_default());
    Ok(Agent {
        id: row.get(0)?,
        role: row.get(1)?,
        label: row.get(2)?,
        host_name: row.get(3)?,
        serial: row.get(4)?,
        enrolled: instant(row, 5)?,
        certificate_expires: instant(row, 6)?,
        revoked: time(7)?,
        last_seen: time(8)?,
        version: row.get(9)?,
        queued_messages: count(10)?,
        queued_bytes: count(11)?,
        dropped_messages: count(12)?,
        site: row.get(13)?,
        tags: super::texts(row, 14)?,
    })
}
