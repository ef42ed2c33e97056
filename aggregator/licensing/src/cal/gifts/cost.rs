//! What is left to buy of the families touched if suites are held by these, counted as the position itself counts it.

use super::{super::suites::Suites, problem::Problem};
use crate::{
    cal::{
        basis::Held,
        connectors::{Connectors, owned_connectors},
        counted::Counted,
        purchase::Purchase,
    },
    draft::add,
    estate::EstateError,
    owned::{Quantities, balance},
    prices::UnitPrice,
};

/// Exact money is in minor units divided by [`Prices::parts`].
pub(super) struct Cost {
    pub exact: u128,
    /// With the suites where they are nothing costs less, if the connectors stay.
    pub least: u128,
    /// As the lines say it.
    pub minor: u64,
}

/// Of the families touched.
pub(super) struct Prices {
    pub parts: u128,
    /// Of a User and a Device CAL.
    pub cals: Vec<[UnitPrice; 2]>,
    connectors: Vec<Option<UnitPrice>>,
}

impl Prices {
    /// `None` unless every CAL has one.
    pub fn of(problem: &Problem<'_, '_>) -> Option<Self> {
        let estate = problem.checked().estate;
        let mut prices = Self { parts: 1, cals: Vec::new(), connectors: Vec::new() };
        for &at in &problem.touched {
            let family = problem.grounds.family(at);
            prices.cals.push([UnitPrice::of(estate, family.user)?, UnitPrice::of(estate, family.device)?]);
            prices.connectors.push(family.connector().and_then(|sku| UnitPrice::of(estate, sku)));
        }
        let all = prices.cals.iter().flatten().chain(prices.connectors.iter().flatten());
        for price in all {
            let units = u128::from(price.pack().1);
            prices.parts = prices.parts / crate::prices::divisor(prices.parts, units) * units;
        }
        Some(prices)
    }

    pub fn exact(&self, price: UnitPrice) -> u128 {
        let (minor, units) = price.pack();
        u128::from(minor) * (self.parts / u128::from(units))
    }
}

pub(super) fn cost(problem: &Problem<'_, '_>, prices: &Prices, suites: &Suites<'_>) -> Result<Cost, EstateError> {
    let (grounds, checked) = (problem.grounds, problem.checked());
    let held: Vec<Held> = grounds.families().map(|family| suites.held(checked, family, false)).collect();
    let (base, others) = crate::cal::connectors(grounds.base, grounds.others, &held[0], &held[1..])?;
    let connectors: Vec<Connectors> = std::iter::once(base).chain(others).collect();
    let mut cost = Cost { exact: 0, least: 0, minor: 0 };
    for (&at, (of_cals, of_connector)) in problem.touched.iter().zip(prices.cals.iter().zip(&prices.connectors)) {
        let family = grounds.family(at);
        let counted = Counted::of(&grounds.basis(at, &held[at], &connectors[at].connected), family)?;
        let owned = family.owned(checked);
        let least = buy_cals(&mut cost, prices, *of_cals, &counted, &owned)?;
        cost.least = cost.least.saturating_add(least);
        if let (Some(sku), Some(price)) = (family.connector(), of_connector) {
            let owned = owned_connectors(checked, family, sku);
            let before = cost.exact;
            buy(&mut cost, prices, *price, &connectors[at].by_version(), &owned)?;
            cost.least = cost.least.saturating_add(cost.exact - before);
        }
    }
    Ok(cost)
}

/// Adds the cheapest purchase of CALs of one family; returns what it costs at least.
fn buy_cals(
    cost: &mut Cost,
    prices: &Prices,
    of_cals: [UnitPrice; 2],
    counted: &Counted,
    owned: &[Quantities; 2],
) -> Result<u128, EstateError> {
    let Counted { demand, graph, mix, weights, .. } = counted;
    let found = Purchase::cheapest(demand, graph, mix, *weights, [&owned[0], &owned[1]])?;
    let exact = of_cals.map(|price| prices.exact(price));
    let by_weight = [weights.user, weights.device].map(u128::from);
    // both are in the same ratio, the weights as small as possible
    let times = (0..2).find(|&side| by_weight[side] > 0).map_or(0, |side| exact[side] / by_weight[side]);
    let (needed, least) = if let Some(found) = &found {
        ([&found.users, &found.devices], found.lower_bound)
    } else {
        let oldest = demand.oldest();
        let usable = |owned: &Quantities| -> u128 {
            owned.iter().filter(|(version, _)| Some(**version) >= oldest).map(|(_, &count)| u128::from(count)).sum()
        };
        let of_owned = (0..2).map(|side| usable(&owned[side]).saturating_mul(by_weight[side]));
        ([&counted.users, &counted.devices], mix.lower_bound.saturating_sub(of_owned.sum()))
    };
    for side in 0..2 {
        buy(cost, prices, of_cals[side], needed[side], &owned[side])?;
    }
    Ok(least.saturating_mul(times))
}

fn buy(
    cost: &mut Cost,
    prices: &Prices,
    price: UnitPrice,
    needed: &Quantities,
    owned: &Quantities,
) -> Result<(), EstateError> {
    for line in balance(needed, owned) {
        cost.minor = add(cost.minor, price.cost(line.short)?)?;
        cost.exact = cost.exact.saturating_add(prices.exact(price).saturating_mul(u128::from(line.short)));
    }
    Ok(())
}
