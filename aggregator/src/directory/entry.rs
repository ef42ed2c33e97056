//! One entry of an answer. Values are bytes until somebody asks for text: a SID may happen to be valid UTF-8.

use std::{collections::BTreeMap, fmt::Write as _};

use caliper_proto::Instant;
use ldap3::{ResultEntry, asn1::PL, asn1::StructureTag};

use super::Problem;

/// An entry; attribute names in lower case, options such as `;range=` cut off and kept beside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    /// Distinguished name.
    pub dn: String,
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
    /// Attributes of which the server sent only a part, with the number of the next value.
    pub unfinished: Vec<(String, u64)>,
}

impl Entry {
    /// Reads an answer as `ldap3` hands it over, without its panics.
    pub fn read(answer: ResultEntry) -> Result<Self, Problem> {
        let mut parts = constructed(answer.0)?.into_iter();
        let (Some(dn), Some(attributes)) = (parts.next(), parts.next()) else {
            return Err(damaged("an entry without name or attributes"));
        };
        let mut entry = Self { dn: text(primitive(dn)?)?, ..Self::default() };
        for attribute in constructed(attributes)? {
            let mut parts = constructed(attribute)?.into_iter();
            let (Some(name), Some(values)) = (parts.next(), parts.next()) else {
                return Err(damaged("an attribute without name or values"));
            };
            let values = constructed(values)?.into_iter().map(primitive).collect::<Result<Vec<_>, _>>()?;
            entry.add(&text(primitive(name)?)?, values);
        }
        Ok(entry)
    }

    /// Adds values under a name as the server writes it, for example `member;range=0-1499`.
    pub fn add(&mut self, name: &str, values: Vec<Vec<u8>>) {
        let name = name.to_lowercase();
        let (plain, options) = name.split_once(';').unwrap_or((&name, ""));
        for option in options.split(';') {
            // `range=0-*` is the last part
            if let Some(next) = option.strip_prefix("range=").and_then(|range| range.split_once('-')?.1.parse().ok()) {
                self.unfinished.push((plain.to_owned(), u64::saturating_add(next, 1)));
            }
        }
        self.attributes.entry(plain.to_owned()).or_default().extend(values);
    }

    /// Adds the values of another part of the same entry.
    pub fn append(&mut self, other: Self) {
        for (name, values) in other.attributes {
            self.attributes.entry(name).or_default().extend(values);
        }
    }

    /// Values that are text.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.bytes(name).filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value as text without surrounding spaces; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        self.texts(name).next().unwrap_or_default().trim().to_owned()
    }

    /// The first value of the first of these attributes that has one.
    pub fn first_text(&self, names: &[&str]) -> String {
        names.iter().map(|name| self.text(name)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// A number; `None` if absent or no number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    /// A time of LDAP, `20240131120000.0Z` or with a difference to UTC; `None` if absent or none.
    pub fn time(&self, name: &str) -> Option<Instant> {
        generalized_time(&self.text(name))
    }

    /// Values as sent.
    pub fn bytes(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.attributes.get(name).into_iter().flatten().map(Vec::as_slice)
    }

    /// Whether the entry is of this class, or of one derived from it.
    pub fn is_a(&self, class: &str) -> bool {
        self.texts("objectclass").any(|found| found.eq_ignore_ascii_case(class))
    }

    /// SIDs, `S-1-5-21-…`, in the order sent; damaged ones are left out.
    pub fn sids(&self, name: &str) -> Vec<String> {
        self.bytes(name).filter_map(sid).collect()
    }

    /// A GUID as Windows prints it, lower case; `None` if absent or damaged.
    pub fn guid(&self, name: &str) -> Option<String> {
        let bytes: [u8; 16] = self.bytes(name).next()?.try_into().ok()?;
        Some(uuid::Uuid::from_bytes_le(bytes).to_string())
    }
}

/// The instant of a `GeneralizedTime` (X.680); to the second.
fn generalized_time(text: &str) -> Option<Instant> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (time, rest) = (text.get(..digits)?, text.get(digits..)?);
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i8>().ok();
    let (year, seconds) = (time.get(..4)?.parse().ok()?, if digits >= 14 { number(12, 14)? } else { 0 });
    let minutes = if digits >= 12 { number(10, 12)? } else { 0 };
    let date =
        jiff::civil::DateTime::new(year, number(4, 6)?, number(6, 8)?, number(8, 10)?, minutes, seconds, 0).ok()?;
    let zone = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || ".,".contains(letter));
    let east = match (zone.get(..1)?, zone.get(1..)?) {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), hours) if hours.len() == 4 => {
            let minutes = hours.get(..2)?.parse::<i64>().ok()? * 60 + hours.get(2..)?.parse::<i64>().ok()?;
            if sign == "+" { minutes } else { -minutes }
        }
        _ => return None,
    };
    let utc = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(utc.checked_sub(jiff::SignedDuration::from_mins(east)).ok()?.into())
}

/// Revision, count, six bytes of authority, then little-endian numbers.
fn sid(bytes: &[u8]) -> Option<String> {
    let (head, numbers) = bytes.split_at_checked(8)?;
    let (numbers, rest) = numbers.as_chunks::<4>();
    if head[0] != 1 || usize::from(head[1]) != numbers.len() || !rest.is_empty() || numbers.len() > 15 {
        return None;
    }
    let authority = head[2..].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut text = format!("S-1-{authority}");
    for number in numbers {
        let _ = write!(text, "-{}", u32::from_le_bytes(*number));
    }
    Some(text)
}

/// The reverse; `None` for what is no SID.
pub(super) fn sid_bytes(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.strip_prefix("S-1-")?.split('-');
    let authority: u64 = parts.next()?.parse().ok().filter(|authority| *authority < 1 << 48)?;
    let numbers: Vec<u32> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut bytes = vec![1, u8::try_from(numbers.len()).ok().filter(|count| *count <= 15)?];
    bytes.extend_from_slice(&authority.to_be_bytes()[2..]);
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    Some(bytes)
}

fn damaged(detail: &str) -> Problem {
    Problem::Damaged { detail: detail.to_owned() }
}

fn constructed(tag: StructureTag) -> Result<Vec<StructureTag>, Problem> {
    match tag.payload {
        PL::C(parts) => Ok(parts),
        PL::P(_) => Err(damaged("a value where a list belongs")),
    }
}

fn primitive(tag: StructureTag) -> Result<Vec<u8>, Problem> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => Err(damaged("a list where a value belongs")),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|_| damaged("a name that is no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sids_are_read_whether_or_not_they_look_like_text() {
        // S-1-5-32-544, built-in Administrators: every byte is valid UTF-8
        let builtin = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        assert_eq!(sid(&builtin).as_deref(), Some("S-1-5-32-544"));
        assert!(std::str::from_utf8(&builtin).is_ok());
        let domain = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 255, 255, 255, 255, 2, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0];
        assert_eq!(sid(&domain).as_deref(), Some("S-1-5-21-4294967295-2-3-500"));
        for length in 0..domain.len() {
            assert_eq!(sid(&domain[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn guids_have_their_first_three_parts_turned() {
        let mut entry = Entry::default();
        entry.add("objectGUID", vec![(0..16).collect()]);
        assert_eq!(entry.guid("objectguid").as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
        entry = Entry::default();
        entry.add("objectGUID", vec![vec![1, 2, 3]]);
        assert_eq!(entry.guid("objectguid"), None);
    }

    #[test]
    fn parts_of_long_attributes_come_together() {
        let mut entry = Entry::default();
        entry.add("member", vec![]); // Active Directory sends the plain name empty beside the part
        entry.add("member;range=0-1", vec![b"cn=a".to_vec(), b"cn=b".to_vec()]);
        assert_eq!(entry.unfinished, [("member".to_owned(), 2)]);
        let mut rest = Entry::default();
        rest.add("member;range=2-*", vec![b"cn=c".to_vec()]);
        assert_eq!(rest.unfinished, []);
        entry.append(rest);
        assert_eq!(entry.texts("member").collect::<Vec<_>>(), ["cn=a", "cn=b", "cn=c"]);
    }

    #[test]
    fn nonsense_is_an_error_not_a_panic() {
        let leaf = |bytes: &[u8]| StructureTag {
            class: ldap3::asn1::TagClass::Universal,
            id: 4,
            payload: PL::P(bytes.to_vec()),
        };
        let list = |parts| StructureTag { class: ldap3::asn1::TagClass::Universal, id: 16, payload: PL::C(parts) };
        for answer in [
            leaf(b"x"),
            list(vec![]),
            list(vec![leaf(&[255]), list(vec![])]),
            list(vec![leaf(b"cn=a"), list(vec![leaf(b"cn")])]),
        ] {
            assert!(matches!(read(answer), Err(Problem::Damaged { .. })));
        }
        let whole = list(vec![leaf(b"cn=a"), list(vec![list(vec![leaf(b"CN"), list(vec![leaf(b"a")])])])]);
        assert_eq!(read(whole).unwrap().text("cn"), "a");
    }

    #[allow(deprecated)] // the only way to make an entry without a server
    fn read(tag: StructureTag) -> Result<Entry, Problem> {
        Entry::read(ResultEntry::new(tag))
    }

    #[test]
    fn times_of_both_kinds_of_servers() {
        let at = |text: &str| generalized_time(text).map(|instant| instant.to_string());
        let noon = Some("2024-01-31T12:00:05.000000Z".to_owned());
        for text in ["20240131120005.0Z", "20240131120005Z", "20240131130005.5+0100", "20240131080005-0400"] {
            assert_eq!(at(text), noon, "{text}");
        }
        assert_eq!(at("2024013112Z"), Some("2024-01-31T12:00:00.000000Z".to_owned()));
        for text in [
            "",
            "20240131",
            "20240131120005",
            "20241331120005Z",
            "1/31/2024 12:00",
            "20240131120005+01",
            "2024013112000é",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
