//! The answer for each person and device in one sentence, and how far unknowns could raise the number.

use std::collections::BTreeSet;

use super::{
    demand::{Demand, Loose, cause},
    mix::Mix,
};
use crate::{
    assessment::{Coverage, Licence},
    checked::Checked,
    findings::{Warnings, counted},
};

/// How many partners somebody has, and how many of them hold no CAL.
#[derive(Debug, Clone, Copy, Default)]
struct Partners {
    all: usize,
    bare: usize,
}

/// Of people and of devices, in the order of the estate.
pub(crate) fn coverages(checked: &Checked<'_>, demand: &Demand, mix: &Mix) -> (Vec<Coverage>, Vec<Coverage>) {
    let mut of_person = vec![Partners::default(); checked.people.len()];
    let mut of_device = vec![Partners::default(); checked.devices.len()];
    for pair in &demand.pairs {
        let person = &mut of_person[pair.person as usize];
        person.all += 1;
        person.bare += usize::from(mix.devices[pair.device as usize] < Some(pair.cal));
        let device = &mut of_device[pair.device as usize];
        device.all += 1;
        device.bare += usize::from(mix.people[pair.person as usize] < Some(pair.cal));
    }
    let estate = checked.estate;
    let people = estate.people.iter().zip(&checked.people.rank).map(|(person, &rank)| {
        let rank = rank as usize;
        let forced = demand.forced_people[rank].is_some();
        let version = mix.people[rank];
        let (licence, reason) = match version {
            Some(version) => (Licence::UserCal, user_cal(of_person[rank], forced, version.name())),
            None if of_person[rank].all > 0 => {
                (Licence::Devices, "Every device used holds a Device CAL that is new enough (E.3, E.4).".to_owned())
            }
            None => left_out(demand.people_left_out[rank], person.unresolved),
        };
        Coverage { id: person.id.clone(), licence, version, reason }
    });
    let devices = estate.devices.iter().zip(&checked.devices.rank).map(|(device, &rank)| {
        let rank = rank as usize;
        let forced = demand.forced_devices[rank].is_some();
        let version = mix.devices[rank];
        let (licence, reason) = match version {
            Some(version) => (Licence::DeviceCal, device_cal(of_device[rank], forced, version.name())),
            None if of_device[rank].all > 0 => {
                (Licence::People, "Everybody who uses it holds a User CAL that is new enough (E.3, E.4).".to_owned())
            }
            None => left_out(demand.devices_left_out[rank], device.unresolved),
        };
        Coverage { id: device.id.clone(), licence, version, reason }
    });
    (people.collect(), devices.collect())
}

fn user_cal(devices: Partners, forced: bool, version: &str) -> String {
    if forced {
        return format!(
            "Reached a server from a device that is not known or is itself a server, so only a User CAL of {version} \
             or later covers it (E.4, E.6, E.28)."
        );
    }
    let Partners { all, bare } = devices;
    let used = counted(all, "device", "devices");
    format!(
        "Used {used}, {bare} of them without a Device CAL that is new enough: a User CAL of {version} or later is part of the cheapest mix (E.3, E.4, E.28)."
    )
}

fn device_cal(people: Partners, forced: bool, version: &str) -> String {
    if forced {
        return format!(
            "Reached a server on its own, without a person, so only a Device CAL of {version} or later covers it (E.4, E.28)."
        );
    }
    let Partners { all, bare } = people;
    let used = counted(all, "person", "people");
    format!(
        "Used by {used}, {bare} of them without a User CAL that is new enough: a Device CAL of {version} or later is part of the cheapest mix (E.3, E.4, E.28)."
    )
}

/// For those whose accesses did not count, or who had none; the weightiest cause speaks.
fn left_out(causes: u8, unresolved: bool) -> (Licence, String) {
    let sentences = [
        (
            cause::UNRESOLVED,
            Licence::None,
            "Stands for nobody and nothing known yet, so it counts in the highest number only: resolve it (E.1).",
        ),
        (
            cause::ADMINISTRATION,
            Licence::Exempt,
            "Only administers servers and is among those each server allows without a CAL (E.7).",
        ),
        (
            cause::SERVER,
            Licence::Exempt,
            "Is a licensed server itself; those who reach other servers through it are counted (E.6).",
        ),
        (
            cause::INFRASTRUCTURE,
            Licence::Exempt,
            "Used only DHCP, DNS or the like, which counts in the highest number at most (E.13).",
        ),
        (
            cause::USED_BY_ADMINISTRATOR,
            Licence::Exempt,
            "Used only by administrators, whom each server allows without a CAL (E.7).",
        ),
        (cause::HYPER_V_HOST, Licence::Exempt, "Reached only hosts that do nothing but run virtual machines (E.8)."),
        (cause::EDITION, Licence::Exempt, "Reached only servers whose edition needs no CAL (E.12)."),
    ];
    let causes = if unresolved { causes | cause::UNRESOLVED } else { causes };
    let found = sentences.into_iter().find(|(bit, ..)| causes & bit != 0);
    found.map_or_else(
        || (Licence::None, "No access to any server within the window (E.1).".to_owned()),
        |(_, licence, sentence)| (licence, sentence.to_owned()),
    )
}

/// What unknowns and DHCP or DNS could add to `lowest`, the number of CALs (invariant 4).
pub(crate) fn interval_warnings(
    checked: &Checked<'_>,
    demand: &Demand,
    mix: &Mix,
    lowest: u64,
    warnings: &mut Warnings,
) {
    let uncovered = |loose: &[Loose], by_person: bool| {
        let open = loose.iter().filter(|loose| !mix.covers(loose.person, loose.device, loose.cal));
        // one CAL each suffices
        let identity = |loose: &Loose| match (loose.person, loose.device) {
            (Some(person), _) if by_person => (false, person),
            (_, Some(device)) => (true, device),
            (Some(person), None) => (false, person),
            (None, None) => (true, u32::MAX),
        };
        open.map(identity).collect::<BTreeSet<_>>().len() as u64
    };
    let strangers = uncovered(&demand.strangers, true);
    let infrastructure = uncovered(&demand.infrastructure, false);
    if strangers > 0 {
        warnings.0.push(format!(
            "accounts or addresses not matched with a person or a device, and so not in the number: {strangers}; each \
             may need one CAL (E.1): synchronise the directory that knows them, or tell whose they are"
        ));
    }
    if infrastructure > 0 {
        warnings.0.push(format!(
            "devices or people that used only DHCP, DNS or the like and hold no CAL: {infrastructure}; by the contract \
             each needs one (E.13): decide with policy.infra_roles whether they count"
        ));
    }
    if strangers + infrastructure > 0 {
        warnings
            .0
            .push(format!("User and Device CALs needed: between {lowest} and {}", lowest + strangers + infrastructure));
    }
    let without_machine = checked.estate.devices.iter().filter(|device| device.unresolved).count();
    if without_machine > 0 && demand.forced_people.iter().any(Option::is_some) {
        warnings.0.push(format!(
            "addresses not matched with a machine: {without_machine}; people seen there can be covered by a User CAL \
             only (E.28), which may be one too many: find out which machines they are, the list of devices has them"
        ));
    }
}
