//! Client access licences: from accesses to the people and devices that need one, of which version, and why.
//!
//! Knows nothing of what is owned. External connectors, RDS and AD RMS CALs and suites will be modules beside these.

mod administrators;
mod coverage;
mod demand;
mod mix;
mod servers;

pub(crate) use demand::Demand;
pub(crate) use mix::{Mix, Weights};
pub(crate) use servers::ServerNeeds;

pub(crate) use coverage::{coverages, interval_warnings};
