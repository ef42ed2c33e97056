//! The event logs of this Windows, record by record from the oldest to the newest, with bookmarks to go on from.

use std::ptr;

use windows_sys::Win32::{
    Foundation::{ERROR_EVT_CHANNEL_NOT_FOUND, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, GetLastError},
    System::EventLog::{
        EVT_HANDLE, EVT_RENDER_FLAGS, EvtClose, EvtCreateBookmark, EvtNext, EvtQuery, EvtQueryChannelPath,
        EvtQueryForwardDirection, EvtRender, EvtRenderBookmark, EvtRenderEventXml, EvtSeek, EvtSeekRelativeToBookmark,
        EvtSeekStrict, EvtUpdateBookmark,
    },
};

use crate::{
    WindowsError,
    text::{narrow, wide},
};

/// Records fetched at a time.
const BATCH: usize = 64;
/// Longest wait for them, in milliseconds.
const PATIENCE: u32 = 60_000;
/// Longest record believed, in bytes; Windows' own limit is 64 KiB before it is rendered.
const LONGEST: u32 = 4 << 20;

/// Something of the event log, closed when it is dropped.
#[derive(Debug)]
struct Handle(EVT_HANDLE);

impl Handle {
    /// None if the call that gave it failed.
    fn new(handle: EVT_HANDLE) -> Option<Self> {
        (handle != 0).then_some(Self(handle))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed once, here.
        unsafe { EvtClose(self.0) };
    }
}

/// The records of a channel that a query chooses.
#[derive(Debug)]
pub struct Records {
    channel: String,
    query: Handle,
    bookmark: Handle,
    is_placed: bool,
}

impl Records {
    /// Opens a channel, for example `Security`; `None` if this Windows has none of that name. The query is an `XPath`.
    pub fn open(channel: &str, query: &str) -> Result<Option<Self>, WindowsError> {
        let (path, text) = (wide(channel), wide(query));
        let flags = EvtQueryChannelPath | EvtQueryForwardDirection;
        // SAFETY: both texts end with a zero and outlive the call; no session means this computer.
        let records = unsafe { EvtQuery(0, path.as_ptr(), text.as_ptr(), flags) };
        let Some(records) = Handle::new(records) else {
            let error = WindowsError::last("EvtQuery", channel);
            return if error.code() == Some(ERROR_EVT_CHANNEL_NOT_FOUND) { Ok(None) } else { Err(error) };
        };
        // SAFETY: without a text the bookmark is one of no record.
        let bookmark = Handle::new(unsafe { EvtCreateBookmark(ptr::null()) });
        let bookmark = bookmark.ok_or_else(|| WindowsError::last("EvtCreateBookmark", channel))?;
        Ok(Some(Self { channel: channel.to_owned(), query: records, bookmark, is_placed: false }))
    }

    /// Goes to the very record of a bookmark, which comes next then; false if it is not there any more.
    #[must_use]
    pub fn seek(&mut self, bookmark: &str) -> bool {
        let text = wide(bookmark);
        // SAFETY: the text ends with a zero and outlives the call.
        let Some(bookmark) = Handle::new(unsafe { EvtCreateBookmark(text.as_ptr()) }) else { return false };
        let flags = EvtSeekRelativeToBookmark | EvtSeekStrict;
        // SAFETY: both handles are open.
        unsafe { EvtSeek(self.query.0, 0, bookmark.0, 0, flags) != 0 }
    }

    /// The next records as XML; none at the end. One that cannot be rendered is an empty text.
    pub fn batch(&mut self) -> Result<Vec<String>, WindowsError> {
        let mut handles = [0; BATCH];
        let mut count = 0;
        // SAFETY: the query is open, `handles` is writable for so many handles and `count` for their number.
        let done = unsafe { EvtNext(self.query.0, BATCH as u32, handles.as_mut_ptr(), PATIENCE, 0, &raw mut count) };
        if done == 0 {
            let error = WindowsError::last("EvtNext", &self.channel);
            return if error.code() == Some(ERROR_NO_MORE_ITEMS) { Ok(Vec::new()) } else { Err(error) };
        }
        let records: Vec<Handle> = handles.into_iter().take(count as usize).filter_map(Handle::new).collect();
        if let Some(last) = records.last() {
            // SAFETY: both handles are open.
            let updated = unsafe { EvtUpdateBookmark(self.bookmark.0, last.0) };
            if updated == 0 {
                return Err(WindowsError::last("EvtUpdateBookmark", &self.channel));
            }
            self.is_placed = true;
        }
        Ok(records.iter().map(|record| render(record, EvtRenderEventXml).unwrap_or_default()).collect())
    }

    /// The bookmark of the last record that came; `None` if none came.
    pub fn bookmark(&self) -> Result<Option<String>, WindowsError> {
        if !self.is_placed {
            return Ok(None);
        }
        render(&self.bookmark, EvtRenderBookmark)
            .map(Some)
            .map_err(|code| WindowsError::of_code("EvtRender", &self.channel, code))
    }
}

/// The text of a record or a bookmark, or the code of an error.
fn render(of: &Handle, what: EVT_RENDER_FLAGS) -> Result<String, u32> {
    let mut units = vec![0_u16; 4 << 10];
    loop {
        let (mut used, mut count) = (0, 0);
        let room = (units.len() * 2) as u32;
        let buffer = units.as_mut_ptr().cast();
        // SAFETY: the handle is open, the buffer is writable for `room` bytes, and so are both numbers.
        let done = unsafe { EvtRender(0, of.0, what, room, buffer, &raw mut used, &raw mut count) };
        if done != 0 {
            return Ok(narrow(&units));
        }
        // SAFETY: has no conditions.
        let code = unsafe { GetLastError() };
        if code != ERROR_INSUFFICIENT_BUFFER || used <= room || used > LONGEST {
            return Err(code);
        }
        units.resize((used as usize).div_ceil(2), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wine has no event log and says so; a Windows hands out records and finds the last one again.
    #[test]
    fn records_come_and_are_found_again() {
        let mut records = match Records::open("System", "*") {
            Ok(records) => records.unwrap(),
            Err(error) => return assert_eq!(error.to_string(), "Windows refuses EvtQuery System"),
        };
        let first = records.batch().unwrap();
        assert!(first.iter().all(|record| record.starts_with("<Event ")), "{first:?}");
        let bookmark = records.bookmark().unwrap().unwrap();
        let mut again = Records::open("System", "*").unwrap().unwrap();
        assert!(again.seek(&bookmark) && again.batch().unwrap().first() == first.last());
    }
}
