//! CPU time of this thread. On Linux from `/proc`, so that other programs on the machine do not
//! count; elsewhere elapsed time, which is the same on an idle machine.

use std::time::{Duration, Instant};

/// Measures one step after the other.
pub(super) struct CpuClock {
    started: Instant,
    last: Duration,
}

impl CpuClock {
    pub fn start() -> Self {
        let mut clock = Self { started: Instant::now(), last: Duration::ZERO };
        clock.lap();
        clock
    }

    /// CPU seconds since the last call.
    pub fn lap(&mut self) -> f64 {
        let now = thread_time().unwrap_or_else(|| self.started.elapsed());
        let lap = now.saturating_sub(self.last);
        self.last = now;
        lap.as_secs_f64()
    }
}

#[cfg(target_os = "linux")]
fn thread_time() -> Option<Duration> {
    // The kernel brings the counter up to date whenever the scheduler runs.
    std::thread::yield_now();
    let counters = fs_err::read_to_string("/proc/thread-self/schedstat").ok()?;
    counters.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(not(target_os = "linux"))]
fn thread_time() -> Option<Duration> {
    None
}
