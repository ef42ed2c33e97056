//! The cheapest purchase of one family of CALs in lines and money (E.29).

use super::{
    Purchase as Found,
    counted::{Counted, add_cals},
    family::Family,
    holders::holders,
};
use crate::{
    assessment::PurchaseHolders,
    book::{Book, sort},
    checked::Checked,
    draft::add,
    estate::EstateError,
    findings::{Warnings, counted as in_words},
    ledger::Wanted,
    owned::Quantities,
    position::{Line, Purchase},
};

/// What to buy, who holds what, and who needs what then; no purchase without prices of both kinds, or if nothing that is owned is of
/// any use. `plain` holds the lines of the cheapest mix.
pub(super) fn bought(
    checked: &Checked<'_>,
    plain: &Book<'_>,
    family: &Family<'_>,
    counted: &Counted,
    owned: &[Quantities; 2],
) -> Result<(Option<Purchase>, Option<PurchaseHolders>, Wanted), EstateError> {
    let Counted { demand, graph, mix, weights, .. } = counted;
    let [owned_users, owned_devices] = owned;
    let found = match counted.prices {
        Some(prices) => {
            Found::cheapest(demand, graph, mix, *weights, [owned_users, owned_devices])?.map(|found| (found, prices.0))
        }
        None => None,
    };
    let wanted = counted.wanted(checked, family, found.as_ref().map(|(found, _)| found));
    let Some((found, user_price)) = found else { return Ok((None, None, wanted)) };
    let held = holders(checked, &found, [family.user, family.device], owned, demand);
    let mut book = Book::of(checked);
    let (bought, least) = (found.cost, found.lower_bound);
    add_cals(&mut book, family, [found.users, found.devices], owned, &demand.rules)?;
    let Book { mut lines, mut shopping, .. } = book;
    sort(&mut lines, &mut shopping);
    let is_cal = |line: &&Line| line.sku == family.user || line.sku == family.device;
    let cost = |lines: &[Line]| lines.iter().filter(is_cal).try_fold(0, |sum, line| add(sum, line.cost_minor));
    let cost_minor = cost(&lines)?;
    let proven = bought == least;
    let lower_bound_minor =
        if proven { cost_minor } else { user_price.of_weights(least, weights.user)?.min(cost_minor) };
    let saving_minor = cost(&plain.lines)?.saturating_sub(cost_minor);
    let purchase = Purchase { lines, cost_minor, lower_bound_minor, proven, saving_minor, shopping };
    Ok((Some(purchase), Some(held), wanted))
}

/// E.29: the plain mix is the cheapest for one who owns nothing; who owns CALs may buy less for another one.
pub(super) fn warn_of_better_use(family: &Family<'_>, purchase: &Purchase, warnings: &mut Warnings) {
    let noun = family.noun();
    if purchase.saving_minor > 0 {
        let buy = |sku: &str, kind: &str| {
            let short: u64 = purchase.lines.iter().filter(|line| line.sku == sku).map(|line| line.short).sum();
            in_words(short as usize, &format!("{noun}{kind} CAL"), &format!("{noun}{kind} CALs"))
        };
        warnings.0.push(format!(
            "a mix that makes better use of the {noun}CALs owned is cheaper to buy: {} and {} (E.29); the numbers needed are \
             those of the mix that is cheapest for one who owns nothing",
            buy(family.user, "User"),
            buy(family.device, "Device"),
        ));
    }
    if !purchase.proven {
        warnings.0.push(format!(
            "the purchase of {noun}User and Device CALs is not proven to be the cheapest for one who owns what you own; how \
             much less it could cost at most is stated with it (E.29)"
        ));
    }
}
