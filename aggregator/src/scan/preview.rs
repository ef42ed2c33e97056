//! What a rule for accounts would change, before it is kept: both ways are worked out whole, as a scan of today would.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Finished, ScanError, prepare_with};
use crate::{
    config::Config,
    identity::Rule,
    store::{Store, people::StoredRule},
};

/// Accounts named in a preview at most; all are counted.
const MOST: usize = 200;

/// A change of the rules made on the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// A new rule, before all others.
    Add(Rule),
    /// The rule of this number goes.
    Remove(i64),
}

/// An account that would be taken for something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reclassified {
    /// `domain\name`.
    pub account: String,
    /// [`crate::identity::Class`] as stored, and why: as it is.
    pub before: (&'static str, String),
    /// And as it would be.
    pub after: (&'static str, String),
}

/// What would change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// The first of them by name.
    pub accounts: Vec<Reclassified>,
    /// How many accounts there are of that kind in all.
    pub changed: usize,
    /// People seen within the window, before and after.
    pub people: (usize, usize),
    /// Lines of the position by sku and version with what is needed before and after, where that differs.
    pub lines: Vec<(String, String, u64, u64)>,
    /// What closing all gaps costs before and after, minor units.
    pub cost_minor: (u64, u64),
    /// ISO 4217; empty if no price is known.
    pub currency: String,
}

/// Works out what a change of the rules would do to the position of the window that ends on `as_of`.
pub fn preview(store: &Store, config: &Config, as_of: Date, change: &RuleChange) -> Result<Preview, ScanError> {
    let before = prepare_with(store, config, as_of, |_| {})?;
    let after = prepare_with(store, config, as_of, |rules| apply(rules, change))?;
    let mut found = Preview {
        people: (before.draft.people.len(), after.draft.people.len()),
        cost_minor: (before.cost_minor(), after.cost_minor()),
        currency: config.estate.currency.clone(),
        ..Preview::default()
    };
    // accounts added by a synchronisation between the two are left out
    let known: BTreeMap<_, _> = before.draft.taken.iter().map(|taken| (&taken.account, taken)).collect();
    let mut accounts: Vec<Reclassified> = (after.draft.taken.iter())
        .filter_map(|after| Some((*known.get(&after.account)?, after)))
        .filter(|(before, after)| before.class != after.class || before.stands_for != after.stands_for)
        .map(|(before, after)| Reclassified {
            account: after.name.clone(),
            before: (before.class, before.why.clone()),
            after: (after.class, after.why.clone()),
        })
        .collect();
    accounts.sort_by(|a, b| a.account.cmp(&b.account));
    found.changed = accounts.len();
    accounts.truncate(MOST);
    found.accounts = accounts;
    let needed = |finished: &Finished| -> BTreeMap<(String, String), u64> {
        let lines = finished.assessment.position.lines.iter();
        lines.map(|line| ((line.sku.clone(), line.version.clone()), line.needed)).collect()
    };
    let (old, new) = (needed(&before), needed(&after));
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(key))) {
        let of = |lines: &BTreeMap<_, u64>| lines.get(key).copied().unwrap_or(0);
        if of(&old) != of(&new) {
            found.lines.push((key.0.clone(), key.1.clone(), of(&old), of(&new)));
        }
    }
    found.lines.sort();
    Ok(found)
}

/// As [`crate::store::people`] would keep it.
fn apply(rules: &mut Vec<StoredRule>, change: &RuleChange) {
    match change {
        RuleChange::Add(rule) => rules.insert(
            0,
            StoredRule { id: 0, rule: rule.clone(), made: caliper_proto::Instant::default(), made_by: String::new() },
        ),
        RuleChange::Remove(id) => rules.retain(|rule| rule.id != *id),
    }
}
