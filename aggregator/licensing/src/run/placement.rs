//! Where each server may run: on one host for good, on a few, or on every host of a cluster (rules C.12, C.13).
//!
//! Knows nothing of licences. A reference that leads nowhere, contradicts another or goes round in a circle is refused by name.

use std::collections::HashMap;

use crate::{
    checked::Checked,
    estate::{Estate, EstateError, Server},
};

/// Where a server may run, in indexes of hosts that are machines of metal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nobody says where.
    Unknown,
    /// On this host alone.
    Host(u32),
    /// On these hosts and no others (C.13), rising; at least two.
    Some(Vec<u32>),
    /// On every host of the cluster with this index.
    Cluster(u32),
}

/// Hosts between which virtual machines move.
#[derive(Debug)]
pub(crate) struct Cluster<'a> {
    pub name: &'a str,
    /// Indexes of its hosts; at least two.
    pub hosts: Vec<u32>,
}

/// Where all servers may run.
pub(crate) struct Placement<'a> {
    /// By index of the server.
    pub places: Vec<Place>,
    /// The host each is on at present, if known.
    pub present: Vec<Option<u32>>,
    pub clusters: Vec<Cluster<'a>>,
    /// By index of the host.
    pub cluster_of: Vec<Option<u32>>,
    /// Whether a host is itself a virtual machine on another one.
    pub nested: Vec<bool>,
}

impl<'a> Placement<'a> {
    pub fn of(checked: &Checked<'a>) -> Result<Self, EstateError> {
        let estate = checked.estate;
        let metal = below(checked)?;
        let names: HashMap<&str, u32> = estate.hosts.iter().map(|host| host.id.as_str()).zip(0..).collect();
        let mut members: HashMap<&str, Vec<u32>> = HashMap::new();
        for &host in &checked.hosts.index {
            if let Some(name) = estate.hosts[host as usize].cluster.as_deref() {
                if name.is_empty() {
                    return Err(empty(format!("`cluster` of host `{}`", estate.hosts[host as usize].id)));
                }
                members.entry(name).or_default().push(metal[host as usize]);
            }
        }
        let mut sorted: Vec<(&str, Vec<u32>)> = members.into_iter().collect();
        sorted.sort_unstable();
        let mut found = Self {
            places: Vec::with_capacity(estate.servers.len()),
            present: Vec::with_capacity(estate.servers.len()),
            clusters: Vec::new(),
            cluster_of: vec![None; estate.hosts.len()],
            nested: metal.iter().zip(0..).map(|(&metal, host)| metal != host).collect(),
        };
        // a cluster of one host is that host
        let mut alone: HashMap<&str, u32> = HashMap::new();
        let mut known: HashMap<&str, u32> = HashMap::new();
        for (name, mut hosts) in sorted {
            hosts.sort_unstable();
            hosts.dedup();
            if let [host] = hosts[..] {
                alone.insert(name, host);
                continue;
            }
            for &host in &hosts {
                found.cluster_of[host as usize] = Some(found.clusters.len() as u32);
            }
            known.insert(name, found.clusters.len() as u32);
            found.clusters.push(Cluster { name, hosts });
        }
        for (at, server) in estate.servers.iter().enumerate() {
            let stated = checked.host_of[at];
            let present = stated.map(|host| if server.is_virtual { metal[host as usize] } else { host });
            let allowed = allowed(estate, server, &names, &metal, present)?;
            let cluster = match server.cluster.as_deref() {
                None => None,
                Some("") => return Err(empty(format!("`cluster` of server `{}`", server.id))),
                Some(name) => Some(known.get(name).map_or_else(
                    || alone.get(name).map(|&host| Place::Host(host)).ok_or_else(|| missing(server, name)),
                    |&cluster| Ok(Place::Cluster(cluster)),
                )?),
            };
            let place = match (server.is_virtual, allowed, cluster) {
                // a physical server does not move
                (false, _, _) | (true, None, None) => present.map_or(Place::Unknown, Place::Host),
                (true, Some(hosts), cluster) => {
                    if let Some(outside) = hosts.iter().find(|&&host| !found.holds(cluster.as_ref(), host)) {
                        return Err(EstateError::Value {
                            place: format!(
                                "`may_run_on` of server `{}`: host `{}`",
                                server.id, estate.hosts[*outside as usize].id
                            ),
                            problem: "it is not of the server's cluster: give the host the same `cluster`, or leave it out",
                        });
                    }
                    if let [host] = hosts[..] { Place::Host(host) } else { Place::Some(hosts) }
                }
                (true, None, Some(cluster)) => {
                    if present.is_some_and(|host| !found.holds(Some(&cluster), host)) {
                        return Err(EstateError::Value {
                            place: format!("`host` of server `{}`", server.id),
                            problem: "it is not of the server's cluster: give the host the same `cluster`, or correct one",
                        });
                    }
                    cluster
                }
            };
            found.places.push(place);
            found.present.push(present);
        }
        Ok(found)
    }

    /// Hosts that a server may run on.
    pub fn hosts(&self, server: usize) -> &[u32] {
        match &self.places[server] {
            Place::Unknown => &[],
            Place::Host(host) => std::slice::from_ref(host),
            Place::Some(hosts) => hosts,
            Place::Cluster(cluster) => &self.clusters[*cluster as usize].hosts,
        }
    }

    fn holds(&self, cluster: Option<&Place>, host: u32) -> bool {
        match cluster {
            Some(Place::Cluster(cluster)) => self.cluster_of[host as usize] == Some(*cluster),
            Some(Place::Host(alone)) => host == *alone,
            _ => true,
        }
    }
}

/// The hosts that `may_run_on` names, rising; `None` if it names none.
fn allowed(
    estate: &Estate,
    server: &Server,
    names: &HashMap<&str, u32>,
    metal: &[u32],
    present: Option<u32>,
) -> Result<Option<Vec<u32>>, EstateError> {
    let mut hosts = Vec::with_capacity(server.may_run_on.len());
    for name in &server.may_run_on {
        let host = names.get(name.as_str()).ok_or_else(|| EstateError::Missing {
            place: format!("`may_run_on` of server `{}`", server.id),
            kind: "host",
            id: name.clone(),
        })?;
        hosts.push(metal[*host as usize]);
    }
    hosts.sort_unstable();
    hosts.dedup();
    if hosts.is_empty() {
        return Ok(None);
    }
    if let Some(host) = present
        && hosts.binary_search(&host).is_err()
    {
        return Err(EstateError::Value {
            place: format!("`host` of server `{}`: `{}`", server.id, estate.hosts[host as usize].id),
            problem: "it is not among the hosts of `may_run_on`: add it there, or correct one",
        });
    }
    Ok(Some(hosts))
}

/// The machine of metal below each host: itself, unless it is a virtual machine whose host is known (C.11).
fn below(checked: &Checked<'_>) -> Result<Vec<u32>, EstateError> {
    let estate = checked.estate;
    let own: HashMap<&str, usize> = (estate.servers.iter().enumerate())
        .filter(|(_, server)| server.is_virtual)
        .map(|(at, server)| (server.id.as_str(), at))
        .collect();
    let mut metal: Vec<u32> = (0..estate.hosts.len() as u32).collect();
    // 0 not looked at, 1 on the way now, 2 known
    let mut state = vec![0_u8; metal.len()];
    for start in 0..metal.len() {
        let mut way = Vec::new();
        let mut at = start;
        let end = loop {
            if state[at] == 2 {
                break metal[at];
            }
            if state[at] == 1 {
                return Err(EstateError::Value {
                    place: format!("`host` of server `{}`", estate.hosts[at].id),
                    problem: "over one or more virtual machines it runs on itself: correct the hosts",
                });
            }
            state[at] = 1;
            way.push(at);
            match own.get(estate.hosts[at].id.as_str()).and_then(|&server| checked.host_of[server]) {
                Some(next) => at = next as usize,
                None => break at as u32,
            }
        };
        for host in way {
            state[host] = 2;
            metal[host] = end;
        }
    }
    Ok(metal)
}

fn missing(server: &Server, cluster: &str) -> EstateError {
    EstateError::Missing {
        place: format!("`cluster` of server `{}`", server.id),
        kind: "cluster",
        id: cluster.to_owned(),
    }
}

fn empty(place: String) -> EstateError {
    EstateError::Value { place, problem: "it is empty: name the cluster, or leave it out" }
}
