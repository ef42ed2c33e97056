//! Checks a plan and its bound from the definitions alone.

use std::collections::BTreeMap;

use super::{BundlePlan, BundleProblem, Holder, gcd};

impl BundlePlan {
    /// The bound that the proof shows; none when something is left uncovered, the numbers are wrong, or the proof is.
    #[must_use]
    pub fn verified_bound(&self, problem: &BundleProblem<'_>) -> Option<u128> {
        let mut covered = [vec![0_u32; problem.users as usize], vec![0_u32; problem.devices as usize]];
        let mut held = vec![0_u64; problem.offers.len()];
        for holding in &self.holdings {
            let offer = problem.offers.get(holding.offer as usize)?;
            covered[offer.holder as usize][holding.vertex as usize] |= offer.families;
            held[holding.offer as usize] += 1;
        }
        let [users, devices] = &covered;
        let mut cost = 0;
        for ((&held, offer), &buy) in held.iter().zip(problem.offers).zip(&self.buy) {
            let right = buy == held.saturating_sub(offer.owned) && (buy == 0 || offer.price.is_some());
            right.then_some(())?;
            cost += u128::from(buy) * u128::from(offer.price.unwrap_or(0));
        }
        for (number, family) in problem.families.iter().enumerate() {
            let has = |mask: u32| mask >> number & 1 == 1;
            let all = family.pairs.iter().all(|pair| has(users[pair.0 as usize]) || has(devices[pair.1 as usize]))
                && family.forced_users.iter().all(|&user| has(users[user as usize]))
                && family.forced_devices.iter().all(|&device| has(devices[device as usize]));
            all.then_some(())?;
        }
        (cost == self.cost).then(|| self.bound_shown(problem))?
    }

    fn bound_shown(&self, problem: &BundleProblem<'_>) -> Option<u128> {
        let bound = &self.bound;
        // (holder, vertex) with the demand it bears in each family
        let mut borne: BTreeMap<(Holder, u32), BTreeMap<u32, u128>> = BTreeMap::new();
        let mut sum = 0_i128;
        for demand in &bound.demand {
            let family = problem.families.get(demand.family as usize)?;
            let real = match (demand.user, demand.device) {
                (Some(user), Some(device)) => family.pairs.contains(&(user, device)),
                (Some(user), None) => family.forced_users.contains(&user),
                (None, Some(device)) => family.forced_devices.contains(&device),
                (None, None) => false,
            };
            real.then_some(())?;
            let ends = demand.user.map(|user| (Holder::User, user)).into_iter();
            for end in ends.chain(demand.device.map(|device| (Holder::Device, device))) {
                *borne.entry(end).or_default().entry(demand.family).or_default() += u128::from(demand.amount);
            }
            sum += i128::from(demand.amount);
        }
        for (offer, &weight) in problem.offers.iter().zip(&bound.weights) {
            let within =
                offer.price.is_none_or(|price| u128::from(weight) <= u128::from(price) * u128::from(bound.scale));
            within.then_some(())?;
            if !offer.can_be_held() {
                continue;
            }
            for ((_, _), by_family) in borne.iter().filter(|(end, _)| end.0 == offer.holder) {
                let inside = by_family.iter().filter(|(family, _)| offer.families >> **family & 1 == 1);
                (inside.map(|(_, amount)| amount).sum::<u128>() <= u128::from(weight)).then_some(())?;
            }
            sum -= i128::from(weight) * i128::from(offer.owned);
        }
        // What is bought costs a multiple of whatever divides all prices.
        let unit = u128::from(problem.offers.iter().filter_map(|offer| offer.price).fold(0, gcd).max(1));
        Some(u128::try_from(sum).unwrap_or(0).div_ceil(u128::from(bound.scale) * unit) * unit)
    }
}
