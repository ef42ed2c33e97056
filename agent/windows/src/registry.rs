//! Values below `HKEY_LOCAL_MACHINE`, always in the 64-bit view.

use std::{ffi::c_void, ptr};

use windows_sys::Win32::{
    Foundation::{ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS, ERROR_SUCCESS, ERROR_UNSUPPORTED_TYPE},
    System::Registry::{
        HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_SZ,
        REG_VALUE_TYPE, RRF_RT_REG_DWORD, RRF_RT_REG_MULTI_SZ, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegCloseKey,
        RegDeleteTreeW, RegEnumKeyExW, RegEnumValueW, RegGetValueW, RegOpenKeyExW, RegSetKeyValueW,
    },
};

use crate::{
    WindowsError,
    text::{narrow, wide},
};

/// More bytes than this are no setting but a mistake.
const LONGEST: u32 = 1 << 20;

/// A text, with `%variables%` filled in; `None` if there is no such key or value, or the value is no text.
pub fn text(key: &str, name: &str) -> Result<Option<String>, WindowsError> {
    let mut units = vec![0_u16; 256];
    loop {
        let mut bytes = (units.len() * 2) as u32;
        match get(key, name, RRF_RT_REG_SZ, units.as_mut_ptr().cast(), &mut bytes) {
            ERROR_SUCCESS => {
                units.truncate(bytes as usize / 2);
                return Ok(Some(narrow(&units)));
            }
            ERROR_MORE_DATA if bytes <= LONGEST && bytes as usize > units.len() * 2 => {
                units.resize((bytes as usize).div_ceil(2), 0);
            }
            code => return absent_or(code, key),
        }
    }
}

/// A number of 32 bits; `None` if there is no such key or value, or the value is no number.
pub fn number(key: &str, name: &str) -> Result<Option<u32>, WindowsError> {
    let mut number = 0_u32;
    let mut bytes = size_of::<u32>() as u32;
    match get(key, name, RRF_RT_REG_DWORD, (&raw mut number).cast(), &mut bytes) {
        ERROR_SUCCESS => Ok(Some(number)),
        code => absent_or(code, key),
    }
}

/// A list of texts, or one text; empty if there is no such key or value, or the value is of another kind.
pub fn list(key: &str, name: &str) -> Result<Vec<String>, WindowsError> {
    let mut units = vec![0_u16; 256];
    loop {
        let mut bytes = (units.len() * 2) as u32;
        match get(key, name, RRF_RT_REG_MULTI_SZ | RRF_RT_REG_SZ, units.as_mut_ptr().cast(), &mut bytes) {
            ERROR_SUCCESS => {
                units.truncate(bytes as usize / 2);
                return Ok(units.split(|unit| *unit == 0).filter(|text| !text.is_empty()).map(narrow).collect());
            }
            ERROR_MORE_DATA if bytes <= LONGEST && bytes as usize > units.len() * 2 => {
                units.resize((bytes as usize).div_ceil(2), 0);
            }
            code => return Ok(absent_or(code, key)?.unwrap_or_default()),
        }
    }
}

/// Longest name of a key or a value, in characters, and the zero at its end.
const LONGEST_NAME: usize = 16_384;
/// More than this are no settings but a mistake.
const MOST_NAMES: u32 = 100_000;

/// The names of the keys right below a key; none if there is no such key.
pub fn keys(key: &str) -> Result<Vec<String>, WindowsError> {
    // SAFETY: the key is open, `name` is writable for `length` characters, and everything else may be left out.
    names_by("RegEnumKeyEx", key, |open, at, name, length| unsafe {
        RegEnumKeyExW(open, at, name, length, ptr::null(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut())
    })
}

/// The names of the values of a key; none if there is no such key.
pub fn names(key: &str) -> Result<Vec<String>, WindowsError> {
    // SAFETY: the key is open, `name` is writable for `length` characters, and everything else may be left out.
    names_by("RegEnumValue", key, |open, at, name, length| unsafe {
        RegEnumValueW(open, at, name, length, ptr::null(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut())
    })
}

/// An open key.
struct Open(HKEY);

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the key was opened by us and is closed once, here.
        unsafe { RegCloseKey(self.0) };
    }
}

/// Asks for one name after the other until there are no more.
fn names_by(
    call: &'static str,
    key: &str,
    ask: impl Fn(HKEY, u32, *mut u16, *mut u32) -> u32,
) -> Result<Vec<String>, WindowsError> {
    const RIGHTS: u32 = KEY_READ | KEY_WOW64_64KEY;
    let wide_key = wide(key);
    let mut open: HKEY = ptr::null_mut();
    // SAFETY: the text ends with a zero and outlives the call; `open` is writable.
    let code = unsafe { RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide_key.as_ptr(), 0, RIGHTS, &raw mut open) };
    match code {
        ERROR_SUCCESS => {}
        ERROR_FILE_NOT_FOUND => return Ok(Vec::new()),
        code => return Err(WindowsError::of_code("RegOpenKeyEx", key, code)),
    }
    let open = Open(open);
    let mut name = vec![0_u16; LONGEST_NAME];
    let mut found = Vec::new();
    for at in 0..MOST_NAMES {
        let mut length = name.len() as u32;
        match ask(open.0, at, name.as_mut_ptr(), &raw mut length) {
            ERROR_SUCCESS => found.push(narrow(&name[..length as usize])),
            ERROR_NO_MORE_ITEMS => break,
            code => return Err(WindowsError::of_code(call, key, code)),
        }
    }
    Ok(found)
}

fn absent_or<T>(code: u32, key: &str) -> Result<Option<T>, WindowsError> {
    match code {
        ERROR_FILE_NOT_FOUND | ERROR_UNSUPPORTED_TYPE => Ok(None),
        code => Err(WindowsError::of_code("RegGetValue", key, code)),
    }
}

/// `bytes` tells the size of what `data` points to and then that of the value.
fn get(key: &str, name: &str, kinds: u32, data: *mut c_void, bytes: &mut u32) -> u32 {
    let (key, name) = (wide(key), wide(name));
    // SAFETY: both texts end with a zero and outlive the call; `data` is writable for `*bytes` bytes, which the callers
    // take from the same buffer; the kind of the value may be left out.
    unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            kinds | RRF_SUBKEY_WOW6464KEY,
            ptr::null_mut(),
            data,
            bytes,
        )
    }
}

/// Writes a text; missing keys are made.
pub fn set_text(key: &str, name: &str, value: &str) -> Result<(), WindowsError> {
    set(key, name, REG_SZ, &bytes_of(&wide(value)))
}

/// Writes a text whose `%variables%` are filled in by who reads it; missing keys are made.
pub fn set_expanding_text(key: &str, name: &str, value: &str) -> Result<(), WindowsError> {
    set(key, name, REG_EXPAND_SZ, &bytes_of(&wide(value)))
}

/// Writes a list of texts; missing keys are made.
pub fn set_list(key: &str, name: &str, values: &[&str]) -> Result<(), WindowsError> {
    let mut units: Vec<u16> = values.iter().flat_map(|value| wide(value)).collect();
    units.push(0);
    set(key, name, REG_MULTI_SZ, &bytes_of(&units))
}

/// Writes a number; missing keys are made.
pub fn set_number(key: &str, name: &str, value: u32) -> Result<(), WindowsError> {
    set(key, name, REG_DWORD, &value.to_le_bytes())
}

fn bytes_of(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

fn set(key: &str, name: &str, kind: REG_VALUE_TYPE, bytes: &[u8]) -> Result<(), WindowsError> {
    let (wide_key, name) = (wide(key), wide(name));
    // SAFETY: both texts end with a zero, and `bytes` is read for exactly its length; all outlive the call.
    let code = unsafe {
        RegSetKeyValueW(
            HKEY_LOCAL_MACHINE,
            wide_key.as_ptr(),
            name.as_ptr(),
            kind,
            bytes.as_ptr().cast(),
            bytes.len() as u32,
        )
    };
    if code == ERROR_SUCCESS { Ok(()) } else { Err(WindowsError::of_code("RegSetKeyValue", key, code)) }
}

/// Removes a key with all below it; one that is not there is removed already.
pub fn remove(key: &str) -> Result<(), WindowsError> {
    let wide_key = wide(key);
    // SAFETY: the text ends with a zero and outlives the call.
    match unsafe { RegDeleteTreeW(HKEY_LOCAL_MACHINE, wide_key.as_ptr()) } {
        ERROR_SUCCESS | ERROR_FILE_NOT_FOUND => Ok(()),
        code => Err(WindowsError::of_code("RegDeleteTree", key, code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_read_and_removed() {
        let key = format!(r"SOFTWARE\Caliper test {}", std::process::id());
        let long = "x".repeat(5000);
        set_text(&key, "long", &long).unwrap();
        set_text(&key, "empty", "").unwrap();
        set_number(&key, "number", 0xFFFF_FFFF).unwrap();
        set_expanding_text(&key, "expands", "%SystemRoot%").unwrap();
        assert_eq!(text(&key, "long").unwrap().as_deref(), Some(long.as_str()));
        assert_eq!(text(&key, "empty").unwrap().as_deref(), Some(""));
        assert_eq!(number(&key, "number").unwrap(), Some(0xFFFF_FFFF));
        assert!(text(&key, "expands").unwrap().is_some_and(|root| root.to_lowercase().ends_with("windows")));
        assert_eq!((text(&key, "number").unwrap(), number(&key, "long").unwrap()), (None, None), "of another kind");
        assert_eq!((text(&key, "missing").unwrap(), text("SOFTWARE\\No such key", "x").unwrap()), (None, None));
        set_list(&key, "list", &["one", "two"]).unwrap();
        set_text(&format!(r"{key}\Below"), "x", "1").unwrap();
        set_text(&format!(r"{key}\Beside"), "x", "1").unwrap();
        assert_eq!(
            (list(&key, "list").unwrap(), list(&key, "empty").unwrap().len()),
            (vec!["one".into(), "two".into()], 0)
        );
        assert_eq!((list(&key, "number").unwrap().len(), list(&key, "long").unwrap()), (0, vec![long]));
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(keys(&key).unwrap()), ["Below", "Beside"]);
        assert_eq!(sorted(names(&key).unwrap()), ["empty", "expands", "list", "long", "number"]);
        assert_eq!(
            (keys("SOFTWARE\\No such key").unwrap().len(), names("SOFTWARE\\No such key").unwrap().len()),
            (0, 0)
        );
        remove(&key).unwrap();
        assert_eq!(text(&key, "long").unwrap(), None);
        remove(&key).unwrap();
    }
}
