//! Up to where a directory was read, so that the next time only what has changed is asked for.

use caliper_proto::Instant;
use serde::{Deserialize, Serialize};

use super::DirectorySettings;

/// A place in a server's own counting of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// Active Directory's replication, good for every domain controller (MS-ADTS 3.1.1.3.4.1.3).
    DirSync {
        /// Opaque.
        cookie: Vec<u8>,
        /// Whether only what the account may read is told, which leaves deletions out.
        partial: bool,
    },
    /// A domain controller's own count of writes.
    Usn {
        /// Which database of which domain controller.
        instance: String,
        /// The first number not read.
        next: u64,
    },
    /// When the newest entry was changed, by the server's clock.
    Time {
        /// The server.
        url: String,
        /// `20261128054500Z`.
        newest: String,
    },
}

/// What is remembered of a directory between two readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Of the settings it was read with.
    meaning: String,
    /// When everything was read last, in microseconds since 1970.
    whole: i64,
    /// From where to ask.
    pub point: Point,
}

impl Mark {
    /// After a reading of everything.
    #[must_use]
    pub fn after_all(settings: &DirectorySettings, point: Point, now: Instant) -> Self {
        Self { meaning: settings.meaning(), whole: now.micros(), point }
    }

    /// After a reading of changes.
    #[must_use]
    pub fn moved(self, point: Point) -> Self {
        Self { point, ..self }
    }

    /// Whether changes suffice: nothing is understood otherwise, and everything was read not long ago.
    #[must_use]
    pub fn holds(&self, settings: &DirectorySettings, now: Instant) -> bool {
        let age = now.micros().saturating_sub(self.whole);
        (0..i64::from(settings.whole_every_hours) * 3_600_000_000).contains(&age) && self.meaning == settings.meaning()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_suffice_for_a_while_and_under_the_same_rules() {
        let text = "name = 'corp'\nurl = 'ldaps://dc1'\nbind = 'b'\npassword_file = 'p'\nwhole_every_hours = 2\n";
        let settings: DirectorySettings = toml::from_str(text).unwrap();
        let at = |hour: i64| Instant::from_micros(hour * 3_600_000_000).unwrap();
        let point = Point::Usn { instance: "dc1".into(), next: 7 };
        let mark = Mark::after_all(&settings, point.clone(), at(10));
        for (hour, holds) in [(9, false), (10, true), (11, true), (12, false)] {
            assert_eq!(mark.holds(&settings, at(hour)), holds, "{hour}");
        }
        let other: DirectorySettings = toml::from_str(&format!("{text}external_suffixes = ['@p']")).unwrap();
        assert!(!mark.holds(&other, at(10)));
        let never: DirectorySettings = toml::from_str(&text.replace("= 2", "= 0")).unwrap();
        assert!(!mark.holds(&never, at(10)));
        let written = serde_json::to_string(&mark).unwrap();
        assert_eq!(serde_json::from_str::<Mark>(&written).unwrap(), mark);
    }
}
