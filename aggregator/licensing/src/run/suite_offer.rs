//! Buying suites of Windows Server and System Center instead of both alone (rule G.8), where that is cheaper.
//!
//! Hosts do not depend on each other, so the cheapest way is the sum of the cheapest of each, and proven.

use std::collections::BTreeMap;

use super::{
    choice::{Choice, HostNeed},
    stock::suites,
};
use crate::{
    catalogue::Product,
    checked::Checked,
    draft::add,
    estate::{Estate, EstateError},
    position::{SuiteCount, SuiteOffer},
    prices::UnitPrice,
};

/// What would be bought for one host.
#[derive(Default)]
struct Basket(Vec<(String, u64)>);

impl Basket {
    /// At list price; `None` if something has none.
    fn cost(&self, estate: &Estate) -> Result<Option<u64>, EstateError> {
        let mut sum = 0;
        for (sku, count) in self.0.iter().filter(|(_, count)| *count > 0) {
            let Some(price) = UnitPrice::of(estate, sku) else { return Ok(None) };
            sum = add(sum, price.cost(*count)?)?;
        }
        Ok(Some(sum))
    }
}

/// The cheapest way to run and manage the hosts that need both, for one who owns nothing; `None` if suites save nothing or
/// prices are missing. `windows` and `managed` are what hosts need by the prices alone.
pub(super) fn offer(
    checked: &Checked<'_>,
    windows: &[HostNeed<'_>],
    managed: &[HostNeed<'_>],
) -> Result<Option<SuiteOffer>, EstateError> {
    let estate = checked.estate;
    let on_sale: Vec<&str> = suites(checked.catalogue)
        .filter(|id| estate.prices.iter().any(|price| price.sku.split('/').next() == Some(id)))
        .collect();
    if on_sale.is_empty() {
        return Ok(None);
    }
    let run: BTreeMap<&str, &HostNeed<'_>> =
        windows.iter().filter(|need| need.host.is_some()).map(|need| (need.id, need)).collect();
    // a host with suites of two kinds is not thought through
    let (mut cost_minor, mut without, mut proven) = (0, 0, on_sale.len() == 1);
    let mut buy: BTreeMap<String, u64> = BTreeMap::new();
    for manage in managed.iter().filter(|need| need.host.is_some()) {
        let Some(run) = run.get(manage.id) else { continue };
        let alone = Basket(vec![
            (run.chosen.sku.to_owned(), run.chosen.count),
            (manage.chosen.sku.to_owned(), manage.chosen.count),
        ]);
        let Some(alone_cost) = alone.cost(estate)? else { return Ok(None) };
        let (mut best, mut best_cost) = (alone, alone_cost);
        for basket in baskets(&on_sale, run, manage) {
            if let Some(cost) = basket.cost(estate)?
                && cost < best_cost
            {
                (best, best_cost) = (basket, cost);
            }
        }
        // licences by virtual machine, which suites have too, are not weighed against suites of hosts
        proven &= run.options.iter().chain(&manage.options).all(|option| !option.sku.ends_with("virtual-core"));
        without = add(without, alone_cost)?;
        cost_minor = add(cost_minor, best_cost)?;
        for (sku, count) in best.0.into_iter().filter(|(_, count)| *count > 0) {
            let sum = buy.entry(sku).or_default();
            *sum = add(*sum, count)?;
        }
    }
    if cost_minor >= without {
        return Ok(None);
    }
    Ok(Some(SuiteOffer {
        buy: buy.into_iter().map(|(sku, count)| SuiteCount { sku, count }).collect(),
        cost_minor,
        lower_bound_minor: if proven { cost_minor } else { 0 },
        proven,
        saving_minor: without - cost_minor,
    }))
}

/// Every way with suites that can be the cheapest for a host: of any edition for each product, as many suites as one needs, or
/// the other, the rest alone. The cost in between is a straight line.
fn baskets(suites: &[&str], run: &HostNeed<'_>, manage: &HostNeed<'_>) -> Vec<Basket> {
    let mut found = Vec::new();
    for suite in suites {
        for &run in &run.options {
            for &manage in &manage.options {
                let (Some(of_run), Some(of_manage)) =
                    (kind(run, Product::WindowsServer), kind(manage, Product::SystemCenter))
                else {
                    continue;
                };
                let counts = if of_run == of_manage {
                    vec![(run.count, run.count), (manage.count, manage.count)]
                } else {
                    vec![(run.count, 0), (0, manage.count), (run.count, manage.count)]
                };
                for (for_run, for_manage) in counts {
                    let mut basket = vec![
                        (run.sku.to_owned(), run.count.saturating_sub(for_run)),
                        (manage.sku.to_owned(), manage.count.saturating_sub(for_manage)),
                        (format!("{suite}/{of_run}"), for_run),
                    ];
                    if of_run != of_manage {
                        basket.push((format!("{suite}/{of_manage}"), for_manage));
                    }
                    found.push(Basket(basket));
                }
            }
        }
    }
    found
}

/// What is left of a sku without the product, for example `standard/core`.
fn kind(choice: Choice<'_>, product: Product) -> Option<&str> {
    choice.sku.strip_prefix(product.word())?.strip_prefix('/')
}
