//! Client access licences: from accesses to the people and devices that need one, of which version, and why.
//!
//! `windows` is the base CAL, `additive` the families beside it; both are counted alike, from a `Basis` of their own. Only
//! `purchase` knows what is owned.

mod additive;
mod administrators;
mod assured;
mod basis;
mod bought;
mod connectors;
mod counted;
mod coverage;
mod demand;
mod family;
mod gifts;
mod heads;
mod holders;
mod intervals;
mod licence_server;
mod management;
mod mix;
mod modes;
mod pool;
mod purchase;
mod readings;
mod servers;
mod suite_offer;
mod suites;
mod windows;

pub(crate) use counted::{Counted, Kept};
pub(crate) use coverage::coverages;
pub(crate) use demand::{Demand, cause, raise};
pub(crate) use family::Family;
pub(crate) use servers::Need;

pub(crate) use purchase::Purchase;
use servers::ServerNeeds;

use std::collections::BTreeSet;

use crate::{checked::Checked, draft::Draft, estate::EstateError, prices::UnitPrice};
use basis::Held;
use connectors::{Connectors, Terms, chosen};
use gifts::Grounds;
pub(crate) use mix::{Weights, held as by_version};
use suites::Suites;
pub(crate) use windows::WindowsCals;

/// Who is served otherwise: by suites and plans, and by connectors.
struct Served<'a> {
    suites: Suites<'a>,
    base: (Held, Connectors),
    /// In the order of the families used.
    others: Vec<(Held, Connectors)>,
}

/// All CALs: lines and warnings go into the draft, what the base CAL comes to is returned.
pub(crate) fn cals(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<WindowsCals, EstateError> {
    let used = additive::used(checked, draft);
    let base = windows::Ground::of(checked, &mut draft.warnings);
    let others: Vec<_> = used.into_iter().map(|used| additive::Ground::of(checked, used)).collect();
    let mut suites = Suites::of(checked, draft);
    if suites.has_free() {
        draft.given_suites = gifts::give(Grounds { base: &base, others: &others }, &mut suites)?;
    }
    suites.write(draft)?;
    let of_base = suites.held(checked, &base.family, false);
    let of_others: Vec<Held> = others.iter().map(|other| suites.held(checked, &other.used.family, false)).collect();
    let (base_connectors, connectors) = connectors(&base, &others, &of_base, &of_others)?;
    let others_served = of_others.into_iter().zip(connectors).collect();
    let served = Served { suites, base: (of_base, base_connectors), others: others_served };

    let windows = windows::windows_cals(&base, &served.base.0, &served.base.1, draft)?;
    assured::of_machines(&base, &served.base.0, draft)?;
    for (other, (held, connectors)) in others.iter().zip(&served.others) {
        additive::additive_cals(other, held, connectors, draft)?;
    }
    pool::pools(&base, &others, &served, draft)?;
    readings::readings(&base, &others, &served, draft)?;
    draft.suites = suite_offer::offer(checked, || {
        let (held, connectors) = &served.base;
        let of_base = Demand::of(&base.basis(&checked.estate.policy, held, &connectors.connected));
        let mut demands = vec![(base.family.name.to_owned(), of_base)];
        for (other, (held, connectors)) in others.iter().zip(&served.others) {
            demands.push((other.used.family.name.to_owned(), Demand::of(&other.basis(held, &connectors.connected))));
        }
        demands
    })?;
    Ok(windows)
}

/// External Connectors of the base CAL and of the others. A machine with one of another family needs the base one as well
/// (E.25), so the price of both decides there, unless the base one pays by itself.
fn connectors(
    base: &windows::Ground<'_>,
    others: &[additive::Ground<'_>],
    held: &Held,
    held_of_others: &[Held],
) -> Result<(Connectors, Vec<Connectors>), EstateError> {
    let estate = base.checked.estate;
    let basis = base.basis(&estate.policy, held, &[]);
    let alone = BTreeSet::new();
    let first = chosen(&basis, &Terms { family: &base.family, settled: &alone, beside: None })?;
    let with_base: BTreeSet<u32> = first.hosts.keys().copied().collect();
    let price = base.family.connector().and_then(|sku| UnitPrice::of(estate, sku));
    let mut of_others = Vec::new();
    let mut settled = BTreeSet::new();
    for (other, held) in others.iter().zip(held_of_others) {
        let found = match price {
            Some(price) if other.used.family.connector().is_some() => {
                let beside = Some((price, &with_base));
                chosen(&other.basis(held, &[]), &Terms { family: &other.used.family, settled: &alone, beside })?
            }
            _ => Connectors::none(),
        };
        settled.extend(found.hosts.keys().copied());
        of_others.push(found);
    }
    if settled.is_subset(&with_base) {
        return Ok((first, of_others));
    }
    let again = chosen(&basis, &Terms { family: &base.family, settled: &settled, beside: None })?;
    Ok((again, of_others))
}
