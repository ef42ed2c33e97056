//! Rules E.7, F.2: up to two people or devices per server may administer it without a CAL, if they do nothing else anywhere.

use super::{
    basis::{Basis, heads},
    servers::Need,
};
use crate::estate::Accesses;

/// Who is exempt, by rank.
pub(crate) struct Administrators {
    pub people: Vec<bool>,
    pub devices: Vec<bool>,
}

/// One that only administers.
struct Candidate {
    servers: Vec<u32>,
    is_device: bool,
    rank: u32,
    /// How many it stands for.
    heads: u64,
}

impl Administrators {
    /// Chooses those with the fewest servers first, then by id: never more per server than the rule allows, and
    /// always the same ones.
    pub fn of(basis: &Basis<'_>) -> Self {
        let (checked, estate) = (basis.checked, basis.checked.estate);
        let mut exempt = Self { people: vec![false; estate.people.len()], devices: vec![false; estate.devices.len()] };
        let Some(rule) = basis.administrators else { return exempt };
        let mut people = vec![Some(Vec::new()); estate.people.len()];
        let mut devices = vec![Some(Vec::new()); estate.devices.len()];
        for access in basis.accesses.rows() {
            let administers = access.flags & Accesses::ADMINISTRATION != 0;
            let alone = access.person == Accesses::NONE;
            if !alone {
                note(&mut people[access.person as usize], administers, access.server);
            }
            if access.device != Accesses::NONE {
                // a device that somebody uses is that person's affair
                note(&mut devices[access.device as usize], administers && alone, access.server);
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
        let candidates = |all: Vec<Option<Vec<u32>>>, is_device: bool, rank: &[u32]| {
            let mut found = Vec::new();
            for (index, servers) in all.into_iter().enumerate() {
                let Some(mut servers) = servers else { continue };
                servers.retain(|&server| matches!(basis.needs[server as usize], Need::Cal(_)));
                servers.sort_unstable();
                servers.dedup();
                if !servers.is_empty() && one_that_counts(index, is_device) && !holds(index, is_device, &servers) {
                    let heads = if is_device { 1 } else { heads(&estate.people[index]) };
                    found.push(Candidate { servers, is_device, rank: rank[index], heads });
                }
            }
            found
        };
        let mut queue = candidates(people, false, &checked.people.rank);
        queue.extend(candidates(devices, true, &checked.devices.rank));
        queue.sort_unstable_by_key(|candidate| (candidate.servers.len(), candidate.is_device, candidate.rank));

        let mut taken = vec![0_u64; estate.servers.len()];
        for candidate in queue {
            let fits = |&server: &u32| taken[server as usize] + candidate.heads <= u64::from(rule.most);
            if candidate.servers.iter().all(fits) {
                candidate.servers.iter().for_each(|&server| taken[server as usize] += candidate.heads);
                let side = if candidate.is_device { &mut exempt.devices } else { &mut exempt.people };
                side[candidate.rank as usize] = true;
            }
        }
        exempt
    }
}

/// Keeps the servers of one that only administers; anything else ends its candidacy.
fn note(servers: &mut Option<Vec<u32>>, administers: bool, server: u32) {
    match servers {
        Some(servers) if administers => servers.push(server),
        _ => *servers = None,
    }
}
