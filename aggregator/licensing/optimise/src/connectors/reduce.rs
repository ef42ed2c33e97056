//! What can be said before any search: accesses that no connector can help, and connectors that cannot pay.
//!
//! A connector whose external users (or devices) together cost no more than it does is never needed: licences for them
//! serve the same accesses and more. Its accesses then become ordinary ones, which may settle further connectors.

use super::{
    super::{Prices, problem::ProblemError, problem::check_number, problem::check_prices},
    ConnectorDemand, ConnectorProblem, ExternalAccess, LIMIT,
};

/// The problem that is left to search.
#[derive(Debug)]
pub(super) struct Reduced {
    /// Users and devices that need a licence whatever is bought.
    pub users: Vec<bool>,
    pub devices: Vec<bool>,
    /// Ordinary accesses between the others; none if they are those of the problem.
    pub pairs: Option<Vec<(u32, u32)>>,
    /// Accesses that a connector may serve; sorted, each once.
    pub externals: Vec<ExternalAccess>,
    /// Ordinary accesses that were external, with the candidate that cannot pay; sorted by user and device, each pair once.
    pub dropped: Vec<ExternalAccess>,
    /// Connectors without which some access cannot be served.
    pub needed: Vec<bool>,
    /// The price of everything that is settled, each with the reason.
    pub settled: Vec<ConnectorDemand>,
}

pub(super) fn reduce(problem: &ConnectorProblem<'_>) -> Result<Reduced, ProblemError> {
    check(problem)?;
    let mut users = vec![false; problem.users as usize];
    let mut devices = vec![false; problem.devices as usize];
    let mut needed = vec![false; problem.candidates.len()];
    let mut settled = Vec::new();
    let mut settle = |place: &mut bool, amount: u64, reason: (Option<u32>, Option<u32>, Option<u32>)| {
        if !std::mem::replace(place, true) {
            let (user, device, candidate) = reason;
            settled.push(ConnectorDemand { user, device, candidate, amount });
        }
    };
    for &user in problem.forced_users {
        settle(&mut users[user as usize], problem.user_prices.of(user as usize), (Some(user), None, None));
    }
    for &device in problem.forced_devices {
        settle(&mut devices[device as usize], problem.device_prices.of(device as usize), (None, Some(device), None));
    }
    for access in problem.externals.iter().filter(|access| access.user.is_none() && access.device.is_none()) {
        let index = access.candidate as usize;
        settle(&mut needed[index], problem.candidates[index], (None, None, Some(access.candidate)));
    }
    let mut externals: Vec<ExternalAccess> = problem.externals.to_vec();
    externals.retain(|access| !needed[access.candidate as usize]);
    externals.sort_unstable();
    externals.dedup();
    let is_ordinary = ordinary(problem, &externals);
    let mut index = 0;
    externals.retain(|_| {
        index += 1;
        !is_ordinary[index - 1]
    });

    let mut dropped: Vec<ExternalAccess> = Vec::new();
    loop {
        let is_covered = |end: Option<u32>, side: &[bool]| end.is_some_and(|end| side[end as usize]);
        externals.retain(|access| !is_covered(access.user, &users) && !is_covered(access.device, &devices));
        let useless = useless(problem, &externals);
        if !useless.contains(&true) {
            break;
        }
        let (gone, kept) = externals.into_iter().partition(|access| useless[access.candidate as usize]);
        externals = kept;
        for access in <Vec<ExternalAccess> as IntoIterator>::into_iter(gone) {
            let reason = (access.user, access.device, Some(access.candidate));
            match (access.user, access.device) {
                (Some(_), Some(_)) => dropped.push(access),
                (Some(user), None) => settle(&mut users[user as usize], problem.user_prices.of(user as usize), reason),
                (None, Some(device)) => {
                    settle(&mut devices[device as usize], problem.device_prices.of(device as usize), reason);
                }
                (None, None) => {}
            }
        }
        dropped.sort_unstable_by_key(|access| (access.user, access.device, access.candidate));
        dropped.dedup_by_key(|access| (access.user, access.device));
        let known = |access: &ExternalAccess| {
            dropped.binary_search_by_key(&(access.user, access.device), |one| (one.user, one.device)).is_ok()
        };
        externals.retain(|access| !known(access));
    }
    let is_bare = |access: &ExternalAccess| {
        !access.user.is_some_and(|user| users[user as usize])
            && !access.device.is_some_and(|device| devices[device as usize])
    };
    dropped.retain(is_bare);
    let untouched = dropped.is_empty() && !users.contains(&true) && !devices.contains(&true);
    let pairs = (!untouched).then(|| merged(problem, &users, &devices, &dropped));
    Ok(Reduced { users, devices, pairs, externals, dropped, needed, settled })
}

fn check(problem: &ConnectorProblem<'_>) -> Result<(), ProblemError> {
    let vertices = u64::from(problem.users) + u64::from(problem.devices);
    let limit = (u32::MAX / 2) as usize;
    if vertices > limit as u64 {
        return Err(ProblemError::TooMany { what: "vertices", count: vertices as usize, limit });
    }
    let count = problem.pairs.len().saturating_add(problem.externals.len());
    if count > limit {
        return Err(ProblemError::TooMany { what: "accesses", count, limit });
    }
    if problem.candidates.len() > limit {
        return Err(ProblemError::TooMany { what: "candidates", count: problem.candidates.len(), limit });
    }
    let candidates = problem.candidates.len() as u32;
    check_prices("users", problem.user_prices, problem.users, LIMIT)?;
    check_prices("devices", problem.device_prices, problem.devices, LIMIT)?;
    check_prices("candidates", Prices::Each(problem.candidates), candidates, LIMIT)?;
    for &user in problem.forced_users {
        check_number("user", user, problem.users)?;
    }
    for &device in problem.forced_devices {
        check_number("device", device, problem.devices)?;
    }
    for access in problem.externals {
        access.user.map_or(Ok(()), |user| check_number("user", user, problem.users))?;
        access.device.map_or(Ok(()), |device| check_number("device", device, problem.devices))?;
        check_number("candidate", access.candidate, candidates)?;
    }
    for &(user, device) in problem.pairs {
        check_number("user", user, problem.users)?;
        check_number("device", device, problem.devices)?;
    }
    Ok(())
}

/// Which external accesses are between a user and a device that need a licence for another access anyhow.
fn ordinary(problem: &ConnectorProblem<'_>, externals: &[ExternalAccess]) -> Vec<bool> {
    let mut is_external = vec![false; problem.users as usize];
    let mut by_pair: Vec<(u32, u32, u32)> = Vec::new();
    for (index, access) in (0..).zip(externals) {
        if let (Some(user), Some(device)) = (access.user, access.device) {
            is_external[user as usize] = true;
            by_pair.push((user, device, index));
        }
    }
    by_pair.sort_unstable();
    let mut is_ordinary = vec![false; externals.len()];
    for &(user, device) in problem.pairs.iter().filter(|(user, _)| is_external[*user as usize]) {
        let start = by_pair.partition_point(|one| (one.0, one.1) < (user, device));
        for &(_, _, index) in by_pair[start..].iter().take_while(|one| (one.0, one.1) == (user, device)) {
            is_ordinary[index as usize] = true;
        }
    }
    is_ordinary
}

/// Candidates whose accesses are covered by licences that cost no more than the connector. `externals` is sorted by candidate.
fn useless(problem: &ConnectorProblem<'_>, externals: &[ExternalAccess]) -> Vec<bool> {
    let mut useless = vec![false; problem.candidates.len()];
    for of_one in externals.chunk_by(|one, other| one.candidate == other.candidate) {
        let candidate = of_one[0].candidate as usize;
        let price = problem.candidates[candidate];
        let of_side = |end: fn(&ExternalAccess) -> Option<u32>, prices: Prices<'_>| {
            let mut ends = of_one.iter().map(end).collect::<Option<Vec<u32>>>()?;
            ends.sort_unstable();
            ends.dedup();
            Some(ends.into_iter().map(|end| prices.of(end as usize)).sum::<u64>())
        };
        let covers = |sum: Option<u64>| sum.is_some_and(|sum| sum <= price);
        useless[candidate] = covers(of_side(|access| access.user, problem.user_prices))
            || covers(of_side(|access| access.device, problem.device_prices));
    }
    useless
}

/// The ordinary pairs between vertices that are not settled, with those that became ordinary at their place by user.
fn merged(
    problem: &ConnectorProblem<'_>,
    users: &[bool],
    devices: &[bool],
    dropped: &[ExternalAccess],
) -> Vec<(u32, u32)> {
    let mut more = dropped.iter().filter_map(|access| Some((access.user?, access.device?))).peekable();
    let mut pairs = Vec::with_capacity(problem.pairs.len() + dropped.len());
    for &(user, device) in problem.pairs {
        while let Some(pair) = more.next_if(|pair| pair.0 < user) {
            pairs.push(pair);
        }
        if !users[user as usize] && !devices[device as usize] {
            pairs.push((user, device));
        }
    }
    pairs.extend(more);
    pairs
}
