//! Gives the price of a connector to the accesses that only it can bear: demand it bears for somebody who has another way
//! is led there instead. The value stays, and the connector has something left for a way that ends in more.

use super::packing::{Accesses, Decision, NOBODY, Packing, Search};

/// How a vertex was found: over this access, or as a start.
const START: u32 = u32::MAX - 1;

/// One breadth-first search: per vertex the access by which it was found, or [`NOBODY`].
struct Found {
    users: Vec<u32>,
    devices: Vec<u32>,
}

/// Rounds without more value before it is given up.
const STALLED: u32 = 2;

/// Packs more by leading demand around; afterwards no open way is left either.
pub(super) fn reroute(packing: &mut Packing, accesses: &Accesses, of_candidate: &[Vec<u32>], search: &mut Search) {
    let mut stalled = 0;
    while stalled < STALLED {
        let before = packing.value;
        let from_users = onward(packing, accesses, search);
        let to_devices = backward(packing, accesses, search);
        let mut released = false;
        for (candidate, of_one) in of_candidate.iter().enumerate() {
            if packing.decision[candidate] != Decision::Open || packing.budget_left[candidate] > 0 {
                continue;
            }
            let useful = of_one.iter().any(|&index| {
                let arc = accesses.arcs[index as usize];
                from_users.users[arc.user as usize] != NOBODY && to_devices.devices[arc.device as usize] != NOBODY
            });
            if !useful {
                continue;
            }
            for &index in of_one.iter().filter(|&&index| packing.flow[index as usize] > 0).collect::<Vec<_>>() {
                let arc = accesses.arcs[index as usize];
                released |= (from_users.devices[arc.device as usize] != NOBODY
                    && serve_device_otherwise(packing, accesses, &from_users, index))
                    || (to_devices.users[arc.user as usize] != NOBODY
                        && serve_user_otherwise(packing, accesses, &to_devices, index));
            }
        }
        if !released {
            return;
        }
        packing.augment(accesses, search);
        stalled = if packing.value > before { 0 } else { stalled + 1 };
    }
}

/// Everybody reached from users with something left.
fn onward(packing: &Packing, accesses: &Accesses, search: &mut Search) -> Found {
    let start = |left: &u64| if *left > 0 { START } else { NOBODY };
    let mut found = Found {
        users: packing.user_left.iter().map(start).collect(),
        devices: vec![NOBODY; packing.device_left.len()],
    };
    let mut queue: Vec<u32> = (0..).zip(&found.users).filter(|(_, by)| **by == START).map(|(user, _)| user).collect();
    let mut at = 0;
    while let Some(&user) = queue.get(at) {
        at += 1;
        for &index in accesses.of_user(user) {
            let arc = accesses.arcs[index as usize];
            if found.devices[arc.device as usize] != NOBODY || !packing.passes(arc) {
                continue;
            }
            found.devices[arc.device as usize] = index;
            for &back in accesses.of_device(arc.device) {
                let user = accesses.arcs[back as usize].user;
                if packing.flow[back as usize] > 0 && found.users[user as usize] == NOBODY {
                    found.users[user as usize] = back;
                    queue.push(user);
                }
            }
            search.work += accesses.of_device(arc.device).len() as u64;
        }
        search.work += accesses.of_user(user).len() as u64;
    }
    found
}

/// Everybody from whom devices with something left are reached.
fn backward(packing: &Packing, accesses: &Accesses, search: &mut Search) -> Found {
    let start = |left: &u64| if *left > 0 { START } else { NOBODY };
    let mut found = Found {
        users: vec![NOBODY; packing.user_left.len()],
        devices: packing.device_left.iter().map(start).collect(),
    };
    let mut queue: Vec<u32> =
        (0..).zip(&found.devices).filter(|(_, by)| **by == START).map(|(device, _)| device).collect();
    let mut at = 0;
    while let Some(&device) = queue.get(at) {
        at += 1;
        for &index in accesses.of_device(device) {
            let arc = accesses.arcs[index as usize];
            if found.users[arc.user as usize] != NOBODY || !packing.passes(arc) {
                continue;
            }
            found.users[arc.user as usize] = index;
            for &back in accesses.of_user(arc.user) {
                let device = accesses.arcs[back as usize].device;
                if packing.flow[back as usize] > 0 && found.devices[device as usize] == NOBODY {
                    found.devices[device as usize] = back;
                    queue.push(device);
                }
            }
            search.work += accesses.of_user(arc.user).len() as u64;
        }
        search.work += accesses.of_device(device).len() as u64;
    }
    found
}

/// Lets another user with something left bear what the access `index` bears; false when the way is used up.
fn serve_device_otherwise(packing: &mut Packing, accesses: &Accesses, found: &Found, index: u32) -> bool {
    let arc = accesses.arcs[index as usize];
    let mut steps = Vec::new();
    let mut device = arc.device;
    let start = loop {
        let towards = found.devices[device as usize];
        steps.push((towards, true));
        let user = accesses.arcs[towards as usize].user;
        let by = found.users[user as usize];
        if by == START {
            break user;
        }
        steps.push((by, false));
        device = accesses.arcs[by as usize].device;
    };
    let most = packing.user_left[start as usize].min(packing.flow[index as usize]);
    let amount = lead(packing, accesses, &steps, index, most);
    packing.user_left[start as usize] -= amount;
    packing.user_left[arc.user as usize] += amount;
    amount > 0
}

/// Leads what the access `index` bears for its user to a device with something left; false when the way is used up.
fn serve_user_otherwise(packing: &mut Packing, accesses: &Accesses, found: &Found, index: u32) -> bool {
    let arc = accesses.arcs[index as usize];
    let mut steps = Vec::new();
    let mut user = arc.user;
    let end = loop {
        let towards = found.users[user as usize];
        steps.push((towards, true));
        let device = accesses.arcs[towards as usize].device;
        let by = found.devices[device as usize];
        if by == START {
            break device;
        }
        steps.push((by, false));
        user = accesses.arcs[by as usize].user;
    };
    let most = packing.device_left[end as usize].min(packing.flow[index as usize]);
    let amount = lead(packing, accesses, &steps, index, most);
    packing.device_left[end as usize] -= amount;
    packing.device_left[arc.device as usize] += amount;
    amount > 0
}

/// Moves up to `most` along the steps and off the access `index`; how much.
fn lead(packing: &mut Packing, accesses: &Accesses, steps: &[(u32, bool)], index: u32, most: u64) -> u64 {
    let own = accesses.arcs[index as usize].candidate;
    let mut amount = most;
    let mut seen = Vec::new();
    for &(step, forward) in steps {
        let arc = accesses.arcs[step as usize];
        if !forward {
            amount = amount.min(packing.flow[step as usize]);
        }
        if packing.shares_budget(arc) {
            if forward {
                amount = amount.min(packing.budget_left[arc.candidate as usize]);
            }
            // The same connector twice, or the one that is to be relieved: another way has to do.
            if arc.candidate == own || seen.contains(&arc.candidate) || step == index {
                return 0;
            }
            seen.push(arc.candidate);
        }
    }
    if amount == 0 {
        return 0;
    }
    let change = |packing: &mut Packing, step: u32, forward: bool| {
        let arc = accesses.arcs[step as usize];
        let shares = packing.shares_budget(arc);
        let flow = &mut packing.flow[step as usize];
        *flow = if forward { *flow + amount } else { *flow - amount };
        if shares {
            let budget = &mut packing.budget_left[arc.candidate as usize];
            *budget = if forward { *budget - amount } else { *budget + amount };
        }
    };
    for &(step, forward) in steps {
        change(packing, step, forward);
    }
    change(packing, index, false);
    amount
}
