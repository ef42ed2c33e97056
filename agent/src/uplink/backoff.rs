//! Waiting times between attempts: exponential with full jitter, so that a fleet does not come back all at once.

use std::time::Duration;

/// Gives waiting times. Randomness comes in.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Default for Backoff {
    /// From one second to five minutes.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_mins(5))
    }
}

impl Backoff {
    /// The first wait is at most `first`, each later one at most twice the one before, none longer than `most`.
    #[must_use]
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// The next wait: `random` spreads it evenly between nothing and the bound of this attempt.
    pub fn next(&mut self, random: u64) -> Duration {
        let bound = self.first.saturating_mul(1 << self.failures.min(30)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        // the high half of the product is `random` scaled to the bound
        Duration::from_nanos(((u128::from(random) * u128::from(nanos)) >> 64) as u64)
    }

    /// After a success the waits are short again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_double_up_to_five_minutes_and_start_again_after_a_success() {
        let mut backoff = Backoff::default();
        let seconds: Vec<u64> = (0..12).map(|_| backoff.next(u64::MAX).as_millis().div_ceil(1000) as u64).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        backoff.reset();
        assert!(backoff.next(u64::MAX) <= Duration::from_secs(1));
        assert_eq!(backoff.next(0), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn never_waits_longer_than_the_bound(failures in 0_u32..100, random in any::<u64>()) {
            let mut backoff = Backoff { failures, ..Backoff::default() };
            prop_assert!(backoff.next(random) <= Duration::from_mins(5));
        }
    }
}
