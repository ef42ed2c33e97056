//! The cheapest mix of User CALs, Device CALs and External Connectors (E.22 to E.27).
//!
//! An access of an external user is covered by its user, by its device, or by the connector of the candidate it reaches.
//! NP-hard in general; with the connectors settled it is one minimum cut, so only those are searched. Knows users, devices
//! and candidates as numbers only; the price of a candidate is that of all connectors its farm needs (E.24).

mod branch;
mod core;
mod packing;
mod reduce;
mod reroute;
#[cfg(test)]
mod tests;
mod verify;

use super::{Prices, cheapest_cover, flow::GREATEST_TOTAL, gcd, graph::Graph, problem::ProblemError};
use core::Core;
use packing::NOBODY;
use reduce::Reduced;

/// No side's prices add up to more.
const LIMIT: u64 = GREATEST_TOTAL / 4;
/// A proof longer than this is left out but for its first branch.
const LONGEST_PROOF: usize = 1 << 24;

/// An access that a connector may serve; an end may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExternalAccess {
    /// Number of the user.
    pub user: Option<u32>,
    /// Number of the device.
    pub device: Option<u32>,
    /// Number of the candidate: a server, or all hosts of a farm.
    pub candidate: u32,
}

impl Ord for ExternalAccess {
    /// By candidate first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |access: &Self| (access.candidate, access.user, access.device);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for ExternalAccess {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What has to be covered, and what it costs.
#[derive(Debug, Clone, Copy)]
pub struct ConnectorProblem<'a> {
    /// Number of users.
    pub users: u32,
    /// Number of devices.
    pub devices: u32,
    /// Price of a licence per user.
    pub user_prices: Prices<'a>,
    /// Price of a licence per device.
    pub device_prices: Prices<'a>,
    /// Accesses (user, device) that no connector serves.
    pub pairs: &'a [(u32, u32)],
    /// Users that need a licence of their own.
    pub forced_users: &'a [u32],
    /// Devices that need a licence of their own.
    pub forced_devices: &'a [u32],
    /// Per candidate: what its connectors cost together.
    pub candidates: &'a [u64],
    /// Accesses that a connector may serve.
    pub externals: &'a [ExternalAccess],
}

/// A demand that every plan pays: its user, its device or its connector bears `amount`. Without a candidate it is that of
/// an ordinary pair, or of a vertex that is forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorDemand {
    /// Number of the user.
    pub user: Option<u32>,
    /// Number of the device.
    pub device: Option<u32>,
    /// Number of the candidate.
    pub candidate: Option<u32>,
    /// Share of the cost, in the unit of the prices.
    pub amount: u64,
}

/// The proof for all plans that settle some connectors in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Connectors with whether they are bought.
    pub settled: Vec<(u32, bool)>,
    /// Within every price, those of connectors that are not settled included; one that is refused bears any demand.
    pub demand: Vec<ConnectorDemand>,
}

/// The cheapest plan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorPlan {
    /// Per candidate: is its connector bought?
    pub connectors: Vec<bool>,
    /// Per user: does it need a licence?
    pub users: Vec<bool>,
    /// Per device: does it need a licence?
    pub devices: Vec<bool>,
    /// What all of them cost.
    pub cost: u128,
    /// No plan costs less.
    pub lower_bound: u128,
    /// Whether both are equal.
    pub proven: bool,
    /// Demand that all branches of the proof share.
    pub common: Vec<ConnectorDemand>,
    /// The proof: every choice of connectors falls into one of the branches. The least demand of a branch, with `common`
    /// and the connectors bought there, is the lower bound before rounding to the common divisor of all prices. A search
    /// of very many branches keeps only what it knew at the beginning, which shows less.
    pub proof: Vec<Branch>,
}

/// The cheapest mix of licences and connectors. Deterministic; gives up after a fixed amount of work and then says how far
/// from the best it may be. Of several cheapest mixes with the connectors found it is the one with the most users.
pub fn cheapest_with_connectors(problem: &ConnectorProblem<'_>) -> Result<ConnectorPlan, ProblemError> {
    solve(problem, branch::PATIENCE)
}

fn solve(problem: &ConnectorProblem<'_>, patience: u64) -> Result<ConnectorPlan, ProblemError> {
    let reduced = reduce::reduce(problem)?;
    let pairs = reduced.pairs.as_deref().unwrap_or(problem.pairs);
    let graph = Graph::new(problem.users, problem.devices, pairs)?;
    let base = cheapest_cover(&graph, problem.user_prices, problem.device_prices);
    let core = Core::new(problem, &reduced, &graph, base.demand);
    let outside: u64 = core.outside.iter().map(|demand| demand.amount).sum();
    let settled: u64 = reduced.settled.iter().map(|demand| demand.amount).sum();
    let elsewhere = u128::from(outside) + u128::from(settled);
    let found = branch::cheapest(&core, problem.candidates, common_divisor(problem), patience);

    let (users, devices) = cover(&reduced, &graph, &core, &found.bought);
    let mut connectors = found.bought;
    connectors.iter_mut().zip(&reduced.needed).for_each(|(one, &needed)| *one |= needed);
    let (common, proof) = prove(&reduced, &core, found.leaves);
    Ok(ConnectorPlan {
        connectors,
        users,
        devices,
        cost: elsewhere + u128::from(found.cost),
        lower_bound: elsewhere + u128::from(found.lower_bound),
        proven: found.cost == found.lower_bound,
        common,
        proof,
    })
}

fn common_divisor(problem: &ConnectorProblem<'_>) -> u64 {
    let of_licences = problem.device_prices.common_divisor(problem.user_prices.common_divisor(0));
    problem.candidates.iter().fold(of_licences, |so_far, &price| gcd(so_far, price)).max(1)
}

/// Who needs a licence when these connectors are bought. As in every minimum cut: users who still have something left of
/// their price need none, so their devices do, and whoever bears demand of such a device needs none either.
fn cover(reduced: &Reduced, graph: &Graph, core: &Core, bought: &[bool]) -> (Vec<bool>, Vec<bool>) {
    let split = graph.users();
    let packing = branch::with_all_settled(core, bought);
    let mut has_left = vec![true; split as usize];
    // Outside the core nobody gained anything: a user there has left what the demand outside leaves.
    core.spent_users(&packing).for_each(|user| has_left[user as usize] = false);
    let mut carried: Vec<(u32, u32)> = core.outside.iter().map(|demand| (demand.device, demand.user)).collect();
    let flows = core.accesses.arcs.iter().zip(&packing.flow).filter(|(_, flow)| **flow > 0);
    carried.extend(flows.map(|(arc, _)| (core.devices[arc.device as usize], core.users[arc.user as usize])));
    let (row, carriers) = packing::rows(graph.devices() as usize, &carried);

    let open = reduced.externals.iter().filter(|access| !bought[access.candidate as usize]);
    let mut more: Vec<(u32, u32)> = open.clone().filter_map(|access| Some((access.user?, access.device?))).collect();
    more.sort_unstable();
    let mut devices = reduced.devices.clone();
    let mut stack: Vec<u32> = (0..split).filter(|&user| has_left[user as usize]).collect();
    let mut let_off = has_left;
    let mut reach = |device: u32, let_off: &mut [bool], stack: &mut Vec<u32>| {
        if std::mem::replace(&mut devices[device as usize], true) {
            return;
        }
        for &user in &carriers[row[device as usize] as usize..row[device as usize + 1] as usize] {
            if user != NOBODY && !std::mem::replace(&mut let_off[user as usize], true) {
                stack.push(user);
            }
        }
    };
    for access in open.clone().filter(|access| access.user.is_none()) {
        access.device.into_iter().for_each(|device| reach(device, &mut let_off, &mut stack));
    }
    while let Some(user) = stack.pop() {
        graph.devices_of(user).for_each(|device| reach(device, &mut let_off, &mut stack));
        let start = more.partition_point(|pair| pair.0 < user);
        let others = more[start..].iter().take_while(|pair| pair.0 == user);
        others.for_each(|&(_, device)| reach(device, &mut let_off, &mut stack));
    }
    let mut needs = reduced.users.clone();
    (0..split).for_each(|user| needs[user as usize] |= graph.devices_of(user).next().is_some());
    open.filter_map(|access| access.user).for_each(|user| needs[user as usize] = true);
    let users = (0..).zip(needs).map(|(user, needs)| needs && (reduced.users[user] || !let_off[user])).collect();
    (users, devices)
}

/// The demand of the core at each leaf, and what they share.
fn prove(reduced: &Reduced, core: &Core, leaves: Vec<branch::Path>) -> (Vec<ConnectorDemand>, Vec<Branch>) {
    let of_pair = |user: u32, device: u32, amount: u64| {
        let known = reduced.dropped.binary_search_by_key(&(Some(user), Some(device)), |one| (one.user, one.device));
        let candidate = known.ok().map(|index| reduced.dropped[index].candidate);
        ConnectorDemand { user: Some(user), device: Some(device), candidate, amount }
    };
    let mut common = reduced.settled.clone();
    common.extend(core.outside.iter().map(|demand| of_pair(demand.user, demand.device, demand.amount)));
    let at = |path: branch::Path| {
        let packing = branch::packing_of(core, &path);
        let borne = core.accesses.arcs.iter().zip(packing.flow).filter(|(_, amount)| *amount > 0);
        let demand = borne.map(|(arc, amount)| {
            let (user, device) = (core.users[arc.user as usize], core.devices[arc.device as usize]);
            if arc.candidate == NOBODY {
                return of_pair(user, device, amount);
            }
            let known = |vertex: u32| (vertex != NOBODY).then_some(vertex);
            ConnectorDemand { user: known(user), device: known(device), candidate: Some(arc.candidate), amount }
        });
        Branch { settled: path, demand: demand.collect() }
    };
    let length = leaves.len().saturating_mul(core.accesses.arcs.len());
    let kept = if length <= LONGEST_PROOF { leaves } else { vec![Vec::new()] };
    (common, kept.into_iter().map(at).collect())
}
