//! Who and what needs other licences than before: people, devices, hosts.

use std::collections::HashMap;

use super::explanation::Forcing;
use crate::{
    assessment::{Assessment, Coverage, HostLicence},
    cal::Family,
    catalogue::Catalogue,
    version::VersionName,
    words::{Count, product},
};

/// How many are told.
const SHOWN: usize = 5;

/// Everything that needs something else.
pub(super) fn moved(before: &Assessment, after: &Assessment, catalogue: &Catalogue) -> Vec<Forcing> {
    let mut found = Vec::new();
    holders(&mut found, "people", "Windows Server User CAL", &before.people, &after.people);
    holders(&mut found, "devices", "Windows Server Device CAL", &before.devices, &after.devices);
    let mut families: Vec<&str> = before.uses.iter().chain(&after.uses).map(|used| used.cal.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    for cal in families {
        let Some(family) = Family::of(catalogue, cal) else { continue };
        let side = |assessment: &Assessment| {
            let used = assessment.uses.iter().find(|used| used.cal == cal);
            used.map(|used| (used.people.clone(), used.devices.clone())).unwrap_or_default()
        };
        let ((people, devices), (people_after, devices_after)) = (side(before), side(after));
        holders(&mut found, "people", &product(family.user, ""), &people, &people_after);
        holders(&mut found, "devices", &product(family.device, ""), &devices, &devices_after);
    }
    hosts(&mut found, &before.hosts, &after.hosts);
    found
}

fn holders(found: &mut Vec<Forcing>, whom: &str, licence: &str, before: &[Coverage], after: &[Coverage]) {
    let held = |side: &[Coverage]| -> HashMap<String, VersionName> {
        side.iter().filter_map(|one| Some((one.id.clone(), one.version?))).collect()
    };
    let (one, other) = (held(before), held(after));
    let mut names: [Vec<String>; 3] = Default::default();
    for (id, version) in &other {
        match one.get(id) {
            None => names[0].push(id.clone()),
            Some(old) if old != version => names[2].push(format!("{id} ({old} became {version})")),
            Some(_) => {}
        }
    }
    names[1].extend(one.keys().filter(|id| !other.contains_key(*id)).cloned());
    let verbs = [
        format!("{whom} need a {licence} that needed none before"),
        format!("{whom} need no {licence} any more"),
        format!("{whom} need a {licence} of another version"),
    ];
    for (mut names, what) in names.into_iter().zip(verbs) {
        if !names.is_empty() {
            names.sort_unstable();
            let count = names.len() as u64;
            names.truncate(SHOWN);
            found.push(Forcing { what, count, names });
        }
    }
}

fn hosts(found: &mut Vec<Forcing>, before: &[HostLicence], after: &[HostLicence]) {
    // a machine may need several products
    let needs = |side: &[HostLicence]| {
        let mut needs: HashMap<String, Vec<String>> = HashMap::new();
        for host in side {
            let what = format!("{} × {}", Count(host.chosen.count), product(&host.chosen.sku, host.version.name()));
            needs.entry(host.id.clone()).or_default().push(what);
        }
        needs
    };
    let (one, other) = (needs(before), needs(after));
    let words = |needs: Option<&Vec<String>>| needs.map_or("nothing".to_owned(), |needs| needs.join(" and "));
    let mut ids: Vec<&String> = one.keys().chain(other.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    let differ = ids.into_iter().filter(|id| one.get(*id) != other.get(*id));
    let names: Vec<String> =
        differ.map(|id| format!("{id}: {} became {}", words(one.get(id)), words(other.get(id)))).collect();
    if !names.is_empty() {
        let count = names.len() as u64;
        let what = if count == 1 { "machine needs" } else { "machines need" };
        let what = format!("{what} other licences to run");
        found.push(Forcing { what, count, names: names.into_iter().take(SHOWN).collect() });
    }
}
