//! What people say of accounts counts in the next scan, and a preview says beforehand what it will do.

use super::*;
use crate::{
    identity::{Class, Field, Rule},
    store::{directory::replace, people as said, people::AccountKey},
};

fn finished(store: &Store, config: &Config) -> Finished {
    prepare(store, config, date(2021, 6, 23)).unwrap()
}

/// Ids of the people seen, with their accounts.
fn people(finished: &Finished) -> Vec<(String, String)> {
    finished.draft.people.iter().map(|facts| (facts.id.clone(), facts.accounts.join(" "))).collect()
}

fn has(finished: &Finished, id: &str, accounts: &str) -> bool {
    people(finished).contains(&(id.to_owned(), accounts.to_owned()))
}

fn key(rid: u32) -> AccountKey {
    (1, format!("{rid:08}"))
}

#[test]
fn accounts_are_parted_and_joined_by_hand_and_stay_so_after_the_next_synchronisation() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    assert!(has(&finished(&store, &config()), "lab\\jane", "lab\\adm-jane lab\\jane"));

    let decide = |one: u32, other: u32, same: bool| {
        store.write(|tx| said::decide(tx, (&key(one), &key(other)), same, "eve", now())).unwrap();
    };
    decide(1101, 1102, false);
    decide(1103, 1102, true);
    let found = finished(&store, &config());
    assert!(has(&found, "lab\\jane", "lab\\jane") && has(&found, "lab\\bob", "lab\\adm-jane lab\\bob"));
    let bob = found.draft.people.iter().find(|facts| facts.id == "lab\\bob").unwrap();
    assert_eq!(bob.joins[0].why, "eve said so on 2021-06-24");

    directory(&store);
    assert_eq!(people(&finished(&store, &config())), people(&found));
    let taken = store.write(|tx| said::undecide(tx, &key(1102), &key(1101))).unwrap();
    assert!(taken && !store.write(|tx| said::undecide(tx, &key(1102), &key(1101))).unwrap());
    // what was said last about bob still holds, so jane comes along by her number
    assert!(has(&finished(&store, &config()), "lab\\bob", "lab\\adm-jane lab\\bob lab\\jane"));
}

#[test]
fn an_account_that_was_renamed_is_found_by_its_old_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let before = people(&finished(&store, &config())).len();
    let renamed = Account { upn: "robert@lab.net".into(), ..account(AccountKind::User, "robert", 1103) };
    let mut accounts: Vec<Account> =
        store.read(crate::store::directory::accounts).unwrap().into_iter().map(|stored| stored.account).collect();
    accounts.retain(|account| account.guid != renamed.guid);
    let snapshot = |renamed: Account| Snapshot {
        kind: Kind::ActiveDirectory,
        base: "DC=lab,DC=net".into(),
        netbios: "lab".into(),
        dns: "lab.net".into(),
        accounts: accounts.iter().cloned().chain([renamed]).collect(),
        members: Members::default(),
        point: None,
    };
    store.write(|tx| replace(tx, "lab", &snapshot(renamed.clone()), None, now())).unwrap();
    let found = finished(&store, &config());
    assert!(has(&found, "lab\\robert", "lab\\robert"));
    assert_eq!(people(&found).len(), before);
    // and once more, with another name of both kinds
    let again = Account { name: "rob".into(), upn: "rob@lab.net".into(), ..renamed };
    store.write(|tx| replace(tx, "lab", &snapshot(again), None, now())).unwrap();
    assert!(has(&finished(&store, &config()), "lab\\rob", "lab\\rob"));
    let names = store.read(crate::store::directory::earlier_names).unwrap();
    assert_eq!(names[&key(1103)], ["bob", "robert", "robert@lab.net"]);
}

#[test]
fn the_mapping_joins_and_names_what_it_does_not_find() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let file = folder.path().join("people.csv");
    fs_err::write(&file, "account,person\nLAB\\bob,7\nS-1-5-21-1-2-3-1101,7\nlab.net\\nobody,7\n").unwrap();
    let mut config = config();
    config.people.mapping = Some(file.clone());
    let found = finished(&store, &config);
    assert!(has(&found, "lab\\bob", "lab\\adm-jane lab\\bob lab\\jane"));
    let notes = &found.draft.estate.notes;
    assert!(
        notes.iter().any(|note| note == "accounts of `people.mapping` that no directory knows, left out: 1"),
        "{notes:?}"
    );
    fs_err::write(&file, "account;person\n").unwrap();
    let error = prepare(&store, &config, date(2021, 6, 23)).unwrap_err().to_string();
    assert!(error.contains("named by `people.mapping`, has no column `account`"), "{error}");
}

#[test]
fn a_preview_says_what_the_rule_then_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let day = date(2021, 6, 23);
    let before = finished(&store, &config());
    let rule = |like: &str, is, people| Rule { field: Field::Name, like: like.into(), is, people };
    for (rule, changed, id, stands_for) in [
        // twelve people behind one account, who all need a licence
        (rule("b*b", Class::Shared, Some(12)), "lab\\bob", Some("lab\\bob"), Some(12)),
        (rule("svc-*", Class::Person, None), "lab\\svc-backup", Some("lab\\svc-backup"), None),
        (rule("LAB\\bob", Class::Service, None), "lab\\bob", None, None),
    ] {
        let seen = preview(&store, &config(), day, &RuleChange::Add(rule.clone())).unwrap();
        assert_eq!(seen.changed, 1, "{seen:?}");
        assert_eq!(seen.accounts[0].account, changed);
        assert_eq!(people(&finished(&store, &config())), people(&before), "a preview keeps nothing");

        let made = store.write(|tx| said::add_rule(tx, &rule, "eve", now())).unwrap();
        let after = finished(&store, &config());
        let person = after.draft.estate.people.iter().find(|person| Some(person.id.as_str()) == id);
        assert_eq!(person.map(|person| person.stands_for), id.map(|_| stands_for), "{rule:?}");
        assert_eq!(seen.people, (before.draft.people.len(), after.draft.people.len()));
        assert_eq!(seen.cost_minor, (before.cost_minor(), after.cost_minor()));
        for (sku, version, old, new) in &seen.lines {
            let needed = |finished: &Finished| {
                let mut lines = finished.assessment.position.lines.iter();
                lines.find(|line| line.sku == *sku && line.version == *version).map_or(0, |line| line.needed)
            };
            assert_eq!((needed(&before), needed(&after)), (*old, *new));
        }
        // away with it again
        let seen = preview(&store, &config(), day, &RuleChange::Remove(made)).unwrap();
        assert_eq!(seen.accounts[0].after, (before_of(&before, changed), seen.accounts[0].after.1.clone()));
        store.write(|tx| said::remove_rule(tx, made)).unwrap();
        assert_eq!(people(&finished(&store, &config())), people(&before));
    }
}

fn before_of(finished: &Finished, name: &str) -> &'static str {
    finished.draft.taken.iter().find(|taken| taken.name == name).unwrap().class
}

#[test]
fn rules_made_on_the_pages_come_before_those_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let store = organisation(folder.path());
    let mut config = config();
    config.people.rule = vec![Rule { field: Field::Name, like: "bob".into(), is: Class::External, people: None }];
    let class = |config: &Config| before_of(&finished(&store, config), "lab\\bob");
    assert_eq!(class(&config), "external");
    let later = Rule { field: Field::Name, like: "bo*".into(), is: Class::Service, people: None };
    store.write(|tx| said::add_rule(tx, &later, "eve", now())).unwrap();
    assert_eq!(class(&config), "service");
    // a scan keeps what it took accounts for
    run_as_of(&store, &config, &Trigger::Hand, date(2021, 6, 23), &Clock::new(now)).unwrap();
    let kept: (String, String) = store
        .read(|tx| {
            let sql = "SELECT class, class_why FROM account WHERE name = 'bob'";
            Ok::<_, StoreError>(tx.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .unwrap();
    assert_eq!(kept, ("service".to_owned(), "rule: account name like “bo*”".to_owned()));
}
