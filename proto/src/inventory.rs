//! What a server says of itself.

use serde::{Deserialize, Serialize};

use crate::{Installed, Instant};

/// Words in manufacturer or model that only virtual machines carry.
const VIRTUAL: [&str; 12] = [
    "vmware",
    "virtualbox",
    "virtual machine",
    "kvm",
    "qemu",
    "xen",
    "hvm domu",
    "bochs",
    "amazon ec2",
    "google compute engine",
    "openstack",
    "parallels",
];

/// One physical or virtual processor package.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Processor {
    /// Physical cores fitted.
    pub cores: u32,
    /// Cores enabled, where the firmware says so.
    #[serde(default)]
    pub enabled_cores: Option<u32>,
    /// Logical processors, where known.
    #[serde(default)]
    pub logical_processors: Option<u32>,
    /// Model string; empty if unknown.
    #[serde(default)]
    pub model: String,
}

/// A role that was used at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleUse {
    /// Lower case with hyphens.
    pub role_guid: String,
    /// As the server names it; empty if it does not.
    pub name: String,
    /// First use.
    pub first: Instant,
    /// Last use.
    pub last: Instant,
}

/// A DNS name that the server resolved for an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRecord {
    /// Canonical address.
    pub address: String,
    /// Name as stored, often without domain.
    pub host_name: String,
    /// When last seen.
    pub last: Instant,
}

/// A virtual machine seen by a Hyper-V host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualMachine {
    /// Lower case with hyphens; empty if unknown.
    pub vm_guid: String,
    /// SMBIOS UUID of the guest, lower case with hyphens; empty if unknown.
    pub bios_guid: String,
    /// Display name; empty if unknown.
    pub name: String,
    /// First seen.
    pub first: Instant,
    /// Last seen.
    pub last: Instant,
}

/// A server's own facts. Empty texts and `None` mean unknown; unknown is never zero (invariant 4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// Host name.
    pub name: String,
    /// DNS or `NetBIOS` domain, or the workgroup.
    pub domain: String,
    /// Normalised edition (rules B.1, B.3), for example `Standard`.
    pub edition: Option<String>,
    /// Windows Server version (rule B.5), for example `2019`.
    pub version: Option<String>,
    /// Build number.
    pub build: Option<u32>,
    /// 1 workstation, 2 domain controller, 3 server.
    pub product_type: Option<u32>,
    /// SMBIOS product name.
    pub model: Option<String>,
    /// SMBIOS manufacturer.
    pub manufacturer: Option<String>,
    /// SMBIOS UUID as Windows prints it, upper case.
    pub uuid: Option<String>,
    /// Populated processor sockets; virtual inside a virtual machine.
    pub sockets: Option<u32>,
    /// Cores over all sockets; virtual inside a virtual machine.
    pub cores: Option<u32>,
    /// Logical processors over all sockets.
    pub logical_processors: Option<u32>,
    /// Each processor, where known one by one.
    pub processors: Vec<Processor>,
    /// Whether it runs in a virtual machine.
    pub is_virtual: Option<bool>,
    /// Name of the physical host as the guest knows it.
    pub physical_host: Option<String>,
    /// Whether an evaluation copy.
    pub evaluation: bool,
    /// The server's own addresses in canonical form.
    pub addresses: Vec<String>,
    /// Roles used.
    pub roles: Vec<RoleUse>,
    /// Names of client addresses.
    pub names: Vec<NameRecord>,
    /// Virtual machines of a Hyper-V host.
    pub virtual_machines: Vec<VirtualMachine>,
    /// What is installed.
    #[serde(skip_serializing_if = "Installed::is_empty")]
    pub installed: Installed,
}

/// Whether the machine is virtual, by the firmware's words; `None` if they say nothing.
#[must_use]
pub fn is_virtual_by_firmware(manufacturer: &str, model: &str) -> Option<bool> {
    let words = format!("{manufacturer} {model}").to_lowercase();
    if VIRTUAL.iter().any(|word| words.contains(word)) {
        return Some(true);
    }
    let blank = ["", "to be filled by o.e.m.", "system manufacturer", "system product name", "default string"];
    let says_nothing = |text: &str| blank.contains(&text.trim().to_lowercase().as_str());
    (!says_nothing(manufacturer) && !says_nothing(model)).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_tell_virtual_from_physical() {
        // (manufacturer, model, answer); the first four from the real sets
        let cases = [
            ("VMware, Inc.", "VMware7,1", Some(true)),
            ("Microsoft Corporation", "Virtual Machine", Some(true)),
            ("Dell Inc.", "PowerEdge R630", Some(false)),
            ("To Be Filled By O.E.M.", "To Be Filled By O.E.M.", None),
            ("Microsoft Corporation", "Surface", Some(false)),
            ("", "", None),
        ];
        for (manufacturer, model, answer) in cases {
            assert_eq!(is_virtual_by_firmware(manufacturer, model), answer, "{manufacturer} {model}");
        }
    }
}
