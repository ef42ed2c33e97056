//! Instances of SQL Server with what is known of each: edition, version, how it is licensed, and whether it needs a licence at all.

use std::collections::HashMap;

use super::edition::{Edition, Told, told};
use crate::{
    checked::Checked,
    draft::Draft,
    estate::{EstateError, LicensedBy, SqlInstance, SqlModel},
    findings::counted,
    position::{ToDo, Violation},
    version::VersionName,
};

/// The first version that is licensed by core; before it, by processor (D.9).
const FIRST_BY_CORE: VersionName = VersionName::V2012;

/// An instance that needs a licence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instance<'a> {
    pub row: &'a SqlInstance,
    /// Index of its server.
    pub server: u32,
    pub edition: Edition,
    pub version: VersionName,
    pub model: SqlModel,
    /// Whether somebody said how it is licensed, or there is but one way.
    pub declared: bool,
    /// Whether its edition is known.
    pub certain: bool,
}

/// Instances that need licences, by id; the others leave a word in the draft.
pub(super) fn instances<'a>(checked: &Checked<'a>, draft: &mut Draft<'_>) -> Result<Vec<Instance<'a>>, EstateError> {
    let estate = checked.estate;
    let servers: HashMap<&str, u32> = estate.servers.iter().map(|server| server.id.as_str()).zip(0..).collect();
    let mut rows: Vec<&SqlInstance> = estate.sql.iter().collect();
    rows.sort_by_key(|row| row.id.as_str());
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(EstateError::Twice { kind: "SQL Server instance", id: pair[0].id.clone() });
    }
    let family = checked.catalogue.cal("sql-server");
    let mut found = Vec::new();
    let (mut test, mut unknown, mut in_cloud) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let Some(&server) = servers.get(row.server.as_str()) else {
            return Err(EstateError::Missing {
                place: format!("`server` of SQL Server instance `{}`", row.id),
                kind: "server",
                id: row.server.clone(),
            });
        };
        if let Some(version) = row.version
            && family.is_some_and(|family| family.cal_for(version).is_none())
        {
            return Err(EstateError::Value {
                place: format!("`version` of SQL Server instance `{}`", row.id),
                problem: "it is none of SQL Server: correct it or leave it out",
            });
        }
        let (edition, certain) = match told(row.edition.as_deref()) {
            Told::Paid(edition) => (edition, true),
            Told::Free => continue,
            Told::Test => {
                test.push(row.id.as_str());
                continue;
            }
            Told::Unknown => {
                unknown.push(row.id.as_str());
                (Edition::Standard, false)
            }
        };
        let paid_elsewhere =
            matches!(estate.servers[server as usize].licensed_by, LicensedBy::Azure | LicensedBy::Provider);
        if paid_elsewhere && row.model.is_none() {
            in_cloud.push(row.id.as_str());
            continue;
        }
        let version = row.version.unwrap_or(VersionName::NEWEST);
        let (model, declared) = model(row, edition, version, draft);
        found.push(Instance { row, server, edition, version, model, declared, certain });
    }
    draft.warnings.about(test, |count, list| {
        format!(
            "{count} instance(s) of SQL Server are Developer or Evaluation, free and never for production (D.7): check \
             what they are used for: {list}"
        )
    });
    draft.warnings.about(unknown, |count, list| {
        format!("{count} instance(s) of SQL Server of unknown edition count as Standard (D.7): find out their edition: {list}")
    });
    draft.warnings.about(in_cloud, |count, list| {
        format!(
            "{count} instance(s) of SQL Server on servers paid in a cloud are taken to be paid there, too; say `model` if \
             they use licences of your own (D.11): {list}"
        )
    });
    Ok(found)
}

/// How an instance is licensed: as declared, else the only way there is, else by core, which needs no CALs.
fn model(row: &SqlInstance, edition: Edition, version: VersionName, draft: &mut Draft<'_>) -> (SqlModel, bool) {
    match row.model {
        Some(SqlModel::Processor) if version >= FIRST_BY_CORE => {
            draft.violations.push(Violation {
                of: row.id.clone(),
                what: format!(
                    "it is said to be licensed by processor, which SQL Server {version} is not; it is counted by core (D.9)"
                ),
                remedy: "say which licences it really uses".into(),
                rules: vec!["D.9".into()],
            });
            (SqlModel::Core, true)
        }
        Some(model) => (model, true),
        None if version < FIRST_BY_CORE => (SqlModel::Processor, false),
        // D.7: Business Intelligence has server and CAL only, Enterprise and Web no server and CAL
        None if edition == Edition::BusinessIntelligence => (SqlModel::ServerCal, true),
        None => (SqlModel::Core, matches!(edition, Edition::Enterprise | Edition::Datacenter | Edition::Web)),
    }
}

/// The version of core licences that serve an instance: those of the first version by core may run older ones (0.5).
pub(super) fn by_core(version: VersionName) -> VersionName {
    version.max(FIRST_BY_CORE)
}

/// What to ask about instances whose model nobody declared (D.11): once, with the CALs that the answer may add, else with the
/// `licences` that count for them and their `cost`.
pub(super) fn ask(instances: &[&Instance<'_>], (licences, cost): (u64, u64), draft: &mut Draft<'_>) {
    let cals = draft.undeclared_sql.take();
    let mut list = crate::findings::Warnings::default();
    list.about(instances.iter().map(|instance| instance.row.id.as_str()), |count, list| {
        let people = cals.as_ref().map_or_else(String::new, |cals| {
            format!(", which adds up to {} for their people", counted(cals.may_add as usize, "CAL", "CALs"))
        });
        format!(
            "say in `model` how {count} instance(s) of SQL Server are licensed, which nothing on a server tells: they count \
             by core, or by processor up to 2008 R2, and could be by server and CAL{people} (D.11): {list}"
        )
    });
    match (list.0.pop(), cals) {
        (Some(what), None) => {
            draft.to_do.push(ToDo { what, may_add: licences, may_add_minor: cost, rules: vec!["D.11".into()] });
        }
        (Some(what), Some(cals)) => {
            // the licences to run it are counted already, its CALs would come on top
            draft.to_do.push(ToDo { what, ..cals });
        }
        // whatever their edition, only their CALs are open
        (None, cals) => draft.to_do.extend(cals),
    }
}
