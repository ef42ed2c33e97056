//! Questions to Windows Management Instrumentation and the forms of its answers, as plain data.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// What is asked: rows of one class, in no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// For example `root\AccessLogging`.
    pub namespace: &'static str,
    /// Name of the class.
    pub class: &'static str,
    /// The properties wanted, in the order of the values of a row.
    pub columns: &'static [&'static str],
    /// What follows `WHERE`; empty for all rows.
    pub condition: String,
}

/// Who answers.
pub trait Management {
    /// Hands each row to `take`: as many texts as columns, empty where there is no value. False if there is no such namespace or
    /// class; else a sentence about what went wrong. The rows that came before have been taken then.
    fn ask(&mut self, question: Question, take: &mut dyn FnMut(&[String])) -> Result<bool, String>;
}

/// A time of `yyyymmddHHMMSS.mmmmmmsUUU` (the form of CIM, with minutes from UTC at its end) in microseconds since 1970 UTC.
pub fn micros(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let part = |from, to| digits(from, to)?.try_into().ok();
    let time = date(text)?.to_datetime(Time::new(part(8, 10)?, part(10, 12)?, 0, 0).ok()?);
    // by `in_tz` the database of time zones would become a part of the program
    let time = time.to_zoned(TimeZone::UTC).ok()?;
    let seconds = digits(12, 14).filter(|seconds| *seconds < 60)?;
    let sign = match text.get(21..22)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let offset = sign * digits(22, 25)? * 60;
    let micros = digits(15, 21)?;
    let at: Timestamp = time.timestamp();
    Some(at.as_microsecond() + (seconds - offset) * 1_000_000 + micros)
}

/// The day that such a time names, wherever it is counted.
pub fn date(text: &str) -> Option<Date> {
    let digits = text.get(..8).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Date::new(digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?).ok()
}

/// Midnight of a day in that form.
pub fn print(date: Date) -> String {
    format!("{:04}{:02}{:02}000000.000000+000", date.year(), date.month(), date.day())
}

#[cfg(test)]
pub mod fake {
    //! A fake: rows of classes put together by hand after Microsoft's documentation of them.

    use super::*;

    /// Classes with their columns and rows.
    #[derive(Default)]
    pub struct FakeManagement {
        pub rows: Vec<(&'static str, Vec<(&'static str, String)>)>,
        /// Classes that do not answer, and why.
        pub broken: Vec<(&'static str, &'static str)>,
        pub asked: Vec<(&'static str, String)>,
    }

    impl FakeManagement {
        pub fn row(&mut self, class: &'static str, values: &[(&'static str, &str)]) {
            self.rows.push((class, values.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()));
        }
    }

    impl Management for FakeManagement {
        /// Of conditions only `X >= 'a' AND X < 'b'` and `X = 'a'` are understood.
        fn ask(&mut self, question: Question, take: &mut dyn FnMut(&[String])) -> Result<bool, String> {
            self.asked.push((question.class, question.condition.clone()));
            if let Some((_, problem)) = self.broken.iter().find(|(class, _)| *class == question.class) {
                return Err((*problem).to_owned());
            }
            let rows = self.rows.iter().filter(|(class, _)| *class == question.class);
            let mut found = false;
            for (_, row) in rows {
                found = true;
                let value = |name: &str| {
                    let value = row.iter().find(|(known, _)| *known == name);
                    value.map(|(_, text)| text.clone()).unwrap_or_default()
                };
                let holds = question.condition.split(" AND ").filter(|part| !part.is_empty()).all(|part| {
                    let [name, sign, limit] = part.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
                    let limit = limit.trim_matches('\'');
                    match sign {
                        ">=" => value(name).as_str() >= limit,
                        "<" => value(name).as_str() < limit,
                        "=" => value(name) == limit,
                        other => panic!("{other}"),
                    }
                });
                if holds {
                    take(&question.columns.iter().map(|name| value(name)).collect::<Vec<_>>());
                }
            }
            Ok(found)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_cim_writes_them() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        for (text, time) in [
            ("20120919000000.000000+000", Some("2012-09-19T00:00:00Z")),
            ("20260101013045.250000+120", Some("2025-12-31T23:30:45.25Z")),
            ("20260101013045.000000-060", Some("2026-01-01T02:30:45Z")),
            ("16010101000000.000000+000", Some("1601-01-01T00:00:00Z")),
            ("20120919250000.000000+000", None),
            ("20120919006000.000000+000", None),
            ("2012091900****.******+***", None),
            ("20120231000000.000000+000", None),
            ("", None),
            ("20120919000000.000000", None),
            ("ä0120919000000.000000+000", None),
        ] {
            assert_eq!(micros(text), time.map(at), "{text}");
        }
        let day = Date::constant(2026, 3, 1);
        assert_eq!((print(day).as_str(), date(&print(day))), ("20260301000000.000000+000", Some(day)));
    }
}
