//! Licences to run SQL Server: by core, by server and CAL, by processor, or for a whole host (section D of the rules).
//!
//! Nothing on a server tells how it is licensed (D.11), so what nobody declared is counted one way and shown the other way, too.
//! Its CALs are a family of the module `cal`.

mod cores;
mod edition;
mod hosts;
mod instances;
mod passive;

use std::collections::BTreeMap;

use cores::Cores;
use edition::Edition;
use instances::{Instance, ask, by_core, instances};

use crate::{
    book::Needed,
    checked::Checked,
    draft::Draft,
    estate::{Estate, EstateError, Policy, SqlModel},
    findings::Rules,
    owned::owned,
    position::{Interval, Reading},
    run::{
        Choice, HostNeed, by_product,
        count::unit,
        licence,
        placement::Placement,
        readings::{Totals, difference, totals},
        stock::is_assured,
    },
};

/// One way to read what is open.
#[derive(Clone)]
struct Way {
    policy: Policy,
    /// What nobody declared is licensed by server and CAL.
    undeclared_by_server: bool,
    /// Fractions of core factors are rounded up for each processor (open question X.9).
    round_by_processor: bool,
}

/// Writes the lines, servers and warnings of licences to run SQL Server into the draft.
pub(crate) fn licences(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<(), EstateError> {
    let estate = checked.estate;
    let placement = Placement::of(checked)?;
    let all = instances(checked, draft)?;
    let here = Way { policy: estate.policy.clone(), undeclared_by_server: false, round_by_processor: false };
    let active = passive::leave_out(checked, &placement, &all, &here, draft)?;
    let needs = needs(checked, &placement, &active, &here)?;
    warn(checked, &placement, &active, draft);

    let undeclared: Vec<&Instance<'_>> = active.iter().copied().filter(|instance| !instance.declared).collect();
    let (mut licences, mut minor) = (0_u64, 0_u64);
    for need in needs.iter().filter(|need| undeclared.iter().any(|instance| instance.row.server == need.id)) {
        licences = licences.saturating_add(need.chosen.count);
        minor = minor.saturating_add(need.chosen.cost(estate)?.unwrap_or(0));
    }
    ask(&undeclared, (licences, minor), draft);
    intervals(checked, &placement, &active, (&here, &needs), draft)?;
    readings(checked, &placement, &active, &here, &totals(&needs), draft)?;

    let products = by_product(&needs)?;
    for need in &needs {
        draft.hosts.push(licence(estate, need)?);
    }
    for sku in Edition::ALL.into_iter().flat_map(Edition::skus) {
        let none = Needed { rules: Rules::of(&["D.7"]), ..Needed::default() };
        let owned = owned(estate, sku, |version| version);
        draft.book.add(sku, unit(sku), products.get(sku).unwrap_or(&none), &owned)?;
    }
    Ok(())
}

/// Whether any licence of SQL Server has Software Assurance.
fn assured(estate: &Estate) -> bool {
    estate.entitlements.iter().any(|entitlement| {
        entitlement.sku.starts_with("sql-server/") && entitlement.quantity > 0 && is_assured(estate, entitlement)
    })
}

/// What all servers need, by id.
fn needs<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    active: &[&Instance<'a>],
    way: &Way,
) -> Result<Vec<HostNeed<'a>>, EstateError> {
    let mut by_server: BTreeMap<&str, Vec<(&Instance<'a>, SqlModel)>> = BTreeMap::new();
    for &instance in active {
        let server_too = !matches!(instance.edition, Edition::Web);
        let model = if !instance.declared && way.undeclared_by_server && server_too {
            SqlModel::ServerCal
        } else {
            instance.model
        };
        by_server.entry(instance.row.server.as_str()).or_default().push((instance, model));
    }
    let mut needs = Vec::new();
    let mut whole_hosts = Vec::new();
    for instances in by_server.values() {
        let server = instances[0].0.server;
        if instances.iter().any(|(_, model)| *model == SqlModel::Host) {
            // D.5: the host's licences cover whatever edition runs there
            let version = instances.iter().map(|(instance, _)| instance.version).max().unwrap_or_default();
            let edition = instances.iter().map(|(instance, _)| instance.edition).max().unwrap_or(Edition::Enterprise);
            whole_hosts.push(hosts::Whole {
                server,
                version,
                edition: edition.max(Edition::Enterprise),
                ran_on: instances.iter().flat_map(|(instance, _)| &instance.row.ran_on).collect(),
            });
            continue;
        }
        for model in [SqlModel::Core, SqlModel::ServerCal, SqlModel::Processor] {
            let of_model: Vec<&Instance<'a>> =
                instances.iter().filter(|(_, other)| *other == model).map(|(instance, _)| *instance).collect();
            if !of_model.is_empty() {
                needs.push(of_server(checked, placement, &of_model, model, way)?);
            }
        }
    }
    needs.extend(hosts::needs(checked, placement, &whole_hosts, way)?);
    needs.sort_by(|one, two| (one.id, one.chosen.sku).cmp(&(two.id, two.chosen.sku)));
    Ok(needs)
}

/// What one server needs for its instances of one model: the highest edition covers the others.
fn of_server<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    instances: &[&Instance<'a>],
    model: SqlModel,
    way: &Way,
) -> Result<HostNeed<'a>, EstateError> {
    let index = instances[0].server as usize;
    let server = &checked.estate.servers[index];
    let host = placement.hosts(index).first().map(|&host| &checked.estate.hosts[host as usize]);
    let edition = instances.iter().map(|instance| instance.edition).max().unwrap_or(Edition::Standard);
    let mut version = instances.iter().map(|instance| instance.version).max().unwrap_or_default();
    let certain = instances.iter().all(|instance| instance.certain);
    let [by_core_sku, by_server_sku, by_processor_sku] = edition.skus();
    let mut facts = Vec::new();
    let mut rules;
    let (sku, count, at_least);
    match model {
        SqlModel::ServerCal => {
            rules = Rules::of(&["D.7"]);
            facts.push("by server and CAL: one licence for the server, and CALs for those who use it".into());
            (sku, count, at_least) = (by_server_sku, 1, false);
        }
        SqlModel::Processor => {
            rules = Rules::of(&["D.9"]);
            let sockets = host.map_or(0, |host| host.processors.len() as u64);
            let virtual_processors = server.virtual_processors.map(u64::from).filter(|_| server.is_virtual);
            let found = match virtual_processors {
                Some(seen) if sockets > 0 => sockets.min(seen),
                Some(seen) => seen,
                None => sockets,
            };
            facts.push(format!("by processor: {} of them", found.max(1)));
            (sku, count, at_least) = (by_processor_sku, found.max(1), found == 0);
        }
        SqlModel::Core | SqlModel::Host => {
            version = by_core(version);
            let cores = if server.is_virtual {
                rules = Rules::of(&["D.4"]);
                cores::of_machine(checked.catalogue, server.virtual_processors)
            } else {
                rules = Rules::of(&["D.3"]);
                match host {
                    Some(host) => cores::physical(checked.catalogue, &way.policy, host, version)?,
                    None => cores::of_machine(checked.catalogue, None),
                }
            };
            if cores.factor {
                rules.extend(&Rules::of(&["D.1", "D.2"]));
            }
            facts.push(in_words(cores, server.is_virtual));
            (sku, count, at_least) = (by_core_sku, rounded(cores, way), cores.at_least);
        }
    }
    if instances.iter().any(|instance| !instance.declared) {
        rules.add("D.11");
        facts.push("how it is licensed is not declared (D.11)".into());
    }
    facts.push(format!("SQL Server {} {version}", edition.name()));
    Ok(HostNeed::alone(&server.id, version, Choice { sku, count }, facts, rules, at_least || !certain))
}

fn rounded(cores: Cores, way: &Way) -> u64 {
    if way.round_by_processor { cores.by_processor } else { cores.count }
}

fn in_words(cores: Cores, is_virtual: bool) -> String {
    match (is_virtual, cores.at_least) {
        (true, true) => format!("its virtual processors are not known: at least {} cores", cores.count),
        (true, false) => format!("{} cores, at least 4 in a virtual machine, no core factor (D.4)", cores.count),
        (false, true) => format!("its processors are not known: at least {} cores", cores.count),
        (false, false) if cores.factor => {
            format!("{} cores after the core factor of its processors, at least 4 for each (D.2, D.3)", cores.count)
        }
        (false, false) => format!("{} physical cores, at least 4 for each processor (D.3)", cores.count),
    }
}

/// What the numbers leave open.
fn warn(checked: &Checked<'_>, placement: &Placement<'_>, active: &[&Instance<'_>], draft: &mut Draft<'_>) {
    let estate = checked.estate;
    let server = |instance: &Instance<'_>| &estate.servers[instance.server as usize];
    let names = |wanted: &dyn Fn(&Instance<'_>) -> bool| -> Vec<&str> {
        active.iter().filter(|instance| wanted(instance)).map(|instance| instance.row.server.as_str()).collect()
    };
    let by_core = |instance: &Instance<'_>| instance.model == SqlModel::Core;
    let unknown = names(&|instance| {
        by_core(instance)
            && if server(instance).is_virtual {
                server(instance).virtual_processors.is_none()
            } else {
                let host = placement.hosts(instance.server as usize).first();
                host.is_none_or(|&host| estate.hosts[host as usize].processors.is_empty())
            }
    });
    draft.warnings.about(unknown, |count, list| {
        format!(
            "the cores of {count} server(s) with SQL Server are not known; they count with the least that any needs (D.3, \
             D.4), the true number may be higher: give processors or virtual processors: {list}"
        )
    });
    let moving = names(&|instance| by_core(instance) && placement.hosts(instance.server as usize).len() > 1);
    if !assured(estate) {
        draft.warnings.about(moving, |count, list| {
            format!(
                "{count} server(s) with SQL Server by core may move between hosts; without Software Assurance a licence may \
                 follow only every 90 days (0.4), so each host may need its own: {list}"
            )
        });
    }
    let legacy = names(&|instance| instance.model == SqlModel::ServerCal && instance.edition >= Edition::Enterprise);
    draft.warnings.about(legacy, |count, list| {
        format!(
            "{count} server(s) with Enterprise by server and CAL use licences that are no longer sold and limited in cores \
             (D.7): check yours: {list}"
        )
    });
    if !estate.policy.spla {
        let web = names(&|instance| instance.edition == Edition::Web);
        draft.warnings.about(web, |count, list| {
            format!("{count} server(s) run SQL Server Web, which only hosting providers license (D.7): check {list}")
        });
    }
}

/// How far what nobody declared (D.11) and cores that are not known could move the number, by what is counted.
fn intervals<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    active: &[&Instance<'a>],
    (here, needs_here): (&Way, &[HostNeed<'a>]),
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let by_server = needs(checked, placement, active, &Way { undeclared_by_server: true, ..here.clone() })?;
    // by unit: here, all that is undeclared by server and CAL, whether more is possible
    let mut units: BTreeMap<&str, (u64, u64, bool)> = BTreeMap::new();
    for need in needs_here {
        let (likely, _, open_ended) = units.entry(need.chosen.unit()).or_default();
        *likely = likely.saturating_add(need.chosen.count);
        *open_ended |= need.at_least;
    }
    for need in &by_server {
        let other = &mut units.entry(need.chosen.unit()).or_default().1;
        *other = other.saturating_add(need.chosen.count);
    }
    for (unit, (likely, other, open_ended)) in units {
        if open_ended || likely != other {
            let (of, unit) = ("sql-server".into(), unit.to_owned());
            let (lowest, highest) = (likely.min(other), likely.max(other));
            draft.intervals.push(Interval { of, unit, lowest, likely, highest, open_ended });
        }
    }
    Ok(())
}

/// The readings of open questions that touch SQL Server and differ.
fn readings<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    active: &[&Instance<'a>],
    here: &Way,
    totals_here: &Totals,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let counted = !here.policy.disabled_cores_count;
    let mut others = vec![
        (
            "sql.model = \"server-cal\"".to_owned(),
            "how SQL Server is licensed where nobody declared it: here by server and CAL, with CALs for all who use it (D.7, D.11)",
            Way { undeclared_by_server: true, ..here.clone() },
        ),
        (
            "core factors rounded for each processor".to_owned(),
            "whether fractions of core factors are rounded up for the server or for each processor (D.3, open question X.9)",
            Way { round_by_processor: true, ..here.clone() },
        ),
    ];
    if checked.estate.hosts.iter().any(|host| !host.fitted.is_empty()) {
        others.push((
            format!("disabled_cores_count = {counted} (SQL Server)"),
            "whether cores count that are disabled at the hardware level: published answers disagree (C.5)",
            Way { policy: Policy { disabled_cores_count: counted, ..here.policy.clone() }, ..here.clone() },
        ));
    }
    for (policy, question, way) in others {
        let lines = difference(totals_here, &totals(&needs(checked, placement, active, &way)?));
        if !lines.is_empty() {
            draft.readings.push(Reading { policy, question: question.into(), lines });
        }
    }
    Ok(())
}
