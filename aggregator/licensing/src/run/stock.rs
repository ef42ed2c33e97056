//! What is owned to run Windows Server and what follows its rules, and what each licence may be used for: Software Assurance
//! (C.14, C.25), OEM licences tied to their host (C.24), suites that cover two products (G.8).
//!
//! What is owned of a suite stands with Windows Server; `suites` gives it to System Center on the same hosts.

use std::collections::BTreeMap;

use crate::{
    catalogue::{Catalogue, Formula, Product},
    estate::{Channel, Entitlement, Estate},
    owned::{Quantities, balance, owned_by_sku},
    version::VersionName,
};

/// Datacenter by core, the edition whose licences serve a host and Azure at once.
pub(super) const DATACENTER: &str = "windows-server/datacenter/core";

/// What is owned, by sku.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    by_sku: BTreeMap<String, Quantities>,
    /// Core licences with Software Assurance, by the sku they are named with.
    assured: BTreeMap<String, u64>,
    /// Core licences without, by sku.
    plain: BTreeMap<String, u64>,
    /// Processor licences with Software Assurance of which each is worth this many cores (C.25), by sku.
    granted: BTreeMap<String, Grant>,
    /// Whether a licence to run Windows Server has Software Assurance.
    any_assured: bool,
}

/// Licences by processor that Software Assurance turned into cores (C.25).
#[derive(Debug, Clone)]
struct Grant {
    licences: u64,
    cores: String,
    each: u64,
}

/// Whether Software Assurance, or a subscription, is active on the last day of the window.
pub(crate) fn is_assured(estate: &Estate, entitlement: &Entitlement) -> bool {
    match entitlement.software_assurance_until {
        Some(until) => until >= estate.as_of,
        // it counts while it lasts, and nobody says that it ended
        None => entitlement.channel == Channel::Subscription,
    }
}

/// Whether it was a subscription that has ended: its rights end with it, while those under Software Assurance stay (0.2).
pub(crate) fn has_ended(estate: &Estate, entitlement: &Entitlement) -> bool {
    entitlement.channel == Channel::Subscription && !is_assured(estate, entitlement)
}

impl Stock {
    pub fn of(estate: &Estate, catalogue: &Catalogue) -> Self {
        let mut stock = Self {
            by_sku: BTreeMap::new(),
            assured: BTreeMap::new(),
            plain: BTreeMap::new(),
            granted: BTreeMap::new(),
            any_assured: false,
        };
        for entitlement in estate.entitlements.iter().filter(|entitlement| !has_ended(estate, entitlement)) {
            let sku = entitlement.sku.as_str();
            let quantity = entitlement.quantity;
            let add = |to: &mut BTreeMap<String, u64>, sku: &str| {
                let sum = to.entry(sku.to_owned()).or_default();
                *sum = sum.saturating_add(quantity);
            };
            for sku in parts(catalogue, sku) {
                stock.any_assured |=
                    is_of(&sku, Product::WindowsServer) && quantity > 0 && is_assured(estate, entitlement);
                stock.by_sku.entry(sku.clone()).or_default();
                // System Center gets what is left of a suite where Windows Server uses it, see `suites`
                if sku.ends_with("core") && (is_of(&sku, Product::WindowsServer) || sku == entitlement.sku) {
                    add(if is_assured(estate, entitlement) { &mut stock.assured } else { &mut stock.plain }, &sku);
                }
            }
            if let Some((cores, each)) = grant(catalogue, entitlement)
                && is_assured(estate, entitlement)
            {
                let grant = stock.granted.entry(sku.to_owned()).or_insert(Grant { licences: 0, cores, each });
                grant.licences = grant.licences.saturating_add(quantity);
            }
        }
        // once for all: there may be very many products that nobody knows
        let all = owned_by_sku(estate);
        for (sku, quantities) in &mut stock.by_sku {
            let mut named = vec![sku.clone()];
            if is_of(sku, Product::WindowsServer) {
                let rest = &sku[Product::WindowsServer.word().len()..];
                named.extend(suites(catalogue).map(|id| format!("{id}{rest}")));
            }
            for name in named {
                for (&version, &quantity) in all.get(name.as_str()).into_iter().flatten() {
                    let sum = quantities.entry(version).or_default();
                    *sum = sum.saturating_add(quantity);
                }
            }
        }
        stock
    }

    /// What is owned of a product.
    pub fn of_sku(&self, sku: &str) -> Quantities {
        self.by_sku.get(sku).cloned().unwrap_or_default()
    }

    /// Whether any licence to run Windows Server has Software Assurance.
    pub fn is_assured(&self) -> bool {
        self.any_assured
    }

    /// Core licences that may be assigned to virtual machines.
    pub fn assured_cores(&self, product: Product) -> u64 {
        let cores = self.assured.iter().filter(|(sku, _)| is_of(sku, product));
        cores.fold(0, |sum, (_, quantity)| sum.saturating_add(*quantity))
    }

    /// C.14: licences that [`Self::assign_to_machines`] has for this product.
    pub fn assured_for_machines(&self, sku: &str) -> u64 {
        let of = |sku: &str| self.assured.get(sku).copied().unwrap_or(0);
        of(sku).saturating_add(of(&for_hosts(sku)))
    }

    /// C.14: core licences with Software Assurance for virtual machines, those named for them first; taken from those for
    /// hosts. Returns what lacks Software Assurance though it is needed.
    pub fn assign_to_machines(&mut self, sku: &str, needed: u64) -> Unassured {
        let hosts = for_hosts(sku);
        let own = self.assured.get(sku).copied().unwrap_or(0);
        let plain = self.plain.get(sku).copied().unwrap_or(0);
        let spare = self.assured.get(&hosts).copied().unwrap_or(0);
        let moved = needed.saturating_sub(own).min(spare);
        let mut for_machines = Quantities::new();
        if own + moved > 0 {
            for_machines.insert(VersionName::NEWEST, own.saturating_add(moved));
        }
        self.by_sku.insert(sku.to_owned(), for_machines);
        if let Some(newest) = self.by_sku.get_mut(&hosts).and_then(|owned| owned.get_mut(&VersionName::NEWEST)) {
            *newest = newest.saturating_sub(moved);
        }
        if let Some(assured) = self.assured.get_mut(&hosts) {
            *assured -= moved;
        }
        let missing = needed.saturating_sub(own).saturating_sub(moved);
        let of_hosts = self.plain.get(&hosts).copied().unwrap_or(0);
        Unassured { missing, owned: plain.saturating_add(of_hosts), named: plain }
    }

    /// C.21: core licences of Datacenter with Software Assurance also run machines in Azure, at no licence more.
    pub fn assured_datacenter_cores(&self) -> u64 {
        self.assured.get(DATACENTER).copied().unwrap_or(0)
    }

    /// C.25: licences by processor with Software Assurance that are idle become cores where cores are short. Returns what
    /// was turned: (sku, licences, sku of the cores, cores).
    pub fn grant_cores(&mut self, needed: impl Fn(&str) -> Quantities) -> Vec<(String, u64, String, u64)> {
        let mut turned = Vec::new();
        for (sku, grant) in &self.granted {
            let sums = |sku: &str| {
                let lines = balance(&needed(sku), &self.of_sku(sku));
                lines.iter().fold((0_u64, 0_u64), |sum, line| {
                    (sum.0.saturating_add(line.short), sum.1.saturating_add(line.surplus))
                })
            };
            let (idle, short) = (sums(sku).1.min(grant.licences), sums(&grant.cores).0);
            let licences = idle.min(short.div_ceil(grant.each));
            if licences > 0 {
                turned.push((sku.clone(), licences, grant.cores.clone(), licences.saturating_mul(grant.each)));
            }
        }
        for (sku, licences, cores, count) in &turned {
            if let Some(newest) = self.by_sku.get_mut(sku).and_then(|owned| owned.get_mut(&VersionName::NEWEST)) {
                *newest = newest.saturating_sub(*licences);
            }
            let sum = self.by_sku.entry(cores.clone()).or_default().entry(VersionName::NEWEST).or_default();
            *sum = sum.saturating_add(*count);
        }
        turned
    }

    /// Leaves out licences that no host can use (C.24).
    pub fn leave_out(&mut self, sku: &str, version: VersionName, count: u64) {
        if let Some(owned) = self.by_sku.get_mut(sku).and_then(|owned| owned.get_mut(&version)) {
            *owned = owned.saturating_sub(count);
        }
    }
}

/// What virtual machines need and is not under Software Assurance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unassured {
    /// Cores needed beyond those under Software Assurance.
    pub missing: u64,
    /// Cores owned without it.
    pub owned: u64,
    /// Of these, named for virtual machines.
    pub named: u64,
}

/// The skus that an entitlement covers: a suite covers several.
pub(crate) fn parts(catalogue: &Catalogue, sku: &str) -> Vec<String> {
    let suite = sku.split_once('/').and_then(|(id, rest)| {
        let row = catalogue.server_suites.iter().find(|row| row.id == id)?;
        Some(row.covers.iter().map(|product| format!("{}/{rest}", product.word())).collect())
    });
    suite.unwrap_or_else(|| vec![sku.to_owned()])
}

/// Suites of Windows Server and System Center, by what their skus begin with.
pub(crate) fn suites(catalogue: &Catalogue) -> impl Iterator<Item = &str> {
    let both = [Product::WindowsServer, Product::SystemCenter];
    let rows =
        catalogue.server_suites.iter().filter(move |row| both.iter().all(|product| row.covers.contains(product)));
    rows.map(|row| row.id.as_str())
}

/// Whether a sku is one of the product.
pub(crate) fn is_of(sku: &str, product: Product) -> bool {
    sku.split('/').next() == Some(product.word())
}

/// Core licences for hosts that may be assigned to virtual machines under this sku.
fn for_hosts(sku: &str) -> String {
    sku.replace("/virtual-core", "/core")
}

/// C.25: the cores that a licence by processors is worth under Software Assurance: those of the smallest server.
pub(crate) fn grant(catalogue: &Catalogue, entitlement: &Entitlement) -> Option<(String, u64)> {
    let rows = || catalogue.rights.iter().filter(|row| row.versions.contains(&entitlement.version));
    let row = rows().find(|row| row.sku == entitlement.sku && row.processors == Some(2))?;
    let newer = catalogue
        .rights_of(row.product)
        .find(|newer| newer.edition == row.edition && newer.formula == Formula::CoreSets)?;
    let minimum = catalogue.core_minimum(newer.minimum.as_deref()?)?;
    Some((newer.sku.clone(), u64::from(minimum.per_server)))
}
