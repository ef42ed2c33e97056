//! Maximum demand and minimum cut on the kernel: a greedy start, then shortest augmenting paths in
//! phases (Hopcroft and Karp, Dinic), later followed by a pass of unrestricted ones (Duff and
//! Wiberg). The last failed search is the cut and thereby the cover (König).
//!
//! Pairs bear any demand; only vertices are limited. So no arc objects exist: going forward needs
//! the graph's rows, going back needs the demand lists of one side, held in `support`.

mod support;

use super::amount::Amount;
use super::graph::Adjacency;
use super::peel::{Node, PEELED, Peel, Push};
use support::Supports;

/// Phases with shortest paths only; beyond, long paths are rather found out of order.
const PURE_PHASES: u32 = 2;

/// Solves exactly what `start` has not set aside; `capacity` is what its vertices could bear at first, and
/// what it pushed since the log held `kept` stays part of the solution unless the search moves it.
/// Returns who is covered and the log with the solution behind the pushes kept.
pub(super) fn solve<A: Amount>(
    mut start: Peel<'_, A>,
    kept: usize,
    capacity: impl Fn(u32) -> A,
    step: &mut dyn FnMut(&'static str),
) -> (Vec<bool>, Vec<Push>) {
    start.finish_greedily();
    step("greedy");
    let graph = start.graph();
    let (nodes, mut log, mut covered) = start.into_parts();
    let spots: Vec<Spot<A>> = nodes.into_iter().map(Spot::of).collect();

    let roots_are_users = free_degree(graph, &spots, true) <= free_degree(graph, &spots, false);
    let mut supports = Supports::new(graph, !roots_are_users, |vertex| {
        if spots[vertex as usize].is_peeled() { A::default() } else { capacity(vertex) }
    });
    for push in log.drain(kept..) {
        let root_first = (push.leaf < graph.split()) == roots_are_users;
        let (root, other) = if root_first { (push.leaf, push.hub) } else { (push.hub, push.leaf) };
        supports.add(other, root, A::of(push.amount));
    }
    step("supports");
    let mut search = Search { graph, spots, supports, base: 1, queue: Vec::new(), path: Vec::new() };
    search.run(side(graph, roots_are_users));
    step("search");

    // König: roots that were not reached and others that were.
    for (vertex, (covered, spot)) in (0..).zip(covered.iter_mut().zip(&search.spots)) {
        let is_root = (vertex < graph.split()) == roots_are_users;
        *covered = if spot.is_peeled() { *covered } else { (spot.level >= search.base) != is_root };
    }
    search.supports.push_all(&mut log);
    step("cut");
    (covered, log)
}

/// What the search knows of a vertex; takes the memory of its [`Node`] over.
#[derive(Debug, Clone, Copy)]
struct Spot<A> {
    /// Where its row starts.
    start: u32,
    /// Depth plus `base` if this search reached it, something lower otherwise; beyond all if peeled.
    level: u32,
    /// Where to go on: position in the row of a root-side vertex, place in the support of others.
    next: u32,
    residual: A,
}

impl<A: Amount> Spot<A> {
    fn of(node: Node<A>) -> Self {
        let level = if node.start == PEELED { u32::MAX } else { 0 };
        Self { start: node.start, level, next: 0, residual: node.residual }
    }

    fn is_peeled(&self) -> bool {
        self.level == u32::MAX
    }
}

fn side(graph: &Adjacency, users: bool) -> std::ops::Range<u32> {
    if users { 0..graph.split() } else { graph.split()..graph.vertices() as u32 }
}

/// Work of a search that starts at the free vertices of a side.
fn free_degree<A: Amount>(graph: &Adjacency, spots: &[Spot<A>], users: bool) -> usize {
    side(graph, users)
        .filter(|&vertex| !spots[vertex as usize].residual.is_zero() && !spots[vertex as usize].is_peeled())
        .map(|vertex| graph.neighbours(vertex).len())
        .sum()
}

/// A root-side vertex on the current path and the vertex it leads to, once chosen.
#[derive(Clone, Copy)]
struct Step {
    root: u32,
    other: Option<u32>,
}

struct Search<'graph, A> {
    graph: &'graph Adjacency,
    spots: Vec<Spot<A>>,
    supports: Supports<A>,
    base: u32,
    queue: Vec<u32>,
    path: Vec<Step>,
}

impl<A: Amount> Search<'_, A> {
    fn run(&mut self, roots: std::ops::Range<u32>) {
        let mut free: Vec<u32> = roots.filter(|&root| !self.spots[root as usize].is_peeled()).collect();
        for phase in 1.. {
            free.retain(|&root| self.is_free(root));
            let Some(deepest) = self.measure(&free) else { return };
            for &root in &free {
                while self.is_free(root) && self.augment_from(root, Some(deepest)) {}
            }
            // Supporters of the deepest others may already stand one level below them.
            self.renew(deepest + 1);
            if phase > PURE_PHASES {
                for &root in &free {
                    self.enter_root(root, self.base);
                    while self.is_free(root) && self.augment_from(root, None) {}
                }
                self.renew(self.base);
            }
        }
    }

    /// Makes all levels up to `used` stale.
    fn renew(&mut self, used: u32) {
        self.base = used + 1;
        // A level is at most the number of kernel vertices (< 2^31) above its base.
        if self.base > u32::MAX / 2 {
            self.spots.iter_mut().filter(|spot| !spot.is_peeled()).for_each(|spot| spot.level = 0);
            self.base = 1;
        }
    }

    /// Whether the vertex can bear more demand.
    fn is_free(&self, vertex: u32) -> bool {
        !self.spots[vertex as usize].residual.is_zero()
    }

    fn enter_root(&mut self, root: u32, level: u32) {
        let spot = &mut self.spots[root as usize];
        (spot.level, spot.next) = (level, spot.start);
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
                self.spots[other as usize].level = level;
                self.spots[other as usize].next = 0;
                if self.is_free(other) {
                    deepest = Some(level);
                } else if deepest.is_none() {
                    for place in 0..self.supports.len(other) {
                        let supporter = self.supports.root(other, place);
                        if self.spots[supporter as usize].level < self.base {
                            self.enter_root(supporter, level + 1);
                            queue.push(supporter);
                        }
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
                    return true;
                }
                let supporter = self.supports.root(other, self.spots[other as usize].next);
                self.path.push(Step { root: supporter, other: None });
            } else {
                self.path.pop();
                if let Some(Step { other: Some(other), .. }) = self.path.last() {
                    self.spots[*other as usize].next += 1;
                }
            }
        }
        false
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
            self.spots[other as usize].level = self.base;
            self.spots[other as usize].next = 0;
        }
        fresh
    }

    /// Moves `next` of `other` to a supporter worth visiting.
    fn has_supporter(&mut self, other: u32, level: u32, deepest: Option<u32>) -> bool {
        if deepest == Some(level) {
            return false;
        }
        while self.spots[other as usize].next < self.supports.len(other) {
            let supporter = self.supports.root(other, self.spots[other as usize].next);
            if deepest.is_some() {
                if self.spots[supporter as usize].level == level + 1 {
                    return true;
                }
            } else if self.spots[supporter as usize].level < self.base {
                self.enter_root(supporter, self.base);
                return true;
            }
            self.spots[other as usize].next += 1;
        }
        false
    }

    fn push_along_path(&mut self, start: u32, end: u32) {
        let (inner, last) = self.path.split_at(self.path.len() - 1);
        let back = || inner.iter().filter_map(|step| step.other.map(|other| (step.root, other)));
        let amount = back()
            .map(|(_, other)| self.supports.amount(other, self.spots[other as usize].next))
            .fold(self.spots[start as usize].residual.min(self.spots[end as usize].residual), A::min);
        for (root, other) in back() {
            self.supports.exchange(other, self.spots[other as usize].next, root, amount);
        }
        self.supports.add(end, last[0].root, amount);
        self.spots[start as usize].residual -= amount;
        self.spots[end as usize].residual -= amount;
    }
}
