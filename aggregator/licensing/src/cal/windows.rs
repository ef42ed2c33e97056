//! Windows Server CALs: who needs one, the cheapest mix with its proof, and the cheapest purchase given what is owned.

use std::collections::HashMap;

use super::{
    ServerNeeds,
    basis::{AdministratorRule, Basis, Held, SetsApart},
    bought::{bought, warn_of_better_use},
    connectors::{Connectors, add_connectors, with_connectors},
    counted::{Counted, Kept, add_cals},
    coverages,
    family::{BASE, Family, may_include},
    intervals::{self, Undeclared},
};
use crate::{
    assessment::{Coverage, Proof, PurchaseHolders},
    book::NO_CURRENCY,
    checked::Checked,
    draft::Draft,
    estate::{Accesses, Estate, EstateError, Policy, Population, SqlModel},
    findings::Warnings,
    position::{Line, Optimum, Purchase, ToDo},
    prices::UnitPrice,
};

const USER_CAL: &str = "windows-server-cal/user";
const DEVICE_CAL: &str = "windows-server-cal/device";

/// What the CALs of Windows Server come to, beside the lines in the draft.
pub(crate) struct WindowsCals {
    pub optimum: Optimum,
    pub purchase: Option<Purchase>,
    pub holders: Option<PurchaseHolders>,
    pub people: Vec<Coverage>,
    pub devices: Vec<Coverage>,
    pub proof: Proof,
}

/// What the base CAL is counted from.
pub(crate) struct Ground<'a> {
    pub checked: &'a Checked<'a>,
    pub family: Family<'a>,
    servers: ServerNeeds,
    sql_by_core: Vec<(u32, u32, u32)>,
}

impl<'a> Ground<'a> {
    pub fn of(checked: &'a Checked<'a>, warnings: &mut Warnings) -> Self {
        let Some(family) = Family::of(checked.catalogue, BASE) else {
            unreachable!("the check of the catalogue asks for it")
        };
        let servers = ServerNeeds::of(checked, warnings);
        Self { checked, family, servers, sql_by_core: sql_by_core(checked.estate) }
    }

    /// Whether somebody reached SQL Server that is licensed by core (D.8).
    pub fn has_sql_by_core(&self) -> bool {
        !self.sql_by_core.is_empty()
    }

    /// By these switches, with these people and servers served otherwise.
    pub fn basis<'b>(&'b self, policy: &'b Policy, held: &'b Held, connected: &'b [bool]) -> Basis<'b> {
        let mut rules = self.family.rules();
        rules.extend(&self.servers.rules);
        if self.has_sql_by_core() {
            rules.add("D.8");
        }
        Basis {
            checked: self.checked,
            policy,
            accesses: &self.checked.estate.accesses,
            needs: &self.servers.needs,
            administrators: Some(AdministratorRule {
                most: policy.admin_exempt_per_server,
                devices: true,
                rule: "E.7",
            }),
            is_base: true,
            is_management: false,
            has_modes: false,
            externals_need_none: false,
            connected,
            sets_apart: SetsApart::Nothing,
            held,
            only_sql_by_core: if policy.sql_core_needs_windows_cal { &[] } else { &self.sql_by_core },
            rules,
        }
    }
}

/// Writes the lines and warnings of Windows Server CALs into the draft, and keeps what they were counted from.
pub(crate) fn windows_cals(
    ground: &Ground<'_>,
    held: &Held,
    connectors: &Connectors,
    draft: &mut Draft<'_>,
) -> Result<WindowsCals, EstateError> {
    let (checked, estate, family) = (ground.checked, ground.checked.estate, &ground.family);
    let basis = ground.basis(&estate.policy, held, &connectors.connected);
    let counted = Counted::of(&basis, family)?;
    let (user_count, device_count) = counted.counts();
    let likely = user_count.saturating_add(device_count);
    intervals::state(&basis, family, &counted, likely, &Undeclared::default(), draft)?;
    if counted.prices.is_none() && (user_count, device_count) != (0, 0) {
        draft.warnings.0.push(
            "no price is given for both User and Device CALs: the mix is the one with the fewest licences, costs are 0; \
             give the prices you pay"
                .into(),
        );
    }
    if !estate.prices.is_empty() && estate.currency.is_empty() {
        draft
            .warnings
            .0
            .push(format!("the prices have no currency, costs are shown in {NO_CURRENCY}: state `currency`"));
    }
    let stated = estate.entitlements.iter().filter(|row| row.included_cals.is_some());
    let none = stated.filter(|row| may_include(checked.catalogue, row).is_none());
    draft.warnings.about(none.map(|row| row.sku.as_str()), |_, list| {
        format!(
            "CALs said to have come with {list} do not count: no licence since 2012 and none for Datacenter came with any (A.3); \
             write down those bought as entitlements of their own"
        )
    });
    if connectors.hosts.is_empty() {
        warn_of_externals(estate, family.connector(), draft);
    }

    let owned_cals = family.owned(checked);
    let by_version = [counted.users.clone(), counted.devices.clone()];
    add_cals(&mut draft.book, family, by_version, &owned_cals, &counted.demand.rules)?;
    add_connectors(checked, &mut draft.book, family, connectors, &[])?;
    let (purchase, held_by, wanted) = bought(checked, &draft.book, family, &counted, &owned_cals)?;
    draft.wanted.push(wanted);
    match &purchase {
        Some(purchase) => warn_of_better_use(family, purchase, &mut draft.warnings),
        None => warn_of_idle_cals(&draft.book.lines, &mut draft.warnings),
    }
    let (people, devices) = coverages(&basis, &counted.demand, &counted.mix, "");
    let optimum = with_connectors(estate, family, connectors, counted.optimum()?)?;
    let proof = counted.proof(checked);
    let (needs, connectors) = (ground.servers.needs.clone(), connectors.clone());
    draft.kept.push(Kept { cal: family.name.into(), needs, accesses: None, connectors, counted });
    Ok(WindowsCals { optimum, purchase, holders: held_by, people, devices, proof })
}

/// Accesses of servers whose SQL Server is licensed by core or processor; sorted.
fn sql_by_core(estate: &Estate) -> Vec<(u32, u32, u32)> {
    let mut models = vec![(false, false); estate.servers.len()];
    let number: HashMap<&str, usize> = estate.servers.iter().map(|server| server.id.as_str()).zip(0..).collect();
    for instance in &estate.sql {
        if let Some(&at) = number.get(instance.server.as_str()) {
            match instance.model {
                Some(SqlModel::Core | SqlModel::Host | SqlModel::Processor) => models[at].0 = true,
                Some(SqlModel::ServerCal) | None => models[at].1 = true,
            }
        }
    }
    let uses = estate.uses.iter().filter(|used| matches!(used.cal.as_str(), "sql-server-cal" | "sql-server"));
    let rows = uses.flat_map(|used| used.accesses.rows());
    let mut found: Vec<_> = rows
        .filter(|row| models[row.server as usize] == (true, false))
        .map(|row| (row.person, row.device, row.server))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// E.23: without the price of a connector nobody can say whether it is cheaper.
fn warn_of_externals(estate: &Estate, connector: Option<&str>, draft: &mut Draft<'_>) {
    // a position is also for those who may not see who works where: people and their devices are counted, not named
    let mut counts = vec![estate.policy.population == Population::Entitled; estate.people.len()];
    for row in estate.accesses.rows().filter(|row| row.person != Accesses::NONE) {
        // E.9: visitors whom a server cannot tell apart need none
        counts[row.person as usize] |= row.flags & Accesses::ANONYMOUS == 0;
    }
    let external = estate.people.iter().zip(counts).filter(|(person, counts)| person.external && *counts).count();
    let Some(connector) = connector.filter(|_| external > 0) else { return };
    if UnitPrice::of(estate, connector).is_some()
        && UnitPrice::of(estate, USER_CAL).zip(UnitPrice::of(estate, DEVICE_CAL)).is_some()
    {
        return;
    }
    draft.warnings.0.push(format!(
        "external users counted like employees: {external}; an External Connector may be cheaper (E.22, E.23): give the \
         price of {connector}"
    ));
    draft.to_do.push(ToDo {
        what: format!("Give the price of {connector}: connectors may be cheaper than CALs for external users."),
        may_add: 0,
        may_add_minor: 0,
        rules: vec!["E.22".into(), "E.23".into()],
    });
}

/// The mix is the cheapest for one who owns nothing; where idle CALs of one kind face missing ones of the other, a dearer
/// mix may be cheaper to buy.
fn warn_of_idle_cals(lines: &[Line], warnings: &mut Warnings) {
    let total = |sku: &str, of: fn(&Line) -> u64| lines.iter().filter(|line| line.sku == sku).map(of).sum::<u64>();
    for (idle, idle_name, missing, missing_name) in
        [(USER_CAL, "User", DEVICE_CAL, "Device"), (DEVICE_CAL, "Device", USER_CAL, "User")]
    {
        let (surplus, short) = (total(idle, |line| line.surplus), total(missing, |line| line.short));
        if surplus > 0 && short > 0 {
            warnings.0.push(format!(
                "{surplus} {idle_name} CAL(s) owned are not needed in this mix while {short} {missing_name} CAL(s) are \
                 short: give the prices of both to see whether a mix that uses them is cheaper to buy (E.29)"
            ));
        }
    }
}
