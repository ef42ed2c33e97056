//! The tables of an estate file as they are written.

use std::{collections::BTreeMap, iter};

use jiff::civil::Date;
use serde::Deserialize;

use super::FileError;
use crate::{
    estate::{
        Assignment, Entitlement, EstateFormat, Host, LicensedBy, Policy, Price, RemoteDesktopMode, SqlInstance, written,
    },
    version::{self, VersionName},
    words,
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

impl Document {
    /// Names are short texts that can be seen: an empty one means nothing, and one that a terminal obeys deceives.
    pub fn check_names(&self) -> Result<(), FileError> {
        let ids: [(_, &mut dyn Iterator<Item = &String>); 4] = [
            ("host", &mut self.host.iter().map(|row| &row.id)),
            ("server", &mut self.server.iter().map(|row| &row.id)),
            ("sql", &mut self.sql.iter().map(|row| &row.id)),
            ("device", &mut self.device.iter().map(|row| &row.id)),
        ];
        for (kind, ids) in ids {
            for (name, number) in ids.zip(1..) {
                check_name(kind, number, name)?;
            }
        }
        for (row, number) in self.person.iter().zip(1..) {
            for name in iter::once(&row.id).chain(&row.accounts) {
                check_name("person", number, name)?;
            }
        }
        Ok(())
    }
}

fn check_name(kind: &str, number: usize, name: &str) -> Result<(), FileError> {
    let problem = match name {
        "" => "an empty name: give it one",
        _ if name.len() > super::LONGEST => super::TOO_LONG,
        _ if name.contains(words::is_unseen) => "a name with a character that cannot be seen: leave the character out",
        _ => return Ok(()),
    };
    Err(FileError::Other { place: format!("[[{kind}]] number {number}"), problem })
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
