//! A row, or a part of one, as bytes: they sort as rows do and take less room than texts of their own.
//!
//! ```text
//! length of row u32 | length of part u32 | row | origin u32 | part | first byte of days u8 | bytes of days u8 | days | total u64 | first i64 | last i64
//! ```
//! Row, origin and part together are the key. Texts of a row end with 0 and have 1 added to each byte, which UTF-8 leaves room for.

use std::collections::BTreeSet;

use caliper_proto::{Access, AccessKey, Days, Instant, Source};

const HEAD: usize = 8;
const ORIGIN: usize = 4;
/// Of days, total, first and last, without the days themselves.
const AROUND_DAYS: usize = 2 + 3 * 8;

/// What is known of a row.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    days: Days,
    total: u64,
    first: Instant,
    last: Instant,
}

impl Known {
    pub fn of(access: &Access) -> Self {
        let Access { key: _, days, total, first, last } = *access;
        Self { days, total, first, last }
    }

    fn unite(&mut self, other: Self, totals: fn(u64, u64) -> u64) {
        self.days = self.days.union(other.days);
        self.total = totals(self.total, other.total);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A row, or a part of it that a database or log tells.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'bytes> {
    pub row: &'bytes [u8],
    pub origin: u32,
    pub part: &'bytes [u8],
    pub known: Known,
}

impl<'bytes> Entry<'bytes> {
    /// Writes it behind `bytes`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let Known { days, total, first, last } = self.known;
        let days = days.to_bytes();
        let skipped = days.iter().position(|byte| *byte != 0).unwrap_or_default();
        let days = &days[skipped..];
        bytes.extend((self.row.len() as u32).to_le_bytes());
        bytes.extend((self.part.len() as u32).to_le_bytes());
        bytes.extend(self.row);
        bytes.extend(self.origin.to_be_bytes());
        bytes.extend(self.part);
        bytes.extend([skipped as u8, days.len() as u8]);
        bytes.extend(days);
        bytes.extend(total.to_le_bytes());
        bytes.extend(first.micros().to_le_bytes());
        bytes.extend(last.micros().to_le_bytes());
    }

    /// The entry at the front of `bytes`; `None` if it is none, which only a disk can do.
    pub fn read(bytes: &'bytes [u8]) -> Option<Self> {
        let (row, part) = lengths(bytes)?;
        let (row, rest) = bytes.get(HEAD..)?.split_at_checked(row)?;
        let (origin, rest) = rest.split_first_chunk::<ORIGIN>()?;
        let (part, rest) = rest.split_at_checked(part)?;
        let ([skipped, length], rest) = rest.split_first_chunk::<2>()?;
        let (days, rest) = rest.split_at_checked(usize::from(*length))?;
        let (numbers, _) = rest.as_chunks::<8>();
        let [total, first, last, ..] = numbers else { return None };
        let days = [&vec![0; usize::from(*skipped)], days].concat();
        let time = |bytes| Instant::from_micros(i64::from_le_bytes(bytes));
        let known = Known {
            days: Days::from_bytes(&days).ok()?,
            total: u64::from_le_bytes(*total),
            first: time(*first)?,
            last: time(*last)?,
        };
        Some(Self { row, origin: u32::from_be_bytes(*origin), part, known })
    }

    /// The whole row.
    pub fn access(&self) -> Option<Access> {
        let mut texts = self.row.splitn(5, |byte| *byte == 0);
        let mut text = || String::from_utf8(texts.next()?.iter().map(|byte| byte - 1).collect()).ok();
        let [service, role_guid, principal, client] = [text()?, text()?, text()?, text()?];
        let [source, year @ ..] = *texts.next()?.first_chunk::<3>()?;
        let year = (u16::from_be_bytes(year) ^ SIGN).cast_signed();
        let key = AccessKey { service, role_guid, principal, client, source: Source::from_number(source)?, year };
        let Known { days, total, first, last } = self.known;
        Some(Access { key, days, total, first, last })
    }
}

/// Makes negative years sort before positive ones.
const SIGN: u16 = 1 << 15;

/// The key of a row as bytes, in the order of [`AccessKey`].
pub fn row(key: &AccessKey) -> Vec<u8> {
    let AccessKey { service, role_guid, principal, client, source, year } = key;
    let texts = [service, role_guid, principal, client];
    let mut row = Vec::with_capacity(texts.iter().map(|text| text.len() + 1).sum::<usize>() + 3);
    for text in texts {
        row.extend(text.bytes().map(|byte| byte + 1));
        row.push(0);
    }
    row.push(source.number());
    row.extend((year.cast_unsigned() ^ SIGN).to_be_bytes());
    row
}

fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let (lengths, _) = bytes.first_chunk::<HEAD>()?.as_chunks::<4>();
    let [row, part] = lengths else { return None };
    Some((u32::from_le_bytes(*row) as usize, u32::from_le_bytes(*part) as usize))
}

/// What entries sort by.
pub fn key(entry: &[u8]) -> &[u8] {
    let length = lengths(entry).map_or(0, |(row, part)| row + ORIGIN + part);
    entry.get(HEAD..HEAD + length).unwrap_or_default()
}

/// Bytes of the entry that begins with these; first those up to its days, then, once they are there, all. `None` if too few are there.
pub fn length(start: &[u8]) -> Option<usize> {
    let (row, part) = lengths(start)?;
    let days = HEAD + row + ORIGIN + part;
    Some(days + AROUND_DAYS + start.get(days + 1).map_or(0, |length| usize::from(*length)))
}

/// Makes one of entries that come in the order of their keys.
///
/// Equal ones are joined. Those of an origin that is whole are added up over its parts, and the sums of origins joined.
#[derive(Debug)]
pub struct Fold<'a> {
    /// The origin beside 0 that is whole; all are if there is none.
    whole: Option<u32>,
    forgotten: &'a BTreeSet<u32>,
    row: Vec<u8>,
    origin: u32,
    part: Vec<u8>,
    /// Of the part, of the parts of the origin before it, of the origins before.
    known: [Option<Known>; 3],
}

impl<'a> Fold<'a> {
    pub fn new(whole: Option<u32>, forgotten: &'a BTreeSet<u32>) -> Self {
        Self { whole, forgotten, row: Vec::new(), origin: 0, part: Vec::new(), known: [None; 3] }
    }

    /// Takes the next entry, and hands on the row before it when that has come to its end.
    pub fn take<E>(&mut self, entry: Entry<'_>, out: &mut impl FnMut(Entry<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.forgotten.contains(&entry.origin) {
            return Ok(());
        }
        if self.row != entry.row {
            self.end(out)?;
            self.row.clear();
            self.row.extend(entry.row);
        }
        if self.whole.is_some_and(|whole| entry.origin != 0 && entry.origin != whole) {
            return out(entry);
        }
        if self.origin != entry.origin {
            self.end_origin();
            self.origin = entry.origin;
        }
        if self.part != entry.part {
            self.end_part();
            self.part.clear();
            self.part.extend(entry.part);
        }
        unite(&mut self.known[0], Some(entry.known), u64::max);
        Ok(())
    }

    fn end_part(&mut self) {
        let part = self.known[0].take();
        unite(&mut self.known[1], part, u64::saturating_add);
    }

    fn end_origin(&mut self) {
        self.end_part();
        let origin = self.known[1].take();
        unite(&mut self.known[2], origin, u64::max);
    }

    /// Hands on the last row.
    pub fn end<E>(&mut self, out: &mut impl FnMut(Entry<'_>) -> Result<(), E>) -> Result<(), E> {
        self.end_origin();
        match self.known[2].take() {
            Some(known) => out(Entry { row: &self.row, origin: 0, part: &[], known }),
            None => Ok(()),
        }
    }
}

fn unite(known: &mut Option<Known>, other: Option<Known>, totals: fn(u64, u64) -> u64) {
    match (known.as_mut(), other) {
        (Some(known), Some(other)) => known.unite(other, totals),
        (None, other) => *known = other,
        (Some(_), None) => {}
    }
}
