//! The answer for each person and device in one sentence.

use std::collections::HashSet;

use super::{
    basis::Basis,
    demand::{Demand, cause},
    management,
    mix::Mix,
};
use crate::{
    assessment::{Coverage, Licence, Reason},
    findings::counted,
    version::VersionName,
};

/// How many partners somebody has, and how many of them hold no CAL.
#[derive(Debug, Clone, Copy, Default)]
struct Partners {
    all: usize,
    bare: usize,
}

/// Sentences said before, so that each is kept once.
#[derive(Default)]
struct Sentences(HashSet<Reason>);

impl Sentences {
    fn reason(&mut self, sentence: String) -> Reason {
        if let Some(reason) = self.0.get(sentence.as_str()) {
            return reason.clone();
        }
        let reason = Reason::from(sentence);
        self.0.insert(reason.clone());
        reason
    }
}

/// Of people and of devices, in the order of the estate. `noun` goes before the name of the CALs.
pub(crate) fn coverages(basis: &Basis<'_>, demand: &Demand, mix: &Mix, noun: &str) -> (Vec<Coverage>, Vec<Coverage>) {
    let checked = basis.checked;
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
    let [mut said, mut said_of_devices] = <[Sentences; 2]>::default();
    let people = estate.people.iter().zip(&checked.people.rank).map(|(person, &rank)| {
        let at = rank as usize;
        let causes = demand.people_left_out[at] | if person.unresolved { cause::UNRESOLVED } else { 0 };
        let version = mix.people[at];
        let (licence, reason) = match version {
            Some(version) => {
                let forced = demand.forced_people[at].is_some().then_some(causes);
                let mut reason = user_cal(noun, of_person[at], forced, version);
                if demand.heads_of(rank) > 1 {
                    let heads = demand.heads_of(rank);
                    reason = format!("{reason} Each of the {heads} people behind it needs one (0.8, E.16).");
                }
                (Licence::UserCal, reason)
            }
            None if of_person[at].all > 0
                || causes & (cause::MODE | cause::HELD_BY_OTHER) == cause::MODE | cause::HELD_BY_OTHER =>
            {
                (Licence::Devices, format!("Every device used holds a {noun}Device CAL that is new enough (E.3, E.4)."))
            }
            None if person.gone => {
                (Licence::Exempt, "Has left or is disabled, so needs none any more (E.19).".to_owned())
            }
            None => left_out(noun, causes),
        };
        let Partners { all, bare } = of_person[at];
        let of_management = if basis.is_management { management::of_person(licence, all, bare, version) } else { None };
        let reason = of_management.unwrap_or(reason);
        Coverage { id: person.id.clone(), licence, version, reason: said.reason(reason) }
    });
    let devices = estate.devices.iter().zip(&checked.devices.rank).map(|(device, &rank)| {
        let at = rank as usize;
        let causes = demand.devices_left_out[at] | if device.unresolved { cause::UNRESOLVED } else { 0 };
        let version = mix.devices[at];
        let (licence, reason) = match version {
            Some(version) => {
                let forced = demand.forced_devices[at].is_some().then_some(causes);
                (Licence::DeviceCal, device_cal(noun, of_device[at], forced, version))
            }
            None if of_device[at].all > 0
                || causes & (cause::MODE | cause::HELD_BY_OTHER) == cause::MODE | cause::HELD_BY_OTHER =>
            {
                (
                    Licence::People,
                    format!("Everybody who uses it holds a {noun}User CAL that is new enough (E.3, E.4)."),
                )
            }
            None => left_out(noun, causes),
        };
        let Partners { all, bare } = of_device[at];
        let forced = demand.forced_devices[at].is_some();
        let of_management =
            if basis.is_management { management::of_device(licence, all, bare, forced, version) } else { None };
        let reason = of_management.unwrap_or(reason);
        Coverage { id: device.id.clone(), licence, version, reason: said_of_devices.reason(reason) }
    });
    (people.collect(), devices.collect())
}

fn user_cal(noun: &str, devices: Partners, forced: Option<u32>, version: VersionName) -> String {
    match forced {
        Some(causes) if causes & cause::UNSEEN != 0 => {
            return format!(
                "Was not seen, but could sign in, and all who could are counted: a {noun}User CAL of {version} or later (I.5)."
            );
        }
        Some(causes) if causes & cause::MODE != 0 => {
            return format!(
                "Reached a server that counts users, or one from a device that can hold no CAL, so only a {noun}User CAL of \
                 {version} or later covers it (F.1, F.6)."
            );
        }
        Some(_) => {
            return format!(
                "Reached a server from a device that is not known or is itself a server, so only a {noun}User CAL of {version} \
                 or later covers it (E.4, E.6, E.28)."
            );
        }
        None => {}
    }
    let Partners { all, bare } = devices;
    let used = counted(all, "device", "devices");
    format!(
        "Used {used}, {bare} of them without a {noun}Device CAL that is new enough: a {noun}User CAL of {version} or later is part of the cheapest mix (E.3, E.4, E.28)."
    )
}

fn device_cal(noun: &str, people: Partners, forced: Option<u32>, version: VersionName) -> String {
    match forced {
        Some(causes) if causes & cause::MODE != 0 => {
            return format!(
                "Was used on a server that counts devices, so only a {noun}Device CAL of {version} or later covers it (F.1, F.6)."
            );
        }
        Some(_) => {
            return format!(
                "Reached a server on its own, without a person, so only a {noun}Device CAL of {version} or later covers it (E.4, E.28)."
            );
        }
        None => {}
    }
    let Partners { all, bare } = people;
    let used = counted(all, "person", "people");
    format!(
        "Used by {used}, {bare} of them without a {noun}User CAL that is new enough: a {noun}Device CAL of {version} or later is part of the cheapest mix (E.3, E.4, E.28)."
    )
}

/// For those whose accesses did not count, or who had none; the weightiest cause speaks.
fn left_out(noun: &str, causes: u32) -> (Licence, String) {
    let sentences = [
        (
            cause::UNRESOLVED,
            Licence::None,
            "Stands for nobody and nothing known yet, so it counts in the highest number only: resolve it (E.1).",
        ),
        (
            cause::HELD,
            Licence::Exempt,
            "Holds a suite or plan that carries the CAL, so needs none of its own (G.1, G.5).",
        ),
        (
            cause::CONNECTOR,
            Licence::Exempt,
            "Is no employee and reached only machines with an External Connector (E.22, E.23).",
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
            cause::HELD_BY_OTHER,
            Licence::Exempt,
            "The other end of each access holds a suite or plan that carries the CAL (G.1, G.5).",
        ),
        (
            cause::USED_BY_ADMINISTRATOR,
            Licence::Exempt,
            "Used only by administrators, whom each server allows without a CAL (E.7).",
        ),
        (
            cause::WEB,
            Licence::Exempt,
            "Reached only public web content, as nobody who must hold a CAL for it (E.9a, E.9b).",
        ),
        (
            cause::SERVER_LICENCE,
            Licence::Exempt,
            "Is no employee, whom the licence of the server covers for this product (E.26).",
        ),
        (
            cause::BY_CORE,
            Licence::Exempt,
            "Used only SQL Server that is licensed by core or processor, or free, which needs no CALs (D.7, D.8).",
        ),
        (
            cause::CLOUD,
            Licence::Exempt,
            "Reached only servers in Azure, paid as they are used, or of a provider, where access is paid with the machine (E.11).",
        ),
        (cause::OTHER_FAMILY, Licence::Exempt, "Reached only Small Business Server, which has CALs of its own (A.1)."),
        (cause::HYPER_V_HOST, Licence::Exempt, "Reached only hosts that do nothing but run virtual machines (E.8)."),
        (cause::EDITION, Licence::Exempt, "Reached only servers whose edition needs no CAL (E.12)."),
    ];
    let found = sentences.into_iter().find(|(bit, ..)| causes & bit != 0);
    match found {
        Some((cause::ADMINISTRATION, licence, _)) if !noun.is_empty() => {
            let sentence = "Connects only to administer and is among those each server allows without a CAL (F.2).";
            (licence, sentence.to_owned())
        }
        Some((_, licence, sentence)) => (licence, sentence.to_owned()),
        None => (Licence::None, "No access to any server within the window (E.1).".to_owned()),
    }
}
