//! The cheapest purchase when licences of several levels are owned (E.4, E.29): a newer one serves older needs, and what is
//! bought is of the newest.
//!
//! Each pair needs a level at its user or at its device. With `n` holders of level `k` or higher and `o` such licences owned,
//! at least `n - o` must be bought, for every `k`; so the purchase is the greatest of these. Weights on the levels that add
//! up to the price give a bound by one minimum cut; the best weights are found by column generation, the covers met on the
//! way are combined, and branch and bound closes what gap remains, as far as its work reaches. NP-hard like one level, so always a
//! cost and a bound. Knows nothing of versions and money.

mod balance;
mod bound;
mod chains;
mod combine;
mod core;
mod dive;
mod exchange;
mod fixed;
mod master;
mod relax;
mod round;
mod terms;
#[cfg(test)]
mod tests;
mod tree;

pub use bound::LevelBound;
use chains::Chains;
use relax::{Start, relaxed};
use terms::Terms;

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
/// Pairs looked at by branch and bound at most, and up to which size of the graph: where it is larger, cuts take more for each pair.
const TREE: u64 = 10_000_000;
const SMALL: u64 = 20_000;

/// The cheapest purchase found and a bound. Deterministic, one thread.
///
/// # Panics
/// When a level of the needs is above the number of levels owned, or lists do not fit each other.
#[must_use]
pub fn cheapest_level_purchase(needs: &LevelNeeds<'_>, terms: &LevelTerms<'_>) -> LevelPurchase {
    let mut terms = Terms::of(terms);
    let chains = Chains::of(needs, terms.levels);
    // the price on the lowest level, then on the highest: one of them often decides
    let all_on = |level: usize| {
        let mut weights = vec![0; 2 * terms.levels];
        weights[level] = terms.scaled(0);
        weights[terms.levels + level] = terms.scaled(1);
        weights
    };
    let mut weights = vec![all_on(0), all_on(terms.levels - 1)];
    weights.dedup();
    let start = Start { covers: Vec::new(), weights, cuts: CUTS, enough: u128::MAX };
    let root = relaxed(&chains, &mut terms, start);
    let mut bound = root.bound;
    let mut best = root.cheapest().expect("a cut is made").clone();
    let mut work = Work(WORK);
    if best.cost > bound {
        best = combine::covers(&chains, &terms, best, &root.covers, bound, &mut work);
        best = improved(&chains, &terms, best, &mut work);
    }
    if best.cost > bound {
        for holding in round::rounded(&chains, &terms, &root) {
            let holding = improved(&chains, &terms, holding, &mut work);
            if holding.cost < best.cost {
                best = holding;
            }
        }
    }
    if best.cost > bound {
        let (weights, bought) = (&root.center.weights, root.bought.map(fixed::Fixed::rounded_down));
        let search = balance::Search { chains: &chains, terms: &terms, weights, bought, covers: &root.covers, bound };
        best = search.from(best, &mut work);
    }
    let most = if chains.size() <= SMALL { TREE } else { TREE / 2 };
    if best.cost > bound {
        best = dive::from(&chains, &terms, &root, best, bound, &mut Work(most));
    }
    if best.cost > bound {
        (best, bound) = tree::search(&chains, &terms, &root, best, &mut Work(most));
    }
    let (users, devices) = chains.sides(best.levels);
    let demanded = terms.unscaled(root.center.value);
    let bound_shown = root.center.proof(&chains, &terms);
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
