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
    book::Needed,
    checked::Checked,
    draft::Draft,
    estate::{Estate, EstateError},
    findings::Rules,
    owned::Quantities,
    version::VersionName,
};

/// Writes the lines, hosts and warnings of licences to run Windows Server into the draft.
pub(crate) fn licences(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<(), EstateError> {
    let estate = checked.estate;
    let placement = Placement::of(checked)?;
    let mut stock = Stock::of(estate, checked.catalogue);
    let mut found = needs::needs(checked, &placement, &estate.policy, &stock)?;
    draft.warnings.0.append(&mut found.warnings.0);
    draft.violations.append(&mut found.violations);
    let (mut managed, warnings) = management::needs(checked, &placement, &estate.policy, &stock)?;
    let said = |warning: &String| !draft.warnings.0.contains(warning);
    let warnings: Vec<String> = warnings.0.into_iter().filter(said).collect();
    draft.warnings.0.extend(warnings);
    let readings = readings::readings(checked, &placement, &stock, &found.all, &managed)?;
    draft.readings.extend(readings);
    draft.server_suites = suite_offer::offer(checked, &found.all, &managed)?;
    caps::check(checked, &placement, draft);
    terms::of_releases(checked, &placement, &found.all, &stock, draft)?;
    terms::of_machines(checked, &placement, &found, &mut stock, draft);
    oem::stay(checked, &mut found.all, &mut stock, draft);
    downgrade::use_idle_datacenter(&stock, &mut found.all);
    terms::of_managed_machines(&managed, &mut stock, draft);
    downgrade::use_idle_datacenter(&stock, &mut managed);

    let mut products = by_product(&found.all)?;
    if let Some((version, used)) = found.in_azure {
        use_in_azure(&mut products, version, used);
    }
    unknown::state(checked, &found.all, &found.unplaced, &products, draft)?;
    for products in [&products, &by_product(&managed)?] {
        let needed = |sku: &str| products.get(sku).map_or_else(Quantities::new, |needed| needed.by_version.clone());
        let turned = stock.grant_cores(needed);
        terms::of_grants(&turned, draft);
    }
    let shares = suites::share(checked, &stock, (&found.all, &products), &mut managed)?;
    products.extend(by_product(&managed)?);
    for host in found.all.iter().chain(&managed) {
        draft.hosts.push(licence(estate, host)?);
    }
    for (sku, (by_version, owned)) in &shares.suites {
        let used = Needed { by_version: by_version.clone(), rules: Rules::of(&["G.8"]), ..Needed::default() };
        draft.book.add(sku, count::unit(sku), &used, owned)?;
    }
    // what is owned is written down whether it is needed or not
    let mut skus: BTreeSet<&str> = checked.catalogue.rights.iter().map(|row| row.sku.as_str()).collect();
    skus.extend([machine::STANDARD, machine::DATACENTER, management::BY_MACHINE]);
    for sku in skus {
        let none = Needed { rules: Rules::of(&["C.11"]), ..Needed::default() };
        let owned = shares.owned.get(sku).cloned().unwrap_or_else(|| stock.of_sku(sku));
        draft.book.add(sku, count::unit(sku), products.get(sku).unwrap_or(&none), &owned)?;
    }
    if !shares.suites.is_empty() && !managed.is_empty() {
        // another edition for a host would leave its suite managing nothing, which this choice does not weigh (G.8)
        return Ok(());
    }
    servers::cheapest(checked, &found, draft)
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
