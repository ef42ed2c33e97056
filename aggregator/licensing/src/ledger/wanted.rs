//! Who needs which CAL of a family in the mix to choose, as the ledger compares it with who holds one.

use super::Holder;
use crate::{cal::Family, checked::Checked, estate::Entitlement, owned::Quantities, version::VersionName};

/// The needs of one family.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// What its skus begin with.
    pub family: String,
    /// By user, by device.
    pub skus: [String; 2],
    /// People, then devices, in the order of the estate: the oldest version that will do.
    pub needs: [Vec<Option<VersionName>>; 2],
    /// Whether one need stands for one licence: nobody stands for several people (E.16).
    pub is_single: bool,
}

impl Wanted {
    /// `people` and `devices` are by rank.
    pub fn of_mix(
        checked: &Checked<'_>,
        family: &Family<'_>,
        people: &[Option<VersionName>],
        devices: &[Option<VersionName>],
        is_single: bool,
    ) -> Self {
        let by_index =
            |ranks: &[u32], by_rank: &[Option<VersionName>]| ranks.iter().map(|&rank| by_rank[rank as usize]).collect();
        Self {
            family: family.name.to_owned(),
            skus: [family.user.to_owned(), family.device.to_owned()],
            needs: [by_index(&checked.people.rank, people), by_index(&checked.devices.rank, devices)],
            is_single,
        }
    }

    /// What that holder needs.
    pub fn of(&self, holder: Holder<'_>) -> Option<VersionName> {
        match holder {
            Holder::Person(at) => self.needs[0][at as usize],
            Holder::Device(at) => self.needs[1][at as usize],
            _ => None,
        }
    }

    /// The version that an entitlement of the family counts as.
    pub fn version_of(&self, checked: &Checked<'_>, entitlement: &Entitlement) -> VersionName {
        let family = Family::of(checked.catalogue, &self.family);
        family.map_or(entitlement.version, |family| family.version_of(checked, entitlement))
    }

    /// User and Device CALs owned.
    pub fn owned(&self, checked: &Checked<'_>) -> [Quantities; 2] {
        Family::of(checked.catalogue, &self.family).map(|family| family.owned(checked)).unwrap_or_default()
    }
}
