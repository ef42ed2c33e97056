//! Explanations: what lies behind a number, and what changed between two positions.
//!
//! Reads assessments and estates; decides nothing but what a way not taken would have cost.

mod alternative;
mod bundle_line;
mod cal_line;
mod changes;
mod citations;
mod difference;
mod editions;
mod explainer;
mod explanation;
mod happened;
mod holder;
mod machine;
mod moved;
mod moves;
mod near;
mod over_time;
mod purchase;
mod run_line;
mod stages;
mod subject;
mod whole;

pub use changes::{CHANGES_FORMAT, Changes, Step, changes};
pub use difference::{LineDifference, Numbers, line_differences, total};
pub use explainer::{ExplainError, Explainer};
pub use explanation::{
    Alternative, EXPLANATION_FORMAT, Explained, Explanation, Forcing, GivenOwned, PolicyInWords, RuleInWords,
    SourceInWords,
};
pub use subject::Subject;
