//! The other model of rule F.6: every session host counts users or devices, and all of the one or the other that it serves
//! need a CAL of that kind.

use std::collections::BTreeMap;

use super::{
    additive::Ground,
    basis::{Basis, Held, SetsApart},
    counted::Counted,
    demand::{Demand, raise},
    mix::held as by_version,
    readings::{Needs, needs_of},
};
use crate::{
    estate::{EstateError, RemoteDesktopMode},
    findings::listed,
    optimise::{HostAccess, Mode, ModeProblem, Prices, cheapest_modes},
};

/// What is needed if each host that is free works in the mode that is cheapest for all together, and which modes these
/// are; `None` if no host is free or one kind of CAL does anyway.
pub(super) fn one_mode_per_host(
    ground: &Ground<'_>,
    held: &Held,
    connected: &[bool],
) -> Result<Option<(String, Needs)>, EstateError> {
    let (checked, estate, family) = (ground.checked, ground.checked.estate, &ground.used.family);
    let plain = Counted::of(&ground.basis(held, connected), family)?;
    let (users, devices) = plain.counts();
    if users == 0 || devices == 0 {
        return Ok(None);
    }
    let basis = Basis { sets_apart: SetsApart::All, ..ground.basis(held, connected) };
    let demand = Demand::of(&basis);
    let mut number: BTreeMap<u32, u32> = BTreeMap::new();
    demand.apart.iter().for_each(|access| {
        let next = number.len() as u32;
        number.entry(access.server).or_insert(next);
    });
    let mut hosts = vec![None; number.len()];
    for (&server, &host) in &number {
        hosts[host as usize] = estate.servers[server as usize].remote_desktop.map(|mode| match mode {
            RemoteDesktopMode::PerUser => Mode::PerUser,
            RemoteDesktopMode::PerDevice => Mode::PerDevice,
        });
    }
    if hosts.iter().all(Option::is_some) {
        return Ok(None);
    }
    let accesses: Vec<HostAccess> = (demand.apart.iter())
        .map(|access| HostAccess { user: access.person, host: number[&access.server], device: access.device })
        .collect();
    let each = plain.weights.of_people(&demand)?;
    let problem = ModeProblem {
        users: checked.people.len() as u32,
        devices: checked.devices.len() as u32,
        hosts: &hosts,
        accesses: &accesses,
        user_prices: each.as_deref().map_or(Prices::Same(plain.weights.user), Prices::Each),
        device_prices: Prices::Same(plain.weights.device),
    };
    let plan = cheapest_modes(&problem)
        .map_err(|error| EstateError::TooLarge(format!("the modes of session hosts ({error})")))?;
    let mut people = vec![None; checked.people.len()];
    let mut machines = vec![None; checked.devices.len()];
    for access in &demand.apart {
        // an end that is not known leaves only the other one
        match (plan.modes[number[&access.server] as usize], access.person, access.device) {
            (Mode::PerUser, Some(person), _) | (Mode::PerDevice, Some(person), None) => {
                raise(&mut people[person as usize], access.cal);
            }
            (_, _, Some(device)) => raise(&mut machines[device as usize], access.cal),
            (_, None, None) => {}
        }
    }
    let of_mode = |mode: Mode| -> String {
        let hosts = number.iter().filter(|(_, host)| plan.modes[**host as usize] == mode);
        listed(&hosts.map(|(&server, _)| estate.servers[server as usize].id.as_str()).collect())
    };
    let modes = [("per-user", of_mode(Mode::PerUser)), ("per-device", of_mode(Mode::PerDevice))];
    let modes = modes.iter().filter(|(_, list)| !list.is_empty()).map(|(mode, list)| format!("\"{mode}\" on {list}"));
    let modes = modes.collect::<Vec<_>>().join(", ");
    let needs = needs_of(family, &by_version(&people, &demand.heads), &by_version(&machines, &[]));
    Ok(Some((format!("remote_desktop = {modes}"), needs)))
}
