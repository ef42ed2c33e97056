//! The days of one year as a bit map: the part of an access row that makes merging a join.

use jiff::{ToSpan, civil::Date};

/// Days of a year, 1 to 366. Union is commutative, associative and idempotent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Days([u64; 6]);

/// Why bytes or a day number are no set of days.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DaysError {
    /// More than 46 bytes.
    #[error("day map is {0} bytes long, at most {max} expected", max = Days::BYTES)]
    TooLong(usize),
    /// A bit above the 366th is set.
    #[error("day map names a day after the 366th")]
    BeyondYear,
    /// Not 1 to 366.
    #[error("day {0} is outside 1 to 366")]
    OutOfRange(u16),
}

impl Days {
    /// Length of the full map in bytes.
    pub const BYTES: usize = 46;

    /// Adds a day, 1 to 366.
    pub fn insert(&mut self, day: u16) -> Result<(), DaysError> {
        if !(1..=366).contains(&day) {
            return Err(DaysError::OutOfRange(day));
        }
        let bit = usize::from(day - 1);
        self.0[bit / 64] |= 1 << (bit % 64);
        Ok(())
    }

    /// Adds the day of `date` whatever its year.
    pub fn insert_date(&mut self, date: Date) {
        let bit = usize::from(date.day_of_year().unsigned_abs() - 1);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether day 1 to 366 is in the set.
    #[must_use]
    pub fn contains(&self, day: u16) -> bool {
        (1..=366).contains(&day) && self.0[usize::from(day - 1) / 64] >> ((day - 1) % 64) & 1 == 1
    }

    /// The union of both sets.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
        self
    }

    /// The days in both sets.
    #[must_use]
    pub fn intersection(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine &= theirs;
        }
        self
    }

    /// The days in this set and not in the other.
    #[must_use]
    pub fn difference(mut self, other: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine &= !theirs;
        }
        self
    }

    /// Whether no day is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Number of days.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Day numbers in rising order, 1 to 366.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (1..=366).filter(|day| self.contains(*day))
    }

    /// Calendar dates in `year`; a 366th day of a common year is left out.
    pub fn dates(&self, year: i16) -> impl Iterator<Item = Date> + '_ {
        let start = Date::new(year, 1, 1).ok();
        self.iter().filter_map(move |day| {
            let date = start?.checked_add((i32::from(day) - 1).days()).ok()?;
            (date.year() == year).then_some(date)
        })
    }

    /// Little-endian bytes without trailing zero bytes; bit 0 is 1 January.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        bytes.truncate(used);
        bytes
    }

    /// The reverse of [`Days::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DaysError> {
        if bytes.len() > Self::BYTES {
            return Err(DaysError::TooLong(bytes.len()));
        }
        let mut full = [0_u8; 48];
        full[..bytes.len()].copy_from_slice(bytes);
        let mut words = [0_u64; 6];
        for (word, chunk) in words.iter_mut().zip(full.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        if words[5] >> (366 - 320) != 0 {
            return Err(DaysError::BeyondYear);
        }
        Ok(Self(words))
    }
}

impl std::fmt::Debug for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn days(numbers: &[u16]) -> Days {
        let mut days = Days::default();
        for number in numbers {
            days.insert(*number).unwrap();
        }
        days
    }

    #[test]
    fn leap_day_exists_only_in_leap_years() {
        assert_eq!(days(&[60, 366]).dates(2024).collect::<Vec<_>>(), [date(2024, 2, 29), date(2024, 12, 31)]);
        assert_eq!(days(&[60, 366]).dates(2023).collect::<Vec<_>>(), [date(2023, 3, 1)]);
    }

    #[test]
    fn refuses_what_is_no_year() {
        assert_eq!(Days::default().insert(0), Err(DaysError::OutOfRange(0)));
        assert_eq!(Days::default().insert(367), Err(DaysError::OutOfRange(367)));
        assert_eq!(Days::from_bytes(&[0; 47]), Err(DaysError::TooLong(47)));
        let mut bytes = [0; 46];
        bytes[45] = 0x40; // day 367
        assert_eq!(Days::from_bytes(&bytes), Err(DaysError::BeyondYear));
        bytes[45] = 0x20; // day 366
        assert_eq!(Days::from_bytes(&bytes), Ok(days(&[366])));
    }

    proptest! {
        #[test]
        fn union_is_a_join(a in prop::collection::vec(1_u16..=366, 0..20), b in prop::collection::vec(1_u16..=366, 0..20), c in prop::collection::vec(1_u16..=366, 0..20)) {
            let (a, b, c) = (days(&a), days(&b), days(&c));
            prop_assert_eq!(a.union(b), b.union(a));
            prop_assert_eq!(a.union(b).union(c), a.union(b.union(c)));
            prop_assert_eq!(a.union(a), a);
            prop_assert_eq!(a.intersection(b).union(a.difference(b)), a);
            prop_assert!(a.difference(b).intersection(b).is_empty());
            prop_assert_eq!(Days::from_bytes(&a.to_bytes()), Ok(a));
        }
    }
}
