//! The best weights so far: the linear program over mixtures of the covers seen (Dantzig and Wolfe 1960), by the simplex method.
//!
//! It rounds, for it only says where to cut next. Every bound comes from the cut itself, in whole numbers.

use super::{bound::Best, fixed::Fixed, terms::Terms};

/// The program: least `a p + b q` such that `p` is at least holders less owned at each level of users, `q` the same for
/// devices, over mixtures of covers. Of what is bought the least of the range is fixed, more than the most is dear.
pub(super) struct Master {
    levels: usize,
    prices: [u64; 2],
    /// What one more than the most costs, in prices.
    beyond: [u64; 2],
    /// Kinds of which only so many may be bought, and how many above the least.
    rooms: Vec<(usize, Fixed)>,
    /// What the least of the range costs.
    fixed: Fixed,
    /// What is owned and bought in any case.
    owned: Vec<i128>,
    /// Holders less owned, one row per cover, and the number of the cover.
    covers: Vec<(Vec<Fixed>, usize)>,
    basis: Vec<Variable>,
    /// The basic variables in the best mixture.
    values: Vec<(Variable, Fixed)>,
    seen: Vec<Vec<u64>>,
    /// Work done so far.
    pub work: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Cover(usize),
    /// `p` or `q`.
    Bought(usize),
    /// The same above the range.
    Beyond(usize),
    /// By how much a row is more than fulfilled: of a level, or what may still be bought.
    Slack(usize),
}

/// Where to cut next.
pub(super) enum Next {
    Weights(Vec<u64>),
    /// No weights lead further.
    Reached,
    /// Others might, if they were finer.
    TooCoarse,
}

const STEPS: usize = 500;
/// What a cover must save at least to be taken into the mixture, about a 65,000th of a unit of money: less is rounding, and could
/// go round in circles.
const GAIN: Fixed = Fixed::parts(16);
/// The least pivot.
const PIVOT: Fixed = Fixed::parts(20);

impl Master {
    pub fn new(terms: &Terms) -> Self {
        let whole = |number: u64| Fixed::whole(i128::from(number));
        let least = |side: usize| whole(terms.prices[side]) * whole(terms.range[side][0]);
        let owned = terms.owned.iter().enumerate();
        Self {
            levels: terms.levels,
            prices: terms.prices,
            beyond: [0, 1].map(|side| terms.most(side)),
            rooms: (0..2).filter_map(|side| Some((side, whole(terms.room(side)?)))).collect(),
            fixed: least(0) + least(1),
            owned: owned
                .map(|(at, &owned)| i128::from(owned) + i128::from(terms.range[at / terms.levels][0]))
                .collect(),
            covers: Vec::new(),
            basis: Vec::new(),
            values: Vec::new(),
            seen: Vec::new(),
            work: 0,
        }
    }

    pub fn add(&mut self, counts: &[u64], number: usize) {
        let short = counts.iter().zip(&self.owned).map(|(&count, &owned)| Fixed::whole(i128::from(count) - owned));
        let short = short.collect();
        if self.covers.iter().any(|(known, _)| *known == short) {
            return;
        }
        self.covers.push((short, number));
        if self.covers.len() == 1 {
            self.basis = self.first_basis();
        }
    }

    /// Weights to cut at next. `center` is the best so far, `bound` what it comes to.
    pub fn next(&mut self, terms: &Terms, center: &Best, bound: u128) -> Next {
        let Some((duals, mixed)) = self.solve() else { return Next::Reached };
        // no weights lead further than the best mixture
        if i128::try_from(bound).is_ok_and(|bound| mixed <= Fixed::whole(bound)) {
            return Next::Reached;
        }
        let scale = Fixed::whole(i128::from(terms.scale));
        let mut weights: Vec<u64> = duals.into_iter().map(|dual| (dual.max(Fixed::ZERO) * scale).rounded()).collect();
        for side in 0..2 {
            let mut room = terms.scaled(side) * terms.most(side);
            for at in terms.of_side(side) {
                weights[at] = weights[at].min(room);
                room -= weights[at];
            }
        }
        // half way from the best so far at first: the program alone jumps about while it knows little
        let reached = Fixed::whole(center.value) / scale;
        let knows_little = mixed - reached > mixed / Fixed::whole(50);
        let half: Vec<u64> = weights.iter().zip(&center.weights).map(|(one, other)| one.midpoint(*other)).collect();
        for weights in [half, weights].into_iter().skip(usize::from(!knows_little)) {
            if !self.seen.contains(&weights) && weights != center.weights {
                self.seen.push(weights.clone());
                return Next::Weights(weights);
            }
        }
        Next::TooCoarse
    }

    /// Weights have become finer, so none of them were seen.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// The covers of the best mixture with their shares, and how much of either kind is bought in it.
    pub fn mixture(&mut self) -> (Vec<(usize, Fixed)>, [Fixed; 2]) {
        self.solve();
        let shares = self.values.iter().filter(|(_, share)| *share > GAIN);
        let shares = shares.filter_map(|&(variable, share)| match variable {
            Variable::Cover(at) => Some((self.covers[at].1, share)),
            _ => None,
        });
        let of =
            |wanted: Variable| self.values.iter().find(|(variable, _)| *variable == wanted).map(|(_, value)| *value);
        let bought = [0, 1].map(|side| {
            let whole = of(Variable::Bought(side)).unwrap_or(Fixed::ZERO);
            whole + of(Variable::Beyond(side)).unwrap_or(Fixed::ZERO)
        });
        (shares.collect(), bought)
    }

    /// One per level, one for the mixture, one for each limit to what is bought.
    fn rows(&self) -> usize {
        2 * self.levels + 1 + self.rooms.len()
    }

    /// The column of a variable: rows `p - holders - slack = 0` per level, that the mixture adds up to one, and that no more is bought
    /// than the range allows.
    fn column(&self, variable: Variable) -> Vec<Fixed> {
        let mut column = vec![Fixed::ZERO; self.rows()];
        let mixture = 2 * self.levels;
        match variable {
            Variable::Cover(number) => {
                for (row, short) in column.iter_mut().zip(&self.covers[number].0) {
                    *row = -*short;
                }
                column[mixture] = Fixed::ONE;
            }
            Variable::Bought(side) | Variable::Beyond(side) => {
                column[side * self.levels..(side + 1) * self.levels].fill(Fixed::ONE);
                let limit = self.rooms.iter().position(|&(limited, _)| variable == Variable::Bought(limited));
                if let Some(limit) = limit {
                    column[mixture + 1 + limit] = Fixed::ONE;
                }
            }
            Variable::Slack(row) => column[row] = if row < mixture { -Fixed::ONE } else { Fixed::ONE },
        }
        column
    }

    fn cost(&self, variable: Variable) -> Fixed {
        let price = |side: usize| i128::from(self.prices[side]);
        match variable {
            Variable::Bought(side) => Fixed::whole(price(side)),
            Variable::Beyond(side) => Fixed::whole(price(side) * i128::from(self.beyond[side])),
            _ => Fixed::ZERO,
        }
    }

    /// What may be had of each row.
    fn right(&self) -> Vec<Fixed> {
        let levels = std::iter::repeat_n(Fixed::ZERO, 2 * self.levels);
        levels.chain([Fixed::ONE]).chain(self.rooms.iter().map(|(_, room)| *room)).collect()
    }

    /// The first cover alone, and as much bought as it needs.
    fn first_basis(&self) -> Vec<Variable> {
        let mut basis = Vec::new();
        let mut limits: Vec<Variable> =
            (0..self.rooms.len()).map(|limit| Variable::Slack(2 * self.levels + 1 + limit)).collect();
        for side in 0..2 {
            let rows = side * self.levels..(side + 1) * self.levels;
            let short = |row: usize| self.covers[0].0[row];
            let worst = rows.clone().max_by(|&one, &other| short(one).cmp(&short(other)));
            let worst = worst.filter(|&row| short(row) > Fixed::ZERO);
            let limit = self.rooms.iter().position(|&(limited, _)| limited == side);
            let limit = limit.filter(|&limit| worst.is_some_and(|row| short(row) > self.rooms[limit].1));
            basis.extend(rows.map(|row| match worst {
                Some(worst) if worst == row && limit.is_some() => Variable::Beyond(side),
                Some(worst) if worst == row => Variable::Bought(side),
                _ => Variable::Slack(row),
            }));
            if let Some(limit) = limit {
                limits[limit] = Variable::Bought(side);
            }
        }
        basis.push(Variable::Cover(0));
        basis.extend(limits);
        basis
    }

    /// The price of each row at the optimum, and its value, which no mixture of the covers goes below. Where rounding leads no further,
    /// those of the last step: good enough to cut at.
    fn solve(&mut self) -> Option<(Vec<Fixed>, Fixed)> {
        let mut last = None;
        for step in 0..STEPS {
            let Some((prices, entered)) = self.step(step > STEPS / 2) else {
                self.basis = self.first_basis();
                break;
            };
            let value =
                prices.iter().zip(self.right()).map(|(price, right)| *price * right).sum::<Fixed>() + self.fixed;
            last = Some((prices[..2 * self.levels].to_vec(), value));
            if !entered {
                break;
            }
        }
        last
    }

    /// The prices of the rows, and whether one more variable came into the basis; the first that gains if they take turns, so
    /// that it cannot go round in circles (Bland). `None` if rounding leaves no way to go on.
    fn step(&mut self, in_turn: bool) -> Option<(Vec<Fixed>, bool)> {
        let size = self.rows();
        self.work += (size * size * (size + self.covers.len()) / 4) as u64;
        let columns: Vec<Vec<Fixed>> = self.basis.iter().map(|&variable| self.column(variable)).collect();
        let costs: Vec<Fixed> = self.basis.iter().map(|&variable| self.cost(variable)).collect();
        // of every basic variable the column is worth its cost
        let prices = solved(columns.clone(), costs)?;
        let rows: Vec<Vec<Fixed>> = (0..size).map(|row| columns.iter().map(|column| column[row]).collect()).collect();
        let values = solved(rows.clone(), self.right())?;
        let all = (0..self.covers.len()).map(Variable::Cover);
        let all = all.chain((0..2).map(Variable::Bought)).chain((0..2).map(Variable::Beyond));
        let all = all.chain((0..size).filter(|&row| row != 2 * self.levels).map(Variable::Slack));
        let saving = |variable: Variable| {
            let worth: Fixed = self.column(variable).iter().zip(&prices).map(|(one, price)| *one * *price).sum();
            worth - self.cost(variable)
        };
        let free = all.filter(|variable| !self.basis.contains(variable)).map(|variable| (saving(variable), variable));
        let mut gainful = free.filter(|(saving, _)| *saving > GAIN);
        let entering = if in_turn { gainful.next() } else { gainful.max_by(|one, other| one.0.cmp(&other.0)) };
        let Some((_, entering)) = entering else {
            self.values = self.basis.iter().copied().zip(values).collect();
            return Some((prices, false));
        };
        let direction = solved(rows, self.column(entering))?;
        let steps =
            (0..size).filter(|&at| direction[at] > PIVOT).map(|at| (values[at].max(Fixed::ZERO) / direction[at], at));
        let (_, leaving) = steps.min_by(|one, other| one.0.cmp(&other.0))?;
        self.basis[leaving] = entering;
        Some((prices, true))
    }
}

/// Solves `rows * x = right` by elimination.
fn solved(mut rows: Vec<Vec<Fixed>>, mut right: Vec<Fixed>) -> Option<Vec<Fixed>> {
    let size = right.len();
    for column in 0..size {
        let pivot = (column..size).max_by(|&one, &other| rows[one][column].abs().cmp(&rows[other][column].abs()))?;
        if rows[pivot][column] == Fixed::ZERO {
            return None;
        }
        rows.swap(column, pivot);
        right.swap(column, pivot);
        let (above, below) = rows.split_at_mut(column + 1);
        let own = &above[column];
        for (row, below) in below.iter_mut().enumerate() {
            let factor = below[column] / own[column];
            if factor != Fixed::ZERO {
                for at in column..size {
                    below[at] -= factor * own[at];
                }
                let taken = factor * right[column];
                right[column + 1 + row] -= taken;
            }
        }
    }
    for column in (0..size).rev() {
        let known: Fixed = (column + 1..size).map(|at| rows[column][at] * right[at]).sum();
        right[column] = (right[column] - known) / rows[column][column];
    }
    Some(right)
}
