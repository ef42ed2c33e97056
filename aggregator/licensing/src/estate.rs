//! The whole input of one assessment as plain data: read from a file by the planner, built from the store by a scan.
//!
//! Texts name things; accesses are columns of indexes into `people`, `devices` and `servers`, sorted, so that ten
//! million of them fit into a few hundred MiB.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::version::VersionName;

/// Marks an exported estate, so that a reader knows what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EstateFormat {
    /// The only one so far.
    #[default]
    #[serde(rename = "caliper.estate/1")]
    V1,
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
    /// Whether Windows Server runs in the physical operating system environment. A physical server placed on the
    /// host says so too.
    #[serde(default)]
    pub windows: bool,
    /// Whether that Windows does nothing but host and manage virtual machines (rules C.7, E.8). Say `true` only when
    /// it is known: the cautious answer is `false`.
    #[serde(default)]
    pub virtualization_only: bool,
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
    /// Days of the window with evidence from it, if not all of them (rule I.4).
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
    /// Itself a licensed Windows server: needs no CAL, but the people who reach others through it do (rule E.6).
    #[serde(default)]
    pub server: bool,
}

/// One access, for [`Accesses::of`]. Without a person the device alone is counted, and the reverse (rule E.28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// Index into `Estate::people`, or [`Accesses::NONE`].
    pub person: u32,
    /// Index into `Estate::devices`, or [`Accesses::NONE`].
    pub device: u32,
    /// Index into `Estate::servers`.
    pub server: u32,
    /// Bit 0: administration only (rule E.7); bit 1: infrastructure only (rule E.13).
    pub flags: u8,
}

/// Accesses as columns; the order does not matter for the position. [`Accesses::NONE`] stands for an unknown person
/// or device.
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

    /// Sorted columns of the rows, each combination of person, device and server once: what it was used for is
    /// "only administration" or "only infrastructure" if every row of the combination says so.
    #[must_use]
    pub fn of(mut rows: Vec<Access>) -> Self {
        rows.sort_unstable();
        rows.dedup_by(|next, kept| {
            let same = (next.person, next.device, next.server) == (kept.person, kept.device, kept.server);
            if same {
                kept.flags &= next.flags;
            }
            same
        });
        Self {
            person: rows.iter().map(|row| row.person).collect(),
            device: rows.iter().map(|row| row.device).collect(),
            server: rows.iter().map(|row| row.server).collect(),
            flags: rows.iter().map(|row| row.flags).collect(),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.server.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.server.is_empty()
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = Access> {
        (0..self.len()).map(|at| Access {
            person: self.person[at],
            device: self.device[at],
            server: self.server[at],
            flags: self.flags[at],
        })
    }
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

/// What a licence costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// As in a position line.
    pub sku: String,
    /// Of `units` units, in minor units of the estate's currency; never 0.
    pub minor: u64,
    /// How many units (CALs, cores) that buys: 16 for the price of a pack of 16 cores.
    #[serde(default = "one")]
    pub units: u32,
}

fn one() -> u32 {
    1
}

/// What DHCP, DNS and the like mean for the number (rule E.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfraRoles {
    /// They count like any other access.
    Strict,
    /// They count in the highest number, not in the lowest.
    #[default]
    Interval,
    /// They do not count.
    Ignore,
}

/// The switches where contract text leaves room (section Y of the rules), each with its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Days looked back (rule E.19).
    pub window_days: u32,
    /// People or devices per server that may administer it without a CAL (rule E.7).
    pub admin_exempt_per_server: u32,
    /// What use of DHCP, DNS and the like means (rule E.13).
    pub infra_roles: InfraRoles,
}

impl Default for Policy {
    fn default() -> Self {
        Self { window_days: 90, admin_exempt_per_server: 2, infra_roles: InfraRoles::Interval }
    }
}

/// Everything one assessment needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estate {
    /// Always `caliper.estate/1`.
    #[serde(default)]
    pub format: EstateFormat,
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
    /// A value that cannot be.
    #[error("{place}: {problem}")]
    Value {
        /// Where it stands, for example `price of windows-server-cal/user`.
        place: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// Money or a number does not fit.
    #[error("{0}: more than can be counted, check the prices and numbers")]
    TooLarge(String),
}
