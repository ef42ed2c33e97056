//! One family of CALs as the catalogue has it: what its licences are called, and which version serves which.

use super::management::CLIENT_MANAGEMENT;
use crate::{
    catalogue::{CalRow, Catalogue, Externals, IncludedRow},
    checked::Checked,
    estate::Entitlement,
    findings::Rules,
    owned::Quantities,
    run::stock::{has_ended, is_assured},
    version::VersionName,
};

/// The id of the base CAL in the catalogue.
pub(crate) const BASE: &str = "windows-server";

/// A family that is sold by user and by device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family<'a> {
    pub row: &'a CalRow,
    /// What its skus begin with, for example `rds-cal`: so positions and estates call it.
    pub name: &'a str,
    pub user: &'a str,
    pub device: &'a str,
}

impl<'a> Family<'a> {
    /// By the id of the row or by what its skus begin with; `None` for a family that is not sold by user and by device.
    pub fn of(catalogue: &'a Catalogue, name: &str) -> Option<Self> {
        let is = |row: &&CalRow| row.id == name || row.user.as_deref().and_then(stem) == Some(name);
        let row = catalogue.cals.iter().find(is)?;
        let (user, device) = (row.user.as_deref()?, row.device.as_deref()?);
        Some(Self { row, name: stem(user)?, user, device })
    }

    pub fn is_base(&self) -> bool {
        self.row.id == BASE
    }

    /// Whether rights go by the version of Windows Server on the machine itself.
    pub fn is_of_windows(&self) -> bool {
        self.is_base() || matches!(self.row.id.as_str(), "rds" | "ad-rms" | "sbs" | "sbs-premium-add-on" | "multipoint")
    }

    /// For people to read, with a space behind it: `Remote Desktop Services `; nothing for the base CAL.
    pub fn noun(&self) -> String {
        if self.is_base() {
            return String::new();
        }
        let product = self.row.name.split(" CAL").next().unwrap_or(&self.row.name);
        let edition = if self.row.id == "multipoint" { "MultiPoint " } else { "" };
        format!("{edition}{product} ")
    }

    pub fn is_management(&self) -> bool {
        self.row.id == CLIENT_MANAGEMENT
    }

    /// What a licence for a user is called, for example `Remote Desktop Services User CAL`.
    pub fn user_noun(&self) -> String {
        if self.is_management() { "User Client ML".into() } else { format!("{}User CAL", self.noun()) }
    }

    /// The same for a device.
    pub fn device_noun(&self) -> String {
        if self.is_management() { "Client ML of its own".into() } else { format!("{}Device CAL", self.noun()) }
    }

    /// The newest CAL there is: what one under Software Assurance counts as (rule A.6).
    pub fn newest(&self) -> VersionName {
        self.row.newest().unwrap_or(VersionName::NEWEST)
    }

    /// The oldest CAL that serves a server of that version; between two versions the newer one, never guessed lower.
    pub fn cal_for(&self, server: VersionName) -> VersionName {
        let newer = || self.row.versions.iter().copied().find(|cal| *cal >= server);
        self.row.cal_for(server).or_else(newer).unwrap_or_else(|| self.newest())
    }

    /// The version that a CAL bought as that of `version` counts as; between two versions the older one.
    pub fn counts_as(&self, version: VersionName) -> VersionName {
        let older = || self.row.versions.iter().copied().rfind(|cal| *cal <= version);
        self.row.cal_for(version).or_else(older).unwrap_or(version)
    }

    /// The version an entitlement counts as on the last day of the window (rule A.6).
    pub fn version_of(&self, checked: &Checked<'_>, entitlement: &Entitlement) -> VersionName {
        if is_assured(checked.estate, entitlement) { self.newest() } else { self.counts_as(entitlement.version) }
    }

    /// User and Device CALs owned, those that came with server licences among them (rule A.3).
    pub fn owned(&self, checked: &Checked<'_>) -> [Quantities; 2] {
        let mut found = [Quantities::new(), Quantities::new()];
        let mut add = |side: usize, version: VersionName, quantity: u64| {
            let sum = found[side].entry(version).or_default();
            *sum = sum.saturating_add(quantity);
        };
        let estate = checked.estate;
        for entitlement in estate.entitlements.iter().filter(|entitlement| !has_ended(estate, entitlement)) {
            if entitlement.sku == self.user || entitlement.sku == self.device {
                let side = usize::from(entitlement.sku == self.device);
                add(side, self.version_of(checked, entitlement), entitlement.quantity);
            }
            if let Some(included) = entitlement.included_cals.filter(|_| self.comes_with(checked, entitlement)) {
                let quantity = u64::from(included.count).saturating_mul(entitlement.quantity);
                add(usize::from(included.device), self.counts_as(entitlement.version), quantity);
            }
        }
        found
    }

    /// Whether CALs included with that licence are of this family (rule A.3).
    fn comes_with(&self, checked: &Checked<'_>, entitlement: &Entitlement) -> bool {
        may_include(checked.catalogue, entitlement).is_some_and(|row| row.family == self.row.id)
    }

    pub fn externals_need_none(&self) -> bool {
        self.row.externals == Externals::Server
    }

    pub fn connector(&self) -> Option<&'a str> {
        self.row.connector.as_deref().filter(|_| self.row.externals == Externals::CalsOrConnector)
    }

    /// The rules behind every number of the family.
    pub fn rules(&self) -> Rules {
        Rules::of(match self.row.id.as_str() {
            BASE => &["A.6"],
            "rds" => &["A.6", "F.1", "F.3"],
            "ad-rms" => &["A.6", "F.9"],
            "sbs" | "sbs-premium-add-on" => &["A.1"],
            "multipoint" => &["A.1", "F.1"],
            "sql-server" => &["D.7"],
            CLIENT_MANAGEMENT => &["G.8"],
            _ => &["H.2"],
        })
    }
}

/// A.3: what a server licence came with; none since 2012, and none for Datacenter.
pub(super) fn may_include<'a>(catalogue: &'a Catalogue, entitlement: &Entitlement) -> Option<&'a IncludedRow> {
    catalogue.included.iter().find(|row| row.sku == entitlement.sku && entitlement.version <= row.version)
}

fn stem(sku: &str) -> Option<&str> {
    sku.rsplit_once('/').map(|(stem, _)| stem)
}
