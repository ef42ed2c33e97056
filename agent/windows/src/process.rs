//! This process: what it used, and how modest its work is.

use std::time::Duration;

use windows_sys::Win32::{
    Foundation::FILETIME,
    System::{
        ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS},
        Threading::{
            GetCurrentProcess, GetCurrentThread, GetProcessTimes, SetThreadPriority, THREAD_MODE_BACKGROUND_BEGIN,
            THREAD_MODE_BACKGROUND_END,
        },
    },
};

use crate::WindowsError;

/// Time on processors since the process began.
pub fn processor_time() -> Result<Duration, WindowsError> {
    let mut times = [FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 }; 4];
    let [created, ended, kernel, user] = &mut times;
    // SAFETY: has no conditions; the answer is a constant that means this process.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: all four are writable for the call.
    let done = unsafe { GetProcessTimes(process, created, ended, kernel, user) };
    if done == 0 {
        return Err(WindowsError::last("GetProcessTimes", ""));
    }
    let ticks = |time: &FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    // of 100 nanoseconds each
    Ok(Duration::from_nanos(100 * (ticks(kernel) + ticks(user))))
}

/// Bytes of memory that the process holds.
pub fn memory() -> Result<u64, WindowsError> {
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    let mut counters = PROCESS_MEMORY_COUNTERS { cb: size, ..Default::default() };
    // SAFETY: has no conditions; the answer is a constant that means this process.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: `counters` is writable for the size that is passed.
    let done = unsafe { K32GetProcessMemoryInfo(process, &raw mut counters, size) };
    if done == 0 { Err(WindowsError::last("GetProcessMemoryInfo", "")) } else { Ok(counters.WorkingSetSize as u64) }
}

/// While it lives, this thread gets processor, disk and memory only after everybody else.
#[derive(Debug)]
pub struct Background(bool);

impl Background {
    /// Begins; where Windows refuses, nothing changes.
    #[must_use]
    pub fn begin() -> Self {
        Self(priority(THREAD_MODE_BACKGROUND_BEGIN))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if self.0 {
            priority(THREAD_MODE_BACKGROUND_END);
        }
    }
}

fn priority(mode: i32) -> bool {
    // SAFETY: has no conditions; the answer is a constant that means this thread.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: the thread is the one that asks.
    let done = unsafe { SetThreadPriority(thread, mode) };
    done != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_uses() {
        let before = processor_time().unwrap();
        let _modest = Background::begin();
        while processor_time().unwrap() <= before {
            std::hint::spin_loop();
        }
        assert!(memory().unwrap() > 100_000);
    }
}
