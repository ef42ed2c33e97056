//! What can be checked without a network: folders, files, dates.

use std::path::Path;

use caliper_proto::Instant;

use super::Check;
use crate::{config::print_duration, identity::Identity, limit::Ended, queue, state::Folder};

/// A queue fuller than this many percent deserves a look.
const NEARLY_FULL: u64 = 80;
/// One fuller than this has no room for a large message.
const FULL: u64 = 98;

pub fn state_folder(folder: &Folder) -> Check {
    const NAME: &str = "state folder";
    let path = folder.path().display();
    if !folder.path().is_dir() {
        return Check::failed(NAME, format!("{path} does not exist: enrol, or set `state` in the configuration"));
    }
    if let Err(error) = tempfile::NamedTempFile::new_in(folder.path()) {
        let advice = "run as the account of the agent, or correct the permissions";
        return Check::failed(NAME, format!("{path} cannot be written ({error}): {advice}"));
    }
    match open_to_others(folder.path()) {
        Some(mode) => Check::warning(NAME, format!("{path} is open to others ({mode:o}): run `chmod 700 {path}`")),
        None => Check::ok(NAME, format!("{path} can be written")),
    }
}

pub fn identity(identity: &Identity, folder: &Folder) -> Check {
    const NAME: &str = "identity";
    let path = folder.identity();
    if !identity.is_consistent() {
        let text = format!("{}: key and certificate do not belong together: enrol with a new token", path.display());
        return Check::failed(NAME, text);
    }
    match open_to_others(&path) {
        Some(_) => Check::failed(NAME, format!("others can read {0}: run `chmod 600 {0}`", path.display())),
        None => Check::ok(NAME, format!("enrolled as {}", identity.subject)),
    }
}

/// The mode of a file or folder that others than its owner may use; Windows protects the folder by its own lists.
#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs_err::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> Option<u32> {
    None
}

/// Whether the agent ended itself for memory and goes slower now.
pub fn memory(folder: &Folder, now: Instant) -> Option<Check> {
    let Ended { times, held, .. } = Ended::load(folder)?;
    let rest = print_duration(Ended::load(folder)?.rest(now));
    let finding = format!(
        "the agent ended itself {times} times in a row, last while it held {held} bytes, and rests {rest} more before it \
         collects: raise `limit.memory` and report it"
    );
    Some(Check::warning("memory", finding))
}

/// Certificate and clock, judged by each other.
pub fn certificate(identity: &Identity, now: Instant) -> Vec<Check> {
    let Some(validity) = identity.validity() else {
        return vec![Check::failed("certificate", "cannot be read: enrol with a new token")];
    };
    let (from, until) = (validity.from.date(), validity.until.date());
    if now < validity.from {
        let finding = format!("says {now}, before the certificate was made on {from}: set this computer's clock");
        return vec![Check::failed("clock", finding)];
    }
    let clock = Check::ok("clock", format!("says {now}"));
    let certificate = if now > validity.until {
        Check::failed("certificate", format!("ended on {until}: if the clock is right, enrol with a new token"))
    } else if validity.is_due(now) {
        let finding =
            format!("ends on {until} and should have been renewed: see that `caliper-agent run` runs and connects");
        Check::warning("certificate", finding)
    } else {
        Check::ok("certificate", format!("valid from {from} to {until}"))
    };
    vec![clock, certificate]
}

/// The folder that is reported instead of this machine.
pub fn evidence(folder: &Path) -> Check {
    const NAME: &str = "evidence";
    match fs_err::read_dir(folder).map(Iterator::count) {
        Ok(0) => Check::failed(NAME, format!("{} is empty: copy artefacts into it", folder.display())),
        Ok(_) => Check::ok(NAME, format!("{} can be read", folder.display())),
        Err(error) => Check::failed(NAME, format!("{error}: correct `collect.from`, or the permissions of the folder")),
    }
}

pub fn queue(folder: &Folder, most: u64) -> Check {
    const NAME: &str = "queue";
    let path = folder.queue();
    let health = match queue::inspect(&path) {
        Ok(health) => health,
        Err(error) => return Check::failed(NAME, format!("{error}: correct the permissions")),
    };
    let used = if health.in_use { "in use by a running agent" } else { "not in use" };
    let (messages, bytes) = (health.messages, health.bytes);
    let found = format!("{messages} messages wait in {bytes} bytes, {used}");
    // a running agent may be in the middle of a record
    if let (Some(damage), false) = (health.damages.first(), health.in_use) {
        return Check::warning(NAME, format!("{damage}; the next run repairs it and collects again"));
    }
    if messages > 0 && bytes > most / 100 * FULL {
        let advice = "new evidence is given up; see below why nothing is delivered, or raise `queue.max_bytes`";
        return Check::failed(NAME, format!("{found}, full: {advice}"));
    }
    if messages > 0 && bytes > most / 100 * NEARLY_FULL {
        let advice = "see below why nothing is delivered, or raise `queue.max_bytes`";
        return Check::warning(NAME, format!("{found}, nearly full: {advice}"));
    }
    if health.dropped > 0 {
        let text = format!("{found}; {} did not fit since installation: raise `queue.max_bytes`", health.dropped);
        return Check::warning(NAME, text);
    }
    Check::ok(NAME, found)
}
