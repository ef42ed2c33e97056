//! The cheapest mix of User and Device CALs (rule E.28), and the version each of them needs (rules E.4, E.5).

use super::demand::{Demand, Pair, raise};
use crate::{
    estate::EstateError,
    optimise::{self, Cover, Graph, Prices, cheapest_cover},
    version::VersionName,
};

/// What a User and a Device CAL weigh against each other, in any integer unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weights {
    pub user: u64,
    pub device: u64,
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
    pub fn cheapest(demand: &Demand, weights: Weights) -> Result<Self, EstateError> {
        let (forced_people, forced_devices) = (&demand.forced_people, &demand.forced_devices);
        let open = |pair: &&Pair| {
            forced_people[pair.person as usize].is_none() && forced_devices[pair.device as usize].is_none()
        };
        let pairs: Vec<_> = demand.pairs.iter().filter(open).map(|pair| (pair.person, pair.device)).collect();
        let graph = graph(forced_people.len(), forced_devices.len(), &pairs)?;
        drop(pairs);
        let cheapest = cheapest_cover(&graph, Prices::Same(weights.user), Prices::Same(weights.device));
        let cover = with_most_users(&graph, cheapest, weights);

        let count = |forced: &[Option<VersionName>]| forced.iter().flatten().count() as u128;
        let forced =
            count(forced_people) * u128::from(weights.user) + count(forced_devices) * u128::from(weights.device);
        let demanded: u128 = cover.demand.iter().map(|demand| u128::from(demand.amount)).sum();
        let proven = cover.is_proven(&graph);

        let either = |(forced, &chosen): (&Option<VersionName>, &bool)| chosen || forced.is_some();
        let has_user_cal: Vec<bool> = forced_people.iter().zip(&cover.users).map(either).collect();
        let has_device_cal: Vec<bool> = forced_devices.iter().zip(&cover.devices).map(either).collect();
        let (people, devices) = versions(demand, &has_user_cal, &has_device_cal)?;
        let cost = cover.cost + forced;
        Ok(Self { people, devices, demand: cover.demand, cost, lower_bound: demanded + forced, proven })
    }

    /// Whether a CAL held at either end is new enough.
    pub fn covers(&self, person: Option<u32>, device: Option<u32>, cal: VersionName) -> bool {
        person.is_some_and(|rank| self.people[rank as usize] >= Some(cal))
            || device.is_some_and(|rank| self.devices[rank as usize] >= Some(cal))
    }
}

/// Of all cheapest covers the one with the most User CALs; there is exactly one, so neither the order of the estate nor
/// the way the optimiser went shows in the answer. A User CAL moves with its person, which is why ties go to it.
///
/// The demand of the proof is a maximum flow from users to devices. A user with weight left over need not pay, so all its
/// devices must; a device that pays lets off everybody whose demand it carries. Whoever is not let off pays.
fn with_most_users(graph: &Graph, cheapest: Cover, weights: Weights) -> Cover {
    let mut left = vec![weights.user; graph.users() as usize];
    let mut carried: Vec<(u32, u32)> = Vec::with_capacity(cheapest.demand.len());
    for demand in &cheapest.demand {
        left[demand.user as usize] -= demand.amount;
        carried.push((demand.device, demand.user));
    }
    carried.sort_unstable();

    let mut let_off: Vec<bool> = left.iter().map(|&left| left > 0).collect();
    let mut queue: Vec<u32> = (0..graph.users()).filter(|&user| let_off[user as usize]).collect();
    let mut devices = vec![false; graph.devices() as usize];
    while let Some(user) = queue.pop() {
        for device in graph.devices_of(user) {
            if std::mem::replace(&mut devices[device as usize], true) {
                continue;
            }
            let start = carried.partition_point(|&(other, _)| other < device);
            for &(_, other) in carried[start..].iter().take_while(|(other, _)| *other == device) {
                if !std::mem::replace(&mut let_off[other as usize], true) {
                    queue.push(other);
                }
            }
        }
    }
    let users: Vec<bool> = let_off.into_iter().map(|let_off| !let_off).collect();
    let count = |side: &[bool]| side.iter().filter(|&&covered| covered).count() as u128;
    let cost = count(&users) * u128::from(weights.user) + count(&devices) * u128::from(weights.device);
    Cover { users, devices, cost, demand: cheapest.demand }
}

type Versions = Vec<Option<VersionName>>;

/// E.4, E.5: the version of each CAL held. An access with one holder decides for that holder; where both ends hold a CAL
/// either may be the newer one, so the fewest that suffice are raised, the newest version first.
fn versions(demand: &Demand, has_user: &[bool], has_device: &[bool]) -> Result<(Versions, Versions), EstateError> {
    let mut people = demand.forced_people.clone();
    let mut devices = demand.forced_devices.clone();
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
        let cover = cheapest_cover(&graph(people.len(), devices.len(), &pairs)?, Prices::Same(1), Prices::Same(1));
        let chosen = |held: &mut Versions, chosen: &[bool]| {
            held.iter_mut().zip(chosen).filter(|(_, chosen)| **chosen).for_each(|(held, _)| raise(held, cal));
        };
        chosen(&mut people, &cover.users);
        chosen(&mut devices, &cover.devices);
    }
    Ok((people, devices))
}

fn graph(people: usize, devices: usize, pairs: &[(u32, u32)]) -> Result<Graph, EstateError> {
    let too_large = |count: usize| EstateError::TooLarge(format!("{count} people or devices"));
    let people = u32::try_from(people).map_err(|_| too_large(people))?;
    let devices = u32::try_from(devices).map_err(|_| too_large(devices))?;
    Graph::new(people, devices, pairs).map_err(|error| EstateError::TooLarge(error.to_string()))
}
