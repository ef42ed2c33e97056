//! The tables of an estate file as they are written.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    estate::{Entitlement, EstateFormat, Host, Policy, Price},
    version::VersionName,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "format")]
    _format: EstateFormat,
    #[serde(default, deserialize_with = "day")]
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
    pub entitlement: Vec<EntitlementRow>,
    #[serde(default)]
    pub price: Vec<Price>,
    #[serde(default)]
    pub note: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerRow {
    pub id: String,
    #[serde(default, deserialize_with = "optional_version")]
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
    #[serde(default)]
    pub administration: bool,
    #[serde(default)]
    pub infrastructure: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntitlementRow {
    sku: String,
    #[serde(deserialize_with = "version")]
    version: VersionName,
    quantity: u64,
    #[serde(default, deserialize_with = "day")]
    pub software_assurance_until: Option<Date>,
}

impl From<EntitlementRow> for Entitlement {
    fn from(row: EntitlementRow) -> Self {
        let EntitlementRow { sku, version, quantity, software_assurance_until } = row;
        Self { sku, version, quantity, software_assurance_until }
    }
}

/// A version is written `2019` or `"2012 R2"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum VersionText {
    Number(u32),
    Text(String),
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<VersionName, D::Error> {
    let text = match VersionText::deserialize(from) {
        Ok(VersionText::Number(number)) => number.to_string(),
        Ok(VersionText::Text(text)) => text,
        Err(_) => return Err(D::Error::custom("a version is written 2019 or \"2012 R2\"")),
    };
    VersionName::from_name(&text).ok_or_else(|| {
        let known = VersionName::ALL.map(VersionName::name).join(", ");
        D::Error::custom(format!("`{text}` is no version of Windows Server that is known: write one of {known}"))
    })
}

fn optional_version<'de, D: Deserializer<'de>>(from: D) -> Result<Option<VersionName>, D::Error> {
    version(from).map(Some)
}

/// A day is written `2026-11-21`, with or without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum DayText {
    Toml(toml::value::Datetime),
    Text(String),
}

fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let text = match DayText::deserialize(from) {
        Ok(DayText::Toml(day)) => day.to_string(),
        Ok(DayText::Text(text)) => text,
        Err(_) => return Err(D::Error::custom("a day is written 2026-11-21")),
    };
    text.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no day: write it like 2026-11-21")))
}
