//! The days a scan looks back on (rule E.19).

use caliper_proto::{Days, Instant};
use jiff::{ToSpan, civil::Date, tz::TimeZone};

use crate::identity::Years;

/// Days in a row, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
    years: Years,
}

impl Window {
    /// `days` days that end on `as_of`; at least one.
    #[must_use]
    pub fn ending(as_of: Date, days: u32) -> Self {
        let first = as_of.saturating_sub((i64::from(days.max(1)) - 1).days());
        let mut years = Years::new();
        for date in first.series(1.day()).take_while(|date| *date <= as_of) {
            years.entry(date.year()).or_default().insert_date(date);
        }
        Self { first, last: as_of, years }
    }

    /// Number of days.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.years.values().map(Days::len).sum()
    }

    /// The years it touches, first and last.
    #[must_use]
    pub fn year_range(&self) -> (i16, i16) {
        (self.first.year(), self.last.year())
    }

    /// The part of an access row's days inside; a row without days counts by its first and last instant.
    #[must_use]
    pub fn cut(&self, year: i16, days: Days, first: Instant, last: Instant) -> Days {
        let own = self.years.get(&year).copied().unwrap_or_default();
        if !days.is_empty() {
            return days.intersection(own);
        }
        let mut single = Days::default();
        for date in [first.date(), last.date()] {
            if date.year() == year {
                single.insert_date(date);
            }
        }
        single.intersection(own)
    }

    /// The nearest instants inside.
    #[must_use]
    pub fn clamp(&self, first: Instant, last: Instant) -> (Instant, Instant) {
        let start = midnight(self.first);
        let end = Instant::from_micros(midnight(self.last.saturating_add(1.day())).micros() - 1).unwrap_or_default();
        (first.clamp(start, end), last.clamp(start, end))
    }
}

fn midnight(date: Date) -> Instant {
    date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp().into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ninety_days_end_on_the_last_one() {
        let window = Window::ending(date(2021, 6, 23), 90);
        assert_eq!((window.first, window.days()), (date(2021, 3, 26), 90));
        let window = Window::ending(date(2024, 1, 10), 90);
        assert_eq!((window.first, window.days(), window.year_range()), (date(2023, 10, 13), 90, (2023, 2024)));
    }

    #[test]
    fn days_outside_are_cut_off() {
        let window = Window::ending(date(2024, 1, 10), 90);
        let mut days = Days::default();
        for number in [1, 10, 11, 286, 366] {
            days.insert(number).unwrap();
        }
        let none = Instant::default();
        assert_eq!(window.cut(2024, days, none, none).iter().collect::<Vec<_>>(), [1, 10]);
        // 13 October is day 286 of 2023
        assert_eq!(window.cut(2023, days, none, none).iter().collect::<Vec<_>>(), [286]);
        assert!(window.cut(2022, days, none, none).is_empty());
    }

    #[test]
    fn a_row_without_days_counts_by_its_instants() {
        let window = Window::ending(date(2024, 1, 10), 90);
        let (inside, outside) = (midnight(date(2024, 1, 5)), midnight(date(2024, 3, 1)));
        assert_eq!(window.cut(2024, Days::default(), inside, outside).iter().collect::<Vec<_>>(), [5]);
        assert!(window.cut(2024, Days::default(), outside, outside).is_empty());
    }
}
