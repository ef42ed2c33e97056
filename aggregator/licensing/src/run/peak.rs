//! How many virtual machines each host must be ready for: those placed on it, and those that may move onto it (rule C.12).

use super::placement::{Place, Placement};
use crate::estate::{ClusterPeak, Host, Policy};

/// Virtual machines by host and by cluster, counted once in all.
pub(super) struct Loads {
    /// For good on the host.
    pinned: Vec<u64>,
    /// May run there and on some other hosts, but not on all of a cluster (C.13).
    allowed: Vec<u64>,
    /// Of these, there at present.
    allowed_here: Vec<u64>,
    /// May run anywhere in the host's cluster, and are there at present.
    here: Vec<u64>,
    /// By cluster: may run anywhere in it.
    free: Vec<u64>,
    /// Of these, on an unknown host.
    nowhere: Vec<u64>,
    /// By cluster: the two largest of `here`.
    largest: Vec<[u64; 2]>,
}

/// What one host must be ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peak {
    /// Machines that count.
    pub machines: u64,
    /// If every machine that may run there did.
    pub worst: u64,
    /// How they were counted; `None` where nothing can move onto the host.
    pub by: Option<ClusterPeak>,
    /// Whether machines on unknown hosts may have been there, too.
    pub at_least: bool,
}

impl Loads {
    /// Of the virtual servers that count.
    pub fn of(placement: &Placement<'_>, hosts: usize, counted: impl Iterator<Item = usize>) -> Self {
        let clusters = placement.clusters.len();
        let mut loads = Self {
            pinned: vec![0; hosts],
            allowed: vec![0; hosts],
            allowed_here: vec![0; hosts],
            here: vec![0; hosts],
            free: vec![0; clusters],
            nowhere: vec![0; clusters],
            largest: vec![[0; 2]; clusters],
        };
        for server in counted {
            let present = placement.present[server];
            match &placement.places[server] {
                Place::Unknown => {}
                Place::Host(host) => loads.pinned[*host as usize] += 1,
                Place::Some(hosts) => {
                    for &host in hosts {
                        loads.allowed[host as usize] += 1;
                    }
                    if let Some(host) = present {
                        loads.allowed_here[host as usize] += 1;
                    }
                }
                Place::Cluster(cluster) => {
                    loads.free[*cluster as usize] += 1;
                    match present {
                        Some(host) => loads.here[host as usize] += 1,
                        None => loads.nowhere[*cluster as usize] += 1,
                    }
                }
            }
        }
        for (cluster, largest) in placement.clusters.iter().zip(&mut loads.largest) {
            for &host in &cluster.hosts {
                let here = loads.here[host as usize];
                if here > largest[0] {
                    *largest = [here, largest[0]];
                } else if here > largest[1] {
                    largest[1] = here;
                }
            }
        }
        loads
    }

    /// What a host must be ready for under a policy.
    pub fn peak(&self, placement: &Placement<'_>, policy: &Policy, index: u32, host: &Host) -> Peak {
        let at = index as usize;
        let cluster = placement.cluster_of[at].map(|cluster| cluster as usize);
        let seen = u64::from(host.peak_virtual_machines.unwrap_or(0));
        let (free, nowhere) = cluster.map_or((0, 0), |cluster| (self.free[cluster], self.nowhere[cluster]));
        let worst = (self.pinned[at] + self.allowed[at] + free).max(seen);
        let hosts = cluster.map_or(1, |cluster| placement.clusters[cluster].hosts.len() as u64);
        let by = policy.cluster_peak.unwrap_or(if hosts > 2 { ClusterPeak::NPlusOne } else { ClusterPeak::WorstCase });
        let machines = match by {
            ClusterPeak::WorstCase => worst,
            ClusterPeak::Observed => (self.pinned[at] + self.allowed_here[at] + self.here[at]).max(seen),
            ClusterPeak::NPlusOne => {
                let others = (hosts - 1).max(1);
                // the largest of the other hosts fails, and the survivors share what ran on it; machines on unknown hosts
                // are shared by all but one
                let largest = cluster.map_or(0, |cluster| {
                    let [first, second] = self.largest[cluster];
                    if self.here[at] == first { second } else { first }
                });
                let moved = largest.div_ceil(others) + nowhere.div_ceil(others);
                (self.pinned[at] + self.allowed[at] + self.here[at] + moved).max(seen)
            }
        };
        let moves = self.allowed[at] > 0 || free > 0;
        let at_least = by == ClusterPeak::Observed && nowhere > 0;
        Peak { machines, worst, by: moves.then_some(by), at_least }
    }
}
