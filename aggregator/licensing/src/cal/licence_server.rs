//! F.4: whether a Remote Desktop licence server can hand out the RDS CALs owned. It counts nothing: what was issued per user is
//! only the least that was used (F.5, F.11).

use super::family::Family;
use crate::{checked::Checked, draft::Draft, position::ToDo, version::VersionName};

/// Names the versions of RDS CALs owned that no licence server of the estate hands out, if the estate names any.
pub(super) fn check(checked: &Checked<'_>, family: &Family<'_>, draft: &mut Draft<'_>) {
    let servers = checked.estate.servers.iter().filter(|server| server.licence_server);
    let running: Vec<VersionName> = servers.map(|server| server.version.unwrap_or(VersionName::NEWEST)).collect();
    if running.is_empty() {
        return;
    }
    let handed_out = |cal: VersionName| {
        let rows = &checked.catalogue.licence_servers;
        running.iter().any(|version| rows.iter().any(|row| row.version == *version && row.cals.contains(&cal)))
    };
    let owned = family.owned(checked).into_iter().flatten().filter(|(_, quantity)| *quantity > 0);
    let mut lost: Vec<VersionName> = owned.map(|(version, _)| version).filter(|cal| !handed_out(*cal)).collect();
    lost.sort_unstable();
    lost.dedup();
    for cal in lost {
        let rows = checked.catalogue.licence_servers.iter().filter(|row| row.cals.contains(&cal));
        let fit: Vec<&str> = rows.map(|row| row.version.name()).collect();
        draft.to_do.push(ToDo {
            what: format!(
                "Install the RDS CALs of {} on a licence server of {}: none that the estate names hands them out (F.4).",
                cal.name(),
                fit.join(" or ")
            ),
            may_add: 0,
            may_add_minor: 0,
            rules: vec!["F.4".into()],
        });
    }
}
