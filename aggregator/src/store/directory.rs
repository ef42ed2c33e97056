//! Directories and their accounts.

use std::collections::{HashMap, HashSet};

use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::StoreError;
use crate::directory::{Account, AccountKind, Changes, Mark, Members, Outcome, Own, Snapshot, normal};

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
pub fn replace(
    tx: &Transaction<'_>,
    name: &str,
    snapshot: &Snapshot,
    mark: Option<&Mark>,
    now: Instant,
) -> Result<Outcome, StoreError> {
    tx.execute(
        "INSERT INTO directory (name, kind, base, netbios, dns) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name) DO UPDATE SET kind = ?2, base = ?3, netbios = ?4, dns = ?5",
        params![name, snapshot.kind.as_str(), snapshot.base, snapshot.netbios, snapshot.dns],
    )?;
    let directory = number(tx, name)?;
    let mut outcome = Outcome { whole: true, ..Outcome::default() };
    let mut answered = HashSet::new();
    for account in &snapshot.accounts {
        if answered.insert(account.guid.as_str()) {
            put(tx, directory, account, &mut outcome)?;
        }
    }
    outcome.gone = miss(tx, directory, now, |guid| !answered.contains(guid))?;
    keep_strangers(tx, directory, &snapshot.members)?;
    finish(tx, directory, mark, now, &format!("{} accounts read", answered.len()), &mut outcome)?;
    Ok(outcome)
}

/// Stores what has changed since the last answer.
pub fn apply(
    tx: &Transaction<'_>,
    name: &str,
    changes: Changes,
    mark: Option<&Mark>,
    now: Instant,
) -> Result<Outcome, StoreError> {
    let directory = number(tx, name)?;
    let mut outcome = Outcome::default();
    for account in changes.accounts {
        let account = match &changes.groups {
            Some(members) => members.applied(account),
            None => account,
        };
        put(tx, directory, &account, &mut outcome)?;
    }
    let gone: HashSet<String> = changes.gone.into_iter().collect();
    if !gone.is_empty() || changes.present.is_some() {
        let is_present = |guid: &str| changes.present.as_ref().is_none_or(|present| present.contains(guid));
        outcome.gone = miss(tx, directory, now, |guid| gone.contains(guid) || !is_present(guid))?;
    }
    if let Some(members) = &changes.groups {
        outcome.changed += regroup(tx, directory, members)?;
        keep_strangers(tx, directory, members)?;
    }
    outcome.changed += tx.execute(
        "UPDATE account SET enabled = 0 WHERE directory = ?1 AND enabled AND expires <= ?2 AND gone IS NULL",
        params![directory, now.micros()],
    )? as u64;
    let said = format!("{} accounts changed", outcome.added + outcome.changed + outcome.gone + outcome.returned);
    finish(tx, directory, mark, now, &said, &mut outcome)?;
    Ok(outcome)
}

fn number(tx: &Transaction<'_>, name: &str) -> Result<i64, StoreError> {
    Ok(tx.query_row("SELECT id FROM directory WHERE name = ?1", [name], |row| row.get(0))?)
}

/// Writes an account unless it is stored just so.
fn put(tx: &Transaction<'_>, directory: i64, account: &Account, outcome: &mut Outcome) -> Result<(), StoreError> {
    let mut select = tx.prepare_cached(&format!("{SELECT} WHERE directory = ?1 AND guid = ?2"))?;
    let mut rows = select.query(params![directory, account.guid])?;
    let stored = rows.next()?.map(read).transpose()?;
    match &stored {
        None => outcome.added += 1,
        Some(stored) if stored.gone.is_some() => outcome.returned += 1,
        Some(stored) if stored.account == *account => return Ok(()),
        Some(_) => outcome.changed += 1,
    }
    if let Some(stored) = &stored {
        let (before, now) = (&stored.account, account);
        for (before, now) in [(&before.name, &now.name), (&before.upn, &now.upn)] {
            if !before.is_empty() && before.to_lowercase() != now.to_lowercase() {
                // logs still name it so
                tx.prepare_cached("INSERT OR IGNORE INTO account_name (directory, guid, name) VALUES (?1, ?2, ?3)")?
                    .execute(params![directory, account.guid, before.to_lowercase()])?;
            }
        }
    }
    write(tx, directory, account)
}

/// Names and user principal names, lower case, that accounts had before: by directory and identifier, sorted.
pub fn earlier_names(tx: &Transaction<'_>) -> Result<HashMap<(i64, String), Vec<String>>, StoreError> {
    let mut select =
        tx.prepare_cached("SELECT directory, guid, name FROM account_name ORDER BY directory, guid, name")?;
    let mut rows = select.query([])?;
    let mut names: HashMap<(i64, String), Vec<String>> = HashMap::new();
    while let Some(row) = rows.next()? {
        names.entry((row.get(0)?, row.get(1)?)).or_default().push(row.get(2)?);
    }
    Ok(names)
}

/// Marks accounts as missed by this synchronisation; returns how many.
fn miss(
    tx: &Transaction<'_>,
    directory: i64,
    now: Instant,
    is_missed: impl Fn(&str) -> bool,
) -> Result<u64, StoreError> {
    let mut select = tx.prepare_cached("SELECT guid FROM account WHERE directory = ?1 AND gone IS NULL")?;
    let all: Vec<String> = select.query_map([directory], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut mark = tx.prepare_cached("UPDATE account SET gone = ?3 WHERE directory = ?1 AND guid = ?2")?;
    let mut missed = 0;
    for guid in all.iter().filter(|guid| is_missed(guid)) {
        missed += mark.execute(params![directory, guid, now.micros()])? as u64;
    }
    Ok(missed)
}

/// Gives everybody what groups make of them; returns for how many that is something else than before.
fn regroup(tx: &Transaction<'_>, directory: i64, members: &Members) -> Result<u64, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT guid, dn, own_external, own_administrator, external, administrator FROM account
         WHERE directory = ?1 AND gone IS NULL",
    )?;
    let mut update =
        tx.prepare_cached("UPDATE account SET external = ?3, administrator = ?4 WHERE directory = ?1 AND guid = ?2")?;
    let mut rows = select.query([directory])?;
    let mut other: Vec<(String, bool, bool)> = Vec::new();
    while let Some(row) = rows.next()? {
        let dn = normal(&row.get::<_, String>(1)?);
        let external = row.get::<_, bool>(2)? || members.externals.contains(&dn);
        let administrator = row.get::<_, bool>(3)? || members.administrators.contains(&dn);
        if (external, administrator) != (row.get(4)?, row.get(5)?) {
            other.push((row.get(0)?, external, administrator));
        }
    }
    for (guid, external, administrator) in &other {
        update.execute(params![directory, guid, external, administrator])?;
    }
    Ok(other.len() as u64)
}

/// Who of the members is an account of another directory; [`accounts`] gives it to them.
fn keep_strangers(tx: &Transaction<'_>, directory: i64, members: &Members) -> Result<(), StoreError> {
    tx.execute("DELETE FROM stranger WHERE directory = ?1", [directory])?;
    let mut insert =
        tx.prepare_cached("INSERT INTO stranger (directory, who, external, administrator) VALUES (?1, ?2, ?3, ?4)")?;
    for who in &members.strangers {
        insert.execute(params![
            directory,
            who,
            members.externals.contains(who),
            members.administrators.contains(who)
        ])?;
    }
    Ok(())
}

/// Whether somebody is external, and an administrator, by a group of another directory.
type ByStrangers = HashMap<String, (bool, bool)>;

fn strangers(tx: &Transaction<'_>) -> Result<ByStrangers, StoreError> {
    let mut select = tx.prepare_cached("SELECT who, max(external), max(administrator) FROM stranger GROUP BY who")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<Result<_, rusqlite::Error>>()?)
}

/// As whom groups of another directory may know the account.
fn names(account: &Account) -> impl Iterator<Item = String> {
    let sids = [&account.sid].into_iter().chain(&account.sid_history);
    sids.map(|sid| sid.to_lowercase()).chain([normal(&account.dn)])
}

/// How many strangers in the directory's groups are no account that was read.
fn unresolved(tx: &Transaction<'_>, directory: i64) -> Result<u64, StoreError> {
    let mut select = tx.prepare_cached("SELECT who FROM stranger WHERE directory = ?1")?;
    let mut left: HashSet<String> = select.query_map([directory], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if !left.is_empty() {
        for row in accounts(tx)?.iter().filter(|row| row.gone.is_none()) {
            names(&row.account).for_each(|name| drop(left.take(&name)));
        }
    }
    Ok(left.len() as u64)
}

/// Notes the outcome and up to where the directory was read, and counts what is there.
fn finish(
    tx: &Transaction<'_>,
    directory: i64,
    mark: Option<&Mark>,
    now: Instant,
    said: &str,
    outcome: &mut Outcome,
) -> Result<(), StoreError> {
    let mark = mark.map(|mark| serde_json::to_string(mark).unwrap_or_default()).unwrap_or_default();
    outcome.unresolved = unresolved(tx, directory)?;
    let said = match outcome.unresolved {
        0 => said.to_owned(),
        some => format!("{said}; {some} members of its groups are in no directory that is read"),
    };
    tx.execute(
        "UPDATE directory SET synced = ?2, outcome = ?3, mark = ?4 WHERE id = ?1",
        params![directory, now.micros(), said, mark],
    )?;
    let count = |kind: AccountKind| -> Result<u64, StoreError> {
        let of_kind = format!("gone IS NULL AND kind = '{}'", kind.as_str());
        self::count(tx, directory, &of_kind)
    };
    outcome.users = count(AccountKind::User)?;
    outcome.services = count(AccountKind::Service)?;
    outcome.computers = count(AccountKind::Computer)?;
    Ok(())
}

/// Up to where a directory was read; `None` if it has to be read whole.
pub fn mark(tx: &Transaction<'_>, name: &str) -> Result<Option<Mark>, StoreError> {
    let mark: Option<String> =
        tx.query_row("SELECT mark FROM directory WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    // one that an older or newer program wrote otherwise only costs another whole reading
    Ok(mark.and_then(|mark| serde_json::from_str(&mark).ok()))
}

/// DNs of the accounts of a directory, in normal form.
pub fn places(tx: &Transaction<'_>, name: &str) -> Result<HashSet<String>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT dn FROM account WHERE gone IS NULL AND directory = (SELECT id FROM directory WHERE name = ?1)",
    )?;
    let places = select.query_map([name], |row| row.get::<_, String>(0))?;
    Ok(places.map(|dn| Ok(normal(&dn?))).collect::<Result<_, rusqlite::Error>>()?)
}

fn write(tx: &Transaction<'_>, directory: i64, account: &Account) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO account (directory, guid, kind, sid, sid_history, name, upn, mail, employee, display_name,
             department, dns_host_name, operating_system, dn, enabled, external, administrator, expires, own_external,
             own_administrator, why, created, gone)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, NULL)
         ON CONFLICT DO UPDATE SET kind = ?3, sid = ?4, sid_history = ?5, name = ?6, upn = ?7, mail = ?8, employee = ?9,
             display_name = ?10, department = ?11, dns_host_name = ?12, operating_system = ?13, dn = ?14, enabled = ?15,
             external = ?16, administrator = ?17, expires = ?18, own_external = ?19, own_administrator = ?20, why = ?21, created = ?22, gone = NULL",
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
        account.expires.map(Instant::micros),
        account.own.external,
        account.own.administrator,
        account.why,
        account.created.map(Instant::micros),
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

const SELECT: &str = "SELECT directory, guid, kind, sid, sid_history, name, upn, mail, employee, display_name, department, dns_host_name,
     operating_system, dn, enabled, external, administrator, gone, expires, own_external, own_administrator, why, created FROM account";

/// All accounts, those gone included, by directory and identifier, with what groups of other directories make of them.
pub fn accounts(tx: &Transaction<'_>) -> Result<Vec<StoredAccount>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{SELECT} ORDER BY directory, guid"))?;
    let mut rows = select.query([])?;
    let (mut accounts, strangers) = (Vec::new(), strangers(tx)?);
    while let Some(row) = rows.next()? {
        let mut stored = read(row)?;
        if !strangers.is_empty() {
            let by_group: Vec<_> = names(&stored.account).filter_map(|name| strangers.get(&name)).collect();
            for (external, administrator) in by_group {
                stored.account.external |= external;
                stored.account.administrator |= administrator;
            }
        }
        accounts.push(stored);
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
        expires: row.get::<_, Option<i64>>(18)?.and_then(Instant::from_micros),
        own: Own { external: row.get(19)?, administrator: row.get(20)? },
        why: row.get(21)?,
        created: row.get::<_, Option<i64>>(22)?.and_then(Instant::from_micros),
        guid,
    };
    Ok(StoredAccount { directory: row.get(0)?, account, gone: gone.and_then(Instant::from_micros) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        directory::{Kind, Point},
        store::Store,
    };

    fn account(guid: &str, name: &str) -> Account {
        Account {
            sid: format!("S-1-5-21-1-2-3-{guid}"),
            sid_history: vec!["S-1-5-21-9-9-9-1".into()],
            display_name: name.into(),
            dn: format!("CN={name}"),
            ..Account::bare(AccountKind::User, guid, name)
        }
    }

    fn sync(store: &Store, accounts: &[Account], at: i64) -> Outcome {
        let snapshot = Snapshot {
            kind: Kind::ActiveDirectory,
            base: "DC=lab,DC=net".into(),
            netbios: "lab".into(),
            dns: "lab.net".into(),
            accounts: accounts.to_vec(),
            members: Members::default(),
            point: None,
        };
        store.write(|tx| replace(tx, "lab", &snapshot, None, Instant::from_micros(at).unwrap())).unwrap()
    }

    #[test]
    fn accounts_come_go_and_come_back_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (jane, bob) = (account("1", "jane"), account("2", "bob"));
        let whole = Outcome { whole: true, ..Outcome::default() };
        let first = sync(&store, &[jane.clone(), bob.clone()], 1);
        assert_eq!(first, Outcome { users: 2, added: 2, ..whole });
        assert_eq!(sync(&store, std::slice::from_ref(&jane), 2), Outcome { users: 1, gone: 1, ..whole });
        // still missing: the first time counts
        assert_eq!(sync(&store, std::slice::from_ref(&jane), 3).gone, 0);
        let stored = store.read(accounts).unwrap();
        assert_eq!(stored[1].gone, Instant::from_micros(2));
        let renamed = account("2", "robert");
        assert_eq!(sync(&store, &[jane.clone(), renamed.clone()], 4), Outcome { users: 2, returned: 1, ..whole });
        let stored = store.read(accounts).unwrap();
        assert_eq!(stored.iter().map(|row| &row.account).collect::<Vec<_>>(), [&jane, &renamed]);
        assert!(stored.iter().all(|row| row.gone.is_none()));
        let married = account("2", "smith");
        assert_eq!(sync(&store, &[jane, married], 5), Outcome { users: 2, changed: 1, ..whole });
        let known = store.read(directories).unwrap();
        assert_eq!((known.len(), known[0].1.synced), (1, Instant::from_micros(5)));
    }

    #[test]
    fn changes_are_stored_beside_what_was_known() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let time = |at| Instant::from_micros(at).unwrap();
        let mut accounts_of: Vec<Account> =
            ["1", "2", "3", "4"].iter().map(|guid| account(guid, &format!("Person{guid}"))).collect();
        accounts_of[2].expires = Some(time(50));
        accounts_of[3].own.administrator = true;
        accounts_of[3].administrator = true;
        sync(&store, &accounts_of, 1);
        let point = || Point::Usn { instance: "dc".into(), next: 9 };
        let apply_at = |changes: Changes, at: i64| store.write(|tx| apply(tx, "lab", changes, None, time(at))).unwrap();
        let nothing =
            || Changes { accounts: Vec::new(), gone: Vec::new(), present: None, groups: None, point: point() };
        let flags = || -> Vec<(String, bool, bool, bool, bool)> {
            let stored: Vec<StoredAccount> = store.read(accounts).unwrap();
            stored
                .into_iter()
                .map(|row| {
                    let account = row.account;
                    (account.name, account.enabled, account.external, account.administrator, row.gone.is_some())
                })
                .collect()
        };
        let row = |name: &str, enabled, external, administrator, gone| {
            (name.to_owned(), enabled, external, administrator, gone)
        };
        assert_eq!(apply_at(nothing(), 2), Outcome { users: 4, ..Outcome::default() });

        // one renamed, one new, one deleted; groups by DN whatever its case, and nothing of one's own is lost
        let members = Members {
            administrators: ["cn=smith".to_owned()].into(),
            externals: ["cn=person3".to_owned()].into(),
            ..Members::default()
        };
        let changes = Changes {
            accounts: vec![account("1", "Smith"), account("5", "Person5")],
            gone: vec!["2".into(), "never seen".into()],
            groups: Some(members),
            ..nothing()
        };
        let expected = Outcome { users: 4, added: 1, changed: 2, gone: 1, ..Outcome::default() };
        assert_eq!(apply_at(changes.clone(), 3), expected);
        let after = [
            row("Smith", true, false, true, false),
            row("Person2", true, false, false, true),
            row("Person3", true, true, false, false),
            row("Person4", true, false, true, false),
            row("Person5", true, false, false, false),
        ];
        assert_eq!(flags(), after);
        // the same again changes nothing
        assert_eq!(apply_at(changes, 4), Outcome { users: 4, ..Outcome::default() });

        // a list of all there are; one expires without anybody writing to it
        let present = Some(["1", "3", "4"].map(str::to_owned).into());
        let outcome = apply_at(Changes { present, ..nothing() }, 50);
        assert_eq!(outcome, Outcome { users: 3, changed: 1, gone: 1, ..Outcome::default() });
        assert_eq!(flags()[2], row("Person3", false, true, false, false));
        assert!(flags()[4].4);
    }
}
