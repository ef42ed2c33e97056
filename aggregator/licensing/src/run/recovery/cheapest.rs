//! Which instances that rest are left out where not all may be (rule C.23): those without which the hosts cost least.
//!
//! Hosts between which none of them moves do not touch each other, so each has a cost by how many of its instances are left
//! out, and the numbers are shared out among them exactly.

use std::collections::BTreeMap;

use crate::{
    checked::Checked,
    estate::EstateError,
    run::{host::Edition, machine::Groups, placement::Placement},
    version::VersionName,
};

/// Steps at most; beyond them the first in the order of each host are left out.
const WORK: usize = 50_000_000;

/// What each host costs, by index, if the servers marked count.
pub(in crate::run) type HostCosts<'f> = &'f dyn Fn(&[bool]) -> Result<Vec<(u32, u64)>, EstateError>;

/// Hosts between which machines move, with the instances resting there.
struct Unit {
    /// Those left out first stand first.
    resting: Vec<usize>,
    /// By how many are left out.
    costs: Vec<u64>,
}

/// Which of `resting` are left out, at most `most`. Of equally cheap choices one that leaves out most.
pub(super) fn left_out(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    resting: &[usize],
    most: usize,
    (counted, costs): (&[bool], HostCosts<'_>),
) -> Result<Vec<usize>, EstateError> {
    let mut units = units(checked, placement, resting);
    let rounds = units.values().map(|unit| unit.resting.len()).max().unwrap_or(0).min(most);
    let most = most.min(resting.len());
    let hosts = checked.estate.hosts.len() + checked.estate.servers.len();
    if rounds.saturating_mul(hosts) > WORK || units.len().saturating_mul(most + 1) > WORK {
        return Ok(units.into_values().flat_map(|unit| unit.resting).take(most).collect());
    }
    let mut groups = Groups::of(placement, checked.estate.hosts.len(), resting);
    for round in 0..=rounds {
        let mut counted = counted.to_vec();
        units.values().flat_map(|unit| unit.resting.iter().take(round)).for_each(|&at| counted[at] = false);
        for unit in units.values_mut() {
            unit.costs.push(0);
        }
        for (host, cost) in costs(&counted)? {
            if let Some(sum) = units.get_mut(&groups.find(host)).and_then(|unit| unit.costs.last_mut()) {
                *sum = sum.saturating_add(cost);
            }
        }
    }
    // names decide only between those that cost the same
    let mut units: Vec<Unit> = units.into_values().collect();
    let name = |unit: &Unit| unit.resting.iter().map(|&at| checked.estate.servers[at].id.as_str()).min();
    units.sort_by(|one, two| (&one.costs, name(one)).cmp(&(&two.costs, name(two))));
    let counts = shared_out(&units, most);
    Ok(units.iter().zip(counts).flat_map(|(unit, count)| unit.resting.iter().copied().take(count)).collect())
}

/// By leader of the hosts.
fn units(checked: &Checked<'_>, placement: &Placement<'_>, resting: &[usize]) -> BTreeMap<u32, Unit> {
    let servers = &checked.estate.servers;
    let mut groups = Groups::of(placement, checked.estate.hosts.len(), resting);
    let mut units: BTreeMap<u32, Unit> = BTreeMap::new();
    for &at in resting {
        if let Some(&host) = placement.hosts(at).first() {
            let unit = units.entry(groups.find(host)).or_insert(Unit { resting: Vec::new(), costs: Vec::new() });
            unit.resting.push(at);
        }
    }
    for unit in units.values_mut() {
        // the highest edition decides about the host, then the newest version
        unit.resting.sort_by_key(|&at| {
            let server = &servers[at];
            let version = server.version.unwrap_or(VersionName::NEWEST);
            (std::cmp::Reverse((Edition::of(checked, server), version, !server.is_virtual)), &server.id)
        });
    }
    units
}

/// How many of each unit are left out, so that all together cost least.
fn shared_out(units: &[Unit], most: usize) -> Vec<usize> {
    // by how many are left out so far: the least cost, and per unit how many of its own that takes
    let mut least: Vec<Option<u128>> = vec![Some(0)];
    let mut own: Vec<Vec<usize>> = Vec::new();
    for unit in units {
        let room = unit.resting.len().min(unit.costs.len().saturating_sub(1));
        let width = (least.len() + room).min(most + 1);
        let mut next = vec![None; width];
        let mut of_unit = vec![0; width];
        for (sum, before) in least.iter().enumerate() {
            let Some(before) = before else { continue };
            for (count, cost) in unit.costs.iter().enumerate().take(room + 1) {
                let (Some(best), with) = (next.get_mut(sum + count), before + u128::from(*cost)) else { break };
                if best.is_none_or(|best| with < best) {
                    *best = Some(with);
                    of_unit[sum + count] = count;
                }
            }
        }
        own.push(of_unit);
        least = next;
    }
    let costs = least.iter().enumerate().filter_map(|(sum, cost)| Some((sum, (*cost)?)));
    let (mut sum, _) = costs.min_by_key(|&(sum, cost)| (cost, std::cmp::Reverse(sum))).unwrap_or_default();
    let mut counts = vec![0; units.len()];
    for (count, of_unit) in counts.iter_mut().zip(&own).rev() {
        *count = of_unit[sum];
        sum -= *count;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Costs by how many are left out, how many may be, how many of each.
    type Case = (&'static [&'static [u64]], usize, &'static [usize]);

    #[test]
    fn those_that_save_most_are_left_out() {
        let cases: [Case; 5] = [
            // the second saves more
            (&[&[10, 4], &[20, 5]], 1, &[0, 1]),
            // two of one host save 20, one of each 6 + 0
            (&[&[10, 4], &[20, 20, 0]], 2, &[0, 2]),
            (&[&[10, 4], &[20, 20, 0]], 3, &[1, 2]),
            // one that saves nothing is left out all the same
            (&[&[10, 10]], 1, &[1]),
            // not one whose absence costs more
            (&[&[5, 64], &[9, 9]], 2, &[0, 1]),
        ];
        for (costs, most, expected) in cases {
            let units = costs.iter().map(|costs| Unit { resting: (1..costs.len()).collect(), costs: costs.to_vec() });
            assert_eq!(shared_out(&units.collect::<Vec<_>>(), most), expected, "{costs:?} {most}");
        }
    }
}
