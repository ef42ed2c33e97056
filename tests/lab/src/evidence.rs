//! The evidence that the organisation leaves behind on each server, as the report an agent would make of it.

use caliper_proto::{
    Access, AccessKey, Days, Installed, Instant, Inventory, NameRecord, Processor, Report, Source, VirtualMachine,
    merge_all,
};
use jiff::{ToSpan, civil::Date};

use crate::{
    directory::person_sid,
    plan::{DOMAIN, Joined, Kind, Noise, Organisation, Purpose, VERSIONS, VIRTUAL_PROCESSORS, Visit},
    random::Random,
};

const DIRECTORY_ROLE: (&str, &str) = ("Active Directory Domain Services", "ad495fc3-0eaa-413d-ba7d-8b13fa7ec598");
const FILE_ROLE: (&str, &str) = ("File Server", "10a9226f-50ee-49d8-a393-9a501d47ce04");
const PRINT_ROLE: (&str, &str) = ("Print and Document Services", "7fb09bd3-7fe6-435e-8348-7d8aefb6cea3");
const WEB_ROLE: (&str, &str) = ("Web Server", "d6256cf7-98fb-4eb4-aa18-303f1da1f770");
const DATABASE_ROLE: (&str, &str) = ("SQL Server Database Engine", "bd7f7c0d-7c36-4721-afa8-0ba700e26d9e");
const DHCP_ROLE: (&str, &str) = ("DHCP Server", "48eed6b2-9cdc-4358-b5a5-8dea3b2f3f6a");

/// What the server at index `server` reports.
#[must_use]
pub fn report(organisation: &Organisation, server: usize) -> Report {
    let mut random = Random::new(organisation.seed ^ (server as u64 + 1) << 32);
    let mut accesses = Vec::new();
    for visit in organisation.visits.iter().filter(|visit| visit.server == server) {
        accesses.append(&mut visit_rows(organisation, visit, &mut random));
    }
    for noise in organisation.noise.iter().filter(|noise| noise.server == server) {
        accesses.append(&mut noise_rows(organisation, noise, &mut random));
    }
    Report { server: inventory(organisation, server), accesses: merge_all(accesses), warnings: Vec::new() }
}

fn visit_rows(organisation: &Organisation, visit: &Visit, random: &mut Random) -> Vec<Access> {
    let (person, device) = (&organisation.people[visit.person], &organisation.devices[visit.device]);
    let [short, upper, upn, long] = person.principals(visit.as_admin);
    let address = device.second_address.as_ref().filter(|_| random.chance(40)).unwrap_or(&device.address);
    let name = if device.joined == Joined::Address { &device.address } else { &device.name };
    let when = days(organisation.as_of, visit.long_ago, random);
    let role = |(service, guid): (&str, &str), principal: &str| {
        row(Source::UserAccessLogging, service, guid, principal, address, &when)
    };
    let log = |source, service: &str, principal: &str, client: &str| row(source, service, "", principal, client, &when);
    let rows = match organisation.servers[visit.server].kind {
        Kind::Hypervisor => vec![log(Source::SecurityLog, "logon type 10", &upper, address)],
        Kind::DomainController => {
            let principal = match random.below(3) {
                0 => person_sid(visit.person, visit.as_admin),
                1 => long,
                _ => upn,
            };
            vec![role(DIRECTORY_ROLE, &short), log(Source::DomainControllerLog, "Kerberos", &principal, address)]
        }
        Kind::Files if random.chance(50) => {
            vec![role(FILE_ROLE, &short), log(Source::SecurityLog, "logon type 3", &upper, name)]
        }
        Kind::Files => vec![role(FILE_ROLE, &upn)],
        Kind::Print => vec![role(PRINT_ROLE, &short)],
        Kind::Web => vec![role(WEB_ROLE, &short), log(Source::SecurityLog, "logon type 3", &upper, address)],
        Kind::Database => vec![role(DATABASE_ROLE, &long)],
        Kind::Desktops => vec![log(Source::TerminalSessions, "remote desktop session", &upper, address)],
        Kind::Mail => vec![log(Source::SecurityLog, "logon type 8", &upn, address)],
    };
    rows.into_iter().flatten().collect()
}

fn noise_rows(organisation: &Organisation, noise: &Noise, random: &mut Random) -> Vec<Access> {
    let when = days(organisation.as_of, false, random);
    let (service, guid) = match noise.purpose {
        Purpose::Infrastructure => DHCP_ROLE,
        Purpose::System if noise.principal.ends_with('$') => FILE_ROLE,
        Purpose::System | Purpose::GoldenTicket => {
            return row(Source::SecurityLog, "logon type 3", "", &noise.principal, &noise.client, &when);
        }
        _ => FILE_ROLE,
    };
    row(Source::UserAccessLogging, service, guid, &noise.principal, &noise.client, &when)
}

/// One to five days, yesterday at the latest; within the last two months or, if `long_ago`, four months earlier.
fn days(as_of: Date, long_ago: bool, random: &mut Random) -> Vec<Date> {
    let (least, most) = if long_ago { (120, 300) } else { (1, 60) };
    let mut days: Vec<Date> = (0..random.between(1, 5))
        .map(|_| as_of.saturating_sub(i64::try_from(random.between(least, most)).unwrap_or(0).days()))
        .collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// One row per calendar year.
fn row(source: Source, service: &str, guid: &str, principal: &str, client: &str, when: &[Date]) -> Vec<Access> {
    when.chunk_by(|one, other| one.year() == other.year())
        .map(|days| {
            let mut set = Days::default();
            for &day in days {
                set.insert_date(day);
            }
            Access {
                key: AccessKey {
                    service: service.into(),
                    role_guid: guid.into(),
                    principal: principal.into(),
                    client: client.into(),
                    source,
                    year: days[0].year(),
                },
                days: set,
                total: days.len() as u64 * 3,
                first: at(days[0], 8),
                last: at(days[days.len() - 1], 16),
            }
        })
        .collect()
}

/// The hour of the day in UTC.
fn at(day: Date, hour: i8) -> Instant {
    day.at(hour, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_or(Instant::default(), |time| time.timestamp().into())
}

fn inventory(organisation: &Organisation, at_index: usize) -> Inventory {
    let server = &organisation.servers[at_index];
    let host = &organisation.hosts[server.host];
    let (version, build, _) = VERSIONS[server.version];
    let seen = at(organisation.as_of.saturating_sub(1.day()), 12);
    // a guest sees virtual processors, and no threads of theirs
    let (fitted, threads): (&[u32], u32) =
        if server.is_virtual { (&[VIRTUAL_PROCESSORS], 1) } else { (host.processors, 2) };
    // a guest of Windows knows its host, others do not
    let windows_host = host.physical.filter(|_| server.is_virtual);
    let hypervisor = if windows_host.is_some() {
        ("Microsoft Corporation", "Virtual Machine")
    } else {
        ("VMware, Inc.", "VMware Virtual Platform")
    };
    let (manufacturer, model) = if server.is_virtual { hypervisor } else { ("Dell Inc.", "PowerEdge R740") };
    let guests =
        organisation.servers.iter().enumerate().filter(|(_, guest)| guest.is_virtual && guest.host == server.host);
    Inventory {
        name: server.name.into(),
        domain: DOMAIN.into(),
        edition: Some(server.edition.name().into()),
        version: Some(version.into()),
        build: Some(build),
        product_type: Some(if server.kind == Kind::DomainController { 2 } else { 3 }),
        model: Some(model.into()),
        manufacturer: Some(manufacturer.into()),
        uuid: Some(machine_guid(organisation, at_index).to_uppercase()),
        sockets: Some(fitted.len() as u32),
        cores: Some(fitted.iter().sum()),
        logical_processors: Some(fitted.iter().sum::<u32>() * threads),
        processors: fitted
            .iter()
            .map(|&cores| Processor {
                cores,
                enabled_cores: Some(cores),
                logical_processors: Some(cores * threads),
                model: "Intel(R) Xeon(R) Gold".into(),
            })
            .collect(),
        is_virtual: Some(server.is_virtual),
        physical_host: windows_host.map(|host| organisation.servers[host].name.into()),
        evaluation: false,
        addresses: vec![server.address.clone()],
        roles: Vec::new(),
        installed: Installed::default(),
        names: if server.kind == Kind::Hypervisor { Vec::new() } else { names(organisation, at_index, seen) },
        virtual_machines: guests
            .filter(|_| !server.is_virtual)
            .map(|(guest, machine)| VirtualMachine {
                vm_guid: machine_guid(organisation, guest + 1000),
                bios_guid: machine_guid(organisation, guest),
                name: machine.name.into(),
                first: at(organisation.as_of.saturating_sub(80.days()), 0),
                last: seen,
            })
            .collect(),
    }
}

fn machine_guid(organisation: &Organisation, number: usize) -> String {
    let mut random = Random::new(organisation.seed ^ 0x6d61_6368 ^ (number as u64) << 40);
    let (high, low) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// The names that this server resolved for addresses it saw.
fn names(organisation: &Organisation, server: usize, seen: Instant) -> Vec<NameRecord> {
    let mut devices: Vec<usize> = organisation
        .visits
        .iter()
        .filter(|visit| visit.server == server)
        .map(|visit| visit.device)
        .chain(organisation.noise.iter().filter(|noise| noise.server == server).filter_map(|noise| noise.device))
        .collect();
    devices.sort_unstable();
    devices.dedup();
    let mut names = Vec::new();
    for device in devices.into_iter().map(|device| &organisation.devices[device]) {
        let host_name = match device.joined {
            Joined::Domain => format!("{}.{DOMAIN}", device.name.to_lowercase()),
            Joined::Name => device.name.clone(),
            Joined::Address => continue,
        };
        for address in [Some(&device.address), device.second_address.as_ref()].into_iter().flatten() {
            names.push(NameRecord { address: address.clone(), host_name: host_name.clone(), last: seen });
        }
    }
    names
}
