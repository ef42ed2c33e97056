//! What changed between two positions as plain text: the lines that differ with each cause's part, then the causes one after
//! another with what happened and whom it moved.

use std::fmt;

use caliper_licensing::explain::{Changes, LineDifference, Numbers, Step};

use super::explanation::forcing;
use crate::web::text::{Count, Money, product};

/// Displays a change.
#[derive(Debug, Clone, Copy)]
pub struct ChangesInWords<'a>(pub &'a Changes);

impl fmt::Display for ChangesInWords<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Changes { as_of_before, as_of, currency, lines, cost_before_minor, cost_minor, steps, .. } = self.0;
        if as_of_before == as_of {
            writeln!(to, "What changed from the one position to the other.")?;
        } else {
            writeln!(to, "What changed from the position as of {as_of_before} to that as of {as_of}.")?;
        }
        if lines.is_empty() {
            writeln!(to, "\nThe numbers are the same.")?;
        }
        for line in lines {
            writeln!(to, "\n{}", line_in_words(line))?;
            for step in steps {
                let same = |other: &&LineDifference| {
                    (&other.sku, &other.version, &other.unit) == (&line.sku, &line.version, &line.unit)
                };
                if let Some(part) = step.lines.iter().find(same) {
                    writeln!(to, "  - {}: {}", cause(&step.group), part_in_words(part))?;
                }
            }
        }
        if !currency.is_empty() {
            writeln!(to, "\n{}", cost_in_words(*cost_before_minor, *cost_minor, currency))?;
        }
        if steps.is_empty() {
            return writeln!(to, "\nBoth estates are the same.");
        }
        writeln!(
            to,
            "\nThe causes, one after another in this order; each is counted on top of those before it, so that together they \
             make the whole change:"
        )?;
        steps.iter().enumerate().try_for_each(|(at, step)| write_step(to, at + 1, step, currency))
    }
}

fn write_step(to: &mut fmt::Formatter<'_>, number: usize, step: &Step, currency: &str) -> fmt::Result {
    let Step { group, happened, lines, cost_before_minor, cost_minor, moved } = step;
    writeln!(to, "\n{number}. {}", cause(group))?;
    happened.iter().try_for_each(|one| writeln!(to, "  - {}", forcing(one)))?;
    if lines.is_empty() {
        return writeln!(to, "  That moves no licence.");
    }
    writeln!(to, "  What that moves:")?;
    lines.iter().try_for_each(|line| writeln!(to, "  - {}", line_in_words(line)))?;
    moved.iter().try_for_each(|one| writeln!(to, "  - {}", forcing(one)))?;
    if !currency.is_empty() && cost_before_minor != cost_minor {
        writeln!(to, "  {}", cost_in_words(*cost_before_minor, *cost_minor, currency))?;
    }
    Ok(())
}

/// A group of differences in words.
fn cause(group: &str) -> &str {
    match group {
        "window" => "The window",
        "policy" => "Your choices where the contract leaves room",
        "catalogue" => "The catalogue",
        "prices" => "Prices",
        "servers" => "Servers and hosts, with the access to new ones and that of those gone",
        "people" => "People and devices, with their access",
        "accesses" => "Access among those that were there before and after",
        "entitlements" => "Licences owned",
        // written by a newer program
        other => other,
    }
}

fn line_in_words(line: &LineDifference) -> String {
    let LineDifference { sku, version, currency, before, after, .. } = line;
    let mut parts = vec![format!("{} needed, was {}", Count(after.needed), Count(before.needed))];
    if after.owned != before.owned {
        parts.push(format!("{} owned, was {}", Count(after.owned), Count(before.owned)));
    }
    if after.short != before.short {
        parts.push(format!("{} to buy, was {}", Count(after.short), Count(before.short)));
    }
    if after.cost_minor != before.cost_minor {
        let money = |minor| Money { minor, currency: currency.clone() };
        parts.push(format!("{}, was {}", money(after.cost_minor), money(before.cost_minor)));
    }
    format!("{}: {}.", product(sku, version), parts.join("; "))
}

/// Only what differs, as more or less.
fn part_in_words(line: &LineDifference) -> String {
    let LineDifference { currency, before, after, .. } = line;
    let numbers = |of: &Numbers| [of.needed, of.owned, of.short];
    let both = numbers(before).into_iter().zip(numbers(after));
    let named = both.zip(["needed", "owned", "to buy"]).filter(|((before, after), _)| before != after);
    let mut parts: Vec<String> = named
        .map(|((before, after), name)| more_or_less(before, after, name, |count| Count(count).to_string()))
        .collect();
    if after.cost_minor != before.cost_minor {
        let money = |minor| Money { minor, currency: currency.clone() }.to_string();
        parts.push(more_or_less(before.cost_minor, after.cost_minor, "to pay", money));
    }
    parts.join(", ")
}

fn more_or_less(before: u64, after: u64, what: &str, number: impl Fn(u64) -> String) -> String {
    let word = if after > before { "more" } else { "less" };
    format!("{} {word} {what}", number(after.abs_diff(before)))
}

fn cost_in_words(before: u64, after: u64, currency: &str) -> String {
    let money = |minor| Money { minor, currency: currency.to_owned() };
    let differs = match after.cmp(&before) {
        std::cmp::Ordering::Equal => "the same as before".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more than before", money(after - before)),
        std::cmp::Ordering::Less => format!("{} less than before", money(before - after)),
    };
    format!("To buy all that is short costs {}, {differs}.", money(after))
}
