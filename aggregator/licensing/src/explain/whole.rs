//! Lines of any product, and what a position says beside them.

use super::{
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, Explanation},
    near::near,
};
use crate::{
    cal::Family,
    position::{Line, ShoppingItem},
    words::{Count, product},
};

impl Explainer<'_> {
    pub(super) fn everything(&self) -> Result<Vec<Explanation>, ExplainError> {
        let position = &self.assessment.position;
        let mut found = Vec::new();
        for line in &position.lines {
            found.push(self.line(line)?);
        }
        found.extend(self.purchase().filter(|_| self.saving() > 0));
        found.extend(self.suites());
        for violation in &position.violations {
            found.push(self.broken(violation));
        }
        Ok(found)
    }

    fn saving(&self) -> u64 {
        self.assessment.position.purchase.as_ref().map_or(0, |purchase| purchase.saving_minor)
    }

    /// The lines of a product, of one version if it is named.
    pub(super) fn lines(&self, sku: &str, version: Option<&str>) -> Result<Vec<Explanation>, ExplainError> {
        let lines = &self.assessment.position.lines;
        let is = |line: &&Line| line.sku == sku && version.is_none_or(|version| line.version == version);
        let found: Vec<&Line> = lines.iter().filter(is).collect();
        if found.is_empty() {
            let name = version.map_or_else(|| sku.to_owned(), |version| format!("{sku} {version}"));
            return Err(ExplainError::Unknown { kind: "line", near: near_lines(sku, lines), name });
        }
        found.into_iter().map(|line| self.line(line)).collect()
    }

    /// One line.
    pub(super) fn line(&self, line: &Line) -> Result<Explanation, ExplainError> {
        let mut about = About {
            kind: "line",
            id: line.sku.clone(),
            version: line.version.clone(),
            headline: self.line_in_words(line),
            rules: line.rules.clone(),
            policy: line.policies.iter().filter_map(|switch| switch.split(" = ").next()).map(str::to_owned).collect(),
            confidence: Some(line.confidence),
            ..About::default()
        };
        let families = self.kept.iter().filter_map(|kept| Some((kept, Family::of(self.catalogue(), &kept.cal)?)));
        let family = families.into_iter().find(|(_, family)| {
            line.sku == family.user || line.sku == family.device || family.connector() == Some(&line.sku)
        });
        match family {
            _ if line.needed == 0 => {}
            Some((kept, family)) if family.connector() == Some(&line.sku) => {
                self.connector_line(line, kept, &family, &mut about)?;
            }
            Some((kept, family)) => self.cal_line(line, kept, &family, &mut about)?,
            None => self.run_line(line, &mut about),
        }
        self.add_owned(line, &mut about);
        self.add_shopping(line, &mut about);
        Ok(self.finish(about))
    }

    fn line_in_words(&self, line: &Line) -> String {
        let name = product(&line.sku, &line.version);
        if line.needed == 0 {
            return format!("{name}: nothing needs it, {} left over", Count(line.surplus));
        }
        let verdict = match (line.short, line.currency.is_empty(), line.surplus) {
            (0, _, 0) => "enough".to_owned(),
            (0, _, surplus) => format!("enough, {} left over", Count(surplus)),
            (short, true, _) => format!("{} to buy, at a price nobody gave", Count(short)),
            (short, false, _) => format!("{} to buy for {}", Count(short), self.money(line.cost_minor)),
        };
        format!("{name}: {} needed, {} owned, {verdict}", Count(line.needed), Count(line.owned))
    }

    /// Entitlements that count for the line, by version.
    fn add_owned(&self, line: &Line, about: &mut About) {
        if line.owned == 0 && line.surplus == 0 {
            return;
        }
        let estate = self.estate();
        for entitlement in estate.entitlements.iter().filter(|entitlement| entitlement.sku == line.sku) {
            let assured = match entitlement.software_assurance_until {
                Some(until) if until >= estate.as_of => {
                    format!(", under Software Assurance until {until}, so they count as the newest version (A.6)")
                }
                Some(until) => format!(", whose Software Assurance ended on {until}"),
                None => String::new(),
            };
            about.facts.push(format!("owned: {} of {}{assured}", Count(entitlement.quantity), entitlement.version));
        }
        self.add_included(line, about);
        if line.owned > 0 && line.needed > 0 {
            about.facts.push(format!(
                "{} of those owned serve this line: a licence serves its own version and older ones, the newest need first (E.29)",
                Count(line.owned)
            ));
        }
    }

    /// CALs that came with server licences (A.3).
    fn add_included(&self, line: &Line, about: &mut About) {
        let catalogue = self.catalogue();
        for entitlement in &self.estate().entitlements {
            let Some(included) = entitlement.included_cals else { continue };
            let row = catalogue.included.iter().find(|row| row.sku == entitlement.sku);
            let Some(family) = Family::of(catalogue, row.map_or("windows-server", |row| &row.family)) else { continue };
            let sku = if included.device { family.device } else { family.user };
            if sku == line.sku {
                about.facts.push(format!(
                    "owned: {} that came with each of {} × {} (A.3)",
                    included.count,
                    Count(entitlement.quantity),
                    product(&entitlement.sku, entitlement.version.name())
                ));
            }
        }
    }

    fn add_shopping(&self, line: &Line, about: &mut About) {
        if line.short == 0 {
            return;
        }
        let of_line = |item: &&ShoppingItem| item.sku == line.sku && item.version == line.version;
        let items: Vec<&ShoppingItem> = self.assessment.position.shopping.iter().filter(of_line).collect();
        let name = product(&line.sku, &line.version);
        if items.is_empty() {
            about.to_do.push(format!("buy {} × {name}; give its price to see what that costs", Count(line.short)));
            return;
        }
        for ShoppingItem { units, packs, cost_minor, .. } in items {
            let pack = if *units == 1 { String::new() } else { format!("pack of {} ", Count(u64::from(*units))) };
            about.to_do.push(format!("buy {} × {pack}{name} for {}", Count(*packs), self.money(*cost_minor)));
        }
    }

    /// The cheapest purchase of CALs, given what is owned.
    pub(super) fn purchase(&self) -> Option<Explanation> {
        let purchase = self.assessment.position.purchase.as_ref()?;
        let holders = self.assessment.purchase_holders.as_ref();
        let mut about = About { kind: "purchase", id: "purchase".into(), ..About::default() };
        about.rules.push("E.29".into());
        let proof = if purchase.proven {
            "no purchase is cheaper, which is proven".to_owned()
        } else {
            format!("none can cost less than {}", self.money(purchase.lower_bound_minor))
        };
        about.headline =
            format!("With the CALs owned the cheapest purchase costs {}; {proof}", self.money(purchase.cost_minor));
        for line in purchase.lines.iter().filter(|line| line.needed > 0) {
            let name = product(&line.sku, &line.version);
            about.facts.push(format!(
                "{name}: {} needed in this mix, {} of them owned, {} to buy",
                Count(line.needed),
                Count(line.owned),
                Count(line.short)
            ));
        }
        if let Some(holders) = holders {
            for idle in &holders.idle {
                about.facts.push(format!(
                    "{} × {} owned stay idle: nobody needs them in this mix (E.29)",
                    Count(idle.quantity),
                    product(&idle.sku, idle.version.name())
                ));
            }
            let new = |side: &[crate::CalHolder]| -> Vec<String> {
                side.iter().filter(|holder| holder.owned.is_none()).map(|holder| holder.id.clone()).collect()
            };
            let (people, devices) = (new(&holders.people), new(&holders.devices));
            about.forced_by(
                |count| format!("{} for whom a User CAL must be bought", if count == 1 { "person" } else { "people" }),
                people.iter().map(String::as_str),
            );
            about.forced_by(
                |count| {
                    format!("{} for which a Device CAL must be bought", if count == 1 { "device" } else { "devices" })
                },
                devices.iter().map(String::as_str),
            );
        }
        let plain = purchase.cost_minor.saturating_add(purchase.saving_minor);
        about.alternatives.push(Alternative {
            what: "The mix that is cheapest for one who owns nothing".into(),
            why: "What the lines above are short of".into(),
            possible: true,
            cost_minor: Some(plain),
            instead_of_minor: Some(purchase.cost_minor),
            lower_bound_minor: None,
        });
        for ShoppingItem { sku, version, units, packs, cost_minor, .. } in &purchase.shopping {
            let pack = if *units == 1 { String::new() } else { format!("pack of {} ", Count(u64::from(*units))) };
            about.to_do.push(format!(
                "buy {} × {pack}{} for {}",
                Count(*packs),
                product(sku, version),
                self.money(*cost_minor)
            ));
        }
        Some(self.finish(about))
    }

    /// CALs of several families bought together.
    pub(super) fn suites(&self) -> Option<Explanation> {
        let offer = self.assessment.position.suites.as_ref()?;
        let mut about = About { kind: "suites", id: "suites".into(), ..About::default() };
        about.rules.push("G.1".into());
        let buy: Vec<String> =
            offer.buy.iter().map(|one| format!("{} × {}", Count(one.count), product(&one.sku, ""))).collect();
        about.headline = format!(
            "Bought together, the CALs of all families cost {} for one who owns none: {}",
            self.money(offer.cost_minor),
            buy.join(", ")
        );
        about.alternatives.push(Alternative {
            what: "Single CALs of each family".into(),
            why: "As in the lines above".into(),
            possible: true,
            cost_minor: Some(offer.cost_minor.saturating_add(offer.saving_minor)),
            instead_of_minor: Some(offer.cost_minor),
            lower_bound_minor: None,
        });
        about.facts.push(if offer.proven {
            "no way to buy them is cheaper, which is proven".into()
        } else {
            format!("no way to buy them can cost less than {}", self.money(offer.lower_bound_minor))
        });
        Some(self.finish(about))
    }

    pub(super) fn violation(&self, of: &str) -> Result<Vec<Explanation>, ExplainError> {
        let all = &self.assessment.position.violations;
        Self::find("broken term of", of, all.iter().map(|violation| violation.of.as_str()))?;
        Ok(all.iter().filter(|violation| violation.of == of).map(|violation| self.broken(violation)).collect())
    }

    fn broken(&self, violation: &crate::Violation) -> Explanation {
        let crate::Violation { of, what, remedy, rules } = violation;
        self.finish(About {
            kind: "violation",
            id: of.clone(),
            headline: format!("{of}: {what}"),
            to_do: vec![remedy.clone()],
            rules: rules.clone(),
            ..About::default()
        })
    }
}

/// Lines of that product in other versions, or products that look like it.
fn near_lines(sku: &str, lines: &[Line]) -> Vec<String> {
    let of_product: Vec<String> =
        lines.iter().filter(|line| line.sku == sku).map(|line| format!("{} {}", line.sku, line.version)).collect();
    if !of_product.is_empty() {
        return of_product;
    }
    let mut skus: Vec<&str> = lines.iter().map(|line| line.sku.as_str()).collect();
    skus.dedup();
    near(sku, skus.into_iter())
}
