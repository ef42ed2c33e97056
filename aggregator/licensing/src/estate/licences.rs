//! What is owned, who holds it, and what more would cost.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::written;
use crate::version::VersionName;

/// A licence owned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    /// As in a position line, for example `windows-server-cal/user`.
    pub sku: String,
    /// Version licensed.
    pub version: VersionName,
    /// How many units.
    pub quantity: u64,
    /// Software Assurance is active until this day, included.
    #[serde(default, deserialize_with = "written::day")]
    pub software_assurance_until: Option<Date>,
    /// Names this entitlement, for assignments; needed only if something refers to it.
    #[serde(default)]
    pub id: Option<String>,
    /// How it was bought (rule 0.2).
    #[serde(default)]
    pub channel: Channel,
    /// When it was bought.
    #[serde(default, deserialize_with = "written::day")]
    pub acquired_on: Option<Date>,
    /// CALs that came with each server licence of 2008 and 2008 R2 (rule A.3), never inferred.
    #[serde(default)]
    pub included_cals: Option<IncludedCals>,
    /// Ids of the people, devices or hosts it is assigned to for good; empty: free to assign. No more than `quantity`
    /// units; for cores, all units of one host stand as one name.
    #[serde(default)]
    pub assigned_to: Vec<String>,
}

/// CALs included with each unit of a server licence (rule A.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncludedCals {
    /// How many with each unit: 5, 10 or 25.
    pub count: u32,
    /// Whether the buyer designated them as Device CALs; otherwise they are User CALs.
    #[serde(default)]
    pub device: bool,
}

/// How a licence was bought, which decides the terms that come with it (rule 0.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Volume licensing: packs of one, may be reassigned.
    #[default]
    Volume,
    /// With the hardware: tied to the first server (rule C.24).
    Oem,
    /// In a box.
    Retail,
    /// A subscription through a cloud provider; counts as if under Software Assurance while it lasts.
    Subscription,
    /// Of a hosting provider (SPLA).
    Provider,
}

/// One entry of the ledger: a licence assigned to somebody or something from a day on, until the next entry of the same
/// licence (rules 0.3, 0.4, E.20).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Id of the entitlement.
    pub entitlement: String,
    /// Number of the licence within the entitlement, from 1.
    #[serde(default = "one")]
    pub number: u32,
    /// Id of the person for a licence by user, of the device for one by device, else of the host or server.
    pub to: String,
    /// First day.
    #[serde(deserialize_with = "written::certain_day")]
    pub from: Date,
    /// Why the one before lost it, if the rule of 90 days must not apply.
    #[serde(default)]
    pub reason: AssignmentReason,
    /// Last day of a temporary assignment (rule E.20).
    #[serde(default, deserialize_with = "written::day")]
    pub temporary_until: Option<Date>,
}

/// Why a licence moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssignmentReason {
    /// The first assignment, or an ordinary one after 90 days.
    #[default]
    Ordinary,
    /// The hardware failed for good (rules 0.4, C.26).
    HardwareFailure,
    /// The person left.
    Departure,
    /// A stand-in for somebody absent, or a loaner for a device out of service.
    Temporary,
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
