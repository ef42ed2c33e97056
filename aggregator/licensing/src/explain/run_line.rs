//! Why a line of licences to run a server product has its number: host by host.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    alternative::no_way,
    explainer::{About, Explainer},
    explanation::Alternative,
};
use crate::{
    assessment::HostLicence,
    position::Line,
    words::{Count, product},
};

/// How many hosts are told in full.
const SHOWN: usize = 5;

impl Explainer<'_> {
    /// The hosts and servers of a line, what each counts, and what another way to license them would cost.
    pub(super) fn run_line(&self, line: &Line, about: &mut About) {
        let of_line = |host: &&HostLicence| {
            host.chosen.sku == line.sku && host.version.name() == line.version && host.chosen.count > 0
        };
        let hosts: Vec<&HostLicence> = self.assessment.hosts.iter().filter(of_line).collect();
        about.forced_by(
            |count| {
                let noun = if count == 1 { "machine needs" } else { "machines need" };
                format!("{noun} them")
            },
            hosts.iter().map(|host| host.id.as_str()),
        );
        if hosts.is_empty() && line.rules.iter().any(|rule| rule == "C.21") {
            about.facts.push("they serve machines in Azure under the Azure Hybrid Benefit (C.21)".into());
        }
        let mut largest: Vec<&&HostLicence> = hosts.iter().collect();
        largest.sort_by_key(|host| (std::cmp::Reverse(host.chosen.count), &host.id));
        for host in largest.iter().take(SHOWN) {
            about.facts.push(counted_in_words(host));
        }
        let more: Vec<&&HostLicence> = largest.into_iter().skip(SHOWN).collect();
        if !more.is_empty() {
            let rest = more.iter().map(|host| host.chosen.count).fold(0, u64::saturating_add);
            about.facts.push(format!(
                "{} more with {} together; ask about each with `host ID`",
                Count(more.len() as u64),
                Count(rest)
            ));
        }
        about.alternatives.extend(Self::other_options(&hosts));
    }

    /// All these hosts licensed in another way that each of them allows.
    pub(super) fn other_options(hosts: &[&HostLicence]) -> Vec<Alternative> {
        let mut skus: BTreeMap<&str, Vec<&HostLicence>> = BTreeMap::new();
        for host in hosts {
            let others = host.options.iter().filter(|option| option.sku != host.chosen.sku);
            others.for_each(|option| skus.entry(&option.sku).or_default().push(host));
        }
        let mut found = Vec::new();
        for (sku, able) in &skus {
            let mut sum = [Some(0_u64), Some(0_u64)];
            let (mut count, mut now) = (0_u64, 0_u64);
            for host in able {
                let Some(option) = host.options.iter().find(|option| option.sku == *sku) else { continue };
                for (sum, cost) in sum.iter_mut().zip([option.cost_minor, host.chosen.cost_minor]) {
                    *sum = sum.zip(cost).map(|(sum, cost)| sum.saturating_add(cost));
                }
                count = count.saturating_add(option.count);
                now = now.saturating_add(host.chosen.count);
            }
            let [then, instead] = sum;
            let priced = then.zip(instead);
            let on = match able.as_slice() {
                [host] => format!("on {}", host.id),
                some if some.len() == hosts.len() => format!("on all {} of them", some.len()),
                some => format!("on the {} of them that allow it", some.len()),
            };
            let chosen: BTreeSet<&str> = able.iter().map(|host| host.chosen.sku.as_str()).collect();
            let chosen: Vec<String> = chosen.into_iter().map(|sku| product(sku, "")).collect();
            let why = if count == now {
                format!("as many, {}, as {}", Count(count), chosen.join(", "))
            } else {
                format!("{} instead of {} × {}", Count(count), Count(now), chosen.join(", "))
            };
            found.push(Alternative {
                what: format!("{} {on}", product(sku, "")),
                why,
                possible: true,
                cost_minor: priced.map(|(then, _)| then),
                instead_of_minor: priced.map(|(_, instead)| instead),
                lower_bound_minor: None,
            });
        }
        if found.is_empty() && !hosts.is_empty() {
            found.push(no_way("Another edition".into(), no_other_edition(hosts[0]).into()));
        }
        found
    }
}

/// Why nothing else would do.
fn no_other_edition(host: &HostLicence) -> &'static str {
    match (host.chosen.sku.as_str(), host.chosen.unit.as_str()) {
        (sku, _) if sku.starts_with("sql-server/") => {
            "What is installed decides, and how it is licensed is as stated for its instances (D.5, D.7, D.11)"
        }
        (_, "virtual-core") => "It is licensed as a virtual machine by itself (C.14)",
        ("windows-server/datacenter/core", _) => "Datacenter runs there, and no other edition may run it (C.6, C.19)",
        _ => "What runs there may run under no other edition (A.1, A.5)",
    }
}

/// What one host needs and what that comes from.
pub(super) fn counted_in_words(host: &HostLicence) -> String {
    let HostLicence { id, chosen, facts, at_least, .. } = host;
    let least = if *at_least { "at least " } else { "" };
    let needs = format!("{id} needs {least}{} {}", Count(chosen.count), unit_in_words(&chosen.unit, chosen.count));
    if facts.is_empty() { needs } else { format!("{needs}, counted from: {}", facts.join("; ")) }
}

/// `core licences`.
pub(super) fn unit_in_words(unit: &str, count: u64) -> String {
    let noun = if count == 1 { "licence" } else { "licences" };
    if unit == "licence" || unit.is_empty() { noun.into() } else { format!("{unit} {noun}") }
}
