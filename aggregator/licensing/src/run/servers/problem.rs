//! Hosts as kinds and licences as classes, for the optimiser.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Order, Side,
    owned::{Owned, is_virtual},
};
use crate::{
    checked::Checked,
    estate::EstateError,
    optimise::{Cluster, EditionProblem, Kind, Needs as ClassNeeds, Supply, Taken},
    prices::{UnitPrice, in_ratio},
    run::{choice::HostNeed, machine},
    version::VersionName,
};

/// Licences of one version that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Licence<'a> {
    pub sku: &'a str,
    pub version: VersionName,
    pub count: u64,
    /// Of these, not tied to the host.
    pub open: u64,
}

/// Needs that the same licences owned may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Class<'a> {
    pub sku: &'a str,
    /// The oldest version owned that serves it.
    pub owned: Option<VersionName>,
    /// Machines that may be licensed by themselves only as far as licences are owned for it.
    only_owned: bool,
}

/// A host with what would do for it.
struct Entry<'n, 'a> {
    need: &'n HostNeed<'a>,
    rank: u32,
    options: Vec<Licence<'a>>,
    /// What its machines take instead, as the last option, if it is alone.
    machines: Machines<'n, 'a>,
    /// The option that the lines count.
    plain: usize,
}

pub(super) type Machines<'n, 'a> = Vec<(&'n HostNeed<'a>, Licence<'a>)>;

/// Hosts of a cluster kind by kind, each kind by id, and what their machines take instead.
struct Members<'n, 'a> {
    kinds: Vec<Vec<Entry<'n, 'a>>>,
    machines: Machines<'n, 'a>,
}

pub(super) struct Problem<'n, 'a> {
    pub skus: BTreeSet<&'a str>,
    pub classes: Vec<Class<'a>>,
    pub supplies: Vec<Supply>,
    prices: Vec<Option<u64>>,
    /// Some price in the estate and its weight, to turn weights into money.
    unit: (UnitPrice, u64),
    clusters: Vec<Cluster>,
    members: Vec<Members<'n, 'a>>,
    /// What the lines count.
    pub plain: Vec<Taken>,
    /// C.14: whether machines may be licensed by themselves, and the least cores for all of them.
    pub may_be_by_machine: bool,
    pub minimum: u64,
}

impl<'n, 'a> Problem<'n, 'a> {
    /// `None` if nothing is needed, or prices are missing. Of hosts alike the first in the order comes first.
    pub fn of(checked: &Checked<'a>, needs: Side<'n, 'a>, owned: &Owned, order: &Order<'a>) -> Option<Self> {
        let estate = checked.estate;
        let licence = |need: &HostNeed<'a>, version: VersionName, sku: &'a str, count: u64| {
            let whole = Licence { sku, version, count, open: count };
            Licence { open: count - owned.tied_to(need.id, &whole), ..whole }
        };
        let may_be_by_machine = !needs.instead.is_empty();
        let rank = |need: &HostNeed<'a>| order.get(need.id).copied().unwrap_or(0);
        let options = |need: &HostNeed<'a>| -> Vec<Licence<'a>> {
            let less = if may_be_by_machine { need.for_minimum } else { 0 };
            let own = need
                .options
                .iter()
                .map(|option| licence(need, need.version, option.sku, option.count.saturating_sub(less)));
            own.chain(need.newer.iter().map(|(version, option)| licence(need, *version, option.sku, option.count)))
                .collect()
        };
        let alone = |need: &'n HostNeed<'a>| {
            let options = options(need);
            let chosen = |option: &Licence<'a>| option.sku == need.chosen.sku && option.version == need.version;
            let plain = options.iter().position(chosen).unwrap_or(0);
            Entry { need, rank: rank(need), options, machines: Vec::new(), plain }
        };
        let mut singles: Vec<Entry<'n, 'a>> =
            (needs.all.iter()).filter(|need| need.group.is_none() && is_decided(need)).map(alone).collect();
        // what the lines count of the hosts of groups; those that are missing are licensed by machine
        let chosen: HashMap<u32, &str> =
            needs.all.iter().filter_map(|need| Some((need.host?, need.chosen.sku))).collect();
        let mut groups: Vec<Members<'n, 'a>> = Vec::new();
        for instead in needs.instead {
            let of_machine =
                |need: &'n HostNeed<'a>| (need, licence(need, need.version, need.chosen.sku, need.chosen.count));
            let machines: Machines<'n, 'a> = instead.machines.iter().map(of_machine).collect();
            let entry = |need: &'n HostNeed<'a>| {
                let options = options(need);
                let sku = chosen.get(&need.host.unwrap_or(u32::MAX));
                let plain =
                    options.iter().position(|option| Some(&option.sku) == sku && option.version == need.version);
                let plain = plain.unwrap_or(if sku.is_none() { options.len() } else { 0 });
                Entry { need, rank: rank(need), options, machines: Vec::new(), plain }
            };
            let mut hosts: Vec<Entry<'n, 'a>> = instead.hosts.iter().map(entry).collect();
            if let [host] = &mut hosts[..] {
                host.machines = machines;
                singles.append(&mut hosts);
            } else if !hosts.is_empty() {
                groups.push(Members { kinds: vec![hosts], machines });
            }
        }

        let entries = || singles.iter().chain(groups.iter().flat_map(|group| &group.kinds[0]));
        let machines =
            || entries().flat_map(|entry| &entry.machines).chain(groups.iter().flat_map(|group| &group.machines));
        let licences = || entries().flat_map(|entry| &entry.options);
        let skus = licences().chain(machines().map(|one| &one.1)).map(|licence| licence.sku);
        let naming = Naming::of(owned, skus.collect::<BTreeSet<&str>>().into_iter());
        let only_owned = !estate.policy.per_virtual_machine;
        let mut classes: BTreeSet<Class<'a>> = licences().map(|licence| naming.class(licence, false)).collect();
        classes.extend(machines().map(|(_, licence)| naming.class(licence, only_owned)));
        let classes: Vec<Class<'a>> = classes.into_iter().collect();
        let at: HashMap<Class<'a>, u32> = classes.iter().copied().zip(0..).collect();
        let needs_of = |licences: &mut dyn Iterator<Item = &Licence<'a>>, only_owned: bool| -> ClassNeeds {
            let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
            for licence in licences.filter(|licence| licence.open > 0) {
                let sum = sums.entry(at[&naming.class(licence, only_owned)]).or_default();
                *sum = sum.saturating_add(licence.open);
            }
            sums.into_iter().collect()
        };
        let of_machines = |machines: &Machines<'n, 'a>| needs_of(&mut machines.iter().map(|one| &one.1), only_owned);
        let kinds = |entries: Vec<Entry<'n, 'a>>| {
            let mut kinds: BTreeMap<Vec<ClassNeeds>, Vec<Entry<'n, 'a>>> = BTreeMap::new();
            for entry in entries {
                let own = entry.options.iter().map(|option| needs_of(&mut std::iter::once(option), false));
                let machines = (!entry.machines.is_empty()).then(|| of_machines(&entry.machines));
                kinds.entry(own.chain(machines).collect()).or_default().push(entry);
            }
            kinds.into_iter().map(|(options, mut entries)| {
                entries.sort_unstable_by_key(|entry| (entry.rank, entry.need.id));
                (Kind { count: entries.len() as u64, options }, entries)
            })
        };
        let alone = kinds(singles).map(|(kind, entries)| {
            (Cluster { together: None, kinds: vec![kind] }, Members { kinds: vec![entries], machines: Vec::new() })
        });
        let mut all: Vec<(Cluster, Members<'n, 'a>)> = alone.collect();
        for mut group in groups {
            let together = Some(of_machines(&group.machines));
            let (kinds, entries) = kinds(std::mem::take(&mut group.kinds[0])).unzip();
            all.push((Cluster { together, kinds }, Members { kinds: entries, ..group }));
        }
        // like the rest of it by what is needed and not by name, but for clusters that are alike
        all.sort_by(|one, two| (&one.0, one.1.first()).cmp(&(&two.0, two.1.first())));
        let (clusters, members): (Vec<Cluster>, Vec<Members<'n, 'a>>) = all.into_iter().unzip();

        let supplies = owned.supplies(&classes);
        let prices: Vec<Option<UnitPrice>> = classes.iter().map(|class| UnitPrice::of(estate, class.sku)).collect();
        let priced: Vec<UnitPrice> = prices.iter().flatten().copied().collect();
        let weights = in_ratio(&priced).ok()?;
        let unit = (*priced.first()?, *weights.first()?);
        let mut weights = weights.into_iter();
        let prices = prices.iter().zip(&classes);
        let prices = prices.map(|(price, class)| price.and_then(|_| weights.next()).filter(|_| !class.only_owned));
        Some(Self {
            plain: members.iter().map(Members::plain).collect(),
            prices: prices.collect(),
            skus: classes.iter().map(|class| class.sku).collect(),
            minimum: machine::least_of_all(checked.catalogue, needs.product),
            may_be_by_machine,
            unit,
            classes,
            supplies,
            clusters,
            members,
        })
    }

    /// Whether something owned serves any of the needs.
    pub fn is_served(&self) -> bool {
        let serves =
            |supply: &Supply| !supply.serves.is_empty() || supply.turned.iter().any(|turned| !turned.1.is_empty());
        self.supplies.iter().any(serves)
    }

    pub fn as_editions(&self) -> EditionProblem<'_> {
        EditionProblem { prices: &self.prices, supplies: &self.supplies, clusters: &self.clusters }
    }

    /// Weights in minor units, a fraction of one rounded up.
    pub fn minor(&self, weight: u128) -> Result<u64, EstateError> {
        self.unit.0.of_weights(weight, self.unit.1)
    }

    /// What each host or machine takes. Of hosts alike as many as possible keep what the lines count, the others follow in
    /// their order.
    pub fn taken(&self, taken: &[Taken]) -> Machines<'n, 'a> {
        let mut found = Vec::new();
        for (members, taken) in self.members.iter().zip(taken) {
            let Taken::Each(kinds) = taken else {
                found.extend(&members.machines);
                continue;
            };
            for (entries, counts) in members.kinds.iter().zip(kinds) {
                let mut left = counts.clone();
                let mut kept = vec![false; entries.len()];
                for (entry, kept) in entries.iter().zip(&mut kept) {
                    if let Some(left) = left.get_mut(entry.plain).filter(|left| **left > 0) {
                        *left -= 1;
                        *kept = true;
                    }
                }
                for (entry, kept) in entries.iter().zip(kept) {
                    let option = if kept { Some(entry.plain) } else { left.iter().position(|left| *left > 0) };
                    let Some(option) = option else { continue };
                    if !kept {
                        left[option] -= 1;
                    }
                    match entry.options.get(option) {
                        Some(licence) => found.push((entry.need, *licence)),
                        None => found.extend(&entry.machines),
                    }
                }
            }
        }
        found
    }
}

impl Members<'_, '_> {
    fn first(&self) -> Option<(u32, &str)> {
        self.kinds.iter().flatten().map(|entry| (entry.rank, entry.need.id)).min()
    }

    fn plain(&self) -> Taken {
        let mut hosts = self.kinds.iter().flatten();
        if !self.machines.is_empty() && hosts.all(|entry| entry.plain >= entry.options.len()) {
            return Taken::Together;
        }
        let counts = self.kinds.iter().map(|entries| {
            let options =
                entries.first().map_or(0, |entry| entry.options.len() + usize::from(!entry.machines.is_empty()));
            let mut counts = vec![0; options];
            for entry in entries {
                counts[entry.plain.min(options - 1)] += 1;
            }
            counts
        });
        Taken::Each(counts.collect())
    }
}

/// Whether there is something to choose for it: hosts, and machines licensed by themselves.
pub(super) fn is_decided(need: &HostNeed<'_>) -> bool {
    need.host.is_some() || is_virtual(need.chosen.sku)
}

/// Which needs the same licences owned may serve.
struct Naming<'a>(BTreeMap<&'a str, BTreeSet<VersionName>>);

impl<'a> Naming<'a> {
    fn of(owned: &Owned, skus: impl Iterator<Item = &'a str>) -> Self {
        Self(skus.map(|sku| (sku, owned.versions(sku))).collect())
    }

    fn class(&self, licence: &Licence<'a>, only_owned: bool) -> Class<'a> {
        let versions = self.0.get(licence.sku);
        // C.14: for machines Software Assurance counts and not the version
        let from = if is_virtual(licence.sku) { VersionName::NEWEST } else { licence.version };
        let owned = versions.and_then(|versions| versions.range(from..).next().copied());
        Class { sku: licence.sku, owned, only_owned }
    }
}
