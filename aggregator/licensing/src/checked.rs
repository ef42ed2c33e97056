//! An estate whose references were found sound, with its names resolved.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
};

use crate::{
    catalogue::{Catalogue, EditionRow},
    estate::{Accesses, Estate, EstateError, Server, Stay},
    ledger::Ledger,
    packs::LARGEST,
    ranking::Ranking,
    standing::Standing,
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
    standing: OnceCell<Standing>,
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
            standing: OnceCell::new(),
        };
        checked.check_values()?;
        estate.check_references()?;
        Ok(checked)
    }

    /// Whether the Windows of that host does nothing but run virtual machines (rules C.7, E.8).
    pub fn runs_only_machines(&self, host: u32) -> bool {
        self.estate.hosts[host as usize].virtualization_only
    }

    /// An order of people and devices that does not go by names; found when it is first asked for.
    pub fn standing(&self) -> &Standing {
        self.standing.get_or_init(|| Standing::of(self))
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
                    "its `fitted` has fewer cores than `processors`: correct one, `fitted` is all that is there, `processors` what is enabled",
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
            let with_each = entitlement.included_cals.map_or(0, |included| u64::from(included.count));
            if entitlement.quantity * with_each > MOST_OWNED {
                return no(
                    format!("`included_cals` of an entitlement of `{}`", entitlement.sku),
                    "nobody owns so many: correct the count or the quantity",
                );
            }
        }
        let currency = self.estate.currency.as_bytes();
        if !currency.is_empty() && (currency.len() != 3 || !currency.iter().all(u8::is_ascii_uppercase)) {
            return no("`currency`".into(), "it is no code of three capital letters: write for example EUR");
        }
        let (mut sizes, mut largest) = (HashSet::new(), HashMap::new());
        for price in &self.estate.prices {
            let place = || format!("price of `{}`", price.sku);
            if price.minor == 0 {
                return no(place(), "it is 0: leave it out if it is not known");
            }
            if price.units == 0 {
                return no(place(), "it is for 0 units: say how many units it buys");
            }
            if !sizes.insert((price.sku.as_str(), price.units)) {
                return no(place(), "it stands twice: keep one of each pack size");
            }
            // the largest size so far, if this is not the first one
            let largest: &mut u32 = largest.entry(price.sku.as_str()).or_default();
            if *largest > 0 && price.units.max(*largest) > LARGEST {
                return no(place(), "a pack of more than 500 beside others: keep one size");
            }
            *largest = price.units.max(*largest);
        }
        Ok(())
    }
}

impl Estate {
    /// Whether the rows of accesses, uses and stays stand for people, devices and servers that are there. An assessment
    /// checks that as well; this names the rows in the order in which they were read.
    pub fn check_references(&self) -> Result<(), EstateError> {
        check_accesses(self, &self.accesses, || "access".into())?;
        for used in &self.uses {
            check_accesses(self, &used.accesses, || format!("access of the uses of {}", used.cal))?;
        }
        check_stays(self, &self.stays, || "stay".into())?;
        self.uses
            .iter()
            .try_for_each(|used| check_stays(self, &used.stays, || format!("stay of the uses of {}", used.cal)))
    }
}

fn check_accesses(estate: &Estate, accesses: &Accesses, of: impl Fn() -> String) -> Result<(), EstateError> {
    let Accesses { person, device, server, flags } = accesses;
    let length = server.len();
    let refused = |row, problem| Err(EstateError::Access { of: of(), row, problem });
    if [person.len(), device.len(), flags.len()] != [length; 3] {
        let row = person.len().min(device.len()).min(flags.len()).min(length);
        return refused(row, "the four columns are not of the same length: give each access one in all four".into());
    }
    let any_gone = estate.people.iter().any(|person| person.gone);
    for (row, access) in accesses.rows().enumerate() {
        if let Err(problem) = check_ends(estate, access.person, access.device, access.server) {
            return refused(row, problem);
        }
        if any_gone && estate.people.get(access.person as usize).is_some_and(|person| person.gone) {
            let gone = access.person;
            return refused(
                row,
                format!("person {gone} is gone and needs none (E.19): leave the access out or correct `gone`"),
            );
        }
    }
    Ok(())
}

fn check_stays(estate: &Estate, stays: &[Stay], of: impl Fn() -> String) -> Result<(), EstateError> {
    for (row, stay) in stays.iter().enumerate() {
        let ends = check_ends(estate, stay.person, stay.device, stay.server);
        let days = if stay.first <= stay.last {
            Ok(())
        } else {
            Err("its `last` day is before its `first`: correct them".to_owned())
        };
        if let Err(problem) = ends.and(days) {
            return Err(EstateError::Access { of: of(), row, problem });
        }
    }
    Ok(())
}

/// Whether these numbers stand for somebody, something and some server.
fn check_ends(estate: &Estate, person: u32, device: u32, server: u32) -> Result<(), String> {
    let missing = |kind, number: u32, count: usize| {
        Err(format!(
            "it names {kind} number {number}, counted from 0, of {count}: add the {kind} or correct the number"
        ))
    };
    let unknown = |index: u32, count: usize| index != Accesses::NONE && index as usize >= count;
    if unknown(person, estate.people.len()) {
        missing("person", person, estate.people.len())
    } else if unknown(device, estate.devices.len()) {
        missing("device", device, estate.devices.len())
    } else if server as usize >= estate.servers.len() {
        missing("server", server, estate.servers.len())
    } else if (person, device) == (Accesses::NONE, Accesses::NONE) {
        Err("it names neither a person nor a device: leave it out or name one".into())
    } else {
        Ok(())
    }
}
