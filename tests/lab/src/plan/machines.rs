//! The machine room: physical hosts with their processors, and the twelve servers of five versions on them.

/// An edition with cores to license.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    /// Two running instances per full set of cores (rule C.6).
    Standard,
    /// Any number (rule C.6).
    Datacenter,
}

impl Edition {
    /// As servers name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Datacenter => "Datacenter",
        }
    }
}

/// What people use a server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Runs virtual machines and nothing else.
    Hypervisor,
    /// Domain controller.
    DomainController,
    /// Files.
    Files,
    /// Printing.
    Print,
    /// Web pages behind a sign-in.
    Web,
    /// Databases.
    Database,
    /// Desktop sessions.
    Desktops,
    /// Mail.
    Mail,
}

/// A physical machine.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its name.
    pub name: &'static str,
    /// Physical cores of each processor.
    pub processors: &'static [u32],
    /// Index of the server in its physical operating system environment; `None`: no Windows there, and no agent.
    pub physical: Option<usize>,
}

/// A Windows server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Host name.
    pub name: &'static str,
    /// Index into [`VERSIONS`].
    pub version: usize,
    /// Installed edition.
    pub edition: Edition,
    /// Index of its host.
    pub host: usize,
    /// Runs in a virtual machine.
    pub is_virtual: bool,
    /// What for.
    pub kind: Kind,
    /// Its own address.
    pub address: String,
}

/// Versions used, rising: name, build, CAL version (rule A.6: 2012 R2 has no CAL of its own).
pub const VERSIONS: [(&str, u32, &str); 5] = [
    ("2012 R2", 9600, "2012"),
    ("2016", 14393, "2016"),
    ("2019", 17763, "2019"),
    ("2022", 20348, "2022"),
    ("2025", 26100, "2025"),
];

const HOSTS: [(&str, &[u32]); 4] = [
    // sockets below eight cores: the minimum per processor decides (rule C.1)
    ("NW-HV1", &[12, 12]),
    ("NW-HV2", &[4, 4, 4, 4]),
    // one processor below sixteen cores: the minimum per server decides (rule C.1)
    ("NW-FS2", &[10]),
    ("esx1", &[9, 9]),
];

/// Name, version, edition, host, virtual, kind.
const SERVERS: [(&str, usize, Edition, usize, bool, Kind); 12] = [
    ("NW-HV1", 3, Edition::Datacenter, 0, false, Kind::Hypervisor),
    ("NW-DC1", 1, Edition::Standard, 0, true, Kind::DomainController),
    ("NW-FS1", 3, Edition::Standard, 0, true, Kind::Files),
    ("NW-APP1", 0, Edition::Standard, 0, true, Kind::Files),
    ("NW-RDS1", 3, Edition::Datacenter, 0, true, Kind::Desktops),
    ("NW-PRINT1", 2, Edition::Standard, 0, true, Kind::Print),
    ("NW-HV2", 3, Edition::Standard, 1, false, Kind::Hypervisor),
    ("NW-SQL1", 3, Edition::Standard, 1, true, Kind::Database),
    ("NW-WEB1", 2, Edition::Standard, 1, true, Kind::Web),
    ("NW-DC2", 1, Edition::Standard, 1, true, Kind::DomainController),
    ("NW-FS2", 4, Edition::Standard, 2, false, Kind::Files),
    ("NW-MAIL1", 2, Edition::Standard, 3, true, Kind::Mail),
];

/// All hosts and servers.
#[must_use]
pub fn machine_room() -> (Vec<Host>, Vec<Server>) {
    let servers: Vec<Server> = SERVERS
        .iter()
        .enumerate()
        .map(|(at, &(name, version, edition, host, is_virtual, kind))| Server {
            name,
            version,
            edition,
            host,
            is_virtual,
            kind,
            address: format!("10.0.0.{}", 10 + at),
        })
        .collect();
    let hosts = HOSTS
        .iter()
        .enumerate()
        .map(|(at, &(name, processors))| Host {
            name,
            processors,
            physical: servers.iter().position(|server| server.host == at && !server.is_virtual),
        })
        .collect();
    (hosts, servers)
}
