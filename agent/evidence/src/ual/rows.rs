//! The rows of UAL's seven tables, by the names of their columns.

use std::collections::HashMap;

use crate::{
    address,
    ese::{Row, Table, Value, guid_text, hex},
    text::shortened,
};

/// A row of `CLIENTS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Lower case with hyphens.
    pub role_guid: String,
    /// Tenant of the role; one user and address may have a row for each.
    pub tenant: String,
    /// Accesses in the year of the file.
    pub total: u64,
    /// First access, microseconds since 1970 UTC.
    pub first: i64,
    /// Last access, microseconds since 1970 UTC.
    pub last: i64,
    /// Canonical address; hexadecimal if the bytes are no address; empty if there is none.
    pub address: String,
    /// `domain\name` in lower case, as stored; may be empty or `\`.
    pub user: String,
    /// Usually empty.
    pub client_name: String,
    /// Day of the year from 1, and accesses on it (UAL stops counting at 65,535).
    pub days: Vec<(u16, u32)>,
}

/// A row of `ROLE_ACCESS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleAccess {
    /// Lower case with hyphens.
    pub role_guid: String,
    /// Microseconds since 1970 UTC.
    pub first: i64,
    /// Microseconds since 1970 UTC.
    pub last: i64,
}

/// A row of `DNS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DnsName {
    /// Microseconds since 1970 UTC.
    pub last: i64,
    /// Canonical address.
    pub address: String,
    /// As stored, often without its domain.
    pub host_name: String,
}

/// A row of `VIRTUALMACHINES`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VirtualMachine {
    /// Lower case with hyphens.
    pub vm_guid: String,
    /// SMBIOS UUID of the guest, lower case with hyphens.
    pub bios_guid: String,
    /// First seen, microseconds since 1970 UTC.
    pub created: i64,
    /// Microseconds since 1970 UTC.
    pub last_seen: i64,
    /// Serial number of the guest.
    pub serial_number: String,
}

/// A row of `SYSTEM_IDENTITY`: the server at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemIdentity {
    /// When this state was recorded, microseconds since 1970 UTC.
    pub created: i64,
    /// Populated sockets, as Windows counts them.
    pub sockets: Option<u32>,
    /// Cores of one processor.
    pub cores_per_socket: Option<u32>,
    /// Named after one processor, but the whole machine's in every set seen with more than one.
    pub logical_processors: Option<u32>,
    /// Build number.
    pub build: Option<u32>,
    /// `OSVERSIONINFOEX.wSuiteMask`; 0x80 is Datacenter.
    pub suite_mask: Option<u32>,
    /// 1 workstation, 2 domain controller, 3 server.
    pub product_type: Option<u32>,
    /// SMBIOS manufacturer.
    pub manufacturer: String,
    /// SMBIOS product name.
    pub model: String,
    /// SMBIOS UUID, upper case.
    pub uuid: String,
    /// SMBIOS serial number.
    pub serial_number: String,
    /// Host name.
    pub host_name: String,
    /// DNS domain or workgroup.
    pub domain: String,
}

/// A row of `CHAINED_DATABASES`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainedDatabase {
    /// Calendar year.
    pub year: u64,
    /// `{GUID}.mdb`.
    pub file_name: String,
}

/// A row of `ROLE_IDS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleName {
    /// Lower case with hyphens.
    pub role_guid: String,
    /// As the server names it; some carry the name of the operating system in front.
    pub name: String,
}

/// What each column of a table is called, and which day it counts.
pub struct Columns {
    names: HashMap<String, usize>,
    days: Vec<Option<u16>>,
}

impl Columns {
    pub fn new(table: &Table) -> Self {
        // of two columns with one name the first counts
        let names = table.columns.iter().enumerate().rev().map(|(at, column)| (column.name.clone(), at)).collect();
        let day = |name: &str| name.strip_prefix("Day")?.parse().ok().filter(|day| (1..=366).contains(day));
        Self { names, days: table.columns.iter().map(|column| day(&column.name)).collect() }
    }

    fn get<'row>(&self, row: &'row Row, name: &str) -> Option<&'row Value> {
        row.get(*self.names.get(name)?)
    }

    fn number(&self, row: &Row, name: &str) -> Option<u64> {
        self.get(row, name)?.unsigned()
    }

    fn small(&self, row: &Row, name: &str) -> Option<u32> {
        self.number(row, name)?.try_into().ok()
    }

    fn text(&self, row: &Row, name: &str) -> String {
        shortened(self.get(row, name).and_then(Value::text).unwrap_or_default()).to_owned()
    }

    fn guid(&self, row: &Row, name: &str) -> String {
        match self.get(row, name) {
            Some(Value::Bytes(bytes)) => bytes.as_slice().try_into().map(guid_text).unwrap_or_default(),
            Some(Value::Text(text)) => shortened(text).trim_matches(['{', '}']).to_ascii_lowercase(),
            Some(Value::Guid(guid)) => guid.clone(),
            _ => String::new(),
        }
    }

    fn address(&self, row: &Row, name: &str) -> String {
        match self.get(row, name) {
            Some(Value::Text(text)) => address::canonical(text).unwrap_or_else(|| shortened(text).to_owned()),
            Some(Value::Bytes(bytes)) => {
                address::from_bytes(bytes).unwrap_or_else(|| shortened(&hex(bytes)).to_owned())
            }
            _ => String::new(),
        }
    }

    /// UAL puts a FILETIME into its date columns: tenths of microseconds since 1601.
    fn time(&self, row: &Row, name: &str) -> i64 {
        let ticks = self.number(row, name).unwrap_or_default();
        i64::try_from(ticks / 10).unwrap_or(i64::MAX).saturating_sub(11_644_473_600_000_000)
    }
}

impl Client {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        let days = row.iter().filter_map(|(at, values)| {
            let count = values.first()?.unsigned()?;
            Some((columns.days[at]?, u32::try_from(count).unwrap_or(u32::MAX)))
        });
        let mut days: Vec<(u16, u32)> = days.filter(|(_, count)| *count > 0).collect();
        days.sort_unstable();
        Self {
            role_guid: columns.guid(row, "RoleGuid"),
            tenant: columns.guid(row, "TenantId"),
            total: columns.number(row, "TotalAccesses").unwrap_or_default(),
            first: columns.time(row, "InsertDate"),
            last: columns.time(row, "LastAccess"),
            address: columns.address(row, "Address"),
            user: columns.text(row, "AuthenticatedUserName"),
            client_name: columns.text(row, "ClientName"),
            days,
        }
    }
}

impl RoleAccess {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        Self {
            role_guid: columns.guid(row, "RoleGuid"),
            first: columns.time(row, "FirstSeen"),
            last: columns.time(row, "LastSeen"),
        }
    }
}

impl DnsName {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        Self {
            last: columns.time(row, "LastSeen"),
            address: columns.address(row, "Address"),
            host_name: columns.text(row, "HostName"),
        }
    }
}

impl VirtualMachine {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        Self {
            vm_guid: columns.guid(row, "VmGuid"),
            bios_guid: columns.guid(row, "BIOSGuid"),
            created: columns.time(row, "CreationTime"),
            last_seen: columns.time(row, "LastSeenActive"),
            serial_number: columns.text(row, "SerialNumber"),
        }
    }
}

impl SystemIdentity {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        Self {
            created: columns.time(row, "CreationTime"),
            sockets: columns.small(row, "PhysicalProcessorCount"),
            cores_per_socket: columns.small(row, "CoresPerPhysicalProcessor"),
            logical_processors: columns.small(row, "LogicalProcessorsPerPhysicalProcessor"),
            build: columns.small(row, "OSBuildNumber"),
            suite_mask: columns.small(row, "OSSuiteMask"),
            product_type: columns.small(row, "OSProductType"),
            manufacturer: columns.text(row, "SystemManufacturer"),
            model: columns.text(row, "SystemProductName"),
            uuid: columns.text(row, "SystemSMBIOSUUID"),
            serial_number: columns.text(row, "SystemSerialNumber"),
            host_name: columns.text(row, "SystemDNSHostName"),
            domain: columns.text(row, "SystemDomainName"),
        }
    }
}

impl ChainedDatabase {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        Self { year: columns.number(row, "Year").unwrap_or_default(), file_name: columns.text(row, "FileName") }
    }
}

impl RoleName {
    pub(super) fn from_row(columns: &Columns, row: &Row) -> Self {
        Self { role_guid: columns.guid(row, "RoleGuid"), name: columns.text(row, "RoleName") }
    }
}
