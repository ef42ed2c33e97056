//! Prices. Those of the program were read on pages of all ages: they never become money unless the user confirms them.

use super::row::row;
use crate::version::VersionName;

row! {
    /// What so many licences cost.
    PriceRow, "price", ["sku", "version", "units", "currency"] {
        /// As in a position line.
        sku: String,
        /// Version sold, for example `2025`.
        version: VersionName,
        /// In cents or the like, of `units` licences.
        minor: u64,
        /// How many licences that buys.
        units: u32,
        /// ISO 4217.
        currency: String,
        /// When it held: `2018`, `2018-10` or `2018-10-02`.
        date: String,
        /// What a human should know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
}
