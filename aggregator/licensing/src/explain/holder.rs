//! Why a person or a device holds a CAL, or needs none.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{
    alternative::{Cals, Side, devices, least_to_buy, no_way, partners, people, way, with, without},
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, Explanation},
};
use crate::{
    assessment::{CalHolder, Coverage, Licence},
    cal::{Counted, Family, Kept, Need, cause},
    estate::{Access, Accesses},
    findings::listed,
    version::VersionName,
    words::product,
};

/// One end of accesses: a person or a device.
struct End<'e> {
    side: Side,
    /// Index into the estate.
    index: u32,
    rank: u32,
    id: &'e str,
}

impl Explainer<'_> {
    /// One explanation for each family of CALs that the person has to do with.
    pub(super) fn person(&self, id: &str) -> Result<Vec<Explanation>, ExplainError> {
        let estate = self.estate();
        let index = Self::find("person", id, estate.people.iter().map(|person| person.id.as_str()))?;
        let rank = self.checked.people.rank[index];
        self.holder(&End { side: Side::People, index: index as u32, rank, id: &estate.people[index].id })
    }

    /// One explanation for each family of CALs that the device has to do with.
    pub(super) fn device(&self, id: &str) -> Result<Vec<Explanation>, ExplainError> {
        let estate = self.estate();
        let index = Self::find("device", id, estate.devices.iter().map(|device| device.id.as_str()))?;
        let rank = self.checked.devices.rank[index];
        self.holder(&End { side: Side::Devices, index: index as u32, rank, id: &estate.devices[index].id })
    }

    fn holder(&self, end: &End<'_>) -> Result<Vec<Explanation>, ExplainError> {
        let base = match end.side {
            Side::People => &self.assessment.people[end.index as usize],
            Side::Devices => &self.assessment.devices[end.index as usize],
        };
        let mut found = Vec::new();
        for kept in &self.kept {
            let coverage = match self.assessment.uses.iter().find(|used| used.cal == kept.cal) {
                Some(used) if kept.accesses.is_some() => {
                    let side = if end.side == Side::People { &used.people } else { &used.devices };
                    side.iter().find(|coverage| coverage.id == end.id)
                }
                _ => Some(base),
            };
            if let Some(coverage) = coverage {
                found.push(self.of_family(end, kept, coverage)?);
            }
        }
        Ok(found)
    }

    fn of_family(&self, end: &End<'_>, kept: &Kept, coverage: &Coverage) -> Result<Explanation, ExplainError> {
        let Some(family) = Family::of(self.catalogue(), &kept.cal) else {
            return Err(ExplainError::Nothing("CALs of that family"));
        };
        let kind = if end.side == Side::People { "person" } else { "device" };
        let mut about = About { kind, id: end.id.to_owned(), ..About::default() };
        about.rules = super::citations::rules_in(self.catalogue(), &coverage.reason);
        about.headline = headline(end, &family, coverage);
        let rows: Vec<Access> = self.accesses(kept).rows().filter(|row| end.is_of(row)).collect();
        self.add_seen(end, &rows, &mut about);
        self.add_forcing(end, kept, coverage, &rows, &mut about);
        if about.forced_by.is_empty() {
            about.facts.push(coverage.reason.trim_end_matches('.').to_owned());
        }
        self.add_version(kept, coverage, &rows, &mut about);
        self.add_purchase(end, kept, &family, &mut about);
        self.add_ways(end, kept, &family, coverage, &mut about)?;
        Ok(self.finish(about))
    }

    /// From where to where, in one sentence.
    fn add_seen(&self, end: &End<'_>, rows: &[Access], about: &mut About) {
        let estate = self.estate();
        let when = if estate.as_of == Date::default() {
            "within the window".to_owned()
        } else {
            format!("in the {} days up to {}", estate.policy.window_days, estate.as_of)
        };
        if rows.is_empty() {
            about.facts.push(format!("nothing was seen {when}"));
            return;
        }
        let servers: BTreeSet<&str> = rows.iter().map(|row| estate.servers[row.server as usize].id.as_str()).collect();
        let other = |row: &Access| match end.side {
            Side::People => (row.device != Accesses::NONE).then(|| estate.devices[row.device as usize].id.as_str()),
            Side::Devices => (row.person != Accesses::NONE).then(|| estate.people[row.person as usize].id.as_str()),
        };
        let others: BTreeSet<&str> = rows.iter().filter_map(other).collect();
        let with = match (end.side, others.len()) {
            (Side::People, 0) => "from no device that is known".into(),
            (Side::People, count) => format!("from {} ({})", devices(count), listed(&others)),
            (Side::Devices, 0) => "without a person".into(),
            (Side::Devices, count) => format!("used by {} ({})", people(count), listed(&others)),
        };
        let on = crate::findings::counted(servers.len(), "server", "servers");
        about.facts.push(format!("seen {when} {with}, on {on} ({})", listed(&servers)));
    }

    /// The accesses whose other end holds none, or is not known.
    fn add_forcing(&self, end: &End<'_>, kept: &Kept, coverage: &Coverage, rows: &[Access], about: &mut About) {
        let (estate, demand, mix) = (self.estate(), &kept.counted.demand, &kept.counted.mix);
        let (forced, held): (_, &[Option<VersionName>]) = match end.side {
            Side::People => (demand.forced_people[end.rank as usize], &mix.devices),
            Side::Devices => (demand.forced_devices[end.rank as usize], &mix.people),
        };
        if forced.is_some() {
            let names: BTreeSet<String> = rows.iter().filter_map(|row| self.lonely(end, kept, row)).collect();
            about.forced_by(
                |count| {
                    let what = if count == 1 { "access" } else { "accesses" };
                    format!(
                        "{what} that nothing but a CAL of its own can cover, for the other end can hold none (E.28)"
                    )
                },
                names.iter().map(String::as_str),
            );
        }
        let others = partners(demand, end.side, end.rank);
        let name = |rank: u32| match end.side {
            Side::People => estate.devices[self.checked.devices.index[rank as usize] as usize].id.as_str(),
            Side::Devices => estate.people[self.checked.people.index[rank as usize] as usize].id.as_str(),
        };
        let (bare, covered): (Vec<_>, Vec<_>) =
            others.iter().partition(|(rank, cal)| held[*rank as usize] < Some(*cal));
        let sorted =
            |side: Vec<&(u32, VersionName)>| side.into_iter().map(|&(rank, _)| name(rank)).collect::<BTreeSet<_>>();
        let (bare, covered) = (sorted(bare), sorted(covered));
        let (one, many, own) = match end.side {
            Side::People => ("device used holds", "devices used hold", "Device CAL"),
            Side::Devices => ("person who used it holds", "people who used it hold", "User CAL"),
        };
        let verb = |count: u64| if count == 1 { one } else { many };
        let instead = if coverage.version.is_some() && forced.is_none() { "; each would need one instead" } else { "" };
        about.forced_by(|count| format!("{} no {own} that is new enough{instead}", verb(count)), bare.into_iter());
        about.forced_by(|count| format!("{} a {own} that is new enough (E.3)", verb(count)), covered.into_iter());
    }

    /// An access whose other end can hold no CAL, in words.
    fn lonely(&self, end: &End<'_>, kept: &Kept, row: &Access) -> Option<String> {
        let estate = self.estate();
        let Need::Cal(_) = kept.needs[row.server as usize] else { return None };
        let server = &estate.servers[row.server as usize];
        let on = &server.id;
        if end.side == Side::Devices {
            return match server.remote_desktop {
                _ if row.person == Accesses::NONE => Some(format!("{on} without a person")),
                Some(crate::RemoteDesktopMode::PerDevice) => Some(format!("{on}, which counts devices")),
                _ => None,
            };
        }
        if row.device == Accesses::NONE {
            return Some(format!("{on} from a device that is not known"));
        }
        let device = &estate.devices[row.device as usize];
        if device.server {
            Some(format!("{on} from {}, which is a server itself", device.id))
        } else if device.unresolved {
            Some(format!("{on} from {}, an address of no known device", device.id))
        } else if kept.accesses.is_some() && server.remote_desktop == Some(crate::RemoteDesktopMode::PerUser) {
            Some(format!("{on}, which counts users"))
        } else {
            None
        }
    }

    /// The servers that decide the version (E.5).
    fn add_version(&self, kept: &Kept, coverage: &Coverage, rows: &[Access], about: &mut About) {
        let Some(version) = coverage.version else { return };
        let decides = |row: &&Access| kept.needs[row.server as usize] == Need::Cal(version);
        let servers: BTreeSet<String> =
            rows.iter().filter(decides).map(|row| self.server_in_words(kept, row.server)).collect();
        about.forced_by(
            |count| {
                let verb = if count == 1 { "server reached needs" } else { "servers reached need" };
                format!("{verb} a CAL of {version}, and no older one will do (E.4, E.5)")
            },
            servers.iter().map(String::as_str),
        );
    }

    /// What the cheapest purchase gives to this one.
    fn add_purchase(&self, end: &End<'_>, kept: &Kept, family: &Family<'_>, about: &mut About) {
        let Some(holders) = self.holders_of(&kept.cal) else { return };
        let (side, kind) = match end.side {
            Side::People => (&holders.people, family.user_noun()),
            Side::Devices => (&holders.devices, family.device_noun()),
        };
        about.facts.push(match side.iter().find(|holder| holder.id == end.id) {
            Some(CalHolder { owned: Some(owned), .. }) => {
                format!("with the CALs owned, the cheapest purchase gives {} an owned {kind} of {owned} (E.29)", end.id)
            }
            Some(CalHolder { needed, .. }) => {
                format!("with the CALs owned, the cheapest purchase buys {} a {kind} of {needed} (E.29)", end.id)
            }
            None => format!("with the CALs owned, the cheapest purchase gives {} no CAL of its own (E.29)", end.id),
        });
    }

    fn add_ways(
        &self,
        end: &End<'_>,
        kept: &Kept,
        family: &Family<'_>,
        coverage: &Coverage,
        about: &mut About,
    ) -> Result<(), ExplainError> {
        let (demand, counted) = (&kept.counted.demand, &kept.counted);
        let own = match end.side {
            Side::People => family.user,
            Side::Devices => family.device,
        };
        let own = product(own, "");
        let forced = match end.side {
            Side::People => demand.forced_people[end.rank as usize],
            Side::Devices => demand.forced_devices[end.rank as usize],
        };
        match coverage.licence {
            Licence::UserCal | Licence::DeviceCal if forced.is_some() => {
                let causes = match end.side {
                    Side::People => demand.people_left_out[end.rank as usize],
                    Side::Devices => demand.devices_left_out[end.rank as usize],
                };
                about.alternatives.push(no_way(format!("No {own} for {}", end.id), no_other_end(end.side, causes)));
                if end.side == Side::People && causes & cause::UNRESOLVED != 0 {
                    about.to_do.push(format!(
                        "find out which device {} used: if a device CAL there does for others as well, this one may not be needed",
                        end.id
                    ));
                }
            }
            Licence::UserCal | Licence::DeviceCal => {
                let others = match (end.side, partners(demand, end.side, end.rank).len()) {
                    (Side::People, 1) => "a Device CAL for the device used".to_owned(),
                    (Side::People, count) => format!("a Device CAL for each of the {}", devices(count)),
                    (Side::Devices, 1) => "a User CAL for the person who used it".into(),
                    (Side::Devices, count) => format!("a User CAL for each of the {}", people(count)),
                };
                let what = format!("No {own} for {}, but {others}", end.id);
                about.alternatives.push(self.other_mix(
                    what,
                    counted,
                    &without(counted, end.side, end.rank)?,
                    family,
                )?);
            }
            Licence::Devices | Licence::People if !partners(demand, end.side, end.rank).is_empty() => {
                let what = format!("A {own} for {}", end.id);
                about.alternatives.push(self.other_mix(what, counted, &with(counted, end.side, end.rank)?, family)?);
            }
            Licence::Devices | Licence::People | Licence::Exempt | Licence::None => {}
        }
        if coverage.version.is_some() && Cals::of(counted) == (Cals { users: 0, devices: 0 }) {
            about.alternatives.clear();
        }
        Ok(())
    }

    /// Another mix beside the cheapest one, at list price and given what is owned.
    fn other_mix(
        &self,
        what: String,
        counted: &Counted,
        other: &Counted,
        family: &Family<'_>,
    ) -> Result<Alternative, ExplainError> {
        let mut found = way(what, counted, Cals::of(other), family)?;
        let mut bound = None;
        found.given_owned = self.given_owned(family, |owned| {
            let least = least_to_buy(other, owned)?;
            bound = least.filter(|(cost, bound)| bound < cost).map(|(_, bound)| bound);
            Ok(least.map(|(cost, _)| cost))
        })?;
        if let Some(given) = &mut found.given_owned {
            given.lower_bound_minor = bound;
        }
        Ok(found)
    }

    /// `FS1 (Windows Server 2022)`; for CALs of another product the version of Windows says nothing.
    pub(super) fn server_in_words(&self, kept: &Kept, index: u32) -> String {
        let server = &self.estate().servers[index as usize];
        let is_of_windows = Family::of(self.catalogue(), &kept.cal).is_some_and(|family| family.is_of_windows());
        match server.version {
            _ if !is_of_windows => server.id.clone(),
            Some(version) => format!("{} (Windows Server {version})", server.id),
            None => format!("{} (version not known, counted as {})", server.id, VersionName::NEWEST),
        }
    }
}

impl End<'_> {
    fn is_of(&self, row: &Access) -> bool {
        match self.side {
            Side::People => row.person == self.index,
            Side::Devices => row.device == self.index,
        }
    }
}

/// Why the other end cannot do it.
fn no_other_end(side: Side, causes: u32) -> String {
    match side {
        _ if causes & cause::MODE != 0 => "The session host was set to count this kind only (F.6)".into(),
        Side::People if causes & cause::UNSEEN != 0 => {
            "By policy everybody counts who could sign in, seen or not, and nothing tells from where (I.5)".into()
        }
        Side::People => "The device at the other end is not known or is a server itself, so no Device CAL could do it \
                         (E.6, E.28)"
            .into(),
        Side::Devices => "Nobody is at the other end, so no User CAL could do it (E.28)".into(),
    }
}

fn headline(end: &End<'_>, family: &Family<'_>, coverage: &Coverage) -> String {
    let id = end.id;
    let noun = family.noun();
    let noun = if noun.is_empty() { "Windows Server ".to_owned() } else { noun };
    match (coverage.licence, coverage.version) {
        (Licence::UserCal, Some(version)) => format!("{id} needs a {}", product(family.user, version.name())),
        (Licence::DeviceCal, Some(version)) => format!("{id} needs a {}", product(family.device, version.name())),
        (Licence::Devices, _) => format!("{id} needs no {noun}User CAL: the devices used hold Device CALs"),
        (Licence::People, _) => format!("{id} needs no {noun}Device CAL: the people who use it hold User CALs"),
        (Licence::Exempt, _) => format!("{id} needs no {noun}CAL"),
        _ => format!("{id} is not counted for a {noun}CAL"),
    }
}
