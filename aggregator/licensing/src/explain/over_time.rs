//! The smallest pools of CALs over time: what they come to, and what a CAL for everybody would cost (0.4, E.19).

use super::{
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, Explanation},
};
use crate::{
    cal::Family,
    position::{Pool, PoolVersion},
    prices::UnitPrice,
    words::{Count, product},
};

impl Explainer<'_> {
    /// One for each family of CALs of which it is known who was where when.
    pub(super) fn pools(&self) -> Result<Vec<Explanation>, ExplainError> {
        let position = &self.assessment.position;
        let base = self.kept.first().map(|kept| kept.cal.as_str());
        let mut found = Vec::new();
        if let Some((cal, pool)) = base.zip(position.pool.as_ref())
            && let Some(family) = Family::of(self.catalogue(), cal)
        {
            found.push(self.pool(pool, &family)?);
        }
        for of in &position.pools {
            if let Some(family) = Family::of(self.catalogue(), &of.cal) {
                found.push(self.pool(&of.pool, &family)?);
            }
        }
        Ok(found)
    }

    fn pool(&self, pool: &Pool, family: &Family<'_>) -> Result<Explanation, ExplainError> {
        let mut about = About { kind: "pool", id: family.name.into(), ..About::default() };
        about.rules.clone_from(&pool.rules);
        about.confidence = Some(pool.confidence);
        let kind = |count: u64, sku: &str, holders: u64, who: [&str; 2]| {
            (count > 0).then(|| {
                format!(
                    "{} × {} for {} {}",
                    Count(count),
                    product(sku, &pool.version),
                    Count(holders),
                    who[usize::from(holders != 1)]
                )
            })
        };
        let users = kind(pool.users, family.user, pool.user_holders, ["person", "people"]);
        let devices = kind(pool.devices, family.device, pool.device_holders, ["device", "devices"]);
        let pools: Vec<String> = users.into_iter().chain(devices).collect();
        let cost = if pool.currency.is_empty() {
            String::new()
        } else {
            format!(", {} at list price", self.money(pool.cost_minor))
        };
        let verdict = match (pool.proven, pool.currency.is_empty()) {
            (true, true) => "fewer would not have done, which is proven".to_owned(),
            (true, false) => "nothing cheaper would have done, which is proven".to_owned(),
            (false, true) => "whether fewer would have done is not proven".to_owned(),
            (false, false) => format!("nothing cheaper than {} would have done", self.money(pool.lower_bound_minor)),
        };
        about.headline = format!(
            "From {} to {} CALs that pass lawfully from one to the next would have done with {}{cost}; {verdict}",
            pool.from,
            pool.to,
            if pools.is_empty() { "none".to_owned() } else { pools.join(" and ") },
        );
        let most = [
            (pool.users, pool.busiest_of_users, family.user_noun()),
            (pool.devices, pool.busiest_of_devices, family.device_noun()),
        ];
        for (count, day, kind) in most {
            if let Some(day) = day.filter(|_| count > 0) {
                let verb = if count == 1 { "is" } else { "are" };
                about.facts.push(format!(
                    "{} {kind}{} {verb} held at once, first on {day}",
                    Count(count),
                    if count == 1 { "" } else { "s" }
                ));
            }
        }
        for PoolVersion { version, users, devices } in &pool.versions {
            about.facts.push(format!(
                "of these it is enough that {} {} of {version}",
                cals_in_words(*users, *devices),
                if users + devices == 1 { "is" } else { "are" }
            ));
        }
        if let Some(to_buy) = &pool.to_buy {
            let cost = if pool.currency.is_empty() {
                String::new()
            } else {
                let least = self.money(to_buy.lower_bound_minor);
                format!(" for {}; no pool leaves less than {least} to buy", self.money(to_buy.cost_minor))
            };
            let what = match to_buy.users.saturating_add(to_buy.devices) {
                0 => "nothing is".to_owned(),
                1 => format!("{} is", cals_in_words(to_buy.users, to_buy.devices)),
                _ => format!("{} are", cals_in_words(to_buy.users, to_buy.devices)),
            };
            about.facts.push(format!("given the CALs owned, {what} left to buy of these{cost} (E.29)"));
        }
        about.facts.push(
            "a CAL is held from somebody's first to last day, and for 90 days at least; then the next may have it (0.4)".into(),
        );
        about.facts.push(
            "this looks back over the whole period; the lines above count those who were there in the window (E.19)"
                .into(),
        );
        about.alternatives.push(self.one_each(pool, family)?);
        Ok(self.finish(about))
    }

    /// A CAL for each of the holders, none changing hands.
    fn one_each(&self, pool: &Pool, family: &Family<'_>) -> Result<Alternative, ExplainError> {
        let price = |sku: &str| UnitPrice::of(self.estate(), sku);
        let cost_minor = match price(family.user).zip(price(family.device)).filter(|_| !pool.currency.is_empty()) {
            None => None,
            Some((user, device)) => {
                let cost = user.cost(pool.user_holders)?;
                Some(cost.saturating_add(device.cost(pool.device_holders)?))
            }
        };
        let holders = pool.user_holders.saturating_add(pool.device_holders);
        let passing = pool.users.saturating_add(pool.devices);
        Ok(Alternative {
            what: "A CAL for each of these holders, none passing to another".into(),
            why: if holders == passing {
                format!("{} CALs as well: none of them could pass on in this time", Count(holders))
            } else {
                format!("{} CALs instead of {}", Count(holders), Count(passing))
            },
            possible: true,
            cost_minor,
            instead_of_minor: cost_minor.map(|_| pool.cost_minor),
            lower_bound_minor: None,
            given_owned: None,
        })
    }
}

/// `3 User CALs and 1 Device CAL`.
fn cals_in_words(users: u64, devices: u64) -> String {
    let kind = |count: u64, kind: &str| {
        (count > 0).then(|| format!("{} {kind} CAL{}", Count(count), if count == 1 { "" } else { "s" }))
    };
    let both: Vec<String> = kind(users, "User").into_iter().chain(kind(devices, "Device")).collect();
    both.join(" and ")
}
