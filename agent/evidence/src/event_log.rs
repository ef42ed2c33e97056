//! Windows event logs: which records prove that somebody used the server, by the rules of [`rules`].
//!
//! Chunks are read one at a time with the crate `evtx`; a damaged chunk or record becomes a warning. The result is one
//! row per service, principal, client and year, not one per record; of a log with many of them each comes several times,
//! to be added up, so that memory does not follow the log.
//!
//! | event | counts if | service | origin |
//! |---|---|---|---|
//! | Security 4624 | logon type 3 | `network sign-in` | security |
//! | Security 4624 | logon type 8 | `clear-text network sign-in` | security |
//! | Security 4624 | logon type 10 | `remote desktop session` | security |
//! | Security 4624 | logon type 12 | `cached remote desktop session` | security |
//! | Security 4778, 4779 | not from the console (`LOCAL`) | `remote desktop session` | security |
//! | Security 5140 | audit success | `file share` | security |
//! | Security 4768 | status 0 | `Kerberos sign-in` | domain controller |
//! | Security 4769 | status 0 | `Kerberos service ticket` | domain controller |
//! | Security 4776 | status 0 | `NTLM credential check` | domain controller |
//! | `LocalSessionManager` 21, 25 | not from the console (`LOCAL`) | `remote desktop session` | terminal sessions |
//! | Remote Desktop Gateway 302, 303 | always | `Remote Desktop Gateway` | gateway |
//!
//! Never: 4648 (the outbound side), 1149 and Gateway 200 and 300 (asked for, not yet a session), other logon types,
//! audit failures, service accounts, anonymous logons. A disconnect (4779, 303) counts like the connect it ends: it
//! proves use up to that moment, and the connect may be older than the log. Each record counts one access, except that
//! the network sign-in by which a remote desktop session announces itself is part of that session.

mod event;
mod principal;
mod rules;
mod tally;
mod xml;

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    sync::Arc,
};

use evtx::{EvtxParser, ParserSettings};

pub use event::Event;
pub use principal::principal;
pub use rules::{Origin, SignIn, may_count, sign_in};
pub use tally::Use;
pub use xml::read as read_xml;

use tally::Tally;

/// More warnings than this about one log help nobody; the rest is counted.
const MOST_WARNINGS: usize = 20;
/// More computers than this in one log are counted together.
const MOST_COMPUTERS: usize = 1000;

/// Why a file is no event log.
#[derive(Debug, thiserror::Error)]
#[error("byte 0: not a readable event log: {problem}")]
pub struct EventLogError {
    problem: String,
}

/// What a log says beside its uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventLog {
    /// Computers that logged the records, with their numbers of records.
    pub computers: BTreeMap<String, u64>,
    /// Damage that was stepped over.
    pub warnings: Vec<String>,
}

/// Whether these first bytes of a file are those of an event log.
#[must_use]
pub fn looks_like_event_log(start: &[u8]) -> bool {
    start.starts_with(b"ElfFile\0")
}

/// Reads a log from its oldest record to its newest, and hands its uses to `each`; those of one row add up.
pub fn read<R: Read + Seek>(reader: R, mut each: impl FnMut(Use)) -> Result<EventLog, EventLogError> {
    let mut parser =
        EvtxParser::from_read_seek(reader).map_err(|error| EventLogError { problem: error.to_string() })?;
    let settings = Arc::new(ParserSettings::new().num_threads(1).separate_json_attributes(true));
    let mut reading = Reading::default();
    let mut problems = Problems::default();
    for chunk in parser.chunks() {
        let mut chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                problems.add(&error);
                continue;
            }
        };
        let mut parsed = match chunk.parse(Arc::clone(&settings)) {
            Ok(parsed) => parsed,
            Err(error) => {
                problems.add(&error);
                continue;
            }
        };
        for record in parsed.iter() {
            match record.and_then(evtx::EvtxRecord::into_json) {
                Ok(record) => take(&record.data, &mut reading),
                Err(error) => problems.add(&error),
            }
        }
        reading.overflow(&mut each);
    }
    Ok(EventLog { warnings: problems.finish(), ..reading.finish(each) })
}

/// A log that is read record by record, as the running Windows hands them out.
#[derive(Debug, Default)]
pub struct Reading {
    log: EventLog,
    tally: Tally,
}

impl Reading {
    /// Takes the next record, by [`read_xml`].
    pub fn add(&mut self, event: &Event, computer: &str) {
        self.log.note(computer);
        if let Some(sign_in) = sign_in(event) {
            self.tally.add(sign_in, event.micros);
        }
    }

    /// Hands on what was counted so far if it is much.
    pub fn overflow(&mut self, each: impl FnMut(Use)) {
        if self.tally.is_large() {
            self.tally.take_rows().for_each(each);
        }
    }

    /// Hands on the rest, and tells what else the log says.
    #[must_use]
    pub fn finish(self, each: impl FnMut(Use)) -> EventLog {
        self.tally.finish().for_each(each);
        self.log
    }
}

impl EventLog {
    fn note(&mut self, computer: &str) {
        let known = self.computers.contains_key(computer) || self.computers.len() < MOST_COMPUTERS;
        *self.computers.entry(if known { computer } else { "others" }.to_owned()).or_default() += 1;
    }
}

/// Notes the computer of a record, and its use of the server if it proves one.
fn take(json: &str, reading: &mut Reading) {
    if let Some(computer) = event::computer(json) {
        reading.log.note(computer);
    }
    // most records are of other kinds: look before parsing
    if event::id(json).is_some_and(may_count)
        && let Some(event) = Event::from_json(json)
        && let Some(sign_in) = sign_in(&event)
    {
        reading.tally.add(sign_in, event.micros);
    }
}

#[derive(Default)]
struct Problems {
    kept: Vec<String>,
    more: usize,
}

impl Problems {
    fn add(&mut self, error: &dyn std::error::Error) {
        if self.kept.len() >= MOST_WARNINGS {
            self.more += 1;
            return;
        }
        let mut sentence = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !sentence.contains(&text) {
                sentence = format!("{sentence}: {text}");
            }
            cause = error.source();
        }
        let line: Vec<&str> = sentence.split_whitespace().collect();
        self.kept.push(format!("damaged record or chunk skipped: {}", line.join(" ")));
    }

    fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.kept.push(format!("and {} more damaged records or chunks", self.more));
        }
        self.kept
    }
}
