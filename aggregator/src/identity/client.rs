//! The other end as a log names it, taken apart.

use std::net::IpAddr;

/// What a log says of the other end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Client {
    /// Nothing.
    Unknown,
    /// The server itself, or a machine whose traffic ends there.
    Loopback,
    /// An address that means something on one cable only and never identifies a device by itself.
    LinkLocal(IpAddr),
    /// Any other address.
    Address(IpAddr),
    /// A host name in lower case, with or without domain.
    Name(String),
}

impl Client {
    /// Takes it apart.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim().trim_start_matches('\\').to_lowercase();
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        let bare = bare.split('%').next().unwrap_or_default();
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Self::of(address.to_canonical());
        }
        match text.trim_end_matches(['.', '$']) {
            "" | "-" | "local" | "unknown" => Self::Unknown,
            "localhost" => Self::Loopback,
            name => Self::Name(name.to_owned()),
        }
    }

    fn of(address: IpAddr) -> Self {
        let link_local = match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_unspecified() {
            Self::Unknown
        } else if link_local {
            Self::LinkLocal(address)
        } else {
            Self::Address(address)
        }
    }
}

/// Whether an address belongs to the organisation's own network: behind any other one there may be a thousand devices.
#[must_use]
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_seen_in_real_logs() {
        let address = |text: &str| Client::Address(text.parse().unwrap());
        let local = |text: &str| Client::LinkLocal(text.parse().unwrap());
        for (text, expected) in [
            ("", Client::Unknown),
            ("-", Client::Unknown),
            ("LOCAL", Client::Unknown),
            ("0.0.0.0", Client::Unknown),
            ("::1", Client::Loopback),
            ("127.0.0.1", Client::Loopback),
            ("::ffff:127.0.0.1", Client::Loopback),
            ("::ffff:10.0.0.5", address("10.0.0.5")),
            ("10.0.0.5", address("10.0.0.5")),
            ("2001:db8::5", address("2001:db8::5")),
            ("fe80::c14b:efb2:6ee0:ba13%4", local("fe80::c14b:efb2:6ee0:ba13")),
            ("169.254.186.19", local("169.254.186.19")),
            ("\\\\PC-1", Client::Name("pc-1".into())),
            ("PC-1.lab.net.", Client::Name("pc-1.lab.net".into())),
        ] {
            assert_eq!(Client::parse(text), expected, "{text}");
        }
    }
}
