//! `[people]` of the configuration: what accounts stand for and whose they are, where the directory does not say.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::rule::Rule;

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleSettings {
    /// Names of administrators' second accounts, with one `*` for the name of the everyday account. Counts only where the one holds
    /// administrators' rights and the other does not.
    pub administrator_patterns: Vec<String>,
    /// CSV file with the header `account,person`: accounts with the same text for `person` belong to one human being. An account is
    /// written `domain\name`, as user principal name or as SID. A relative path starts in the configuration's folder.
    pub mapping: Option<PathBuf>,
    /// `[[people.rule]]`: what accounts stand for; those made on the pages come first.
    pub rule: Vec<Rule>,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        let patterns = ["adm-*", "adm_*", "adm.*", "admin-*", "a-*", "*-adm", "*_adm", "*.adm", "*-admin", "*.admin"];
        Self { administrator_patterns: patterns.map(str::to_owned).into(), mapping: None, rule: Vec::new() }
    }
}

impl PeopleSettings {
    /// Takes relative paths as starting in `folder`.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        self.mapping = self.mapping.take().map(|file| folder.join(file));
    }

    /// The first value that cannot be followed: key, and what is wrong.
    pub(crate) fn objection(&self) -> Option<(String, String)> {
        if let Some(rule) = self.rule.iter().find(|rule| rule.objection().is_some()) {
            let problem = rule.objection().unwrap_or_default();
            return Some(("people.rule".into(), format!("like `{}` {problem}", rule.like)));
        }
        let wrong = |pattern: &&String| pattern.matches('*').count() != 1 || pattern.trim_matches('*').is_empty();
        let pattern = self.administrator_patterns.iter().find(wrong)?;
        let problem =
            format!("holds `{pattern}`: write one `*` for the everyday name, and what stands before or behind it");
        Some(("people.administrator_patterns".into(), problem))
    }
}
