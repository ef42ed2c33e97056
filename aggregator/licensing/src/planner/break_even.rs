//! At which price another edition becomes the cheaper one for a host, and from how many virtual machines on Datacenter is
//! (rule C.20).
//!
//! Knows prices and what an assessment says would do for a host; counts nothing itself.

use serde::{Deserialize, Serialize};

use crate::{
    assessment::{Assessment, HostOption},
    estate::{Estate, EstateError},
    prices::UnitPrice,
};

/// What would make another way of licensing a host the cheaper one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostBreakEven {
    /// As in the estate.
    pub host: String,
    /// What is recommended.
    pub chosen: HostOption,
    /// Another way.
    pub other: HostOption,
    /// The other way is cheaper as soon as `units` licences of it cost less than this, minor units.
    pub cheaper_below_minor: u64,
    /// How many licences its price is for.
    pub units: u32,
    /// What they cost now, minor units.
    pub now_minor: u64,
}

/// Of every host whose ways of licensing all have prices, by host.
pub fn host_break_evens(estate: &Estate, assessment: &Assessment) -> Result<Vec<HostBreakEven>, EstateError> {
    let mut found = Vec::new();
    for host in &assessment.hosts {
        for other in host.options.iter().filter(|option| option.sku != host.chosen.sku) {
            let prices = UnitPrice::of(estate, &host.chosen.sku).zip(UnitPrice::of(estate, &other.sku));
            let Some((chosen, price)) = prices else { continue };
            if other.count == 0 {
                continue;
            }
            let cheaper_below_minor = chosen.equal_pack(host.chosen.count, price, other.count)?;
            let (now_minor, units) = price.pack();
            found.push(HostBreakEven {
                host: host.id.clone(),
                chosen: host.chosen.clone(),
                other: other.clone(),
                cheaper_below_minor,
                units,
                now_minor,
            });
        }
    }
    Ok(found)
}

/// From how many virtual machines on Datacenter by core is cheaper than stacks of Standard by core (C.20): every full set
/// of Standard covers two, and both are priced by core, so the size of the host does not matter. `None` without prices.
#[must_use]
pub fn datacenter_from_machines(estate: &Estate) -> Option<u64> {
    let standard = UnitPrice::of(estate, "windows-server/standard/core")?;
    let datacenter = UnitPrice::of(estate, "windows-server/datacenter/core")?;
    // so many sets of Standard are not dearer than one of Datacenter, one more is
    let sets = datacenter.whole_times(standard)?;
    sets.checked_mul(2)?.checked_add(1)
}
