//! Maximum demand and minimum cut on the kernel: a greedy start, then shortest augmenting paths in
//! phases (Hopcroft and Karp, Dinic), later followed by a pass of unrestricted ones (Duff and
//! Wiberg) or, of single units, by a forest. The last failed search is the cut and thereby the cover (König).
//!
//! Pairs bear any demand; only vertices are limited. So no arc objects exist: going forward needs
//! the graph's rows, going back needs the demand lists of one side, held in `support`.

mod forest;
mod lost;
mod support;
#[cfg(test)]
mod tests;

use super::amount::Amount;
use super::graph::Adjacency;
use super::in_order::Start;
use super::peel::{Node, Peel, Push};
use lost::{LOST, LOST_SHARE};
use support::{END, Link, Supports, link_to};

/// Phases with shortest paths only; beyond, long paths are rather found out of order.
const PURE_PHASES: u32 = 2;

/// Solves exactly what `start` has not set aside; what it pushed since the log held `kept` stays part of the solution
/// unless the search moves it. Returns who is covered and the log with the solution behind the pushes kept.
pub(super) fn solve<A: Amount>(
    mut start: Peel<'_, A>,
    kept: usize,
    step: &mut dyn FnMut(&'static str),
) -> (Vec<bool>, Vec<Push>) {
    let alive = start.alive();
    start.finish_greedily();
    step("greedy");
    let graph = start.graph();
    let (nodes, residual, log, covered) = start.into_parts();
    let (mut free_degree, mut vertex) = ([0, 0], 0);
    let spot_of = |_: Node| {
        let is_alive = alive[vertex as usize / 64] >> (vertex % 64) & 1 == 1;
        if is_alive && !residual[vertex as usize].is_zero() {
            free_degree[usize::from(vertex >= graph.split())] += graph.neighbours(vertex).len();
        }
        vertex += 1;
        Spot { level: if is_alive { 0 } else { u32::MAX }, next: 0 }
    };
    // In the memory of the nodes.
    let spots: Vec<Spot> = nodes.into_iter().map(spot_of).collect();

    // Less work where the free vertices of the side searched from have fewer neighbours.
    let roots_are_users = free_degree[0] <= free_degree[1];
    step("spots");
    finish(graph, Left { spots, residual, covered }, roots_are_users, log, kept, step)
}

/// Solves the whole graph exactly, from the demand of `start`, which is in `log`. Returns the same.
pub(super) fn improve<A: Amount>(
    graph: &Adjacency,
    capacity: impl Fn(u32) -> A,
    start: &Start<A>,
    log: Vec<Push>,
    step: &mut dyn FnMut(&'static str),
) -> (Vec<bool>, Vec<Push>) {
    let first = graph.side(!start.users).start;
    let left_of = |vertex: u32| {
        let mut residual = A::default();
        if (vertex < graph.split()) != start.users {
            residual = capacity(vertex);
            residual -= start.borne[(vertex - first) as usize];
        }
        residual
    };
    let mut residual: Vec<A> = (0..graph.vertices() as u32).map(left_of).collect();
    for &(vertex, left) in &start.free {
        residual[vertex as usize] = left;
    }
    let spots = vec![Spot { level: 0, next: 0 }; graph.vertices()];
    step("spots");
    let left = Left { spots, residual, covered: vec![false; graph.vertices()] };
    finish(graph, left, start.users, log, 0, step)
}

/// What a start leaves to the search, by vertex.
struct Left<A> {
    spots: Vec<Spot>,
    /// What it can still bear.
    residual: Vec<A>,
    /// Whether it is in the cover, if it is peeled.
    covered: Vec<bool>,
}

/// The search from the start in `log` behind the first `kept`, with the roots on one side.
fn finish<A: Amount>(
    graph: &Adjacency,
    left: Left<A>,
    roots_are_users: bool,
    log: Vec<Push>,
    kept: usize,
    step: &mut dyn FnMut(&'static str),
) -> (Vec<bool>, Vec<Push>) {
    let Left { spots, residual, mut covered } = left;
    let units_only = log[kept..].iter().all(|push| push.amount == 1);
    let is_root = |vertex: u32| (vertex < graph.split()) == roots_are_users;
    let others = graph.side(!roots_are_users);
    let mut first = vec![END; others.len()];
    let supports = Supports::new(
        log,
        kept,
        |push| is_root(push.hub),
        |other, index| {
            let slot = &mut first[(other - others.start) as usize];
            let behind = *slot;
            *slot = link_to(index, behind);
            behind
        },
    );
    step("supports");
    let mut search = Search {
        graph,
        spots,
        residual,
        first,
        others_start: others.start,
        supports,
        base: 1,
        queue: Vec::new(),
        path: Vec::new(),
        units_only,
    };
    search.run(graph.side(roots_are_users), others, step);
    step("search");

    // König: roots that were not reached and others that were.
    for (vertex, (covered, spot)) in (0..).zip(covered.iter_mut().zip(&search.spots)) {
        *covered = if spot.is_peeled() { *covered } else { (spot.level >= search.base) != is_root(vertex) };
    }
    let log = search.supports.into_log();
    step("cut");
    (covered, log)
}

/// What the search knows of a vertex; takes the memory of its [`Node`] over.
#[derive(Debug, Clone, Copy)]
struct Spot {
    /// Depth plus `base` if this search reached it, something lower otherwise; beyond all if peeled or [`LOST`].
    level: u32,
    /// Where to go on in the row of a root-side vertex, or the list of supporters of others.
    next: u32,
}

impl Spot {
    fn is_peeled(self) -> bool {
        self.level == u32::MAX
    }
}

/// A root-side vertex on the current path and the vertex it leads to, once chosen.
#[derive(Clone, Copy)]
struct Step {
    root: u32,
    other: Option<u32>,
}

struct Search<'graph, A> {
    graph: &'graph Adjacency,
    spots: Vec<Spot>,
    /// What each vertex can still bear.
    residual: Vec<A>,
    /// Where the list of supporters of each of the others starts.
    first: Vec<Link>,
    /// The first vertex of the others.
    others_start: u32,
    supports: Supports,
    base: u32,
    queue: Vec<u32>,
    path: Vec<Step>,
    /// Whether all demand of the start is single units, as it is where all prices are equal.
    units_only: bool,
}

impl<A: Amount> Search<'_, A> {
    fn run(&mut self, roots: std::ops::Range<u32>, others: std::ops::Range<u32>, step: &mut dyn FnMut(&'static str)) {
        let mut free: Vec<u32> =
            roots.filter(|&root| self.is_free(root) && !self.spots[root as usize].is_peeled()).collect();
        let (mut work, mut bearable) = (0, self.spots.len() / LOST_SHARE);
        for phase in 1.. {
            if work > bearable {
                self.mark_lost(others.clone());
                step("lost");
                (work, bearable) = (0, 2 * bearable);
            }
            free.retain(|&root| self.is_free(root) && self.spots[root as usize].level != LOST);
            let Some(deepest) = self.measure(&free) else { return };
            for &root in &free {
                while self.is_free(root) && self.augment_from(root, Some(deepest)) {}
            }
            work += self.queue.len();
            // Supporters of the deepest others may already stand one level below them.
            self.renew(deepest + 1);
            if phase > PURE_PHASES {
                if self.units_only {
                    self.grow_forest(&free);
                    step("forest");
                } else {
                    self.search_deep(&free);
                    step("deep search");
                }
                self.renew(self.base);
            }
        }
    }

    /// Paths from every free root to whatever nobody has tried in vain, short or long.
    fn search_deep(&mut self, free: &[u32]) {
        for &root in free {
            self.enter_root(root, self.base);
            while self.is_free(root) && self.augment_from(root, None) {}
        }
    }

    /// Makes all levels up to `used` stale.
    fn renew(&mut self, used: u32) {
        self.base = used + 1;
        // A level is at most the number of kernel vertices (< 2^31) above its base.
        if self.base > u32::MAX / 2 {
            self.spots.iter_mut().filter(|spot| spot.level < LOST).for_each(|spot| spot.level = 0);
            self.base = 1;
        }
    }

    /// Whether the vertex can bear more demand.
    fn is_free(&self, vertex: u32) -> bool {
        !self.residual[vertex as usize].is_zero()
    }

    fn enter_root(&mut self, root: u32, level: u32) {
        self.spots[root as usize] = Spot { level, next: self.graph.row(root).0 };
    }

    fn enter_other(&mut self, other: u32, level: u32) {
        self.spots[other as usize] = Spot { level, next: *self.first(other) };
    }

    /// Where the list of supporters of one of the others starts.
    fn first(&mut self, other: u32) -> &mut Link {
        &mut self.first[(other - self.others_start) as usize]
    }

    /// Sets levels breadth first; the level at which free others appear, if any do.
    fn measure(&mut self, free: &[u32]) -> Option<u32> {
        let mut queue = std::mem::take(&mut self.queue);
        queue.clear();
        queue.extend_from_slice(free);
        for &root in free {
            self.enter_root(root, self.base);
        }
        let mut deepest = None;
        let mut head = 0;
        while head < queue.len() {
            let root = queue[head];
            head += 1;
            let level = self.spots[root as usize].level;
            if deepest.is_some_and(|deepest| level > deepest) {
                break;
            }
            let graph = self.graph;
            for &other in graph.neighbours(root) {
                if self.spots[other as usize].level >= self.base {
                    continue;
                }
                self.enter_other(other, level);
                if self.is_free(other) {
                    deepest = Some(level);
                } else if deepest.is_none() {
                    let mut link = *self.first(other);
                    while link != END {
                        let supporter = self.supports.root(link);
                        if self.spots[supporter as usize].level < self.base {
                            self.enter_root(supporter, level + 1);
                            queue.push(supporter);
                        }
                        link = self.supports.next(link);
                    }
                }
            }
        }
        self.queue = queue;
        deepest
    }

    /// Finds one path from `start` to a free vertex of the other side and pushes along it. With
    /// `deepest`, level by level as measured; without, to vertices not yet visited.
    fn augment_from(&mut self, start: u32, deepest: Option<u32>) -> bool {
        self.path.clear();
        self.path.push(Step { root: start, other: None });
        while let Some(&Step { root, other: tried }) = self.path.last() {
            if let Some(other) = self.choose(root, tried, deepest) {
                if let Some(last) = self.path.last_mut() {
                    last.other = Some(other);
                }
                if self.is_free(other) {
                    self.push_along_path(start, other);
                    if deepest.is_none() {
                        self.leave_path();
                    }
                    return true;
                }
                let supporter = self.supports.root(self.spots[other as usize].next);
                self.path.push(Step { root: supporter, other: None });
            } else {
                self.path.pop();
                if let Some(&Step { other: Some(other), .. }) = self.path.last() {
                    self.pass_supporter(other);
                }
            }
        }
        false
    }

    /// Lets the next searches of a pass use the path just found again, since all on it may bear more.
    fn leave_path(&mut self) {
        let stale = self.base - 1;
        for (place, step) in self.path.iter().enumerate() {
            if place > 0 {
                self.spots[step.root as usize].level = stale;
            }
            if let Some(other) = step.other {
                self.spots[other as usize].level = stale;
            }
        }
    }

    /// The next neighbour of `root` that is free or has a supporter to go on to.
    fn choose(&mut self, root: u32, tried: Option<u32>, deepest: Option<u32>) -> Option<u32> {
        let level = self.spots[root as usize].level;
        let end = self.graph.row(root).1;
        while self.spots[root as usize].next < end {
            let other = self.graph.at(self.spots[root as usize].next);
            if (tried == Some(other) || self.may_enter(other, level, deepest))
                && (self.is_free(other) || self.has_supporter(other, level, deepest))
            {
                return Some(other);
            }
            self.spots[root as usize].next += 1;
        }
        None
    }

    fn may_enter(&mut self, other: u32, level: u32, deepest: Option<u32>) -> bool {
        if deepest.is_some() {
            return self.spots[other as usize].level == level;
        }
        let fresh = self.spots[other as usize].level < self.base;
        if fresh {
            self.enter_other(other, self.base);
        }
        fresh
    }

    /// Moves `next` of `other` to a supporter worth visiting.
    fn has_supporter(&mut self, other: u32, level: u32, deepest: Option<u32>) -> bool {
        if deepest == Some(level) {
            return false;
        }
        while self.spots[other as usize].next != END {
            let supporter = self.supports.root(self.spots[other as usize].next);
            if deepest.is_some() {
                if self.spots[supporter as usize].level == level + 1 {
                    return true;
                }
            } else if self.spots[supporter as usize].level < self.base {
                self.enter_root(supporter, self.base);
                return true;
            }
            self.pass_supporter(other);
        }
        false
    }

    fn pass_supporter(&mut self, other: u32) {
        let next = &mut self.spots[other as usize].next;
        *next = self.supports.next(*next);
    }

    fn push_along_path(&mut self, start: u32, end: u32) {
        let (inner, last) = self.path.split_at(self.path.len() - 1);
        let back = || inner.iter().filter_map(|step| step.other.map(|other| (step.root, other)));
        let amount = back()
            .map(|(_, other)| self.supports.amount(self.spots[other as usize].next))
            .fold(self.residual[start as usize].min(self.residual[end as usize]), A::min);
        for (root, other) in back() {
            let first = &mut self.first[(other - self.others_start) as usize];
            let next = &mut self.spots[other as usize].next;
            (*first, *next) = self.supports.exchange(*first, other, *next, root, amount.into());
        }
        let first = &mut self.first[(end - self.others_start) as usize];
        *first = self.supports.add(*first, end, last[0].root, amount.into());
        self.residual[start as usize] -= amount;
        self.residual[end as usize] -= amount;
    }
}
