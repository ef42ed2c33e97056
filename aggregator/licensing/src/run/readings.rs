//! What another reading of an open question comes to: the same count under another value of a policy switch (section X).

use std::collections::BTreeMap;

use super::{
    choice::HostNeed, downgrade::use_idle_datacenter, management, needs::needs, placement::Placement, stock::Stock,
};
use crate::{
    book::NO_CURRENCY,
    checked::Checked,
    estate::{ClusterPeak, EstateError, Policy},
    position::{Reading, ReadingLine},
    prices::UnitPrice,
    version::VersionName,
    words::Money,
};

/// Licences needed, by sku and version.
pub(crate) type Totals = BTreeMap<(String, VersionName), u64>;

pub(crate) fn totals(needs: &[HostNeed<'_>]) -> Totals {
    let mut totals = Totals::new();
    for need in needs {
        let sum = totals.entry((need.chosen.sku.to_owned(), need.version)).or_default();
        *sum = sum.saturating_add(need.chosen.count);
    }
    totals
}

/// Lines that differ.
pub(crate) fn difference(here: &Totals, otherwise: &Totals) -> Vec<ReadingLine> {
    let keys: std::collections::BTreeSet<_> = here.keys().chain(otherwise.keys()).collect();
    keys.into_iter()
        .map(|key| ReadingLine {
            sku: key.0.clone(),
            version: key.1.name().to_owned(),
            needed: here.get(key).copied().unwrap_or(0),
            otherwise: otherwise.get(key).copied().unwrap_or(0),
        })
        .filter(|line| line.needed != line.otherwise)
        .collect()
}

/// What lies between the two numbers in money, if all of it has a price.
fn saved(checked: &Checked<'_>, lines: &[ReadingLine]) -> Result<Option<Money>, EstateError> {
    let (mut here, mut otherwise) = (0_u64, 0_u64);
    for line in lines {
        let Some(price) = UnitPrice::of(checked.estate, &line.sku) else { return Ok(None) };
        here = here.saturating_add(price.cost(line.needed)?);
        otherwise = otherwise.saturating_add(price.cost(line.otherwise)?);
    }
    let currency = Some(checked.estate.currency.as_str()).filter(|code| !code.is_empty()).unwrap_or(NO_CURRENCY);
    Ok(Some(Money { minor: here.abs_diff(otherwise), currency: currency.to_owned() }))
}

/// The readings of open questions that touch this estate and differ.
pub(super) fn readings<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    (stock, resting): (&Stock, Option<&[usize]>),
    here: &[HostNeed<'a>],
    managed: &[HostNeed<'a>],
) -> Result<Vec<Reading>, EstateError> {
    let estate = checked.estate;
    let policy = &estate.policy;
    let mut others: Vec<(String, &str, Policy)> = Vec::new();
    // C.12: the worst case always stands beside the number
    if !placement.clusters.is_empty() && policy.cluster_peak != Some(ClusterPeak::WorstCase) {
        others.push((
            "cluster_peak = \"worst-case\"".into(),
            "how many machines a host of a cluster must be ready for: here every machine that may ever run on it (C.12)",
            Policy { cluster_peak: Some(ClusterPeak::WorstCase), ..policy.clone() },
        ));
    }
    if estate.hosts.iter().any(|host| !host.fitted.is_empty()) {
        let counted = !policy.disabled_cores_count;
        others.push((
            format!("disabled_cores_count = {counted}"),
            "whether cores count that are disabled at the hardware level: published answers disagree (C.5)",
            Policy { disabled_cores_count: counted, ..policy.clone() },
        ));
    }
    let after = |mut needs: Vec<HostNeed<'a>>, mut managed: Vec<HostNeed<'a>>| {
        use_idle_datacenter(stock, &mut needs, &managed);
        use_idle_datacenter(stock, &mut managed, &needs);
        needs.append(&mut managed);
        totals(&needs)
    };
    let here = if others.is_empty() { Totals::new() } else { after(here.to_vec(), managed.to_vec()) };
    let mut readings = Vec::new();
    for (switch, question, policy) in others {
        let other = needs(checked, placement, &policy, stock, resting)?.all;
        let managed = management::needs(checked, placement, &policy, stock)?.all;
        let lines = difference(&here, &after(other, managed));
        if !lines.is_empty() {
            let question = match saved(checked, &lines)? {
                Some(saved) if switch.starts_with("disabled_cores_count") => {
                    format!("{question}; the fewer cost {saved} less at list price")
                }
                _ => question.into(),
            };
            readings.push(Reading { policy: switch, question, lines });
        }
    }
    Ok(readings)
}
