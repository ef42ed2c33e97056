//! Where a service logs: everything to a file in the state folder, what needs somebody to the Application log as well.

use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use caliper_windows::event_source::{EventSource, Gravity};
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use super::NAME;
use crate::{
    config::Config,
    log_file::{LogFile, filter},
    state::create_private,
};

/// Bytes of each of the two log files.
const MOST: u64 = 4 << 20;

/// Ids in the Application log, as documented in `agent/README.md`.
const WARNING: u32 = 2;
const ERROR: u32 = 3;

/// The two places; either may be missing, as a service must work without a log too.
struct Places {
    file: Option<Mutex<LogFile>>,
    events: Option<EventSource>,
}

/// Logs from now on. Without a configuration there is no state folder: the Application log hears the reason.
pub fn listen(config: Option<&Config>) {
    let file = config.and_then(|config| {
        let path = config.folder().log();
        create_private(path.parent()?).ok()?;
        LogFile::open(&path, MOST).ok().map(Mutex::new)
    });
    let places = Places { file, events: EventSource::open(NAME).ok() };
    let level = config.map_or("info", |config| config.log_level.value.as_str());
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(places).with_ansi(false);
    // fails only where somebody listens already
    let _ = log.with_target(false).finish().with(filter(level)).try_init();
}

/// One entry on its way.
struct Entry<'a> {
    file: Option<MutexGuard<'a, LogFile>>,
    events: Option<(&'a EventSource, Gravity, u32)>,
}

impl<'a> MakeWriter<'a> for Places {
    type Writer = Entry<'a>;

    fn make_writer(&'a self) -> Entry<'a> {
        let file = self.file.as_ref().map(|file| file.lock().unwrap_or_else(PoisonError::into_inner));
        Entry { file, events: None }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Entry<'a> {
        let kind = match *metadata.level() {
            Level::ERROR => Some((Gravity::Error, ERROR)),
            Level::WARN => Some((Gravity::Warning, WARNING)),
            _ => None,
        };
        let events = self.events.as_ref().zip(kind).map(|(events, (gravity, id))| (events, gravity, id));
        Entry { events, ..self.make_writer() }
    }
}

impl Write for Entry<'_> {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        if let Some((events, gravity, id)) = self.events {
            // a log that does not take it must not stop the agent
            let _ = events.report(gravity, id, String::from_utf8_lossy(entry).trim_end());
        }
        match &mut self.file {
            Some(file) => file.write(entry),
            None => Ok(entry.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.flush())
    }
}
