//! The part of the graph that external accesses can change: everybody on a way from something a user has left, over an
//! external access, to something a device has left. All other demand is the same whatever connectors are bought.

use super::{
    super::{Demand, Prices, graph::Graph},
    ConnectorProblem, ExternalAccess,
    packing::{Accesses, Arc, Decision, NOBODY, Packing, rows},
    reduce::Reduced,
};

/// The part to search, with the demand found for ordinary accesses.
#[derive(Debug)]
pub(super) struct Core {
    pub accesses: Accesses,
    pub packing: Packing,
    /// Accesses of each candidate.
    pub of_candidate: Vec<Vec<u32>>,
    /// Number of each user of the core in the problem; [`NOBODY`] for the unknown one, which nothing covers.
    pub users: Vec<u32>,
    /// The same for devices.
    pub devices: Vec<u32>,
    /// Demand between all others.
    pub outside: Vec<Demand>,
    /// Users outside who bear their whole price.
    spent: Vec<u32>,
}

/// Demand by user and by device.
struct Flows {
    user_row: Vec<u32>,
    of_user: Vec<u32>,
    device_row: Vec<u32>,
    of_device: Vec<u32>,
}

impl Flows {
    fn new(graph: &Graph, demand: &[Demand]) -> Self {
        let by_user: Vec<(u32, u32)> = demand.iter().map(|demand| (demand.user, demand.device)).collect();
        let (user_row, of_user) = rows(graph.users() as usize, &by_user);
        let by_device: Vec<(u32, u32)> = demand.iter().map(|demand| (demand.device, demand.user)).collect();
        let (device_row, of_device) = rows(graph.devices() as usize, &by_device);
        Self { user_row, of_user, device_row, of_device }
    }

    fn of_user(&self, user: u32) -> &[u32] {
        &self.of_user[self.user_row[user as usize] as usize..self.user_row[user as usize + 1] as usize]
    }

    fn of_device(&self, device: u32) -> &[u32] {
        &self.of_device[self.device_row[device as usize] as usize..self.device_row[device as usize + 1] as usize]
    }
}

/// Marked vertices, users first, in the order they were marked.
struct Marked {
    is: Vec<bool>,
    list: Vec<u32>,
}

impl Marked {
    fn none(graph: &Graph) -> Self {
        Self { is: vec![false; (graph.users() + graph.devices()) as usize], list: Vec::new() }
    }

    fn mark(&mut self, vertex: u32) {
        if !std::mem::replace(&mut self.is[vertex as usize], true) {
            self.list.push(vertex);
        }
    }

    fn spread(&mut self, mut next: impl FnMut(u32, &mut Self)) {
        let mut at = 0;
        while let Some(&vertex) = self.list.get(at) {
            at += 1;
            next(vertex, self);
        }
    }
}

/// What each vertex of one side has left of its price.
fn left(prices: Prices<'_>, count: u32, borne: impl Iterator<Item = (u32, u64)>) -> Vec<u64> {
    let mut left: Vec<u64> = (0..count as usize).map(|vertex| prices.of(vertex)).collect();
    borne.for_each(|(vertex, amount)| left[vertex as usize] -= amount);
    left
}

impl Core {
    pub(super) fn new(
        problem: &ConnectorProblem<'_>,
        reduced: &Reduced,
        graph: &Graph,
        mut demand: Vec<Demand>,
    ) -> Self {
        let split = graph.users();
        let user_left = left(problem.user_prices, split, demand.iter().map(|one| (one.user, one.amount)));
        let device_left =
            left(problem.device_prices, graph.devices(), demand.iter().map(|one| (one.device, one.amount)));
        let flows = Flows::new(graph, &demand);
        let inside = relevant(graph, &flows, &reduced.externals, &user_left, &device_left);

        let (mut users, mut devices) = (Vec::new(), Vec::new());
        let mut number = vec![NOBODY; (graph.users() + graph.devices()) as usize];
        for (vertex, _) in (0..).zip(&inside).filter(|(_, inside)| **inside) {
            let side = if vertex < split { &mut users } else { &mut devices };
            number[vertex as usize] = side.len() as u32;
            side.push(if vertex < split { vertex } else { vertex - split });
        }
        // The last of each side stands for whoever is unknown.
        users.push(NOBODY);
        devices.push(NOBODY);
        let (nobody, nothing) = (users.len() as u32 - 1, devices.len() as u32 - 1);

        let mut arcs: Vec<Arc> = Vec::new();
        for (user, &vertex) in (0..).zip(&users[..nobody as usize]) {
            let known = graph.devices_of(vertex).map(|device| number[(split + device) as usize]);
            arcs.extend(known.filter(|&device| device != NOBODY).map(|device| Arc { user, device, candidate: NOBODY }));
        }
        let mut flow = vec![0; arcs.len()];
        let mut value = 0;
        demand.retain(|demand| {
            let (user, device) = (number[demand.user as usize], number[(split + demand.device) as usize]);
            let within = user != NOBODY && device != NOBODY;
            if within {
                let index = arcs.partition_point(|arc| (arc.user, arc.device) < (user, device));
                flow[index] += demand.amount;
                value += demand.amount;
            }
            !within
        });
        let mut of_candidate = vec![Vec::new(); problem.candidates.len()];
        for access in &reduced.externals {
            let user = access.user.map_or(nobody, |user| number[user as usize]);
            let device = access.device.map_or(nothing, |device| number[(split + device) as usize]);
            // Whoever was left out bears no more in any case.
            if user != NOBODY && device != NOBODY {
                of_candidate[access.candidate as usize].push(arcs.len() as u32);
                arcs.push(Arc { user, device, candidate: access.candidate });
            }
        }
        flow.resize(arcs.len(), 0);
        let of_core = |list: &[u32], left: &[u64]| -> Vec<u64> {
            list.iter().map(|&vertex| left.get(vertex as usize).copied().unwrap_or(u64::MAX)).collect()
        };
        let mut decision = vec![Decision::Open; problem.candidates.len()];
        for (decision, accesses) in decision.iter_mut().zip(&of_candidate) {
            // Without accesses that matter there is nothing to decide.
            if accesses.is_empty() {
                *decision = Decision::Refused;
            }
        }
        let packing = Packing {
            flow,
            user_left: of_core(&users, &user_left),
            device_left: of_core(&devices, &device_left),
            budget_left: problem.candidates.to_vec(),
            decision,
            value,
        };
        let accesses = Accesses::new(users.len(), devices.len(), arcs);
        let outside = (0..split).filter(|&user| number[user as usize] == NOBODY);
        let spent = outside.filter(|&user| user_left[user as usize] == 0).collect();
        Self { accesses, packing, of_candidate, users, devices, outside: demand, spent }
    }

    /// Users of the problem who bear their whole price when `packing` is that of the core.
    pub(super) fn spent_users(&self, packing: &Packing) -> impl Iterator<Item = u32> {
        let inside = self.users.iter().zip(&packing.user_left).filter(|(user, left)| **user != NOBODY && **left == 0);
        inside.map(|(user, _)| *user).chain(self.spent.iter().copied())
    }
}

/// Vertices on a way from left to left over an external access.
fn relevant(
    graph: &Graph,
    flows: &Flows,
    externals: &[ExternalAccess],
    user_left: &[u64],
    device_left: &[u64],
) -> Vec<bool> {
    let split = graph.users();
    let onward = |vertex: u32, marked: &mut Marked| {
        if vertex < split {
            graph.devices_of(vertex).for_each(|device| marked.mark(split + device));
        } else {
            flows.of_device(vertex - split).iter().for_each(|&user| marked.mark(user));
        }
    };
    let backward = |vertex: u32, marked: &mut Marked| {
        if vertex < split {
            flows.of_user(vertex).iter().for_each(|&device| marked.mark(split + device));
        } else {
            graph.users_of(vertex - split).for_each(|user| marked.mark(user));
        }
    };
    let (mut behind, mut before) = (Marked::none(graph), Marked::none(graph));
    for access in externals {
        access.device.into_iter().for_each(|device| behind.mark(split + device));
        access.user.into_iter().for_each(|user| before.mark(user));
    }
    behind.spread(onward);
    before.spread(backward);

    // Of those behind an external access, the ones from which something left or another external access is reached …
    let mut useful = Marked::none(graph);
    for &vertex in &behind.list {
        let has_left = vertex >= split && device_left[(vertex - split) as usize] > 0;
        if has_left || before.is[vertex as usize] {
            useful.mark(vertex);
        }
    }
    useful.spread(|vertex, useful| {
        let mut reaching = Marked { is: Vec::new(), list: Vec::new() };
        if vertex < split {
            reaching.list.extend(flows.of_user(vertex).iter().map(|&device| split + device));
        } else {
            reaching.list.extend(graph.users_of(vertex - split));
        }
        reaching.list.iter().filter(|&&one| behind.is[one as usize]).for_each(|&one| useful.mark(one));
    });
    // … and of those before one, the ones reached by something left or by another one.
    let mut fed = Marked::none(graph);
    for &vertex in &before.list {
        let has_left = vertex < split && user_left[vertex as usize] > 0;
        if has_left || behind.is[vertex as usize] {
            fed.mark(vertex);
        }
    }
    fed.spread(|vertex, fed| {
        let mut next = Marked { is: Vec::new(), list: Vec::new() };
        if vertex < split {
            next.list.extend(graph.devices_of(vertex).map(|device| split + device));
        } else {
            next.list.extend_from_slice(flows.of_device(vertex - split));
        }
        next.list.iter().filter(|&&one| before.is[one as usize]).for_each(|&one| fed.mark(one));
    });
    useful.is.iter().zip(&fed.is).map(|(useful, fed)| *useful || *fed).collect()
}
