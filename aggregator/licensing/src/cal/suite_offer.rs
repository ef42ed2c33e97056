//! Buying suites instead of single CALs (rules G.1, G.3), where that is cheaper for all families together.
//!
//! Only suites and plans whose rights somebody confirmed are offered, and bridges never: they need a plan beside them.

use std::collections::BTreeMap;

use super::{demand::Demand, family::Family, gifts::Need};
use crate::{
    catalogue::{EquivalenceKind, EquivalenceRow},
    checked::Checked,
    draft::add,
    estate::EstateError,
    optimise::{self, BundlePlan, BundleProblem, Holder, MOST_FAMILIES, MOST_OFFERS, Offer, cheapest_bundles},
    position::{SuiteCount, SuiteOffer},
    prices::{UnitPrice, in_ratio},
};

/// Something on sale.
struct OnSale {
    sku: String,
    holder: Holder,
    families: u32,
    price: UnitPrice,
    is_suite: bool,
}

/// The cheapest way to buy the CALs of all families, if suites make it cheaper. `demands` are those left when what is held
/// already has been used. Nothing without the price of a suite and of every CAL, or if people share accounts, who can hold
/// no suite together.
pub(super) fn offer(
    checked: &Checked<'_>,
    demands: impl FnOnce() -> Vec<(String, Demand)>,
) -> Result<Option<SuiteOffer>, EstateError> {
    let estate = checked.estate;
    let is_priced = |row: &&EquivalenceRow| {
        ["user", "device"].iter().any(|side| UnitPrice::of(estate, &format!("{}/{side}", row.id)).is_some())
    };
    let confirmed =
        checked.catalogue.equivalences.iter().filter(|row| row.verified && row.kind != EquivalenceKind::Bridge);
    let rows: Vec<&EquivalenceRow> = confirmed.filter(|row| !row.covers.is_empty()).filter(is_priced).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let mut families = Vec::new();
    let mut needs = Vec::new();
    for (id, demand) in demands() {
        let need = Need::of(&demand);
        if let (Some(family), false) = (Family::of(checked.catalogue, &id), need.is_empty()) {
            if need.left_out {
                return Ok(None);
            }
            families.push(family);
            needs.push(need);
        }
    }
    let Some(on_sale) = on_sale(checked, &families, &rows) else { return Ok(None) };
    let weights = in_ratio(&on_sale.iter().map(|one| one.price).collect::<Vec<_>>())?;
    let plan = |with_suites: bool| {
        let offers = on_sale.iter().zip(&weights).filter(|(one, _)| with_suites || !one.is_suite);
        let offers: Vec<Offer> = offers
            .map(|(one, &weight)| Offer { holder: one.holder, families: one.families, price: Some(weight), owned: 0 })
            .collect();
        let of_families: Vec<optimise::Family<'_>> = needs.iter().map(Need::as_family).collect();
        let problem = BundleProblem {
            users: checked.people.len() as u32,
            devices: checked.devices.len() as u32,
            families: &of_families,
            offers: &offers,
        };
        cheapest_bundles(&problem).map_err(|error| EstateError::TooLarge(format!("suites on sale ({error})")))
    };
    // single CALs stand first, so the plan without suites counts the same places
    let (with, without) = (plan(true)?, plan(false)?);
    if with.cost >= without.cost {
        return Ok(None);
    }
    let cost_of = |plan: &BundlePlan| {
        plan.buy.iter().zip(&on_sale).try_fold(0, |sum, (&count, one)| add(sum, one.price.cost(count)?))
    };
    let cost_minor = cost_of(&with)?;
    let least = on_sale[0].price.of_weights(with.lower_bound, weights[0])?.min(cost_minor);
    let mut buy: BTreeMap<&str, u64> = BTreeMap::new();
    for (&count, one) in with.buy.iter().zip(&on_sale).filter(|(count, _)| **count > 0) {
        *buy.entry(&one.sku).or_default() += count;
    }
    Ok(Some(SuiteOffer {
        buy: buy.into_iter().map(|(sku, count)| SuiteCount { sku: sku.to_owned(), count }).collect(),
        cost_minor,
        lower_bound_minor: if with.proven { cost_minor } else { least },
        proven: with.proven,
        saving_minor: cost_of(&without)?.saturating_sub(cost_minor),
    }))
}

/// Single CALs of each family first, then the suites; `None` if a CAL has no price or it is too much for one plan.
fn on_sale(checked: &Checked<'_>, families: &[Family<'_>], rows: &[&EquivalenceRow]) -> Option<Vec<OnSale>> {
    let estate = checked.estate;
    if families.is_empty() || families.len() > MOST_FAMILIES {
        return None;
    }
    let mut found = Vec::new();
    for (at, family) in families.iter().enumerate() {
        for (sku, holder) in [(family.user, Holder::User), (family.device, Holder::Device)] {
            let price = UnitPrice::of(estate, sku)?;
            found.push(OnSale { sku: sku.into(), holder, families: 1 << at, price, is_suite: false });
        }
    }
    for row in rows {
        let covered = families.iter().enumerate().filter(|(_, family)| row.covers.contains(&family.row.id));
        let covered = covered.fold(0, |all, (at, _)| all | 1 << at);
        for (side, holder, sold) in [("user", Holder::User, row.user), ("device", Holder::Device, row.device)] {
            let sku = format!("{}/{side}", row.id);
            if let (Some(price), true, true) = (UnitPrice::of(estate, &sku), sold, covered != 0) {
                found.push(OnSale { sku, holder, families: covered, price, is_suite: true });
            }
        }
    }
    (found.len() <= MOST_OFFERS).then_some(found)
}
