//! What an assessment collects beside its numbers: warnings in plain English and the rules that were used.

use std::collections::BTreeSet;

use crate::{catalogue::Catalogue, position::Confidence};

/// Warnings in the order found.
#[derive(Debug, Default)]
pub(crate) struct Warnings(pub Vec<String>);

impl Warnings {
    /// Adds a warning about things with names, if there are any. `text` gets their list.
    pub fn about<'a>(&mut self, names: impl IntoIterator<Item = &'a str>, text: impl FnOnce(usize, &str) -> String) {
        let names: BTreeSet<&str> = names.into_iter().collect();
        if !names.is_empty() {
            self.0.push(text(names.len(), &listed(&names)));
        }
    }
}

/// At most five names, then how many more.
pub(crate) fn listed(names: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `1 person`, `2 people`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Ids of the rules behind a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules(BTreeSet<&'static str>);

impl Rules {
    pub fn of(ids: &[&'static str]) -> Self {
        Self(ids.iter().copied().collect())
    }

    pub fn add(&mut self, id: &'static str) {
        self.0.insert(id);
    }

    pub fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Sorted as people read them: by letter, then by number.
    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<&str> = self.0.iter().copied().collect();
        ids.sort_by_key(|id| (&id[..1], id[2..].parse::<u32>().unwrap_or(u32::MAX), *id));
        ids.into_iter().map(str::to_owned).collect()
    }

    /// The lowest of the rules' confidences; a rule without a row counts as unseen.
    pub fn confidence(&self, catalogue: &Catalogue) -> Confidence {
        let of = |id: &&str| catalogue.rule(id).map_or(Confidence::K, |row| row.confidence);
        self.0.iter().map(of).min().unwrap_or(Confidence::K)
    }
}
