//! Reader of Extensible Storage Engine (ESE, "JET Blue") databases: file header, pages, B+trees, catalogue, records.
//!
//! It reads one page at a time through a small cache, so memory does not grow with the file (a visited-page bit map of
//! one bit per page is all that does). It never replays transaction logs: committed pages are read as they lie in the
//! file and [`Database::is_clean`] says whether the engine closed the file. Column defaults and encrypted columns are
//! not applied. It knows nothing about what the tables mean.

mod bytes;
mod catalogue;
mod compression;
mod error;
mod header;
mod long_value;
mod node;
mod page;
mod pages;
mod record;
mod tree;
mod value;

use std::io::{Read, Seek};

pub use bytes::{guid_text, hex};
pub use catalogue::{Column, ColumnType, Table};
pub use compression::{decompress, decompressed_size};
pub use error::EseError;
pub use header::{Header, looks_like_ese};
pub use record::Row;
pub use value::Value;

use error::Warnings;
use pages::Pages;
use record::{Field, Raw};
use tree::Leaves;

/// Values of one record together: a few hostile tags could otherwise ask for the same long value thousands of times.
const LARGEST_ROW: usize = 32 << 20;

/// An open database. Every method that meets damage it can step over adds a sentence to the warnings.
pub struct Database<R> {
    pages: Pages<R>,
    header: Header,
    warnings: Warnings,
}

impl<R: Read + Seek> Database<R> {
    /// Reads the header (or its copy) and nothing else.
    pub fn open(mut reader: R) -> Result<Self, EseError> {
        let (header, warning) = header::read(&mut reader)?;
        let pages = Pages::new(reader, &header)?;
        let mut warnings = Warnings::default();
        if let Some(sentence) = warning {
            warnings.push(sentence);
        }
        Ok(Self { pages, header, warnings })
    }

    /// Format version, page size and state.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the engine closed the database properly; a dirty one may lack the last minutes.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.header.is_clean()
    }

    /// Takes the sentences about damage met so far.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.warnings.take()
    }

    /// Reads the catalogue: every table with its columns.
    pub fn tables(&mut self) -> Result<Vec<Table>, EseError> {
        catalogue::read(self)
    }

    /// Calls `each` for every row of the table, in key order where the tree is sound.
    ///
    /// Damaged pages and records are skipped with a warning; a page beyond the end of the file ends the reading with
    /// [`EseError::CutOff`], because a shortened copy can and should be made again.
    pub fn rows(&mut self, table: &Table, mut each: impl FnMut(Row)) -> Result<(), EseError> {
        let mut leaves = Leaves::new(self.pages.count(), table.root, table.object);
        while let Some(page) = leaves.next(&mut self.pages, &mut self.warnings)? {
            for at in page.nodes() {
                let raw = page.node(at).and_then(|node| match node {
                    Some(node) => record::split(node.data, &page).map(Some),
                    None => Ok(None),
                });
                match raw {
                    Ok(Some(raw)) => {
                        let row = self.row(table, &raw)?;
                        each(row);
                    }
                    Ok(None) => {}
                    Err(error) => self.warnings.push(error),
                }
            }
        }
        Ok(())
    }

    /// Decodes a record; a value that cannot be decoded is left out with a warning.
    fn row(&mut self, table: &Table, raw: &Raw<'_>) -> Result<Row, EseError> {
        let mut row = Row::default();
        let mut left = LARGEST_ROW;
        for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| !column.is_tagged()) {
            let fields = raw.field(column).map(|field| field.into_iter().collect());
            self.push(&mut row, &mut left, (table, at), raw.offset, fields)?;
        }
        for tag in raw.tags() {
            if let Some(at) = table.tagged(tag.id, tag.from_template) {
                self.push(&mut row, &mut left, (table, at), raw.offset, raw.instances(&tag))?;
            }
        }
        Ok(row)
    }

    /// Adds the values of one column: none if null, several for a multi-value.
    fn push(
        &mut self,
        row: &mut Row,
        left: &mut usize,
        (table, at): (&Table, usize),
        offset: u64,
        fields: Result<Vec<Field<'_>>, EseError>,
    ) -> Result<(), EseError> {
        if *left == 0 {
            return Ok(());
        }
        let column = &table.columns[at];
        let mut value = |field: &Field<'_>| {
            let bytes = self.bytes(table, field, offset)?;
            let Some(rest) = left.checked_sub(bytes.len()) else {
                *left = 0; // and nothing more of this record is read
                let expected = format!("at most {LARGEST_ROW} bytes of values");
                return Err(EseError::damaged(offset, "record", expected, "more"));
            };
            *left = rest;
            Ok(Value::decode(column, bytes))
        };
        let values = fields.and_then(|fields| fields.iter().map(&mut value).collect());
        match values {
            Ok(values) => row.push(at, values),
            Err(error @ (EseError::CutOff { .. } | EseError::Io { .. })) => return Err(error),
            Err(error) => self.warnings.push(format!("table {}, column {}: {error}", table.name, column.name)),
        }
        Ok(())
    }

    fn bytes(&mut self, table: &Table, field: &Field<'_>, offset: u64) -> Result<Vec<u8>, EseError> {
        if field.separated {
            long_value::read(&mut self.pages, &mut self.warnings, table, field.bytes)
        } else if field.compressed {
            decompress(field.bytes).map_err(|problem| problem.at(offset))
        } else {
            Ok(field.bytes.to_vec())
        }
    }
}
