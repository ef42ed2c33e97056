//! The rules, pages and switches that explanations name, in words from the catalogue.

use std::collections::BTreeSet;

use super::explanation::{Explanation, PolicyInWords, RuleInWords, SourceInWords};
use crate::{catalogue::Catalogue, estate::Policy, position::Confidence};

/// Rule ids that a sentence names in brackets, for example `(E.3, E.4)`.
pub(super) fn rules_in(catalogue: &Catalogue, sentence: &str) -> Vec<String> {
    let words = sentence.split(['(', ')', ',', ' ', ';']);
    let mut found: Vec<String> = Vec::new();
    for word in words {
        if word.as_bytes().get(1) == Some(&b'.') && catalogue.rule(word).is_some() && !found.iter().any(|id| id == word)
        {
            found.push(word.to_owned());
        }
    }
    found
}

/// As people read them: by letter, then by number; each once.
pub(super) fn in_order(rules: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut rules: Vec<String> = rules.into_iter().collect();
    let key = |id: &str| {
        let number: String = id.chars().skip(2).take_while(char::is_ascii_digit).collect();
        (id.chars().next(), number.parse::<u32>().unwrap_or(u32::MAX), id.to_owned())
    };
    rules.sort_by_key(|id| key(id));
    rules.dedup();
    rules
}

/// The lowest of the rules' confidences.
pub(super) fn confidence(catalogue: &Catalogue, rules: &[String]) -> Confidence {
    rules.iter().filter_map(|id| catalogue.rule(id)).map(|row| row.confidence).min().unwrap_or(Confidence::K)
}

/// Switches that belong to one of the rules, and the others given.
pub(super) fn switches(catalogue: &Catalogue, rules: &[String], others: Vec<String>) -> Vec<String> {
    let belongs = |rule: &str| rules.iter().any(|id| id == rule);
    let named = catalogue.policies.iter().filter(|row| belongs(&row.rule)).map(|row| row.name.clone());
    let names: BTreeSet<String> = named.chain(others).collect();
    names.into_iter().collect()
}

/// All rules of the explanations.
pub(super) fn rules(catalogue: &Catalogue, explanations: &[Explanation]) -> Vec<RuleInWords> {
    let ids = in_order(explanations.iter().flat_map(|one| one.rules.iter().cloned()));
    let rows = ids.iter().filter_map(|id| catalogue.rule(id));
    rows.map(|row| RuleInWords {
        id: row.id.clone(),
        text: row.text.clone(),
        confidence: row.confidence,
        verified: row.verified,
        sources: row.source.clone(),
        questions: catalogue
            .questions_of(&row.id)
            .map(|question| format!("{} ({})", question.text, question.id))
            .collect(),
    })
    .collect()
}

/// The pages of the rules, in the order of the catalogue.
pub(super) fn sources(catalogue: &Catalogue, rules: &[RuleInWords]) -> Vec<SourceInWords> {
    let named: BTreeSet<&str> = rules.iter().flat_map(|rule| &rule.sources).map(String::as_str).collect();
    let rows = catalogue.sources.iter().filter(|row| named.contains(row.id.as_str()));
    rows.map(|row| SourceInWords { id: row.id.clone(), title: row.title.clone(), address: row.address.clone() })
        .collect()
}

/// All switches of the explanations with their values.
pub(super) fn policy(catalogue: &Catalogue, policy: &Policy, explanations: &[Explanation]) -> Vec<PolicyInWords> {
    let named: BTreeSet<&str> = explanations.iter().flat_map(|one| &one.policy).map(String::as_str).collect();
    let rows = catalogue.policies.iter().filter(|row| named.contains(row.name.as_str()));
    let (values, defaults) = (written(policy), written(&Policy::default()));
    rows.map(|row| PolicyInWords {
        name: row.name.clone(),
        value: value(&values, &row.name),
        is_default: value(&values, &row.name) == value(&defaults, &row.name),
        text: row.text.clone(),
        rule: row.rule.clone(),
    })
    .collect()
}

/// Switches as they would be written in an estate file.
pub(super) fn written(policy: &Policy) -> toml::Table {
    toml::Table::try_from(policy).unwrap_or_default()
}

/// One of them; empty if it is left open.
pub(super) fn value(written: &toml::Table, name: &str) -> String {
    match written.get(name) {
        Some(toml::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
