//! Maximum demand and minimum cut on the kernel: a greedy start, then shortest augmenting paths in
//! phases (Hopcroft and Karp, Dinic), later followed by a pass of unrestricted ones (Duff and
//! Wiberg). The last failed search is the cut and thereby the cover (König).
//!
//! Pairs bear any demand; only vertices are limited. So no arc objects exist: going forward needs
//! the graph's rows, going back needs the demand lists of one side, held in `support`.

mod support;

use super::amount::Amount;
use super::graph::Graph;
use super::peel::{Peel, Push};
use support::Supports;

/// Maximum demand and minimum cover of a graph, in its numbering.
pub(super) struct Solved<A> {
    pub covered: Vec<bool>,
    /// Demand per pair, without zeros.
    pub flow: Vec<Push<A>>,
}

/// Phases with shortest paths only; beyond, long paths are rather found out of order.
const PURE_PHASES: u32 = 2;

/// Solves the graph of `start` exactly; `capacity` is what its vertices could bear at first, and
/// what `start` has pushed so far stays part of the solution unless the search moves it.
pub(super) fn solve<A: Amount>(mut start: Peel<'_, A>, capacity: impl Fn(u32) -> A) -> Solved<A> {
    start.drain();
    start.finish_greedily();
    let graph = start.graph();
    let (nodes, pushes, _) = start.into_parts();
    let residual: Vec<A> = nodes.iter().map(|node| node.residual).collect();
    drop(nodes);

    let roots_are_users = free_degree(graph, &residual, true) <= free_degree(graph, &residual, false);
    let mut supports = Supports::new(graph, !roots_are_users, &capacity);
    for push in &pushes {
        let root_first = (push.leaf < graph.users()) == roots_are_users;
        let (root, other) = if root_first { (push.leaf, push.hub) } else { (push.hub, push.leaf) };
        supports.add(other, root, push.amount);
    }
    drop(pushes);
    let mut search = Search {
        graph,
        residual,
        supports,
        level: vec![0; graph.vertices()],
        next: vec![0; graph.vertices()],
        base: 1,
        queue: Vec::new(),
        path: Vec::new(),
    };
    search.run(side(graph, roots_are_users));

    let reached = |vertex: usize| search.level[vertex] >= search.base;
    let is_root = |vertex: usize| (vertex < graph.users() as usize) == roots_are_users;
    // König: roots that were not reached and others that were.
    // Who has no pair needs nothing, even for nothing.
    let covered = (0..graph.vertices())
        .map(|vertex| reached(vertex) != is_root(vertex) && !graph.neighbours(vertex as u32).is_empty())
        .collect();
    Solved { covered, flow: search.supports.into_pushes() }
}

fn side(graph: &Graph, users: bool) -> std::ops::Range<u32> {
    if users { 0..graph.users() } else { graph.users()..graph.vertices() as u32 }
}

/// Work of a search that starts at the free vertices of a side.
fn free_degree<A: Amount>(graph: &Graph, residual: &[A], users: bool) -> usize {
    side(graph, users)
        .filter(|&vertex| !residual[vertex as usize].is_zero())
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
    graph: &'graph Graph,
    residual: Vec<A>,
    supports: Supports<A>,
    /// Depth of a vertex plus `base` if this search reached it, something lower otherwise.
    level: Vec<u32>,
    /// Where to go on: position in the row of a root-side vertex, place in the support of others.
    next: Vec<u32>,
    base: u32,
    queue: Vec<u32>,
    path: Vec<Step>,
}

impl<A: Amount> Search<'_, A> {
    fn run(&mut self, roots: std::ops::Range<u32>) {
        let mut free: Vec<u32> = roots.collect();
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
            self.level.fill(0);
            self.base = 1;
        }
    }

    /// Whether the vertex can bear more demand.
    fn is_free(&self, vertex: u32) -> bool {
        !self.residual[vertex as usize].is_zero()
    }

    fn enter_root(&mut self, root: u32, level: u32) {
        self.level[root as usize] = level;
        self.next[root as usize] = self.graph.row(root).0;
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
            let level = self.level[root as usize];
            if deepest.is_some_and(|deepest| level > deepest) {
                break;
            }
            let graph = self.graph;
            for &other in graph.neighbours(root) {
                if self.level[other as usize] >= self.base {
                    continue;
                }
                self.level[other as usize] = level;
                self.next[other as usize] = 0;
                if self.is_free(other) {
                    deepest = Some(level);
                } else if deepest.is_none() {
                    for place in 0..self.supports.len(other) {
                        let supporter = self.supports.root(other, place);
                        if self.level[supporter as usize] < self.base {
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
                let supporter = self.supports.root(other, self.next[other as usize]);
                self.path.push(Step { root: supporter, other: None });
            } else {
                self.path.pop();
                if let Some(Step { other: Some(other), .. }) = self.path.last() {
                    self.next[*other as usize] += 1;
                }
            }
        }
        false
    }

    /// The next neighbour of `root` that is free or has a supporter to go on to.
    fn choose(&mut self, root: u32, tried: Option<u32>, deepest: Option<u32>) -> Option<u32> {
        let level = self.level[root as usize];
        let end = self.graph.row(root).1;
        while self.next[root as usize] < end {
            let other = self.graph.at(self.next[root as usize]);
            if (tried == Some(other) || self.may_enter(other, level, deepest))
                && (self.is_free(other) || self.has_supporter(other, level, deepest))
            {
                return Some(other);
            }
            self.next[root as usize] += 1;
        }
        None
    }

    fn may_enter(&mut self, other: u32, level: u32, deepest: Option<u32>) -> bool {
        if deepest.is_some() {
            return self.level[other as usize] == level;
        }
        let fresh = self.level[other as usize] < self.base;
        if fresh {
            self.level[other as usize] = self.base;
            self.next[other as usize] = 0;
        }
        fresh
    }

    /// Moves `next` of `other` to a supporter worth visiting.
    fn has_supporter(&mut self, other: u32, level: u32, deepest: Option<u32>) -> bool {
        if deepest == Some(level) {
            return false;
        }
        while self.next[other as usize] < self.supports.len(other) {
            let supporter = self.supports.root(other, self.next[other as usize]);
            if deepest.is_some() {
                if self.level[supporter as usize] == level + 1 {
                    return true;
                }
            } else if self.level[supporter as usize] < self.base {
                self.enter_root(supporter, self.base);
                return true;
            }
            self.next[other as usize] += 1;
        }
        false
    }

    fn push_along_path(&mut self, start: u32, end: u32) {
        let (inner, last) = self.path.split_at(self.path.len() - 1);
        let back = || inner.iter().filter_map(|step| step.other.map(|other| (step.root, other)));
        let amount = back()
            .map(|(_, other)| self.supports.amount(other, self.next[other as usize]))
            .fold(self.residual[start as usize].min(self.residual[end as usize]), A::min);
        for (root, other) in back() {
            self.supports.exchange(other, self.next[other as usize], root, amount);
        }
        self.supports.add(end, last[0].root, amount);
        self.residual[start as usize] -= amount;
        self.residual[end as usize] -= amount;
    }
}
