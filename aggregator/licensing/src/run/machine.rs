//! Licences for one virtual machine alone, which need Software Assurance: on any host (C.14 to C.18) or on Azure (C.21).

mod minimum;

use std::cmp::Reverse;

use super::{
    choice::{Choice, HostNeed},
    host::Edition,
    placement::Placement,
};
use crate::{
    catalogue::{Catalogue, CoreMinimumRow, Formula, Product, Terms},
    checked::Checked,
    estate::{EstateError, Host, LicensedBy},
    findings::Rules,
    version::VersionName,
};

/// Core licences with Software Assurance that are assigned to virtual machines instead of hosts.
pub(crate) const STANDARD: &str = "windows-server/standard/virtual-core";
/// The same of Datacenter.
pub(crate) const DATACENTER: &str = "windows-server/datacenter/virtual-core";

/// The minima of licences by virtual machine.
fn minimum(catalogue: &Catalogue, product: Product) -> Option<&CoreMinimumRow> {
    let row = catalogue.right_of(product, "Standard", VersionName::NEWEST, Terms::SoftwareAssurance)?;
    catalogue.core_minimum(row.minimum.as_deref()?)
}

/// C.14: cores for one machine. Without known virtual processors the least possible.
pub(super) fn cores(catalogue: &Catalogue, product: Product, virtual_processors: Option<u32>) -> u64 {
    let least = minimum(catalogue, product).map_or(0, |row| row.per_virtual_machine);
    u64::from(virtual_processors.unwrap_or(0).max(least))
}

/// C.14: only versions sold by core can be licensed so, older ones run under their downgrade rights (0.5).
pub(super) fn version(catalogue: &Catalogue, product: Product, running: VersionName) -> VersionName {
    let rows = catalogue.rights_of(product).filter(|row| row.formula == Formula::VirtualMachines);
    let versions = rows.flat_map(|row| &row.versions).copied();
    versions.filter(|version| *version >= running).min().unwrap_or(running)
}

/// What one virtual machine needs under a licence of its own.
pub(super) fn need<'a>(checked: &Checked<'a>, server: usize) -> HostNeed<'a> {
    let (catalogue, row) = (checked.catalogue, &checked.estate.servers[server]);
    let azure = row.licensed_by == LicensedBy::AzureHybridBenefit;
    let sku = if !azure && Edition::of(checked, row) > Edition::Standard { DATACENTER } else { STANDARD };
    let chosen = Choice { sku, count: cores(catalogue, Product::WindowsServer, row.virtual_processors) };
    let mut rules = Rules::of(if azure { &["C.15", "C.21"] } else { &["C.14", "C.15"] });
    let mut facts = vec![in_words(row.virtual_processors, chosen.count)];
    if azure {
        facts.push("on Azure with licences of its own, which needs Software Assurance (C.21)".into());
    } else {
        facts.push("licensed by itself, which needs Software Assurance (C.14)".into());
    }
    if row.evaluation {
        rules.add("B.3");
    }
    let version = version(catalogue, Product::WindowsServer, row.version.unwrap_or(VersionName::NEWEST));
    let need = HostNeed::alone(&row.id, version, chosen, facts, rules, row.virtual_processors.is_none());
    HostNeed { is_by_machine: !azure, ..need }
}

/// C.14, C.15: where the cores of one machine come from.
pub(super) fn in_words(virtual_processors: Option<u32>, cores: u64) -> String {
    let seen = match virtual_processors {
        Some(cores) => format!("{cores} virtual processors as the machine sees them, threads included (C.15)"),
        None => "its virtual processors are not known".into(),
    };
    format!("{seen}: {cores} cores, at least 8 per virtual machine")
}

/// C.21: Datacenter licences with Software Assurance run a host and machines in Azure at the same time; `left` of them are not
/// used in Azure yet. Standard ones do one or the other. Returns how many serve this machine.
pub(super) fn use_twice(need: &mut HostNeed<'_>, left: &mut u64) -> u64 {
    let used = need.chosen.count.min(*left);
    *left -= used;
    need.chosen.count -= used;
    need.options = vec![need.chosen];
    if used > 0 {
        need.facts
            .push(format!("{used} cores of Datacenter with Software Assurance serve it beside their host (C.21)"));
    }
    used
}

/// C.14: the least cores for all machines of a customer.
pub(super) fn least_of_all(catalogue: &Catalogue, product: Product) -> u64 {
    u64::from(minimum(catalogue, product).map_or(0, |row| row.per_customer))
}

/// C.14: all machines of a customer together have a minimum, too; one carries what is missing.
pub(super) fn reach_minimum(catalogue: &Catalogue, product: Product, needs: &mut [HostNeed<'_>]) {
    let least = least_of_all(catalogue, product);
    let is_own = |need: &HostNeed<'_>| need.is_by_machine;
    let sum = needs.iter().filter(|need| is_own(need)).fold(0_u64, |sum, need| sum.saturating_add(need.chosen.count));
    // of the newest version, of these the dearest edition, then the first by id
    let first = needs
        .iter_mut()
        .filter(|need| is_own(need))
        .max_by_key(|need| (need.version, Reverse(need.chosen.sku), Reverse(need.id)));
    if let Some(first) = first
        && sum < least
    {
        let old = first.chosen;
        first.chosen.count += least - sum;
        first.for_minimum = least - sum;
        for option in first.options.iter_mut().filter(|option| **option == old) {
            *option = first.chosen;
        }
        first.facts.push(format!("all machines licensed by themselves together: at least {least} cores (C.14)"));
    }
}

/// Hosts joined by the virtual machines that move between them.
pub(super) struct Groups {
    leader: Vec<u32>,
}

impl Groups {
    pub fn of(placement: &Placement<'_>, hosts: usize, servers: &[usize]) -> Self {
        let mut groups = Self { leader: (0..hosts as u32).collect() };
        let mut joined = vec![false; placement.clusters.len()];
        for &server in servers {
            if let super::placement::Place::Cluster(cluster) = placement.places[server]
                && std::mem::replace(&mut joined[cluster as usize], true)
            {
                continue;
            }
            for pair in placement.hosts(server).windows(2) {
                let (one, two) = (groups.find(pair[0]), groups.find(pair[1]));
                groups.leader[one.max(two) as usize] = one.min(two);
            }
        }
        groups
    }

    /// One for all hosts of a group.
    pub fn find(&mut self, mut host: u32) -> u32 {
        while self.leader[host as usize] != host {
            let next = self.leader[self.leader[host as usize] as usize];
            self.leader[host as usize] = next;
            host = next;
        }
        host
    }
}

/// Hosts joined by the machines that move between them, and these machines licensed by themselves instead (C.19).
#[derive(Debug, Clone)]
pub(super) struct Instead<'a> {
    pub hosts: Vec<HostNeed<'a>>,
    pub machines: Vec<HostNeed<'a>>,
}

/// Hosts whose machines may be licensed by themselves, at list price.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    /// Cores of all its machines.
    count: u64,
    /// The same by edition, see [`edition`].
    by_edition: [u64; 2],
    by_host: i128,
    by_machine: i128,
    /// Version and sku of the machine that would carry what the minimum asks for beside them.
    carrier: Option<Carrier<'a>>,
}

/// The greatest carries what is missing, see [`reach_minimum`].
type Carrier<'a> = (VersionName, Reverse<&'a str>);

/// Virtual machines on hosts that may be licensed by themselves.
pub(super) struct Machines<'m, 'a> {
    pub product: Product,
    /// Indexes of the virtual servers that count.
    pub servers: &'m [usize],
    /// What else uses rights of a host and cannot be licensed so.
    pub others: &'m dyn Fn(&Host) -> u32,
    /// Whether the most machines seen on a host count.
    pub seen: bool,
    /// What one needs.
    pub need: &'m dyn Fn(usize) -> HostNeed<'a>,
    pub may_be_bought: bool,
    /// Cores owned that may be assigned to machines, by edition, see [`edition`].
    pub assured: [u64; 2],
    /// What machines need that are licensed by themselves in any case.
    pub in_any_case: &'m [HostNeed<'a>],
}

impl Machines<'_, '_> {
    /// Cores owned that those licensed by themselves in any case leave.
    fn assured_left(&self) -> [u64; 2] {
        let [standard, datacenter] = cores_by_edition(self.in_any_case);
        [self.assured[0].saturating_sub(standard), self.assured[1].saturating_sub(datacenter)]
    }
}

/// Where numbers by edition hold those of licences for machines: 1 for Datacenter, which serves no need of the other, 0 for the
/// other.
fn edition(sku: &str) -> usize {
    usize::from(sku == DATACENTER)
}

fn cores_by_edition(needs: &[HostNeed<'_>]) -> [u64; 2] {
    let mut cores = [0_u64; 2];
    for need in needs {
        let sum = &mut cores[edition(need.chosen.sku)];
        *sum = sum.saturating_add(need.chosen.count);
    }
    cores
}

fn fit(cores: [u64; 2], into: [u64; 2]) -> bool {
    cores.iter().zip(into).all(|(cores, into)| *cores <= into)
}

/// C.19: all machines of a host, or of the hosts between which they move, licensed by themselves, where that is allowed,
/// complete and cheaper. Takes the hosts out of `needs` and puts the machines in. Returns every group that could be
/// licensed so.
pub(super) fn choose<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    by_themselves: &Machines<'_, 'a>,
    needs: &mut Vec<HostNeed<'a>>,
) -> Result<Vec<Instead<'a>>, EstateError> {
    let estate = checked.estate;
    let Machines { servers, others, seen, need, may_be_bought, .. } = *by_themselves;
    let assured = by_themselves.assured_left();
    let mut instead: Vec<Instead<'a>> = Vec::new();
    if !may_be_bought && assured == [0, 0] {
        return Ok(instead);
    }
    let mut groups = Groups::of(placement, estate.hosts.len(), servers);
    let mut machines: Vec<Vec<usize>> = vec![Vec::new(); estate.hosts.len()];
    for &server in servers {
        if let Some(&host) = placement.hosts(server).first() {
            machines[groups.find(host) as usize].push(server);
        }
    }
    // by group: what its hosts cost as chosen, and whether every right they use is a known virtual machine's
    let mut hosts: Vec<Vec<usize>> = vec![Vec::new(); estate.hosts.len()];
    for (at, need) in needs.iter().enumerate() {
        if let Some(host) = need.host {
            hosts[groups.find(host) as usize].push(at);
        }
    }
    let mut gone = vec![false; needs.len()];
    let mut more = Vec::new();
    let mut candidates = Vec::new();
    // the largest group first, so that neither the order of the estate nor, but for groups alike, names decide who gets the
    // licences owned
    let mut groups: Vec<(&Vec<usize>, &Vec<usize>)> = machines.iter().zip(&hosts).collect();
    groups.retain(|(machines, _)| !machines.is_empty());
    groups.sort_by_cached_key(|(machines, _)| {
        let mut sizes: Vec<_> = (machines.iter())
            .map(|&server| (estate.servers[server].virtual_processors, estate.servers[server].version))
            .collect();
        sizes.sort_unstable();
        (Reverse(sizes), machines.iter().map(|&server| estate.servers[server].id.as_str()).min())
    });
    for (machines, hosts) in groups {
        let complete = hosts.iter().all(|&at| {
            let host = &estate.hosts[needs[at].host.unwrap_or_default() as usize];
            let known = !seen || u64::from(host.peak_virtual_machines.unwrap_or(0)) <= machines.len() as u64;
            !needs[at].physical && others(host) == 0 && known
        });
        let mut of_machines: Vec<HostNeed<'a>> = machines.iter().map(|&server| need(server)).collect();
        if !complete || of_machines.iter().any(|need| need.at_least) {
            continue;
        }
        let count = of_machines.iter().try_fold(0_u64, |sum, need| sum.checked_add(need.chosen.count));
        let count = count.ok_or_else(|| EstateError::TooLarge("the cores of all virtual machines".into()))?;
        let by_edition = cores_by_edition(&of_machines);
        if !may_be_bought && !fit(by_edition, assured) {
            continue;
        }
        let group = Some(instead.len() as u32);
        for need in &mut of_machines {
            need.group = group;
        }
        for &at in hosts {
            needs[at].group = group;
        }
        instead.push(Instead {
            hosts: hosts.iter().map(|&at| needs[at].clone()).collect(),
            machines: of_machines.clone(),
        });
        let cost = |needs: &mut dyn Iterator<Item = Choice<'a>>| -> Result<Option<i128>, EstateError> {
            let mut sum = 0_i128;
            for choice in needs {
                match choice.cost(estate)? {
                    Some(cost) => sum += i128::from(cost),
                    None => return Ok(None),
                }
            }
            Ok(Some(sum))
        };
        let by_host = cost(&mut hosts.iter().map(|&at| needs[at].chosen))?;
        let by_machine = cost(&mut of_machines.iter().map(|need| need.chosen))?;
        // the hosts' explanations show what was weighed
        for &at in hosts {
            // one for all of them in an explanation: the highest
            let datacenter = of_machines.iter().find(|need| need.chosen.sku.contains("/datacenter/"));
            if let Some(one) = datacenter.or(of_machines.first()) {
                needs[at].options.push(Choice { sku: one.chosen.sku, count });
            }
            needs[at].facts.push(format!(
                "each of the {} machines that may run here licensed by itself: {count} cores for all of them (C.14)",
                machines.len()
            ));
        }
        let (Some(by_host), Some(by_machine)) = (by_host, by_machine) else {
            for &at in hosts {
                needs[at].unpriced = true;
            }
            continue;
        };
        let carrier = of_machines.iter().map(|need| (need.version, Reverse(need.chosen.sku))).max();
        candidates.push((Candidate { count, by_edition, by_host, by_machine, carrier }, hosts, of_machines));
    }
    let of: Vec<Candidate<'a>> = candidates.iter().map(|candidate| candidate.0).collect();
    let taken = minimum::taken(checked, by_themselves, &of)?;
    for ((candidate, hosts, of_machines), taken) in candidates.into_iter().zip(taken) {
        if !taken {
            if may_be_bought && candidate.by_machine < candidate.by_host {
                for &at in hosts {
                    needs[at].facts.push(
                        "by machine it would cost less but for the least cores that all machines licensed by themselves need \
                         together (C.14)"
                            .into(),
                    );
                }
            }
            continue;
        }
        let old: u64 = hosts.iter().map(|&at| needs[at].chosen.count).fold(0, u64::saturating_add);
        for mut need in of_machines {
            need.rules.add("C.19");
            need.facts.push(format!(
                "cheaper than {old} licences for the {} (C.19)",
                crate::findings::counted(hosts.len(), "host it runs on", "hosts it moves between")
            ));
            more.push(need);
        }
        for &at in hosts {
            gone[at] = true;
        }
    }
    let mut at = 0;
    needs.retain(|_| {
        at += 1;
        !gone[at - 1]
    });
    more.sort_by_key(|need| need.id);
    needs.append(&mut more);
    Ok(instead)
}

/// C.21: virtual machines in Azure with up to 8 virtual cores that so many core licences with Software Assurance allow.
#[must_use]
pub fn azure_machines(catalogue: &Catalogue, core_licences: u64) -> u64 {
    core_licences / cores(catalogue, Product::WindowsServer, None).max(1)
}
