//! Peeling: a vertex with one neighbour left (a leaf) pushes as much demand as both can bear onto
//! that pair, and whoever is exhausted leaves the graph. Always optimal for leaves (exchange
//! argument: swapping the leaf for its neighbour in a cover never uncovers a pair), and a good
//! greedy start elsewhere (Karp and Sipser).

use super::graph::Graph;

/// Demand put on a pair. In peeling, `leaf` had no other neighbour left at that moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Push {
    pub leaf: u32,
    pub hub: u32,
    pub amount: u64,
}

/// State of a vertex, 16 bytes, so that touching it costs one cache line.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// What it can still bear.
    residual: u64,
    /// Neighbours alive; 0 when the vertex itself has left.
    degree: u32,
    /// Exclusive or of all neighbours alive: with one left, it is that neighbour.
    link: u32,
}

/// A graph being peeled.
pub(super) struct Peel<'graph> {
    graph: &'graph Graph,
    nodes: Vec<Node>,
    leaves: Vec<u32>,
    /// Leaves before this one are done.
    next_leaf: usize,
    /// In the order made.
    pub pushes: Vec<Push>,
    /// Hubs that were exhausted by a leaf, and vertices that cost nothing: in the cover.
    pub covered: Vec<bool>,
}

/// Greedy picks between two rounds of leaves: independent enough for their cache misses to overlap.
const BATCH: usize = 32;
/// Beyond this many neighbours the least one is not worth the search.
const LONG_ROW: usize = 64;

impl<'graph> Peel<'graph> {
    pub fn new(graph: &'graph Graph, capacity: impl Fn(usize) -> u64) -> Self {
        let nodes: Vec<Node> = (0..graph.vertices())
            .map(|vertex| {
                let row = graph.neighbours(vertex as u32);
                let link = row.iter().fold(0, |all, &neighbour| all ^ neighbour);
                Node { residual: capacity(vertex), degree: row.len() as u32, link }
            })
            .collect();
        let leaves = (0..).zip(&nodes).filter(|(_, node)| node.degree == 1).map(|(leaf, _)| leaf).collect();
        let mut peel =
            Self { graph, nodes, leaves, next_leaf: 0, pushes: Vec::new(), covered: vec![false; graph.vertices()] };
        for vertex in 0..graph.vertices() as u32 {
            let node = peel.nodes[vertex as usize];
            if node.residual == 0 && node.degree > 0 {
                peel.covered[vertex as usize] = true;
                peel.remove(vertex);
            }
        }
        peel
    }

    /// Whether the vertex still has neighbours.
    pub fn is_alive(&self, vertex: u32) -> bool {
        self.nodes[vertex as usize].degree > 0
    }

    /// What the vertex can still bear.
    pub fn residual(&self, vertex: u32) -> u64 {
        self.nodes[vertex as usize].residual
    }

    /// Peels until no leaf is left.
    pub fn drain(&mut self) {
        while let Some(&leaf) = self.leaves.get(self.next_leaf) {
            self.next_leaf += 1;
            let node = self.nodes[leaf as usize];
            if node.degree == 1 {
                self.push(leaf, node.link);
            }
        }
    }

    /// Carries on greedily until nothing is alive: pick a vertex, serve its least neighbour, peel.
    /// What was pushed is a start only, no longer a proof; `covered` means nothing afterwards.
    pub fn finish_greedily(&mut self) {
        let mut queue: Vec<u32> = (0..self.graph.vertices() as u32).collect();
        let mut next = 0;
        while next < queue.len() {
            let mut picked = 0;
            while let (Some(&vertex), true) = (queue.get(next), picked < BATCH) {
                next += 1;
                if self.is_alive(vertex) {
                    picked += 1;
                    self.pick(vertex);
                    if self.is_alive(vertex) {
                        queue.push(vertex);
                    }
                }
            }
            self.drain();
        }
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
        let degree = |neighbour: u32| self.nodes[neighbour as usize].degree;
        let alive = row.iter().copied().filter(|&neighbour| degree(neighbour) > 0);
        if let Some(least) = alive.min_by_key(|&neighbour| degree(neighbour)) {
            self.push(vertex, least);
        }
    }

    /// Puts as much demand as possible on the pair; at least one of the two is exhausted by it.
    fn push(&mut self, leaf: u32, hub: u32) {
        let amount = self.residual(leaf).min(self.residual(hub));
        self.nodes[leaf as usize].residual -= amount;
        self.nodes[hub as usize].residual -= amount;
        self.pushes.push(Push { leaf, hub, amount });
        if self.residual(hub) == 0 {
            self.covered[hub as usize] = true;
            self.remove(hub);
        }
        if self.residual(leaf) == 0 {
            self.remove(leaf);
        }
    }

    fn remove(&mut self, vertex: u32) {
        let node = std::mem::take(&mut self.nodes[vertex as usize]);
        match node.degree {
            0 => {}
            1 => self.lose(node.link, vertex),
            _ => {
                let graph = self.graph;
                for &neighbour in graph.neighbours(vertex) {
                    self.lose(neighbour, vertex);
                }
            }
        }
    }

    /// `vertex` loses its neighbour `gone`.
    fn lose(&mut self, vertex: u32, gone: u32) {
        let node = &mut self.nodes[vertex as usize];
        if node.degree > 0 {
            node.degree -= 1;
            node.link ^= gone;
            if node.degree == 1 {
                self.leaves.push(vertex);
            }
        }
    }
}
