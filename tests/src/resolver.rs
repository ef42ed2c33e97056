//! Programs that ask another name server than this machine does.

use std::{path::Path, process::Command};

use crate::process::finish;

/// The same command in a view of the file system of its own, where `/etc/resolv.conf` is this file; `None`, after one line on
/// standard error, if this account may not do that.
#[must_use]
pub fn with_resolver(command: &Command, file: &Path) -> Option<Command> {
    const SCRIPT: &str = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
    if !finish(Command::new("unshare").args(["--mount", "true"])).status.success() {
        eprintln!("skipped: no view of the file system of its own for a program: run as root");
        return None;
    }
    let mut inside = Command::new("unshare");
    inside.args(["--mount", "sh", "-c", SCRIPT]).arg(file).arg(command.get_program()).args(command.get_args());
    Some(inside)
}
