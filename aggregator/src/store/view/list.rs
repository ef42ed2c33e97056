//! One list out of one table: conditions, order, a page of it. Only names written in this program become SQL; every
//! value is a parameter.

use rusqlite::{Row, Transaction, params_from_iter, types::Value};

use crate::store::StoreError;

/// Which rows of the list in its order.
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

/// A list under construction.
pub(super) struct List {
    from: &'static str,
    key: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl List {
    /// `from`: table or join; `key`: a unique column.
    pub fn new(from: &'static str, key: &'static str) -> Self {
        Self { from, key, conditions: Vec::new(), values: Vec::new() }
    }

    /// Keeps rows whose `column` has this value.
    pub fn equal(&mut self, column: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.conditions.push(format!("{column} = ?{}", self.values.len()));
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

    /// Keeps rows for which a condition without parameters holds.
    pub fn such_that(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    fn filter(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!(" WHERE {}", self.conditions.join(" AND ")) }
    }

    /// How many rows there are on all pages together.
    pub fn count(&self, tx: &Transaction<'_>) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}{}", self.from, self.filter());
        let count: i64 = tx.query_row(&sql, params_from_iter(&self.values), |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Hands the rows to `take` one by one, until it says `false`.
    pub fn each<T>(
        mut self,
        tx: &Transaction<'_>,
        columns: &str,
        sort: Sort,
        rows: &Rows,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        mut take: impl FnMut(T) -> bool,
    ) -> Result<(), StoreError> {
        let key = self.key;
        let mut order = format!("{} {}, {key}", sort.column, if sort.descending { "DESC" } else { "ASC" });
        let mut limit = String::new();
        match rows {
            Rows::All => {}
            Rows::Page { skip, take } => limit = format!(" LIMIT {take} OFFSET {skip}"),
            Rows::After { key: after, take } => {
                if !after.is_empty() {
                    self.values.push(Value::Text(after.clone()));
                    self.conditions.push(format!("{key} > ?{}", self.values.len()));
                }
                key.clone_into(&mut order);
                limit = format!(" LIMIT {take}");
            }
        }
        let sql = format!("SELECT {columns} FROM {}{} ORDER BY {order}{limit}", self.from, self.filter());
        let mut statement = tx.prepare_cached(&sql)?;
        for row in statement.query_map(params_from_iter(&self.values), read)? {
            if !take(row?) {
                break;
            }
        }
        Ok(())
    }
}
