//! Who gets the suites and plans that nobody is named for (G.1): those with whom the least is left to buy, given everything else
//! that is owned.
//!
//! Plans of all families at once (`plan`) say whom to ask; what each way really costs is counted as the position counts it
//! (`cost`), and the cheapest is kept. Small estates are tried in every way. What it costs at least is stated with it.

mod cost;
mod needs;
mod plan;
mod problem;

pub(crate) use needs::Need;
pub(crate) use problem::Grounds;

use super::suites::Suites;
use crate::{estate::EstateError, optimise::MOST_FAMILIES, position::GivenSuites, prices::in_ratio};
use cost::{Cost, Prices, cost};
use plan::{Reading, plan};
use problem::Problem;

/// Every way is tried up to so many of them.
const WAYS: u64 = 400;
/// Ways tried by letting one holder change at most.
const CHANGES: usize = 300;
/// Pairs of all families up to which ways are tried that no plan says.
const SMALL: usize = 1_000;

/// Gives out what may go to anybody. What is left to buy is told where every CAL has a price.
pub(super) fn give(grounds: Grounds<'_, '_>, suites: &mut Suites<'_>) -> Result<Option<GivenSuites>, EstateError> {
    let Some(problem) = Problem::of(grounds, suites) else { return Ok(None) };
    let planned = problem.touched.len().min(MOST_FAMILIES);
    let Some(prices) = Prices::of(&problem) else {
        let found = plan(&problem, &vec![1; 2 * planned], Reading::Strict)?;
        suites.hand_out(&problem.groups, &found.gift);
        suites.proven = found.proven && found.exact;
        return Ok(None);
    };
    let of_planned: Vec<_> = prices.cals[..planned].iter().flatten().copied().collect();
    let weights = in_ratio(&of_planned)?;
    let times = of_planned.iter().zip(&weights).find(|(_, weight)| **weight > 0);
    let times = times.map_or(0, |(price, &weight)| prices.exact(*price) / u128::from(weight));

    let strict = plan(&problem, &weights, Reading::Strict)?;
    let loose = if strict.exact && problem.is_plain { None } else { Some(plan(&problem, &weights, Reading::Loose)?) };
    let least = loose.as_ref().map_or(strict.lower_bound, |loose| loose.lower_bound).saturating_mul(times);
    let mut search = Search { problem: &problem, prices: &prices, suites, best: None, least };
    search.attempt(&strict.gift)?;
    if let Some(loose) = &loose {
        search.attempt(&loose.gift)?;
    }
    search.attempt(&vec![Vec::new(); problem.groups.len()])?;
    if problem.size() <= SMALL {
        search.attempt_others()?;
    }
    let Search { best, least, suites, .. } = search;
    let Some((gift, best)) = best else { unreachable!("one way was tried") };
    suites.hand_out(&problem.groups, &gift);
    suites.proven = best.exact == least;
    let at_least = u64::try_from(least.div_ceil(prices.parts)).unwrap_or(u64::MAX);
    Ok(Some(GivenSuites {
        cals: problem.touched.iter().map(|&at| grounds.family(at).name.to_owned()).collect(),
        cost_minor: best.minor,
        lower_bound_minor: if suites.proven { best.minor } else { at_least.min(best.minor) },
        proven: suites.proven,
    }))
}

/// Per group of suites: to whom they go, by rank.
type Gift = Vec<Vec<u32>>;

struct Search<'s, 'g, 'a, 'b> {
    problem: &'s Problem<'g, 'a>,
    prices: &'s Prices,
    suites: &'s mut Suites<'b>,
    best: Option<(Gift, Cost)>,
    /// Exact; nothing costs less.
    least: u128,
}

impl Search<'_, '_, '_, '_> {
    fn is_proven(&self) -> bool {
        self.best.as_ref().is_some_and(|(_, best)| best.exact == self.least)
    }

    /// Counts one way unless the best is proven; of equally cheap ones the first is kept. What this one costs at least.
    fn attempt(&mut self, gift: &[Vec<u32>]) -> Result<u128, EstateError> {
        if self.is_proven() {
            return Ok(self.least);
        }
        self.suites.hand_out(&self.problem.groups, gift);
        let found = cost(self.problem, self.prices, self.suites)?;
        let least = found.least;
        if self.best.as_ref().is_none_or(|(_, best)| found.exact < best.exact) {
            self.best = Some((gift.to_vec(), found));
        }
        Ok(least)
    }

    /// Every way if there are few; else those with one holder changed, as long as that helps.
    fn attempt_others(&mut self) -> Result<(), EstateError> {
        if self.is_proven() {
            return Ok(());
        }
        let groups = &self.problem.groups;
        let candidates: Vec<Vec<u32>> = groups.iter().map(|group| self.problem.candidates(group)).collect();
        let given: Vec<usize> = groups
            .iter()
            .zip(&candidates)
            .map(|(group, candidates)| usize::try_from(group.free).unwrap_or(usize::MAX).min(candidates.len()))
            .collect();
        let ways = candidates.iter().zip(&given).map(|(all, &given)| combinations(all.len() as u64, given as u64));
        if ways.fold(1, u64::saturating_mul) <= WAYS {
            self.attempt_all(&candidates, &given)?;
        } else {
            self.change_holders(&candidates)?;
        }
        self.take_back()
    }

    /// A suite more covers more, so all that there are go to somebody.
    fn attempt_all(&mut self, candidates: &[Vec<u32>], given: &[usize]) -> Result<(), EstateError> {
        let mut chosen: Vec<Vec<usize>> = given.iter().map(|&given| (0..given).collect()).collect();
        let mut least = u128::MAX;
        loop {
            let gift: Gift =
                chosen.iter().zip(candidates).map(|(chosen, all)| chosen.iter().map(|&at| all[at]).collect()).collect();
            least = least.min(self.attempt(&gift)?);
            let next = (0..chosen.len()).find(|&group| next_choice(&mut chosen[group], candidates[group].len()));
            let Some(turned) = next else { break };
            for group in 0..turned {
                chosen[group] = (0..given[group]).collect();
            }
        }
        // connectors and administrators may do better with fewer suites
        if self.problem.is_plain {
            self.least = self.least.max(least);
        }
        Ok(())
    }

    fn change_holders(&mut self, candidates: &[Vec<u32>]) -> Result<(), EstateError> {
        let mut left = CHANGES;
        loop {
            let before = self.best_so_far();
            for (group, all) in candidates.iter().enumerate() {
                for at in 0..before.0[group].len() {
                    for &other in all {
                        let mut gift = self.best_so_far().0;
                        if gift[group].contains(&other) || at >= gift[group].len() {
                            continue;
                        }
                        if left == 0 || self.is_proven() {
                            return Ok(());
                        }
                        left -= 1;
                        gift[group][at] = other;
                        self.attempt(&gift)?;
                    }
                }
            }
            if self.best_so_far().1 == before.1 {
                return Ok(());
            }
        }
    }

    /// Suites of which somebody has no use stay free.
    fn take_back(&mut self) -> Result<(), EstateError> {
        let (mut gift, best) = self.best_so_far();
        for group in 0..gift.len() {
            for at in (0..gift[group].len()).rev() {
                let mut without = gift.clone();
                without[group].remove(at);
                self.suites.hand_out(&self.problem.groups, &without);
                let found = cost(self.problem, self.prices, self.suites)?;
                if found.exact <= best {
                    gift.clone_from(&without);
                    self.best = Some((without, found));
                }
            }
        }
        Ok(())
    }

    fn best_so_far(&self) -> (Gift, u128) {
        self.best.as_ref().map(|(gift, cost)| (gift.clone(), cost.exact)).unwrap_or_default()
    }
}

/// Steps to the next choice of so many out of `all`, ascending; whether there was one.
fn next_choice(chosen: &mut [usize], all: usize) -> bool {
    let count = chosen.len();
    let Some(at) = (0..count).rev().find(|&at| chosen[at] + (count - at) < all) else { return false };
    let first = chosen[at] + 1;
    chosen[at..].iter_mut().zip(first..).for_each(|(place, number)| *place = number);
    true
}

/// How many ways there are to choose some of all; saturates.
fn combinations(all: u64, some: u64) -> u64 {
    let mut ways = 1_u64;
    for at in 0..some.min(all - some) {
        ways = ways.saturating_mul(all - at) / (at + 1);
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_once() {
        let mut chosen = vec![0, 1];
        let mut found = vec![chosen.clone()];
        while next_choice(&mut chosen, 4) {
            found.push(chosen.clone());
        }
        assert_eq!(found, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!((combinations(4, 2), combinations(7, 7), combinations(60, 30)), (6, 1, 118_264_581_564_861_424));
        assert!(!next_choice(&mut [], 3));
        assert!(combinations(1_000, 500) > WAYS);
    }
}
