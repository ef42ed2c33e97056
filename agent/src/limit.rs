//! The agent watches itself: a collection that took much processor time is followed by a long rest, and an agent that does
//! not give memory back ends, to be started anew.
//!
//! What it used comes in.

mod ended;

use std::time::Duration;

pub use ended::Ended;

/// Longest rest: evidence is to be looked at once a day whatever it costs.
const LONGEST_REST: Duration = Duration::from_hours(24);

/// A collection may hold something large for a while, such as an export of a registry or what Windows answers.
pub const COLLECTING: u64 = 4;

/// What this process has used since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time on processors.
    pub processor: Duration,
    /// Bytes of memory it holds now.
    pub memory: u64,
}

/// How much it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Thousandths of one processor on average.
    pub processor: u32,
    /// Bytes of memory between two collections; during one it may be [`COLLECTING`] times as much.
    pub memory: u64,
}

impl Limit {
    /// How long to rest after a collection that took so much processor time.
    #[must_use]
    pub fn rest(&self, spent: Duration) -> Duration {
        let rest = spent.saturating_mul(1000) / self.processor.max(1);
        rest.min(LONGEST_REST)
    }

    /// Whether so much memory is too much between two collections.
    #[must_use]
    pub fn is_exceeded(&self, usage: Usage) -> bool {
        usage.memory > self.memory
    }

    /// The limit of memory during a collection, if so much is above it.
    #[must_use]
    pub fn exceeded_collecting(&self, usage: Usage) -> Option<u64> {
        let most = self.memory.saturating_mul(COLLECTING);
        (usage.memory > most).then_some(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_brings_the_average_below_the_limit() {
        let limit = |processor| Limit { processor, memory: 1 << 20 };
        for (processor, spent, rest) in [(1, 2, 2_000), (10, 2, 200), (1_000, 2, 2), (1, 1_000, 86_400), (0, 1, 1_000)]
        {
            let (spent, rest) = (Duration::from_secs(spent), Duration::from_secs(rest));
            assert_eq!(limit(processor).rest(spent), rest, "{processor} {spent:?}");
        }
        assert_eq!(limit(1).rest(Duration::MAX), LONGEST_REST);
        let usage = |memory| Usage { memory, ..Usage::default() };
        assert!(limit(1).is_exceeded(usage((1 << 20) + 1)) && !limit(1).is_exceeded(usage(1 << 20)));
        let collecting = |memory| limit(1).exceeded_collecting(usage(memory));
        assert_eq!((collecting(4 << 20), collecting((4 << 20) + 1)), (None, Some(4 << 20)));
    }
}
