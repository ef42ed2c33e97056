//! People: what a scan said of each, in numbers for viewers, with names for analysts; one person with the evidence.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::Response,
};
use rusqlite::Transaction;

use super::{
    Shared,
    accounts::class_words,
    ask::{Ask, Choice, Column, Pager, choices, columns, pager, versions},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    gate::encode,
    scans::{ScanShown, shown_scan},
    text::{Count, EvidenceView, When, confidence, evidence, licence},
};
use crate::store::{
    login::{Role, Visitor},
    view::{
        self, Listing,
        accounts::Accounts,
        evidence::{self as accesses, MOST},
        people::{self, Group, People, Person},
    },
};

/// Kinds of licence a person can need.
const LICENCES: [(&str, &str); 5] =
    [("", "Any"), ("user-cal", "User CAL"), ("devices", "Covered by devices"), ("exempt", "Exempt"), ("none", "None")];

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    scan: ScanShown,
    ask: Ask,
    licences: Vec<Choice>,
    versions: Vec<Choice>,
    external: Vec<Choice>,
    columns: Vec<Column>,
    pager: Pager,
    rows: Vec<PersonRow>,
}

/// People or devices in numbers, for those who see no names.
#[derive(Template)]
#[template(path = "groups.html")]
pub struct GroupsPage {
    pub frame: Frame,
    pub scan: ScanShown,
    pub kind: &'static str,
    pub groups: Vec<(Group, String, Count)>,
    pub total: Count,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    scan: ScanShown,
    person: PersonRow,
    accounts: Vec<AccountOf>,
    /// Where forms about the accounts go.
    decide: String,
    evidence: Vec<EvidenceView>,
    most: u32,
}

/// One account of a person in words.
struct AccountOf {
    name: String,
    class: &'static str,
    why: String,
    /// The other account, why, how sure.
    joins: Vec<(String, String, String)>,
}

/// A person in words.
struct PersonRow {
    link: String,
    licence: String,
    confidence: String,
    devices: Count,
    servers: Count,
    first: When,
    last: When,
    row: Person,
}

fn words(row: Person, scan: i64) -> PersonRow {
    PersonRow {
        link: format!("/people/{}?scan={scan}", encode(&row.person)),
        licence: licence(&row.licence, &row.version),
        confidence: confidence(&row.confidence),
        devices: Count(row.devices),
        servers: Count(row.servers),
        first: When(row.first_seen),
        last: When(row.last_seen),
        row,
    }
}

/// The list an address asks for.
pub fn people(ask: &Ask, scan: i64) -> People {
    People {
        scan,
        text: ask.q.trim().to_owned(),
        licence: ask.licence.clone(),
        version: ask.version.clone(),
        external: ask.external.clone(),
    }
}

/// The page for those who see no names.
pub fn groups_page(frame: Frame, scan: ScanShown, kind: &'static str, groups: Vec<Group>) -> GroupsPage {
    let total = Count(groups.iter().map(|group| group.count).sum());
    let words = |group: Group| (group.clone(), licence(&group.licence, &group.version), Count(group.count));
    GroupsPage { frame, scan, kind, groups: groups.into_iter().map(words).collect(), total }
}

/// GET /people
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let Some(scan) = shown_scan(&state, &ask).await? else { return no_scan(visitor, "People", "/people") };
    let (id, frame) = (scan.id, Frame::new("People", "/people", visitor));
    if !frame.analyst() {
        let groups = state.read(move |tx| Ok(people::groups(tx, id)?)).await?;
        return page(&groups_page(frame, scan, "people", groups));
    }
    let (total, found) = ask.find(&state, people(&ask, id)).await?;
    let wanted = [
        ("Name", "name", false),
        ("Department", "department", false),
        ("Licence", "licence", false),
        ("Devices", "devices", true),
        ("Servers", "servers", true),
        ("Last seen", "last", false),
        ("Why", "", false),
    ];
    page(&PeoplePage {
        frame,
        licences: choices(&ask.licence, &LICENCES),
        versions: versions(&ask.version),
        external: choices(&ask.external, &[("", "Everybody"), ("no", "Own people"), ("yes", "External")]),
        columns: columns(&ask, "/people", People::SORTS, &wanted),
        pager: pager(&ask, "/people", total),
        rows: found.into_iter().map(|row| words(row, id)).collect(),
        scan,
        ask,
    })
}

#[derive(Template)]
#[template(path = "no_scan.html")]
struct NoScanPage {
    frame: Frame,
}

/// What a list of scanned things shows before there is a scan.
pub fn no_scan(visitor: Visitor, title: &'static str, place: &'static str) -> Result<Response, WebError> {
    page(&NoScanPage { frame: Frame::new(title, place, visitor) })
}

/// GET /people.csv
pub async fn export(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let scan = shown_scan(&state, &ask).await?.ok_or_else(nothing)?.id;
    state.audit(&visitor.name, "exported people", format!("scan {scan}")).await?;
    csv(&state, "people", people(&ask, scan), ask.order(People::SORTS))
}

/// What an export answers before there is a scan.
pub fn nothing() -> WebError {
    WebError::NotFound("there is no scan yet: run one first".into())
}

/// GET /people/{person}
pub async fn person(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(person): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    debug_assert!(visitor.role >= Role::Analyst);
    let scan = shown_scan(&state, &ask).await?.ok_or_else(nothing)?;
    let id = scan.id;
    let found = state
        .read(move |tx| {
            let listing = People { scan: id, ..People::default() };
            let found = match view::one(tx, &listing, person.clone())? {
                Some(found) => Some(found),
                None => unseen(tx, person)?,
            };
            let evidence = found.as_ref().map(|person| accesses::of_accounts(tx, &person.accounts)).transpose()?;
            let known = found.as_ref().map(|person| taken(tx, person)).transpose()?;
            Ok(found.zip(evidence).zip(known))
        })
        .await?;
    let Some(((row, rows), accounts)) = found else {
        return Err(WebError::NotFound(format!("scan {id} knows no such person")));
    };
    state.audit(&visitor.name, "looked at a person", row.person.clone()).await?;
    page(&PersonPage {
        frame: Frame::new(row.name.clone(), "/people", visitor),
        scan,
        accounts,
        decide: format!("/people/{}/accounts", encode(&row.person)),
        person: words(row, id),
        evidence: evidence(rows),
        most: MOST,
    })
}

/// Somebody whom directories know and nobody saw; `None` for somebody unknown.
fn unseen(tx: &Transaction<'_>, person: String) -> Result<Option<Person>, WebError> {
    let of_person = Accounts { person: person.clone(), ..Accounts::default() };
    let accounts = view::rows(tx, &of_person, Accounts::SORTS[0], &view::Rows::All)?;
    let Some(main) = accounts.iter().find(|account| account.full_name() == person).or(accounts.first()) else {
        return Ok(None);
    };
    Ok(Some(Person {
        name: if main.display_name.is_empty() { main.name.clone() } else { main.display_name.clone() },
        accounts: accounts.iter().map(view::accounts::Account::full_name).collect(),
        joins: Vec::new(),
        department: String::new(),
        external: main.class == "external",
        licence: "none".into(),
        version: String::new(),
        why: "Was not seen within the window, so needs no licence (E.19).".into(),
        confidence: "H".into(),
        devices: 0,
        servers: 0,
        first_seen: None,
        last_seen: None,
        person,
    }))
}

/// What the last scan took the accounts of a person for.
fn taken(tx: &Transaction<'_>, person: &Person) -> Result<Vec<AccountOf>, WebError> {
    let of_person = Accounts { person: person.person.clone(), ..Accounts::default() };
    let known = view::rows(tx, &of_person, Accounts::SORTS[0], &view::Rows::All)?;
    let words = |name: &String| {
        let found = known.iter().find(|account| account.full_name() == *name);
        let joins = person.joins.iter().filter_map(|join| {
            let other = if join.one == *name { &join.other } else { (join.other == *name).then_some(&join.one)? };
            Some((other.clone(), join.why.clone(), confidence(&format!("{:?}", join.confidence))))
        });
        AccountOf {
            name: name.clone(),
            class: found.map_or("Unknown to every directory", |account| class_words(&account.class)),
            why: found.map(|account| account.why.clone()).unwrap_or_default(),
            joins: joins.collect(),
        }
    };
    Ok(person.accounts.iter().map(words).collect())
}

impl Table for People {
    const HEADINGS: &'static [&'static str] = &[
        "person",
        "name",
        "accounts",
        "department",
        "external",
        "licence",
        "version",
        "why",
        "confidence",
        "devices",
        "servers",
        "first_seen",
        "last_seen",
    ];

    fn record(row: Person) -> Vec<String> {
        vec![
            row.person,
            row.name,
            row.accounts.join(" "),
            row.department,
            if row.external { "yes" } else { "no" }.to_owned(),
            row.licence,
            row.version,
            row.why,
            row.confidence,
            row.devices.to_string(),
            row.servers.to_string(),
            When(row.first_seen).iso(),
            When(row.last_seen).iso(),
        ]
    }
}
