//! What can be wrong with the numbers of a problem, for all solvers alike.

use thiserror::Error;

use super::{Prices, flow::FlowError, graph::GraphError};

/// Why a problem cannot be solved as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProblemError {
    /// Something names a number that does not exist.
    #[error("{what} {number} is named, but there are {count}")]
    Unknown {
        /// What it names: a user, a device, a host …
        what: &'static str,
        /// The number named.
        number: u32,
        /// How many there are.
        count: u32,
    },
    /// A list of prices does not match its side.
    #[error("{given} prices are given for {expected} {what}")]
    Prices {
        /// Whose prices.
        what: &'static str,
        /// Length of the list.
        given: usize,
        /// Number of vertices.
        expected: u32,
    },
    /// The numbers are beyond what is counted without wrapping.
    #[error("the prices add up to too much; use a coarser unit")]
    TooMuch,
    /// There are more than the solver has room for.
    #[error("{count} {what} are too many; the limit is {limit}")]
    TooMany {
        /// Of what there are too many.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Nothing on sale covers an access.
    #[error("nothing on sale covers what family {family} needs; give a price for it")]
    NotOnSale {
        /// Number of the family of licences.
        family: u32,
    },
    /// A stay ends before it begins.
    #[error("stay {index} ends on day {last}, before it begins on day {first}")]
    Backwards {
        /// Position of the stay, from 0.
        index: usize,
        /// Its first day.
        first: u32,
        /// Its last day.
        last: u32,
    },
}

impl From<FlowError> for ProblemError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::UnknownNode { node, nodes } => Self::Unknown { what: "node", number: node, count: nodes },
            FlowError::TooLarge { arcs } => Self::TooMany { what: "arcs", count: arcs, limit: (u32::MAX / 2) as usize },
            FlowError::TooMuch | FlowError::Unlimited { .. } => Self::TooMuch,
        }
    }
}

impl From<GraphError> for ProblemError {
    fn from(error: GraphError) -> Self {
        let limit = (u32::MAX / 2) as usize;
        match error {
            GraphError::TooLarge { pairs, .. } => Self::TooMany { what: "pairs", count: pairs, limit },
            GraphError::OutOfRange { user, users, .. } if user >= users => Self::unknown("user", user, users),
            GraphError::OutOfRange { device, devices, .. } => Self::unknown("device", device, devices),
        }
    }
}

impl ProblemError {
    fn unknown(what: &'static str, number: u32, count: u32) -> Self {
        Self::Unknown { what, number, count }
    }
}

/// Whether `number` names one of `count`.
pub(super) fn check_number(what: &'static str, number: u32, count: u32) -> Result<(), ProblemError> {
    if number < count { Ok(()) } else { Err(ProblemError::unknown(what, number, count)) }
}

/// Whether there is one price for each of `count`, and they add up to no more than `limit`; their sum.
pub(super) fn check_prices(
    what: &'static str,
    prices: Prices<'_>,
    count: u32,
    limit: u64,
) -> Result<u64, ProblemError> {
    let sum = match prices {
        Prices::Same(price) => u128::from(price) * u128::from(count),
        Prices::Each(list) if list.len() == count as usize => list.iter().map(|&price| u128::from(price)).sum(),
        Prices::Each(list) => return Err(ProblemError::Prices { what, given: list.len(), expected: count }),
    };
    u64::try_from(sum).ok().filter(|&sum| sum <= limit).ok_or(ProblemError::TooMuch)
}
