//! The cheapest mix of User and Device CALs: minimum-cost vertex cover of the bipartite graph of
//! observed (user, device) pairs, solved exactly by minimum cut, with a proof.
//!
//! Knows users and devices as numbers only; who they are, which accesses count and what a licence
//! costs is decided before. Rule E.28: each pair needs a licence on its user or on its device.

mod amount;
mod bundles;
mod certificate;
mod connectors;
mod editions;
pub mod flow;
mod graph;
mod in_order;
mod incremental;
mod inventory;
mod kernel;
mod levels;
mod modes;
mod peel;
mod pool;
mod problem;
mod search;
#[cfg(test)]
mod tests;
mod ties;
mod tracks;
mod verify;

pub use bundles::{
    BundleBound, BundlePlan, BundleProblem, Family, FamilyDemand, Holder, Holding, MOST_FAMILIES, MOST_OFFERS, Offer,
    cheapest_bundles,
};
pub use certificate::{
    CERTIFICATE_FORMAT, LEVEL_PURCHASE_CERTIFICATE_FORMAT, PURCHASE_CERTIFICATE_FORMAT, write_certificate,
    write_level_purchase_certificate, write_purchase_certificate,
};
pub use connectors::{
    Branch, ConnectorDemand, ConnectorPlan, ConnectorProblem, ExternalAccess, cheapest_with_connectors,
};
pub use editions::{
    Cluster, EditionPlan, EditionProblem, Kind, Needs, Supply, Taken, cheapest_editions, editions_as_taken,
};
pub use graph::{Graph, GraphError};
pub use incremental::{Applied, Change, StandingCover};
pub use inventory::{LowerBound, Purchase, cheapest_purchase, cheapest_purchase_timed};
pub use levels::{Level, LevelBound, LevelNeeds, LevelPurchase, LevelTerms, cheapest_level_purchase};
pub use modes::{HostAccess, HostDemand, Mode, ModePlan, ModeProblem, cheapest_modes};
pub use pool::{PoolBound, PoolBranch, PoolDemand, PoolPlan, PoolProblem, Stay, cheapest_pool, rolling_peak};
pub use problem::ProblemError;
pub use ties::with_most_users;
pub use tracks::{Span, Tracks, fewest_better};
pub use verify::{
    Verified, VerifiedLevels, VerifiedPurchase, VerifyError, verify_certificate, verify_level_certificate,
};

use amount::Amount;
use graph::Adjacency;
use peel::{Peel, Push};

/// What covering one vertex costs, in any integer unit (minor units of a currency, say).
#[derive(Debug, Clone, Copy)]
pub enum Prices<'a> {
    /// One price for every vertex of the side.
    Same(u64),
    /// A price per vertex, in the order of the graph's numbering.
    Each(&'a [u64]),
}

impl Prices<'_> {
    /// The price of vertex `index`.
    #[must_use]
    pub fn of(&self, index: usize) -> u64 {
        match self {
            Self::Same(price) => *price,
            Self::Each(prices) => prices[index],
        }
    }

    /// Greatest common divisor of all prices and `start`; 0 when all are 0.
    fn common_divisor(&self, start: u64) -> u64 {
        match self {
            Self::Same(price) => gcd(start, *price),
            Self::Each(prices) => prices.iter().fold(start, |so_far, &price| gcd(so_far, price)),
        }
    }

    fn divided(&self, unit: u64) -> Capacities<'_> {
        match self {
            Self::Same(price) => Capacities::Same(price / unit),
            Self::Each(prices) => Capacities::Each { prices, unit },
        }
    }

    fn check_length(&self, expected: u32) {
        if let Self::Each(prices) = self {
            assert_eq!(prices.len(), expected as usize, "one price per vertex");
        }
    }
}

/// A pair that alone accounts for `amount` of the cost. All demands together are disjoint: per user
/// and per device they stay within its price, so whatever cover is chosen pays at least their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Number of the user.
    pub user: u32,
    /// Number of the device.
    pub device: u32,
    /// Share of the cost, in the unit of the prices; never 0.
    pub amount: u64,
}

/// A cheapest cover and the demand that proves that none is cheaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// Per user: does it get a licence of its own?
    pub users: Vec<bool>,
    /// Per device: does it get a licence of its own?
    pub devices: Vec<bool>,
    /// Sum of the prices of all covered vertices, in the unit of the prices.
    pub cost: u128,
    /// The proof: its amounts add up to `cost`.
    pub demand: Vec<Demand>,
}

impl Cover {
    /// Number of covered users, that is of User CALs.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.users.iter().filter(|&&covered| covered).count()
    }

    /// Number of covered devices, that is of Device CALs.
    #[must_use]
    pub fn device_count(&self) -> usize {
        self.devices.iter().filter(|&&covered| covered).count()
    }

    /// Whether every pair of `graph` is covered and the demand adds up to the cost. Cheap enough to
    /// run after every solve; [`verify_certificate`] is the full check by somebody who trusts nobody.
    #[must_use]
    pub fn is_proven(&self, graph: &Graph) -> bool {
        let demanded: u128 = self.demand.iter().map(|demand| u128::from(demand.amount)).sum();
        let adjacency = graph.adjacency();
        let split = adjacency.split();
        let (user_names, device_names) = graph.names();
        let (users, devices) = (bare(user_names, &self.users), bare(device_names, &self.devices));
        let count = |bare: &[u64]| bare.iter().map(|word| word.count_ones()).sum::<u32>();
        // Pairs with a covered end on the one side need no look, so it is the side with fewer bare ends.
        let (some, first, others, other_first) =
            if count(&users) <= count(&devices) { (users, 0, devices, split) } else { (devices, split, users, 0) };
        let end = if first == 0 { split } else { adjacency.vertices() as u32 };
        let add = |count: u32, other: u32| {
            let place = other - other_first;
            count + (others[place as usize / 64] >> (place % 64) & 1) as u32
        };
        let mut uncovered = false;
        for (&word, from) in some.iter().zip((first..).step_by(64)).filter(|(word, _)| **word != 0) {
            adjacency.total_rows(from..end.min(from + 64), add, |vertex, before, behind| {
                uncovered |= before != behind && word >> (vertex - from) & 1 == 1;
            });
        }
        demanded == self.cost && !uncovered
    }
}

/// One bit per name, in their order: whether `covered` says no. Bits, so that those of a large graph stay in the cache.
fn bare(names: &[u32], covered: &[bool]) -> Vec<u64> {
    let word = |names: &[u32]| names.iter().rev().fold(0, |bits, &name| bits << 1 | u64::from(!covered[name as usize]));
    names.chunks(64).map(word).collect()
}

/// The cheapest cover of all pairs of `graph`. Exact and deterministic, one thread.
///
/// # Panics
/// When a list of prices is not as long as its side of the graph.
#[must_use]
pub fn cheapest_cover(graph: &Graph, user_prices: Prices<'_>, device_prices: Prices<'_>) -> Cover {
    cheapest_cover_timed(graph, user_prices, device_prices, &mut |_| ())
}

/// [`cheapest_cover`], telling `step` the name of each step when it is done, for whoever measures. Steps of the search come repeatedly.
///
/// # Panics
/// When a list of prices is not as long as its side of the graph.
#[must_use]
pub fn cheapest_cover_timed(
    graph: &Graph,
    user_prices: Prices<'_>,
    device_prices: Prices<'_>,
    step: &mut dyn FnMut(&'static str),
) -> Cover {
    user_prices.check_length(graph.users());
    device_prices.check_length(graph.devices());
    // Dividing by the common divisor keeps the flow small: 500 and 400 are solved as 5 and 4.
    let unit = device_prices.common_divisor(user_prices.common_divisor(0)).max(1);
    let (user_prices, device_prices) = (user_prices.divided(unit), device_prices.divided(unit));
    let greatest = user_prices.greatest().max(device_prices.greatest());
    if u8::try_from(greatest).is_ok() {
        solve::<u8>(graph, &user_prices, &device_prices, unit, step)
    } else if u32::try_from(greatest).is_ok() {
        solve::<u32>(graph, &user_prices, &device_prices, unit, step)
    } else {
        solve::<u64>(graph, &user_prices, &device_prices, unit, step)
    }
}

/// Solves in amounts of `unit`, by which the prices were divided.
fn solve<A: Amount>(
    graph: &Graph,
    users: &Capacities<'_>,
    devices: &Capacities<'_>,
    unit: u64,
    step: &mut dyn FnMut(&'static str),
) -> Cover {
    let adjacency = graph.adjacency();
    let split = adjacency.split();
    let capacity = |vertex: u32| {
        let side = if vertex < split { users } else { devices };
        A::of(side.of(|| graph.name(vertex)))
    };

    let mut log = Vec::with_capacity(adjacency.vertices());
    let start = in_order::start(adjacency, capacity, &mut log);
    step("in order");
    let (chosen, log) = match start {
        Some(start) if start.free.is_empty() => {
            ((0..adjacency.vertices() as u32).map(|vertex| (vertex < split) == start.users).collect(), log)
        }
        Some(start) => search::improve(adjacency, capacity, &start, log, step),
        None => peel_and_search(adjacency, capacity, log, step),
    };
    let named = |push: Push| {
        let (user, device) = (push.leaf.min(push.hub), push.leaf.max(push.hub));
        Demand { user: graph.name(user), device: graph.name(device), amount: push.amount * unit }
    };
    // In the memory of the log.
    let demand = log.into_iter().map(named).collect();
    step("demand");
    let mut cover = Cover {
        users: vec![false; graph.users() as usize],
        devices: vec![false; graph.devices() as usize],
        cost: 0,
        demand,
    };
    let (chosen_users, chosen_devices) = chosen.split_at(split as usize);
    let (user_names, device_names) = graph.names();
    for (&user, &chosen) in user_names.iter().zip(chosen_users) {
        cover.users[user as usize] = chosen;
    }
    for (&device, &chosen) in device_names.iter().zip(chosen_devices) {
        cover.devices[device as usize] = chosen;
    }
    cover.cost = users.cost(&cover.users, unit) + devices.cost(&cover.devices, unit);
    step("cover");
    cover
}

/// Who is chosen, and the demand that proves it; `log` gives its memory.
fn peel_and_search<A: Amount>(
    adjacency: &Adjacency,
    capacity: impl Fn(u32) -> A,
    mut log: Vec<Push>,
    step: &mut dyn FnMut(&'static str),
) -> (Vec<bool>, Vec<Push>) {
    log.clear();
    let mut peel = Peel::new(adjacency, capacity, log);
    step("nodes");
    peel.peel();
    step("peel");
    let peeled = peel.pushes();
    let mut chosen;
    if peel.alive_pairs() > adjacency.pairs() / 2 {
        // A kernel hardly smaller than the graph is not worth laying out.
        (chosen, log) = search::solve(peel, peeled, step);
    } else {
        let (nodes, residual, pushes, hubs) = peel.into_parts();
        let kernel::Kernel { graph: rest, capacity: left, vertices } = kernel::Kernel::of(adjacency, nodes, &residual);
        step("kernel");
        let bears = |vertex: u32| left[vertex as usize];
        let covered;
        let kernel = Peel::new(&rest, bears, pushes);
        step("kernel nodes");
        (covered, log) = search::solve(kernel, peeled, step);
        chosen = hubs;
        for (&vertex, &covered) in vertices.iter().zip(&covered) {
            chosen[vertex as usize] = covered;
        }
        for push in &mut log[peeled..] {
            (push.leaf, push.hub) = (vertices[push.leaf as usize], vertices[push.hub as usize]);
        }
    }
    // A peeled leaf has one neighbour left, whose fate was decided after it: walk backwards.
    for push in log[..peeled].iter().rev() {
        chosen[push.leaf as usize] = !chosen[push.hub as usize];
    }
    step("backwards");
    (chosen, log)
}

/// Prices divided by their unit, without dividing again at every use.
enum Capacities<'a> {
    Same(u64),
    Each { prices: &'a [u64], unit: u64 },
}

impl Capacities<'_> {
    /// `index` is asked for only if it matters.
    fn of(&self, index: impl Fn() -> u32) -> u64 {
        match self {
            Self::Same(price) => *price,
            Self::Each { prices, unit } => prices[index() as usize] / unit,
        }
    }

    fn greatest(&self) -> u64 {
        match self {
            Self::Same(price) => *price,
            Self::Each { prices, unit } => prices.iter().max().map_or(0, |price| price / unit),
        }
    }

    /// What the vertices marked in `covered` cost together, in the unit of the prices.
    fn cost(&self, covered: &[bool], unit: u64) -> u128 {
        match self {
            Self::Same(price) => {
                covered.iter().filter(|&&one| one).count() as u128 * u128::from(*price) * u128::from(unit)
            }
            Self::Each { prices, .. } => {
                let bought = covered.iter().zip(*prices).filter(|(one, _)| **one);
                bought.map(|(_, &price)| u128::from(price)).sum()
            }
        }
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
