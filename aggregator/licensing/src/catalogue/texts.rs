//! Rules, their sources, open questions, and the switches where contract text leaves room.

use serde::{Deserialize, Serialize};

use super::{Origin, row::Row, row::row};
use crate::position::Confidence;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    /// For example `C.1`.
    pub id: String,
    /// What it says, in one sentence.
    pub text: String,
    /// Ids of the pages it was read on.
    pub source: Vec<String>,
    /// How sure these are.
    pub confidence: Confidence,
    /// Of a rule about time: how many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Whether it may be relied upon without a human's word.
    pub verified: bool,
    /// Whose it is.
    #[serde(default)]
    pub origin: Origin,
}

impl Row for RuleRow {
    const KIND: &'static str = "rule";
    const KEY: &'static [&'static str] = &["id"];

    fn rules(&self) -> Vec<&str> {
        Vec::new()
    }

    fn sources(&self) -> &[String] {
        &self.source
    }
}

/// Who wrote a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Microsoft.
    Microsoft,
    /// A copy or extract of Microsoft's text on another site.
    Copy,
    /// Somebody else.
    Other,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRow {
    /// For example `S25`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it stood.
    pub address: String,
    /// Who wrote it.
    pub kind: SourceKind,
    /// Whose the row is.
    #[serde(default)]
    pub origin: Origin,
}

impl Row for SourceRow {
    const KIND: &'static str = "source";
    const KEY: &'static [&'static str] = &["id"];

    fn rules(&self) -> Vec<&str> {
        Vec::new()
    }

    fn sources(&self) -> &[String] {
        &[]
    }
}

/// A question that only a human or the present Product Terms can answer (section X).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionRow {
    /// For example `X.1`.
    pub id: String,
    /// The question.
    pub text: String,
    /// Rules it touches.
    pub rules: Vec<String>,
    /// The answer, if somebody found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whose the row is.
    #[serde(default)]
    pub origin: Origin,
}

impl Row for QuestionRow {
    const KIND: &'static str = "question";
    const KEY: &'static [&'static str] = &["id"];

    fn rules(&self) -> Vec<&str> {
        self.rules.iter().map(String::as_str).collect()
    }

    fn sources(&self) -> &[String] {
        &[]
    }
}

row! {
    /// A switch (section Y).
    PolicyRow, "policy", ["name"] {
        /// As under `[policy]` of an estate.
        name: String,
        /// What it decides.
        text: String,
        /// Values it can have; empty: a number.
        values: Vec<String>,
        /// The value if none is given, as text; empty: it depends, as the text says.
        default: String,
    }
}
