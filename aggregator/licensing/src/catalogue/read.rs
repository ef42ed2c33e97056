//! From the texts of catalogue files to rows: lists by kind, the user's rows laid over the program's by key.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{
    Catalogue, CatalogueError,
    row::{Row, key_of},
};
use crate::slip::{in_plain_words, slip};

/// Rows in the order of the files, by kind and then by key.
#[derive(Clone)]
pub(super) struct Lists {
    rows: BTreeMap<&'static str, Vec<Raw>>,
}

/// A row as written.
#[derive(Clone)]
struct Raw {
    file: String,
    key: String,
    fields: Table,
}

/// Where each row stands, for refusals.
pub(super) type Places = BTreeMap<(&'static str, String), String>;

/// Fields that confirm a row without changing what it says.
const CONFIRMING: [&str; 1] = ["verified"];

/// What the value of `source` is called in rows that the user's own file states without naming a page.
const OWN_SOURCE: &str = "own";

/// The rule that says that prices come from a table (C.20), for prices of one's own that name none.
const PRICE_RULE: &str = "C.20";

impl Lists {
    /// Reads the program's own files.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, CatalogueError> {
        let mut lists = Self { rows: BTreeMap::new() };
        for (file, text) in files {
            for (kind, key, mut fields) in rows_of(file, text)? {
                let sure = matches!(fields.get("confidence").and_then(Value::as_str), Some("H" | "M"));
                if has_verdict(kind) && !fields.contains_key("verified") {
                    // what two pages or Microsoft say needs no confirmation
                    fields.insert("verified".into(), Value::Boolean(sure));
                }
                let rows = lists.rows.entry(kind).or_default();
                if rows.iter().any(|row| row.key == key) {
                    return Err(CatalogueError::row(file, kind, &key, "stands twice: keep one"));
                }
                rows.push(Raw { file: (*file).to_owned(), key, fields });
            }
        }
        Ok(lists)
    }

    /// Lays the user's own rows over these: a row of the same key is confirmed or changed, any other one is added.
    pub fn lay_over(&mut self, file: &str, text: &str) -> Result<(), CatalogueError> {
        let mut seen = BTreeSet::new();
        for (kind, key, mut fields) in rows_of(file, text)? {
            if !seen.insert((kind, key.clone())) {
                return Err(CatalogueError::row(file, kind, &key, "stands twice: keep one"));
            }
            if fields.contains_key("origin") {
                let problem = "`origin` is set by the program: leave it out";
                return Err(CatalogueError::row(file, kind, &key, problem));
            }
            let rows = self.rows.entry(kind).or_default();
            let known = rows.iter_mut().find(|row| row.key == key);
            let key_fields = key_fields(kind);
            let says_something = |field: &String| {
                !key_fields.contains(&field.as_str()) && !CONFIRMING.contains(&field.as_str()) && field != "source"
            };
            let states = fields.keys().any(says_something);
            if has_verdict(kind) {
                // who writes a row down stands for it, unless he says otherwise
                let stands = fields.entry("verified").or_insert(Value::Boolean(true)).as_bool() == Some(true);
                if states && !fields.contains_key("source") {
                    fields.insert("source".into(), Value::Array(vec![OWN_SOURCE.into()]));
                }
                if stands && !fields.contains_key("confidence") {
                    fields.insert("confidence".into(), "H".into());
                }
            }
            fields.insert("origin".into(), "own".into());
            if known.is_none() && kind == "price" {
                // prices of one's own serve whatever compares costs
                fields.entry("rule").or_insert_with(|| PRICE_RULE.into());
            }
            match known {
                Some(row) => {
                    row.fields.extend(fields);
                    file.clone_into(&mut row.file);
                }
                None => rows.push(Raw { file: file.to_owned(), key, fields }),
            }
        }
        Ok(())
    }

    /// Rows of one kind, taken out.
    pub fn take<R: Row>(&mut self, places: &mut Places) -> Result<Vec<R>, CatalogueError> {
        let rows = self.rows.remove(R::KIND).unwrap_or_default();
        rows.into_iter()
            .map(|Raw { file, key, fields }| {
                places.insert((R::KIND, key.clone()), file.clone());
                let letter = fields.get("confidence").map(|value| value.as_str().unwrap_or_default().to_owned());
                if let Some(letter) = letter.filter(|letter| !["H", "M", "L", "K"].contains(&letter.as_str())) {
                    let problem = format!("the confidence is `{letter}`: write H, M, L or K");
                    return Err(CatalogueError::row(&file, R::KIND, &key, problem));
                }
                fields
                    .try_into()
                    .map_err(|error: toml::de::Error| CatalogueError::row(&file, R::KIND, &key, in_plain_words(&error)))
            })
            .collect()
    }
}

/// Kinds with the name of their list and their key.
pub(super) fn kinds() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    Catalogue::KINDS.into_iter()
}

/// Whether rows of a kind say how sure they are.
fn has_verdict(kind: &str) -> bool {
    !["source", "question"].contains(&kind)
}

fn key_fields(kind: &str) -> &'static [&'static str] {
    kinds().find(|(known, _)| *known == kind).map_or(&[], |(_, key)| key)
}

/// The rows of one file with their kind and key.
fn rows_of(file: &str, text: &str) -> Result<Vec<(&'static str, String, Table)>, CatalogueError> {
    let document: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let (line, problem) = slip(text, &error);
        CatalogueError::Text { file: file.to_owned(), line, problem }
    })?;
    let mut rows = Vec::new();
    for (list, value) in document {
        if list == "format" {
            if value.as_str() == Some(super::FORMAT) {
                continue;
            }
            return Err(CatalogueError::Format { file: file.to_owned() });
        }
        let Some((kind, key)) = kinds().find(|(kind, _)| *kind == list) else {
            return Err(CatalogueError::Kind { file: file.to_owned(), kind: list });
        };
        let Value::Array(values) = value else {
            return Err(CatalogueError::NoList { file: file.to_owned(), kind });
        };
        for (at, value) in values.into_iter().enumerate() {
            let Value::Table(fields) = value else {
                return Err(CatalogueError::NoList { file: file.to_owned(), kind });
            };
            let Some(text) = key_of(&fields, key) else {
                let problem = format!("has no {}, which tells it from others: add it", key.join(", "));
                return Err(CatalogueError::row(file, kind, &format!("number {}", at + 1), problem));
            };
            rows.push((kind, text, fields));
        }
    }
    Ok(rows)
}
