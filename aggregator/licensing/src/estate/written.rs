//! Days as people write them, with or without quotes.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A day is written `2026-11-21`, with or without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    None(()),
    Toml(toml::value::Datetime),
    Text(String),
}

pub(crate) fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let text = match Written::deserialize(from) {
        Ok(Written::None(())) => return Ok(None),
        Ok(Written::Toml(day)) => day.to_string(),
        Ok(Written::Text(text)) => text,
        Err(_) => return Err(D::Error::custom("a day is written 2026-11-21")),
    };
    text.parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is no day: write it like 2026-11-21")))
}

pub(crate) fn certain_day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    day(from)?.ok_or_else(|| D::Error::custom("a day is missing: write it like 2026-11-21"))
}
