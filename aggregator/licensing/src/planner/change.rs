//! What if: an estate changed as somebody asks, to set its position beside the one without the change.
//!
//! Knows the words of the switches and the estate; nothing of files and terminals.

use std::collections::BTreeSet;

use super::parts;
use crate::{
    assessment::Assessment,
    estate::{Entitlement, Estate, Policy, Price},
    findings::listed,
    version::VersionName,
};

/// What may be changed, in the order in which changes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Switch {
    /// `ID`: the server is gone, with all access to it.
    RemoveServer,
    /// `ID=VERSION`: the server runs a newer version.
    Upgrade,
    /// `ID=personal`: everybody who used this device has a device of their own; `ID=OTHER`: they use that one.
    ReplaceDevice,
    /// `SKU=MINOR[/UNITS]`: what it costs; all other prices of the product are gone.
    Price,
    /// `NAME=VALUE`: a policy switch; the value `default` is its default.
    Policy,
    /// `SKU=QUANTITY[@VERSION][+sa]`: licences owned beside the others, of the newest version unless one is named.
    AddEntitlement,
}

impl Switch {
    /// As it is written on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RemoveServer => "--remove-server",
            Self::Upgrade => "--upgrade",
            Self::ReplaceDevice => "--replace-device",
            Self::Price => "--price",
            Self::Policy => "--policy",
            Self::AddEntitlement => "--add-entitlement",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of what kind.
    pub switch: Switch,
    /// As written behind the switch. Ids may end with `*`, which stands for any ending.
    pub value: String,
}

/// A change that cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{} {}: {problem}", .change.switch.name(), .change.value)]
pub struct ChangeError {
    /// The change.
    pub change: Change,
    /// What is wrong, what there is, and what to do.
    pub problem: String,
}

/// The estate after all changes, which may stand in any order; `now` is the assessment of the estate as it is. Changes
/// are made one kind after another in the order of [`Switch`], so that a server that is removed cannot be upgraded.
pub fn changed(estate: &Estate, now: &Assessment, changes: &[Change]) -> Result<Estate, ChangeError> {
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| change.switch);
    let mut estate = estate.clone();
    let mut priced = BTreeSet::new();
    for change in changes {
        let value = change.value.as_str();
        let made = match change.switch {
            Switch::RemoveServer => remove_server(&mut estate, value),
            Switch::Upgrade => upgrade(&mut estate, value),
            Switch::ReplaceDevice => replace_device(&mut estate, value),
            Switch::Price => price(&mut estate, now, value, &mut priced),
            Switch::Policy => two(value).and_then(|(name, value)| policy(&mut estate.policy, name, value)),
            Switch::AddEntitlement => add_entitlement(&mut estate, now, value),
        };
        made.map_err(|problem| ChangeError { change: change.clone(), problem })?;
    }
    Ok(estate)
}

/// Both sides of the last `=`.
fn two(value: &str) -> Result<(&str, &str), String> {
    let sides = value.rsplit_once('=').map(|(left, right)| (left.trim(), right.trim()));
    sides.filter(|(left, right)| !left.is_empty() && !right.is_empty()).ok_or_else(|| "expected NAME=VALUE".into())
}

/// Numbers of the things that a pattern names.
fn matching<'a>(
    kind: &str,
    pattern: &str,
    ids: impl Iterator<Item = &'a str> + Clone,
) -> Result<BTreeSet<u32>, String> {
    let is_meant = |id: &str| match pattern.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == pattern,
    };
    let found: BTreeSet<u32> = (0..).zip(ids.clone()).filter(|(_, id)| is_meant(id)).map(|(at, _)| at).collect();
    if found.is_empty() { Err(nothing(kind, pattern, ids)) } else { Ok(found) }
}

fn nothing<'a>(kind: &str, name: &str, ids: impl Iterator<Item = &'a str>) -> String {
    let ids: BTreeSet<&str> = ids.collect();
    if ids.is_empty() {
        return format!("there is no {kind} at all: leave this change out");
    }
    format!("there is no {kind} `{name}`, only {}: name one of them, or use `*` for any ending", listed(&ids))
}

fn remove_server(estate: &mut Estate, pattern: &str) -> Result<(), String> {
    let gone = matching("server", pattern, estate.servers.iter().map(|server| server.id.as_str()))?;
    parts::remove_servers(estate, &gone);
    Ok(())
}

fn upgrade(estate: &mut Estate, value: &str) -> Result<(), String> {
    let (pattern, name) = two(value)?;
    let version = VersionName::windows(name).ok_or_else(|| {
        let known = VersionName::WINDOWS.map(VersionName::name).join(", ");
        format!("`{name}` is no version of Windows Server: write one of {known}")
    })?;
    let meant = matching("server", pattern, estate.servers.iter().map(|server| server.id.as_str()))?;
    let is_newer = |index: &u32| estate.servers[*index as usize].version.is_some_and(|running| running > version);
    // with a pattern those that are newer already stay as they are
    if meant.iter().all(is_newer) {
        let running = meant.iter().filter_map(|&index| estate.servers[index as usize].version).min();
        let running = running.map_or("", VersionName::name);
        return Err(format!("it runs {running} already, which is newer: name a newer version"));
    }
    for index in meant {
        let running = &mut estate.servers[index as usize].version;
        *running = running.filter(|&running| running > version).or(Some(version));
    }
    Ok(())
}

fn replace_device(estate: &mut Estate, value: &str) -> Result<(), String> {
    let (pattern, by) = two(value)?;
    let ids = || estate.devices.iter().map(|device| device.id.as_str());
    let mut old = matching("device", pattern, ids())?;
    if by == "personal" {
        parts::give_personal_devices(estate, &old);
        return Ok(());
    }
    let Some(new) = (0..).zip(ids()).find(|(_, id)| *id == by).map(|(at, _)| at) else {
        return Err(format!(
            "{}; or `personal` for a device for each person",
            nothing("device", by, ids()).trim_end_matches(", or use `*` for any ending")
        ));
    };
    old.remove(&new);
    parts::move_to_device(estate, &old, new);
    Ok(())
}

/// Products that the estate or its position speak of.
fn products<'a>(estate: &'a Estate, now: &'a Assessment) -> BTreeSet<&'a str> {
    let prices = estate.prices.iter().map(|price| price.sku.as_str());
    let owned = estate.entitlements.iter().map(|owned| owned.sku.as_str());
    let lines = now.position.lines.iter().map(|line| line.sku.as_str());
    let options = now.hosts.iter().flat_map(|host| &host.options).map(|option| option.sku.as_str());
    let cals = ["windows-server-cal/user", "windows-server-cal/device"];
    prices.chain(owned).chain(lines).chain(options).chain(cals).collect()
}

fn product<'a>(estate: &Estate, now: &Assessment, sku: &'a str) -> Result<&'a str, String> {
    let known = products(estate, now);
    if known.contains(sku) {
        return Ok(sku);
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(format!("this estate has nothing to do with `{sku}`, only with {}: name one of them", known.join(", ")))
}

fn price(estate: &mut Estate, now: &Assessment, value: &str, priced: &mut BTreeSet<String>) -> Result<(), String> {
    let (sku, amount) = two(value)?;
    product(estate, now, sku)?;
    let (minor, units) = match amount.split_once('/') {
        Some((minor, units)) => (minor, Some(units)),
        None => (amount, None),
    };
    let minor: u64 = minor.trim().parse().ok().filter(|&minor| minor > 0).ok_or_else(|| {
        format!("`{minor}` is no price: write a whole number above 0 in cents or the like, 4200 for 42.00")
    })?;
    let sizes = || estate.prices.iter().filter(|price| price.sku == sku).map(|price| price.units);
    let units = match units {
        Some(units) => units.trim().parse().ok().filter(|&units: &u32| units > 0).ok_or_else(|| {
            format!("`{units}` is no number of licences: write SKU=MINOR/UNITS, for example /16 for a pack of 16 cores")
        })?,
        None if sizes().count() > 1 => {
            let sizes: Vec<String> = sizes().map(|units| units.to_string()).collect();
            return Err(format!(
                "the estate has packs of {}: say which with SKU=MINOR/UNITS, the others are then left out",
                sizes.join(", ")
            ));
        }
        None => sizes().next().unwrap_or(1),
    };
    // several switches for one product are several packs
    if priced.insert(sku.to_owned()) {
        estate.prices.retain(|price| price.sku != sku);
    }
    estate.prices.push(Price { sku: sku.into(), minor, units });
    Ok(())
}

/// Serde knows the names and values of all switches, so it judges them and words what is wrong.
fn policy(policy: &mut Policy, name: &str, text: &str) -> Result<(), String> {
    let mut table = toml::Table::try_from(&*policy).map_err(|error| error.to_string())?;
    if text == "default" {
        let probe = toml::Table::from_iter([(name.to_owned(), toml::Value::String(text.into()))]);
        match probe.try_into::<Policy>() {
            Err(error) if error.message().contains("unknown field") => return Err(worded(&error)),
            _ => table.remove(name),
        };
    } else {
        let value = match (text.parse(), text.parse()) {
            (Ok(truth), _) => toml::Value::Boolean(truth),
            (_, Ok(number)) => toml::Value::Integer(number),
            _ => toml::Value::String(text.trim_matches('"').into()),
        };
        table.insert(name.to_owned(), value);
    }
    *policy = table.try_into().map_err(|error| worded(&error))?;
    Ok(())
}

fn worded(error: &toml::de::Error) -> String {
    error.message().replace('\n', ", ")
}

fn add_entitlement(estate: &mut Estate, now: &Assessment, value: &str) -> Result<(), String> {
    let (sku, rest) = two(value)?;
    product(estate, now, sku)?;
    let (rest, assured) = match rest.strip_suffix("+sa") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (quantity, version) = rest.split_once('@').unwrap_or((rest, VersionName::NEWEST.name()));
    let quantity = quantity.trim().parse().map_err(|_| {
        format!("`{quantity}` is no number of licences: write SKU=QUANTITY@VERSION, for example {sku}=100@2022")
    })?;
    let version = VersionName::from_name(version.trim()).ok_or_else(|| {
        let known = VersionName::ALL.map(VersionName::name).join(", ");
        format!("`{version}` is no version: write one of {known}")
    })?;
    let software_assurance_until = assured.then_some(estate.as_of);
    estate.entitlements.push(Entitlement {
        sku: sku.into(),
        version,
        quantity,
        software_assurance_until,
        ..Entitlement::default()
    });
    Ok(())
}
