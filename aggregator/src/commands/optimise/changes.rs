//! What `--changes` takes: CSV, each line `add,user,device` or `remove,user,device`, made one after the other.

use std::path::Path;

use caliper_licensing::optimise::{Change, Cover};
use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use serde::Serialize;

use super::OptimiseError;
use crate::pairs::Pairs;

/// What the changes did, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    /// Pairs that came.
    pub added: usize,
    /// Pairs that went.
    pub removed: usize,
    /// Users and devices that need a licence now and did not before, or the reverse.
    pub moved: usize,
    /// Whether everything was solved anew, as the changes were many or reached far.
    pub anew: bool,
    /// CPU seconds for all changes.
    pub seconds: f64,
}

/// Reads changes; users and devices that the pairs do not have are added to them.
pub(super) fn read(path: &Path, pairs: &mut Pairs) -> Result<Vec<Change>, OptimiseError> {
    let refuse = |line, found| OptimiseError::Changes { path: path.to_owned(), line, found };
    let input = fs_err::File::open(path).map_err(OptimiseError::ReadChanges)?;
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(input);
    let mut record = StringRecord::new();
    let mut changes = Vec::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(changes),
            Err(error) => match error.into_kind() {
                ErrorKind::Io(source) => return Err(OptimiseError::ReadChanges(source)),
                _ => return Err(refuse(line, "the text is not UTF-8".into())),
            },
        }
        let line = record.position().map_or(line, csv::Position::line);
        let fields: Vec<&str> = record.iter().collect();
        let [what, user, device] = fields[..] else {
            return Err(refuse(line, format!("{} fields", fields.len())));
        };
        match what {
            _ if user.is_empty() || device.is_empty() => return Err(refuse(line, "a name is empty".into())),
            _ if [user, device].iter().any(|name| name.contains(['\n', '\r'])) => {
                return Err(refuse(line, "a name holds a line break".into()));
            }
            "add" => {
                let unknown = |kind, name| refuse(line, format!("{kind} {name:?}, which cannot be added"));
                let user = pairs.users.find_or_add(user).ok_or_else(|| unknown("the user", user))?;
                let device = pairs.devices.find_or_add(device).ok_or_else(|| unknown("the device", device))?;
                changes.push(Change::Add { user, device });
            }
            // what nobody knows is not there
            "remove" => {
                if let (Some(user), Some(device)) = (pairs.users.find(user), pairs.devices.find(device)) {
                    changes.push(Change::Remove { user, device });
                }
            }
            other => return Err(refuse(line, format!("{other:?}"))),
        }
    }
}

/// How many users and devices are in one of the covers and not in the other.
pub(super) fn moved(before: &Cover, after: &Cover) -> usize {
    let differ = |before: &[bool], after: &[bool]| {
        // who is new was not covered
        let before = before.iter().copied().chain(std::iter::repeat(false));
        after.iter().zip(before).filter(|(after, before)| **after != *before).count()
    };
    differ(&before.users, &after.users) + differ(&before.devices, &after.devices)
}
