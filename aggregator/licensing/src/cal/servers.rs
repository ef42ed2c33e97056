//! Which servers need CALs, and of which version.

use std::collections::HashMap;

use super::family::{BASE, Family};
use crate::{
    checked::Checked,
    estate::{LicensedBy, Server, SqlInstance, SqlModel},
    findings::{Rules, Warnings},
    version::VersionName,
};

/// What access to one server needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A CAL of at least this version.
    Cal(VersionName),
    /// None, by this rule.
    Nothing(&'static str),
}

/// What access to each server needs, in the order of the estate.
pub(crate) struct ServerNeeds {
    pub needs: Vec<Need>,
    pub rules: Rules,
}

impl ServerNeeds {
    pub fn of(checked: &Checked<'_>, warnings: &mut Warnings) -> Self {
        let servers = &checked.estate.servers;
        let mut rules = Rules::default();
        let needs = (servers.iter().enumerate())
            .map(|(index, server)| {
                let need =
                    need(checked, server, checked.host_of[index].is_some_and(|host| checked.runs_only_machines(host)));
                if let Need::Nothing(rule) = need {
                    rules.add(rule);
                }
                need
            })
            .collect();
        let names = |wanted: &dyn Fn(&Server) -> bool| -> Vec<&str> {
            servers.iter().filter(|server| wanted(server)).map(|server| server.id.as_str()).collect()
        };

        // B.5: never guess an old version
        let unknown = names(&|server| server.version.is_none());
        if !unknown.is_empty() {
            rules.add("B.5");
        }
        warnings.about(unknown, |count, list| {
            format!(
                "{count} server(s) of unknown version count as the newest, {} (B.5): find out their version: {list}",
                VersionName::NEWEST
            )
        });
        // B.3
        let evaluation = names(&|server| server.evaluation);
        if !evaluation.is_empty() {
            rules.add("B.3");
        }
        warnings.about(evaluation, |count, list| {
            format!(
                "{count} evaluation copy(ies) grant no right to production use and count as the full edition (B.3): \
                 license or remove: {list}"
            )
        });
        // A.2
        let unnamed = names(&|server| checked.edition_of(server).is_none());
        warnings.about(unnamed, |count, list| {
            format!(
                "{count} server(s) of an edition the catalogue does not know count as Standard with CALs: find out \
                 their edition: {list}"
            )
        });
        // A.1
        let counting = names(&|server| server.version.is_some_and(|version| version.name().starts_with("2003")));
        warnings.about(counting, |count, list| {
            format!(
                "{count} server(s) run 2003, which may be set up to count the most connections at once per server instead of \
                 people or devices (A.1); here people and devices count: {list}"
            )
        });
        // A.6 with the release's own CALs nowhere named
        warnings.about(names(&|server| server.release.is_some()), |count, list| {
            format!(
                "{count} server(s) of the Semi-Annual or Annual Channel count with the CAL of the long-term version of the same \
                 family; no text says which CAL covers them (A.6, open question X.7): ask before you rely on it: {list}"
            )
        });
        let undescribed = |server: &Server| {
            checked.edition_of(server).is_some_and(|row| matches!(row.name.as_str(), "Storage" | "HPC" | "Itanium"))
        };
        warnings.about(names(&undescribed), |count, list| {
            format!(
                "{count} server(s) run Storage Server, HPC or Itanium editions, whose limits and CALs were found in part only \
                 (A.1, E.12, open question X.10): check their terms: {list}"
            )
        });
        Self { needs, rules }
    }
}

fn need(checked: &Checked<'_>, server: &Server, on_a_host_that_only_runs_machines: bool) -> Need {
    if let Some(row) = checked.edition_of(server)
        && !row.cal
    {
        return Need::Nothing(if row.rule == "E.10" { "E.10" } else { "E.12" });
    }
    // E.11: access is paid with the machine, by the month or by the provider
    if matches!(server.licensed_by, LicensedBy::Azure | LicensedBy::PayAsYouGo | LicensedBy::Provider) {
        return Need::Nothing("E.11");
    }
    // A.1: the CAL suite of Small Business Server
    if checked.edition_of(server).is_some_and(|row| row.cal) && !has_family(checked, server, BASE) {
        return Need::Nothing("A.1");
    }
    // E.8: the physical operating system of a pure Hyper-V host
    if on_a_host_that_only_runs_machines && !server.is_virtual {
        return Need::Nothing("E.8");
    }
    // E.4 with A.6
    Need::Cal(checked.catalogue.cal_version(server.version.unwrap_or(VersionName::NEWEST)))
}

/// Whether access to an edition needs CALs of that family (A.1).
pub(crate) fn has_family(checked: &Checked<'_>, server: &Server, family: &str) -> bool {
    checked.edition_of(server).is_some_and(|row| row.families.iter().any(|id| id == family))
}

/// What use of another family on each server needs. Use is stated, so only the server's own terms can lift it.
/// `undeclared`: whether instances of SQL Server count of which nobody said how they are licensed.
pub(crate) fn needs_of(checked: &Checked<'_>, family: &Family<'_>, undeclared: bool) -> Vec<Need> {
    let estate = checked.estate;
    let mut instances: HashMap<&str, Vec<&SqlInstance>> = HashMap::new();
    estate.sql.iter().for_each(|one| instances.entry(one.server.as_str()).or_default().push(one));
    let of_server = |server: &Server| {
        // E.11: a provider rents access out with the machine
        if server.licensed_by == LicensedBy::Provider {
            return Need::Nothing("E.11");
        }
        let version = server.version.unwrap_or(VersionName::NEWEST);
        match family.row.id.as_str() {
            // F.7: in Azure only CALs that are always the newest will do
            "rds" if matches!(server.licensed_by, LicensedBy::Azure | LicensedBy::AzureHybridBenefit) => {
                Need::Cal(family.newest())
            }
            "sql-server" => sql_need(instances.get(server.id.as_str()), family, undeclared),
            _ if family.is_of_windows() => Need::Cal(family.cal_for(version)),
            _ => Need::Cal(server.products.get(family.name).map_or(family.newest(), |known| family.cal_for(*known))),
        }
    };
    estate.servers.iter().map(of_server).collect()
}

/// D.7: an instance with a server licence needs CALs of its version; one licensed by core or processor, or free, needs none.
fn sql_need(instances: Option<&Vec<&SqlInstance>>, family: &Family<'_>, undeclared: bool) -> Need {
    let Some(instances) = instances else { return Need::Cal(family.newest()) };
    let with_cals = instances
        .iter()
        .filter(|instance| instance.model == Some(SqlModel::ServerCal) || (undeclared && is_undeclared(instance)));
    let version = |instance: &&SqlInstance| instance.version.map_or(family.newest(), |known| family.cal_for(known));
    with_cals.map(version).max().map_or(Need::Nothing("D.7"), Need::Cal)
}

/// D.11: nothing on a server tells how SQL Server is licensed. Editions that take no CALs in any case are told by name.
pub(crate) fn is_undeclared(instance: &SqlInstance) -> bool {
    const WITHOUT: [&str; 4] = ["express", "developer", "evaluation", "web"];
    let edition = instance.edition.as_deref().unwrap_or_default().to_lowercase();
    instance.model.is_none() && !WITHOUT.iter().any(|known| edition.contains(known))
}
