//! The made-up organisation: who needs what and why. Evidence, directory and truth are all derived from this plan.
//!
//! Knows nothing of Caliper's own rules or programs: it is what they are measured against.

mod machines;
mod noise;
mod teams;

use jiff::civil::Date;

pub use machines::{Edition, Host, Kind, Server, VERSIONS, machine_room};
pub use noise::{Noise, Purpose};
pub use teams::{Department, Team};

use crate::random::Random;

/// NetBIOS name of the domain.
pub const NETBIOS: &str = "NORDWIND";
/// DNS name of the domain, and suffix of its user principal names.
pub const DOMAIN: &str = "nordwind.example";
/// SID of the domain; a directory server for the lab is made with it.
pub const DOMAIN_SID: &str = "S-1-5-21-1605201926-2100021121-708442";

/// Price of a User CAL in cents.
pub const USER_PRICE: u64 = 4193;
/// Price of a Device CAL in cents. Cheaper than a User CAL, and no small multiple of one equals one of the other.
pub const DEVICE_PRICE: u64 = 3571;
/// Price of one Standard core in cents.
pub const STANDARD_CORE_PRICE: u64 = 7350;
/// Price of one Datacenter core in cents.
pub const DATACENTER_CORE_PRICE: u64 = 42319;
/// Virtual processors of each guest; more than the least that counts by core (D.4).
pub const VIRTUAL_PROCESSORS: u32 = 6;
/// Price of a SQL Server Standard core licence, in cents.
pub const SQL_CORE_PRICE: u64 = 179_300;

/// Why somebody is in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Employed.
    Staff,
    /// Of a partner company, in an organisational unit of its own.
    External,
    /// Has left; the account is disabled (rule E.19).
    Leaver,
    /// Employed, but not seen within the window (rule E.19).
    Dormant,
}

/// A human being.
#[derive(Debug, Clone)]
pub struct Person {
    /// Account name.
    pub login: String,
    /// For people to read.
    pub display_name: String,
    /// Number of the employee, the same on all accounts of one person (rule E.16).
    pub employee: String,
    /// Why in the directory.
    pub standing: Standing,
    /// Second account with administrator's rights.
    pub admin_login: Option<String>,
    /// Where in the organisation.
    pub department: Department,
}

/// How a device is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// A computer account in the directory.
    Domain,
    /// No account, but a name that servers resolved its address to: telephones, Linux machines.
    Name,
    /// An address and nothing else.
    Address,
}

/// A machine that people work at.
#[derive(Debug, Clone)]
pub struct Device {
    /// Host name; for strangers only a name of the plan.
    pub name: String,
    /// How it is known.
    pub joined: Joined,
    /// IPv4 address.
    pub address: String,
    /// IPv6 address.
    pub second_address: Option<String>,
}

/// A person at a device used a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// Index of the person.
    pub person: usize,
    /// Index of the device.
    pub device: usize,
    /// Index of the server.
    pub server: usize,
    /// By the second account.
    pub as_admin: bool,
    /// Longer ago than the window.
    pub long_ago: bool,
}

/// The whole plan.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// What it was made from.
    pub seed: u64,
    /// Last day of the evidence.
    pub as_of: Date,
    /// Physical machines.
    pub hosts: Vec<Host>,
    /// Servers.
    pub servers: Vec<Server>,
    /// People.
    pub people: Vec<Person>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Groups of people that share no device with anybody outside.
    pub teams: Vec<Team>,
    /// Everybody's accesses, in order, each once.
    pub visits: Vec<Visit>,
    /// Everything else that the evidence holds.
    pub noise: Vec<Noise>,
}

impl Organisation {
    /// Makes an organisation of about `people` people, at least 20, seen until `as_of`.
    #[must_use]
    pub fn new(people: usize, seed: u64, as_of: Date) -> Self {
        let (hosts, servers) = machine_room();
        let mut organisation = Self {
            seed,
            as_of,
            hosts,
            servers,
            people: Vec::new(),
            devices: Vec::new(),
            teams: Vec::new(),
            visits: Vec::new(),
            noise: Vec::new(),
        };
        let mut random = Random::new(seed);
        teams::found(&mut organisation, &mut random, people.max(20));
        organisation.visits.sort_unstable();
        organisation.visits.dedup();
        noise::scatter(&mut organisation, &mut random);
        organisation
    }

    /// Index of the server called `name`.
    #[must_use]
    pub fn server(&self, name: &str) -> usize {
        self.servers.iter().position(|server| server.name == name).expect("the machine room has it")
    }

    /// Whether a visit asks for a licence: by somebody who is here (E.19), within the window (E.19), of a server that
    /// does not merely run virtual machines (E.8).
    #[must_use]
    pub fn counts(&self, visit: &Visit) -> bool {
        !visit.long_ago
            && matches!(self.people[visit.person].standing, Standing::Staff | Standing::External)
            && self.servers[visit.server].kind != Kind::Hypervisor
    }
}
