//! Which edition each host takes, or licences for its machines, given what is owned (rules A.5, C.19, E.29): the cheapest
//! purchase beside the lines, which stay those of list prices.
//!
//! Newer versions run older ones under the rights of the licensed version (0.5), Datacenter what Standard may (A.5), core
//! licences with Software Assurance virtual machines (C.14), licences by processor become cores (C.25), and OEM licences
//! serve their own host only (C.24).

mod owned;
mod problem;

use std::collections::BTreeMap;

use owned::Owned;
use problem::{Licence, Problem};

use super::{choice::HostNeed, count::unit, needs::Needs, stock::is_of};
use crate::{
    assessment::{HostLicence, HostOption},
    book::{Book, Needed},
    catalogue::Product,
    checked::Checked,
    draft::Draft,
    estate::EstateError,
    findings::Rules,
    optimise::{EditionPlan, cheapest_editions},
    owned::Quantities,
    position::Servers,
    prices::UnitPrice,
    version::VersionName,
};

/// Writes the cheapest choice into the draft, whose lines and hosts are complete. `needs` are as the lines count them.
pub(super) fn cheapest<'a>(checked: &Checked<'a>, needs: &Needs<'a>, draft: &mut Draft<'_>) -> Result<(), EstateError> {
    let mut owned = Owned::of(checked);
    if owned.is_empty() {
        return Ok(());
    }
    owned.tie(checked, needs);
    let Some(problem) = Problem::of(checked, needs, &owned) else { return Ok(()) };
    let Some(plan) = cheapest_editions(&problem.as_editions(), &problem.plain) else { return Ok(()) };
    let taken = problem.taken(&plan);
    let mut book = Book::of(checked);
    let for_minimum = write(&problem, &owned, &plan, &taken, &mut book)?;

    let of_these = |sku: &str| book.assessed.contains(sku);
    let (mut plain, mut cost) = (0_u64, 0_u64);
    for line in draft.book.lines.iter().filter(|line| of_these(&line.sku)) {
        if line.short > 0 && line.currency.is_empty() {
            return Ok(());
        }
        plain = crate::draft::add(plain, line.cost_minor)?;
    }
    for line in &book.lines {
        cost = crate::draft::add(cost, line.cost_minor)?;
    }
    let lower_bound = if plan.lower_bound == plan.cost && for_minimum == 0 {
        cost
    } else {
        problem.minor(plan.lower_bound)?.min(cost)
    };
    draft.servers = Some(Servers {
        lines: book.lines,
        cost_minor: cost,
        lower_bound_minor: lower_bound,
        proven: lower_bound == cost,
        saving_minor: plain.saturating_sub(cost),
        shopping: book.shopping,
    });
    if plain > cost {
        explain(checked, needs, &taken, draft)?;
    }
    Ok(())
}

/// Lines of all products that could be taken. Returns the licences that only the minimum of machines asks for (C.14).
fn write(
    problem: &Problem<'_, '_>,
    owned: &Owned,
    plan: &EditionPlan,
    taken: &[(&HostNeed<'_>, Licence<'_>)],
    book: &mut Book<'_>,
) -> Result<u64, EstateError> {
    let mut stock: BTreeMap<&str, Quantities> = BTreeMap::new();
    let mut products: BTreeMap<&str, Needed> = problem.skus.iter().map(|&sku| (sku, Needed::default())).collect();
    let too_large = |sku: &str| EstateError::TooLarge(format!("all licences `{sku}`"));
    let mut by_machine: Vec<(VersionName, &str, u64)> = Vec::new();
    for (need, option) in taken {
        let product = products.entry(option.sku).or_default();
        let sum = product.by_version.entry(option.version).or_default();
        *sum = sum.checked_add(option.count).ok_or_else(|| too_large(option.sku))?;
        product.lots.push((option.version, option.count));
        product.rules.extend(&need.rules);
        product.rules.add("C.19");
        if option.version > need.version {
            product.rules.add("0.5");
        }
        product.at_least |= need.at_least;
        if need.is_by_machine {
            by_machine.push((option.version, option.sku, option.count));
        }
        // what is tied to the host serves it and nothing else
        let own = stock.entry(option.sku).or_default().entry(option.version).or_default();
        *own = own.saturating_add(option.count - option.open);
    }
    let sum = by_machine.iter().fold(0_u64, |sum, machine| sum.saturating_add(machine.2));
    let for_minimum = if problem.may_be_by_machine && sum > 0 { problem.minimum.saturating_sub(sum) } else { 0 };
    if let Some((version, sku, _)) = by_machine.iter().max().filter(|_| for_minimum > 0) {
        let product = products.entry(sku).or_default();
        *product.by_version.entry(*version).or_default() += for_minimum;
        product.lots.push((*version, for_minimum));
    }
    for (sku, version, count) in owned.after(&problem.supplies, &problem.classes, plan) {
        let sum = stock.entry(sku).or_default().entry(version).or_default();
        *sum = sum.saturating_add(count);
    }
    for (sku, product) in &mut products {
        if product.by_version.is_empty() {
            product.rules = Rules::of(&["C.11"]);
        }
        let mut owned = stock.remove(sku).unwrap_or_default();
        owned.retain(|_, count| *count > 0);
        book.add(sku, unit(sku), product, &owned)?;
    }
    Ok(for_minimum)
}

/// Tells hosts that take something else than the lines count.
fn explain(
    checked: &Checked<'_>,
    needs: &Needs<'_>,
    taken: &[(&HostNeed<'_>, Licence<'_>)],
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let licences: BTreeMap<&str, &Licence<'_>> = taken.iter().map(|(need, licence)| (need.id, licence)).collect();
    let mut by_machine: BTreeMap<u32, u64> = BTreeMap::new();
    for (need, licence) in taken {
        if let Some(group) = need.group.filter(|_| need.is_by_machine) {
            *by_machine.entry(group).or_default() += licence.count;
        }
    }
    let in_groups = needs.instead.iter().flat_map(|instead| instead.hosts.iter().chain(&instead.machines));
    let groups: BTreeMap<&str, u32> = in_groups.filter_map(|need| Some((need.id, need.group?))).collect();
    let to_run = |host: &&mut HostLicence| is_of(&host.chosen.sku, Product::WindowsServer);
    for host in draft.hosts.iter_mut().filter(to_run) {
        let Some(licence) = licences.get(host.id.as_str()) else {
            let Some(group) = groups.get(host.id.as_str()) else { continue };
            host.facts.push(match by_machine.get(group) {
                Some(count) => format!(
                    "given what is owned it costs least if each machine is licensed by itself, {count} cores for all of \
                     them (C.14, C.19, E.29)"
                ),
                None => "given what is owned it costs least if its host is licensed instead (C.19, E.29)".into(),
            });
            continue;
        };
        if host.chosen.sku == licence.sku && host.version == licence.version {
            continue;
        }
        let newer = if licence.version > host.version {
            format!(" of {} or later, which may run {} (0.5)", licence.version, host.version)
        } else {
            String::new()
        };
        host.facts.push(format!(
            "given what is owned it costs least if it takes {} licences `{}`{newer} (C.19, E.29)",
            licence.count, licence.sku
        ));
        host.with_owned = Some(HostOption {
            sku: licence.sku.into(),
            unit: unit(licence.sku).into(),
            count: licence.count,
            cost_minor: UnitPrice::of(checked.estate, licence.sku)
                .map(|price| price.cost(licence.count))
                .transpose()?,
        });
    }
    Ok(())
}
