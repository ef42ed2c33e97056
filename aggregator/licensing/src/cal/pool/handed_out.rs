//! Who gets which CAL of a pool: first come, first served, each CAL as often as it is free again.
//!
//! As many CALs as are held on the busiest day always do, since whoever comes takes any that is free. Of these as few as possible are
//! of the newest version needed, of the rest as few as then possible of the next, and so on; those of a newer one serve older needs
//! while nobody needs it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use super::Need;
use crate::{
    optimise::{PoolPlan, PoolProblem, Span, Tracks, fewest_better},
    owned::Quantities,
    position::PoolVersion,
    version::VersionName,
};

/// CALs of both kinds by version, and the first day on which most are held.
pub(super) struct HandedOut {
    pub by_version: [Quantities; 2],
    pub busiest: [Option<u32>; 2],
}

/// Somebody's days with a CAL, and the version needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hold {
    first: u32,
    /// The newest first.
    need: Reverse<VersionName>,
    last: u32,
}

impl HandedOut {
    pub fn of(problem: &PoolProblem<'_>, plan: &PoolPlan, needs: &[Need]) -> Self {
        let (mut users, mut devices) = (vec![None; plan.users.len()], vec![None; plan.devices.len()]);
        for Need { stay, cal } in needs {
            let user = stay.user.filter(|&user| plan.users[user as usize]);
            let device = stay.device.filter(|&device| plan.devices[device as usize]);
            // where both hold one, either may cover it
            let (user_needs, device_needs) =
                (user.map(|_| *cal), if user.is_some() { None } else { device.map(|_| *cal) });
            for (side, vertex, need) in [(&mut users, user, user_needs), (&mut devices, device, device_needs)] {
                if let Some(vertex) = vertex {
                    let hold: &mut Option<(u32, u32, Option<VersionName>)> = &mut side[vertex as usize];
                    let (first, last, newest) = hold.get_or_insert((stay.first, stay.last, need));
                    *first = (*first).min(stay.first);
                    *last = (*last).max(stay.last);
                    *newest = (*newest).max(need);
                }
            }
        }
        let oldest = needs.iter().map(|need| need.cal).min().unwrap_or_default();
        let handed_out = |side: Vec<Option<(u32, u32, Option<VersionName>)>>| {
            let holds = side.into_iter().flatten().map(|(first, last, need)| Hold {
                first,
                need: Reverse(need.unwrap_or(oldest)),
                last: last.max(first.saturating_add(problem.minimum_days)),
            });
            hand_out(holds.collect())
        };
        let [(users, user_day), (devices, device_day)] = [handed_out(users), handed_out(devices)];
        Self { by_version: [users, devices], busiest: [user_day, device_day] }
    }

    /// Nothing if all are of one version.
    pub fn versions(&self) -> Vec<PoolVersion> {
        let [users, devices] = &self.by_version;
        let versions: BTreeSet<VersionName> = users.keys().chain(devices.keys()).copied().collect();
        if versions.len() < 2 {
            return Vec::new();
        }
        let of = |side: &BTreeMap<VersionName, u64>, version| side.get(&version).copied().unwrap_or(0);
        versions
            .into_iter()
            .map(|version| PoolVersion {
                version: version.name().into(),
                users: of(users, version),
                devices: of(devices, version),
            })
            .collect()
    }
}

/// CALs by version, and the first day on which most are held.
fn hand_out(mut holds: Vec<Hold>) -> (BTreeMap<VersionName, u64>, Option<u32>) {
    holds.sort_unstable();
    let mut busy: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let (mut most, mut busiest) = (0, None);
    for hold in &holds {
        while busy.peek().is_some_and(|&Reverse(end)| end < hold.first) {
            busy.pop();
        }
        busy.push(Reverse(hold.last));
        if busy.len() > most {
            (most, busiest) = (busy.len(), Some(hold.first));
        }
    }
    (by_version(holds, most as u64), busiest)
}

/// As few as possible of the newest version, then of the next.
fn by_version(mut holds: Vec<Hold>, mut tracks: u64) -> BTreeMap<VersionName, u64> {
    let mut versions: BTreeSet<VersionName> = holds.iter().map(|hold| hold.need.0).collect();
    let mut found = BTreeMap::new();
    while let Some(newest) = versions.pop_last() {
        let span = |hold: &Hold| Span { first: hold.first, last: hold.last, needs_better: hold.need.0 >= newest };
        let spans: Vec<Span> = holds.iter().map(span).collect();
        let (of_newest, on_newest) = match fewest_better(&spans, tracks) {
            Ok(Some(Tracks { better, on_better })) if !versions.is_empty() => (better, on_better),
            // the last version, or numbers beyond all reason
            _ => (tracks, vec![true; holds.len()]),
        };
        tracks -= of_newest;
        if of_newest > 0 {
            found.insert(newest, of_newest);
        }
        let mut on_newest = on_newest.into_iter();
        holds.retain(|_| !on_newest.next().unwrap_or(false));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use VersionName::{V2016, V2019, V2022};

    /// First day, last day, version: what it comes to by version, and the busiest day.
    type Case = (&'static [(u32, u32, VersionName)], &'static [(VersionName, u64)], Option<u32>);

    #[test]
    fn each_cal_serves_as_often_as_it_is_free() {
        let cases: [Case; 7] = [
            (&[], &[], None),
            // the second comes when the first is gone: one CAL, of the newer version from the beginning
            (&[(0, 89, V2016), (90, 200, V2022)], &[(V2022, 1)], Some(0)),
            (&[(0, 90, V2016), (90, 200, V2022)], &[(V2016, 1), (V2022, 1)], Some(90)),
            // whoever needs the older one leaves the newer one to the other
            (&[(0, 10, V2022), (0, 10, V2016), (20, 30, V2016), (25, 30, V2022)], &[(V2016, 1), (V2022, 1)], Some(0)),
            (&[(0, 50, V2016), (10, 20, V2019), (30, 40, V2022)], &[(V2016, 1), (V2022, 1)], Some(10)),
            // the one that goes first leaves the newer one to the third
            (&[(0, 10, V2016), (0, 30, V2016), (20, 40, V2022)], &[(V2016, 1), (V2022, 1)], Some(0)),
            // three versions: that of 2022 serves 2016 before, that of 2019 after
            (
                &[(0, 9, V2016), (0, 30, V2016), (10, 19, V2022), (5, 30, V2019), (20, 30, V2016)],
                &[(V2016, 1), (V2019, 1), (V2022, 1)],
                Some(5),
            ),
        ];
        for (holds, versions, day) in cases {
            let holds = holds.iter().map(|&(first, last, need)| Hold { first, need: Reverse(need), last }).collect();
            assert_eq!(hand_out(holds), (versions.iter().copied().collect(), day));
        }
    }
}
