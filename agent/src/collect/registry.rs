//! A registry, whether it is that of the running Windows or an export of another one, and which of its values are read.

use caliper_evidence::registry::Export;

/// Keys below `HKEY_LOCAL_MACHINE` and the values that are read of them; `*` stands for all keys of a level, or all values.
///
/// The offline kit writes exactly these (`deploy/windows/kit`).
pub const VALUES: [(&str, &[&str]); 14] = [
    (VERSION, &["ProductName", "EditionID", "CurrentBuildNumber"]),
    (OPTIONS, &["ProductType"]),
    (PROCESSOR, &["ProcessorNameString"]),
    (GUEST, &["PhysicalHostNameFullyQualified", "HostName"]),
    (NETWORK, &["NV Hostname", "Hostname", "NV Domain", "Domain"]),
    (r"SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\*", &["InstallState"]),
    (LICENSING, &["LicensingMode"]),
    (LICENSING_POLICY, &["LicensingMode", "LicenseServers"]),
    (LICENCE_SERVERS, &["SpecifiedLicenseServers"]),
    (SQL_INSTANCES, &["*"]),
    (r"SOFTWARE\Microsoft\Microsoft SQL Server\*\Setup", &["Edition", "Version"]),
    (r"SOFTWARE\Microsoft\Microsoft SQL Server\*\Cluster", &["ClusterName"]),
    (CLUSTER, &["ClusterName"]),
    (r"Cluster\Nodes\*", &["NodeName"]),
];

pub const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
pub const OPTIONS: &str = r"SYSTEM\CurrentControlSet\Control\ProductOptions";
pub const PROCESSOR: &str = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0";
pub const GUEST: &str = r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters";
pub const NETWORK: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
pub const FEATURES: &str = r"SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache";
pub const LICENSING: &str = r"SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\Licensing Core";
pub const LICENSING_POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services";
pub const LICENCE_SERVERS: &str = r"SYSTEM\CurrentControlSet\Services\TermService\Parameters\LicenseServers";
pub const SQL: &str = r"SOFTWARE\Microsoft\Microsoft SQL Server";
pub const SQL_INSTANCES: &str = r"SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL";
pub const CLUSTER: &str = "Cluster";
pub const CLUSTER_NODES: &str = r"Cluster\Nodes";

/// What collectors ask of a registry; what is not there, or is of another kind, is none.
pub trait Registry {
    /// A text.
    fn text(&self, key: &str, name: &str) -> Option<String>;
    /// A number of 32 bits.
    fn number(&self, key: &str, name: &str) -> Option<u32>;
    /// A list of texts, or one text.
    fn list(&self, key: &str, name: &str) -> Vec<String>;
    /// Names of the keys right below a key.
    fn keys(&self, key: &str) -> Vec<String>;
    /// Names of the values of a key.
    fn names(&self, key: &str) -> Vec<String>;
}

impl Registry for Export {
    fn text(&self, key: &str, name: &str) -> Option<String> {
        Self::text(self, key, name)
    }

    fn number(&self, key: &str, name: &str) -> Option<u32> {
        Self::number(self, key, name)
    }

    fn list(&self, key: &str, name: &str) -> Vec<String> {
        Self::list(self, key, name)
    }

    fn keys(&self, key: &str) -> Vec<String> {
        Self::keys(self, key)
    }

    fn names(&self, key: &str) -> Vec<String> {
        Self::names(self, key)
    }
}
