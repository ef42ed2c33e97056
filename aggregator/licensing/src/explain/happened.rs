//! The differences between two estates in words, group by group.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::{
    citations::{value, written},
    explanation::Forcing,
    stages::Group,
};
use crate::{
    catalogue::Catalogue,
    estate::{Access, Accesses, Entitlement, Estate, Price},
    words::{Count, Money, product},
};

/// How many are told.
const SHOWN: usize = 5;

/// What differs in one group; `next` is `so_far` with that group as it is afterwards.
pub(super) fn happened(
    group: Group,
    so_far: &Estate,
    next: &Estate,
    catalogues: (&Catalogue, &Catalogue),
) -> Vec<Forcing> {
    let mut found = Vec::new();
    match group {
        Group::Window => {
            if so_far.as_of != next.as_of {
                let what = vec![format!("{} became {}", so_far.as_of, next.as_of)];
                push(&mut found, "last day of the window moved", "last day of the window moved", what);
            }
            if (&so_far.notes, &so_far.left_out) != (&next.notes, &next.left_out) {
                let what = vec!["see the warnings of both positions".to_owned()];
                push(
                    &mut found,
                    "remark on the evidence is another one",
                    "remark on the evidence is another one",
                    what,
                );
            }
        }
        Group::Policy => {
            let (one, other) = (written(&so_far.policy), written(&next.policy));
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let open = |text: String| if text.is_empty() { "left open".into() } else { text };
            let changed = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
            let changed =
                changed.map(|name| format!("{name}: {} became {}", open(value(&one, name)), open(value(&other, name))));
            push(
                &mut found,
                "switch of the policy was changed",
                "switches of the policy were changed",
                changed.collect(),
            );
        }
        Group::Catalogue => {
            let rows = |catalogue: &Catalogue| -> BTreeMap<String, String> {
                let rows = catalogue.rows().into_iter();
                rows.map(|row| (format!("{} {}", row.kind, row.key), row.fields.to_string())).collect()
            };
            if catalogues.0 != catalogues.1 {
                let (one, other) = (rows(catalogues.0), rows(catalogues.1));
                let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                let changed = keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect();
                push(&mut found, "row of the catalogue differs", "rows of the catalogue differ", changed);
            }
        }
        Group::Prices => prices(so_far, next, &mut found),
        Group::Servers => {
            things(&mut found, ["server", "servers"], &so_far.servers, &next.servers, |server| &server.id);
            things(&mut found, ["host", "hosts"], &so_far.hosts, &next.hosts, |host| &host.id);
            let names = ["instance of SQL Server", "instances of SQL Server"];
            things(&mut found, names, &so_far.sql, &next.sql, |sql| &sql.id);
        }
        Group::People => {
            things(&mut found, ["person", "people"], &so_far.people, &next.people, |person| &person.id);
            things(&mut found, ["device", "devices"], &so_far.devices, &next.devices, |device| &device.id);
            if so_far.enabled_accounts != next.enabled_accounts {
                let count =
                    |accounts: Option<u64>| accounts.map_or("not known".into(), |count| Count(count).to_string());
                let what = format!("{} became {}", count(so_far.enabled_accounts), count(next.enabled_accounts));
                push(
                    &mut found,
                    "number of enabled accounts changed",
                    "numbers of enabled accounts changed",
                    vec![what],
                );
            }
        }
        Group::Accesses => accesses(so_far, next, &mut found),
        Group::Entitlements => {
            let one = so_far.entitlements.iter().map(owned_in_words).collect();
            let other = next.entitlements.iter().map(owned_in_words).collect();
            both_ways(&mut found, ["entitlement", "entitlements"], one, other);
            let assigned = |estate: &Estate| -> Vec<String> {
                let rows = estate.assignments.iter();
                rows.map(|row| format!("{} {} to {} from {}", row.entitlement, row.number, row.to, row.from)).collect()
            };
            both_ways(&mut found, ["assignment", "assignments"], assigned(so_far), assigned(next));
        }
    }
    found
}

fn push(found: &mut Vec<Forcing>, one: &str, many: &str, names: Vec<String>) {
    if !names.is_empty() {
        let what = if names.len() == 1 { one } else { many };
        let count = names.len() as u64;
        found.push(Forcing { what: what.into(), count, names: names.into_iter().take(SHOWN).collect() });
    }
}

/// What came and went of texts that may stand several times.
fn both_ways(found: &mut Vec<Forcing>, [one, many]: [&str; 2], before: Vec<String>, after: Vec<String>) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (texts, sign) in [(before, -1), (after, 1)] {
        for text in texts {
            *counts.entry(text).or_default() += sign;
        }
    }
    let times = |sign: i64| -> Vec<String> {
        let of = counts.iter().filter(|(_, count)| **count * sign > 0);
        of.flat_map(|(text, count)| std::iter::repeat_n(text.clone(), count.unsigned_abs() as usize)).collect()
    };
    push(found, &format!("{one} came"), &format!("{many} came"), times(1));
    push(found, &format!("{one} went"), &format!("{many} went"), times(-1));
}

/// Things with an id that came, went or changed.
fn things<T: PartialEq + Serialize>(
    found: &mut Vec<Forcing>,
    [one, many]: [&str; 2],
    before: &[T],
    after: &[T],
    id: impl Fn(&T) -> &String,
) {
    let known: HashMap<&str, &T> = before.iter().map(|thing| (id(thing).as_str(), thing)).collect();
    let now: HashSet<&str> = after.iter().map(|thing| id(thing).as_str()).collect();
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let came = after.iter().filter(|thing| !known.contains_key(id(thing).as_str())).map(|thing| id(thing).clone());
    let went = before.iter().filter(|thing| !now.contains(id(thing).as_str())).map(|thing| id(thing).clone());
    let changed = after.iter().filter_map(|thing| {
        let old = known.get(id(thing).as_str()).copied().filter(|old| *old != thing)?;
        Some(format!("{}: {}", id(thing), fields(old, thing)))
    });
    push(found, &format!("{one} came"), &format!("{many} came"), sorted(came.collect()));
    push(found, &format!("{one} went"), &format!("{many} went"), sorted(went.collect()));
    push(found, &format!("{one} changed"), &format!("{many} changed"), sorted(changed.collect()));
}

/// `version 2016 became 2022`.
fn fields<T: Serialize>(old: &T, new: &T) -> String {
    let table = |thing: &T| toml::Table::try_from(thing).unwrap_or_default();
    let (one, other) = (table(old), table(new));
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let text = |table: &toml::Table, name: &str| {
        let text = value(table, name);
        if text.is_empty() { "not stated".to_owned() } else { text }
    };
    let differ = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    let differ =
        differ.map(|name| format!("{} {} became {}", name.replace('_', " "), text(&one, name), text(&other, name)));
    differ.collect::<Vec<_>>().join(", ")
}

fn prices(so_far: &Estate, next: &Estate, found: &mut Vec<Forcing>) {
    if so_far.currency != next.currency {
        let stated = |code: &str| if code.is_empty() { "none stated".to_owned() } else { code.to_owned() };
        let what = format!("{} became {}", stated(&so_far.currency), stated(&next.currency));
        push(found, "currency is another one", "currencies are other ones", vec![what]);
    }
    let by_pack = |estate: &Estate| -> BTreeMap<(String, u32), u64> {
        estate.prices.iter().map(|Price { sku, minor, units }| ((sku.clone(), *units), *minor)).collect()
    };
    let (one, other) = (by_pack(so_far), by_pack(next));
    let money = |estate: &Estate, minor: Option<&u64>| {
        let currency =
            if estate.currency.is_empty() { crate::book::NO_CURRENCY.into() } else { estate.currency.clone() };
        minor.map_or("no price".to_owned(), |&minor| Money { minor, currency }.to_string())
    };
    let packs: BTreeSet<&(String, u32)> = one.keys().chain(other.keys()).collect();
    let changed = packs.into_iter().filter(|pack| one.get(*pack) != other.get(*pack)).map(|pack| {
        let size = if pack.1 == 1 { String::new() } else { format!(", pack of {}", pack.1) };
        format!(
            "{}{size}: {} became {}",
            product(&pack.0, ""),
            money(so_far, one.get(pack)),
            money(next, other.get(pack))
        )
    });
    push(found, "price changed", "prices changed", changed.collect());
}

fn owned_in_words(entitlement: &Entitlement) -> String {
    let Entitlement { sku, version, quantity, software_assurance_until, assigned_to, .. } = entitlement;
    let mut text = format!("{} × {}", Count(*quantity), product(sku, version.name()));
    if let Some(until) = software_assurance_until {
        text = format!("{text} under Software Assurance until {until}");
    }
    if !assigned_to.is_empty() {
        text = format!(
            "{text} assigned to {}",
            crate::findings::listed(&assigned_to.iter().map(String::as_str).collect())
        );
    }
    let bare = Entitlement {
        sku: sku.clone(),
        version: *version,
        quantity: *quantity,
        software_assurance_until: *software_assurance_until,
        assigned_to: assigned_to.clone(),
        ..Entitlement::default()
    };
    if *entitlement != bare {
        let table = toml::Table::try_from(entitlement).unwrap_or_default();
        let others = ["id", "channel", "acquired_on", "included_cals"];
        let told = others.iter().filter(|name| table.contains_key(**name));
        let told: Vec<String> =
            told.map(|name| format!("{} {}", name.replace('_', " "), value(&table, name))).collect();
        text = format!("{text} ({})", told.join(", "));
    }
    text
}

/// Accesses among people, devices and servers that are there before and after.
fn accesses(so_far: &Estate, next: &Estate, found: &mut Vec<Forcing>) {
    let mut tell = |one: &Accesses, other: &Accesses, family: &str| {
        let beside = if family.is_empty() { String::new() } else { format!(" to {family}") };
        // of one name each, so only the rows may differ
        let [went, came] = [(one, other), (other, one)].map(|(from, to)| {
            let there: HashSet<Access> = to.rows().collect();
            from.rows().filter(|row| !there.contains(row)).collect::<Vec<Access>>()
        });
        for (rows, verb) in [(came, "came"), (went, "went")] {
            if !rows.is_empty() {
                let noun = if rows.len() == 1 { "access" } else { "accesses" };
                let mut names: Vec<String> = rows.iter().map(|row| row_in_words(next, *row)).collect();
                names.sort();
                names.truncate(SHOWN);
                found.push(Forcing { what: format!("{noun}{beside} {verb}"), count: rows.len() as u64, names });
            }
        }
    };
    tell(&so_far.accesses, &next.accesses, "");
    let none = Accesses::default();
    let of = |estate: &'_ Estate| -> BTreeMap<String, Accesses> {
        let mut all: BTreeMap<String, Vec<Access>> = BTreeMap::new();
        estate.uses.iter().for_each(|used| all.entry(used.cal.clone()).or_default().extend(used.accesses.rows()));
        all.into_iter().map(|(cal, rows)| (cal, Accesses::of(rows))).collect()
    };
    let (one, other) = (of(so_far), of(next));
    let families: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    for family in families {
        tell(one.get(family).unwrap_or(&none), other.get(family).unwrap_or(&none), family);
    }
    if so_far.stays.len() != next.stays.len()
        || so_far.stays.iter().collect::<BTreeSet<_>>() != next.stays.iter().collect()
    {
        push(
            found,
            "record of when somebody was where differs",
            "records differ",
            vec!["`stays` of the estate".into()],
        );
    }
}

fn row_in_words(estate: &Estate, row: Access) -> String {
    let person = estate.people.get(row.person as usize).map_or("somebody unknown", |person| &person.id);
    let device = estate.devices.get(row.device as usize).map_or("a device not known", |device| &device.id);
    let server = &estate.servers[row.server as usize].id;
    let only = match row.flags {
        0 => "",
        flags if flags & Accesses::ADMINISTRATION != 0 => ", only to administer",
        flags if flags & Accesses::INFRASTRUCTURE != 0 => ", only DHCP, DNS or the like",
        flags if flags & Accesses::ANONYMOUS != 0 => ", anonymously",
        _ => ", only the web",
    };
    format!("{person} on {server} from {device}{only}")
}
