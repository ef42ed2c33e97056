//! What the other reading of an open question comes to (section X), computed only where the facts make a difference.

use std::collections::BTreeMap;

use super::{Served, additive, counted::Counted, family::Family, modes, servers::Need, windows};
use crate::{
    draft::Draft,
    estate::{Accesses, EstateError, InfraRoles, Policy, Population, WebExempt},
    owned::Quantities,
    position::{Line, Reading, ReadingLine},
    version::VersionName,
};

/// Needed by product and version.
pub(super) type Needs = BTreeMap<(String, VersionName), u64>;

/// Adds the readings to the draft, whose lines are those of the policy's own.
pub(super) fn readings(
    base: &windows::Ground<'_>,
    others: &[additive::Ground<'_>],
    served: &Served<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let estate = base.checked.estate;
    let policy = &estate.policy;
    for (name, question, other) in questions(base) {
        let basis = base.basis(&other, &served.base.0, &served.base.1.connected);
        let counted = Counted::of(&basis, &base.family)?;
        add(draft, name, question, &[&base.family], &needs_of(&base.family, &counted.users, &counted.devices));
    }
    if policy.population == Population::Observed {
        unseen(base, served, draft);
    }
    if served.suites.has_unverified() {
        let held = served.suites.held(base.checked, &base.family, true);
        let basis = base.basis(policy, &held, &served.base.1.connected);
        let counted = Counted::of(&basis, &base.family)?;
        let mut needs = needs_of(&base.family, &counted.users, &counted.devices);
        let mut families = vec![&base.family];
        for (other, (_, connectors)) in others.iter().zip(&served.others) {
            let held = served.suites.held(base.checked, &other.used.family, true);
            let counted = Counted::of(&other.basis(&held, &connectors.connected), &other.used.family)?;
            needs.extend(needs_of(&other.used.family, &counted.users, &counted.devices));
            families.push(&other.used.family);
        }
        let question =
            "Do the plans owned carry CALs, as the catalogue says without anybody's word (G.5, question X.3)?";
        add(draft, "catalogue: unverified plans carry nothing".into(), question, &families, &needs);
    }
    for (other, (held, connectors)) in others.iter().zip(&served.others) {
        if other.used.family.row.id == "rds"
            && let Some((policy, needs)) = modes::one_mode_per_host(other, held, &connectors.connected)?
        {
            let question = "A host counts users or devices, while rights of both kinds may stand side by side (F.6): counted are \
                            the rights; this is the cheapest choice of one kind for each host.";
            add(draft, policy, question, &[&other.used.family], &needs);
        }
    }
    Ok(())
}

/// Switches whose other value may change the number of base CALs, by what the estate holds.
fn questions(base: &windows::Ground<'_>) -> Vec<(String, &'static str, Policy)> {
    let estate = base.checked.estate;
    let policy = &estate.policy;
    let flagged = |bit: u8| estate.accesses.flags.iter().any(|flags| flags & bit != 0);
    let mut found = Vec::new();
    let is_public = |row: &crate::estate::Access| {
        row.flags & (Accesses::WEB | Accesses::ANONYMOUS) == Accesses::WEB
            && estate.servers[row.server as usize].web_workload
            && estate.people.get(row.person as usize).is_some_and(|person| person.external)
    };
    if estate.servers.iter().any(|server| server.web_workload) && estate.accesses.rows().any(|row| is_public(&row)) {
        let (name, web_exempt) = match policy.web_exempt {
            WebExempt::AnonymousOnly => ("public-web", WebExempt::PublicWeb),
            WebExempt::PublicWeb => ("anonymous-only", WebExempt::AnonymousOnly),
        };
        found.push((
            format!("web_exempt = \"{name}\""),
            "Do external people who sign in to a public web server need CALs (E.9c, question X.2)?",
            Policy { web_exempt, ..policy.clone() },
        ));
    }
    if flagged(Accesses::INFRASTRUCTURE) {
        let (name, infra_roles) = match policy.infra_roles {
            InfraRoles::Strict => ("ignore", InfraRoles::Ignore),
            InfraRoles::Interval | InfraRoles::Ignore => ("strict", InfraRoles::Strict),
        };
        found.push((
            format!("infra_roles = \"{name}\""),
            "Do devices and people that use only DHCP, DNS or the like need CALs (E.13)?",
            Policy { infra_roles, ..policy.clone() },
        ));
    }
    if flagged(Accesses::ADMINISTRATION) {
        let admin_exempt_per_server = if policy.admin_exempt_per_server == 0 { 2 } else { 0 };
        found.push((
            format!("admin_exempt_per_server = {admin_exempt_per_server}"),
            "May two per server administer it without a CAL (E.7, question X.1)?",
            Policy { admin_exempt_per_server, ..policy.clone() },
        ));
    }
    if base.has_sql_by_core() {
        let sql_core_needs_windows_cal = !policy.sql_core_needs_windows_cal;
        found.push((
            format!("sql_core_needs_windows_cal = {sql_core_needs_windows_cal}"),
            "Do people who reach only SQL Server licensed by core need the base CAL (D.8)?",
            Policy { sql_core_needs_windows_cal, ..policy.clone() },
        ));
    }
    found
}

/// I.5: those of whom nothing was seen change nobody else's need, so they are only added.
fn unseen(base: &windows::Ground<'_>, served: &Served<'_>, draft: &mut Draft<'_>) {
    let (checked, estate) = (base.checked, base.checked.estate);
    let policy = estate.policy.clone();
    let basis = base.basis(&policy, &served.base.0, &[]);
    let newest = basis.needs.iter().filter_map(|need| match need {
        Need::Cal(cal) => Some(*cal),
        Need::Nothing(_) => None,
    });
    let Some(newest) = newest.max() else { return };
    let mut seen = vec![false; estate.people.len()];
    estate.accesses.person.iter().filter(|&&at| at != Accesses::NONE).for_each(|&at| seen[at as usize] = true);
    let idle = estate.people.iter().enumerate().filter(|(index, person)| {
        let rank = checked.people.rank[*index];
        !seen[*index] && !person.unresolved && !person.gone && !basis.held.person(Some(rank), newest)
    });
    let count = idle.map(|(_, person)| super::basis::heads(person)).fold(0, u64::saturating_add);
    if count == 0 {
        return;
    }
    let mut needs = plain(&draft.book.lines, &[&base.family]);
    let users = needs.entry((base.family.user.to_owned(), newest)).or_default();
    *users = users.saturating_add(count);
    let question =
        "Do all people count who could sign in, or those who were seen (I.5)? Audits usually begin with all.";
    add(draft, "population = \"entitled\"".into(), question, &[&base.family], &needs);
}

/// Of one family, as in the lines.
pub(super) fn needs_of(family: &Family<'_>, users: &Quantities, devices: &Quantities) -> Needs {
    let side = |sku: &str, by_version: &Quantities| -> Needs {
        by_version.iter().map(|(&version, &count)| ((sku.to_owned(), version), count)).collect()
    };
    let mut needs = side(family.user, users);
    needs.extend(side(family.device, devices));
    needs
}

/// What the lines of these families say.
fn plain(lines: &[Line], families: &[&Family<'_>]) -> Needs {
    let of_family = |line: &&Line| families.iter().any(|family| line.sku == family.user || line.sku == family.device);
    let needs = lines.iter().filter(of_family).filter(|line| line.needed > 0);
    let version = |line: &Line| VersionName::from_name(&line.version).unwrap_or_default();
    needs.map(|line| ((line.sku.clone(), version(line)), line.needed)).collect()
}

fn add(draft: &mut Draft<'_>, policy: String, question: &str, families: &[&Family<'_>], otherwise: &Needs) {
    let here = plain(&draft.book.lines, families);
    let skus: std::collections::BTreeSet<_> = here.keys().chain(otherwise.keys()).cloned().collect();
    let lines = skus.into_iter().map(|key| ReadingLine {
        needed: here.get(&key).copied().unwrap_or(0),
        otherwise: otherwise.get(&key).copied().unwrap_or(0),
        sku: key.0,
        version: key.1.name().into(),
    });
    let lines: Vec<_> = lines.filter(|line| line.needed != line.otherwise).collect();
    if !lines.is_empty() {
        draft.readings.push(Reading { policy, question: question.into(), lines });
    }
}
