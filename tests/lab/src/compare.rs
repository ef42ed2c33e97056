//! The position that Caliper computed beside the truth, line by line.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::truth::Truth;

/// The part of `caliper.position/1` that is compared; everything else in it is ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct Position {
    /// Its lines.
    pub lines: Vec<PositionLine>,
    /// Its proof.
    pub optimum: Optimum,
}

/// One line of a position.
#[derive(Debug, Clone, Deserialize)]
pub struct PositionLine {
    /// Licence.
    pub sku: String,
    /// Version.
    pub version: String,
    /// Needed.
    pub needed: u64,
    /// Not owned.
    pub short: u64,
    /// What those cost.
    pub cost_minor: u64,
}

/// The claim that no mix of CALs is cheaper.
#[derive(Debug, Clone, Deserialize)]
pub struct Optimum {
    /// List price of all CALs needed.
    pub cost_minor: u64,
    /// No mix costs less.
    pub lower_bound_minor: u64,
    /// Whether that is proven.
    pub proven: bool,
}

/// Both side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// A table for people.
    pub table: String,
    /// Whether every line agrees and no line is on one side only.
    pub equal: bool,
}

/// Compares. A line that needs nothing is no line.
#[must_use]
pub fn compare(truth: &Truth, position: &Position) -> Comparison {
    let numbers = |needed: u64, short: u64, cost: u64| [needed, short, cost];
    let mut keys: Vec<(&str, &str)> =
        truth.lines.iter().map(|line| (line.sku.as_str(), line.version.as_str())).collect();
    keys.extend(
        position.lines.iter().filter(|line| line.needed > 0).map(|line| (line.sku.as_str(), line.version.as_str())),
    );
    keys.sort_unstable();
    keys.dedup();
    let mut table = format!(
        "{:<32} {:<8} {:>26} {:>26}\n{:<41} {:>26} {:>26}\n",
        "licence", "version", "the lab's truth", "Caliper", "", "needed  short       cost", "needed  short       cost"
    );
    let mut equal = true;
    let side = |numbers: [u64; 3]| format!("{:>6} {:>6} {:>12}", numbers[0], numbers[1], money(numbers[2]));
    for (sku, version) in keys {
        let of_truth = truth
            .lines
            .iter()
            .find(|line| (line.sku.as_str(), line.version.as_str()) == (sku, version))
            .map_or([0; 3], |line| numbers(line.needed, line.short, line.cost_minor));
        let of_position = position
            .lines
            .iter()
            .find(|line| (line.sku.as_str(), line.version.as_str()) == (sku, version))
            .map_or([0; 3], |line| numbers(line.needed, line.short, line.cost_minor));
        equal &= of_truth == of_position;
        let mark = if of_truth == of_position { "" } else { "  <-- differs" };
        let _ = writeln!(table, "{sku:<32} {version:<8} {:>26} {:>26}{mark}", side(of_truth), side(of_position));
    }
    let optimum = &position.optimum;
    let proven = optimum.proven && optimum.lower_bound_minor == optimum.cost_minor;
    let same = proven && optimum.cost_minor == truth.cal_cost_minor;
    equal &= same;
    let _ = writeln!(
        table,
        "{:<41} {:>26} {:>26}{}",
        "all CALs at list price, proven cheapest",
        money(truth.cal_cost_minor),
        if proven { money(optimum.cost_minor) } else { format!("{} (unproven)", money(optimum.cost_minor)) },
        if same { "" } else { "  <-- differs" }
    );
    Comparison { table, equal }
}

fn money(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::Organisation, truth};

    fn pair() -> (Truth, Position) {
        let truth = truth::truth(&Organisation::new(40, 3, "2026-11-21".parse().unwrap()));
        let lines = truth.lines.iter().map(|line| PositionLine {
            sku: line.sku.clone(),
            version: line.version.clone(),
            needed: line.needed,
            short: line.short,
            cost_minor: line.cost_minor,
        });
        let cost = truth.cal_cost_minor;
        let optimum = Optimum { cost_minor: cost, lower_bound_minor: cost, proven: true };
        let position = Position { lines: lines.collect(), optimum };
        (truth, position)
    }

    #[test]
    fn one_licence_too_many_one_line_too_many_and_a_missing_proof_are_seen() {
        let (truth, right) = pair();
        assert!(compare(&truth, &right).equal);
        let mut wrong = right.clone();
        wrong.lines[0].needed += 1;
        assert!(!compare(&truth, &wrong).equal);
        let mut wrong = right.clone();
        wrong.lines.remove(0);
        assert!(!compare(&truth, &wrong).equal);
        let mut wrong = right.clone();
        wrong.lines.push(PositionLine { sku: "other".into(), ..right.lines[0].clone() });
        assert!(!compare(&truth, &wrong).equal);
        let mut wrong = right.clone();
        wrong.optimum.proven = false;
        assert!(!compare(&truth, &wrong).equal);
    }
}
