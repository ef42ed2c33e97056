//! Licences that change hands: who gets which, and which can be taken back (0.4, E.19).

use super::{
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, Explanation, GivenOwned},
};
use crate::{
    assessment::{Transfer, Transfers},
    cal::Family,
    ledger,
    position::Reclaim,
    prices::UnitPrice,
    words::{Count, product},
};

impl Explainer<'_> {
    /// One for each product, version and reason; nobody need have been named before.
    pub(super) fn reclaim(&self) -> Vec<Explanation> {
        let holders = ledger::reclaimed_from(&self.checked, &self.wanted);
        let position = &self.assessment.position;
        let explained = position.reclaim.iter().map(|row| {
            let Reclaim { sku, version, quantity, from, why, rules, saves, saves_minor } = row;
            let mut about = About { kind: "reclaim", id: sku.clone(), version: version.clone(), ..About::default() };
            let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
            about.headline = format!("{} × {} can be taken back{from}", Count(*quantity), product(sku, version));
            about.rules.clone_from(rules);
            about.facts.push(why.clone());
            let names = holders
                .iter()
                .find(|group| group.sku == *sku && group.version.name() == version && why.starts_with(group.why));
            if let Some(group) = names {
                about.forced_by(
                    |count| if count == 1 { "holder of them today" } else { "holders of them today" }.into(),
                    group.names.iter().copied(),
                );
            }
            let cost = position.lines.iter().filter(|line| line.sku == *sku).map(|line| line.cost_minor);
            let cost = cost.fold(0, u64::saturating_add);
            about.alternatives.push(Alternative {
                what: "Leaving them where they are".into(),
                why: match saves {
                    0 => "Nothing more has to be bought today, but nobody who comes later can use them".into(),
                    1 => "One more has to be bought, for the numbers above count on one of these".into(),
                    count => format!(
                        "{0} more have to be bought, for the numbers above count on {0} of these",
                        Count(*count)
                    ),
                },
                possible: true,
                cost_minor: None,
                instead_of_minor: None,
                lower_bound_minor: None,
                given_owned: UnitPrice::of(self.estate(), sku).map(|_| GivenOwned {
                    cost_minor: cost.saturating_add(*saves_minor),
                    instead_of_minor: cost,
                    lower_bound_minor: None,
                }),
            });
            self.finish(about)
        });
        explained.collect()
    }

    /// One for each family of CALs of which it is known who holds some, if any change hands.
    pub(super) fn transfers(&self) -> Result<Vec<Explanation>, ExplainError> {
        let moving = self.assessment.transfers.iter();
        let moving = moving.filter(|of| !of.transfers.is_empty() || !of.buy.is_empty());
        moving.map(|of| self.transfers_of(of)).collect()
    }

    fn transfers_of(&self, of: &Transfers) -> Result<Explanation, ExplainError> {
        let Transfers { cal, keep, transfers, buy } = of;
        let mut about = About { kind: "transfers", id: cal.clone(), ..About::default() };
        about.rules.extend(["0.4".to_owned(), "E.29".to_owned()]);
        let free = |one: &&Transfer| one.from.is_none() && one.to.is_some();
        let moves = |one: &&Transfer| one.from.is_some() && one.to.is_some() && one.day.is_none();
        let later = |one: &&Transfer| one.to.is_some() && one.day.is_some();
        let back = |one: &&Transfer| one.to.is_none();
        let count = |of: &dyn Fn(&&Transfer) -> bool| transfers.iter().filter(of).count() as u64;
        let family = Family::of(self.catalogue(), cal);
        let noun = family.map_or_else(
            || format!("{cal} "),
            |family| if family.is_base() { "Windows Server ".to_owned() } else { family.noun() },
        );
        let parts = [
            (*keep, ["stays with its holder", "stay with those who hold them"]),
            (count(&free), ["free one is handed out", "free ones are handed out"]),
            (count(&moves), ["moves to somebody else now", "move to somebody else now"]),
            (count(&later), ["may move later only", "may move later only"]),
            (count(&back), ["is needed by nobody and can be taken back", "are needed by nobody and can be taken back"]),
            (buy.len() as u64, ["is to be bought", "are to be bought"]),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {}", Count(count), what[usize::from(count > 1)]))
            .collect();
        about.headline = format!("{noun}CALs, who gets which: {}", parts.join(", "));
        let name = |one: &Transfer| one.to.clone().or_else(|| one.from.clone()).unwrap_or_default();
        let both = |one: &Transfer| {
            let day = one.day.map_or(String::new(), |day| format!(" from {day} on"));
            format!("{} to {}{day}", one.from.as_deref().unwrap_or("free"), one.to.as_deref().unwrap_or("nobody"))
        };
        let mut add = |of: &dyn Fn(&&Transfer) -> bool, what: [&str; 2], name: &dyn Fn(&Transfer) -> String| {
            let names: Vec<String> = transfers.iter().filter(of).map(name).collect();
            about.forced_by(|count| what[usize::from(count > 1)].to_owned(), names.iter().map(String::as_str));
        };
        add(&free, ["gets a free one", "get free ones"], &name);
        add(&moves, ["moves from one who does not need it", "move from those who do not need them"], &both);
        add(&later, ["may move only after 90 days (0.4)", "may move only after 90 days (0.4)"], &both);
        add(&back, ["holder need not have one", "holders need none"], &name);
        about.forced_by(
            |count| {
                if count == 1 { "needs one that has to be bought" } else { "need ones that have to be bought" }.into()
            },
            buy.iter().map(|holder| holder.id.as_str()),
        );
        about.facts.push(
            "a licence may be given to somebody else 90 days after it was given, at once if its holder has left or the device \
             failed for good (0.4)"
                .into(),
        );
        about.alternatives.extend(self.moving_none(of, moves)?);
        Ok(self.finish(about))
    }

    /// All that would move now bought instead.
    fn moving_none(
        &self,
        of: &Transfers,
        moves: impl Fn(&&Transfer) -> bool,
    ) -> Result<Option<Alternative>, ExplainError> {
        let moved: Vec<&Transfer> = of.transfers.iter().filter(moves).collect();
        if moved.is_empty() {
            return Ok(None);
        }
        let is_person = |id: &str| self.estate().people.iter().any(|person| person.id == id);
        let family = Family::of(self.catalogue(), &of.cal);
        let mut cost = Some([0_u64; 2]);
        if let Some(family) = family {
            for (sku, of_people) in [(family.user, true), (family.device, false)] {
                let bought = of.buy.iter().filter(|holder| is_person(&holder.id) == of_people).count() as u64;
                let more = moved.iter().filter(|one| one.sku == sku).count() as u64;
                if bought + more == 0 {
                    continue;
                }
                cost = match (cost, UnitPrice::of(self.estate(), sku)) {
                    (Some([then, now]), Some(price)) => {
                        Some([then.saturating_add(price.cost(bought + more)?), now.saturating_add(price.cost(bought)?)])
                    }
                    _ => None,
                };
            }
        }
        let count = moved.len() as u64;
        let verb = if count == 1 { "more has" } else { "more have" };
        Ok(Some(Alternative {
            what: "Moving none".into(),
            why: format!("{} {verb} to be bought", Count(count)),
            possible: true,
            cost_minor: None,
            instead_of_minor: None,
            lower_bound_minor: None,
            given_owned: cost.map(|[cost_minor, instead_of_minor]| GivenOwned {
                cost_minor,
                instead_of_minor,
                lower_bound_minor: None,
            }),
        }))
    }
}
