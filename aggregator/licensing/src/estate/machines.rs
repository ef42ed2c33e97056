//! Hosts, the servers on them, and SQL Server on these.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::written;
use crate::version::VersionName;

/// One physical machine; a hardware partition or a blade is one of its own (rule 0.7). Licences for cores attach to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Unique among hosts.
    pub id: String,
    /// Physical cores of each populated processor, not logical ones (rule C.4); empty: unknown.
    #[serde(default)]
    pub processors: Vec<u32>,
    /// Whether Windows Server runs in the physical operating system environment. A physical server placed on the
    /// host says so too.
    #[serde(default)]
    pub windows: bool,
    /// Whether that Windows does nothing but host and manage virtual machines (rules C.7, E.8). Say `true` only when
    /// it is known: the cautious answer is `false`.
    #[serde(default)]
    pub virtualization_only: bool,
    /// Most Windows virtual machines that ran on it at once, when more than the servers placed on it are known.
    #[serde(default)]
    pub peak_virtual_machines: Option<u32>,
    /// Physical cores fitted in each populated processor, if more than the `processors` enabled at the hardware level
    /// (rule C.5).
    #[serde(default)]
    pub fitted: Vec<u32>,
    /// Model of the processors as the firmware words it, for SQL Server's core factors (rule D.2).
    #[serde(default)]
    pub processor_model: Option<String>,
    /// Name of the cluster whose virtual machines may move onto this host (rule C.12).
    #[serde(default)]
    pub cluster: Option<String>,
    /// Name of the server farm: data centres between which licences by virtual machine and External Connectors may move
    /// (rules C.16, E.24).
    #[serde(default)]
    pub farm: Option<String>,
    /// Hyper-V-isolated containers with Windows running at once; each counts like a virtual machine (rule C.10).
    #[serde(default)]
    pub isolated_containers: u32,
    /// Whether System Center manages what runs on the metal, if no server says so: another operating system, or the Windows
    /// of `windows` (rule G.7).
    #[serde(default)]
    pub managed: bool,
    /// Virtual machines without Windows Server that System Center manages here at once (rule G.7).
    #[serde(default)]
    pub managed_machines: u32,
}

/// A server that a directory knows of and that reports nothing: who uses it and what it runs on is unknown (rule I.4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreported {
    /// Its name.
    pub id: String,
    /// Version running as the directory says; `None`: unknown.
    #[serde(default)]
    pub version: Option<VersionName>,
}

/// One running Windows Server operating system environment, physical or virtual.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Unique among servers.
    pub id: String,
    /// Version running; `None`: unknown.
    #[serde(default)]
    pub version: Option<VersionName>,
    /// Normalised edition (rule B.3); `None`: unknown.
    #[serde(default)]
    pub edition: Option<String>,
    /// The host it runs on; for a physical server the host of the same machine; `None`: unknown.
    #[serde(default)]
    pub host: Option<String>,
    /// Whether it runs in a virtual machine.
    #[serde(default)]
    pub is_virtual: bool,
    /// Whether an evaluation copy (rule B.3).
    #[serde(default)]
    pub evaluation: bool,
    /// Days of the window with evidence from it, if not all of them (rule I.4).
    #[serde(default)]
    pub observed_days: Option<u32>,
    /// Name of the cluster it floats in, if it is not on one `host` for good (rule C.12).
    #[serde(default)]
    pub cluster: Option<String>,
    /// Ids of the only hosts it can run on; empty: every host of its cluster (rule C.13).
    #[serde(default)]
    pub may_run_on: Vec<String>,
    /// Virtual processors, threads included where the hypervisor presents them (rule C.15); never physical cores (rule B.6).
    #[serde(default)]
    pub virtual_processors: Option<u32>,
    /// Where its right to run comes from.
    #[serde(default)]
    pub licensed_by: LicensedBy,
    /// A recovery instance that rests until the production one fails (rule C.23).
    #[serde(default)]
    pub disaster_recovery: bool,
    /// Serves publicly available web content only (rule E.9).
    #[serde(default)]
    pub web_workload: bool,
    /// The one mode its Remote Desktop Session Host works in (rule F.6).
    #[serde(default)]
    pub remote_desktop: Option<RemoteDesktopMode>,
    /// Hands out RDS CALs (rule F.4).
    #[serde(default)]
    pub licence_server: bool,
    /// Managed by System Center (rule G.7).
    #[serde(default)]
    pub managed: bool,
    /// Versions of other products on it, by CAL family, for example `exchange-standard-cal = 2019`; one that is used and
    /// not named here counts as the newest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub products: BTreeMap<String, VersionName>,
    /// Release of the Semi-Annual or the Annual Channel, which run only under Software Assurance, for example `SAC 1809`
    /// (rule A.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

/// Where the right to run an instance of Windows Server comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicensedBy {
    /// Licences of the organisation, assigned to the host it runs on.
    #[default]
    Host,
    /// A licence of the organisation for this virtual machine alone (rule C.14); needs Software Assurance.
    VirtualMachine,
    /// Paid in the price of an Azure virtual machine (rule E.11).
    Azure,
    /// On Azure with the organisation's own licences (rule C.21).
    AzureHybridBenefit,
    /// Pay-as-you-go through Azure Arc (rule C.22).
    PayAsYouGo,
    /// Licensed by a hosting provider (SPLA).
    Provider,
}

/// How a Remote Desktop Session Host counts (rule F.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteDesktopMode {
    /// By user.
    PerUser,
    /// By device.
    PerDevice,
}

/// One installed instance of SQL Server (section D of the rules).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlInstance {
    /// Unique among instances, for example `DB1\\MSSQLSERVER`.
    pub id: String,
    /// Id of the server it runs on.
    pub server: String,
    /// Version running; `None`: unknown.
    #[serde(default)]
    pub version: Option<VersionName>,
    /// As installed, for example `Standard`, `Enterprise`, `Express`; `None`: unknown.
    #[serde(default)]
    pub edition: Option<String>,
    /// How it is licensed; `None`: not declared, which nothing on the server can tell (rule D.11).
    #[serde(default)]
    pub model: Option<SqlModel>,
    /// A passive replica that only waits to take over.
    #[serde(default)]
    pub passive: bool,
    /// Hosts that its server ran on before, each with the last day (rule D.5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran_on: Vec<RanOn>,
}

/// A host that a server ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RanOn {
    /// Id of the host.
    pub host: String,
    /// Last day.
    #[serde(deserialize_with = "written::certain_day")]
    pub last: Date,
}

/// How an instance of SQL Server is licensed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SqlModel {
    /// By core, of the virtual machine or of the physical machine it runs on (rules D.3, D.4).
    Core,
    /// By core of the whole host, Enterprise (rule D.5).
    Host,
    /// A server licence and SQL Server CALs (rule D.7).
    ServerCal,
    /// By processor, up to 2008 R2 (rule D.9).
    Processor,
}
