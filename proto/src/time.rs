//! Instants in whole microseconds since 1970-01-01 UTC: the finest unit that event logs, UAL and both databases share.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A point in time, microseconds since 1970-01-01 UTC. Prints as `2026-11-21T08:09:10.123456Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(i64);

/// 0001-01-01 and 9999-12-31, the range in which a date can be printed and parsed again.
const EARLIEST: i64 = -62_135_596_800_000_000;
const LATEST: i64 = 253_402_207_200_000_000 - 1;

impl Instant {
    /// From microseconds since 1970-01-01 UTC; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        (EARLIEST..=LATEST).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The calendar day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        self.timestamp().to_zoned(TimeZone::UTC).date()
    }

    /// The same instant as a `jiff` timestamp.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for Instant {
    fn from(value: Timestamp) -> Self {
        Self(value.as_microsecond().clamp(EARLIEST, LATEST))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // always six digits, so that equal instants are equal texts in every tool
        write!(f, "{:.6}", self.timestamp())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let timestamp: Timestamp =
            text.parse().map_err(|_| D::Error::custom(format_args!("`{text}` is no ISO 8601 time with zone")))?;
        Ok(timestamp.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_six_digits_and_reads_itself() {
        let instant = Instant::from_micros(1_623_541_641_230_000).unwrap();
        assert_eq!(instant.to_string(), "2021-06-12T23:47:21.230000Z");
        let json = serde_json::to_string(&instant).unwrap();
        assert_eq!(serde_json::from_str::<Instant>(&json).unwrap(), instant);
    }

    #[test]
    fn refuses_years_no_calendar_prints() {
        assert_eq!(Instant::from_micros(i64::MAX), None);
        assert_eq!(Instant::from_micros(i64::MIN), None);
    }
}
