//! Licences to run Windows Server, host by host: what runs where, and how many licences of which kind that needs.
//!
//! Licences attach to the host (rule C.11). Clusters, licensing by virtual machine and SPLA will be modules beside these.

mod cores;
mod earlier;
mod host;

use std::collections::BTreeMap;

use host::running;

use crate::{
    assessment::{HostLicence, HostOption},
    book::Needed,
    catalogue::Model,
    checked::Checked,
    draft::Draft,
    estate::{Estate, EstateError},
    findings::{Rules, Warnings},
    owned::{Quantities, balance, owned},
    prices::UnitPrice,
    version::VersionName,
};

/// A product that licenses a host, as a position line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Product {
    DatacenterCore,
    DatacenterLicence,
    DatacenterProcessor,
    EnterpriseLicence,
    StandardCore,
    StandardLicence,
}

impl Product {
    pub const ALL: [Self; 6] = [
        Self::DatacenterCore,
        Self::DatacenterLicence,
        Self::DatacenterProcessor,
        Self::EnterpriseLicence,
        Self::StandardCore,
        Self::StandardLicence,
    ];

    pub fn sku(self) -> &'static str {
        match self {
            Self::DatacenterCore => "windows-server/datacenter/core",
            Self::DatacenterLicence => "windows-server/datacenter/licence",
            Self::DatacenterProcessor => "windows-server/datacenter/processor",
            Self::EnterpriseLicence => "windows-server/enterprise/licence",
            Self::StandardCore => "windows-server/standard/core",
            Self::StandardLicence => "windows-server/standard/licence",
        }
    }

    pub fn unit(self) -> &'static str {
        match self {
            Self::DatacenterCore | Self::StandardCore => "core",
            Self::DatacenterProcessor => "processor",
            Self::DatacenterLicence | Self::EnterpriseLicence | Self::StandardLicence => "licence",
        }
    }
}

/// Licences that would do for one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub product: Product,
    pub count: u64,
}

/// What one host needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostNeed {
    pub id: String,
    pub version: VersionName,
    pub chosen: Choice,
    /// All that would do, the chosen one among them.
    pub options: Vec<Choice>,
    /// What the count comes from, in words.
    pub facts: Vec<String>,
    /// The same host under Datacenter, if what runs there may also run under it.
    pub datacenter: Option<Choice>,
    pub rules: Rules,
    /// Whether the number is only the least possible, for lack of facts.
    pub at_least: bool,
}

/// Writes the lines, hosts and warnings of licences to run Windows Server into the draft.
pub(crate) fn licences(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<(), EstateError> {
    let products = needs(checked, &mut draft.warnings, &mut draft.hosts)?;
    for product in Product::ALL {
        let owned = owned(checked.estate, product.sku(), |version| version);
        let none = Needed { rules: Rules::of(&["C.11"]), ..Needed::default() };
        draft.book.add(product.sku(), product.unit(), products.get(&product).unwrap_or(&none), &owned)?;
    }
    Ok(())
}

/// What all hosts together need.
fn needs(
    checked: &Checked<'_>,
    warnings: &mut Warnings,
    licensed: &mut Vec<HostLicence>,
) -> Result<BTreeMap<Product, Needed>, EstateError> {
    let estate = checked.estate;
    let mut hosts = Vec::new();
    let mut unpriced = Vec::new();
    let mut not_computed = Vec::new();
    for running in running(checked, warnings) {
        let need = match checked.catalogue.version(running.version).model {
            Model::Cores => cores::need(estate, &running, &mut unpriced),
            Model::Processors | Model::Instances => earlier::need(checked, &running, &mut unpriced),
            Model::Server => {
                not_computed.push(running.host);
                continue;
            }
        };
        hosts.push(need);
    }
    warnings.about(not_computed, |count, list| {
        format!("{count} host(s) run 2003 only, whose server licences are not computed yet (A.1): count them by hand: {list}")
    });
    warnings.about(unpriced, |count, list| {
        format!(
            "{count} host(s) could be cheaper under another edition, which cannot be told without the prices of both \
             (C.19); counted as Standard: give prices. Hosts: {list}"
        )
    });
    use_idle_datacenter(estate, &mut hosts);

    let mut products: BTreeMap<Product, Needed> = BTreeMap::new();
    for host in hosts {
        licensed.push(licence(estate, &host)?);
        let product = products.entry(host.chosen.product).or_default();
        *product.by_version.entry(host.version).or_default() += host.chosen.count;
        product.lots.push((host.version, host.chosen.count));
        product.rules.extend(&host.rules);
        product.at_least |= host.at_least;
    }
    Ok(products)
}

/// What an explanation tells about a host.
fn licence(estate: &Estate, host: &HostNeed) -> Result<HostLicence, EstateError> {
    let option = |choice: &Choice| -> Result<HostOption, EstateError> {
        let sku = choice.product.sku();
        let price = UnitPrice::of(estate, sku);
        let cost_minor = price.map(|price| price.cost(choice.count)).transpose()?;
        Ok(HostOption { sku: sku.into(), unit: choice.product.unit().into(), count: choice.count, cost_minor })
    };
    Ok(HostLicence {
        id: host.id.clone(),
        version: host.version,
        chosen: option(&host.chosen)?,
        options: host.options.iter().map(option).collect::<Result<_, _>>()?,
        facts: host.facts.clone(),
        rules: host.rules.ids(),
        at_least: host.at_least,
    })
}

/// Datacenter licences owned and not needed elsewhere may cover a host that would need Standard ones that are not owned;
/// never the reverse. The host that needs most is helped first.
fn use_idle_datacenter(estate: &Estate, hosts: &mut [HostNeed]) {
    for (standard, datacenter) in
        [(Product::StandardCore, Product::DatacenterCore), (Product::StandardLicence, Product::DatacenterLicence)]
    {
        // short and surplus over all versions of a product
        let state = |hosts: &[HostNeed], product: Product| {
            let mut needed = Quantities::new();
            for host in hosts.iter().filter(|host| host.chosen.product == product) {
                *needed.entry(host.version).or_default() += host.chosen.count;
            }
            let lines = balance(&needed, &owned(estate, product.sku(), |version| version));
            lines.iter().fold((0, 0), |(short, surplus), line| (short + line.short, surplus + line.surplus))
        };
        let (mut standard_short, _) = state(hosts, standard);
        let (mut datacenter_short, mut idle) = state(hosts, datacenter);
        let mut order: Vec<usize> = (0..hosts.len()).filter(|&at| hosts[at].chosen.product == standard).collect();
        // a stable sort: hosts come by id
        order.sort_by_key(|&at| std::cmp::Reverse(hosts[at].chosen.count));
        for at in order {
            let Some(choice) = hosts[at].datacenter else { continue };
            if standard_short == 0 || choice.product != datacenter || choice.count > idle {
                continue;
            }
            let kept = std::mem::replace(&mut hosts[at].chosen, choice);
            let (short, (other_short, other_idle)) = (state(hosts, standard).0, state(hosts, datacenter));
            if other_short > datacenter_short || short >= standard_short {
                hosts[at].chosen = kept;
            } else {
                (standard_short, datacenter_short, idle) = (short, other_short, other_idle);
            }
        }
    }
}

/// The cheapest of choices that all have a price; without all prices the first one, and whether prices are missing.
fn cheapest(estate: &Estate, choices: &[Choice]) -> (Choice, bool) {
    let prices: Option<Vec<UnitPrice>> =
        choices.iter().map(|choice| UnitPrice::of(estate, choice.product.sku())).collect();
    let Some(prices) = prices else { return (choices[0], true) };
    let mut best = 0;
    for other in 1..choices.len() {
        if prices[other].is_cheaper(choices[other].count, prices[best], choices[best].count) {
            best = other;
        }
    }
    (choices[best], false)
}
