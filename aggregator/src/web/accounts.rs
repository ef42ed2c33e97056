//! Accounts: what each is taken for and why, the rules that say so, and what people decided by hand.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Shared,
    ask::{Ask, Choice, Column, Pager, choices, columns, pager},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    gate::encode,
    text::{Count, Money, When, product},
};
use crate::{
    identity::{Class, Field, Rule},
    scan::{Preview, RuleChange},
    store::{
        login::{self, Visitor},
        people::{self as decided, AccountKey, StoredDecision, StoredRule},
        view::{
            self, Listing,
            accounts::{self, Account, Accounts},
        },
    },
};

/// All classes, for the filter.
const CLASSES: [(&str, &str); 7] = [
    ("", "Any"),
    ("person", "Person"),
    ("administrator", "Administrator's second account"),
    ("service", "Service account"),
    ("shared", "Shared account"),
    ("external", "External person"),
    ("computer", "Computer"),
];

/// A class in words.
pub fn class_words(class: &str) -> &'static str {
    match CLASSES.iter().find(|(word, _)| *word == class) {
        Some(("", _)) | None => "Not looked at yet",
        Some((_, label)) => label,
    }
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    frame: Frame,
    ask: Ask,
    classes: Vec<Choice>,
    states: Vec<Choice>,
    columns: Vec<Column>,
    pager: Pager,
    rows: Vec<AccountRow>,
}

/// An account in words.
struct AccountRow {
    class: &'static str,
    person: String,
    row: Account,
}

fn words(row: Account) -> AccountRow {
    let person = if row.person.is_empty() { String::new() } else { format!("/people/{}", encode(&row.person)) };
    AccountRow { class: class_words(&row.class), person, row }
}

fn accounts(ask: &Ask) -> Accounts {
    Accounts { text: ask.q.trim().to_owned(), class: ask.kind.clone(), state: ask.state.clone(), person: String::new() }
}

/// GET /accounts
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let (total, found) = ask.find(&state, accounts(&ask)).await?;
    let wanted = [
        ("Account", "name", false),
        ("Taken for", "class", false),
        ("Why", "", false),
        ("Person", "person", false),
        ("State", "", false),
    ];
    page(&AccountsPage {
        frame: Frame::new("Accounts", "/people", visitor),
        classes: choices(&ask.kind, &CLASSES),
        states: choices(&ask.state, &[("", "Any"), ("active", "Active"), ("inactive", "Disabled or gone")]),
        columns: columns(&ask, "/accounts", Accounts::SORTS, &wanted),
        pager: pager(&ask, "/accounts", total),
        rows: found.into_iter().map(words).collect(),
        ask,
    })
}

/// GET /accounts.csv
pub async fn export(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    state.audit(&visitor.name, "exported accounts", String::new()).await?;
    csv(&state, "accounts", accounts(&ask), ask.order(Accounts::SORTS))
}

#[derive(Template)]
#[template(path = "rules.html")]
struct RulesPage {
    frame: Frame,
    made: Vec<RuleRow>,
    configured: Vec<RuleRow>,
    decisions: Vec<DecisionRow>,
    form: RuleForm,
    fields: Vec<Choice>,
    classes: Vec<Choice>,
}

/// A rule in words.
struct RuleRow {
    id: i64,
    words: String,
    class: String,
    made: When,
    made_by: String,
}

fn rule_row(rule: &Rule, id: i64, made: When, made_by: String) -> RuleRow {
    let people = rule.people.map(|people| format!(" of {people} people")).unwrap_or_default();
    RuleRow { id, words: rule.words(), class: format!("{}{people}", class_words(rule.is.as_str())), made, made_by }
}

/// A decision in words.
struct DecisionRow {
    one: (String, String),
    other: (String, String),
    same: bool,
    made: When,
    made_by: String,
}

/// A rule as a form writes it; `remove` instead names one to go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    field: String,
    like: String,
    class: String,
    people: String,
    remove: String,
}

impl RuleForm {
    fn change(&self) -> Result<RuleChange, WebError> {
        if !self.remove.is_empty() {
            let wrong = |_| WebError::BadRequest("there is no such rule: go back and choose one of the list".into());
            return Ok(RuleChange::Remove(self.remove.parse().map_err(wrong)?));
        }
        let wrong = |what: &str| {
            WebError::BadRequest(format!("the rule names no {what} that there is: choose one of the list"))
        };
        let people = self.people.trim();
        let rule = Rule {
            field: Field::from_text(&self.field).ok_or_else(|| wrong("field"))?,
            like: self.like.trim().to_owned(),
            is: Class::of_rule(&self.class).ok_or_else(|| wrong("kind of account"))?,
            people: if people.is_empty() {
                None
            } else {
                let wrong = |_| WebError::BadRequest(format!("`{people}` is no number of people: write digits only"));
                Some(people.parse().map_err(wrong)?)
            },
        };
        if rule.like.chars().count() > 200 {
            return Err(WebError::BadRequest("a pattern has 200 characters at most: shorten it".into()));
        }
        match rule.objection() {
            Some(objection) => Err(WebError::BadRequest(format!("the rule {objection}"))),
            None => Ok(RuleChange::Add(rule)),
        }
    }
}

/// GET /accounts/rules
pub async fn rules(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(form): Query<RuleForm>,
) -> Result<Response, WebError> {
    let (made, decisions) = state
        .read(|tx| {
            let mut decisions = Vec::new();
            for decision in decided::decisions(tx)? {
                let StoredDecision { one, other, same, made, made_by } = decision;
                let name = |key: &AccountKey| -> Result<(String, String), WebError> {
                    let key = format!("{}/{}", key.0, key.1);
                    let found = view::one(tx, &Accounts::default(), key.clone())?;
                    Ok((found.map_or_else(|| "an account that is gone".to_owned(), |found| found.full_name()), key))
                };
                decisions.push(DecisionRow {
                    one: name(&one)?,
                    other: name(&other)?,
                    same,
                    made: When(Some(made)),
                    made_by,
                });
            }
            Ok((decided::rules(tx)?, decisions))
        })
        .await?;
    let made =
        made.into_iter().map(|StoredRule { id, rule, made, made_by }| rule_row(&rule, id, When(Some(made)), made_by));
    let configured = state.scanner.rules.iter().map(|rule| rule_row(rule, 0, When(None), String::new()));
    let fields: Vec<_> = Field::ALL.iter().map(|(_, word, label)| (*word, *label)).collect();
    let classes: Vec<_> = Class::OF_RULES.iter().map(|(_, word, label)| (*word, *label)).collect();
    page(&RulesPage {
        frame: Frame::new("Rules for accounts", "/people", visitor),
        made: made.collect(),
        configured: configured.collect(),
        decisions,
        fields: choices(&form.field, &fields),
        classes: choices(if form.class.is_empty() { "service" } else { &form.class }, &classes),
        form,
    })
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    frame: Frame,
    what: String,
    form: RuleForm,
    again: String,
    found: Preview,
    more: Count,
    /// Licence, needed now, needed then.
    lines: Vec<(String, Count, Count)>,
    accounts: Vec<(String, &'static str, String, &'static str, String)>,
    people: (Count, Count),
    cost: (String, String),
}

/// What a change of the rules is, in words.
fn change_words(change: &RuleChange, rules: &[StoredRule]) -> Result<String, WebError> {
    match change {
        RuleChange::Add(rule) => {
            let people = rule.people.map(|people| format!(" of {people} people")).unwrap_or_default();
            Ok(format!("{}: {}{people}", rule.words(), class_words(rule.is.as_str())))
        }
        RuleChange::Remove(id) => {
            let gone = || WebError::NotFound("there is no such rule any more".into());
            let rule = rules.iter().find(|rule| rule.id == *id).ok_or_else(gone)?;
            Ok(format!("without the rule {}: {}", rule.rule.words(), class_words(rule.rule.is.as_str())))
        }
    }
}

/// POST /accounts/rules/preview
pub async fn preview(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Form(form): Form<RuleForm>,
) -> Result<Response, WebError> {
    let change = form.change()?;
    let rules = state.read(|tx| Ok(decided::rules(tx)?)).await?;
    let what = change_words(&change, &rules)?;
    // it costs as much as two scans, so it waits its turn like one
    let busy = || WebError::Conflict("a scan is running: wait until it is done, then look again".into());
    let place = Arc::clone(&state.scanning).try_acquire_owned().map_err(|_| busy())?;
    let work = Arc::clone(&state.scanner.preview);
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&change);
        drop(place);
        done
    });
    let found = done.await.map_err(|_| WebError::Internal)?.map_err(WebError::Conflict)?;
    let accounts = found.accounts.iter().map(|one| {
        let words = |(class, why): &(&'static str, String)| (class_words(class), why.clone());
        let ((before, before_why), (after, after_why)) = (words(&one.before), words(&one.after));
        (one.account.clone(), before, before_why, after, after_why)
    });
    let money = |minor| Money { minor, currency: found.currency.clone() }.to_string();
    page(&PreviewPage {
        frame: Frame::new("Preview of a rule", "/people", visitor),
        what,
        again: format!(
            "/accounts/rules?field={}&like={}&class={}&people={}#new",
            encode(&form.field),
            encode(&form.like),
            encode(&form.class),
            encode(&form.people)
        ),
        form,
        more: Count((found.changed - found.accounts.len()) as u64),
        lines: found.lines.iter().map(|(sku, of, old, new)| (product(sku, of), Count(*old), Count(*new))).collect(),
        accounts: accounts.collect(),
        people: (Count(found.people.0 as u64), Count(found.people.1 as u64)),
        cost: (money(found.cost_minor.0), money(found.cost_minor.1)),
        found,
    })
}

/// POST /accounts/rules
pub async fn keep(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Form(form): Form<RuleForm>,
) -> Result<Response, WebError> {
    let (change, now) = (form.change()?, state.now());
    state
        .write(move |tx| {
            let words = change_words(&change, &decided::rules(tx)?)?;
            match &change {
                RuleChange::Add(rule) => {
                    decided::add_rule(tx, rule, &visitor.name, now)?;
                    login::audit(tx, now, &visitor.name, "made a rule for accounts", &words)?;
                }
                RuleChange::Remove(id) => {
                    decided::remove_rule(tx, *id)?;
                    login::audit(tx, now, &visitor.name, "removed a rule for accounts", &words)?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(Redirect::to("/accounts/rules").into_response())
}

/// Two accounts of a decision to be taken back.
#[derive(Debug, Deserialize)]
pub struct UndoForm {
    one: String,
    other: String,
}

/// POST /accounts/decisions/undo
pub async fn undo(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Form(UndoForm { one, other }): Form<UndoForm>,
) -> Result<Response, WebError> {
    let gone = || WebError::NotFound("there is no such decision any more".into());
    let keys = accounts::account_key(&one).zip(accounts::account_key(&other)).ok_or_else(gone)?;
    let now = state.now();
    state
        .write(move |tx| {
            if !decided::undecide(tx, &keys.0, &keys.1)? {
                return Err(gone());
            }
            Ok(login::audit(tx, now, &visitor.name, "took a decision about accounts back", &format!("{one} {other}"))?)
        })
        .await?;
    Ok(Redirect::to("/accounts/rules").into_response())
}

/// What is decided of an account on the page of a person.
#[derive(Debug, Deserialize)]
pub struct DecisionForm {
    /// `domain\name`.
    account: String,
    /// `part` or `join`; empty with no account: all joins are right.
    what: String,
}

/// POST /people/{person}/accounts
pub async fn decide(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(person): Path<String>,
    Form(DecisionForm { account, what }): Form<DecisionForm>,
) -> Result<Response, WebError> {
    let now = state.now();
    let target = format!("/people/{}#accounts", encode(&person));
    state
        .write(move |tx| {
            let of_person = Accounts { person: person.clone(), ..Accounts::default() };
            let mut own = view::rows(tx, &of_person, Accounts::SORTS[0], &view::Rows::All)?;
            // the account that stands for the others comes first
            own.sort_by_key(|account| account.full_name() != person);
            let own: Vec<AccountKey> = own.iter().filter_map(Account::account_key).collect();
            if own.is_empty() {
                return Err(WebError::NotFound("the last scan knows no account of such a person".into()));
            }
            let named = || -> Result<AccountKey, WebError> {
                let nobody = || {
                    WebError::BadRequest(format!(
                        "no directory knows `{account}`: write domain\\name or a user principal name"
                    ))
                };
                accounts::named(tx, &account)?.ok_or_else(nobody)
            };
            let by = visitor.name.as_str();
            match what.as_str() {
                "part" => {
                    let named = named()?;
                    for other in own.iter().filter(|key| **key != named) {
                        decided::decide(tx, (&named, other), false, by, now)?;
                    }
                    login::audit(tx, now, by, "parted an account from a person", &format!("{account} from {person}"))?;
                }
                "join" => {
                    let named = named()?;
                    if own.contains(&named) {
                        return Err(WebError::BadRequest(format!("`{account}` is this person's already")));
                    }
                    decided::decide(tx, (&named, &own[0]), true, by, now)?;
                    login::audit(tx, now, by, "joined an account to a person", &format!("{account} to {person}"))?;
                }
                "confirm" => {
                    for pair in own.windows(2) {
                        decided::decide(tx, (&pair[0], &pair[1]), true, by, now)?;
                    }
                    login::audit(tx, now, by, "confirmed the accounts of a person", &person)?;
                }
                _ => return Err(WebError::BadRequest("the form says neither part, join nor confirm".into())),
            }
            Ok(())
        })
        .await?;
    Ok(Redirect::to(&target).into_response())
}

impl Table for Accounts {
    const HEADINGS: &'static [&'static str] = &["account", "name", "taken_for", "why", "person", "active"];

    fn record(row: Account) -> Vec<String> {
        vec![
            row.full_name(),
            row.display_name,
            row.class,
            row.why,
            row.person,
            if row.active { "yes" } else { "no" }.to_owned(),
        ]
    }
}
