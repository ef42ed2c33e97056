//! CAL families, what carries them, roles, prices, switches.

use super::{Check, MOST};
use crate::{
    catalogue::{CalRow, Catalogue, CatalogueError, EquivalenceKind, Origin, PriceRow, Product, catalogue},
    version::VersionName,
};

/// GUIDs that decide most CALs; one public data set has them swapped (J.7, T13).
const CERTAIN: [(&str, &str); 2] =
    [("ad-ds", "ad495fc3-0eaa-413d-ba7d-8b13fa7ec598"), ("file-server", "10a9226f-50ee-49d8-a393-9a501d47ce04")];

/// Ten thousand million of the main unit: no pack costs more.
const DEAREST: u64 = 1_000_000_000_000;

pub(super) fn check(check: &Check<'_>) -> Result<(), CatalogueError> {
    cals(check)?;
    equivalences(check)?;
    licence_servers(check)?;
    product_builds(check)?;
    roles(check)?;
    prices(check)?;
    policies(check)
}

/// F.4.
fn licence_servers(check: &Check<'_>) -> Result<(), CatalogueError> {
    let known = check.catalogue.cal("rds").map_or(&[][..], |row| &row.versions);
    for row in &check.catalogue.licence_servers {
        if !VersionName::WINDOWS.contains(&row.version) {
            return check.refuse(row, "its version is none of Windows Server: correct it");
        }
        if let Some(cal) = row.cals.iter().find(|cal| !known.contains(cal)) {
            return check.refuse(row, format!("there is no RDS CAL of {cal}: correct `cals`"));
        }
    }
    Ok(())
}

/// D.11.
fn product_builds(check: &Check<'_>) -> Result<(), CatalogueError> {
    for row in &check.catalogue.product_builds {
        check.family(row, &row.family)?;
        if check.catalogue.cal(&row.family).is_none_or(|family| family.cal_for(row.version).is_none()) {
            return check.refuse(row, format!("{} is no version of `{}`: correct one", row.version, row.family));
        }
    }
    Ok(())
}

fn cals(check: &Check<'_>) -> Result<(), CatalogueError> {
    let rows = &check.catalogue.cals;
    for (at, row) in rows.iter().enumerate() {
        for family in &row.beside {
            check.family(row, family)?;
        }
        if check.catalogue.cal_and_beside(&row.id).iter().any(|other| other.beside.contains(&row.id)) {
            return check.refuse(row, "needs itself beside itself: correct `beside`");
        }
        let skus = [&row.user, &row.device, &row.connector];
        if skus.iter().all(|sku| sku.is_none()) {
            return check.refuse(row, "has neither a User nor a Device CAL: name the sku of one");
        }
        for (at_sku, sku) in skus.into_iter().enumerate().filter_map(|(at, sku)| Some((at, sku.as_ref()?))) {
            check.sku(row, sku)?;
            if at_sku < 2 && !sku.contains('/') {
                return check
                    .refuse(row, format!("`{sku}` does not say for whom: end it with /user, /device or the like"));
            }
            if skus[..at_sku].iter().any(|other| other.as_ref() == Some(sku)) {
                return check.refuse(row, format!("`{sku}` stands for two of its licences: give each its own"));
            }
            let other = rows[..at].iter().find(|other| {
                [&other.user, &other.device, &other.connector].into_iter().flatten().any(|known| known == sku)
            });
            if let Some(other) = other {
                return check.refuse(row, format!("the sku `{sku}` is also one of `{}`: keep one", other.id));
            }
        }
        cal_versions(check, row)?;
    }
    // A.6 stands in two places, for versions and for the family
    let Some(family) = check.catalogue.cal("windows-server") else {
        return Err(CatalogueError::row("the catalogue", "cal", "windows-server", "is missing: add it"));
    };
    for name in VersionName::WINDOWS {
        let cal = check.catalogue.cal_version(name);
        if family.cal_for(name) != Some(cal) {
            return check.refuse(family, format!("a server of {name} needs the CAL of {cal}: correct its versions"));
        }
    }
    let included = &check.catalogue.included;
    for (at, row) in included.iter().enumerate() {
        check.family(row, &row.family)?;
        let has_rights = check.catalogue.rights.iter().any(|right| right.sku == row.sku);
        check.known(row, "licence", &row.sku, row.origin != Origin::Own || has_rights)?;
        check.windows_versions(row, &[row.version])?;
        if let Some(other) = included[..at].iter().find(|other| (&other.sku, other.version) == (&row.sku, row.version))
        {
            return check.refuse(row, format!("is about the same licence and version as `{}`: keep one", other.id));
        }
        if row.quantities.is_empty() {
            return check.refuse(row, "has no quantity: give at least one");
        }
        for &quantity in &row.quantities {
            check.count(row, "quantities", quantity)?;
        }
    }
    Ok(())
}

fn cal_versions(check: &Check<'_>, row: &CalRow) -> Result<(), CatalogueError> {
    if row.versions.windows(2).any(|pair| pair[0] >= pair[1]) {
        return check.refuse(row, "its versions do not rise: write each once, the oldest first");
    }
    for (at, same) in row.same_as.iter().enumerate() {
        if row.same_as[..at].iter().any(|other| other.server == same.server) {
            return check.refuse(row, format!("`same_as` names {} twice: keep one", same.server));
        }
        check.known(row, "version", same.cal.name(), row.versions.contains(&same.cal))?;
        if row.versions.contains(&same.server) {
            let problem = format!("`{}` has a CAL of its own and one of another version: keep one", same.server);
            return check.refuse(row, problem);
        }
    }
    Ok(())
}

fn equivalences(check: &Check<'_>) -> Result<(), CatalogueError> {
    for row in &check.catalogue.equivalences {
        for (at, family) in row.covers.iter().enumerate() {
            check.family(row, family)?;
            if row.covers[..at].contains(family) {
                return check.refuse(row, format!("covers `{family}` twice: keep one"));
            }
        }
        for plan in &row.paired_with {
            let is_plan = check.catalogue.equivalence(plan).is_some_and(|other| other.kind == EquivalenceKind::Plan);
            check.known(row, "plan", plan, is_plan)?;
        }
        if (row.kind == EquivalenceKind::Bridge) == row.paired_with.is_empty() {
            return check.refuse(row, "a bridge, and only a bridge, is paired with plans: correct `paired_with`");
        }
        if !row.user && !row.device {
            return check.refuse(row, "is sold neither for users nor for devices: set one");
        }
        if check.catalogue.cal(&row.id).is_some() {
            return check.refuse(row, "a CAL family has the same id: choose another one");
        }
    }
    Ok(())
}

fn roles(check: &Check<'_>) -> Result<(), CatalogueError> {
    let rows = &check.catalogue.roles;
    for (at, row) in rows.iter().enumerate() {
        for family in &row.additive {
            check.family(row, family)?;
        }
        let Some(guid) = &row.guid else { continue };
        if !is_guid(guid) {
            let problem = format!("`{guid}` is no GUID in lower case with hyphens: correct it");
            return check.refuse(row, problem);
        }
        if let Some((_, of)) =
            CERTAIN.iter().zip(["ad-ds", "file-server"]).find(|((id, certain), _)| guid == certain && row.id != *id)
        {
            let problem = format!("this is the GUID of `{of}`; public lists have both swapped: correct it");
            return check.refuse(row, problem);
        }
        if let Some(other) = rows[..at].iter().find(|other| other.guid.as_ref() == Some(guid)) {
            return check.refuse(row, format!("has the GUID of `{}`: keep one", other.id));
        }
    }
    for (id, guid) in CERTAIN {
        if let Some(row) = rows.iter().find(|row| row.id == id)
            && row.guid.as_deref() != Some(guid)
        {
            return check.refuse(row, format!("its GUID is {guid}: correct it"));
        }
    }
    Ok(())
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hexadecimal = |part: &&str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hexadecimal)
}

fn prices(check: &Check<'_>) -> Result<(), CatalogueError> {
    for row in &check.catalogue.prices {
        if row.minor == 0 || row.minor > DEAREST {
            return check.refuse(row, format!("the price of {} cannot be: correct `minor`", row.minor));
        }
        check.count(row, "units", row.units)?;
        check.sku(row, &row.sku)?;
        // a program's price may lose its product to a change of one's own
        let known = row.origin != Origin::Own || is_product(check.catalogue, &row.sku);
        check.known(row, "product", &row.sku, known)?;
        if row.currency.len() != 3 || !row.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let problem = format!("`{}` is no currency of ISO 4217, three capital letters: correct it", row.currency);
            return check.refuse(row, problem);
        }
        if !is_date(&row.date) {
            let problem = format!("`{}` is no date: write 2026, 2026-05 or 2026-05-31", row.date);
            return check.refuse(row, problem);
        }
    }
    one_price_each(check, &check.catalogue.prices)
}

/// Whether licences of that name exist; of servers' products only the first word is certain, as their editions are many.
fn is_product(catalogue: &Catalogue, sku: &str) -> bool {
    let (first, rest) = sku.split_once('/').unwrap_or((sku, ""));
    let of_server = ["sql-server", "sbs", "multipoint"].contains(&first)
        || [Product::WindowsServer, Product::SystemCenter].iter().any(|product| product.word() == first)
        || catalogue.server_suites.iter().any(|row| row.id == first);
    let of_suite = catalogue.equivalence(first).is_some_and(|row| match rest {
        "user" => row.user,
        "device" => row.device,
        _ => false,
    });
    catalogue.cal_of_sku(sku).is_some() || of_suite || (of_server && !rest.is_empty())
}

/// Two confirmed prices of the same thing would leave open which one counts.
fn one_price_each(check: &Check<'_>, prices: &[PriceRow]) -> Result<(), CatalogueError> {
    let confirmed: Vec<&PriceRow> = prices.iter().filter(|row| row.verified).collect();
    for (at, row) in confirmed.iter().enumerate() {
        if let Some(other) = confirmed[..at].iter().find(|other| other.currency != row.currency) {
            let problem = format!(
                "is in {}, but another confirmed price is in {}: keep one currency",
                row.currency, other.currency
            );
            return check.refuse(*row, problem);
        }
    }
    Ok(())
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let full = match parts[..] {
        [_] => format!("{text}-01-01"),
        [_, _] => format!("{text}-01"),
        _ => text.to_owned(),
    };
    parts.iter().map(|part| part.len()).eq([4, 2, 2].into_iter().take(parts.len()))
        && full.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() >= 1993)
}

fn policies(check: &Check<'_>) -> Result<(), CatalogueError> {
    for row in &check.catalogue.policies {
        // what a switch is set to is the estate's word
        if row.origin == Origin::Own
            && catalogue()
                .policy(&row.name)
                .is_none_or(|known| (&known.values, &known.default) != (&row.values, &row.default))
        {
            let problem =
                "a switch is set under `policy` of an estate or of the configuration: leave `values` and `default` out";
            return check.refuse(row, problem);
        }
        // an empty default: the value depends, as its text says
        if !row.default.is_empty() && !row.values.is_empty() && !row.values.contains(&row.default) {
            let problem = format!("its default `{}` is none of its values: correct one", row.default);
            return check.refuse(row, problem);
        }
        if row.default.parse::<u32>().is_ok_and(|number| number > MOST) {
            return check.refuse(row, format!("its default is more than {MOST}: correct it"));
        }
    }
    Ok(())
}
