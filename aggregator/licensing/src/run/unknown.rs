//! How far hosts and processors that are not known could move the number of licences to run (C.1, C.11), and what to find out.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    choice::HostNeed,
    count::{set, unit},
};
use crate::{
    book::Needed,
    checked::Checked,
    draft::Draft,
    estate::EstateError,
    findings::{counted, listed},
    position::{Interval, ToDo},
    prices::UnitPrice,
    version::VersionName,
};

const WINDOWS: &str = "windows-server/";
/// What machines of unknown size cost at least is told by this price.
const STANDARD: &str = "windows-server/standard/core";
/// The first version that is licensed by core.
const FIRST_BY_CORE: VersionName = VersionName::V2016;

/// Licences of one unit.
#[derive(Default)]
struct Range {
    /// As in the lines.
    likely: u64,
    /// How many of them may turn out not to be needed.
    fewer: u64,
    open_ended: bool,
}

/// Writes intervals and what to find out into the draft. `unplaced` are indexes of servers that no host is known of, `products`
/// what all together need, by sku.
pub(super) fn state(
    checked: &Checked<'_>,
    needs: &[HostNeed<'_>],
    unplaced: &[usize],
    products: &BTreeMap<&str, Needed>,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let mut ranges: BTreeMap<&str, Range> = BTreeMap::new();
    let needs = || needs.iter().filter(|need| need.chosen.sku.starts_with(WINDOWS));
    for need in needs() {
        let of = unit(need.chosen.sku);
        let range = ranges.entry(of).or_default();
        let alike = need.options.iter().filter(|option| unit(option.sku) == of).map(|option| option.count);
        let least = alike.chain([need.chosen.count]).min().unwrap_or(0);
        let least = match (need.host.is_some() && !unplaced.is_empty(), need.at_least) {
            // a newer machine that really runs there is licensed by core, and more machines may make Datacenter cheaper
            (true, _) if of != "core" => 0,
            (true, _) | (_, true) => least,
            _ => need.chosen.count,
        };
        range.fewer = range.fewer.saturating_add(need.chosen.count - least);
        range.open_ended |= need.at_least;
    }
    for (sku, needed) in products.iter().filter(|(sku, _)| sku.starts_with(WINDOWS)) {
        let range = ranges.entry(unit(sku)).or_default();
        range.likely = needed.by_version.values().fold(range.likely, |sum, count| sum.saturating_add(*count));
    }
    let servers = &checked.estate.servers;
    let by_core = |at: usize| servers[at].version.is_none_or(|version| version >= FIRST_BY_CORE);
    for &at in unplaced {
        ranges.entry(if by_core(at) { "core" } else { "licence" }).or_default().open_ended = true;
    }
    let unreported = &checked.estate.unreported;
    let of_unreported = |version: Option<VersionName>| version.is_none_or(|version| version >= FIRST_BY_CORE);
    for server in unreported {
        ranges.entry(if of_unreported(server.version) { "core" } else { "licence" }).or_default().open_ended = true;
    }
    for (of, Range { likely, fewer, open_ended }) in ranges {
        let lowest = likely.saturating_sub(fewer);
        if open_ended || lowest < likely {
            let unit = of.to_owned();
            draft.intervals.push(Interval {
                of: "windows-server".into(),
                unit,
                lowest,
                likely,
                highest: likely,
                open_ended,
            });
        }
    }

    let price = UnitPrice::of(checked.estate, STANDARD);
    let least = |at: usize| if by_core(at) { set(checked.catalogue, "windows-server", &[]) } else { 1 };
    for (is_virtual, what, rule) in [
        (true, "virtual server(s) runs, its licences attach to the host and are not in the number", "C.11"),
        (false, "physical server(s) has, its licences are not in the number", "C.1"),
    ] {
        let some: Vec<usize> = unplaced.iter().copied().filter(|&at| servers[at].is_virtual == is_virtual).collect();
        if some.is_empty() {
            continue;
        }
        let cores: u64 = some.iter().filter(|&&at| by_core(at)).map(|&at| least(at)).fold(0, u64::saturating_add);
        let names: BTreeSet<&str> = some.iter().map(|&at| servers[at].id.as_str()).collect();
        let ask = if is_virtual { "Say on which host each of" } else { "Give the processors that each of" };
        draft.to_do.push(ToDo {
            what: format!("{ask} {} {what}: {}", names.len(), listed(&names)),
            may_add: some.iter().map(|&at| least(at)).fold(0, u64::saturating_add),
            may_add_minor: price.map_or(Ok(0), |price| price.cost(cores))?,
            rules: vec![rule.to_owned()],
        });
    }
    if !unreported.is_empty() {
        let one = set(checked.catalogue, "windows-server", &[]);
        let by_core = unreported.iter().filter(|server| of_unreported(server.version)).count() as u64;
        let cores = by_core.saturating_mul(one);
        let names: BTreeSet<&str> = unreported.iter().map(|server| server.id.as_str()).collect();
        draft.to_do.push(ToDo {
            what: format!(
                "Bring in reports of {} that a directory knows of and that report nothing, their licences to run are not in the \
                 number: {}",
                counted(names.len(), "server", "servers"),
                listed(&names)
            ),
            may_add: cores.saturating_add(unreported.len() as u64 - by_core),
            may_add_minor: price.map_or(Ok(0), |price| price.cost(cores))?,
            rules: vec!["C.1".into(), "I.4".into()],
        });
    }
    let names: BTreeSet<&str> = needs().filter(|need| need.at_least).map(|need| need.id).collect();
    if !names.is_empty() {
        let (mut licences, mut minor) = (0_u64, 0_u64);
        for need in needs().filter(|need| need.at_least) {
            licences = licences.saturating_add(need.chosen.count);
            minor = minor.saturating_add(need.chosen.cost(checked.estate)?.unwrap_or(0));
        }
        draft.to_do.push(ToDo {
            what: format!(
                "Give the processors of {} host(s) or machine(s), which count with the least that any needs: {}",
                names.len(),
                listed(&names)
            ),
            may_add: licences,
            may_add_minor: minor,
            rules: vec!["C.1".into()],
        });
    }
    Ok(())
}
