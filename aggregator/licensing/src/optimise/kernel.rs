//! The kernel: what peeling leaves, renumbered without gaps, so that the search works on a quarter
//! of the vertices and within the cache.

use super::graph::Graph;
use super::peel::Peel;

/// The part of a graph that is still alive after peeling.
pub(super) struct Kernel {
    pub graph: Graph,
    /// What each kernel vertex can still bear.
    pub capacity: Vec<u64>,
    /// The vertex of the whole graph behind each kernel vertex, ascending.
    pub vertices: Vec<u32>,
}

impl Kernel {
    pub fn of(graph: &Graph, peel: &Peel<'_>) -> Self {
        const GONE: u32 = u32::MAX;
        let mut number = vec![GONE; graph.vertices()];
        let mut vertices = Vec::new();
        for vertex in 0..graph.vertices() as u32 {
            if peel.is_alive(vertex) {
                number[vertex as usize] = vertices.len() as u32;
                vertices.push(vertex);
            }
        }
        let users = vertices.partition_point(|&vertex| vertex < graph.users()) as u32;
        let mut offset = Vec::with_capacity(vertices.len() + 1);
        offset.push(0);
        let mut adjacent = vec![0; 2 * graph.pairs()];
        let mut end = 0;
        for &vertex in &vertices {
            for &neighbour in graph.neighbours(vertex) {
                // Written always and kept by moving `end`: nobody could predict the branch.
                adjacent[end] = number[neighbour as usize];
                end += usize::from(adjacent[end] != GONE);
            }
            offset.push(end as u32);
        }
        adjacent.truncate(end);
        let capacity = vertices.iter().map(|&vertex| peel.residual[vertex as usize]).collect();
        Self { graph: Graph::from_rows(users, offset, adjacent), capacity, vertices }
    }
}
