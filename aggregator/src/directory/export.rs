//! Directories that cannot be reached: what was exported to a file, LDIF (RFC 2849; `ldifde`, `ldapsearch`) or CSV with a column for
//! each attribute (`csvde`, `Export-Csv` of `Get-ADUser` and `Get-ADComputer`).

use std::{
    io::{BufRead, BufReader, Read as _},
    path::Path,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use caliper_proto::Instant;

use super::{DirectorySettings, Kind, Problem, Snapshot, active_directory, entry::Entry, plain};

/// Longest line, and with those that continue it longest value, in bytes.
const LONGEST: usize = 16 << 20;
/// Longest file in bytes.
const LARGEST: u64 = 4 << 30;
/// Most entries.
const MOST: usize = 5_000_000;

/// Reads an export and understands it as what a server would have answered.
pub(super) fn read(path: &Path, settings: &DirectorySettings, now: Instant) -> Result<Snapshot, Problem> {
    let unreadable =
        |source: std::io::Error| Problem::ExportFile { path: path.to_owned(), source: source.kind().into() };
    let mut file = BufReader::new(fs_err::File::open(path).map_err(unreadable)?);
    if fs_err::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(wrong(path, 1, "more than 4 GiB: split the export into several directories"));
    }
    let start = file.fill_buf().map_err(unreadable)?;
    let skip = match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(wrong(path, 1, "it is UTF-16: export without -u, or save it as UTF-8"));
        }
        [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    };
    file.consume(skip);
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let entries = if is_csv { csv(path, file)? } else { ldif(path, file)? };
    let is_domain = || entries.iter().any(|entry| !entry.text("samaccountname").is_empty());
    Ok(match settings.kind {
        Some(Kind::ActiveDirectory) => active_directory::exported(&entries, settings, now),
        None if is_domain() => active_directory::exported(&entries, settings, now),
        Some(Kind::Ldap) | None => plain::exported(&entries, settings),
    })
}

fn wrong(path: &Path, line: u64, detail: &str) -> Problem {
    Problem::Export { path: path.to_owned(), line, detail: detail.to_owned() }
}

/// Entries of an LDIF file; those that change something else than adding are refused.
fn ldif(path: &Path, file: impl BufRead) -> Result<Vec<Entry>, Problem> {
    let mut lines = Lines { path, file, number: 0, next: None };
    let mut entries: Vec<Entry> = Vec::new();
    let (mut open, mut told) = (false, false);
    while let Some((number, line)) = lines.logical()? {
        if line.is_empty() {
            (open, told) = (false, false);
            continue;
        }
        let (name, value) = pair(path, number, &line)?;
        match (open, name.to_lowercase().as_str()) {
            (false, "version") => {}
            // what `ldapsearch` writes at the end: referrals, and whether that was all
            (false, "ref" | "search") => told = true,
            (false, "result") if told && !matches!(value.as_slice(), [b'0', b' ', ..]) => {
                let result = String::from_utf8_lossy(&value).into_owned();
                return Err(wrong(
                    path,
                    number,
                    &format!("the export broke off with result {result}: export everything"),
                ));
            }
            (false, _) if told => {}
            (false, "dn") => {
                let dn = String::from_utf8(value).map_err(|_| wrong(path, number, "the name is no UTF-8"))?;
                if entries.len() == MOST {
                    return Err(wrong(path, number, "more than 5,000,000 entries: split the export"));
                }
                let mut entry = Entry::default();
                entry.dn = dn;
                entries.push(entry);
                open = true;
            }
            (false, _) => return Err(wrong(path, number, "an entry must begin with `dn:`")),
            (true, "changetype") if value.eq_ignore_ascii_case(b"add") => {}
            (true, "changetype") => {
                return Err(wrong(path, number, "only whole entries can be read: export again instead of changes"));
            }
            (true, _) => {
                if let Some(entry) = entries.last_mut() {
                    entry.add(&name, vec![value]);
                    if !entry.unfinished.is_empty() {
                        return Err(wrong(path, number, "a part of the values only: export the attribute whole"));
                    }
                }
            }
        }
    }
    Ok(entries)
}

/// `name: text` or `name:: base 64`.
fn pair(path: &Path, number: u64, line: &[u8]) -> Result<(String, Vec<u8>), Problem> {
    let colon = line.iter().position(|byte| *byte == b':');
    let Some((name, rest)) = colon.map(|at| (&line[..at], &line[at + 1..])) else {
        return Err(wrong(path, number, "no `name: value`"));
    };
    let name = String::from_utf8_lossy(name).into_owned();
    let value = match rest {
        [b':', coded @ ..] => BASE64_STANDARD
            .decode(coded.trim_ascii())
            .map_err(|_| wrong(path, number, &format!("the value of `{name}` is no base 64")))?,
        [b'<', ..] => {
            return Err(wrong(path, number, "values in other files are not read: export them with the entry"));
        }
        plain => plain.trim_ascii().to_vec(),
    };
    Ok((name, value))
}

/// Lines with those that continue them, without comments.
struct Lines<'a, R> {
    path: &'a Path,
    file: R,
    number: u64,
    next: Option<Vec<u8>>,
}

impl<R: BufRead> Lines<'_, R> {
    fn logical(&mut self) -> Result<Option<(u64, Vec<u8>)>, Problem> {
        loop {
            let first = match self.next.take() {
                Some(line) => Some(line),
                None => self.physical()?,
            };
            let Some(mut line) = first else { return Ok(None) };
            let number = self.number;
            while let Some(more) = self.physical()? {
                if more.first() != Some(&b' ') || line.is_empty() {
                    self.next = Some(more);
                    break;
                }
                line.extend_from_slice(&more[1..]);
                if line.len() > LONGEST {
                    return Err(wrong(self.path, self.number, "a value of more than 16 MiB"));
                }
            }
            if line.first() != Some(&b'#') {
                return Ok(Some((number, line)));
            }
        }
    }

    fn physical(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut line = Vec::new();
        let read = (&mut self.file).take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
        let unreadable =
            |source: std::io::Error| Problem::ExportFile { path: self.path.to_owned(), source: source.kind().into() };
        if read.map_err(unreadable)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.len() > LONGEST {
            return Err(wrong(self.path, self.number, "a line of more than 16 MiB"));
        }
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// Columns of which a cell may hold several values, between semicolons.
const SEVERAL: [&str; 5] = ["objectclass", "member", "uniquemember", "serviceprincipalname", "sidhistory"];

/// Entries of a CSV file: the first row names the attributes.
fn csv(path: &Path, file: impl BufRead) -> Result<Vec<Entry>, Problem> {
    let damaged = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        wrong(path, line, &format!("no CSV ({error})"))
    };
    let mut table = csv::ReaderBuilder::new().flexible(false).from_reader(file);
    let names: Vec<String> = table
        .headers()
        .map_err(damaged)?
        .iter()
        .map(|name| match name.trim().to_lowercase().as_str() {
            "distinguishedname" => "dn".to_owned(),
            "sid" => "objectsid".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if !names.iter().any(|name| name == "samaccountname" || name == "uid") {
        return Err(wrong(path, 1, "no column `sAMAccountName` or `uid`: the first row names the attributes"));
    }
    let mut entries = Vec::new();
    for row in table.records() {
        let row = row.map_err(damaged)?;
        let line = row.position().map_or(0, csv::Position::line);
        if entries.len() == MOST {
            return Err(wrong(path, line, "more than 5,000,000 entries: split the export"));
        }
        let mut entry = Entry::default();
        for (name, cell) in names.iter().zip(&row).filter(|(_, cell)| !cell.is_empty()) {
            match name.as_str() {
                "dn" => cell.clone_into(&mut entry.dn),
                // as PowerShell says it
                "enabled" if cell.eq_ignore_ascii_case("false") => {
                    entry.add("userAccountControl", vec![b"2".to_vec()]);
                }
                several if SEVERAL.contains(&several) => {
                    let values = cell.split(';').map(|value| value_of(name, value.trim())).collect();
                    entry.add(name, values);
                }
                _ => entry.add(name, vec![value_of(name, cell)]),
            }
        }
        if entry.dn.is_empty() {
            entry.dn = format!("CN={}", entry.first_text(&["samaccountname", "uid"]));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Bytes as a server sends them: `csvde` writes those that are no text as `X'0a1b'`, PowerShell writes SIDs and GUIDs as text.
fn value_of(name: &str, cell: &str) -> Vec<u8> {
    let hexadecimal = cell.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\''));
    let bytes = match name {
        "objectguid" if hexadecimal.is_none() => {
            uuid::Uuid::parse_str(cell).ok().map(|guid| guid.to_bytes_le().to_vec())
        }
        "objectsid" | "sidhistory" if hexadecimal.is_none() => super::entry::sid_bytes(cell),
        _ => hexadecimal.and_then(|digits| {
            let pairs = digits.as_bytes().chunks(2);
            pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
        }),
    };
    bytes.unwrap_or_else(|| cell.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::AccountKind;

    const LDIF: &str = "\u{feff}version: 1

# extended LDIF
dn: CN=Jane Doe,OU=Staff,DC=corp,DC=ex
 ample
changetype: add
objectClass: top
objectClass: user
objectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAATQQAAA==
sAMAccountName: jane
displayName:: SsOkbmU=
userAccountControl: 514

dn: CN=Admins,DC=corp,DC=example\r
objectClass: group\r
objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAAAAIAAA==\r
sAMAccountName: Domain Admins\r
member: CN=Inner,DC=corp,DC=example\r
\r
dn: CN=Inner,DC=corp,DC=example
objectClass: group
member: cn=jane doe,ou=staff,dc=corp,dc=example
";

    fn read_as(name: &str, text: &str) -> Result<Snapshot, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs_err::write(&path, text).unwrap();
        let settings: DirectorySettings = toml::from_str("name = 'corp'\nfile = 'x'").unwrap();
        read(&path, &settings, Instant::default())
    }

    #[test]
    fn an_export_is_understood_like_an_answer() {
        let snapshot = read_as("corp.ldif", LDIF).unwrap();
        let domain = (snapshot.kind, snapshot.base.as_str(), snapshot.netbios.as_str(), snapshot.dns.as_str());
        assert_eq!(domain, (Kind::ActiveDirectory, "DC=corp,DC=example", "corp", "corp.example"));
        let [jane] = snapshot.accounts.as_slice() else { panic!("{snapshot:?}") };
        assert_eq!(jane.dn, "CN=Jane Doe,OU=Staff,DC=corp,DC=example");
        assert_eq!((jane.name.as_str(), jane.display_name.as_str()), ("jane", "Jäne"));
        assert_eq!(jane.guid, "04030201-0605-0807-090a-0b0c0d0e0f10");
        assert_eq!(jane.sid, "S-1-5-21-1-2-3-1101");
        assert_eq!((jane.kind, jane.enabled, jane.administrator), (AccountKind::User, false, true));
    }

    #[test]
    fn tables_of_each_tool_come_to_the_same() {
        let csvde = "DN,objectClass,objectGUID,objectSid,sAMAccountName,userAccountControl\n\
             \"CN=Jane,DC=corp,DC=example\",top;person;user,X'0102030405060708090a0b0c0d0e0f10',\
             X'0105000000000005150000000100000002000000030000004d040000',jane,514\n";
        let powershell = "\"DistinguishedName\",\"Enabled\",\"ObjectClass\",\"ObjectGUID\",\"SamAccountName\",\"SID\"\n\
             \"CN=Jane,DC=corp,DC=example\",\"False\",\"user\",\"04030201-0605-0807-090a-0b0c0d0e0f10\",\"jane\",\"S-1-5-21-1-2-3-1101\"\n";
        let one = read_as("a.csv", csvde).unwrap();
        assert_eq!(one.accounts.len(), 1);
        let account = &one.accounts[0];
        assert_eq!((account.sid.as_str(), account.enabled), ("S-1-5-21-1-2-3-1101", false));
        assert_eq!(read_as("b.CSV", powershell).unwrap(), one);
    }

    #[test]
    fn a_plain_directory_is_one_by_its_attributes() {
        let text = "dn: uid=u1,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: u1\nentryUUID: 6f3e2d1c-0000-4000-8000-00000000000a\n\n\
             dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n\n\
             # search reference\nref: ldap://other/dc=x\n\nsearch: 2\nresult: 0 Success\ncontrol: 1.2 false x\n";
        let snapshot = read_as("plain.ldif", text).unwrap();
        assert_eq!((snapshot.kind, snapshot.dns.as_str(), snapshot.accounts.len()), (Kind::Ldap, "example.com", 1));
    }

    #[test]
    fn damage_is_named_by_file_and_line() {
        for (name, text, part) in [
            ("a.ldif", "dn: cn=a\nno colon here\n", "a.ldif` line 2: no `name: value`"),
            ("a.ldif", "version: 1\n\nuid: a\n", "line 3: an entry must begin with `dn:`"),
            ("a.ldif", "dn: cn=a\nchangetype: modify\n", "line 2: only whole entries"),
            ("a.ldif", "dn: cn=a\nmail:: %%%\n", "line 2: the value of `mail` is no base 64"),
            ("a.ldif", "dn: cn=a\njpegPhoto:< file:///etc/passwd\n", "line 2: values in other files"),
            ("a.ldif", "dn: cn=a\nmember;range=0-1499: cn=b\n", "line 2: a part of the values only"),
            (
                "a.ldif",
                "dn: cn=a\nuid: a\n\nsearch: 2\nresult: 4 Size limit exceeded\n",
                "line 5: the export broke off with result 4",
            ),
            ("a.ldif", "dn:: /w==\n", "line 1: the name is no UTF-8"),
            ("a.csv", "name,mail\na,b\n", "line 1: no column `sAMAccountName` or `uid`"),
            ("a.csv", "uid,mail\na,b\nc\n", "line 3: no CSV"),
        ] {
            let error = read_as(name, text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide.ldif");
        fs_err::write(&path, b"\xff\xfed\0n\0").unwrap();
        let settings: DirectorySettings = toml::from_str("name = 'corp'\nfile = 'x'").unwrap();
        assert!(read(&path, &settings, Instant::default()).unwrap_err().to_string().contains("it is UTF-16"));
        let missing = read(&folder.path().join("no"), &settings, Instant::default()).unwrap_err().to_string();
        assert!(missing.contains("cannot be read (entity not found): check `file`"), "{missing}");
    }
}
