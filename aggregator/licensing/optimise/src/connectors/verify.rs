//! Checks a plan and its proof from the definitions alone, trusting nothing the search knows.

use std::collections::BTreeSet;

use super::{Branch, ConnectorDemand, ConnectorPlan, ConnectorProblem};

impl ConnectorPlan {
    /// The bound that the proof shows, in the unit of the prices; none when the plan leaves something uncovered, states a
    /// wrong cost, or the proof is wrong.
    #[must_use]
    pub fn verified_bound(&self, problem: &ConnectorProblem<'_>) -> Option<u128> {
        (self.covers(problem) && self.cost == self.price(problem)).then_some(())?;
        let branches: Vec<&[(u32, bool)]> = self.proof.iter().map(|branch| branch.settled.as_slice()).collect();
        whole(branches).then_some(())?;
        let pairs: BTreeSet<(u32, u32)> =
            if self.proof.is_empty() { BTreeSet::new() } else { problem.pairs.iter().copied().collect() };
        let bounds: Option<Vec<u128>> =
            self.proof.iter().map(|branch| self.bound_of(problem, branch, &pairs)).collect();
        bounds?.into_iter().min()
    }

    fn covers(&self, problem: &ConnectorProblem<'_>) -> bool {
        let user = |user: u32| self.users[user as usize];
        let device = |device: u32| self.devices[device as usize];
        problem.pairs.iter().all(|&(by, on)| user(by) || device(on))
            && problem.forced_users.iter().all(|&one| user(one))
            && problem.forced_devices.iter().all(|&one| device(one))
            && problem.externals.iter().all(|access| {
                self.connectors[access.candidate as usize]
                    || access.user.is_some_and(user)
                    || access.device.is_some_and(device)
            })
    }

    fn price(&self, problem: &ConnectorProblem<'_>) -> u128 {
        let chosen = |side: &[bool], price: &dyn Fn(usize) -> u64| -> u128 {
            (0..side.len()).filter(|&index| side[index]).map(|index| u128::from(price(index))).sum()
        };
        chosen(&self.users, &|user| problem.user_prices.of(user))
            + chosen(&self.devices, &|device| problem.device_prices.of(device))
            + chosen(&self.connectors, &|candidate| problem.candidates[candidate])
    }

    /// No plan that settles the connectors of `branch` as it does costs less than this.
    fn bound_of(&self, problem: &ConnectorProblem<'_>, branch: &Branch, pairs: &BTreeSet<(u32, u32)>) -> Option<u128> {
        let forced_users: BTreeSet<_> = problem.forced_users.iter().copied().collect();
        let forced_devices: BTreeSet<_> = problem.forced_devices.iter().copied().collect();
        let externals: BTreeSet<_> =
            problem.externals.iter().map(|one| (one.user, one.device, one.candidate)).collect();
        let mut user_left: Vec<u64> = (0..problem.users as usize).map(|user| problem.user_prices.of(user)).collect();
        let mut device_left: Vec<u64> =
            (0..problem.devices as usize).map(|device| problem.device_prices.of(device)).collect();
        let mut budget: Vec<Option<u64>> = problem.candidates.iter().copied().map(Some).collect();
        let mut bound = 0;
        for &(candidate, bought) in &branch.settled {
            let price = budget[candidate as usize].as_mut()?;
            if bought {
                bound += u128::from(*price);
                *price = 0;
            } else {
                budget[candidate as usize] = None;
            }
        }
        for ConnectorDemand { user, device, candidate, amount } in self.common.iter().chain(&branch.demand).copied() {
            let exists = match (user, device, candidate) {
                (_, _, Some(candidate)) => externals.contains(&(user, device, candidate)),
                (Some(user), Some(device), None) => pairs.contains(&(user, device)),
                (Some(user), None, None) => forced_users.contains(&user),
                (None, Some(device), None) => forced_devices.contains(&device),
                (None, None, None) => false,
            };
            exists.then_some(())?;
            let bear = |left: &mut u64| left.checked_sub(amount).map(|rest| *left = rest);
            user.map_or(Some(()), |user| bear(&mut user_left[user as usize]))?;
            device.map_or(Some(()), |device| bear(&mut device_left[device as usize]))?;
            if let Some(left) = candidate.and_then(|candidate| budget[candidate as usize].as_mut()) {
                bear(left)?;
            }
            bound += u128::from(amount);
        }
        Some(bound)
    }
}

/// Whether every choice of connectors falls into one of the branches.
fn whole(branches: Vec<&[(u32, bool)]>) -> bool {
    let mut parts = vec![(branches, 0)];
    while let Some((branches, depth)) = parts.pop() {
        match branches.as_slice() {
            [] => return false,
            [one] if one.len() == depth => {}
            several => {
                let Some(&(candidate, _)) = several[0].get(depth) else { return false };
                if several.iter().any(|one| one.get(depth).is_none_or(|settled| settled.0 != candidate)) {
                    return false;
                }
                let (bought, refused) = branches.into_iter().partition(|one| one[depth].1);
                parts.push((bought, depth + 1));
                parts.push((refused, depth + 1));
            }
        }
    }
    true
}
