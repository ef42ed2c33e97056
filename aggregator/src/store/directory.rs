//! Directories and their accounts.

use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::StoreError;
use crate::directory::{Account, AccountKind, Outcome, Snapshot};

/// A directory as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// As in the configuration.
    pub name: String,
    /// `active-directory` or `ldap`.
    pub kind: String,
    /// Where the search began.
    pub base: String,
    /// Short domain name, lower case.
    pub netbios: String,
    /// Domain name, lower case.
    pub dns: String,
    /// Last whole answer.
    pub synced: Option<Instant>,
    /// Of the last attempt, in words.
    pub outcome: String,
}

/// An account with the directory it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// The directory's row.
    pub directory: i64,
    /// The account.
    pub account: Account,
    /// When a synchronisation first missed it.
    pub gone: Option<Instant>,
}

/// Stores a whole answer: new and changed accounts are written, missing ones marked, returning ones unmarked.
pub fn replace(tx: &Transaction<'_>, name: &str, snapshot: &Snapshot, now: Instant) -> Result<Outcome, StoreError> {
    tx.execute(
        "INSERT INTO directory (name, kind, base, netbios, dns, synced, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (name) DO UPDATE SET kind = ?2, base = ?3, netbios = ?4, dns = ?5, synced = ?6, outcome = ?7",
        params![
            name,
            snapshot.kind.as_str(),
            snapshot.base,
            snapshot.netbios,
            snapshot.dns,
            now.micros(),
            format!("{} accounts read", snapshot.accounts.len())
        ],
    )?;
    let directory: i64 = tx.query_row("SELECT id FROM directory WHERE name = ?1", [name], |row| row.get(0))?;
    let mut outcome = Outcome::default();
    // marks everything as missed by this synchronisation; what the answer holds is unmarked below
    let before = count(tx, directory, "gone IS NULL")?;
    let missed = now.micros();
    tx.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS answered (guid TEXT PRIMARY KEY) WITHOUT ROWID; DELETE FROM answered;",
    )?;
    let mut mark = tx.prepare_cached("INSERT OR IGNORE INTO answered VALUES (?1)")?;
    let mut known = tx.prepare_cached("SELECT gone FROM account WHERE directory = ?1 AND guid = ?2")?;
    for account in &snapshot.accounts {
        if mark.execute([&account.guid])? == 0 {
            continue;
        }
        match account.kind {
            AccountKind::User => outcome.users += 1,
            AccountKind::Service => outcome.services += 1,
            AccountKind::Computer => outcome.computers += 1,
        }
        let stored: Option<Option<i64>> =
            known.query_row(params![directory, account.guid], |row| row.get(0)).optional()?;
        match stored {
            None => outcome.added += 1,
            Some(Some(_)) => outcome.returned += 1,
            Some(None) => {}
        }
        write(tx, directory, account)?;
    }
    outcome.gone = tx.execute(
        "UPDATE account SET gone = ?2 WHERE directory = ?1 AND gone IS NULL AND guid NOT IN (SELECT guid FROM answered)",
        params![directory, missed],
    )? as u64;
    debug_assert!(outcome.gone <= before);
    tx.execute_batch("DELETE FROM answered")?;
    Ok(outcome)
}

fn write(tx: &Transaction<'_>, directory: i64, account: &Account) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO account (directory, guid, kind, sid, sid_history, name, upn, mail, employee, display_name,
             department, dns_host_name, operating_system, dn, enabled, external, administrator, gone)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, NULL)",
    )?;
    insert.execute(params![
        directory,
        account.guid,
        account.kind.as_str(),
        account.sid,
        serde_json::to_string(&account.sid_history).unwrap_or_default(),
        account.name,
        account.upn,
        account.mail,
        account.employee,
        account.display_name,
        account.department,
        account.dns_host_name,
        account.operating_system,
        account.dn,
        account.enabled,
        account.external,
        account.administrator,
    ])?;
    Ok(())
}

/// Number of accounts of a directory that the last whole answer held; 0 for an unknown directory.
pub fn present(tx: &Transaction<'_>, name: &str) -> Result<u64, StoreError> {
    let directory: Option<i64> =
        tx.query_row("SELECT id FROM directory WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    directory.map_or(Ok(0), |directory| count(tx, directory, "gone IS NULL"))
}

fn count(tx: &Transaction<'_>, directory: i64, condition: &str) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM account WHERE directory = ?1 AND {condition}");
    let count: i64 = tx.query_row(&sql, [directory], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Keeps in words why the last attempt failed. A directory never read has no row to note it in.
pub fn note_failure(tx: &Transaction<'_>, name: &str, outcome: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE directory SET outcome = ?2 WHERE name = ?1", [name, outcome])?;
    Ok(())
}

/// All directories with their row numbers, by name.
pub fn directories(tx: &Transaction<'_>) -> Result<Vec<(i64, Directory)>, StoreError> {
    let mut select =
        tx.prepare_cached("SELECT id, name, kind, base, netbios, dns, synced, outcome FROM directory ORDER BY name")?;
    let rows = select.query_map([], |row| {
        let synced: Option<i64> = row.get(6)?;
        let directory = Directory {
            name: row.get(1)?,
            kind: row.get(2)?,
            base: row.get(3)?,
            netbios: row.get(4)?,
            dns: row.get(5)?,
            synced: synced.and_then(Instant::from_micros),
            outcome: row.get(7)?,
        };
        Ok((row.get(0)?, directory))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All accounts, those gone included, by directory and identifier.
pub fn accounts(tx: &Transaction<'_>) -> Result<Vec<StoredAccount>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT directory, guid, kind, sid, sid_history, name, upn, mail, employee, display_name, department, dns_host_name,
             operating_system, dn, enabled, external, administrator, gone FROM account ORDER BY directory, guid",
    )?;
    let mut rows = select.query([])?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(read(row)?);
    }
    Ok(accounts)
}

fn read(row: &Row<'_>) -> Result<StoredAccount, StoreError> {
    let guid: String = row.get(1)?;
    let damaged = |field: &str| StoreError::Damaged { what: format!("{field} of account {guid}") };
    let kind: String = row.get(2)?;
    let history: String = row.get(4)?;
    let gone: Option<i64> = row.get(17)?;
    let account = Account {
        kind: AccountKind::from_text(&kind).ok_or_else(|| damaged("kind"))?,
        sid: row.get(3)?,
        sid_history: serde_json::from_str(&history).map_err(|_| damaged("sid_history"))?,
        name: row.get(5)?,
        upn: row.get(6)?,
        mail: row.get(7)?,
        employee: row.get(8)?,
        display_name: row.get(9)?,
        department: row.get(10)?,
        dns_host_name: row.get(11)?,
        operating_system: row.get(12)?,
        dn: row.get(13)?,
        enabled: row.get(14)?,
        external: row.get(15)?,
        administrator: row.get(16)?,
        guid,
    };
    Ok(StoredAccount { directory: row.get(0)?, account, gone: gone.and_then(Instant::from_micros) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{directory::Kind, store::Store};

    fn account(guid: &str, name: &str) -> Account {
        Account {
            guid: guid.into(),
            kind: AccountKind::User,
            sid: format!("S-1-5-21-1-2-3-{guid}"),
            sid_history: vec!["S-1-5-21-9-9-9-1".into()],
            name: name.into(),
            upn: String::new(),
            mail: String::new(),
            employee: String::new(),
            display_name: name.into(),
            department: String::new(),
            dns_host_name: String::new(),
            operating_system: String::new(),
            dn: format!("CN={name}"),
            enabled: true,
            external: false,
            administrator: false,
        }
    }

    fn sync(store: &Store, accounts: &[Account], at: i64) -> Outcome {
        let snapshot = Snapshot {
            kind: Kind::ActiveDirectory,
            base: "DC=lab,DC=net".into(),
            netbios: "lab".into(),
            dns: "lab.net".into(),
            accounts: accounts.to_vec(),
        };
        store.write(|tx| replace(tx, "lab", &snapshot, Instant::from_micros(at).unwrap())).unwrap()
    }

    #[test]
    fn accounts_come_go_and_come_back_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (jane, bob) = (account("1", "jane"), account("2", "bob"));
        let first = sync(&store, &[jane.clone(), bob.clone()], 1);
        assert_eq!(first, Outcome { users: 2, added: 2, ..Outcome::default() });
        assert_eq!(sync(&store, std::slice::from_ref(&jane), 2), Outcome { users: 1, gone: 1, ..Outcome::default() });
        // still missing: the first time counts
        assert_eq!(sync(&store, std::slice::from_ref(&jane), 3).gone, 0);
        let stored = store.read(accounts).unwrap();
        assert_eq!(stored[1].gone, Instant::from_micros(2));
        let renamed = account("2", "robert");
        assert_eq!(sync(&store, &[jane.clone(), renamed.clone()], 4).returned, 1);
        let stored = store.read(accounts).unwrap();
        assert_eq!(stored.iter().map(|row| &row.account).collect::<Vec<_>>(), [&jane, &renamed]);
        assert!(stored.iter().all(|row| row.gone.is_none()));
        let known = store.read(directories).unwrap();
        assert_eq!((known.len(), known[0].1.synced), (1, Instant::from_micros(4)));
    }
}
