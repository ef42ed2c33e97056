//! Exports of the registry, as `reg export` and regedit write them: text in UTF-16 (version 5.00) or of one byte a letter
//! (`REGEDIT4`).
//!
//! ```text
//! Windows Registry Editor Version 5.00
//!
//! [HKEY_LOCAL_MACHINE\SOFTWARE\Example]
//! "name"="text"
//! "number"=dword:0000001f
//! "list"=hex(7):61,00,00,00,00,00
//! ```

use std::collections::BTreeMap;

const HEAD: &str = "Windows Registry Editor Version 5.00";
const OLD_HEAD: &str = "REGEDIT4";
const MACHINE: &str = "hkey_local_machine\\";

/// Kinds of values in `hex(kind)`.
const EXPANDING_TEXT: u32 = 2;
const LIST: u32 = 7;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text; variables in it are left as they are.
    Text(String),
    /// A number of 32 bits.
    Number(u32),
    /// Several texts.
    List(Vec<String>),
    /// Something else.
    Other,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Key {
    /// Its path as written.
    path: String,
    /// Names of its values as written, by their names in lower case.
    values: BTreeMap<String, (String, Value)>,
}

/// Keys below `HKEY_LOCAL_MACHINE`; letters' case plays no part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Export {
    /// By their paths in lower case; those above them need not be there.
    keys: BTreeMap<String, Key>,
    /// Lines that could not be read, by their numbers from 1.
    pub unreadable: Vec<usize>,
}

/// Whether a file begins like an export.
#[must_use]
pub fn looks_like_export(start: &[u8]) -> bool {
    let head = text(&start[..start.len().min(2 * HEAD.len() + 16)]);
    head.starts_with(HEAD) || head.starts_with(OLD_HEAD)
}

/// Reads an export; other hives than that of the machine are passed over.
#[must_use]
pub fn read(bytes: &[u8]) -> Export {
    let text = text(bytes);
    let mut export = Export::default();
    let mut current: Option<String> = None;
    let mut lines = text.lines().enumerate().skip(1);
    while let Some((at, line)) = lines.next() {
        let mut line = line.trim().to_owned();
        // a long value goes on behind a backslash at the end of the line
        while line.ends_with('\\') && !line.ends_with("\\\\") {
            line.pop();
            let Some((_, more)) = lines.next() else { break };
            line.push_str(more.trim());
        }
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if let Some(path) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            current = export.enter(path);
            continue;
        }
        match value_line(&line) {
            Some((name, value)) => {
                if let Some(key) = current.as_ref().and_then(|path| export.keys.get_mut(path)) {
                    key.values.insert(name.to_lowercase(), (name, value));
                }
            }
            None => export.unreadable.push(at + 1),
        }
    }
    export
}

impl Export {
    /// The text of a value.
    #[must_use]
    pub fn text(&self, key: &str, name: &str) -> Option<String> {
        match self.value(key, name)? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// The number of a value.
    #[must_use]
    pub fn number(&self, key: &str, name: &str) -> Option<u32> {
        match self.value(key, name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The texts of a value; one text is a list of one.
    #[must_use]
    pub fn list(&self, key: &str, name: &str) -> Vec<String> {
        match self.value(key, name) {
            Some(Value::List(list)) => list.clone(),
            Some(Value::Text(text)) => vec![text.clone()],
            _ => Vec::new(),
        }
    }

    /// The keys right below a key, as they are written.
    #[must_use]
    pub fn keys(&self, key: &str) -> Vec<String> {
        let above = format!("{}\\", key.to_lowercase());
        let depth = above.matches('\\').count();
        let below = self.keys.range(above.clone()..).take_while(|(path, _)| path.starts_with(&above));
        let names =
            below.filter_map(|(path, key)| Some((path.split('\\').nth(depth)?, key.path.split('\\').nth(depth)?)));
        // the same name comes once, however many keys are below it
        names.collect::<BTreeMap<_, _>>().into_values().map(str::to_owned).collect()
    }

    /// The names of the values of a key, as they are written.
    #[must_use]
    pub fn names(&self, key: &str) -> Vec<String> {
        let key = self.keys.get(&key.to_lowercase());
        key.map(|key| key.values.values().map(|(name, _)| name.clone()).collect()).unwrap_or_default()
    }

    /// Takes over another export; where both have a value, the other's counts.
    pub fn extend(&mut self, other: Self) {
        for (path, key) in other.keys {
            let own = self.keys.entry(path).or_default();
            own.path = key.path;
            own.values.extend(key.values);
        }
    }

    fn value(&self, key: &str, name: &str) -> Option<&Value> {
        self.keys.get(&key.to_lowercase())?.values.get(&name.to_lowercase()).map(|(_, value)| value)
    }

    /// Makes a key known; `None` if it is not the machine's.
    fn enter(&mut self, path: &str) -> Option<String> {
        let prefix = path.get(..MACHINE.len())?;
        if !prefix.eq_ignore_ascii_case(MACHINE) {
            return None;
        }
        let path = &path[MACHINE.len()..];
        let known = path.to_lowercase();
        let new = || Key { path: path.to_owned(), ..Key::default() };
        self.keys.entry(known.clone()).or_insert_with(new);
        Some(known)
    }
}

/// `"name"=value`; the value without a name is written `@`.
fn value_line(line: &str) -> Option<(String, Value)> {
    let (name, rest) = match line.strip_prefix('@') {
        Some(rest) => (String::new(), rest),
        None => quoted(line)?,
    };
    Some((name, value(rest.strip_prefix('=')?)?))
}

fn value(text: &str) -> Option<Value> {
    if text.starts_with('"') {
        return quoted(text).filter(|(_, rest)| rest.is_empty()).map(|(text, _)| Value::Text(text));
    }
    if let Some(digits) = text.strip_prefix("dword:") {
        return u32::from_str_radix(digits, 16).ok().map(Value::Number);
    }
    let rest = text.strip_prefix("hex")?;
    let (kind, bytes) = match rest.strip_prefix('(') {
        Some(rest) => {
            let (kind, bytes) = rest.split_once("):")?;
            (u32::from_str_radix(kind, 16).ok()?, bytes)
        }
        None => (3, rest.strip_prefix(':')?),
    };
    let bytes = bytes.split(',').map(str::trim).filter(|byte| !byte.is_empty());
    let bytes: Vec<u8> = bytes.map(|byte| u8::from_str_radix(byte, 16).ok()).collect::<Option<_>>()?;
    let mut texts = utf16(&bytes).split('\0').map(str::to_owned).collect::<Vec<_>>();
    Some(match kind {
        EXPANDING_TEXT => Value::Text(texts.swap_remove(0)),
        LIST => Value::List(texts.into_iter().filter(|text| !text.is_empty()).collect()),
        _ => Value::Other,
    })
}

/// A text in quotes at the front, in which `\` keeps the next letter as it is, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut found = String::new();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => found.push(letters.next()?.1),
            '"' => return Some((found, &rest[at + 1..])),
            _ => found.push(letter),
        }
    }
    None
}

fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As `reg export` writes it.
    const EXPORT: &str = "Windows Registry Editor Version 5.00\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Example]\r\n\
        @=\"default\"\r\n\
        \"Path\"=\"C:\\\\Program Files\\\\\\\"x\\\"\"\r\n\
        \"Number\"=dword:0000001f\r\n\
        \"List\"=hex(7):61,00,00,00,62,00,\\\r\n  63,00,00,00,00,00\r\n\
        \"Expands\"=hex(2):25,00,61,00,25,00,00,00\r\n\
        \"Bytes\"=hex:01,02\r\n\
        \"Empty\"=hex(7):\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Example\\Below]\r\n\r\n\
        [HKEY_CURRENT_USER\\Other]\r\n\
        \"Number\"=dword:00000001\r\n";

    fn in_utf16(text: &str) -> Vec<u8> {
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    }

    #[test]
    fn every_kind_of_value_is_read_in_both_encodings() {
        for bytes in [in_utf16(EXPORT), EXPORT.as_bytes().to_vec()] {
            assert!(looks_like_export(&bytes));
            let export = read(&bytes);
            assert_eq!(export.unreadable, [] as [usize; 0]);
            let key = r"software\microsoft\example";
            assert_eq!(export.text(key, "").as_deref(), Some("default"));
            assert_eq!(export.text(key, "path").as_deref(), Some(r#"C:\Program Files\"x""#));
            assert_eq!(export.number(key, "NUMBER"), Some(31));
            assert_eq!(export.list(key, "list"), ["a", "bc"]);
            assert_eq!(export.text(key, "expands").as_deref(), Some("%a%"));
            assert_eq!((export.text(key, "bytes"), export.list(key, "empty").len()), (None, 0));
            assert_eq!(export.keys(key), ["Below"]);
            assert_eq!(export.keys("SOFTWARE"), ["Microsoft"]);
            assert_eq!(export.names(key).len(), 7);
            assert_eq!((export.keys("other").len(), export.number("other", "number")), (0, None));
        }
        assert!(!looks_like_export(b"regf") && !looks_like_export(b"") && !looks_like_export(&[0xFF, 0xFE]));
    }

    #[test]
    fn lines_that_are_none_are_counted_and_the_rest_is_read() {
        let text = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\A]\nnonsense\n\"open=1\n\"b\"=dword:xyz\n\"c\"=dword:00000002\n";
        let export = read(text.as_bytes());
        assert_eq!((export.unreadable.as_slice(), export.number("a", "c")), (&[3, 4, 5][..], Some(2)));
    }

    #[test]
    fn exports_of_several_keys_are_one() {
        let mut one = read(b"REGEDIT4\n[HKEY_LOCAL_MACHINE\\A\\B]\n\"x\"=\"1\"\n");
        one.extend(read(b"REGEDIT4\n[HKEY_LOCAL_MACHINE\\a\\C]\n\"y\"=\"2\"\n"));
        assert_eq!(one.keys("A"), ["B", "C"]);
        assert_eq!((one.text(r"A\B", "x"), one.text(r"A\C", "y")), (Some("1".into()), Some("2".into())));
    }

    /// A path of many levels must not cost a copy of it for each: a line of a megabyte would take a quarter of a terabyte.
    #[test]
    fn a_path_as_deep_as_it_is_long_costs_no_more_than_its_length() {
        let text = format!("REGEDIT4\n[HKEY_LOCAL_MACHINE\\A{}]\n\"x\"=\"1\"\n", "\\B".repeat(500_000));
        let export = read(text.as_bytes());
        assert_eq!(
            (export.keys("a"), export.keys(r"A\b").len(), export.names("A").len()),
            (vec!["B".to_owned()], 1, 0)
        );
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), place in 0_usize..2000, value: u8) {
            let _ = read(&bytes);
            let mut export = in_utf16(EXPORT);
            let place = place % export.len();
            export[place] = value;
            let _ = (looks_like_export(&export), read(&export));
            let mut export = EXPORT.as_bytes().to_vec();
            let place = place % export.len();
            export[place] = value;
            let _ = read(&export);
        }
    }
}
