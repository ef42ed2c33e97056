//! The accesses behind a person or a device, newest first.

use caliper_proto::{Days, Instant, Source};
use rusqlite::{Row, Transaction, params};
use serde::Serialize;

use super::list::{instant, number};
use crate::store::StoreError;

/// One access row in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Row of the server.
    pub server: i64,
    /// Its name.
    pub server_name: String,
    /// Service used.
    pub service: String,
    /// Account as the log names it.
    pub principal: String,
    /// The other end as the log names it.
    pub client: String,
    /// Which log; `None` if a newer program wrote it.
    pub source: Option<Source>,
    /// Calendar year of the row.
    pub year: i16,
    /// Days with an access in that year.
    pub days: u32,
    /// First access.
    pub first: Option<Instant>,
    /// Last access.
    pub last: Option<Instant>,
}

/// Rows shown at most.
pub const MOST: u32 = 200;

/// Accesses of any of these accounts, `domain\name`, also where a log names them by SID, UPN or the other domain name.
pub fn of_accounts(tx: &Transaction<'_>, accounts: &[String]) -> Result<Vec<Evidence>, StoreError> {
    let sql = "WITH asked AS (SELECT lower(value) AS name FROM json_each(?1))
               SELECT name FROM asked
               UNION SELECT form.value FROM account JOIN directory ON directory.id = account.directory,
                   json_each(json_array(account.sid, account.upn, directory.netbios || '\\' || account.name,
                                        directory.dns || '\\' || account.name)) AS form
               WHERE form.value <> '' AND (lower(directory.netbios || '\\' || account.name) IN (SELECT name FROM asked)
                                           OR lower(directory.dns || '\\' || account.name) IN (SELECT name FROM asked))";
    let mut statement = tx.prepare_cached(sql)?;
    let names = statement.query_map([json(accounts)?], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    find(tx, "principal", &names)
}

fn json(names: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(names).map_err(|_| StoreError::Damaged { what: "name".to_owned() })
}

/// Accesses from any of these names or addresses. Reads the whole table: accesses are kept in the order of accounts.
pub fn of_clients(tx: &Transaction<'_>, clients: &[String]) -> Result<Vec<Evidence>, StoreError> {
    find(tx, "client", clients)
}

/// The order of the tables is given, so that accounts are looked up per server by the primary key.
fn find(tx: &Transaction<'_>, column: &str, names: &[String]) -> Result<Vec<Evidence>, StoreError> {
    let sql = format!(
        "SELECT server.id, server.name, service.name, principal.value, client.value, access.source, access.year,
                access.days, access.first, access.last
         FROM server CROSS JOIN access ON access.server = server.id
              AND access.{column} IN (SELECT id FROM text WHERE lower(value) IN (SELECT lower(value) FROM json_each(?1)))
         JOIN service ON service.id = access.service
         JOIN text AS principal ON principal.id = access.principal
         JOIN text AS client ON client.id = access.client
         ORDER BY access.last DESC, server.name, service.name, access.principal, access.client LIMIT ?2"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![json(names)?, MOST], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Evidence> {
    let days: Vec<u8> = row.get(7)?;
    Ok(Evidence {
        server: row.get(0)?,
        server_name: row.get(1)?,
        service: row.get(2)?,
        principal: row.get(3)?,
        client: row.get(4)?,
        source: u8::try_from(number(row, 5)?).ok().and_then(Source::from_number),
        year: row.get(6)?,
        days: Days::from_bytes(&days).map_or(0, |days| days.len()),
        first: instant(row, 8)?,
        last: instant(row, 9)?,
    })
}
