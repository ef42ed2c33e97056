//! The best weights so far: the linear program over mixtures of the covers seen (Dantzig and Wolfe 1960), by the simplex method.
//!
//! It rounds, for it only says where to cut next. Every bound comes from the cut itself, in whole numbers.

use super::{Terms, bound::Best, fixed::Fixed};

/// The program: least `a p + b q` such that `p` is at least holders less owned at each level of users, `q` the same for
/// devices, over mixtures of covers.
pub(super) struct Master<'a> {
    terms: &'a Terms,
    /// Holders less owned, one row per cover.
    covers: Vec<Vec<Fixed>>,
    basis: Vec<Variable>,
    /// How much of either kind is bought in the best mixture.
    bought: [Fixed; 2],
    seen: Vec<Vec<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Cover(usize),
    /// `p` or `q`.
    Bought(usize),
    Slack(usize),
}

const STEPS: usize = 500;
/// What a cover must save at least to be taken into the mixture, about a 65,000th of a unit of money: less is rounding, and could
/// go round in circles.
const GAIN: Fixed = Fixed::parts(16);
/// The least pivot.
const PIVOT: Fixed = Fixed::parts(20);

impl<'a> Master<'a> {
    pub fn new(terms: &'a Terms) -> Self {
        Self { terms, covers: Vec::new(), basis: Vec::new(), bought: [Fixed::ZERO; 2], seen: Vec::new() }
    }

    pub fn add(&mut self, counts: &[u64]) {
        let short = counts
            .iter()
            .zip(&self.terms.owned)
            .map(|(&count, &owned)| Fixed::whole(i128::from(count) - i128::from(owned)));
        let short = short.collect();
        if self.covers.contains(&short) {
            return;
        }
        self.covers.push(short);
        if self.covers.len() == 1 {
            self.basis = self.first_basis();
        }
    }

    /// Weights to cut at next; `None` when nothing new can be learned. `center` is the best so far, `bound` what it comes to.
    pub fn next(&mut self, center: &Best, bound: u128) -> Option<Vec<u64>> {
        let (duals, mixed) = self.solve()?;
        // no weights lead further than the best mixture
        if i128::try_from(bound).is_ok_and(|bound| mixed <= Fixed::whole(bound)) {
            return None;
        }
        let limits = [self.terms.scaled(0), self.terms.scaled(1)];
        let scale = Fixed::whole(i128::from(self.terms.scale));
        let mut weights: Vec<u64> = duals.into_iter().map(|dual| (dual.max(Fixed::ZERO) * scale).rounded()).collect();
        for (side, limit) in limits.into_iter().enumerate() {
            let own = &mut weights[side * self.terms.levels..(side + 1) * self.terms.levels];
            let mut room = limit;
            for weight in own {
                *weight = (*weight).min(room);
                room -= *weight;
            }
        }
        // half way from the best so far at first: the program alone jumps about while it knows little
        let reached = Fixed::whole(center.value) / scale;
        let knows_little = mixed - reached > mixed / Fixed::whole(50);
        let half: Vec<u64> = weights.iter().zip(&center.weights).map(|(one, other)| one.midpoint(*other)).collect();
        for weights in [half, weights].into_iter().skip(usize::from(!knows_little)) {
            if !self.seen.contains(&weights) && weights != center.weights {
                self.seen.push(weights.clone());
                return Some(weights);
            }
        }
        None
    }

    /// How much of either kind is bought in the best mixture, rounded down.
    pub fn bought(&self) -> [u64; 2] {
        self.bought.map(Fixed::rounded_down)
    }

    fn rows(&self) -> usize {
        2 * self.terms.levels + 1
    }

    /// The column of a variable: rows `p - holders - slack = 0` per level, and that the mixture adds up to one.
    fn column(&self, variable: Variable) -> Vec<Fixed> {
        let mut column = vec![Fixed::ZERO; self.rows()];
        match variable {
            Variable::Cover(number) => {
                for (row, short) in column.iter_mut().zip(&self.covers[number]) {
                    *row = -*short;
                }
                column[2 * self.terms.levels] = Fixed::ONE;
            }
            Variable::Bought(side) => {
                column[side * self.terms.levels..(side + 1) * self.terms.levels].fill(Fixed::ONE);
            }
            Variable::Slack(row) => column[row] = -Fixed::ONE,
        }
        column
    }

    fn cost(&self, variable: Variable) -> Fixed {
        match variable {
            Variable::Bought(side) => Fixed::whole(i128::from(self.terms.prices[side])),
            _ => Fixed::ZERO,
        }
    }

    /// The first cover alone, and as much bought as it needs.
    fn first_basis(&self) -> Vec<Variable> {
        let mut basis = Vec::new();
        for side in 0..2 {
            let rows = side * self.terms.levels..(side + 1) * self.terms.levels;
            let short = |row: usize| self.covers[0][row];
            let worst = rows.clone().max_by(|&one, &other| short(one).cmp(&short(other)));
            let worst = worst.filter(|&row| short(row) > Fixed::ZERO);
            basis
                .extend(rows.map(|row| if Some(row) == worst { Variable::Bought(side) } else { Variable::Slack(row) }));
        }
        basis.push(Variable::Cover(0));
        basis
    }

    /// The price of each row at the optimum, and its value, which no mixture of the covers goes below. Where rounding leads no further,
    /// those of the last step: good enough to cut at.
    fn solve(&mut self) -> Option<(Vec<Fixed>, Fixed)> {
        let size = self.rows();
        let mut last = None;
        for step in 0..STEPS {
            let Some((prices, entered)) = self.step(step > STEPS / 2) else {
                self.basis = self.first_basis();
                break;
            };
            last = Some((prices[..size - 1].to_vec(), prices[size - 1]));
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
        let mut right = vec![Fixed::ZERO; size];
        right[size - 1] = Fixed::ONE;
        let columns: Vec<Vec<Fixed>> = self.basis.iter().map(|&variable| self.column(variable)).collect();
        let costs: Vec<Fixed> = self.basis.iter().map(|&variable| self.cost(variable)).collect();
        // of every basic variable the column is worth its cost
        let prices = solved(columns.clone(), costs)?;
        let rows: Vec<Vec<Fixed>> = (0..size).map(|row| columns.iter().map(|column| column[row]).collect()).collect();
        let values = solved(rows.clone(), right)?;
        let all = (0..self.covers.len()).map(Variable::Cover);
        let all = all.chain((0..2).map(Variable::Bought)).chain((0..size - 1).map(Variable::Slack));
        let saving = |variable: Variable| {
            let worth: Fixed = self.column(variable).iter().zip(&prices).map(|(one, price)| *one * *price).sum();
            worth - self.cost(variable)
        };
        let free = all.filter(|variable| !self.basis.contains(variable)).map(|variable| (saving(variable), variable));
        let mut gainful = free.filter(|(saving, _)| *saving > GAIN);
        let entering = if in_turn { gainful.next() } else { gainful.max_by(|one, other| one.0.cmp(&other.0)) };
        let Some((_, entering)) = entering else {
            self.bought = [0, 1].map(|side| {
                let at = self.basis.iter().position(|&variable| variable == Variable::Bought(side));
                at.map_or(Fixed::ZERO, |at| values[at])
            });
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
