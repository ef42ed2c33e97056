//! The lines of a position as CSV for spreadsheets: the keys of `caliper.position/1` as columns.

use std::io;

use caliper_licensing::Position;

const COLUMNS: [&str; 12] = [
    "sku",
    "version",
    "unit",
    "needed",
    "owned",
    "short",
    "surplus",
    "cost_minor",
    "currency",
    "rules",
    "confidence",
    "policies",
];

/// Writes a head line and one line for each line of the position; rules are separated by spaces, switches by semicolons.
pub fn write(position: &Position, to: impl io::Write) -> Result<(), io::Error> {
    let mut writer = ::csv::Writer::from_writer(to);
    writer.write_record(COLUMNS)?;
    for line in &position.lines {
        writer.write_record([
            &line.sku,
            &line.version,
            &line.unit,
            &line.needed.to_string(),
            &line.owned.to_string(),
            &line.short.to_string(),
            &line.surplus.to_string(),
            &line.cost_minor.to_string(),
            &line.currency,
            &line.rules.join(" "),
            &format!("{:?}", line.confidence),
            &line.policies.join("; "),
        ])?;
    }
    writer.flush()
}

/// Names come from foreign logs: a cell must never become a formula when a spreadsheet opens the file.
#[must_use]
pub fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use caliper_licensing::{Confidence, Line, Optimum, POSITION_FORMAT};

    use super::*;

    #[test]
    fn one_line_per_product_with_every_key() {
        let line = Line {
            sku: "windows-server-cal/user".into(),
            version: "2019".into(),
            unit: "user".into(),
            needed: 3,
            owned: 1,
            short: 2,
            surplus: 0,
            cost_minor: 8386,
            currency: "EUR".into(),
            rules: vec!["E.3".into(), "E.28".into()],
            confidence: Confidence::M,
            policies: vec!["population = \"observed\"".into(), "window_days = 90".into()],
        };
        // every key of the contract has its column
        let keys = serde_json::to_value(&line).unwrap();
        assert_eq!(keys.as_object().unwrap().len(), COLUMNS.len());
        assert!(COLUMNS.iter().all(|column| keys.get(column).is_some()));
        let position = Position {
            format: POSITION_FORMAT.into(),
            lines: vec![line],
            optimum: Optimum::default(),
            ..Position::default()
        };
        let mut text = Vec::new();
        write(&position, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(
            text.lines().nth(1),
            Some(
                "windows-server-cal/user,2019,user,3,1,2,0,8386,EUR,E.3 E.28,M,\"population = \"\"observed\"\"; window_days = 90\""
            )
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "'-5"), ("a=b", "a=b"), ("", "")] {
            assert_eq!(harmless(cell), written);
        }
    }
}
