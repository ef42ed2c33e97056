//! The smallest pools of CALs, family by family, that lawfully served the whole period of which it is known who was where when
//! (0.4, E.19).
//!
//! Prices know no versions, so the pools cost least whatever versions they are of; `handed_out` says which would do. Who was
//! seen without days may have been there on any of them.

mod handed_out;

use std::collections::BTreeMap;

use handed_out::HandedOut;
use jiff::{ToSpan, civil::Date};

use super::{
    Served,
    additive::{self, Used},
    basis::{Basis, is_printer},
    demand::{Asked, Demand},
    family::Family,
    servers, windows,
};
use crate::{
    book::NO_CURRENCY,
    checked::Checked,
    draft::{Draft, add},
    estate::{self, Access, Accesses, EstateError},
    optimise::{PoolProblem, Stay, cheapest_pool},
    owned::{Quantities, balance},
    position::{FamilyPool, Pool, PoolToBuy},
    prices::UnitPrice,
    version::VersionName,
};

/// By person, device and server.
type Spans = BTreeMap<(u32, u32, u32), Span>;

/// What a combination of person, device and server was used for, and from when to when.
#[derive(Debug, Clone, Copy)]
struct Span {
    flags: u8,
    first: Date,
    last: Date,
}

/// Adds the pools over time to the draft if the estate tells who was where when.
pub(super) fn pools(
    base: &windows::Ground<'_>,
    others: &[additive::Ground<'_>],
    served: &Served<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let estate = base.checked.estate;
    let all = estate.uses.iter().flat_map(|used| &used.stays).chain(&estate.stays);
    let days = all.map(|stay| (stay.first, stay.last));
    let Some(period) = days.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1))) else { return Ok(()) };
    let (held, connectors) = &served.base;
    if !estate.stays.is_empty() {
        let over = Over { family: &base.family, accesses: &estate.accesses, stays: &estate.stays, period };
        draft.pool = over.smallest(&base.basis(&estate.policy, held, &connectors.connected), draft)?;
    }
    for (other, (held, connectors)) in others.iter().zip(&served.others) {
        let Used { family, accesses, stays } = &other.used;
        if !stays.is_empty() {
            let over = Over { family, accesses, stays, period };
            if let Some(pool) = over.smallest(&other.basis(held, &connectors.connected), draft)? {
                draft.pools.push(FamilyPool { cal: family.name.into(), pool });
            }
        }
    }
    Ok(())
}

/// Who used what of one family, and when.
struct Over<'a> {
    family: &'a Family<'a>,
    accesses: &'a Accesses,
    stays: &'a [estate::Stay],
    /// First and last day of all that is known.
    period: (Date, Date),
}

/// A stay with the version it needs.
struct Need {
    stay: Stay,
    cal: VersionName,
}

impl Over<'_> {
    fn smallest(&self, basis: &Basis<'_>, draft: &mut Draft<'_>) -> Result<Option<Pool>, EstateError> {
        let (checked, (from, to)) = (basis.checked, self.period);
        let (spans, undated) = self.spans();
        let rows =
            spans.iter().map(|(&(person, device, server), span)| Access { person, device, server, flags: span.flags });
        let accesses = Accesses::of(rows.collect());
        let basis = Basis { accesses: &accesses, rules: basis.rules.clone(), ..*basis };
        let (demand, asked) = Demand::of_each(&basis);
        let Some(newest) = demand.newest() else { return Ok(None) };
        let noun = self.family.noun();
        if !demand.heads.is_empty() {
            draft.warnings.0.push(format!(
                "the smallest pool of {noun}CALs over time is left out: somebody stands for several people, who would have to be \
                 told apart (0.8)"
            ));
            return Ok(None);
        }
        let needs = needs(&basis, &spans, &demand, &asked, from);
        let stays: Vec<Stay> = needs.iter().map(|need| need.stay).collect();
        let estate = checked.estate;
        let prices = UnitPrice::of(estate, self.family.user).zip(UnitPrice::of(estate, self.family.device));
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
            draft.warnings.0.push(format!(
                "the smallest pool of {noun}CALs over time is left out: its prices are too large to be computed with"
            ));
            return Ok(None);
        };
        if undated > 0 {
            draft.warnings.0.push(format!(
                "accesses without a first and last day, which count for the whole period of the pool of {noun}CALs over time \
                 (E.19): {undated}"
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
        let handed_out = HandedOut::of(&problem, &plan, &needs);
        let day = |day: Option<u32>| day.and_then(|day| from.checked_add(i64::from(day).days()).ok());
        let count = |side: &[bool]| side.iter().filter(|&&holds| holds).count() as u64;
        let mut rules = demand.rules.clone();
        rules.add("0.4");
        rules.add("E.19");
        Ok(Some(Pool {
            from,
            to,
            version: newest.name().into(),
            versions: handed_out.versions(),
            to_buy: self.to_buy(basis.checked, &handed_out, prices, lower_bound_minor)?,
            busiest_of_users: day(handed_out.busiest[0]),
            busiest_of_devices: day(handed_out.busiest[1]),
            users: plan.user_peak,
            devices: plan.device_peak,
            user_holders: count(&plan.users),
            device_holders: count(&plan.devices),
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
        }))
    }

    /// What is left to buy of the pools given the CALs owned (E.29), if any are; without prices how many.
    fn to_buy(
        &self,
        checked: &Checked<'_>,
        handed_out: &HandedOut,
        prices: Option<(UnitPrice, UnitPrice)>,
        least_minor: u64,
    ) -> Result<Option<PoolToBuy>, EstateError> {
        let owned = self.family.owned(checked);
        if owned.iter().all(BTreeMap::is_empty) {
            return Ok(None);
        }
        let [needed_users, needed_devices] = &handed_out.by_version;
        let short =
            |needed, owned| balance(needed, owned).iter().fold(0_u64, |sum, line| sum.saturating_add(line.short));
        let (users, devices) = (short(needed_users, &owned[0]), short(needed_devices, &owned[1]));
        let mut found = PoolToBuy { users, devices, cost_minor: 0, lower_bound_minor: 0 };
        if let Some((user, device)) = prices {
            found.cost_minor = add(user.cost(users)?, device.cost(devices)?)?;
            // whatever the pools, no more is saved than is owned
            let all = |owned: &Quantities| owned.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
            let worth = |price: UnitPrice, owned: &Quantities| price.cost(all(owned)).unwrap_or(u64::MAX);
            let saved = worth(user, &owned[0]).saturating_add(worth(device, &owned[1]));
            found.lower_bound_minor = least_minor.saturating_sub(saved).min(found.cost_minor);
        }
        Ok(Some(found))
    }

    /// From when to when by person, device and server, and how many accesses tell no days.
    fn spans(&self) -> (Spans, usize) {
        let mut spans = Spans::new();
        for stay in self.stays {
            let one = Span { flags: stay.flags, first: stay.first, last: stay.last };
            let span = spans.entry((stay.person, stay.device, stay.server)).or_insert(one);
            span.flags &= one.flags;
            (span.first, span.last) = (span.first.min(one.first), span.last.max(one.last));
        }
        let mut undated = 0;
        for row in self.accesses.rows() {
            spans.entry((row.person, row.device, row.server)).or_insert_with(|| {
                undated += 1;
                Span { flags: row.flags, first: self.period.0, last: self.period.1 }
            });
        }
        (spans, undated)
    }
}

/// What each span asks for, by ranks, with days counted from `from`.
fn needs(basis: &Basis<'_>, spans: &Spans, demand: &Demand, asked: &[Asked], from: Date) -> Vec<Need> {
    let (checked, estate) = (basis.checked, basis.checked.estate);
    let day = |day: Date| day.since(from).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0));
    let mut found = Vec::new();
    for ((&(person, device, server), span), asked) in spans.iter().zip(asked) {
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
        let cal = match basis.needs[server as usize] {
            servers::Need::Cal(cal) => cal,
            servers::Need::Nothing(_) => continue,
        };
        found.push(Need { stay: Stay { user, device, first: day(span.first), last: day(span.last) }, cal });
    }
    found
}
