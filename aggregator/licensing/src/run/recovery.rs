//! Instances that rest until the production one fails (rule C.23): free under Software Assurance, on a server of their own.

mod cheapest;
mod owned;

pub(super) use cheapest::HostCosts;
pub(super) use owned::{Ways, settle};

use super::{
    placement::{Place, Placement},
    stock::Stock,
};
use crate::{checked::Checked, estate::EstateError, findings::Warnings, position::Violation};

/// Instances that rest, by id.
fn resting(checked: &Checked<'_>, counted: &[bool]) -> Vec<usize> {
    let servers = &checked.estate.servers;
    let mut resting: Vec<usize> =
        (0..servers.len()).filter(|&at| counted[at] && servers[at].disaster_recovery).collect();
    resting.sort_by_key(|&at| &servers[at].id);
    resting
}

/// Those among production, those apart from it, and how many there are in production.
fn sorted(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    counted: &[bool],
    resting: Vec<usize>,
) -> (Vec<usize>, Vec<usize>, usize) {
    let servers = &checked.estate.servers;
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
    let (among, apart) =
        resting.into_iter().partition(|&at| placement.hosts(at).iter().any(|&host| hosts[host as usize]));
    (among, apart, production)
}

/// Takes resting instances out of the count as far as the rule allows, those `chosen` given what is owned, else those without which the
/// hosts cost least; the others count like any instance.
pub(super) fn leave_out(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    (stock, chosen): (&Stock, Option<&[usize]>),
    counted: &mut [bool],
    costs: HostCosts<'_>,
    (warnings, violations): (&mut Warnings, &mut Vec<Violation>),
) -> Result<(), EstateError> {
    let servers = &checked.estate.servers;
    let resting = resting(checked, counted);
    if resting.is_empty() {
        return Ok(());
    }
    if !stock.is_assured() {
        warnings.about(resting.iter().map(|&at| servers[at].id.as_str()), |count, list| {
            format!(
                "{count} instance(s) for disaster recovery count like any other: resting ones are free only beside \
                 licences with Software Assurance (C.23): {list}"
            )
        });
        return Ok(());
    }
    let (among_production, mut apart, production) = sorted(checked, placement, counted, resting);
    for at in among_production {
        violations.push(Violation {
            of: servers[at].id.clone(),
            what:
                "it rests for disaster recovery on a host or in a cluster that also runs production, which makes it an \
                   instance like any other; it is counted (C.23)"
                    .into(),
            remedy: "move it to a server for disaster recovery alone, or license it there".into(),
            rules: vec!["C.23".into()],
        });
    }
    let left_out = match chosen {
        Some(chosen) => chosen.to_vec(),
        None => cheapest::left_out(checked, placement, &apart, production, (counted, costs))?,
    };
    for &at in &left_out {
        counted[at] = false;
    }
    apart.retain(|&at| counted[at]);
    let names = |of: &[usize]| -> Vec<&str> { of.iter().map(|&at| servers[at].id.as_str()).collect() };
    let (free, counting) = (names(&left_out), names(&apart));
    let (too_many, dearer) = if left_out.len() == production { (counting, Vec::new()) } else { (Vec::new(), counting) };
    let with_owned = if chosen.is_some() { " and what is owned" } else { "" };
    warnings.about(free, |count, list| {
        format!(
            "{count} instance(s) rest for disaster recovery and need no licence as long as the licences of production and \
             the CALs have Software Assurance and they run for brief tests only (C.23): {list}"
        )
    });
    warnings.about(too_many, |count, list| {
        format!(
            "{count} instance(s) for disaster recovery are more than there are in production, and count: those without which \
             the others cost least by the prices given{with_owned} are left out (C.23): {list}"
        )
    });
    warnings.about(dearer, |count, list| {
        format!(
            "{count} instance(s) for disaster recovery count, for without them their host would cost more: nothing would say \
             of which version Windows on its metal is (B.5, C.23): {list}"
        )
    });
    Ok(())
}
