//! Accounts, rules and decisions through forms, as an analyst uses them.

use axum::http::StatusCode;
use caliper_proto::{Access, AccessKey, Days, Inventory, Report, Source};

use super::{NOON, Office};
use crate::{
    config::Config,
    context::Clock,
    directory::{Account, AccountKind, Kind, Members, Snapshot},
    ingest::import::import,
    scan::{Trigger, run},
    store::{directory::replace, login::Role},
};

pub fn account(guid: &str, name: &str) -> Account {
    Account {
        sid: format!("S-1-5-21-1-2-3-{guid}"),
        upn: format!("{name}@lab.net"),
        display_name: format!("<b>{name}</b>"),
        dn: format!("CN={name}"),
        ..Account::bare(AccountKind::User, guid, name)
    }
}

/// A scanned file server that Jane with two accounts, Bob and a kiosk have used today.
fn office() -> Office {
    let accounts = [
        Account { employee: "7".into(), ..account("1", "jane") },
        Account { employee: "7".into(), ..account("2", "jane2") },
        account("3", "bob"),
        account("4", "kiosk-1"),
        account("5", "absent"),
        Account {
            kind: AccountKind::Computer,
            operating_system: "Windows Server 2022 Standard".into(),
            upn: String::new(),
            ..account("6", "FS2$")
        },
    ];
    office_of(&accounts, &["jane", "jane2", "bob", "kiosk-1"])
}

/// A scanned file server of a domain with these accounts that those of these names have used today.
pub fn office_of(accounts: &[Account], seen: &[&str]) -> Office {
    let office = Office::empty();
    let snapshot = Snapshot {
        kind: Kind::ActiveDirectory,
        base: "DC=lab,DC=net".into(),
        netbios: "lab".into(),
        dns: "lab.net".into(),
        accounts: accounts.to_owned(),
        members: Members::default(),
        point: None,
    };
    office.store.write(|tx| replace(tx, "lab", &snapshot, None, office.now())).unwrap();
    let row = |name: &str| {
        let mut days = Days::default();
        days.insert(325).unwrap();
        let key = AccessKey {
            service: "File Server".into(),
            role_guid: "10a9226f-50ee-49d8-a393-9a501d47ce04".into(),
            principal: format!("lab\\{name}"),
            client: format!("10.0.0.{}", name.len()),
            source: Source::UserAccessLogging,
            year: 2026,
        };
        Access { key, days, total: 1, first: office.now(), last: office.now() }
    };
    let server = Inventory {
        name: "FS".into(),
        domain: "lab.net".into(),
        edition: Some("Standard".into()),
        version: Some("2022".into()),
        product_type: Some(3),
        ..Inventory::default()
    };
    let accesses = caliper_proto::merge_all(seen.iter().map(|name| row(name)));
    let report = Report { server, accesses, warnings: Vec::new() }.to_json();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(file.path(), report).unwrap();
    import(&office.store, file.path(), office.now()).unwrap();
    scan(&office);
    office
}

fn scan(office: &Office) {
    let clock = Clock::new(|| caliper_proto::Instant::from_micros(NOON).unwrap());
    run(&office.store, &Config::default(), &Trigger::Hand, &clock).unwrap();
}

#[tokio::test]
async fn a_rule_is_previewed_kept_and_removed() {
    let office = office();
    let cookie = office.session(Role::Analyst);
    let list = office.get("/accounts", &cookie).await.text;
    assert!(
        list.contains("lab\\kiosk-1") && list.contains("1 to 6 of 6") && list.contains("&#60;b&#62;jane"),
        "{list}"
    );
    assert!(office.get("/accounts?kind=person&q=kiosk", &cookie).await.text.contains("1 to 1 of 1"));

    let form = "csrf=form-secret&field=name&like=kiosk-*&class=shared&people=12";
    let preview = office.post("/accounts/rules/preview", &cookie, form).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
    for part in [
        "Keep this rule",
        "lab\\kiosk-1",
        "Shared account of 12 people",
        "<dt>Accounts taken for something else</dt><dd>1</dd>",
    ] {
        assert!(preview.text.contains(part), "{part}: {}", preview.text);
    }
    assert!(office.get("/accounts/rules", &cookie).await.text.contains("No rule yet"));
    assert_eq!(office.post("/accounts/rules", &cookie, form).await.status, StatusCode::SEE_OTHER);
    let rules = office.get("/accounts/rules", &cookie).await.text;
    assert!(rules.contains("account name like “kiosk-*”") && rules.contains("by analyst"), "{rules}");
    scan(&office);
    assert!(office.get("/accounts?kind=shared", &cookie).await.text.contains("rule: account name like “kiosk-*”"));

    let remove = "csrf=form-secret&remove=1";
    let preview = office.post("/accounts/rules/preview", &cookie, remove).await.text;
    assert!(
        preview.contains("without the rule account name like") && preview.contains("Remove this rule"),
        "{preview}"
    );
    assert_eq!(office.post("/accounts/rules", &cookie, remove).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.post("/accounts/rules", &cookie, remove).await.status, StatusCode::NOT_FOUND);
    let audit = office.audit();
    let said = |line: &str| audit.iter().any(|found| found == line);
    assert!(
        said("analyst made a rule for accounts account name like “kiosk-*”: Shared account of 12 people"),
        "{audit:?}"
    );
    assert!(
        said("analyst removed a rule for accounts without the rule account name like “kiosk-*”: Shared account"),
        "{audit:?}"
    );
}

#[tokio::test]
async fn a_wrong_rule_is_refused_with_what_to_do() {
    let office = Office::empty();
    let cookie = office.session(Role::Analyst);
    for (form, part) in [
        ("field=name&like=*&class=service&people=", "would fit every account"),
        ("field=sid&like=x&class=service&people=", "no field"),
        ("field=name&like=x&class=king&people=", "no kind of account"),
        ("field=name&like=x&class=shared&people=", "add `people`"),
        ("field=name&like=x&class=shared&people=many", "write digits only"),
        ("remove=x", "no such rule"),
    ] {
        for path in ["/accounts/rules/preview", "/accounts/rules"] {
            let answer = office.post(path, &cookie, &format!("csrf=form-secret&{form}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
            assert!(answer.text.contains(part), "{form}: {}", answer.text);
        }
    }
    let long = format!("csrf=form-secret&field=name&like={}&class=service&people=", "x".repeat(201));
    assert_eq!(office.post("/accounts/rules", &cookie, &long).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn accounts_of_a_person_are_parted_joined_and_confirmed() {
    let office = office();
    let cookie = office.session(Role::Analyst);
    let jane = office.get("/people/lab%5Cjane", &cookie).await.text;
    assert!(jane.contains("same employee number (7), high confidence") && jane.contains("Somebody else"), "{jane}");
    let decide = |form: &'static str| {
        let (office, cookie) = (&office, &cookie);
        async move { office.post("/people/lab%5Cjane/accounts", cookie, &format!("csrf=form-secret&{form}")).await.status }
    };
    assert_eq!(decide("what=part&account=lab%5Cjane2").await, StatusCode::SEE_OTHER);
    assert_eq!(decide("what=join&account=BOB@lab.net").await, StatusCode::SEE_OTHER);
    assert_eq!(decide("what=join&account=lab%5Cnobody").await, StatusCode::BAD_REQUEST);
    assert_eq!(decide("what=join&account=lab%5Cjane").await, StatusCode::BAD_REQUEST);
    assert_eq!(decide("what=king&account=").await, StatusCode::BAD_REQUEST);
    let nobody = office.post("/people/lab%5Cx/accounts", &cookie, "csrf=form-secret&what=confirm&account=").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    scan(&office);
    assert!(office.get("/people/lab%5Cjane2", &cookie).await.status == StatusCode::OK);
    // of two everyday accounts the first by name stands for both
    let rules = office.get("/accounts/rules", &cookie).await.text;
    assert!(office.get("/people/lab%5Cbob", &cookie).await.text.contains("analyst said so on 2026-11-21"));
    assert!(rules.contains("is somebody else than") && rules.contains("is the same person as"), "{rules}");
    let undo = "csrf=form-secret&one=1/1&other=1/2";
    assert_eq!(office.post("/accounts/decisions/undo", &cookie, undo).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.post("/accounts/decisions/undo", &cookie, undo).await.status, StatusCode::NOT_FOUND);
    let audit = office.audit();
    assert!(
        audit.iter().any(|line| line == "analyst parted an account from a person lab\\jane2 from lab\\jane"),
        "{audit:?}"
    );
}

#[tokio::test]
async fn what_was_not_watched_is_listed_with_what_it_may_add() {
    let office = office();
    let cookie = office.session(Role::Viewer);
    let page = office.get("/coverage", &cookie).await.text;
    for part in [
        "fs2.lab.net",
        "Reports nothing",
        "up to 1 CAL, and at least 16 core licences unless its host is licensed",
        "Bring in reports of 1 server that a directory knows of",
        // of the window only the last day
        "fs.lab.net",
        "Watched in part",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(office.get("/coverage?kind=no-report", &cookie).await.text.contains("1 to 1 of 1"));
    assert!(office.get("/", &cookie).await.text.contains("1 server that a directory knows reports nothing."));
    let csv = office.get("/coverage.csv", &cookie).await.text;
    assert!(csv.contains("fs2.lab.net,no-report,2022,0,"), "{csv}");
}

#[tokio::test]
async fn somebody_nobody_saw_has_a_page_too() {
    let office = office();
    let cookie = office.session(Role::Analyst);
    let page = office.get("/people/lab%5Cabsent", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("Was not seen within the window") && page.text.contains("ordinary account"),
        "{}",
        page.text
    );
    assert_eq!(office.get("/people/lab%5Cnobody", &cookie).await.status, StatusCode::NOT_FOUND);
}
