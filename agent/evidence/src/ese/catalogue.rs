//! The catalogue (`MSysObjects`): which tables there are, their columns, and where their trees begin.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use super::{Database, EseError, Row, Value};

/// The catalogue is a table with known place and columns.
const ROOT: u32 = 4;
const OBJECT: u32 = 2;
const TABLE: i64 = 1;
const COLUMN: i64 = 2;
const LONG_VALUES: i64 = 4;
/// A database with more tables and columns than this is not believed.
const MOST_OBJECTS: usize = 100_000;

/// Type of a column; the numbers are the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// 1
    Bit,
    /// 2
    U8,
    /// 3
    I16,
    /// 4
    I32,
    /// 5
    Currency,
    /// 6
    F32,
    /// 7
    F64,
    /// 8
    DateTime,
    /// 9
    Binary,
    /// 10
    Text,
    /// 11
    LongBinary,
    /// 12
    LongText,
    /// 14
    U32,
    /// 15
    I64,
    /// 16
    Guid,
    /// 17
    U16,
    /// 18
    U64,
    /// Deleted, or unknown to this reader.
    Other,
}

impl ColumnType {
    fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Bit,
            2 => Self::U8,
            3 => Self::I16,
            4 => Self::I32,
            5 => Self::Currency,
            6 => Self::F32,
            7 => Self::F64,
            8 => Self::DateTime,
            9 => Self::Binary,
            10 => Self::Text,
            11 => Self::LongBinary,
            12 => Self::LongText,
            14 => Self::U32,
            15 => Self::I64,
            16 => Self::Guid,
            17 => Self::U16,
            18 => Self::U64,
            _ => Self::Other,
        }
    }

    /// Bytes of a value, if all values have the same.
    #[must_use]
    pub fn width(self) -> Option<usize> {
        match self {
            Self::Bit | Self::U8 => Some(1),
            Self::I16 | Self::U16 => Some(2),
            Self::I32 | Self::U32 | Self::F32 => Some(4),
            Self::Currency | Self::F64 | Self::DateTime | Self::I64 | Self::U64 => Some(8),
            Self::Guid => Some(16),
            Self::Binary | Self::Text | Self::LongBinary | Self::LongText | Self::Other => None,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// 1 to 127 fixed, 128 to 255 variable, 256 and above tagged.
    pub id: u16,
    /// Its type.
    pub kind: ColumnType,
    /// 1200 for UTF-16, anything else for one byte a character.
    pub code_page: u32,
    /// Whether it was taken over from the table's template.
    pub from_template: bool,
    /// Of a fixed column, from the start of the record.
    pub(super) offset: u16,
    longest: u32,
}

impl Column {
    pub(super) fn is_tagged(&self) -> bool {
        self.id >= 256
    }

    /// Bytes of a fixed value.
    pub(super) fn size(&self) -> usize {
        self.kind.width().unwrap_or(self.longest as usize)
    }
}

/// Where a tree begins and which object owns its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    pub(super) root: u32,
    pub(super) object: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// In order of their ids.
    pub columns: Vec<Column>,
    pub(super) root: u32,
    pub(super) object: u32,
    pub(super) long_values: Option<Tree>,
    template: String,
}

impl Table {
    /// The place of a column in [`Table::columns`].
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The place of a tagged column; where pages are large, records do not say whether it is the template's.
    pub(super) fn tagged(&self, id: u16, from_template: bool) -> Option<usize> {
        let find = |of_template: bool| {
            self.columns.binary_search_by_key(&(!of_template, id), |column| (!column.from_template, column.id)).ok()
        };
        find(from_template).or_else(|| find(!from_template))
    }
}

/// Name, id and type of the catalogue's own columns that are needed, and the offset of the fixed ones.
const OWN: [(&str, u16, ColumnType, u16); 9] = [
    ("ObjidTable", 1, ColumnType::I32, 4),
    ("Type", 2, ColumnType::I16, 8),
    ("Id", 3, ColumnType::I32, 10),
    ("ColtypOrPgnoFDP", 4, ColumnType::I32, 14),
    ("SpaceUsage", 5, ColumnType::I32, 18),
    ("PagesOrLocale", 7, ColumnType::I32, 26),
    ("RecordOffset", 9, ColumnType::I16, 31),
    ("Name", 128, ColumnType::Text, 0),
    ("TemplateTable", 130, ColumnType::Text, 0),
];

fn own() -> Table {
    let column = |(name, id, kind, offset): (&str, u16, ColumnType, u16)| Column {
        name: name.to_owned(),
        id,
        kind,
        code_page: 1252,
        from_template: false,
        offset,
        longest: 0,
    };
    let columns = OWN.into_iter().map(column).collect();
    Table {
        name: "MSysObjects".into(),
        columns,
        root: ROOT,
        object: OBJECT,
        long_values: None,
        template: String::new(),
    }
}

pub fn read<R: Read + Seek>(database: &mut Database<R>) -> Result<Vec<Table>, EseError> {
    let mut tables: BTreeMap<i64, Table> = BTreeMap::new();
    let mut columns: Vec<(i64, Column)> = Vec::new();
    let mut trees: Vec<(i64, Tree)> = Vec::new();
    let mut refused = 0_usize;
    database.rows(&own(), |row| {
        if tables.len() + columns.len() + trees.len() >= MOST_OBJECTS {
            refused += 1;
            return;
        }
        let object = Object::from_row(&row);
        match object.kind {
            TABLE => drop(tables.insert(object.id, object.table())),
            COLUMN => columns.push((object.table, object.column())),
            LONG_VALUES => trees.push((object.table, object.tree())),
            _ => {}
        }
    })?;
    if refused > 0 {
        database.warnings.push(format!("{refused} objects of the catalogue beyond the first {MOST_OBJECTS} left out"));
    }
    for (table, column) in columns {
        if let Some(table) = tables.get_mut(&table) {
            table.columns.push(column);
        }
    }
    for (table, tree) in trees {
        if let Some(table) = tables.get_mut(&table) {
            table.long_values = Some(tree);
        }
    }
    let mut tables: Vec<Table> = tables.into_values().collect();
    inherit(&mut tables);
    tables.iter_mut().for_each(place_fixed_columns);
    Ok(tables)
}

/// A table made from a template has the template's columns before its own.
fn inherit(tables: &mut [Table]) {
    for at in 0..tables.len() {
        let template = &tables[at].template;
        let Some(from) = tables.iter().find(|table| !template.is_empty() && table.name == *template) else { continue };
        let mut columns: Vec<Column> = from.columns.clone();
        for column in &mut columns {
            column.from_template = true;
        }
        tables[at].columns.extend(columns);
    }
}

/// Puts columns into the order of their ids and fixed ones without a recorded place behind one another.
fn place_fixed_columns(table: &mut Table) {
    table.columns.sort_by_key(|column| (!column.from_template, column.id));
    table.columns.dedup_by_key(|column| (column.from_template, column.id));
    let mut next = 4_usize;
    for column in table.columns.iter_mut().filter(|column| column.id < 128) {
        if column.offset < 4 {
            column.offset = u16::try_from(next).unwrap_or(u16::MAX);
        }
        next = usize::from(column.offset).saturating_add(column.size());
    }
}

/// One row of the catalogue.
struct Object {
    table: i64,
    kind: i64,
    id: i64,
    /// Column type, or page number.
    number: i64,
    longest: i64,
    code_page: i64,
    offset: i64,
    name: String,
    template: String,
}

impl Object {
    fn from_row(row: &Row) -> Self {
        let number = |at| match row.get(at) {
            Some(Value::Signed(number)) => *number,
            _ => 0,
        };
        let text = |at| row.get(at).and_then(Value::text).unwrap_or_default().to_owned();
        Self {
            table: number(0),
            kind: number(1),
            id: number(2),
            number: number(3),
            longest: number(4),
            code_page: number(5),
            offset: number(6),
            name: text(7),
            template: text(8),
        }
    }

    fn tree(&self) -> Tree {
        Tree { root: u32::try_from(self.number).unwrap_or(0), object: u32::try_from(self.id).unwrap_or(0) }
    }

    fn table(&self) -> Table {
        let Tree { root, object } = self.tree();
        Table {
            name: self.name.clone(),
            columns: Vec::new(),
            root,
            object,
            long_values: None,
            template: self.template.clone(),
        }
    }

    fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            id: u16::try_from(self.id).unwrap_or(0),
            kind: ColumnType::from_number(self.number),
            code_page: u32::try_from(self.code_page).unwrap_or(0),
            from_template: false,
            offset: u16::try_from(self.offset).unwrap_or(0),
            longest: u32::try_from(self.longest).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, template: &str, columns: &[(&str, u16)]) -> Table {
        let mut table = Table { name: name.into(), template: template.into(), ..own() };
        table.columns.retain(|_| false);
        table.columns.extend(columns.iter().map(|(name, id)| Column {
            name: (*name).into(),
            id: *id,
            ..own().columns[0].clone()
        }));
        table.columns.iter_mut().for_each(|column| column.offset = 0);
        table
    }

    #[test]
    fn a_table_has_the_columns_of_its_template_first() {
        let mut tables = [
            table("Made", "Template", &[("Own", 2), ("OwnTagged", 256)]),
            table("Template", "", &[("First", 1), ("Tagged", 256)]),
        ];
        inherit(&mut tables);
        tables.iter_mut().for_each(place_fixed_columns);
        let made = &tables[0];
        let names: Vec<_> = made.columns.iter().map(|column| (column.name.as_str(), column.offset)).collect();
        assert_eq!(names, [("First", 4), ("Tagged", 0), ("Own", 8), ("OwnTagged", 0)]);
        // the same id twice: small pages tell them apart by a bit of the tag
        assert_eq!(made.tagged(256, true), made.column("Tagged"));
        assert_eq!(made.tagged(256, false), made.column("OwnTagged"));
        assert_eq!(made.tagged(257, false), None);
    }
}
