//! Lines of any product, and what a position says beside them.

use std::collections::BTreeSet;

use super::{
    explainer::{About, ExplainError, Explainer},
    explanation::Explanation,
    near::near,
};
use crate::{
    cal::Family,
    position::{Line, ShoppingItem},
    version::VersionName,
    words::{Count, product},
};

/// Servers and hosts told about where nothing needs a licence.
const MOST_FREE: usize = 5;

impl Explainer<'_> {
    pub(super) fn everything(&self) -> Result<Vec<Explanation>, ExplainError> {
        let position = &self.assessment.position;
        let mut found = Vec::new();
        for line in &position.lines {
            found.push(self.line(line)?);
        }
        if position.lines.is_empty() {
            found.extend(self.nothing_needed()?);
        }
        found.extend(self.purchases(|purchase| purchase.saving_minor > 0));
        found.extend(self.editions());
        found.extend(self.suites());
        found.extend(self.reclaim());
        found.extend(self.transfers()?);
        found.extend(self.pools()?);
        for violation in &position.violations {
            found.push(self.broken(violation));
        }
        Ok(found)
    }

    /// Why nothing needs a licence: the first servers, and hosts without any, by name.
    fn nothing_needed(&self) -> Result<Vec<Explanation>, ExplainError> {
        let estate = self.estate();
        let servers: BTreeSet<&str> = estate.servers.iter().map(|server| server.id.as_str()).collect();
        let used: BTreeSet<&str> = estate.servers.iter().filter_map(|server| server.host.as_deref()).collect();
        let unused = estate.hosts.iter().map(|host| host.id.as_str()).filter(|id| !used.contains(id));
        let hosts: BTreeSet<&str> = unused.collect();
        let mut found = Vec::new();
        for id in servers.into_iter().take(MOST_FREE) {
            found.extend(self.server(id)?);
        }
        for id in hosts.into_iter().take(MOST_FREE - found.len()) {
            found.extend(self.host(id)?);
        }
        // where nothing costs anything, there is nothing to weigh
        for one in &mut found {
            one.alternatives.clear();
        }
        Ok(found)
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
            _ if line.needed == 0 => self.add_newer_need(line, &mut about),
            Some((kept, family)) if family.connector() == Some(&line.sku) => {
                self.connector_line(line, kept, &family, &mut about)?;
            }
            Some((kept, family)) => self.cal_line(line, kept, &family, &mut about)?,
            None if self.is_bundle(&line.sku) => self.bundle_line(line, &mut about)?,
            None => self.run_line(line, &mut about)?,
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
            (short, true, _) => format!("{} to buy, no price given", Count(short)),
            (short, false, _) => format!("{} to buy for {}", Count(short), self.money(line.cost_minor)),
        };
        format!("{name}: {} needed, {} owned, {verdict}", Count(line.needed), Count(line.owned))
    }

    /// Why licences left over do not serve what is short: they are too old for it.
    fn add_newer_need(&self, line: &Line, about: &mut About) {
        let number = |line: &Line| VersionName::from_name(&line.version);
        let newer = |other: &&Line| other.sku == line.sku && other.short > 0 && number(other) > number(line);
        let short = self.assessment.position.lines.iter().filter(newer);
        let versions: BTreeSet<&str> = short.map(|other| other.version.as_str()).collect();
        if !versions.is_empty() {
            let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
            about.facts.push(format!(
                "what is short is needed of {versions}, and a licence is good for its own version and older ones only (E.29)"
            ));
        }
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
            // plans have no versions
            let version = if self.is_plan(&line.sku) { String::new() } else { format!(" of {}", entitlement.version) };
            about.facts.push(format!("owned: {}{version}{assured}", Count(entitlement.quantity)));
        }
        self.add_included(line, about);
        if line.owned > 0 && line.needed > 0 {
            let used = line.owned.saturating_sub(line.surplus);
            let serve = if used == 1 { "serves" } else { "serve" };
            about.facts.push(format!(
                "{} of those owned {serve} this need: a licence is good for its own version and older ones, and the newest need \
                 takes the newest first (E.29)",
                Count(used)
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
            about.to_do.push(format!("buy {} × {name}; state its price to see what that costs", Count(line.short)));
            return;
        }
        about.to_do.extend(items.into_iter().map(|item| self.to_buy(item)));
    }

    /// `buy 3 packs of 16 × Windows Server 2022 Standard, core licence for 3,207.00 USD`.
    pub(super) fn to_buy(&self, item: &ShoppingItem) -> String {
        let ShoppingItem { sku, version, units, packs, cost_minor, .. } = item;
        let (name, cost) = (product(sku, version), self.money(*cost_minor));
        match (*units, *packs) {
            (1, count) => format!("buy {} × {name} for {cost}", Count(count)),
            (units, 1) => format!("buy one pack of {} × {name} for {cost}", Count(u64::from(units))),
            (units, packs) => format!("buy {} packs of {} × {name} for {cost}", Count(packs), Count(u64::from(units))),
        }
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
