//! Purchases from the best mixture: where its covers differ, the difference falls into pieces, and of each piece one cover is taken
//! over such that the numbers of holders stay next to what is owned and bought.
//!
//! Large pieces go first and small ones last, so that these make up for those.

use std::cmp::Reverse;

use super::{Holding, Level, chains::Chains, core::Core, fixed::Fixed, relax::Relaxed, terms::Terms};

/// Shares of covers are in parts of this.
const WHOLE: i64 = 1_000;
/// So much above the bound is aimed at, in units of money.
const AIMS: u128 = 3;

/// A purchase for each way to spend as much as the bound, or a little more, next to the best mixture.
pub(super) fn rounded(chains: &Chains, terms: &Terms, found: &Relaxed) -> Vec<Holding> {
    let mixed: Vec<(&Holding, i64)> = found.mixed().map(|(holding, share)| (holding, parts(share))).collect();
    let least = |vertex: usize| mixed.iter().map(|(holding, _)| holding.levels[vertex]).min().unwrap_or(0);
    let core = Core::of(chains, terms, (0..chains.vertices()).map(least).collect());
    let covers: Vec<(Vec<Level>, i64)> =
        mixed.iter().map(|(holding, share)| (core.inner(&holding.levels), *share)).collect();
    let components = core.chains.components();
    let mut pieces: Vec<Piece> =
        components.into_iter().map(|vertices| Piece::of(&core.chains, vertices, &covers)).collect();
    pieces.sort_by_key(|piece| Reverse(piece.spread));
    let purchase = |bought: [u64; 2]| {
        // by level, how many holders more than are owned and bought
        let ahead = |at: usize| match found.center.weights[at] {
            0 => 0,
            _ => parts(found.bought[at / terms.levels] - whole(bought[at / terms.levels])),
        };
        let mut ahead: Vec<i64> = (0..2 * terms.levels).map(ahead).collect();
        let mut levels = core.chains.floors().to_vec();
        for piece in &pieces {
            let far = |choice: &usize| -> u128 {
                let each = ahead.iter().zip(&piece.more[*choice]).zip(&found.center.weights);
                let square = |by: i64| u128::from(by.unsigned_abs()).pow(2);
                each.map(|((ahead, more), weight)| square(ahead + more) * u128::from(weight + 1)).sum()
            };
            let Some(choice) = (0..covers.len()).min_by_key(far) else { continue };
            ahead.iter_mut().zip(&piece.more[choice]).for_each(|(ahead, more)| *ahead += more);
            for &vertex in &piece.vertices {
                levels[vertex as usize] = covers[choice].0[vertex as usize];
            }
        }
        chains.holding(&core.outer(&levels), terms)
    };
    aims(terms, found).into_iter().map(purchase).collect()
}

/// How many to buy of either kind.
fn aims(terms: &Terms, found: &Relaxed) -> Vec<[u64; 2]> {
    let [a, b] = terms.prices.map(u128::from);
    let near = found.bought[0].rounded_down();
    let mut aims = Vec::new();
    for cost in (0..AIMS).map(|more| found.bound + more) {
        for users in near.saturating_sub(1)..=near.saturating_add(2) {
            let rest = cost.checked_sub(a * u128::from(users)).filter(|rest| rest % b == 0);
            aims.extend(rest.and_then(|rest| u64::try_from(rest / b).ok()).map(|devices| [users, devices]));
        }
    }
    aims
}

fn whole(number: u64) -> Fixed {
    Fixed::whole(i128::from(number))
}

fn parts(share: Fixed) -> i64 {
    // squares of differences of these still fit
    share.times(WHOLE).clamp(-(1 << 40), 1 << 40)
}

/// A piece of the difference.
struct Piece {
    vertices: Vec<u32>,
    /// Per cover, holders by level more than in the mixture, in parts of [`WHOLE`].
    more: Vec<Vec<i64>>,
    /// By how much a cover differs from the mixture at most.
    spread: i64,
}

impl Piece {
    fn of(chains: &Chains, vertices: Vec<u32>, covers: &[(Vec<Level>, i64)]) -> Self {
        let counts: Vec<Vec<i64>> = covers.iter().map(|(levels, _)| chains.counts_of(&vertices, levels)).collect();
        let shares: i64 = covers.iter().map(|(_, share)| share).sum();
        let in_mixture =
            |at: usize| -> i64 { counts.iter().zip(covers).map(|(one, (_, share))| one[at] * share).sum() };
        let more = |one: &Vec<i64>| -> Vec<i64> {
            one.iter().enumerate().map(|(at, count)| count * shares - in_mixture(at)).collect()
        };
        let more: Vec<Vec<i64>> = counts.iter().map(more).collect();
        let spread = more.iter().map(|more| more.iter().map(|by| by.abs()).sum()).max().unwrap_or(0);
        Self { vertices, more, spread }
    }
}
