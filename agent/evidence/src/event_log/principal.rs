//! Names of accounts as one text each, and accounts that are never anybody.
//!
//! `domain\name` and UPNs are put into lower case, as UAL stores them, because logs write the same account in several
//! cases and rows must meet; nothing else about a name is changed. A SID stands in only where no name was logged.

/// Domains whose accounts belong to Windows itself.
const SYSTEM_DOMAINS: [&str; 7] = [
    "nt authority",
    "nt service",
    "iis apppool",
    "window manager",
    "font driver host",
    "nt virtual machine",
    "virtual users",
];

/// Accounts of Windows itself under any domain.
const SYSTEM_NAMES: [&str; 6] =
    ["system", "local service", "network service", "anonymous logon", "iusr", "nt authority\\anonymous logon"];

/// Prefixes of names that Windows numbers or completes: desktop windows, fonts, anonymous web users of IIS 6.
const SYSTEM_PREFIXES: [&str; 4] = ["dwm-", "umfd-", "iusr_", "iwam_"];

/// SIDs of the same accounts, which catch their translated names: anonymous, IUSR, local service, network service.
const SYSTEM_SIDS: [&str; 4] = ["s-1-5-7", "s-1-5-17", "s-1-5-19", "s-1-5-20"];

/// Services, IIS pools, virtual machines, window managers, fonts, virtual users.
const SYSTEM_SID_PREFIXES: [&str; 6] = ["s-1-5-80-", "s-1-5-82-", "s-1-5-83-", "s-1-5-90-", "s-1-5-96-", "s-1-5-111-"];

const LOCAL_SYSTEM: &str = "s-1-5-18";

/// The principal that a record names; `None` if it names nobody or an account that is never anybody.
///
/// Machine accounts (`name$`) are kept: they are devices. Windows logs the server's own one with the SID of SYSTEM.
#[must_use]
pub fn principal(domain: &str, name: &str, sid: &str) -> Option<String> {
    let (domain, name, sid) = (domain.to_lowercase(), name.to_lowercase(), sid.to_lowercase());
    let bare = name.split('@').next().unwrap_or_default();
    let bare = bare.rsplit('\\').next().unwrap_or_default();
    let logged_domain = name.split_once('\\').map_or(domain.as_str(), |(domain, _)| domain);
    let is_machine = bare.ends_with('$');
    let is_system = SYSTEM_DOMAINS.contains(&logged_domain)
        || SYSTEM_NAMES.contains(&bare)
        || SYSTEM_PREFIXES.iter().any(|prefix| bare.starts_with(prefix))
        || SYSTEM_SIDS.contains(&sid.as_str())
        || SYSTEM_SID_PREFIXES.iter().any(|prefix| sid.starts_with(prefix))
        || (sid == LOCAL_SYSTEM && !is_machine);
    if is_system {
        return None;
    }
    if bare.is_empty() {
        return sid.starts_with("s-1-5-21-").then(|| sid.to_uppercase());
    }
    if domain.is_empty() || name.contains('@') || name.contains('\\') {
        return Some(name);
    }
    Some(format!("{domain}\\{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_seen_in_logs() {
        const PERSON: &str = "S-1-5-21-3648566514-1342408385-4134854909-1000";
        // (domain, name, SID, principal)
        let cases = [
            ("WINDOMAIN", "vagrant", PERSON, Some("windomain\\vagrant")),
            ("WINDOMAIN.LOCAL", "vagrant@WINDOMAIN.LOCAL", "", Some("vagrant@windomain.local")),
            ("", "vagrant", "", Some("vagrant")),
            ("", "EC2AMAZ-6C3C9U6\\Administrator", "", Some("ec2amaz-6c3c9u6\\administrator")),
            ("WINDOMAIN.LOCAL", "DC$", "S-1-5-18", Some("windomain.local\\dc$")),
            ("WINDOMAIN.LOCAL", "DC$@WINDOMAIN.LOCAL", "", Some("dc$@windomain.local")),
            ("OFFSEC", "not_existing_user", "S-1-5-21-1-2-3-500", Some("offsec\\not_existing_user")),
            ("", "", PERSON, Some(PERSON)),
            ("", "", "", None),
            ("NT AUTHORITY", "SYSTEM", "S-1-5-18", None),
            ("AUTORITE NT", "Système", "S-1-5-18", None),
            ("NT AUTHORITY", "ANONYMOUS LOGON", "S-1-5-7", None),
            ("offsec.lan", "ANONYMOUS LOGON", "S-1-5-7", None),
            ("NT-AUTORITÄT", "NETZWERKDIENST", "S-1-5-20", None),
            ("Window Manager", "DWM-1", "S-1-5-90-0-1", None),
            ("Font Driver Host", "UMFD-0", "S-1-5-96-0-0", None),
            ("IIS APPPOOL", "DefaultAppPool", "S-1-5-82-3006700770", None),
            ("NT SERVICE", "MSSQLSERVER", "S-1-5-80-3880718306", None),
            ("VIRTUAL USERS", "sshd_4332", "S-1-5-111-3847866527", None),
            ("NT AUTHORITY", "IUSR", "S-1-5-17", None),
        ];
        for (domain, name, sid, expected) in cases {
            assert_eq!(principal(domain, name, sid).as_deref(), expected, "{domain} {name} {sid}");
        }
    }
}
