//! The editions to choose for the hosts given the licences owned (C.19, E.29).

use super::{
    difference::total_of,
    explainer::{About, Explainer},
    explanation::{Alternative, Explanation, GivenOwned},
    purchase::needed_then,
};
use crate::words::{Count, product, unit_licences};

impl Explainer<'_> {
    /// Which hosts take another edition than the lines count, and what that saves; nothing if nothing is to be bought.
    pub(super) fn editions(&self) -> Option<Explanation> {
        let position = &self.assessment.position;
        let choice = position.servers.as_ref().filter(|choice| choice.cost_minor > 0 || choice.saving_minor > 0)?;
        let mut about = About { kind: "servers", id: "servers".into(), ..About::default() };
        about.rules.extend(["C.19".to_owned(), "E.29".to_owned()]);
        let verdict = if choice.proven {
            "no choice of editions costs less, which is proven".to_owned()
        } else {
            format!("no choice of editions can cost less than {}", self.money(choice.lower_bound_minor))
        };
        about.headline = match choice.saving_minor {
            0 => format!(
                "The editions in the lines above are the ones to choose given the server licences owned: {} to buy for them; {verdict}",
                self.money(choice.cost_minor)
            ),
            saving => format!(
                "Given the server licences owned, the cheapest editions for all hosts leave {} to buy, {} less than the lines above; \
                 {verdict}",
                self.money(choice.cost_minor),
                self.money(saving)
            ),
        };
        for host in &self.assessment.hosts {
            let Some(taken) = &host.with_owned else { continue };
            about.facts.push(format!(
                "on {}: {} {} of {} instead of {} {} of {}",
                host.id,
                Count(taken.count),
                unit_licences(&taken.unit, taken.count),
                alone(&taken.sku, ""),
                Count(host.chosen.count),
                unit_licences(&host.chosen.unit, host.chosen.count),
                alone(&host.chosen.sku, "")
            ));
        }
        if choice.saving_minor > 0 {
            about.facts.extend(needed_then(&choice.lines, "then"));
            let plain = choice.cost_minor.saturating_add(choice.saving_minor);
            about.alternatives.push(Alternative {
                what: "The editions in the lines above, the cheapest for one who owns nothing".into(),
                why: "They leave more of what is owned unused, or as much".into(),
                possible: true,
                cost_minor: total_of(self.estate(), &position.lines, &choice.lines),
                instead_of_minor: total_of(self.estate(), &choice.lines, &choice.lines),
                lower_bound_minor: None,
                given_owned: Some(GivenOwned {
                    cost_minor: plain,
                    instead_of_minor: choice.cost_minor,
                    lower_bound_minor: None,
                }),
            });
            about.to_do.extend(choice.shopping.iter().map(|item| self.to_buy(item)));
        }
        Some(self.finish(about))
    }
}

/// `Windows Server 2022 Standard`, without the unit; the version may be empty.
pub(super) fn alone(sku: &str, version: &str) -> String {
    let whole = product(sku, version);
    whole.split(", ").next().unwrap_or(&whole).to_owned()
}
