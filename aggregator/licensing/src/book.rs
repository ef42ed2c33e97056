//! Demand and entitlements written down as lines of a position.

use crate::{
    estate::{Estate, EstateError},
    findings::Rules,
    owned::{Quantities, balance},
    position::{Confidence, Line},
    prices::UnitPrice,
};

/// ISO 4217 for money of no stated currency; an empty currency means that there is no price.
pub(crate) const NO_CURRENCY: &str = "XXX";

/// Lines as they are written.
pub(crate) struct Book<'a> {
    pub estate: &'a Estate,
    pub lines: Vec<Line>,
    /// Skus that are short and have no price.
    pub unpriced: Vec<&'static str>,
}

impl<'a> Book<'a> {
    pub fn of(estate: &'a Estate) -> Self {
        Self { estate, lines: Vec::new(), unpriced: Vec::new() }
    }

    /// Adds what is needed of a product, set against what is owned.
    pub fn add(
        &mut self,
        sku: &'static str,
        unit: &str,
        needed: &Quantities,
        owned: &Quantities,
        rules: &Rules,
        at_least: bool,
    ) -> Result<(), EstateError> {
        let price = UnitPrice::of(self.estate, sku);
        let currency = Some(self.estate.currency.as_str()).filter(|code| !code.is_empty()).unwrap_or(NO_CURRENCY);
        for balance in balance(needed, owned) {
            let mut rules = rules.clone();
            if balance.owned > 0 {
                rules.add("E.29");
            }
            if price.is_none() && balance.short > 0 {
                self.unpriced.push(sku);
            }
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
                confidence: if at_least { rules.confidence().min(Confidence::L) } else { rules.confidence() },
            });
        }
        Ok(())
    }
}
