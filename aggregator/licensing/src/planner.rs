//! Planning: an estate as it could be, where its recommendations tip over, and which kind of CAL suits it.
//!
//! Everything here asks [`crate::assess`] or the optimiser; no rule of the contracts is decided here.

mod break_even;
mod change;
mod curve;
mod decide;
mod evidence;
mod parts;

pub use break_even::{HostBreakEven, datacenter_from_machines, host_break_evens};
pub use change::{Change, ChangeError, Switch, changed};
pub use curve::{Corner, Curve, Ratio, curve};
pub use decide::{AnswerError, Answers, Counted, Have, Kind, Recommendation, Recommended, recommend};
pub use evidence::{Evidence, evidence};
