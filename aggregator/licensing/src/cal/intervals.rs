//! How far unknowns could move the number of CALs (invariant 4), and what to find out first.

use std::collections::BTreeSet;

use super::{
    basis::Basis,
    counted::Counted,
    demand::{Demand, Loose, cause},
    family::Family,
    mix::Mix,
    servers::Need,
};
use crate::{
    draft::Draft,
    estate::EstateError,
    findings::{Warnings, counted, listed},
    position::{Interval, ToDo},
    prices::UnitPrice,
};

/// What is not known, in CALs each of which would do.
struct Unknown {
    /// Accounts of nobody known.
    accounts: u64,
    /// Addresses that acted without a person.
    addresses: u64,
    /// Machines and people known to the directory that used only DHCP, DNS and the like.
    infrastructure: u64,
    /// Strangers that did.
    infrastructure_strangers: u64,
    /// People who hold nothing and may have reached servers on days without evidence.
    unwatched: u64,
}

impl Unknown {
    fn of(basis: &Basis<'_>, demand: &Demand, mix: &Mix) -> Self {
        let strangers = uncovered(demand, mix, &demand.strangers, true);
        let accounts = strangers.iter().filter(|(is_device, _)| !is_device);
        let accounts = accounts.map(|&(_, rank)| demand.heads_of(rank)).fold(0, u64::saturating_add);
        let addresses = strangers.iter().filter(|(is_device, _)| *is_device).count() as u64;
        let (checked, estate) = (basis.checked, basis.checked.estate);
        let infrastructure = uncovered(demand, mix, &demand.infrastructure, false);
        let of_strangers = infrastructure.iter().filter(|(is_device, rank)| {
            let rank = *rank as usize;
            let of_device = || checked.devices.index.get(rank).map(|&at| estate.devices[at as usize].unresolved);
            let of_person = || checked.people.index.get(rank).map(|&at| estate.people[at as usize].unresolved);
            if *is_device { of_device() } else { of_person() }.unwrap_or(true)
        });
        let infrastructure_strangers = of_strangers.count() as u64;
        let infrastructure = infrastructure.len() as u64 - infrastructure_strangers;
        let all_watched = unwatched_servers(basis).is_empty() && unreported(basis).is_empty();
        let unwatched = if basis.is_management || all_watched {
            0
        } else {
            // whoever holds none, seen elsewhere or on other days or not at all; a CAL for each would do
            let idle = |rank: u32| {
                let at = rank as usize;
                mix.people[at].is_none() && demand.people_left_out[at] & cause::HELD == 0
            };
            let people = estate.people.iter().zip(&checked.people.rank);
            let idle = people.filter(|(person, rank)| !person.unresolved && idle(**rank));
            let idle = idle.map(|(_, &rank)| demand.heads_of(rank)).fold(0, u64::saturating_add);
            idle.saturating_add(estate.unseen_people.filter(|_| basis.is_base).unwrap_or(0))
        };
        Self { accounts, addresses, infrastructure, infrastructure_strangers, unwatched }
    }

    fn may_add(&self) -> u64 {
        let all = [self.accounts, self.addresses, self.infrastructure, self.infrastructure_strangers, self.unwatched];
        all.into_iter().fold(0, u64::saturating_add)
    }
}

/// CALs that what is not known could add to those of a mix.
pub(crate) fn may_add(basis: &Basis<'_>, demand: &Demand, mix: &Mix) -> u64 {
    Unknown::of(basis, demand, mix).may_add()
}

/// Servers of which nobody said how they are licensed (rule D.11).
#[derive(Debug, Default)]
pub(crate) struct Undeclared {
    pub names: BTreeSet<String>,
    /// CALs more if all of them have server licences, those for what is not known included.
    pub may_add: u64,
}

/// Writes warnings (for the base CAL), the interval and the list of what to find out into the draft.
pub(crate) fn state(
    basis: &Basis<'_>,
    family: &Family<'_>,
    found: &Counted,
    likely: u64,
    undeclared: &Undeclared,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let (demand, mix) = (&found.demand, &found.mix);
    let unknown = Unknown::of(basis, demand, mix);
    let machineless = machineless(basis, found)?;
    if basis.is_base {
        warn(basis, demand, &unknown, likely, &mut draft.warnings);
    }
    let highest = likely.saturating_add(unknown.may_add()).saturating_add(undeclared.may_add);
    let lowest = likely.saturating_sub(machineless);
    if lowest < highest {
        draft.intervals.push(Interval {
            of: family.name.into(),
            unit: "cal".into(),
            lowest,
            likely,
            highest,
            open_ended: false,
        });
    }
    let price = |sku: &str| UnitPrice::of(basis.checked.estate, sku);
    let (user, device) = (price(family.user), price(family.device));
    let cheaper = user.into_iter().chain(device).min_by(|one, two| {
        if one.is_cheaper(1, *two, 1) { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater }
    });
    let mut add = |count: u64, price: Option<UnitPrice>, what: String, rules: &[&str]| {
        if count > 0 {
            let may_add_minor = price.map_or(Ok(0), |price| price.cost(count))?;
            let rules = rules.iter().map(|&rule| rule.to_owned()).collect();
            draft.to_do.push(ToDo { what, may_add: count, may_add_minor, rules });
        }
        Ok(())
    };
    add(
        unknown.accounts,
        user,
        format!(
            "Tell whose the accounts are that match nobody, or synchronise the directory that knows them; each may need a {}.",
            family.user_noun()
        ),
        &["E.1"],
    )?;
    add(
        unknown.addresses,
        device,
        format!(
            "Tell which machines the addresses are that acted without a person; each may need a {}.",
            family.device_noun()
        ),
        &["E.1", "E.28"],
    )?;
    add(
        machineless,
        user,
        format!(
            "Find out which machines the addresses are at which people were seen: a {} for each of these may be one too many.",
            family.user_noun()
        ),
        &["E.28"],
    )?;
    add(
        unknown.infrastructure,
        cheaper,
        "Decide with policy.infra_roles whether devices and people that used only DHCP, DNS or the like count.".into(),
        &["E.13"],
    )?;
    add(
        unknown.infrastructure_strangers,
        cheaper,
        "Tell which machines the addresses are that used only DHCP, DNS or the like: guests, or machines of yours that may count."
            .into(),
        &["E.13"],
    )?;
    if undeclared.may_add > 0 {
        let names = undeclared.names.iter().map(String::as_str).collect();
        // the rules of SQL Server have more to say about them
        draft.undeclared_sql = Some(ToDo {
            what: format!(
                "Declare how {} instance(s) of SQL Server are licensed; with server licences their people need CALs: {}",
                undeclared.names.len(),
                listed(&names)
            ),
            may_add: undeclared.may_add,
            may_add_minor: user.map_or(Ok(0), |price| price.cost(undeclared.may_add))?,
            rules: vec!["D.7".into(), "D.11".into()],
        });
    }
    let (servers, silent) = (unwatched_servers(basis), unreported(basis));
    let noun = family.noun();
    add(
        if silent.is_empty() { 0 } else { unknown.unwatched },
        user,
        format!(
            "Bring in reports of {} that a directory knows of and that report nothing, people without a {noun}CAL may use them: {}",
            counted(silent.len(), "server", "servers"),
            listed(&silent)
        ),
        &["I.4"],
    )?;
    add(
        if servers.is_empty() { 0 } else { unknown.unwatched },
        user,
        format!(
            "Watch {} for the whole window, people without a {noun}CAL may have used them on other days: {}",
            counted(servers.len(), "server", "servers"),
            listed(&servers)
        ),
        &["I.4"],
    )
}

/// Servers that need CALs and were not observed on every day; of other families than the base CAL those that were used.
fn unwatched_servers<'a>(basis: &Basis<'a>) -> BTreeSet<&'a str> {
    let window = basis.policy.window_days;
    let all = &basis.checked.estate.servers;
    if all.iter().all(|server| server.observed_days.is_none_or(|days| days >= window)) {
        return BTreeSet::new();
    }
    let mut used = vec![basis.is_base; all.len()];
    basis.accesses.server.iter().for_each(|&at| used[at as usize] = true);
    let found = all.iter().zip(basis.needs).zip(used).filter(|((server, need), used)| {
        *used && matches!(need, Need::Cal(_)) && server.observed_days.is_some_and(|days| days < window)
    });
    found.map(|((server, _), _)| server.id.as_str()).collect()
}

/// Servers that report nothing; which families besides the base CAL they need nobody knows.
fn unreported<'a>(basis: &Basis<'a>) -> BTreeSet<&'a str> {
    let all = basis.checked.estate.unreported.iter().filter(|_| basis.is_base);
    all.map(|server| server.id.as_str()).collect()
}

/// CALs fewer if everybody who must hold one of their own only because an address stands for no machine known was at machines that are covered
/// anyway: what the rest takes is what any truth takes.
fn machineless(basis: &Basis<'_>, found: &Counted) -> Result<u64, EstateError> {
    let (estate, demand) = (basis.checked.estate, &found.demand);
    if demand.forced_people.iter().all(Option::is_none) || estate.devices.iter().all(|device| !device.unresolved) {
        return Ok(0);
    }
    // 1: by an address, 2: by something else as well
    let mut why = vec![0_u8; estate.people.len()];
    for access in basis.accesses.rows().filter(|access| access.person != crate::estate::Accesses::NONE) {
        let device = estate.devices.get(access.device as usize);
        why[access.person as usize] |= match device {
            Some(device) if device.unresolved => 1,
            Some(device) if !device.server => 0,
            _ => 2,
        };
    }
    let ranks = &basis.checked.people.rank;
    let alone = why.into_iter().zip(ranks).filter(|&(why, &rank)| {
        let causes = demand.people_left_out[rank as usize];
        why == 1 && demand.forced_people[rank as usize].is_some() && causes & (cause::MODE | cause::UNSEEN) == 0
    });
    let alone: Vec<u32> = alone.map(|(_, &rank)| rank).collect();
    if alone.is_empty() {
        return Ok(0);
    }
    let all = |(users, devices): (u64, u64)| users.saturating_add(devices);
    Ok(all(found.counts()).saturating_sub(all(found.releasing(&alone)?.counts())))
}

/// Who of the loose ones no CAL covers, as (whether a device, rank); one CAL each suffices.
fn uncovered(demand: &Demand, mix: &Mix, loose: &[Loose], by_person: bool) -> BTreeSet<(bool, u32)> {
    debug_assert!(demand.forced_people.len() == mix.people.len());
    let open = loose.iter().filter(|loose| !mix.covers(loose.person, loose.device, loose.cal));
    let identity = |loose: &Loose| match (loose.person, loose.device) {
        (Some(person), _) if by_person => (false, person),
        (_, Some(device)) => (true, device),
        (Some(person), None) => (false, person),
        (None, None) => (true, u32::MAX),
    };
    open.map(identity).collect()
}

/// What unknowns and DHCP or DNS could add to `lowest`, the number of CALs (invariant 4).
fn warn(basis: &Basis<'_>, demand: &Demand, unknown: &Unknown, lowest: u64, warnings: &mut Warnings) {
    let strangers = unknown.accounts.saturating_add(unknown.addresses);
    let (known, strange) = (unknown.infrastructure, unknown.infrastructure_strangers);
    let infrastructure = known.saturating_add(strange);
    if strangers > 0 {
        warnings.0.push(format!(
            "accounts or addresses not matched with a person or a device, and so not in the number: {strangers}; each \
             may need one CAL (E.1): synchronise the directory that knows them, or tell whose they are"
        ));
    }
    if infrastructure > 0 {
        warnings.0.push(format!(
            "devices or people that used only DHCP, DNS or the like and hold no CAL: {infrastructure}, of these {known} known to \
             the directory and {strange} strangers; by the contract each needs one (E.13): decide with policy.infra_roles \
             whether they count"
        ));
    }
    if strangers.saturating_add(infrastructure) > 0 {
        let highest = lowest.saturating_add(strangers).saturating_add(infrastructure);
        warnings.0.push(format!("User and Device CALs needed: between {lowest} and {highest}"));
    }
    let without_machine = basis.checked.estate.devices.iter().filter(|device| device.unresolved).count();
    if without_machine > 0 && demand.forced_people.iter().any(Option::is_some) {
        warnings.0.push(format!(
            "addresses not matched with a machine: {without_machine}; people seen there can be covered by a User CAL \
             only (E.28), which may be one too many: find out which machines they are, the list of devices has them"
        ));
    }
}
