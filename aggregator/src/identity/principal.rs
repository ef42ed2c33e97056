//! An account as a log names it, taken apart. Everything is lower case from here on.

/// What kind of name a log wrote.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// No account that anybody could own.
    Nobody(Nobody),
    /// `s-1-5-21-…`.
    Sid(String),
    /// `domain\name`, or a name alone.
    Name {
        /// Before the backslash; `None` if there was none.
        domain: Option<String>,
        /// After it.
        name: String,
    },
    /// `name@domain`.
    Upn {
        /// Before the last `@`.
        name: String,
        /// After it.
        domain: String,
    },
}

/// Why nobody owns an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nobody {
    /// No name, or the anonymous one.
    Anonymous,
    /// The system, its services and its window manager.
    System,
}

/// Domains that only the system itself uses, in the languages seen.
const SYSTEM_DOMAINS: [&str; 10] = [
    "nt authority",
    "nt-autorität",
    "autorite nt",
    "autorité nt",
    "window manager",
    "font driver host",
    "iis apppool",
    "nt service",
    "nt virtual machine",
    "builtin",
];

/// Accounts of the system when a log leaves the domain out.
const SYSTEM_NAMES: [&str; 5] = ["system", "local service", "network service", "iusr", "localsystem"];

impl Principal {
    /// Takes a name apart.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        if text.starts_with("s-1-") {
            return match text.as_str() {
                sid if sid.starts_with("s-1-5-21-") => Self::Sid(text),
                "s-1-5-7" | "s-1-0-0" | "s-1-1-0" => Self::Nobody(Nobody::Anonymous),
                _ => Self::Nobody(Nobody::System),
            };
        }
        let (domain, name) = match text.split_once('\\') {
            Some(("", name)) => (None, name),
            Some((domain, name)) => (Some(domain), name),
            None => (None, text.as_str()),
        };
        if matches!(name, "" | "-" | "anonymous" | "anonymous logon" | "anonymous-anmeldung") {
            return Self::Nobody(Nobody::Anonymous);
        }
        let system = domain.is_some_and(|domain| SYSTEM_DOMAINS.contains(&domain))
            || name == "iusr"
            || domain.is_none() && (SYSTEM_NAMES.contains(&name) || numbered(name, "dwm-") || numbered(name, "umfd-"));
        if system {
            return Self::Nobody(Nobody::System);
        }
        match name.rsplit_once('@') {
            Some((name, domain)) if !name.is_empty() && !domain.is_empty() => {
                Self::Upn { name: name.to_owned(), domain: domain.to_owned() }
            }
            _ => Self::Name { domain: domain.map(str::to_owned), name: name.to_owned() },
        }
    }

    /// Whether it is the account of a machine, which is never a person.
    #[must_use]
    pub fn is_machine(&self) -> bool {
        match self {
            Self::Name { name, .. } | Self::Upn { name, .. } => name.ends_with('$'),
            Self::Nobody(_) | Self::Sid(_) => false,
        }
    }
}

/// `dwm-1`, but not `dwm-something`.
fn numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(domain: Option<&str>, name: &str) -> Principal {
        Principal::Name { domain: domain.map(Into::into), name: name.into() }
    }

    fn upn(name: &str, domain: &str) -> Principal {
        Principal::Upn { name: name.into(), domain: domain.into() }
    }

    #[test]
    fn every_spelling_seen_in_real_logs() {
        const ANONYMOUS: Principal = Principal::Nobody(Nobody::Anonymous);
        const SYSTEM: Principal = Principal::Nobody(Nobody::System);
        for (text, expected) in [
            ("", ANONYMOUS),
            ("\\", ANONYMOUS),
            ("-", ANONYMOUS),
            ("nt authority\\anonymous logon", ANONYMOUS),
            ("ANONYMOUS LOGON", ANONYMOUS),
            ("S-1-5-7", ANONYMOUS),
            ("NT AUTHORITY\\SYSTEM", SYSTEM),
            ("S-1-5-18", SYSTEM),
            ("SYSTEM", SYSTEM),
            ("Window Manager\\DWM-1", SYSTEM),
            ("UMFD-0", SYSTEM),
            ("dwm-smith", name(None, "dwm-smith")),
            ("IIS APPPOOL\\DefaultAppPool", SYSTEM),
            ("CORP\\system", name(Some("corp"), "system")),
            ("vagrant", name(None, "vagrant")),
            ("vagrant@WINDOMAIN.LOCAL", upn("vagrant", "windomain.local")),
            ("WINDOMAIN\\vagrant", name(Some("windomain"), "vagrant")),
            ("dc$", name(None, "dc$")),
            ("DC$@WINDOMAIN.LOCAL", upn("dc$", "windomain.local")),
            ("S-1-5-21-1-2-3-500", Principal::Sid("s-1-5-21-1-2-3-500".into())),
        ] {
            assert_eq!(Principal::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn machines_are_told_by_their_dollar() {
        for (text, machine) in
            [("lab\\dc-1$", true), ("dc$@lab.net", true), ("lab\\jane", false), ("lab\\cash$desk", false)]
        {
            assert_eq!(Principal::parse(text).is_machine(), machine, "{text}");
        }
    }
}
