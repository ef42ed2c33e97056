//! Explanations as plain text for terminals: each with its reasons, other ways and what to do; then the rules, the switches
//! and the pages that they name, each once.

use std::{cmp::Ordering, fmt};

use caliper_licensing::{
    Confidence,
    explain::{Alternative, Explained, Explanation, Forcing, GivenOwned, PolicyInWords, RuleInWords, SourceInWords},
    words::NO_CURRENCY,
};

use super::findings::{findings, sentence};
use crate::web::text::{Count, Money};

/// Findings with explanations of their own.
const EXPLAINED: [&str; 6] = ["broken", "purchases", "suites", "servers", "take-back", "over-time"];

/// Displays explanations.
#[derive(Debug, Clone, Copy)]
pub struct InWords<'a>(pub &'a Explained);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explained { as_of, currency, explanations, rules, sources, policy, position, .. } = self.0;
        if let Some(position) = position {
            // an estate file need not state a day
            let day = if as_of.starts_with("0000") { String::new() } else { format!(" as of {as_of}") };
            writeln!(to, "The licence position{day}, line by line.")?;
            if position.lines.is_empty() {
                writeln!(to, "\nNothing needs a licence.")?;
            }
        }
        for (at, explanation) in explanations.iter().enumerate() {
            if at > 0 || position.is_some() {
                writeln!(to)?;
            }
            write_one(to, explanation, currency)?;
        }
        if let Some(position) = position {
            for finding in findings(position).iter().filter(|finding| !EXPLAINED.contains(&finding.anchor)) {
                list(to, finding.heading, finding.sentences.iter())?;
            }
            list(to, "Before you trust these numbers", position.warnings.iter())?;
        }
        list(to, "The rules", rules.iter().map(rule))?;
        list(to, "Your choices where the contract leaves room", policy.iter().map(switch))?;
        list(to, "Where the rules were read", sources.iter().map(source))
    }
}

fn write_one(to: &mut fmt::Formatter<'_>, explanation: &Explanation, currency: &str) -> fmt::Result {
    let Explanation { headline, forced_by, facts, alternatives, to_do, rules, confidence, .. } = explanation;
    // names begin it, and they stay as they are
    writeln!(to, "{}.", headline.trim_end_matches('.'))?;
    let mut part = |heading: &str, sentences: Vec<String>| {
        if sentences.is_empty() {
            return Ok(());
        }
        writeln!(to, "  {heading}:")?;
        sentences.iter().try_for_each(|sentence| writeln!(to, "  - {sentence}"))
    };
    let reasons = forced_by.iter().map(forcing).chain(facts.iter().map(|fact| sentence(fact, &[])));
    part("Why", reasons.collect())?;
    part("Other ways", alternatives.iter().map(|way| alternative(way, currency)).collect())?;
    part("What to do", to_do.iter().map(|one| sentence(one, &[])).collect())?;
    if !rules.is_empty() {
        writeln!(to, "  Rules: {}; {}", rules.join(", "), sure(*confidence))?;
    }
    Ok(())
}

fn list<T: AsRef<str>>(to: &mut fmt::Formatter<'_>, heading: &str, sentences: impl Iterator<Item = T>) -> fmt::Result {
    let mut sentences = sentences.peekable();
    if sentences.peek().is_some() {
        writeln!(to, "\n{heading}:")?;
    }
    sentences.try_for_each(|sentence| writeln!(to, "- {}", sentence.as_ref()))
}

/// `3 devices used hold no Device CAL: PC1, PC2, PC3.`
pub(super) fn forcing(forcing: &Forcing) -> String {
    let Forcing { what, count, names } = forcing;
    let more = match count.saturating_sub(names.len() as u64) {
        0 => String::new(),
        more => format!(" and {} more", Count(more)),
    };
    format!("{} {what}: {}{more}.", Count(*count), names.join(", "))
}

fn alternative(way: &Alternative, currency: &str) -> String {
    let Alternative { what, why, possible, cost_minor, instead_of_minor, lower_bound_minor, given_owned } = way;
    let currency = if currency.is_empty() { NO_CURRENCY } else { currency };
    let money = |minor| Money { minor, currency: currency.to_owned() };
    if !possible {
        return format!("{what}: not possible. {}", sentence(why, &[]));
    }
    let compared = |then: u64, now: u64| match then.cmp(&now) {
        Ordering::Equal => format!("{}, as much as recommended", money(then)),
        Ordering::Greater => format!("{} instead of {}, {} more", money(then), money(now), money(then - now)),
        Ordering::Less => format!("{} instead of {}, {} less", money(then), money(now), money(now - then)),
    };
    let least = |bound: Option<u64>| {
        let unproven =
            |bound| format!(" That no such way is cheaper is not proven; none can be below {}.", money(bound));
        bound.map_or_else(String::new, unproven)
    };
    let mut text = format!("{what}: {}", sentence(why, &[]));
    match (cost_minor, instead_of_minor) {
        (Some(then), Some(now)) => {
            text.extend([" At list price: ", &compared(*then, *now), ".", &least(*lower_bound_minor)]);
        }
        _ if given_owned.is_none() => text += " What it costs cannot be told without prices.",
        _ => {}
    }
    if let Some(GivenOwned { cost_minor, instead_of_minor, lower_bound_minor }) = given_owned {
        let compared = compared(*cost_minor, *instead_of_minor);
        text.extend([" Left to buy, given what is owned: ", &compared, ".", &least(*lower_bound_minor)]);
    }
    text
}

fn rule(rule: &RuleInWords) -> String {
    let RuleInWords { id, text, confidence, verified, sources, questions } = rule;
    let unsure = if *verified { "" } else { ", waits for a human's word" };
    let open = questions.iter().fold(String::new(), |open, question| open + " Open: " + question + ".");
    format!(
        "{id}: {} ({}{unsure}; {}).{open}",
        sentence(text, &[]).trim_end_matches('.'),
        letter(*confidence),
        sources.join(", ")
    )
}

fn switch(switch: &PolicyInWords) -> String {
    let PolicyInWords { name, value, is_default, text, rule } = switch;
    let value = if value.is_empty() { "left open" } else { value };
    let default = if *is_default { ", the default" } else { ", set by you" };
    format!("{name} = {value}{default}: {text} ({rule}).")
}

fn source(source: &SourceInWords) -> String {
    let SourceInWords { id, title, address } = source;
    if address.is_empty() { format!("{id}: {title}.") } else { format!("{id}: {title}, {address}") }
}

fn letter(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::H => "Microsoft's own text",
        Confidence::M => "several pages agree",
        Confidence::L => "one weak page",
        Confidence::K => "general knowledge, no page",
    }
}

/// How sure a number is.
fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::H => "they rest on Microsoft's own text",
        Confidence::M => "the least certain of them rests on several pages that agree",
        Confidence::L => "one of them rests on a weak page, or a fact is missing, so have it checked",
        Confidence::K => "one of them is general knowledge that no page was seen for, so have it confirmed",
    }
}
