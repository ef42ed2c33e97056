//! Active Directory's `DirSync` control (MS-ADTS 3.1.1.3.4.1.3): which objects changed since a cookie, on any domain controller.

use std::collections::HashSet;

use ldap3::{
    asn1::{ASNTag, Integer, OctetString, PL, Sequence, StructureTag, Tag, parse_tag, write},
    controls::RawControl,
};

use super::{Problem, changes::MOST, mark::Point, search::Search};

const CONTROL: &str = "1.2.840.113556.1.4.841";
/// `LDAP_DIRSYNC_OBJECT_SECURITY`: what the account may read; without it the right to replicate is needed.
const OBJECT_SECURITY: i64 = 1;
/// Most bytes the server is asked for at once.
const SIZE: i64 = 1 << 20;
/// Answers after which a server is taken for one that never ends.
const ROUNDS: usize = 1_000_000;

/// What hardly any object passes: a cookie tells all changes, whatever the question let through.
const DOMAIN: &str = "(objectClass=domainDNS)";

/// Where changes from now on begin.
pub(super) async fn start(search: &mut Search<'_>, domain: &str) -> Result<Point, Problem> {
    let mut partial = false;
    let first = match round(search, domain, DOMAIN, &["objectGUID"], &[], partial).await {
        // no right to replicate: what may be read is told all the same
        Err(Problem::Partial { .. }) => {
            partial = true;
            round(search, domain, DOMAIN, &["objectGUID"], &[], partial).await?
        }
        other => other?,
    };
    let (mut cookie, mut more) = (first.cookie, first.more);
    for _ in 0..ROUNDS {
        if !more {
            return Ok(Point::DirSync { cookie, partial });
        }
        let next = round(search, domain, DOMAIN, &["objectGUID"], &cookie, partial).await?;
        (cookie, more) = (next.cookie, next.more);
    }
    Err(endless())
}

/// `objectGUID`s of what changed in these attributes, and the next cookie; `None` if so much did that everything is quicker to read.
pub(super) async fn changed(
    search: &mut Search<'_>,
    domain: &str,
    filter: &str,
    attributes: &[&str],
    (mut cookie, partial): (Vec<u8>, bool),
) -> Result<Option<(HashSet<Vec<u8>>, Point)>, Problem> {
    let mut found = HashSet::new();
    for _ in 0..ROUNDS {
        let next = round(search, domain, filter, attributes, &cookie, partial).await?;
        found.extend(next.identifiers);
        if found.len() > MOST {
            return Ok(None);
        }
        cookie = next.cookie;
        if !next.more {
            return Ok(Some((found, Point::DirSync { cookie, partial })));
        }
    }
    Err(endless())
}

struct Round {
    identifiers: Vec<Vec<u8>>,
    cookie: Vec<u8>,
    more: bool,
}

async fn round(
    search: &mut Search<'_>,
    domain: &str,
    filter: &str,
    attributes: &[&str],
    cookie: &[u8],
    partial: bool,
) -> Result<Round, Problem> {
    let control = request(if partial { OBJECT_SECURITY } else { 0 }, cookie);
    let (entries, controls) = search.controlled(domain, filter, attributes, control).await?;
    let answer = controls.iter().find(|control| control.ctype == CONTROL).and_then(|control| control.val.as_deref());
    let answer = answer.and_then(response);
    let (more, cookie) = answer.ok_or_else(|| damaged("an answer about changes without a cookie"))?;
    let identifiers = entries.iter().filter_map(|entry| entry.bytes("objectguid").next().map(<[u8]>::to_vec)).collect();
    Ok(Round { identifiers, cookie, more })
}

fn request(flags: i64, cookie: &[u8]) -> RawControl {
    let number = |inner| Tag::Integer(Integer { inner, ..Integer::default() });
    let cookie = Tag::OctetString(OctetString { inner: cookie.to_vec(), ..OctetString::default() });
    let value = Sequence { inner: vec![number(flags), number(SIZE), cookie], ..Sequence::default() };
    let mut bytes = bytes::BytesMut::new();
    // writing into memory cannot fail
    let _ = write::encode_into(&mut bytes, Tag::Sequence(value).into_structure());
    RawControl { ctype: CONTROL.to_owned(), crit: true, val: Some(bytes.to_vec()) }
}

/// Whether there is more, and the cookie.
fn response(value: &[u8]) -> Option<(bool, Vec<u8>)> {
    let (_, sequence) = parse_tag(value).ok()?;
    let PL::C(parts) = sequence.payload else { return None };
    let mut parts = parts.into_iter();
    let mut next = || match parts.next() {
        Some(StructureTag { payload: PL::P(bytes), .. }) => Some(bytes),
        _ => None,
    };
    let (more, _, cookie) = (next()?, next()?, next()?);
    Some((more.iter().any(|byte| *byte != 0), cookie))
}

fn endless() -> Problem {
    damaged("changes that never end")
}

fn damaged(detail: &str) -> Problem {
    Problem::Damaged { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_encoded_as_the_specification_says() {
        // SEQUENCE { INTEGER 1, INTEGER 1048576, OCTET STRING "ab" }
        let expected = [0x30, 0x0c, 0x02, 0x01, 0x01, 0x02, 0x03, 0x10, 0x00, 0x00, 0x04, 0x02, b'a', b'b'];
        let control = request(OBJECT_SECURITY, b"ab");
        assert_eq!((control.crit, control.val.as_deref()), (true, Some(&expected[..])));
    }

    #[test]
    fn answers_are_read_and_damaged_ones_are_none() {
        let answer = [0x30, 0x0a, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00, 0x04, 0x02, 0x07, 0x08];
        assert_eq!(response(&answer), Some((true, vec![7, 8])));
        for end in 0..answer.len() {
            assert_eq!(response(&answer[..end]), None, "{end}");
        }
        assert_eq!(response(&[0x30, 0x03, 0x02, 0x01, 0x00]), None);
    }
}
