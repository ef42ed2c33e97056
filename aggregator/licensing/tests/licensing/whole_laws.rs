//! What must hold for estates with something of everything: hosts and clusters, SQL Server, external people, several CAL
//! families, licences owned.

use std::collections::BTreeMap;

use crate::estates::whole::{Draw, EVERYTHING, SKUS, Without, estate, merged, renamed, shuffled};
use crate::estates::{self, assessed};
use caliper_licensing::{Access, Accesses, Assessment, Entitlement, Estate, Position, Purchase, Use, VersionName};
use proptest::{prelude::*, test_runner::RngSeed};

const PLAIN: Without = Without { administrators: true, entitlements: true };

/// What closing all gaps costs: the cheapest purchase of CALs and of editions where they are given, the lines of everything
/// else.
fn to_pay(assessment: &Assessment) -> u64 {
    let position = &assessment.position;
    let lines: u64 = position.lines.iter().map(|line| line.cost_minor).sum();
    let of_cals: u64 = purchases(position).map(|purchase| purchase.saving_minor).sum();
    let of_servers = position.servers.as_ref().map_or(0, |servers| servers.saving_minor);
    lines - of_cals - of_servers
}

/// Of the base CAL and of the other families.
fn purchases(position: &Position) -> impl Iterator<Item = &Purchase> {
    position.purchase.iter().chain(position.purchases.iter().map(|family| &family.purchase))
}

/// What it costs at least: a purchase that is not proven, which to find is hard, may be dearer than the cheapest, and so may be who
/// holds the suites that nobody is named for. The latter says what is left to buy of all the families they may serve.
fn to_pay_at_least(assessment: &Assessment) -> u64 {
    let position = &assessment.position;
    let given = position.given_suites.as_ref();
    let of_given = |cal: &str| given.is_some_and(|given| given.cals.iter().any(|of| of == cal));
    let base = position.purchase.iter().map(|purchase| ("windows-server-cal", purchase));
    let all = base.chain(position.purchases.iter().map(|family| (family.cal.as_str(), &family.purchase)));
    let others = all.filter(|(cal, _)| !of_given(cal));
    let of_cals: u64 = others.map(|(_, purchase)| purchase.cost_minor - purchase.lower_bound_minor).sum();
    let of_suites = given.map_or(0, |given| given.cost_minor - given.lower_bound_minor);
    let of_servers = position.servers.as_ref().map_or(0, |servers| servers.cost_minor - servers.lower_bound_minor);
    to_pay(assessment) - of_cals - of_suites - of_servers
}

/// CALs of a family by its purchase, or by its lines, and its External Connectors.
fn left_to_buy(position: &Position, cal: &str) -> u64 {
    let of_purchase = if cal == "windows-server-cal" {
        position.purchase.as_ref()
    } else {
        position.purchases.iter().find(|family| family.cal == cal).map(|family| &family.purchase)
    };
    let short = |skus: &str| -> u64 {
        position.lines.iter().filter(|line| line.sku.starts_with(skus)).map(|line| line.cost_minor).sum()
    };
    let cals = of_purchase.map_or_else(|| short(&format!("{cal}/")), |purchase| purchase.cost_minor);
    cals + short(&format!("{}/external-connector", cal.trim_end_matches("-cal")))
}

/// Needed, by product and version.
fn needed(assessment: &Assessment) -> BTreeMap<(String, String), u64> {
    let lines = assessment.position.lines.iter().filter(|line| line.needed > 0);
    lines.map(|line| ((line.sku.clone(), line.version.clone()), line.needed)).collect()
}

/// What has a price and is never owned.
const BESIDE: [&str; 5] = [
    "windows-server/standard/virtual-core",
    "windows-server/datacenter/virtual-core",
    "system-center/standard/virtual-core",
    "system-center/standard/licence",
    "system-center/datacenter/licence",
];

/// Prices for everything, so that nothing is left out of the money.
fn priced(mut estate: Estate, seed: u64) -> Estate {
    let mut draw = Draw(seed);
    let all = SKUS.iter().chain(&BESIDE);
    estate.prices = all.map(|sku| estates::price(sku, 100 * (1 + draw.number(9)), 1)).collect();
    estate
}

/// The same estates in every run, for a build must not fail by luck; `PROPTEST_RNG_SEED` draws others.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(2_026);
        config.cases = 400;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn order_changes_nothing(seed: u64, other: u64) {
        let estate = estate(seed, EVERYTHING);
        let (one, two) = (assessed(&estate), assessed(&shuffled(&estate, other)));
        prop_assert_eq!(serde_json::to_string_pretty(&one.position).unwrap(), serde_json::to_string_pretty(&two.position).unwrap());
        prop_assert_eq!(&one.hosts, &two.hosts);
        let coverage = |assessment: &Assessment| {
            let all = assessment.people.iter().chain(&assessment.devices);
            all.map(|coverage| (coverage.id.clone(), coverage.clone())).collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(coverage(&one), coverage(&two));
    }

    /// The same numbers and the same money in pseudonymised mode.
    #[test]
    fn pseudonyms_change_nothing(seed: u64, other: u64) {
        let estate = estate(seed, EVERYTHING);
        let (one, two) = (assessed(&estate), assessed(&renamed(&estate, other)));
        prop_assert_eq!(needed(&one), needed(&two));
        prop_assert_eq!(&one.position.optimum, &two.position.optimum);
        prop_assert_eq!(to_pay(&one), to_pay(&two));
    }

    /// Two organisations of which each had its own become one with everything of both.
    #[test]
    fn merging_two_estates_never_costs_more_than_both_apart(seed: u64, other: u64) {
        let one = priced(estate(seed, EVERYTHING), seed);
        let mut two = estate(other, EVERYTHING);
        // terms and prices are those of one customer, and one System Center manages an estate, of one version
        (two.prices, two.policy, two.system_center) = (one.prices.clone(), one.policy.clone(), one.system_center);
        let together = assessed(&merged(&one, &two));
        let apart = to_pay(&assessed(&one)) + to_pay(&assessed(&two));
        let both = to_pay_at_least(&together);
        prop_assert!(both <= apart, "{both} > {apart}");
    }

    /// Two departments that use the same servers, people and devices, each with licences of its own, become one. Without
    /// administrators: E.7 exempts those who do nothing else, and one may do something else in the other department.
    #[test]
    fn merging_two_halves_never_costs_more_than_both_apart(seed: u64, other: u64) {
        let whole = priced(estate(seed, Without { administrators: true, ..EVERYTHING }), seed);
        let mut draw = Draw(other);
        let mut split = |accesses: &Accesses| {
            let mut halves: [Vec<Access>; 2] = Default::default();
            for row in accesses.rows() {
                // some are of both
                let which = draw.number(5);
                halves[0].extend((which < 3).then_some(row));
                halves[1].extend((which > 1).then_some(row));
            }
            halves.map(Accesses::of)
        };
        let mut halves = [whole.clone(), whole.clone()];
        let base = split(&whole.accesses);
        halves.iter_mut().zip(base).for_each(|(half, accesses)| half.accesses = accesses);
        for half in &mut halves {
            half.uses.clear();
        }
        for used in &whole.uses {
            for (half, accesses) in halves.iter_mut().zip(split(&used.accesses)) {
                half.uses.push(Use { cal: used.cal.clone(), accesses, ..Use::default() });
            }
        }
        for (at, entitlement) in whole.entitlements.iter().enumerate() {
            let first = draw.number(entitlement.quantity + 1);
            halves[0].entitlements[at].quantity = first;
            halves[1].entitlements[at].quantity = entitlement.quantity - first;
        }
        let apart = to_pay(&assessed(&halves[0])) + to_pay(&assessed(&halves[1]));
        let together = assessed(&whole);
        let both = to_pay_at_least(&together);
        prop_assert!(both <= apart, "{both} > {apart}");
    }

    #[test]
    fn more_access_never_costs_less(seed: u64, more: u64) {
        let mut estate = priced(estate(seed, PLAIN), seed);
        prop_assume!(!estate.people.is_empty() && !estate.devices.is_empty());
        // G.8: a managed device that nobody is known to use needs a licence of its own, so to learn who uses it may save one
        for (device, at) in estate.devices.iter_mut().zip(0..) {
            let person = |row: &Access| estate.people.get(row.person as usize).is_some_and(|person| !person.unresolved);
            device.managed &= estate.accesses.rows().any(|row| row.device == at && person(&row));
        }
        let mut draw = Draw(more);
        let row = Access {
            person: draw.number(estate.people.len() as u64) as u32,
            device: draw.number(estate.devices.len() as u64) as u32,
            server: draw.number(estate.servers.len() as u64) as u32,
            flags: 0,
        };
        let mut larger = estate.clone();
        larger.accesses = Accesses::of(estate.accesses.rows().chain([row]).collect());
        let (before, after) = (assessed(&estate), assessed(&larger));
        prop_assert!(to_pay(&after) >= to_pay(&before), "{} < {}", to_pay(&after), to_pay(&before));
        if let Some(used) = larger.uses.first_mut() {
            used.accesses = Accesses::of(used.accesses.rows().chain([row]).collect());
            let after = assessed(&larger);
            prop_assert!(to_pay(&after) >= to_pay(&before), "{} < {}", to_pay(&after), to_pay(&before));
        }
    }

    #[test]
    fn more_entitlements_never_cost_more(seed: u64, more: u64) {
        let estate = priced(estate(seed, Without { administrators: true, entitlements: false }), seed);
        let mut draw = Draw(more);
        let mut richer = estate.clone();
        richer.entitlements.push(Entitlement {
            sku: draw.of(&SKUS).into(),
            version: draw.of(&VersionName::WINDOWS),
            quantity: 1 + draw.number(40),
            ..Entitlement::default()
        });
        let (before, after) = (assessed(&estate), assessed(&richer));
        prop_assert!(to_pay_at_least(&after) <= to_pay(&before), "{:?}", richer.entitlements.last());
    }

    /// G.7, G.8.
    #[test]
    fn more_managed_never_costs_less(seed: u64, more: u64) {
        let estate = priced(estate(seed, PLAIN), seed);
        let mut draw = Draw(more);
        let mut larger = estate.clone();
        match draw.number(4) {
            0 if !larger.devices.is_empty() => {
                let at = draw.number(larger.devices.len() as u64) as usize;
                larger.devices[at].managed = true;
            }
            1 if !larger.hosts.is_empty() => larger.hosts[0].managed = true,
            2 if !larger.hosts.is_empty() => larger.hosts[0].managed_machines += 1,
            _ => larger.servers[0].managed = true,
        }
        let (before, after) = (assessed(&estate), assessed(&larger));
        prop_assert!(to_pay(&after) >= to_pay(&before), "{} < {}", to_pay(&after), to_pay(&before));
    }

    /// Every line has a rule, and short and surplus follow from needed and owned.
    #[test]
    fn every_line_adds_up(seed: u64) {
        let assessment = assessed(&estate(seed, EVERYTHING));
        for line in &assessment.position.lines {
            prop_assert!(!line.rules.is_empty(), "{line:?}");
            prop_assert_eq!(line.owned + line.short, line.needed + line.surplus, "{:?}", line);
        }
        if let Some(given) = &assessment.position.given_suites {
            // what is left to buy is what the lines and purchases say
            let left: u64 = given.cals.iter().map(|cal| left_to_buy(&assessment.position, cal)).sum();
            prop_assert_eq!(given.cost_minor, left, "{:?}", given);
            prop_assert!(given.lower_bound_minor <= given.cost_minor);
            prop_assert_eq!(given.proven, given.lower_bound_minor == given.cost_minor);
        }
        for interval in &assessment.position.intervals {
            prop_assert!(interval.lowest <= interval.likely && interval.likely <= interval.highest, "{interval:?}");
        }
    }
}
