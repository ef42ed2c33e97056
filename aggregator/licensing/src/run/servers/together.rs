//! Editions for hosts that are run and managed where suites of both products are owned (rules C.19, E.29, G.8).
//!
//! A suite is a licence of either product on one host. Were it one of each wherever it is wanted, the products could be
//! decided apart: what both cost then is a lower bound. What each product would take so, without suites, and as the lines
//! count it, is set against what is owned as it really is and bettered host by host; the cheapest of these is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Order, Side, bound_of, cost_of, explain,
    owned::Owned,
    plain_cost,
    problem::{Licence, Machines, Problem, is_decided},
};
use crate::{
    book::Book,
    catalogue::Product,
    checked::Checked,
    draft::{Draft, add},
    estate::EstateError,
    optimise::cheapest_editions,
    owned::balance,
    position::Servers,
    prices::UnitPrice,
    run::{
        Settled, by_product,
        choice::{Choice, HostNeed},
        machine, management, oem, of_version,
        stock::Stock,
        use_in_azure,
    },
    version::VersionName,
};

/// Hosts looked at while bettering one way.
const WORK: usize = 50_000;

/// What every host and machine takes, by product.
type Way<'n, 'a> = [Machines<'n, 'a>; 2];

/// The estate with what is needed in it.
struct Together<'c, 'n, 'a> {
    checked: &'c Checked<'a>,
    sides: [Side<'n, 'a>; 2],
    in_azure: Option<(VersionName, u64)>,
    /// Products that could be taken.
    skus: BTreeSet<&'a str>,
}

/// Writes the cheapest choice found and its bound into the draft.
pub(super) fn cheapest<'a>(
    checked: &Checked<'a>,
    sides: [Side<'_, 'a>; 2],
    in_azure: Option<(VersionName, u64)>,
    draft: &mut Draft<'_>,
) -> Result<(), EstateError> {
    let order = order(sides);
    let mut together = Together { checked, sides, in_azure, skus: BTreeSet::new() };
    let mut bound = 0;
    let mut ways: [Vec<Machines<'_, 'a>>; 2] = [Vec::new(), Vec::new()];
    for (side, ways) in sides.into_iter().zip(&mut ways) {
        if !side.all.iter().any(is_decided) {
            ways.push(Vec::new());
            continue;
        }
        for suites in [true, false] {
            let mut owned = Owned::of(checked, side.product, suites);
            if side.product == Product::WindowsServer {
                owned.tie(checked, side);
            }
            let Some(problem) = Problem::of(checked, side, &owned, &order) else { return Ok(()) };
            let Some(plan) = cheapest_editions(&problem.as_editions(), &problem.plain) else { return Ok(()) };
            if suites {
                bound = add(bound, problem.minor(plan.lower_bound)?)?;
                together.skus.extend(&problem.skus);
                ways.push(problem.taken(&problem.plain));
            }
            ways.push(problem.taken(&plan.taken));
        }
    }
    let [windows, managed] = ways;
    let mut best: Option<(u64, Way<'_, 'a>)> = None;
    for run in &windows {
        for manage in &managed {
            let way = [run.clone(), manage.clone()];
            let Some(cost) = together.cost(&way)? else { continue };
            let (cost, way) = together.bettered(way, cost, bound, &order)?;
            if best.as_ref().is_none_or(|best| cost < best.0) {
                best = Some((cost, way));
            }
        }
    }
    let Some((_, way)) = best else { return Ok(()) };
    let (stock, settled) = together.settled(&way)?;
    let mut book = Book::of(checked);
    settled.write(together.skus.iter().copied(), &stock, &mut book)?;
    let Some(plain) = plain_cost(&book, draft)? else { return Ok(()) };
    let cost = cost_of(&book.lines)?;
    let lower_bound = bound_of(bound, cost);
    let saving = plain.saturating_sub(cost);
    draft.servers = Some(Servers {
        lines: book.lines,
        cost_minor: cost,
        lower_bound_minor: lower_bound,
        proven: lower_bound == cost,
        saving_minor: saving,
        shopping: book.shopping,
    });
    if saving > 0 {
        for (side, taken) in sides.into_iter().zip(&way) {
            explain(checked, side, taken, draft)?;
        }
    }
    Ok(())
}

impl<'n, 'a> Together<'_, 'n, 'a> {
    /// What is needed and owned that way, suites on their hosts.
    fn settled(&self, way: &Way<'n, 'a>) -> Result<(Stock, Settled<'a>), EstateError> {
        let checked = self.checked;
        let mut needs = [self.needs(way, 0), self.needs(way, 1)];
        let mut stock = Stock::of(checked.estate, checked.catalogue);
        let sum = |needs: &[HostNeed<'a>], sku: &str| {
            let of_sku = needs.iter().filter(|need| need.chosen.sku == sku);
            of_sku.fold(0_u64, |sum, need| sum.saturating_add(need.chosen.count))
        };
        for sku in [machine::STANDARD, machine::DATACENTER] {
            stock.assign_to_machines(sku, sum(&needs[0], sku));
        }
        oem::tie(checked, &mut needs[0], &mut stock);
        stock.assign_to_machines(management::BY_MACHINE, sum(&needs[1], management::BY_MACHINE));
        let mut products = by_product(&needs[0])?;
        if let Some((version, used)) = self.in_azure {
            use_in_azure(&mut products, version, used);
        }
        for products in [&products, &by_product(&needs[1])?] {
            stock.grant_cores(|sku| of_version(products, sku));
        }
        let settled = Settled::of(checked, &stock, (&needs[0], products), &needs[1])?;
        Ok((stock, settled))
    }

    fn needs(&self, way: &Way<'n, 'a>, at: usize) -> Vec<HostNeed<'a>> {
        let side = self.sides[at];
        let taken = way[at].iter().map(|(need, licence)| HostNeed {
            version: licence.version,
            chosen: Choice { sku: licence.sku, count: licence.count },
            for_minimum: 0,
            ..(*need).clone()
        });
        let mut needs: Vec<HostNeed<'a>> = taken.collect();
        needs.extend(side.all.iter().filter(|need| !is_decided(need)).cloned());
        machine::reach_minimum(self.checked.catalogue, side.product, &mut needs);
        needs
    }

    /// What must be bought; `None` if something of it has no price.
    fn cost(&self, way: &Way<'n, 'a>) -> Result<Option<u64>, EstateError> {
        let (stock, settled) = self.settled(way)?;
        let mut sum = 0;
        for &sku in &self.skus {
            let lines = balance(&of_version(&settled.products, sku), &settled.owned(sku, &stock));
            for short in lines.iter().map(|line| line.short).filter(|short| *short > 0) {
                let Some(price) = UnitPrice::of(self.checked.estate, sku) else { return Ok(None) };
                sum = add(sum, price.cost(short)?)?;
            }
        }
        Ok(Some(sum))
    }

    /// The way, of that cost, with what single hosts take changed as long as that costs less and the work allows.
    fn bettered(
        &self,
        mut way: Way<'n, 'a>,
        mut cost: u64,
        bound: u64,
        order: &Order<'a>,
    ) -> Result<(u64, Way<'n, 'a>), EstateError> {
        let hosts = way[0].len() + way[1].len();
        let mut left = WORK / hosts.max(1);
        // by host, where it stands in the way
        let mut places: BTreeMap<(u32, &str), [Option<usize>; 2]> = BTreeMap::new();
        for (side, taken) in way.iter().enumerate() {
            for (at, (need, _)) in taken.iter().enumerate() {
                if need.host.is_some() && need.group.is_none() {
                    let rank = order.get(need.id).copied().unwrap_or(0);
                    places.entry((rank, need.id)).or_default()[side] = Some(at);
                }
            }
        }
        loop {
            let before = cost;
            for places in places.values() {
                let of_side = |side: usize| -> Vec<Licence<'a>> {
                    places[side].map_or_else(Vec::new, |at| options(way[side][at].0))
                };
                let [run, manage] = [of_side(0), of_side(1)];
                let kept = [0, 1].map(|side| places[side].map(|at| way[side][at].1));
                let mut best = kept;
                for run in any(&run) {
                    for manage in any(&manage) {
                        if left == 0 || cost <= bound {
                            continue;
                        }
                        left -= 1;
                        set(&mut way, places, [run, manage]);
                        if let Some(found) = self.cost(&way)?.filter(|found| *found < cost) {
                            (cost, best) = (found, [run, manage]);
                        }
                    }
                }
                set(&mut way, places, best);
            }
            if cost == before || left == 0 || cost <= bound {
                return Ok((cost, way));
            }
        }
    }
}

fn any<'o, 'a>(options: &'o [Licence<'a>]) -> impl Iterator<Item = Option<Licence<'a>>> + use<'o, 'a> {
    let nothing = options.is_empty().then_some(None);
    options.iter().copied().map(Some).chain(nothing)
}

fn set<'a>(way: &mut Way<'_, 'a>, places: &[Option<usize>; 2], licences: [Option<Licence<'a>>; 2]) {
    for (side, (place, licence)) in places.iter().zip(licences).enumerate() {
        if let (Some(at), Some(licence)) = (*place, licence) {
            way[side][at].1 = licence;
        }
    }
}

/// What would do for a host.
fn options<'a>(need: &HostNeed<'a>) -> Vec<Licence<'a>> {
    let own = need.options.iter().map(|option| (need.version, option));
    let newer = need.newer.iter().map(|(version, option)| (*version, option));
    let licence = |(version, option): (VersionName, &Choice<'a>)| Licence {
        sku: option.sku,
        version,
        count: option.count,
        open: option.count,
    };
    own.chain(newer).map(licence).collect()
}

/// What would do for a host, by product.
type OfHost<'a> = [Vec<(VersionName, &'a str, u64)>; 2];

/// Hosts by what both products need on them, so that names decide only between hosts alike.
fn order<'a>(sides: [Side<'_, 'a>; 2]) -> Order<'a> {
    let mut of_host: BTreeMap<&str, OfHost<'_>> = BTreeMap::new();
    for (at, side) in sides.into_iter().enumerate() {
        for need in side.all.iter().chain(side.instead.iter().flat_map(|instead| &instead.hosts)) {
            let of_need = &mut of_host.entry(need.id).or_default()[at];
            if of_need.is_empty() {
                of_need.extend(options(need).iter().map(|option| (option.version, option.sku, option.count)));
            }
        }
    }
    let mut order: Vec<(&OfHost<'_>, &str)> = of_host.iter().map(|(id, needs)| (needs, *id)).collect();
    order.sort_unstable();
    order.into_iter().zip(0..).map(|((_, id), at)| (id, at)).collect()
}
