//! Passive replicas (rule D.11): free beside an active instance with Software Assurance, one for one. Where there are more of them,
//! those are free with which the least must be bought, given what is owned (E.29).

use std::cmp::Reverse;

use super::{Edition, Way, assured, instances::Instance, needs, of_server};
use crate::{
    checked::Checked,
    draft::Draft,
    estate::{EstateError, SqlModel},
    owned::{balance, owned},
    prices::UnitPrice,
    run::{by_product, placement::Placement},
    version::VersionName,
};

/// Choices that are all tried at most.
const WAYS: usize = 512;
/// Choices times instances at most.
const WORK: usize = 1_000_000;

/// Instances that count; the others leave a word in the draft.
pub(super) fn leave_out<'i, 'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    all: &'i [Instance<'a>],
    way: &Way,
    draft: &mut Draft<'_>,
) -> Result<Vec<&'i Instance<'a>>, EstateError> {
    let rests = |instance: &Instance<'_>| {
        instance.row.passive || checked.estate.servers[instance.server as usize].disaster_recovery
    };
    let (passive, mut active): (Vec<&Instance<'a>>, Vec<&Instance<'a>>) = all.iter().partition(|it| rests(it));
    let most = if assured(checked.estate) { active.len().min(passive.len()) } else { 0 };
    let kinds = kinds(checked, placement, &passive, way)?;
    let choice = Choice { checked, placement, way, active: &active, kinds: &kinds };
    let (counts, proven) = choice.best(most)?;
    let (mut free, mut counted) = (Vec::new(), Vec::new());
    for (kind, count) in kinds.iter().zip(counts) {
        free.extend(kind[..count].iter().map(|instance| instance.row.id.as_str()));
        counted.extend(kind[count..].iter().map(|instance| instance.row.id.as_str()));
        active.extend_from_slice(&kind[count..]);
    }
    let too_many = free.len() == most;
    draft.warnings.about(free, |count, list| {
        format!(
            "{count} passive instance(s) of SQL Server need no licence as long as an active one beside each has Software \
             Assurance and they answer nobody (D.11): {list}"
        )
    });
    draft.warnings.about(counted, |count, list| {
        let why = if too_many {
            "for lack of active ones with Software Assurance"
        } else {
            "for without them the rest would cost more"
        };
        format!("{count} passive instance(s) of SQL Server count, {why} (D.11): {list}")
    });
    if !proven {
        draft.warnings.0.push(
            "which passive instances of SQL Server need no licence was chosen by what each would cost by itself; another choice may leave \
             less to buy (D.11, E.29)"
                .into(),
        );
    }
    Ok(active)
}

/// Passive instances alike and on one server, those that would cost most by themselves first.
fn kinds<'i, 'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    passive: &[&'i Instance<'a>],
    way: &Way,
) -> Result<Vec<Vec<&'i Instance<'a>>>, EstateError> {
    let mut order = Vec::new();
    for (at, instance) in passive.iter().enumerate() {
        let model = if instance.model == SqlModel::Host { SqlModel::Core } else { instance.model };
        let alone = of_server(checked, placement, &[instance], model, way)?.chosen;
        let cost = (alone.cost(checked.estate)?.unwrap_or(0), alone.count);
        order.push((Reverse((cost, instance.edition, instance.version)), at));
    }
    // names decide only between those alike
    order.sort_unstable();
    let mut kinds: Vec<Vec<&Instance<'a>>> = Vec::new();
    for instance in order.into_iter().map(|(_, at)| passive[at]) {
        match kinds.iter_mut().find(|kind| is_alike(kind[0], instance)) {
            Some(kind) => kind.push(instance),
            None => kinds.push(vec![instance]),
        }
    }
    Ok(kinds)
}

fn is_alike(one: &Instance<'_>, other: &Instance<'_>) -> bool {
    let key = |it: &Instance<'_>| (it.server, it.edition, it.version, it.model, it.declared, it.certain);
    key(one) == key(other) && one.row.ran_on == other.row.ran_on
}

struct Choice<'c, 'i, 'a> {
    checked: &'c Checked<'a>,
    placement: &'c Placement<'a>,
    way: &'c Way,
    active: &'c [&'i Instance<'a>],
    kinds: &'c [Vec<&'i Instance<'a>>],
}

/// What must be bought in money and in licences, how many count although they need not, and what is needed.
type Cost = (u64, u64, usize, Vec<(&'static str, VersionName, u64)>);

impl Choice<'_, '_, '_> {
    /// How many of each kind are free, at most `most`, and whether no other choice leaves less to buy.
    fn best(&self, most: usize) -> Result<(Vec<usize>, bool), EstateError> {
        let mut left = most;
        let first: Vec<usize> = self
            .kinds
            .iter()
            .map(|kind| {
                let count = kind.len().min(left);
                left -= count;
                count
            })
            .collect();
        if most == 0 {
            return Ok((first, true));
        }
        let Some(ways) = self.ways(most) else { return Ok((first, false)) };
        let mut best = (self.cost(&first, most)?, first);
        for counts in ways {
            let cost = self.cost(&counts, most)?;
            if cost < best.0 {
                best = (cost, counts);
            }
        }
        Ok((best.1, true))
    }

    /// All of them, unless they are too many.
    fn ways(&self, most: usize) -> Option<Vec<Vec<usize>>> {
        let all: usize = self.kinds.iter().map(Vec::len).sum();
        let room = WAYS.min(WORK / (self.active.len() + all).max(1));
        let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
        for kind in self.kinds {
            let mut next = Vec::new();
            for way in &ways {
                let left = most - way.iter().sum::<usize>();
                next.extend((0..=kind.len().min(left)).map(|count| [&way[..], &[count]].concat()));
                if next.len() > room {
                    return None;
                }
            }
            ways = next;
        }
        Some(ways)
    }

    fn cost(&self, free: &[usize], most: usize) -> Result<Cost, EstateError> {
        let estate = self.checked.estate;
        let counted = self.kinds.iter().zip(free).flat_map(|(kind, &count)| &kind[count..]);
        let active: Vec<&Instance<'_>> = self.active.iter().chain(counted).copied().collect();
        let products = by_product(&needs(self.checked, self.placement, &active, self.way)?)?;
        let (mut minor, mut short, mut needed) = (0_u64, 0_u64, Vec::new());
        for sku in Edition::ALL.into_iter().flat_map(Edition::skus) {
            let Some(product) = products.get(sku) else { continue };
            let price = UnitPrice::of(estate, sku);
            for line in balance(&product.by_version, &owned(estate, sku, |version| version)) {
                minor = minor.saturating_add(price.map_or(Ok(0), |price| price.cost(line.short))?);
                short = short.saturating_add(line.short);
                needed.push((sku, line.version, line.needed));
            }
        }
        Ok((minor, short, most - free.iter().sum::<usize>(), needed))
    }
}
