//! The cheapest purchase of CALs for one who owns some (E.29): another mix may make better use of them.
//!
//! What is owned that is new enough for every need counts as one level; with older ones beside it, each version needed is a
//! level of its own. Every mix found is set against what is owned by the rule.

use super::{
    demand::Demand,
    heads::Apart,
    mix::{Mix, Weights, held, open_pairs, versions},
};
use crate::{
    estate::EstateError,
    optimise::{Graph, Level, LevelNeeds, LevelTerms, cheapest_level_purchase, cheapest_purchase},
    owned::{Quantities, balance},
    version::VersionName,
};

/// CALs of a mix by version, and how good it is.
pub(crate) struct Purchase {
    pub users: Quantities,
    pub devices: Quantities,
    /// The version each person holds, by rank.
    pub people_hold: Vec<Option<VersionName>>,
    /// The version each device holds, by rank.
    pub devices_hold: Vec<Option<VersionName>>,
    /// Weight of what must be bought.
    pub cost: u128,
    /// No mix needs less to be bought.
    pub lower_bound: u128,
}

impl Purchase {
    /// `None` if nothing that is owned is of any use, or accounts stand for too many people. `graph` holds the pairs without a forced end; of equally cheap mixes
    /// `plain` is preferred.
    pub fn cheapest(
        demand: &Demand,
        graph: &Graph,
        plain: &Mix,
        weights: Weights,
        owned: [&Quantities; 2],
    ) -> Result<Option<Self>, EstateError> {
        let apart = if demand.heads.is_empty() {
            None
        } else if let Some(apart) = Apart::of(demand) {
            Some((open_pairs(&apart.demand)?, apart))
        } else {
            return Ok(None);
        };
        let (counted, graph) = apart.as_ref().map_or((demand, graph), |(graph, apart)| (&apart.demand, graph));
        let forced = counted.forced_people.iter().chain(&counted.forced_devices).flatten().copied();
        let needs = || counted.pairs.iter().map(|pair| pair.cal).chain(forced.clone());
        let (Some(oldest), Some(newest)) = (needs().min(), needs().max()) else { return Ok(None) };
        let usable = |from: VersionName| owned.map(|owned| owned.range(from..).map(|(_, &count)| count).sum::<u64>());
        if usable(oldest) == [0, 0] {
            return Ok(None);
        }
        let forced = [&counted.forced_people, &counted.forced_devices].map(|side| side.iter().flatten().count() as u64);
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
        let of = |people_hold: Versions, devices_hold: Versions, lower_bound: u128| {
            let [users, devices] = [held(&people_hold, &demand.heads), held(&devices_hold, &[])];
            let short = |needed: &Quantities, owned| balance(needed, owned).iter().map(|line| line.short).sum::<u64>();
            let cost = weighed([short(&users, owned[0]), short(&devices, owned[1])]);
            Self { users, devices, people_hold, devices_hold, cost, lower_bound }
        };

        let together = |people: Versions| match &apart {
            Some((_, apart)) => apart.together(&people),
            None => people,
        };
        let fits = [weights.user, weights.device].iter().all(|weight| (1..1 << 32).contains(weight));
        let found = if usable(oldest) == usable(newest) || !fits {
            let (lower_bound, [users, devices]) = buy(usable(oldest));
            let (people, devices) = versions(counted, &users, &devices)?;
            of(together(people), devices, lower_bound)
        } else {
            let (people, devices, lower_bound) = by_level(counted, weights, owned);
            of(together(people), devices, lower_bound)
        };
        let plain = of(plain.people.clone(), plain.devices.clone(), found.lower_bound);
        Ok(Some(if found.cost < plain.cost { found } else { plain }))
    }
}

type Versions = Vec<Option<VersionName>>;

/// Who holds which version where those owned serve some needs and not others, and the least weight of what must be bought.
fn by_level(demand: &Demand, weights: Weights, owned: [&Quantities; 2]) -> (Versions, Versions, u128) {
    let forced = demand.forced_people.iter().chain(&demand.forced_devices).flatten().copied();
    let mut needed: Vec<VersionName> = demand.pairs.iter().map(|pair| pair.cal).chain(forced).collect();
    needed.sort_unstable();
    needed.dedup();
    // a CAL is of the level of the newest need that it serves
    let level = |version: VersionName| needed.partition_point(|needed| *needed <= version) as Level;
    let pairs: Vec<_> = demand.pairs.iter().map(|pair| (pair.person, pair.device, level(pair.cal))).collect();
    let least = |forced: &Versions| -> Vec<Level> { forced.iter().map(|version| version.map_or(0, level)).collect() };
    let by_level = owned.map(|owned| {
        let mut counts = vec![0_u64; needed.len() + 1];
        for (&version, &count) in owned {
            let count_of = &mut counts[usize::from(level(version))];
            *count_of = count_of.saturating_add(count);
        }
        counts.split_off(1)
    });
    let found = cheapest_level_purchase(
        &LevelNeeds { pairs: &pairs, users: &least(&demand.forced_people), devices: &least(&demand.forced_devices) },
        &LevelTerms {
            user_price: weights.user,
            device_price: weights.device,
            owned_users: &by_level[0],
            owned_devices: &by_level[1],
        },
    );
    let versions = |levels: Vec<Level>| -> Versions {
        levels.into_iter().map(|level| level.checked_sub(1).map(|at| needed[usize::from(at)])).collect()
    };
    (versions(found.users), versions(found.devices), found.lower_bound)
}
