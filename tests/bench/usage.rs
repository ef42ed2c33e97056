//! What a process has used, from the kernel's own books.

use std::path::PathBuf;

/// What a process used so far; not every bench asks for all of it.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub peak_kib: u64,
    /// Resident now.
    pub resident_kib: u64,
    /// CPU time, hundredths of a second.
    pub ticks: u64,
}

impl Usage {
    /// `None` once the process has ended.
    pub fn of(id: u32) -> Option<Self> {
        let book = |name: &str| fs_err::read_to_string(PathBuf::from(format!("/proc/{id}/{name}"))).ok();
        let status = book("status")?;
        let size = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let stat = book("stat")?;
        // utime and stime are the 12th and 13th field after the name in parentheses
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        Some(Self { peak_kib: size("VmHWM:")?, resident_kib: size("VmRSS:")?, ticks })
    }

    /// CPU time.
    #[allow(dead_code)]
    pub fn seconds(&self) -> f64 {
        self.ticks as f64 / 100.0
    }
}
