//! `[estate]` of the configuration: what evidence cannot tell.

use std::path::{Path, PathBuf};

use caliper_licensing::{Assignment, Entitlement, LicensedBy, Policy, Price, RemoteDesktopMode, SqlInstance};
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
    /// `[[estate.server]]`: what nothing on a server tells.
    pub server: Vec<ServerSettings>,
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
            server: Vec::new(),
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
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
    /// Cluster whose virtual machines may move onto it (rule C.12); empty: none; unset: as reported.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Server farm (rules C.16, E.24).
    #[serde(default)]
    pub farm: Option<String>,
}

/// More about a server that reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Host name, with or without domain.
    pub name: String,
    /// Where its right to run comes from; unset: from its host, or in a public cloud paid with the machine.
    #[serde(default)]
    pub licensed_by: Option<LicensedBy>,
    /// The only hosts it can run on (rule C.13); empty: every host of its cluster.
    #[serde(default)]
    pub may_run_on: Vec<String>,
    /// A recovery instance that rests until the production one fails (rule C.23).
    #[serde(default)]
    pub disaster_recovery: bool,
    /// Serves publicly available web content only (rule E.9).
    #[serde(default)]
    pub web_workload: bool,
    /// The mode of its Remote Desktop Session Host (rule F.6); unset: as reported.
    #[serde(default)]
    pub remote_desktop: Option<RemoteDesktopMode>,
    /// Managed by System Center (rule G.7).
    #[serde(default)]
    pub managed: bool,
}
