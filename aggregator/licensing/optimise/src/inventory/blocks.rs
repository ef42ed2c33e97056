//! All cheapest covers at one price ratio: from the whole right side to the whole left one, block by block.
//!
//! In each of them every pair that bears demand is covered at one end only, so going from one to another exchanges lefts
//! and rights in indivisible blocks, some of which need others first (Picard and Queyranne 1980).

use super::part::Part;
use crate::Demand;

/// Lefts to add and rights to drop together, in the numbering of the part.
#[derive(Debug, Default, Clone)]
pub(super) struct Block {
    pub lefts: Vec<u32>,
    pub rights: Vec<u32>,
    /// Blocks that must come first.
    pub needs: Vec<u32>,
}

/// The blocks of a part whose two whole sides cost the same, each after those it needs. `demand` proves that.
pub(super) fn blocks(part: &Part, demand: &[Demand]) -> Vec<Block> {
    let graph = part.graph.adjacency();
    let lefts = graph.split();
    // an arc leads to what must come along
    let mut arcs: Vec<(u32, u32)> = demand.iter().map(|demand| (demand.user, lefts + demand.device)).collect();
    for right in lefts..graph.vertices() as u32 {
        arcs.extend(graph.neighbours(right).iter().map(|&left| (right, left)));
    }
    let arcs = Arcs::of(graph.vertices(), arcs);
    let (block_of, count) = arcs.components();
    let mut blocks = vec![Block::default(); count];
    for (node, &block) in (0..).zip(&block_of) {
        let block = &mut blocks[block as usize];
        if node < lefts { &mut block.lefts } else { &mut block.rights }.push(node);
    }
    let mut needs: Vec<(u32, u32)> = Vec::new();
    for (node, &block) in (0..).zip(&block_of) {
        let others = arcs.from(node).iter().map(|&to| block_of[to as usize]);
        needs.extend(others.filter(|&other| other != block).map(|other| (block, other)));
    }
    needs.sort_unstable();
    needs.dedup();
    for (block, other) in needs {
        blocks[block as usize].needs.push(other);
    }
    blocks
}

/// A directed graph as rows.
struct Arcs {
    offset: Vec<usize>,
    to: Vec<u32>,
}

impl Arcs {
    fn of(nodes: usize, arcs: Vec<(u32, u32)>) -> Self {
        let mut offset = vec![0; nodes + 2];
        for &(from, _) in &arcs {
            offset[from as usize + 2] += 1;
        }
        for node in 0..nodes {
            offset[node + 2] += offset[node + 1];
        }
        let mut to = vec![0; arcs.len()];
        for (from, target) in arcs {
            let place = &mut offset[from as usize + 1];
            to[*place] = target;
            *place += 1;
        }
        offset.pop();
        Self { offset, to }
    }

    fn from(&self, node: u32) -> &[u32] {
        &self.to[self.offset[node as usize]..self.offset[node as usize + 1]]
    }

    /// Per node the number of its strongly connected component, and how many there are (Tarjan 1972, without recursion). A
    /// component has a higher number than those its arcs lead to.
    fn components(&self) -> (Vec<u32>, usize) {
        const NONE: u32 = u32::MAX;
        let nodes = self.offset.len() - 1;
        let mut component = vec![NONE; nodes];
        let (mut found, mut low) = (vec![NONE; nodes], vec![NONE; nodes]);
        let mut next = self.offset.clone();
        let (mut open, mut path) = (Vec::new(), Vec::new());
        let (mut clock, mut components) = (0, 0);
        for start in 0..nodes as u32 {
            if found[start as usize] == NONE {
                path.push(start);
            }
            while let Some(&node) = path.last() {
                let at = node as usize;
                if found[at] == NONE {
                    (found[at], low[at]) = (clock, clock);
                    clock += 1;
                    open.push(node);
                }
                if next[at] < self.offset[at + 1] {
                    let to = self.to[next[at]] as usize;
                    if found[to] == NONE {
                        // the arc is looked at again after the return
                        path.push(to as u32);
                        continue;
                    }
                    if component[to] == NONE {
                        low[at] = low[at].min(low[to]);
                    }
                    next[at] += 1;
                    continue;
                }
                path.pop();
                if low[at] == found[at] {
                    while let Some(member) = open.pop() {
                        component[member as usize] = components;
                        if member == node {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        (component, components as usize)
    }
}
