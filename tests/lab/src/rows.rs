//! Report files with any number of different access rows, for tests of delivery.

use std::{fmt::Write as _, io::Write as _, path::Path};

use caliper_proto::{Report, ReportError};

/// Rows in one file: what an agent reads at once stays small.
pub const ROWS_PER_FILE: u64 = 100_000;

/// Writes `count` rows of the server `name` as numbered report files into `folder`. No two rows have the same key.
pub fn write(folder: &Path, name: &str, count: u64) -> std::io::Result<()> {
    fs_err::create_dir_all(folder)?;
    for (file, first) in (0..count).step_by(ROWS_PER_FILE as usize).enumerate() {
        let mut out = std::io::BufWriter::new(fs_err::File::create(folder.join(format!("rows-{file:03}.json")))?);
        writeln!(
            out,
            "{{\"format\":\"caliper.report/1\",\"server\":{{\"name\":\"{name}\",\"domain\":\"nordwind.example\",\
             \"edition\":\"Standard\",\"version\":\"2022\",\"build\":20348,\"product_type\":3,\"sockets\":2,\
             \"cores\":16,\"is_virtual\":false}},\"accesses\":["
        )?;
        let mut line = String::new();
        for number in first..count.min(first + ROWS_PER_FILE) {
            line.clear();
            let _ = row(&mut line, number);
            if number != first {
                out.write_all(b",\n")?;
            }
            out.write_all(line.as_bytes())?;
        }
        out.write_all(b"\n],\"warnings\":[]}\n")?;
        out.flush()?;
    }
    Ok(())
}

/// Person `number / 10` at ten machines; every row has days, times and a total of its own.
fn row(line: &mut String, number: u64) -> std::fmt::Result {
    let (person, machine) = (number / 10, number % 10 + number / 1000 * 10);
    let (day, total) = (number % 28 + 1, number % 900 + 1);
    write!(
        line,
        "{{\"source\":\"user-access-logging\",\"service\":\"File Server\",\
         \"role_guid\":\"10a9226f-50ee-49d8-a393-9a501d47ce04\",\"principal\":\"nordwind\\\\u{person:06}\",\
         \"client\":\"10.{}.{}.{}\",\"first\":\"2026-09-01T06:00:00Z\",\"last\":\"2026-09-{day:02}T18:00:{:02}Z\",\
         \"total\":{total},\"days\":[\"2026-09-{day:02}\"]}}",
        machine >> 16 & 255,
        machine >> 8 & 255,
        machine & 255,
        number % 60,
    )
}

/// Reads all report files of a folder back as one.
pub fn read(folder: &Path) -> Result<Vec<Report>, ReportError> {
    let mut paths: Vec<_> =
        fs_err::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| Report::from_json(&fs_err::read_to_string(path).unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_many_different_ones_as_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "NW-FS9", 2_500).unwrap();
        let rows =
            caliper_proto::merge_all(read(folder.path()).unwrap().into_iter().flat_map(|report| report.accesses));
        assert_eq!(rows.len(), 2_500);
    }
}
