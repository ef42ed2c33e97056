//! An estate whose references were found sound, with its names resolved.

use std::collections::HashMap;

use crate::{
    catalogue::{Catalogue, EditionRow},
    estate::{Accesses, Estate, EstateError, Server},
    ledger::Ledger,
    packs::LARGEST,
    ranking::Ranking,
    version::VersionName,
};

/// Most licences one entitlement can be for, so that sums over versions and products always fit.
const MOST_OWNED: u64 = u32::MAX as u64;

/// An estate that can be assessed.
pub(crate) struct Checked<'a> {
    pub estate: &'a Estate,
    pub catalogue: &'a Catalogue,
    pub people: Ranking,
    pub devices: Ranking,
    pub hosts: Ranking,
    /// Per server the index of its host.
    pub host_of: Vec<Option<u32>>,
    /// Who holds which licence.
    pub ledger: Ledger<'a>,
    /// Rows of the editions that servers name, by their spelling.
    editions: HashMap<&'a str, Option<&'a EditionRow>>,
}

impl<'a> Checked<'a> {
    pub fn of(estate: &'a Estate, catalogue: &'a Catalogue) -> Result<Self, EstateError> {
        let hosts: HashMap<&str, u32> = estate.hosts.iter().map(|host| host.id.as_str()).zip(0..).collect();
        let host_of = (estate.servers.iter())
            .map(|server| {
                let Some(name) = &server.host else { return Ok(None) };
                hosts.get(name.as_str()).map(|&index| Some(index)).ok_or_else(|| EstateError::Missing {
                    place: format!("server `{}`", server.id),
                    kind: "host",
                    id: name.clone(),
                })
            })
            .collect::<Result<_, _>>()?;
        // there may be a million servers, but few editions
        let mut editions = HashMap::new();
        for name in estate.servers.iter().filter_map(|server| server.edition.as_deref()) {
            editions.entry(name).or_insert_with(|| catalogue.edition(name));
        }
        Ranking::of("server", estate.servers.iter().map(|server| server.id.as_str()))?;
        let checked = Self {
            estate,
            catalogue,
            people: Ranking::of("person", estate.people.iter().map(|person| person.id.as_str()))?,
            devices: Ranking::of("device", estate.devices.iter().map(|device| device.id.as_str()))?,
            hosts: Ranking::of("host", estate.hosts.iter().map(|host| host.id.as_str()))?,
            host_of,
            ledger: Ledger::of(estate, catalogue.reassignment_days())?,
            editions,
        };
        checked.check_values()?;
        check_accesses(estate, &estate.accesses)?;
        for used in &estate.uses {
            check_accesses(estate, &used.accesses)?;
        }
        check_stays(estate)?;
        Ok(checked)
    }

    /// Whether the Windows of that host does nothing but run virtual machines (rules C.7, E.8).
    pub fn runs_only_machines(&self, host: u32) -> bool {
        self.estate.hosts[host as usize].virtualization_only
    }

    /// The catalogue's row of the server's edition; `None` if it is unknown, or one nobody knows (rule A.2).
    pub fn edition_of(&self, server: &Server) -> Option<&'a EditionRow> {
        *self.editions.get(server.edition.as_deref()?)?
    }

    fn check_values(&self) -> Result<(), EstateError> {
        let no = |place: String, problem| Err(EstateError::Value { place, problem });
        for host in &self.estate.hosts {
            if host.processors.contains(&0) || host.fitted.contains(&0) {
                return no(
                    format!("host `{}`", host.id),
                    "a processor with 0 cores: leave the list empty if the cores are not known",
                );
            }
            let sum = |cores: &[u32]| cores.iter().map(|&cores| u64::from(cores)).sum::<u64>();
            if !host.fitted.is_empty() && sum(&host.fitted) < sum(&host.processors) {
                return no(
                    format!("host `{}`", host.id),
                    "its `fitted` has fewer cores than `processors`: `fitted` is all that is there, `processors` what is enabled",
                );
            }
        }
        for server in &self.estate.servers {
            if server.version.is_some_and(|version| !VersionName::WINDOWS.contains(&version)) {
                return no(
                    format!("server `{}`", server.id),
                    "its version is none of Windows Server: correct it or leave it out",
                );
            }
        }
        for entitlement in &self.estate.entitlements {
            if entitlement.quantity > MOST_OWNED {
                return no(
                    format!("entitlement of `{}`", entitlement.sku),
                    "nobody owns so many: correct the quantity",
                );
            }
        }
        for (at, price) in self.estate.prices.iter().enumerate() {
            let place = || format!("price of `{}`", price.sku);
            if price.minor == 0 {
                return no(place(), "it is 0: leave it out if it is not known");
            }
            if price.units == 0 {
                return no(place(), "it is for 0 units: say how many units it buys");
            }
            let mut others = self.estate.prices[..at].iter().filter(|other| other.sku == price.sku);
            if others.clone().any(|other| other.units == price.units) {
                return no(place(), "it stands twice: keep one of each pack size");
            }
            if others.any(|other| other.units.max(price.units) > LARGEST) {
                return no(place(), "a pack of more than 500 beside others: keep one size");
            }
        }
        Ok(())
    }
}

fn check_stays(estate: &Estate) -> Result<(), EstateError> {
    let known = |index: u32, count: usize| index == Accesses::NONE || (index as usize) < count;
    for (at, stay) in estate.stays.iter().enumerate() {
        let problem = if !known(stay.person, estate.people.len()) {
            "its `person` does not exist: correct the number"
        } else if !known(stay.device, estate.devices.len()) {
            "its `device` does not exist: correct the number"
        } else if stay.server as usize >= estate.servers.len() {
            "its `server` does not exist: correct the number"
        } else if (stay.person, stay.device) == (Accesses::NONE, Accesses::NONE) {
            "it names neither a person nor a device: leave it out or name one"
        } else if stay.last < stay.first {
            "its `last` day is before its `first`: correct them"
        } else {
            continue;
        };
        return Err(EstateError::Value { place: format!("stay {}", at + 1), problem });
    }
    Ok(())
}

fn check_accesses(estate: &Estate, accesses: &Accesses) -> Result<(), EstateError> {
    let Accesses { person, device, server, flags } = accesses;
    let length = server.len();
    if [person.len(), device.len(), flags.len()] != [length; 3] {
        let row = person.len().min(device.len()).min(flags.len()).min(length);
        return Err(EstateError::Access { row, problem: "the four columns are not of the same length".into() });
    }
    let any_gone = estate.people.iter().any(|person| person.gone);
    let known = |index: u32, count: usize| index == Accesses::NONE || (index as usize) < count;
    for (row, access) in accesses.rows().enumerate() {
        let problem = if !known(access.person, estate.people.len()) {
            format!("person {} of {} does not exist", access.person, estate.people.len())
        } else if !known(access.device, estate.devices.len()) {
            format!("device {} of {} does not exist", access.device, estate.devices.len())
        } else if access.server as usize >= estate.servers.len() {
            format!("server {} of {} does not exist", access.server, estate.servers.len())
        } else if (access.person, access.device) == (Accesses::NONE, Accesses::NONE) {
            "it names neither a person nor a device: leave it out or name one".into()
        } else if any_gone && estate.people.get(access.person as usize).is_some_and(|person| person.gone) {
            format!("person {} is gone and needs none (E.19): leave the access out or correct `gone`", access.person)
        } else {
            continue;
        };
        return Err(EstateError::Access { row, problem });
    }
    Ok(())
}
