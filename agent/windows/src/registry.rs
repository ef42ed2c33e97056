//! Values below `HKEY_LOCAL_MACHINE`, always in the 64-bit view.

use std::{ffi::c_void, ptr};

use windows_sys::Win32::{
    Foundation::{ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_SUCCESS, ERROR_UNSUPPORTED_TYPE},
    System::Registry::{
        HKEY_LOCAL_MACHINE, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_SZ, REG_VALUE_TYPE, RRF_RT_REG_DWORD,
        RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegDeleteTreeW, RegGetValueW, RegSetKeyValueW,
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
        remove(&key).unwrap();
        assert_eq!(text(&key, "long").unwrap(), None);
        remove(&key).unwrap();
    }
}
