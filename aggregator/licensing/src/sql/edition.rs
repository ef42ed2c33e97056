//! Editions of SQL Server, told from the words that an installation reports (rules D.7, D.11).

/// Editions that need a licence, in rising order of their rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edition {
    Workgroup,
    Web,
    Standard,
    BusinessIntelligence,
    Enterprise,
    Datacenter,
}

/// What the words of an installation say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// An edition that needs a licence.
    Paid(Edition),
    /// Express, which is free.
    Free,
    /// Developer and Evaluation, which are free and never for production.
    Test,
    /// Nobody knows.
    Unknown,
}

impl Edition {
    pub const ALL: [Self; 6] =
        [Self::Workgroup, Self::Web, Self::Standard, Self::BusinessIntelligence, Self::Enterprise, Self::Datacenter];

    /// Its skus: by core, by server and CAL, by processor.
    pub fn skus(self) -> [&'static str; 3] {
        match self {
            Self::Workgroup => {
                ["sql-server/workgroup/core", "sql-server/workgroup/licence", "sql-server/workgroup/processor"]
            }
            Self::Web => ["sql-server/web/core", "sql-server/web/licence", "sql-server/web/processor"],
            Self::Standard => {
                ["sql-server/standard/core", "sql-server/standard/licence", "sql-server/standard/processor"]
            }
            Self::BusinessIntelligence => [
                "sql-server/business-intelligence/core",
                "sql-server/business-intelligence/licence",
                "sql-server/business-intelligence/processor",
            ],
            Self::Enterprise => {
                ["sql-server/enterprise/core", "sql-server/enterprise/licence", "sql-server/enterprise/processor"]
            }
            Self::Datacenter => {
                ["sql-server/datacenter/core", "sql-server/datacenter/licence", "sql-server/datacenter/processor"]
            }
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Workgroup => "Workgroup",
            Self::Web => "Web",
            Self::Standard => "Standard",
            Self::BusinessIntelligence => "Business Intelligence",
            Self::Enterprise => "Enterprise",
            Self::Datacenter => "Datacenter",
        }
    }
}

/// What `SERVERPROPERTY('Edition')` and the like say.
pub(super) fn told(words: Option<&str>) -> Told {
    let words = words.unwrap_or_default().to_lowercase();
    let has = |word: &str| words.contains(word);
    if has("express") || has("localdb") || has("compact") || has("desktop engine") {
        Told::Free
    } else if has("developer") || has("evaluation") {
        Told::Test
    } else if has("datacenter") || has("data center") {
        Told::Paid(Edition::Datacenter)
    } else if has("enterprise") {
        Told::Paid(Edition::Enterprise)
    } else if has("business intelligence") {
        Told::Paid(Edition::BusinessIntelligence)
    } else if has("workgroup") {
        Told::Paid(Edition::Workgroup)
    } else if has("web") {
        Told::Paid(Edition::Web)
    } else if has("standard") || has("small business") {
        Told::Paid(Edition::Standard)
    } else {
        Told::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_told_from_the_words_of_servers() {
        for (words, expected) in [
            ("Enterprise Edition: Core-based Licensing (64-bit)", Told::Paid(Edition::Enterprise)),
            ("Standard Edition (64-bit)", Told::Paid(Edition::Standard)),
            ("Business Intelligence Edition", Told::Paid(Edition::BusinessIntelligence)),
            ("Express Edition with Advanced Services (64-bit)", Told::Free),
            ("Developer Edition (64-bit)", Told::Test),
            ("Enterprise Evaluation Edition (64-bit)", Told::Test),
            ("Web Edition", Told::Paid(Edition::Web)),
            ("something", Told::Unknown),
            ("", Told::Unknown),
        ] {
            assert_eq!(told(Some(words)), expected, "{words}");
        }
        assert_eq!(told(None), Told::Unknown);
    }
}
