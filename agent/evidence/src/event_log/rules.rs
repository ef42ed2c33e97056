//! Which records are access (licensing rules I.2 and the evidence notes), one match arm per event.

use crate::address;

use super::{event::Event, principal::principal};

const SECURITY: &str = "Microsoft-Windows-Security-Auditing";
const SESSIONS: &str = "Microsoft-Windows-TerminalServices-LocalSessionManager";
const GATEWAY: &str = "Microsoft-Windows-TerminalServices-Gateway";
const AUDIT_FAILURE: u64 = 0x0010_0000_0000_0000;

/// Service of sign-ins by which a remote desktop session may announce itself.
pub const NETWORK: &str = "network sign-in";
/// Service of interactive sessions over RDP.
pub const REMOTE_DESKTOP: &str = "remote desktop session";

/// Which log proves an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Security log of the server itself.
    Security,
    /// Security log in its role as domain controller.
    DomainController,
    /// Terminal services session log.
    TerminalSessions,
    /// Remote Desktop Gateway log.
    RemoteDesktopGateway,
}

/// A record that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignIn {
    /// Stable words, see the table in the documentation of [`super`].
    pub service: &'static str,
    /// `domain\name`, UPN or bare name in lower case; a SID where no name was logged.
    pub principal: String,
    /// Canonical address; else the workstation's name in lower case; else empty.
    pub client: String,
    /// Which log.
    pub origin: Origin,
}

/// Whether any rule looks at events with this id.
#[must_use]
pub fn may_count(id: u64) -> bool {
    matches!(id, 21 | 25 | 302 | 303 | 4624 | 4768 | 4769 | 4776 | 4778 | 4779 | 5140)
}

/// The access that a record proves, if it proves one.
#[must_use]
pub fn sign_in(event: &Event) -> Option<SignIn> {
    let succeeded = event.keywords & AUDIT_FAILURE == 0;
    let status_is_zero = || event.number("Status") == Some(0);
    let (service, origin) = match (event.provider.as_str(), event.id) {
        (SECURITY, _) if !succeeded => return None,
        (SECURITY, 4624) => (service_of_logon_type(event.number("LogonType")?)?, Origin::Security),
        (SECURITY, 4778 | 4779) => (REMOTE_DESKTOP, Origin::Security),
        (SECURITY, 5140) => ("file share", Origin::Security),
        (SECURITY, 4768) if status_is_zero() => ("Kerberos sign-in", Origin::DomainController),
        (SECURITY, 4769) if status_is_zero() => ("Kerberos service ticket", Origin::DomainController),
        (SECURITY, 4776) if status_is_zero() => ("NTLM credential check", Origin::DomainController),
        (SESSIONS, 21 | 25) => (REMOTE_DESKTOP, Origin::TerminalSessions),
        (GATEWAY, 302 | 303) => ("Remote Desktop Gateway", Origin::RemoteDesktopGateway),
        _ => return None,
    };
    // fields of the account, the address and the workstation, which each event names differently
    let [domain, name, sid, address, workstation] = match event.id {
        4778 | 4779 => ["AccountDomain", "AccountName", "", "ClientAddress", "ClientName"],
        5140 => ["SubjectDomainName", "SubjectUserName", "SubjectUserSid", "IpAddress", ""],
        4768 => ["TargetDomainName", "TargetUserName", "TargetSid", "IpAddress", ""],
        4776 => ["", "TargetUserName", "", "", "Workstation"],
        21 | 25 => ["", "User", "", "Address", ""],
        302 | 303 => ["", "Username", "", "IpAddress", ""],
        _ => ["TargetDomainName", "TargetUserName", "TargetUserSid", "IpAddress", "WorkstationName"],
    };
    let address = event.text(address);
    if is_session(event.id) && address.eq_ignore_ascii_case("LOCAL") {
        return None; // at the console, like logon type 2
    }
    let principal = principal(&event.text(domain), &event.text(name), &event.text(sid))?;
    let client = address::canonical(&address).unwrap_or_else(|| workstation_name(&event.text(workstation)));
    Some(SignIn { service, principal, client, origin })
}

fn is_session(id: u64) -> bool {
    matches!(id, 21 | 25 | 4778 | 4779)
}

/// Only logon types that come over the network: not console (2, 7, 11, 13), batch, service or outbound (4, 5, 9).
fn service_of_logon_type(logon_type: u64) -> Option<&'static str> {
    match logon_type {
        3 => Some(NETWORK),
        8 => Some("clear-text network sign-in"),
        10 => Some(REMOTE_DESKTOP),
        12 => Some("cached remote desktop session"),
        _ => None,
    }
}

/// Lower case without leading backslashes; empty for the words that stand for no name.
fn workstation_name(text: &str) -> String {
    let name = text.trim_start_matches('\\').to_lowercase();
    if name == "unknown" || name == "local" { String::new() } else { address::canonical(&name).unwrap_or(name) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AUDIT_SUCCESS: &str = "0x8020000000000000";
    const FAILED: &str = "0x8010000000000000";

    fn event(provider: &str, id: u64, keywords: &str, data: &Value) -> Event {
        let record = json!({"Event": {
            "System": {
                "Provider_attributes": {"Name": provider},
                "EventID": id,
                "Keywords": keywords,
                "TimeCreated_attributes": {"SystemTime": "2021-02-12T12:34:25.5685755Z"},
                "Computer": "dc.windomain.local",
            },
            "EventData": data,
        }});
        Event::from_json(&record.to_string()).unwrap()
    }

    fn logon(logon_type: u64) -> Value {
        json!({"TargetUserName": "Jane", "TargetDomainName": "LAB", "TargetUserSid": "S-1-5-21-1-2-3-1104",
               "LogonType": logon_type, "IpAddress": "::ffff:10.0.0.7", "WorkstationName": "PC-7"})
    }

    fn service(event: &Event) -> Option<&'static str> {
        sign_in(event).map(|sign_in| sign_in.service)
    }

    #[test]
    fn logon_types_of_4624() {
        // rule I.2, first row
        let cases = [
            (0, None),
            (2, None),
            (3, Some("network sign-in")),
            (4, None),
            (5, None),
            (7, None),
            (8, Some("clear-text network sign-in")),
            (9, None),
            (10, Some("remote desktop session")),
            (11, None),
            (12, Some("cached remote desktop session")),
            (13, None),
        ];
        for (logon_type, expected) in cases {
            assert_eq!(service(&event(SECURITY, 4624, AUDIT_SUCCESS, &logon(logon_type))), expected, "{logon_type}");
            assert_eq!(service(&event(SECURITY, 4624, FAILED, &logon(logon_type))), None, "{logon_type} failed");
            assert_eq!(service(&event("Other", 4624, AUDIT_SUCCESS, &logon(logon_type))), None);
        }
    }

    #[test]
    fn domain_controller_events_need_status_zero() {
        for (id, expected) in
            [(4768, "Kerberos sign-in"), (4769, "Kerberos service ticket"), (4776, "NTLM credential check")]
        {
            let data = |status: &str| json!({"TargetUserName": "jane", "Status": status, "IpAddress": "10.0.0.7"});
            assert_eq!(service(&event(SECURITY, id, AUDIT_SUCCESS, &data("0x0"))), Some(expected));
            assert_eq!(service(&event(SECURITY, id, AUDIT_SUCCESS, &data("0xc000006a"))), None);
            assert_eq!(service(&event(SECURITY, id, FAILED, &data("0x0"))), None);
            assert_eq!(service(&event(SECURITY, id, AUDIT_SUCCESS, &json!({"TargetUserName": "jane"}))), None);
        }
        let outbound = json!({"TargetUserName": "jane", "TargetDomainName": "LAB", "IpAddress": "10.0.0.7"});
        assert_eq!(service(&event(SECURITY, 4648, AUDIT_SUCCESS, &outbound)), None);
    }

    #[test]
    fn sessions_from_the_console_are_no_access() {
        let session = |address: &str| json!({"AccountName": "jane", "AccountDomain": "LAB", "ClientAddress": address});
        for id in [4778, 4779] {
            assert_eq!(service(&event(SECURITY, id, AUDIT_SUCCESS, &session("LOCAL"))), None);
            assert_eq!(service(&event(SECURITY, id, AUDIT_SUCCESS, &session("10.0.0.7"))), Some(REMOTE_DESKTOP));
        }
        let wrapped = |address: &str| {
            let text = json!({"Event": {
                "System": {"Provider_attributes": {"Name": SESSIONS}, "EventID": 21, "Keywords": "0x1000000000000000",
                           "TimeCreated_attributes": {"SystemTime": "2021-02-12T12:33:52.7048364Z"}},
                "UserData": {"EventXML_attributes": {"xmlns": "Event_NS"},
                             "EventXML": {"User": "LAB\\Jane", "SessionID": 1, "Address": address}},
            }});
            sign_in(&Event::from_json(&text.to_string()).unwrap())
        };
        assert_eq!(wrapped("LOCAL"), None);
        let remote = wrapped("fe80::1%4").unwrap();
        assert_eq!((remote.principal.as_str(), remote.client.as_str()), ("lab\\jane", "fe80::1"));
    }

    #[test]
    fn clients_are_addresses_or_else_workstations() {
        let cases = [
            ("::ffff:10.0.0.7", "PC-7", "10.0.0.7"),
            ("127.0.0.1", "PC-7", "127.0.0.1"),
            ("-", "PC-7", "pc-7"),
            ("", "\\\\PC-7", "pc-7"),
            ("-", "-", ""),
        ];
        for (address, workstation, expected) in cases {
            let mut data = logon(3);
            data["IpAddress"] = json!(address);
            data["WorkstationName"] = json!(workstation);
            let sign_in = sign_in(&event(SECURITY, 4624, AUDIT_SUCCESS, &data)).unwrap();
            assert_eq!(sign_in.client, expected, "{address} {workstation}");
        }
    }
}
