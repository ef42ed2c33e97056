//! How far evidence that only grows has been read, so that the next collection goes on there.

use std::collections::BTreeMap;

use caliper_proto::{Inventory, Report};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::rows::Rows;

/// What need not be read again. Kept with the mark of the last collection that was queued whole, so it never runs ahead of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Progress {
    /// Last day of User Access Logging that was read whole.
    pub user_access: Option<Date>,
    /// Place in each event log, by the name of its channel.
    pub logs: BTreeMap<String, Place>,
}

/// A place in an event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// As Windows writes it: channel and number of the record.
    pub bookmark: String,
    /// When that record was logged, microseconds since 1970 UTC. Numbers begin again in a log that was cleared.
    pub micros: i64,
}

/// What a collection found, and how far it got.
#[derive(Debug)]
pub struct Collected {
    /// Facts.
    pub server: Inventory,
    /// The accesses since the last time.
    pub rows: Rows,
    /// What could not be read or looks odd, in words.
    pub warnings: Vec<String>,
    /// Where the next collection goes on.
    pub progress: Progress,
}

impl From<Report> for Collected {
    /// A report of everything there is: nothing is gone on with.
    fn from(Report { server, accesses, warnings }: Report) -> Self {
        Self { server, rows: accesses.into_iter().collect(), warnings, progress: Progress::default() }
    }
}
