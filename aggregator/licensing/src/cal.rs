//! Client access licences: from accesses to the people and devices that need one, of which version, and why.
//!
//! Only `purchase` knows what is owned. External connectors, RDS and AD RMS CALs and suites will be modules beside these.

mod administrators;
mod coverage;
mod demand;
mod mix;
mod purchase;
mod servers;
mod windows;

pub(crate) use demand::Demand;
pub(crate) use mix::{Mix, Weights, held, open_pairs};
pub(crate) use purchase::Purchase;
pub(crate) use servers::ServerNeeds;
pub(crate) use windows::windows_cals;

pub(crate) use coverage::{coverages, interval_warnings};
