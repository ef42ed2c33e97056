//! CALs beside the base CAL: Remote Desktop, AD RMS, SQL Server, and whatever other family the catalogue has.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    basis::{AdministratorRule, Basis, Held, SetsApart},
    bought::{bought, warn_of_better_use},
    connectors::{Connectors, add_connectors, with_connectors},
    counted::{Counted, Kept, add_cals},
    coverages,
    family::{BASE, Family},
    intervals::{self, Undeclared},
    licence_server,
    management::{self, CLIENT_MANAGEMENT},
    servers::{Need, has_family, is_undeclared, needs_of},
};
use crate::{
    assessment::{Coverage, UseCoverage},
    catalogue::CalRow,
    checked::Checked,
    draft::Draft,
    estate::{Access, Accesses, EstateError, LicensedBy, Stay},
    position::FamilyPurchase,
    run::{SYSTEM_CENTER, version_unknown},
};

/// Accesses that may need CALs of one family beside the base CAL.
pub(crate) struct Used<'a> {
    pub family: Family<'a>,
    pub accesses: Accesses,
    /// From when to when, if known.
    pub stays: Vec<Stay>,
}

/// Of each family that is used or owned, in the order of the catalogue.
pub(crate) fn used<'a>(checked: &Checked<'a>, draft: &mut Draft<'_>) -> Vec<Used<'a>> {
    let estate = checked.estate;
    let mut rows: BTreeMap<&str, (Vec<Access>, Vec<Stay>)> = BTreeMap::new();
    let mut add = |family: &CalRow, found: &mut dyn Iterator<Item = Access>, stays: Vec<Stay>| {
        let found: Vec<Access> = found.collect();
        // whoever needs this one needs those beside it; the base CAL counts by accesses of its own
        for needed in checked.catalogue.cal_and_beside(&family.id) {
            let (rows, all) = rows.entry(needed.id.as_str()).or_default();
            rows.extend_from_slice(&found);
            all.extend_from_slice(&stays);
        }
    };
    let mut unknown = Vec::new();
    for used in &estate.uses {
        match Family::of(checked.catalogue, &used.cal) {
            Some(family) => add(family.row, &mut used.accesses.rows(), used.stays.clone()),
            None => unknown.push(used.cal.as_str()),
        }
    }
    // A.1: editions with CALs of their own
    let own: BTreeSet<&str> =
        checked.catalogue.editions.iter().flat_map(|row| &row.families).map(String::as_str).collect();
    for family in own.into_iter().filter(|id| *id != BASE) {
        let is: Vec<bool> = estate.servers.iter().map(|server| has_family(checked, server, family)).collect();
        if let (true, Some(row)) = (is.contains(&true), checked.catalogue.cal(family)) {
            let stays = estate.stays.iter().filter(|stay| is[stay.server as usize]).copied().collect();
            add(row, &mut estate.accesses.rows().filter(|access| is[access.server as usize]), stays);
        }
    }
    // G.8: whoever uses what is managed
    if let Some(row) = checked.catalogue.cal(CLIENT_MANAGEMENT) {
        let uses = management::uses(checked, &mut draft.warnings);
        add(row, &mut uses.into_iter(), management::stays(estate));
    }
    let products = estate.servers.iter().flat_map(|server| server.products.keys());
    // System Center is managed with, not accessed (G.7)
    let known = |name: &str| name == SYSTEM_CENTER || Family::of(checked.catalogue, name).is_some();
    unknown.extend(products.map(String::as_str).filter(|name| !known(name)));
    draft.warnings.about(unknown, |count, list| {
        format!("{count} CAL family(ies) that the catalogue does not know are named and not counted: correct the names: {list}")
    });
    let families = checked.catalogue.cals.iter().filter_map(|row| Family::of(checked.catalogue, &row.id));
    let others = families.filter(|family| !family.is_base());
    let with_rows = others.filter_map(|family| {
        let (rows, stays) = rows.remove(family.row.id.as_str()).unwrap_or_default();
        let owns = || family.owned(checked).iter().any(|owned| !owned.is_empty());
        let is_used = !rows.is_empty() || !stays.is_empty();
        (is_used || owns()).then(|| Used { family, accesses: Accesses::of(rows), stays })
    });
    with_rows.collect()
}

/// What a family is counted from.
pub(crate) struct Ground<'a> {
    pub checked: &'a Checked<'a>,
    pub used: Used<'a>,
    needs: Vec<Need>,
}

impl<'a> Ground<'a> {
    pub fn of(checked: &'a Checked<'a>, used: Used<'a>) -> Self {
        let needs = if used.family.is_management() {
            // no server is reached, and there may be none
            let version = checked.estate.system_center.unwrap_or_else(|| used.family.newest());
            vec![Need::Cal(version); checked.estate.servers.len().max(1)]
        } else {
            needs_of(checked, &used.family, false)
        };
        Self { checked, used, needs }
    }

    pub fn basis<'b>(&'b self, held: &'b Held, connected: &'b [bool]) -> Basis<'b> {
        let family = &self.used.family;
        Basis {
            checked: self.checked,
            policy: &self.checked.estate.policy,
            accesses: &self.used.accesses,
            needs: &self.needs,
            administrators: administrators(family),
            is_base: false,
            is_management: family.is_management(),
            has_modes: family.row.id == "rds",
            externals_need_none: family.externals_need_none(),
            connected,
            sets_apart: SetsApart::Nothing,
            held,
            only_sql_by_core: &[],
            rules: family.rules(),
        }
    }
}

/// Writes the lines, warnings and what it means for whom into the draft.
pub(crate) fn additive_cals(
    ground: &Ground<'_>,
    held: &Held,
    connectors: &Connectors,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let (checked, used, family) = (ground.checked, &ground.used, &ground.used.family);
    let basis = ground.basis(held, &connectors.connected);
    let counted = Counted::of(&basis, family)?;
    let (users, devices) = counted.counts();
    let owned = family.owned(checked);
    add_cals(&mut draft.book, family, [counted.users.clone(), counted.devices.clone()], &owned, &counted.demand.rules)?;
    add_connectors(checked, &mut draft.book, family, connectors, &["E.25"])?;
    let (purchase, purchase_holders, wanted) = bought(checked, &draft.book, family, &counted, &owned)?;
    draft.wanted.push(wanted);
    if let Some(purchase) = purchase {
        warn_of_better_use(family, &purchase, &mut draft.warnings);
        draft.purchases.push(FamilyPurchase { cal: family.name.into(), purchase });
    }
    let likely = users.saturating_add(devices);
    let undeclared = undeclared(ground, &basis, &counted)?;
    intervals::state(&basis, family, &counted, likely, &undeclared, draft)?;
    warn(checked, used, &counted, draft);
    let (people, devices) = coverages(&basis, &counted.demand, &counted.mix, &family.noun());
    draft.uses.push(UseCoverage {
        cal: family.name.into(),
        optimum: with_connectors(checked.estate, family, connectors, counted.optimum()?)?,
        people: seen(people, &used.accesses.person),
        devices: seen(devices, &used.accesses.device),
        proof: counted.proof(checked),
        purchase_holders,
    });
    if draft.keeps_all {
        draft.kept.push(Kept {
            cal: family.name.into(),
            needs: ground.needs.clone(),
            accesses: Some(used.accesses.clone()),
            connectors: connectors.clone(),
            counted,
        });
    }
    Ok(())
}

/// D.11: what instances of SQL Server could add of which nobody said how they are licensed.
fn undeclared(ground: &Ground<'_>, basis: &Basis<'_>, here: &Counted) -> Result<Undeclared, EstateError> {
    let (checked, used) = (ground.checked, &ground.used);
    if used.family.row.id != "sql-server" {
        return Ok(Undeclared::default());
    }
    let mut reached = vec![false; checked.estate.servers.len()];
    used.accesses.server.iter().for_each(|&at| reached[at as usize] = true);
    let reached: BTreeSet<&str> = checked
        .estate
        .servers
        .iter()
        .zip(reached)
        .filter(|(_, reached)| *reached)
        .map(|(server, _)| server.id.as_str())
        .collect();
    let open = checked.estate.sql.iter().filter(|one| is_undeclared(one) && reached.contains(one.server.as_str()));
    let names: BTreeSet<String> = open.map(|instance| instance.id.clone()).collect();
    if names.is_empty() {
        return Ok(Undeclared::default());
    }
    let needs = needs_of(checked, &used.family, true);
    let other = Basis { needs: &needs, rules: basis.rules.clone(), ..*basis };
    let highest = |basis: &Basis<'_>, counted: &Counted| {
        let (users, devices) = counted.counts();
        users.saturating_add(devices).saturating_add(intervals::may_add(basis, &counted.demand, &counted.mix))
    };
    let all = highest(&other, &Counted::of(&other, &used.family)?);
    Ok(Undeclared { names, may_add: all.saturating_sub(highest(basis, here)) })
}

/// F.2: two users per server may connect for administration; no other family has such a rule.
fn administrators(family: &Family<'_>) -> Option<AdministratorRule> {
    (family.row.id == "rds").then_some(AdministratorRule { most: 2, devices: false, rule: "F.2" })
}

fn warn(checked: &Checked<'_>, used: &Used<'_>, counted: &Counted, draft: &mut Draft<'_>) {
    let noun = used.family.noun();
    let (users, devices) = counted.counts();
    if used.family.is_management() {
        let needed = users.saturating_add(devices) > 0;
        if counted.prices.is_none() && needed {
            draft.warnings.0.push(
                "no price is given for Client MLs both per user and per operating system: the mix is the one with the fewest \
                 licences, costs are 0; give the prices you pay"
                    .into(),
            );
        }
        if checked.estate.system_center.is_none() && needed {
            draft.warnings.0.push(version_unknown());
        }
        return;
    }
    if counted.prices.is_none() && users.saturating_add(devices) > 0 {
        draft.warnings.0.push(format!(
            "no price is given for both {noun}User and Device CALs: the mix is the one with the fewest licences, costs are 0; \
             give the prices you pay"
        ));
    }
    let servers = &checked.estate.servers;
    if used.family.row.id == "rds" {
        licence_server::check(checked, &used.family, draft);
        let in_azure = used.accesses.server.iter().map(|&at| &servers[at as usize]);
        let in_azure =
            in_azure.filter(|server| matches!(server.licensed_by, LicensedBy::Azure | LicensedBy::AzureHybridBenefit));
        draft.warnings.about(in_azure.map(|server| server.id.as_str()), |count, list| {
            format!(
                "Remote Desktop on {} in Azure needs User CALs with active Software Assurance or by subscription, \
                 others do not serve there (F.7): {list}",
                crate::findings::counted(count, "server", "servers")
            )
        });
    } else if !used.family.is_of_windows() && used.family.row.id != "sql-server" {
        let unnamed = used.accesses.server.iter().map(|&at| &servers[at as usize]);
        let unnamed = unnamed.filter(|server| !server.products.contains_key(used.family.name));
        draft.warnings.about(unnamed.map(|server| server.id.as_str()), |count, list| {
            format!(
                "the version of {noun}on {count} server(s) is not known and counts as the newest (B.5): state it with `products`: {list}"
            )
        });
    }
}

/// Only those that stand in the accesses.
fn seen(coverages: Vec<Coverage>, accesses: &[u32]) -> Vec<Coverage> {
    let mut seen = vec![false; coverages.len()];
    accesses.iter().filter(|&&at| at != Accesses::NONE).for_each(|&at| seen[at as usize] = true);
    coverages.into_iter().zip(seen).filter(|(_, seen)| *seen).map(|(coverage, _)| coverage).collect()
}
