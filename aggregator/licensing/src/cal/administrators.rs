//! Rules E.7, F.2: up to two people or devices per server may administer it without a CAL, if they do nothing else anywhere.

use std::collections::BTreeMap;

use super::{
    basis::{Basis, heads},
    servers::Need,
};
use crate::estate::{Access, Accesses};

/// Who is exempt, by rank.
pub(crate) struct Administrators {
    pub people: Vec<bool>,
    pub devices: Vec<bool>,
}

/// One that only administers.
struct Candidate {
    servers: Vec<u32>,
    is_device: bool,
    index: usize,
    /// How many it stands for.
    heads: u64,
}

impl Administrators {
    /// Chooses those with the fewest servers first, of these by what they are seen with and not by name: never more per server
    /// than the rule allows, and always the same ones.
    pub fn of(basis: &Basis<'_>) -> Self {
        let (checked, estate) = (basis.checked, basis.checked.estate);
        let mut exempt = Self { people: vec![false; estate.people.len()], devices: vec![false; estate.devices.len()] };
        let Some(rule) = basis.administrators else { return exempt };
        let administers = |access: &Access| access.flags & Accesses::ADMINISTRATION != 0;
        let alone = |access: &Access| access.person == Accesses::NONE;
        // Nearly nobody administers, so whoever does anything else is marked before servers are noted.
        let mut people = vec![true; estate.people.len()];
        let mut devices = vec![true; estate.devices.len()];
        for access in basis.accesses.rows() {
            if !alone(&access) {
                people[access.person as usize] &= administers(&access);
            }
            if access.device != Accesses::NONE {
                // a device that somebody uses is that person's affair
                devices[access.device as usize] &= administers(&access) && alone(&access);
            }
        }
        let mut of_people = BTreeMap::<u32, Vec<u32>>::new();
        let mut of_devices = BTreeMap::<u32, Vec<u32>>::new();
        for access in basis.accesses.rows().filter(administers) {
            if !alone(&access) && people[access.person as usize] {
                of_people.entry(access.person).or_default().push(access.server);
            }
            if access.device != Accesses::NONE && devices[access.device as usize] {
                of_devices.entry(access.device).or_default().push(access.server);
            }
        }
        // whoever holds a CAL by a suite leaves the place to others
        let holds = |index: usize, is_device: bool, servers: &[u32]| {
            servers.iter().all(|&server| match basis.needs[server as usize] {
                Need::Cal(cal) if is_device => basis.held.device(Some(checked.devices.rank[index]), cal),
                Need::Cal(cal) => basis.held.person(Some(checked.people.rank[index]), cal),
                Need::Nothing(_) => true,
            })
        };
        let one_that_counts = |index: usize, is_device: bool| {
            if is_device {
                rule.devices && !estate.devices[index].unresolved && !estate.devices[index].server
            } else {
                !estate.people[index].unresolved
            }
        };
        let candidates = |all: BTreeMap<u32, Vec<u32>>, is_device: bool| {
            let mut found = Vec::new();
            for (index, mut servers) in all {
                let index = index as usize;
                servers.retain(|&server| matches!(basis.needs[server as usize], Need::Cal(_)));
                servers.sort_unstable();
                servers.dedup();
                if !servers.is_empty() && one_that_counts(index, is_device) && !holds(index, is_device, &servers) {
                    let heads = if is_device { 1 } else { heads(&estate.people[index]) };
                    found.push(Candidate { servers, is_device, index, heads });
                }
            }
            found
        };
        let mut queue = candidates(of_people, false);
        queue.extend(candidates(of_devices, true));
        let mut wanted = vec![0_u64; estate.servers.len()];
        for candidate in &queue {
            let sum = |&server: &u32| wanted[server as usize] = wanted[server as usize].saturating_add(candidate.heads);
            candidate.servers.iter().for_each(sum);
        }
        // where there is room for all, the order does not matter
        if wanted.iter().any(|&wanted| wanted > u64::from(rule.most)) {
            let standing = checked.standing();
            let place = |candidate: &Candidate| {
                let places = if candidate.is_device { &standing.devices } else { &standing.people };
                places[candidate.index]
            };
            queue.sort_unstable_by_key(|candidate| (candidate.servers.len(), candidate.is_device, place(candidate)));
        }

        let mut taken = vec![0_u64; estate.servers.len()];
        for candidate in queue {
            let fits = |&server: &u32| taken[server as usize] + candidate.heads <= u64::from(rule.most);
            if candidate.servers.iter().all(fits) {
                candidate.servers.iter().for_each(|&server| taken[server as usize] += candidate.heads);
                let (side, ranking) = if candidate.is_device {
                    (&mut exempt.devices, &checked.devices)
                } else {
                    (&mut exempt.people, &checked.people)
                };
                side[ranking.rank[candidate.index] as usize] = true;
            }
        }
        exempt
    }
}
