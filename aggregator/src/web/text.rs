//! How numbers, money and times are written on the pages.

use std::fmt;

pub use caliper_licensing::words::{Count, Money, family, product};
use caliper_proto::{Instant, Source};

use crate::store::view::evidence::Evidence;

/// A time to the minute in UTC: `2026-11-21 08:09`; a dash if it never happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When(pub Option<Instant>);

impl When {
    /// For the `datetime` attribute; empty if it never happened.
    #[must_use]
    pub fn iso(&self) -> String {
        self.0.map(|instant| format!("{:.0}", instant.timestamp())).unwrap_or_default()
    }

    /// The day alone.
    #[must_use]
    pub fn day(&self) -> String {
        self.0.map_or_else(|| "–".to_owned(), |instant| instant.date().to_string())
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(instant) => write!(f, "{}", instant.timestamp().strftime("%Y-%m-%d %H:%M")),
            None => f.write_str("–"),
        }
    }
}

/// How long ago, roughly: `3 minutes ago`, `2 days ago`.
#[must_use]
pub fn ago(then: Instant, now: Instant) -> String {
    let seconds = (now.micros() - then.micros()).max(0) / 1_000_000;
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

/// An error's text as a sentence: capital letter and full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}

/// How long something took: `0.4 s`, `12 s`, `3 min 5 s`.
#[must_use]
pub fn took(from: Instant, to: Instant) -> String {
    let tenths = (to.micros() - from.micros()).max(0) / 100_000;
    match tenths {
        0..100 => format!("{}.{} s", tenths / 10, tenths % 10),
        100..600 => format!("{} s", tenths / 10),
        _ => format!("{} min {} s", tenths / 600, tenths % 600 / 10),
    }
}

/// A size: `512 B`, `3 KiB`, `2 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", Count(count / 1_048_576)),
    }
}

/// What somebody or something needs, in words.
#[must_use]
pub fn licence(kind: &str, version: &str) -> String {
    let version = if version.is_empty() { String::new() } else { format!(" {version}") };
    match kind {
        "user-cal" => format!("User CAL{version}"),
        "device-cal" => format!("Device CAL{version}"),
        "devices" => "Covered by devices".to_owned(),
        "people" => "Covered by people".to_owned(),
        "exempt" => "Exempt".to_owned(),
        "none" => "None".to_owned(),
        // written by a newer program
        other => other.to_owned(),
    }
}

/// How sure the sources of a rule or a match are, from the letter scans store.
#[must_use]
pub fn confidence(letter: &str) -> String {
    match letter {
        "H" => "high",
        "M" => "medium",
        "L" => "low",
        "K" => "to be confirmed",
        // written by a newer program
        other => other,
    }
    .to_owned()
}

/// One access row in words.
pub struct EvidenceView {
    /// Which log.
    pub source: &'static str,
    /// First access.
    pub first: When,
    /// Last access.
    pub last: When,
    /// The row itself.
    pub row: Evidence,
}

/// Access rows in words.
#[must_use]
pub fn evidence(rows: Vec<Evidence>) -> Vec<EvidenceView> {
    let source = |source| match source {
        Some(Source::UserAccessLogging) => "User Access Logging",
        Some(Source::SecurityLog) => "Security log",
        Some(Source::SmbSessions) => "SMB session",
        Some(Source::TerminalSessions) => "terminal session",
        Some(Source::DomainControllerLog) => "domain controller's log",
        Some(Source::WebLog) => "web log",
        Some(Source::RemoteDesktopGateway) => "RD Gateway",
        Some(Source::Import) => "import",
        None => "unknown",
    };
    let words =
        |row: Evidence| EvidenceView { source: source(row.source), first: When(row.first), last: When(row.last), row };
    rows.into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_minute() {
        let instant = Instant::from_micros(1_623_541_641_230_000).unwrap();
        assert_eq!(When(Some(instant)).to_string(), "2021-06-12 23:47");
        assert_eq!(When(Some(instant)).iso(), "2021-06-12T23:47:21Z");
        assert_eq!(When(None).to_string(), "–");
        for (seconds, text) in [(59, "just now"), (60, "1 minute ago"), (7_200, "2 hours ago"), (172_800, "2 days ago")]
        {
            let now = Instant::from_micros(instant.micros() + seconds * 1_000_000).unwrap();
            assert_eq!(ago(instant, now), text);
        }
    }
}
