//! Versions, builds, editions, caps, rights, core minima and factors, packs.

use std::collections::BTreeMap;

use super::{Check, MOST};
use crate::{
    catalogue::{CatalogueError, Formula, Product, Reporter, RunLicence, lookup::spelling},
    version::VersionName,
};

/// No build number has more than six digits for a long time to come.
const LAST_BUILD: u32 = 999_999;

pub(super) fn check(check: &Check<'_>) -> Result<(), CatalogueError> {
    versions(check)?;
    builds(check)?;
    editions(check)?;
    caps(check)?;
    rights(check)?;
    cores(check)
}

fn versions(check: &Check<'_>) -> Result<(), CatalogueError> {
    let rows = &check.catalogue.versions;
    for name in VersionName::WINDOWS {
        if !rows.iter().any(|row| row.name == name) {
            return Err(CatalogueError::row("the catalogue", "version", name.name(), "is missing: add it"));
        }
    }
    for row in rows {
        if !VersionName::WINDOWS.contains(&row.name) {
            return check.refuse(row, "is no version of Windows Server: correct its name");
        }
        let cal = rows.iter().find(|other| other.name == row.cal);
        if row.cal > row.name {
            return check.refuse(row, format!("its CAL is {}, which is newer than itself: correct `cal`", row.cal));
        }
        // A.6: what a version's CAL is called is a version that has one
        if cal.is_none_or(|other| other.cal != row.cal) {
            let problem = format!("its CAL is {}, which has no CAL of its own: correct `cal`", row.cal);
            return check.refuse(row, problem);
        }
    }
    Ok(())
}

fn builds(check: &Check<'_>) -> Result<(), CatalogueError> {
    let mut assumed: BTreeMap<u32, &str> = BTreeMap::new();
    for row in &check.catalogue.builds {
        if row.build == 0 || row.build > LAST_BUILD {
            return check.refuse(row, format!("no build has the number {}: correct it", row.build));
        }
        let channel = check.catalogue.channels.iter().any(|channel| channel.id == row.channel);
        check.known(row, "channel", &row.channel, channel)?;
        if row.told_by.is_none()
            && let Some(other) = assumed.insert(row.build, &row.release)
        {
            let problem = format!("is of the same build as `{other}`: say with `told_by` how to tell them apart");
            return check.refuse(row, problem);
        }
    }
    let rows = &check.catalogue.builds;
    for (at, row) in rows.iter().enumerate() {
        let differs = |other: &&super::super::BuildRow| {
            other.release == row.release && (other.version, &other.channel) != (row.version, &row.channel)
        };
        if let Some(other) = rows[..at].iter().find(differs) {
            let problem = format!(
                "`{}` is of version {} and channel `{}` in build {}: a release has one of each, correct it",
                row.release, other.version, other.channel, other.build
            );
            return check.refuse(row, problem);
        }
    }
    for row in rows {
        if !assumed.contains_key(&row.build) {
            return check.refuse(row, "no release of this build is the one to assume: leave out one `told_by`");
        }
    }
    Ok(())
}

fn editions(check: &Check<'_>) -> Result<(), CatalogueError> {
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for row in &check.catalogue.editions {
        for name in std::iter::once(&row.name).chain(&row.also) {
            if spelling(name).is_empty() {
                return check.refuse(row, format!("the spelling `{name}` tells no edition: correct it"));
            }
            if let Some(other) = names.insert(spelling(name), &row.name) {
                return check.refuse(row, format!("the spelling `{name}` is also one of `{other}`: keep one"));
            }
        }
        for family in &row.families {
            check.family(row, family)?;
        }
        if row.licence == RunLicence::ByVersion
            && !["Standard", "Enterprise", "Datacenter"].contains(&row.name.as_str())
        {
            let problem =
                "only Standard, Enterprise and Datacenter are licensed as the version says: write `own` or `free`";
            return check.refuse(row, problem);
        }
        if row.cal == row.families.is_empty() {
            let problem = "`cal` and `families` contradict each other: name the CALs that access needs, or none";
            return check.refuse(row, problem);
        }
    }
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for row in &check.catalogue.edition_ids {
        if let Some(edition) = &row.edition {
            check.edition(row, edition)?;
        }
        for id in &row.ids {
            if row.reporter == Reporter::Server && !id.to_lowercase().contains("server") {
                return check
                    .refuse(row, format!("the EditionID `{id}` is that of no server: correct it or its `reporter`"));
            }
            if let Some(other) = ids.insert(id.to_lowercase(), row.sku) {
                return check.refuse(row, format!("the EditionID `{id}` is also that of {other:#04x}: keep one"));
            }
        }
    }
    Ok(())
}

fn caps(check: &Check<'_>) -> Result<(), CatalogueError> {
    let rows = &check.catalogue.caps;
    for (at, row) in rows.iter().enumerate() {
        check.edition(row, &row.edition)?;
        check.windows_versions(row, &row.versions)?;
        let limits = [row.users, row.devices, row.processors, row.cores, row.instances];
        if limits.iter().all(Option::is_none) && row.virtual_allowed {
            return check.refuse(row, "limits nothing: give a number, or leave the row out");
        }
        for (field, value) in [
            ("users", row.users),
            ("devices", row.devices),
            ("processors", row.processors),
            ("cores", row.cores),
            ("instances", row.instances),
        ] {
            value.map_or(Ok(()), |value| check.count(row, field, value))?;
        }
        let shared = |other: &&super::super::CapRow| {
            other.edition == row.edition && other.versions.iter().any(|version| row.versions.contains(version))
        };
        if let Some(other) = rows[..at].iter().find(shared) {
            return check.refuse(row, format!("limits the same edition and version as `{}`: keep one", other.id));
        }
    }
    Ok(())
}

fn rights(check: &Check<'_>) -> Result<(), CatalogueError> {
    let rows = &check.catalogue.rights;
    for (at, row) in rows.iter().enumerate() {
        check.edition(row, &row.edition)?;
        check.windows_versions(row, &row.versions)?;
        check.sku(row, &row.sku)?;
        let by_core = matches!(row.formula, Formula::CoreSets | Formula::VirtualMachines);
        let units: &[&str] = if by_core { &["core"] } else { &["licence", "processor"] };
        if !units.contains(&row.sku.rsplit('/').next().unwrap_or_default()) {
            let problem = format!(
                "its sku `{}` does not end with /{}, which its formula counts: correct one",
                row.sku,
                units.join(" or /")
            );
            return check.refuse(row, problem);
        }
        for (field, value) in [("processors", row.processors), ("instances", row.instances)] {
            value.map_or(Ok(()), |value| check.count(row, field, value))?;
        }
        // (processors, instances, minimum): whether the formula needs it, must not have it, or may have it
        let (processors, instances, minimum) = match row.formula {
            Formula::Instances => (Some(false), Some(true), Some(false)),
            Formula::Processors => (Some(true), Some(false), Some(false)),
            Formula::ProcessorsAndInstances | Formula::ProcessorSets => (Some(true), Some(true), Some(false)),
            Formula::CoreSets => (Some(false), None, Some(true)),
            Formula::VirtualMachines => (Some(false), Some(false), Some(true)),
        };
        for (field, needed, there) in [
            ("processors", processors, row.processors.is_some()),
            ("instances", instances, row.instances.is_some()),
            ("minimum", minimum, row.minimum.is_some()),
        ] {
            match needed {
                Some(true) if !there => return check.refuse(row, format!("its formula needs `{field}`: add it")),
                Some(false) if there => {
                    return check.refuse(row, format!("its formula has no use for `{field}`: leave it out"));
                }
                _ => {}
            }
        }
        if !row.sku.starts_with(row.product.word()) && row.product != Product::WindowsServer {
            let problem = format!("its sku `{}` does not begin with `{}`: correct one", row.sku, row.product.word());
            return check.refuse(row, problem);
        }
        if let Some(id) = &row.minimum {
            check.known(row, "core minimum", id, check.catalogue.core_minimum(id).is_some())?;
        }
        let shared = |other: &&super::super::RightRow| {
            other.product == row.product
                && other.edition == row.edition
                && other.terms == row.terms
                && other.versions.iter().any(|version| row.versions.contains(version))
        };
        if let Some(other) = rows[..at].iter().find(shared) {
            return check
                .refuse(row, format!("gives rights for the same edition and version as `{}`: keep one", other.id));
        }
    }
    for row in &check.catalogue.server_suites {
        let mut covers = row.covers.clone();
        covers.sort_unstable();
        covers.dedup();
        if covers.len() < 2 || covers.len() < row.covers.len() {
            return check.refuse(row, "`covers` names fewer than two products, or one twice: correct it");
        }
        if check.catalogue.cal(&row.id).is_some() || check.catalogue.equivalence(&row.id).is_some() {
            return check.refuse(row, "a CAL family, suite or plan has the same id: choose another one");
        }
    }
    Ok(())
}

fn cores(check: &Check<'_>) -> Result<(), CatalogueError> {
    for row in &check.catalogue.core_minima {
        check.count(row, "multiple", row.multiple)?;
        let numbers = [row.per_processor, row.per_server, row.per_virtual_machine, row.per_customer];
        if let Some(number) = numbers.iter().find(|number| **number > MOST) {
            return check.refuse(row, format!("a minimum of {number} cores cannot be: correct it"));
        }
        if numbers == [0; 4] {
            return check.refuse(row, "has no minimum at all: give one");
        }
    }
    let factors = &check.catalogue.core_factors;
    for (at, row) in factors.iter().enumerate() {
        let everything = |other: &&super::super::CoreFactorRow| {
            other.words.is_empty()
                && other.without.is_empty()
                && other.models.is_empty()
                && other.least_cores <= 1
                && other.most_cores == 0
                && row.versions.iter().all(|version| other.versions.contains(version))
        };
        if let Some(other) = factors[..at].iter().find(everything) {
            let problem = format!(
                "comes after `{}`, which fits every processor, so it never counts: change that row or one before it",
                other.id
            );
            return check.refuse(row, problem);
        }
        check.count(row, "numerator", row.numerator)?;
        check.count(row, "denominator", row.denominator)?;
        if row.versions.is_empty() {
            return check.refuse(row, "holds for no version: name one");
        }
        if row.most_cores != 0 && row.most_cores < row.least_cores {
            return check.refuse(row, "`most_cores` is below `least_cores`: correct one");
        }
        let is_digits =
            |model: &String| !model.is_empty() && model.bytes().all(|byte| byte == b'x' || byte.is_ascii_digit());
        if let Some(model) = row.models.iter().find(|model| !is_digits(model)) {
            return check.refuse(row, format!("the model `{model}` is not made of digits and x: correct it"));
        }
    }
    for row in &check.catalogue.packs {
        for &size in &row.sizes {
            check.count(row, "sizes", size)?;
        }
        if row.sizes.is_empty() || row.sizes.windows(2).any(|pair| pair[0] >= pair[1]) {
            return check.refuse(row, "its sizes do not rise: write each once, the smallest first");
        }
        if row.units.is_empty() || row.channels.is_empty() {
            return check.refuse(row, "names no unit or no channel: name one of each");
        }
        for (what, given, known) in [
            ("unit", &row.units, &["core", "user", "device", "licence", "processor"][..]),
            ("channel", &row.channels, &["volume", "oem", "retail", "subscription", "provider"][..]),
        ] {
            if let Some(other) = given.iter().find(|name| !known.contains(&name.as_str())) {
                return check.refuse(row, format!("`{other}` is no {what}: write one of {}", known.join(", ")));
            }
        }
    }
    Ok(())
}
