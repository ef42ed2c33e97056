//! A registry, whether it is that of the running Windows or an export of another one, and which of its values are read.

use caliper_evidence::registry::Export;

/// Keys below `HKEY_LOCAL_MACHINE` and the values that are read of them; `*` stands for all keys of a level, or all values.
///
/// The offline kit writes exactly these (`deploy/windows/kit`).
pub const VALUES: [(&str, &[&str]); 5] = [
    (VERSION, &["ProductName", "EditionID", "CurrentBuildNumber"]),
    (OPTIONS, &["ProductType"]),
    (PROCESSOR, &["ProcessorNameString"]),
    (GUEST, &["PhysicalHostNameFullyQualified", "HostName"]),
    (NETWORK, &["NV Hostname", "Hostname", "NV Domain", "Domain"]),
];

pub const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
pub const OPTIONS: &str = r"SYSTEM\CurrentControlSet\Control\ProductOptions";
pub const PROCESSOR: &str = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0";
pub const GUEST: &str = r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters";
pub const NETWORK: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";

/// What collectors ask of a registry; what is not there, or is of another kind, is none.
pub trait Registry {
    /// A text.
    fn text(&self, key: &str, name: &str) -> Option<String>;
}

impl Registry for Export {
    fn text(&self, key: &str, name: &str) -> Option<String> {
        Self::text(self, key, name)
    }
}
