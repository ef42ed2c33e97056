//! The whole assessment, section by section of the rules. Licences to run, to access and to use advanced functions are counted
//! apart and never netted against each other (0.1).

use crate::{
    assessment::Assessment,
    book::{Book, sort},
    cal,
    catalogue::{Catalogue, Product, catalogue},
    checked::Checked,
    draft::{Draft, Tied, add},
    estate::{Estate, EstateError},
    ledger::{self, Wanted},
    position::{POSITION_FORMAT, Position},
    run::{
        self,
        stock::{has_ended, is_of},
    },
    sql,
    switches::Switches,
};

/// The position of an estate by the catalogue of this program, with what it means for each person, device and host and
/// the proof that the mix is the cheapest.
///
/// The order in which the estate names things changes nothing. Fails on an estate that contradicts itself.
pub fn assess(estate: &Estate) -> Result<Assessment, EstateError> {
    assess_with(estate, catalogue())
}

/// The same by a catalogue of one's own.
pub fn assess_with(estate: &Estate, catalogue: &Catalogue) -> Result<Assessment, EstateError> {
    let checked = Checked::of(estate, catalogue)?;
    assessed(&checked, Draft::of(&checked)).map(|(assessment, ..)| assessment)
}

/// The assessment with what each family of CALs was counted from, the base CAL first, and who needs which of them, for
/// explanations.
pub(crate) fn assess_keeping(checked: &Checked<'_>) -> Result<Assessed, EstateError> {
    assessed(checked, Draft { keeps_all: true, ..Draft::of(checked) })
}

/// The least that is left to buy for all hosts, and the least it could be, if some may take one product only, given what is owned
/// (E.29); `None` if nothing that is owned is of any use, or they cannot.
pub(crate) fn servers_tied(checked: &Checked<'_>, tied: Tied) -> Result<Option<(u64, u64)>, EstateError> {
    let mut draft = Draft { tied: Some(tied), ..Draft::of(checked) };
    run::licences(checked, &mut draft)?;
    if let Some(choice) = draft.servers {
        return Ok(Some((choice.cost_minor, choice.lower_bound_minor)));
    }
    // nothing that is owned serves what is needed then: the lines have the cheapest choice, all of it to be bought
    let mut cost = 0;
    let is_of_hosts = |sku: &str| is_of(sku, Product::WindowsServer) || is_of(sku, Product::SystemCenter);
    for line in draft.book.lines.iter().filter(|line| line.needed > 0 && is_of_hosts(&line.sku)) {
        if line.short < line.needed || line.currency.is_empty() {
            return Ok(None);
        }
        cost = add(cost, line.cost_minor)?;
    }
    Ok(Some((cost, cost)))
}

type Assessed = (Assessment, Vec<cal::Kept>, Vec<Wanted>);

fn assessed<'a>(checked: &Checked<'a>, mut draft: Draft<'a>) -> Result<Assessed, EstateError> {
    let estate = checked.estate;
    let windows = cal::cals(checked, &mut draft)?;
    run::licences(checked, &mut draft)?;
    sql::licences(checked, &mut draft)?;

    let Draft {
        book,
        mut warnings,
        hosts,
        uses,
        mut purchases,
        mut intervals,
        mut to_do,
        undeclared_sql: _,
        mut violations,
        mut readings,
        mut reclaim,
        given_suites,
        suites,
        pool,
        pools,
        wanted,
        server_suites,
        kept,
        keeps_all: _,
        mut servers,
        tied: _,
    } = draft;
    let Book { mut lines, mut shopping, unpriced, assessed, .. } = book;
    warnings.about(unpriced.iter().map(String::as_str), |_, list| {
        format!("the cost of what is short leaves out what has no price: give prices for {list}")
    });
    let unknown = estate.entitlements.iter().map(|entitlement| entitlement.sku.as_str());
    warnings.about(unknown.filter(|&sku| !assessed.contains(sku)), |count, list| {
        format!("entitlements of {count} product(s) are not assessed, check their names: {list}")
    });
    let ended = estate.entitlements.iter().filter(|entitlement| has_ended(estate, entitlement));
    warnings.about(ended.map(|entitlement| entitlement.sku.as_str()), |_, list| {
        format!("subscriptions that have ended give nothing (0.2): {list}")
    });
    for (reason, count) in &estate.left_out {
        warnings.0.push(format!("left out on purpose: {count} {reason}"));
    }
    sort(&mut lines, &mut shopping);
    if let Some(servers) = &mut servers {
        sort(&mut servers.lines, &mut servers.shopping);
    }
    intervals.sort();
    violations.sort();
    reclaim.extend(ledger::reclaim(checked, &wanted)?);
    reclaim.extend(ledger::idle(checked, &hosts, &lines)?);
    readings.sort();
    reclaim.sort();
    // most valuable first
    to_do.sort_by(|one, two| {
        (two.may_add_minor, two.may_add, &one.what).cmp(&(one.may_add_minor, one.may_add, &two.what))
    });
    let switches = Switches::of(checked);
    let mut purchase = windows.purchase;
    let of_families = purchases.iter_mut().map(|family| &mut family.purchase);
    let of_purchases = purchase.iter_mut().chain(of_families).flat_map(|purchase| &mut purchase.lines);
    let of_servers = servers.iter_mut().flat_map(|servers| &mut servers.lines);
    lines.iter_mut().chain(of_purchases).chain(of_servers).for_each(|line| switches.write(line));
    let position = Position {
        format: POSITION_FORMAT.into(),
        lines,
        optimum: windows.optimum,
        purchase,
        purchases,
        servers,
        shopping,
        warnings: warnings.0,
        intervals,
        to_do,
        violations,
        readings,
        reclaim,
        given_suites,
        suites,
        pool,
        pools,
        server_suites,
    };
    let mut transfers: Vec<_> = wanted.iter().filter_map(|wanted| ledger::transfers(checked, wanted)).collect();
    transfers.sort_by(|one, two| one.cal.cmp(&two.cal));
    let assessment = Assessment {
        position,
        people: windows.people,
        devices: windows.devices,
        proof: windows.proof,
        hosts,
        uses,
        purchase_holders: windows.holders,
        transfers,
    };
    Ok((assessment, kept, wanted))
}

/// What the Windows Server CALs of an estate are counted from, for planning.
pub(crate) fn base_cals(estate: &Estate, catalogue: &Catalogue) -> Result<cal::Counted, EstateError> {
    let checked = Checked::of(estate, catalogue)?;
    let mut draft = Draft::of(&checked);
    cal::cals(&checked, &mut draft)?;
    Ok(draft.kept.swap_remove(0).counted)
}
