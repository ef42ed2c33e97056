//! Pairs as CSV: two columns, `user,device`, RFC 4180 quoting, an optional header of these words. With the header
//! `user,device,level` there are three, the last a number from 1 to 255.
//! Names are any text without line breaks; spaces around them do not count.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use ::csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::{Names, Pairs, PairsError};

pub(super) fn read(path: &Path, input: impl Read) -> Result<Pairs, PairsError> {
    let refuse = |line, found: &str| PairsError::Csv { path: path.to_owned(), line, found: found.to_owned() };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(input);
    let (mut users, mut devices) = (HashMap::new(), HashMap::new());
    let (mut pairs, mut levels) = (Vec::new(), Vec::new());
    let mut columns = 2;
    let mut record = StringRecord::new();
    let mut first = true;
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => match error.into_kind() {
                ErrorKind::Io(source) => return Err(PairsError::Read(source)),
                _ => return Err(refuse(line, "the text is not UTF-8")),
            },
        }
        let line = record.position().map_or(line, ::csv::Position::line);
        let count = record.len();
        let names_level = record.get(2).is_some_and(|name| name.eq_ignore_ascii_case("level"));
        if first && count == 3 && names_level {
            columns = 3;
        }
        let (Some(user), Some(device), true) = (record.get(0), record.get(1), count == columns) else {
            return Err(refuse(line, &format!("{count} fields")));
        };
        let is_header = user.eq_ignore_ascii_case("user") && device.eq_ignore_ascii_case("device");
        let is_turned = user.eq_ignore_ascii_case("device") && device.eq_ignore_ascii_case("user");
        match std::mem::take(&mut first) {
            true if is_header => continue,
            true if is_turned => return Err(refuse(line, "the columns the other way round")),
            _ => {}
        }
        if user.is_empty() || device.is_empty() {
            return Err(refuse(line, "a name is empty"));
        }
        if user.contains(['\n', '\r']) || device.contains(['\n', '\r']) {
            return Err(refuse(line, "a name holds a line break"));
        }
        if let Some(level) = record.get(2) {
            let level = level.parse().ok().filter(|level| *level > 0);
            levels.push(level.ok_or_else(|| refuse(line, "a level that is no number from 1 to 255"))?);
        }
        pairs.push((number(&mut users, user), number(&mut devices, device)));
    }
    Ok(Pairs { users: Names::Text(users), devices: Names::Text(devices), pairs, levels })
}

/// The number of `name`, a new one if it has none yet.
fn number(names: &mut HashMap<String, u32>, name: &str) -> u32 {
    if let Some(&known) = names.get(name) {
        return known;
    }
    let next = names.len() as u32;
    names.insert(name.to_owned(), next);
    next
}
