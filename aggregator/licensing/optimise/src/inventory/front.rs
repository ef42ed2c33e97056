//! The front of a part: how few rights will do with how many lefts.
//!
//! Its lower hull comes from cheapest covers, exactly. Between the corners covers may need more than the hull says; what is
//! known of them is kept as covers found and as numbers refuted.

use std::collections::BTreeSet;

use super::{blocks::blocks, part::Part};
use crate::gcd;

/// Lefts and rights in a cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub lefts: u64,
    pub rights: u64,
}

/// A cover of the part of a front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Witness {
    /// On this chain the point of this number.
    Chain(usize, usize),
    /// The cover found of this number.
    Found(usize),
}

/// Covers from the whole right side to the whole left one, each with more lefts and fewer rights than that before.
#[derive(Debug)]
struct Chain {
    points: Vec<Point>,
    /// Per vertex the first point at which it has changed.
    changes: Vec<u32>,
}

/// What is known about the covers of one part.
#[derive(Debug)]
pub(super) struct Front {
    pub part: Part,
    chains: Vec<Chain>,
    /// More covers.
    found: Vec<(Point, Vec<bool>)>,
    /// Per number of rights, no cover has so many and fewer lefts than this.
    least_lefts: Vec<u64>,
}

impl Front {
    pub fn of(part: Part) -> Self {
        let mut chain = vec![Point { lefts: 0, rights: part.rights() }];
        let mut changes = vec![0; part.vertices.len()];
        let mut least_lefts = vec![0; part.rights() as usize + 1];
        // numbers within `part` instead of those of the whole graph
        let own = Part { graph: part.graph.clone(), vertices: (0..part.vertices.len() as u32).collect() };
        let mut open = vec![own];
        while let Some(inner) = open.pop() {
            let (lefts, rights) = (inner.lefts(), inner.rights());
            let start = *chain.last().expect("never empty");
            let mut add = |inside: &[u32], block: Point| {
                for &at in inside {
                    changes[inner.vertices[at as usize] as usize] = chain.len() as u32;
                }
                let last = chain.last().expect("never empty");
                chain.push(Point { lefts: last.lefts + block.lefts, rights: last.rights - block.rights });
            };
            if lefts == 0 || rights == 0 {
                debug_assert_eq!((lefts, rights), (0, 0));
                continue;
            }
            if lefts == 1 || rights == 1 {
                let all: Vec<u32> = (0..inner.vertices.len() as u32).collect();
                add(&all, Point { lefts, rights });
            } else {
                let shared = gcd(lefts, rights);
                let (left_weight, right_weight) = (rights / shared, lefts / shared);
                let cover = inner.cover(left_weight, right_weight);
                if cover.cost < u128::from(left_weight) * u128::from(lefts) {
                    let [lower, upper] = inner.split(&cover);
                    open.push(upper);
                    open.push(lower);
                    continue;
                }
                for block in blocks(&inner, &cover.demand) {
                    let size = Point { lefts: block.lefts.len() as u64, rights: block.rights.len() as u64 };
                    let all: Vec<u32> = block.lefts.into_iter().chain(block.rights).collect();
                    add(&all, size);
                }
            }
            // the hull between `start` and the last point, per number of rights
            for dropped in 1..=rights {
                let needed = (u128::from(dropped) * u128::from(lefts)).div_ceil(u128::from(rights)) as u64;
                least_lefts[(start.rights - dropped) as usize] = start.lefts + needed;
            }
        }
        let rough = chain.windows(2).any(|two| two[1].lefts - two[0].lefts > 1 && two[0].rights - two[1].rights > 1);
        let mut chains = vec![Chain { points: chain, changes }];
        if rough && part.lefts().saturating_mul(part.rights()) <= GREEDY {
            chains.extend([true, false].map(|rights_go| greedy(&part, rights_go)));
        }
        Self { part, chains, found: Vec::new(), least_lefts }
    }

    /// Of the covers known, those that none beats.
    pub fn known(&self) -> impl Iterator<Item = (Point, Witness)> {
        let of = |(number, chain): (usize, &'_ Chain)| {
            let points: Vec<_> = chain.points.iter().copied().enumerate().collect();
            points.into_iter().map(move |(at, point)| (point, Witness::Chain(number, at)))
        };
        let chains = self.chains.iter().enumerate().flat_map(of);
        let found = self.found.iter().enumerate().map(|(at, &(point, _))| (point, Witness::Found(at)));
        let mut all: Vec<(Point, Witness)> = chains.chain(found).collect();
        // the first of those with the fewest rights for their lefts
        all.sort_by_key(|(point, _)| (point.lefts, point.rights));
        let mut least = u64::MAX;
        all.retain(|(point, _)| {
            let better = point.rights < least;
            least = least.min(point.rights);
            better
        });
        all.into_iter()
    }

    /// Points that every cover is at or beyond, from the most rights to none.
    pub fn limits(&self) -> impl Iterator<Item = Point> {
        self.least_lefts.iter().enumerate().rev().map(|(rights, &lefts)| Point { lefts, rights: rights as u64 })
    }

    /// A cover was found at or below a limit; `covered` is in the numbering of the part.
    pub fn found(&mut self, point: Point, covered: Vec<bool>) {
        self.found.push((point, covered));
    }

    /// No cover has at most so many lefts and at most so many rights.
    pub fn refuted(&mut self, point: Point) {
        for lefts in &mut self.least_lefts[..=point.rights as usize] {
            *lefts = (*lefts).max(point.lefts + 1);
        }
    }

    /// Covers this part in `covered`, which is of the whole graph.
    pub fn write(&self, witness: Witness, covered: &mut [bool]) {
        let lefts = self.part.lefts() as usize;
        for (at, &vertex) in self.part.vertices.iter().enumerate() {
            covered[vertex as usize] = match witness {
                Witness::Chain(chain, place) => (at < lefts) == (self.chains[chain].changes[at] as usize <= place),
                Witness::Found(place) => self.found[place].1[at],
            };
        }
    }
}

/// Lefts times rights at most, for chains that are made vertex by vertex.
const GREEDY: u64 = 1 << 20;

/// A chain made vertex by vertex: always the one goes that the fewest others must come for. From the whole right side if rights
/// go, else from the whole left side and then turned round.
fn greedy(part: &Part, rights_go: bool) -> Chain {
    let graph = part.graph.adjacency();
    let (split, count) = (graph.split(), graph.vertices() as u32);
    let going = if rights_go { split..count } else { 0..split };
    let mut covered: Vec<bool> = (0..count).map(|vertex| going.contains(&vertex)).collect();
    let bare_of = |covered: &[bool], vertex: u32| {
        graph.neighbours(vertex).iter().filter(|&&other| !covered[other as usize]).count() as u32
    };
    let mut order: BTreeSet<(u32, u32)> = going.map(|vertex| (bare_of(&covered, vertex), vertex)).collect();
    let mut points = vec![Point { lefts: 0, rights: part.rights() }];
    if !rights_go {
        points[0] = Point { lefts: part.lefts(), rights: 0 };
    }
    let mut changes = vec![0; count as usize];
    while let Some((_, vertex)) = order.pop_first() {
        covered[vertex as usize] = false;
        changes[vertex as usize] = points.len() as u32;
        let mut come = 0;
        for &other in graph.neighbours(vertex) {
            if std::mem::replace(&mut covered[other as usize], true) {
                continue;
            }
            come += 1;
            changes[other as usize] = points.len() as u32;
            for &third in graph.neighbours(other).iter().filter(|&&third| covered[third as usize]) {
                let bare = bare_of(&covered, third);
                order.remove(&(bare + 1, third));
                order.insert((bare, third));
            }
        }
        let Point { lefts, rights } = points[points.len() - 1];
        points.push(if rights_go {
            Point { lefts: lefts + come, rights: rights - 1 }
        } else {
            Point { lefts: lefts - 1, rights: rights + come }
        });
    }
    if !rights_go {
        points.reverse();
        let last = points.len() as u32;
        for change in &mut changes {
            *change = last - *change;
        }
    }
    Chain { points, changes }
}
