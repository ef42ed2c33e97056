//! Scans, which are kept for ever, and what they said of each person and device.

use caliper_licensing::VersionName;
use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Transaction, params};

use super::StoreError;
use crate::scan::Finished;

/// Notes that a scan began; returns its number.
pub fn start(tx: &Transaction<'_>, trigger: &str, now: Instant) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO scan (started, trigger, state) VALUES (?1, ?2, 'running')",
        params![now.micros(), trigger],
    )?;
    Ok(tx.last_insert_rowid().unsigned_abs())
}

/// Keeps everything a scan found.
pub fn finish(tx: &Transaction<'_>, scan: u64, found: &Finished, now: Instant) -> Result<(), StoreError> {
    let scan = scan.cast_signed();
    let estate = &found.draft.estate;
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE scan SET finished = ?2, state = 'done', estate = ?3, estate_sha256 = ?4, position = ?5, people = ?6,
             devices = ?7, servers = ?8, cost_minor = ?9 WHERE id = ?1",
        params![
            scan,
            now.micros(),
            found.estate,
            found.estate_sha256,
            found.position,
            count(found.draft.people.len() + found.draft.departed.len()),
            count(found.draft.devices.len()),
            count(estate.servers.len()),
            i64::try_from(found.cost_minor()).unwrap_or(i64::MAX),
        ],
    )?;
    people(tx, scan, found)?;
    super::people::take(tx, &found.draft.taken)?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO scan_gap (scan, server, kind, version, days, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for gap in &found.draft.gaps {
        insert.execute(params![
            scan,
            gap.server,
            gap.kind,
            gap.version,
            gap.days,
            gap.last_seen.map(Instant::micros)
        ])?;
    }
    devices(tx, scan, found)
}

fn people(tx: &Transaction<'_>, scan: i64, found: &Finished) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO scan_person (scan, person, name, accounts, department, external, licence, version, why, confidence,
             devices, servers, first_seen, last_seen, joins)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    let covered = found.draft.people.iter().zip(&found.assessment.people).map(|(facts, coverage)| {
        let version = coverage.version.map(VersionName::name).unwrap_or_default();
        (facts, coverage.licence.word(), version, &*coverage.reason)
    });
    let departed = found.draft.departed.iter().map(|facts| {
        (facts, "none", "", "All accounts are disabled or gone, so no licence is needed any more (E.19).")
    });
    for (facts, licence, version, why) in covered.chain(departed) {
        insert.execute(params![
            scan,
            facts.id,
            facts.name,
            serde_json::to_string(&facts.accounts).unwrap_or_default(),
            facts.department,
            facts.external,
            licence,
            version,
            why,
            format!("{:?}", facts.confidence),
            facts.devices,
            facts.servers,
            facts.first_seen.map(Instant::micros),
            facts.last_seen.map(Instant::micros),
            serde_json::to_string(&facts.joins).unwrap_or_default(),
        ])?;
    }
    Ok(())
}

fn devices(tx: &Transaction<'_>, scan: i64, found: &Finished) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO scan_device (scan, device, name, addresses, kind, licence, version, why, confidence, people, servers,
             first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for (facts, coverage) in found.draft.devices.iter().zip(&found.assessment.devices) {
        insert.execute(params![
            scan,
            facts.id,
            facts.name,
            serde_json::to_string(&facts.addresses).unwrap_or_default(),
            facts.kind,
            coverage.licence.word(),
            coverage.version.map(VersionName::name).unwrap_or_default(),
            &*coverage.reason,
            format!("{:?}", facts.confidence),
            facts.people,
            facts.servers,
            facts.first_seen.map(Instant::micros),
            facts.last_seen.map(Instant::micros),
        ])?;
    }
    Ok(())
}

/// Notes why a scan has no position.
pub fn fail(tx: &Transaction<'_>, scan: u64, sentence: &str, now: Instant) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE scan SET finished = ?2, state = 'failed', failure = ?3 WHERE id = ?1",
        params![scan.cast_signed(), now.micros(), sentence],
    )?;
    Ok(())
}

/// Fails what a crash left unfinished; returns how many.
pub fn fail_unfinished(tx: &Transaction<'_>, now: Instant) -> Result<u64, StoreError> {
    let sentence = "the program ended before the scan did: run it again";
    let failed = tx.execute(
        "UPDATE scan SET finished = ?1, state = 'failed', failure = ?2 WHERE state = 'running'",
        params![now.micros(), sentence],
    )?;
    Ok(failed as u64)
}

/// Number of the newest scan that came to an end.
pub fn latest(tx: &Transaction<'_>) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT max(id) FROM scan WHERE state = 'done'";
    let latest: Option<i64> = tx.query_row(sql, [], |row| row.get(0))?;
    Ok(latest.map(i64::unsigned_abs))
}

/// A stored scan: when it began and its texts; `None` if there is no such scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `running`, `done` or `failed`.
    pub state: String,
    /// Why it failed, or empty.
    pub failure: String,
    /// Estate as JSON, empty unless done.
    pub estate: String,
    /// Position as JSON, empty unless done.
    pub position: String,
}

/// One scan.
pub fn stored(tx: &Transaction<'_>, scan: u64) -> Result<Option<Stored>, StoreError> {
    let sql = "SELECT state, failure, estate, position FROM scan WHERE id = ?1";
    let found = tx.query_row(sql, [scan.cast_signed()], |row| {
        Ok(Stored { state: row.get(0)?, failure: row.get(1)?, estate: row.get(2)?, position: row.get(3)? })
    });
    Ok(found.optional()?)
}

/// The numbers of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
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

/// The numbers of one scan.
pub fn counts(tx: &Transaction<'_>, scan: u64) -> Result<Option<Counts>, StoreError> {
    let sql = "SELECT people, devices, servers, cost_minor, estate_sha256 FROM scan WHERE id = ?1";
    let found = tx.query_row(sql, [scan.cast_signed()], |row| {
        let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        Ok(Counts {
            people: count(0)?,
            devices: count(1)?,
            servers: count(2)?,
            cost_minor: count(3)?,
            estate_sha256: row.get(4)?,
        })
    });
    Ok(found.optional()?)
}
