//! Licences to run Windows Server: what runs where, how many licences of which kind that needs, and what is owned of them.
//!
//! Licences by core attach to hosts (rule C.11), those by virtual machine to the machine (C.14).

mod caps;
mod choice;
pub(crate) mod count;
mod downgrade;
pub(crate) mod host;
mod machine;
mod management;
mod needs;
mod oem;
mod own;
mod peak;
pub(crate) mod placement;
pub(crate) mod readings;
mod recovery;
mod servers;
pub(crate) mod stock;
mod suite_offer;
mod suites;
mod terms;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};

pub use choice::break_even_machines;
pub(crate) use choice::{Choice, HostNeed};
pub use machine::azure_machines;
pub(crate) use management::{NAME as SYSTEM_CENTER, version_unknown};
use placement::Placement;
use stock::Stock;

use crate::{
    assessment::{HostLicence, HostOption},
    book::{Book, Needed},
    checked::Checked,
    draft::Draft,
    estate::{Estate, EstateError},
    findings::Rules,
    owned::Quantities,
    version::VersionName,
};

/// Writes the lines, hosts and warnings of licences to run Windows Server into the draft.
pub(crate) fn licences(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<(), EstateError> {
    let placement = Placement::of(checked)?;
    let ways = needs::resting_ways(checked, &placement, &Stock::of(checked.estate, checked.catalogue))?;
    recovery::settle(checked, &ways, draft, &|draft, resting| write_licences(checked, &placement, resting, draft))
}

/// With these resting instances left out, else those of list prices (C.23).
fn write_licences(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    resting: Option<&[usize]>,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let estate = checked.estate;
    let mut stock = Stock::of(estate, checked.catalogue);
    let mut found = needs::needs(checked, placement, &estate.policy, &stock, resting)?;
    if let Some(tied) = &draft.tied {
        found.tie(tied);
    }
    draft.warnings.0.append(&mut found.warnings.0);
    draft.violations.append(&mut found.violations);
    let mut managed = management::needs(checked, placement, &estate.policy, &stock)?;
    let said = |warning: &String| !draft.warnings.0.contains(warning);
    let warnings: Vec<String> = std::mem::take(&mut managed.warnings.0).into_iter().filter(said).collect();
    draft.warnings.0.extend(warnings);
    let readings = readings::readings(checked, placement, (&stock, resting), &found.all, &managed.all)?;
    draft.readings.extend(readings);
    draft.server_suites = suite_offer::offer(checked, &found.all, &managed.all)?;
    caps::check(checked, placement, draft);
    terms::of_releases(checked, placement, &found.all, &stock, draft)?;
    terms::of_machines(checked, placement, &found, &mut stock, draft);
    oem::stay(checked, &mut found.all, &mut stock, draft);
    downgrade::use_idle_datacenter(&stock, &mut found.all, &managed.all);
    terms::of_managed_machines(&managed.all, &mut stock, draft);
    downgrade::use_idle_datacenter(&stock, &mut managed.all, &found.all);

    let mut products = by_product(&found.all)?;
    if let Some((version, used)) = found.in_azure {
        use_in_azure(&mut products, version, used);
    }
    unknown::state(checked, &found.all, &found.unplaced, &products, draft)?;
    for products in [&products, &by_product(&managed.all)?] {
        let turned = stock.grant_cores(|sku| of_version(products, sku));
        terms::of_grants(&turned, draft);
    }
    suites::manage_under_datacenter(checked, &stock, &found.all, &mut managed.all);
    let settled = Settled::of(checked, &stock, (&found.all, products), &managed.all)?;
    for host in found.all.iter().chain(&managed.all) {
        draft.hosts.push(licence(estate, host)?);
    }
    // what is owned is written down whether it is needed or not
    let mut skus: BTreeSet<&str> = checked.catalogue.rights.iter().map(|row| row.sku.as_str()).collect();
    skus.extend([machine::STANDARD, machine::DATACENTER, management::BY_MACHINE]);
    settled.write(skus, &stock, &mut draft.book)?;
    servers::cheapest(checked, &found, &managed, draft)
}

/// What hosts and machines need of all products, with suites on their hosts (G.8).
struct Settled<'a> {
    /// By sku.
    products: BTreeMap<&'a str, Needed>,
    shares: suites::Shares,
}

impl<'a> Settled<'a> {
    /// `to_run` is what is needed of Windows Server by sku.
    fn of(
        checked: &Checked<'a>,
        stock: &Stock,
        (windows, to_run): (&[HostNeed<'a>], BTreeMap<&'a str, Needed>),
        managed: &[HostNeed<'a>],
    ) -> Result<Self, EstateError> {
        let shares = suites::share(checked, stock, (windows, &to_run), managed)?;
        let mut products = to_run;
        products.extend(by_product(managed)?);
        Ok(Self { products, shares })
    }

    fn owned(&self, sku: &str, stock: &Stock) -> Quantities {
        self.shares.owned.get(sku).cloned().unwrap_or_else(|| stock.of_sku(sku))
    }

    /// Lines of suites and of these products.
    fn write<'s>(
        &self,
        skus: impl IntoIterator<Item = &'s str>,
        stock: &Stock,
        book: &mut Book<'_>,
    ) -> Result<(), EstateError> {
        for (sku, (by_version, owned)) in &self.shares.suites {
            let used = Needed { by_version: by_version.clone(), rules: Rules::of(&["G.8"]), ..Needed::default() };
            book.add(sku, count::unit(sku), &used, owned)?;
        }
        let none = Needed { rules: Rules::of(&["C.11"]), ..Needed::default() };
        for sku in skus {
            book.add(sku, count::unit(sku), self.products.get(sku).unwrap_or(&none), &self.owned(sku, stock))?;
        }
        Ok(())
    }
}

/// What is needed of a product, by version.
fn of_version(products: &BTreeMap<&str, Needed>, sku: &str) -> Quantities {
    products.get(sku).map_or_else(Quantities::new, |needed| needed.by_version.clone())
}

/// C.21: licences of Datacenter serve hosts and Azure at once, so the larger of both needs is what is needed.
fn use_in_azure(products: &mut BTreeMap<&str, Needed>, version: VersionName, used: u64) {
    let needed = products.entry(stock::DATACENTER).or_default();
    let more = needed.by_version.values().fold(used, |left, on_hosts| left.saturating_sub(*on_hosts));
    if more > 0 {
        *needed.by_version.entry(version).or_default() += more;
        needed.lots.push((version, more));
        needed.rules.add("C.21");
    }
}

/// What all hosts together need, by sku.
pub(crate) fn by_product<'a>(needs: &[HostNeed<'a>]) -> Result<BTreeMap<&'a str, Needed>, EstateError> {
    let mut products: BTreeMap<&str, Needed> = BTreeMap::new();
    for host in needs.iter().filter(|need| need.chosen.count > 0) {
        let product = products.entry(host.chosen.sku).or_default();
        let sum = product.by_version.entry(host.version).or_default();
        *sum = sum
            .checked_add(host.chosen.count)
            .ok_or_else(|| EstateError::TooLarge(format!("all licences `{}`", host.chosen.sku)))?;
        product.lots.push((host.version, host.chosen.count));
        product.rules.extend(&host.rules);
        product.at_least |= host.at_least;
    }
    Ok(products)
}

/// What an explanation tells about a host.
pub(crate) fn licence(estate: &Estate, host: &HostNeed<'_>) -> Result<HostLicence, EstateError> {
    let option = |choice: &Choice<'_>| -> Result<HostOption, EstateError> {
        Ok(HostOption {
            sku: choice.sku.into(),
            unit: choice.unit().into(),
            count: choice.count,
            cost_minor: choice.cost(estate)?,
        })
    };
    Ok(HostLicence {
        id: host.id.to_owned(),
        version: host.version,
        chosen: option(&host.chosen)?,
        options: host.options.iter().map(option).collect::<Result<_, _>>()?,
        with_owned: None,
        facts: host.facts.clone(),
        rules: host.rules.ids(),
        at_least: host.at_least,
    })
}
