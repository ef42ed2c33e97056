//! The cheapest mode of each remote desktop host (F.6): a host counts either users or devices, and every user or every
//! device of that host then needs a licence, which is shared with the other hosts of the same mode.
//!
//! One minimum cut: a user pays unless it belongs to the source, a device if it does; a host beside its devices counts
//! them, a host beside its users counts those. Knows numbers only. Exact, with the flow as proof.

#[cfg(test)]
mod tests;

use super::{
    Prices,
    flow::{ArcId, Flow, GREATEST_TOTAL, Network, UNLIMITED},
    problem::{ProblemError, check_number, check_prices},
};

/// What a host counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Every user of the host needs a licence.
    PerUser,
    /// Every device of the host needs a licence.
    PerDevice,
}

/// Somebody was on a host; an end may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostAccess {
    /// Number of the user.
    pub user: Option<u32>,
    /// Number of the host.
    pub host: u32,
    /// Number of the device.
    pub device: Option<u32>,
}

/// Who was on which host, and what licences cost.
#[derive(Debug, Clone, Copy)]
pub struct ModeProblem<'a> {
    /// Number of users.
    pub users: u32,
    /// Number of devices.
    pub devices: u32,
    /// Per host: its mode, where that is not free.
    pub hosts: &'a [Option<Mode>],
    /// In any order; the same access twice counts once.
    pub accesses: &'a [HostAccess],
    /// Price of a licence per user.
    pub user_prices: Prices<'a>,
    /// Price of a licence per device.
    pub device_prices: Prices<'a>,
}

/// A demand that any choice of modes pays: whichever way the host counts, the user or the device bears `amount`. Where one
/// end is missing the mode of the host is settled, by the caller or by an access of which only the other end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostDemand {
    /// Number of the user.
    pub user: Option<u32>,
    /// Number of the host.
    pub host: u32,
    /// Number of the device.
    pub device: Option<u32>,
    /// Share of the cost, in the unit of the prices; never 0.
    pub amount: u64,
}

/// The cheapest modes. Of several the ones with the most licences per user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModePlan {
    /// Per host.
    pub modes: Vec<Mode>,
    /// Per user: does it need a licence?
    pub users: Vec<bool>,
    /// Per device: does it need a licence?
    pub devices: Vec<bool>,
    /// Sum of the prices of all licences.
    pub cost: u128,
    /// The proof: per user and device within its price, together the cost.
    pub demand: Vec<HostDemand>,
    /// Positions of accesses whose unknown end would need a licence, which is not counted: the mode is settled otherwise.
    pub open: Vec<usize>,
}

/// The cheapest modes of all hosts that are free. An access of which one end is unknown makes its host count the other
/// end, unless the host is not free or both kinds of such accesses occur; what then stays uncounted is in
/// [`ModePlan::open`]. A host without accesses counts users.
pub fn cheapest_modes(problem: &ModeProblem<'_>) -> Result<ModePlan, ProblemError> {
    let hosts = u32::try_from(problem.hosts.len()).unwrap_or(u32::MAX);
    let nodes = u64::from(problem.users) + u64::from(problem.devices) + u64::from(hosts);
    let limit = u32::MAX / 2;
    if nodes > u64::from(limit) {
        return Err(ProblemError::TooMany { what: "vertices", count: nodes as usize, limit: limit as usize });
    }
    check_prices("users", problem.user_prices, problem.users, GREATEST_TOTAL / 2)?;
    check_prices("devices", problem.device_prices, problem.devices, GREATEST_TOTAL / 2)?;
    for access in problem.accesses {
        check_number("host", access.host, hosts)?;
        access.user.map_or(Ok(()), |user| check_number("user", user, problem.users))?;
        access.device.map_or(Ok(()), |device| check_number("device", device, problem.devices))?;
    }

    let mut of_host: Vec<(u32, u32)> =
        problem.accesses.iter().filter_map(|access| Some((access.host, access.user?))).collect();
    let mut on_host: Vec<(u32, u32)> =
        problem.accesses.iter().filter_map(|access| Some((access.host, access.device?))).collect();
    for list in [&mut of_host, &mut on_host] {
        list.sort_unstable();
        list.dedup();
    }
    let settled = settled(problem);

    let host_node = |host: u32| problem.users + host;
    let device_node = |device: u32| problem.users + hosts + device;
    let mut network = Network::new(nodes as u32);
    (0..problem.users).for_each(|user| network.add_supply(user, problem.user_prices.of(user as usize)));
    for device in 0..problem.devices {
        network.add_drain(device_node(device), problem.device_prices.of(device as usize));
    }
    for (host, mode) in (0..).zip(&settled) {
        match mode {
            Some(Mode::PerUser) => network.add_drain(host_node(host), UNLIMITED),
            Some(Mode::PerDevice) => network.add_supply(host_node(host), UNLIMITED),
            None => {}
        }
    }
    let into: Vec<ArcId> =
        of_host.iter().map(|&(host, user)| network.add_arc(user, host_node(host), UNLIMITED)).collect();
    let out: Vec<ArcId> = on_host
        .iter()
        .map(|&(host, device)| network.add_arc(host_node(host), device_node(device), UNLIMITED))
        .collect();
    let mut flow = Flow::new(&network)?;
    flow.augment();

    let sides = flow.cut().source_side;
    let modes: Vec<Mode> =
        (0..hosts).map(|host| if sides[host_node(host) as usize] { Mode::PerDevice } else { Mode::PerUser }).collect();
    let (mut users, mut devices) = (vec![false; problem.users as usize], vec![false; problem.devices as usize]);
    for &(host, user) in of_host.iter().filter(|(host, _)| modes[*host as usize] == Mode::PerUser) {
        debug_assert!(host < hosts);
        users[user as usize] = true;
    }
    for &(_, device) in on_host.iter().filter(|(host, _)| modes[*host as usize] == Mode::PerDevice) {
        devices[device as usize] = true;
    }
    let is_open = |access: &HostAccess| match modes[access.host as usize] {
        Mode::PerUser => access.user.is_none(),
        Mode::PerDevice => access.device.is_none(),
    };
    let open = (0..).zip(problem.accesses).filter(|(_, access)| is_open(access)).map(|(index, _)| index).collect();
    let through = |ends: &[(u32, u32)], arcs: &[ArcId]| -> Vec<(u32, u32, u64)> {
        ends.iter().zip(arcs).map(|(&(host, end), &arc)| (host, end, flow.through(arc))).collect()
    };
    let demand = paths(hosts, &through(&of_host, &into), &through(&on_host, &out));
    let plan = ModePlan { cost: cost(problem, &users, &devices), modes, users, devices, demand, open };
    debug_assert_eq!(plan.cost, u128::from(flow.value()));
    Ok(plan)
}

/// The mode of each host that is not free, or of which accesses with only one kind of end decide.
fn settled(problem: &ModeProblem<'_>) -> Vec<Option<Mode>> {
    let mut lacks = vec![(false, false); problem.hosts.len()];
    for access in problem.accesses {
        match (access.user, access.device) {
            (None, Some(_)) => lacks[access.host as usize].0 = true,
            (Some(_), None) => lacks[access.host as usize].1 = true,
            _ => {}
        }
    }
    let decide = |(given, lacks): (&Option<Mode>, &(bool, bool))| match (given, lacks) {
        (Some(mode), _) => Some(*mode),
        (None, (true, false)) => Some(Mode::PerDevice),
        (None, (false, true)) => Some(Mode::PerUser),
        (None, _) => None,
    };
    problem.hosts.iter().zip(&lacks).map(decide).collect()
}

fn cost(problem: &ModeProblem<'_>, users: &[bool], devices: &[bool]) -> u128 {
    let sum = |side: &[bool], prices: Prices<'_>| -> u128 {
        (0..).zip(side).filter(|(_, paid)| **paid).map(|(index, _)| u128::from(prices.of(index))).sum()
    };
    sum(users, problem.user_prices) + sum(devices, problem.device_prices)
}

/// Splits the flow through each host into ways from a user to a device; both lists are sorted by host.
fn paths(hosts: u32, from_users: &[(u32, u32, u64)], to_devices: &[(u32, u32, u64)]) -> Vec<HostDemand> {
    let mut demand = Vec::new();
    let (mut into, mut out) = (from_users, to_devices);
    for host in 0..hosts {
        let (mut arriving, rest) = into.split_at(into.partition_point(|flow| flow.0 == host));
        into = rest;
        let (mut leaving, rest) = out.split_at(out.partition_point(|flow| flow.0 == host));
        out = rest;
        let (mut user_rest, mut device_rest) = (0, 0);
        let (mut user, mut device) = (None, None);
        loop {
            while user_rest == 0 {
                let Some((first, others)) = arriving.split_first() else { break };
                (user, user_rest, arriving) = (Some(first.1), first.2, others);
            }
            while device_rest == 0 {
                let Some((first, others)) = leaving.split_first() else { break };
                (device, device_rest, leaving) = (Some(first.1), first.2, others);
            }
            let amount = match (user_rest, device_rest) {
                (0, 0) => break,
                // The host itself gives or takes what is missing.
                (0, rest) | (rest, 0) => rest,
                (one, other) => one.min(other),
            };
            let (by, on) = (user.filter(|_| user_rest > 0), device.filter(|_| device_rest > 0));
            demand.push(HostDemand { user: by, host, device: on, amount });
            user_rest = user_rest.saturating_sub(amount);
            device_rest = device_rest.saturating_sub(amount);
        }
    }
    demand
}

impl ModePlan {
    /// Whether the plan serves `problem` and its demand proves that no other is cheaper, checked from the definitions.
    #[must_use]
    pub fn is_proven(&self, problem: &ModeProblem<'_>) -> bool {
        let settled = settled(problem);
        let kept =
            settled.iter().zip(&self.modes).all(|(settled, mode)| settled.is_none_or(|settled| settled == *mode));
        let served = problem.accesses.iter().all(|access| match self.modes[access.host as usize] {
            Mode::PerUser => access.user.is_none_or(|user| self.users[user as usize]),
            Mode::PerDevice => access.device.is_none_or(|device| self.devices[device as usize]),
        });
        let known = |end: fn(&HostAccess) -> Option<u32>| {
            let mut known: Vec<_> =
                problem.accesses.iter().filter_map(|access| Some((access.host, end(access)?))).collect();
            known.sort_unstable();
            known
        };
        let (of_host, on_host) = (known(|access| access.user), known(|access| access.device));
        let mut user_left: Vec<u64> = (0..problem.users as usize).map(|user| problem.user_prices.of(user)).collect();
        let mut device_left: Vec<u64> =
            (0..problem.devices as usize).map(|device| problem.device_prices.of(device)).collect();
        let bears = |left: &mut [u64], end: Option<u32>, known: &[(u32, u32)], demand: &HostDemand, alone: Mode| {
            let Some(end) = end else { return settled[demand.host as usize] == Some(alone) };
            let rest = left[end as usize].checked_sub(demand.amount);
            left[end as usize] = rest.unwrap_or(0);
            rest.is_some() && known.binary_search(&(demand.host, end)).is_ok()
        };
        let borne = self.demand.iter().all(|demand| {
            bears(&mut user_left, demand.user, &of_host, demand, Mode::PerDevice)
                && bears(&mut device_left, demand.device, &on_host, demand, Mode::PerUser)
        });
        let demanded: u128 = self.demand.iter().map(|demand| u128::from(demand.amount)).sum();
        let paid = cost(problem, &self.users, &self.devices);
        kept && served && borne && self.cost == paid && demanded == paid
    }
}
