//! Two positions beside each other, line by line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    estate::Estate,
    position::{Line, Position},
    prices::UnitPrice,
};

/// The numbers of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// As in the line.
    pub needed: u64,
    /// As in the line.
    pub owned: u64,
    /// As in the line.
    pub short: u64,
    /// As in the line, minor units.
    pub cost_minor: u64,
}

/// A line that is not the same in both positions; all zero where a position does not have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineDifference {
    /// As in the line.
    pub sku: String,
    /// As in the line.
    pub version: String,
    /// As in the line.
    pub unit: String,
    /// ISO 4217; empty where neither knows a price.
    pub currency: String,
    /// Before.
    pub before: Numbers,
    /// After.
    pub after: Numbers,
}

/// The lines that differ, sorted as in a position.
#[must_use]
pub fn line_differences(before: &Position, after: &Position) -> Vec<LineDifference> {
    let mut lines: BTreeMap<(&str, &str, &str), LineDifference> = BTreeMap::new();
    for (position, is_after) in [(before, false), (after, true)] {
        for line in &position.lines {
            let found = lines.entry((&line.sku, &line.version, &line.unit)).or_insert_with(|| LineDifference {
                sku: line.sku.clone(),
                version: line.version.clone(),
                unit: line.unit.clone(),
                currency: String::new(),
                before: Numbers::default(),
                after: Numbers::default(),
            });
            if !line.currency.is_empty() {
                found.currency.clone_from(&line.currency);
            }
            *(if is_after { &mut found.after } else { &mut found.before }) = numbers(line);
        }
    }
    lines.into_values().filter(|line| line.before != line.after).collect()
}

fn numbers(line: &Line) -> Numbers {
    Numbers { needed: line.needed, owned: line.owned, short: line.short, cost_minor: line.cost_minor }
}

/// What it costs to buy all that is short the cheapest way known: with the CALs of the cheapest purchase where there is
/// one. Minor units; saturates.
#[must_use]
pub fn total(position: &Position) -> u64 {
    let lines = position.lines.iter().map(|line| line.cost_minor).fold(0, u64::saturating_add);
    let purchases = position.purchase.iter().chain(position.purchases.iter().map(|family| &family.purchase));
    let of_cals = purchases.map(|purchase| purchase.saving_minor).fold(0, u64::saturating_add);
    let of_servers = position.servers.as_ref().map_or(0, |servers| servers.saving_minor);
    lines.saturating_sub(of_cals).saturating_sub(of_servers)
}

/// What the lines need at list price, owned or not, of the products that `of` has; `None` without the price of one that is needed.
pub(super) fn total_of(estate: &Estate, lines: &[Line], of: &[Line]) -> Option<u64> {
    let needed = lines.iter().filter(|line| line.needed > 0 && of.iter().any(|other| other.sku == line.sku));
    at_list_price(estate, needed)
}

/// What the lines need at list price, owned or not, of all that has a price, and whether that is all.
pub(super) fn total_at_list_price(estate: &Estate, lines: &[Line]) -> (Option<u64>, bool) {
    let has_price = |line: &&Line| UnitPrice::of(estate, &line.sku).is_some();
    let needed = || lines.iter().filter(|line| line.needed > 0);
    (at_list_price(estate, needed().filter(has_price)), needed().all(|line| has_price(&line)))
}

fn at_list_price<'l>(estate: &Estate, lines: impl Iterator<Item = &'l Line>) -> Option<u64> {
    let mut needed: BTreeMap<&str, u64> = BTreeMap::new();
    for line in lines {
        let sum = needed.entry(&line.sku).or_default();
        *sum = sum.saturating_add(line.needed);
    }
    needed
        .into_iter()
        .try_fold(0_u64, |sum, (sku, count)| sum.checked_add(UnitPrice::of(estate, sku)?.cost(count).ok()?))
}
