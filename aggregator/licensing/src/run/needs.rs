//! What everything together needs under one policy: hosts, virtual machines licensed by themselves, editions of their own.

use super::{
    choice::{HostNeed, need},
    host::{Counted, Running, running},
    machine::{self, Machines},
    own,
    placement::{Place, Placement},
    recovery,
    stock::Stock,
};
use crate::{
    catalogue::{Product, RunLicence},
    checked::Checked,
    draft::Tied,
    estate::{EstateError, LicensedBy, Policy},
    findings::{Warnings, counted as in_words},
    position::Violation,
    version::VersionName,
};

/// What is needed, before it is set against what is owned.
pub(super) struct Needs<'a> {
    pub all: Vec<HostNeed<'a>>,
    /// Indexes of virtual servers licensed by themselves because the estate says so.
    pub by_machine: Vec<usize>,
    /// Core licences of Datacenter that serve machines in Azure beside their hosts (C.21), and the newest version there.
    pub in_azure: Option<(VersionName, u64)>,
    /// Indexes of servers that no host is known of.
    pub unplaced: Vec<usize>,
    /// Hosts whose machines may be licensed by themselves instead, as they were before that was decided.
    pub instead: Vec<machine::Instead<'a>>,
    pub warnings: Warnings,
    pub violations: Vec<Violation>,
}

impl Needs<'_> {
    /// Leaves some hosts one product only, where that would do for them.
    pub fn tie(&mut self, tied: &Tied) {
        let in_groups = self.instead.iter_mut().flat_map(|instead| &mut instead.hosts);
        for need in self.all.iter_mut().chain(in_groups).filter(|need| tied.hosts.contains(need.id)) {
            let Some(only) = need.options.iter().find(|option| option.sku == tied.sku).copied() else { continue };
            need.chosen = only;
            need.options = vec![only];
            need.newer.retain(|(_, option)| option.sku == tied.sku);
        }
    }
}

/// Which licences each server uses.
struct Sorted {
    /// By index: whether its host must be licensed for it.
    by_host: Vec<bool>,
    /// By index of the host: whether Windows on its metal must be.
    metal: Vec<bool>,
    by_machine: Vec<usize>,
    unplaced: Vec<usize>,
}

/// Which resting instances may be left out (C.23).
pub(super) fn resting_ways(
    checked: &Checked<'_>,
    placement: &Placement<'_>,
    stock: &Stock,
) -> Result<recovery::Ways, EstateError> {
    if !checked.estate.servers.iter().any(|server| server.disaster_recovery) {
        return Ok(recovery::Ways::None);
    }
    let sorted = sort(checked, placement, &mut Warnings::default())?;
    Ok(recovery::Ways::of(checked, placement, stock, &sorted.by_host))
}

/// `resting` are those left out, if that is settled (C.23).
pub(super) fn needs<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    policy: &Policy,
    stock: &Stock,
    resting: Option<&[usize]>,
) -> Result<Needs<'a>, EstateError> {
    let estate = checked.estate;
    let (mut warnings, mut violations) = (Warnings::default(), Vec::new());
    let mut sorted = sort(checked, placement, &mut warnings)?;
    let counted = |servers: &[bool]| {
        let counted = Counted {
            product: Product::WindowsServer,
            servers,
            metal: &sorted.metal,
            // B.5: never guess an old version
            version: &|server| server.version.unwrap_or(VersionName::NEWEST),
            unsaid: None,
        };
        running(checked, placement, policy, &counted)
    };
    let costs = |servers: &[bool]| costs(checked, policy, &counted(servers));
    let found = (&mut warnings, &mut violations);
    recovery::leave_out(checked, placement, (stock, resting), &mut sorted.by_host, &costs, found)?;
    let hosts = counted(&sorted.by_host);
    warn_of_unknown(&hosts, &mut warnings);

    let mut needs = Vec::new();
    let mut without_right = Vec::new();
    for running in &hosts {
        match need(checked.catalogue, estate, policy, running)? {
            Some(need) => needs.push(need),
            None => without_right.push(running.host.id.as_str()),
        }
    }
    warnings.about(without_right, |count, list| {
        format!(
            "{count} host(s) run an edition that its version never had, so nothing is counted for them: check {list}"
        )
    });
    let machines: Vec<usize> =
        (0..estate.servers.len()).filter(|&at| sorted.by_host[at] && estate.servers[at].is_virtual).collect();
    let on_own_hosts = |server: &&usize| estate.servers[**server].licensed_by == LicensedBy::VirtualMachine;
    let in_any_case: Vec<HostNeed<'a>> =
        sorted.by_machine.iter().filter(on_own_hosts).map(|&server| machine::need(checked, server)).collect();
    let by_themselves = Machines {
        product: Product::WindowsServer,
        servers: &machines,
        // a licence by virtual machine gives no right to the metal, and containers have no virtual processors
        others: &|host| host.isolated_containers,
        seen: true,
        need: &|server| machine::need(checked, server),
        may_be_bought: policy.per_virtual_machine,
        assured: [machine::STANDARD, machine::DATACENTER].map(|sku| stock.assured_for_machines(sku)),
        in_any_case: &in_any_case,
    };
    let instead = machine::choose(checked, placement, &by_themselves, &mut needs)?;
    // newer and larger ones use Datacenter licences twice first, so that names decide between those alike only (C.21)
    sorted.by_machine.sort_unstable_by_key(|&server| {
        let row = &estate.servers[server];
        (std::cmp::Reverse((row.version.unwrap_or(VersionName::NEWEST), row.virtual_processors)), row.id.as_str())
    });
    let mut left = stock.assured_datacenter_cores();
    let mut in_azure = None;
    for &server in &sorted.by_machine {
        let mut need = machine::need(checked, server);
        if estate.servers[server].licensed_by == LicensedBy::AzureHybridBenefit {
            let used = machine::use_twice(&mut need, &mut left);
            if used > 0 {
                let (newest, sum) = in_azure.unwrap_or((need.version, 0));
                in_azure = Some((need.version.max(newest), sum + used));
            }
        }
        needs.push(need);
    }
    needs.extend(own::needs(checked, placement, &mut warnings, &mut violations)?);
    needs.sort_by(|one, two| (one.id, one.chosen.sku).cmp(&(two.id, two.chosen.sku)));
    machine::reach_minimum(checked.catalogue, Product::WindowsServer, &mut needs);
    warnings.about(needs.iter().filter(|need| need.unpriced).map(|need| need.id), |count, list| {
        format!(
            "{} could be cheaper under another edition, which cannot be told without the prices of both (C.19); counted as \
             Standard: give prices. Hosts: {list}",
            in_words(count, "host", "hosts")
        )
    });
    Ok(Needs {
        all: needs,
        by_machine: sorted.by_machine,
        in_azure,
        unplaced: sorted.unplaced,
        instead,
        warnings,
        violations,
    })
}

/// What each host costs at list price; without all prices, how many licences it takes.
fn costs(checked: &Checked<'_>, policy: &Policy, hosts: &[Running<'_>]) -> Result<Vec<(u32, u64)>, EstateError> {
    let (mut costs, mut counts, mut is_priced) = (Vec::new(), Vec::new(), true);
    for running in hosts {
        let Some(need) = need(checked.catalogue, checked.estate, policy, running)? else { continue };
        let cost = need.chosen.cost(checked.estate)?;
        is_priced &= cost.is_some();
        costs.push((running.index, cost.unwrap_or(0)));
        counts.push((running.index, need.chosen.count));
    }
    Ok(if is_priced { costs } else { counts })
}

/// How a server is licensed to run; an edition nobody knows counts as Standard, a warning says so elsewhere.
fn licence(checked: &Checked<'_>, at: usize) -> RunLicence {
    checked.edition_of(&checked.estate.servers[at]).map_or(RunLicence::ByVersion, |row| row.licence)
}

fn sort(checked: &Checked<'_>, placement: &Placement<'_>, warnings: &mut Warnings) -> Result<Sorted, EstateError> {
    let estate = checked.estate;
    let (mut homeless, mut without_host, mut unknown_cores) = (Vec::new(), Vec::new(), Vec::new());
    let mut sorted = Sorted {
        by_host: vec![false; estate.servers.len()],
        metal: estate.hosts.iter().map(|host| host.windows).collect(),
        by_machine: Vec::new(),
        unplaced: Vec::new(),
    };
    for (at, server) in estate.servers.iter().enumerate() {
        let licence = licence(checked, at);
        let own_terms = !matches!(server.licensed_by, LicensedBy::Host);
        if let Some(host) = checked.host_of[at]
            && !server.is_virtual
            && (licence != RunLicence::ByVersion || own_terms || server.disaster_recovery)
        {
            // on the metal runs something that needs no licence of its version's kind
            sorted.metal[host as usize] = false;
        }
        if licence != RunLicence::ByVersion {
            continue;
        }
        match server.licensed_by {
            // rules C.22, E.11: nothing of one's own
            LicensedBy::Azure | LicensedBy::PayAsYouGo | LicensedBy::Provider => {}
            LicensedBy::VirtualMachine | LicensedBy::AzureHybridBenefit => {
                if !server.is_virtual {
                    return Err(EstateError::Value {
                        place: format!("`licensed_by` of server `{}`", server.id),
                        problem: "it is licensed as a virtual machine and is not virtual: correct one",
                    });
                }
                if server.virtual_processors.is_none() {
                    unknown_cores.push(server.id.as_str());
                }
                sorted.by_machine.push(at);
            }
            LicensedBy::Host => match (&placement.places[at], server.is_virtual) {
                (Place::Unknown, is_virtual) => {
                    sorted.unplaced.push(at);
                    if is_virtual { &mut homeless } else { &mut without_host }.push(server.id.as_str());
                }
                _ => sorted.by_host[at] = true,
            },
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
    warnings.about(unknown_cores, |count, list| {
        format!(
            "the virtual processors of {count} server(s) licensed by themselves are not known; they count with the least \
             that any needs (C.14), the true number may be higher: give their virtual processors: {list}"
        )
    });
    Ok(sorted)
}

fn warn_of_unknown(hosts: &[Running<'_>], warnings: &mut Warnings) {
    let names = |wanted: &dyn Fn(&Running<'_>) -> bool| -> Vec<&str> {
        hosts.iter().filter(|running| wanted(running)).map(|running| running.host.id.as_str()).collect()
    };
    warnings.about(names(&|running| running.processors.is_empty()), |count, list| {
        format!(
            "the processors of {count} host(s) are not known; they count with the least that any server needs (C.1), the \
             true number may be higher: give their processors: {list}"
        )
    });
    warnings.about(names(&|running| !running.named), |count, list| {
        format!(
            "{count} host(s) run Windows of unknown version and edition, counted as Standard of {} (B.5): name the servers \
             on {list}",
            VersionName::NEWEST
        )
    });
    warnings.about(names(&|running| running.peak.at_least), |count, list| {
        format!(
            "{count} host(s) of clusters may have run machines of which nobody says where they were, so the most seen at \
             once is only the least possible (C.12): say on which host each runs, or count by another `cluster_peak`: {list}"
        )
    });
}
