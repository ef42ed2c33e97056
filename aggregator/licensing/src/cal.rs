//! Client access licences: from accesses to the people and devices that need one, of which version, and why.
//!
//! `windows` is the base CAL, `additive` the families beside it; both are counted alike, from a `Basis` of their own. Only
//! `purchase` knows what is owned.

mod additive;
mod administrators;
mod basis;
mod connectors;
mod counted;
mod coverage;
mod demand;
mod family;
mod intervals;
mod mix;
mod purchase;
mod servers;
mod windows;

pub(crate) use coverage::coverages;

pub(crate) use purchase::Purchase;
pub(crate) use servers::ServerNeeds;

use std::collections::BTreeSet;

use crate::{checked::Checked, draft::Draft, estate::EstateError, prices::UnitPrice};
use basis::Held;
use connectors::{Connectors, Terms, chosen};
pub(crate) use windows::WindowsCals;

/// All CALs: lines and warnings go into the draft, what the base CAL comes to is returned.
pub(crate) fn cals(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<WindowsCals, EstateError> {
    let used = additive::used(checked, draft);
    let base = windows::Ground::of(checked, &mut draft.warnings);
    let others: Vec<_> = used.into_iter().map(|used| additive::Ground::of(checked, used)).collect();
    let nobody = Held::default();
    let (of_base, of_others) = connectors(&base, &others, &nobody)?;
    let windows = windows::windows_cals(&base, &nobody, &of_base, draft)?;
    for (other, connectors) in others.iter().zip(&of_others) {
        additive::additive_cals(other, &nobody, connectors, draft)?;
    }
    Ok(windows)
}

/// External Connectors of the base CAL and of the others. A machine with one of another family needs the base one as well
/// (E.25), so the price of both decides there, unless the base one pays by itself.
fn connectors(
    base: &windows::Ground<'_>,
    others: &[additive::Ground<'_>],
    nobody: &Held,
) -> Result<(Connectors, Vec<Connectors>), EstateError> {
    let estate = base.checked.estate;
    let basis = base.basis(&estate.policy, nobody, &[]);
    let alone = BTreeSet::new();
    let first = chosen(&basis, &Terms { family: &base.family, settled: &alone, beside: None })?;
    let with_base: BTreeSet<u32> = first.hosts.keys().copied().collect();
    let price = base.family.connector().and_then(|sku| UnitPrice::of(estate, sku));
    let mut of_others = Vec::new();
    let mut settled = BTreeSet::new();
    for other in others {
        let found = match price {
            Some(price) if other.used.family.connector().is_some() => {
                let beside = Some((price, &with_base));
                chosen(&other.basis(nobody, &[]), &Terms { family: &other.used.family, settled: &alone, beside })?
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
