//! Terms beyond numbers: what needs Software Assurance, may not be mixed, or moves only within a server farm (C.14 to C.18, C.25).

use std::collections::{BTreeMap, BTreeSet};

use super::{choice::HostNeed, machine, management::BY_MACHINE, needs::Needs, placement::Placement, stock::Stock};
use crate::{
    catalogue::Product,
    checked::Checked,
    draft::Draft,
    estate::{EstateError, MachineCals},
    position::Violation,
};

/// Licences by virtual machine: sets owned cores aside for them, and says what the terms ask for.
pub(super) fn of_machines(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    found: &Needs<'_>,
    stock: &mut Stock,
    draft: &mut Draft<'_>,
) {
    let mut needed: BTreeMap<&str, u64> = [(machine::STANDARD, 0), (machine::DATACENTER, 0)].into();
    for need in &found.all {
        if let Some(sum) = needed.get_mut(need.chosen.sku) {
            *sum = sum.saturating_add(need.chosen.count);
        }
    }
    for (sku, needed) in &needed {
        set_aside(sku, *needed, stock, draft);
    }
    if needed.values().all(|needed| *needed == 0) {
        return;
    }
    let estate = checked.estate;
    let by_machine = found.all.iter().any(|need| need.is_by_machine);
    if by_machine && estate.policy.per_vm_requires_sa_cals == MachineCals::Warn {
        draft.warnings.0.push(
            "the CALs of people and devices that use virtual machines licensed by themselves need Software Assurance or a \
             subscription, too, according to one source; ask before you rely on CALs without it (C.17, open question X.4)"
                .into(),
        );
    }
    // C.16: at will within a farm only
    let mut across = Vec::new();
    let mut farms_of_clusters: BTreeMap<u32, usize> = BTreeMap::new();
    let farms = |hosts: &[u32]| {
        let farms: BTreeSet<&str> =
            hosts.iter().filter_map(|&host| estate.hosts[host as usize].farm.as_deref()).collect();
        farms.len()
    };
    for &server in &found.by_machine {
        let number = match placement.places[server] {
            super::placement::Place::Cluster(cluster) => {
                *farms_of_clusters.entry(cluster).or_insert_with(|| farms(placement.hosts(server)))
            }
            _ => farms(placement.hosts(server)),
        };
        if number > 1 {
            across.push(estate.servers[server].id.as_str());
        }
    }
    draft.warnings.about(across, |count, list| {
        format!(
            "{count} virtual machine(s) licensed by themselves may move between server farms; their licences may follow \
             only every 90 days (C.16): keep each in one farm: {list}"
        )
    });
    mixed(checked, placement, found, draft);
}

/// Owned cores for managed machines licensed by themselves (G.7).
pub(super) fn of_managed_machines(managed: &[HostNeed<'_>], stock: &mut Stock, draft: &mut Draft<'_>) {
    let of_machines = managed.iter().filter(|need| need.chosen.sku == BY_MACHINE);
    let needed = of_machines.fold(0_u64, |sum, need| sum.saturating_add(need.chosen.count));
    set_aside(BY_MACHINE, needed, stock, draft);
}

/// Sets owned cores aside for virtual machines; what lacks Software Assurance does not count.
fn set_aside(sku: &str, needed: u64, stock: &mut Stock, draft: &mut Draft<'_>) {
    let left = stock.assign_to_machines(sku, needed);
    if left.missing > 0 && left.owned > 0 || left.named > 0 {
        draft.violations.push(Violation {
            of: sku.to_owned(),
            what: format!(
                "virtual machines licensed by themselves need {needed} cores with Software Assurance, of which {} are \
                 missing; {} cores owned have none and do not count (C.14)",
                left.missing, left.owned
            ),
            remedy: "renew Software Assurance, take a subscription, or license the hosts instead".into(),
            rules: vec!["C.14".into()],
        });
    }
}

/// C.18: Standard by core and by virtual machine on the same host.
fn mixed(checked: &Checked<'_>, placement: &Placement<'_>, found: &Needs<'_>, draft: &mut Draft<'_>) {
    let estate = checked.estate;
    if estate.policy.allow_mixed_host_vm {
        return;
    }
    let mut machines = vec![0_u64; estate.hosts.len()];
    let mut of_cluster = vec![0_u64; placement.clusters.len()];
    for &server in &found.by_machine {
        match placement.places[server] {
            super::placement::Place::Cluster(cluster) => of_cluster[cluster as usize] += 1,
            _ => placement.hosts(server).iter().for_each(|&host| machines[host as usize] += 1),
        }
    }
    for need in found.all.iter().filter(|need| need.chosen.sku.contains("/standard/")) {
        let Some(host) = need.host else { continue };
        let by_cluster = placement.cluster_of[host as usize].map_or(0, |cluster| of_cluster[cluster as usize]);
        let count = machines[host as usize] + by_cluster;
        if count > 0 {
            draft.violations.push(Violation {
                of: need.id.to_owned(),
                what: format!(
                    "{count} machines that may run here are licensed by themselves while the host needs {} Standard \
                     licences for others; one source forbids both on one server (C.18, open question X.4)",
                    need.chosen.count
                ),
                remedy:
                    "license all machines of the host one way, or set `allow_mixed_host_vm` if your terms allow both"
                        .into(),
                rules: vec!["C.18".into()],
            });
        }
    }
}

/// A.1: releases of the Semi-Annual and the Annual Channel run only under active Software Assurance.
pub(super) fn of_releases(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    needs: &[HostNeed<'_>],
    stock: &Stock,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let estate = checked.estate;
    let mut hosts: BTreeSet<u32> = BTreeSet::new();
    let mut names = Vec::new();
    for (at, server) in estate.servers.iter().enumerate() {
        let Some(name) = &server.release else { continue };
        let place = || format!("`release` of server `{}`", server.id);
        let Some(release) = checked.catalogue.release(name) else {
            return Err(EstateError::Value {
                place: place(),
                problem: "the catalogue knows no such release: write it like SAC 1809 or Annual Channel 23H2",
            });
        };
        if server.version.is_some_and(|version| version != release.version) {
            return Err(EstateError::Value {
                place: place(),
                problem: "it is of another version than `version` says: correct one",
            });
        }
        let channel = checked.catalogue.channels.iter().find(|channel| channel.id == release.channel);
        if channel.is_some_and(|channel| channel.software_assurance) {
            names.push(server.id.as_str());
            hosts.extend(placement.hosts(at));
        }
    }
    let cores = needs.iter().filter(|need| need.host.is_some_and(|host| hosts.contains(&host)));
    let needed = cores.fold(0_u64, |sum, need| sum.saturating_add(need.chosen.count));
    let assured = stock.assured_cores(Product::WindowsServer);
    if assured < needed {
        let mut list = crate::findings::Warnings::default();
        list.about(names.iter().copied(), |_, list| list.to_owned());
        draft.violations.push(Violation {
            of: names.iter().min().copied().unwrap_or_default().to_owned(),
            what: format!(
                "releases of the Semi-Annual or Annual Channel run on hosts that need {needed} cores, and {assured} cores \
                 owned have the Software Assurance that they require (A.1): {}",
                list.0.concat()
            ),
            remedy: "get Software Assurance for these hosts, or install a release of the Long-Term Servicing Channel".into(),
            rules: vec!["A.1".into()],
        });
    }
    Ok(())
}

/// C.25: what idle licences by processor were turned into.
pub(super) fn of_grants(turned: &[(String, u64, String, u64)], draft: &mut Draft<'_>) {
    for (sku, licences, cores, count) in turned {
        draft.warnings.0.push(format!(
            "{licences} idle licence(s) `{sku}` with Software Assurance count as {count} of `{cores}`, 16 for each; a record of \
             the cores at the time may give you more (C.25)"
        ));
    }
}
