//! Hosts licensed as a whole for Enterprise: every host that a virtual machine with SQL Server may run on, or ran on within the
//! window (rule D.5).

use std::collections::BTreeMap;

use super::{Way, assured, cores, edition::Edition, instances::by_core, rounded};
use crate::{
    checked::Checked,
    estate::{EstateError, RanOn},
    findings::Rules,
    run::{
        Choice, HostNeed,
        placement::{Place, Placement},
    },
    version::VersionName,
};

/// A server whose hosts are licensed as a whole.
pub(super) struct Whole<'a> {
    pub server: u32,
    pub version: VersionName,
    pub edition: Edition,
    pub ran_on: Vec<&'a RanOn>,
}

/// What runs on one host or anywhere in one cluster.
#[derive(Clone, Copy)]
struct Load {
    machines: u64,
    version: VersionName,
    edition: Edition,
}

impl Load {
    fn hear(load: &mut Option<Self>, machines: u64, version: VersionName, edition: Edition) {
        let load = load.get_or_insert(Self { machines: 0, version, edition });
        load.machines += machines;
        load.version = load.version.max(version);
        load.edition = load.edition.max(edition);
    }
}

pub(super) fn needs<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    servers: &[Whole<'a>],
    way: &Way,
) -> Result<Vec<HostNeed<'a>>, EstateError> {
    let estate = checked.estate;
    if servers.is_empty() {
        return Ok(Vec::new());
    }
    let mut on_host: Vec<Option<Load>> = vec![None; estate.hosts.len()];
    let mut in_cluster: Vec<Option<Load>> = vec![None; placement.clusters.len()];
    let names: BTreeMap<&str, usize> = estate.hosts.iter().map(|host| host.id.as_str()).zip(0..).collect();
    let mut needs = Vec::new();
    for whole in servers {
        let at = whole.server as usize;
        let machine = u64::from(estate.servers[at].is_virtual);
        match &placement.places[at] {
            Place::Cluster(cluster) => {
                Load::hear(&mut in_cluster[*cluster as usize], machine, whole.version, whole.edition);
            }
            Place::Unknown => {
                let least = cores::of_machine(checked.catalogue, None).count;
                let chosen = Choice { sku: whole.edition.skus()[0], count: least };
                let facts =
                    vec![format!("its host, which is licensed as a whole, is not known: at least {least} cores")];
                let version = by_core(whole.version);
                let rules = Rules::of(&["D.5"]);
                needs.push(HostNeed::alone(&estate.servers[at].id, version, chosen, facts, rules, true));
            }
            _ => {
                for &host in placement.hosts(at) {
                    Load::hear(&mut on_host[host as usize], machine, whole.version, whole.edition);
                }
            }
        }
        for ran in &whole.ran_on {
            let Some(&host) = names.get(ran.host.as_str()) else {
                return Err(EstateError::Missing {
                    place: format!("`ran_on` of SQL Server on `{}`", estate.servers[at].id),
                    kind: "host",
                    id: ran.host.clone(),
                });
            };
            let days = estate.as_of.since(ran.last).map_or(i32::MAX, |span| span.get_days());
            // within the window it needed the host's licence, wherever it is now
            if days <= i32::try_from(estate.policy.window_days).unwrap_or(i32::MAX) && on_host[host].is_none() {
                Load::hear(&mut on_host[host], machine, whole.version, whole.edition);
            }
        }
    }
    let assured = assured(estate);
    for &index in &checked.hosts.index {
        let mut load = on_host[index as usize];
        let cluster = placement.cluster_of[index as usize].and_then(|cluster| in_cluster[cluster as usize]);
        if let Some(other) = cluster {
            Load::hear(&mut load, other.machines, other.version, other.edition);
        }
        let Some(load) = load else { continue };
        let host = &estate.hosts[index as usize];
        let version = by_core(load.version);
        let cores = cores::physical(checked.catalogue, &way.policy, host, version)?;
        let whole = rounded(cores, way);
        // D.5: as many machines as core licences, any number with Software Assurance
        let count = if assured { whole } else { whole.max(load.machines) };
        let allowed = if assured { "any number".to_owned() } else { count.to_string() };
        let facts = vec![
            format!("licensed as a whole: {whole} cores"),
            format!("machines with SQL Server that may run here: {}, allowed: {allowed} (D.5)", load.machines),
        ];
        let mut rules = Rules::of(&["D.3", "D.5"]);
        if cores.factor {
            rules.extend(&Rules::of(&["D.1", "D.2"]));
        }
        let chosen = Choice { sku: load.edition.skus()[0], count };
        needs.push(HostNeed::alone(&host.id, version, chosen, facts, rules, cores.at_least));
    }
    Ok(needs)
}
