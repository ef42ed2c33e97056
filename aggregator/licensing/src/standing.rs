//! What tells people and devices apart besides their names: what they are, whom and what they are seen with, and how these
//! stand. Choices among several that are equally good go by it, so that other names change no number.
//!
//! Everything starts with a colour of what it is itself; each round mixes in the colours of everything it is seen with
//! (refinement of colours, Weisfeiler and Leman 1968). Of those still alike one is given a colour of its own, and so on, as
//! far as the work allows: what is alike then is so for whoever it is, and names decide.

use std::collections::{BTreeSet, HashMap};

use crate::{
    checked::Checked,
    estate::{Accesses, Estate, Host, Server},
};

/// Places in an order that names decide only between those alike, by index into the estate.
#[derive(Debug)]
pub(crate) struct Standing {
    pub people: Vec<u32>,
    pub devices: Vec<u32>,
}

/// Accesses looked at in all.
const WORK: usize = 30_000_000;

/// Two things seen together, and how.
struct Link {
    one: usize,
    other: usize,
    label: u64,
}

/// People, then devices, servers, hosts and clusters.
struct Colours<'a> {
    estate: &'a Estate,
    devices: usize,
    servers: usize,
    of: Vec<u64>,
    links: Vec<Link>,
    work: usize,
}

impl Standing {
    pub fn of(checked: &Checked<'_>) -> Self {
        let estate = checked.estate;
        let (people, devices) = (estate.people.len(), estate.devices.len());
        let mut colours = Colours::of(estate);
        colours.refine();
        let rank = |at: usize| if at < people { checked.people.rank[at] } else { checked.devices.rank[at - people] };
        let mut used = vec![false; people + devices];
        for access in estate.accesses.rows().chain(estate.uses.iter().flat_map(|used| used.accesses.rows())) {
            if access.person != Accesses::NONE {
                used[access.person as usize] = true;
            }
            if access.device != Accesses::NONE {
                used[people + access.device as usize] = true;
            }
        }
        while let Some(first) = colours.first_alike(&used, &rank) {
            colours.of[first] = mixed(&[colours.of[first], 7]);
            if !colours.refine() {
                break;
            }
        }
        let order = |from: usize, count: usize| {
            let mut order: Vec<usize> = (from..from + count).collect();
            order.sort_unstable_by_key(|&at| (colours.of[at], rank(at)));
            let mut places = vec![0; count];
            order.into_iter().zip(0..).for_each(|(at, place)| places[at - from] = place);
            places
        };
        Self { people: order(0, people), devices: order(people, devices) }
    }
}

impl<'a> Colours<'a> {
    fn of(estate: &'a Estate) -> Self {
        let (people, devices) = (estate.people.len(), estate.devices.len());
        let (servers, hosts) = (people + devices, people + devices + estate.servers.len());
        let mut colours: Vec<u64> = Vec::new();
        let of_people = estate.people.iter();
        colours.extend(of_people.map(|it| text(&(it.external, it.unresolved, it.stands_for, it.accounts))));
        colours.extend(estate.devices.iter().map(|it| text(&(it.unresolved, it.server, &it.kind, it.managed, 1))));
        let nameless =
            |it: &Server| Server { id: String::new(), host: None, cluster: None, may_run_on: Vec::new(), ..it.clone() };
        colours.extend(estate.servers.iter().map(|it| text(&nameless(it))));
        let bare = |it: &Host| Host { id: String::new(), cluster: None, farm: None, ..it.clone() };
        colours.extend(estate.hosts.iter().map(|it| text(&bare(it))));

        let mut links = Vec::new();
        let mut places: HashMap<(&str, &str), usize> = HashMap::new();
        places.extend(estate.hosts.iter().zip(hosts..).map(|(host, at)| (("host", host.id.as_str()), at)));
        places.extend(estate.servers.iter().zip(servers..).map(|(server, at)| (("server", server.id.as_str()), at)));
        let hosts_of = |it: &'a Host| it.cluster.as_deref().map(|name| ("cluster", name));
        let farms_of = |it: &'a Host| it.farm.as_deref().map(|name| ("farm", name));
        let mut group = |one: usize, key: Option<(&'a str, &'a str)>, label: u64| {
            let Some(key) = key else { return };
            let other = *places.entry(key).or_insert_with(|| {
                colours.push(label);
                colours.len() - 1
            });
            links.push(Link { one, other, label });
        };
        for (host, at) in estate.hosts.iter().zip(hosts..) {
            group(at, hosts_of(host), 1);
            group(at, farms_of(host), 2);
        }
        for (server, at) in estate.servers.iter().zip(servers..) {
            group(at, server.host.as_deref().map(|name| ("host", name)), 3);
            group(at, server.cluster.as_deref().map(|name| ("cluster", name)), 4);
            server.may_run_on.iter().for_each(|name| group(at, Some(("host", name)), 5));
        }
        for instance in &estate.sql {
            let label = text(&(instance.version, &instance.edition, instance.model, instance.passive));
            if let Some(&at) = places.get(&("server", instance.server.as_str())) {
                colours[at] = colours[at].wrapping_add(mixed(&[label]));
            }
        }
        // who holds something by name
        let named = estate.entitlements.iter().filter(|entitlement| !entitlement.assigned_to.is_empty());
        let mut holders: HashMap<&str, u64> = HashMap::new();
        for it in named {
            let label = text(&(&it.sku, it.version, it.quantity, it.software_assurance_until, it.assigned_to.len()));
            for name in &it.assigned_to {
                let sum = holders.entry(name).or_default();
                *sum = sum.wrapping_add(mixed(&[label]));
            }
        }
        if !holders.is_empty() {
            let ids = estate.people.iter().map(|it| &it.id).chain(estate.devices.iter().map(|it| &it.id));
            for (id, colour) in ids.zip(&mut colours) {
                *colour = colour.wrapping_add(holders.get(id.as_str()).copied().unwrap_or(0));
            }
        }
        Self { estate, devices: people, servers, of: colours, links, work: 0 }
    }

    /// Mixes until nothing more is told apart; `false` once there is no work left.
    fn refine(&mut self) -> bool {
        let rows = self.estate.accesses.len() + self.estate.uses.iter().map(|used| used.accesses.len()).sum::<usize>();
        let mut count = self.count();
        loop {
            self.work += rows + self.of.len() + self.links.len();
            if self.work > WORK {
                return false;
            }
            self.round();
            let more = self.count();
            if more == count {
                return true;
            }
            count = more;
        }
    }

    fn count(&self) -> usize {
        let mut all = self.of.clone();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    fn round(&mut self) {
        let old = &self.of;
        let mut new: Vec<u64> = old.iter().map(|&colour| mixed(&[colour])).collect();
        let families = self.estate.uses.iter().map(|used| (text(&used.cal), &used.accesses));
        for (family, accesses) in std::iter::once((0, &self.estate.accesses)).chain(families) {
            for access in accesses.rows() {
                let at = |index: u32, first: usize| (index != Accesses::NONE).then(|| first + index as usize);
                let ends = [at(access.person, 0), at(access.device, self.devices), at(access.server, self.servers)];
                let colours = ends.map(|end| end.map_or(3, |end| old[end]));
                for (which, end) in (0_u64..).zip(ends) {
                    let Some(end) = end else { continue };
                    let seen = [family, u64::from(access.flags), which, colours[0], colours[1], colours[2]];
                    new[end] = new[end].wrapping_add(mixed(&seen));
                }
            }
        }
        for link in &self.links {
            for (one, other, which) in [(link.one, link.other, 0), (link.other, link.one, 1)] {
                new[one] = new[one].wrapping_add(mixed(&[link.label, which, old[other]]));
            }
        }
        self.of = new;
    }

    /// Of the people or devices that are used and still alike the first of the first colour.
    fn first_alike(&self, used: &[bool], rank: &impl Fn(usize) -> u32) -> Option<usize> {
        let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for (&colour, _) in self.of.iter().zip(used).filter(|(_, used)| **used) {
            if !once.insert(colour) {
                twice.insert(colour);
            }
        }
        let first = twice.first()?;
        (0..used.len()).filter(|&at| used[at] && self.of[at] == *first).min_by_key(|&at| rank(at))
    }
}

/// A number for what a thing is.
fn text(it: &impl std::fmt::Debug) -> u64 {
    let bytes = format!("{it:?}");
    bytes.bytes().fold(1, |sum, byte| mixed(&[sum, u64::from(byte)]))
}

/// Numbers mixed into one (finaliser of `SplitMix64`, Steele, Lea and Flood 2014).
fn mixed(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0x9E37_79B9_7F4A_7C15, |sum: u64, &number| {
        let mut mixed = sum.rotate_left(23) ^ number.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}
