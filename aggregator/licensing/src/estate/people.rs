//! Who and what reaches servers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::written;

/// A human being.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// How many human beings stand behind it, if not one: a shared account or an
    /// application's account: CALs are for people, not for accounts (rules 0.8, E.15, E.16).
    #[serde(default)]
    pub stands_for: Option<u32>,
    /// Enabled accounts of this person, if not one (rule A.4).
    #[serde(default)]
    pub accounts: Option<u32>,
    /// Last day seen, if known.
    #[serde(default, deserialize_with = "written::day")]
    pub last_seen: Option<Date>,
    /// Left, or every account disabled: needs none any more (rule E.19). Has no accesses; stays may tell of earlier ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// A machine people work at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// What kind of machine, in the words of whoever states it, for example `kiosk`, `printer`, `phone`; all count the same,
    /// whatever they run (rule E.18).
    #[serde(default)]
    pub kind: Option<String>,
    /// Last day seen, if known.
    #[serde(default, deserialize_with = "written::day")]
    pub last_seen: Option<Date>,
    /// Managed by System Center (rule G.8).
    #[serde(default)]
    pub managed: bool,
    /// Retired for good, or no longer in the directory (rule E.19).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}
