//! A position as plain text for terminals: one line per product, then the proof, then what the reader must know.

use std::fmt::{self, Write as _};

use caliper_licensing::{Line, Position, ShoppingItem};

use super::findings::findings;
use crate::web::text::{Count, Money, product};

/// Displays a position.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a>(pub &'a Position);

const HEADINGS: [&str; 8] = ["Licence", "Needed", "Owned", "Short", "Surplus", "Cost", "Sure", "Rules"];

impl fmt::Display for Table<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { lines, optimum, purchase, shopping, warnings, .. } = self.0;
        if lines.is_empty() {
            writeln!(to, "Nothing needs a licence.")?;
        } else {
            let mut rows = vec![HEADINGS.map(str::to_owned)];
            rows.extend(lines.iter().map(cells));
            write_aligned(to, &rows)?;
        }
        let currency =
            lines.iter().find(|line| line.sku.starts_with("windows-server-cal/") && !line.currency.is_empty());
        match currency {
            Some(line) if optimum.proven => {
                let cost = Money { minor: optimum.cost_minor, currency: line.currency.clone() };
                writeln!(to, "\nUser and Device CALs at list price: {cost}. Proven: no mix is cheaper.")?;
            }
            None if optimum.proven => writeln!(to, "\nProven: no mix of User and Device CALs is smaller.")?,
            _ => writeln!(to, "\nThe mix of User and Device CALs is not proven to be the cheapest.")?,
        }
        write_packs(to, shopping, "What is short")?;
        let others = self
            .0
            .purchases
            .iter()
            .map(|family| (format!("The cheapest purchase of {}", family.cal), &family.purchase));
        let base = purchase.iter().map(|purchase| ("The cheapest purchase of CALs".to_owned(), purchase));
        for (title, purchase) in base.chain(others).filter(|(_, purchase)| purchase.saving_minor > 0) {
            write_packs(to, &purchase.shopping, &title)?;
        }
        for finding in findings(self.0) {
            writeln!(to, "\n{}:", finding.heading)?;
            for sentence in &finding.sentences {
                writeln!(to, "- {sentence}")?;
            }
        }
        if !warnings.is_empty() {
            writeln!(to, "\nBefore you trust these numbers:")?;
            for warning in warnings {
                writeln!(to, "- {warning}")?;
            }
        }
        Ok(())
    }
}

/// A shopping list, unless all of it is single licences.
fn write_packs(to: &mut fmt::Formatter<'_>, shopping: &[ShoppingItem], title: &str) -> fmt::Result {
    if shopping.iter().all(|item| item.units == 1) {
        return Ok(());
    }
    writeln!(to, "\n{title} in the cheapest packs:")?;
    for ShoppingItem { sku, version, units, packs, cost_minor, currency } in shopping {
        let cost = Money { minor: *cost_minor, currency: currency.clone() };
        let (product, packs, units) = (product(sku, version), Count(*packs), Count(u64::from(*units)));
        writeln!(to, "  {product}: {packs} × pack of {units}, {cost}")?;
    }
    Ok(())
}

fn cells(line: &Line) -> [String; 8] {
    let cost = match (line.short, line.currency.as_str()) {
        (0, _) => "-".to_owned(),
        (_, "") => "no price".to_owned(),
        (_, currency) => Money { minor: line.cost_minor, currency: currency.to_owned() }.to_string(),
    };
    let count = |number| Count(number).to_string();
    [
        product(&line.sku, &line.version),
        count(line.needed),
        count(line.owned),
        count(line.short),
        count(line.surplus),
        cost,
        format!("{:?}", line.confidence),
        line.rules.join(" "),
    ]
}

/// Texts to the left, numbers to the right.
fn write_aligned(to: &mut fmt::Formatter<'_>, rows: &[[String; 8]]) -> fmt::Result {
    let mut widths = [0; 8];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let mut text = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            match at {
                0 | 6 | 7 => write!(text, "{cell:<width$}  ")?,
                _ => write!(text, "{cell:>width$}  ")?,
            }
        }
        writeln!(to, "{}", text.trim_end())?;
    }
    Ok(())
}
