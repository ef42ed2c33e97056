//! Versions of server products as licences know them: Windows Server's, and the years of others between them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A version, in rising order. Windows Server knows those of [`VersionName::WINDOWS`]; the others are of products beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub enum VersionName {
    /// 2003.
    #[serde(rename = "2003")]
    V2003,
    /// 2003 R2.
    #[serde(rename = "2003 R2")]
    V2003R2,
    /// 2005.
    #[serde(rename = "2005")]
    V2005,
    /// 2007.
    #[serde(rename = "2007")]
    V2007,
    /// 2008.
    #[serde(rename = "2008")]
    V2008,
    /// 2008 R2.
    #[serde(rename = "2008 R2")]
    V2008R2,
    /// 2010.
    #[serde(rename = "2010")]
    V2010,
    /// 2011.
    #[serde(rename = "2011")]
    V2011,
    /// 2012.
    #[serde(rename = "2012")]
    V2012,
    /// 2012 R2.
    #[serde(rename = "2012 R2")]
    V2012R2,
    /// 2013.
    #[serde(rename = "2013")]
    V2013,
    /// 2014.
    #[serde(rename = "2014")]
    V2014,
    /// 2015.
    #[serde(rename = "2015")]
    V2015,
    /// 2016.
    #[serde(rename = "2016")]
    V2016,
    /// 2017.
    #[serde(rename = "2017")]
    V2017,
    /// 2018.
    #[serde(rename = "2018")]
    V2018,
    /// 2019.
    #[serde(rename = "2019")]
    V2019,
    /// 2020.
    #[serde(rename = "2020")]
    V2020,
    /// 2022.
    #[serde(rename = "2022")]
    V2022,
    /// 2025.
    #[serde(rename = "2025")]
    #[default]
    V2025,
    /// The editions without a year that Exchange, SharePoint and Skype for Business have since 2025.
    #[serde(rename = "SE")]
    SubscriptionEdition,
}

impl VersionName {
    /// All of them, rising.
    pub const ALL: [Self; 21] = [
        Self::V2003,
        Self::V2003R2,
        Self::V2005,
        Self::V2007,
        Self::V2008,
        Self::V2008R2,
        Self::V2010,
        Self::V2011,
        Self::V2012,
        Self::V2012R2,
        Self::V2013,
        Self::V2014,
        Self::V2015,
        Self::V2016,
        Self::V2017,
        Self::V2018,
        Self::V2019,
        Self::V2020,
        Self::V2022,
        Self::V2025,
        Self::SubscriptionEdition,
    ];

    /// Those of Windows Server, rising.
    pub const WINDOWS: [Self; 10] = [
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

    /// The newest known of Windows Server.
    pub const NEWEST: Self = Self::V2025;

    /// As written in positions and estate files, for example `2012 R2`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V2003 => "2003",
            Self::V2003R2 => "2003 R2",
            Self::V2005 => "2005",
            Self::V2007 => "2007",
            Self::V2008 => "2008",
            Self::V2008R2 => "2008 R2",
            Self::V2010 => "2010",
            Self::V2011 => "2011",
            Self::V2012 => "2012",
            Self::V2012R2 => "2012 R2",
            Self::V2013 => "2013",
            Self::V2014 => "2014",
            Self::V2015 => "2015",
            Self::V2016 => "2016",
            Self::V2017 => "2017",
            Self::V2018 => "2018",
            Self::V2019 => "2019",
            Self::V2020 => "2020",
            Self::V2022 => "2022",
            Self::V2025 => "2025",
            Self::SubscriptionEdition => "SE",
        }
    }

    /// The version of that name; `None` for a name nobody knows.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// The version of Windows Server of that name; `None` for a name of nothing or of another product.
    #[must_use]
    pub fn windows(name: &str) -> Option<Self> {
        Self::WINDOWS.into_iter().find(|version| version.name() == name)
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// A version is written `2019` or `"2012 R2"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u32),
    Text(String),
}

impl<'de> Deserialize<'de> for VersionName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        one_of(from, &Self::ALL)
    }
}

/// For a field that holds a version of Windows Server, if any.
pub(crate) fn windows<'de, D: Deserializer<'de>>(from: D) -> Result<Option<VersionName>, D::Error> {
    one_of(from, &VersionName::WINDOWS).map(Some)
}

fn one_of<'de, D: Deserializer<'de>>(from: D, versions: &[VersionName]) -> Result<VersionName, D::Error> {
    let text = match Written::deserialize(from) {
        Ok(Written::Number(number)) => number.to_string(),
        Ok(Written::Text(text)) => text,
        Err(_) => return Err(D::Error::custom("a version is written 2019 or \"2012 R2\"")),
    };
    versions.iter().find(|version| version.name() == text).copied().ok_or_else(|| {
        let known: Vec<&str> = versions.iter().map(|version| version.name()).collect();
        D::Error::custom(format!("`{text}` is no version that is known: write one of {}", known.join(", ")))
    })
}
