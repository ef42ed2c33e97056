//! Where virtual machines may move: between the nodes of a failover cluster that run virtual machines (rules C.12, C.13).

use std::collections::{BTreeSet, HashMap};

use caliper_licensing::{Host, Server};
use caliper_proto::Inventory;

use super::{
    HostSettings,
    machines::{Fleet, short},
};

/// The feature of a server that runs virtual machines.
const HYPER_V: &str = "Hyper-V";

/// Puts hosts into their clusters, and virtual machines into that of the host they are on. `servers` are those of the fleet, in
/// its order. A node that reports nothing becomes a host of which nothing else is known: machines may move there all the same.
pub(super) fn join(
    fleet: &Fleet,
    settings: &[HostSettings],
    hosts: &mut Vec<Host>,
    servers: &mut [Server],
    notes: &mut Vec<String>,
) {
    let mut known: HashMap<String, usize> = hosts.iter().map(|host| short(&host.id)).zip(0..).collect();
    let (mut silent, mut moving) = (BTreeSet::new(), BTreeSet::new());
    for (reporting, server) in fleet.servers.iter().zip(&*servers) {
        let inventory = &reporting.inventory;
        let cluster = inventory.installed.cluster.as_deref().filter(|name| !name.trim().is_empty());
        // nodes that are guests themselves carry no guests that count
        let Some(cluster) = cluster.filter(|_| !server.is_virtual && runs_machines(inventory)) else { continue };
        let cluster = full_name(cluster, inventory);
        for node in [&reporting.id].into_iter().chain(&inventory.installed.cluster_nodes) {
            let at = *known.entry(short(node)).or_insert_with(|| {
                silent.insert(node.to_lowercase());
                hosts.push(Host { id: node.to_lowercase(), ..Host::default() });
                hosts.len() - 1
            });
            hosts[at].cluster.get_or_insert_with(|| cluster.clone());
        }
    }
    for given in settings {
        if let (Some(cluster), Some(&at)) = (&given.cluster, known.get(&short(&given.name))) {
            hosts[at].cluster = Some(cluster.to_lowercase()).filter(|cluster| !cluster.trim().is_empty());
        }
    }
    for server in servers.iter_mut().filter(|server| server.is_virtual) {
        let host = server.host.as_deref().and_then(|host| known.get(&short(host)));
        server.cluster = host.and_then(|&at| hosts[at].cluster.clone());
        moving.extend(server.cluster.as_ref().map(|_| server.id.clone()));
    }
    let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    if !silent.is_empty() {
        notes.push(format!(
            "nodes of clusters that report nothing and may run virtual machines all the same (C.12); install the agent on them or \
             state them in [[estate.host]]: {}",
            list(&silent)
        ));
    }
    if !moving.is_empty() {
        notes.push(format!(
            "virtual machines taken to move between all hosts of their cluster (C.12); say `may_run_on` in [[estate.server]] for \
             those that cannot (C.13): {}",
            list(&moving)
        ));
    }
}

fn runs_machines(inventory: &Inventory) -> bool {
    !inventory.virtual_machines.is_empty() || inventory.installed.features.iter().any(|feature| feature == HYPER_V)
}

/// A cluster's name is unique in its domain only.
fn full_name(cluster: &str, inventory: &Inventory) -> String {
    let domain = inventory.domain.to_lowercase();
    let name = cluster.trim().to_lowercase();
    if name.contains('.') || domain.is_empty() || domain == "workgroup" { name } else { format!("{name}.{domain}") }
}

#[cfg(test)]
mod tests {
    use caliper_licensing::{Policy, assess, catalogue::catalogue};
    use caliper_proto::{Installed, Instant, Processor};

    use super::*;
    use crate::{scan::machines::place, store::evidence::ServerRow};

    fn rows() -> Vec<ServerRow> {
        let node = |features: &[&str], nodes: &[&str]| Inventory {
            is_virtual: Some(false),
            processors: vec![Processor { cores: 16, ..Processor::default() }],
            installed: Installed {
                features: features.iter().map(|&feature| feature.to_owned()).collect(),
                cluster: Some("CL1".into()),
                cluster_nodes: nodes.iter().map(|&node| node.to_owned()).collect(),
                ..Installed::default()
            },
            ..Inventory::default()
        };
        let guest =
            |host: &str| Inventory { is_virtual: Some(true), physical_host: Some(host.into()), ..Inventory::default() };
        let servers = [
            ("HV1", node(&["Hyper-V", "Failover-Clustering"], &["HV1", "HV2", "HV3"])),
            ("HV2", node(&["Hyper-V"], &["HV1", "HV2", "HV3"])),
            // a cluster for files: it runs no machines
            ("FS1", node(&["Failover-Clustering"], &["FS1", "FS2"])),
            ("VM1", guest("hv1.lab.net")),
            ("VM2", guest("HV2")),
            ("VM3", guest("esx")),
        ];
        servers
            .into_iter()
            .zip(1..)
            .map(|((name, inventory), id)| {
                let inventory = Inventory { name: name.into(), domain: "Lab.net".into(), ..inventory };
                ServerRow { id, inventory, observed: id, last_seen: Instant::default() }
            })
            .collect()
    }

    fn joined(settings: &[HostSettings]) -> (Vec<Host>, Vec<Server>, Vec<String>) {
        let fleet = Fleet::of(rows(), catalogue());
        let count = fleet.servers.len();
        let (mut hosts, mut servers, mut notes) =
            place(&fleet, catalogue(), settings, &vec![true; count], &vec![None; count]);
        join(&fleet, settings, &mut hosts, &mut servers, &mut notes);
        (hosts, servers, notes)
    }

    #[test]
    fn machines_move_between_the_nodes_that_run_machines() {
        let (hosts, servers, notes) = joined(&[]);
        let mut clusters: Vec<_> = hosts.iter().map(|host| (host.id.as_str(), host.cluster.as_deref())).collect();
        clusters.sort_unstable();
        let cl1 = Some("cl1.lab.net");
        assert_eq!(
            clusters,
            [("esx", None), ("fs1.lab.net", None), ("hv1.lab.net", cl1), ("hv2.lab.net", cl1), ("hv3", cl1)]
        );
        let floating: Vec<_> =
            servers.iter().filter_map(|server| Some((&*server.id, server.cluster.as_deref()?))).collect();
        assert_eq!(floating, [("vm1.lab.net", "cl1.lab.net"), ("vm2.lab.net", "cl1.lab.net")]);
        assert!(notes.iter().any(|note| note.ends_with("[[estate.host]]: hv3")), "{notes:?}");
        assert!(notes.iter().any(|note| note.ends_with("(C.13): vm1.lab.net, vm2.lab.net")), "{notes:?}");
    }

    /// Each host has 16 cores and its own Windows, but `esx`. A set of 16 cores serves two of them and the machines (C.6). Of two
    /// nodes each may carry both machines: three on each of hv1 and hv2 are 2 sets (C.12). Of three, each takes one more when
    /// another fails: still 3 on hv1 and hv2, and 2 on esx. Apart, nobody needs more than one set.
    #[test]
    fn licences_follow_the_cluster() {
        let esx = HostSettings { name: "esx".into(), processors: vec![16], ..HostSettings::default() };
        let of = |name: &str, cluster: &str| HostSettings {
            name: name.into(),
            processors: vec![16],
            cluster: Some(cluster.into()),
            ..HostSettings::default()
        };
        // VM3 may come to hv3 only if its own host is of the cluster
        for (settings, expected, cores) in [
            (vec![esx.clone(), of("hv3", "")], [Some("cl1.lab.net"), None], 2 * 32 + 16 + 16),
            (vec![of("esx", "CL1.lab.net"), of("hv3", "")], [Some("cl1.lab.net"); 2], 2 * 32 + 16 + 16),
            (vec![esx, of("hv1", ""), of("hv2", ""), of("hv3", "")], [None, None], 4 * 16),
        ] {
            let (hosts, servers, _) = joined(&settings);
            let of = |id: &str| servers.iter().find(|server| server.id == id).unwrap().cluster.as_deref();
            assert_eq!([of("vm1.lab.net"), of("vm3.lab.net")], expected);
            let estate = caliper_licensing::Estate { hosts, servers, policy: Policy::default(), ..Default::default() };
            let position = assess(&estate).unwrap().position;
            let lines = position.lines.iter().filter(|line| line.sku == "windows-server/standard/core");
            assert_eq!(lines.map(|line| line.needed).sum::<u64>(), cores);
        }
    }
}
