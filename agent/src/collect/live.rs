//! Asks the running Windows. What an answer means stands in `windows`.

use std::{cell::RefCell, time::Duration};

use caliper_proto::Instant;
use caliper_windows::{
    WindowsError,
    event_log::Records,
    machine, registry,
    sessions::{self, DesktopSession, ShareSession},
    wmi as management,
};

use super::{
    Progress, access_log, guests, installed,
    logs::{self, CHANNELS, Channel},
    registry::{PROCESSOR, Registry},
    sessions::Session,
    sign_ins,
    system::System,
    windows::Answers,
    wmi::{Management, Question},
};
use crate::{rows::Table, sentence::sentence};

/// The registry of this Windows, and what it refused.
#[derive(Default)]
struct Running {
    problems: RefCell<Vec<String>>,
}

impl Registry for Running {
    fn text(&self, key: &str, name: &str) -> Option<String> {
        taken(registry::text(key, name), &mut self.problems.borrow_mut())
    }

    fn number(&self, key: &str, name: &str) -> Option<u32> {
        taken(registry::number(key, name), &mut self.problems.borrow_mut())
    }

    fn list(&self, key: &str, name: &str) -> Vec<String> {
        taken(registry::list(key, name), &mut self.problems.borrow_mut())
    }

    fn keys(&self, key: &str) -> Vec<String> {
        taken(registry::keys(key), &mut self.problems.borrow_mut())
    }

    fn names(&self, key: &str) -> Vec<String> {
        taken(registry::names(key), &mut self.problems.borrow_mut())
    }
}

/// Longest wait for one answer of WMI. The first days of a long log take a while; what was read is not read again.
const PATIENCE: Duration = Duration::from_mins(5);

/// Records of one log that a collection reads.
const MOST_RECORDS: usize = 500_000;

/// WMI of this Windows.
struct Asked;

impl Management for Asked {
    fn ask(&mut self, question: Question, take: &mut dyn FnMut(&[String])) -> Result<bool, String> {
        let Question { namespace, class, columns, condition } = question;
        let query = management::Query { namespace, class, columns, condition };
        management::ask(query, PATIENCE, |row| take(&row)).map_err(|error| sentence(&error))
    }
}

/// Adds what was logged since `progress`, who used what to `rows`, and returns how far that got.
pub fn evidence(answers: &mut Answers, now: Instant, progress: &Progress, rows: &mut Table) -> Progress {
    let reading = access_log::read(&mut Asked, progress.user_access, now.date(), access_log::MOST_ROWS, rows);
    answers.user_access = reading.known;
    answers.problems.extend(reading.problems);
    match guests::read(&mut Asked, now) {
        Ok(guests) => answers.guests = guests,
        Err(problem) => answers.problems.push(problem),
    }
    let mut progress = Progress { user_access: reading.until, logs: progress.logs.clone() };
    for (channel, events) in CHANNELS {
        let open = || {
            let records = Records::open(channel, &logs::query(events));
            records.map(|records| records.map(Opened)).map_err(|error| sentence(&error))
        };
        rows.begin();
        let read = logs::read(&open, progress.logs.get(channel), MOST_RECORDS, &mut sign_ins::adding(rows));
        match read {
            Ok(Some((log, place))) => {
                rows.end();
                answers.problems.extend(log.warnings.iter().map(|warning| format!("{channel}: {warning}")));
                progress.logs.extend(place.map(|place| (channel.to_owned(), place)));
            }
            Ok(None) => {}
            Err(problem) => {
                rows.forget();
                answers.problems.push(problem);
            }
        }
    }
    progress
}

/// A channel of this Windows.
struct Opened(Records);

impl Channel for Opened {
    fn seek(&mut self, bookmark: &str) -> bool {
        self.0.seek(bookmark)
    }

    fn batch(&mut self) -> Result<Vec<String>, String> {
        self.0.batch().map_err(|error| sentence(&error))
    }

    fn bookmark(&self) -> Result<Option<String>, String> {
        self.0.bookmark().map_err(|error| sentence(&error))
    }
}

/// Asks what the machine is and who uses it at the moment; what fails is noted and left empty.
pub fn state() -> Answers {
    let registry = Running::default();
    let mut answers = Answers {
        system: System { product: machine::product(), ..System::of_registry(&registry) },
        installed: installed::of_registry(&registry),
        processor_name: registry.text(PROCESSOR, "ProcessorNameString"),
        hypervisor: machine::hypervisor().map(|found| (found.vendor, found.privileges)),
        ..Answers::default()
    };
    let mut problems = registry.problems.into_inner();
    answers.system.host_name = taken(machine::host_name(), &mut problems);
    answers.system.domain = taken(machine::dns_domain(), &mut problems);
    answers.processors = taken(machine::processors(), &mut problems);
    answers.firmware = taken(machine::firmware_table(), &mut problems);
    let addresses = taken(machine::addresses(), &mut problems);
    answers.addresses = addresses.into_iter().map(|address| address.to_string()).collect();
    answers.shares = taken(sessions::shares(), &mut problems).into_iter().map(of_share).collect();
    answers.desktops = taken(sessions::desktops(), &mut problems).into_iter().map(of_desktop).collect();
    answers.problems = problems;
    answers
}

fn of_share(session: ShareSession) -> Session {
    let ShareSession { client, user, seconds, idle_seconds } = session;
    Session { user, domain: String::new(), client, seconds, idle_seconds }
}

fn of_desktop(session: DesktopSession) -> Session {
    let DesktopSession { user, domain, client, address } = session;
    let client = address.map_or(client, |address| address.to_string());
    Session { user, domain, client, ..Session::default() }
}

fn taken<T: Default>(answer: Result<T, WindowsError>, problems: &mut Vec<String>) -> T {
    answer.unwrap_or_else(|error| {
        problems.push(sentence(&error));
        T::default()
    })
}
