//! Asks the running Windows. What an answer means stands in `windows`.

use std::cell::RefCell;

use caliper_windows::{
    WindowsError, machine, registry,
    sessions::{self, DesktopSession, ShareSession},
};

use super::{
    installed,
    registry::{PROCESSOR, Registry},
    sessions::Session,
    system::System,
    windows::Answers,
};
use crate::sentence::sentence;

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

/// Asks everything; what fails is noted and left empty.
pub fn answers() -> Answers {
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
