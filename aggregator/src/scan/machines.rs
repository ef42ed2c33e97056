//! The servers that report, each once, and the physical machines they run on.

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

#[cfg(test)]
mod tests {
    use caliper_licensing::catalogue::catalogue;
    use caliper_proto::VirtualMachine;

    use super::*;

    fn row(id: i64, name: &str, change: impl FnOnce(&mut Inventory)) -> ServerRow {
        let mut inventory = Inventory { name: name.into(), domain: "lab.net".into(), ..Inventory::default() };
        change(&mut inventory);
        ServerRow { id, inventory, observed: id, last_seen: Instant::default() }
    }

    fn guest(name: &str, bios: &str) -> VirtualMachine {
        VirtualMachine {
            vm_guid: String::new(),
            bios_guid: bios.into(),
            name: name.into(),
            first: Instant::default(),
            last: Instant::default(),
        }
    }

    #[test]
    fn one_server_whoever_speaks_for_it() {
        let uuid = |text: &'static str| move |inventory: &mut Inventory| inventory.uuid = Some(text.into());
        let short = |inventory: &mut Inventory| inventory.domain = "LAB".into();
        let fleet = Fleet::of(
            vec![
                row(1, "DC-1", short),
                row(2, "dc-1", uuid("49704D56-60F8-0A10-1C09-0156A066C2C3")),
                row(3, "FS", uuid("11111111-1111-1111-1111-111111111111")),
                row(4, "FS", uuid("22222222-2222-2222-2222-222222222222")),
                row(5, "PC", |inventory| inventory.product_type = Some(1)),
            ],
            catalogue(),
        );
        let ids: Vec<&str> = fleet.servers.iter().map(|server| server.id.as_str()).collect();
        assert_eq!(ids, ["dc-1.lab.net", "fs.lab.net", "fs.lab.net#22222222-2222-2222-2222-222222222222"]);
        assert_eq!(
            (fleet.of_row(1), fleet.of_row(2), fleet.of_row(4), fleet.of_row(5)),
            (Some(0), Some(0), Some(2), None)
        );
        assert_eq!(fleet.workstations, 1);
    }

    #[test]
    fn servers_find_their_hosts() {
        let virtual_machine = |inventory: &mut Inventory| inventory.is_virtual = Some(true);
        let fleet = Fleet::of(
            vec![
                row(1, "HV1", |inventory| {
                    inventory.is_virtual = Some(false);
                    inventory.logical_processors = Some(48);
                    inventory.processors = vec![caliper_proto::Processor { cores: 12, ..Default::default() }; 2];
                    inventory.virtual_machines =
                        vec![guest("web", ""), guest("", "564d7049-f860-100a-1c09-0156a066c2c3")];
                }),
                row(2, "A-KVP", |inventory| {
                    virtual_machine(inventory);
                    inventory.physical_host = Some("hv1.lab.net".into());
                    inventory.logical_processors = Some(6);
                }),
                row(3, "B-UUID", |inventory| {
                    virtual_machine(inventory);
                    inventory.uuid = Some("49704D56-60F8-0A10-1C09-0156A066C2C3".into());
                }),
                row(4, "WEB", virtual_machine),
                row(5, "X-STATED", virtual_machine),
                row(6, "Y-NOBODY", virtual_machine),
                row(7, "Z-UNKNOWN", |_| {}),
            ],
            catalogue(),
        );
        let stated = HostSettings {
            name: "esx1".into(),
            processors: vec![9, 9],
            servers: vec!["x-stated".into()],
            ..HostSettings::default()
        };
        let (hosts, servers, notes) = place(&fleet, catalogue(), &[stated], &[false; 7], &[None; 7]);
        let placed: Vec<Option<&str>> = servers.iter().map(|server| server.host.as_deref()).collect();
        let hv1 = Some("hv1.lab.net");
        // in the order of their ids: a-kvp, b-uuid, hv1, web, x-stated, y-nobody, z-unknown
        assert_eq!(placed, [hv1, hv1, hv1, hv1, Some("esx1"), None, None]);
        let facts: Vec<_> = hosts
            .iter()
            .map(|host| (host.id.as_str(), host.processors.clone(), host.windows, host.virtualization_only))
            .collect();
        assert_eq!(facts, [("esx1", vec![9, 9], false, false), ("hv1.lab.net", vec![12, 12], true, true)]);
        // C.15, B.6: those of a machine, never of the metal
        let seen: Vec<_> = servers.iter().map(|server| server.virtual_processors).collect();
        assert_eq!(seen, [Some(6), None, None, None, None, None, None]);
        assert!(notes[0].ends_with("hv1.lab.net"), "{notes:?}");
        // E.8 ends with the first other use
        let mut used = [false; 7];
        used[2] = true;
        assert!(!place(&fleet, catalogue(), &[], &used, &[None; 7]).0[0].virtualization_only);
    }

    #[test]
    fn guests_that_name_each_other_have_no_host() {
        let on = |host: &'static str| {
            move |inventory: &mut Inventory| {
                inventory.is_virtual = Some(true);
                inventory.physical_host = Some(host.into());
            }
        };
        let physical = |inventory: &mut Inventory| inventory.is_virtual = Some(false);
        let rows = vec![
            row(1, "a", on("b.lab.net")),
            row(2, "b", on("a.lab.net")),
            // on the way to the circle, but not in it
            row(3, "c", on("a.lab.net")),
            // a guest of a guest
            row(4, "d", on("e.lab.net")),
            row(5, "e", on("hv.lab.net")),
            row(6, "hv", physical),
        ];
        let fleet = Fleet::of(rows, catalogue());
        let (hosts, servers, notes) = place(&fleet, catalogue(), &[], &[true; 6], &[None; 6]);
        let placed: Vec<Option<&str>> = servers.iter().map(|server| server.host.as_deref()).collect();
        let hv = Some("hv.lab.net");
        assert_eq!(placed, [None, None, Some("a.lab.net"), Some("e.lab.net"), hv, hv]);
        assert!(notes.iter().any(|note| note.ends_with("[[estate.host]]: a.lab.net, b.lab.net")), "{notes:?}");
        let estate = caliper_licensing::Estate { hosts, servers, ..Default::default() };
        caliper_licensing::assess(&estate).unwrap();
    }

    #[test]
    fn known_processors_count_even_if_nothing_says_whether_they_are_virtual() {
        let facts = |maker: &'static str, model: &'static str| {
            move |inventory: &mut Inventory| {
                (inventory.manufacturer, inventory.model) = (Some(maker.into()), Some(model.into()));
                (inventory.sockets, inventory.cores) = (Some(2), Some(24));
            }
        };
        let rows = vec![
            row(1, "a", facts("", "")),
            row(2, "b", facts("QEMU", "KVM")),
            row(3, "c", facts("Dell Inc.", "R630")),
            row(4, "d", |inventory| inventory.physical_host = Some("c".into())),
        ];
        let fleet = Fleet::of(rows, catalogue());
        let (hosts, servers, notes) = place(&fleet, catalogue(), &[], &[true; 4], &[None; 4]);
        let hosts: Vec<_> = hosts.into_iter().map(|host| (host.id, host.processors)).collect();
        assert_eq!(hosts, [("a.lab.net".to_owned(), vec![12, 12]), ("c.lab.net".to_owned(), vec![12, 12])]);
        assert_eq!(servers.iter().map(|server| server.is_virtual).collect::<Vec<_>>(), [false, true, false, true]);
        assert_eq!(servers[3].host.as_deref(), Some("c.lab.net"));
        assert_eq!(notes.len(), 1);
        assert!(notes[0].ends_with("[[estate.host]]: a.lab.net"), "{notes:?}");
        // a stated host settles it
        let esx = HostSettings {
            name: "esx1".into(),
            processors: vec![16],
            servers: vec!["a".into()],
            ..HostSettings::default()
        };
        let (hosts, servers, notes) = place(&fleet, catalogue(), &[esx], &[true; 4], &[None; 4]);
        let hosts: Vec<_> = hosts.into_iter().map(|host| host.id).collect();
        assert_eq!((hosts, notes.len()), (vec!["c.lab.net".to_owned(), "esx1".to_owned()], 0));
        assert_eq!((servers[0].is_virtual, servers[0].host.as_deref()), (true, Some("esx1")));
    }

    #[test]
    fn versions_and_editions_are_those_of_the_catalogue() {
        let facts = |version: &'static str, build: u32, edition: &'static str| {
            move |inventory: &mut Inventory| {
                inventory.version = Some(version.into()).filter(|text: &String| !text.is_empty());
                (inventory.build, inventory.edition) = (Some(build), Some(edition.into()));
            }
        };
        let rows = vec![
            row(1, "a", facts("2012 R2", 9600, "Datacenter")),
            row(2, "b", facts("SAC 1809", 17_763, "ServerDatacenterACor")), // A.6: CAL of 2019
            row(3, "c", facts("", 14_393, "ServerStandardEval")),           // B.5 by build, B.3
            row(4, "d", facts("", 26_200, "Premium")),                      // unknown, never guessed
            row(5, "e", facts("2019", 17_763, "ServerRdsh")),               // B.1: a client
        ];
        let fleet = Fleet::of(rows, catalogue());
        assert_eq!(fleet.workstations, 1);
        let (_, servers, notes) = place(&fleet, catalogue(), &[], &[true; 4], &[None; 4]);
        let found: Vec<_> = (servers.iter())
            .map(|server| {
                (
                    server.version.map_or("", caliper_licensing::VersionName::name),
                    server.edition.as_deref(),
                    server.evaluation,
                )
            })
            .collect();
        let expected = [
            ("2012 R2", Some("Datacenter"), false),
            ("2019", Some("Datacenter"), false),
            ("2016", Some("Standard"), true),
            ("", Some("Premium"), false),
        ];
        assert_eq!(found, expected);
        assert!(notes.iter().all(|note| !note.contains("b.lab.net")), "{notes:?}");
        // A.1: only that one runs under Software Assurance
        let releases: Vec<_> = servers.iter().map(|server| server.release.as_deref()).collect();
        assert_eq!(releases, [None, Some("SAC 1809"), None, None]);
    }

    /// C.5, D.2.
    #[test]
    fn disabled_cores_and_the_model_are_told() {
        let with = |enabled: [Option<u32>; 2], models: [&'static str; 2]| {
            let processor = |(enabled_cores, model): (Option<u32>, &str)| caliper_proto::Processor {
                cores: 12,
                enabled_cores,
                model: model.into(),
                ..Default::default()
            };
            move |inventory: &mut Inventory| {
                inventory.is_virtual = Some(false);
                inventory.processors = enabled.into_iter().zip(models).map(processor).collect();
            }
        };
        let all = Some(12);
        let rows = vec![
            row(1, "a", with([Some(8), all], ["X 1", "X 1"])),
            row(2, "b", with([all, all], ["X 1", "X 2"])),
            row(3, "c", with([None, Some(8)], ["", ""])),
            // more than there are: one of the two is wrong
            row(4, "d", with([Some(16), all], ["", "X 1"])),
        ];
        let (hosts, ..) = place(&Fleet::of(rows, catalogue()), catalogue(), &[], &[true; 4], &[None; 4]);
        let facts: Vec<_> = hosts
            .iter()
            .map(|host| (host.processors.as_slice(), host.fitted.as_slice(), host.processor_model.as_deref()))
            .collect();
        let both = &[12, 12][..];
        assert_eq!(
            facts,
            [(&[8, 12][..], both, Some("X 1")), (both, &[][..], None), (both, &[][..], None), (both, &[][..], None)]
        );
    }

    #[test]
    fn cores_that_are_not_known_stay_unknown() {
        let facts = |sockets, cores| Inventory { sockets, cores, ..Inventory::default() };
        for (inventory, expected) in [
            (facts(Some(2), Some(24)), vec![12, 12]),
            (facts(Some(2), Some(5)), vec![]),
            (facts(Some(0), Some(0)), vec![]),
            (facts(None, Some(8)), vec![]),
        ] {
            assert_eq!(processors(&inventory), expected);
        }
    }
}
