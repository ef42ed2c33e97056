//! Why an estate cannot be assessed.

/// Why an estate cannot be assessed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EstateError {
    /// A reference to something that is not there.
    #[error("{place} names {kind} `{id}`, which the estate does not have: add it or correct the name")]
    Missing {
        /// Where the reference stands, for example `server FS1`.
        place: String,
        /// `host`, `server`, `person`, `device`.
        kind: &'static str,
        /// The id named.
        id: String,
    },
    /// The same id twice.
    #[error("{kind} `{id}` stands twice in the estate: give each its own id")]
    Twice {
        /// `host`, `server`, `person`, `device`.
        kind: &'static str,
        /// The id.
        id: String,
    },
    /// The columns of the accesses do not fit together or name rows that do not exist.
    #[error("{of} {row}: {problem}")]
    Access {
        /// `access`, or for example `access of the uses of rds-cal`.
        of: String,
        /// From 0.
        row: usize,
        /// What is wrong.
        problem: String,
    },
    /// A value that cannot be.
    #[error("{place}: {problem}")]
    Value {
        /// Where it stands, for example `price of windows-server-cal/user`.
        place: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// Two statements about the same thing.
    #[error("{place}: {one}, but {other}: keep the right one")]
    Contradiction {
        /// What it is about, for example `holders of entitlement CALS`.
        place: String,
        /// What the first says.
        one: String,
        /// What the second says.
        other: String,
    },
    /// Money or a number does not fit.
    #[error("{0}: more than can be counted, check the prices and numbers")]
    TooLarge(String),
}
