//! The cheapest licences of several families together, where some are sold as bundles: CAL suites and cloud plans (G.1 to
//! G.6), additive CALs beside the base CAL. Each family has its own accesses between the same users and devices.
//!
//! When the bundles of one side are apart or nested, everybody's choice is a little tree and all of it one minimum cut:
//! exact. Bundles that overlap otherwise, and quantities that are owned already, make it NP-hard; then the answer is a plan,
//! a bound with its proof, and whether they meet. Knows numbers only.

mod assign;
mod cut;
#[cfg(test)]
mod tests;
mod tree;
mod verify;

use super::{
    flow::GREATEST_TOTAL,
    gcd,
    problem::{ProblemError, check_number},
};
use assign::{Assignment, Terms};
use cut::Layout;

/// Who holds an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// One user.
    User,
    /// One device.
    Device,
}

/// Something that can be held: a licence of one family, or a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Who holds it.
    pub holder: Holder,
    /// Families it covers: bit `f` for family `f`.
    pub families: u32,
    /// What one costs; none if it is not on sale, so that only what is owned can be used.
    pub price: Option<u64>,
    /// How many are owned.
    pub owned: u64,
}

impl Offer {
    /// Whether anybody can hold one at all.
    fn can_be_held(&self) -> bool {
        self.price.is_some() || self.owned > 0
    }
}

/// What has to be covered in one family.
#[derive(Debug, Clone, Copy, Default)]
pub struct Family<'a> {
    /// Accesses (user, device).
    pub pairs: &'a [(u32, u32)],
    /// Users that need a licence of their own.
    pub forced_users: &'a [u32],
    /// Devices that need a licence of their own.
    pub forced_devices: &'a [u32],
}

/// What has to be covered, and what there is to hold.
#[derive(Debug, Clone, Copy)]
pub struct BundleProblem<'a> {
    /// Number of users.
    pub users: u32,
    /// Number of devices.
    pub devices: u32,
    /// At most [`MOST_FAMILIES`].
    pub families: &'a [Family<'a>],
    /// At most [`MOST_OFFERS`].
    pub offers: &'a [Offer],
}

/// More families than this are refused.
pub const MOST_FAMILIES: usize = 12;
/// More offers than this are refused.
pub const MOST_OFFERS: usize = 64;

/// Somebody holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    /// Position of the offer.
    pub offer: u32,
    /// Number of the user or device.
    pub vertex: u32,
}

/// A demand that every plan pays in its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyDemand {
    /// Number of the family.
    pub family: u32,
    /// Number of the user; none where a device is forced.
    pub user: Option<u32>,
    /// Number of the device; none where a user is forced.
    pub device: Option<u32>,
    /// Share of the cost, in units of a price divided by [`BundleBound::scale`].
    pub amount: u64,
}

/// Why no plan can cost less. Nobody bears more demand in the families of an offer than its weight, and no weight is above
/// its price; so what is held weighs as much as all demand, and only what is owned was not paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleBound {
    /// Weights and amounts are in prices times this.
    pub scale: u64,
    /// Per offer.
    pub weights: Vec<u64>,
    /// The demand.
    pub demand: Vec<FamilyDemand>,
}

/// The cheapest plan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePlan {
    /// Who holds what, sorted.
    pub holdings: Vec<Holding>,
    /// Per offer: how many to buy.
    pub buy: Vec<u64>,
    /// What they cost.
    pub cost: u128,
    /// No plan costs less.
    pub lower_bound: u128,
    /// Whether both are equal.
    pub proven: bool,
    /// Why no plan costs less.
    pub bound: BundleBound,
}

/// Fractions of a price that weights of owned offers may take.
const FINE: u64 = 60;
/// Cuts for the weight of one owned offer.
const STEPS: u32 = 24;
/// Weight of an offer that is not to be used.
const LEFT_OUT: u64 = u64::MAX;
/// Rounds over all owned offers.
const ROUNDS: u32 = 2;

/// The cheapest plan for all families. Exact and proven in one cut when the offers of each side are apart or nested and
/// nothing is owned. Deterministic, one thread.
pub fn cheapest_bundles(problem: &BundleProblem<'_>) -> Result<BundlePlan, ProblemError> {
    check(problem)?;
    let layout = Layout::new(problem);
    let owned: Vec<usize> = (0..problem.offers.len()).filter(|&offer| problem.offers[offer].owned > 0).collect();
    let scale = if owned.is_empty() { 1 } else { FINE };
    let on_sale: u64 = problem.offers.iter().filter_map(|offer| offer.price).sum();
    // What is not on sale weighs at most as much as everything that is.
    let most: Vec<u64> = problem.offers.iter().map(|offer| offer.price.unwrap_or(on_sale) * scale).collect();

    let mut search = Search { problem, layout, scale, best: None, bound: None };
    if problem.offers.iter().any(|offer| offer.price.is_none() && offer.owned > 0) {
        // A plan that does without what cannot be bought is always possible.
        let left_out = |(&weight, offer): (&u64, &Offer)| if offer.price.is_some() { weight } else { LEFT_OUT };
        search.try_weights(&most.iter().zip(problem.offers).map(left_out).collect::<Vec<_>>())?;
    }
    let mut weights = most.clone();
    search.try_weights(&weights)?;
    for _ in 0..if owned.is_empty() { 0 } else { ROUNDS } {
        for &offer in &owned {
            search.settle_weight(&mut weights, offer, most[offer])?;
        }
        if search.is_proven() || owned.len() == 1 {
            break;
        }
    }
    let (Some(best), Some((value, bound))) = (search.best, search.bound) else { return Err(ProblemError::TooMuch) };
    let cost = best.cost(problem);
    let lower_bound = value.min(cost);
    let (holdings, buy) = best.into_holdings(problem);
    Ok(BundlePlan { holdings, buy, cost, lower_bound, proven: cost == lower_bound, bound })
}

/// The best plan and the best bound so far.
struct Search<'a> {
    problem: &'a BundleProblem<'a>,
    layout: Layout,
    scale: u64,
    best: Option<Assignment>,
    bound: Option<(u128, BundleBound)>,
}

impl Search<'_> {
    fn is_proven(&self) -> bool {
        matches!((&self.best, &self.bound), (Some(best), Some((value, _))) if best.cost(self.problem) == *value)
    }

    /// Finds the weight of one offer that gives the best bound, the others staying: the bound is concave, and falls to the
    /// left of the best weight where more are held than owned.
    fn settle_weight(&mut self, weights: &mut [u64], offer: usize, most: u64) -> Result<(), ProblemError> {
        let owned = self.problem.offers[offer].owned;
        weights[offer] = most;
        if self.is_proven() || self.try_weights(weights)?.held[offer] >= owned {
            return Ok(());
        }
        let (mut low, mut high) = (0, most);
        for _ in 0..STEPS {
            if high - low <= 1 || self.is_proven() {
                break;
            }
            weights[offer] = low + (high - low) / 2;
            let tried = self.try_weights(weights)?;
            *if tried.held[offer] >= owned { &mut low } else { &mut high } = weights[offer];
        }
        // Of the two neighbours the one with the better bound.
        let mut worth = [0; 2];
        for (worth, weight) in worth.iter_mut().zip([low, high]) {
            weights[offer] = weight;
            *worth = self.try_weights(weights)?.value;
        }
        weights[offer] = if worth[0] > worth[1] { low } else { high };
        Ok(())
    }

    fn try_weights(&mut self, weights: &[u64]) -> Result<Tried, ProblemError> {
        let problem = self.problem;
        let cut = self.layout.cut(problem, weights)?;
        let idle =
            weights.iter().zip(problem.offers).map(|(&weight, offer)| i128::from(weight) * i128::from(offer.owned));
        let value = i128::from(cut.value) - idle.fold(0, i128::saturating_add);
        // All costs are multiples of the common divisor.
        let unit = u128::from(common_divisor(problem));
        let bound = u128::try_from(value).unwrap_or(0).div_ceil(u128::from(self.scale) * unit) * unit;
        let valid = !weights.contains(&LEFT_OUT);
        if valid && self.bound.as_ref().is_none_or(|(best, _)| bound > *best) {
            let bound_of = BundleBound { scale: self.scale, weights: weights.to_vec(), demand: cut.demand };
            self.bound = Some((bound, bound_of));
        }

        let mut terms = Terms::new(problem, weights);
        let first = terms.assign(&cut.needs);
        let held = first.held(problem);
        let mut candidates = vec![first.clone(), terms.assign_owned_first(&cut.needs)];
        let better = terms.relieved(&self.layout, first);
        candidates.push(terms.assign_owned_first(&better.needs()));
        candidates.push(better);
        for candidate in candidates {
            if candidate.is_possible(problem)
                && self.best.as_ref().is_none_or(|best| candidate.cost(problem) < best.cost(problem))
            {
                self.best = Some(candidate);
            }
        }
        Ok(Tried { value, held })
    }
}

/// What one cut told.
struct Tried {
    value: i128,
    held: Vec<u64>,
}

fn common_divisor(problem: &BundleProblem<'_>) -> u64 {
    problem.offers.iter().filter_map(|offer| offer.price).fold(0, gcd).max(1)
}

fn check(problem: &BundleProblem<'_>) -> Result<(), ProblemError> {
    let too_many =
        |what, count, limit| if count > limit { Err(ProblemError::TooMany { what, count, limit }) } else { Ok(()) };
    too_many("families", problem.families.len(), MOST_FAMILIES)?;
    too_many("offers", problem.offers.len(), MOST_OFFERS)?;
    let vertices = u64::from(problem.users) + u64::from(problem.devices);
    too_many("vertices", vertices as usize, (u32::MAX / 256) as usize)?;
    // A vertex has fewer than two nodes for each family.
    let prices: u128 = problem.offers.iter().filter_map(|offer| offer.price).map(u128::from).sum();
    let total = prices * u128::from(FINE) * u128::from(vertices.max(1)) * (2 * MOST_FAMILIES as u128);
    if total > u128::from(GREATEST_TOTAL) {
        return Err(ProblemError::TooMuch);
    }
    for offer in problem.offers {
        let known = (1_u32 << problem.families.len()) - 1;
        if offer.families & !known != 0 {
            let number = (offer.families & !known).ilog2();
            check_number("family", number, problem.families.len() as u32)?;
        }
    }
    for (number, family) in (0..).zip(problem.families) {
        for &(user, device) in family.pairs {
            check_number("user", user, problem.users)?;
            check_number("device", device, problem.devices)?;
        }
        family.forced_users.iter().try_for_each(|&user| check_number("user", user, problem.users))?;
        family.forced_devices.iter().try_for_each(|&device| check_number("device", device, problem.devices))?;
        let on_sale = |holder| {
            let covers = |offer: &&Offer| offer.holder == holder && offer.families >> number & 1 == 1;
            problem.offers.iter().filter(covers).any(|offer| offer.price.is_some())
        };
        let (for_users, for_devices) = (on_sale(Holder::User), on_sale(Holder::Device));
        let pairs = family.pairs.is_empty() || for_users || for_devices;
        let forced = (family.forced_users.is_empty() || for_users) && (family.forced_devices.is_empty() || for_devices);
        if !pairs || !forced {
            return Err(ProblemError::NotOnSale { family: number });
        }
    }
    Ok(())
}
