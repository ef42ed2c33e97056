//! The tables of an estate file as they are written.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::{
    estate::{
        Assignment, Entitlement, EstateFormat, Host, LicensedBy, Policy, Price, RemoteDesktopMode, SqlInstance, written,
    },
    version::{self, VersionName},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "format")]
    _format: EstateFormat,
    #[serde(default, deserialize_with = "written::day")]
    pub as_of: Option<Date>,
    #[serde(default)]
    pub currency: String,
    #[serde(default)]
    pub default_server: Option<String>,
    #[serde(default)]
    pub policy: Policy,
    #[serde(default)]
    pub host: Vec<Host>,
    #[serde(default)]
    pub server: Vec<ServerRow>,
    #[serde(default)]
    pub person: Vec<PersonRow>,
    #[serde(default)]
    pub device: Vec<DeviceRow>,
    #[serde(default)]
    pub access: Vec<AccessRow>,
    #[serde(default)]
    pub entitlement: Vec<Entitlement>,
    #[serde(default)]
    pub assignment: Vec<Assignment>,
    #[serde(default)]
    pub sql: Vec<SqlInstance>,
    #[serde(default)]
    pub enabled_accounts: Option<u64>,
    #[serde(default)]
    pub system_center: Option<VersionName>,
    #[serde(default)]
    pub price: Vec<Price>,
    #[serde(default)]
    pub note: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerRow {
    pub id: String,
    #[serde(default, deserialize_with = "version::windows")]
    pub version: Option<VersionName>,
    #[serde(default)]
    pub edition: Option<String>,
    #[serde(default)]
    pub host: Option<String>,
    /// Of a physical server that is its own host.
    #[serde(default)]
    pub processors: Vec<u32>,
    #[serde(default, rename = "virtual")]
    pub is_virtual: bool,
    #[serde(default)]
    pub evaluation: bool,
    #[serde(default)]
    pub observed_days: Option<u32>,
    #[serde(default)]
    pub cluster: Option<String>,
    #[serde(default)]
    pub may_run_on: Vec<String>,
    #[serde(default)]
    pub virtual_processors: Option<u32>,
    #[serde(default)]
    pub licensed_by: LicensedBy,
    #[serde(default)]
    pub disaster_recovery: bool,
    #[serde(default)]
    pub web_workload: bool,
    #[serde(default)]
    pub remote_desktop: Option<RemoteDesktopMode>,
    #[serde(default)]
    pub licence_server: bool,
    #[serde(default)]
    pub managed: bool,
    #[serde(default)]
    pub products: BTreeMap<String, VersionName>,
    #[serde(default)]
    pub release: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonRow {
    pub id: String,
    #[serde(default)]
    pub accounts: Vec<String>,
    #[serde(default)]
    pub count: Option<u32>,
    #[serde(default)]
    pub external: bool,
    #[serde(default)]
    pub unresolved: bool,
    #[serde(default)]
    pub stands_for: Option<u32>,
    #[serde(default, deserialize_with = "written::day")]
    pub last_seen: Option<Date>,
    #[serde(default)]
    pub gone: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceRow {
    pub id: String,
    #[serde(default)]
    pub count: Option<u32>,
    #[serde(default)]
    pub server: bool,
    #[serde(default)]
    pub unresolved: bool,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default, deserialize_with = "written::day")]
    pub last_seen: Option<Date>,
    #[serde(default)]
    pub managed: bool,
    #[serde(default)]
    pub gone: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessRow {
    #[serde(default)]
    pub person: Option<String>,
    #[serde(default)]
    pub device: Option<String>,
    #[serde(default)]
    pub server: Option<String>,
    /// Of two groups the first with the first and so on, instead of everybody with everything.
    #[serde(default)]
    pub paired: bool,
    #[serde(default)]
    pub administration: bool,
    #[serde(default)]
    pub infrastructure: bool,
    /// Only the web server role (rule E.9).
    #[serde(default)]
    pub web: bool,
    /// Through the Internet, without saying who (rule E.9).
    #[serde(default)]
    pub anonymous: bool,
    /// CAL families used beside the base CAL, for example `rds`.
    #[serde(default)]
    pub uses: Vec<String>,
    /// First and last day, for the pool over time; both or none.
    #[serde(default, deserialize_with = "written::day")]
    pub first: Option<Date>,
    #[serde(default, deserialize_with = "written::day")]
    pub last: Option<Date>,
}
