//! Windows Server CALs: who needs one, the cheapest mix with its proof, and the cheapest purchase given what is owned.

use super::{Demand, Mix, ServerNeeds, Weights, coverages, held, interval_warnings, open_pairs};
use crate::{
    assessment::{Coverage, Proof, ProofPair},
    book::{Book, NO_CURRENCY, Needed, sort},
    checked::Checked,
    draft::{Draft, add},
    estate::EstateError,
    findings::{Rules, Warnings, counted},
    owned::{Quantities, owned},
    position::{Line, Optimum, Purchase},
    prices::UnitPrice,
    version::VersionName,
};

const USER_CAL: &str = "windows-server-cal/user";
const DEVICE_CAL: &str = "windows-server-cal/device";

/// What the CALs of Windows Server come to, beside the lines in the draft.
pub(crate) struct WindowsCals {
    pub optimum: Optimum,
    pub purchase: Option<Purchase>,
    pub people: Vec<Coverage>,
    pub devices: Vec<Coverage>,
    pub proof: Proof,
}

/// Writes the lines and warnings of Windows Server CALs into the draft.
pub(crate) fn windows_cals(checked: &Checked<'_>, draft: &mut Draft<'_>) -> Result<WindowsCals, EstateError> {
    let estate = checked.estate;
    let servers = ServerNeeds::of(checked, &mut draft.warnings);
    let demand = Demand::of(checked, &servers);
    let (user_price, device_price) = (UnitPrice::of(estate, USER_CAL), UnitPrice::of(estate, DEVICE_CAL));
    let prices = user_price.zip(device_price);
    let weights = match prices {
        Some((user, device)) => user.ratio(device)?,
        None => (1, 1),
    };
    let weights = Weights { user: weights.0, device: weights.1 };
    let graph = open_pairs(&demand)?;
    let mix = Mix::cheapest(&demand, &graph, weights)?;
    let (users, devices) = (held(&mix.people), held(&mix.devices));
    let (user_count, device_count) = (users.values().sum::<u64>(), devices.values().sum::<u64>());
    interval_warnings(checked, &demand, &mix, user_count + device_count, &mut draft.warnings);
    if prices.is_none() && user_count + device_count > 0 {
        draft.warnings.0.push(
            "no price is given for both User and Device CALs: the mix is the one with the fewest licences, costs are 0; \
             give the prices you pay"
                .into(),
        );
    }
    if !estate.prices.is_empty() && estate.currency.is_empty() {
        draft
            .warnings
            .0
            .push(format!("the prices have no currency, costs are shown in {NO_CURRENCY}: state `currency`"));
    }
    // a position is also for those who may not see who works where: people and their devices are counted, not named
    let external = estate.people.iter().filter(|person| person.external).count();
    if external > 0 {
        draft.warnings.0.push(format!(
            "external users counted like employees: {external}; External Connectors, which may be cheaper, are not \
             computed yet (E.22, E.23)"
        ));
    }

    let owned_cals =
        [USER_CAL, DEVICE_CAL].map(|sku| owned(estate, sku, |version| checked.catalogue.cal_version(version)));
    add_cals(&mut draft.book, [users, devices], &owned_cals, &demand.rules)?;
    let purchase = match prices {
        Some(prices) => {
            let [owned_users, owned_devices] = &owned_cals;
            let found = super::Purchase::cheapest(&demand, &graph, &mix, weights, [owned_users, owned_devices])?;
            let written = found
                .map(|found| purchase(checked, &draft.book, found, &owned_cals, &demand.rules, prices.0, weights.user));
            written.transpose()?
        }
        None => None,
    };
    drop(graph);
    match &purchase {
        Some(purchase) => warn_of_better_use(purchase, &mut draft.warnings),
        None => warn_of_idle_cals(&draft.book.lines, &mut draft.warnings),
    }
    let cost_minor = match prices {
        Some((user, device)) => add(user.cost(user_count)?, device.cost(device_count)?)?,
        None => 0,
    };
    let proven = mix.proven && mix.cost == mix.lower_bound;
    let optimum = Optimum { cost_minor, lower_bound_minor: if proven { cost_minor } else { 0 }, proven };
    let (people, devices) = coverages(checked, &demand, &mix);
    let proof = proof(checked, &demand, &mix, weights);
    Ok(WindowsCals { optimum, purchase, people, devices, proof })
}

fn add_cals(
    book: &mut Book<'_>,
    [users, devices]: [Quantities; 2],
    [owned_users, owned_devices]: &[Quantities; 2],
    rules: &Rules,
) -> Result<(), EstateError> {
    for (sku, unit, by_version, owned) in
        [(DEVICE_CAL, "device", devices, owned_devices), (USER_CAL, "user", users, owned_users)]
    {
        book.add(sku, unit, &Needed { by_version, rules: rules.clone(), ..Needed::default() }, owned)?;
    }
    Ok(())
}

/// The cheapest purchase as lines and money; `plain` holds the CAL lines of the cheapest mix.
fn purchase(
    checked: &Checked<'_>,
    plain: &Book<'_>,
    found: super::Purchase,
    owned: &[Quantities; 2],
    rules: &Rules,
    user_price: UnitPrice,
    user_weight: u64,
) -> Result<Purchase, EstateError> {
    let mut book = Book::of(checked);
    let (bought, least) = (found.cost, found.lower_bound);
    add_cals(&mut book, [found.users, found.devices], owned, rules)?;
    let Book { mut lines, mut shopping, .. } = book;
    sort(&mut lines, &mut shopping);
    let cost = |lines: &[Line]| lines.iter().try_fold(0, |sum, line| add(sum, line.cost_minor));
    let cost_minor = cost(&lines)?;
    let proven = bought == least;
    let lower_bound_minor =
        if proven { cost_minor } else { user_price.of_weights(least, user_weight)?.min(cost_minor) };
    let saving_minor = cost(&plain.lines)?.saturating_sub(cost_minor);
    Ok(Purchase { lines, cost_minor, lower_bound_minor, proven, saving_minor, shopping })
}

/// E.29: the plain mix is the cheapest for one who owns nothing; who owns CALs may buy less for another one.
fn warn_of_better_use(purchase: &Purchase, warnings: &mut Warnings) {
    if purchase.saving_minor > 0 {
        let buy = |sku: &str, one: &str, many: &str| {
            let short: u64 = purchase.lines.iter().filter(|line| line.sku == sku).map(|line| line.short).sum();
            counted(short as usize, one, many)
        };
        warnings.0.push(format!(
            "a mix that makes better use of the CALs owned is cheaper to buy: {} and {} (E.29); the numbers needed are \
             those of the mix that is cheapest for one who owns nothing",
            buy(USER_CAL, "User CAL", "User CALs"),
            buy(DEVICE_CAL, "Device CAL", "Device CALs"),
        ));
    }
    if !purchase.proven {
        warnings.0.push(
            "the purchase of User and Device CALs is not proven to be the cheapest for one who owns what you own; how \
             much less it could cost at most is stated with it (E.29)"
                .into(),
        );
    }
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
                 short: give the prices of both to see whether a mix that uses them is cheaper to buy (E.29)"
            ));
        }
    }
}

fn proof(checked: &Checked<'_>, demand: &Demand, mix: &Mix, weights: Weights) -> Proof {
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
        user_weight: weights.user,
        device_weight: weights.device,
        must_people: must(&demand.forced_people, &checked.people.index),
        must_devices: must(&demand.forced_devices, &checked.devices.index),
        pairs: mix.demand.iter().map(pair).collect(),
    }
}
