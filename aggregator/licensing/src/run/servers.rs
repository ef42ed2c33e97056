//! Which edition each host takes, or licences for its machines, given what is owned (rules A.5, C.19, E.29): the cheapest
//! purchase beside the lines, which stay those of list prices.
//!
//! Newer versions run older ones under the rights of the licensed version (0.5), Datacenter what Standard may (A.5), core
//! licences with Software Assurance virtual machines (C.14), licences by processor become cores (C.25), and OEM licences
//! serve their own host only (C.24).

mod owned;
mod problem;
mod together;

use std::collections::BTreeMap;

use owned::Owned;
use problem::{Licence, Machines, Problem};

use super::{choice::HostNeed, count::unit, machine::Instead, management::Managed, needs::Needs, stock::is_of, suites};
use crate::{
    assessment::{HostLicence, HostOption},
    book::{Book, Needed, sort},
    catalogue::Product,
    checked::Checked,
    draft::{Draft, add},
    estate::EstateError,
    findings::Rules,
    optimise::{EditionPlan, cheapest_editions, editions_as_taken},
    owned::Quantities,
    position::{Line, Servers},
    prices::UnitPrice,
    version::VersionName,
};

/// What is needed of one product, as the lines count it.
#[derive(Debug, Clone, Copy)]
struct Side<'n, 'a> {
    product: Product,
    all: &'n [HostNeed<'a>],
    instead: &'n [Instead<'a>],
}

/// Places of hosts and machines by id, for choices among those alike; those without one go by name.
type Order<'a> = BTreeMap<&'a str, u32>;

/// Writes the cheapest choice into the draft, whose lines and hosts are complete.
pub(super) fn cheapest<'a>(
    checked: &Checked<'a>,
    windows: &Needs<'a>,
    managed: &Managed<'a>,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let windows_side = Side { product: Product::WindowsServer, all: &windows.all, instead: &windows.instead };
    let sides = [windows_side, Side { product: Product::SystemCenter, all: &managed.all, instead: &managed.instead }];
    if suites::are_owned(checked) && !managed.all.is_empty() {
        return together::cheapest(checked, sides, windows.in_azure, draft);
    }
    let mut all: Option<Servers> = None;
    for side in sides {
        let Some((of_side, taken)) = alone(checked, side, draft)? else { continue };
        if of_side.saving_minor > 0 {
            explain(checked, side, &taken, draft)?;
        }
        all = Some(match all {
            None => of_side,
            Some(before) => both(before, of_side)?,
        });
    }
    draft.servers = all;
    Ok(())
}

/// Whatever costs less than the bound of a problem is a choice that the problem does not have, so then its bound says nothing.
fn bound_of(bound: u64, cost: u64) -> u64 {
    if bound > cost { 0 } else { bound }
}

/// Two choices that do not touch each other.
fn both(mut one: Servers, mut two: Servers) -> Result<Servers, EstateError> {
    one.lines.append(&mut two.lines);
    one.shopping.append(&mut two.shopping);
    sort(&mut one.lines, &mut one.shopping);
    Ok(Servers {
        cost_minor: add(one.cost_minor, two.cost_minor)?,
        lower_bound_minor: add(one.lower_bound_minor, two.lower_bound_minor)?,
        proven: one.proven && two.proven,
        saving_minor: add(one.saving_minor, two.saving_minor)?,
        ..one
    })
}

/// The cheapest choice for one product; `None` if nothing owned serves, or if prices are missing.
fn alone<'n, 'a>(
    checked: &Checked<'a>,
    side: Side<'n, 'a>,
    draft: &Draft<'_>,
) -> Result<Option<(Servers, Machines<'n, 'a>)>, EstateError> {
    let mut owned = Owned::of(checked, side.product, true);
    if owned.is_empty() {
        return Ok(None);
    }
    if side.product == Product::WindowsServer {
        owned.tie(checked, side);
    }
    let Some(problem) = Problem::of(checked, side, &owned, &Order::new()).filter(Problem::is_served) else {
        return Ok(None);
    };
    let Some(plan) = cheapest_editions(&problem.as_editions(), &problem.plain) else { return Ok(None) };
    let mut taken = problem.taken(&plan.taken);
    let mut book = Book::of(checked);
    let mut for_minimum = write(&problem, &owned, &plan, &taken, &mut book)?;
    let Some(plain) = plain_cost(&book, draft)? else { return Ok(None) };
    let mut cost = cost_of(&book.lines)?;
    // C.14: what the minimum of all machines adds may make it dearer than the lines
    if cost > plain
        && let Some(kept) = editions_as_taken(&problem.as_editions(), &problem.plain)
    {
        taken = problem.taken(&kept.taken);
        book = Book::of(checked);
        for_minimum = write(&problem, &owned, &kept, &taken, &mut book)?.max(1);
        cost = cost_of(&book.lines)?;
    }
    if cost > plain {
        // the lines put together what is owned in a way that this plan does not know
        book.lines = draft.book.lines.iter().filter(|line| book.assessed.contains(&line.sku)).cloned().collect();
        book.shopping = draft.book.shopping.iter().filter(|item| book.assessed.contains(&item.sku)).cloned().collect();
        cost = plain;
    }
    let lower_bound = if plan.lower_bound == plan.cost && for_minimum == 0 {
        cost
    } else {
        bound_of(problem.minor(plan.lower_bound)?, cost)
    };
    let found = Servers {
        lines: book.lines,
        cost_minor: cost,
        lower_bound_minor: lower_bound,
        proven: lower_bound == cost,
        saving_minor: plain.saturating_sub(cost),
        shopping: book.shopping,
    };
    Ok(Some((found, taken)))
}

/// What the lines of these products cost; `None` if something short has no price.
fn plain_cost(book: &Book<'_>, draft: &Draft<'_>) -> Result<Option<u64>, EstateError> {
    let lines = || draft.book.lines.iter().filter(|line| book.assessed.contains(&line.sku));
    if lines().any(|line| line.short > 0 && line.currency.is_empty()) {
        return Ok(None);
    }
    lines().try_fold(0, |sum, line| add(sum, line.cost_minor)).map(Some)
}

fn cost_of(lines: &[Line]) -> Result<u64, EstateError> {
    lines.iter().try_fold(0, |sum, line| add(sum, line.cost_minor))
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
    let carries = by_machine.iter().max().filter(|_| for_minimum > 0);
    if let Some((version, sku, _)) = carries {
        let product = products.entry(sku).or_default();
        *product.by_version.entry(*version).or_default() += for_minimum;
        product.lots.push((*version, for_minimum));
    }
    let minimum = carries.map(|(_, sku, _)| (*sku, for_minimum));
    for (sku, version, count) in owned.after(&problem.supplies, &problem.classes, plan, minimum) {
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
    side: Side<'_, '_>,
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
    let in_groups = side.instead.iter().flat_map(|instead| instead.hosts.iter().chain(&instead.machines));
    let groups: BTreeMap<&str, u32> = in_groups.filter_map(|need| Some((need.id, need.group?))).collect();
    let of_product = |host: &&mut HostLicence| is_of(&host.chosen.sku, side.product);
    for host in draft.hosts.iter_mut().filter(of_product) {
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
