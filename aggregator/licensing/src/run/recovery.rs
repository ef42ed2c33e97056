//! Instances that rest until the production one fails (rule C.23): free under Software Assurance, on a server of their own.

use std::cmp::Reverse;

use super::{
    placement::{Place, Placement},
    stock::Stock,
};
use crate::{checked::Checked, findings::Warnings, position::Violation, version::VersionName};

/// Takes resting instances out of the count as far as the rule allows; the others count like any instance.
pub(super) fn leave_out(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    stock: &Stock,
    counted: &mut [bool],
    warnings: &mut Warnings,
    violations: &mut Vec<Violation>,
) {
    let servers = &checked.estate.servers;
    let mut resting: Vec<usize> =
        (0..servers.len()).filter(|&at| counted[at] && servers[at].disaster_recovery).collect();
    if resting.is_empty() {
        return;
    }
    // those that would need most are free first; names decide only between those alike
    let cores = |at: usize| checked.host_of[at].map(|host| &checked.estate.hosts[host as usize].processors);
    resting.sort_by_key(|&at| {
        let server = &servers[at];
        let version = server.version.unwrap_or(VersionName::NEWEST);
        (Reverse((version, &server.edition, !server.is_virtual, cores(at))), &server.id)
    });
    if !stock.is_assured() {
        warnings.about(resting.iter().map(|&at| servers[at].id.as_str()), |count, list| {
            format!(
                "{count} instance(s) for disaster recovery count like any other: resting ones are free only beside \
                 licences with Software Assurance (C.23): {list}"
            )
        });
        return;
    }
    let mut hosts = vec![false; checked.estate.hosts.len()];
    let mut clusters = vec![false; placement.clusters.len()];
    let mut production = 0;
    for at in (0..servers.len()).filter(|&at| counted[at] && !servers[at].disaster_recovery) {
        production += 1;
        match &placement.places[at] {
            Place::Cluster(cluster) => clusters[*cluster as usize] = true,
            _ => placement.hosts(at).iter().for_each(|&host| hosts[host as usize] = true),
        }
    }
    // a cluster in which production may land anywhere is production's, and so is one with a host of production
    for (cluster, row) in placement.clusters.iter().enumerate() {
        clusters[cluster] |= row.hosts.iter().any(|&host| hosts[host as usize]);
        if clusters[cluster] {
            row.hosts.iter().for_each(|&host| hosts[host as usize] = true);
        }
    }
    let (mut free, mut too_many) = (Vec::new(), Vec::new());
    for at in resting {
        if placement.hosts(at).iter().any(|&host| hosts[host as usize]) {
            violations.push(Violation {
                of: servers[at].id.clone(),
                what: "it rests for disaster recovery on a host or in a cluster that also runs production, which makes it an \
                       instance like any other; it is counted (C.23)"
                    .into(),
                remedy: "move it to a server for disaster recovery alone, or license it there".into(),
                rules: vec!["C.23".into()],
            });
        } else if free.len() < production {
            counted[at] = false;
            free.push(servers[at].id.as_str());
        } else {
            too_many.push(servers[at].id.as_str());
        }
    }
    warnings.about(free, |count, list| {
        format!(
            "{count} instance(s) rest for disaster recovery and need no licence as long as the licences of production and \
             the CALs have Software Assurance and they run for brief tests only (C.23): {list}"
        )
    });
    warnings.about(too_many, |count, list| {
        format!(
            "{count} instance(s) for disaster recovery are more than there are in production, and count (C.23): {list}"
        )
    });
}
