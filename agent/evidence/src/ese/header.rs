//! The file header: signature, format, page size, state. It stands in the first page and again in the second.

use std::io::{Read, Seek, SeekFrom};

use super::{
    EseError,
    bytes::{u32_at, xor32},
};

const SIGNATURE: u32 = 0x89AB_CDEF;
const PAGE_SIZES: [u32; 5] = [2048, 4096, 8192, 16384, 32768];
/// Format revision from which pages of 16 and 32 KiB have the long page header and 15-bit tags.
const LARGE_PAGES: u32 = 0x11;
/// Size of a database page before revision 0x0e wrote it down.
const OLD_PAGE_SIZE: u32 = 4096;
const CLEAN: u32 = 3;

/// What the file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Format version, 0x620 for everything since Windows 2000.
    pub version: u32,
    /// Format revision, for example 0x14 (Server 2019) or 0xb4 (Server 2022).
    pub revision: u32,
    /// 2,048 to 32,768 bytes.
    pub page_size: u32,
    /// 1 just created, 2 dirty, 3 clean, 4 being converted, 5 force-detached.
    pub state: u32,
}

impl Header {
    /// Whether the engine closed the database properly.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.state == CLEAN
    }

    /// Whether pages have the long header, and tags of 15 bits with their flags in the data.
    #[must_use]
    pub fn has_large_pages(&self) -> bool {
        self.page_size > 8192 && self.revision >= LARGE_PAGES
    }
}

/// Whether these first bytes of a file are those of a database.
#[must_use]
pub fn looks_like_ese(start: &[u8]) -> bool {
    // file type 0 is a database, 1 a streaming file
    u32_at(start, 4) == Some(SIGNATURE) && u32_at(start, 12) == Some(0)
}

/// Reads the header, or its copy with a warning.
pub fn read<R: Read + Seek>(reader: &mut R) -> Result<(Header, Option<String>), EseError> {
    let first = read_at(reader, 0);
    let error = match first {
        Ok(header) => return Ok((header, None)),
        Err(error @ EseError::Io { .. }) => return Err(error),
        Err(error) => error,
    };
    for size in PAGE_SIZES {
        // the copy must agree about where it stands
        if let Ok(header) = read_at(reader, size.into())
            && header.page_size == size
        {
            return Ok((header, Some(format!("{error}; its copy at byte {size} was used"))));
        }
    }
    Err(error)
}

fn read_at<R: Read + Seek>(reader: &mut R, offset: u64) -> Result<Header, EseError> {
    let io = |source| EseError::Io { offset, source };
    reader.seek(SeekFrom::Start(offset)).map_err(io)?;
    let mut bytes = Vec::new();
    reader.by_ref().take(32768).read_to_end(&mut bytes).map_err(io)?;
    let number = |at| u32_at(&bytes, at).unwrap_or_default();

    if number(4) != SIGNATURE {
        let found = format!("{:#010x}", number(4));
        return Err(EseError::damaged(offset + 4, "database signature", format!("{SIGNATURE:#010x}"), found));
    }
    if number(12) != 0 {
        return Err(EseError::damaged(offset + 12, "file type", "0 (database)", number(12)));
    }
    let page_size = if number(236) == 0 { OLD_PAGE_SIZE } else { number(236) };
    if !PAGE_SIZES.contains(&page_size) {
        return Err(EseError::damaged(offset + 236, "page size", "2048, 4096, 8192, 16384 or 32768", page_size));
    }
    let Some(page) = bytes.get(4..page_size as usize) else {
        return Err(EseError::damaged(offset, "header page", format!("{page_size} bytes"), bytes.len()));
    };
    let sum = xor32(page) ^ SIGNATURE;
    if sum != number(0) {
        let found = format!("{sum:#010x}");
        return Err(EseError::damaged(offset, "header checksum", format!("{:#010x}", number(0)), found));
    }
    Ok(Header { version: number(8), revision: number(232), page_size, state: number(52) })
}
