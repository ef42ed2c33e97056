//! Peeling: a vertex with one neighbour left (a leaf) pushes as much demand as both can bear onto
//! that pair, and whoever is exhausted leaves the graph. Always optimal for leaves (exchange
//! argument: swapping the leaf for its neighbour in a cover never uncovers a pair), and a good
//! greedy start elsewhere (Karp and Sipser).

use super::amount::Amount;
use super::graph::Adjacency;

/// Demand put on a pair. In peeling, `leaf` had no other neighbour left at that moment. As large as
/// [`super::Demand`], which takes its memory over in the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Push {
    pub leaf: u32,
    pub hub: u32,
    pub amount: u64,
}

/// What changes about a vertex when a neighbour leaves, and nothing else, so that many fit the cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Neighbours alive; 0 when the vertex itself has left.
    pub degree: u32,
    /// Exclusive or of all neighbours alive: with one left, it is that neighbour.
    link: u32,
}

/// What a removal will look at: one vertex, or a row by where it starts and how many follow the first.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    other: u32,
    start: u32,
    more: u32,
}

/// A graph being peeled.
pub(super) struct Peel<'graph, A> {
    graph: &'graph Adjacency,
    nodes: Vec<Node>,
    /// What each vertex can still bear.
    residual: Vec<A>,
    /// The first `known` wait to be peeled; there is room for one more than the row at hand may add.
    leaves: Vec<u32>,
    known: usize,
    /// In the order made, after whatever the log held before.
    log: Vec<Push>,
    /// Hubs that were exhausted by a leaf, and vertices that cost nothing: in the cover.
    covered: Vec<bool>,
}

/// Leaves whose memory is touched ahead together, and greedy picks between two rounds of leaves:
/// independent enough for their cache misses to overlap.
const BATCH: usize = 64;
/// Neighbours whose memory is touched ahead, of however many.
const LOOKED_AT: u32 = 4;
/// Vertices looked at for leaves before these are peeled with all that follows from them, while
/// their surroundings are in the cache.
const STRETCH: usize = 1 << 10;
/// Beyond this many neighbours the least one is not worth the search.
const LONG_ROW: usize = 64;

impl<'graph, A: Amount> Peel<'graph, A> {
    /// `capacity`: what each vertex can bear. Pushes are added to `log`.
    pub fn new(graph: &'graph Adjacency, capacity: impl Fn(u32) -> A, log: Vec<Push>) -> Self {
        let vertices = graph.vertices();
        let mut nodes = Vec::with_capacity(vertices);
        let residual: Vec<A> = (0..vertices as u32).map(&capacity).collect();
        let mut free = Vec::new();
        let xor = |all: u32, neighbour: u32| all ^ neighbour;
        graph.total_rows(0..vertices as u32, xor, |vertex, before, behind| {
            let (start, end) = graph.row(vertex);
            nodes.push(Node { degree: end - start, link: before ^ behind });
            if residual[vertex as usize].is_zero() {
                free.push(vertex);
            }
        });
        let covered = vec![false; vertices];
        let mut peel = Self { graph, nodes, residual, leaves: vec![0; 2], known: 0, log, covered };
        for vertex in free {
            if peel.is_alive(vertex) {
                peel.covered[vertex as usize] = true;
                peel.remove(vertex);
            }
        }
        peel
    }

    /// Peels until no leaf is left.
    pub fn peel(&mut self) {
        self.drain();
        let vertices = self.nodes.len();
        for from in (0..vertices).step_by(STRETCH) {
            self.make_room(STRETCH);
            for vertex in from..vertices.min(from + STRETCH) {
                self.leaves[self.known] = vertex as u32;
                self.known += usize::from(self.nodes[vertex].degree == 1);
            }
            self.drain();
        }
    }

    /// Whether the vertex still has neighbours.
    pub fn is_alive(&self, vertex: u32) -> bool {
        self.nodes[vertex as usize].degree > 0
    }

    /// The graph that is peeled.
    pub fn graph(&self) -> &'graph Adjacency {
        self.graph
    }

    /// How many pushes the log holds.
    pub fn pushes(&self) -> usize {
        self.log.len()
    }

    /// The vertices as they are now, the log, and who is covered: hubs that were exhausted by a
    /// leaf, and vertices that cost nothing.
    pub fn into_parts(self) -> (Vec<Node>, Vec<A>, Vec<Push>, Vec<bool>) {
        (self.nodes, self.residual, self.log, self.covered)
    }

    /// One bit per vertex: whether it still has neighbours.
    pub fn alive(&self) -> Vec<u64> {
        let word = |nodes: &[Node]| nodes.iter().rev().fold(0, |bits, node| bits << 1 | u64::from(node.degree > 0));
        self.nodes.chunks(64).map(word).collect()
    }

    /// How many pairs are left.
    pub fn alive_pairs(&self) -> usize {
        let users = &self.nodes[..self.graph.split() as usize];
        users.iter().map(|node| node.degree as usize).sum()
    }

    /// Peels the leaves known, and those that this makes.
    fn drain(&mut self) {
        let mut next = 0;
        while next < self.known {
            let batch = next..self.known.min(next + BATCH);
            next = batch.end;
            if self.graph.is_far() {
                self.touch(batch.clone());
            }
            for index in batch {
                let leaf = self.leaves[index];
                let node = self.nodes[leaf as usize];
                if node.degree == 1 {
                    self.push(leaf, node.link);
                }
            }
        }
        self.known = 0;
    }

    /// So many more leaves may become known, and one is written without being known.
    fn make_room(&mut self, more: usize) {
        if self.leaves.len() <= self.known + more {
            self.leaves.resize(2 * (self.known + more) + 1, 0);
        }
    }

    /// Reads what a batch of leaves is about to need, so that the cache misses overlap instead of
    /// following each other.
    fn touch(&self, batch: std::ops::Range<usize>) {
        let mut hubs = [(0, 0, A::default(), false); BATCH];
        for (hub, &leaf) in hubs.iter_mut().zip(&self.leaves[batch]) {
            let node = &self.nodes[leaf as usize];
            *hub = (leaf, node.link, self.residual[leaf as usize], node.degree == 1);
        }
        let mut ahead = [Ahead::default(); BATCH];
        for (ahead, &(leaf, hub, residual, ready)) in ahead.iter_mut().zip(&hubs) {
            // Only a hub that this leaf exhausts will look at its neighbours.
            if ready && self.residual[hub as usize] <= residual {
                *ahead = self.ahead(hub, leaf);
            }
        }
        self.touch_ahead(&ahead);
    }

    /// What removing `vertex` will look at, of whom one neighbour is known.
    fn ahead(&self, vertex: u32, neighbour: u32) -> Ahead {
        let node = &self.nodes[vertex as usize];
        match node.degree {
            0 | 1 => Ahead::default(),
            2 => Ahead { other: node.link ^ neighbour, start: 0, more: 0 },
            degree => Ahead { other: 0, start: self.graph.row(vertex).0, more: degree - 1 },
        }
    }

    /// Reads the nodes of those, and of the first few in each row. Always as many, since nobody could predict how long
    /// the rows are.
    fn touch_ahead(&self, ahead: &[Ahead]) {
        let mut all = 0;
        for &Ahead { other, start, more } in ahead {
            all ^= self.nodes[other as usize].degree;
            for place in 0..LOOKED_AT {
                all ^= self.nodes[self.graph.at(start + more.min(place)) as usize].degree;
            }
        }
        std::hint::black_box(all);
    }

    /// Carries on greedily until nothing is alive: pick a vertex, serve its least neighbour, peel.
    /// What was pushed is a start only, no longer a proof; `covered` means nothing afterwards.
    pub fn finish_greedily(&mut self) {
        let mut again = self.pick_all(0..self.nodes.len() as u32);
        while !again.is_empty() {
            again = self.pick_all(again.into_iter());
        }
    }

    /// Picks every vertex that is alive once; those that still are.
    fn pick_all(&mut self, mut queue: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut again = Vec::new();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            while batch.len() < BATCH {
                let Some(vertex) = queue.next() else { break };
                if self.is_alive(vertex) {
                    batch.push(vertex);
                }
            }
            if batch.is_empty() {
                return again;
            }
            if self.graph.is_far() {
                self.touch_picks(&batch);
            }
            for &vertex in &batch {
                if self.is_alive(vertex) {
                    self.pick(vertex);
                    if self.is_alive(vertex) {
                        again.push(vertex);
                    }
                }
            }
            self.drain();
        }
    }

    /// Reads what a batch of picks is about to need, like [`Self::touch`].
    fn touch_picks(&self, batch: &[u32]) {
        let mut ahead = [Ahead::default(); BATCH];
        for (ahead, &vertex) in ahead.iter_mut().zip(batch) {
            let (start, end) = self.graph.row(vertex);
            let mut least = u32::MAX;
            let mut best = 0;
            for place in 0..LOOKED_AT {
                let other = self.graph.at((start + place).min(end - 1));
                // Wrapping makes the degree of the dead the largest.
                let more = self.nodes[other as usize].degree.wrapping_sub(1);
                best = if more < least { other } else { best };
                least = least.min(more);
            }
            *ahead = self.ahead(best, vertex);
        }
        self.touch_ahead(&ahead[..batch.len()]);
    }

    fn pick(&mut self, vertex: u32) {
        let graph = self.graph;
        let row = graph.neighbours(vertex);
        if row.len() > LONG_ROW {
            for &neighbour in row {
                if self.is_alive(vertex) && self.is_alive(neighbour) {
                    self.push(vertex, neighbour);
                }
            }
            return;
        }
        // Wrapping makes the degree of the dead the largest.
        let degree = |neighbour: u32| self.nodes[neighbour as usize].degree.wrapping_sub(1);
        if let Some(least) = row.iter().copied().min_by_key(|&neighbour| degree(neighbour)) {
            self.push(vertex, least);
        }
    }

    /// Puts as much demand as possible on the pair; at least one of the two is exhausted by it.
    fn push(&mut self, leaf: u32, hub: u32) {
        let leaf_left = self.residual[leaf as usize];
        let hub_left = self.residual[hub as usize];
        let amount = leaf_left.min(hub_left);
        self.residual[leaf as usize] -= amount;
        self.residual[hub as usize] -= amount;
        debug_assert!(!amount.is_zero(), "{leaf} and {hub} are alive");
        self.log.push(Push { leaf, hub, amount: amount.into() });
        if amount == hub_left {
            self.covered[hub as usize] = true;
            self.remove_beside(hub, leaf);
            if amount == leaf_left {
                self.remove(leaf);
            }
        } else {
            self.remove_beside(leaf, hub);
        }
    }

    /// Removes a vertex of which one neighbour alive is known: of two the other is known as well, without a look at the row.
    fn remove_beside(&mut self, vertex: u32, neighbour: u32) {
        let node = &mut self.nodes[vertex as usize];
        if node.degree != 2 {
            return self.remove(vertex);
        }
        let other = node.link ^ neighbour;
        (node.degree, node.link) = (0, 0);
        self.make_room(2);
        self.lose(neighbour, vertex);
        self.lose(other, vertex);
    }

    fn remove(&mut self, vertex: u32) {
        let node = &mut self.nodes[vertex as usize];
        let Node { degree, link } = *node;
        (node.degree, node.link) = (0, 0);
        self.make_room(degree as usize);
        if degree == 1 {
            self.lose(link, vertex);
            return;
        }
        let graph = self.graph;
        let (mut left, mut position) = (degree, graph.row(vertex).0);
        while left > 0 {
            left -= u32::from(self.lose(graph.at(position), vertex));
            position += 1;
        }
    }

    /// `vertex` loses its neighbour `gone`; whether it was alive. Free of branches that depend on
    /// that, since nobody could predict them; the link of the dead does not matter.
    fn lose(&mut self, vertex: u32, gone: u32) -> bool {
        let node = &mut self.nodes[vertex as usize];
        let was_alive = node.degree > 0;
        node.degree -= u32::from(was_alive);
        node.link ^= gone;
        self.leaves[self.known] = vertex;
        self.known += usize::from(node.degree == 1);
        was_alive
    }
}
