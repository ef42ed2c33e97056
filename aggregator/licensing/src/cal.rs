//! Client access licences: from accesses to the people and devices that need one, of which version, and why.
//!
//! `windows` is the base CAL, `additive` the families beside it; both are counted alike, from a `Basis` of their own. Only
//! `purchase` knows what is owned.

mod additive;
mod administrators;
mod basis;
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

use crate::{checked::Checked, draft::Draft, estate::EstateError};
use basis::Held;
pub(crate) use windows::WindowsCals;

/// All CALs: lines and warnings go into the draft, what the base CAL comes to is returned.
pub(crate) fn cals(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<WindowsCals, EstateError> {
    let used = additive::used(checked, draft);
    let nobody = Held::default();
    let windows = windows::windows_cals(checked, &nobody, draft)?;
    for used in &used {
        additive::additive_cals(checked, used, &nobody, draft)?;
    }
    Ok(windows)
}
