//! The servers that report, each once, and the physical machines they run on.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caliper_licensing::{
    Host, Server,
    catalogue::{BuildRow, Catalogue, Reporter},
};
use caliper_proto::{Instant, Inventory, is_virtual_by_firmware};

use super::HostSettings;
use crate::store::evidence::ServerRow;

/// Product type of a workstation, which is no server whatever it shares.
const WORKSTATION: u32 = 1;

/// A server, whoever speaks for it: an agent, imported files or both.
#[derive(Debug, Clone)]
pub(super) struct Reporting {
    /// `name.domain` in lower case.
    pub id: String,
    /// What it last said.
    pub inventory: Inventory,
    /// When anything was last heard of it.
    pub last_seen: Instant,
    observed: i64,
    rows: Vec<i64>,
}

/// All of them, by id.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    pub servers: Vec<Reporting>,
    of_row: HashMap<i64, u32>,
    /// Machines that reported but are workstations.
    pub workstations: u64,
}

impl Fleet {
    /// Joins rows with the same name and domain whose SMBIOS identifiers do not contradict each other.
    pub fn of(rows: Vec<ServerRow>, catalogue: &Catalogue) -> Self {
        let mut fleet = Self::default();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for row in rows {
            if row.inventory.product_type == Some(WORKSTATION) || is_client(&row.inventory, catalogue) {
                fleet.workstations += 1;
                continue;
            }
            let namesakes = by_name.entry(names(&row.inventory).0).or_default();
            if let Some(at) = namesakes.iter().find(|at| fleet.servers[**at].is(&row.inventory)) {
                fleet.servers[*at].join(row);
            } else {
                namesakes.push(fleet.servers.len());
                fleet.servers.push(Reporting::new(row));
            }
        }
        fleet.servers.sort_by(|a, b| (&a.id, &a.rows).cmp(&(&b.id, &b.rows)));
        let mut previous = String::new();
        for (at, server) in fleet.servers.iter_mut().enumerate() {
            // two machines of one name: told apart by what the hardware says
            if server.id == previous {
                let mark = server.inventory.uuid.clone().unwrap_or_else(|| server.rows[0].to_string());
                server.id = format!("{}#{}", server.id, mark.to_lowercase());
            } else {
                previous.clone_from(&server.id);
            }
            for row in &server.rows {
                fleet.of_row.insert(*row, u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        fleet
    }

    /// The server of a row of the store; `None` for a workstation.
    pub fn of_row(&self, row: i64) -> Option<u32> {
        self.of_row.get(&row).copied()
    }
}

impl Reporting {
    fn new(row: ServerRow) -> Self {
        let (name, domain) = names(&row.inventory);
        let id = if domain.is_empty() { name } else { format!("{name}.{domain}") };
        Self { id, inventory: row.inventory, last_seen: row.last_seen, observed: row.observed, rows: vec![row.id] }
    }

    fn is(&self, other: &Inventory) -> bool {
        let uuid = |inventory: &Inventory| inventory.uuid.as_deref().map(hex).filter(|uuid| !uuid.is_empty());
        let same_machine = match (uuid(&self.inventory), uuid(other)) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let ((name, domain), (other_name, other_domain)) = (names(&self.inventory), names(other));
        // the short name of a domain is the first label of the long one
        let label = |domain: &str| domain.split('.').next().unwrap_or_default().to_owned();
        same_machine
            && name == other_name
            && (domain.is_empty() || other_domain.is_empty() || label(&domain) == label(&other_domain))
    }

    fn join(&mut self, row: ServerRow) {
        self.rows.push(row.id);
        self.last_seen = self.last_seen.max(row.last_seen);
        let (newer, older) = if row.observed > self.observed {
            self.observed = row.observed;
            (row.inventory, std::mem::take(&mut self.inventory))
        } else {
            (std::mem::take(&mut self.inventory), row.inventory)
        };
        self.inventory = newer;
        // names of clients are evidence of their own time
        self.inventory.names.extend(older.names);
        // files may be newer, and say nothing of what is installed
        if self.inventory.installed.is_empty() {
            self.inventory.installed = older.installed;
        }
        if names(&self.inventory).1.len() > self.id.split_once('.').map_or(0, |(_, domain)| domain.len()) {
            let (name, domain) = names(&self.inventory);
            self.id = format!("{name}.{domain}");
        }
    }

    /// Whether it runs in a virtual machine, as far as the report or the firmware's words tell.
    fn stated_virtual(&self) -> Option<bool> {
        let inventory = &self.inventory;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let by_firmware = || is_virtual_by_firmware(&text(&inventory.manufacturer), &text(&inventory.model));
        // only a guest is told its host
        let by_host = || inventory.physical_host.as_ref().is_some_and(|host| !host.is_empty()).then_some(true);
        inventory.is_virtual.or_else(by_firmware).or_else(by_host)
    }

    /// What it runs, by its name or else its build (rule B.5).
    fn release<'a>(&self, catalogue: &'a Catalogue) -> Option<&'a BuildRow> {
        let named = self.inventory.version.as_deref().and_then(|name| catalogue.release(name));
        named.or_else(|| catalogue.builds(self.inventory.build?).next())
    }
}

/// Whether the edition is that of a client operating system that says it is a server (rule B.1).
fn is_client(inventory: &Inventory, catalogue: &Catalogue) -> bool {
    let row = inventory.edition.as_deref().and_then(|id| catalogue.edition_id(id));
    row.is_some_and(|row| row.reporter == Reporter::Client)
}

fn names(inventory: &Inventory) -> (String, String) {
    let name = inventory.name.to_lowercase();
    let (short, rest) = name.split_once('.').unwrap_or((&name, ""));
    let domain = if inventory.domain.is_empty() { rest.to_owned() } else { inventory.domain.to_lowercase() };
    // a workgroup is no domain
    let domain = if domain == "workgroup" { String::new() } else { domain };
    (short.to_owned(), domain)
}

/// Digits only, lower case.
fn hex(uuid: &str) -> String {
    uuid.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase()
}

/// Windows prints the first three fields of an SMBIOS identifier in either byte order.
fn same_uuid(a: &str, b: &str) -> bool {
    let (a, b) = (hex(a), hex(b));
    let turned = || {
        let field = |text: &str| {
            text.as_bytes().rchunks(2).flat_map(|pair| pair.iter().map(|byte| char::from(*byte))).collect::<String>()
        };
        format!("{}{}{}{}", field(&a[..8]), field(&a[8..12]), field(&a[12..16]), &a[16..])
    };
    a.len() == 32 && (a == b || turned() == b)
}

pub(super) fn short(name: &str) -> String {
    name.to_lowercase().split('.').next().unwrap_or_default().to_owned()
}

/// Hosts, and the servers placed on them. `used_otherwise` says of each server whether it was used for anything but
/// administration, `covered_days` on how many days of the window it was observed, `None` for all.
pub(super) fn place(
    fleet: &Fleet,
    catalogue: &Catalogue,
    settings: &[HostSettings],
    used_otherwise: &[bool],
    covered_days: &[Option<u32>],
) -> (Vec<Host>, Vec<Server>, Vec<String>) {
    let mut notes = Vec::new();
    let mut hosts: BTreeMap<String, Host> = BTreeMap::new();
    for (at, server) in fleet.servers.iter().enumerate() {
        if is_virtual(server, settings) != Some(false) {
            continue;
        }
        // E.8: a machine that reports guests and that nobody but administrators used does nothing else
        let only = !server.inventory.virtual_machines.is_empty() && !used_otherwise[at];
        hosts.entry(short(&server.id)).or_insert_with(|| Host {
            id: server.id.clone(),
            processors: enabled(&server.inventory).unwrap_or_else(|| processors(&server.inventory)),
            fitted: enabled(&server.inventory).map(|_| processors(&server.inventory)).unwrap_or_default(),
            processor_model: processor_model(&server.inventory),
            windows: true,
            virtualization_only: only,
            ..Host::default()
        });
    }
    for given in settings {
        let host = hosts.entry(short(&given.name)).or_insert_with(|| unknown(given.name.to_lowercase()));
        if !given.processors.is_empty() {
            host.processors.clone_from(&given.processors);
            host.fitted.clear();
        }
        host.windows = given.windows.unwrap_or(host.windows);
        host.virtualization_only = given.virtualization_only.unwrap_or(host.virtualization_only);
        host.peak_virtual_machines = given.peak_virtual_machines.or(host.peak_virtual_machines);
        host.farm.clone_from(&given.farm);
    }
    let mut servers = Vec::new();
    for (at, server) in fleet.servers.iter().enumerate() {
        let host = host_of(server, fleet, settings).map(|name| {
            let key = short(&name);
            hosts.entry(key).or_insert_with(|| unknown(name.to_lowercase())).id.clone()
        });
        // an import may hold the EditionID of the registry instead of the edition (B.3)
        let named = server.inventory.edition.as_deref().filter(|edition| !edition.is_empty());
        let edition = named.and_then(|id| catalogue.normalised(id));
        let release = server.release(catalogue);
        let channel = release.and_then(|row| catalogue.channel(&row.channel));
        let is_virtual = is_virtual(server, settings) == Some(true);
        servers.push(Server {
            id: server.id.clone(),
            version: release.map(|row| row.version),
            edition: edition.and_then(|edition| edition.row.edition.clone()).or_else(|| named.map(str::to_owned)),
            host,
            is_virtual,
            // C.15: as the machine sees them, threads included
            virtual_processors: server.inventory.logical_processors.filter(|&seen| is_virtual && seen > 0),
            evaluation: server.inventory.evaluation || edition.is_some_and(|edition| edition.evaluation),
            observed_days: covered_days[at],
            // A.1
            release: release
                .filter(|_| channel.is_some_and(|channel| channel.software_assurance))
                .map(|row| row.release.clone()),
            ..Server::default()
        });
    }
    let circle = leave_circles(&mut servers);
    if !circle.is_empty() {
        notes.push(format!(
            "virtual servers that name each other as their host, so that it is not known (C.11); say it in [[estate.host]]: {}",
            circle.join(", ")
        ));
    }
    let is_taken = |server: &&Reporting| {
        server.stated_virtual().is_none()
            && stated_host(server, settings).is_none()
            && is_virtual(server, settings) == Some(false)
    };
    let taken: Vec<&str> = fleet.servers.iter().filter(is_taken).map(|server| server.id.as_str()).collect();
    if !taken.is_empty() {
        notes.push(format!(
            "servers counted as physical machines, because no report says whether they are virtual; name the host of one \
             that is in [[estate.host]]: {}",
            taken.join(", ")
        ));
    }
    let inferred: Vec<&str> = hosts
        .iter()
        .filter(|(key, host)| {
            let stated =
                settings.iter().any(|given| short(&given.name) == **key && given.virtualization_only.is_some());
            host.virtualization_only && !stated
        })
        .map(|(_, host)| host.id.as_str())
        .collect();
    if !inferred.is_empty() {
        notes.push(format!(
            "hosts taken to do nothing but run virtual machines, because only administrators used them (E.8); say \
             virtualization_only in [[estate.host]] if that is wrong: {}",
            inferred.join(", ")
        ));
    }
    (hosts.into_values().collect(), servers, notes)
}

/// Guests that over one or more guests name themselves as their host know nothing of it: takes the host from them and
/// returns their ids.
fn leave_circles(servers: &mut [Server]) -> Vec<String> {
    let by_id: HashMap<&str, usize> = (servers.iter().enumerate())
        .filter(|(_, server)| server.is_virtual)
        .map(|(at, server)| (server.id.as_str(), at))
        .collect();
    let next = |at: usize| by_id.get(servers[at].host.as_deref()?).copied();
    // 0 not looked at, otherwise the start from which it was reached
    let mut reached = vec![0; servers.len()];
    let mut circle = BTreeSet::new();
    for start in 0..servers.len() {
        let mut at = start;
        while reached[at] == 0 {
            reached[at] = start + 1;
            let Some(host) = next(at) else { break };
            at = host;
        }
        // back where this start came by: once round
        if reached[at] == start + 1 && next(at).is_some() {
            while circle.insert(at) {
                let Some(host) = next(at) else { break };
                at = host;
            }
        }
    }
    for &at in &circle {
        servers[at].host = None;
    }
    circle.into_iter().map(|at| servers[at].id.clone()).collect()
}

/// Whether a server is virtual: by its report, by the host it is stated to run on, else, if its processors are known, not:
/// unknown is never zero.
fn is_virtual(server: &Reporting, settings: &[HostSettings]) -> Option<bool> {
    server
        .stated_virtual()
        .or_else(|| stated_host(server, settings).map(|host| short(&host.name) != short(&server.id)))
        .or_else(|| (!processors(&server.inventory).is_empty()).then_some(false))
}

fn stated_host<'a>(server: &Reporting, settings: &'a [HostSettings]) -> Option<&'a HostSettings> {
    settings.iter().find(|host| host.servers.iter().any(|name| short(name) == short(&server.id)))
}

fn unknown(id: String) -> Host {
    Host { id, ..Host::default() }
}

/// Name of the host of a server: stated, itself, known to the guest, or known to the host.
fn host_of(server: &Reporting, fleet: &Fleet, settings: &[HostSettings]) -> Option<String> {
    if let Some(host) = stated_host(server, settings) {
        return Some(host.name.clone());
    }
    let own = short(&server.id);
    match is_virtual(server, settings) {
        Some(false) => Some(server.id.clone()),
        Some(true) => {
            // a guest that names itself knows nothing of its host
            let named = server.inventory.physical_host.as_ref();
            if let Some(host) = named.filter(|host| !host.is_empty() && short(host) != own) {
                return Some(host.clone());
            }
            let uuid = server.inventory.uuid.as_deref().unwrap_or_default();
            let carries = |host: &&Reporting| {
                host.inventory
                    .virtual_machines
                    .iter()
                    .any(|guest| same_uuid(&guest.bios_guid, uuid) || short(&guest.name) == own)
            };
            fleet.servers.iter().find(carries).map(|host| host.id.clone())
        }
        None => None,
    }
}

/// Physical cores of each processor; empty if not known one by one and not evenly divided.
fn processors(inventory: &Inventory) -> Vec<u32> {
    if !inventory.processors.is_empty() && inventory.processors.iter().all(|processor| processor.cores > 0) {
        return inventory.processors.iter().map(|processor| processor.cores).collect();
    }
    match (inventory.sockets, inventory.cores) {
        (Some(sockets), Some(cores)) if sockets > 0 && cores > 0 && cores.is_multiple_of(sockets) => {
            vec![cores / sockets; sockets as usize]
        }
        _ => Vec::new(),
    }
}

/// Cores enabled of each processor, if fewer than are fitted (rule C.5).
fn enabled(inventory: &Inventory) -> Option<Vec<u32>> {
    let fitted = processors(inventory);
    let enabled = inventory.processors.iter().map(|processor| processor.enabled_cores.filter(|&cores| cores > 0));
    let enabled: Vec<u32> = enabled.collect::<Option<_>>()?;
    let fewer = enabled.len() == fitted.len()
        && enabled != fitted
        && enabled.iter().zip(&fitted).all(|(enabled, fitted)| enabled <= fitted);
    fewer.then_some(enabled)
}

/// What all processors are, if they are all of one model.
fn processor_model(inventory: &Inventory) -> Option<String> {
    let first = &inventory.processors.first()?.model;
    let same = !first.is_empty() && inventory.processors.iter().all(|processor| processor.model == *first);
    same.then(|| first.clone())
}
