//! Client management licences (rule G.8): per operating system or per user, for what System Center manages and is no server.
//!
//! A User licence serves every device of its user, but a device that several people use needs all of them to hold one, or one of
//! its own: every pair of a person and a managed device is covered by either end, so this is the cover of E.28 again. A managed
//! device that nobody is known to use needs one of its own.

use crate::{
    assessment::Licence,
    checked::Checked,
    estate::{Access, Accesses, Device, Estate, Stay},
    findings::{Warnings, counted},
    version::VersionName,
};

/// Id of the family in the catalogue.
pub(super) const CLIENT_MANAGEMENT: &str = "client-management";

/// Whether a device needs a client licence: servers never do (G.8), they have management licences of their own (G.7).
fn is_client(device: &Device) -> bool {
    device.managed && !device.server
}

/// Who uses which managed device, whatever server was reached; without a person where nobody is known.
pub(super) fn uses(checked: &Checked<'_>, warnings: &mut Warnings) -> Vec<Access> {
    let estate = checked.estate;
    let servers = estate.devices.iter().filter(|device| device.managed && device.server);
    warnings.about(servers.map(|device| device.id.as_str()), |count, list| {
        format!(
            "{count} managed device(s) are servers, which no client management licence serves (G.8): say `managed` of the \
             server, too, so that its management licence is counted: {list}"
        )
    });
    if !estate.devices.iter().any(is_client) {
        return Vec::new();
    }
    let mut known = vec![false; estate.devices.len()];
    let mut found = Vec::new();
    let with_person = estate.accesses.rows().filter(|row| row.person != Accesses::NONE && row.device != Accesses::NONE);
    for row in with_person.filter(|row| is_client(&estate.devices[row.device as usize])) {
        known[row.device as usize] |= !estate.people[row.person as usize].unresolved;
        // which server was reached does not matter
        found.push(Access { server: 0, flags: 0, ..row });
    }
    let alone = (0..).zip(estate.devices.iter().zip(known)).filter(|(_, (device, known))| is_client(device) && !known);
    found.extend(alone.map(|(device, _)| Access { person: Accesses::NONE, device, server: 0, flags: 0 }));
    found
}

/// From when to when somebody used a managed device.
pub(super) fn stays(estate: &Estate) -> Vec<Stay> {
    let is_client = |stay: &&Stay| estate.devices.get(stay.device as usize).is_some_and(is_client);
    let with_person = estate.stays.iter().filter(is_client).filter(|stay| stay.person != Accesses::NONE);
    with_person.map(|stay| Stay { server: 0, flags: 0, ..*stay }).collect()
}

/// Why a person holds a licence, or needs none; `used` devices, `bare` of them without one of their own.
pub(super) fn of_person(licence: Licence, used: usize, bare: usize, version: Option<VersionName>) -> Option<String> {
    let used = counted(used, "managed device", "managed devices");
    match (licence, version) {
        (Licence::UserCal, Some(version)) => Some(format!(
            "Uses {used}, {bare} of them without a Client ML of their own: a User Client ML of {version} or later is part of the \
             cheapest mix (E.28, G.8)."
        )),
        (Licence::Devices, _) => Some("Every managed device used has a Client ML of its own (G.8).".into()),
        _ => None,
    }
}

/// The same for a device; `forced` where nobody is known to use it.
pub(super) fn of_device(
    licence: Licence,
    users: usize,
    bare: usize,
    forced: bool,
    version: Option<VersionName>,
) -> Option<String> {
    let users = counted(users, "person", "people");
    match (licence, version) {
        (Licence::DeviceCal, Some(version)) if forced => Some(format!(
            "Is managed, and nobody is known to use it, so only a Client ML of its own, of {version} or later, covers it (G.8)."
        )),
        (Licence::DeviceCal, Some(version)) => Some(format!(
            "Is managed and used by {users}, {bare} of them without a User Client ML: a Client ML of its own, of {version} or \
             later, is part of the cheapest mix (E.28, G.8)."
        )),
        (Licence::People, _) => Some("Is managed, and everybody who uses it holds a User Client ML (G.8).".into()),
        _ => None,
    }
}
