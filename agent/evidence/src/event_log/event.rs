//! The parts of a record that the rules look at, out of its JSON form.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::text::shortened;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Event source, for example `Microsoft-Windows-Security-Auditing`.
    pub provider: String,
    /// Event id.
    pub id: u64,
    /// Keyword bits; 0x10000000000000 is audit failure.
    pub keywords: u64,
    /// When, microseconds since 1970 UTC.
    pub micros: i64,
    fields: Map<String, Value>,
}

/// The id of a record, found without parsing all of it: `System` comes first and its texts hold no quotes.
pub fn id(json: &str) -> Option<u64> {
    let digits = after(json, "\"EventID\":")?.trim_start_matches('"');
    digits.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// The computer that logged a record, found the same way.
pub fn computer(json: &str) -> Option<&str> {
    after(json, "\"Computer\":\"")?.split('"').next().map(shortened)
}

fn after<'json>(json: &'json str, key: &str) -> Option<&'json str> {
    json.get(json.find(key)? + key.len()..)
}

impl Event {
    /// From the JSON of one record with attributes beside their elements; `None` if it lacks id or time.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        let mut record: Value = serde_json::from_str(json).ok()?;
        let event = record.get_mut("Event")?;
        let fields = match event.get_mut("EventData").map(Value::take) {
            Some(Value::Object(fields)) => fields,
            _ => match event.get_mut("UserData").and_then(Value::as_object_mut) {
                // one element wraps the fields, its name differs from provider to provider
                Some(data) => data.values_mut().find(|value| value_is_element(value)).map(Value::take),
                None => None,
            }
            .and_then(|value| match value {
                Value::Object(fields) => Some(fields),
                _ => None,
            })
            .unwrap_or_default(),
        };
        let system = event.get("System")?;
        let time: Timestamp = system.get("TimeCreated_attributes")?.get("SystemTime")?.as_str()?.parse().ok()?;
        Some(Self {
            provider: text(system.get("Provider_attributes")?.get("Name")?),
            id: number(system.get("EventID")?)?,
            keywords: system.get("Keywords").and_then(number).unwrap_or_default(),
            micros: time.as_microsecond(),
            fields,
        })
    }

    /// From the texts of its parts; `None` if id or time are none.
    pub(super) fn of_parts(
        provider: &str,
        id: &str,
        keywords: Option<&str>,
        time: &str,
        fields: Map<String, Value>,
    ) -> Option<Self> {
        let time: Timestamp = time.parse().ok()?;
        Some(Self {
            provider: shortened(provider).to_owned(),
            id: number_of(id)?,
            keywords: keywords.and_then(number_of).unwrap_or_default(),
            micros: time.as_microsecond(),
            fields,
        })
    }

    /// A field as text without surrounding blanks; empty if it is missing or `-`.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        let text = self.fields.get(field).map(text).unwrap_or_default();
        if text == "-" { String::new() } else { text }
    }

    /// A field as number, decimal or hexadecimal.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<u64> {
        number(self.fields.get(field)?)
    }
}

/// Not the attributes beside an element, which are strings in an object too.
fn value_is_element(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| !fields.contains_key("xmlns"))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text.trim()).to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| number_of(value.as_str()?))
}

fn number_of(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
