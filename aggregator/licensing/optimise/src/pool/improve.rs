//! Lowers the peaks of a choice: whoever holds a CAL on a busiest day gives it up, if those who must then hold one do so on
//! days that are not the busiest of their kind.

use super::{super::graph::Graph, spans::Side};

/// Times both kinds are tried.
const ROUNDS: usize = 3;

/// A choice that serves all stays and costs no more.
pub(super) fn improved(graph: &Graph, sides: [&Side; 2], prices: [u64; 2], start: [Vec<bool>; 2]) -> [Vec<bool>; 2] {
    let mut work = Work { graph, sides, loads: [0, 1].map(|side| sides[side].loads(&start[side])), chosen: start };
    let mut best = (work.cost(prices), work.chosen.clone());
    for _ in 0..ROUNDS {
        // The dearer kind first; a round that costs more is undone by keeping the best.
        let order = if prices[0] >= prices[1] { [0, 1] } else { [1, 0] };
        for side in order {
            work.release(side);
        }
        let cost = work.cost(prices);
        if cost >= best.0 {
            break;
        }
        best = (cost, work.chosen.clone());
    }
    best.1
}

struct Work<'a> {
    graph: &'a Graph,
    sides: [&'a Side; 2],
    loads: [Vec<u64>; 2],
    chosen: [Vec<bool>; 2],
}

impl Work<'_> {
    fn peak(&self, side: usize) -> u64 {
        self.loads[side].iter().copied().max().unwrap_or(0)
    }

    fn cost(&self, prices: [u64; 2]) -> u128 {
        (0..2).map(|side| u128::from(self.peak(side)) * u128::from(prices[side])).sum()
    }

    fn days(&self, side: usize, vertex: usize) -> std::ops::Range<usize> {
        let (from, to) = self.sides[side].within[vertex];
        from as usize..to as usize
    }

    /// Lets go of all of one side who are held on a busy day and whose neighbours can take over at no cost.
    fn release(&mut self, side: usize) {
        let other = 1 - side;
        let ceiling = self.peak(other);
        let mut neighbours: Vec<u32> = Vec::new();
        for vertex in 0..self.chosen[side].len() {
            if !self.chosen[side][vertex] || self.sides[side].forced[vertex] {
                continue;
            }
            let mut taken: Vec<usize> = Vec::new();
            neighbours.clear();
            match side {
                0 => neighbours.extend(self.graph.devices_of(vertex as u32)),
                _ => neighbours.extend(self.graph.users_of(vertex as u32)),
            }
            let able = neighbours.iter().all(|&neighbour| {
                let neighbour = neighbour as usize;
                if self.chosen[other][neighbour] {
                    return true;
                }
                let days = self.days(other, neighbour);
                let free = self.loads[other][days.clone()].iter().all(|&load| load < ceiling);
                if free {
                    self.loads[other][days].iter_mut().for_each(|load| *load += 1);
                    taken.push(neighbour);
                }
                free
            });
            if able {
                self.chosen[side][vertex] = false;
                let days = self.days(side, vertex);
                self.loads[side][days].iter_mut().for_each(|load| *load -= 1);
                for neighbour in taken {
                    self.chosen[other][neighbour] = true;
                }
            } else {
                for neighbour in taken {
                    let days = self.days(other, neighbour);
                    self.loads[other][days].iter_mut().for_each(|load| *load -= 1);
                }
            }
        }
    }
}
