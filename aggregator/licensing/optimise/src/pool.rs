//! The smallest pools of User and Device CALs that serve stays spread over time (0.4, E.19): whoever is licensed holds a
//! CAL from the first to the last stay, and for a minimum of days; afterwards somebody else may have it.
//!
//! The need of a kind is the most that is held on one day. That is exact for a given choice; which choice is cheapest is
//! NP-hard to tell, so the answer is a choice, a bound with its proof, and whether they meet. Knows numbers only.

mod branch;
mod improve;
mod spans;
#[cfg(test)]
mod tests;
mod verify;

use super::{
    Demand, Prices, cheapest_cover,
    flow::GREATEST_TOTAL,
    gcd,
    graph::Graph,
    problem::{ProblemError, check_number},
};
use branch::Branching;
use spans::Side;

/// A user on a device, from day `first` to day `last`, both included; an end may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stay {
    /// Number of the user.
    pub user: Option<u32>,
    /// Number of the device.
    pub device: Option<u32>,
    /// Its first day, counted from any day.
    pub first: u32,
    /// Its last day.
    pub last: u32,
}

/// Who stayed where and when, and what a CAL costs.
#[derive(Debug, Clone, Copy)]
pub struct PoolProblem<'a> {
    /// Number of users.
    pub users: u32,
    /// Number of devices.
    pub devices: u32,
    /// In any order. A stay of which one end is unknown needs a CAL for the other; one of which both are counts for nothing.
    pub stays: &'a [Stay],
    /// What a CAL of each kind costs.
    pub user_price: u64,
    /// What a CAL of each kind costs.
    pub device_price: u64,
    /// A CAL given on day `first` may be given to somebody else after day `first + minimum_days` (0.4: 89, for one given on
    /// day d is free again on day d + 90).
    pub minimum_days: u32,
}

/// A demand that every choice pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolDemand {
    /// Number of the user; none where the device alone is known.
    pub user: Option<u32>,
    /// Number of the device; none where the user alone is known.
    pub device: Option<u32>,
    /// Share of the cost, in a price divided by [`PoolBound::scale`].
    pub amount: u64,
}

/// Why no pools can cost less: the price of a CAL is spread over days, nobody bears more than the days of their own span
/// weigh, and on each day the pool is at least as large as what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolBound {
    /// Weights and amounts are in prices times this.
    pub scale: u64,
    /// Day and weight; together at most the price of a User CAL.
    pub user_days: Vec<(u32, u64)>,
    /// Day and weight; together at most the price of a Device CAL.
    pub device_days: Vec<(u32, u64)>,
    /// The demand.
    pub demand: Vec<PoolDemand>,
}

/// A step in the proof of small pools: of a split first the part in which the one named holds a CAL, then the part in which
/// all those do with whom it shares a stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolBranch {
    /// Both parts follow.
    User(u32),
    /// Both parts follow.
    Device(u32),
    /// What this part costs at least; those who must hold a CAL in it count like those of whom one end is known.
    Part(PoolBound),
}

/// The smallest pools found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPlan {
    /// Per user: does it hold a CAL?
    pub users: Vec<bool>,
    /// Per device: does it hold a CAL?
    pub devices: Vec<bool>,
    /// User CALs held on the busiest day.
    pub user_peak: u64,
    /// Device CALs held on the busiest day.
    pub device_peak: u64,
    /// What both pools cost.
    pub cost: u128,
    /// No pools cost less.
    pub lower_bound: u128,
    /// Whether both are equal.
    pub proven: bool,
    /// Why no pools cost less; for small pools only together with `branches`.
    pub bound: PoolBound,
    /// Of small pools: the parts into which the choice was split, empty if it was not.
    pub branches: Vec<PoolBranch>,
}

/// Passes over the prices of days, fewer on large graphs.
const PASSES: std::ops::RangeInclusive<usize> = 24..=200;
/// A day is busy within this part of the most that is held.
const BUSY: u64 = 8;
/// Pools smaller than this are small.
const FEW: u64 = 64;
/// No day weighs less than the heaviest, halved this often.
const FAINTEST: u32 = 10;
/// Pools above this are large: then nearly every sum is one of whole numbers of CALs.
const MOST_COUNTED: u128 = 4_096;
/// Pairs to look at in all passes together.
const PATIENCE: usize = 40_000_000;

/// The most CALs held on one day by those marked: (users, devices). Exact.
pub fn rolling_peak(problem: &PoolProblem<'_>, users: &[bool], devices: &[bool]) -> Result<(u64, u64), ProblemError> {
    check(problem)?;
    let count = |what, given: usize, expected: u32| {
        if given == expected as usize { Ok(()) } else { Err(ProblemError::Prices { what, given, expected }) }
    };
    count("users", users.len(), problem.users)?;
    count("devices", devices.len(), problem.devices)?;
    let (of_users, of_devices) = spans::sides(problem);
    Ok((of_users.peak(users), of_devices.peak(devices)))
}

/// The smallest pools for all stays. Deterministic, one thread.
pub fn cheapest_pool(problem: &PoolProblem<'_>) -> Result<PoolPlan, ProblemError> {
    check(problem)?;
    let (users, devices) = spans::sides(problem);
    let unit = gcd(problem.user_price, problem.device_price).max(1);
    let open = |stay: &Stay| {
        let (user, device) = (stay.user?, stay.device?);
        (!users.forced[user as usize] && !devices.forced[device as usize]).then_some((user, device))
    };
    let pairs: Vec<(u32, u32)> = problem.stays.iter().filter_map(open).collect();
    let graph = Graph::new(problem.users, problem.devices, &pairs)?;
    let prices = [problem.user_price / unit, problem.device_price / unit];
    let scale = scale(problem, prices);
    let mut search = Search { graph: &graph, sides: [&users, &devices], prices, unit, best: None, bound: None };
    search.offer_one_kind();
    let passes = (PATIENCE / graph.pairs().max(1)).clamp(*PASSES.start(), *PASSES.end());
    let even = [&users, &devices].map(|side| vec![1_u64 << 32; side.days.len()]);
    let shares = search.run(scale, passes, even);
    let mut branches = Vec::new();
    if let Some(bound) =
        search.bound.clone().filter(|_| !search.is_proven() && branch::is_small(search.sides, pairs.len()))
    {
        let mut branching = Branching::new(&search, scale);
        let (least, parts) = branching.split(search.sides, &pairs, &shares, bound);
        search.best = branching.best;
        if let Some(bound) = search.bound.as_mut().filter(|bound| bound.0 < least) {
            bound.0 = least;
            branches = parts;
        }
    }
    let (Some(best), Some((lower_bound, bound))) = (search.best, search.bound) else {
        return Err(ProblemError::TooMuch);
    };
    let lower_bound = lower_bound.min(best.cost);
    Ok(PoolPlan {
        users: best.sides[0].clone(),
        devices: best.sides[1].clone(),
        user_peak: best.peaks[0],
        device_peak: best.peaks[1],
        cost: best.cost * u128::from(unit),
        lower_bound: lower_bound * u128::from(unit),
        proven: best.cost == lower_bound,
        bound,
        branches,
    })
}

/// A choice with its peaks; the cost is in units.
#[derive(Debug, Clone)]
struct Choice {
    sides: [Vec<bool>; 2],
    peaks: [u64; 2],
    cost: u128,
}

struct Search<'a> {
    graph: &'a Graph,
    sides: [&'a Side; 2],
    prices: [u64; 2],
    unit: u64,
    best: Option<Choice>,
    bound: Option<(u128, PoolBound)>,
}

impl Search<'_> {
    /// All of one kind, which the other kind joins only where it must.
    fn offer_one_kind(&mut self) {
        let [users, devices] = self.sides;
        let active = |side: &Side| side.spans.iter().map(Option::is_some).collect::<Vec<bool>>();
        self.offer([active(users), devices.forced.clone()]);
        self.offer([users.forced.clone(), active(devices)]);
    }

    /// Looks for choices and bounds by prices of days that begin with these shares; returns those of the best bound.
    fn run(&mut self, scale: u64, passes: usize, mut shares: [Vec<u64>; 2]) -> [Vec<u64>; 2] {
        let [users, devices] = self.sides;
        // what those cost who hold one in any case
        let peaks = [0, 1].map(|side| self.sides[side].peak_only(&self.sides[side].forced, self.prices[side] * scale));
        let chosen = self.bound_at(&peaks, scale);
        self.offer(chosen);
        let mut best = shares.clone();
        for pass in 0..passes {
            if self.is_proven() {
                break;
            }
            let weights = [0, 1].map(|side| spread(&shares[side], self.prices[side] * scale));
            let before = self.bound.as_ref().map(|bound| bound.0);
            let chosen = self.bound_at(&weights, scale);
            if self.bound.as_ref().map(|bound| bound.0) > before {
                best.clone_from(&shares);
            }
            if self.is_proven() {
                break;
            }
            let loads = [users.loads(&chosen[0]), devices.loads(&chosen[1])];
            self.offer(chosen);
            // The busiest days gain weight, by less and less.
            for (shares, loads) in shares.iter_mut().zip(&loads) {
                let most = loads.iter().copied().max().unwrap_or(0).max(1);
                // In small pools nearly every day is busy.
                let (part, faintest) = if most < FEW { (1, u64::BITS - 1) } else { (BUSY, FAINTEST) };
                let busy = most - most / part;
                let slower = 2 + pass as u64 / 4;
                for (share, &load) in shares.iter_mut().zip(loads) {
                    let above = u128::from(load.saturating_sub(busy));
                    *share += (u128::from(*share) * above / u128::from((most - busy).max(1) * slower)) as u64;
                }
                // Keeps the numbers in reach, and no day at nought for good.
                let greatest = shares.iter().copied().max().unwrap_or(0);
                let shift = if greatest > 1 << 40 { 8 } else { 0 };
                for share in shares.iter_mut() {
                    *share = (*share >> shift).max(greatest >> faintest >> shift).max(1);
                }
            }
        }
        best
    }

    fn is_proven(&self) -> bool {
        matches!((&self.best, &self.bound), (Some(best), Some((bound, _))) if best.cost <= *bound)
    }

    /// Improves a choice and remembers it if it is the best.
    fn offer(&mut self, sides: [Vec<bool>; 2]) {
        let sides = improve::improved(self.graph, self.sides, self.prices, sides);
        let peaks = [self.sides[0].peak(&sides[0]), self.sides[1].peak(&sides[1])];
        let cost = (0..2).map(|side| u128::from(peaks[side]) * u128::from(self.prices[side])).sum();
        if self.best.as_ref().is_none_or(|best| cost < best.cost) {
            self.best = Some(Choice { sides, peaks, cost });
        }
    }

    /// The cheapest choice when every day has its weight, which is a bound; remembers the best bound.
    fn bound_at(&mut self, weights: &[Vec<u64>; 2], scale: u64) -> [Vec<bool>; 2] {
        let of_vertices = [0, 1].map(|side| self.sides[side].weigh(&weights[side]));
        let cover = cheapest_cover(self.graph, Prices::Each(&of_vertices[0]), Prices::Each(&of_vertices[1]));
        let forced = [0, 1].map(|side| {
            let forced = (0..).zip(&self.sides[side].forced).filter(|(_, forced)| **forced);
            forced.map(|(vertex, _): (u32, _)| (vertex, of_vertices[side][vertex as usize])).collect::<Vec<_>>()
        });
        let of_forced: u128 = forced.iter().flatten().map(|(_, weight)| u128::from(*weight)).sum();
        let bound = whole((cover.cost + of_forced).div_ceil(u128::from(scale)), self.prices);
        if self.bound.as_ref().is_none_or(|(best, _)| bound > *best) {
            let mut demand: Vec<PoolDemand> = Vec::new();
            demand.extend(forced[0].iter().map(|&(user, amount)| PoolDemand {
                user: Some(user),
                device: None,
                amount,
            }));
            demand.extend(forced[1].iter().map(|&(device, amount)| PoolDemand {
                user: None,
                device: Some(device),
                amount,
            }));
            demand.extend(cover.demand.iter().map(|&Demand { user, device, amount }| PoolDemand {
                user: Some(user),
                device: Some(device),
                amount,
            }));
            demand.retain(|demand| demand.amount > 0);
            for demand in &mut demand {
                demand.amount *= self.unit;
            }
            let days = |side: usize| -> Vec<(u32, u64)> {
                let weights = weights[side].iter().map(|weight| weight * self.unit);
                self.sides[side].days.iter().copied().zip(weights).filter(|(_, weight)| *weight > 0).collect()
            };
            let bound_of = PoolBound { scale, user_days: days(0), device_days: days(1), demand };
            self.bound = Some((bound, bound_of));
        }
        let [of_users, of_devices] = self.sides;
        let with_forced = |chosen: Vec<bool>, side: &Side| -> Vec<bool> {
            chosen.into_iter().zip(&side.forced).map(|(chosen, forced)| chosen || *forced).collect()
        };
        [with_forced(cover.users, of_users), with_forced(cover.devices, of_devices)]
    }
}

/// The least cost of whole numbers of CALs that is no less: pools of 10 at 5 and 4 cost 40 or 41, never 39.5.
fn whole(least: u128, prices: [u64; 2]) -> u128 {
    let [a, b] = prices.map(u128::from);
    if a == 0 || b == 0 || least / a.min(b) > MOST_COUNTED {
        return least;
    }
    let beside = |users: u128| users * a + least.saturating_sub(users * a).div_ceil(b) * b;
    (0..=least.div_ceil(a)).map(beside).min().unwrap_or(least)
}

/// Splits `total` in proportion to the shares; what rounding leaves goes to the largest.
fn spread(shares: &[u64], total: u64) -> Vec<u64> {
    let sum: u128 = shares.iter().map(|&share| u128::from(share)).sum();
    let mut parts: Vec<u64> =
        shares.iter().map(|&share| (u128::from(total) * u128::from(share) / sum.max(1)) as u64).collect();
    let left = total - parts.iter().sum::<u64>();
    let largest = (0..shares.len()).max_by_key(|&day| (shares[day], std::cmp::Reverse(day)));
    if let Some(largest) = largest {
        parts[largest] += left;
    }
    parts
}

/// How finely prices are spread: as fine as the numbers allow, up to this.
const FINEST: u64 = 1 << 16;

fn scale(problem: &PoolProblem<'_>, prices: [u64; 2]) -> u64 {
    let vertices = u128::from(problem.users) + u128::from(problem.devices) + 1;
    let most = u128::from(prices[0].max(prices[1]).max(1)) * vertices;
    let room = u128::from(GREATEST_TOTAL)
        / most.saturating_mul(u128::from(gcd(problem.user_price, problem.device_price).max(1)));
    u64::try_from(room).unwrap_or(FINEST).clamp(1, FINEST)
}

fn check(problem: &PoolProblem<'_>) -> Result<(), ProblemError> {
    let vertices = u128::from(problem.users) + u128::from(problem.devices) + 1;
    let limit = (u32::MAX / 2) as usize;
    if vertices > limit as u128 {
        return Err(ProblemError::TooMany { what: "vertices", count: vertices as usize, limit });
    }
    if u128::from(problem.user_price.max(problem.device_price)) * vertices > u128::from(GREATEST_TOTAL) {
        return Err(ProblemError::TooMuch);
    }
    for (index, stay) in problem.stays.iter().enumerate() {
        stay.user.map_or(Ok(()), |user| check_number("user", user, problem.users))?;
        stay.device.map_or(Ok(()), |device| check_number("device", device, problem.devices))?;
        if stay.last < stay.first {
            return Err(ProblemError::Backwards { index, first: stay.first, last: stay.last });
        }
    }
    Ok(())
}
