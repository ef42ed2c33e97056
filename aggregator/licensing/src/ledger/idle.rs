//! Licences to run and to manage that the hosts or servers they are assigned to do not need (rules 0.4, C.11): they may serve others.
//!
//! OEM licences to run Windows Server stay with their server and are told of with it (C.24).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Holder, Unit, free_from,
    reclaim::{Group, when},
};
use crate::{
    assessment::HostLicence,
    catalogue::Product,
    checked::Checked,
    estate::{Channel, Entitlement, EstateError},
    owned::{Quantities, balance, owned},
    position::{Line, Reclaim},
    prices::UnitPrice,
    run::stock::{has_ended, is_assured, is_of, parts},
    version::VersionName,
};

const SQL_SERVER: &str = "sql-server/";

/// What a host or server needs of one product.
struct Need<'a> {
    version: VersionName,
    /// What it takes, and whatever else would do: product, how many.
    taken: (String, u64),
    others: Vec<(&'a str, u64)>,
    /// Of what it takes, not found assigned to it yet.
    open: u64,
}

/// Licences of one entitlement, by who holds them.
struct Assigned<'a> {
    entitlement: &'a Entitlement,
    /// Products it stands for: of a suite several.
    parts: Vec<String>,
    counts_as: VersionName,
    /// Names, and the days since when each licence is held if the ledger has them.
    holders: Vec<(&'a str, Option<Vec<jiff::civil::Date>>)>,
    /// Not found needed yet, of those without days.
    left: u64,
}

/// Product, version, and the version it counts as.
type Alike<'a> = (&'a str, VersionName, VersionName);

/// When they may move, the names of those who have them, how many.
type Found<'a> = (Group, BTreeSet<&'a str>, u64);

/// One row for each product, version and version it counts as.
pub(crate) fn idle(checked: &Checked<'_>, hosts: &[HostLicence], lines: &[Line]) -> Result<Vec<Reclaim>, EstateError> {
    let mut needs = needs(hosts);
    let mut all = assigned(checked);
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let hosts_of = hosts_of_servers(checked);
    // what a host takes is served first, then what would do instead
    for exactly in [true, false] {
        for assigned in &mut all {
            for (name, days) in &mut assigned.holders {
                let id = hosts_of.get(name).copied().unwrap_or(name);
                let held = days.as_ref().map_or(assigned.left, |days| days.len() as u64);
                let mut used = 0;
                for need in needs.get_mut(id).into_iter().flatten().filter(|need| need.version <= assigned.counts_as) {
                    used = used.max(need.serve(&assigned.parts, held, exactly));
                }
                match days {
                    // those that may move first are not the ones that stay
                    Some(days) => days.truncate(days.len() - used as usize),
                    None => assigned.left -= used,
                }
            }
        }
    }
    let mut groups: BTreeMap<Alike<'_>, Found<'_>> = BTreeMap::new();
    let known: BTreeSet<&str> = names(checked);
    for assigned in &all {
        let entitlement = assigned.entitlement;
        let key = (entitlement.sku.as_str(), entitlement.version, assigned.counts_as);
        for (name, days) in &assigned.holders {
            let count = days.as_ref().map_or(assigned.left, |days| days.len() as u64);
            if count == 0 {
                continue;
            }
            let (group, from, sum) = groups.entry(key).or_default();
            from.insert(*name);
            for day in days.iter().flatten() {
                let free = free_from(*day, checked.catalogue.reassignment_days());
                *sum += 1;
                if free > checked.estate.as_of && known.contains(name) {
                    group.later.push(free);
                } else {
                    group.now += 1;
                }
            }
        }
        let undated = assigned.holders.iter().any(|(_, days)| days.is_none());
        if let Some((group, _, sum)) = groups.get_mut(&key).filter(|_| undated) {
            *sum = sum.saturating_add(assigned.left);
            let is_there = assigned.holders.iter().any(|(name, _)| known.contains(name));
            let of = if is_there { &mut group.undated } else { &mut group.now };
            *of = of.saturating_add(assigned.left);
        }
    }
    groups.into_iter().map(|(key, found)| row(checked, lines, key, &found)).collect()
}

impl Need<'_> {
    /// How many of `held` it needs, of which so many less are open afterwards.
    fn serve(&mut self, parts: &[String], held: u64, exactly: bool) -> u64 {
        let has = |sku: &str| parts.iter().any(|part| part == sku);
        let wanted = if exactly {
            if has(&self.taken.0) { self.open } else { 0 }
        } else {
            // a host with some of what it takes is not licensed another way
            let other = self.others.iter().find(|(sku, _)| has(sku)).filter(|_| self.open == self.taken.1);
            other.map_or(0, |other| other.1)
        };
        let used = wanted.min(held);
        self.open = if exactly || used == 0 { self.open - used } else { 0 };
        used
    }
}

fn needs(hosts: &[HostLicence]) -> BTreeMap<&str, Vec<Need<'_>>> {
    // a core licence for hosts is one for machines, too (C.14)
    let for_hosts = |sku: &str| sku.replace("/virtual-core", "/core");
    let mut needs: BTreeMap<&str, Vec<Need<'_>>> = BTreeMap::new();
    for host in hosts {
        let taken = host.with_owned.as_ref().unwrap_or(&host.chosen);
        needs.entry(host.id.as_str()).or_default().push(Need {
            version: host.version,
            taken: (for_hosts(&taken.sku), taken.count),
            others: host.options.iter().map(|option| (option.sku.as_str(), option.count)).collect(),
            open: taken.count,
        });
    }
    needs
}

/// Entitlements that name who has their licences, the oldest first.
fn assigned<'c>(checked: &'c Checked<'_>) -> Vec<Assigned<'c>> {
    let (estate, ledger) = (checked.estate, &checked.ledger);
    let mut days: BTreeMap<u32, BTreeMap<&str, Vec<jiff::civil::Date>>> = BTreeMap::new();
    for held in &ledger.held {
        let Some(since) = held.since else { continue };
        let name = match held.holder {
            Holder::Host(at) => estate.hosts[at as usize].id.as_str(),
            Holder::Server(at) => estate.servers[at as usize].id.as_str(),
            Holder::Unknown(name) => name,
            Holder::Person(_) | Holder::Device(_) => continue,
        };
        days.entry(held.entitlement).or_default().entry(name).or_default().push(since);
    }
    let mut found = Vec::new();
    for (entitlement, at) in estate.entitlements.iter().zip(0..) {
        let parts = parts(checked.catalogue, &entitlement.sku);
        let of = |product| parts.iter().any(|part| is_of(part, product) && is_to_run(checked, part));
        let stays = entitlement.channel == Channel::Oem && of(Product::WindowsServer);
        let is_ours = of(Product::WindowsServer)
            || of(Product::SystemCenter)
            || (entitlement.sku.starts_with(SQL_SERVER) && Unit::of(&entitlement.sku) == Unit::Machine);
        if !is_ours || stays || has_ended(estate, entitlement) {
            continue;
        }
        let holders: Vec<_> = match days.remove(&at) {
            Some(days) => days
                .into_iter()
                .map(|(name, mut days)| {
                    days.sort_unstable();
                    (name, Some(days))
                })
                .collect(),
            None => ledger.assigned_to(entitlement).into_iter().map(|name| (name, None)).collect(),
        };
        if holders.is_empty() {
            continue;
        }
        let left = if holders.iter().all(|(_, days)| days.is_none()) { entitlement.quantity } else { 0 };
        let counts_as = if is_assured(estate, entitlement) { VersionName::NEWEST } else { entitlement.version };
        found.push(Assigned { entitlement, parts, counts_as, holders, left });
    }
    found.sort_by_key(|assigned| {
        let of = assigned.entitlement;
        (&of.sku, assigned.counts_as, of.version, &of.id, of.quantity, &of.assigned_to)
    });
    found
}

/// Whether it is a licence for hosts or machines and not, for example, an External Connector.
fn is_to_run(checked: &Checked<'_>, sku: &str) -> bool {
    sku.ends_with("/virtual-core") || checked.catalogue.rights.iter().any(|row| row.sku == sku)
}

/// The host of each physical server, which its licences are counted on.
fn hosts_of_servers<'c>(checked: &'c Checked<'_>) -> BTreeMap<&'c str, &'c str> {
    let estate = checked.estate;
    let of = estate.servers.iter().zip(&checked.host_of).filter(|(server, _)| !server.is_virtual);
    of.filter_map(|(server, host)| Some((server.id.as_str(), estate.hosts[(*host)? as usize].id.as_str()))).collect()
}

/// Of everything that is there.
fn names<'c>(checked: &'c Checked<'_>) -> BTreeSet<&'c str> {
    let hosts = checked.estate.hosts.iter().map(|host| host.id.as_str());
    hosts.chain(checked.estate.servers.iter().map(|server| server.id.as_str())).collect()
}

fn row(
    checked: &Checked<'_>,
    lines: &[Line],
    (sku, version, counts_as): Alike<'_>,
    (group, from, quantity): &Found<'_>,
) -> Result<Reclaim, EstateError> {
    // how many more would be short if these stayed where they are
    let of_sku = lines.iter().filter(|line| line.sku == sku && line.needed > 0);
    let needed: Quantities =
        of_sku.filter_map(|line| Some((VersionName::from_name(&line.version)?, line.needed))).collect();
    let all = owned(checked.estate, sku, |version| version);
    let short =
        |owned: &Quantities| balance(&needed, owned).iter().fold(0_u64, |sum, line| sum.saturating_add(line.short));
    let mut without = all.clone();
    without.entry(counts_as).and_modify(|count| *count = count.saturating_sub(*quantity));
    let saves = short(&without) - short(&all);
    let price = UnitPrice::of(checked.estate, sku);
    Ok(Reclaim {
        sku: sku.to_owned(),
        version: version.name().to_owned(),
        quantity: *quantity,
        from: crate::findings::listed(from),
        why: format!(
            "the hosts or servers that they are assigned to need none or fewer of them, or are not known any more; {}",
            when(group, checked.catalogue.reassignment_days())
        ),
        rules: ["0.4", "C.11"].map(str::to_owned).into(),
        saves,
        saves_minor: price.map_or(Ok(0), |price| price.cost(saves))?,
    })
}
