//! Rule E.7: up to two people or devices per server may administer it without a CAL, if they do nothing else anywhere.

use super::servers::Need;
use crate::{checked::Checked, estate::Accesses};

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
}

impl Administrators {
    /// Chooses those with the fewest servers first, then by id: never more per server than the policy allows, and
    /// always the same ones.
    pub fn of(checked: &Checked<'_>, needs: &[Need]) -> Self {
        let estate = checked.estate;
        let mut people = vec![Some(Vec::new()); estate.people.len()];
        let mut devices = vec![Some(Vec::new()); estate.devices.len()];
        for access in estate.accesses.rows() {
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
        let one_that_counts = |index: usize, is_device: bool| {
            if is_device {
                !estate.devices[index].unresolved && !estate.devices[index].server
            } else {
                !estate.people[index].unresolved
            }
        };
        let candidates = |all: Vec<Option<Vec<u32>>>, is_device: bool, rank: &[u32]| {
            let mut found = Vec::new();
            for (index, servers) in all.into_iter().enumerate() {
                let Some(mut servers) = servers else { continue };
                servers.retain(|&server| matches!(needs[server as usize], Need::Cal(_)));
                servers.sort_unstable();
                servers.dedup();
                if !servers.is_empty() && one_that_counts(index, is_device) {
                    found.push(Candidate { servers, is_device, rank: rank[index] });
                }
            }
            found
        };
        let mut queue = candidates(people, false, &checked.people.rank);
        queue.extend(candidates(devices, true, &checked.devices.rank));
        queue.sort_unstable_by_key(|candidate| (candidate.servers.len(), candidate.is_device, candidate.rank));

        let mut exempt = Self { people: vec![false; estate.people.len()], devices: vec![false; estate.devices.len()] };
        let mut taken = vec![0_u32; estate.servers.len()];
        for candidate in queue {
            if candidate.servers.iter().all(|&server| taken[server as usize] < estate.policy.admin_exempt_per_server) {
                candidate.servers.iter().for_each(|&server| taken[server as usize] += 1);
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
