//! The cheapest CALs for a handful of people, by trying every one: the lab's own answer, which shares nothing with
//! the optimiser that it is compared with.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{DEVICE_PRICE, Server, USER_PRICE, VERSIONS, Visit};

/// CALs by kind and version: (`user` or `device`, CAL version) to number.
pub type Counts = BTreeMap<(&'static str, &'static str), u64>;

/// The answer for one team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// What it costs, in cents.
    pub cost: u64,
    /// People with a User CAL.
    pub people: BTreeSet<usize>,
    /// Devices with a Device CAL.
    pub devices: BTreeSet<usize>,
    /// By kind and version (rule E.5).
    pub counts: Counts,
    /// Whether no other answer costs as little and the versions leave no room for interpretation.
    pub only: bool,
}

/// Tries every set of people with a User CAL: the devices that the others use then need a Device CAL (rule E.3).
/// The visits are of at most 16 people.
#[must_use]
pub fn cheapest(servers: &[Server], visits: &[Visit]) -> Cover {
    let people: Vec<usize> = visits.iter().map(|visit| visit.person).collect::<BTreeSet<_>>().into_iter().collect();
    assert!(people.len() <= 16, "a team of {} people is too large to try everything", people.len());
    let mut best: Option<Cover> = None;
    for choice in 0_u32..1 << people.len() {
        let chosen: BTreeSet<usize> =
            people.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1).map(|(_, &person)| person).collect();
        let devices: BTreeSet<usize> =
            visits.iter().filter(|visit| !chosen.contains(&visit.person)).map(|visit| visit.device).collect();
        let cost = chosen.len() as u64 * USER_PRICE + devices.len() as u64 * DEVICE_PRICE;
        match &mut best {
            Some(known) if known.cost < cost => {}
            Some(known) if known.cost == cost => known.only = false,
            _ => best = Some(Cover { cost, people: chosen, devices, counts: Counts::new(), only: true }),
        }
    }
    let mut best = best.expect("the empty choice is tried at least");
    // who of a person and a device that both have a CAL needs the version of their common accesses is a matter of
    // taste: three tastes must agree
    let tastes = [(true, false), (false, true), (true, true)].map(|taste| versions(servers, visits, &best, taste));
    best.only &= tastes.iter().all(|counts| *counts == tastes[0]);
    let [counts, ..] = tastes;
    best.counts = counts;
    best
}

/// The newest version each CAL must serve; accesses covered twice count for the person, the device or both.
fn versions(servers: &[Server], visits: &[Visit], cover: &Cover, (on_person, on_device): (bool, bool)) -> Counts {
    let mut needs: BTreeMap<(&'static str, usize), usize> = BTreeMap::new();
    for visit in visits {
        let version = servers[visit.server].version;
        let (person, device) = (cover.people.contains(&visit.person), cover.devices.contains(&visit.device));
        if person && (on_person || !device) {
            let need = needs.entry(("user", visit.person)).or_default();
            *need = version.max(*need);
        }
        if device && (on_device || !person) {
            let need = needs.entry(("device", visit.device)).or_default();
            *need = version.max(*need);
        }
    }
    let mut counts = Counts::new();
    for ((kind, _), version) in needs {
        *counts.entry((kind, VERSIONS[version].2)).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::machine_room;

    fn visits(triples: &[(usize, usize, usize)]) -> Vec<Visit> {
        triples
            .iter()
            .map(|&(person, device, server)| Visit { person, device, server, as_admin: false, long_ago: false })
            .collect()
    }

    /// Worked by hand. Server 1 is 2016, server 5 is 2019, server 10 is 2025.
    #[test]
    fn small_cases_by_hand() {
        let (_, servers) = machine_room();
        // one person at one machine: the Device CAL is cheaper
        let cover = cheapest(&servers, &visits(&[(0, 0, 1)]));
        assert_eq!((cover.cost, cover.only), (DEVICE_PRICE, true));
        assert_eq!(cover.counts, Counts::from([(("device", "2016"), 1)]));
        // one person at two machines, the second to a newer server: one User CAL of the newer version
        let cover = cheapest(&servers, &visits(&[(0, 0, 1), (0, 1, 10)]));
        assert_eq!(cover.cost, USER_PRICE);
        assert_eq!(cover.counts, Counts::from([(("user", "2025"), 1)]));
        // three people in shifts at one machine, one of them with two machines of her own
        let cover = cheapest(&servers, &visits(&[(0, 0, 5), (1, 0, 5), (2, 0, 5), (2, 1, 5), (2, 2, 5)]));
        assert_eq!(cover.cost, USER_PRICE + DEVICE_PRICE);
        assert_eq!((cover.people, cover.devices), (BTreeSet::from([2]), BTreeSet::from([0])));
    }

    #[test]
    fn a_matter_of_taste_is_not_the_only_answer() {
        let (_, servers) = machine_room();
        // both have a CAL for other reasons; who serves their common access to 2025?
        let cover = cheapest(&servers, &visits(&[(0, 0, 10), (0, 1, 1), (0, 2, 1), (1, 0, 1), (2, 0, 1)]));
        assert_eq!(cover.cost, USER_PRICE + DEVICE_PRICE);
        assert!(!cover.only);
    }
}
