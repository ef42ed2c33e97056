//! What can be asked about.

/// Something that an explanation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A line of the position: product, and version if only one is meant.
    Line(String, Option<String>),
    /// A person.
    Person(String),
    /// A device.
    Device(String),
    /// A host.
    Host(String),
    /// A server.
    Server(String),
    /// An instance of SQL Server.
    Sql(String),
    /// A family of CALs, by what its products begin with, for example `rds-cal`.
    Family(String),
    /// Broken terms of a server, host or entitlement.
    Violation(String),
    /// CALs bought together as suites.
    Suites,
    /// The cheapest purchase of CALs given what is owned, family by family.
    Purchase,
    /// The editions to choose for hosts given what is owned.
    Servers,
    /// Licences that can be taken back.
    Reclaim,
    /// CALs that change hands.
    Transfers,
    /// The smallest pools over time.
    Pool,
}

impl Subject {
    /// What may be asked, for messages.
    pub const FORMS: &str = "line SKU [VERSION], person ID, device ID, host ID, server ID, sql ID, family SKU, violation ID, \
                             suites, purchase, servers, reclaim, transfers or pool";

    /// From words as people write them: a kind and a name.
    ///
    /// Names may have spaces; only a version may stand behind the product of a line. `None` if that is no question.
    #[must_use]
    pub fn of(words: &[String]) -> Option<Self> {
        let (kind, rest) = words.split_first()?;
        let name = rest.join(" ");
        match (kind.as_str(), rest) {
            ("line", [sku]) => return Some(Self::Line(sku.clone(), None)),
            ("line", [sku, version @ ..]) => return Some(Self::Line(sku.clone(), Some(version.join(" ")))),
            ("suites", []) => return Some(Self::Suites),
            ("purchase", []) => return Some(Self::Purchase),
            ("servers", []) => return Some(Self::Servers),
            ("reclaim", []) => return Some(Self::Reclaim),
            ("transfers", []) => return Some(Self::Transfers),
            ("pool", []) => return Some(Self::Pool),
            (_, []) => return None,
            _ => {}
        }
        let about = match kind.as_str() {
            "person" => Self::Person,
            "device" => Self::Device,
            "host" => Self::Host,
            "server" => Self::Server,
            "sql" => Self::Sql,
            "family" => Self::Family,
            "violation" => Self::Violation,
            _ => return None,
        };
        Some(about(name))
    }
}
