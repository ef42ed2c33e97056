//! One page: header, checksum, and the tags at its end that say where its values lie.

use super::{
    EseError,
    bytes::{u16_at, u32_at, xor32},
};

const ROOT: u32 = 0x1;
const LEAF: u32 = 0x2;
const EMPTY: u32 = 0x8;
const SPACE_TREE: u32 = 0x20;
/// New checksum and new record format, in use since Windows Server 2003.
const NEW_FORMAT: u32 = 0x2000;
const OLD_SEED: u32 = 0x89AB_CDEF;

/// A page whose checksum and tag array are sound.
#[derive(Debug)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Of its first byte in the file.
    pub offset: u64,
    /// Right sibling, 0 if none.
    pub next: u32,
    /// Object that owns the page.
    pub object: u32,
    flags: u32,
    /// Tags in use, the first of which describes the page itself.
    tags: usize,
    large: bool,
    bytes: Vec<u8>,
}

/// A value of a page with the three flags of its tag.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'page> {
    pub data: &'page [u8],
    pub flags: u8,
}

impl Page {
    pub fn parse(number: u32, offset: u64, bytes: Vec<u8>, large: bool) -> Result<Self, EseError> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(EseError::damaged(offset, "page", "a page in use", "only zero bytes"));
        }
        let long = |at| u32_at(&bytes, at).unwrap_or_default();
        let flags = long(36);
        check_sum(number, offset, &bytes, flags, large)?;
        // From Windows 11 24H2 the top four bits count reserved tags; before that they were zero.
        let tags = usize::from(u16_at(&bytes, 34).unwrap_or_default() & 0x0FFF);
        let room = bytes.len().saturating_sub(header_size(large)) / 4;
        if tags > room {
            return Err(EseError::damaged(offset + 34, "number of tags", format!("at most {room}"), tags));
        }
        Ok(Self { number, offset, next: long(20), object: long(24), flags, tags, large, bytes })
    }

    pub fn is_root(&self) -> bool {
        self.flags & ROOT != 0
    }

    pub fn is_leaf(&self) -> bool {
        self.flags & LEAF != 0
    }

    pub fn is_empty(&self) -> bool {
        self.flags & EMPTY != 0
    }

    pub fn is_space_tree(&self) -> bool {
        self.flags & SPACE_TREE != 0
    }

    pub fn has_new_records(&self) -> bool {
        self.flags & NEW_FORMAT != 0
    }

    pub fn is_large(&self) -> bool {
        self.large
    }

    /// Numbers of the tags that hold nodes; tag 0 holds the page's own key prefix or tree header.
    pub fn nodes(&self) -> std::ops::Range<usize> {
        1..self.tags.max(1)
    }

    /// The value behind a tag, never outside the page's data area.
    pub fn tag(&self, at: usize) -> Result<Tag<'_>, EseError> {
        let place = self.bytes.len().saturating_sub(4 * (at + 1));
        let (Some(size), Some(start)) = (u16_at(&self.bytes, place), u16_at(&self.bytes, place + 2)) else {
            return Err(EseError::damaged(self.offset, "tag", "a tag inside the page", at));
        };
        let mask = if self.large { 0x7FFF } else { 0x1FFF };
        let end_of_data = self.bytes.len() - 4 * self.tags;
        let from = header_size(self.large) + usize::from(start & mask);
        let to = from + usize::from(size & mask);
        let Some(data) = self.bytes.get(from..to).filter(|_| to <= end_of_data) else {
            let found = format!("{from} to {to}");
            let place = self.offset + place as u64;
            return Err(EseError::damaged(place, "tag", format!("a value before byte {end_of_data}"), found));
        };
        // the large layout needs all bits of the tag, so the flags moved into the value's first word
        let flags = if self.large { data.get(1).map_or(0, |byte| byte >> 5) } else { (start >> 13) as u8 };
        Ok(Tag { data, flags })
    }

    /// Offset in the file of a slice of this page.
    pub fn offset_of(&self, part: &[u8]) -> u64 {
        let distance = (part.as_ptr() as usize).saturating_sub(self.bytes.as_ptr() as usize);
        self.offset + distance.min(self.bytes.len()) as u64
    }
}

fn header_size(large: bool) -> usize {
    if large { 80 } else { 40 }
}

/// The exclusive-or half of the checksum; it finds every damage but swaps of whole words.
fn check_sum(number: u32, offset: u64, bytes: &[u8], flags: u32, large: bool) -> Result<(), EseError> {
    let wrong = |at: usize, expected: u32, found: u32| {
        EseError::damaged(
            offset + at as u64,
            "page checksum",
            format!("{expected:#010x} for page {number}"),
            format!("{found:#010x}"),
        )
    };
    let stored = |at| u32_at(bytes, at).unwrap_or_default();
    if flags & NEW_FORMAT == 0 {
        // old format: one sum over all but itself, and the page says its own number
        if stored(4) != number {
            return Err(EseError::damaged(offset + 4, "own page number", number, stored(4)));
        }
        let sum = xor32(&bytes[4..]) ^ OLD_SEED;
        return if sum == stored(0) { Ok(()) } else { Err(wrong(0, stored(0), sum)) };
    }
    if !large {
        let sum = xor32(&bytes[8..]) ^ number;
        return if sum == stored(0) { Ok(()) } else { Err(wrong(0, stored(0), sum)) };
    }
    // a large page is summed in quarters; the sums of the last three stand in the long header
    let quarter = bytes.len() / 4;
    for (at, place) in [0, 40, 48, 56].into_iter().enumerate() {
        let from = if at == 0 { 8 } else { at * quarter };
        let sum = xor32(&bytes[from..(at + 1) * quarter]) ^ number;
        if sum != stored(place) {
            return Err(wrong(place, stored(place), sum));
        }
    }
    Ok(())
}
