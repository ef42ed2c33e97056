//! The cheapest mix of User and Device CALs (rule E.28), and the version each of them needs (rules E.4, E.5).

use super::demand::{Demand, Pair, raise};
use crate::{
    estate::EstateError,
    optimise::{self, Cover, Graph, Prices, cheapest_cover, with_most_users},
    owned::Quantities,
    version::VersionName,
};

/// What a User and a Device CAL weigh against each other, in any integer unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weights {
    pub user: u64,
    pub device: u64,
}

impl Weights {
    /// Of each person by rank, if somebody stands for several (0.8, E.16).
    pub fn of_people(self, demand: &Demand) -> Result<Option<Vec<u64>>, EstateError> {
        if demand.heads.is_empty() {
            return Ok(None);
        }
        let too_large = || EstateError::TooLarge("the people behind an account".into());
        let each = demand.heads.iter().map(|heads| heads.checked_mul(self.user).ok_or_else(too_large));
        each.collect::<Result<_, _>>().map(Some)
    }
}

/// Who holds a CAL, by rank, and the proof that no mix is cheaper.
pub(crate) struct Mix {
    /// The version of the User CAL each person holds.
    pub people: Vec<Option<VersionName>>,
    /// The version of the Device CAL each device holds.
    pub devices: Vec<Option<VersionName>>,
    /// Disjoint demand by ranks; with the forced ones it adds up to the cost.
    pub demand: Vec<optimise::Demand>,
    /// Total weight of all CALs.
    pub cost: u128,
    /// Total weight that no mix can go below.
    pub lower_bound: u128,
    /// Whether every pair is covered and both are equal.
    pub proven: bool,
}

impl Mix {
    /// Of all cheapest mixes the one with the most User CALs; there is exactly one, so neither the order of the estate
    /// nor the way the optimiser went shows in the answer. A User CAL moves with its person, which is why ties go to
    /// it. `graph` is that of [`open_pairs`].
    pub fn cheapest(demand: &Demand, graph: &Graph, weights: Weights) -> Result<Self, EstateError> {
        let each = weights.of_people(demand)?;
        let user_prices = each.as_deref().map_or(Prices::Same(weights.user), Prices::Each);
        let found = cheapest_cover(graph, user_prices, Prices::Same(weights.device));
        let (users, devices) = with_most_users(graph, &found.demand, user_prices);
        let weight = |users: &mut dyn Iterator<Item = usize>, devices: usize| {
            users.map(|user| u128::from(user_prices.of(user))).sum::<u128>()
                + devices as u128 * u128::from(weights.device)
        };
        let chosen = |side: &[bool]| side.iter().filter(|&&covered| covered).count();
        let cost = weight(&mut (0..users.len()).filter(|&user| users[user]), chosen(&devices));
        let cover = Cover { users, devices, cost, demand: found.demand };

        let Demand { forced_people, forced_devices, .. } = demand;
        let forced = weight(
            &mut (0..forced_people.len()).filter(|&user| forced_people[user].is_some()),
            forced_devices.iter().flatten().count(),
        );
        let demanded: u128 = cover.demand.iter().map(|demand| u128::from(demand.amount)).sum();
        let proven = cover.is_proven(graph);
        let (people, devices) = versions(demand, &cover.users, &cover.devices)?;
        let cost = cover.cost + forced;
        Ok(Self { people, devices, demand: cover.demand, cost, lower_bound: demanded + forced, proven })
    }

    /// Whether a CAL held at either end is new enough.
    pub fn covers(&self, person: Option<u32>, device: Option<u32>, cal: VersionName) -> bool {
        person.is_some_and(|rank| self.people[rank as usize] >= Some(cal))
            || device.is_some_and(|rank| self.devices[rank as usize] >= Some(cal))
    }
}

type Versions = Vec<Option<VersionName>>;

/// The pairs that leave a choice: neither end is forced to hold a CAL anyway.
pub(crate) fn open_pairs(demand: &Demand) -> Result<Graph, EstateError> {
    let Demand { forced_people, forced_devices, .. } = demand;
    let open =
        |pair: &&Pair| forced_people[pair.person as usize].is_none() && forced_devices[pair.device as usize].is_none();
    let pairs: Vec<_> = demand.pairs.iter().filter(open).map(|pair| (pair.person, pair.device)).collect();
    graph(forced_people.len(), forced_devices.len(), &pairs)
}

/// Number of CALs held, by version; `heads` as in the demand, empty for devices.
pub(crate) fn held(versions: &[Option<VersionName>], heads: &[u64]) -> Quantities {
    let mut counts = Quantities::new();
    for (rank, version) in versions.iter().enumerate() {
        if let Some(version) = version {
            let count = counts.entry(*version).or_default();
            *count = count.saturating_add(heads.get(rank).copied().unwrap_or(1));
        }
    }
    counts
}

/// E.4, E.5: the version of each CAL held, by those forced to and by those chosen for the open pairs. An access with one holder decides for that holder; where both ends hold a CAL
/// either may be the newer one, so the fewest that suffice are raised, the newest version first.
pub(crate) fn versions(
    demand: &Demand,
    users: &[bool],
    chosen_devices: &[bool],
) -> Result<(Versions, Versions), EstateError> {
    let mut people = demand.forced_people.clone();
    let mut devices = demand.forced_devices.clone();
    let either = |(forced, &chosen): (&Option<VersionName>, &bool)| chosen || forced.is_some();
    let has_user: Vec<bool> = people.iter().zip(users).map(either).collect();
    let has_device: Vec<bool> = devices.iter().zip(chosen_devices).map(either).collect();
    let mut open = Vec::new();
    for pair in &demand.pairs {
        match (has_user[pair.person as usize], has_device[pair.device as usize]) {
            (true, true) => open.push(*pair),
            (true, false) => raise(&mut people[pair.person as usize], pair.cal),
            (false, true) => raise(&mut devices[pair.device as usize], pair.cal),
            (false, false) => unreachable!("a cover leaves no pair open"),
        }
    }
    for cal in VersionName::ALL.into_iter().rev() {
        let undecided = |pair: &Pair| {
            pair.cal == cal && people[pair.person as usize] < Some(cal) && devices[pair.device as usize] < Some(cal)
        };
        let pairs: Vec<_> = open.iter().filter(|pair| undecided(pair)).map(|pair| (pair.person, pair.device)).collect();
        if pairs.is_empty() {
            continue;
        }
        let heads = if demand.heads.is_empty() { Prices::Same(1) } else { Prices::Each(&demand.heads) };
        let graph = graph(people.len(), devices.len(), &pairs)?;
        let found = cheapest_cover(&graph, heads, Prices::Same(1));
        // of several the one that is always the same, as in `Mix::cheapest`
        let (raised_users, raised_devices) = with_most_users(&graph, &found.demand, heads);
        let chosen = |held: &mut Versions, chosen: &[bool]| {
            held.iter_mut().zip(chosen).filter(|(_, chosen)| **chosen).for_each(|(held, _)| raise(held, cal));
        };
        chosen(&mut people, &raised_users);
        chosen(&mut devices, &raised_devices);
    }
    Ok((people, devices))
}

fn graph(people: usize, devices: usize, pairs: &[(u32, u32)]) -> Result<Graph, EstateError> {
    let too_large = |count: usize| EstateError::TooLarge(format!("{count} people or devices"));
    let people = u32::try_from(people).map_err(|_| too_large(people))?;
    let devices = u32::try_from(devices).map_err(|_| too_large(devices))?;
    Graph::new(people, devices, pairs).map_err(|error| EstateError::TooLarge(error.to_string()))
}
