//! External Connectors (rules E.22 to E.27): on which machines one is cheaper than CALs for the people who are no employees.
//!
//! A virtual machine may be reached through connectors only if every host it may run on has one (E.24), so what is chosen
//! is sets of hosts. Exact where the sets are apart, which the optimiser proves; where they overlap each connector's price
//! is split between them for the bound.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    basis::{Basis, SetsApart},
    demand::{Apart, Demand},
    family::Family,
    mix::Weights,
};
use crate::{
    book::{Book, Needed},
    checked::Checked,
    draft::add,
    estate::{Estate, EstateError},
    findings::Rules,
    optimise::{ConnectorProblem, ExternalAccess, Prices, cheapest_with_connectors},
    owned::Quantities,
    position::Optimum,
    prices::{UnitPrice, in_ratio},
    version::VersionName,
};

/// Connectors chosen for one family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Connectors {
    /// By server: whether all hosts it may run on have one; empty: no connector at all.
    pub connected: Vec<bool>,
    /// Machines with one by rank, and the version each needs. Beyond the hosts of the estate: physical servers without a
    /// host.
    pub hosts: BTreeMap<u32, VersionName>,
    /// Whether no other choice is cheaper.
    pub proven: bool,
    /// No choice costs less than this, in minor units; what is owned is free.
    pub lower_bound_minor: u64,
    /// How many of those chosen must be bought.
    pub bought: u64,
}

impl Connectors {
    /// Nothing to choose.
    pub fn none() -> Self {
        Self { proven: true, ..Self::default() }
    }

    pub fn by_version(&self) -> Quantities {
        let mut found = Quantities::new();
        self.hosts.values().for_each(|version| *found.entry(*version).or_default() += 1);
        found
    }
}

/// Writes the line of connectors; nothing if none is needed.
pub(crate) fn add_connectors(
    checked: &Checked<'_>,
    book: &mut Book<'_>,
    family: &Family<'_>,
    connectors: &Connectors,
    more_rules: &[&'static str],
) -> Result<(), EstateError> {
    let Some(sku) = family.connector() else { return Ok(()) };
    let owned = owned_connectors(checked, family, sku);
    let by_version = connectors.by_version();
    if by_version.is_empty() && owned.is_empty() {
        return Ok(());
    }
    let mut rules = family.rules();
    rules.extend(&Rules::of(&["E.22", "E.23", "E.24", "E.27"]));
    rules.extend(&Rules::of(more_rules));
    book.add(sku, "licence", &Needed { by_version, rules, ..Needed::default() }, &owned)
}

/// Those owned, by the version they count as.
pub(crate) fn owned_connectors(checked: &Checked<'_>, family: &Family<'_>, sku: &str) -> Quantities {
    let mut owned = Quantities::new();
    for entitlement in checked.estate.entitlements.iter().filter(|entitlement| entitlement.sku == sku) {
        let count = owned.entry(family.version_of(checked, entitlement)).or_default();
        *count = count.saturating_add(entitlement.quantity);
    }
    owned
}

/// Whether a connector could be chosen at all: somebody external is there, and one has a price or is owned.
pub(crate) fn may_be_chosen(checked: &Checked<'_>, family: &Family<'_>) -> bool {
    let estate = checked.estate;
    family.connector().is_some_and(|sku| {
        let is_there = UnitPrice::of(estate, sku).is_some() || estate.entitlements.iter().any(|row| row.sku == sku);
        is_there && estate.people.iter().any(|person| person.external)
    })
}

/// The optimum of CALs and those connectors that must be bought together.
pub(crate) fn with_connectors(
    estate: &Estate,
    family: &Family<'_>,
    connectors: &Connectors,
    cals: Optimum,
) -> Result<Optimum, EstateError> {
    if connectors.hosts.is_empty() && connectors.proven {
        return Ok(cals);
    }
    let price = family.connector().and_then(|sku| UnitPrice::of(estate, sku));
    let cost_minor = add(cals.cost_minor, price.map_or(Ok(0), |price| price.cost(connectors.bought))?)?;
    let proven = cals.proven && connectors.proven;
    let lower_bound_minor = if proven { cost_minor } else { connectors.lower_bound_minor.min(cost_minor) };
    Ok(Optimum { cost_minor, lower_bound_minor, proven })
}

/// What is asked of the choice.
pub(crate) struct Terms<'a> {
    pub family: &'a Family<'a>,
    /// Machines that have one whatever it costs (rule E.25).
    pub settled: &'a BTreeSet<u32>,
    /// What else must be bought on a machine that has none of these (rule E.25).
    pub beside: Option<(UnitPrice, &'a BTreeSet<u32>)>,
}

/// The cheapest connectors; none if nobody external is there, or if there is neither a price nor one owned.
pub(crate) fn chosen(basis: &Basis<'_>, terms: &Terms<'_>) -> Result<Connectors, EstateError> {
    let (checked, estate) = (basis.checked, basis.checked.estate);
    let Some(sku) = terms.family.connector() else { return Ok(Connectors::none()) };
    if !estate.people.iter().any(|person| person.external) {
        return Ok(Connectors::none());
    }
    let price = UnitPrice::of(estate, sku);
    let cals = UnitPrice::of(estate, terms.family.user).zip(UnitPrice::of(estate, terms.family.device));
    let stock = Stock::of(checked, terms, sku);
    if (price.is_none() || cals.is_none()) && stock.is_empty() {
        return Ok(Connectors::none());
    }
    let apart = Basis { sets_apart: SetsApart::Externals, connected: &[], rules: basis.rules.clone(), ..*basis };
    let demand = Demand::of(&apart);
    if demand.apart.is_empty() {
        return Ok(Connectors::none());
    }
    let on_sale = price.zip(cals);
    let mut units = vec![];
    if let Some((connector, (user, device))) = on_sale {
        units = vec![user, device, connector];
        units.extend(terms.beside.iter().map(|(beside, _)| *beside));
    } else if let Some((user, device)) = cals {
        units = vec![user, device];
    }
    let weights = in_ratio(&units)?;
    let [user, device] = [0, 1].map(|at| weights.get(at).copied().unwrap_or(1));
    let places = Places::of(checked, &demand.apart);
    let choice = Choice {
        demand: &demand,
        places: &places,
        stock: &stock,
        weights: Weights { user, device },
        connector: weights.get(2).copied(),
        beside: weights.get(3).copied().unwrap_or(0),
        with_beside: terms.beside.map(|(_, with)| with),
    };
    let best = choice.best()?;
    let minor = |weight: u128| match cals {
        Some((price, _)) => price.of_weights(weight, user),
        None => Ok(0),
    };
    Ok(Connectors {
        connected: places.connected(&best.hosts, estate.servers.len()),
        hosts: places.versions(&demand.apart, &best.hosts),
        proven: best.cost == best.bound,
        lower_bound_minor: minor(best.bound)?,
        bought: best.bought,
    })
}

/// Connectors that are there, and machines that must have one.
struct Stock {
    /// Machines that have one.
    hosts: BTreeSet<u32>,
    /// Other machines that must have one (E.25).
    settled: BTreeSet<u32>,
    /// Others, free to go anywhere.
    free: u64,
}

impl Stock {
    fn of(checked: &Checked<'_>, terms: &Terms<'_>, sku: &str) -> Self {
        let estate = checked.estate;
        let ranked = estate.hosts.iter().zip(&checked.hosts.rank);
        let number: HashMap<&str, u32> = ranked.map(|(host, &rank)| (host.id.as_str(), rank)).collect();
        let (mut hosts, mut free) = (BTreeSet::new(), 0_u64);
        for entitlement in estate.entitlements.iter().filter(|entitlement| entitlement.sku == sku) {
            let named: BTreeSet<u32> =
                checked.ledger.assigned_to(entitlement).into_iter().filter_map(|id| number.get(id).copied()).collect();
            free = free.saturating_add(entitlement.quantity.saturating_sub(named.len() as u64));
            hosts.extend(named);
        }
        let settled = terms.settled.difference(&hosts).copied().collect();
        Self { hosts, settled, free }
    }

    fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.settled.is_empty() && self.free == 0
    }

    /// Whether choosing the machine costs no connector more.
    fn has(&self, host: u32) -> bool {
        self.hosts.contains(&host) || self.settled.contains(&host)
    }
}

/// Where the servers that external people reach may run.
struct Places {
    /// Distinct sets of machines.
    sets: Vec<BTreeSet<u32>>,
    /// By server reached: which set.
    of_server: BTreeMap<u32, usize>,
    /// How many sets a machine is in, if more than one.
    shared: BTreeMap<u32, u64>,
}

impl Places {
    fn of(checked: &Checked<'_>, externals: &[Apart]) -> Self {
        let machines = Machines::of(checked);
        let servers: BTreeSet<u32> = externals.iter().map(|external| external.server).collect();
        let of_server: BTreeMap<u32, BTreeSet<u32>> =
            servers.into_iter().map(|server| (server, machines.of_server(server))).collect();
        let sets: Vec<BTreeSet<u32>> = of_server.values().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let number: BTreeMap<&BTreeSet<u32>, usize> = sets.iter().zip(0..).collect();
        let of_server = of_server.iter().map(|(&server, set)| (server, number[set])).collect();
        let mut shared: BTreeMap<u32, u64> = BTreeMap::new();
        sets.iter().flatten().for_each(|&host| *shared.entry(host).or_default() += 1);
        shared.retain(|_, sets| *sets > 1);
        Self { sets, of_server, shared }
    }

    fn connected(&self, hosts: &BTreeSet<u32>, servers: usize) -> Vec<bool> {
        let mut connected = vec![false; servers];
        for (&server, &set) in &self.of_server {
            connected[server as usize] = self.sets[set].is_subset(hosts);
        }
        connected
    }

    /// E.24: a connector as new as the newest server it serves.
    fn versions(&self, externals: &[Apart], hosts: &BTreeSet<u32>) -> BTreeMap<u32, VersionName> {
        let mut found: BTreeMap<u32, VersionName> = BTreeMap::new();
        for external in externals {
            let set = &self.sets[self.of_server[&external.server]];
            if set.is_subset(hosts) {
                for &host in set {
                    let version = found.entry(host).or_insert(external.cal);
                    *version = (*version).max(external.cal);
                }
            }
        }
        found
    }
}

/// The hosts of the estate by name and by cluster, as ranks, so that the order of the estate cannot matter.
struct Machines<'a> {
    checked: &'a Checked<'a>,
    number: HashMap<&'a str, u32>,
    of_cluster: HashMap<&'a str, Vec<u32>>,
    /// By server: a number beyond all hosts.
    own: Vec<u32>,
}

impl<'a> Machines<'a> {
    fn of(checked: &'a Checked<'_>) -> Self {
        let estate = checked.estate;
        let hosts = || estate.hosts.iter().zip(&checked.hosts.rank);
        let mut of_cluster: HashMap<&str, Vec<u32>> = HashMap::new();
        for (host, &rank) in hosts() {
            host.cluster.iter().for_each(|name| of_cluster.entry(name).or_default().push(rank));
        }
        let mut by_name: Vec<usize> = (0..estate.servers.len()).collect();
        by_name.sort_by_key(|&at| &estate.servers[at].id);
        let mut own = vec![0; by_name.len()];
        for (number, at) in (estate.hosts.len() as u32..).zip(by_name) {
            own[at] = number;
        }
        Self { checked, number: hosts().map(|(host, &rank)| (host.id.as_str(), rank)).collect(), of_cluster, own }
    }

    /// Every machine the server may run on (E.23, E.24).
    fn of_server(&self, index: u32) -> BTreeSet<u32> {
        let server = &self.checked.estate.servers[index as usize];
        let named = server.may_run_on.iter().filter_map(|id| self.number.get(id.as_str()).copied());
        let mut found: BTreeSet<u32> = named.collect();
        if let (true, Some(cluster)) = (found.is_empty(), &server.cluster) {
            found.extend(self.of_cluster.get(cluster.as_str()).into_iter().flatten());
        }
        let host = self.checked.host_of[index as usize];
        found.extend(host.map(|host| self.checked.hosts.rank[host as usize]));
        if found.is_empty() {
            found.insert(self.own[index as usize]);
        }
        found
    }
}

/// One choice of machines, with what it costs.
struct Found {
    hosts: BTreeSet<u32>,
    bought: u64,
    cost: u128,
    bound: u128,
}

struct Choice<'a> {
    demand: &'a Demand,
    places: &'a Places,
    stock: &'a Stock,
    weights: Weights,
    /// `None`: not on sale.
    connector: Option<u64>,
    beside: u64,
    with_beside: Option<&'a BTreeSet<u32>>,
}

/// Prices are tried so often while looking for one at which as many are chosen as are free.
const STEPS: u32 = 12;

impl Choice<'_> {
    /// With some free to go anywhere: at any price up to the true one the cost less that price for each of them is a bound;
    /// at the right one just as many are chosen.
    fn best(&self) -> Result<Found, EstateError> {
        let full = self.connector.unwrap_or_else(|| self.prohibitive());
        let mut best = self.at(full)?;
        if self.stock.free == 0 || best.cost == best.bound {
            return Ok(best);
        }
        let (mut low, mut high) = (0, full);
        let mut price = 0;
        for _ in 0..STEPS {
            let other = self.at(price)?;
            let bound = best.bound.max(other.bound);
            let too_many = other.bought > 0;
            if other.cost < best.cost {
                best = other;
            }
            best.bound = bound;
            if best.cost == best.bound || (price == 0 && !too_many) {
                break;
            }
            if too_many {
                low = price;
            } else {
                high = price;
            }
            if high - low <= 1 {
                break;
            }
            price = low.midpoint(high);
        }
        Ok(best)
    }

    /// What else a connector there costs (E.25).
    fn beside_on(&self, host: u32) -> u64 {
        if self.with_beside.is_some_and(|with| !with.contains(&host)) { self.beside } else { 0 }
    }

    /// More than all CALs cost.
    fn prohibitive(&self) -> u64 {
        let people = self.demand.apart.iter().filter_map(|external| external.person).collect::<BTreeSet<_>>();
        let heads = people.iter().map(|&person| self.demand.heads_of(person)).fold(1, u64::saturating_add);
        heads.saturating_mul(self.weights.user)
    }

    /// The cheapest choice if a connector cost `price`, at its true cost.
    fn at(&self, price: u64) -> Result<Found, EstateError> {
        let parts = self.places.shared.values().copied().fold(1, least_common_multiple);
        let scaled = |weight: u64| weight.checked_mul(parts).ok_or_else(|| too_large("the prices"));
        let one = |host: u32| {
            let beside = self.beside_on(host);
            if self.stock.has(host) { beside } else { price.saturating_add(beside) }
        };
        // rounded down, so that the bound stays one
        let share = |host: &u32| Ok(scaled(one(*host))? / self.places.shared.get(host).copied().unwrap_or(1));
        let candidates = self.places.sets.iter().map(|set| {
            set.iter().try_fold(0_u64, |sum, host| sum.checked_add(share(host)?).ok_or_else(|| too_large("the prices")))
        });
        let candidates: Vec<u64> = candidates.collect::<Result<_, _>>()?;
        let demand = self.demand;
        let each = Weights { user: scaled(self.weights.user)?, device: scaled(self.weights.device)? };
        let people = each.of_people(demand)?;
        let pairs: Vec<(u32, u32)> = demand.pairs.iter().map(|pair| (pair.person, pair.device)).collect();
        let forced = |side: &[Option<VersionName>]| -> Vec<u32> {
            (0..).zip(side).filter(|(_, forced)| forced.is_some()).map(|(rank, _)| rank).collect()
        };
        let external = |external: &Apart| ExternalAccess {
            user: external.person,
            device: external.device,
            candidate: self.places.of_server[&external.server] as u32,
        };
        let (users, devices) = (demand.forced_people.len() as u32, demand.forced_devices.len() as u32);
        let (forced_users, forced_devices) = (forced(&demand.forced_people), forced(&demand.forced_devices));
        let mut externals: Vec<ExternalAccess> = demand.apart.iter().map(external).collect();
        externals.sort_unstable();
        externals.dedup();
        let plan = cheapest_with_connectors(&ConnectorProblem {
            users,
            devices,
            user_prices: people.as_deref().map_or(Prices::Same(each.user), Prices::Each),
            device_prices: Prices::Same(each.device),
            pairs: &pairs,
            forced_users: &forced_users,
            forced_devices: &forced_devices,
            candidates: &candidates,
            externals: &externals,
        });
        let plan = plan.map_err(|error| too_large(&error.to_string()))?;
        let taken = || candidates.iter().zip(&plan.connectors).filter(|(_, taken)| **taken);
        let of_connectors: u128 = taken().map(|(price, _)| u128::from(*price)).sum();
        let cals = (plan.cost - of_connectors) / u128::from(parts);
        let chosen = self.places.sets.iter().zip(&plan.connectors).filter(|(_, taken)| **taken);
        let mut hosts: BTreeSet<u32> = chosen.flat_map(|(set, _)| set.iter().copied()).collect();
        // what is there anyway
        hosts.extend(self.stock.hosts.iter().filter(|host| self.beside_on(**host) == 0));
        hosts.extend(&self.stock.settled);
        let bought = (hosts.difference(&self.stock.hosts).count() as u64).saturating_sub(self.stock.free);
        let paid = self.connector.unwrap_or(if bought > 0 { u64::MAX } else { 0 });
        let beside: u128 = hosts.iter().map(|&host| u128::from(self.beside_on(host))).sum();
        let cost = cals + u128::from(paid) * u128::from(bought) + beside;
        let at_price = |count: u64| u128::from(price) * u128::from(count);
        let bound = plan.lower_bound.div_ceil(u128::from(parts)) + at_price(self.stock.settled.len() as u64);
        let bound = bound.saturating_sub(at_price(self.stock.free)).min(cost);
        Ok(Found { hosts, bought, cost, bound })
    }
}

fn too_large(what: &str) -> EstateError {
    EstateError::TooLarge(format!("External Connectors and CALs ({what})"))
}

/// As far as it is worth the digits.
fn least_common_multiple(one: u64, other: u64) -> u64 {
    const MOST: u64 = 5_040;
    let (mut a, mut b) = (one, other);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let multiple = one / a.max(1) * other;
    if multiple > MOST { one.max(1) } else { multiple }
}
