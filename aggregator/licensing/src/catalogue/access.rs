//! Access: CAL families, what carries their rights, what is included with a server, what a role means.

use serde::{Deserialize, Serialize};

use super::row::row;
use crate::version::VersionName;

/// How people who are no employees are licensed (rules E.22 to E.26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Externals {
    /// By CALs like employees.
    Cals,
    /// By CALs or by an External Connector per physical server.
    CalsOrConnector,
    /// Covered by the server's own licence.
    Server,
}

row! {
    /// A family of CALs: licences that serve the same demand.
    CalRow, "cal", ["id"] {
        /// For example `windows-server`.
        id: String,
        /// For people to read.
        name: String,
        /// Sku of the User CAL, as in a position line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Sku of the Device CAL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// Sku of the External Connector.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connector: Option<String>,
        /// Families also needed by whoever needs this one, each with those it needs itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beside: Vec<String>,
        /// Versions of the CAL, rising; one covers servers up to its own. Empty: only the version current while
        /// subscribed or assured.
        versions: Vec<VersionName>,
        /// `server version = version of the CAL` where the server has no CAL of its own name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        same_as: Vec<SameAs>,
        /// How people who are no employees are licensed.
        externals: Externals,
    }
}

row! {
    /// Which RDS CALs a Remote Desktop licence server hands out (rule F.4).
    LicenceServerRow, "licence_server", ["version"] {
        /// Version of Windows Server it runs.
        version: VersionName,
        /// Versions of the CALs.
        cals: Vec<VersionName>,
    }
}

/// A server version that has no CAL of its own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SameAs {
    /// Version of the server, for example `2012 R2`.
    pub server: VersionName,
    /// Version of the CAL, for example `2012`.
    pub cal: VersionName,
}

impl CalRow {
    /// The version of the CAL that a server of that version needs; `None` for a version that the product does not have.
    #[must_use]
    pub fn cal_for(&self, server: VersionName) -> Option<VersionName> {
        let same = self.same_as.iter().find(|same| same.server == server).map(|same| same.cal);
        same.or_else(|| self.versions.contains(&server).then_some(server))
    }

    /// The newest version; `None` for a family without versions.
    #[must_use]
    pub fn newest(&self) -> Option<VersionName> {
        self.versions.last().copied()
    }
}

/// What kind of licence carries other rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EquivalenceKind {
    /// A CAL suite: rights follow Software Assurance and freeze when it lapses (rule G.2).
    Suite,
    /// A bridge: only beside one of the plans it completes, one for one (rule G.3).
    Bridge,
    /// A subscription: always current, while subscribed (rule G.6).
    Plan,
}

row! {
    /// A licence that serves the demands of several CAL families (section G).
    EquivalenceRow, "equivalence", ["id"] {
        /// For example `microsoft-365-e3`; with `/user` or `/device` behind it the sku of an entitlement.
        id: String,
        /// For people to read.
        name: String,
        /// What kind of licence.
        kind: EquivalenceKind,
        /// Whether it is sold for users.
        user: bool,
        /// Whether it is sold for devices.
        device: bool,
        /// CAL families it covers; empty: none, which is worth knowing too.
        covers: Vec<String>,
        /// Of a bridge: plans of which the same person must hold one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paired_with: Vec<String>,
        /// What a human should know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
}

row! {
    /// CALs that come with a server licence, never inferred from what is installed (rule A.3).
    IncludedRow, "included", ["id"] {
        /// For example `2008-r2-standard`.
        id: String,
        /// Sku of the server licence.
        sku: String,
        /// Version of the server licence.
        version: VersionName,
        /// CAL family.
        family: String,
        /// CALs with one licence; several numbers: it depends on the product bought, ask.
        quantities: Vec<u32>,
    }
}

/// What the use of a role means for the base CAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleAccess {
    /// It needs one.
    Cal,
    /// It needs one unless the web exemption applies (rule E.9).
    Web,
    /// It needs one if the client signed in.
    Authenticated,
    /// As the switch `infra_roles` says (rule E.13).
    Infrastructure,
    /// As the switch `sql_core_needs_windows_cal` says (rule D.8).
    Sql,
    /// It needs none.
    None,
}

row! {
    /// A role that User Access Logging records (rule I.1.7). Match on the GUID: names carry the product's name at times.
    RoleRow, "role", ["id"] {
        /// For example `file-server`.
        id: String,
        /// For people to read.
        name: String,
        /// Lower case with hyphens; none for roles with a log of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guid: Option<String>,
        /// What its use means for the base CAL.
        access: RoleAccess,
        /// Whether it records devices without accounts, which then count themselves.
        #[serde(default)]
        devices: bool,
        /// CAL families needed on top.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        additive: Vec<String>,
    }
}
