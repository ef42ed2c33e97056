//! The whole assessment, step by step.

use std::collections::BTreeMap;

use crate::{
    assessment::{Assessment, Proof, ProofPair},
    cal::{Demand, Mix, ServerNeeds, Weights, coverages, interval_warnings},
    checked::Checked,
    estate::{Estate, EstateError},
    findings::{Rules, Warnings},
    owned::{Quantities, balance, owned},
    position::{Confidence, Line, Optimum, POSITION_FORMAT, Position},
    prices::UnitPrice,
    run::{self, Product},
    version::VersionName,
};

const USER_CAL: &str = "windows-server-cal/user";
const DEVICE_CAL: &str = "windows-server-cal/device";

/// ISO 4217 for money of no stated currency; an empty currency means that there is no price.
const NO_CURRENCY: &str = "XXX";

/// The position of an estate, with what it means for each person and device and the proof that the mix is the cheapest.
///
/// The order in which the estate names things changes nothing. Fails on an estate that contradicts itself.
pub fn assess(estate: &Estate) -> Result<Assessment, EstateError> {
    let checked = Checked::of(estate)?;
    let mut warnings = Warnings(estate.notes.clone());
    let servers = ServerNeeds::of(&checked, &mut warnings);
    let demand = Demand::of(&checked, &servers);
    let (user_price, device_price) = (UnitPrice::of(estate, USER_CAL), UnitPrice::of(estate, DEVICE_CAL));
    let prices = user_price.zip(device_price);
    let weights = match prices {
        Some((user, device)) => user.ratio(device)?,
        None => (1, 1),
    };
    let mix = Mix::cheapest(&demand, Weights { user: weights.0, device: weights.1 })?;
    let (users, devices) = (held(&mix.people), held(&mix.devices));
    let (user_count, device_count) = (users.values().sum::<u64>(), devices.values().sum::<u64>());
    interval_warnings(&checked, &demand, &mix, user_count + device_count, &mut warnings);
    if prices.is_none() && user_count + device_count > 0 {
        warnings.0.push(
            "no price is given for both User and Device CALs: the mix is the one with the fewest licences, costs are 0; \
             give the prices you pay"
                .into(),
        );
    }
    if !estate.prices.is_empty() && estate.currency.is_empty() {
        warnings.0.push(format!("the prices have no currency, costs are shown in {NO_CURRENCY}: state `currency`"));
    }
    let external = estate.people.iter().filter(|person| person.external).map(|person| person.id.as_str());
    warnings.about(external, |count, list| {
        format!(
            "{count} external user(s) are counted like employees; External Connectors, which may be cheaper, are not \
             computed yet (E.22, E.23): {list}"
        )
    });

    let mut book = Book { estate, lines: Vec::new(), unpriced: Vec::new() };
    for (sku, unit, needed) in [(DEVICE_CAL, "device", &devices), (USER_CAL, "user", &users)] {
        let owned = owned(estate, sku, VersionName::cal);
        book.add(sku, unit, needed, &owned, &demand.rules, false)?;
    }
    warn_of_idle_cals(&book.lines, &mut warnings);
    let products = run::needs(&checked, &mut warnings);
    for product in Product::ALL {
        let owned = owned(estate, product.sku(), |version| version);
        let need = products.get(&product);
        let (needed, at_least) =
            need.map_or_else(|| (Quantities::new(), false), |need| (need.needed.clone(), need.at_least));
        let rules = need.map_or_else(|| Rules::of(&["C.11"]), |need| need.rules.clone());
        book.add(product.sku(), product.unit(), &needed, &owned, &rules, at_least)?;
    }
    let Book { mut lines, unpriced, .. } = book;
    warnings.about(unpriced, |_, list| {
        format!("the cost of what is short leaves out what has no price: give prices for {list}")
    });
    let unknown = estate.entitlements.iter().map(|entitlement| entitlement.sku.as_str()).filter(|sku| !is_known(sku));
    warnings.about(unknown, |count, list| {
        format!("entitlements of {count} product(s) are not assessed, check their names: {list}")
    });
    for (reason, count) in &estate.left_out {
        warnings.0.push(format!("left out on purpose: {count} {reason}"));
    }
    lines.sort_by(|a, b| (&a.sku, &a.version, &a.unit).cmp(&(&b.sku, &b.version, &b.unit)));

    let cost_minor = match prices {
        Some((user, device)) => add(user.cost(user_count)?, device.cost(device_count)?)?,
        None => 0,
    };
    let proven = mix.proven && mix.cost == mix.lower_bound;
    let optimum = Optimum { cost_minor, lower_bound_minor: if proven { cost_minor } else { 0 }, proven };
    let (people, devices) = coverages(&checked, &demand, &mix);
    let proof = proof(&checked, &demand, &mix, weights);
    let position = Position { format: POSITION_FORMAT.into(), lines, optimum, warnings: warnings.0 };
    Ok(Assessment { position, people, devices, proof })
}

fn held(versions: &[Option<VersionName>]) -> Quantities {
    let mut counts = BTreeMap::new();
    for version in versions.iter().flatten() {
        *counts.entry(*version).or_default() += 1;
    }
    counts
}

fn is_known(sku: &str) -> bool {
    [USER_CAL, DEVICE_CAL].contains(&sku) || Product::ALL.iter().any(|product| product.sku() == sku)
}

fn add(one: u64, two: u64) -> Result<u64, EstateError> {
    one.checked_add(two).ok_or_else(|| EstateError::TooLarge("the cost of all licences".into()))
}

/// The mix is the cheapest for one who owns nothing; where idle CALs of one kind face missing ones of the other, a dearer
/// mix may be cheaper to buy.
fn warn_of_idle_cals(lines: &[Line], warnings: &mut Warnings) {
    let total = |sku: &str, of: fn(&Line) -> u64| lines.iter().filter(|line| line.sku == sku).map(of).sum::<u64>();
    for (idle, idle_name, missing, missing_name) in
        [(USER_CAL, "User", DEVICE_CAL, "Device"), (DEVICE_CAL, "Device", USER_CAL, "User")]
    {
        let (surplus, short) = (total(idle, |line| line.surplus), total(missing, |line| line.short));
        if surplus > 0 && short > 0 {
            warnings.0.push(format!(
                "{surplus} {idle_name} CAL(s) owned are not needed in this mix while {short} {missing_name} CAL(s) are \
                 short: the mix does not yet take what is owned into account (E.29), check whether using them is cheaper"
            ));
        }
    }
}

/// Lines as they are written.
struct Book<'a> {
    estate: &'a Estate,
    lines: Vec<Line>,
    /// Skus that are short and have no price.
    unpriced: Vec<&'static str>,
}

impl Book<'_> {
    fn add(
        &mut self,
        sku: &'static str,
        unit: &str,
        needed: &Quantities,
        owned: &Quantities,
        rules: &Rules,
        at_least: bool,
    ) -> Result<(), EstateError> {
        let price = UnitPrice::of(self.estate, sku);
        let currency = Some(self.estate.currency.as_str()).filter(|code| !code.is_empty()).unwrap_or(NO_CURRENCY);
        for balance in balance(needed, owned) {
            let mut rules = rules.clone();
            if balance.owned > 0 {
                rules.add("E.29");
            }
            if price.is_none() && balance.short > 0 {
                self.unpriced.push(sku);
            }
            self.lines.push(Line {
                sku: sku.into(),
                version: balance.version.name().into(),
                unit: unit.into(),
                needed: balance.needed,
                owned: balance.owned,
                short: balance.short,
                surplus: balance.surplus,
                cost_minor: price.map_or(Ok(0), |price| price.cost(balance.short))?,
                currency: if price.is_some() { currency.into() } else { String::new() },
                rules: rules.ids(),
                // a number that is only the least possible is worth no more than a guess
                confidence: if at_least { rules.confidence().min(Confidence::L) } else { rules.confidence() },
            });
        }
        Ok(())
    }
}

fn proof(checked: &Checked<'_>, demand: &Demand, mix: &Mix, weights: (u64, u64)) -> Proof {
    let must = |forced: &[Option<VersionName>], index: &[u32]| {
        let mut must: Vec<u32> =
            (forced.iter().zip(index)).filter(|(forced, _)| forced.is_some()).map(|(_, &index)| index).collect();
        must.sort_unstable();
        must
    };
    let pair = |demand: &crate::optimise::Demand| ProofPair {
        person: checked.people.index[demand.user as usize],
        device: checked.devices.index[demand.device as usize],
        amount: demand.amount,
    };
    Proof {
        user_weight: weights.0,
        device_weight: weights.1,
        must_people: must(&demand.forced_people, &checked.people.index),
        must_devices: must(&demand.forced_devices, &checked.devices.index),
        pairs: mix.demand.iter().map(pair).collect(),
    }
}
