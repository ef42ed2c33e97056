//! The whole input of one assessment as plain data: read from a file by the planner, built from the store by a scan.
//!
//! Texts name things; accesses are columns of indexes into `people`, `devices` and `servers`, sorted, so that ten
//! million of them fit into a few hundred MiB.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A Windows Server version as licences know it, in rising order (rule A.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum VersionName {
    /// 2003.
    #[serde(rename = "2003")]
    V2003,
    /// 2003 R2.
    #[serde(rename = "2003 R2")]
    V2003R2,
    /// 2008.
    #[serde(rename = "2008")]
    V2008,
    /// 2008 R2.
    #[serde(rename = "2008 R2")]
    V2008R2,
    /// 2012.
    #[serde(rename = "2012")]
    V2012,
    /// 2012 R2.
    #[serde(rename = "2012 R2")]
    V2012R2,
    /// 2016.
    #[serde(rename = "2016")]
    V2016,
    /// 2019.
    #[serde(rename = "2019")]
    V2019,
    /// 2022.
    #[serde(rename = "2022")]
    V2022,
    /// 2025.
    #[serde(rename = "2025")]
    V2025,
}

/// One physical machine (or hardware partition). Licences for cores attach to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Unique among hosts.
    pub id: String,
    /// Physical cores of each populated processor; empty: unknown.
    #[serde(default)]
    pub processors: Vec<u32>,
    /// Whether Windows Server runs in the physical operating system environment.
    #[serde(default)]
    pub windows: bool,
    /// Whether that Windows does anything but host and manage virtual machines (rule C.7).
    #[serde(default)]
    pub other_roles: bool,
    /// Most Windows virtual machines that ran on it at once, when more than the servers placed on it are known.
    #[serde(default)]
    pub peak_virtual_machines: Option<u32>,
}

/// One running Windows Server operating system environment, physical or virtual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Unique among servers.
    pub id: String,
    /// Version running; `None`: unknown.
    #[serde(default)]
    pub version: Option<VersionName>,
    /// Normalised edition (rule B.3); `None`: unknown.
    #[serde(default)]
    pub edition: Option<String>,
    /// The host it runs on; for a physical server the host of the same machine; `None`: unknown.
    #[serde(default)]
    pub host: Option<String>,
    /// Whether it runs in a virtual machine.
    #[serde(default)]
    pub is_virtual: bool,
    /// Whether an evaluation copy (rule B.3).
    #[serde(default)]
    pub evaluation: bool,
    /// First day of evidence from it, if it was not observed for the whole window (rule I.4).
    #[serde(default)]
    pub observed_days: Option<u32>,
}

/// A human being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Unique among people.
    pub id: String,
    /// Neither employee nor on-site contractor (rule E.22).
    #[serde(default)]
    pub external: bool,
    /// An unresolved principal that stands for nobody known (invariant 4).
    #[serde(default)]
    pub unresolved: bool,
}

/// A machine people work at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Unique among devices.
    pub id: String,
    /// An address that could not be resolved to a machine (invariant 4).
    #[serde(default)]
    pub unresolved: bool,
}

/// One access as an estate file states it. Without a person the device alone is counted, and the reverse (rule E.28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Id of the person.
    #[serde(default)]
    pub person: Option<String>,
    /// Id of the device.
    #[serde(default)]
    pub device: Option<String>,
    /// Id of the server reached.
    pub server: String,
    /// Whether it served only to administer that server (rule E.7).
    #[serde(default)]
    pub administration: bool,
    /// Only DHCP, DNS or the like was used (rule E.13).
    #[serde(default)]
    pub infrastructure: bool,
}

/// Accesses as columns, sorted by (person, device, server), each combination once. [`Accesses::NONE`] stands for
/// an unknown person or device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accesses {
    /// Index into `Estate::people`, or [`Accesses::NONE`].
    pub person: Vec<u32>,
    /// Index into `Estate::devices`, or [`Accesses::NONE`].
    pub device: Vec<u32>,
    /// Index into `Estate::servers`.
    pub server: Vec<u32>,
    /// Bit 0: administration only (rule E.7); bit 1: infrastructure only (rule E.13).
    pub flags: Vec<u8>,
}

impl Accesses {
    /// Stands for an unknown person or device.
    pub const NONE: u32 = u32::MAX;
    /// Administration only.
    pub const ADMINISTRATION: u8 = 1;
    /// Infrastructure only.
    pub const INFRASTRUCTURE: u8 = 2;
}

/// A licence owned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    /// As in a position line, for example `windows-server-cal/user`.
    pub sku: String,
    /// Version licensed.
    pub version: VersionName,
    /// How many units.
    pub quantity: u64,
    /// Software Assurance is active until this day, included.
    #[serde(default)]
    pub software_assurance_until: Option<Date>,
}

/// What one unit costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// As in a position line.
    pub sku: String,
    /// Of one unit (one CAL, one core), in minor units of the estate's currency.
    pub minor: u64,
}

/// The switches where contract text leaves room (section Y of the rules), each with its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Days looked back (rule E.19).
    pub window_days: u32,
    /// People or devices per server that may administer it without a CAL (rule E.7).
    pub admin_exempt_per_server: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { window_days: 90, admin_exempt_per_server: 2 }
    }
}

/// Everything one assessment needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estate {
    /// Last day of the window.
    pub as_of: Date,
    /// ISO 4217, of all prices.
    #[serde(default)]
    pub currency: String,
    /// Policy values used.
    #[serde(default)]
    pub policy: Policy,
    /// Hosts.
    #[serde(default)]
    pub hosts: Vec<Host>,
    /// Servers.
    #[serde(default)]
    pub servers: Vec<Server>,
    /// People.
    #[serde(default)]
    pub people: Vec<Person>,
    /// Devices.
    #[serde(default)]
    pub devices: Vec<Device>,
    /// Accesses within the window.
    #[serde(default)]
    pub accesses: Accesses,
    /// Licences owned.
    #[serde(default)]
    pub entitlements: Vec<Entitlement>,
    /// Prices.
    #[serde(default)]
    pub prices: Vec<Price>,
    /// Known gaps of the evidence, in words, for the position's warnings.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Reserved for the names of what was left out on purpose: reason and count.
    #[serde(default)]
    pub left_out: BTreeMap<String, u64>,
}

/// Why an estate cannot be assessed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EstateError {
    /// A reference to something that is not there.
    #[error("{place} names {kind} `{id}`, which the estate does not have: add it or correct the name")]
    Missing {
        /// Where the reference stands, for example `server FS1`.
        place: String,
        /// `host`, `server`, `person`, `device`.
        kind: &'static str,
        /// The id named.
        id: String,
    },
    /// The same id twice.
    #[error("{kind} `{id}` stands twice in the estate: give each its own id")]
    Twice {
        /// `host`, `server`, `person`, `device`.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// The columns of the accesses do not fit together or name rows that do not exist.
    #[error("access {row}: {problem}")]
    Access {
        /// From 0.
        row: usize,
        /// What is wrong.
        problem: String,
    },
    /// A sum does not fit into 64 bits.
    #[error("the money or count of {0} does not fit into 64 bits: check the prices")]
    TooLarge(String),
}
