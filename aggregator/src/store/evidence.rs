//! Servers and accesses as a scan reads them: in the order of the primary key, one group of rows at a time.

use caliper_proto::{Days, Instant, Inventory};
use rusqlite::{Transaction, params};

use super::StoreError;

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// Its row.
    pub id: i64,
    /// Its facts.
    pub inventory: Inventory,
    /// When it said so.
    pub observed: i64,
    /// When anything was last heard of it.
    pub last_seen: Instant,
}

/// All servers by row.
pub fn servers(tx: &Transaction<'_>) -> Result<Vec<ServerRow>, StoreError> {
    let mut select =
        tx.prepare_cached("SELECT id, name, domain, inventory, observed, last_seen FROM server ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut servers = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let damaged = |what: &str| StoreError::Damaged { what: format!("{what} of server {id}") };
        let text: String = row.get(3)?;
        let mut inventory: Inventory = serde_json::from_str(&text).map_err(|_| damaged("inventory"))?;
        inventory.name = row.get(1)?;
        inventory.domain = row.get(2)?;
        let last_seen = Instant::from_micros(row.get(5)?).ok_or_else(|| damaged("last sign of life"))?;
        servers.push(ServerRow { id, inventory, observed: row.get(4)?, last_seen });
    }
    Ok(servers)
}

/// One row of evidence. Texts are numbers until somebody asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRow {
    /// Row of the server.
    pub server: i64,
    /// Number of the text.
    pub principal: i64,
    /// Number of the text.
    pub client: i64,
    /// Number of the service.
    pub service: i64,
    /// Year of the days.
    pub year: i16,
    /// Days with at least one access.
    pub days: Days,
    /// First access.
    pub first: Instant,
    /// Last access.
    pub last: Instant,
}

/// Hands every row of the years to `each`, rows of the same server, principal and client one after the other.
pub fn each_access<E: From<StoreError>>(
    tx: &Transaction<'_>,
    (from, to): (i16, i16),
    mut each: impl FnMut(AccessRow) -> Result<(), E>,
) -> Result<(), E> {
    let sql = "SELECT server, principal, client, service, year, days, first, last FROM access
               WHERE year BETWEEN ?1 AND ?2 ORDER BY server, principal, client, service, source, year";
    let mut select = tx.prepare_cached(sql).map_err(StoreError::from)?;
    let mut rows = select.query(params![from, to]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let read = || -> Result<AccessRow, StoreError> {
            let server: i64 = row.get(0)?;
            let damaged = |what: &str| StoreError::Damaged { what: format!("{what} of an access to server {server}") };
            let days = row.get_ref(5)?.as_blob().map_err(|_| damaged("map of days"))?;
            Ok(AccessRow {
                server,
                principal: row.get(1)?,
                client: row.get(2)?,
                service: row.get(3)?,
                year: row.get(4)?,
                days: Days::from_bytes(days).map_err(|_| damaged("map of days"))?,
                first: Instant::from_micros(row.get(6)?).ok_or_else(|| damaged("first instant"))?,
                last: Instant::from_micros(row.get(7)?).ok_or_else(|| damaged("last instant"))?,
            })
        };
        each(read()?)?;
    }
    Ok(())
}

/// A text by its number.
pub fn text(tx: &Transaction<'_>, number: i64) -> Result<String, StoreError> {
    Ok(tx.prepare_cached("SELECT value FROM text WHERE id = ?1")?.query_row([number], |row| row.get(0))?)
}

/// Number, role GUID and name of all services.
pub fn roles(tx: &Transaction<'_>) -> Result<Vec<(i64, String, String)>, StoreError> {
    let mut select = tx.prepare_cached("SELECT id, role_guid, name FROM service ORDER BY id")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
