//! Who was where from when to when over a year, for the pool of CALs that change hands (rule E.19).
//!
//! Only where evidence reaches back beyond the window: within it no CAL can change hands but from somebody who left. A machine behind an
//! address of which nobody can say whose it was is left out; people count with or without it.

use std::collections::HashMap;

use caliper_licensing::{Accesses, Device, Estate, Person, Stay, Use};

use super::{
    Window,
    accesses::{Evidence, Somebody, Something},
};
use crate::identity::{Machines, Roster};

/// Days back, the last day of the window not counted.
pub(super) const YEAR: u32 = 365;

/// With more stays no pool is computed: what it costs beyond was not measured.
const MOST: usize = 500_000;

/// Adds the stays to the estate, with people and machines that are not in it yet.
pub(super) fn add_to(estate: &mut Estate, found: Evidence, window: &Window, roster: &Roster<'_>, machines: &Machines) {
    let all = || found.stays.values().flatten();
    if all().all(|stay| stay.first >= window.first) {
        return;
    }
    if all().count() > MOST {
        estate.notes.push(format!(
            "the smallest pool of CALs over time is left out: more than {MOST} combinations of person, device and server in a year \
             (E.19)"
        ));
        return;
    }
    let mut people: HashMap<String, u32> = HashMap::new();
    let mut devices: HashMap<String, u32> = HashMap::new();
    for (person, at) in estate.people.iter().zip(0..) {
        people.insert(person.id.clone(), at);
    }
    for (device, at) in estate.devices.iter().zip(0..) {
        devices.insert(device.id.clone(), at);
    }
    let mut person_at = |somebody: &Somebody| match somebody {
        // nobody is known by it, and in the window it stands for a stranger
        Somebody::Unresolved(principal) => {
            people.get(principal).or_else(|| people.get(&format!("{principal}?"))).copied()
        }
        Somebody::Known(at) => {
            let person = &roster.people()[*at as usize];
            Some(*people.entry(person.id.clone()).or_insert_with(|| {
                let (id, external) = (person.id.clone(), person.external);
                estate.people.push(Person { id, external, gone: !person.active, ..Person::default() });
                (estate.people.len() - 1) as u32
            }))
        }
    };
    let persons: Vec<Option<u32>> = found.people.list.iter().map(|(somebody, _)| person_at(somebody)).collect();
    let mut device_at = |something: &Something| match something {
        Something::Machine(at) if !machines.get(*at).is_server => {
            let id = &machines.get(*at).id;
            Some(*devices.entry(id.clone()).or_insert_with(|| {
                estate.devices.push(Device { id: id.clone(), ..Device::default() });
                (estate.devices.len() - 1) as u32
            }))
        }
        // a server in between can hold no CAL (E.6), and an address a year ago is nobody's
        Something::Machine(at) => devices.get(&machines.get(*at).id).copied(),
        Something::Address(address) => devices.get(&address.to_string()).copied(),
        Something::Several(_) => devices.get(&something.several()).copied(),
    };
    let machines_at: Vec<Option<u32>> = found.devices.list.iter().map(|(something, _)| device_at(something)).collect();
    for (family, stays) in found.stays {
        let stays = stays.into_iter().filter_map(|stay| {
            let person = persons.get(stay.person as usize).copied();
            let device = machines_at.get(stay.device as usize).copied().flatten();
            match (person, device) {
                // a principal nobody is known by
                (Some(None), _) | (None, None) => None,
                (person, device) => {
                    let person = person.flatten().unwrap_or(Accesses::NONE);
                    Some(Stay { person, device: device.unwrap_or(Accesses::NONE), ..stay })
                }
            }
        });
        let stays = joined(stays.collect());
        match family {
            None => estate.stays = stays,
            Some(cal) => match estate.uses.iter_mut().find(|used| used.cal == cal) {
                Some(used) => used.stays = stays,
                None => estate.uses.push(Use { cal, stays, ..Use::default() }),
            },
        }
    }
    estate.uses.sort_by(|one, two| one.cal.cmp(&two.cal));
}

/// Sorted, one for each combination of person, device and server, from the first to the last day.
fn joined(mut stays: Vec<Stay>) -> Vec<Stay> {
    stays.sort_unstable();
    stays.dedup_by(|next, kept| {
        let same = (next.person, next.device, next.server) == (kept.person, kept.device, kept.server);
        if same {
            kept.first = kept.first.min(next.first);
            kept.last = kept.last.max(next.last);
            kept.flags &= next.flags;
        }
        same
    });
    stays
}
