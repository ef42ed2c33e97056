//! Collection: what this machine, or a folder of artefacts, says.

use std::{io, path::Path, path::PathBuf};

use caliper_proto::{Instant, Report, ReportError, merge_all};

/// Why nothing could be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The folder cannot be read.
    #[error("cannot read the artefacts: name a folder that this account may read")]
    Read(#[source] io::Error),
    /// A report file is damaged.
    #[error("{path}: not a report this program reads", path = path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ReportError,
    },
    /// Nothing known in the folder.
    #[error("{0}: no artefacts found: name a folder that holds some")]
    Nothing(PathBuf),
    /// This machine cannot be read.
    #[error("this machine cannot be collected: use `--from DIR`")]
    Machine,
}

/// Reads a folder of report files.
pub fn collect_from(folder: &Path) -> Result<Report, CollectError> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(CollectError::Read)? {
        let path = entry.map_err(CollectError::Read)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut whole: Option<Report> = None;
    for path in paths {
        let text = fs_err::read_to_string(&path).map_err(CollectError::Read)?;
        let report = Report::from_json(&text).map_err(|source| CollectError::Report { path, source })?;
        match &mut whole {
            None => whole = Some(report),
            Some(whole) => {
                whole.accesses.extend(report.accesses);
                whole.warnings.extend(report.warnings);
            }
        }
    }
    let mut report = whole.ok_or_else(|| CollectError::Nothing(folder.to_owned()))?;
    report.accesses = merge_all(report.accesses);
    Ok(report)
}

/// Reads the machine it runs on.
pub fn collect_local(_now: Instant) -> Result<Report, CollectError> {
    Err(CollectError::Machine)
}
