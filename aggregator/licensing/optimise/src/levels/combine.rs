//! Better purchases from covers that are good already.
//!
//! Where two covers differ, the difference falls into pieces that do not touch; each may be taken over on its own.

use super::{Holding, Level, Work, chains::Chains, terms::Terms};

/// From `best`, takes over pieces of the other covers as long as that saves money. Nothing is cheaper than `bound`.
pub(super) fn covers(
    chains: &Chains,
    terms: &Terms,
    mut best: Holding,
    others: &[Holding],
    bound: u128,
    work: &mut Work,
) -> Holding {
    for _ in 0..3 {
        let before = best.cost;
        // the last were cut at the best weights
        for other in others.iter().rev().take(16) {
            if best.cost == bound {
                return best;
            }
            let levels = between(chains, best.levels.clone(), &other.levels, |counts| terms.cost(counts), work);
            let better = chains.holding(&levels, terms);
            if better.cost < best.cost {
                best = better;
            }
        }
        if best.cost == before {
            break;
        }
    }
    best
}

/// A piece of the difference: its vertices and how the counts change with it.
struct Piece {
    vertices: Vec<u32>,
    changes: Vec<(usize, i64)>,
}

/// Takes over pieces of another cover such that what `worth` says about the counts becomes less.
pub(super) fn between<Worth: Ord>(
    chains: &Chains,
    mut levels: Vec<Level>,
    to: &[Level],
    worth: impl Fn(&[u64]) -> Worth,
    work: &mut Work,
) -> Vec<Level> {
    if !work.take(levels.len() as u64) {
        return levels;
    }
    let pieces = pieces(chains, &levels, to);
    let mut counts = chains.counts(&levels);
    let mut taken = vec![false; pieces.len()];
    let mut best = (worth(&counts), 0);
    let apply = |counts: &mut [u64], piece: &Piece, back: bool| {
        for &(at, change) in &piece.changes {
            counts[at] = counts[at].saturating_add_signed(if back { -change } else { change });
        }
    };
    // all the way from one to the other, remembering the best place
    for (passed, piece) in (1..).zip(&pieces) {
        apply(&mut counts, piece, false);
        let then = worth(&counts);
        if then < best.0 {
            best = (then, passed);
        }
    }
    for piece in &pieces[best.1..] {
        apply(&mut counts, piece, true);
    }
    taken[..best.1].fill(true);
    // then one by one, forth or back
    let mut least = best.0;
    for _ in 0..2 {
        let mut better = false;
        for (piece, taken) in pieces.iter().zip(&mut taken) {
            apply(&mut counts, piece, *taken);
            let then = worth(&counts);
            if then < least {
                (least, better) = (then, true);
                *taken = !*taken;
            } else {
                apply(&mut counts, piece, !*taken);
            }
        }
        if !better {
            break;
        }
    }
    for (piece, _) in pieces.iter().zip(taken).filter(|(_, taken)| *taken) {
        for &vertex in &piece.vertices {
            levels[vertex as usize] = to[vertex as usize];
        }
    }
    levels
}

/// Connected through pairs that need one of both ends to change: others are covered whatever is taken.
fn pieces(chains: &Chains, from: &[Level], to: &[Level]) -> Vec<Piece> {
    let differs = |vertex: u32| from[vertex as usize] != to[vertex as usize];
    let mut seen = vec![false; from.len()];
    let mut pieces = Vec::new();
    for start in 0..from.len() as u32 {
        if !differs(start) || std::mem::replace(&mut seen[start as usize], true) {
            continue;
        }
        let mut vertices = vec![start];
        let mut next = 0;
        while let Some(&vertex) = vertices.get(next) {
            next += 1;
            let least = from[vertex as usize].min(to[vertex as usize]);
            for &(other, level) in chains.rows.of(vertex) {
                let may_fail = level > least && level > from[other as usize].min(to[other as usize]);
                if may_fail && differs(other) && !std::mem::replace(&mut seen[other as usize], true) {
                    vertices.push(other);
                }
            }
        }
        let mut changes: Vec<(usize, i64)> = Vec::new();
        for &vertex in &vertices {
            let (one, other) = (from[vertex as usize], to[vertex as usize]);
            let start = chains.start(vertex as usize);
            let by = if other > one { 1 } else { -1 };
            changes.extend((one.min(other)..one.max(other)).map(|level| (start + usize::from(level), by)));
        }
        changes.sort_unstable_by_key(|change| change.0);
        changes.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        changes.retain(|change| change.1 != 0);
        pieces.push(Piece { vertices, changes });
    }
    pieces
}
