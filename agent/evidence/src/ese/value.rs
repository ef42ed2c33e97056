//! A column's bytes as a typed value.

use super::{
    bytes::{array, guid_text},
    catalogue::{Column, ColumnType},
};

const UTF16: u32 = 1200;

/// One value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Signed numbers of any width, and currency.
    Signed(i64),
    /// Unsigned numbers and bits of any width. Of a date-time column the eight bytes as they lie: the engine means an
    /// OLE date, UAL stores a FILETIME.
    Unsigned(u64),
    /// Single or double precision.
    Float(f64),
    /// Lower case with hyphens.
    Guid(String),
    /// Trailing zero characters removed.
    Text(String),
    /// Anything else, and values whose length does not fit their type.
    Bytes(Vec<u8>),
}

impl Value {
    /// A number, whatever its width, if it is not negative.
    #[must_use]
    pub fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Signed(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A text or GUID.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Guid(text) => Some(text),
            _ => None,
        }
    }

    /// Raw bytes.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn decode(column: &Column, bytes: Vec<u8>) -> Self {
        Self::number(column.kind, &bytes).unwrap_or_else(|| match column.kind {
            ColumnType::Text | ColumnType::LongText => Self::Text(text(column.code_page, &bytes)),
            _ => Self::Bytes(bytes),
        })
    }

    fn number(kind: ColumnType, bytes: &[u8]) -> Option<Self> {
        if kind.width() != Some(bytes.len()) {
            return None;
        }
        let mut wide = [0; 8];
        if let Some(low) = wide.get_mut(..bytes.len()) {
            low.copy_from_slice(bytes);
        }
        Some(match kind {
            ColumnType::I16 => Self::Signed(i16::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::I32 => Self::Signed(i32::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::I64 | ColumnType::Currency => Self::Signed(i64::from_le_bytes(wide)),
            ColumnType::F32 => Self::Float(f32::from_le_bytes(array(bytes, 0)?).into()),
            ColumnType::F64 => Self::Float(f64::from_le_bytes(wide)),
            ColumnType::Guid => Self::Guid(guid_text(array(bytes, 0)?)),
            _ => Self::Unsigned(u64::from_le_bytes(wide)),
        })
    }
}

fn text(code_page: u32, bytes: &[u8]) -> String {
    let text = if code_page == UTF16 {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        String::from_utf16_lossy(&units)
    } else {
        // the engine knows only UTF-16 and "ASCII"; whatever else is in there stays visible as Latin-1
        bytes.iter().copied().map(char::from).collect()
    };
    text.trim_end_matches('\0').to_owned()
}
