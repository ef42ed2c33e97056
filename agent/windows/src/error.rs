//! Which call failed, and what Windows says of it.

use std::io;

/// A call that failed.
#[derive(Debug, thiserror::Error)]
#[error("Windows refuses {call}{about}")]
pub struct WindowsError {
    /// Name of the call as Microsoft documents it.
    call: &'static str,
    /// A blank and what the call was about, or nothing.
    about: String,
    /// The reason.
    #[source]
    source: io::Error,
}

impl WindowsError {
    /// For calls that return the code of their error.
    pub(crate) fn of_code(call: &'static str, about: &str, code: u32) -> Self {
        Self::new(call, about, io::Error::from_raw_os_error(code.cast_signed()))
    }

    /// For calls that leave the code of their error with the thread; to be asked for at once.
    pub(crate) fn last(call: &'static str, about: &str) -> Self {
        Self::new(call, about, io::Error::last_os_error())
    }

    pub(crate) fn new(call: &'static str, about: &str, source: io::Error) -> Self {
        let about = if about.is_empty() { String::new() } else { format!(" {about}") };
        Self { call, about, source }
    }

    /// The code that Windows gave, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        self.source.raw_os_error().map(i32::cast_unsigned)
    }
}
