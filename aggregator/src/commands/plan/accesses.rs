//! Accesses as CSV: columns `user,device[,server]`, a header of these words is optional; an empty field means unknown.

use std::{io::Read, path::Path};

use caliper_licensing::EstateFile;
use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};

use super::PlanError;

/// Rows read before they are added, so that looking up their names can overlap.
const BATCH: usize = 64;

/// Adds all rows of `input`, which is the file at `path`.
pub(super) fn add(file: &mut EstateFile, path: &Path, input: impl Read) -> Result<(), PlanError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 18).from_reader(input);
    let mut records = vec![StringRecord::new(); BATCH];
    let wrong = |line, found| PlanError::Accesses { path: path.to_owned(), line, found };
    let mut first = true;
    loop {
        let mut count = 0;
        let mut end = None;
        while count < BATCH && end.is_none() {
            let line = reader.position().line();
            match reader.read_record(&mut records[count]) {
                Ok(true) => count += 1,
                Ok(false) => end = Some(Ok(())),
                Err(error) => {
                    end = Some(Err(match error.into_kind() {
                        ErrorKind::Io(source) => PlanError::Read(source),
                        _ => wrong(line, "text that is not UTF-8".into()),
                    }));
                }
            }
        }
        let read = &records[..count];
        let column = |at| read.iter().map(move |record| field(record, at));
        file.look_ahead(column(0), column(1));
        for record in read {
            let line = record.position().map_or(0, Position::line);
            if !(2..=3).contains(&record.len()) {
                return Err(wrong(line, format!("{} field(s)", record.len())));
            }
            let (user, device, server) = (field(record, 0), field(record, 1), field(record, 2));
            let is_header = user.eq_ignore_ascii_case("user") && device.eq_ignore_ascii_case("device");
            let is_turned = user.eq_ignore_ascii_case("device") && device.eq_ignore_ascii_case("user");
            match std::mem::take(&mut first) {
                true if is_header => continue,
                true if is_turned => return Err(wrong(line, "the columns the other way round".into())),
                _ => {}
            }
            file.add(&format_args!("line {line}"), user, device, server)
                .map_err(|source| PlanError::File { path: path.to_owned(), source })?;
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// The field without the spaces around it; what is missing is empty.
fn field(record: &StringRecord, at: usize) -> &str {
    record.get(at).unwrap_or("").trim()
}
