//! What runs on each host, as far as it is known; what is not known becomes a warning, never a zero (invariant 4).

use crate::{
    catalogue::RunLicence,
    checked::Checked,
    estate::Server,
    findings::{Warnings, counted},
    version::VersionName,
};

/// The Windows instances of one host that need licences of their version's kind.
pub(crate) struct Running<'a> {
    pub host: &'a str,
    /// Physical cores by processor; empty: unknown.
    pub processors: &'a [u32],
    /// The newest version running.
    pub version: VersionName,
    /// The highest edition running.
    pub edition: Edition,
    /// Whether Windows runs in the physical operating system environment.
    pub physical: bool,
    /// Whether that Windows only hosts and manages virtual machines (rule C.7).
    pub only_machines: bool,
    /// Windows virtual machines running at once.
    pub machines: u64,
}

impl Running<'_> {
    /// Instances that use a right to run: virtual machines, and the physical one unless it only manages them (C.7); at
    /// least one where any Windows runs (C.8).
    pub fn instances(&self) -> u64 {
        (self.machines + u64::from(self.physical && !self.only_machines)).max(1)
    }

    /// The same for people to read.
    pub fn instances_in_words(&self) -> String {
        let machines = counted(self.machines as usize, "virtual machine", "virtual machines");
        let metal = match (self.physical, self.only_machines) {
            (false, _) => "no Windows on the metal",
            (true, false) => "Windows with a task of its own on the metal",
            (true, true) => "Windows on the metal only to run virtual machines",
        };
        format!(
            "{machines} with Windows Server, {metal}: {}",
            counted(self.instances() as usize, "instance", "instances")
        )
    }
}

/// Editions licensed by version, in rising order of their rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edition {
    Standard,
    Enterprise,
    Datacenter,
}

/// Hosts on which Windows runs, by id.
pub(crate) fn running<'a>(checked: &Checked<'a>, warnings: &mut Warnings) -> Vec<Running<'a>> {
    let estate = checked.estate;
    let mut on_host: Vec<Vec<&Server>> = vec![Vec::new(); estate.hosts.len()];
    let (mut homeless, mut without_host, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for (server, host) in estate.servers.iter().zip(&checked.host_of) {
        match (licence(checked, server), host) {
            (RunLicence::Free, _) => {}
            (RunLicence::Own, _) => own.push(server.id.as_str()),
            (RunLicence::ByVersion, Some(host)) => on_host[*host as usize].push(server),
            (RunLicence::ByVersion, None) if server.is_virtual => homeless.push(server.id.as_str()),
            (RunLicence::ByVersion, None) => without_host.push(server.id.as_str()),
        }
    }
    warnings.about(homeless, |count, list| {
        format!(
            "{count} virtual server(s) run on an unknown host; licences for cores attach to the host, so theirs are not in \
             the number (C.11): say which host each runs on: {list}"
        )
    });
    warnings.about(without_host, |count, list| {
        format!(
            "{count} physical server(s) have no host with processors, so their licences to run are not in the number \
             (C.1): give their processors: {list}"
        )
    });
    warnings.about(own, |count, list| {
        format!(
            "{count} server(s) of an edition with a server licence of its own, which is not computed yet (A.1): check by hand: {list}"
        )
    });
    // on the metal runs something that needs no licence of its version's kind
    let mut other_below = vec![false; estate.hosts.len()];
    for (server, host) in estate.servers.iter().zip(&checked.host_of) {
        if let Some(host) = host
            && !server.is_virtual
            && licence(checked, server) != RunLicence::ByVersion
        {
            other_below[*host as usize] = true;
        }
    }

    let mut found = Vec::new();
    let (mut unknown_cores, mut nameless) = (Vec::new(), Vec::new());
    for &index in &checked.hosts.index {
        let host = &estate.hosts[index as usize];
        let servers = &on_host[index as usize];
        let physical =
            servers.iter().any(|server| !server.is_virtual) || (host.windows && !other_below[index as usize]);
        let placed = servers.iter().filter(|server| server.is_virtual).count() as u64;
        let machines = placed.max(u64::from(host.peak_virtual_machines.unwrap_or(0)));
        if !physical && machines == 0 {
            continue;
        }
        let version = servers.iter().map(|server| server.version.unwrap_or(VersionName::NEWEST)).max();
        let edition = servers.iter().map(|server| edition(checked, server)).max().unwrap_or(Edition::Standard);
        if servers.is_empty() {
            nameless.push(host.id.as_str());
        }
        if host.processors.is_empty() {
            unknown_cores.push(host.id.as_str());
        }
        found.push(Running {
            host: &host.id,
            processors: &host.processors,
            version: version.unwrap_or(VersionName::NEWEST),
            edition,
            physical,
            only_machines: host.virtualization_only,
            machines,
        });
    }
    warnings.about(unknown_cores, |count, list| {
        format!(
            "the processors of {count} host(s) are not known; they count with the least that any server needs (C.1), the \
             true number may be higher: give their processors: {list}"
        )
    });
    warnings.about(nameless, |count, list| {
        format!(
            "{count} host(s) run Windows of unknown version and edition, counted as Standard of {} (B.5): name the servers \
             on {list}",
            VersionName::NEWEST
        )
    });
    found
}

/// How the server is licensed to run; an edition nobody knows counts as Standard, a warning says so elsewhere.
fn licence(checked: &Checked<'_>, server: &Server) -> RunLicence {
    checked.edition_of(server).map_or(RunLicence::ByVersion, |row| row.licence)
}

fn edition(checked: &Checked<'_>, server: &Server) -> Edition {
    match checked.edition_of(server).map(|row| row.name.as_str()) {
        Some("Datacenter") => Edition::Datacenter,
        Some("Enterprise") => Edition::Enterprise,
        _ => Edition::Standard,
    }
}
