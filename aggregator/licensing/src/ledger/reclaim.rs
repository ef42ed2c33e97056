//! What can be taken back (rule E.19): licences of those who are gone, were not seen for long, or need none of theirs now.
//!
//! Counts holders and names nobody: a position is also for those who may not see who works where.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Held, Holder, Unit, free_from, wanted::Wanted};
use crate::{
    checked::Checked,
    estate::{Accesses, Estate, EstateError},
    findings::counted,
    owned::{Quantities, balance},
    position::Reclaim,
    prices::UnitPrice,
    version::VersionName,
};

/// Days back to which somebody who was seen is told apart from somebody never seen (rule E.19).
const YEAR: i32 = 365;

/// Why a licence can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    Gone,
    Away,
    LongAway,
    NoNeed,
    TooOld,
    Another,
}

impl Why {
    fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Gone => {
                ("their holders have left, are disabled or retired, or are not known any more", &["0.4", "E.19"])
            }
            Self::Away => {
                ("their holders were not seen within the window, but not longer ago than 365 days", &["0.4", "E.19"])
            }
            Self::LongAway => ("their holders were not seen for more than 365 days, or never", &["0.4", "E.19"]),
            Self::NoNeed => (
                "their holders need none in the mix to choose: exempt, covered from the other side, or without a need",
                &["0.4", "E.3", "E.28"],
            ),
            Self::TooOld => ("their holders need a newer version, which these do not serve", &["0.4", "E.4"]),
            Self::Another => ("their holders have another one", &["0.3", "0.4"]),
        }
    }
}

/// Licences alike.
#[derive(Debug, Default)]
pub(super) struct Group {
    people: usize,
    devices: usize,
    pub now: u64,
    /// Of which nobody says since when they are held.
    pub undated: u64,
    pub later: Vec<Date>,
    /// By the version they count as.
    taken: Quantities,
}

/// The day from which a licence may be given to somebody else; `None`: now.
pub(super) fn free_on(checked: &Checked<'_>, held: &Held<'_>) -> Option<Date> {
    let is_gone = match held.holder {
        // 0.4: the end of employment frees it at once; that hardware failed for good nobody says
        Holder::Person(at) => checked.estate.people[at as usize].gone,
        Holder::Unknown(_) => true,
        _ => false,
    };
    let day = free_from(held.since?, checked.catalogue.reassignment_days());
    (day > checked.estate.as_of && !is_gone).then_some(day)
}

/// Why each licence by user or device can be taken back; those that are needed where they are have no reason.
pub(super) fn reasons<'l>(checked: &'l Checked<'_>, wanted: &[Wanted]) -> Vec<(&'l Held<'l>, Why)> {
    if checked.ledger.held.is_empty() {
        return Vec::new();
    }
    let seen = Seen::of(checked.estate);
    let mut satisfied = BTreeSet::new();
    let of_kind = |held: &&Held<'_>| {
        let unit = Unit::of(&checked.estate.entitlements[held.entitlement as usize].sku);
        matches!(
            (unit, held.holder),
            (Unit::User, Holder::Person(_) | Holder::Unknown(_))
                | (Unit::Device, Holder::Device(_) | Holder::Unknown(_))
        )
    };
    let mut why = |held: &Held<'l>| {
        let entitlement = &checked.estate.entitlements[held.entitlement as usize];
        let family = wanted.iter().position(|one| one.skus.contains(&entitlement.sku));
        let (is_gone, last) = match held.holder {
            Holder::Person(at) => (checked.estate.people[at as usize].gone, seen.person(checked.estate, at)),
            Holder::Device(at) => (checked.estate.devices[at as usize].gone, seen.device(checked.estate, at)),
            _ => (true, Last::Never),
        };
        if is_gone {
            return Some(Why::Gone);
        }
        let need = family.and_then(|at| wanted[at].of(held.holder).map(|need| (at, need)));
        if let Some((at, need)) = need {
            let has = wanted[at].version_of(checked, entitlement);
            return match has >= need {
                true if satisfied.insert((at, held.holder)) => None,
                true => Some(Why::Another),
                false => Some(Why::TooOld),
            };
        }
        match last {
            Last::Within => family.map(|_| Why::NoNeed),
            Last::Before => Some(Why::Away),
            Last::Never => Some(Why::LongAway),
        }
    };
    let mut held: Vec<&Held<'_>> = checked.ledger.held.iter().filter(of_kind).collect();
    // of two the older stays: the newer one serves more others
    held.sort_by_cached_key(|held| {
        let entitlement = &checked.estate.entitlements[held.entitlement as usize];
        let of = wanted.iter().find(|one| one.skus.contains(&entitlement.sku));
        (
            of.map(|of| of.version_of(checked, entitlement)),
            &entitlement.sku,
            entitlement.version,
            &entitlement.id,
            held.number,
        )
    });
    held.into_iter().filter_map(|held| why(held).map(|why| (held, why))).collect()
}

/// All that can be taken back, one row for each product, version and reason.
pub(crate) fn reclaim(checked: &Checked<'_>, wanted: &[Wanted]) -> Result<Vec<Reclaim>, EstateError> {
    let mut groups: BTreeMap<(&str, VersionName, Why), Group> = BTreeMap::new();
    for (held, why) in reasons(checked, wanted) {
        let entitlement = &checked.estate.entitlements[held.entitlement as usize];
        let group = groups.entry((&entitlement.sku, entitlement.version, why)).or_default();
        let of_users = Unit::of(&entitlement.sku) == Unit::User;
        if let Some(of) = wanted.iter().find(|one| one.skus.contains(&entitlement.sku)) {
            *group.taken.entry(of.version_of(checked, entitlement)).or_default() += 1;
        }
        *if of_users { &mut group.people } else { &mut group.devices } += 1;
        match free_on(checked, held) {
            Some(day) => group.later.push(day),
            None if held.since.is_none() && why != Why::Gone => group.undated += 1,
            None => group.now += 1,
        }
    }
    let row = |((sku, version, why), group): ((&str, VersionName, Why), Group)| {
        let quantity = (group.people + group.devices) as u64;
        let (words, rules) = why.words();
        let from = match group.devices {
            0 => counted(group.people, "person", "people"),
            devices => counted(devices, "device", "devices"),
        };
        let (saves, saves_minor) = saved(checked, wanted, sku, &group.taken)?;
        Ok(Reclaim {
            sku: sku.to_owned(),
            version: version.name().to_owned(),
            quantity,
            from,
            why: format!("{words}; {}", when(&group, checked.catalogue.reassignment_days())),
            rules: rules.iter().map(|&id| id.to_owned()).collect(),
            saves,
            saves_minor,
        })
    };
    groups.into_iter().map(row).collect()
}

/// Who holds the licences of one row of [`reclaim`].
pub(crate) struct ReclaimedFrom<'a> {
    pub sku: &'a str,
    pub version: VersionName,
    /// What the row's reason begins with.
    pub why: &'static str,
    /// Sorted; once for each licence.
    pub names: Vec<&'a str>,
}

/// The holders behind the rows of [`reclaim`], for those who may see names.
pub(crate) fn reclaimed_from<'a>(checked: &'a Checked<'_>, wanted: &[Wanted]) -> Vec<ReclaimedFrom<'a>> {
    let estate = checked.estate;
    let mut groups: BTreeMap<(&str, VersionName, Why), Vec<&str>> = BTreeMap::new();
    for (held, why) in reasons(checked, wanted) {
        let entitlement = &estate.entitlements[held.entitlement as usize];
        let name = match held.holder {
            Holder::Person(at) => estate.people[at as usize].id.as_str(),
            Holder::Device(at) => &estate.devices[at as usize].id,
            Holder::Host(at) => &estate.hosts[at as usize].id,
            Holder::Server(at) => &estate.servers[at as usize].id,
            Holder::Unknown(name) => name,
        };
        groups.entry((&entitlement.sku, entitlement.version, why)).or_default().push(name);
    }
    let of = |((sku, version, why), mut names): ((_, _, Why), Vec<_>)| {
        names.sort_unstable();
        ReclaimedFrom { sku, version, why: why.words().0, names }
    };
    groups.into_iter().map(of).collect()
}

pub(super) fn when(group: &Group, days: u32) -> String {
    let mut parts = Vec::new();
    if group.now > 0 {
        parts.push(format!("{} may be given to others now", group.now));
    }
    if let (Some(first), Some(last)) = (group.later.iter().min(), group.later.iter().max()) {
        let from = if first == last { format!("from {first} on") } else { format!("from {first} to {last} on") };
        parts.push(format!("{} {from}", group.later.len()));
    }
    if group.undated > 0 {
        parts
            .push(format!("{} {days} days after their assignment, a day that the ledger does not have", group.undated));
    }
    parts.join(", ")
}

/// How many more would have to be bought, and for how much, if these stayed where they are.
fn saved(checked: &Checked<'_>, wanted: &[Wanted], sku: &str, taken: &Quantities) -> Result<(u64, u64), EstateError> {
    let Some(of) = wanted.iter().find(|one| one.skus.iter().any(|known| known == sku)) else { return Ok((0, 0)) };
    let side = usize::from(of.skus[1] == sku);
    let mut needed = Quantities::new();
    for &version in of.needs[side].iter().flatten() {
        *needed.entry(version).or_default() += 1;
    }
    let short =
        |owned: &Quantities| balance(&needed, owned).iter().fold(0_u64, |sum, line| sum.saturating_add(line.short));
    let owned = &of.owned(checked)[side];
    let mut without = owned.clone();
    for (version, taken) in taken {
        without.entry(*version).and_modify(|count| *count = count.saturating_sub(*taken));
    }
    let saves = short(&without).saturating_sub(short(owned));
    let price = UnitPrice::of(checked.estate, sku);
    Ok((saves, price.map_or(Ok(0), |price| price.cost(saves))?))
}

/// When somebody or something was seen.
enum Last {
    Within,
    Before,
    Never,
}

struct Seen {
    people: Vec<bool>,
    devices: Vec<bool>,
}

impl Seen {
    fn of(estate: &Estate) -> Self {
        let mark = |count: usize, column: &[u32]| {
            let mut seen = vec![false; count];
            column.iter().filter(|&&at| at != Accesses::NONE).for_each(|&at| seen[at as usize] = true);
            seen
        };
        let Accesses { person, device, .. } = &estate.accesses;
        Self { people: mark(estate.people.len(), person), devices: mark(estate.devices.len(), device) }
    }

    fn person(&self, estate: &Estate, at: u32) -> Last {
        last(estate, self.people[at as usize], estate.people[at as usize].last_seen)
    }

    fn device(&self, estate: &Estate, at: u32) -> Last {
        last(estate, self.devices[at as usize], estate.devices[at as usize].last_seen)
    }
}

fn last(estate: &Estate, seen: bool, last_seen: Option<Date>) -> Last {
    let ago = last_seen.map(|day| estate.as_of.since(day).map_or(i32::MAX, |span| span.get_days()));
    match ago {
        _ if seen => Last::Within,
        Some(ago) if ago < i32::try_from(estate.policy.window_days).unwrap_or(i32::MAX) => Last::Within,
        Some(ago) if ago <= YEAR => Last::Before,
        _ => Last::Never,
    }
}
