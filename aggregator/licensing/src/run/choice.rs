//! What one host needs: the editions that may run what runs there, and the cheapest of them (rules A.5, C.6, C.19, C.20).

use super::{
    count::{count, right, set, unit},
    host::{Edition, Running},
};
use crate::{
    catalogue::{Catalogue, Formula, Product, RightRow},
    estate::{Estate, EstateError, Policy},
    findings::{Rules, counted},
    prices::UnitPrice,
    version::VersionName,
};

/// Licences that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice<'a> {
    pub sku: &'a str,
    pub count: u64,
}

impl<'a> Choice<'a> {
    pub fn unit(self) -> &'a str {
        unit(self.sku)
    }

    /// At list price; `None`: no price known.
    pub fn cost(self, estate: &Estate) -> Result<Option<u64>, EstateError> {
        UnitPrice::of(estate, self.sku).map(|price| price.cost(self.count)).transpose()
    }
}

/// What one host, one virtual machine or one server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostNeed<'a> {
    /// Index of the host; `None` for a server licensed by itself.
    pub host: Option<u32>,
    pub id: &'a str,
    pub version: VersionName,
    pub chosen: Choice<'a>,
    /// All that would do, the chosen one among them.
    pub options: Vec<Choice<'a>>,
    /// What newer versions licensed in another way would take (rule 0.5: the rights are those of the licensed version).
    pub newer: Vec<(VersionName, Choice<'a>)>,
    /// Index of the group of hosts that its machines may be licensed in place of, and it is one of either (C.19).
    pub group: Option<u32>,
    /// Licences in `chosen` that only the minimum of all machines together asks for (C.14).
    pub for_minimum: u64,
    /// What the count comes from, in words.
    pub facts: Vec<String>,
    /// The same host under Datacenter, if what runs there may also run under it.
    pub datacenter: Option<Choice<'a>>,
    /// Whether Windows on the metal is among what it is for.
    pub physical: bool,
    /// Whether it is a virtual machine licensed by itself on hosts of one's own (C.14).
    pub is_by_machine: bool,
    pub rules: Rules,
    /// Whether the number is only the least possible, for lack of facts.
    pub at_least: bool,
    /// Whether prices are missing that would tell which edition is cheaper.
    pub unpriced: bool,
}

impl<'a> HostNeed<'a> {
    /// What a server or a machine needs by itself, where there is nothing to choose.
    pub fn alone(
        id: &'a str,
        version: VersionName,
        chosen: Choice<'a>,
        facts: Vec<String>,
        rules: Rules,
        at_least: bool,
    ) -> Self {
        Self {
            host: None,
            id,
            version,
            chosen,
            options: vec![chosen],
            newer: Vec::new(),
            group: None,
            for_minimum: 0,
            facts,
            datacenter: None,
            physical: false,
            is_by_machine: false,
            rules,
            at_least,
            unpriced: false,
        }
    }
}

/// What a host needs under the editions that may run what runs there; `None` if the version has no rights at all.
pub(crate) fn need<'a>(
    catalogue: &'a Catalogue,
    estate: &Estate,
    policy: &Policy,
    running: &Running<'a>,
) -> Result<Option<HostNeed<'a>>, EstateError> {
    let (version, product) = (running.version_or_newest(), running.product);
    let mut choices: Vec<(Choice<'a>, &RightRow)> = Vec::new();
    for edition in Edition::ALL.into_iter().filter(|edition| *edition >= running.edition) {
        if let Some(row) = right(catalogue, product, edition.name(), version, policy.spla)
            && let Some(count) = count(catalogue, row, running.size())?
        {
            choices.push((Choice { sku: &row.sku, count }, row));
        }
    }
    let Some(&(last, row)) = choices.last() else { return Ok(None) };
    let options: Vec<Choice<'a>> = choices.iter().map(|choice| choice.0).collect();
    let (chosen, without_price) = cheapest(estate, &options);
    let by_core = row.formula == Formula::CoreSets;

    let mut rules = Rules::default();
    if product == Product::SystemCenter {
        rules.add("G.7");
    }
    let mut facts = Vec::new();
    if by_core {
        rules.extend(&Rules::of(&["C.1", "C.6", "C.11"]));
        if running.physical && running.host.virtualization_only && running.machines > 0 {
            rules.add("C.7");
        }
        if running.physical && running.machines == 0 && product == Product::WindowsServer {
            rules.add("C.8");
        }
        if options.len() > 1 {
            rules.add("C.19");
        }
        let set = set(catalogue, row.minimum.as_deref().unwrap_or_default(), running.processors);
        facts.push(cores_in_words(running.processors, set));
    } else {
        rules.add(if row.rule == "A.1" { "A.1" } else { "A.5" });
        facts.push(counted(running.processors.len().max(1), "processor", "processors"));
    }
    if let Some(fact) = disabled_in_words(running) {
        rules.add("C.5");
        facts.push(fact);
    }
    facts.extend(running.facts());
    if running.peak.by.is_some() {
        rules.add("C.12");
    }
    if running.containers > 0 {
        rules.add("C.10");
    }
    if by_core
        && options.len() == 2
        && let Some(machines) = break_even(estate, options[0].sku, options[1].sku, choices[0].1.instances)
    {
        rules.add("C.20");
        facts.push(format!("by the prices given, Datacenter is cheaper from {machines} installations on (C.20)"));
    }
    Ok(Some(HostNeed {
        host: Some(running.index),
        id: &running.host.id,
        version,
        chosen,
        unpriced: without_price && options.iter().any(|other| other.count < chosen.count),
        options,
        newer: newer(catalogue, policy, running)?,
        group: None,
        for_minimum: 0,
        facts,
        // 2008: by processor, which no licence of later versions is
        datacenter: Some(last).filter(|_| row.formula != Formula::Processors || row.processors != Some(1)),
        physical: running.physical,
        is_by_machine: false,
        rules,
        at_least: running.processors.is_empty() || running.peak.at_least,
    }))
}

/// 0.5: what a host takes under newer versions that are licensed in another way, each with the first of these versions.
fn newer<'a>(
    catalogue: &'a Catalogue,
    policy: &Policy,
    running: &Running<'a>,
) -> Result<Vec<(VersionName, Choice<'a>)>, EstateError> {
    let version = running.version_or_newest();
    let of = |edition: Edition, version| right(catalogue, running.product, edition.name(), version, policy.spla);
    let mut found = Vec::new();
    for edition in Edition::ALL.into_iter().filter(|edition| *edition >= running.edition) {
        let mut last = of(edition, version).map(|row| &row.id);
        for newer in VersionName::WINDOWS.into_iter().filter(|newer| *newer > version) {
            let Some(row) = of(edition, newer) else { continue };
            if last.replace(&row.id) != Some(&row.id)
                && let Some(count) = count(catalogue, row, running.size())?
            {
                found.push((newer, Choice { sku: &row.sku, count }));
            }
        }
    }
    Ok(found)
}

/// The cheapest of choices that all have a price; without all prices the first one, and whether prices are missing.
pub(super) fn cheapest<'a>(estate: &Estate, choices: &[Choice<'a>]) -> (Choice<'a>, bool) {
    let prices: Option<Vec<UnitPrice>> = choices.iter().map(|choice| UnitPrice::of(estate, choice.sku)).collect();
    let Some(prices) = prices else { return (choices[0], true) };
    let mut best = 0;
    for other in 1..choices.len() {
        if prices[other].is_cheaper(choices[other].count, prices[best], choices[best].count) {
            best = other;
        }
    }
    (choices[best], false)
}

/// C.20: from how many instances on a host Datacenter costs less than stacks of Standard, by the estate's prices of cores.
/// The number of cores does not matter. `None` without both prices, or if it never does.
#[must_use]
pub fn break_even_machines(estate: &Estate, catalogue: &Catalogue) -> Option<u64> {
    let row = |edition| right(catalogue, Product::WindowsServer, edition, VersionName::NEWEST, estate.policy.spla);
    let (standard, datacenter) = (row("Standard")?, row("Datacenter")?);
    break_even(estate, &standard.sku, &datacenter.sku, standard.instances)
}

fn break_even(estate: &Estate, standard: &str, datacenter: &str, instances: Option<u32>) -> Option<u64> {
    let (standard, datacenter) = (UnitPrice::of(estate, standard)?, UnitPrice::of(estate, datacenter)?);
    let (standard, datacenter) = standard.ratio(datacenter).ok()?;
    // stacks that cost no more than one of Datacenter; the first instance of the next stack tips the scale
    datacenter.checked_div(standard)?.checked_mul(u64::from(instances?))?.checked_add(1)
}

fn cores_in_words(processors: &[u32], set: u64) -> String {
    if processors.is_empty() {
        return format!("its processors are not known: at least {set} cores");
    }
    format!(
        "processors of {} cores: the whole server is licensed for {set} cores, at least 8 per processor and 16 in all",
        listed(processors)
    )
}

/// At most sixteen numbers, then how many more.
fn listed(processors: &[u32]) -> String {
    const SHOWN: usize = 16;
    let mut cores: Vec<String> = processors.iter().take(SHOWN).map(u32::to_string).collect();
    if processors.len() > SHOWN {
        cores.push(format!("{} more", processors.len() - SHOWN));
    }
    cores.join(" + ")
}

/// C.5: both numbers, where they differ.
fn disabled_in_words(running: &Running<'_>) -> Option<String> {
    let sum = |cores: &[u32]| cores.iter().map(|&cores| u64::from(cores)).sum::<u64>();
    let (fitted, enabled) = (sum(&running.host.fitted), sum(&running.host.processors));
    (fitted > enabled && enabled > 0).then(|| {
        format!(
            "{fitted} cores are fitted and {enabled} enabled: {} counted, which is contested (C.5)",
            if running.processors == running.host.fitted.as_slice() {
                "all fitted are"
            } else {
                "only those enabled are"
            }
        )
    })
}
