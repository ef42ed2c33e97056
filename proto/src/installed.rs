//! What is installed on a server and how it is set up, as far as licences depend on it.

use serde::{Deserialize, Serialize};

/// An instance of SQL Server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SqlInstance {
    /// Name of the instance; `MSSQLSERVER` is the one without a name.
    pub name: String,
    /// Edition in SQL Server's words, for example `Standard Edition`.
    pub edition: Option<String>,
    /// Version, for example `16.0.1000.6`.
    pub version: Option<String>,
    /// Name of the failover cluster instance it is a node of.
    pub cluster: Option<String>,
}

/// What is installed. Empty texts and lists mean unknown or none; a server says `features` if it says anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Installed {
    /// Roles and features as Windows names them, for example `RDS-RD-Server`.
    pub features: Vec<String>,
    /// Remote Desktop licensing: `per device`, `per user`, or `not configured`.
    pub remote_desktop_licensing: Option<String>,
    /// Licence servers that the session host is told to ask.
    pub licence_servers: Vec<String>,
    /// Instances of SQL Server.
    pub sql_instances: Vec<SqlInstance>,
    /// Name of the failover cluster it is a node of.
    pub cluster: Option<String>,
    /// Names of the nodes of that cluster, itself among them.
    pub cluster_nodes: Vec<String>,
    /// The public cloud it runs in: `Azure`, `AWS`, `Google Cloud`.
    pub cloud: Option<String>,
}

impl Installed {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
