//! A node of a page: key (its prefix shared with the page's) and data.

use super::{
    EseError,
    bytes::{u16_at, u32_at},
    page::Page,
};

const DELETED: u8 = 0x2;
const SHARED_PREFIX: u8 = 0x4;
/// Key sizes are 13 bits; the bits above are tag flags in the large layout.
const SIZE_MASK: u16 = 0x1FFF;

/// A live node.
#[derive(Debug)]
pub struct Node<'page> {
    prefix: &'page [u8],
    suffix: &'page [u8],
    pub data: &'page [u8],
}

impl Node<'_> {
    /// The whole key.
    pub fn key(&self) -> Vec<u8> {
        [self.prefix, self.suffix].concat()
    }

    /// The child page of a branch node.
    pub fn child(&self) -> Option<u32> {
        u32_at(self.data, 0)
    }
}

impl Page {
    /// The node behind tag `at`; `None` if it is deleted.
    pub fn node(&self, at: usize) -> Result<Option<Node<'_>>, EseError> {
        let tag = self.tag(at)?;
        if tag.flags & DELETED != 0 {
            return Ok(None);
        }
        let wrong = |expected: &str| {
            EseError::damaged(self.offset_of(tag.data), "node", expected, format!("{} bytes", tag.data.len()))
        };
        let mut rest = tag.data;
        let mut prefix: &[u8] = &[];
        if tag.flags & SHARED_PREFIX != 0 {
            let size = usize::from(u16_at(rest, 0).ok_or_else(|| wrong("the size of its key prefix"))? & SIZE_MASK);
            // tag 0 of a root holds the tree's header instead of a prefix
            let shared = if self.is_root() { &[] } else { self.tag(0)?.data };
            prefix = shared.get(..size).ok_or_else(|| wrong("a key prefix no longer than the page's"))?;
            rest = &rest[2..];
        }
        let size = usize::from(u16_at(rest, 0).ok_or_else(|| wrong("the size of its key"))? & SIZE_MASK);
        let (suffix, data) = rest[2..].split_at_checked(size).ok_or_else(|| wrong("a key no longer than the node"))?;
        Ok(Some(Node { prefix, suffix, data }))
    }
}
