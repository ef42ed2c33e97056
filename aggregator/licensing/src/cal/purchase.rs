//! The cheapest purchase of CALs for one who owns some (E.29): another mix may make better use of them.
//!
//! Exact where every CAL owned is new enough for all needs or too old for each (one level). In between, what is owned is
//! counted once as if it served everything, which bounds the cost from below, and once as if it served nothing, and
//! every mix found that way is set against what is owned by the rule.

use super::{
    demand::Demand,
    mix::{Mix, Weights, held, versions},
};
use crate::{
    estate::EstateError,
    optimise::{Graph, cheapest_purchase},
    owned::{Quantities, balance},
    version::VersionName,
};

/// CALs of a mix by version, and how good it is.
pub(crate) struct Purchase {
    pub users: Quantities,
    pub devices: Quantities,
    /// Weight of what must be bought.
    pub cost: u128,
    /// No mix needs less to be bought.
    pub lower_bound: u128,
}

impl Purchase {
    /// `None` if nothing that is owned is of any use. `graph` holds the pairs without a forced end; of equally cheap mixes
    /// `plain` is preferred.
    pub fn cheapest(
        demand: &Demand,
        graph: &Graph,
        plain: &Mix,
        weights: Weights,
        owned: [&Quantities; 2],
    ) -> Result<Option<Self>, EstateError> {
        let forced = demand.forced_people.iter().chain(&demand.forced_devices).flatten().copied();
        let needs = || demand.pairs.iter().map(|pair| pair.cal).chain(forced.clone());
        let (Some(oldest), Some(newest)) = (needs().min(), needs().max()) else { return Ok(None) };
        let usable = |from: VersionName| owned.map(|owned| owned.range(from..).map(|(_, &count)| count).sum::<u64>());
        if usable(oldest) == [0, 0] {
            return Ok(None);
        }
        let forced = [&demand.forced_people, &demand.forced_devices].map(|side| side.iter().flatten().count() as u64);
        let weighed = |[users, devices]: [u64; 2]| {
            u128::from(users) * u128::from(weights.user) + u128::from(devices) * u128::from(weights.device)
        };
        // the forced ones take what is owned first, the rest must be bought whatever the mix
        let buy = |owned: [u64; 2]| {
            let rest = [0, 1].map(|side| owned[side].saturating_sub(forced[side]));
            let missing = [0, 1].map(|side| forced[side].saturating_sub(owned[side]));
            let found = cheapest_purchase(graph, weights.user, weights.device, rest[0], rest[1]);
            (found.lower_bound + weighed(missing), [found.users, found.devices])
        };
        let of = |people: Vec<Option<VersionName>>, devices: Vec<Option<VersionName>>, lower_bound: u128| {
            let [users, devices] = [held(&people, &demand.heads), held(&devices, &[])];
            let short = |needed: &Quantities, owned| balance(needed, owned).iter().map(|line| line.short).sum::<u64>();
            let cost = weighed([short(&users, owned[0]), short(&devices, owned[1])]);
            Self { users, devices, cost, lower_bound }
        };

        let (lower_bound, mix) = buy(usable(oldest));
        let mut mixes = vec![mix];
        if usable(oldest) != usable(newest) {
            mixes.push(buy(usable(newest)).1);
        }
        let mut best = of(plain.people.clone(), plain.devices.clone(), lower_bound);
        for [users, devices] in mixes {
            if best.cost == lower_bound {
                break;
            }
            let (people, devices) = versions(demand, &users, &devices)?;
            let other = of(people, devices, lower_bound);
            if other.cost < best.cost {
                best = other;
            }
        }
        Ok(Some(best))
    }
}
