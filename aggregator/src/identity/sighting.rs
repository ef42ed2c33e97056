//! Which machine was behind an address on a day: told by the machine's own account, else by the names servers resolved.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use caliper_licensing::Confidence;
use caliper_proto::{Days, Instant};

use super::client::is_private;

/// Days of each year.
pub type Years = BTreeMap<i16, Days>;

/// What is behind an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// A machine.
    Machine(u32, Confidence),
    /// Some device of the organisation, known by its address only (invariant 4).
    Stranger(IpAddr),
    /// Nothing that could be counted as one device.
    Nothing,
}

#[derive(Debug, Clone)]
struct Sighting {
    machine: u32,
    years: Years,
}

/// Everything seen.
#[derive(Debug, Default)]
pub struct Sightings {
    at_server: HashMap<(u32, IpAddr), Vec<Sighting>>,
    anywhere: HashMap<IpAddr, Vec<Sighting>>,
    names: HashMap<IpAddr, (Instant, u32)>,
    own: HashMap<IpAddr, Vec<u32>>,
}

/// A link-local address says nothing outside the cable it was seen on.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

impl Sightings {
    /// A machine's own account was seen from an address by a server on these days.
    pub fn add(&mut self, server: u32, address: IpAddr, machine: u32, years: &Years) {
        add(self.at_server.entry((server, address)).or_default(), machine, years);
        if !is_link_local(address) {
            add(self.anywhere.entry(address).or_default(), machine, years);
        }
    }

    /// A server resolved an address to the name of a machine; the latest such answer counts.
    pub fn add_name(&mut self, address: IpAddr, machine: u32, last: Instant) {
        if is_link_local(address) {
            return;
        }
        let known = self.names.entry(address).or_insert((last, machine));
        // at the same instant the lower number, so that the order of arrival changes nothing
        if (last, std::cmp::Reverse(machine)) > (known.0, std::cmp::Reverse(known.1)) {
            *known = (last, machine);
        }
    }

    /// A reporting server says that an address is its own.
    pub fn add_own(&mut self, server: u32, address: IpAddr) {
        let owners = self.own.entry(address).or_default();
        if !owners.contains(&server) {
            owners.push(server);
        }
    }

    /// The reporting server whose own address it is, from the viewpoint of `server`.
    #[must_use]
    pub fn owner(&self, server: u32, address: IpAddr) -> Option<u32> {
        let owners = self.own.get(&address)?;
        if owners.contains(&server) {
            return Some(server);
        }
        match owners.as_slice() {
            [only] if !is_link_local(address) => Some(*only),
            _ => None,
        }
    }

    /// What was behind `address` for `server` on these days; several answers if several machines shared it.
    #[must_use]
    pub fn find(&self, server: u32, address: IpAddr, years: &Years) -> Vec<Found> {
        let near = self.at_server.get(&(server, address)).map_or(&[][..], Vec::as_slice);
        let far = self.anywhere.get(&address).map_or(&[][..], Vec::as_slice);
        let sightings = if near.is_empty() { far } else { near };
        match sightings {
            [] => vec![self.by_name(address)],
            [only] => {
                // never another machine there, but not seen on the same day
                let sure = near.len() == 1 && overlaps(&only.years, years);
                vec![Found::Machine(only.machine, if sure { Confidence::H } else { Confidence::M })]
            }
            several => Self::by_day(several, address, years),
        }
    }

    fn by_name(&self, address: IpAddr) -> Found {
        match self.names.get(&address) {
            Some((_, machine)) => Found::Machine(*machine, Confidence::M),
            None => stranger(address),
        }
    }

    fn by_day(several: &[Sighting], address: IpAddr, years: &Years) -> Vec<Found> {
        let mut found = Vec::new();
        let mut open = years.clone();
        for sighting in several {
            let mut alone = Days::default();
            for (year, days) in years {
                let mut mine = sighting.years.get(year).copied().unwrap_or_default().intersection(*days);
                for other in several.iter().filter(|other| other.machine != sighting.machine) {
                    mine = mine.difference(other.years.get(year).copied().unwrap_or_default());
                }
                if let Some(rest) = open.get_mut(year) {
                    *rest = rest.difference(mine);
                }
                alone = alone.union(mine);
            }
            if !alone.is_empty() {
                found.push(Found::Machine(sighting.machine, Confidence::M));
            }
        }
        // days on which none or several were there
        if open.values().any(|days| !days.is_empty()) {
            found.push(stranger(address));
        }
        found.sort_unstable();
        found
    }
}

/// Behind an address that is not the organisation's there may be many devices: none of them can be counted.
fn stranger(address: IpAddr) -> Found {
    if is_private(address) { Found::Stranger(address) } else { Found::Nothing }
}

fn overlaps(a: &Years, b: &Years) -> bool {
    a.iter().any(|(year, days)| b.get(year).is_some_and(|other| !days.intersection(*other).is_empty()))
}

fn add(sightings: &mut Vec<Sighting>, machine: u32, years: &Years) {
    if !sightings.iter().any(|sighting| sighting.machine == machine) {
        sightings.push(Sighting { machine, years: Years::new() });
    }
    for sighting in sightings.iter_mut().filter(|sighting| sighting.machine == machine) {
        for (year, days) in years {
            let known = sighting.years.entry(*year).or_default();
            *known = known.union(*days);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(numbers: &[u16]) -> Years {
        let mut days = Days::default();
        for number in numbers {
            days.insert(*number).unwrap();
        }
        Years::from([(2024, days)])
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Server 0 saw machine 1 at .1 on days 1 and 2; machines 1 and 2 at .2; server 5 saw machine 3 at .3.
    fn seen() -> Sightings {
        let mut seen = Sightings::default();
        seen.add(0, address("10.0.0.1"), 1, &days(&[1]));
        seen.add(0, address("10.0.0.1"), 1, &days(&[2]));
        seen.add(0, address("10.0.0.2"), 1, &days(&[1, 2]));
        seen.add(0, address("10.0.0.2"), 2, &days(&[2, 3]));
        seen.add(5, address("10.0.0.3"), 3, &days(&[1]));
        seen.add(5, address("169.254.0.3"), 3, &days(&[1]));
        seen.add_name(address("10.0.0.4"), 4, Instant::from_micros(1).unwrap());
        seen.add_name(address("10.0.0.4"), 5, Instant::from_micros(2).unwrap());
        seen.add_own(7, address("10.0.0.7"));
        seen.add_own(7, address("169.254.0.7"));
        seen
    }

    #[test]
    fn addresses_lead_to_machines() {
        use Confidence::{H, M};
        let machine = Found::Machine;
        let stranger = |text| Found::Stranger(address(text));
        for (text, on, expected) in [
            ("10.0.0.1", &[1_u16, 9][..], vec![machine(1, H)]),
            ("10.0.0.1", &[9], vec![machine(1, M)]),
            // two machines on one address: by day
            ("10.0.0.2", &[1], vec![machine(1, M)]),
            ("10.0.0.2", &[3], vec![machine(2, M)]),
            ("10.0.0.2", &[1, 3], vec![machine(1, M), machine(2, M)]),
            // both on the same day, or neither: not to be told
            ("10.0.0.2", &[2], vec![stranger("10.0.0.2")]),
            ("10.0.0.2", &[1, 9], vec![machine(1, M), stranger("10.0.0.2")]),
            // only another server saw its account
            ("10.0.0.3", &[1], vec![machine(3, M)]),
            ("10.0.0.4", &[1], vec![machine(5, M)]),
            ("10.0.0.9", &[1], vec![stranger("10.0.0.9")]),
            ("fd00::9", &[1], vec![stranger("fd00::9")]),
            // somebody else's network, and another cable
            ("203.0.113.9", &[1], vec![Found::Nothing]),
            ("169.254.0.3", &[1], vec![Found::Nothing]),
        ] {
            assert_eq!(seen().find(0, address(text), &days(on)), expected, "{text} {on:?}");
        }
        assert_eq!(seen().find(5, address("169.254.0.3"), &days(&[1])), [machine(3, H)]);
    }

    #[test]
    fn own_addresses_lead_to_the_server() {
        for (server, text, owner) in [
            (7, "10.0.0.7", Some(7)),
            (0, "10.0.0.7", Some(7)),
            (7, "169.254.0.7", Some(7)),
            (0, "169.254.0.7", None),
            (0, "10.0.0.1", None),
        ] {
            assert_eq!(seen().owner(server, address(text)), owner, "{server} {text}");
        }
    }
}
