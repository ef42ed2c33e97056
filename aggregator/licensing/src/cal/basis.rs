//! What the demand for CALs of one family is counted from: which accesses, what each server needs, who is served otherwise.

use super::servers::Need;
use crate::{
    checked::Checked,
    estate::{Accesses, Device, Person, Policy},
    findings::Rules,
    version::VersionName,
};

/// All that decides about the accesses of one family of CALs.
pub(crate) struct Basis<'a> {
    pub checked: &'a Checked<'a>,
    /// The estate's, or another reading of it.
    pub policy: &'a Policy,
    /// Accesses that may need a CAL of the family.
    pub accesses: &'a Accesses,
    /// By server.
    pub needs: &'a [Need],
    /// The rule and the most people per server who may administer it without a CAL; `None`: nobody.
    pub administrators: Option<AdministratorRule>,
    /// Rules E.9, E.13 and I.5, which are about the base CAL only.
    pub is_base: bool,
    /// Whether devices are managed, not servers accessed (rule G.8).
    pub is_management: bool,
    /// Whether a host works in one mode only (rule F.6).
    pub has_modes: bool,
    /// Whether the server's licence covers people who are no employees (rule E.26).
    pub externals_need_none: bool,
    /// By server: whether every host it may run on has an External Connector (rule E.23); empty: none.
    pub connected: &'a [bool],
    pub sets_apart: SetsApart,
    /// Whom suites and plans cover (section G).
    pub held: &'a Held,
    /// Accesses, as in `accesses`, of which SQL Server licensed by core is the only use (rule D.8); sorted.
    pub only_sql_by_core: &'a [(u32, u32, u32)],
    /// Behind the number whatever the accesses are.
    pub rules: Rules,
}

/// Accesses that are listed with their server instead of counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetsApart {
    Nothing,
    /// Those an External Connector may serve (rule E.23).
    Externals,
    /// All that count (rule F.6).
    All,
}

/// Who may administer a server without a CAL (rules E.7, F.2).
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdministratorRule {
    pub most: u32,
    /// Whether devices count as well as people.
    pub devices: bool,
    pub rule: &'static str,
}

/// Versions up to which people and devices are covered by what they hold already, by rank; empty: nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub people: Vec<Option<VersionName>>,
    pub devices: Vec<Option<VersionName>>,
}

impl Held {
    pub fn person(&self, rank: Option<u32>, cal: VersionName) -> bool {
        rank.is_some_and(|rank| self.people.get(rank as usize).is_some_and(|held| *held >= Some(cal)))
    }

    pub fn device(&self, rank: Option<u32>, cal: VersionName) -> bool {
        rank.is_some_and(|rank| self.devices.get(rank as usize).is_some_and(|held| *held >= Some(cal)))
    }
}

/// How many human beings stand behind an account (rules 0.8, E.16).
pub(crate) fn heads(person: &Person) -> u64 {
    u64::from(person.stands_for.unwrap_or(1).max(1))
}

/// Machines that act for whoever walks up to them: the people seen at them cover them (rule E.14).
pub(crate) fn is_printer(device: &Device) -> bool {
    const KINDS: [&str; 7] = ["printer", "mfp", "multifunction printer", "multifunction", "copier", "scanner", "fax"];
    device.kind.as_deref().is_some_and(|kind| KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind.trim())))
}
