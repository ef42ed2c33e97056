//! Distinguished names (RFC 4514). Servers and people write the same one in several ways, which are made one here.

/// What stands before a character that would mean something else.
const ESCAPE: u8 = b'\\';

/// One way to write a name: lower case, nothing escaped but what has to be, no spaces around parts.
#[must_use]
pub fn normal(dn: &str) -> String {
    let mut text = String::with_capacity(dn.len());
    for (at, part) in split(dn, b',').into_iter().enumerate() {
        for (more, pair) in split(part, b'+').into_iter().enumerate() {
            if at + more > 0 {
                text.push(if more > 0 { '+' } else { ',' });
            }
            let Some((name, value)) = pair.split_once('=') else {
                text.push_str(&pair.trim().to_lowercase());
                continue;
            };
            text.push_str(&name.trim().to_lowercase());
            text.push('=');
            write_value(&mut text, value);
        }
    }
    text
}

/// Whether `dn` lies inside of `unit`, both in normal form.
pub(super) fn is_below(dn: &str, unit: &str) -> bool {
    let Some(rest) = dn.strip_suffix(unit).and_then(|rest| rest.strip_suffix(',')) else { return false };
    // an escaped comma belongs to a name
    rest.bytes().rev().take_while(|byte| *byte == ESCAPE).count() % 2 == 0
}

/// `dc=example,dc=com` is `example.com`; parts that are no `dc` do not count.
pub(super) fn dns_name(dn: &str) -> String {
    let pairs = split(dn, b',').into_iter().filter_map(|part| part.split_once('='));
    let labels = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("dc"));
    labels.map(|(_, label)| label.trim().to_lowercase()).collect::<Vec<_>>().join(".")
}

/// The parts between separators that are not escaped.
pub(super) fn split(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        if byte == separator && !escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        escaped = byte == ESCAPE && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn write_value(text: &mut String, value: &str) {
    let value = value.trim_start();
    if value.starts_with('#') {
        // bytes that stand for no text
        text.push_str(&value.trim_end().to_lowercase());
        return;
    }
    let value = unescaped(value);
    for (at, letter) in value.to_lowercase().trim().chars().enumerate() {
        match letter {
            '\0' => text.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', letter]),
            '#' if at == 0 => text.push_str("\\#"),
            _ => text.push(letter),
        }
    }
}

/// Without escapes: two hexadecimal digits are a byte, anything else is itself.
fn unescaped(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != ESCAPE {
            bytes.push(*first);
            continue;
        }
        match after {
            [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            [letter, after @ ..] => {
                bytes.push(*letter);
                rest = after;
            }
            [] => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_written_in_one_way() {
        for (written, expected) in [
            ("CN=Jane Doe,OU=Staff,DC=corp,DC=example", "cn=jane doe,ou=staff,dc=corp,dc=example"),
            ("cn = Jane , dc=corp", "cn=jane,dc=corp"),
            ("uid=\\2a,dc=a", "uid=*,dc=a"),
            ("uid=*,dc=a", "uid=*,dc=a"),
            ("CN=Doe\\, Jane,DC=a", "cn=doe\\, jane,dc=a"),
            ("CN=Doe\\2C Jane,DC=a", "cn=doe\\, jane,dc=a"),
            ("cn=a\\5c\\2cdc=b,dc=a", "cn=a\\\\\\,dc=b,dc=a"),
            ("cn=a\\+b+uid=c,dc=a", "cn=a\\+b+uid=c,dc=a"),
            ("cn=\\20 x \\20,dc=a", "cn=x,dc=a"),
            ("cn=\\#1,dc=a", "cn=\\#1,dc=a"),
            ("cn=#0401AB,dc=a", "cn=#0401ab,dc=a"),
            ("cn=a\\00b,dc=a", "cn=a\\00b,dc=a"),
            ("cn=M\\C3\\BCller,dc=a", "cn=m\u{fc}ller,dc=a"),
            ("cn=a\\=b,dc=a", "cn=a=b,dc=a"),
            ("", ""),
            ("no pair\\", "no pair\\"),
        ] {
            assert_eq!(normal(written), expected, "{written}");
            assert_eq!(normal(expected), expected, "again");
        }
    }

    #[test]
    fn an_escaped_comma_leads_nowhere() {
        let unit = "ou=partners,dc=a";
        assert!(is_below("cn=x,ou=partners,dc=a", unit));
        assert!(is_below("cn=x\\\\,ou=partners,dc=a", unit));
        assert!(!is_below("cn=x\\,ou=partners,dc=a", unit));
        assert!(!is_below("ou=partners,dc=a", unit));
        assert_eq!(dns_name("cn=a\\,dc=evil,dc=example,dc=com"), "example.com");
    }
}
