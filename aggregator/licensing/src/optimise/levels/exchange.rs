//! Small exchanges that make a purchase cheaper: one holder goes down, and those come up who relied on it.

use super::{Holding, Level, Terms, chains::Chains};

/// Times that everybody is tried.
const ROUNDS: usize = 4;

/// Takes every exchange that saves money, or brings what is held nearer to what is owned.
pub(super) fn improved(chains: &Chains, terms: &Terms, holding: Holding, bound: u128) -> Holding {
    let Holding { mut levels, .. } = holding;
    let mut counts = chains.counts(&levels);
    let mut worth = terms.worth(&counts);
    let mut moves: Vec<(usize, Level)> = Vec::new();
    for _ in 0..ROUNDS {
        let before = worth;
        for vertex in 0..levels.len() {
            for least in chains.floor(vertex)..levels[vertex] {
                moves.clear();
                moves.push((vertex, least));
                let relied = chains.rows.of(vertex as u32).iter();
                let relied = relied.filter(|(other, level)| *level > least && levels[*other as usize] < *level);
                moves.extend(relied.map(|&(other, level)| (other as usize, level)));
                for (at, level) in &mut moves {
                    let held = std::mem::replace(&mut levels[*at], *level);
                    chains.count(&mut counts, *at, held, *level);
                    *level = held;
                }
                let then = terms.worth(&counts);
                if then < worth {
                    worth = then;
                    break;
                }
                for &(at, held) in moves.iter().rev() {
                    let now = std::mem::replace(&mut levels[at], held);
                    chains.count(&mut counts, at, now, held);
                }
            }
        }
        if worth == before || worth.0 == bound {
            break;
        }
    }
    Holding { levels, cost: worth.0 }
}
