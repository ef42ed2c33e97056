//! What Windows and the processor say of the machine: raw answers, read elsewhere.

use std::{arch::x86_64::__cpuid, net::IpAddr, path::PathBuf, ptr};

use windows_sys::Win32::{
    Foundation::{
        ERROR_ADDRESS_NOT_ASSOCIATED, ERROR_BUFFER_OVERFLOW, ERROR_INSUFFICIENT_BUFFER, ERROR_MORE_DATA, ERROR_NO_DATA,
        ERROR_SUCCESS, GetLastError,
    },
    NetworkManagement::{
        IpHelper::{
            GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
            IF_TYPE_SOFTWARE_LOOPBACK, IP_ADAPTER_ADDRESSES_LH,
        },
        Ndis::IfOperStatusUp,
    },
    Networking::WinSock::{AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6},
    System::SystemInformation::{
        COMPUTER_NAME_FORMAT, ComputerNamePhysicalDnsDomain, ComputerNamePhysicalDnsHostname, GetComputerNameExW,
        GetLogicalProcessorInformationEx, GetProductInfo, GetSystemFirmwareTable, RSMB, RelationAll,
    },
};

use crate::{WindowsError, registry, text::narrow};

/// More bytes than this are no answer but a mistake.
const LONGEST: u32 = 16 << 20;

/// What `GetProductInfo` calls this Windows (rule B.1); `None` if it does not know.
#[must_use]
pub fn product() -> Option<u32> {
    let mut product = 0;
    // SAFETY: `product` is writable for the call.
    let known = unsafe { GetProductInfo(10, 0, 0, 0, &raw mut product) };
    (known != 0 && product != 0).then_some(product)
}

/// The answer of `GetLogicalProcessorInformationEx` about everything: a chain of
/// `SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX`.
pub fn processors() -> Result<Vec<u8>, WindowsError> {
    const CALL: &str = "GetLogicalProcessorInformationEx";
    let mut room: u32 = 16 << 10;
    loop {
        // the structures want the alignment of 64 bits
        let mut words = vec![0_u64; (room as usize).div_ceil(8)];
        let mut bytes = room;
        // SAFETY: the buffer is writable for `bytes` bytes and aligned like the structures written to it.
        let done = unsafe { GetLogicalProcessorInformationEx(RelationAll, words.as_mut_ptr().cast(), &raw mut bytes) };
        if done != 0 {
            let all = words.iter().flat_map(|word| word.to_le_bytes());
            return Ok(all.take(bytes as usize).collect());
        }
        // SAFETY: has no conditions.
        let code = unsafe { GetLastError() };
        if code != ERROR_INSUFFICIENT_BUFFER || bytes <= room || bytes > LONGEST {
            return Err(WindowsError::of_code(CALL, "", code));
        }
        room = bytes;
    }
}

/// The firmware's SMBIOS table as Windows gives it: `RawSMBIOSData`.
pub fn firmware_table() -> Result<Vec<u8>, WindowsError> {
    const CALL: &str = "GetSystemFirmwareTable";
    // SAFETY: with a size of 0 nothing is written, so the buffer may be missing.
    let needed = unsafe { GetSystemFirmwareTable(RSMB, 0, ptr::null_mut(), 0) };
    if needed == 0 || needed > LONGEST {
        return Err(WindowsError::last(CALL, "RSMB"));
    }
    let mut table = vec![0; needed as usize];
    // SAFETY: `table` is writable for `needed` bytes.
    let written = unsafe { GetSystemFirmwareTable(RSMB, 0, table.as_mut_ptr().cast(), needed) };
    if written == 0 || written > needed {
        return Err(WindowsError::last(CALL, "RSMB"));
    }
    table.truncate(written as usize);
    Ok(table)
}

/// The machine's own name, in DNS's spelling, whatever a cluster calls it.
pub fn host_name() -> Result<String, WindowsError> {
    computer_name(ComputerNamePhysicalDnsHostname)
}

/// The DNS domain of the machine; empty if it has none.
pub fn dns_domain() -> Result<String, WindowsError> {
    computer_name(ComputerNamePhysicalDnsDomain)
}

/// The folder for what programs keep for all users. Asked of the registry: the variable `ProgramData` is the caller's to change.
#[must_use]
pub fn program_data() -> PathBuf {
    const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
    let folder = registry::text(PROFILES, "ProgramData").ok().flatten().filter(|folder| !folder.is_empty());
    PathBuf::from(folder.unwrap_or_else(|| r"C:\ProgramData".to_owned()))
}

fn computer_name(kind: COMPUTER_NAME_FORMAT) -> Result<String, WindowsError> {
    let mut units = vec![0_u16; 256];
    loop {
        let mut length = units.len() as u32;
        // SAFETY: `units` is writable for `length` characters.
        if unsafe { GetComputerNameExW(kind, units.as_mut_ptr(), &raw mut length) } != 0 {
            return Ok(narrow(&units));
        }
        // SAFETY: has no conditions.
        let code = unsafe { GetLastError() };
        if code != ERROR_MORE_DATA || length as usize <= units.len() || length > LONGEST {
            return Err(WindowsError::of_code("GetComputerNameEx", "", code));
        }
        units.resize(length as usize, 0);
    }
}

/// The addresses of all interfaces that are up, sorted; loopback and those that only reach the next cable are left out.
pub fn addresses() -> Result<Vec<IpAddr>, WindowsError> {
    const CALL: &str = "GetAdaptersAddresses";
    let skip = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    let mut room: u32 = 16 << 10;
    loop {
        // the structures want the alignment of 64 bits
        let mut words = vec![0_u64; (room as usize).div_ceil(8)];
        let first = words.as_mut_ptr().cast::<IP_ADAPTER_ADDRESSES_LH>();
        let mut bytes = room;
        // SAFETY: the buffer is writable for `bytes` bytes and aligned like the structures written to it.
        let code = unsafe { GetAdaptersAddresses(AF_UNSPEC.into(), skip, ptr::null(), first, &raw mut bytes) };
        match code {
            ERROR_SUCCESS => {
                // SAFETY: Windows has filled the buffer, which lives as long as `words`, with a chain that begins there.
                let mut found = unsafe { addresses_of(first) };
                found.sort_unstable();
                found.dedup();
                return Ok(found);
            }
            ERROR_NO_DATA | ERROR_ADDRESS_NOT_ASSOCIATED => return Ok(Vec::new()),
            ERROR_BUFFER_OVERFLOW if bytes > room && bytes <= LONGEST => room = bytes,
            code => return Err(WindowsError::of_code(CALL, "", code)),
        }
    }
}

/// # Safety
/// `adapter` must be null or the start of a chain as `GetAdaptersAddresses` makes it, all of it alive.
unsafe fn addresses_of(mut adapter: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<IpAddr> {
    let mut found = Vec::new();
    // SAFETY: the caller hands over a chain of which every link is null or points to the next structure.
    while let Some(one) = unsafe { adapter.as_ref() } {
        adapter = one.Next;
        if one.OperStatus != IfOperStatusUp || one.IfType == IF_TYPE_SOFTWARE_LOOPBACK {
            continue;
        }
        let mut address = one.FirstUnicastAddress.cast_const();
        // SAFETY: the addresses of an adapter are a chain like that of the adapters.
        while let Some(unicast) = unsafe { address.as_ref() } {
            address = unicast.Next;
            // SAFETY: the socket address of a link is as alive as the link.
            found.extend(unsafe { ip_address(unicast.Address.lpSockaddr) });
        }
    }
    found.retain(|address| match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    });
    found
}

/// # Safety
/// `address` must be null or point to a socket address that is as long as its family says.
unsafe fn ip_address(address: *const SOCKADDR) -> Option<IpAddr> {
    // SAFETY: every socket address begins with its family.
    let family = unsafe { address.as_ref() }?.sa_family;
    match family {
        AF_INET => {
            // SAFETY: the family says that this structure stands there.
            let v4 = unsafe { address.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: all views of the union are four bytes, any of which are an address.
            let bits = unsafe { v4.sin_addr.S_un.S_addr };
            Some(IpAddr::from(bits.to_ne_bytes()))
        }
        AF_INET6 => {
            // SAFETY: the family says that this structure stands there.
            let v6 = unsafe { address.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: all views of the union are sixteen bytes, any of which are an address.
            Some(IpAddr::from(unsafe { v6.sin6_addr.u.Byte }))
        }
        _ => None,
    }
}

/// What the processor says of a hypervisor below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hypervisor {
    /// Its twelve letters, for example `Microsoft Hv` or `VMwareVMware`.
    pub vendor: String,
    /// Register EBX of leaf 0x40000003, which for Microsoft's hypervisor holds the rights of this partition.
    pub privileges: u32,
}

/// The hypervisor that this Windows runs on; `None` on bare metal.
#[must_use]
pub fn hypervisor() -> Option<Hypervisor> {
    /// Leaf 1, ECX: set by hypervisors, never by hardware.
    const PRESENT: u32 = 1 << 31;
    const VENDOR: u32 = 0x4000_0000;
    const FEATURES: u32 = 0x4000_0003;
    if __cpuid(1).ecx & PRESENT == 0 {
        return None;
    }
    let leaf = __cpuid(VENDOR);
    let letters = [leaf.ebx, leaf.ecx, leaf.edx].map(u32::to_le_bytes).concat();
    let vendor = String::from_utf8_lossy(&letters).trim_matches(['\0', ' ']).to_owned();
    let privileges = if leaf.eax >= FEATURES { __cpuid(FEATURES).ebx } else { 0 };
    Some(Hypervisor { vendor, privileges })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_a_name_processors_and_a_product() {
        assert!(!host_name().unwrap().is_empty());
        dns_domain().unwrap();
        let processors = processors().unwrap();
        let first = u32::from_le_bytes(processors[4..8].try_into().unwrap());
        assert!(first >= 32 && first as usize <= processors.len(), "{first} of {}", processors.len());
        assert!(product().is_some());
        assert!(program_data().is_dir());
        let table = firmware_table().unwrap();
        let announced = u32::from_le_bytes(table[4..8].try_into().unwrap());
        assert_eq!(announced as usize + 8, table.len());
        assert!(hypervisor().is_none_or(|found| !found.vendor.is_empty()));
        assert!(addresses().unwrap().iter().all(|address| !address.is_loopback()));
    }
}
