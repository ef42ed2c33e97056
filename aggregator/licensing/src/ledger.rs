//! Who holds which licence: the ledger of assignments and what entitlements say for good, read into one list (rules 0.3, 0.4).
//!
//! `moves` checks the terms of moving, `reclaim` says what can be taken back, `transfers` who gets what. Knows nothing of why
//! somebody needs a licence.

mod idle;
mod moves;
mod reclaim;
mod reference;
mod transfers;
mod wanted;

pub(crate) use idle::idle;
pub(crate) use reclaim::{reclaim, reclaimed_from};
pub(crate) use transfers::transfers;
pub(crate) use wanted::Wanted;

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use crate::{
    estate::{Assignment, Entitlement, Estate, EstateError},
    position::Violation,
};
use reference::References;

/// Who or what a name stands for, by its place in the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder<'a> {
    Person(u32),
    Device(u32),
    Host(u32),
    Server(u32),
    /// Nobody and nothing of the estate, which only `assigned_to` may name.
    Unknown(&'a str),
}

/// What a licence is counted by, which decides who can hold it (rule E.21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    User,
    Device,
    Machine,
}

impl Unit {
    pub fn of(sku: &str) -> Self {
        match sku.rsplit('/').next() {
            Some("user") => Self::User,
            Some("device") => Self::Device,
            _ => Self::Machine,
        }
    }
}

/// A licence with the one who has it on the last day of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held<'a> {
    /// Its place among the entitlements.
    pub entitlement: u32,
    /// Number of the licence within it, from 1.
    pub number: u32,
    pub holder: Holder<'a>,
    /// Since when; `None`: nobody says.
    pub since: Option<Date>,
}

/// What the ledger comes to.
#[derive(Debug, Default)]
pub(crate) struct Ledger<'a> {
    /// In the order of entitlements and numbers.
    pub held: Vec<Held<'a>>,
    /// By the id of an entitlement: the names of those who hold its licences now, of entitlements with entries only.
    now: BTreeMap<&'a str, Vec<&'a str>>,
    pub violations: Vec<Violation>,
    /// Temporary assignments of which nobody says when they end.
    pub endless: usize,
}

/// An entry of the ledger with what it refers to.
#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    assignment: &'a Assignment,
    holder: Holder<'a>,
}

impl<'a> Ledger<'a> {
    /// Reads the ledger; `days` after its assignment a licence may move again (0.4). Fails on entries that name what is not
    /// there, and where it contradicts `assigned_to`.
    pub fn of(estate: &'a Estate, days: u32) -> Result<Self, EstateError> {
        let names = References::of(estate)?;
        let mut chains: BTreeMap<(u32, u32), Vec<Entry<'a>>> = BTreeMap::new();
        for (at, assignment) in estate.assignments.iter().enumerate() {
            let (entitlement, holder) = names.resolve(at, assignment)?;
            chains.entry((entitlement, assignment.number)).or_default().push(Entry { assignment, holder });
        }
        let mut ledger = Self::default();
        for (&(entitlement, number), chain) in &mut chains {
            let key = |entry: &Entry<'a>| {
                let one = entry.assignment;
                (one.from, &one.to, one.reason, one.temporary_until)
            };
            chain.sort_by(|one, two| key(one).cmp(&key(two)));
            chain.dedup_by(|two, one| key(one) == key(two));
            let of = &estate.entitlements[entitlement as usize];
            moves::check(estate, of, chain, days, &mut ledger);
            let begun = &chain[..chain.partition_point(|entry| entry.assignment.from <= estate.as_of)];
            let holders = of.id.as_deref().map(|id| ledger.now.entry(id).or_default());
            if let (Some(now), Some(holders)) = (begun.last(), holders) {
                holders.push(&now.assignment.to);
                let since = Some(moves::since(begun, now).assignment.from);
                ledger.held.push(Held { entitlement, number, holder: now.holder, since });
            }
        }
        for (entitlement, at) in estate.entitlements.iter().zip(0..) {
            if let Some((id, now)) = entitlement.id.as_deref().and_then(|id| ledger.now.get_key_value(id)) {
                agrees(id, &entitlement.assigned_to, now)?;
                continue;
            }
            moves::count(entitlement, &mut ledger.violations);
            let holders = (1..).zip(&entitlement.assigned_to).map(|(number, name)| {
                let holder = names.find(Unit::of(&entitlement.sku), name).unwrap_or(Holder::Unknown(name));
                Held { entitlement: at, number, holder, since: None }
            });
            ledger.held.extend(holders);
        }
        ledger.held.sort_by_key(|held| (held.entitlement, held.number));
        Ok(ledger)
    }

    /// Who holds an entitlement's licences: by the ledger if it has entries for it, else as the entitlement says.
    pub fn assigned_to(&self, entitlement: &'a Entitlement) -> Vec<&'a str> {
        let now = entitlement.id.as_deref().and_then(|id| self.now.get(id));
        now.cloned().unwrap_or_else(|| entitlement.assigned_to.iter().map(String::as_str).collect())
    }
}

/// The first day on which a licence assigned on `since` may be assigned to somebody else (0.4).
pub(crate) fn free_from(since: Date, days: u32) -> Date {
    since.saturating_add(i64::from(days).days())
}

/// One way of saying who holds what: where both are used they say the same.
fn agrees(id: &str, assigned_to: &[String], now: &[&str]) -> Result<(), EstateError> {
    let (mut one, mut other): (Vec<&str>, Vec<&str>) = (assigned_to.iter().map(String::as_str).collect(), now.to_vec());
    one.sort_unstable();
    other.sort_unstable();
    if one.is_empty() || one == other {
        return Ok(());
    }
    let list = |names: &[&str]| if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    Err(EstateError::Contradiction {
        place: format!("holders of entitlement `{id}`"),
        one: format!("`assigned_to` names {}", list(&one)),
        other: format!("the ledger's assignments come to {}", list(&other)),
    })
}
