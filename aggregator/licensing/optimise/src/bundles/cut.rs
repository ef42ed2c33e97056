//! All families in one network: everybody's tree of offers, and between the leaves the accesses of each family. A user's
//! family is paid if its leaf belongs to the sink, a device's if it belongs to the source.

use super::{
    super::flow::{ArcId, Flow, Network, UNLIMITED},
    BundleProblem, FamilyDemand, Holder, LEFT_OUT, ProblemError,
    tree::{Node, tree},
};

/// What does not change with the weights: which families touch whom, and the accesses by family.
#[derive(Debug)]
pub(super) struct Layout {
    /// Families in which each user has an access or is forced; the same for devices.
    pub users: Vec<u32>,
    pub devices: Vec<u32>,
    /// Families in which each is forced.
    pub forced_users: Vec<u32>,
    pub forced_devices: Vec<u32>,
    /// Sorted, each once: (user, device, families).
    pub pairs: Vec<(u32, u32, u32)>,
}

/// Families that users and devices need for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    pub users: Vec<u32>,
    pub devices: Vec<u32>,
}

pub(super) struct LayoutCut {
    pub value: u64,
    pub needs: Needs,
    pub demand: Vec<FamilyDemand>,
}

impl Layout {
    pub(super) fn new(problem: &BundleProblem<'_>) -> Self {
        let none = |count: u32| vec![0_u32; count as usize];
        let (mut forced_users, mut forced_devices) = (none(problem.users), none(problem.devices));
        let mut pairs: Vec<(u32, u32, u32)> = Vec::new();
        for (number, family) in (0..).zip(problem.families) {
            let bit = 1_u32 << number;
            family.forced_users.iter().for_each(|&user| forced_users[user as usize] |= bit);
            family.forced_devices.iter().for_each(|&device| forced_devices[device as usize] |= bit);
            pairs.extend(family.pairs.iter().map(|&(user, device)| (user, device, bit)));
        }
        pairs.sort_unstable();
        pairs.dedup_by(|later, kept| {
            let same = (later.0, later.1) == (kept.0, kept.1);
            if same {
                kept.2 |= later.2;
            }
            same
        });
        let (mut users, mut devices) = (forced_users.clone(), forced_devices.clone());
        for &(user, device, families) in &pairs {
            users[user as usize] |= families;
            devices[device as usize] |= families;
        }
        Self { users, devices, forced_users, forced_devices, pairs }
    }

    /// The minimum cut at these weights.
    pub(super) fn cut(&self, problem: &BundleProblem<'_>, weights: &[u64]) -> Result<LayoutCut, ProblemError> {
        let mut network = Network::default();
        let users = leaves(&mut network, problem, weights, Holder::User, &self.users);
        let devices = leaves(&mut network, problem, weights, Holder::Device, &self.devices);
        for (leaves, forced) in users.iter().zip(&self.forced_users) {
            leaves.of(*forced).for_each(|(_, node)| network.add_drain(node, UNLIMITED));
        }
        for (leaves, forced) in devices.iter().zip(&self.forced_devices) {
            leaves.of(*forced).for_each(|(_, node)| network.add_supply(node, UNLIMITED));
        }
        let mut arcs: Vec<(FamilyDemand, ArcId)> = Vec::new();
        for &(user, device, families) in &self.pairs {
            let on = devices[device as usize].of(families);
            for ((family, from), (_, to)) in users[user as usize].of(families).zip(on) {
                let demand = FamilyDemand { family, user: Some(user), device: Some(device), amount: 0 };
                arcs.push((demand, network.add_arc(from, to, UNLIMITED)));
            }
        }
        let mut flow = Flow::new(&network)?;
        flow.augment();

        let sides = flow.cut().source_side;
        let paid = |leaves: &[Leaves], side: bool| {
            let of_one = |leaves: &Leaves| {
                leaves
                    .of(leaves.families)
                    .filter(|(_, node)| sides[*node as usize] == side)
                    .fold(0, |mask, (family, _)| mask | 1 << family)
            };
            leaves.iter().map(of_one).collect()
        };
        let needs = Needs { users: paid(&users, false), devices: paid(&devices, true) };
        let mut demand: Vec<FamilyDemand> =
            arcs.into_iter().map(|(demand, arc)| FamilyDemand { amount: flow.through(arc), ..demand }).collect();
        for (user, (leaves, forced)) in (0..).zip(users.iter().zip(&self.forced_users)) {
            demand.extend(leaves.of(*forced).map(|(family, node)| {
                let amount = UNLIMITED - flow.drain_left(node);
                FamilyDemand { family, user: Some(user), device: None, amount }
            }));
        }
        for (device, (leaves, forced)) in (0..).zip(devices.iter().zip(&self.forced_devices)) {
            demand.extend(leaves.of(*forced).map(|(family, node)| {
                let amount = UNLIMITED - flow.supply_left(node);
                FamilyDemand { family, user: None, device: Some(device), amount }
            }));
        }
        demand.retain(|demand| demand.amount > 0);
        Ok(LayoutCut { value: flow.value(), needs, demand })
    }
}

/// The leaves of one vertex: `first` and following, one for each of its families.
#[derive(Debug, Clone, Copy)]
struct Leaves {
    first: u32,
    families: u32,
}

impl Leaves {
    /// Families among `wanted` with their nodes, ascending.
    fn of(self, wanted: u32) -> impl Iterator<Item = (u32, u32)> {
        let all = (0..32).filter(move |family| self.families >> family & 1 == 1).zip(self.first..);
        all.filter(move |(family, _)| wanted >> family & 1 == 1)
    }
}

/// Adds the tree of each vertex of one side to the network.
fn leaves(
    network: &mut Network,
    problem: &BundleProblem<'_>,
    weights: &[u64],
    holder: Holder,
    vertices: &[u32],
) -> Vec<Leaves> {
    let offers: Vec<(u32, u64)> = problem
        .offers
        .iter()
        .zip(weights)
        .filter(|(offer, weight)| offer.holder == holder && offer.can_be_held() && **weight != LEFT_OUT)
        .map(|(offer, &weight)| (offer.families, weight))
        .collect();
    let mut trees: Vec<Option<Vec<Node>>> = vec![None; 1 << problem.families.len()];
    let mut placed = Vec::with_capacity(vertices.len());
    for &families in vertices {
        let nodes = trees[families as usize].get_or_insert_with(|| tree(families, &offers));
        let first = network.nodes();
        for _ in 0..nodes.len() {
            network.add_node();
        }
        for (node, place) in nodes.iter().zip(first..) {
            let weight = node.weight.unwrap_or(UNLIMITED);
            match (node.parent, holder) {
                (None, Holder::User) => network.add_supply(place, weight),
                (None, Holder::Device) => network.add_drain(place, weight),
                (Some(parent), Holder::User) => {
                    network.add_arc(first + parent as u32, place, weight);
                }
                (Some(parent), Holder::Device) => {
                    network.add_arc(place, first + parent as u32, weight);
                }
            }
        }
        placed.push(Leaves { first, families });
    }
    placed
}
