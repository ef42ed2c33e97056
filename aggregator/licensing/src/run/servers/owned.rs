//! What is owned to run, by what it may be used for.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Side,
    problem::{Class, Licence},
};
use crate::{
    catalogue::Product,
    checked::Checked,
    estate::{Channel, Entitlement},
    optimise::{EditionPlan, Supply},
    run::{
        choice::HostNeed,
        machine,
        management::BY_MACHINE,
        stock::{grant, has_ended, is_assured, is_of, parts},
    },
    version::VersionName,
};

/// Licences alike: product, version they count as, whether under Software Assurance (of skus by core, or that become cores).
pub(super) type Lot = (String, VersionName, bool);

/// Licences owned.
#[derive(Debug, Default)]
pub(super) struct Owned {
    pub free: BTreeMap<Lot, u64>,
    /// By sku, what a licence under Software Assurance may be turned into (C.25).
    pub turned: BTreeMap<String, (String, u64)>,
    /// By name of a host: product, version, how many (C.24).
    tied: BTreeMap<String, Vec<(String, VersionName, u64)>>,
}

impl Owned {
    /// What serves a product. A suite is a licence of each of its products, but on one host only (G.8): `suites` says whether
    /// it counts.
    pub fn of(checked: &Checked<'_>, product: Product, suites: bool) -> Self {
        let (estate, catalogue) = (checked.estate, checked.catalogue);
        let mut found = Self::default();
        let by_machine: &[&str] = match product {
            Product::SystemCenter => &[BY_MACHINE],
            Product::WindowsServer => &[machine::STANDARD, machine::DATACENTER],
        };
        let is_of_product =
            |sku: &str| catalogue.rights_of(product).any(|row| row.sku == sku) || by_machine.contains(&sku);
        let owned = |entitlement: &&Entitlement| entitlement.quantity > 0 && !has_ended(estate, entitlement);
        for entitlement in estate.entitlements.iter().filter(owned) {
            let active = is_assured(estate, entitlement);
            let counts_as = if active { VersionName::NEWEST } else { entitlement.version };
            let turned = grant(catalogue, entitlement).filter(|_| active);
            for sku in parts(catalogue, &entitlement.sku).into_iter().filter(|sku| is_of_product(sku)) {
                if sku != entitlement.sku && !suites {
                    continue;
                }
                let by_core = sku.ends_with("core");
                let assured = if by_core { active } else { turned.is_some() };
                if let Some(turned) = turned.clone().filter(|_| sku == entitlement.sku) {
                    found.turned.insert(sku.clone(), turned);
                }
                let sum = found.free.entry((sku, counts_as, assured)).or_default();
                *sum = sum.saturating_add(entitlement.quantity);
            }
        }
        // C.14: named for machines and without Software Assurance is of no use
        found.free.retain(|(sku, _, assured), _| *assured || !is_virtual(sku));
        found
    }

    pub fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    /// C.24: takes OEM licences out of what is free and gives them to the hosts that they name.
    pub fn tie(&mut self, checked: &Checked<'_>, side: Side<'_, '_>) {
        let estate = checked.estate;
        let mut order: Vec<_> = (estate.entitlements.iter())
            .filter(|entitlement| entitlement.channel == Channel::Oem && !entitlement.assigned_to.is_empty())
            .collect();
        if order.is_empty() {
            return;
        }
        order.sort_by_key(|entitlement| {
            (&entitlement.sku, entitlement.version, &entitlement.assigned_to, entitlement.quantity)
        });
        let mut all: BTreeMap<&str, &HostNeed<'_>> = side.all.iter().map(|need| (need.id, need)).collect();
        for need in side.instead.iter().flat_map(|instead| &instead.hosts) {
            all.insert(need.id, need);
        }
        for entitlement in order {
            let active = is_assured(estate, entitlement);
            let counts_as = if active { VersionName::NEWEST } else { entitlement.version };
            for assured in [false, true] {
                let lot = (entitlement.sku.clone(), counts_as, assured);
                let is_own = if entitlement.sku.ends_with("core") {
                    active == assured
                } else {
                    (active && self.turned.contains_key(&entitlement.sku)) == assured
                };
                if let Some(free) = self.free.get_mut(&lot).filter(|_| is_own) {
                    *free = free.saturating_sub(entitlement.quantity);
                }
            }
            let mut left = entitlement.quantity;
            for name in &entitlement.assigned_to {
                let Some(need) = all.get(name.as_str()) else { continue };
                let options = need.options.iter().map(|option| (need.version, *option));
                let wanted = (options.chain(need.newer.iter().copied()))
                    .filter(|(version, option)| option.sku == entitlement.sku && *version <= counts_as)
                    .map(|(_, option)| option.count)
                    .max()
                    .unwrap_or(0)
                    .min(left);
                left -= wanted;
                self.tied.entry(name.clone()).or_default().push((entitlement.sku.clone(), counts_as, wanted));
            }
        }
        self.free.retain(|_, count| *count > 0);
    }

    /// How many of an option's licences the host has of its own.
    pub fn tied_to(&self, host: &str, option: &Licence<'_>) -> u64 {
        let own = self.tied.get(host).map_or(&[][..], Vec::as_slice).iter();
        let own = own.filter(|(sku, version, _)| sku == option.sku && *version >= option.version);
        own.fold(0_u64, |sum, own| sum.saturating_add(own.2)).min(option.count)
    }

    /// The versions of a product that something owned counts as, rising.
    pub fn versions(&self, sku: &str) -> BTreeSet<VersionName> {
        let own = self.free.keys().filter(|(own, ..)| own == sku).map(|(_, version, _)| *version);
        let of_turned = self.turned.values().filter(|(cores, _)| cores == sku).map(|_| VersionName::NEWEST);
        let machines = is_virtual(sku)
            .then(|| self.free.keys().filter(|(own, _, assured)| *assured && *own == for_hosts(sku)))
            .into_iter()
            .flatten()
            .map(|_| VersionName::NEWEST);
        own.chain(of_turned).chain(machines).collect()
    }

    /// What each lot serves of these classes.
    pub fn supplies(&self, classes: &[Class<'_>]) -> Vec<Supply> {
        let of = |sku: &str, version: VersionName| -> Vec<u32> {
            let fits = |class: &Class<'_>| class.sku == sku && class.owned.is_some_and(|owned| owned <= version);
            (0..).zip(classes).filter(|(_, class)| fits(class)).map(|(at, _)| at).collect()
        };
        let supply = |((sku, version, assured), &quantity): (&Lot, &u64)| {
            // C.14: for machines Software Assurance counts and not the version
            let version = if is_virtual(sku) { VersionName::NEWEST } else { *version };
            let mut serves = of(sku, version);
            if *assured && sku.ends_with("/core") {
                serves.extend(of(&sku.replace("/core", "/virtual-core"), VersionName::NEWEST));
            }
            let turned = self.turned.get(sku).filter(|_| *assured);
            let turned = turned.map(|(cores, each)| (*each, of(cores, VersionName::NEWEST)));
            Supply { quantity, serves, turned }
        };
        self.free.iter().map(supply).collect()
    }

    /// What is owned once some licences were turned and others assigned to machines: product, version, how many. `minimum` is the
    /// product of machines whose minimum asks for so many more (C.14), which idle licences serve first.
    pub fn after<'s>(
        &'s self,
        supplies: &[Supply],
        classes: &[Class<'_>],
        plan: &EditionPlan,
        minimum: Option<(&str, u64)>,
    ) -> Vec<(&'s str, VersionName, u64)> {
        let idle = |at: usize, quantity: u64| {
            let used = plan.given[at].iter().fold(plan.turned[at], |sum, given| sum.saturating_add(*given));
            quantity.saturating_sub(used)
        };
        let own = (0..).zip(&self.free).filter(|(_, ((sku, ..), _))| minimum.is_some_and(|(of, _)| sku == of));
        let own = own.fold(0_u64, |sum, (at, (_, &quantity))| sum.saturating_add(idle(at, quantity)));
        let mut wanted = minimum.map_or(0, |(_, more)| more.saturating_sub(own));
        let mut found = Vec::new();
        for (at, ((sku, version, assured), &quantity)) in self.free.iter().enumerate() {
            let mut rest = quantity - plan.turned[at].min(quantity);
            if let (Some((cores, each)), Some(_)) = (self.turned.get(sku), &supplies[at].turned) {
                found.push((cores.as_str(), VersionName::NEWEST, plan.turned[at].saturating_mul(*each)));
            }
            if is_virtual(sku) {
                found.push((sku, VersionName::NEWEST, rest));
            } else {
                let given = plan.given[at].iter().zip(classes).filter(|(_, class)| is_virtual(class.sku));
                let mut given: u64 = given.map(|(given, _)| *given).sum();
                if *assured && sku.ends_with("/core") && minimum.is_some_and(|(of, _)| for_machines(sku) == of) {
                    let more = wanted.min(idle(at, quantity));
                    wanted -= more;
                    given = given.saturating_add(more);
                }
                rest -= given.min(rest);
                if given > 0 {
                    found.push((for_machines(sku), VersionName::NEWEST, given));
                }
                found.push((sku, *version, rest));
            }
        }
        found
    }
}

pub(super) fn is_virtual(sku: &str) -> bool {
    sku.ends_with("/virtual-core")
}

fn for_hosts(sku: &str) -> String {
    sku.replace("/virtual-core", "/core")
}

fn for_machines(sku: &str) -> &'static str {
    if is_of(sku, Product::SystemCenter) {
        return BY_MACHINE;
    }
    if sku.contains("/datacenter/") { machine::DATACENTER } else { machine::STANDARD }
}
