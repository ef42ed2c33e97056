//! One list out of one table: conditions, order, a page of it. Only names written in this program become SQL; every
//! value is a parameter.

use rusqlite::{OptionalExtension, Row, Transaction, params_from_iter, types::Value};

use crate::store::StoreError;

/// Which rows of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// All of them.
    All,
    /// `take` rows after the first `skip`.
    Page {
        /// Rows left out before.
        skip: u64,
        /// Rows at most.
        take: u64,
    },
    /// `take` rows whose key comes after this one, in the order of keys whatever the sort says.
    After {
        /// The last key seen; empty: from the start.
        key: String,
        /// Rows at most.
        take: u64,
    },
}

/// One order a list can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// As in the address.
    pub name: &'static str,
    /// SQL expression.
    pub column: &'static str,
    /// Largest first.
    pub descending: bool,
}

/// A list that pages and programs can ask for.
pub trait Listing: Send + 'static {
    /// One row.
    type Item: Send + 'static;
    /// Table or join.
    const FROM: &'static str;
    /// A unique column.
    const KEY: &'static str;
    /// Whether programs get the largest key first.
    const LARGEST_KEY_FIRST: bool = false;
    /// What [`Listing::read`] reads.
    const COLUMNS: &'static str;
    /// Orders; the first one counts unless another is asked for.
    const SORTS: &'static [Sort];

    /// Adds the conditions.
    fn narrow(&self, list: &mut List);
    /// Reads one row.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self::Item>;
}

/// Conditions under construction.
#[derive(Debug, Default)]
pub struct List {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl List {
    fn of<L: Listing>(listing: &L) -> Self {
        let mut list = Self::default();
        listing.narrow(&mut list);
        list
    }

    /// Keeps rows whose `column` has this value.
    pub fn equal(&mut self, column: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.conditions.push(format!("{column} = ?{}", self.values.len()));
    }

    /// Keeps rows whose `column` has this text; an empty text keeps all.
    pub fn equal_unless_empty(&mut self, column: &str, text: &str) {
        if !text.is_empty() {
            self.equal(column, text.to_owned());
        }
    }

    /// Keeps rows whose `column` is below this instant in microseconds.
    pub fn before(&mut self, column: &str, micros: i64) {
        self.values.push(micros.into());
        self.conditions.push(format!("{column} < ?{}", self.values.len()));
    }

    /// Keeps rows that hold `text` in one of the columns, whatever its case (ASCII); an empty text keeps all.
    pub fn holding(&mut self, columns: &[&str], text: &str) {
        if text.is_empty() {
            return;
        }
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        self.values.push(format!("%{escaped}%").into());
        let place = self.values.len();
        let tests: Vec<_> = columns.iter().map(|column| format!("{column} LIKE ?{place} ESCAPE '\\'")).collect();
        self.conditions.push(format!("({})", tests.join(" OR ")));
    }

    /// Keeps rows whose `column`, a JSON array of texts, has this one; an empty text keeps all.
    pub fn with_text(&mut self, column: &str, text: &str) {
        if !text.is_empty() {
            self.values.push(text.to_owned().into());
            let place = self.values.len();
            self.conditions
                .push(format!("EXISTS (SELECT 1 FROM json_each({column}) AS each WHERE each.value = ?{place})"));
        }
    }

    /// Keeps rows for which a condition without parameters holds.
    pub fn such_that(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    fn filter(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!(" WHERE {}", self.conditions.join(" AND ")) }
    }
}

/// How many rows there are on all pages together.
pub fn count<L: Listing>(tx: &Transaction<'_>, listing: &L) -> Result<u64, StoreError> {
    let list = List::of(listing);
    let sql = format!("SELECT count(*) FROM {}{}", L::FROM, list.filter());
    let count: i64 = tx.query_row(&sql, params_from_iter(&list.values), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Hands rows to `take` one by one, until it says `false`.
pub fn each<L: Listing>(
    tx: &Transaction<'_>,
    listing: &L,
    sort: Sort,
    rows: &Rows,
    mut take: impl FnMut(L::Item) -> bool,
) -> Result<(), StoreError> {
    let mut list = List::of(listing);
    let mut order = format!("{} {}, {}", sort.column, if sort.descending { "DESC" } else { "ASC" }, L::KEY);
    let mut limit = String::new();
    match rows {
        Rows::All => {}
        Rows::Page { skip, take } => limit = format!(" LIMIT {take} OFFSET {skip}"),
        Rows::After { key, take } => {
            let (compare, direction) = if L::LARGEST_KEY_FIRST { ("<", "DESC") } else { (">", "ASC") };
            if !key.is_empty() {
                list.values.push(Value::Text(key.clone()));
                list.conditions.push(format!("{} {compare} ?{}", L::KEY, list.values.len()));
            }
            order = format!("{} {direction}", L::KEY);
            limit = format!(" LIMIT {take}");
        }
    }
    let sql = format!("SELECT {} FROM {}{} ORDER BY {order}{limit}", L::COLUMNS, L::FROM, list.filter());
    let mut statement = tx.prepare_cached(&sql)?;
    for row in statement.query_map(params_from_iter(&list.values), L::read)? {
        if !take(row?) {
            break;
        }
    }
    Ok(())
}

/// Rows in order.
pub fn rows<L: Listing>(
    tx: &Transaction<'_>,
    listing: &L,
    sort: Sort,
    rows: &Rows,
) -> Result<Vec<L::Item>, StoreError> {
    let mut found = Vec::new();
    each(tx, listing, sort, rows, |item| {
        found.push(item);
        true
    })?;
    Ok(found)
}

/// The row with this key, if the conditions keep it.
pub fn one<L: Listing>(
    tx: &Transaction<'_>,
    listing: &L,
    key: impl Into<Value>,
) -> Result<Option<L::Item>, StoreError> {
    let mut list = List::of(listing);
    list.equal(L::KEY, key);
    let sql = format!("SELECT {} FROM {}{}", L::COLUMNS, L::FROM, list.filter());
    Ok(tx.query_row(&sql, params_from_iter(&list.values), L::read).optional()?)
}

/// A count out of a column; a negative one cannot be and counts as nothing.
pub(super) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or(0))
}

/// An instant out of a column.
pub(super) fn instant(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<caliper_proto::Instant>> {
    row.get::<_, Option<i64>>(at).map(|micros| micros.and_then(caliper_proto::Instant::from_micros))
}
