//! A Windows that runs, from what it answers about itself: is it a server, which one, on which processors, on what machine.
//!
//! Pure: the answers come in as plain data, so that those of machines nobody has here can be recorded and tried.

use caliper_evidence::smbios;
use caliper_proto::{Instant, Inventory, Report, is_virtual_by_firmware};

use super::{
    CollectError, edition, server,
    sessions::{self, Session},
    topology,
};

/// What Windows answered; empty and `None` where it did not.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// The machine's own name.
    pub host_name: String,
    /// DNS domain.
    pub domain: String,
    /// Registry, `CurrentVersion\ProductName`: only for sentences.
    pub product_name: Option<String>,
    /// Registry, `CurrentVersion\EditionID`.
    pub edition_id: Option<String>,
    /// Registry, `CurrentVersion\CurrentBuildNumber`.
    pub build: Option<String>,
    /// Registry, `ProductOptions\ProductType`.
    pub product_type: Option<String>,
    /// `GetProductInfo`.
    pub product: Option<u32>,
    /// `GetLogicalProcessorInformationEx`.
    pub processors: Vec<u8>,
    /// Registry, `CentralProcessor\0\ProcessorNameString`.
    pub processor_name: Option<String>,
    /// `GetSystemFirmwareTable`.
    pub firmware: Vec<u8>,
    /// Vendor of the hypervisor below and the rights it gives this partition.
    pub hypervisor: Option<(String, u32)>,
    /// Registry, `Guest\Parameters`: the Hyper-V host as it told its guest.
    pub physical_host: Option<String>,
    /// The machine's own addresses.
    pub addresses: Vec<String>,
    /// `NetSessionEnum`.
    pub shares: Vec<Session>,
    /// `WTSEnumerateSessions`, those in which somebody is at work.
    pub desktops: Vec<Session>,
    /// Calls that failed, one sentence each.
    pub problems: Vec<String>,
}

/// Rule B.1: Windows 10 and 11 Enterprise multi-session, a client that says it is a server.
const MULTI_SESSION: u32 = 0xAF;
/// Rule B.1: evaluation copies.
const EVALUATIONS: [u32; 6] = [0x4F, 0x50, 0x5F, 0x60, 0x9F, 0xA0];
/// Rule B.1: Datacenter: Azure Edition, and its id.
const AZURE_EDITIONS: [u32; 3] = [0x197, 0x198, 0x199];
const AZURE_EDITION: &str = "ServerTurbine";
/// Rule B.1: the activation ran out.
const UNLICENSED: u32 = 0xABCD_ABCD;
/// The one build of two releases (rule B.5), and how the other one's edition ends.
const SAC_1809: (u32, &str, &str) = (17_763, "acor", "SAC 1809");

const MICROSOFT_HYPERVISOR: &str = "Microsoft Hv";
/// Only the partition that manages a Hyper-V host may create others: it runs on the metal.
const MAY_CREATE_PARTITIONS: u32 = 1;

/// The report of a running server; of accesses only the sessions of this moment.
pub fn describe(answers: &Answers, now: Instant) -> Result<Report, CollectError> {
    let product_type = product_type(answers)?;
    let mut warnings = answers.problems.clone();
    let build = answers.build.as_deref().and_then(|build| build.trim().parse().ok());
    let edition_id = edition_id(answers, &mut warnings);
    let mut server = Inventory {
        name: answers.host_name.clone(),
        domain: answers.domain.clone(),
        version: build.and_then(|build| version(build, edition_id.as_deref(), &mut warnings)),
        build,
        product_type,
        evaluation: is_evaluation(answers),
        edition: edition_id,
        physical_host: answers.physical_host.clone().filter(|host| !host.is_empty()),
        addresses: answers.addresses.clone(),
        ..Inventory::default()
    };
    if server.evaluation {
        warnings.push("an evaluation copy, which gives no right to run in production (rule B.3)".to_owned());
    }
    add_processors(&mut server, answers, &mut warnings);
    add_machine(&mut server, answers, &mut warnings);
    let desktops = sessions::of_desktops(&answers.desktops, now);
    let accesses = caliper_proto::merge_all(sessions::of_shares(&answers.shares, now).chain(desktops));
    warnings.push(
        "only sessions of this moment were read: the databases of a running server are locked; copy them and use \
         `collect --from`"
            .to_owned(),
    );
    Ok(Report { server, accesses, warnings })
}

/// 2 or 3; a client is refused.
fn product_type(answers: &Answers) -> Result<Option<u32>, CollectError> {
    let refuse = |why: String| Err(CollectError::NotAServer { machine: answers.host_name.clone(), why });
    let name = answers.product_name.as_deref().unwrap_or("Windows");
    if answers.product == Some(MULTI_SESSION)
        || answers.edition_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case("ServerRdsh"))
    {
        return refuse(format!("{name}, a client for several sessions (rule B.1)"));
    }
    match answers.product_type.as_deref() {
        Some("LanmanNT") => Ok(Some(2)),
        Some("ServerNT") => Ok(Some(3)),
        Some("WinNT") => refuse(format!("{name}, a workstation")),
        _ if name.contains("Server") => Ok(None),
        _ => refuse(format!("{name}, of which Windows does not say that it is a server")),
    }
}

/// The edition in Windows' spelling, which says more than a name: the aggregator's catalogue reads it (rules B.1, B.3).
fn edition_id(answers: &Answers, warnings: &mut Vec<String>) -> Option<String> {
    let id = answers.edition_id.clone().filter(|id| !id.is_empty());
    if answers.product == Some(UNLICENSED) {
        warnings.push("Windows says that its activation has run out: activate it (rule B.1)".to_owned());
    }
    if answers.product.is_some_and(|product| AZURE_EDITIONS.contains(&product))
        && !id.as_deref().is_some_and(|id| id.starts_with(AZURE_EDITION))
    {
        return Some(AZURE_EDITION.to_owned());
    }
    if id.is_none() {
        warnings.push("Windows does not say which edition it is: look it up in its settings".to_owned());
    }
    id
}

fn is_evaluation(answers: &Answers) -> bool {
    let by_id = answers.edition_id.as_deref().is_some_and(|id| {
        let id = id.to_lowercase();
        id.ends_with("eval") || id.ends_with("evalcor")
    });
    by_id || answers.product.is_some_and(|product| EVALUATIONS.contains(&product))
}

fn version(build: u32, edition_id: Option<&str>, warnings: &mut Vec<String>) -> Option<String> {
    let (of_two, ending, other) = SAC_1809;
    if build == of_two && edition_id.is_some_and(|id| id.to_lowercase().ends_with(ending)) {
        return Some(other.to_owned());
    }
    match edition::version(build) {
        Ok(version) => Some(version.to_owned()),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    }
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
