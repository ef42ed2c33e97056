//! Small exchanges that make a purchase cheaper: drop one licence and give their own to those who relied on it.

use std::collections::BTreeSet;

use super::{Graph, Mix, Terms, count};

/// Drops devices, then users, then devices again, as long as each step saves money.
pub(super) fn mix(graph: &Graph, mirror: &Graph, terms: &Terms, mix: &mut Mix) {
    drop_devices(graph, mirror, terms, &mut mix.users, &mut mix.devices);
    drop_devices(mirror, graph, &terms.flipped(), &mut mix.devices, &mut mix.users);
    drop_devices(graph, mirror, terms, &mut mix.users, &mut mix.devices);
}

/// The device with the fewest users without a licence of their own goes first.
fn drop_devices(graph: &Graph, mirror: &Graph, terms: &Terms, users: &mut [bool], devices: &mut [bool]) {
    let (mut user_count, mut device_count) = (count(users), count(devices));
    let mut bare: Vec<u32> = vec![0; devices.len()];
    let mut order: BTreeSet<(u32, u32)> = BTreeSet::new();
    for device in (0..graph.devices()).filter(|&device| devices[device as usize]) {
        bare[device as usize] = mirror.devices_of(device).filter(|&user| !users[user as usize]).count() as u32;
        order.insert((bare[device as usize], device));
    }
    while let Some((add, device)) = order.pop_first() {
        let then = user_count + u64::from(add);
        if terms.cost(then, device_count - 1) >= terms.cost(user_count, device_count) {
            return;
        }
        (user_count, device_count) = (then, device_count - 1);
        devices[device as usize] = false;
        for user in mirror.devices_of(device) {
            if std::mem::replace(&mut users[user as usize], true) {
                continue;
            }
            for other in graph.devices_of(user).filter(|&other| devices[other as usize]) {
                let bare = &mut bare[other as usize];
                order.remove(&(*bare, other));
                *bare -= 1;
                order.insert((*bare, other));
            }
        }
    }
}
