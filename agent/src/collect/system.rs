//! Which Windows it is, by its registry and its product number: a server or not, edition, version, name.
//!
//! Pure: the values come in, from the registry of the running Windows or from an export of another one.

use caliper_proto::Inventory;

use super::{
    CollectError, edition,
    registry::{GUEST, NETWORK, OPTIONS, Registry, VERSION},
};

/// What Windows said; empty and `None` where it did not.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// The machine's own name.
    pub host_name: String,
    /// DNS domain.
    pub domain: String,
    /// Registry, `CurrentVersion\ProductName`: only for sentences.
    pub product_name: Option<String>,
    /// Registry, `CurrentVersion\EditionID`.
    pub edition_id: Option<String>,
    /// Registry, `CurrentVersion\CurrentBuildNumber`.
    pub build: Option<String>,
    /// Registry, `ProductOptions\ProductType`.
    pub product_type: Option<String>,
    /// `GetProductInfo`.
    pub product: Option<u32>,
    /// Registry, `Guest\Parameters`: the Hyper-V host as it told its guest.
    pub physical_host: Option<String>,
}

/// Rule B.1: Windows 10 and 11 Enterprise multi-session, a client that says it is a server.
const MULTI_SESSION: u32 = 0xAF;
/// Rule B.1: evaluation copies.
const EVALUATIONS: [u32; 6] = [0x4F, 0x50, 0x5F, 0x60, 0x9F, 0xA0];
/// Rule B.1: Datacenter: Azure Edition, and its id.
const AZURE_EDITIONS: [u32; 3] = [0x197, 0x198, 0x199];
const AZURE_EDITION: &str = "ServerTurbine";
/// Rule B.1: the activation ran out.
const UNLICENSED: u32 = 0xABCD_ABCD;
/// The one build of two releases (rule B.5), and how the other one's edition ends.
const SAC_1809: (u32, &str, &str) = (17_763, "acor", "SAC 1809");

impl System {
    /// What a registry knows; the rest is empty.
    pub fn of_registry(registry: &impl Registry) -> Self {
        let either = |key, one, other| {
            registry.text(key, one).filter(|text| !text.is_empty()).or_else(|| registry.text(key, other))
        };
        Self {
            host_name: either(NETWORK, "NV Hostname", "Hostname").unwrap_or_default(),
            domain: either(NETWORK, "NV Domain", "Domain").unwrap_or_default(),
            product_name: registry.text(VERSION, "ProductName"),
            edition_id: registry.text(VERSION, "EditionID"),
            build: registry.text(VERSION, "CurrentBuildNumber"),
            product_type: registry.text(OPTIONS, "ProductType"),
            physical_host: either(GUEST, "PhysicalHostNameFullyQualified", "HostName"),
            ..Self::default()
        }
    }

    /// Whether there is anything to tell a server from a client by.
    pub fn is_told(&self) -> bool {
        self.product_name.is_some() || self.product_type.is_some()
    }

    /// Name, edition and version of a server; a client is refused.
    pub fn describe(&self, warnings: &mut Vec<String>) -> Result<Inventory, CollectError> {
        let product_type = product_type(self)?;
        let build = self.build.as_deref().and_then(|build| build.trim().parse().ok());
        let edition_id = edition_id(self, warnings);
        let server = Inventory {
            name: self.host_name.clone(),
            domain: self.domain.clone(),
            version: build.and_then(|build| version(build, edition_id.as_deref(), warnings)),
            build,
            product_type,
            evaluation: is_evaluation(self),
            edition: edition_id,
            physical_host: self.physical_host.clone().filter(|host| !host.is_empty()),
            ..Inventory::default()
        };
        if server.evaluation {
            warnings.push("an evaluation copy, which gives no right to run in production (rule B.3)".to_owned());
        }
        Ok(server)
    }
}

/// 2 or 3; a client is refused.
fn product_type(system: &System) -> Result<Option<u32>, CollectError> {
    let refuse = |why: String| Err(CollectError::NotAServer { machine: system.host_name.clone(), why });
    let name = system.product_name.as_deref().unwrap_or("Windows");
    if system.product == Some(MULTI_SESSION)
        || system.edition_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case("ServerRdsh"))
    {
        return refuse(format!("{name}, a client for several sessions (rule B.1)"));
    }
    match system.product_type.as_deref() {
        Some("LanmanNT") => Ok(Some(2)),
        Some("ServerNT") => Ok(Some(3)),
        Some("WinNT") => refuse(format!("{name}, a workstation")),
        _ if name.contains("Server") => Ok(None),
        _ => refuse(format!("{name}, of which Windows does not say that it is a server")),
    }
}

/// The edition in Windows' spelling, which says more than a name: the aggregator's catalogue reads it (rules B.1, B.3).
fn edition_id(system: &System, warnings: &mut Vec<String>) -> Option<String> {
    let id = system.edition_id.clone().filter(|id| !id.is_empty());
    if system.product == Some(UNLICENSED) {
        warnings.push("Windows says that its activation has run out: activate it (rule B.1)".to_owned());
    }
    if system.product.is_some_and(|product| AZURE_EDITIONS.contains(&product))
        && !id.as_deref().is_some_and(|id| id.starts_with(AZURE_EDITION))
    {
        return Some(AZURE_EDITION.to_owned());
    }
    if id.is_none() {
        warnings.push("Windows does not say which edition it is: look it up in its settings".to_owned());
    }
    id
}

fn is_evaluation(system: &System) -> bool {
    let by_id = system.edition_id.as_deref().is_some_and(|id| {
        let id = id.to_lowercase();
        id.ends_with("eval") || id.ends_with("evalcor")
    });
    by_id || system.product.is_some_and(|product| EVALUATIONS.contains(&product))
}

fn version(build: u32, edition_id: Option<&str>, warnings: &mut Vec<String>) -> Option<String> {
    let (of_two, ending, other) = SAC_1809;
    if build == of_two && edition_id.is_some_and(|id| id.to_lowercase().ends_with(ending)) {
        return Some(other.to_owned());
    }
    match edition::version(build) {
        Ok(version) => Some(version.to_owned()),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    }
}
