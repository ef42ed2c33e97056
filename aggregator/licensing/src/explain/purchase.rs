//! What a position says about buying beside its lines: the cheapest purchase of CALs given what is owned, and suites.

use super::{
    explainer::{About, Explainer},
    explanation::{Alternative, Explanation, GivenOwned},
};
use crate::{
    assessment::{CalHolder, PurchaseHolders},
    cal::Family,
    position::{GivenSuites, Line, Purchase, SuiteOffer},
    prices::UnitPrice,
    words::{Count, family, product},
};

impl Explainer<'_> {
    /// By what the skus of the family begin with.
    pub(super) fn purchase_of(&self, cal: &str) -> Option<&Purchase> {
        let position = &self.assessment.position;
        let is_base = self.kept.first().is_some_and(|kept| kept.cal == cal);
        if is_base {
            position.purchase.as_ref()
        } else {
            position.purchases.iter().find(|one| one.cal == cal).map(|one| &one.purchase)
        }
    }

    /// Who would hold which CAL of the family in its cheapest purchase.
    pub(super) fn holders_of(&self, cal: &str) -> Option<&PurchaseHolders> {
        let is_base = self.kept.first().is_some_and(|kept| kept.cal == cal);
        if is_base {
            self.assessment.purchase_holders.as_ref()
        } else {
            self.assessment.uses.iter().find(|used| used.cal == cal)?.purchase_holders.as_ref()
        }
    }

    /// The cheapest purchase of each family that `asks` for it, given what is owned.
    pub(super) fn purchases(&self, asks: impl Fn(&Purchase) -> bool) -> Vec<Explanation> {
        let of = |kept: &crate::cal::Kept| {
            let purchase = self.purchase_of(&kept.cal).filter(|purchase| asks(purchase))?;
            Some(self.purchase(purchase, &Family::of(self.catalogue(), &kept.cal)?))
        };
        self.kept.iter().filter_map(of).collect()
    }

    fn purchase(&self, purchase: &Purchase, family: &Family<'_>) -> Explanation {
        let mut about = About { kind: "purchase", id: family.name.into(), ..About::default() };
        about.rules.push("E.29".into());
        let proof = if purchase.proven {
            "no purchase is cheaper, which is proven".to_owned()
        } else {
            format!(
                "that none is cheaper is not proven, but none can cost less than {}",
                self.money(purchase.lower_bound_minor)
            )
        };
        let noun = if family.is_base() { "Windows Server ".to_owned() } else { family.noun() };
        let what = if family.is_management() { "Client MLs".to_owned() } else { format!("{noun}CALs") };
        let less = match purchase.saving_minor {
            0 => String::new(),
            saving => format!(", {} less than what the lines above are short of", self.money(saving)),
        };
        about.headline = format!(
            "Given the {what} owned, the cheapest purchase costs {}{less}; {proof}",
            self.money(purchase.cost_minor)
        );
        about.facts.extend(needed_then(&purchase.lines, "if CALs are given out this way"));
        self.add_holders(family, &mut about);
        about.alternatives.push(self.mix_of_lines(purchase, family));
        about.to_do.extend(purchase.shopping.iter().map(|item| self.to_buy(item)));
        self.finish(about)
    }

    fn add_holders(&self, family: &Family<'_>, about: &mut About) {
        let Some(holders) = self.holders_of(family.name) else { return };
        for idle in &holders.idle {
            let verb = if idle.quantity == 1 { "stays" } else { "stay" };
            about.facts.push(format!(
                "{} × {} owned {verb} unused: nobody needs more of them (E.29)",
                Count(idle.quantity),
                product(&idle.sku, idle.version.name())
            ));
        }
        let new = |side: &[CalHolder]| -> Vec<String> {
            side.iter().filter(|holder| holder.owned.is_none()).map(|holder| holder.id.clone()).collect()
        };
        let (people, devices) = (new(&holders.people), new(&holders.devices));
        let (user, device) = (family.user_noun(), family.device_noun());
        about.forced_by(
            |count| format!("{} for whom a {user} must be bought", if count == 1 { "person" } else { "people" }),
            people.iter().map(String::as_str),
        );
        about.forced_by(
            |count| format!("{} for which a {device} must be bought", if count == 1 { "device" } else { "devices" }),
            devices.iter().map(String::as_str),
        );
    }

    /// The mix that the lines count, which is the cheapest for one who owns nothing.
    fn mix_of_lines(&self, purchase: &Purchase, family: &Family<'_>) -> Alternative {
        let lines = &self.assessment.position.lines;
        Alternative {
            what: "The mix in the lines above, the cheapest for one who owns nothing".into(),
            why: "It leaves more of what is owned unused, or as much".into(),
            possible: true,
            cost_minor: self.at_list_price(lines, family),
            instead_of_minor: self.at_list_price(&purchase.lines, family),
            lower_bound_minor: None,
            given_owned: Some(GivenOwned {
                cost_minor: purchase.cost_minor.saturating_add(purchase.saving_minor),
                instead_of_minor: purchase.cost_minor,
                lower_bound_minor: None,
            }),
        }
    }

    /// All CALs of a family that these lines need.
    fn at_list_price(&self, lines: &[Line], family: &Family<'_>) -> Option<u64> {
        [family.user, family.device].into_iter().try_fold(0_u64, |sum, sku| {
            let needed = lines.iter().filter(|line| line.sku == sku).map(|line| line.needed);
            let needed = needed.fold(0, u64::saturating_add);
            sum.checked_add(UnitPrice::of(self.estate(), sku)?.cost(needed).ok()?)
        })
    }

    /// Suites owned that nobody is named for, and suites on sale: CALs of several families, and licences to run and to manage hosts.
    pub(super) fn suites(&self) -> Vec<Explanation> {
        let position = &self.assessment.position;
        let given = position.given_suites.iter().map(|given| self.given_suites(given));
        let of_cals = position
            .suites
            .iter()
            .map(|offer| self.suite(offer, "suites", "the CALs of all families", "Single CALs of each family", "G.1"));
        let of_servers = position.server_suites.iter().map(|offer| {
            self.suite(
                offer,
                "server-suites",
                "the licences to run and to manage the hosts",
                "Single licences of Windows Server and System Center",
                "G.8",
            )
        });
        given.chain(of_cals).chain(of_servers).collect()
    }

    fn given_suites(&self, given: &GivenSuites) -> Explanation {
        let mut about = About { kind: "suites", id: "given-suites".into(), ..About::default() };
        about.rules.extend(["E.29", "G.1"].map(String::from));
        let cost = self.money(given.cost_minor);
        about.headline = format!(
            "Suites and plans owned that nobody is named for go to those with whom the least is left to buy: {cost} for {}",
            given.cals.iter().map(|cal| family(cal, "cal")).collect::<Vec<String>>().join(", ")
        );
        about.facts.push(if given.proven {
            "whoever else held them, no less would be left to buy, which is proven".into()
        } else {
            format!(
                "that nobody else should hold them is not proven, but no less than {} can be left to buy",
                self.money(given.lower_bound_minor)
            )
        });
        self.finish(about)
    }

    fn suite(&self, offer: &SuiteOffer, id: &str, what: &str, single: &str, rule: &str) -> Explanation {
        let mut about = About { kind: "suites", id: id.into(), ..About::default() };
        about.rules.push(rule.into());
        let buy: Vec<String> =
            offer.buy.iter().map(|one| format!("{} × {}", Count(one.count), product(&one.sku, ""))).collect();
        about.headline = format!(
            "Bought together as suites, {what} cost {} for one who owns none of them: {}",
            self.money(offer.cost_minor),
            buy.join(", ")
        );
        about.facts.push(if offer.proven {
            "no way to buy them is cheaper, which is proven".into()
        } else {
            format!("no way to buy them can cost less than {}", self.money(offer.lower_bound_minor))
        });
        about.alternatives.push(Alternative {
            what: single.into(),
            why: "As in the lines above".into(),
            possible: true,
            cost_minor: Some(offer.cost_minor.saturating_add(offer.saving_minor)),
            instead_of_minor: Some(offer.cost_minor),
            lower_bound_minor: None,
            given_owned: None,
        });
        self.finish(about)
    }
}

/// What the lines of another choice come to, each as a sentence; `when` says which choice.
pub(super) fn needed_then(lines: &[Line], when: &str) -> impl Iterator<Item = String> {
    lines.iter().filter(|line| line.needed > 0).map(move |line| {
        format!(
            "{}: {} needed {when}, {} of them owned, {} to buy",
            product(&line.sku, &line.version),
            Count(line.needed),
            Count(line.needed - line.short),
            Count(line.short)
        )
    })
}
