//! A Windows that runs, from what it answers about itself: on which processors, on what machine, who uses it now.
//!
//! Pure: the answers come in as plain data, so that those of machines nobody has here can be recorded and tried.

use caliper_evidence::smbios;
use caliper_proto::{Installed, Instant, Inventory, VirtualMachine, is_virtual_by_firmware};

use super::{
    CollectError, guests, server,
    sessions::{self, Session},
    system::System,
    topology,
    user_access::UserAccess,
};
use crate::rows::Table;

/// What Windows answered; empty and `None` where it did not.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Which Windows it is.
    pub system: System,
    /// What is installed.
    pub installed: Installed,
    /// `GetLogicalProcessorInformationEx`.
    pub processors: Vec<u8>,
    /// Registry, `CentralProcessor\0\ProcessorNameString`.
    pub processor_name: Option<String>,
    /// `GetSystemFirmwareTable`.
    pub firmware: Vec<u8>,
    /// Vendor of the hypervisor below and the rights it gives this partition.
    pub hypervisor: Option<(String, u32)>,
    /// The machine's own addresses.
    pub addresses: Vec<String>,
    /// `NetSessionEnum`.
    pub shares: Vec<Session>,
    /// `WTSEnumerateSessions`, those in which somebody is at work.
    pub desktops: Vec<Session>,
    /// User Access Logging without its accesses; `None` if it does not answer.
    pub user_access: Option<UserAccess>,
    /// The virtual machines of a Hyper-V host.
    pub guests: Vec<VirtualMachine>,
    /// Calls that failed, one sentence each.
    pub problems: Vec<String>,
}

const MICROSOFT_HYPERVISOR: &str = "Microsoft Hv";
/// Only the partition that manages a Hyper-V host may create others: it runs on the metal.
const MAY_CREATE_PARTITIONS: u32 = 1;

/// A running server and what is odd about it; its sessions of this moment go into the table, where what it has logged stands already.
pub fn describe(answers: &Answers, now: Instant, rows: &mut Table) -> Result<(Inventory, Vec<String>), CollectError> {
    let mut warnings = answers.problems.clone();
    let mut server = answers.system.describe(&mut warnings)?;
    server.addresses.clone_from(&answers.addresses);
    server.installed = answers.installed.clone();
    add_processors(&mut server, answers, &mut warnings);
    add_machine(&mut server, answers, &mut warnings);
    add_user_access(&mut server, answers, &mut warnings);
    let sessions = sessions::of_shares(&answers.shares, now).chain(sessions::of_desktops(&answers.desktops, now));
    sessions.for_each(|access| rows.join(&access));
    Ok((server, warnings))
}

/// Roles, names and machines of User Access Logging and of Hyper-V.
fn add_user_access(server: &mut Inventory, answers: &Answers, warnings: &mut Vec<String>) {
    match &answers.user_access {
        Some(known) => known.clone().describe(server, warnings),
        None => warnings.push(
            "User Access Logging does not answer, so who used this server is known from its logs and sessions only: see \
             `caliper-agent doctor`"
                .to_owned(),
        ),
    }
    server.virtual_machines = guests::join(std::mem::take(&mut server.virtual_machines), answers.guests.clone());
}

/// Windows' count first; the firmware's table is added by [`add_machine`] as a second opinion.
fn add_processors(server: &mut Inventory, answers: &Answers, warnings: &mut Vec<String>) {
    let mut processors = match topology::read(&answers.processors) {
        Ok(processors) => processors,
        Err(error) => {
            // where the call failed there is a sentence already
            if !answers.processors.is_empty() {
                warnings.push(format!("processors as Windows lists them: {error}; not counted"));
            }
            return;
        }
    };
    server.sockets = Some(processors.len() as u32);
    server.cores = Some(processors.iter().map(|processor| processor.cores).sum());
    server.logical_processors = processors.iter().map(|processor| processor.logical_processors).sum();
    if let Some(name) = &answers.processor_name {
        for processor in &mut processors {
            name.trim().clone_into(&mut processor.model);
        }
    }
    server.processors = processors;
}

/// Maker and model, the second opinion on processors, physical or virtual.
fn add_machine(server: &mut Inventory, answers: &Answers, warnings: &mut Vec<String>) {
    match smbios::read(&answers.firmware) {
        Ok(firmware) => {
            let counted = std::mem::take(&mut server.processors);
            server::add_firmware(server, &firmware, warnings);
            // the table tells cores fitted and cores enabled apart, Windows sees the enabled ones only
            if server.processors.len() != counted.len() {
                server.processors = counted;
            }
        }
        Err(error) if !answers.firmware.is_empty() => {
            warnings.push(format!("the firmware's table: {error}; there is no second opinion on processors"));
        }
        Err(_) => {}
    }
    let words = |text: &Option<String>| text.clone().unwrap_or_default();
    let by_firmware = is_virtual_by_firmware(&words(&server.manufacturer), &words(&server.model));
    server.is_virtual = is_virtual(answers, by_firmware, warnings);
}

/// Firmware that says virtual is right. One that says otherwise, or nothing, is overruled by the processor: a guest cannot
/// be without a hypervisor, and only the partition that manages a Hyper-V host runs on the metal with one.
fn is_virtual(answers: &Answers, by_firmware: Option<bool>, warnings: &mut Vec<String>) -> Option<bool> {
    let Some((vendor, privileges)) = &answers.hypervisor else { return by_firmware };
    if vendor == MICROSOFT_HYPERVISOR && privileges & MAY_CREATE_PARTITIONS != 0 {
        return by_firmware.or(Some(false));
    }
    if by_firmware == Some(false) {
        warnings.push(format!(
            "the firmware names a physical machine, but the processor a hypervisor ({vendor}): taken for a virtual machine"
        ));
    }
    Some(true)
}

#[cfg(test)]
mod tests;
