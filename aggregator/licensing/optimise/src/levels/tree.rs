//! Branch and bound: where the best mixture of covers is undecided, both ways are tried.
//!
//! A node says what everybody holds in any case, and between which numbers lies what is bought of either kind. Its bound is that of
//! the best weights there. The node of the least bound comes next, so that the bound of all rises as evenly as it can.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    Counts, Holding, Level, Work,
    chains::Chains,
    core::Core,
    exchange,
    fixed::Fixed,
    relax::{Relaxed, Start, relaxed},
    terms::Terms,
};

/// Cuts of a node at most.
const CUTS: usize = 25;
/// Covers of nodes up to this size are improved by small exchanges, which takes longer than cuts.
const SMALL: u64 = 3_000;

struct Node {
    bound: u128,
    floors: Vec<Level>,
    range: [[u64; 2]; 2],
    /// Covers of the best mixture before.
    covers: Vec<Vec<Level>>,
    /// The best weights before.
    weights: Counts,
}

/// The cheapest purchase found, `best` or a cheaper one, and a bound within the range of `terms`.
pub(super) fn search(
    chains: &Chains,
    terms: &Terms,
    root: &Relaxed,
    mut best: Holding,
    work: &mut Work,
) -> (Holding, u128) {
    let mut nodes = vec![Some(Node {
        bound: root.bound,
        floors: chains.floors().to_vec(),
        range: terms.range,
        covers: root.mixed().map(|(holding, _)| holding.levels.clone()).collect(),
        weights: root.center.weights.clone(),
    })];
    // by bound, then the deepest, then the latest
    let mut open = BinaryHeap::from([(Reverse(root.bound), 0_u32, 0_usize)]);
    while let Some((Reverse(least), depth, number)) = open.pop() {
        if least >= best.cost {
            break;
        }
        if !work.left() {
            return (best, least);
        }
        let Some(node) = nodes[number].take() else { continue };
        for child in solved(chains, terms, node, &mut best, work).into_iter().flatten() {
            open.push((Reverse(child.bound), depth + 1, nodes.len()));
            nodes.push(Some(child));
        }
    }
    let bound = best.cost;
    (best, bound)
}

/// Cuts of a node; its two ways, that tried first last, if it may hold something cheaper than the best.
fn solved(chains: &Chains, terms: &Terms, node: Node, best: &mut Holding, work: &mut Work) -> Option<[Node; 2]> {
    let mut core = Core::of(chains, terms, node.floors);
    core.terms.range = node.range;
    work.take(chains.size());
    let covers: Vec<Vec<Level>> = node.covers.iter().map(|levels| core.inner(levels)).collect();
    let start = Start { covers, weights: vec![node.weights], cuts: CUTS, enough: best.cost };
    let mut terms = core.terms.clone();
    let found = relaxed(&core.chains, &mut terms, start);
    work.take(found.work);
    let cheapest = found.cheapest().expect("a cut is made");
    let mut levels = cheapest.levels.clone();
    if core.chains.size() <= SMALL {
        exchange::improved(&core.chains, &mut levels, |counts| terms.worth(counts), work);
    }
    for levels in [&cheapest.levels, &levels] {
        let cost = terms.cost(&core.chains.counts(levels));
        if cost < best.cost {
            *best = Holding { levels: core.outer(levels), cost };
        }
    }
    let bound = node.bound.max(found.bound);
    if bound >= best.cost {
        return None;
    }
    let covers: Vec<Vec<Level>> = found.mixed().map(|(holding, _)| core.outer(&holding.levels)).collect();
    let child = |floors: Vec<Level>, range: [[u64; 2]; 2]| Node {
        bound,
        floors,
        range,
        covers: covers.clone(),
        weights: found.center.weights.clone(),
    };
    if let Some((side, bought)) = between(&found, node.range) {
        let floors = || core.floors().to_vec();
        let [mut fewer, mut more] = [node.range, node.range];
        fewer[side][1] = bought;
        more[side][0] = bought + 1;
        return Some([child(floors(), fewer), child(floors(), more)]);
    }
    let (vertex, level, likely) = undecided(&core, &found)?;
    let [with, without] = core.sides(vertex, level);
    let (with, without) = (child(with, node.range), child(without, node.range));
    Some(if likely { [without, with] } else { [with, without] })
}

/// The kind of which no whole number is bought in the best mixture, and the number below.
fn between(found: &Relaxed, range: [[u64; 2]; 2]) -> Option<(usize, u64)> {
    let far = Fixed::parts(4);
    let halves = (0..2).filter_map(|side| {
        let below = found.bought[side].rounded_down().saturating_add(range[side][0]);
        let part = found.bought[side] - Fixed::whole(i128::from(found.bought[side].rounded_down()));
        let part = part.min(Fixed::ONE - part);
        (part > far && below < range[side][1]).then_some((part, side, below))
    });
    halves.max_by_key(|&(part, side, _)| (part, Reverse(side))).map(|(_, side, below)| (side, below))
}

/// The vertex and level that the best mixture leaves most open, those with many pairs first, and whether it rather holds that. None if
/// no pair is open.
fn undecided(core: &Core, found: &Relaxed) -> Option<(usize, Level, bool)> {
    if core.is_empty() {
        return None;
    }
    let mixed: Vec<(&Holding, Fixed)> = found.mixed().collect();
    let mut most = None;
    for vertex in 0..core.chains.vertices() {
        let row = core.chains.rows.of(vertex as u32);
        for &level in core.chains.tried(vertex).iter().skip(1) {
            let holds = mixed.iter().filter(|(holding, _)| holding.levels[vertex] >= level);
            let share: Fixed = holds.map(|(_, share)| *share).sum();
            let open = share.min(Fixed::ONE - share).max(Fixed::ZERO);
            let pairs = row.iter().filter(|entry| entry.1 >= level).count();
            let worth = (open * Fixed::whole(pairs as i128 + 1), pairs, Reverse(vertex), Reverse(level));
            if most.as_ref().is_none_or(|(known, _)| worth > *known) {
                most = Some((worth, share + share >= Fixed::ONE));
            }
        }
    }
    most.map(|((_, _, Reverse(vertex), Reverse(level)), likely)| (vertex, level, likely))
}
