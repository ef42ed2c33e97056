//! What people decided about accounts: rules by pattern, and which accounts are one person's.

use std::collections::HashMap;

use caliper_proto::Instant;
use rusqlite::{Row, Transaction, params};

use super::StoreError;
use crate::identity::{Class, Field, Rule};

/// A rule made on the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRule {
    /// Its row.
    pub id: i64,
    /// The rule.
    pub rule: Rule,
    /// When it was made.
    pub made: Instant,
    /// Who made it.
    pub made_by: String,
}

/// An account by the directory's row and its unchanging identifier there.
pub type AccountKey = (i64, String);

/// What somebody decided of two accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// One account.
    pub one: AccountKey,
    /// The other one.
    pub other: AccountKey,
    /// Whether both are one person's.
    pub same: bool,
    /// When.
    pub made: Instant,
    /// By whom.
    pub made_by: String,
}

/// All rules, in their order.
pub fn rules(tx: &Transaction<'_>) -> Result<Vec<StoredRule>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT id, field, pattern, class, people, made, made_by FROM account_rule ORDER BY place, id",
    )?;
    let mut rows = select.query([])?;
    let mut rules = Vec::new();
    while let Some(row) = rows.next()? {
        rules.push(rule(row)?);
    }
    Ok(rules)
}

fn rule(row: &Row<'_>) -> Result<StoredRule, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |what: &str| StoreError::Damaged { what: format!("{what} of rule {id} for accounts") };
    let (field, class): (String, String) = (row.get(1)?, row.get(3)?);
    let rule = Rule {
        field: Field::from_text(&field).ok_or_else(|| damaged("field"))?,
        like: row.get(2)?,
        is: Class::of_rule(&class).ok_or_else(|| damaged("class"))?,
        people: row.get(4)?,
    };
    let made = Instant::from_micros(row.get(5)?).ok_or_else(|| damaged("time"))?;
    Ok(StoredRule { id, rule, made, made_by: row.get(6)? })
}

/// Adds a rule before all others; returns its row.
pub fn add_rule(tx: &Transaction<'_>, rule: &Rule, by: &str, now: Instant) -> Result<i64, StoreError> {
    tx.execute(
        "INSERT INTO account_rule (place, field, pattern, class, people, made, made_by)
         VALUES ((SELECT coalesce(min(place), 0) - 1 FROM account_rule), ?1, ?2, ?3, ?4, ?5, ?6)",
        params![rule.field.as_str(), rule.like, rule.is.as_str(), rule.people, now.micros(), by],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Takes a rule away; `None` if there is none of that number.
pub fn remove_rule(tx: &Transaction<'_>, id: i64) -> Result<Option<StoredRule>, StoreError> {
    let found = rules(tx)?.into_iter().find(|rule| rule.id == id);
    tx.execute("DELETE FROM account_rule WHERE id = ?1", [id])?;
    Ok(found)
}

/// All decisions, by account.
pub fn decisions(tx: &Transaction<'_>) -> Result<Vec<StoredDecision>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT directory, guid, other_directory, other_guid, same, made, made_by FROM account_decision
         ORDER BY directory, guid, other_directory, other_guid",
    )?;
    let rows = select.query_map([], |row| {
        Ok(StoredDecision {
            one: (row.get(0)?, row.get(1)?),
            other: (row.get(2)?, row.get(3)?),
            same: row.get(4)?,
            made: Instant::from_micros(row.get(5)?).unwrap_or_default(),
            made_by: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps a decision; one of the same two accounts is replaced.
pub fn decide(
    tx: &Transaction<'_>,
    (one, other): (&AccountKey, &AccountKey),
    same: bool,
    by: &str,
    now: Instant,
) -> Result<(), StoreError> {
    let (one, other) = if one <= other { (one, other) } else { (other, one) };
    tx.execute(
        "INSERT OR REPLACE INTO account_decision (directory, guid, other_directory, other_guid, same, made, made_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![one.0, one.1, other.0, other.1, same, now.micros(), by],
    )?;
    Ok(())
}

/// Takes a decision back; whether there was one.
pub fn undecide(tx: &Transaction<'_>, one: &AccountKey, other: &AccountKey) -> Result<bool, StoreError> {
    let (one, other) = if one <= other { (one, other) } else { (other, one) };
    let removed = tx.execute(
        "DELETE FROM account_decision WHERE directory = ?1 AND guid = ?2 AND other_directory = ?3 AND other_guid = ?4",
        params![one.0, one.1, other.0, other.1],
    )?;
    Ok(removed > 0)
}

/// What accounts are taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which account.
    pub account: AccountKey,
    /// `domain\name`, for people to read.
    pub name: String,
    /// How many people stand behind it, if not one.
    pub stands_for: Option<u32>,
    /// [`Class`] as stored.
    pub class: &'static str,
    /// Why.
    pub why: String,
    /// Id of the person; empty: nobody's.
    pub person: String,
}

/// Notes what accounts are taken for; writes only what is new.
pub fn take(tx: &Transaction<'_>, all: &[Taken]) -> Result<(), StoreError> {
    let mut select = tx.prepare_cached("SELECT directory, guid, class, class_why, person FROM account")?;
    let mut rows = select.query([])?;
    let mut stored: HashMap<AccountKey, [String; 3]> = HashMap::new();
    while let Some(row) = rows.next()? {
        stored.insert((row.get(0)?, row.get(1)?), [row.get(2)?, row.get(3)?, row.get(4)?]);
    }
    let mut update = tx.prepare_cached(
        "UPDATE account SET class = ?3, class_why = ?4, person = ?5 WHERE directory = ?1 AND guid = ?2",
    )?;
    for Taken { account, class, why, person, .. } in all {
        let is_new = |[known_class, known_why, known_person]: &[String; 3]| {
            known_class != class || known_why != why || known_person != person
        };
        if stored.get(account).is_some_and(is_new) {
            update.execute(params![account.0, account.1, class, why, person])?;
        }
    }
    Ok(())
}
