//! Names that mean something to a browser, a spreadsheet or a path are shown as they are, on every page and in every file.

use std::collections::BTreeSet;

use axum::http::StatusCode;

use super::accounts;
use crate::{directory::Account, store::login::Role};

const NAMES: [&str; 22] = [
    "\\",
    "a\\2a",
    "*",
    "(",
    ")",
    ",",
    "+1",
    "\"",
    "<",
    ">",
    ";",
    "=1+1",
    "#",
    "-2",
    "/../../people",
    "?q=%00&x",
    "zero\0byte",
    "\tindented",
    "=HYPERLINK(\"http://evil.example\")",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; DROP TABLE account; --",
];

#[tokio::test]
async fn a_name_is_never_markup_a_formula_or_a_path() {
    let long = "x<".repeat(32_768);
    let people = NAMES.into_iter().chain([long.as_str()]).enumerate().map(|(number, name)| Account {
        name: if name == long { "long" } else { name }.to_owned(),
        display_name: name.to_owned(),
        department: name.to_owned(),
        mail: format!("{number}{name}@lab.net"),
        ..accounts::account(&number.to_string(), name)
    });
    let people: Vec<Account> = people.collect();
    let office = accounts::office_of(&people, &NAMES.into_iter().chain(["long"]).collect::<Vec<_>>());
    let cookie = office.session(Role::Administrator);

    // every page that names lead to, wherever they stand in an address
    let (mut seen, mut waiting) = (BTreeSet::new(), vec!["/people".to_owned(), "/accounts".to_owned()]);
    waiting.extend(["/".to_owned(), "/devices".to_owned(), "/servers".to_owned()]);
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) || path.len() > 8_000 || seen.len() > 400 {
            continue;
        }
        let answer = office.get(&path, &cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        for mark in ["<script", "<img src=x", "x<x<"] {
            assert!(!answer.text.contains(mark), "{mark} in {path}");
        }
        let links = super::pages::links(&answer.text);
        waiting.extend(links.into_iter().filter(|link| link.starts_with("/people/")));
    }
    let pages = seen.iter().filter(|path| path.starts_with("/people/")).count();
    assert!(pages >= NAMES.len(), "{pages} people have a page: {seen:?}");

    for path in ["/people.csv", "/devices.csv", "/servers.csv", "/accounts.csv"] {
        let answer = office.get(path, &cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let rows: Vec<_> =
            csv::Reader::from_reader(answer.text.as_bytes()).into_records().map(Result::unwrap).collect();
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{path}: {cell}");
        }
        if path == "/people.csv" {
            let shown: BTreeSet<&str> =
                rows.iter().flatten().map(|cell| cell.strip_prefix('\'').unwrap_or(cell)).collect();
            for account in &people {
                let name = account.display_name.as_str();
                assert!(shown.contains(name.strip_prefix('\'').unwrap_or(name)), "{name} is lost");
            }
        }
    }
}
