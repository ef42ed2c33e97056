//! Asks the running Windows. What an answer means stands in `windows`.

use caliper_windows::{
    WindowsError, machine, registry,
    sessions::{self, DesktopSession, ShareSession},
};

use super::{sessions::Session, windows::Answers};
use crate::sentence::sentence;

const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const OPTIONS: &str = r"SYSTEM\CurrentControlSet\Control\ProductOptions";
const PROCESSOR: &str = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0";
const GUEST: &str = r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters";

/// Asks everything; what fails is noted and left empty.
pub fn answers() -> Answers {
    let mut problems = Vec::new();
    let mut text = |key, name| taken(registry::text(key, name), &mut problems);
    let host = text(GUEST, "PhysicalHostNameFullyQualified");
    let mut answers = Answers {
        product_name: text(VERSION, "ProductName"),
        edition_id: text(VERSION, "EditionID"),
        build: text(VERSION, "CurrentBuildNumber"),
        product_type: text(OPTIONS, "ProductType"),
        processor_name: text(PROCESSOR, "ProcessorNameString"),
        physical_host: host.or_else(|| text(GUEST, "HostName")),
        product: machine::product(),
        hypervisor: machine::hypervisor().map(|found| (found.vendor, found.privileges)),
        ..Answers::default()
    };
    answers.host_name = taken(machine::host_name(), &mut problems);
    answers.domain = taken(machine::dns_domain(), &mut problems);
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
