//! Demand and entitlements written down as lines of a position.

use std::collections::BTreeSet;

pub(crate) use crate::words::NO_CURRENCY;
use crate::{
    catalogue::Catalogue,
    checked::Checked,
    draft::add,
    estate::{Estate, EstateError},
    findings::Rules,
    owned::{Quantities, balance},
    packs::{Pack, Packs},
    position::{Confidence, Line, ShoppingItem},
    prices::UnitPrice,
    version::VersionName,
};

/// What is needed of one product, with the rules behind it.
#[derive(Debug, Default)]
pub(crate) struct Needed {
    pub by_version: Quantities,
    /// What each server needs where a pack cannot be split between servers (C.2); empty: packs may be split freely.
    pub lots: Vec<(VersionName, u64)>,
    pub rules: Rules,
    /// Whether the number is only the least possible, for lack of facts.
    pub at_least: bool,
}

/// Lines as they are written.
pub(crate) struct Book<'a> {
    pub estate: &'a Estate,
    pub catalogue: &'a Catalogue,
    pub lines: Vec<Line>,
    pub shopping: Vec<ShoppingItem>,
    /// Skus that are short and have no price.
    pub unpriced: Vec<String>,
    /// Skus that lines were written for, with or without licences needed.
    pub assessed: BTreeSet<String>,
}

impl<'a> Book<'a> {
    pub fn of(checked: &Checked<'a>) -> Self {
        Self {
            estate: checked.estate,
            catalogue: checked.catalogue,
            lines: Vec::new(),
            shopping: Vec::new(),
            unpriced: Vec::new(),
            assessed: BTreeSet::new(),
        }
    }

    /// Adds what is needed of a product, set against what is owned, and how to buy what is short.
    pub fn add(&mut self, sku: &str, unit: &str, needed: &Needed, owned: &Quantities) -> Result<(), EstateError> {
        self.assessed.insert(sku.to_owned());
        let price = UnitPrice::of(self.estate, sku);
        let packs = Packs::of(self.estate, sku);
        let currency = Some(self.estate.currency.as_str()).filter(|code| !code.is_empty()).unwrap_or(NO_CURRENCY);
        let mut items = Vec::new();
        let mut lacking = Vec::new();
        for balance in balance(&needed.by_version, owned) {
            let mut rules = needed.rules.clone();
            if balance.owned > 0 {
                rules.add("E.29");
            }
            if price.is_none() && balance.short > 0 {
                self.unpriced.push(sku.into());
            }
            let lots = short_lots(needed, balance.version, balance.short);
            items.extend(items_of(sku, balance.version, packs.for_lots(&lots)?, currency)?);
            lacking.extend((balance.short > 0).then_some((balance.version, balance.short)));
            self.lines.push(Line {
                sku: sku.into(),
                version: balance.version.name().into(),
                unit: unit.into(),
                needed: balance.needed,
                owned: balance.owned,
                short: balance.short,
                surplus: balance.surplus,
                cost_minor: price.map_or(Ok(0), |price| price.cost(balance.short))?,
                currency: if price.is_some() { currency.into() } else { String::new() },
                rules: rules.ids(),
                // a number that is only the least possible is worth no more than a guess
                confidence: if needed.at_least {
                    rules.confidence(self.catalogue).min(Confidence::L)
                } else {
                    rules.confidence(self.catalogue)
                },
                policies: Vec::new(),
            });
        }
        // E.30: of the newest version they serve older needs as well, so larger packs may do for several versions; not where
        // each server has its own (C.2)
        if let (true, [.., (newest, _)]) = (needed.lots.is_empty() && lacking.len() > 1, &lacking[..]) {
            let all = lacking.iter().try_fold(0, |sum, (_, short)| add(sum, *short))?;
            let together = items_of(sku, *newest, packs.for_lots(&[all])?, currency)?;
            if cost(&together)? < cost(&items)? {
                items = together;
            }
        }
        self.shopping.append(&mut items);
        Ok(())
    }
}

fn items_of(
    sku: &str,
    version: VersionName,
    packs: Vec<(Pack, u64)>,
    currency: &str,
) -> Result<Vec<ShoppingItem>, EstateError> {
    let item = |(pack, count): (Pack, u64)| {
        Ok(ShoppingItem {
            sku: sku.into(),
            version: version.name().into(),
            units: pack.units,
            packs: count,
            cost_minor: pack.cost(count)?,
            currency: currency.into(),
        })
    };
    packs.into_iter().map(item).collect()
}

fn cost(items: &[ShoppingItem]) -> Result<u64, EstateError> {
    items.iter().try_fold(0, |sum, item| add(sum, item.cost_minor))
}

/// What is short, server by server if packs cannot be split between them (C.2). Which server gets what is owned is free
/// to choose: the smallest needs first, so that as many servers as possible are complete.
fn short_lots(needed: &Needed, version: VersionName, short: u64) -> Vec<u64> {
    if needed.lots.is_empty() {
        return vec![short];
    }
    let mut lots: Vec<u64> = needed.lots.iter().filter(|lot| lot.0 == version).map(|lot| lot.1).collect();
    lots.sort_unstable_by(|one, two| two.cmp(one));
    let mut left = short;
    for lot in &mut lots {
        *lot = left.min(*lot);
        left -= *lot;
    }
    lots
}

/// The order of a position: by product, version and unit; larger packs first.
pub(crate) fn sort(lines: &mut [Line], shopping: &mut [ShoppingItem]) {
    lines.sort_by(|a, b| (&a.sku, &a.version, &a.unit).cmp(&(&b.sku, &b.version, &b.unit)));
    shopping.sort_by(|a, b| (&a.sku, &a.version, b.units).cmp(&(&b.sku, &b.version, a.units)));
}
