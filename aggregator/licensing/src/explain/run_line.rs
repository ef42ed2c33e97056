//! Why a line of licences to run a server product has its number: host by host.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    alternative::no_way,
    editions::alone,
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, GivenOwned},
};
use crate::{
    assess::servers_tied,
    assessment::HostLicence,
    catalogue::Product,
    draft::Tied,
    position::Line,
    run::stock::is_of,
    words::{Count, unit_licences},
};

/// How many hosts are told in full.
const SHOWN: usize = 5;

impl Explainer<'_> {
    /// The hosts and servers of a line, what each counts, and what another way to license them would cost.
    pub(super) fn run_line(&self, line: &Line, about: &mut About) -> Result<(), ExplainError> {
        let of_line = |host: &&HostLicence| {
            host.chosen.sku == line.sku && host.version.name() == line.version && host.chosen.count > 0
        };
        let hosts: Vec<&HostLicence> = self.assessment.hosts.iter().filter(of_line).collect();
        about.forced_by(
            |count| if count == 1 { "machine needs them" } else { "machines need them" }.into(),
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
                "on {} more machines {} together; ask about each by its name, with `host` or `server` before it",
                Count(more.len() as u64),
                Count(rest)
            ));
        }
        about.alternatives.extend(self.other_options(&hosts)?);
        Ok(())
    }

    /// All these hosts licensed in another way that each of them allows.
    pub(super) fn other_options(&self, hosts: &[&HostLicence]) -> Result<Vec<Alternative>, ExplainError> {
        let mut skus: BTreeMap<&str, Vec<&HostLicence>> = BTreeMap::new();
        for host in hosts {
            let others = host.options.iter().filter(|option| option.sku != host.chosen.sku);
            others.for_each(|option| skus.entry(&option.sku).or_default().push(host));
        }
        let mut found = Vec::new();
        for (sku, able) in &skus {
            found.push(self.other_option(sku, able, able.len() == hosts.len())?);
        }
        if found.is_empty() && !hosts.is_empty() {
            found.push(no_way("Another edition".into(), no_other_edition(hosts[0]).into()));
        }
        Ok(found)
    }

    /// The hosts that may take a product, taking it; `all`: no other host is meant.
    fn other_option(&self, sku: &str, able: &[&HostLicence], all: bool) -> Result<Alternative, ExplainError> {
        let mut sum = [Some(0_u64), Some(0_u64)];
        let (mut count, mut now, mut unit) = (0_u64, 0_u64, "");
        for host in able {
            let Some(option) = host.options.iter().find(|option| option.sku == sku) else { continue };
            for (sum, cost) in sum.iter_mut().zip([option.cost_minor, host.chosen.cost_minor]) {
                *sum = sum.zip(cost).map(|(sum, cost)| sum.saturating_add(cost));
            }
            count = count.saturating_add(option.count);
            now = now.saturating_add(host.chosen.count);
            unit = &option.unit;
        }
        let [then, instead] = sum;
        let priced = then.zip(instead);
        let on = match able {
            [host] => format!("on {}", host.id),
            [_, _] if all => "on both machines".into(),
            some if all => format!("on all {} machines", some.len()),
            some => format!("on the {} machines that allow it", some.len()),
        };
        let chosen: BTreeSet<(String, &str)> =
            able.iter().map(|host| (alone(&host.chosen.sku, ""), host.chosen.unit.as_str())).collect();
        let chosen: Vec<String> =
            chosen.into_iter().map(|(name, unit)| format!("{} of {name}", unit_licences(unit, now))).collect();
        let (then, now) = (format!("{} {}", Count(count), unit_licences(unit, count)), Count(now));
        let why = match &chosen[..] {
            [one] if now.0 == count && one.starts_with(&unit_licences(unit, count)) => {
                format!("{then}, as many as of {}", one.split_once(" of ").map_or(one.as_str(), |(_, name)| name))
            }
            _ => format!("{then} instead of {now} {}", chosen.join(", ")),
        };
        Ok(Alternative {
            what: format!("{} {on}", alone(sku, "")),
            why,
            possible: true,
            cost_minor: priced.map(|(then, _)| then),
            instead_of_minor: priced.map(|(_, instead)| instead),
            lower_bound_minor: None,
            given_owned: self.editions_given_owned(sku, able)?,
        })
    }

    /// What is left to buy for all hosts of Windows Server if these take that product, all others being free to change.
    fn editions_given_owned(&self, sku: &str, able: &[&HostLicence]) -> Result<Option<GivenOwned>, ExplainError> {
        let Some(now) = self.assessment.position.servers.as_ref() else { return Ok(None) };
        if !is_of(sku, Product::WindowsServer) {
            return Ok(None);
        }
        let hosts = able.iter().map(|host| host.id.clone()).collect();
        let then = servers_tied(&self.checked, Tied { hosts, sku: sku.to_owned() })?;
        Ok(then.map(|(cost_minor, bound)| GivenOwned {
            cost_minor,
            instead_of_minor: now.cost_minor,
            lower_bound_minor: Some(bound).filter(|bound| *bound < cost_minor),
        }))
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
    let needs = format!("on {id}: {least}{} {}", Count(chosen.count), unit_licences(&chosen.unit, chosen.count));
    if facts.is_empty() { needs } else { format!("{needs}, counted from: {}", facts.join("; ")) }
}
