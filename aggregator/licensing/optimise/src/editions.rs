//! Which of several sets of licences each host takes, given licences owned that serve some of them (rules C.19, E.29).
//!
//! Knows hosts as kinds with a number, licences as classes of need with a price, what is owned as supplies that serve some
//! classes. With two editions this is a knapsack already, so the answer is a cost, a lower bound, and whether they meet:
//!
//! 1. Each class of need gets a weight between 0 and its price; with these every host decides for itself, and what it
//!    pays less what is owned is a lower bound. The best weights are searched for in whole numbers ([`bound`]).
//! 2. Hosts for which another choice would exceed the best plan known are decided. The others are chosen kind by kind, the
//!    least certain last; of two ways to come to the same kind one is dropped if it needs no less of anything, or if its
//!    bound is no better than the best plan ([`search`]). The work is limited by an amount, never by time.

mod bound;
mod search;
mod short;
#[cfg(test)]
mod tests;

use bound::{Weighed, weights};
use short::shortage;

/// Licences needed, by class.
pub type Needs = Vec<(u32, u64)>;

/// Hosts alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// How many.
    pub count: u64,
    /// What each may take, at least one.
    pub options: Vec<Needs>,
}

/// Hosts that choose one by one, or all together something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cluster {
    /// What would do for all of them instead.
    pub together: Option<Needs>,
    /// The hosts.
    pub kinds: Vec<Kind>,
}

/// Licences owned that serve the same classes, one unit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supply {
    /// How many.
    pub quantity: u64,
    /// Classes of which each serves one unit.
    pub serves: Vec<u32>,
    /// What each may be turned into instead (rule C.25): so many units, for classes that no other such supply serves.
    pub turned: Option<(u64, Vec<u32>)>,
}

/// What is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct EditionProblem<'a> {
    /// Of one unit by class of need; `None`: it cannot be bought.
    pub prices: &'a [Option<u64>],
    /// What is owned.
    pub supplies: &'a [Supply],
    /// What is needed.
    pub clusters: &'a [Cluster],
}

/// How the hosts of a cluster are licensed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Together.
    Together,
    /// Per kind and option how many hosts take it.
    Each(Vec<Vec<u64>>),
}

/// A choice for every host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionPlan {
    /// By cluster.
    pub taken: Vec<Taken>,
    /// What must be bought, in the unit of the prices.
    pub cost: u128,
    /// No choice costs less.
    pub lower_bound: u128,
    /// By supply and class the units of it that serve the class.
    pub given: Vec<Vec<u64>>,
    /// By supply how many are turned into something else.
    pub turned: Vec<u64>,
}

/// Sums beyond which nothing is decided, so that no product can overflow.
const MOST_MONEY: u128 = 1 << 70;
const MOST_LICENCES: u128 = 1 << 40;

/// The cheapest choice found, `plain` unless another costs less; `None` if some host can take nothing that may be bought, or
/// if the numbers are beyond reason.
#[must_use]
pub fn cheapest_editions(problem: &EditionProblem<'_>, plain: &[Taken]) -> Option<EditionPlan> {
    let model = Model::of(problem)?;
    let mut best = (plain.to_vec(), model.cost(plain));
    let weights = weights(&model);
    let mut bound = Model::whole(weights[0].bound);
    for weighed in &weights {
        let taken = model.taken_by(weighed);
        let cost = model.cost(&taken);
        if cost < best.1 {
            best = (taken, cost);
        }
    }
    for width in [search::NARROW, search::WIDE] {
        if bound >= best.1 {
            break;
        }
        let found = search::search(&model, &weights, best.1, width);
        if let Some((taken, cost)) = found.better {
            best = (taken, cost);
        }
        bound = bound.max(found.lower_bound.min(best.1));
    }
    let served = shortage(&model, &model.needed(&best.0).0);
    Some(EditionPlan {
        taken: best.0,
        cost: best.1.unsigned_abs(),
        lower_bound: bound.clamp(0, best.1).unsigned_abs(),
        given: served.given,
        turned: served.turned,
    })
}

/// What a choice costs and which supplies serve it, with no better bound than 0; `None` as for [`cheapest_editions`].
#[must_use]
pub fn editions_as_taken(problem: &EditionProblem<'_>, taken: &[Taken]) -> Option<EditionPlan> {
    let model = Model::of(problem)?;
    let served = shortage(&model, &model.needed(taken).0);
    let cost = model.cost(taken).max(0).unsigned_abs();
    Some(EditionPlan { taken: taken.to_vec(), cost, lower_bound: 0, given: served.given, turned: served.turned })
}

/// Weights count in this part of the unit of the prices.
const SCALE: i128 = 64;

/// What an option needs of each class that something owned serves, and what the others cost.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Compiled {
    needs: Vec<(usize, i64)>,
    money: i128,
}

struct CompiledCluster {
    together: Option<Compiled>,
    kinds: Vec<(u64, Vec<Compiled>)>,
}

/// The problem over the classes that something owned serves; needs of the others are money at once.
struct Model<'a> {
    /// By class; one that cannot be bought costs more than any plan that needs none of them.
    prices: Vec<i128>,
    supplies: &'a [Supply],
    /// By supply, no more than can be used.
    quantities: Vec<i64>,
    served: Vec<bool>,
    clusters: Vec<CompiledCluster>,
}

impl<'a> Model<'a> {
    fn of(problem: &EditionProblem<'a>) -> Option<Self> {
        let price = |needs: &Needs| -> Option<u128> {
            needs.iter().try_fold(0_u128, |sum, &(class, count)| {
                let price = problem.prices[class as usize]?;
                sum.checked_add(u128::from(price).checked_mul(u128::from(count))?)
            })
        };
        let licences = |needs: &Needs| needs.iter().map(|&(_, count)| u128::from(count)).sum::<u128>();
        let (mut money, mut all) = (0_u128, 0_u128);
        for cluster in problem.clusters {
            all += cluster.together.as_ref().map_or(0, licences);
            for kind in &cluster.kinds {
                let least = kind.options.iter().filter_map(price).min()?;
                money = money.checked_add(least.checked_mul(u128::from(kind.count))?)?;
                let most = kind.options.iter().map(licences).max()?;
                all = all.checked_add(most.checked_mul(u128::from(kind.count))?)?;
            }
            if money > MOST_MONEY || all > MOST_LICENCES {
                return None;
            }
        }
        let beyond = money.cast_signed() + 1;
        let prices: Vec<i128> =
            problem.prices.iter().map(|price| price.map_or(beyond, |price| i128::from(price).min(beyond))).collect();
        let mut served = vec![false; prices.len()];
        for supply in problem.supplies.iter().filter(|supply| supply.quantity > 0) {
            let turned = supply.turned.iter().flat_map(|(_, serves)| serves);
            supply.serves.iter().chain(turned).for_each(|&class| served[class as usize] = true);
        }
        let compiled = |needs: &Needs| {
            let mut found = Compiled { needs: Vec::new(), money: 0 };
            for &(class, count) in needs.iter().filter(|need| need.1 > 0) {
                let at = class as usize;
                if !served[at] {
                    found.money += prices[at] * i128::from(count);
                } else if let Some(known) = found.needs.iter_mut().find(|known| known.0 == at) {
                    known.1 += count.cast_signed();
                } else {
                    found.needs.push((at, count.cast_signed()));
                }
            }
            found
        };
        let clusters = problem.clusters.iter().map(|cluster| CompiledCluster {
            together: cluster.together.as_ref().map(&compiled),
            kinds: (cluster.kinds.iter())
                .map(|kind| (kind.count, kind.options.iter().map(&compiled).collect()))
                .collect(),
        });
        let clusters = clusters.collect();
        let usable = |supply: &Supply| u128::from(supply.quantity).min(all) as i64;
        Some(Self {
            clusters,
            quantities: problem.supplies.iter().map(usable).collect(),
            supplies: problem.supplies,
            prices,
            served,
        })
    }

    /// The needs of a choice by class, and the money for those that nothing owned serves.
    fn needed(&self, taken: &[Taken]) -> (Vec<i64>, i128) {
        let (mut needed, mut money) = (vec![0; self.prices.len()], 0);
        let mut add = |option: &Compiled, count: i128| {
            money += option.money * count;
            option.needs.iter().for_each(|&(class, each)| needed[class] += each * count as i64);
        };
        for (cluster, taken) in self.clusters.iter().zip(taken) {
            match (taken, &cluster.together) {
                (Taken::Each(kinds), _) => {
                    for ((_, options), counts) in cluster.kinds.iter().zip(kinds) {
                        options.iter().zip(counts).for_each(|(option, &count)| add(option, i128::from(count)));
                    }
                }
                (Taken::Together, together) => together.iter().for_each(|option| add(option, 1)),
            }
        }
        (needed, money)
    }

    fn cost(&self, taken: &[Taken]) -> i128 {
        let (needed, money) = self.needed(taken);
        money + shortage(self, &needed).cost
    }

    /// What every host takes that decides for itself by these weights.
    fn taken_by(&self, weighed: &Weighed) -> Vec<Taken> {
        let of = |cluster: &CompiledCluster| {
            let mut sum = 0;
            let kinds = cluster.kinds.iter().map(|(count, options)| {
                let worth: Vec<i128> = options.iter().map(|option| weighed.of(option)).collect();
                let least = worth.iter().copied().min().unwrap_or(0);
                sum += least * i128::from(*count);
                let at = worth.iter().position(|worth| *worth == least).unwrap_or(0);
                let mut counts = vec![0; options.len()];
                counts[at] = *count;
                counts
            });
            let kinds = kinds.collect();
            match &cluster.together {
                Some(together) if weighed.of(together) < sum => Taken::Together,
                _ => Taken::Each(kinds),
            }
        };
        self.clusters.iter().map(of).collect()
    }

    /// A bound in the unit of the prices: a fraction of one cannot be bought.
    fn whole(scaled: i128) -> i128 {
        scaled.div_euclid(SCALE) + i128::from(scaled.rem_euclid(SCALE) > 0)
    }
}
