//! `people.mapping` of the configuration: a CSV file in which somebody approved whose accounts are whose.

use std::path::{Path, PathBuf};

/// Larger files are refused unread: room for a million accounts.
const LARGEST: u64 = 128 << 20;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    /// From 1, the header included.
    pub line: u64,
    /// `domain\name`, user principal name or SID.
    pub account: String,
    /// The same for all accounts of one person.
    pub person: String,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{}`, named by `people.mapping`, {problem}", path.display())]
pub struct MappingError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub problem: String,
}

/// Reads the file, whole or not at all.
pub(super) fn read(path: &Path) -> Result<Vec<Mapped>, MappingError> {
    let refused = |problem: String| MappingError { path: path.to_owned(), problem };
    let unread = |error: std::io::Error| refused(format!("cannot be read ({error}): correct the path or its rights"));
    let size = fs_err::metadata(path).map_err(unread)?.len();
    if size > LARGEST {
        return Err(refused(format!("has {size} bytes, more than {LARGEST}: name a file with `account,person` only")));
    }
    parse(&fs_err::read_to_string(path).map_err(unread)?).map_err(refused)
}

fn parse(text: &str) -> Result<Vec<Mapped>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|error| format!("has no header ({error}): begin with `account,person`"))?;
    let place = |wanted: &str| headings.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let (Some(account), Some(person)) = (place("account"), place("person")) else {
        return Err("has no column `account` or none `person`: begin with the line `account,person`".into());
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("is no CSV ({error}): correct that line"))?;
        // empty lines before a record are part of its position
        let line = record.position().map_or(0, |start| {
            let rest = text.get(start.byte() as usize..).unwrap_or_default();
            start.line()
                + rest.bytes().take_while(|byte| b"\r\n".contains(byte)).filter(|byte| *byte == b'\n').count() as u64
        });
        let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let (account, person) = (field(account), field(person));
        if account.is_empty() || person.is_empty() {
            return Err(format!("line {line}: an account or a person is missing: fill both in or remove the line"));
        }
        rows.push(Mapped { line, account, person });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_columns_in_any_order_and_beside_others() {
        let rows = parse("\u{feff}Person,note,Account\n7,x,lab\\jane\n\"a, b\",,jane@lab.net\n").unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.line, &*row.account, &*row.person)).collect();
        assert_eq!(found, [(2, "lab\\jane", "7"), (3, "jane@lab.net", "a, b")]);
        assert_eq!(parse("account,person\n").unwrap(), []);
    }

    #[test]
    fn a_bad_file_is_refused_by_line() {
        for (text, part) in [
            ("", "`account,person`"),
            ("account;person\na;b\n", "no column `account`"),
            ("account,person\na\n", "line: 2"),
            ("account,person\na,1\n\nb,\n", "line 4: an account or a person is missing"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(part), "{text:?}: {problem}");
        }
        let problem = read(Path::new("/nowhere/people.csv")).unwrap_err().to_string();
        assert!(problem.starts_with("`/nowhere/people.csv`, named by `people.mapping`, cannot be read"), "{problem}");
    }
}
