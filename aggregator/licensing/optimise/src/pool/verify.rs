//! Checks a plan and its bound from the stays alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{PoolBound, PoolBranch, PoolPlan, PoolProblem, gcd};

impl PoolPlan {
    /// The bound that the proof shows; none when a stay is not served, a number is wrong, or the proof is.
    #[must_use]
    pub fn verified_bound(&self, problem: &PoolProblem<'_>) -> Option<u128> {
        let served = problem.stays.iter().all(|stay| match (stay.user, stay.device) {
            (Some(user), Some(device)) => self.users[user as usize] || self.devices[device as usize],
            (user, device) => {
                user.is_none_or(|user| self.users[user as usize])
                    && device.is_none_or(|device| self.devices[device as usize])
            }
        });
        let checking = Checking::of(problem);
        // the most is held on some first day
        let peak = |spans: &BTreeMap<u32, (u32, u32)>, chosen: &[bool]| -> u64 {
            let held = || spans.iter().filter(|(vertex, _)| chosen[**vertex as usize]).map(|(_, span)| span);
            let days: BTreeSet<u32> = held().map(|span| span.0).collect();
            let count = |day: u32| held().filter(|span| span.0 <= day && day <= span.1).count() as u64;
            days.into_iter().map(count).max().unwrap_or(0)
        };
        let peaks = (peak(&checking.spans[0], &self.users), peak(&checking.spans[1], &self.devices));
        let (a, b) = (u128::from(problem.user_price), u128::from(problem.device_price));
        let cost = a * u128::from(peaks.0) + b * u128::from(peaks.1);
        let right = served && peaks == (self.user_peak, self.device_peak) && cost == self.cost;
        let nobody = [BTreeSet::new(), BTreeSet::new()];
        let mut bound = checking.bound(&self.bound, &nobody).filter(|_| right)?;
        if !self.branches.is_empty() {
            let mut rest = self.branches.iter();
            bound = bound.max(checking.parts(&mut rest, nobody)?);
            rest.next().is_none().then_some(())?;
        }
        Some(bound)
    }
}

/// Users and devices that hold a CAL in a part.
type Holders = [BTreeSet<u32>; 2];

struct Checking<'a> {
    problem: &'a PoolProblem<'a>,
    /// First and last day of each user and device.
    spans: [BTreeMap<u32, (u32, u32)>; 2],
    pairs: BTreeSet<(Option<u32>, Option<u32>)>,
}

impl<'a> Checking<'a> {
    fn of(problem: &'a PoolProblem<'a>) -> Self {
        let mut spans: [BTreeMap<u32, (u32, u32)>; 2] = [BTreeMap::new(), BTreeMap::new()];
        for stay in problem.stays {
            for (spans, end) in spans.iter_mut().zip([stay.user, stay.device]) {
                let Some(end) = end else { continue };
                let span = spans.entry(end).or_insert((stay.first, stay.last));
                *span = (span.0.min(stay.first), span.1.max(stay.last));
            }
        }
        for span in spans.iter_mut().flat_map(BTreeMap::values_mut) {
            span.1 = span.1.max(span.0.saturating_add(problem.minimum_days));
        }
        let pairs = problem.stays.iter().map(|stay| (stay.user, stay.device)).collect();
        Self { problem, spans, pairs }
    }

    /// The least bound of both parts of a split: one holds a CAL, or all do with whom it shares a stay.
    fn parts(&self, rest: &mut std::slice::Iter<'_, PoolBranch>, held: Holders) -> Option<u128> {
        let (side, vertex) = match rest.next()? {
            PoolBranch::Part(bound) => return self.bound(bound, &held),
            PoolBranch::User(user) => (0, *user),
            PoolBranch::Device(device) => (1, *device),
        };
        let (mut with, mut without) = (held.clone(), held);
        with[side].insert(vertex);
        for pair in &self.pairs {
            if let (Some(user), Some(device)) = *pair
                && [user, device][side] == vertex
            {
                without[1 - side].insert([user, device][1 - side]);
            }
        }
        let first = self.parts(rest, with)?;
        Some(first.min(self.parts(rest, without)?))
    }

    /// What one bound shows where these hold a CAL.
    fn bound(&self, bound: &PoolBound, held: &Holders) -> Option<u128> {
        let (a, b) = (u128::from(self.problem.user_price), u128::from(self.problem.device_price));
        let total = |days: &[(u32, u64)]| days.iter().map(|day| u128::from(day.1)).sum::<u128>();
        let scale = u128::from(bound.scale);
        let spread = total(&bound.user_days) <= a * scale && total(&bound.device_days) <= b * scale;
        // somebody with a stay of which only one end is known holds a CAL in any case
        let mut borne: [BTreeMap<u32, u128>; 2] = [BTreeMap::new(), BTreeMap::new()];
        let mut real = true;
        for demand in &bound.demand {
            let holds = match (demand.user, demand.device) {
                (Some(user), None) => held[0].contains(&user),
                (None, Some(device)) => held[1].contains(&device),
                _ => false,
            };
            real &= holds || self.pairs.contains(&(demand.user, demand.device));
            for (borne, end) in borne.iter_mut().zip([demand.user, demand.device]) {
                if let Some(end) = end {
                    *borne.entry(end).or_insert(0) += u128::from(demand.amount);
                }
            }
        }
        let within = |side: usize, days: &[(u32, u64)]| {
            borne[side].iter().all(|(vertex, &amount)| {
                let Some(&(first, last)) = self.spans[side].get(vertex) else { return false };
                let inside = days.iter().filter(|day| first <= day.0 && day.0 <= last);
                amount <= inside.map(|day| u128::from(day.1)).sum()
            })
        };
        let borne_all = within(0, &bound.user_days) && within(1, &bound.device_days);
        let unit = u128::from(gcd(self.problem.user_price, self.problem.device_price).max(1));
        let demanded: u128 = bound.demand.iter().map(|demand| u128::from(demand.amount)).sum();
        (spread && real && borne_all).then(|| whole(demanded.div_ceil(scale * unit) * unit, [a, b]))
    }
}

/// The least cost of whole numbers of CALs that is no less.
fn whole(least: u128, [a, b]: [u128; 2]) -> u128 {
    if a == 0 || b == 0 || least / a.min(b) > super::MOST_COUNTED {
        return least;
    }
    let with = |devices: u128| devices * b + least.saturating_sub(devices * b).div_ceil(a) * a;
    (0..=least.div_ceil(b)).map(with).min().unwrap_or(least)
}
