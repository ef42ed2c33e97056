//! Collecting: what one server can say about itself, as one report.
//!
//! [`collect_from`] reads artefacts that somebody copied from a server; [`collect_local`] describes the machine it runs
//! on. Formats are read in `caliper-evidence`; here their rows become rows of a [`Table`]. Nothing here knows of delivery.

#[cfg(any(windows, test))]
mod access_log;
mod edition;
mod evidence;
mod folder;
#[cfg(any(windows, test))]
mod guests;
mod installed;
#[cfg(windows)]
mod live;
mod local;
#[cfg(any(windows, test))]
mod logs;
mod progress;
mod registry;
mod server;
#[cfg(any(windows, test))]
mod sessions;
mod sign_ins;
mod system;
#[cfg(any(windows, test))]
mod topology;
mod user_access;
#[cfg(any(windows, test))]
mod windows;
#[cfg(any(windows, test))]
mod wmi;

use std::{
    io,
    path::{Path, PathBuf},
};

use caliper_proto::ReportError;

pub use local::collect_local;
pub use progress::{Collected, Progress};
pub use registry::VALUES as REGISTRY;
pub use user_access::MOST_NAMES;

use crate::rows::Table;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A folder or file cannot be read at all; the source names it.
    #[error("the evidence cannot be read; check that the folder exists and that this account may read all of it")]
    Unreadable(#[source] io::Error),
    /// A copy lacks its end, so counting it would silently count too little.
    #[error("{path}: {problem}; copy the file again (stop the service or use a shadow copy) and collect once more")]
    CutOff {
        /// Of the database.
        path: PathBuf,
        /// Which page is missing.
        problem: caliper_evidence::ese::EseError,
    },
    /// What does not fit into memory could not be kept on disk.
    #[error(
        "the rows read so far cannot be kept on disk: free some space there or correct the permissions, then collect once more"
    )]
    Scratch(#[source] io::Error),
    /// Artefacts were recognised, but none could be used.
    #[error("{path}: nothing in it could be read ({problems}); copy the files from the server again")]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// One sentence per artefact.
        problems: String,
    },
    /// Nothing recognised.
    #[error(
        "{path}: none of its {files} files is evidence of a Windows server; copy the server's System32\\LogFiles\\Sum \
         and its .evtx files into it"
    )]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// Files looked at.
        files: usize,
    },
    /// The evidence is of another kind of machine.
    #[error("{machine} is no Windows Server ({why}); use `collect --from DIR` on files copied from a server")]
    NotAServer {
        /// Name of the machine.
        machine: String,
        /// What it is instead.
        why: String,
    },
    /// Databases of different servers lie in one folder.
    #[error("{path}: holds the evidence of several servers ({servers}); collect from one folder for each server")]
    SeveralServers {
        /// The folder.
        path: PathBuf,
        /// Their names.
        servers: String,
    },
    /// A report file in the folder is no good.
    #[error("{path}: a report file that cannot be used; write it again or take it out of the folder")]
    Report {
        /// Of the file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ReportError,
    },
}

/// The questions of a collection that Windows refuses to answer to this account, in sentences.
#[cfg(windows)]
#[must_use]
pub fn refused() -> Vec<String> {
    live::state().problems
}

/// Reads a folder of artefacts copied from one server, however they lie in it; their rows go through `rows`.
///
/// Files are recognised by their content: UAL databases, event logs, SMBIOS tables, registry exports, report files. Damage that can be
/// stepped over becomes a warning in the report.
pub fn collect_from(dir: &Path, rows: Table) -> Result<Collected, CollectError> {
    evidence::collect(dir, rows)
}
