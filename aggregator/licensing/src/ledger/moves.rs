//! The terms of moving a licence (rules 0.3, 0.4, C.11, C.16, C.24, C.26, E.20, E.21).
//!
//! A position is also for those who may not see who works where, so licences are named by their number and nobody by name.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Entry, Holder, Ledger, Unit, free_from};
use crate::{
    estate::{AssignmentReason, Channel, Entitlement, Estate},
    position::Violation,
};

/// Checks the entries of one licence, in the order of their days.
pub(super) fn check<'a>(
    estate: &Estate,
    entitlement: &'a Entitlement,
    chain: &[Entry<'a>],
    days: u32,
    ledger: &mut Ledger<'a>,
) {
    let unit = Unit::of(&entitlement.sku);
    let mut checking = Checking { estate, entitlement, unit, days, owner: None, earlier: BTreeSet::new(), ledger };
    for (at, entry) in chain.iter().enumerate() {
        checking.kind(entry);
        if at > 0 {
            checking.step(&chain[..at], entry);
            checking.earlier.insert(chain[at - 1].holder);
        }
        if entry.assignment.reason != AssignmentReason::Temporary || at == 0 {
            checking.owner = Some(entry.holder);
        }
        checking.end(entry, chain.get(at + 1));
    }
}

struct Checking<'c, 'a> {
    estate: &'c Estate,
    entitlement: &'a Entitlement,
    unit: Unit,
    days: u32,
    /// Who would hold it if nobody stood in for anybody.
    owner: Option<Holder<'a>>,
    /// All who held it before the last one.
    earlier: BTreeSet<Holder<'a>>,
    ledger: &'c mut Ledger<'a>,
}

impl<'a> Checking<'_, 'a> {
    fn broken(&mut self, what: String, remedy: impl Into<String>, rules: &[&str]) {
        self.ledger.violations.push(Violation {
            of: self.entitlement.id.clone().unwrap_or_default(),
            what,
            remedy: remedy.into(),
            rules: rules.iter().map(|&id| id.to_owned()).collect(),
        });
    }

    /// E.21: people hold User CALs and devices Device CALs.
    fn kind(&mut self, entry: &Entry<'a>) {
        let (is, by) = match (self.unit, entry.holder) {
            (Unit::User, Holder::Device(_)) => ("a device", "user"),
            (Unit::Device, Holder::Person(_)) => ("a person", "device"),
            _ => return,
        };
        let one = entry.assignment;
        let what = format!("licence {} is by {by} and was assigned to {is} on {}", one.number, one.from);
        self.broken(
            what,
            "assign it to one of its kind; the kind may be changed only when Software Assurance is renewed",
            &["E.21"],
        );
    }

    /// From the last of `before` to `next`.
    fn step(&mut self, before: &[Entry<'a>], next: &Entry<'a>) {
        let Some(last) = before.last() else { return };
        if last.holder == next.holder {
            return;
        }
        let (old, new) = (since(before, last).assignment, next.assignment);
        let number = new.number;
        if last.assignment.from == new.from {
            let what = format!("licence {number} was assigned to two at once on {}", new.from);
            return self.broken(what, "a licence is for one: correct the ledger, or buy another licence", &["0.3"]);
        }
        if self.entitlement.channel == Channel::Oem && self.unit == Unit::Machine {
            let what = format!("OEM licence {number} moved on {}, but it stays with its first server", new.from);
            return self.broken(what, "license the new server otherwise: buy a licence for it", &["C.24"]);
        }
        let free = free_from(old.from, self.days);
        if new.from >= free || self.is_at_will(last.holder, next.holder) {
            return;
        }
        let Some(problem) = self.refusal(last, next) else { return };
        let what = format!(
            "licence {number} moved on {}, {} days after its assignment on {}, {problem}; it was free to move from {free} on",
            new.from,
            days_between(old.from, new.from),
            old.from,
        );
        let remedy = if free > self.estate.as_of {
            format!(
                "give it back until {free} and license the new holder otherwise, or state the reason if one applies"
            )
        } else {
            format!("keep a record of why it moved; from {free} on the move is in order")
        };
        let of_machine = if self.is_by_machine() { "C.16" } else { "C.11" };
        match self.unit {
            Unit::Machine => self.broken(what, remedy, &["0.4", of_machine]),
            _ => self.broken(what, remedy, &["0.4", "E.20"]),
        }
    }

    /// Why the reason stated does not allow a move within the days; `None`: it does.
    fn refusal(&self, last: &Entry<'a>, next: &Entry<'a>) -> Option<&'static str> {
        if last.assignment.reason == AssignmentReason::Temporary && self.owner == Some(next.holder) {
            // E.20: back to the one whom it covered
            return None;
        }
        let of_person = matches!(self.owner, Some(Holder::Person(_)));
        match next.assignment.reason {
            AssignmentReason::Ordinary => Some("for no reason that allows it"),
            AssignmentReason::Departure if !of_person => Some("as for a departure, which only a person can have"),
            AssignmentReason::HardwareFailure if of_person => {
                Some("as for a hardware failure, which no person can have")
            }
            AssignmentReason::Departure | AssignmentReason::HardwareFailure if self.earlier.contains(&next.holder) => {
                Some("back to one who had it before, which only a temporary assignment allows")
            }
            // C.26 among them
            AssignmentReason::Temporary | AssignmentReason::Departure | AssignmentReason::HardwareFailure => None,
        }
    }

    /// C.16: licences by virtual machine move within a server farm as often as needed.
    fn is_at_will(&self, old: Holder<'_>, new: Holder<'_>) -> bool {
        let farm = |holder| match holder {
            Holder::Host(at) => self.estate.hosts[at as usize].farm.as_deref(),
            _ => None,
        };
        self.is_by_machine() && farm(old).is_some() && farm(old) == farm(new)
    }

    fn is_by_machine(&self) -> bool {
        self.entitlement.sku.ends_with("/virtual-core")
    }

    /// E.20: a temporary assignment ends on the day it states.
    fn end(&mut self, entry: &Entry<'a>, next: Option<&Entry<'a>>) {
        let one = entry.assignment;
        if one.reason != AssignmentReason::Temporary {
            return;
        }
        let Some(until) = one.temporary_until else {
            self.ledger.endless += 1;
            return;
        };
        let ended = next.map(|next| next.assignment.from);
        let last = ended.map_or(self.estate.as_of, |day| day.yesterday().unwrap_or(day).min(self.estate.as_of));
        if last <= until {
            return;
        }
        let number = one.number;
        let what = match ended.filter(|day| *day <= self.estate.as_of) {
            Some(day) => format!("licence {number}, for a stand-in until {until}, went on only on {day}"),
            None => format!("licence {number}, for a stand-in until {until}, is still there"),
        };
        self.broken(
            what,
            "give it back, or correct `temporary_until`; for good it may stay once the one it covers holds another licence",
            &["0.4", "E.20"],
        );
    }
}

/// 0.3: no more people or devices than licences.
pub(super) fn count(entitlement: &Entitlement, violations: &mut Vec<Violation>) {
    let (named, quantity) = (entitlement.assigned_to.len() as u64, entitlement.quantity);
    if named > quantity && Unit::of(&entitlement.sku) != Unit::Machine {
        violations.push(Violation {
            of: entitlement.id.as_ref().unwrap_or(&entitlement.sku).clone(),
            what: format!("{quantity} licences are assigned to {named}"),
            remedy: "a licence is for one: correct `assigned_to`, or buy the rest".into(),
            rules: vec!["0.3".into()],
        });
    }
}

/// The entry with which the holder of the last one got it: writing it down again starts nothing anew.
pub(super) fn since<'e, 'a>(entries: &'e [Entry<'a>], last: &'e Entry<'a>) -> &'e Entry<'a> {
    entries.iter().rev().take_while(|entry| entry.holder == last.holder).last().unwrap_or(last)
}

fn days_between(first: Date, last: Date) -> i32 {
    last.since(first).map_or(0, |span| span.get_days())
}
