//! How often the agent ended itself for memory, one time after the other: kept over restarts, so that it collects less
//! often each time instead of going round in circles.

use std::{io, time::Duration};

use caliper_proto::Instant;
use serde::{Deserialize, Serialize};

use crate::state::{Folder, replace_durably};

/// Rest before the collection after the first end; twice as long after each further one.
const FIRST: Duration = Duration::from_mins(15);

/// Longest rest: evidence is to be looked at once a day whatever it costs.
const LONGEST: Duration = Duration::from_hours(24);

/// Kept in the state folder until a collection stays within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// How often in a row.
    pub times: u32,
    /// Microseconds since 1970-01-01 UTC of the last time.
    at: i64,
    /// Bytes held then.
    pub held: u64,
}

impl Ended {
    /// What is kept; an unreadable file is as good as none.
    #[must_use]
    pub fn load(folder: &Folder) -> Option<Self> {
        serde_json::from_slice(&fs_err::read(folder.ended()).ok()?).ok()
    }

    /// Counts one more end.
    pub fn note(folder: &Folder, now: Instant, held: u64) -> io::Result<()> {
        let times = Self::load(folder).map_or(0, |before| before.times).saturating_add(1);
        replace_durably(
            &folder.ended(),
            serde_json::json!(Self { times, at: now.micros(), held }).to_string().as_bytes(),
        )
    }

    /// A collection stayed within the limit.
    pub fn forget(folder: &Folder) {
        // what cannot be deleted makes the next start slower, nothing else
        if folder.ended().exists()
            && let Err(error) = fs_err::remove_file(folder.ended())
        {
            tracing::warn!("the ends for memory could not be forgotten: {error}");
        }
    }

    /// How long is left of the rest; a clock that was set never makes it longer than it was.
    #[must_use]
    pub fn rest(&self, now: Instant) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.times.clamp(1, 16).saturating_sub(1)).min(LONGEST);
        let passed = Duration::from_micros(u64::try_from(now.micros().saturating_sub(self.at)).unwrap_or(0));
        whole.saturating_sub(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Instant {
        Instant::from_micros(minutes * 60_000_000).unwrap()
    }

    #[test]
    fn each_end_doubles_the_rest_until_a_collection_stays_within_the_limit() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path());
        assert_eq!(Ended::load(&folder), None);
        let mut rests = Vec::new();
        for _ in 0..9 {
            Ended::note(&folder, at(100), 7).unwrap();
            rests.push(Ended::load(&folder).unwrap().rest(at(100)).as_secs() / 60);
        }
        assert_eq!(rests, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
        let ended = Ended::load(&folder).unwrap();
        assert_eq!((ended.times, ended.held), (9, 7));
        Ended::forget(&folder);
        assert_eq!(Ended::load(&folder), None);
        Ended::forget(&folder);
        fs_err::write(folder.ended(), "{\"times\":").unwrap();
        assert_eq!(Ended::load(&folder), None);
        Ended::note(&folder, at(0), 7).unwrap();
        assert_eq!(Ended::load(&folder).unwrap().times, 1);
    }

    #[test]
    fn what_has_passed_counts_and_a_clock_set_back_does_not_lengthen_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path());
        Ended::note(&folder, at(100), 7).unwrap();
        let rest = |minutes| Ended::load(&folder).unwrap().rest(at(minutes)).as_secs() / 60;
        assert_eq!((rest(100), rest(110), rest(115), rest(9_000), rest(0)), (15, 5, 0, 0, 15));
    }
}
