//! Positions in the forms people and other tools take away with them.

pub mod csv;
pub mod findings;
pub mod table;
