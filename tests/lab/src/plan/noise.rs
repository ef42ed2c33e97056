//! What real evidence holds beside people at devices: programs, machines, strangers, nobody.

use super::{Device, Joined, NETBIOS, Organisation, Standing};
use crate::random::Random;

/// Why a row is there and what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The system talks to itself: nothing.
    System,
    /// A server uses another one, by its machine account or a service account: nothing (rule E.6).
    ServerToServer,
    /// A machine that people use, by its own account: nothing beyond their accesses (rule E.15).
    MachineAccount,
    /// A program on a machine that is no licensed server: a Device CAL for that machine (rule E.15).
    Program,
    /// A machine used by nobody, by its own account: a Device CAL (rule E.28).
    LonelyMachine,
    /// A name that no directory knows, from a machine that has a Device CAL anyway: nothing more.
    GoldenTicket,
    /// An address from the DHCP server: only in the highest number (rule E.13).
    Infrastructure,
}

/// One row that no person stands behind.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Why.
    pub purpose: Purpose,
    /// Index of the server that saw it.
    pub server: usize,
    /// As the log names it.
    pub principal: String,
    /// As the log names it.
    pub client: String,
    /// The device meant, if there is one.
    pub device: Option<usize>,
}

/// Adds the noise.
pub fn scatter(organisation: &mut Organisation, random: &mut Random) {
    let mut noise = Vec::new();
    let mut add = |purpose, server, principal: &str, client: &str, device| {
        noise.push(Noise { purpose, server, principal: principal.into(), client: client.into(), device });
    };
    let machine = |name: &str| format!("{NETBIOS}\\{name}$");

    for (at, server) in organisation.servers.iter().enumerate() {
        let own = machine(server.name);
        add(Purpose::System, at, &own, "::1", None);
        add(Purpose::System, at, &own, &server.address, None);
        for (principal, client) in [
            ("NT AUTHORITY\\SYSTEM", ""),
            ("NT AUTHORITY\\ANONYMOUS LOGON", "10.16.0.1"),
            ("NT AUTHORITY\\LOCAL SERVICE", ""),
            ("Window Manager\\DWM-2", ""),
            ("Font Driver Host\\UMFD-1", ""),
        ] {
            add(Purpose::System, at, principal, client, None);
        }
    }
    let (dc, files, sql, web) = (
        organisation.server("NW-DC1"),
        organisation.server("NW-FS1"),
        organisation.server("NW-SQL1"),
        organisation.server("NW-WEB1"),
    );
    let from_web = organisation.servers[web].address.clone();
    let from_sql = organisation.servers[sql].address.clone();
    add(Purpose::ServerToServer, sql, &machine("NW-WEB1"), &from_web, None);
    add(Purpose::ServerToServer, sql, &format!("{NETBIOS}\\svc-web"), &from_web, None);
    add(Purpose::ServerToServer, dc, &machine("NW-SQL1"), &from_sql, None);
    add(Purpose::ServerToServer, dc, &format!("{NETBIOS}\\sqlagent"), &from_sql, None);
    // a group managed service account is named like a machine
    add(Purpose::ServerToServer, files, &format!("{NETBIOS}\\gmsa-report$"), &from_sql, None);

    // only machines with somebody behind them: a sleeper's or leaver's stays off
    let mut used: Vec<usize> =
        organisation.visits.iter().filter(|visit| organisation.counts(visit)).map(|visit| visit.device).collect();
    used.sort_unstable();
    used.dedup();
    for &device in &used {
        let Device { name, joined, address, .. } = &organisation.devices[device];
        if *joined == Joined::Domain {
            let server = organisation
                .visits
                .iter()
                .find(|visit| visit.device == device && organisation.counts(visit))
                .map_or(dc, |visit| visit.server);
            add(Purpose::MachineAccount, server, &machine(name), address, Some(device));
        }
    }
    // shared machines keep their Device CAL whatever a stranger's name does there
    let shared = organisation.visits.iter().find(|visit| {
        organisation.counts(visit) && organisation.people[visit.person].department == super::Department::Production
    });
    if let Some(visit) = shared.copied() {
        let address = organisation.devices[visit.device].address.clone();
        for _ in 0..3 {
            let name = format!("{NETBIOS}\\ghost{:04}", random.below(10_000));
            add(Purpose::GoldenTicket, visit.server, &name, &address, Some(visit.device));
        }
    }
    let dhcp = organisation.server("NW-DC2");
    for number in 0..5 {
        add(Purpose::Infrastructure, dhcp, "", &format!("10.9.1.{}", 20 + number), None);
    }

    let mut extra = |name: &str, joined, address: &str| {
        organisation.devices.push(Device { name: name.into(), joined, address: address.into(), second_address: None });
        organisation.devices.len() - 1
    };
    let backup = extra("backup01", Joined::Name, "10.9.0.5");
    add(Purpose::Program, files, &format!("{NETBIOS}\\svc-backup"), "10.9.0.5", Some(backup));
    let display = extra("NW-DISPLAY1", Joined::Domain, "10.9.0.6");
    add(Purpose::LonelyMachine, files, &machine("NW-DISPLAY1"), "10.9.0.6", Some(display));
    debug_assert!(organisation.people.iter().any(|person| person.standing == Standing::Leaver));
    organisation.noise = noise;
}
