//! Cheapest covers come in families. Of one family the demand of any member tells the extremes.
//!
//! Knows nothing of what devices cost.

use super::{Demand, Prices, graph::Graph};

/// Of all cheapest covers the one with the most users, as users and devices; there is exactly one, whichever proof
/// it is read from. `user_prices` are what the demand was made for.
///
/// The demand is a maximum flow from users to devices. A user with price left over need not pay, so all its devices
/// must; a device that pays lets off everybody whose demand it carries. Whoever is not let off pays.
pub fn with_most_users(graph: &Graph, demand: &[Demand], user_prices: Prices<'_>) -> (Vec<bool>, Vec<bool>) {
    let mut left: Vec<u64> = (0..graph.users() as usize).map(|user| user_prices.of(user)).collect();
    let mut carried: Vec<(u32, u32)> = Vec::with_capacity(demand.len());
    for demand in demand {
        left[demand.user as usize] -= demand.amount;
        carried.push((demand.device, demand.user));
    }
    carried.sort_unstable();

    let mut let_off: Vec<bool> = left.iter().map(|&left| left > 0).collect();
    let mut queue: Vec<u32> = (0..graph.users()).filter(|&user| let_off[user as usize]).collect();
    let mut devices = vec![false; graph.devices() as usize];
    while let Some(user) = queue.pop() {
        for device in graph.devices_of(user) {
            if std::mem::replace(&mut devices[device as usize], true) {
                continue;
            }
            let start = carried.partition_point(|&(other, _)| other < device);
            for &(_, other) in carried[start..].iter().take_while(|(other, _)| *other == device) {
                if !std::mem::replace(&mut let_off[other as usize], true) {
                    queue.push(other);
                }
            }
        }
    }
    (let_off.into_iter().map(|let_off| !let_off).collect(), devices)
}
