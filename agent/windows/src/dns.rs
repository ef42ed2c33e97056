//! What the machine's name service says of services (records of type SRV, RFC 2782).

use std::{io, ptr};

use windows_sys::Win32::{
    Foundation::{DNS_ERROR_RCODE_NAME_ERROR, DNS_INFO_NO_RECORDS},
    NetworkManagement::Dns::{
        DNS_QUERY_STANDARD, DNS_RECORDA, DNS_RECORDW, DNS_TYPE_SRV, DnsFree, DnsFreeRecordList, DnsQuery_W,
    },
};

use crate::{WindowsError, text::wide};

/// More records than these are no answer but a mistake.
const MOST: usize = 64;
/// Longest name read, in characters; DNS knows no longer ones than 255.
const LONGEST: usize = 256;

/// One target of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The lowest is to be tried first.
    pub priority: u16,
    /// Share of those of the same priority.
    pub weight: u16,
    /// Of the service there.
    pub port: u16,
    /// Name of the machine.
    pub target: String,
}

/// The targets of the service `name`, for example `_ldap._tcp.example.org`; none if there is no such name or record.
///
/// Waits for the name service, some seconds where it does not answer.
pub fn services(name: &str) -> Result<Vec<Service>, WindowsError> {
    let query = wide(name);
    let mut list: *mut DNS_RECORDA = ptr::null_mut();
    let (extra, reserved) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `query` ends with a zero, `list` is writable; both outlive the call. The others may be missing.
    let code = unsafe { DnsQuery_W(query.as_ptr(), DNS_TYPE_SRV, DNS_QUERY_STANDARD, extra, &raw mut list, reserved) };
    match code {
        0 => {}
        DNS_ERROR_RCODE_NAME_ERROR => return Ok(Vec::new()),
        code if code.cast_signed() == DNS_INFO_NO_RECORDS => return Ok(Vec::new()),
        code => {
            return Err(WindowsError::new("DnsQuery", name, io::Error::from_raw_os_error(code.cast_signed())));
        }
    }
    let services = read(list.cast());
    // SAFETY: Windows allocated the list for us, and nothing refers to it any more.
    unsafe { DnsFree(list.cast(), DnsFreeRecordList) };
    Ok(services)
}

fn read(mut next: *const DNS_RECORDW) -> Vec<Service> {
    let mut services = Vec::new();
    for _ in 0..MOST {
        // SAFETY: the list is Windows' own, or its end, and lives until it is freed by the caller.
        let Some(record) = (unsafe { next.as_ref() }) else { break };
        if record.wType == DNS_TYPE_SRV {
            // SAFETY: the type says which field of the union was written.
            let service = unsafe { record.Data.SRV };
            services.push(Service {
                priority: service.wPriority,
                weight: service.wWeight,
                port: service.wPort,
                target: text(service.pNameTarget),
            });
        }
        next = record.pNext;
    }
    services
}

/// A text that ends with a zero; a missing one is empty.
fn text(start: *const u16) -> String {
    if start.is_null() {
        return String::new();
    }
    let mut units = Vec::new();
    for at in 0..LONGEST {
        let unit = start.wrapping_add(at);
        // SAFETY: the text goes on at least to its zero, at which this stops.
        let unit = unsafe { *unit };
        if unit == 0 {
            break;
        }
        units.push(unit);
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.invalid` is no domain anywhere (RFC 2606); a machine without a name service says so.
    #[test]
    fn a_service_that_is_nowhere_has_no_targets() {
        match services("_caliper._tcp.no-such-domain.invalid") {
            Ok(found) => assert!(found.is_empty(), "{found:?}"),
            Err(error) => assert!(error.code().is_some(), "{error}"),
        }
    }

    #[test]
    fn a_list_is_read_to_its_end_and_other_records_are_passed_over() {
        let mut name: Vec<u16> = "caliper.example.org".encode_utf16().chain([0]).collect();
        let mut last = DNS_RECORDW { wType: DNS_TYPE_SRV, ..Default::default() };
        last.Data.SRV.wPriority = 10;
        last.Data.SRV.wWeight = 5;
        last.Data.SRV.wPort = 8444;
        last.Data.SRV.pNameTarget = name.as_mut_ptr();
        let other = DNS_RECORDW { wType: 1, pNext: &raw mut last, ..Default::default() };
        let found = read(&raw const other);
        let service = Service { priority: 10, weight: 5, port: 8444, target: "caliper.example.org".into() };
        assert_eq!(found, [service]);
        assert_eq!(text(ptr::null()), "");
    }
}
