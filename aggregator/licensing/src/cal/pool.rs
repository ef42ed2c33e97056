//! The smallest pools of base CALs that lawfully served the whole period of which it is known who was where when (0.4, E.19).
//!
//! All CALs count as of the newest version needed: levels would ask for pools of each version. Who was seen without days may
//! have been there on any of them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    basis::{Basis, Held, is_printer},
    demand::{Asked, Demand},
    windows::Ground,
};
use crate::{
    book::NO_CURRENCY,
    draft::{Draft, add},
    estate::{Access, Accesses, Estate, EstateError},
    optimise::{PoolProblem, Stay, cheapest_pool},
    position::Pool,
    prices::UnitPrice,
};

/// What a combination of person, device and server was used for, and from when to when.
#[derive(Debug, Clone, Copy)]
struct Span {
    flags: u8,
    first: Date,
    last: Date,
}

/// Adds the pool over time to the draft if the estate tells who was where when.
pub(super) fn pool(
    ground: &Ground<'_>,
    held: &Held,
    connected: &[bool],
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let (checked, estate) = (ground.checked, ground.checked.estate);
    let days = estate.stays.iter().map(|stay| (stay.first, stay.last));
    let Some((from, to)) = days.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1))) else { return Ok(()) };
    let (spans, undated) = spans(estate, (from, to));
    let rows =
        spans.iter().map(|(&(person, device, server), span)| Access { person, device, server, flags: span.flags });
    let accesses = Accesses::of(rows.collect());
    let basis = Basis { accesses: &accesses, ..ground.basis(&estate.policy, held, connected) };
    let (demand, asked) = Demand::of_each(&basis);
    let Some(newest) = demand.newest() else { return Ok(()) };
    if !demand.heads.is_empty() {
        draft.warnings.0.push(
            "the smallest pool over time is left out: somebody stands for several people, who would have to be told apart (0.8)".into(),
        );
        return Ok(());
    }
    let day = |day: Date| day.since(from).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0));
    let mut stays = Vec::new();
    for ((&(person, device, _), span), asked) in spans.iter().zip(&asked) {
        let alone = || {
            let printer =
                estate.devices.get(device as usize).filter(|device| person == Accesses::NONE && is_printer(device));
            let rank = printer.map(|_| checked.devices.rank[device as usize])?;
            demand.forced_devices[rank as usize].map(|_| rank)
        };
        let (user, device) = match *asked {
            Asked::Either(person, device) => (Some(person), Some(device)),
            Asked::Person(person) => (Some(person), None),
            Asked::Device(device) => (None, Some(device)),
            // E.14: nobody seen at it whose CAL could cover it
            Asked::Nothing => match alone() {
                Some(device) => (None, Some(device)),
                None => continue,
            },
        };
        stays.push(Stay { user, device, first: day(span.first), last: day(span.last) });
    }
    let prices = UnitPrice::of(estate, ground.family.user).zip(UnitPrice::of(estate, ground.family.device));
    let (user_price, device_price) = prices.map_or(Ok((1, 1)), |(user, device)| user.ratio(device))?;
    let problem = PoolProblem {
        users: checked.people.len() as u32,
        devices: checked.devices.len() as u32,
        stays: &stays,
        user_price,
        device_price,
        // 0.4: one given on day d is free again on day d + 90
        minimum_days: checked.catalogue.reassignment_days().saturating_sub(1),
    };
    let Ok(plan) = cheapest_pool(&problem) else {
        draft
            .warnings
            .0
            .push("the smallest pool over time is left out: its prices are too large to be computed with".into());
        return Ok(());
    };
    if undated > 0 {
        draft.warnings.0.push(format!(
            "accesses without a first and last day, which count for the whole period of the pool over time (E.19): {undated}"
        ));
    }
    let (cost_minor, lower_bound_minor) = match prices {
        None => (0, 0),
        Some((user, device)) => {
            let cost = add(user.cost(plan.user_peak)?, device.cost(plan.device_peak)?)?;
            let bound = if plan.proven { cost } else { user.of_weights(plan.lower_bound, user_price)?.min(cost) };
            (cost, bound)
        }
    };
    let holders = |side: &[bool]| side.iter().filter(|&&holds| holds).count() as u64;
    let mut rules = demand.rules.clone();
    rules.add("0.4");
    rules.add("E.19");
    draft.pool = Some(Pool {
        from,
        to,
        version: newest.name().into(),
        users: plan.user_peak,
        devices: plan.device_peak,
        user_holders: holders(&plan.users),
        device_holders: holders(&plan.devices),
        cost_minor,
        lower_bound_minor,
        proven: plan.proven,
        currency: match (prices, estate.currency.as_str()) {
            (None, _) => String::new(),
            (Some(_), "") => NO_CURRENCY.into(),
            (Some(_), currency) => currency.into(),
        },
        rules: rules.ids(),
        confidence: rules.confidence(checked.catalogue),
    });
    Ok(())
}

/// From when to when by person, device and server, and how many accesses tell no days.
fn spans(estate: &Estate, (from, to): (Date, Date)) -> (BTreeMap<(u32, u32, u32), Span>, usize) {
    let mut spans: BTreeMap<(u32, u32, u32), Span> = BTreeMap::new();
    for stay in &estate.stays {
        let one = Span { flags: stay.flags, first: stay.first, last: stay.last };
        let span = spans.entry((stay.person, stay.device, stay.server)).or_insert(one);
        span.flags &= one.flags;
        (span.first, span.last) = (span.first.min(one.first), span.last.max(one.last));
    }
    let mut undated = 0;
    for row in estate.accesses.rows() {
        spans.entry((row.person, row.device, row.server)).or_insert_with(|| {
            undated += 1;
            Span { flags: row.flags, first: from, last: to }
        });
    }
    (spans, undated)
}
