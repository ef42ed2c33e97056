//! The chain of structures in an SMBIOS table: header, formatted area, strings.

const END_OF_TABLE: u8 = 127;
/// Bytes of `RawSMBIOSData` before the table.
const WINDOWS_HEADER: usize = 8;
/// Where `dmidecode` puts the table in its dumps.
const DUMPED_TABLE: usize = 0x20;

/// Why bytes are no SMBIOS table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("byte {offset}: {what}: expected {expected}, found {found}")]
pub struct SmbiosError {
    offset: usize,
    what: &'static str,
    expected: &'static str,
    found: String,
}

/// One structure of the table.
#[derive(Debug, Clone, Copy)]
pub struct Structure<'bytes> {
    pub kind: u8,
    formatted: &'bytes [u8],
    strings: &'bytes [u8],
}

impl Structure<'_> {
    pub fn byte(&self, at: usize) -> Option<u8> {
        self.formatted.get(at).copied()
    }

    pub fn word(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte(at)?, self.byte(at + 1)?]))
    }

    /// The string that the byte at `at` refers to, without surrounding blanks; empty if there is none.
    pub fn text(&self, at: usize) -> String {
        let Some(number) = self.byte(at).filter(|number| *number > 0) else { return String::new() };
        let string = self.strings.split(|byte| *byte == 0).nth(usize::from(number) - 1).unwrap_or_default();
        crate::text::shortened(String::from_utf8_lossy(string).trim()).to_owned()
    }

    /// The UUID at `at` as Windows prints it; `None` if unset (all zero or all one bits).
    pub fn uuid(&self, at: usize) -> Option<String> {
        let bytes: [u8; 16] = self.formatted.get(at..at + 16)?.try_into().ok()?;
        if bytes == [0; 16] || bytes == [0xFF; 16] {
            return None;
        }
        Some(crate::ese::guid_text(bytes).to_uppercase())
    }
}

/// All structures, whatever the layout around them, and what is wrong where the chain breaks off.
pub fn structures(bytes: &[u8]) -> Result<(Vec<Structure<'_>>, Option<SmbiosError>), SmbiosError> {
    let start = table_start(bytes, bytes.len() as u64);
    let (found, end) = walk(bytes, start);
    match end {
        End::Broken(error) if found.is_empty() => Err(error),
        End::Broken(error) => Ok((found, Some(error))),
        _ if found.is_empty() => Err(wrong(start, "table", "at least one structure", "none")),
        _ => Ok((found, None)),
    }
}

/// Whether the first structures are sound (two up to the end of the table, or three) and one of them is the firmware,
/// system or processor one.
pub fn looks_like_table(start: &[u8], length: u64) -> bool {
    if start.starts_with(b"_SM_") || start.starts_with(b"_SM3_") {
        return true;
    }
    let (found, end) = walk(start, table_start(start, length));
    let enough = match end {
        End::Table | End::Bytes => 2,
        End::Broken(_) => 3,
    };
    // DSP0134 numbers its structures below 64 and makers theirs from 126; other files have any numbers
    let known = found.iter().all(|structure| structure.kind < 64 || structure.kind >= 126);
    known && found.len() >= enough && found.iter().any(|structure| matches!(structure.kind, 0 | 1 | 4))
}

fn table_start(bytes: &[u8], length: u64) -> usize {
    if bytes.starts_with(b"_SM_") || bytes.starts_with(b"_SM3_") {
        return DUMPED_TABLE;
    }
    let announced = bytes.get(4..WINDOWS_HEADER).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    match announced {
        Some(size) if u64::from(size) + WINDOWS_HEADER as u64 == length => WINDOWS_HEADER,
        _ => 0,
    }
}

enum End {
    /// The structure that ends a table.
    Table,
    /// The last structure ended where the bytes end.
    Bytes,
    Broken(SmbiosError),
}

#[expect(clippy::needless_pass_by_value, reason = "call sites read better without borrows")]
fn wrong(offset: usize, what: &'static str, expected: &'static str, found: impl ToString) -> SmbiosError {
    SmbiosError { offset, what, expected, found: found.to_string() }
}

fn walk(bytes: &[u8], mut at: usize) -> (Vec<Structure<'_>>, End) {
    let mut found = Vec::new();
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some([kind, length, ..]) = rest.first_chunk::<4>() else {
            // anything shorter than a header is padding
            return (found, End::Bytes);
        };
        let (kind, length) = (*kind, usize::from(*length));
        if length < 4 {
            return (found, End::Broken(wrong(at + 1, "length of a structure", "4 or more", length)));
        }
        let Some((formatted, after)) = rest.split_at_checked(length) else {
            let error = wrong(at, "structure", "as many bytes as it announces", rest.len());
            return (found, End::Broken(error));
        };
        // strings end with an empty one; a structure without strings has two zero bytes
        let Some(size) = after.windows(2).position(|pair| pair == [0, 0]) else {
            return if kind == END_OF_TABLE {
                (found, End::Table)
            } else {
                (found, End::Broken(wrong(at + length, "strings of a structure", "two zero bytes", "none")))
            };
        };
        if kind == END_OF_TABLE {
            return (found, End::Table);
        }
        found.push(Structure { kind, formatted, strings: &after[..size] });
        at += length + size + 2;
    }
}
