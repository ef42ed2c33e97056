//! The kernel: what peeling leaves, renumbered without gaps, so that the search works on a quarter
//! of the vertices and within the cache.

use super::amount::Amount;
use super::graph::Adjacency;
use super::peel::Node;

/// The part of a graph that is still alive after peeling.
pub(super) struct Kernel<A> {
    pub graph: Adjacency,
    /// What each kernel vertex can still bear.
    pub capacity: Vec<A>,
    /// The vertex of the whole graph behind each kernel vertex, ascending.
    pub vertices: Vec<u32>,
}

impl<A: Amount> Kernel<A> {
    /// Takes the nodes, since their memory is wanted back before the kernel is laid out.
    pub fn of(graph: &Adjacency, nodes: Vec<Node>, residual: &[A]) -> Self {
        let alive = nodes.iter().filter(|node| node.degree > 0).count();
        let mut ranks = Vec::with_capacity(nodes.len() / 32 + 1);
        let (mut vertices, mut capacity) = (Vec::with_capacity(alive), Vec::with_capacity(alive));
        let mut offset = Vec::with_capacity(alive + 1);
        offset.push(0);
        let mut end = 0;
        for (chunk, first) in nodes.chunks(32).zip((0..).step_by(32)) {
            let mut rank = Rank { before: vertices.len() as u32, alive: 0 };
            for (node, inside) in chunk.iter().zip(0..) {
                if node.degree > 0 {
                    rank.alive |= 1 << inside;
                    vertices.push(first + inside);
                    capacity.push(residual[(first + inside) as usize]);
                    end += node.degree;
                    offset.push(end);
                }
            }
            ranks.push(rank);
        }

        // One more, since every neighbour is written, also those that do not stay.
        let mut adjacent = emptied(nodes);
        adjacent.resize(end as usize + 1, 0);
        let mut next = 0;
        for &vertex in &vertices {
            for &neighbour in graph.neighbours(vertex) {
                // Written always and kept by moving `next`: nobody could predict the branch.
                let (number, stays) = ranks[neighbour as usize / 32].number(neighbour % 32);
                adjacent[next] = number;
                next += stays as usize;
            }
        }
        adjacent.truncate(next);
        adjacent.shrink_to_fit();
        let split = vertices.partition_point(|&vertex| vertex < graph.split()) as u32;
        Self { graph: Adjacency::from_rows(split, graph.is_far(), offset, adjacent), capacity, vertices }
    }
}

/// The memory of the nodes, since fresh memory costs more to touch than to fill.
fn emptied(mut nodes: Vec<Node>) -> Vec<u32> {
    nodes.clear();
    nodes.into_iter().map(|_| [0; 2]).collect::<Vec<[u32; 2]>>().into_flattened()
}

/// Which of 32 neighbouring vertices are alive, and how many are before them: two bits a vertex, so
/// that all numbers of a large graph stay in the cache.
struct Rank {
    before: u32,
    alive: u32,
}

impl Rank {
    /// The number of the vertex at `place`, and 1 if it is alive.
    fn number(&self, place: u32) -> (u32, u32) {
        let below = self.alive & ((1 << place) - 1);
        (self.before + below.count_ones(), self.alive >> place & 1)
    }
}
