//! Which resting instances are left out given what is owned (rules C.23, E.29): every choice is counted through to what must be
//! bought, and the cheapest is kept, that of list prices among several.

use std::collections::BTreeMap;

use super::{resting, sorted};
use crate::{
    checked::Checked,
    draft::{Draft, add},
    estate::{EstateError, Server},
    run::{placement::Placement, stock::Stock},
};

/// Choices that are all tried at most.
const WAYS: usize = 256;
/// Choices times hosts and servers at most.
const WORK: usize = 2_000_000;

/// Which instances may be left out.
pub(in crate::run) enum Ways {
    /// There is nothing to choose.
    None,
    /// Every choice that differs, as indexes of servers.
    All(Vec<Vec<usize>>),
    /// More than can be tried.
    TooMany,
}

impl Ways {
    /// `counted` are the servers whose hosts must be licensed for them.
    pub fn of(checked: &Checked<'_>, placement: &Placement<'_>, stock: &Stock, counted: &[bool]) -> Self {
        let estate = checked.estate;
        let resting = resting(checked, counted);
        if resting.is_empty() || !stock.is_assured() {
            return Self::None;
        }
        let (_, apart, production) = sorted(checked, placement, counted, resting);
        let most = production.min(apart.len());
        if most == 0 {
            return Self::None;
        }
        // those alike in everything but their names
        let mut alike: Vec<(Server, Vec<usize>)> = Vec::new();
        for &at in &apart {
            let row = &estate.servers[at];
            let is_named = estate.entitlements.iter().any(|entitlement| entitlement.assigned_to.contains(&row.id));
            let unnamed = if is_named { row.clone() } else { Server { id: String::new(), ..row.clone() } };
            match alike.iter_mut().find(|(kind, _)| *kind == unnamed) {
                Some((_, members)) => members.push(at),
                None => alike.push((unnamed, vec![at])),
            }
            if alike.len() > WAYS {
                return Self::TooMany;
            }
        }
        let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
        let room = WAYS.min(WORK / (estate.hosts.len() + estate.servers.len()));
        for (_, members) in &alike {
            let so_far = ways.clone();
            for count in 1..=members.len() {
                let more = so_far.iter().filter(|way| way.len() + count <= most);
                ways.extend(more.map(|way| [&way[..], &members[..count]].concat()));
                if ways.len() > room {
                    return Self::TooMany;
                }
            }
        }
        Self::All(ways)
    }
}

/// What a choice comes to.
struct Trial {
    /// To be bought.
    cost: u64,
    /// To be bought at least.
    least: u64,
    /// What is needed, so that names decide between equals only.
    needed: Vec<(String, String, u64)>,
    /// What is short and has no price, by product.
    unpriced: BTreeMap<String, u64>,
}

impl Trial {
    /// Whether money tells which is cheaper: what has no price is short no more than there.
    fn compares(&self, other: &Self) -> bool {
        self.unpriced.iter().all(|(sku, short)| other.unpriced.get(sku).is_some_and(|there| short <= there))
    }
}

fn tried(draft: &Draft<'_>) -> Result<Trial, EstateError> {
    let lines = &draft.book.lines;
    let mut unpriced: BTreeMap<String, u64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.short > 0 && line.currency.is_empty()) {
        let short = unpriced.entry(line.sku.clone()).or_default();
        *short = short.saturating_add(line.short);
    }
    let all = lines.iter().try_fold(0, |sum, line| add(sum, line.cost_minor))?;
    let servers = draft.servers.as_ref();
    let cost = all.saturating_sub(servers.map_or(0, |servers| servers.saving_minor));
    let open = servers.map_or(0, |servers| servers.cost_minor - servers.lower_bound_minor);
    let of_servers = servers.iter().flat_map(|servers| &servers.lines);
    let needed = lines.iter().chain(of_servers).filter(|line| line.needed > 0);
    let needed = needed.map(|line| (line.sku.clone(), line.version.clone(), line.needed)).collect();
    Ok(Trial { cost, least: cost.saturating_sub(open), needed, unpriced })
}

/// Counts all hosts into a draft, with these left out or those of list prices.
pub(in crate::run) type Licences<'f> = &'f dyn Fn(&mut Draft<'_>, Option<&[usize]>) -> Result<(), EstateError>;

/// Counts all hosts into the draft by `licences`, with those left out with which the least must be bought.
pub(in crate::run) fn settle(
    checked: &Checked<'_>,
    ways: &Ways,
    draft: &mut Draft<'_>,
    licences: Licences<'_>,
) -> Result<(), EstateError> {
    let all = match ways {
        Ways::None => return licences(draft, None),
        Ways::TooMany => {
            licences(draft, None)?;
            unproven(draft);
            return Ok(());
        }
        Ways::All(all) => all,
    };
    let of_way = |way: Option<&[usize]>| {
        let mut trial = Draft { tied: draft.tied.clone(), ..Draft::of(checked) };
        licences(&mut trial, way)?;
        tried(&trial)
    };
    let plain = of_way(None)?;
    let (mut best, mut least, mut chosen) = (None, plain.least, None);
    for way in all {
        let trial = of_way(Some(way))?;
        if !trial.compares(&plain) {
            continue;
        }
        least = least.min(trial.least);
        let key = (trial.cost, trial.needed);
        if key.0 < plain.cost && best.as_ref().is_none_or(|best| key < *best) {
            (best, chosen) = (Some(key), Some(way.as_slice()));
        }
    }
    let cost = best.map_or(plain.cost, |best| best.0);
    licences(draft, chosen)?;
    if let Some(servers) = &mut draft.servers {
        servers.lower_bound_minor = servers.cost_minor.saturating_sub(cost.saturating_sub(least));
        servers.proven = servers.lower_bound_minor == servers.cost_minor;
    }
    Ok(())
}

/// Too many choices to try: those of list prices, of which nothing is known given what is owned.
fn unproven(draft: &mut Draft<'_>) {
    let Some(servers) = &mut draft.servers else { return };
    if servers.cost_minor > 0 {
        (servers.lower_bound_minor, servers.proven) = (0, false);
        draft.warnings.0.push(
            "which instances that rest for disaster recovery need no licence was chosen at list price; given the licences owned another \
             choice may leave less to buy (C.23, E.29)"
                .into(),
        );
    }
}
