//! Which connectors to buy: branch and bound, the least bound first.
//!
//! At each node some connectors are settled. The demand packed around them is a bound. The users that can still be reached
//! name a plan, and the two differ by what open connectors bear where it does not help; the worst of them is settled next.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    core::Core,
    packing::{Decision, NOBODY, Packing, Search},
    reroute::reroute,
};

/// Settled connectors in the order of settling, with whether they are bought.
pub(super) type Path = Vec<(u32, bool)>;

/// What the search found.
#[derive(Debug)]
pub(super) struct Found {
    /// Cost of the plan, beyond the demand outside the core.
    pub cost: u64,
    /// Bound on every plan, likewise.
    pub lower_bound: u64,
    pub bought: Vec<bool>,
    /// Paths that together hold every plan, each bounded from below.
    pub leaves: Vec<Path>,
}

/// A settled part of the search whose bound is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    bound: u64,
    /// Later nodes first among equals: they are deeper.
    number: Reverse<u32>,
    path: Path,
    next: u32,
}

struct Tree<'a> {
    core: &'a Core,
    prices: &'a [u64],
    search: Search,
    best: Option<(u64, Vec<bool>)>,
}

/// Accesses looked at before the search gives up and states its bound.
pub(super) const PATIENCE: u64 = 3_000_000_000;

pub(super) fn cheapest(core: &Core, prices: &[u64], unit: u64, patience: u64) -> Found {
    let mut tree = Tree { core, prices, search: Search::default(), best: None };
    let root = tree.evaluate(&core.packing, &Vec::new());
    let mut open = BinaryHeap::new();
    let mut leaves: Vec<(u64, Path)> = Vec::new();
    let mut count = 0;
    let mut place =
        |open: &mut BinaryHeap<Reverse<Node>>, leaves: &mut Vec<(u64, Path)>, one: Evaluated, path: Path| {
            count += 1;
            match one.worst {
                Some(next) => open.push(Reverse(Node { bound: one.bound, number: Reverse(count), path, next })),
                None => leaves.push((one.bound, path)),
            }
        };
    place(&mut open, &mut leaves, root, Vec::new());
    // A plan costs a multiple of the unit, so a bound may be rounded up to one.
    let rounded = |bound: u64| bound.div_ceil(unit) * unit;
    while let Some(Reverse(node)) = open.pop() {
        let best = tree.best.as_ref().map_or(u64::MAX, |best| best.0);
        if rounded(node.bound) >= best || tree.search.work > patience {
            open.push(Reverse(node));
            break;
        }
        let mut parent = core.packing.clone();
        tree.settle(&mut parent, &node.path);
        for bought in [true, false] {
            let mut path = node.path.clone();
            path.push((node.next, bought));
            let one = tree.evaluate(&parent, &path[path.len() - 1..]);
            place(&mut open, &mut leaves, one, path);
        }
    }
    leaves.extend(open.into_iter().map(|Reverse(node)| (node.bound, node.path)));
    leaves.sort_unstable_by(|one, other| one.1.cmp(&other.1));
    let (cost, bought) = tree.best.unwrap_or_default();
    let lower_bound = leaves.iter().map(|leaf| rounded(leaf.0)).min().unwrap_or(0).min(cost);
    Found { cost, lower_bound, bought, leaves: leaves.into_iter().map(|leaf| leaf.1).collect() }
}

/// A bound, and the open connector that spoils the plan most; none when the plan meets the bound.
struct Evaluated {
    bound: u64,
    worst: Option<u32>,
}

impl Tree<'_> {
    fn settle(&mut self, packing: &mut Packing, path: &[(u32, bool)]) {
        for &(candidate, bought) in path {
            let decision = if bought { Decision::Bought } else { Decision::Refused };
            packing.decide(&self.core.accesses, &self.core.of_candidate[candidate as usize], candidate, decision);
        }
        packing.augment(&self.core.accesses, &mut self.search);
        reroute(packing, &self.core.accesses, &self.core.of_candidate, &mut self.search);
    }

    fn paid(&self, packing: &Packing) -> u64 {
        let bought = packing.decision.iter().zip(self.prices).filter(|(one, _)| **one == Decision::Bought);
        bought.map(|(_, price)| price).sum()
    }

    /// Settles `path` on top of `from`, and remembers the plan it leads to if it is the best so far.
    fn evaluate(&mut self, from: &Packing, path: &[(u32, bool)]) -> Evaluated {
        let mut packing = from.clone();
        self.settle(&mut packing, path);
        let bound = packing.value + self.paid(&packing);
        let reached = packing.reached(&self.core.accesses);
        // A connector is bought where an access leads from somebody reached to a device that is not.
        let mut bought: Vec<bool> = packing.decision.iter().map(|one| *one == Decision::Bought).collect();
        let mut helping = vec![0_u64; bought.len()];
        for (arc, &flow) in self.core.accesses.arcs.iter().zip(&packing.flow) {
            let candidate = arc.candidate as usize;
            if arc.candidate != NOBODY
                && packing.decision[candidate] == Decision::Open
                && reached.users[arc.user as usize]
                && !reached.devices[arc.device as usize]
            {
                bought[candidate] = true;
                helping[candidate] += flow;
            }
        }
        let mut worst = None;
        for (candidate, &helping) in (0..).zip(&helping) {
            if bought[candidate as usize] && packing.decision[candidate as usize] == Decision::Open {
                let wasted = self.prices[candidate as usize] - helping;
                if wasted > 0 && worst.is_none_or(|(most, _)| wasted > most) {
                    worst = Some((wasted, candidate));
                }
            }
        }
        // A way that uses a connector twice can be open and yet hold nothing; then the plan pays what lies at its end.
        let mut at_ends = packing.device_left.iter().zip(&reached.devices);
        if worst.is_none() && at_ends.any(|(left, reached)| *left > 0 && *reached) {
            let open = (0..).zip(&packing.decision).filter(|(_, one)| **one == Decision::Open);
            let left = open.map(|(candidate, _)| (packing.budget_left[candidate as usize], candidate));
            worst = left.filter(|(left, _)| *left > 0).min();
        }
        let cost = match worst {
            None => bound,
            Some(_) => self.cost_of(&packing, &bought),
        };
        if self.best.as_ref().is_none_or(|best| cost < best.0) {
            self.best = Some((cost, bought));
        }
        Evaluated { bound, worst: worst.map(|(_, candidate)| candidate) }
    }

    /// What the best plan with these connectors costs; exact.
    fn cost_of(&mut self, packing: &Packing, bought: &[bool]) -> u64 {
        let mut packing = packing.clone();
        let open = (0..).zip(bought).filter(|(candidate, _)| packing.decision[*candidate as usize] == Decision::Open);
        let path: Path = open.map(|(candidate, &bought)| (candidate, bought)).collect();
        self.settle(&mut packing, &path);
        packing.value + self.paid(&packing)
    }
}

/// The packing that bounds the plans of one leaf.
pub(super) fn packing_of(core: &Core, path: &Path) -> Packing {
    let mut tree = Tree { core, prices: &[], search: Search::default(), best: None };
    let mut packing = core.packing.clone();
    // In the same steps as in the search, so that the same flow is found.
    if let [before @ .., last] = path.as_slice() {
        tree.settle(&mut packing, before);
        tree.settle(&mut packing, &[*last]);
    } else {
        tree.settle(&mut packing, &[]);
    }
    packing
}

/// The maximum flow once every connector is settled.
pub(super) fn with_all_settled(core: &Core, bought: &[bool]) -> Packing {
    let mut packing = core.packing.clone();
    let mut tree = Tree { core, prices: &[], search: Search::default(), best: None };
    let path: Path = (0..).zip(bought.iter().copied()).collect();
    tree.settle(&mut packing, &path);
    packing
}
