//! The machine this program runs on, if it is a Windows Server.

use caliper_proto::Instant;

use super::{CollectError, Collected, Progress};
use crate::rows::Table;

/// Describes the machine this program runs on; one that is no Windows Server is an error that says what it is.
///
/// Of accesses come those that were logged since `progress`, and the sessions of this moment; they go through `rows`.
#[cfg(windows)]
pub fn collect_local(now: Instant, progress: &Progress, mut rows: Table) -> Result<Collected, CollectError> {
    // this machine is there for others
    let _modest = caliper_windows::process::Background::begin();
    let mut answers = super::live::state();
    // a machine that is refused is asked no more
    answers.system.describe(&mut Vec::new())?;
    let progress = super::live::evidence(&mut answers, now, progress, &mut rows);
    let (server, warnings) = super::windows::describe(&answers, now, &mut rows)?;
    Ok(Collected { server, rows: rows.finish().map_err(CollectError::Scratch)?, warnings, progress })
}

/// Describes the machine this program runs on, which is no Windows Server: an error that says what it is.
#[cfg(not(windows))]
pub fn collect_local(_now: Instant, _progress: &Progress, _rows: Table) -> Result<Collected, CollectError> {
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
        match collect_local(Instant::default(), &Progress::default(), Table::default()) {
            Ok(collected) => assert!(cfg!(windows) && !collected.server.name.is_empty()),
            Err(error) => assert!(error.to_string().contains("no Windows Server"), "{error}"),
        }
    }
}
