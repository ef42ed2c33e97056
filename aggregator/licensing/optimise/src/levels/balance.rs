//! Brings the holders of all levels into balance, so that none of them alone decides what must be bought.
//!
//! The best weights say what a holder of each level is worth, and how much of either kind is bought at best. Covers of nearly the least
//! weight are many; among them one is searched for in which no level has more holders than are owned and bought then. A holder too
//! many counts little at first and ever more, so that the exchanges that lose least weight are made before those that lose more.

use super::{Holding, Work, chains::Chains, combine, exchange, terms::Terms};

/// What a cover is worth on the way to a purchase.
struct Aim<'a> {
    weights: &'a [u64],
    /// Holders there should be at most, by level.
    most: Vec<i128>,
    /// What one holder too many counts, in scaled prices.
    dear: u64,
}

impl Aim<'_> {
    /// Weight of all holders and of those too many, and their number.
    fn worth(&self, counts: &[u64]) -> (u128, u64) {
        let priced = |count: u64, price: u64| u128::from(count) * u128::from(price);
        let each = counts.iter().zip(self.weights).zip(&self.most);
        let worth = each.map(|((&count, &weight), &most)| {
            priced(count, weight) + priced(u64::try_from(i128::from(count) - most).unwrap_or(0), self.dear)
        });
        (worth.sum(), counts.iter().sum())
    }
}

/// From which covers to start at most.
const STARTS: usize = 6;

/// What is known when the best weights are.
pub(super) struct Search<'a> {
    pub chains: &'a Chains,
    pub terms: &'a Terms,
    /// The best weights by level, users then devices.
    pub weights: &'a [u64],
    /// How much of either kind is bought at these, rounded down.
    pub bought: [u64; 2],
    /// Covers met on the way; the last were cut at the best weights.
    pub covers: &'a [Holding],
    /// Nothing is cheaper.
    pub bound: u128,
}

impl Search<'_> {
    /// A purchase cheaper than `best` if one is found.
    pub fn from(&self, mut best: Holding, work: &mut Work) -> Holding {
        let [a, b] = self.terms.prices;
        let mut more = 0;
        while self.bound + more < best.cost && work.left() {
            for extra in 0..2 {
                let users = self.bought[0].saturating_add(extra);
                let rest = (self.bound + more).checked_sub(u128::from(a) * u128::from(users));
                let Some(rest) = rest else { continue };
                let aimed = [users, u64::try_from(rest / u128::from(b)).unwrap_or(u64::MAX)];
                let starts = std::iter::once(best.clone()).chain(self.recent().cloned());
                for start in starts.collect::<Vec<_>>() {
                    let found = self.reached(aimed, start, work);
                    if found.cost < best.cost {
                        best = found;
                    }
                    if best.cost <= self.bound + more {
                        return best;
                    }
                }
            }
            more = 2 * more + u128::from(a.min(b));
        }
        best
    }

    fn recent(&self) -> impl Iterator<Item = &Holding> {
        self.covers.iter().rev().take(STARTS)
    }

    /// The purchase that exchanges lead to from a cover, when so many are to be bought.
    fn reached(&self, aimed: [u64; 2], start: Holding, work: &mut Work) -> Holding {
        let (chains, terms) = (self.chains, self.terms);
        let owned = terms.owned.iter().enumerate();
        let most = owned.map(|(at, &owned)| i128::from(owned) + i128::from(aimed[at / terms.levels])).collect();
        let mut aim = Aim { weights: self.weights, most, dear: terms.scaled(0).max(terms.scaled(1)) / 32 };
        let mut best = start.clone();
        let mut levels = start.levels;
        for _ in 0..5 {
            aim.dear = (4 * aim.dear).max(1);
            for other in self.recent() {
                levels = combine::between(chains, levels, &other.levels, |counts| aim.worth(counts), work);
            }
            exchange::improved(chains, &mut levels, |counts| aim.worth(counts), work);
            let holding = chains.holding(&levels, terms);
            if holding.cost < best.cost {
                best = holding;
            }
        }
        best
    }
}
