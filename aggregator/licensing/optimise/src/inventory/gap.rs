//! Between the bound and the cost: covers near the segment of the hull on which the purchase lies.
//!
//! Around the ratio of the segment the choice is open in many small parts that have nothing to do with each other. Each has a
//! [`Front`]; one cover of each is chosen such that the sum fits best. Where only a limit is known, the part is searched.

use std::collections::BTreeMap;

use super::{
    Graph, Terms, count,
    front::{Front, Point, Witness},
    part::Part,
    refine::{Answer, cover_within},
    table::{Choice, Table},
};
use crate::gcd;

/// A ratio of weights, and what every cover weighs at least.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub left: u64,
    pub right: u64,
    pub least: u128,
}

/// The parts open between two ratios around that of a segment.
pub(super) struct Gap<'a> {
    terms: &'a Terms,
    line: Line,
    fronts: Vec<Front>,
    /// Per front, how much weight above a limit is asked for at once.
    reaches: Vec<u64>,
    /// Covers the whole graph, every part by its whole right side.
    base: Vec<bool>,
    /// What `base` covers outside the parts, on either side.
    fixed: Point,
    /// Lefts outside the parts and not covered by `base`.
    outside: u64,
    /// Weights of left and right at which the covers with the most and with the fewest lefts were cut.
    ends: [(u64, u64); 2],
}

/// Work of one question to a part that asks for more than a limit.
const QUESTION: u64 = 10_000_000;
/// A gap of at most one part in so many of the cost matters little: the last step up is often the hardest by far.
const LITTLE: u128 = 1_000;
/// Work that closes so small a gap at most.
const PROOF: u64 = 150_000_000;
/// Work of the question whether a limit itself can be reached.
const SURE: u64 = 1_000_000_000;

impl<'a> Gap<'a> {
    /// `open` spans what is open between `first` and covering everybody on the left. The parts are those open between `lower` and
    /// `upper` quarters of the ratio of `line`; 0 stands for no limit.
    pub fn around(
        terms: &'a Terms,
        open: &Part,
        sides: Sides,
        mut first: Vec<bool>,
        line: Line,
        [lower, upper]: [u64; 2],
    ) -> Self {
        let weights = |quarters: u64| {
            let shared = gcd(line.left * quarters, line.right * 4).max(1);
            (line.left * quarters / shared, line.right * 4 / shared)
        };
        let low = weights(lower);
        let below = match lower {
            0 => open.clone(),
            _ => open.split(&open.cover(low.0, low.1))[0].clone(),
        };
        // beyond the real ratio nobody trades
        let mut high = weights(upper);
        let product = |one: u64, two: u64| u128::from(one) * u128::from(two);
        let outside = open.lefts() - below.lefts();
        let part = if upper == 0 || product(high.0, terms.device_price) >= product(terms.user_price, high.1) {
            high = (terms.user_price, terms.device_price);
            below
        } else {
            let cover = below.cover(high.0, high.1);
            let sides = cover.users.iter().chain(&cover.devices);
            below.vertices.iter().zip(sides).for_each(|(&vertex, &covered)| first[vertex as usize] = covered);
            let [_, above] = below.split(&cover);
            above
        };
        let fronts: Vec<Front> = part.components().into_iter().map(Front::of).collect();
        let covers = sides.count(&first);
        let fixed = Point { lefts: covers.lefts, rights: covers.rights - part.rights() };
        let reaches = vec![16 * (line.left + line.right); fronts.len()];
        Self { terms, line, fronts, reaches, base: first, fixed, outside, ends: [low, high] }
    }

    /// A cheaper cover than `cost` among the combinations of known ones, with its cost. `bound` is below it; `work` counts pairs
    /// looked at by cuts and steps of tables.
    pub fn combine(&self, cost: u128, bound: u128, work: &mut u64) -> Option<(u128, Vec<bool>)> {
        let mut reach = u128::from(self.terms.user_price.max(self.terms.device_price));
        loop {
            let most = (bound + reach).min(cost - 1);
            let found = self.cheapest_known(most, work);
            if found.is_some() || most == cost - 1 {
                return found;
            }
            reach *= 4;
        }
    }

    /// A cheaper cover than `cost` if one is found, with its cost, and a bound no lower than `bound`.
    pub fn close(&mut self, cost: u128, bound: u128, work: &mut u64) -> (Option<(u128, Vec<bool>)>, u128) {
        let (mut best, mut cost, mut bound) = (None, cost, bound);
        while bound < cost {
            if (cost - bound).saturating_mul(LITTLE) <= cost {
                *work = (*work).min(PROOF);
            }
            let menus = Menus::of(&self.fronts, self.line, self.extra(cost - 1), false);
            let Some(menus) = menus else { break };
            let Some(table) = Table::of(&menus.tables, menus.limit, work) else { break };
            let sums = table.sums().map(|(lefts, extra)| (self.at_least(self.sum(&menus, lefts, extra)), lefts, extra));
            let Some((least, lefts, extra)) = sums.min().filter(|(least, ..)| *least < cost) else {
                bound = cost;
                break;
            };
            bound = bound.max(least);
            let choices = menus.choices(&table.choices(lefts));
            let sum = self.sum(&menus, lefts, extra);
            let (mut asked, mut answered) = (false, false);
            for (place, choice) in choices.into_iter().enumerate() {
                let (front, (point, witness)) = (menus.fronts[place], menus.points[place][choice]);
                if witness.is_some() {
                    continue;
                }
                asked = true;
                answered |= self.settle(front, point, work);
            }
            if !asked {
                // the sum exists; if it does not pay, what lies outside the parts would have to fill up
                let real = self.terms.cost(sum.lefts, sum.rights);
                if real >= cost {
                    break;
                }
                cost = real;
                best = Some((real, self.written(&menus, &menus.choices(&table.choices(lefts)))));
            } else if !answered {
                break;
            }
        }
        (best, bound)
    }

    /// Finds out whether a limit can be reached. Whether anything was learned.
    ///
    /// While at it, asks for much more: where a part cannot be covered with many more lefts and rights, either, all limits in
    /// between fall at once.
    fn settle(&mut self, number: usize, point: Point, work: &mut u64) -> bool {
        let front = &mut self.fronts[number];
        let reach = &mut self.reaches[number];
        let line = self.line;
        let mut ask = |front: &mut Front, most: Point, share: u64| {
            let mut share = (*work).min(share);
            *work -= share;
            let answer = cover_within(front, most, &mut share);
            *work += share;
            match answer {
                Answer::None => {
                    front.refuted(most);
                    Some(None)
                }
                Answer::Cover(found, covered) => {
                    front.found(found, covered);
                    Some(Some(found))
                }
                Answer::Unknown => None,
            }
        };
        while *reach > 0 {
            let most = Point {
                lefts: (point.lefts + *reach / line.left).min(front.part.lefts()),
                rights: (point.rights + *reach / line.right).min(front.part.rights()),
            };
            if most == point {
                break;
            }
            if ask(front, most, QUESTION) == Some(None) {
                *reach *= 2;
                return true;
            }
            *reach /= 4;
        }
        ask(front, point, SURE).is_some()
    }

    /// By how much a cover that costs at most `cost` to buy may outweigh the line.
    fn extra(&self, cost: u128) -> Option<i64> {
        let Line { left, right, least } = self.line;
        let Terms { user_price, device_price, owned_users, owned_devices } = *self.terms;
        let of = |weight: u64, price: u64| (u128::from(weight).checked_mul(cost)? / u128::from(price)).into();
        let bought: u128 = Option::max(of(left, user_price), of(right, device_price))?;
        let owned = u128::from(left) * u128::from(owned_users) + u128::from(right) * u128::from(owned_devices);
        i64::try_from(owned.checked_add(bought)?.checked_sub(least)?).ok()
    }

    fn cheapest_known(&self, most: u128, work: &mut u64) -> Option<(u128, Vec<bool>)> {
        let menus = Menus::of(&self.fronts, self.line, self.extra(most), true)?;
        let table = Table::of(&menus.tables, menus.limit, work)?;
        let sums = table.sums().map(|(lefts, extra)| {
            let sum = self.sum(&menus, lefts, extra);
            (self.terms.cost(sum.lefts, sum.rights), lefts)
        });
        let (cost, lefts) = sums.min().filter(|(cost, _)| *cost <= most)?;
        Some((cost, self.written(&menus, &menus.choices(&table.choices(lefts)))))
    }

    fn written(&self, menus: &Menus, choices: &[usize]) -> Vec<bool> {
        let mut covered = self.base.clone();
        for (front, witness) in self.fronts.iter().zip(&menus.usual) {
            front.write(*witness, &mut covered);
        }
        for (place, &choice) in choices.iter().enumerate() {
            let (_, witness) = menus.points[place][choice];
            self.fronts[menus.fronts[place]].write(witness.expect("a cover that is known"), &mut covered);
        }
        covered
    }

    /// The whole cover of a sum.
    fn sum(&self, menus: &Menus, lefts: i64, extra: i64) -> Point {
        let lefts = (self.fixed.lefts + menus.lefts).saturating_add_signed(lefts);
        let weight = self.line.least + u128::from(extra.unsigned_abs());
        let rights = (weight - u128::from(self.line.left) * u128::from(lefts)) / u128::from(self.line.right);
        Point { lefts, rights: rights as u64 }
    }

    /// What buying costs at least if the parts are covered like `sum` and the rest in any way at all.
    ///
    /// Outside the parts, lefts are traded for rights at the ratios of the ends at best: the covers there are cheapest at these.
    fn at_least(&self, sum: Point) -> u128 {
        let Terms { user_price, device_price, owned_users, owned_devices } = *self.terms;
        let [low, high] = self.ends;
        let priced = |price: u64, count: u64| u128::from(price) * u128::from(count);
        let owned = priced(device_price, owned_devices);
        let rights = priced(device_price, sum.rights);
        if sum.lefts <= owned_users {
            let more = self.outside.min(owned_users - sum.lefts);
            let freed = u128::from(low.0).saturating_mul(priced(device_price, more)) / u128::from(low.1);
            return rights.saturating_sub(freed.min(priced(device_price, self.fixed.rights))).saturating_sub(owned);
        }
        let fewer = self.fixed.lefts.min(sum.lefts - owned_users);
        let needed = u128::from(high.0).saturating_mul(priced(device_price, fewer)).div_ceil(u128::from(high.1));
        priced(user_price, sum.lefts - owned_users - fewer) + (rights + needed).saturating_sub(owned)
    }
}

/// What may be chosen within a limit of extra weight.
struct Menus {
    limit: i64,
    /// Parts with a choice.
    fronts: Vec<usize>,
    /// Menus of parts that choose alike: there are thousands of three people at a desk, whose order does not matter.
    alike: Vec<Vec<usize>>,
    /// Their choices together.
    tables: Vec<Vec<Choice>>,
    /// Behind each choice, and the cover if one is known.
    points: Vec<Vec<(Point, Option<Witness>)>>,
    /// Per part, the lightest cover with the fewest lefts.
    usual: Vec<Witness>,
    /// Lefts of these together.
    lefts: u64,
}

impl Menus {
    fn of(fronts: &[Front], line: Line, limit: Option<i64>, known_only: bool) -> Option<Self> {
        let limit = limit?;
        let weight = |point: Point| {
            u128::from(line.left) * u128::from(point.lefts) + u128::from(line.right) * u128::from(point.rights)
        };
        let mut menus = Self {
            limit,
            fronts: Vec::new(),
            alike: Vec::new(),
            tables: Vec::new(),
            points: Vec::new(),
            usual: Vec::new(),
            lefts: 0,
        };
        let mut pairs: BTreeMap<(Choice, bool), Vec<usize>> = BTreeMap::new();
        for (number, front) in fronts.iter().enumerate() {
            let usual = front.known().min_by_key(|(point, _)| (weight(*point), point.lefts));
            let (usual, witness) = usual.expect("a front has points");
            menus.usual.push(witness);
            menus.lefts += usual.lefts;
            let choice = |point: Point| Choice {
                lefts: point.lefts.cast_signed() - usual.lefts.cast_signed(),
                extra: i64::try_from(weight(point) - weight(usual)).unwrap_or(i64::MAX),
            };
            let mut points = vec![(usual, Some(witness))];
            let fits = |point: &Point| *point != usual && choice(*point).extra <= limit;
            points
                .extend(front.known().filter(|(point, _)| fits(point)).map(|(point, witness)| (point, Some(witness))));
            if !known_only {
                let known = points.len();
                for limit in front.limits().filter(fits) {
                    let reached = points[..known]
                        .iter()
                        .any(|(point, _)| point.lefts <= limit.lefts && point.rights <= limit.rights);
                    if !reached {
                        points.push((limit, None));
                    }
                }
            }
            if points.len() == 2 {
                let known = points[1].1.is_some();
                pairs.entry((choice(points[1].0), known)).or_default().push(menus.points.len());
            } else if points.len() > 2 {
                menus.alike.push(vec![menus.points.len()]);
                menus.tables.push(points.iter().map(|(point, _)| choice(*point)).collect());
            }
            if points.len() > 1 {
                menus.fronts.push(number);
                menus.points.push(points);
            }
        }
        // any number of n equal ones is a sum of 1, 2, 4 … and the rest
        for ((choice, _), mut equal) in pairs {
            let mut together = 1;
            while !equal.is_empty() {
                let rest = equal.split_off(together.min(equal.len()));
                let many = equal.len() as u64;
                let (lefts, extra) =
                    (choice.lefts.checked_mul(many.cast_signed())?, choice.extra.saturating_mul(many.cast_signed()));
                menus.alike.push(std::mem::replace(&mut equal, rest));
                menus.tables.push(vec![Choice { lefts: 0, extra: 0 }, Choice { lefts, extra }]);
                together *= 2;
            }
        }
        Some(menus)
    }

    /// From the choice of all alike to that of each menu.
    fn choices(&self, of_alike: &[usize]) -> Vec<usize> {
        let mut choices = vec![0; self.points.len()];
        for (alike, &choice) in self.alike.iter().zip(of_alike) {
            for &menu in alike {
                choices[menu] = choice;
            }
        }
        choices
    }
}

/// Which vertices of the whole graph are left and which are right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides {
    /// Number of users, who come first.
    pub users: usize,
    pub users_are_left: bool,
}

impl Sides {
    /// How many a cover of the whole graph has.
    pub fn count(self, covered: &[bool]) -> Point {
        let (users, devices) = covered.split_at(self.users);
        let (lefts, rights) = if self.users_are_left { (users, devices) } else { (devices, users) };
        Point { lefts: count(lefts), rights: count(rights) }
    }

    /// Covers every pair on the right.
    pub fn all_rights(self, graph: &Graph) -> Vec<bool> {
        let mut covered = vec![false; (graph.users() + graph.devices()) as usize];
        for (vertex, is_user) in self.active(graph) {
            covered[vertex as usize] = is_user != self.users_are_left;
        }
        covered
    }

    /// What is open between a cover and covering the whole left side.
    pub fn open(self, graph: &Graph, covered: &[bool]) -> Part {
        let of = |left: bool| {
            let side =
                (0..).zip(self.active(graph)).filter(|(_, (_, is_user))| (*is_user == self.users_are_left) == left);
            let open = side.filter(|(_, (vertex, _))| covered[*vertex as usize] != left);
            open.map(|(inside, _)| inside).collect::<Vec<u32>>()
        };
        let names: Vec<u32> = self.active(graph).map(|(vertex, _)| vertex).collect();
        let mut part = Part::of(graph.adjacency(), of(true), &of(false));
        part.vertices.iter_mut().for_each(|vertex| *vertex = names[*vertex as usize]);
        part
    }

    /// Whoever has a pair, in the graph's own order: number of the user or number of users plus that of the device.
    fn active(self, graph: &Graph) -> impl Iterator<Item = (u32, bool)> {
        let split = graph.adjacency().split();
        (0..graph.adjacency().vertices() as u32).map(move |vertex| {
            let is_user = vertex < split;
            (graph.name(vertex) + if is_user { 0 } else { self.users as u32 }, is_user)
        })
    }
}
