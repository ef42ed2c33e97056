//! Estates for tests, said shortly.
#![allow(missing_docs)]

pub mod whole;

use caliper_licensing::{
    Access, Accesses, Assessment, Device, Entitlement, Estate, Host, Person, Price, Server, VersionName, assess,
};

pub fn version(name: &str) -> VersionName {
    VersionName::from_name(name).expect("a version of the catalogue")
}

pub fn server(id: &str, name: &str, edition: &str) -> Server {
    Server { id: id.into(), version: Some(version(name)), edition: Some(edition.into()), ..Server::default() }
}

pub fn people(count: usize) -> Vec<Person> {
    (0..count).map(|at| Person { id: format!("u{at:04}"), ..Person::default() }).collect()
}

pub fn devices(count: usize) -> Vec<Device> {
    (0..count).map(|at| Device { id: format!("d{at:04}"), ..Device::default() }).collect()
}

/// An access by number of person and device to the server of that number.
pub fn on(person: u32, device: u32, server: u32) -> Access {
    Access { person, device, server, flags: 0 }
}

/// As many people and devices as the pairs name, on one server with Standard of `version`.
pub fn pairs(version: &str, pairs: &[(u32, u32)]) -> Estate {
    let count = |side: fn(&(u32, u32)) -> u32| pairs.iter().map(side).max().map_or(0, |most| most as usize + 1);
    Estate {
        servers: vec![server("S", version, "Standard")],
        people: people(count(|pair| pair.0)),
        devices: devices(count(|pair| pair.1)),
        accesses: Accesses::of(pairs.iter().map(|&(person, device)| on(person, device, 0)).collect()),
        ..Estate::default()
    }
}

/// Everybody on every device.
pub fn all_on_all(people: u32, devices: u32) -> Vec<(u32, u32)> {
    (0..people).flat_map(|person| (0..devices).map(move |device| (person, device))).collect()
}

pub fn price(sku: &str, minor: u64, units: u32) -> Price {
    Price { sku: sku.into(), minor, units }
}

pub fn owns(sku: &str, name: &str, quantity: u64) -> Entitlement {
    Entitlement { sku: sku.into(), version: version(name), quantity, ..Entitlement::default() }
}

pub fn host(id: &str, processors: &[u32]) -> Host {
    Host { id: id.into(), processors: processors.to_vec(), ..Host::default() }
}

pub fn assessed(estate: &Estate) -> Assessment {
    assess(estate).expect("a sound estate")
}

/// Needed of a sku over all its versions.
pub fn needed(assessment: &Assessment, sku: &str) -> u64 {
    assessment.position.lines.iter().filter(|line| line.sku == sku).map(|line| line.needed).sum()
}

/// (version, needed, owned, short, surplus) of each line of a sku.
pub fn lines<'a>(assessment: &'a Assessment, sku: &str) -> Vec<(&'a str, u64, u64, u64, u64)> {
    (assessment.position.lines.iter())
        .filter(|line| line.sku == sku)
        .map(|line| (line.version.as_str(), line.needed, line.owned, line.short, line.surplus))
        .collect()
}

/// (User CALs, Device CALs) needed.
pub fn cals(assessment: &Assessment) -> (u64, u64) {
    (needed(assessment, "windows-server-cal/user"), needed(assessment, "windows-server-cal/device"))
}

/// Whether some warning holds all the words.
pub fn warns(assessment: &Assessment, words: &[&str]) -> bool {
    assessment.position.warnings.iter().any(|warning| words.iter().all(|word| warning.contains(word)))
}
