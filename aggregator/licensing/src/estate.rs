//! The whole input of one assessment as plain data: read from a file by the planner, built from the store by a scan.
//!
//! Texts name things; accesses are columns of indexes into `people`, `devices` and `servers`, sorted, so that ten
//! million of them fit into a few hundred MiB.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

mod accesses;
mod error;
mod licences;
mod machines;
mod people;
mod policy;
pub(crate) mod written;

pub use accesses::{Access, Accesses, Stay, Use};
pub use error::EstateError;
pub use licences::{Assignment, AssignmentReason, Channel, Entitlement, IncludedCals, Price};
pub use machines::{Host, LicensedBy, RanOn, RemoteDesktopMode, Server, SqlInstance, SqlModel, Unreported};
pub use people::{Device, Person};
pub use policy::{CappedCounts, ClusterPeak, InfraRoles, MachineCals, Policy, Population, WebExempt};

use crate::version::VersionName;

/// Marks an exported estate, so that a reader knows what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EstateFormat {
    /// The only one so far.
    #[default]
    #[serde(rename = "caliper.estate/1")]
    V1,
}

/// Everything one assessment needs, of one customer with its affiliates: their CALs serve each other's servers, nobody else's
/// (rule 0.6).
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
    /// Instances of SQL Server.
    #[serde(default)]
    pub sql: Vec<SqlInstance>,
    /// Uses of what needs CALs of other families.
    #[serde(default)]
    pub uses: Vec<Use>,
    /// From when to when somebody was where, if known; the pool over time is computed from it (rule E.19).
    #[serde(default)]
    pub stays: Vec<Stay>,
    /// Servers that the directory knows of and that report nothing (rule I.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreported: Vec<Unreported>,
    /// People with an active account who are not among `people`, if known: any of them may have used what nobody watched (rules I.4, I.8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen_people: Option<u64>,
    /// Enabled accounts of the directory, built-in ones left out, if known (rule A.4).
    #[serde(default)]
    pub enabled_accounts: Option<u64>,
    /// Version of the System Center that manages servers and devices; `None`: unknown, or nothing is managed (rules G.7, G.8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_center: Option<VersionName>,
    /// Licences owned.
    #[serde(default)]
    pub entitlements: Vec<Entitlement>,
    /// The ledger of who held which licence from when on.
    #[serde(default)]
    pub assignments: Vec<Assignment>,
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
