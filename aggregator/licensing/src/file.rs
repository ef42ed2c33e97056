//! Estate files: an estate as people write it in TOML, `caliper.estate/1`. The README of this crate explains the format.
//!
//! Knows text only; reading files and CSV is the caller's work, who may add accesses one by one.

mod named;
mod period;
mod rows;

use std::{collections::BTreeMap, fmt::Display};

use jiff::civil::Date;

use crate::{
    estate::{Access, Accesses, Device, Estate, Host, Person, Server, Stay, Use},
    file::{
        named::Named,
        rows::{AccessRow, Document},
    },
    names::Names,
    slip::slip,
};

/// Why a text is no estate file. The caller names the file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FileError {
    /// The text is not TOML, or a field is unknown, missing or of the wrong kind.
    #[error("line {line}: {problem}")]
    Text {
        /// From 1.
        line: usize,
        /// What is wrong, in the words of the reader of TOML.
        problem: String,
    },
    /// A name that stands for nothing.
    #[error("{place} names the {kind} `{name}`, which the file does not have: add it or correct the name")]
    Unknown {
        /// For example `access 3`.
        place: String,
        /// `person`, `device`, `server`.
        kind: &'static str,
        /// As written.
        name: String,
    },
    /// A name that stands for two things.
    #[error("the {kind} name `{name}` stands twice: give each its own")]
    Twice {
        /// `person`, `device`.
        kind: &'static str,
        /// As written.
        name: String,
    },
    /// An access that does not say which server was reached.
    #[error("{0} names no server: name one, or give the file a `default_server` or exactly one [[server]]")]
    NoServer(String),
    /// An access by nobody from nowhere.
    #[error("{0} names neither a person nor a device: name at least one")]
    Nobody(String),
    /// Something else that cannot be.
    #[error("{place}: {problem}")]
    Other {
        /// For example `server FS1`.
        place: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
}

/// More accesses than this in one estate, uses and stays included, are a slip of the pen: they would fill the memory.
const MOST: usize = 50_000_000;

/// The same for people and devices in groups.
const MOST_MEMBERS: usize = 10_000_000;

/// Bytes of the longest name: longer ones are text that slipped into the wrong field.
const LONGEST: usize = 1_000;

/// An estate whose accesses are still being gathered.
#[derive(Debug)]
pub struct EstateFile {
    estate: Estate,
    default_server: Option<u32>,
    servers: Names,
    people: Named,
    devices: Named,
    rows: Vec<Access>,
    /// By CAL family.
    uses: BTreeMap<String, Vec<Access>>,
    /// Of these families.
    stays: BTreeMap<String, Vec<Stay>>,
    /// Rows of `uses` and stays.
    beside: usize,
}

impl EstateFile {
    /// Reads the TOML text of an estate file.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let (line, problem) = slip(text, &error);
            FileError::Text { line, problem }
        })?;
        document.check_names()?;
        let Document { host, server, person, device, access, entitlement, default_server, as_of, .. } = document;
        if as_of.is_none() {
            period::check_undated(&entitlement, &document.assignment, &person, &device)?;
        }
        let mut file = Self::of(Estate {
            as_of: as_of.unwrap_or(Date::ZERO),
            currency: document.currency,
            policy: document.policy,
            hosts: host,
            entitlements: entitlement,
            assignments: document.assignment,
            sql: document.sql,
            enabled_accounts: document.enabled_accounts,
            system_center: document.system_center,
            prices: document.price,
            notes: document.note,
            ..Estate::default()
        });
        for row in server {
            file.add_server(row)?;
        }
        for row in person {
            let number = file.estate.people.len() as u32;
            let ids = members(&row.id, row.count, file.estate.people.len() + file.estate.devices.len())?;
            let numbers: Vec<u32> = (number..).take(ids.len()).collect();
            for (id, &number) in ids.iter().zip(&numbers) {
                name("person", &mut file.people, id, vec![number])?;
            }
            if row.count.is_some() {
                name("person", &mut file.people, &row.id, numbers.clone())?;
            }
            // E.16: several accounts, one person
            for account in &row.accounts {
                name("person", &mut file.people, account, numbers.clone())?;
            }
            let member = Person {
                id: String::new(),
                external: row.external,
                unresolved: row.unresolved,
                stands_for: row.stands_for,
                accounts: u32::try_from(row.accounts.len()).ok().filter(|&accounts| accounts > 1),
                last_seen: row.last_seen,
                gone: row.gone,
            };
            file.estate.people.extend(ids.into_iter().map(|id| Person { id, ..member.clone() }));
        }
        for row in device {
            let number = file.estate.devices.len() as u32;
            let ids = members(&row.id, row.count, file.estate.people.len() + file.estate.devices.len())?;
            let numbers: Vec<u32> = (number..).take(ids.len()).collect();
            for (id, &number) in ids.iter().zip(&numbers) {
                name("device", &mut file.devices, id, vec![number])?;
            }
            if row.count.is_some() {
                name("device", &mut file.devices, &row.id, numbers)?;
            }
            let member = Device {
                id: String::new(),
                server: row.server,
                unresolved: row.unresolved,
                kind: row.kind,
                last_seen: row.last_seen,
                managed: row.managed,
                gone: row.gone,
            };
            file.estate.devices.extend(ids.into_iter().map(|id| Device { id, ..member.clone() }));
        }
        if let Some(name) = default_server {
            let unknown = || FileError::Unknown { place: "default_server".into(), kind: "server", name: name.clone() };
            file.default_server = Some(file.servers.get(&name).ok_or_else(unknown)?);
        }
        for (at, row) in access.iter().enumerate() {
            file.add_row(&format_args!("access {}", at + 1), row)?;
        }
        Ok(file)
    }

    /// Starts from an estate, for example an exported one, to which accesses will be added.
    #[must_use]
    pub fn of(estate: Estate) -> Self {
        let mut servers = Names::default();
        for (server, number) in estate.servers.iter().zip(0..) {
            servers.insert(&server.id, number);
        }
        let people = Named::numbered(estate.people.iter().map(|person| person.id.as_str()));
        let devices = Named::numbered(estate.devices.iter().map(|device| device.id.as_str()));
        let rows = estate.accesses.rows().collect();
        let mut uses: BTreeMap<String, Vec<Access>> = BTreeMap::new();
        let mut stays: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
        for used in &estate.uses {
            uses.entry(used.cal.clone()).or_default().extend(used.accesses.rows());
            stays.entry(used.cal.clone()).or_default().extend(&used.stays);
        }
        let beside =
            uses.values().map(Vec::len).chain(stays.values().map(Vec::len)).sum::<usize>() + estate.stays.len();
        Self { estate, default_server: None, servers, people, devices, rows, uses, stays, beside }
    }

    /// Adds an access. An empty name means unknown; a new name becomes a person or device; without a server the only
    /// one or the default one was reached. `place` says where the access stands, for errors.
    pub fn add(&mut self, place: &dyn Display, user: &str, device: &str, server: &str) -> Result<(), FileError> {
        if user.is_empty() && device.is_empty() {
            return Err(FileError::Nobody(place.to_string()));
        }
        if user.len().max(device.len()) > LONGEST {
            return Err(other(place, TOO_LONG));
        }
        let server = self.server(place, Some(server).filter(|name| !name.is_empty()))?;
        let Self { estate, people, devices, .. } = self;
        let person = if user.is_empty() {
            Accesses::NONE
        } else {
            people.get_or_make(user, || {
                estate.people.push(Person { id: user.into(), ..Person::default() });
                estate.people.len() as u32 - 1
            })
        };
        let device = if device.is_empty() {
            Accesses::NONE
        } else {
            devices.get_or_make(device, || {
                estate.devices.push(Device { id: device.into(), ..Device::default() });
                estate.devices.len() as u32 - 1
            })
        };
        spread(&mut self.rows, self.beside, place, people.members(&person), devices.members(&device), server, 0)
    }

    /// Reads ahead what adding accesses of these users and devices will need: that makes adding many at once quicker, and
    /// changes nothing else.
    pub fn look_ahead<'names>(
        &self,
        users: impl Iterator<Item = &'names str> + Clone,
        devices: impl Iterator<Item = &'names str> + Clone,
    ) {
        self.people.look_ahead(users);
        self.devices.look_ahead(devices);
    }

    /// The estate with all accesses.
    #[must_use]
    pub fn finish(mut self) -> Estate {
        period::leave_out_gone(&mut self.estate, &mut self.rows, &mut self.uses);
        self.estate.accesses = Accesses::of(self.rows);
        let mut stays = self.stays;
        let uses = self.uses.into_iter().map(|(cal, rows)| {
            let stays = stays.remove(&cal).unwrap_or_default();
            Use { cal, accesses: Accesses::of(rows), stays }
        });
        self.estate.uses = uses.filter(|used| !used.accesses.is_empty() || !used.stays.is_empty()).collect();
        self.estate
    }

    fn add_server(&mut self, row: rows::ServerRow) -> Result<(), FileError> {
        let other = |problem| FileError::Other { place: format!("server `{}`", row.id), problem };
        let mut host = row.host;
        if !row.processors.is_empty() {
            if host.is_some() {
                return Err(other("has both `host` and `processors`: give the processors to the [[host]]"));
            }
            if row.is_virtual {
                return Err(other("is virtual, so its processors are not physical: place it on a [[host]]"));
            }
            // a machine of its own
            host = Some(row.id.clone());
            self.estate.hosts.push(Host {
                id: row.id.clone(),
                processors: row.processors,
                windows: true,
                ..Host::default()
            });
        }
        let number = self.estate.servers.len() as u32;
        self.servers.insert(&row.id, number);
        self.estate.servers.push(Server {
            id: row.id,
            version: row.version,
            edition: row.edition,
            host,
            is_virtual: row.is_virtual,
            evaluation: row.evaluation,
            observed_days: row.observed_days,
            cluster: row.cluster,
            may_run_on: row.may_run_on,
            virtual_processors: row.virtual_processors,
            licensed_by: row.licensed_by,
            disaster_recovery: row.disaster_recovery,
            web_workload: row.web_workload,
            remote_desktop: row.remote_desktop,
            licence_server: row.licence_server,
            managed: row.managed,
            products: row.products,
            release: row.release,
        });
        Ok(())
    }

    fn add_row(&mut self, place: &dyn Display, row: &AccessRow) -> Result<(), FileError> {
        let find = |kind, names: &Named, name: Option<&String>| {
            let Some(name) = name else { return Ok(Accesses::NONE) };
            let unknown = || FileError::Unknown { place: place.to_string(), kind, name: name.clone() };
            names.get(name).ok_or_else(unknown)
        };
        if row.person.is_none() && row.device.is_none() {
            return Err(FileError::Nobody(place.to_string()));
        }
        let person = find("person", &self.people, row.person.as_ref())?;
        let device = find("device", &self.devices, row.device.as_ref())?;
        let server = self.server(place, row.server.as_deref())?;
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(row.administration, Accesses::ADMINISTRATION)
            | flag(row.infrastructure, Accesses::INFRASTRUCTURE)
            | flag(row.web, Accesses::WEB)
            | flag(row.anonymous, Accesses::ANONYMOUS);
        let (from, beside) = (self.rows.len(), self.beside);
        let (people, devices) = (self.people.members(&person), self.devices.members(&device));
        if row.paired {
            pair(&mut self.rows, beside, place, people, devices, server, flags)?;
        } else {
            spread(&mut self.rows, beside, place, people, devices, server, flags)?;
        }
        // each row once more for every family, and for its days
        let dated = usize::from(row.first.is_some());
        let times = row.uses.len() + dated + dated * row.uses.len();
        self.beside = self.beside.saturating_add((self.rows.len() - from).saturating_mul(times));
        if self.beside.saturating_add(self.rows.len()) > MOST {
            return Err(other(place, TOO_MANY));
        }
        if let Some((first, last)) = period::of(place, row)? {
            let stay = |row: &Access| {
                let Access { person, device, server, flags } = *row;
                Stay { person, device, server, first, last, flags }
            };
            self.estate.stays.extend(self.rows[from..].iter().map(stay));
            for cal in &row.uses {
                self.stays.entry(cal.clone()).or_default().extend(self.rows[from..].iter().map(stay));
            }
            if !period::is_in_window(&self.estate, first, last) {
                // E.19: it counts for the pool over time only
                period::note_last_seen(&mut self.estate, &self.rows[from..], last);
                self.rows.truncate(from);
            }
        }
        for cal in &row.uses {
            self.uses.entry(cal.clone()).or_default().extend_from_slice(&self.rows[from..]);
        }
        Ok(())
    }

    fn server(&self, place: &dyn Display, name: Option<&str>) -> Result<u32, FileError> {
        match name {
            Some(name) => self.servers.get(name).ok_or_else(|| FileError::Unknown {
                place: place.to_string(),
                kind: "server",
                name: name.into(),
            }),
            None if self.estate.servers.len() == 1 => Ok(0),
            None => self.default_server.ok_or_else(|| FileError::NoServer(place.to_string())),
        }
    }
}

fn other(place: &dyn Display, problem: &'static str) -> FileError {
    FileError::Other { place: place.to_string(), problem }
}

const TOO_MANY: &str = "more accesses than fit: split the estate";
const TOO_LONG: &str = "a name of more than 1000 bytes: shorten it";

/// Everybody named on every device named. `beside` rows take their place elsewhere.
fn spread(
    rows: &mut Vec<Access>,
    beside: usize,
    place: &dyn Display,
    people: &[u32],
    devices: &[u32],
    server: u32,
    flags: u8,
) -> Result<(), FileError> {
    if people.len().saturating_mul(devices.len()).saturating_add(rows.len()).saturating_add(beside) > MOST {
        return Err(other(place, TOO_MANY));
    }
    for &person in people {
        rows.extend(devices.iter().map(|&device| Access { person, device, server, flags }));
    }
    Ok(())
}

/// The first with the first, the second with the second and so on, the shorter list over and over.
fn pair(
    rows: &mut Vec<Access>,
    beside: usize,
    place: &dyn Display,
    people: &[u32],
    devices: &[u32],
    server: u32,
    flags: u8,
) -> Result<(), FileError> {
    let count = people.len().max(devices.len());
    if count.saturating_add(rows.len()).saturating_add(beside) > MOST {
        return Err(other(place, TOO_MANY));
    }
    let pairs = people.iter().copied().cycle().zip(devices.iter().copied().cycle()).take(count);
    rows.extend(pairs.map(|(person, device)| Access { person, device, server, flags }));
    Ok(())
}

/// The ids of a row: its own, or `id-1`, `id-2` and so on for a group. `others` are there already.
fn members(id: &str, count: Option<u32>, others: usize) -> Result<Vec<String>, FileError> {
    match count {
        None => Ok(vec![id.to_owned()]),
        Some(count) if (count as usize).saturating_add(others) > MOST_MEMBERS => {
            let problem = "more than 10000000 people and devices with those before: lower `count`";
            Err(FileError::Other { place: format!("group `{id}`"), problem })
        }
        Some(count) => Ok((1..=count).map(|number| format!("{id}-{number}")).collect()),
    }
}

fn name(kind: &'static str, names: &mut Named, name: &str, numbers: Vec<u32>) -> Result<(), FileError> {
    if names.insert(name, numbers) { Ok(()) } else { Err(FileError::Twice { kind, name: name.to_owned() }) }
}
