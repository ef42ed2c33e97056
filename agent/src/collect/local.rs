//! The machine this program runs on, if it is a Windows Server.

use caliper_proto::{Instant, Report};

use super::CollectError;

/// Describes the machine this program runs on; one that is no Windows Server is an error that says what it is.
///
/// Of accesses only the sessions of this moment are read from a running system. The report says so.
#[cfg(windows)]
pub fn collect_local(now: Instant) -> Result<Report, CollectError> {
    // this machine is there for others
    let _modest = caliper_windows::process::Background::begin();
    super::windows::describe(&super::live::answers(), now)
}

/// Describes the machine this program runs on, which is no Windows Server: an error that says what it is.
#[cfg(not(windows))]
pub fn collect_local(_now: Instant) -> Result<Report, CollectError> {
    use sysinfo::System;
    let machine = System::host_name().unwrap_or_default();
    let system = System::long_os_version().or_else(|_| System::name()).unwrap_or_default();
    let number = |number: Option<usize>| number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
    let cores = number(System::physical_core_count().ok());
    let logical = number(std::thread::available_parallelism().ok().map(usize::from));
    let why = format!("{system}, cores: {cores}, logical processors: {logical}");
    Err(CollectError::NotAServer { machine, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_answers() {
        // whatever it is, the answer names it
        match collect_local(Instant::default()) {
            Ok(report) => assert!(cfg!(windows) && !report.server.name.is_empty()),
            Err(error) => assert!(error.to_string().contains("no Windows Server"), "{error}"),
        }
    }
}
