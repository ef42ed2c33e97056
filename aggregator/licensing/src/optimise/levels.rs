//! The cheapest purchase when licences of several levels are owned (E.4, E.29): a newer one serves older needs, and what is
//! bought is of the newest.
//!
//! Each pair needs a level at its user or at its device. With `n` holders of level `k` or higher and `o` such licences owned,
//! at least `n - o` must be bought, for every `k`; so the purchase is the greatest of these. Weights on the levels that add
//! up to the price give a bound by one minimum cut; the best weights are found by column generation, and the covers met on the
//! way are combined. NP-hard like one level, so always a cost and a bound. Knows nothing of versions and money.

mod balance;
mod bound;
mod chains;
mod combine;
mod exchange;
mod fixed;
mod master;
#[cfg(test)]
mod tests;

use bound::Best;
pub use bound::LevelBound;
use chains::{Chains, Cut};
use master::Master;

use super::gcd;

/// Level needed for a pair, from 1; 0 stands for none.
pub type Level = u8;

/// What must be covered.
#[derive(Debug, Clone)]
pub struct LevelNeeds<'a> {
    /// User, device, and the level that one of them must hold; each pair once.
    pub pairs: &'a [(u32, u32, Level)],
    /// Per user the level to hold in any case.
    pub users: &'a [Level],
    /// Per device the level to hold in any case.
    pub devices: &'a [Level],
}

/// Prices of the newest level, and what is owned.
#[derive(Debug, Clone)]
pub struct LevelTerms<'a> {
    /// Price of a user, at least 1 and below 2^32.
    pub user_price: u64,
    /// Price of a device, at least 1 and below 2^32.
    pub device_price: u64,
    /// For users, how many are owned of level 1, 2, …
    pub owned_users: &'a [u64],
    /// The same for devices.
    pub owned_devices: &'a [u64],
}

/// Who should hold what, and how good that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelPurchase {
    /// Level of each user.
    pub users: Vec<Level>,
    /// Level of each device.
    pub devices: Vec<Level>,
    /// Of what must be bought, in the unit of the prices.
    pub cost: u128,
    /// No purchase can cost less.
    pub lower_bound: u128,
    /// The part of `lower_bound` that `bound` shows; the rest was found by trying everything else.
    pub demanded: u128,
    /// Why no purchase can cost less than `demanded`.
    pub bound: LevelBound,
}

/// Holders per level or higher, users then devices.
type Counts = Vec<u64>;

/// Cuts at most.
const CUTS: usize = 60;
/// Pairs looked at by exchanges at most. Some tenths of a second.
const WORK: u64 = 30_000_000;
/// Up to so many pairs every cover met is improved.
const SMALL: usize = 20_000;

/// The cheapest purchase found and a bound. Deterministic, one thread.
///
/// # Panics
/// When a level of the needs is above the number of levels owned, or lists do not fit each other.
#[must_use]
pub fn cheapest_level_purchase(needs: &LevelNeeds<'_>, terms: &LevelTerms<'_>) -> LevelPurchase {
    let terms = Terms::of(terms);
    let chains = Chains::of(needs, terms.levels);
    let mut master = Master::new(&terms);
    let (mut best, mut bound): (Option<Holding>, u128) = (None, 0);
    let mut covers: Vec<Holding> = Vec::new();
    // the price on the lowest level, then on the highest: one of them often decides
    let all_on = |level: usize| {
        let mut weights = vec![0; 2 * terms.levels];
        weights[level] = terms.scaled(0);
        weights[terms.levels + level] = terms.scaled(1);
        weights
    };
    let mut next = Some(all_on(0));
    let mut center = Best { value: i128::MIN, weights: all_on(0), demand: Vec::new() };
    for cut in 0..CUTS {
        let Some(weights) = next.take() else { break };
        let Cut { least, levels, demand } = chains.lightest(&weights);
        let value = least.cast_signed() - terms.owned_weight(&weights);
        if value > center.value {
            center = Best { value, weights, demand };
        }
        bound = bound.max(terms.unscaled(value));
        let counts = chains.counts(&levels);
        master.add(&counts);
        let holding = chains.holding(&levels, &terms);
        if best.as_ref().is_none_or(|best| holding.cost < best.cost) {
            best = Some(holding.clone());
        }
        covers.push(holding);
        if best.as_ref().is_some_and(|best| best.cost == bound) {
            break;
        }
        next = if cut == 0 && terms.levels > 1 { Some(all_on(terms.levels - 1)) } else { master.next(&center, bound) };
    }
    let mut best = best.expect("one cut is made");
    let mut work = Work(WORK);
    if best.cost > bound {
        best = combine::covers(&chains, &terms, best, &covers, bound, &mut work);
        best = improved(&chains, &terms, best, &mut work);
    }
    if best.cost > bound {
        let (weights, bought) = (&center.weights, master.bought());
        let search = balance::Search { chains: &chains, terms: &terms, weights, bought, covers: &covers, bound };
        best = search.from(best, &mut work);
    }
    // where there is little, others may lead further than the best
    if best.cost > bound && needs.pairs.len() <= SMALL {
        for holding in covers {
            let holding = improved(&chains, &terms, holding, &mut work);
            if holding.cost < best.cost {
                best = holding;
            }
        }
    }
    let (users, devices) = chains.sides(best.levels);
    let demanded = terms.unscaled(center.value);
    let bound_shown = center.proof(&chains, &terms);
    LevelPurchase { users, devices, cost: best.cost, lower_bound: bound, demanded, bound: bound_shown }
}

/// Makes small exchanges that save money, or bring what is held nearer to what is owned.
fn improved(chains: &Chains, terms: &Terms, holding: Holding, work: &mut Work) -> Holding {
    let mut levels = holding.levels;
    exchange::improved(chains, &mut levels, |counts| terms.worth(counts), work);
    let cost = terms.cost(&chains.counts(&levels));
    Holding { levels, cost }
}

/// What may still be looked at: an amount, not a time, so that the answer is always the same.
#[derive(Debug)]
struct Work(u64);

impl Work {
    /// Takes so many steps off; whether there were as many.
    fn take(&mut self, steps: u64) -> bool {
        let enough = self.0 >= steps;
        self.0 = self.0.saturating_sub(steps);
        enough
    }

    fn left(&self) -> bool {
        self.0 > 0
    }
}

/// Levels of all vertices, users first, and what must be bought for them.
#[derive(Debug, Clone)]
struct Holding {
    levels: Vec<Level>,
    cost: u128,
}

/// Prices and what is owned, as the search needs them.
#[derive(Debug)]
struct Terms {
    levels: usize,
    prices: [u64; 2],
    /// Owned per level or higher, users then devices.
    owned: Vec<u64>,
    /// Weights are prices times this.
    scale: u64,
}

/// Weights are prices in parts: the best are nearly always simple fractions of a price, and cuts are quick on small numbers.
const PARTS: [u64; 4] = [1, 12, 60, 240];
/// The dearer price has at least so many parts.
const FINE: u64 = 1_000;

impl Terms {
    fn of(terms: &LevelTerms<'_>) -> Self {
        let levels = terms.owned_users.len();
        assert_eq!(levels, terms.owned_devices.len(), "as many levels of users as of devices");
        let prices = [terms.user_price, terms.device_price];
        assert!(prices.iter().all(|price| (1..1 << 32).contains(price)), "prices are at least 1 and below 2^32");
        let mut owned = Vec::with_capacity(2 * levels);
        for side in [terms.owned_users, terms.owned_devices] {
            let or_higher = |level: usize| side[level..].iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
            owned.extend((0..levels).map(or_higher));
        }
        // more than everybody needs is never of use, and must not overflow
        for count in &mut owned {
            *count = (*count).min(1 << 33);
        }
        let dearer = prices[0].max(prices[1]);
        let fine = PARTS.into_iter().find(|parts| dearer * parts >= FINE);
        Self { levels, prices, owned, scale: fine.unwrap_or(PARTS[3]) }
    }

    fn scaled(&self, side: usize) -> u64 {
        self.prices[side] * self.scale
    }

    fn owned_weight(&self, weights: &[u64]) -> i128 {
        weights.iter().zip(&self.owned).map(|(&weight, &owned)| i128::from(weight) * i128::from(owned)).sum()
    }

    /// A bound in scaled weights as a bound in prices: the next multiple of what divides both.
    fn unscaled(&self, value: i128) -> u128 {
        let unit = gcd(self.prices[0], self.prices[1]);
        let units = u128::try_from(value).unwrap_or(0).div_ceil(u128::from(self.scale) * u128::from(unit));
        units * u128::from(unit)
    }

    /// What must be bought for so many holders, and the price of all that is held beyond what is owned, level by level.
    fn worth(&self, counts: &[u64]) -> (u128, u128) {
        let beyond = counts.iter().zip(&self.owned).map(|(&count, &owned)| u128::from(count.saturating_sub(owned)));
        let priced = beyond.enumerate().map(|(at, beyond)| beyond * u128::from(self.prices[at / self.levels]));
        (self.cost(counts), priced.sum())
    }

    /// What must be bought for so many holders.
    fn cost(&self, counts: &[u64]) -> u128 {
        let short = |side: usize| {
            let levels = side * self.levels..(side + 1) * self.levels;
            levels.map(|at| counts[at].saturating_sub(self.owned[at])).max().unwrap_or(0)
        };
        (0..2).map(|side| u128::from(short(side)) * u128::from(self.prices[side])).sum()
    }
}
