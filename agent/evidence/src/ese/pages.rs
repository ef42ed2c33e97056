//! Pages by number out of the file, through a cache of a few.

use std::{
    collections::VecDeque,
    io::{Read, Seek, SeekFrom},
    rc::Rc,
};

use super::{EseError, Header, page::Page};

/// Enough for one path from root to leaf of a table and of its long values.
const CACHED: usize = 12;

pub struct Pages<R> {
    reader: R,
    page_size: u32,
    large: bool,
    length: u64,
    cache: VecDeque<Rc<Page>>,
}

impl<R: Read + Seek> Pages<R> {
    pub fn new(mut reader: R, header: &Header) -> Result<Self, EseError> {
        let length = reader.seek(SeekFrom::End(0)).map_err(|source| EseError::Io { offset: 0, source })?;
        let large = header.has_large_pages();
        Ok(Self { reader, page_size: header.page_size, large, length, cache: VecDeque::new() })
    }

    /// Number of whole pages in the file, without the two of the header.
    pub fn count(&self) -> u32 {
        u32::try_from((self.length / u64::from(self.page_size)).saturating_sub(2)).unwrap_or(u32::MAX)
    }

    /// Where a page starts in the file: page 1 follows the two copies of the header.
    pub fn offset(&self, number: u32) -> u64 {
        (u64::from(number) + 1) * u64::from(self.page_size)
    }

    /// A sound page, or what is wrong with it.
    pub fn get(&mut self, number: u32) -> Result<Rc<Page>, EseError> {
        if let Some(at) = self.cache.iter().position(|page| page.number == number)
            && let Some(page) = self.cache.remove(at)
        {
            self.cache.push_back(Rc::clone(&page));
            return Ok(page);
        }
        let offset = self.offset(number);
        if number == 0 {
            return Err(EseError::damaged(offset, "page number", "1 or more", 0));
        }
        if offset + u64::from(self.page_size) > self.length {
            return Err(EseError::CutOff { offset, page: number, length: self.length });
        }
        let io = |source| EseError::Io { offset, source };
        let mut bytes = vec![0; self.page_size as usize];
        self.reader.seek(SeekFrom::Start(offset)).map_err(io)?;
        self.reader.read_exact(&mut bytes).map_err(io)?;
        let page = Rc::new(Page::parse(number, offset, bytes, self.large)?);
        if self.cache.len() == CACHED {
            self.cache.pop_front();
        }
        self.cache.push_back(Rc::clone(&page));
        Ok(page)
    }
}
