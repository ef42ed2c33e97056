//! A record: fixed columns at their offsets, variable columns by an array of ends, tagged columns by an array of tags.

use super::{
    EseError, Value,
    bytes::{u16_at, u32_at},
    catalogue::Column,
    error::Malformed,
    page::Page,
};

const FIRST_VARIABLE: u16 = 128;
const FIRST_TAGGED: u16 = 256;
/// Fields of the byte that precedes a tagged value.
const COMPRESSED: u8 = 0x02;
const SEPARATED: u8 = 0x04;
const MULTIPLE: u8 = 0x08;
const TWO: u8 = 0x10;
const NULL: u8 = 0x20;
const ENCRYPTED: u8 = 0x40;
/// In small pages these stand in the tag itself, beside an offset of 13 bits.
const SMALL_NULL: u16 = 0x2000;
const SMALL_HAS_FLAGS: u16 = 0x4000;
const FROM_TEMPLATE: u16 = 0x8000;
/// More values than this in one column of one record are not believed.
const MOST_VALUES: usize = 4096;

/// A decoded record: the columns that have a value, by their place in [`super::Table::columns`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    columns: Vec<(usize, Vec<Value>)>,
}

impl Row {
    pub(super) fn push(&mut self, column: usize, values: Vec<Value>) {
        if !values.is_empty() {
            self.columns.push((column, values));
        }
    }

    /// The columns that are not null, each with all its values.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[Value])> {
        self.columns.iter().map(|(column, values)| (*column, values.as_slice()))
    }

    /// The first value of a column, if it is not null.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&Value> {
        self.iter().find(|(at, _)| *at == column)?.1.first()
    }
}

/// A record cut into its three areas.
#[derive(Debug)]
pub struct Raw<'page> {
    /// Where it lies in the file.
    pub offset: u64,
    bytes: &'page [u8],
    last_fixed: u16,
    last_variable: u16,
    /// Where the array of variable ends starts; the null bits of the fixed columns lie before it.
    ends: usize,
    variable: usize,
    tagged: usize,
    large: bool,
    new_format: bool,
}

/// One value as it lies in the record.
#[derive(Debug)]
pub struct Field<'page> {
    pub bytes: &'page [u8],
    pub separated: bool,
    pub compressed: bool,
}

/// Where a tagged column lies in the record.
#[derive(Debug)]
pub struct TagField {
    pub id: u16,
    pub from_template: bool,
    null: bool,
    has_flags: bool,
    range: std::ops::Range<usize>,
}

/// Checks that the areas of a record lie inside it.
pub fn split<'page>(bytes: &'page [u8], page: &Page) -> Result<Raw<'page>, EseError> {
    let offset = page.offset_of(bytes);
    let wrong = |expected: &str, found: usize| EseError::damaged(offset, "record", expected, format!("{found} bytes"));
    let (Some([fixed, variable]), Some(ends)) = (bytes.first_chunk::<2>(), u16_at(bytes, 2)) else {
        return Err(wrong("a header of 4 bytes", bytes.len()));
    };
    let (last_fixed, last_variable) = (u16::from(*fixed), u16::from(*variable));
    let ends = usize::from(ends);
    let count = usize::from((last_variable + 1).saturating_sub(FIRST_VARIABLE));
    let start = ends + 2 * count;
    let length = if count == 0 { Some(0) } else { u16_at(bytes, start - 2).map(|end| usize::from(end & 0x7FFF)) };
    let tagged = start + length.unwrap_or(usize::from(u16::MAX));
    if ends < 4 + usize::from(last_fixed).div_ceil(8) || tagged > bytes.len() {
        return Err(wrong(&format!("at least {tagged} bytes"), bytes.len()));
    }
    Ok(Raw {
        offset,
        bytes,
        last_fixed,
        last_variable,
        ends,
        variable: start,
        tagged,
        large: page.is_large(),
        new_format: page.has_new_records(),
    })
}

impl<'page> Raw<'page> {
    /// The value of a fixed or variable column; none if null or beyond what the record holds.
    pub fn field(&self, column: &Column) -> Result<Option<Field<'page>>, EseError> {
        let found = match column.id {
            ..FIRST_VARIABLE => Ok(self.fixed(column)),
            FIRST_VARIABLE..FIRST_TAGGED => self.variable(column.id),
            FIRST_TAGGED.. => return Ok(None),
        };
        let plain = |bytes| Field { bytes, separated: false, compressed: false };
        found.map(|bytes| bytes.map(plain)).map_err(|problem| problem.at(self.offset))
    }

    fn fixed(&self, column: &Column) -> Option<&'page [u8]> {
        if column.id == 0 || column.id > self.last_fixed {
            return None;
        }
        let bit = usize::from(column.id - 1);
        let nulls = self.ends - usize::from(self.last_fixed).div_ceil(8);
        if self.bytes.get(nulls + bit / 8)? >> (bit % 8) & 1 == 1 {
            return None;
        }
        let start = usize::from(column.offset);
        self.bytes.get(start..start + column.size()).filter(|_| start + column.size() <= nulls)
    }

    fn variable(&self, id: u16) -> Result<Option<&'page [u8]>, Malformed> {
        if id > self.last_variable {
            return Ok(None);
        }
        let end = |id: u16| u16_at(self.bytes, self.ends + 2 * usize::from(id - FIRST_VARIABLE)).unwrap_or_default();
        let (from, to) = (if id == FIRST_VARIABLE { 0 } else { end(id - 1) & 0x7FFF }, end(id));
        if to & 0x8000 != 0 {
            return Ok(None);
        }
        let data = &self.bytes[self.variable..self.tagged];
        match data.get(usize::from(from)..usize::from(to)) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(Malformed::new("variable column", format!("{} bytes", data.len()), format!("{from} to {to}"))),
        }
    }

    /// The tagged columns that the record has, in its order.
    pub fn tags(&self) -> Vec<TagField> {
        let area = &self.bytes[self.tagged..];
        let mask = if self.large { 0x7FFF } else { 0x1FFF };
        let place = |word: u32| usize::from((word >> 16) as u16 & mask);
        let count = u32_at(area, 0).map_or(0, |first| place(first) / 4);
        let words: Vec<u32> = (0..count).map_while(|at| u32_at(area, 4 * at)).collect();
        let ends = words.iter().skip(1).map(|word| place(*word)).chain([area.len()]);
        words
            .iter()
            .zip(ends)
            .map(|(word, end)| {
                let bits = (word >> 16) as u16;
                let has_flags = self.large || bits & SMALL_HAS_FLAGS != 0;
                TagField {
                    id: *word as u16,
                    from_template: !self.large && bits & FROM_TEMPLATE != 0,
                    null: !self.large && bits & SMALL_NULL != 0,
                    has_flags,
                    range: place(*word)..end,
                }
            })
            .collect()
    }

    /// The values behind a tag; none if null.
    pub fn instances(&self, tag: &TagField) -> Result<Vec<Field<'page>>, EseError> {
        self.cut(tag).map_err(|problem| problem.at(self.offset))
    }

    fn cut(&self, tag: &TagField) -> Result<Vec<Field<'page>>, Malformed> {
        if !self.new_format {
            return Err(Malformed::new("tagged columns", "the format since Windows Server 2003", "an older one"));
        }
        let area = &self.bytes[self.tagged..];
        let Some(value) = area.get(tag.range.clone()) else {
            return Err(Malformed::new("tagged column", format!("inside {} bytes", area.len()), tag.range.start));
        };
        let (flags, value) = match value.split_first() {
            Some((flags, rest)) if tag.has_flags => (*flags, rest),
            _ => (0, value),
        };
        if tag.null || flags & NULL != 0 {
            return Ok(Vec::new());
        }
        if flags & ENCRYPTED != 0 {
            return Err(Malformed::new("tagged column", "readable bytes", "encrypted ones"));
        }
        instances(flags, value)
    }
}

/// Cuts the values of a multi-value apart. Of several values the engine compresses only the first.
fn instances(flags: u8, value: &[u8]) -> Result<Vec<Field<'_>>, Malformed> {
    let compressed = flags & COMPRESSED != 0;
    if flags & MULTIPLE == 0 {
        return Ok(vec![Field { bytes: value, separated: flags & SEPARATED != 0, compressed }]);
    }
    let wrong = || Malformed::new("multi-value", "offsets inside the value", format!("{} bytes", value.len()));
    let mut fields = Vec::new();
    if flags & TWO != 0 {
        let (size, rest) = value.split_first().ok_or_else(wrong)?;
        let (one, two) = rest.split_at_checked(usize::from(*size)).ok_or_else(wrong)?;
        fields.push(Field { bytes: one, separated: false, compressed });
        fields.push(Field { bytes: two, separated: false, compressed: false });
        return Ok(fields);
    }
    let count = usize::from(u16_at(value, 0).ok_or_else(wrong)? & 0x7FFF) / 2;
    if count > MOST_VALUES {
        return Err(Malformed::new("multi-value", format!("at most {MOST_VALUES} values"), count));
    }
    for at in 0..count {
        let start = u16_at(value, 2 * at).ok_or_else(wrong)?;
        let end =
            if at + 1 < count { u16_at(value, 2 * at + 2).ok_or_else(wrong)? & 0x7FFF } else { value.len() as u16 };
        let bytes = value.get(usize::from(start & 0x7FFF)..usize::from(end)).ok_or_else(wrong)?;
        fields.push(Field { bytes, separated: start & 0x8000 != 0, compressed: compressed && at == 0 });
    }
    Ok(fields)
}
