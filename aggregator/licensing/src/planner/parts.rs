//! Taking servers out of an estate and moving accesses from one device to others.
//!
//! Knows how an estate hangs together; accesses name everything by its place in a list.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::estate::{Access, Accesses, Device, Estate};

/// Rewrites every access, use and stay; what `to` answers with `None` is gone.
fn rewrite(estate: &mut Estate, mut to: impl FnMut(Access) -> Option<Access>) {
    let mut columns = |accesses: &mut Accesses| {
        let rows: Vec<Access> = accesses.rows().filter_map(&mut to).collect();
        *accesses = Accesses::of(rows);
    };
    columns(&mut estate.accesses);
    estate.uses.iter_mut().for_each(|used| columns(&mut used.accesses));
    let of_uses = estate.uses.iter_mut().map(|used| &mut used.stays);
    for stays in of_uses.chain([&mut estate.stays]) {
        stays.retain_mut(|stay| {
            let access = Access { person: stay.person, device: stay.device, server: stay.server, flags: 0 };
            let moved = to(access);
            if let Some(Access { person, device, server, .. }) = moved {
                (stay.person, stay.device, stay.server) = (person, device, server);
            }
            moved.is_some()
        });
    }
    estate.uses.retain(|used| !used.accesses.is_empty() || !used.stays.is_empty());
}

/// Servers with all that was done on them. A host loses the Windows of a physical server, and one of the virtual
/// machines it was said to run at most.
pub(super) fn remove_servers(estate: &mut Estate, gone: &BTreeSet<u32>) {
    let mut number = vec![None; estate.servers.len()];
    let mut kept = Vec::with_capacity(estate.servers.len());
    let mut names = HashSet::new();
    for (index, server) in (0..).zip(std::mem::take(&mut estate.servers)) {
        if !gone.contains(&index) {
            number[index as usize] = Some(kept.len() as u32);
            kept.push(server);
            continue;
        }
        if let Some(host) = estate.hosts.iter_mut().find(|host| Some(&host.id) == server.host.as_ref()) {
            if server.is_virtual {
                host.peak_virtual_machines = host.peak_virtual_machines.map(|peak| peak.saturating_sub(1));
            } else {
                host.windows = false;
            }
        }
        names.insert(server.id);
    }
    estate.servers = kept;
    estate.sql.retain(|instance| !names.contains(&instance.server));
    let is_host = |name: &String| estate.hosts.iter().any(|host| host.id == *name);
    estate.assignments.retain(|one| !names.contains(&one.to) || is_host(&one.to));
    rewrite(estate, |access| number[access.server as usize].map(|server| Access { server, ..access }));
}

/// Everybody who used one of `old` uses `new` instead.
pub(super) fn move_to_device(estate: &mut Estate, old: &BTreeSet<u32>, new: u32) {
    rewrite(estate, |access| {
        let device = if old.contains(&access.device) { new } else { access.device };
        Some(Access { device, ..access })
    });
    for &device in old {
        // nothing is left to manage (G.8)
        estate.devices[device as usize].managed = false;
    }
}

/// Everybody who used one of `old` has one device alone for that. What a device did without a person it goes on doing.
pub(super) fn give_personal_devices(estate: &mut Estate, old: &BTreeSet<u32>) {
    let mut taken: HashSet<String> = estate.devices.iter().map(|device| device.id.clone()).collect();
    let mut own: HashMap<u32, u32> = HashMap::new();
    let mut devices = std::mem::take(&mut estate.devices);
    let people = std::mem::take(&mut estate.people);
    rewrite(estate, |access| {
        if access.person == Accesses::NONE || !old.contains(&access.device) {
            return Some(access);
        }
        let device = *own.entry(access.person).or_insert_with(|| {
            let mut id = format!("device of {}", people[access.person as usize].id);
            while !taken.insert(id.clone()) {
                id.push('\'');
            }
            devices.push(Device { id, ..Device::default() });
            devices.len() as u32 - 1
        });
        devices[device as usize].managed |= devices[access.device as usize].managed;
        Some(Access { device, ..access })
    });
    for &device in old {
        devices[device as usize].managed = false;
    }
    (estate.devices, estate.people) = (devices, people);
}
