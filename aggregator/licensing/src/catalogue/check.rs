//! What a catalogue must satisfy beyond its shape: every reference leads somewhere, no two rows contradict each other, numbers
//! can be. The first row that does not is refused.

mod access;
mod windows;

use super::{
    Catalogue, CatalogueError,
    read::Places,
    row::{Row, key_of},
};
use crate::version::VersionName;

/// Largest number of anything that is counted in a row.
const MOST: u32 = 1_000_000;

/// Whether the catalogue can be used.
pub(super) fn check(catalogue: &Catalogue, places: &Places) -> Result<(), CatalogueError> {
    let check = Check { catalogue, places };
    check.rows(&catalogue.versions)?;
    check.rows(&catalogue.channels)?;
    check.rows(&catalogue.builds)?;
    check.rows(&catalogue.product_builds)?;
    check.rows(&catalogue.editions)?;
    check.rows(&catalogue.edition_ids)?;
    check.rows(&catalogue.caps)?;
    check.rows(&catalogue.rights)?;
    check.rows(&catalogue.server_suites)?;
    check.rows(&catalogue.core_minima)?;
    check.rows(&catalogue.core_factors)?;
    check.rows(&catalogue.cals)?;
    check.rows(&catalogue.equivalences)?;
    check.rows(&catalogue.included)?;
    check.rows(&catalogue.licence_servers)?;
    check.rows(&catalogue.roles)?;
    check.rows(&catalogue.packs)?;
    check.rows(&catalogue.prices)?;
    check.rows(&catalogue.policies)?;
    check.rows(&catalogue.questions)?;
    check.rows(&catalogue.rules)?;
    for rule in &catalogue.rules {
        rule.days.map_or(Ok(()), |days| check.count(rule, "days", days))?;
    }
    for row in &catalogue.sources {
        if row.title.trim().is_empty() {
            return check.refuse(row, "its `title` is empty: write it");
        }
    }
    windows::check(&check)?;
    access::check(&check)
}

/// The catalogue with the files of its rows.
struct Check<'a> {
    catalogue: &'a Catalogue,
    places: &'a Places,
}

impl Check<'_> {
    /// Refuses a row.
    fn refuse<R: Row, T>(&self, row: &R, problem: impl Into<String>) -> Result<T, CatalogueError> {
        let fields = toml::Table::try_from(row).unwrap_or_default();
        let key = key_of(&fields, R::KEY).unwrap_or_default();
        let file = self.places.get(&(R::KIND, key.clone())).map_or("the file", String::as_str);
        Err(CatalogueError::row(file, R::KIND, &key, problem))
    }

    /// Rules and sources of rows.
    fn rows<R: Row>(&self, rows: &[R]) -> Result<(), CatalogueError> {
        // only pages and questions rest on no page
        let rests_on_pages = R::KIND != "question";
        for row in rows {
            let fields = toml::Table::try_from(row).unwrap_or_default();
            let blank =
                |name: &str| fields.get(name).and_then(toml::Value::as_str).is_some_and(|text| text.trim().is_empty());
            if let Some(name) = ["name", "text", "answer", "sku"].into_iter().find(|name| blank(name)) {
                return self.refuse(row, format!("its `{name}` is empty: write it"));
            }
            for rule in row.rules() {
                if self.catalogue.rule(rule).is_none() {
                    return self.refuse(row, format!("the rule `{rule}` does not exist: correct its id"));
                }
            }
            if rests_on_pages && row.sources().is_empty() {
                return self.refuse(row, "names no source: say where it was read");
            }
            for source in row.sources() {
                if self.catalogue.source(source).is_none() {
                    let problem = format!("the source `{source}` does not exist: correct its id or add a [[source]]");
                    return self.refuse(row, problem);
                }
            }
        }
        Ok(())
    }

    /// A count that must be 1 or more.
    fn count<R: Row>(&self, row: &R, field: &str, value: u32) -> Result<(), CatalogueError> {
        if value == 0 {
            return self.refuse(row, format!("`{field}` is 0: leave it out, or correct it"));
        }
        if value > MOST {
            return self.refuse(row, format!("`{field}` is {value}, more than {MOST}: correct it"));
        }
        Ok(())
    }

    /// What a licence is called in positions, estates and prices.
    fn sku<R: Row>(&self, row: &R, sku: &str) -> Result<(), CatalogueError> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if sku.split('/').all(is_word) {
            return Ok(());
        }
        self.refuse(row, format!("`{sku}` is no sku: write small letters, digits and hyphens, words apart by /"))
    }

    /// Versions of Windows Server, each once.
    fn windows_versions<R: Row>(&self, row: &R, versions: &[VersionName]) -> Result<(), CatalogueError> {
        if versions.is_empty() {
            return self.refuse(row, "holds for no version: name one");
        }
        for (at, version) in versions.iter().enumerate() {
            if !VersionName::WINDOWS.contains(version) {
                return self.refuse(row, format!("{version} is no version of Windows Server: leave it out"));
            }
            if versions[..at].contains(version) {
                return self.refuse(row, format!("names {version} twice: keep one"));
            }
        }
        Ok(())
    }

    /// Something that must be named.
    fn known<R: Row>(&self, row: &R, what: &str, id: &str, found: bool) -> Result<(), CatalogueError> {
        if found {
            return Ok(());
        }
        self.refuse(row, format!("the {what} `{id}` does not exist: correct its id or add it"))
    }

    /// A CAL family by id.
    fn family<R: Row>(&self, row: &R, id: &str) -> Result<(), CatalogueError> {
        self.known(row, "CAL family", id, self.catalogue.cal(id).is_some())
    }

    /// An edition by its normalised name.
    fn edition<R: Row>(&self, row: &R, name: &str) -> Result<(), CatalogueError> {
        self.known(row, "edition", name, self.catalogue.editions.iter().any(|edition| edition.name == name))
    }
}
