//! What runs on each host, as far as it is known; what is not known becomes a warning, never a zero (invariant 4).

use super::{
    count::Size,
    peak::{Loads, Peak},
    placement::{Place, Placement},
};
use crate::{
    catalogue::Product,
    checked::Checked,
    estate::{ClusterPeak, Host, Policy, Server},
    findings::counted,
    version::VersionName,
};

/// The instances of one host that need licences.
#[derive(Debug, Clone)]
pub(crate) struct Running<'a> {
    /// Of this product: Windows Server to run them, System Center to manage them (G.7).
    pub product: Product,
    pub index: u32,
    pub host: &'a Host,
    /// Physical cores by processor that count; empty: unknown.
    pub processors: &'a [u32],
    /// The newest version that may run; `None`: nothing says.
    pub version: Option<VersionName>,
    /// The highest edition that may run.
    pub edition: Edition,
    /// Whether Windows runs in the physical operating system environment.
    pub physical: bool,
    /// Virtual machines at once, containers with Hyper-V isolation and other operating systems among them.
    pub machines: u64,
    /// Of these, containers with Hyper-V isolation (C.10).
    pub containers: u32,
    /// Of these, managed machines without Windows Server (G.7).
    pub others: u32,
    /// The same if every machine that may run here did.
    pub worst: u64,
    pub peak: Peak,
    pub cluster: Option<&'a str>,
    /// Whether an evaluation copy may run here.
    pub evaluation: bool,
    /// Whether any server says what runs here.
    pub named: bool,
}

impl Running<'_> {
    /// Instances that use a right to run; other systems use none, nor does what is off (C.9): virtual machines, and the physical one unless it only manages them (C.7); at
    /// least one where any Windows runs (C.8).
    pub fn instances(&self) -> u64 {
        (self.machines + u64::from(self.physical && !self.host.virtualization_only)).max(1)
    }

    pub fn size(&self) -> Size<'_> {
        Size { processors: self.processors, instances: self.instances() }
    }

    pub fn version_or_newest(&self) -> VersionName {
        self.version.unwrap_or(VersionName::NEWEST)
    }

    /// What the count comes from, for people to read.
    pub fn facts(&self) -> Vec<String> {
        let mut facts = vec![self.instances_in_words()];
        if self.containers > 0 {
            facts.push(format!(
                "among them {} with Hyper-V isolation, each like a virtual machine (C.10)",
                counted(self.containers as usize, "container", "containers")
            ));
        }
        if self.others > 0 {
            facts.push(format!(
                "among them {} without Windows Server, managed all the same (G.7)",
                counted(self.others as usize, "virtual machine", "virtual machines")
            ));
        }
        if let Some(by) = self.peak.by {
            let by = match by {
                ClusterPeak::Observed => "the most seen at once",
                ClusterPeak::NPlusOne => "its own load and its share of the largest host that may fail",
                ClusterPeak::WorstCase => "every machine that may run here",
            };
            let place =
                self.cluster.map_or("machines move onto it".to_owned(), |name| format!("host of cluster `{name}`"));
            facts.push(format!(
                "{place}, counted by {by}; if every machine that may run here did, {} (C.12)",
                counted(self.worst as usize, "machine", "machines")
            ));
        }
        if self.evaluation {
            facts.push("an evaluation copy counts as the full edition (B.3)".into());
        }
        facts
    }

    fn instances_in_words(&self) -> String {
        let machines = match self.machines {
            0 => "no virtual machine".to_owned(),
            count => counted(count as usize, "virtual machine", "virtual machines"),
        };
        if self.product == Product::SystemCenter {
            let metal = match (self.physical, self.host.virtualization_only) {
                (false, _) => "the host itself is not",
                (true, false) => "the host itself is managed",
                (true, true) => "the host itself, which only runs virtual machines, is managed",
            };
            let all = counted(self.instances() as usize, "operating system counts", "operating systems count");
            return format!("{machines} managed, {metal}: {all} (G.7)");
        }
        let metal = match (self.physical, self.host.virtualization_only) {
            (false, _) => "none on the host itself",
            (true, false) => "and on the host itself with work of its own",
            (true, true) => "on the host itself only to run virtual machines",
        };
        format!(
            "Windows Server in {machines}, {metal}: {}",
            counted(self.instances() as usize, "installation counts", "installations count")
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

impl Edition {
    pub const ALL: [Self; 3] = [Self::Standard, Self::Enterprise, Self::Datacenter];

    /// As the catalogue writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Enterprise => "Enterprise",
            Self::Datacenter => "Datacenter",
        }
    }

    /// An edition nobody knows counts as Standard; a warning says so elsewhere.
    pub fn of(checked: &Checked<'_>, server: &Server) -> Self {
        let row = checked.edition_of(server).map(|row| row.name.as_str());
        Self::ALL.into_iter().find(|edition| row == Some(edition.name())).unwrap_or(Self::Standard)
    }
}

/// Which instances a product's licences count.
pub(crate) struct Counted<'c> {
    pub product: Product,
    /// By index of the server.
    pub servers: &'c [bool],
    /// By index of the host: whether what runs on its metal counts by its own word.
    pub metal: &'c [bool],
    /// The version that a server needs.
    pub version: &'c dyn Fn(&Server) -> VersionName,
    /// The version where no server says one.
    pub unsaid: Option<VersionName>,
}

/// What servers say about a host or a cluster.
#[derive(Clone, Copy)]
struct Said {
    version: Option<VersionName>,
    edition: Edition,
    evaluation: bool,
    named: bool,
}

impl Said {
    const NOTHING: Self = Self { version: None, edition: Edition::Standard, evaluation: false, named: false };

    fn hear(&mut self, other: Self) {
        self.version = self.version.max(other.version);
        self.edition = self.edition.max(other.edition);
        self.evaluation |= other.evaluation;
        self.named |= other.named;
    }
}

/// Hosts on which something runs that counts, by id.
pub(crate) fn running<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    policy: &Policy,
    counted: &Counted<'_>,
) -> Vec<Running<'a>> {
    let estate = checked.estate;
    // what is managed may be managed by any edition
    let runs = counted.product == Product::WindowsServer;
    let mut physical = vec![false; estate.hosts.len()];
    let mut on_host = vec![Said::NOTHING; estate.hosts.len()];
    let mut in_cluster = vec![Said::NOTHING; placement.clusters.len()];
    let all = || (0..estate.servers.len()).filter(|&at| counted.servers[at]);
    for at in all() {
        let server = &estate.servers[at];
        let said = Said {
            version: Some((counted.version)(server)),
            edition: if runs { Edition::of(checked, server) } else { Edition::Standard },
            evaluation: runs && server.evaluation,
            named: true,
        };
        match &placement.places[at] {
            Place::Cluster(cluster) => in_cluster[*cluster as usize].hear(said),
            _ => {
                for &host in placement.hosts(at) {
                    on_host[host as usize].hear(said);
                    physical[host as usize] |= !server.is_virtual;
                }
            }
        }
    }
    let machines = all().filter(|&at| estate.servers[at].is_virtual);
    let loads = Loads::of(placement, estate.hosts.len(), machines);

    let mut found = Vec::new();
    for &index in &checked.hosts.index {
        let at = index as usize;
        let host = &estate.hosts[at];
        if placement.nested[at] {
            continue;
        }
        let bare = Host { peak_virtual_machines: None, ..Host::default() };
        let peak = loads.peak(placement, policy, index, if runs { host } else { &bare });
        let (containers, others) = if runs { (host.isolated_containers, 0) } else { (0, host.managed_machines) };
        let more = u64::from(containers) + u64::from(others);
        let machines = peak.machines + more;
        let physical = physical[at] || counted.metal[at];
        if !physical && machines == 0 {
            continue;
        }
        let cluster = placement.cluster_of[at].map(|cluster| cluster as usize);
        let mut said = on_host[at];
        if let Some(cluster) = cluster {
            said.hear(in_cluster[cluster]);
        }
        // C.5: contested, so all that is fitted unless the policy says otherwise
        let all_fitted = policy.disabled_cores_count || host.processors.is_empty();
        let processors = if all_fitted && !host.fitted.is_empty() { &host.fitted } else { &host.processors };
        found.push(Running {
            product: counted.product,
            containers,
            others,
            index,
            host,
            processors,
            version: said.version.or(counted.unsaid),
            edition: said.edition,
            physical,
            machines,
            worst: peak.worst + more,
            peak,
            cluster: cluster.map(|cluster| placement.clusters[cluster].name),
            evaluation: said.evaluation,
            named: said.named,
        });
    }
    found
}
