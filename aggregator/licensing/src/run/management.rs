//! Management licences for servers (rule G.7): System Center may manage the operating systems of a host as Windows Server may
//! run them: the same sets, stacks, editions and licences by virtual machine.
//!
//! Every operating system that is managed counts, whatever runs there and whatever licenses it. The licence includes the
//! management server itself.

use super::{
    choice::{Choice, HostNeed, need},
    host::{Counted, Running, running},
    machine::{self, Instead, Machines},
    placement::{Place, Placement},
    stock::Stock,
};
use crate::{
    catalogue::Product,
    checked::Checked,
    estate::{Estate, EstateError, LicensedBy, Policy, Server},
    findings::{Rules, Warnings, counted as in_words},
    version::VersionName,
};

/// Core licences with Software Assurance that are assigned to virtual machines instead of hosts, the edition that suffices.
pub(super) const BY_MACHINE: &str = "system-center/standard/virtual-core";

/// Names the version that manages a server in its `products`.
pub(crate) const NAME: &str = "system-center";

/// What is needed to manage, before it is set against what is owned.
pub(super) struct Managed<'a> {
    /// By id.
    pub all: Vec<HostNeed<'a>>,
    /// Hosts whose machines may be licensed by themselves instead, as they were before that was decided.
    pub instead: Vec<Instead<'a>>,
    pub warnings: Warnings,
}

pub(super) fn needs<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    policy: &Policy,
    stock: &Stock,
) -> Result<Managed<'a>, EstateError> {
    let estate = checked.estate;
    check_versions(checked)?;
    let mut warnings = Warnings::default();
    let (by_host, by_machine) = sort(checked, placement, &mut warnings);
    let metal: Vec<bool> = estate.hosts.iter().map(|host| host.managed).collect();
    let counted = Counted {
        product: Product::SystemCenter,
        servers: &by_host,
        metal: &metal,
        version: &|server| version(estate, server),
        unsaid: estate.system_center,
    };
    let hosts = running(checked, placement, policy, &counted);
    warn(estate, &hosts, &mut warnings);
    let mut all = Vec::new();
    for running in &hosts {
        all.extend(need(checked.catalogue, estate, policy, running)?);
    }
    let machines: Vec<usize> =
        (0..estate.servers.len()).filter(|&at| by_host[at] && estate.servers[at].is_virtual).collect();
    let in_any_case: Vec<HostNeed<'a>> = by_machine.into_iter().map(|server| of_machine(checked, server)).collect();
    let by_themselves = Machines {
        product: Product::SystemCenter,
        servers: &machines,
        // of these nobody knows the virtual processors
        others: &|host| host.managed_machines,
        seen: false,
        need: &|server| of_machine(checked, server),
        may_be_bought: policy.per_virtual_machine,
        assured: [stock.assured_for_machines(BY_MACHINE), 0],
        in_any_case: &in_any_case,
    };
    let instead = machine::choose(checked, placement, &by_themselves, &mut all)?;
    all.extend(in_any_case);
    all.sort_by(|one, two| (one.id, one.chosen.sku).cmp(&(two.id, two.chosen.sku)));
    machine::reach_minimum(checked.catalogue, Product::SystemCenter, &mut all);
    warnings.about(all.iter().filter(|need| need.unpriced).map(|need| need.id), |count, list| {
        format!(
            "{} could be managed for less under another edition of System Center, which cannot be told without the prices of \
             both (G.7); counted as Standard: give prices. Hosts: {list}",
            in_words(count, "host", "hosts")
        )
    });
    Ok(Managed { all, instead, warnings })
}

/// The version that manages a server; one nobody states counts as the newest, a warning says so.
fn version(estate: &Estate, server: &Server) -> VersionName {
    server.products.get(NAME).copied().or(estate.system_center).unwrap_or(VersionName::NEWEST)
}

fn check_versions(checked: &Checked<'_>) -> Result<(), EstateError> {
    let known = |version: VersionName| {
        checked.catalogue.rights_of(Product::SystemCenter).any(|row| row.versions.contains(&version))
    };
    let named = checked.estate.servers.iter().filter_map(|server| {
        Some((format!("`{NAME}` in `products` of server `{}`", server.id), *server.products.get(NAME)?))
    });
    let all = checked.estate.system_center.map(|version| ("`system_center`".to_owned(), version));
    match all.into_iter().chain(named).find(|(_, version)| !known(*version)) {
        None => Ok(()),
        Some((place, _)) => Err(EstateError::Value {
            place,
            problem: "it is no version of System Center that the catalogue knows: write 2012, 2012 R2, 2016, 2019, 2022 or 2025",
        }),
    }
}

/// B.5: never guess an old version.
pub(crate) fn version_unknown() -> String {
    format!(
        "the version of System Center is not known and counts as the newest, {} (B.5): state it with `system_center`",
        VersionName::NEWEST
    )
}

/// By index of the server whether its host is licensed for it, and those licensed by themselves: the ones that no host of
/// one's own runs.
fn sort(checked: &Checked<'_>, placement: &Placement<'_>, warnings: &mut Warnings) -> (Vec<bool>, Vec<usize>) {
    let servers = &checked.estate.servers;
    let mut by_host = vec![false; servers.len()];
    let (mut by_machine, mut unplaced, mut unknown_cores) = (Vec::new(), Vec::new(), Vec::new());
    for (at, server) in servers.iter().enumerate().filter(|(_, server)| server.managed) {
        match &placement.places[at] {
            Place::Unknown if server.is_virtual && server.licensed_by != LicensedBy::Host => {
                if server.virtual_processors.is_none() {
                    unknown_cores.push(server.id.as_str());
                }
                by_machine.push(at);
            }
            Place::Unknown => unplaced.push(server.id.as_str()),
            _ => by_host[at] = true,
        }
    }
    warnings.about(unplaced, |count, list| {
        format!(
            "{count} managed server(s) run on an unknown host or on unknown hardware, so their management licences are not in \
             the number (G.7): say which host each runs on: {list}"
        )
    });
    warnings.about(unknown_cores, |count, list| {
        format!(
            "the virtual processors of {count} managed server(s) on hosts of others are not known; they count with the least \
             that any needs (G.7), the true number may be higher: give their virtual processors: {list}"
        )
    });
    (by_host, by_machine)
}

/// What one virtual machine needs under a licence of its own (since October 2022, with Software Assurance).
fn of_machine<'a>(checked: &Checked<'a>, server: usize) -> HostNeed<'a> {
    let (catalogue, row) = (checked.catalogue, &checked.estate.servers[server]);
    let count = machine::cores(catalogue, Product::SystemCenter, row.virtual_processors);
    let facts = vec![
        machine::in_words(row.virtual_processors, count),
        "managed under a licence of its own, which needs Software Assurance (C.14, G.7)".into(),
    ];
    let version = machine::version(catalogue, Product::SystemCenter, version(checked.estate, row));
    let chosen = Choice { sku: BY_MACHINE, count };
    let rules = Rules::of(&["C.14", "C.15", "G.7"]);
    let need = HostNeed::alone(&row.id, version, chosen, facts, rules, row.virtual_processors.is_none());
    HostNeed { is_by_machine: true, ..need }
}

fn warn(estate: &Estate, hosts: &[Running<'_>], warnings: &mut Warnings) {
    let of_server = estate.servers.iter().any(|server| server.managed && !server.products.contains_key(NAME));
    let of_host = estate.hosts.iter().any(|host| host.managed || host.managed_machines > 0);
    if estate.system_center.is_none() && (of_server || of_host) {
        warnings.0.push(version_unknown());
    }
    let names = |wanted: &dyn Fn(&Running<'_>) -> bool| -> Vec<&str> {
        hosts.iter().filter(|running| wanted(running)).map(|running| running.host.id.as_str()).collect()
    };
    warnings.about(names(&|running| running.processors.is_empty()), |count, list| {
        format!(
            "the processors of {count} host(s) with managed operating systems are not known; they count with the least that \
             any server needs (G.7), the true number may be higher: give their processors: {list}"
        )
    });
    warnings.about(names(&|running| running.peak.at_least), |count, list| {
        format!(
            "{count} host(s) of clusters may have run managed machines of which nobody says where they were, so the most seen \
             at once is only the least possible (C.12, G.7): say on which host each runs: {list}"
        )
    });
}
