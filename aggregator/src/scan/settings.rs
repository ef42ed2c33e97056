//! `[estate]` of the configuration: what evidence cannot tell.

use std::path::{Path, PathBuf};

use caliper_licensing::{Assignment, Entitlement, Policy, Price, SqlInstance};
use serde::Deserialize;

/// What is owned, what it costs, which rules leave room, and which machines carry which servers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EstateSettings {
    /// A catalogue file of one's own, which confirms, changes or adds rows; a relative path starts in the configuration's folder.
    pub catalogue: Option<PathBuf>,
    /// ISO 4217, of all prices.
    pub currency: String,
    /// `[estate.policy]`.
    pub policy: Policy,
    /// `[[estate.entitlement]]`.
    pub entitlement: Vec<Entitlement>,
    /// `[[estate.assignment]]`: the ledger of who held which licence from when on.
    pub assignment: Vec<Assignment>,
    /// `[[estate.price]]`.
    pub price: Vec<Price>,
    /// `[[estate.host]]`.
    pub host: Vec<HostSettings>,
    /// `[[estate.sql]]`: how instances of SQL Server are licensed, which nothing on a server tells (rule D.11).
    pub sql: Vec<SqlInstance>,
    /// Whether to find the smallest pool of CALs over the last year (rule E.19), which reads the evidence of it twice more.
    pub pool_over_time: bool,
}

impl Default for EstateSettings {
    fn default() -> Self {
        Self {
            catalogue: None,
            currency: String::new(),
            policy: Policy::default(),
            entitlement: Vec::new(),
            assignment: Vec::new(),
            price: Vec::new(),
            host: Vec::new(),
            sql: Vec::new(),
            pool_over_time: true,
        }
    }
}

impl EstateSettings {
    /// Takes relative paths as starting in `folder`.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        self.catalogue = self.catalogue.take().map(|file| folder.join(file));
    }
}

/// A physical machine that no agent reports, or more about one that does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSettings {
    /// Host name, with or without domain.
    pub name: String,
    /// Physical cores of each populated processor; empty: as reported.
    #[serde(default)]
    pub processors: Vec<u32>,
    /// Whether Windows Server runs on the machine itself; unset: as reported, otherwise not.
    #[serde(default)]
    pub windows: Option<bool>,
    /// Whether that Windows does nothing but host and manage virtual machines (rules C.7, E.8); unset: as seen.
    #[serde(default)]
    pub virtualization_only: Option<bool>,
    /// Most Windows virtual machines that ran on it at once.
    #[serde(default)]
    pub peak_virtual_machines: Option<u32>,
    /// Names of the servers that run on it.
    #[serde(default)]
    pub servers: Vec<String>,
}
