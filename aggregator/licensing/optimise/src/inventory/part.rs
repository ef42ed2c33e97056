//! Parts of a graph in which the choice is open: between a cover with few vertices of the left side and one with many.
//!
//! Cheapest covers at different price ratios are nested: the dearer the left, the fewer of it (Gallo, Grigoriadis and
//! Tarjan 1989). So what both covers agree on is decided for every ratio in between and drops out, and in the rest the one is
//! "the whole right side" and the other "the whole left side". Which of users and devices is left, the caller decides.

use super::Graph;
use crate::{Cover, Prices, cheapest_cover, graph::Adjacency};

const OUTSIDE: u32 = u32::MAX;

/// A part of a graph, with the vertices of the whole graph behind its own.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub graph: Graph,
    /// Left ones first; within a side ascending.
    pub vertices: Vec<u32>,
}

impl Part {
    /// The part of `whole` that the vertices span; both lists ascend, and none is on both.
    pub fn of(whole: &Adjacency, left: Vec<u32>, right: &[u32]) -> Self {
        let mut number = vec![OUTSIDE; whole.vertices()];
        let lefts = left.len() as u32;
        let mut vertices = left;
        vertices.extend_from_slice(right);
        for (place, &vertex) in (0..).zip(&vertices) {
            number[vertex as usize] = place;
        }
        Self { graph: rows(whole, lefts, &vertices, &number), vertices }
    }

    /// Vertices on the left.
    pub fn lefts(&self) -> u64 {
        u64::from(self.graph.users())
    }

    /// Vertices on the right.
    pub fn rights(&self) -> u64 {
        u64::from(self.graph.devices())
    }

    /// The cheapest cover of this part.
    pub fn cover(&self, left_weight: u64, right_weight: u64) -> Cover {
        cheapest_cover(&self.graph, Prices::Same(left_weight), Prices::Same(right_weight))
    }

    /// What is open between the whole right side and `cover`, and between `cover` and the whole left side.
    pub fn split(&self, cover: &Cover) -> [Self; 2] {
        let lefts = self.graph.users();
        let of = |left_covered: bool, right_covered: bool| {
            let left = (0..).zip(&cover.users).filter(|(_, covered)| **covered == left_covered);
            let right = (lefts..).zip(&cover.devices).filter(|(_, covered)| **covered == right_covered);
            let (left, right): (Vec<u32>, Vec<u32>) =
                (left.map(|(at, _)| at).collect(), right.map(|(at, _)| at).collect());
            let mut part = Self::of(self.graph.adjacency(), left, &right);
            part.vertices.iter_mut().for_each(|vertex| *vertex = self.vertices[*vertex as usize]);
            part
        };
        [of(true, false), of(false, true)]
    }

    /// Connected components, in the order of their least vertex.
    pub fn components(&self) -> Vec<Self> {
        let graph = self.graph.adjacency();
        let count = graph.vertices();
        let mut number = vec![OUTSIDE; count];
        let (mut queue, mut parts) = (Vec::new(), Vec::new());
        let mut seen = vec![false; count];
        for start in 0..count as u32 {
            if std::mem::replace(&mut seen[start as usize], true) {
                continue;
            }
            queue.clear();
            queue.push(start);
            let mut next = 0;
            while let Some(&vertex) = queue.get(next) {
                next += 1;
                for &neighbour in graph.neighbours(vertex) {
                    if !std::mem::replace(&mut seen[neighbour as usize], true) {
                        queue.push(neighbour);
                    }
                }
            }
            queue.sort_unstable();
            for (place, &vertex) in (0..).zip(&queue) {
                number[vertex as usize] = place;
            }
            let lefts = queue.partition_point(|&vertex| vertex < graph.split()) as u32;
            let inside = rows(graph, lefts, &queue, &number);
            parts.push(Self { graph: inside, vertices: queue.iter().map(|&at| self.vertices[at as usize]).collect() });
        }
        parts
    }
}

/// The graph on `vertices` of `whole`, whose new numbers are given; every row stays in order.
fn rows(whole: &Adjacency, lefts: u32, vertices: &[u32], number: &[u32]) -> Graph {
    let mut offset = Vec::with_capacity(vertices.len() + 1);
    offset.push(0);
    let mut adjacent = Vec::new();
    for &vertex in vertices {
        let row = whole.neighbours(vertex).iter().map(|&neighbour| number[neighbour as usize]);
        adjacent.extend(row.filter(|&neighbour| neighbour != OUTSIDE));
        offset.push(adjacent.len() as u32);
    }
    Graph::of_adjacency(Adjacency::from_rows(lefts, whole.is_far(), offset, adjacent))
}
