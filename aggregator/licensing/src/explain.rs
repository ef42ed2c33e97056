//! Explanations: what lies behind a number, and what changed between two positions.
//!
//! Reads assessments and estates; decides nothing.

mod difference;

pub use difference::{LineDifference, Numbers, line_differences, total};
