//! Why a line of User CALs, Device CALs or External Connectors has its number.

use std::collections::BTreeSet;

use super::{
    alternative::{Cals, Held, Owned, Side, left_to_buy, no_way, way},
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, GivenOwned},
};
use crate::{
    assess_with,
    cal::{Family, Kept, Need, cause},
    estate::{Accesses, EstateError},
    position::Line,
    version::VersionName,
    words::Count,
};

impl Explainer<'_> {
    /// Who needs the CALs of a line, why they are of this version, and what one kind alone would cost.
    pub(super) fn cal_line(
        &self,
        line: &Line,
        kept: &Kept,
        family: &Family<'_>,
        about: &mut About,
    ) -> Result<(), ExplainError> {
        let side = if line.sku == family.user { Side::People } else { Side::Devices };
        let version = VersionName::from_name(&line.version).unwrap_or_default();
        let counted = &kept.counted;
        let (demand, mix) = (&counted.demand, &counted.mix);
        let (held, forced, causes) = match side {
            Side::People => (&mix.people, &demand.forced_people, &demand.people_left_out),
            Side::Devices => (&mix.devices, &demand.forced_devices, &demand.devices_left_out),
        };
        let kind = if side == Side::People { family.user_noun() } else { family.device_noun() };
        let holders = || (0_u32..).zip(held).filter(|(_, held)| **held == Some(version)).map(|(rank, _)| rank);
        let must = |rank: u32| forced[rank as usize].is_some();
        let because = |rank: u32, bit: u32| causes[rank as usize] & bit != 0;
        let name = |rank: u32| self.name(side, rank);
        let (who, whom) = match side {
            Side::People => ("person", "people"),
            Side::Devices => ("device", "devices"),
        };
        let noun = |count: u64| if count == 1 { who } else { whom };
        about.forced_by(
            |count| {
                format!("{} could sign in, seen or not, and by policy all who could are counted (I.5)", noun(count))
            },
            holders().filter(|&rank| must(rank) && because(rank, cause::UNSEEN)).map(name),
        );
        about.forced_by(
            |count| format!("{} reached a session host that counts this kind only (F.6)", noun(count)),
            holders()
                .filter(|&rank| must(rank) && !because(rank, cause::UNSEEN) && because(rank, cause::MODE))
                .map(name),
        );
        let others = |rank: &u32| must(*rank) && !because(*rank, cause::UNSEEN | cause::MODE);
        if side == Side::People {
            let unknown = self.seen_without_device(kept);
            let from = |nowhere: bool| {
                let unknown = &unknown;
                holders().filter(others).filter(move |&rank| unknown[rank as usize] == nowhere)
            };
            about.forced_by(
                |count| format!("{} used a device that is not known, so only a {kind} will do (E.28)", noun(count)),
                from(true).map(name),
            );
            about.forced_by(
                |count| {
                    format!(
                        "{} came from machines that are servers themselves, so only a {kind} will do (E.6, E.28)",
                        noun(count)
                    )
                },
                from(false).map(name),
            );
        } else {
            about.forced_by(
                |count| {
                    let noun = noun(count);
                    if family.is_management() {
                        format!("managed {noun} nobody is known to use, so each needs a licence of its own (G.8, E.28)")
                    } else {
                        format!("{noun} reached servers without a person, so only a {kind} will do (E.28)")
                    }
                },
                holders().filter(others).map(name),
            );
        }
        about.forced_by(
            |count| match (side, family.is_management()) {
                (Side::People, false) => format!(
                    "{} used devices that hold no {}; in the cheapest mix {} holds a {kind} (E.3, E.28)",
                    noun(count),
                    family.device_noun(),
                    if count == 1 { "this person" } else { "each of these people" }
                ),
                (Side::Devices, false) => format!(
                    "{} used by people who hold no {}; in the cheapest mix {} holds a {kind} (E.3, E.28)",
                    noun(count),
                    family.user_noun(),
                    if count == 1 { "this device" } else { "each of these devices" }
                ),
                (Side::People, true) => format!(
                    "{} used managed devices; in the cheapest mix one licence for each of them covers all these devices (G.8, E.28)",
                    noun(count)
                ),
                (Side::Devices, true) => format!(
                    "managed {} used by people who hold none; in the cheapest mix each has a licence of its own (G.8, E.28)",
                    noun(count)
                ),
            },
            holders().filter(|&rank| !must(rank)).map(name),
        );
        if side == Side::People && !demand.heads.is_empty() {
            let heads = holders().map(|rank| demand.heads_of(rank)).fold(0, u64::saturating_add);
            about.facts.push(format!(
                "accounts that several people share are among them: {} people stand behind all of them, and each needs a CAL (0.8, E.16)",
                Count(heads)
            ));
        }
        if !family.is_management() {
            self.add_servers(kept, side, held, version, about);
        }
        Self::add_left_out(kept, side, about);
        if line.needed > 0 {
            self.add_ways_of_one_kind(kept, family, about)?;
        }
        Ok(())
    }

    /// People, by rank, with an access from a device that nobody knows.
    fn seen_without_device(&self, kept: &Kept) -> Vec<bool> {
        let (checked, estate) = (&self.checked, self.estate());
        let mut found = vec![false; estate.people.len()];
        for row in self.accesses(kept).rows().filter(|row| row.person != Accesses::NONE) {
            let is_known = row.device != Accesses::NONE && !estate.devices[row.device as usize].unresolved;
            found[checked.people.rank[row.person as usize] as usize] |= !is_known;
        }
        found
    }

    /// The servers whose version decides that of the line.
    fn add_servers(
        &self,
        kept: &Kept,
        side: Side,
        held: &[Option<VersionName>],
        version: VersionName,
        about: &mut About,
    ) {
        let (checked, estate) = (&self.checked, self.estate());
        let mut decides = vec![false; estate.servers.len()];
        for row in self.accesses(kept).rows() {
            let (end, ranks) = match side {
                Side::People => (row.person, &checked.people.rank),
                Side::Devices => (row.device, &checked.devices.rank),
            };
            decides[row.server as usize] |= end != Accesses::NONE
                && kept.needs[row.server as usize] == Need::Cal(version)
                && held[ranks[end as usize] as usize] == Some(version);
        }
        let servers: BTreeSet<String> = (0_u32..)
            .zip(decides)
            .filter(|(_, decides)| *decides)
            .map(|(index, _)| self.server_in_words(kept, index))
            .collect();
        about.forced_by(
            |count| {
                let verb = if count == 1 { "server" } else { "servers" };
                format!("{verb} among those reached that only a CAL of {version} or later covers (E.4, E.5)")
            },
            servers.iter().map(String::as_str),
        );
    }

    /// Who counts otherwise or not at all, so that the number can be checked against a list of names.
    fn add_left_out(kept: &Kept, side: Side, about: &mut About) {
        let (demand, mix) = (&kept.counted.demand, &kept.counted.mix);
        let (held, causes) = match side {
            Side::People => (&mix.people, &demand.people_left_out),
            Side::Devices => (&mix.devices, &demand.devices_left_out),
        };
        let count = |bit: u32| {
            held.iter().zip(causes).filter(|(held, causes)| held.is_none() && **causes & bit != 0).count() as u64
        };
        let (one, whom) = if side == Side::People { ("person", "people") } else { ("device", "devices") };
        for (bit, why) in [
            (cause::ADMINISTRATION, "exempt for doing nothing but administration (E.7, F.2)"),
            (cause::HELD, "covered by a suite or plan that carries the CAL (G.1, G.5)"),
            (cause::CONNECTOR, "served by External Connectors, being no employees (E.23)"),
            (cause::INFRASTRUCTURE, "seen with nothing but DHCP, DNS or the like (E.13)"),
            (cause::UNRESOLVED, "not identified yet, so not in the number (E.1)"),
        ] {
            let left = count(bit);
            if left > 0 {
                about.facts.push(format!(
                    "not counted here: {} {} {why}",
                    Count(left),
                    if left == 1 { one } else { whom }
                ));
            }
        }
    }

    /// What User CALs alone and Device CALs alone would cost.
    fn add_ways_of_one_kind(&self, kept: &Kept, family: &Family<'_>, about: &mut About) -> Result<(), ExplainError> {
        let (counted, now) = (&kept.counted, Cals::of(&kept.counted));
        let management = family.is_management();
        for side in [Side::People, Side::Devices] {
            let what = match (side, management) {
                (Side::People, false) => "User CALs for everybody",
                (Side::Devices, false) => "Device CALs for every device",
                (Side::People, true) => "Client MLs by user for everybody",
                (Side::Devices, true) => "Client MLs by operating system for every device",
            };
            let held = Held::of_one_kind(&counted.demand, side);
            let cals = held.cals(&counted.demand);
            let (others, forced) = match side {
                Side::People => (cals.devices, "devices that act without a person keep their own"),
                Side::Devices => (cals.users, "people whose device is not known or is a server keep their own"),
            };
            if cals == now && side == Side::Devices && cals.devices == 0 {
                let why = "No device is known that could hold one for any of these people (E.28)";
                about.alternatives.push(no_way(what.into(), why.into()));
            } else if cals == now {
                about.facts.push(format!("{what}: that is what the cheapest mix comes to"));
            } else {
                let mut found = way(what.into(), counted, cals, family)?;
                if others > 0 {
                    found.why = format!("{}; {forced} (E.28)", found.why);
                }
                found.given_owned = self.given_owned(family, |owned| left_to_buy(counted, &held, owned))?;
                about.alternatives.push(found);
            }
        }
        Ok(())
    }

    /// What is left to buy another way, beside the cheapest purchase; `None` if nothing that is owned is of any use.
    pub(super) fn given_owned(
        &self,
        family: &Family<'_>,
        to_buy: impl FnOnce(&Owned) -> Result<Option<u64>, EstateError>,
    ) -> Result<Option<GivenOwned>, ExplainError> {
        let Some(purchase) = self.purchase_of(family.name) else { return Ok(None) };
        let cost = to_buy(&family.owned(&self.checked))?;
        Ok(cost.map(|cost_minor| GivenOwned {
            cost_minor,
            instead_of_minor: purchase.cost_minor,
            lower_bound_minor: None,
        }))
    }

    /// Which machines have an External Connector, for whom, and what CALs would cost instead.
    pub(super) fn connector_line(
        &self,
        line: &Line,
        kept: &Kept,
        family: &Family<'_>,
        about: &mut About,
    ) -> Result<(), ExplainError> {
        let version = VersionName::from_name(&line.version).unwrap_or_default();
        let machines = kept.connectors.hosts.iter().filter(|(_, found)| **found == version);
        let machines: BTreeSet<&str> = machines.map(|(&machine, _)| self.machine_name(machine)).collect();
        about.forced_by(
            |count| {
                let noun = if count == 1 { "machine runs or may run" } else { "machines run or may run" };
                format!("{noun} servers that people who are no employees reach (E.23, E.24)")
            },
            machines.into_iter(),
        );
        let demand = &kept.counted.demand;
        let served = (0_u32..).zip(&demand.people_left_out).filter(|(_, causes)| **causes & cause::CONNECTOR != 0);
        about.forced_by(
            |count| {
                let noun = if count == 1 { "person who is no employee" } else { "people who are no employees" };
                format!("{noun} and would need CALs without External Connectors (E.22)")
            },
            served.map(|(rank, _)| self.name(Side::People, rank)),
        );
        if line.needed > 0 {
            about.alternatives.push(self.without_connectors(family)?);
        }
        Ok(())
    }

    fn without_connectors(&self, family: &Family<'_>) -> Result<Alternative, ExplainError> {
        let what = "CALs for these people instead of External Connectors".to_owned();
        let Some(sku) = family.connector() else { return Ok(no_way(what, String::new())) };
        let mut estate = self.estate().clone();
        estate.prices.retain(|price| price.sku != sku);
        estate.entitlements.retain(|entitlement| entitlement.sku != sku);
        let otherwise = assess_with(&estate, self.catalogue())?;
        let cost = |assessment: &crate::Assessment| {
            let others = assessment.uses.iter().map(|used| used.optimum.cost_minor);
            others.fold(assessment.position.optimum.cost_minor, u64::saturating_add)
        };
        let bound = |assessment: &crate::Assessment| {
            let others = assessment.uses.iter().map(|used| used.optimum.lower_bound_minor);
            others.fold(assessment.position.optimum.lower_bound_minor, u64::saturating_add)
        };
        let count = |assessment: &crate::Assessment| {
            let of = |sku: &str| {
                let lines = assessment.position.lines.iter().filter(|line| line.sku == sku);
                lines.map(|line| line.needed).fold(0, u64::saturating_add)
            };
            Cals { users: of(family.user), devices: of(family.device) }
        };
        let priced = kept_price(self, family);
        let (cost_then, cost_now) = (cost(&otherwise), cost(&self.assessment));
        let proven = bound(&otherwise) == cost_then;
        Ok(Alternative {
            what,
            why: format!(
                "{} in all instead of {} and External Connectors",
                count(&otherwise).in_words(family),
                count(&self.assessment).in_words(family)
            ),
            possible: true,
            cost_minor: priced.then_some(cost_then),
            instead_of_minor: priced.then_some(cost_now),
            lower_bound_minor: (priced && !proven).then(|| bound(&otherwise)),
            given_owned: None,
        })
    }

    /// A whole family: both kinds together and what one kind alone would cost.
    pub(super) fn family(&self, name: &str) -> Result<Vec<super::Explanation>, ExplainError> {
        let names: Vec<&str> = self.kept.iter().map(|kept| kept.cal.as_str()).collect();
        let at = Self::find("family of CALs", name, names.iter().copied())?;
        let kept = &self.kept[at];
        let Some(family) = Family::of(self.catalogue(), &kept.cal) else {
            return Err(ExplainError::Nothing("that family"));
        };
        let skus = [Some(family.user), Some(family.device), family.connector()];
        let mut found = Vec::new();
        for line in self.assessment.position.lines.iter().filter(|line| skus.contains(&Some(line.sku.as_str()))) {
            found.push(self.line(line)?);
        }
        if found.is_empty() {
            return Err(ExplainError::Nothing("CALs of that family"));
        }
        Ok(found)
    }

    /// By rank.
    pub(super) fn name(&self, side: Side, rank: u32) -> &str {
        match side {
            Side::People => &self.estate().people[self.checked.people.index[rank as usize] as usize].id,
            Side::Devices => &self.estate().devices[self.checked.devices.index[rank as usize] as usize].id,
        }
    }

    /// A machine that may have a connector: a host by rank, or beyond these a server without a host by name.
    fn machine_name(&self, machine: u32) -> &str {
        let (estate, hosts) = (self.estate(), &self.checked.hosts.index);
        if let Some(&index) = hosts.get(machine as usize) {
            return &estate.hosts[index as usize].id;
        }
        let mut servers: Vec<&str> = estate.servers.iter().map(|server| server.id.as_str()).collect();
        servers.sort_unstable();
        servers.get(machine as usize - hosts.len()).copied().unwrap_or("a machine without a name")
    }
}

fn kept_price(explainer: &Explainer<'_>, family: &Family<'_>) -> bool {
    let price = |sku: &str| crate::prices::UnitPrice::of(explainer.estate(), sku).is_some();
    price(family.user) && price(family.device)
}
