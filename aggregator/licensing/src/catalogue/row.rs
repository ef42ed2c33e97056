//! What every row of the catalogue has in common: its key, its rule, what it rests on, and whose it is.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::position::Confidence;

/// Whose a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Part of the program.
    #[default]
    Caliper,
    /// Confirmed, changed or added by the user's own file.
    Own,
}

/// A kind of row.
pub(super) trait Row: Serialize + DeserializeOwned {
    /// Name of its list in a file.
    const KIND: &'static str;
    /// The fields that together tell one row from another.
    const KEY: &'static [&'static str];

    /// Rules it belongs to.
    fn rules(&self) -> Vec<&str>;

    /// Ids of the pages it was read on.
    fn sources(&self) -> &[String];
}

/// Defines a kind of row with its name in files, its key fields, and the fields that all rows have beside its own.
macro_rules! row {
    (
        $(#[$about:meta])*
        $name:ident, $kind:literal, [$($key:literal),+] {
            $($(#[$doc:meta])* $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)+
            /// Id of the rule it belongs to.
            pub rule: String,
            /// Ids of the pages it was read on.
            pub source: Vec<String>,
            /// How sure these are.
            pub confidence: crate::position::Confidence,
            /// Whether it may be relied upon without a human's word.
            pub verified: bool,
            /// Whose it is.
            #[serde(default)]
            pub origin: $crate::catalogue::Origin,
        }

        impl $crate::catalogue::row::Row for $name {
            const KIND: &'static str = $kind;
            const KEY: &'static [&'static str] = &[$($key),+];

            fn rules(&self) -> Vec<&str> {
                vec![&self.rule]
            }

            fn sources(&self) -> &[String] {
                &self.source
            }
        }
    };
}
pub(super) use row;

/// Any row, for lists of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyRow {
    /// Name of its list in a file, for example `price`.
    pub kind: &'static str,
    /// What tells it from others of its kind.
    pub key: String,
    /// Its fields as in a file.
    pub fields: toml::Table,
    /// How sure its sources are; none for rows that only name something, such as a source.
    pub confidence: Option<Confidence>,
    /// Whether it may be relied upon without a human's word.
    pub verified: bool,
    /// Whose it is.
    pub origin: Origin,
}

/// The values of the key fields in one text; `None` if one is missing or no simple value.
pub(super) fn key_of(fields: &toml::Table, key: &[&str]) -> Option<String> {
    let texts: Option<Vec<String>> = key
        .iter()
        .map(|name| match fields.get(*name)? {
            toml::Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    Some(texts?.join(" "))
}
