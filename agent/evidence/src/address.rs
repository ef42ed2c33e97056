//! Network addresses in one canonical text each, whatever way a log wrote them.

use std::net::{IpAddr, Ipv6Addr};

/// Canonical text of an address: RFC 5952, no zone, IPv4-mapped IPv6 as IPv4. `None` if it is no address.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    let without_zone = bare.split('%').next().unwrap_or(bare);
    without_zone.parse::<IpAddr>().ok().map(|address| address.to_canonical().to_string())
}

/// Canonical text of 4 or 16 raw bytes in network order.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<String> {
    let address = if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        IpAddr::from(four)
    } else {
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical()
    };
    Some(address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_seen_in_logs() {
        // (as logged, canonical), from the traps listed in the evidence notes and RFC 5952 section 5
        let cases = [
            ("::ffff:10.23.23.9", Some("10.23.23.9")),
            ("::1", Some("::1")),
            ("fe80::e15c:c557:4b0c:3739%11", Some("fe80::e15c:c557:4b0c:3739")),
            ("2001:0DB8:0000:0000:0000:0000:0000:0001", Some("2001:db8::1")),
            (" 192.168.38.1 ", Some("192.168.38.1")),
            ("[fe80::1]:49152", Some("fe80::1")),
            ("LOCAL", None),
            ("-", None),
            ("", None),
            ("JUMP01", None),
        ];
        for (logged, expected) in cases {
            assert_eq!(canonical(logged).as_deref(), expected, "{logged}");
        }
    }

    #[test]
    fn raw_bytes() {
        assert_eq!(from_bytes(&[127, 0, 0, 1]).as_deref(), Some("127.0.0.1"));
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 222];
        assert_eq!(from_bytes(&mapped).as_deref(), Some("10.0.0.222"));
        assert_eq!(from_bytes(&[0; 5]), None);
    }
}
