//! Days of an estate file: which accesses belong to the window, who was seen when, and who is gone (rule E.19).

use std::{collections::BTreeMap, fmt::Display};

use jiff::{ToSpan, civil::Date};

use super::{
    FileError, other,
    rows::{AccessRow, DeviceRow, PersonRow},
};
use crate::estate::{Access, Accesses, Assignment, Entitlement, Estate};

/// Whether nothing asks as of which day to count, in a file that does not say it.
pub(super) fn check_undated(
    entitlements: &[Entitlement],
    assignments: &[Assignment],
    people: &[PersonRow],
    devices: &[DeviceRow],
) -> Result<(), FileError> {
    let seen = people.iter().any(|row| row.last_seen.is_some()) || devices.iter().any(|row| row.last_seen.is_some());
    let problem = if entitlements.iter().any(|row| row.software_assurance_until.is_some()) {
        "needed because an entitlement has Software Assurance until a day: say as of which day to count"
    } else if !assignments.is_empty() {
        "needed because licences are assigned from a day on: say as of which day to count"
    } else if seen {
        "needed because a person or device has a `last_seen` day: say as of which day to count"
    } else {
        return Ok(());
    };
    Err(FileError::Other { place: "as_of".into(), problem })
}

/// First and last day of an access, if it states them.
pub(super) fn of(place: &dyn Display, row: &AccessRow) -> Result<Option<(Date, Date)>, FileError> {
    match (row.first, row.last) {
        (None, None) => Ok(None),
        (Some(first), Some(last)) if first <= last => Ok(Some((first, last))),
        (Some(_), Some(_)) => Err(other(place, "its `last` day is before its `first`: correct them")),
        _ => Err(other(place, "it has only one of `first` and `last`: give both days or none")),
    }
}

/// Whether any of these days is in the window; all are in a file that does not say when the window ends.
pub(super) fn is_in_window(estate: &Estate, first: Date, last: Date) -> bool {
    // no more days than there are
    let days = i64::from(estate.policy.window_days.clamp(1, 4_000_000)) - 1;
    estate.as_of == Date::ZERO || (last >= estate.as_of.saturating_sub(days.days()) && first <= estate.as_of)
}

/// Those of accesses before the window were last seen then, if not later.
pub(super) fn note_last_seen(estate: &mut Estate, rows: &[Access], last: Date) {
    if last > estate.as_of {
        return;
    }
    for row in rows {
        if let Some(person) = estate.people.get_mut(row.person as usize) {
            person.last_seen = person.last_seen.max(Some(last));
        }
        if let Some(device) = estate.devices.get_mut(row.device as usize) {
            device.last_seen = device.last_seen.max(Some(last));
        }
    }
}

/// E.19: who is gone needs none, whatever was accessed before.
pub(super) fn leave_out_gone(estate: &mut Estate, rows: &mut Vec<Access>, uses: &mut BTreeMap<String, Vec<Access>>) {
    if !estate.people.iter().any(|person| person.gone) {
        return;
    }
    let is_there = |row: &Access| row.person == Accesses::NONE || !estate.people[row.person as usize].gone;
    let before = rows.len();
    rows.retain(is_there);
    for rows in uses.values_mut() {
        rows.retain(is_there);
    }
    let left_out = (before - rows.len()) as u64;
    if left_out > 0 {
        let reason = "accesses by people whose accounts are all disabled or gone (E.19)";
        *estate.left_out.entry(reason.to_owned()).or_default() += left_out;
    }
}
