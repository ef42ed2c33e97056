//! The what-if switches of `caliper plan`, and a changed position beside the one without the changes.

use std::{
    fmt,
    io::{self, Write},
};

use caliper_licensing::{
    Position,
    explain::{LineDifference, line_differences, total},
    planner::{Change, Switch},
    words::{Count, Money, product},
};
use serde::Serialize;

use crate::report::table::Table;

/// What to change before counting; each may be given several times, ids may end with `*`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What if")]
pub struct WhatIfArgs {
    /// What a product costs, in cents or the like, for so many licences
    #[arg(long, value_name = "SKU=MINOR[/UNITS]")]
    price: Vec<String>,
    /// A policy switch; `default` is its default
    #[arg(long, value_name = "NAME=VALUE")]
    policy: Vec<String>,
    /// A server runs a newer version
    #[arg(long, value_name = "ID=VERSION")]
    upgrade: Vec<String>,
    /// A device is replaced by another one, or by one of their own for each who used it
    #[arg(long, value_name = "ID=OTHER|ID=personal")]
    replace_device: Vec<String>,
    /// Licences owned beside those of the estate
    #[arg(long, value_name = "SKU=QUANTITY[@VERSION][+sa]")]
    add_entitlement: Vec<String>,
    /// A server is gone, with all access to it
    #[arg(long, value_name = "ID")]
    remove_server: Vec<String>,
}

impl WhatIfArgs {
    /// As the planner takes them.
    pub(super) fn changes(&self) -> Vec<Change> {
        let Self { price, policy, upgrade, replace_device, add_entitlement, remove_server } = self;
        let given = [
            (Switch::RemoveServer, remove_server),
            (Switch::Upgrade, upgrade),
            (Switch::ReplaceDevice, replace_device),
            (Switch::Price, price),
            (Switch::Policy, policy),
            (Switch::AddEntitlement, add_entitlement),
        ];
        let change = |switch| move |value: &String| Change { switch, value: value.clone() };
        given.into_iter().flat_map(|(switch, values)| values.iter().map(change(switch))).collect()
    }
}

/// Both positions and what differs, `caliper.what-if/1`.
#[derive(Debug, Serialize)]
pub(super) struct WhatIf {
    format: &'static str,
    /// As given.
    changes: Vec<String>,
    /// After the changes.
    position: Position,
    /// Without them.
    without: Position,
    difference: Difference,
}

#[derive(Debug, Serialize)]
struct Difference {
    lines: Vec<LineDifference>,
    /// What is short costs with the changes and without, the cheapest way known, minor units.
    cost_minor: u64,
    cost_without_minor: u64,
}

impl WhatIf {
    pub fn of(changes: &[Change], without: Position, position: Position) -> Self {
        let lines = line_differences(&without, &position);
        let difference = Difference { lines, cost_minor: total(&position), cost_without_minor: total(&without) };
        let changes = changes.iter().map(|change| format!("{} {}", change.switch.name(), change.value)).collect();
        Self { format: "caliper.what-if/1", changes, position, without, difference }
    }

    pub fn print(&self, to: &mut impl Write, json: bool) -> io::Result<()> {
        if json {
            serde_json::to_writer_pretty(&mut *to, self)?;
            writeln!(to)
        } else {
            write!(to, "{}\n{}", Table(&self.position), self.difference)
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return writeln!(to, "Without the changes the numbers are the same.");
        }
        writeln!(to, "Against the estate without the changes:")?;
        for line in &self.lines {
            let LineDifference { sku, version, currency, before, after, .. } = line;
            write!(to, "  {}: ", product(sku, version))?;
            write!(to, "needed {}, was {}", Count(after.needed), Count(before.needed))?;
            if after.short != before.short {
                write!(to, "; to buy {}, was {}", Count(after.short), Count(before.short))?;
            }
            if after.cost_minor != before.cost_minor {
                write!(to, "; {}", more_or_less(before.cost_minor, after.cost_minor, currency))?;
            }
            writeln!(to)?;
        }
        let Some(currency) = self.lines.iter().map(|line| &line.currency).find(|currency| !currency.is_empty()) else {
            return Ok(());
        };
        let money = |minor| Money { minor, currency: currency.clone() };
        let (before, after) = (self.cost_without_minor, self.cost_minor);
        write!(to, "To buy what is short costs {}, without the changes {}", money(after), money(before))?;
        if after == before {
            return writeln!(to, ": the same.");
        }
        writeln!(to, ": {}.", more_or_less(before, after, currency))
    }
}

fn more_or_less(before: u64, after: u64, currency: &str) -> String {
    let word = if after > before { "more" } else { "less" };
    format!("{} {word}", Money { minor: after.abs_diff(before), currency: currency.to_owned() })
}
