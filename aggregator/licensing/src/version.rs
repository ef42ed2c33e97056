//! Windows Server versions as licences know them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::catalogue;

/// A Windows Server version, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum VersionName {
    /// 2003.
    #[serde(rename = "2003")]
    V2003,
    /// 2003 R2.
    #[serde(rename = "2003 R2")]
    V2003R2,
    /// 2008.
    #[serde(rename = "2008")]
    V2008,
    /// 2008 R2.
    #[serde(rename = "2008 R2")]
    V2008R2,
    /// 2012.
    #[serde(rename = "2012")]
    V2012,
    /// 2012 R2.
    #[serde(rename = "2012 R2")]
    V2012R2,
    /// 2016.
    #[serde(rename = "2016")]
    V2016,
    /// 2019.
    #[serde(rename = "2019")]
    V2019,
    /// 2022.
    #[serde(rename = "2022")]
    V2022,
    /// 2025.
    #[serde(rename = "2025")]
    V2025,
}

impl VersionName {
    /// All of them, rising.
    pub const ALL: [Self; 10] = [
        Self::V2003,
        Self::V2003R2,
        Self::V2008,
        Self::V2008R2,
        Self::V2012,
        Self::V2012R2,
        Self::V2016,
        Self::V2019,
        Self::V2022,
        Self::V2025,
    ];

    /// The newest known.
    pub const NEWEST: Self = Self::V2025;

    /// As written in positions and estate files, for example `2012 R2`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V2003 => "2003",
            Self::V2003R2 => "2003 R2",
            Self::V2008 => "2008",
            Self::V2008R2 => "2008 R2",
            Self::V2012 => "2012",
            Self::V2012R2 => "2012 R2",
            Self::V2016 => "2016",
            Self::V2019 => "2019",
            Self::V2022 => "2022",
            Self::V2025 => "2025",
        }
    }

    /// The version of that name; `None` for a name nobody knows.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// The oldest CAL that suffices for a server of this version: R2 releases have none of their own (rule A.6).
    #[must_use]
    pub fn cal(self) -> Self {
        catalogue().version(self).cal
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}
