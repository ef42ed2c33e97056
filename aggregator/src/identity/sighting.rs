//! Which machine was behind an address on a day: told by the machines' own accounts, by the names servers resolved, and by what was there
//! before and after.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use caliper_licensing::Confidence;
use caliper_proto::{Days, Instant};

use super::client::is_private;

/// Days of each year.
pub type Years = BTreeMap<i16, Days>;

/// Year and day of the year.
type Day = (i16, u16);

/// What is behind an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// A machine.
    Machine(u32, Confidence),
    /// Some device of the organisation, known by its address only (invariant 4).
    Stranger(IpAddr),
    /// Several devices at once, of which nobody can say who was at which (rule I.1.4).
    Several(IpAddr),
    /// Nothing that could be counted as one device.
    Nothing,
    /// One of several machines: who was there tells, if it is somebody who is seen at one of them only; else this.
    Unsure(Box<Found>),
}

impl Found {
    /// How sure it is; `None` for what is no device.
    #[must_use]
    pub fn confidence(&self) -> Option<Confidence> {
        match self {
            Self::Machine(_, confidence) => Some(*confidence),
            Self::Stranger(_) | Self::Several(_) => Some(Confidence::L),
            Self::Nothing => None,
            Self::Unsure(otherwise) => otherwise.confidence(),
        }
    }
}

#[derive(Debug, Clone)]
struct Sighting {
    machine: u32,
    years: Years,
}

/// Machines at an address.
#[derive(Debug, Default)]
struct Place {
    /// By machine.
    sightings: Vec<Sighting>,
    /// Days on which any was there.
    once: Years,
    /// Days on which several were.
    twice: Years,
}

/// Everything seen.
#[derive(Debug, Default)]
pub struct Sightings {
    at_server: HashMap<(u32, IpAddr), Place>,
    anywhere: HashMap<IpAddr, Place>,
    /// Server that resolved it, machine, latest such answer.
    names: HashMap<IpAddr, Vec<(u32, u32, Instant)>>,
    own: HashMap<IpAddr, Vec<u32>>,
    /// Days on which a machine was anywhere, by the older protocol or by the newer one.
    days: HashMap<(u32, bool), Years>,
}

/// A link-local address says nothing outside the cable it was seen on.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

impl Place {
    fn add(&mut self, machine: u32, years: &Years) {
        let at = match self.sightings.binary_search_by_key(&machine, |sighting| sighting.machine) {
            Ok(at) => at,
            Err(at) => {
                self.sightings.insert(at, Sighting { machine, years: Years::new() });
                at
            }
        };
        for (year, days) in years {
            let known = self.sightings[at].years.entry(*year).or_default();
            let new = days.difference(*known);
            *known = known.union(new);
            let once = self.once.entry(*year).or_default();
            let twice = self.twice.entry(*year).or_default();
            *twice = twice.union(once.intersection(new));
            *once = once.union(new);
        }
    }

    fn knows(&self, machine: u32) -> bool {
        self.sightings.binary_search_by_key(&machine, |sighting| sighting.machine).is_ok()
    }

    /// Whether several machines are there on most days, as behind a gateway: then one that is seen alone is not alone either. Where leases
    /// change hands, two share an address on few days.
    fn is_gateway(&self) -> bool {
        self.sightings.len() > 2 && 2 * count(&self.twice) >= count(&self.once)
    }

    /// The machines last seen before a day and first seen after it; of several on such a day the first.
    fn around(&self, day: Day) -> (Option<u32>, Option<u32>) {
        let all = || self.sightings.iter().flat_map(|one| each_day(&one.years).map(|day| (day, one.machine)));
        let before = all().filter(|(seen, _)| *seen < day).max().map(|(_, machine)| machine);
        let after = all().filter(|(seen, _)| *seen > day).min().map(|(_, machine)| machine);
        (before, after)
    }
}

impl Sightings {
    /// A machine's own account was seen from an address by a server on these days.
    pub fn add(&mut self, server: u32, address: IpAddr, machine: u32, years: &Years) {
        self.at_server.entry((server, address)).or_default().add(machine, years);
        if !is_link_local(address) {
            self.anywhere.entry(address).or_default().add(machine, years);
            unite(self.days.entry((machine, address.is_ipv6())).or_default(), years);
        }
    }

    /// A server resolved an address to the name of a machine, the last time at this instant.
    pub fn add_name(&mut self, server: u32, address: IpAddr, machine: u32, last: Instant) {
        if !is_link_local(address) {
            self.names.entry(address).or_default().push((server, machine, last));
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

    /// Whether a machine was ever at an address, by its own account or by name.
    #[must_use]
    pub fn was_at(&self, server: u32, address: IpAddr, machine: u32) -> bool {
        self.at_server.get(&(server, address)).is_some_and(|place| place.knows(machine))
            || self.anywhere.get(&address).is_some_and(|place| place.knows(machine))
            || self.names.get(&address).is_some_and(|names| names.iter().any(|(_, named, _)| *named == machine))
    }

    /// Whether several machines were at an address on each of these days, so that its people are not told from each other.
    #[must_use]
    pub fn is_shared(&self, server: u32, address: IpAddr, years: &Years) -> bool {
        let near = self.at_server.get(&(server, address));
        near.or_else(|| self.anywhere.get(&address))
            .is_some_and(|place| place.is_gateway() || without(years, &place.twice).is_empty())
    }

    /// What was behind `address` for `server` on which of these days.
    #[must_use]
    pub fn find(&self, server: u32, address: IpAddr, years: &Years) -> Vec<(Found, Years)> {
        let none = Place::default();
        let near = self.at_server.get(&(server, address)).unwrap_or(&none);
        let far = self.anywhere.get(&address).unwrap_or(&none);
        let names = self.names.get(&address).map_or(&[][..], Vec::as_slice);
        let any = if near.sightings.is_empty() { far } else { near };
        if any.is_gateway() || far.is_gateway() {
            return vec![(Found::Unsure(Box::new(several(address))), years.clone())];
        }
        if let ([only], true) = (any.sightings.as_slice(), far.sightings.len() < 2) {
            // never another machine there
            if names.iter().all(|(_, machine, _)| *machine == only.machine) {
                let sure = std::ptr::eq(any, near) && !both(&only.years, years).is_empty();
                let confidence = if sure { Confidence::H } else { Confidence::M };
                let mut elsewhere = Years::new();
                for (year, day) in each_day(&without(years, &only.years)) {
                    if self.was_elsewhere(only.machine, address, any, (year, day)) {
                        let _ = elsewhere.entry(year).or_default().insert(day);
                    }
                }
                let here = (Found::Machine(only.machine, confidence), without(years, &elsewhere));
                let there = (Found::Unsure(Box::new(stranger(address))), elsewhere);
                return [here, there].into_iter().filter(|(_, days)| !days.is_empty()).collect();
            }
        }
        let mut found: BTreeMap<Found, Years> = BTreeMap::new();
        let mut put = |what: Found, when: Years| {
            if !when.is_empty() {
                unite(found.entry(what).or_default(), &when);
            }
        };
        let mut open = years.clone();
        // what the server saw itself counts before what another one did
        for place in [near, far] {
            put(Found::Unsure(Box::new(several(address))), both(&open, &place.twice));
            let alone = without(&both(&open, &place.once), &place.twice);
            if !alone.is_empty() {
                for sighting in &place.sightings {
                    put(Found::Machine(sighting.machine, Confidence::M), both(&alone, &sighting.years));
                }
            }
            open = without(&open, &place.once);
        }
        for (year, days) in &open {
            for day in days.iter() {
                let mut when = Years::new();
                let _ = when.entry(*year).or_default().insert(day);
                put(self.on_a_day_without(server, address, any, names, (*year, day)), when);
            }
        }
        found.into_iter().collect()
    }

    /// Whether a machine whose own account was not seen at an address on a day had moved to another one before, or came from there.
    fn was_elsewhere(&self, machine: u32, address: IpAddr, place: &Place, day: Day) -> bool {
        let Some(seen) = self.days.get(&(machine, address.is_ipv6())) else { return false };
        let last = each_day(seen).take_while(|seen| *seen <= day).last().or_else(|| each_day(seen).next());
        let here = place.sightings.binary_search_by_key(&machine, |sighting| sighting.machine).ok();
        let here = here.map(|at| &place.sightings[at].years);
        let was_here = |(year, day): Day| here.and_then(|here| here.get(&year)).is_some_and(|days| days.contains(day));
        !last.is_some_and(was_here)
    }

    /// No machine's own account was at the address on the day.
    fn on_a_day_without(
        &self,
        server: u32,
        address: IpAddr,
        place: &Place,
        names: &[(u32, u32, Instant)],
        day: Day,
    ) -> Found {
        let date = |last: Instant| (last.date().year(), last.date().day_of_year().unsigned_abs());
        // a server that resolved it on that day did so last on that day or later
        let later = |(of, machine, last): &&(u32, u32, Instant)| {
            *of == server && date(*last) >= day && !self.was_elsewhere(*machine, address, place, day)
        };
        let next = names.iter().filter(later).min_by_key(|(_, machine, last)| (*last, *machine));
        let (before, after) = place.around(day);
        match next {
            Some((_, next, _)) => {
                let agrees = [before, after].iter().flatten().all(|machine| machine == next);
                let alone = names.iter().all(|(_, machine, _)| machine == next);
                let named = |confidence| Found::Machine(*next, confidence);
                if alone && agrees { named(Confidence::M) } else { Found::Unsure(Box::new(named(Confidence::L))) }
            }
            None if place.sightings.is_empty() => {
                let latest = names.iter().max_by_key(|(_, machine, last)| (*last, std::cmp::Reverse(*machine)));
                match latest {
                    Some((_, latest, _)) if names.iter().all(|(_, machine, _)| machine == latest) => {
                        Found::Machine(*latest, Confidence::M)
                    }
                    Some((of, latest, _)) if *of == server => Found::Machine(*latest, Confidence::M),
                    Some(_) => Found::Unsure(Box::new(stranger(address))),
                    None => stranger(address),
                }
            }
            // whoever was there before and after may have been elsewhere in between
            None => Found::Unsure(Box::new(stranger(address))),
        }
    }
}

/// Behind an address that is not the organisation's there may be many devices: none of them can be counted.
fn stranger(address: IpAddr) -> Found {
    if is_private(address) { Found::Stranger(address) } else { Found::Nothing }
}

fn several(address: IpAddr) -> Found {
    if is_private(address) { Found::Several(address) } else { Found::Nothing }
}

/// Each day, in order.
fn each_day(years: &Years) -> impl Iterator<Item = Day> {
    years.iter().flat_map(|(year, days)| days.iter().map(|day| (*year, day)))
}

/// Adds days to those known.
pub fn unite(known: &mut Years, more: &Years) {
    for (year, days) in more {
        let known = known.entry(*year).or_default();
        *known = known.union(*days);
    }
}

/// Days in both.
fn both(one: &Years, other: &Years) -> Years {
    combined(one, |year, days| days.intersection(other.get(&year).copied().unwrap_or_default()))
}

/// Days in the first only.
fn without(one: &Years, other: &Years) -> Years {
    combined(one, |year, days| days.difference(other.get(&year).copied().unwrap_or_default()))
}

fn combined(one: &Years, of: impl Fn(i16, Days) -> Days) -> Years {
    one.iter().map(|(year, days)| (*year, of(*year, *days))).filter(|(_, days)| !days.is_empty()).collect()
}

fn count(years: &Years) -> u32 {
    years.values().map(Days::len).sum()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

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
        seen.add_name(0, address("10.0.0.4"), 4, Instant::from_micros(1).unwrap());
        seen.add_name(0, address("10.0.0.4"), 5, Instant::from_micros(2).unwrap());
        seen.add_own(7, address("10.0.0.7"));
        seen.add_own(7, address("169.254.0.7"));
        seen
    }

    #[test]
    fn addresses_lead_to_machines() {
        use Confidence::{H, M};
        let machine = Found::Machine;
        let stranger = |text| Found::Stranger(address(text));
        let unsure = |found| Found::Unsure(Box::new(found));
        for (text, on, expected) in [
            ("10.0.0.1", &[1_u16, 9][..], vec![machine(1, H)]),
            ("10.0.0.1", &[9], vec![machine(1, M)]),
            // two machines on one address: by day
            ("10.0.0.2", &[1], vec![machine(1, M)]),
            ("10.0.0.2", &[3], vec![machine(2, M)]),
            ("10.0.0.2", &[1, 3], vec![machine(1, M), machine(2, M)]),
            // both on the same day, or neither: not to be told but by who was there
            ("10.0.0.2", &[2], vec![unsure(Found::Several(address("10.0.0.2")))]),
            ("10.0.0.2", &[1, 9], vec![machine(1, M), unsure(stranger("10.0.0.2"))]),
            // only another server saw its account
            ("10.0.0.3", &[1], vec![machine(3, M)]),
            ("10.0.0.4", &[1], vec![machine(5, M)]),
            ("10.0.0.9", &[1], vec![stranger("10.0.0.9")]),
            ("fd00::9", &[1], vec![stranger("fd00::9")]),
            // somebody else's network, and another cable
            ("203.0.113.9", &[1], vec![Found::Nothing]),
            ("169.254.0.3", &[1], vec![Found::Nothing]),
        ] {
            let found: Vec<Found> =
                seen().find(0, address(text), &days(on)).into_iter().map(|(found, _)| found).collect();
            assert_eq!(found, expected, "{text} {on:?}");
        }
        assert_eq!(seen().find(5, address("169.254.0.3"), &days(&[1])), [(machine(3, H), days(&[1]))]);
    }

    /// What one server saw on the same day counts before what is seen elsewhere or on other days.
    #[test]
    fn a_leased_address_is_another_machines_the_next_day() {
        use Confidence::{L, M};
        let mut seen = Sightings::default();
        let at = address("10.0.0.8");
        seen.add(0, at, 1, &days(&[1, 2]));
        // the domain controller saw what came after
        seen.add(5, at, 2, &days(&[3, 4, 6]));
        let day = |day: u16| date(2024, 1, i8::try_from(day).unwrap()).at(12, 0, 0, 0);
        let noon = |number| day(number).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().into();
        seen.add_name(0, at, 3, noon(7));
        let found = seen.find(0, at, &days(&[2, 3, 5, 7, 8]));
        assert_eq!(
            found,
            [
                (Found::Machine(1, M), days(&[2])),
                (Found::Machine(2, M), days(&[3])),
                // this server resolved the address last to the third, on a day no account was seen: it may have been so on the fifth
                (Found::Unsure(Box::new(Found::Machine(3, L))), days(&[5, 7])),
                (Found::Unsure(Box::new(Found::Stranger(at))), days(&[8])),
            ]
        );
        assert!(seen.was_at(0, at, 1) && seen.was_at(0, at, 3) && !seen.was_at(0, at, 4));
    }

    #[test]
    fn many_machines_a_day_are_behind_a_gateway() {
        let mut seen = Sightings::default();
        let at = address("10.44.0.1");
        for machine in 1..4 {
            seen.add(0, at, machine, &days(&[1, 2]));
        }
        // alone for once, it is behind the gateway all the same
        seen.add(0, at, 1, &days(&[3]));
        let several = Found::Unsure(Box::new(Found::Several(at)));
        assert_eq!(seen.find(0, at, &days(&[1, 3, 9])), [(several, days(&[1, 3, 9]))]);
        assert!(seen.is_shared(0, at, &days(&[3])));
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
