//! A source of entries in the Application log.

use std::ptr;

use windows_sys::Win32::{
    Foundation::HANDLE,
    System::EventLog::{
        DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE,
        RegisterEventSourceW, ReportEventW,
    },
};

use crate::{WindowsError, registry, text::wide};

const LOG: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application";
/// Part of every Windows; its messages 1 to 1000 are whatever text comes with them.
const MESSAGES: &str = r"%SystemRoot%\System32\EventCreate.exe";
/// Windows refuses longer texts.
const LONGEST: usize = 31_839;

/// How grave an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gravity {
    /// Something went as it should.
    Information,
    /// Something needs a look.
    Warning,
    /// Something needs to be done.
    Error,
}

/// An open source.
#[derive(Debug)]
pub struct EventSource(HANDLE);

// SAFETY: Windows lets every thread use a source.
unsafe impl Send for EventSource {}
// SAFETY: Windows lets several threads report to one source at once.
unsafe impl Sync for EventSource {}

/// Makes Windows know a source, so that its entries show their text and nothing else.
pub fn install(name: &str) -> Result<(), WindowsError> {
    let key = format!("{LOG}\\{name}");
    registry::set_expanding_text(&key, "EventMessageFile", MESSAGES)?;
    let all = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    registry::set_number(&key, "TypesSupported", u32::from(all))
}

/// Makes Windows forget a source. Entries stay, and show a note that their source is gone.
pub fn uninstall(name: &str) -> Result<(), WindowsError> {
    registry::remove(&format!("{LOG}\\{name}"))
}

impl EventSource {
    /// Opens a source, installed or not.
    pub fn open(name: &str) -> Result<Self, WindowsError> {
        let wide_name = wide(name);
        // SAFETY: the name ends with a zero and outlives the call; no server means this one.
        let handle = unsafe { RegisterEventSourceW(ptr::null(), wide_name.as_ptr()) };
        if handle.is_null() { Err(WindowsError::last("RegisterEventSource", name)) } else { Ok(Self(handle)) }
    }

    /// Writes an entry; `id` is from 1 to 1000. Text beyond what Windows takes is left out.
    pub fn report(&self, gravity: Gravity, id: u32, text: &str) -> Result<(), WindowsError> {
        let kind = match gravity {
            Gravity::Information => EVENTLOG_INFORMATION_TYPE,
            Gravity::Warning => EVENTLOG_WARNING_TYPE,
            Gravity::Error => EVENTLOG_ERROR_TYPE,
        };
        let mut text = wide(text);
        if text.len() > LONGEST {
            text.truncate(LONGEST - 1);
            text.push(0);
        }
        let texts = [text.as_ptr()];
        // SAFETY: the handle is open; `texts` holds the one text announced, which ends with a zero; no account and no raw
        // data go with it; all outlive the call.
        let done = unsafe { ReportEventW(self.0, kind, 0, id, ptr::null_mut(), 1, 0, texts.as_ptr(), ptr::null()) };
        if done == 0 { Err(WindowsError::last("ReportEvent", "")) } else { Ok(()) }
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        // SAFETY: the handle is open and closed once, here.
        unsafe { DeregisterEventSource(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_takes_texts_of_any_length() {
        let name = format!("CaliperTest{}", std::process::id());
        install(&name).unwrap();
        let source = EventSource::open(&name).unwrap();
        source.report(Gravity::Information, 1, "short").unwrap();
        source.report(Gravity::Error, 1000, &"long ".repeat(20_000)).unwrap();
        uninstall(&name).unwrap();
    }
}
