//! Positions in the forms people and other tools take away with them.

pub mod changes;
pub mod csv;
pub mod explanation;
pub mod findings;
pub mod table;
