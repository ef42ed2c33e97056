//! What stands on the pages, and that names are for those who may see them.

use axum::http::StatusCode;

use super::{Office, estate::furnish};
use crate::store::login::Role;

/// Every `href` of a page that leads to a page of ours.
pub fn links(text: &str) -> Vec<String> {
    let parts = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    parts.filter(|link| link.starts_with('/')).map(|link| link.replace("&#38;", "&")).collect()
}

#[tokio::test]
async fn the_overview_links_every_number_to_rows_that_are_there() {
    let office = Office::empty();
    furnish(&office, 150);
    let cookie = office.session(Role::Analyst);
    let overview = office.get("/", &cookie).await;
    for part in ["1,200", "200 short", "10,641.50\u{a0}EUR", "Proven cheapest", "Windows Server 2022 User CAL"] {
        assert!(overview.text.contains(part), "{part}");
    }
    // text of a position is text, never markup
    assert!(overview.text.contains("one server &#60;b&#62;runs"));
    let found = links(&overview.text);
    for link in [
        "/people?scan=2&licence=user-cal&version=2022",
        "/devices?scan=2&licence=device-cal&version=2022",
        "/servers?edition=standard",
    ] {
        assert!(found.iter().any(|found| found == link), "{link} in {found:?}");
    }
    for link in found {
        assert_eq!(office.get(&link, &cookie).await.status, StatusCode::OK, "{link}");
    }
    let people = office.get("/people?scan=2&licence=user-cal&version=2022", &cookie).await;
    assert!(people.text.contains("1 to 75 of 75"));
    assert!(office.get("/servers?edition=standard", &cookie).await.text.contains("1 to 1 of 1"));
}

#[tokio::test]
async fn the_overview_says_what_to_do_next() {
    let office = Office::empty();
    let cookie = office.session(Role::Viewer);
    let empty = office.get("/", &cookie).await.text;
    assert!(empty.contains("No scan yet") && empty.contains("caliper token create"));
    furnish(&office, 1);
    let text = office.get("/", &cookie).await.text;
    for part in
        ["The last scan failed: the directory did not answer", "drop 41 messages", "1 of 2 agents have been silent"]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(office.get("/agents?state=silent", &cookie).await.text.contains("1 to 1 of 1"));
    assert!(office.get("/agents?state=well", &cookie).await.text.contains("1 to 1 of 1"));
}

#[tokio::test]
async fn agents_are_found_by_site_and_tag() {
    let office = Office::empty();
    furnish(&office, 1);
    let cookie = office.session(Role::Viewer);
    let all = office.get("/agents", &cookie).await.text;
    let links = links(&all);
    for link in ["/agents?site=Munich%20S%C3%BCd", "/agents?tag=test", "/agents?tag=tier%20%3C1%3E"] {
        assert!(links.iter().any(|found| found == link), "{link} in {links:?}");
        let text = office.get(link, &cookie).await.text;
        assert!(text.contains("1 to 1 of 1") && text.contains("DC1") && text.contains("Munich Süd"), "{text}");
    }
    // neither is found by a part of it
    for other in ["/agents?site=Munich", "/agents?tag=tes", "/agents?site=Munich%20S%C3%BCd&tag=other"] {
        assert!(office.get(other, &cookie).await.text.contains("No agent fits this filter"), "{other}");
    }
    assert!(all.contains("tier &#60;1&#62;") || all.contains("tier &lt;1&gt;"), "{all}");
    let api = office.get("/api/v1/agents?site=Munich%20S%C3%BCd", &cookie).await.text;
    let api: serde_json::Value = serde_json::from_str(&api).unwrap();
    assert_eq!(api["items"][0]["tags"], serde_json::json!(["test", "tier <1>"]));
    let csv = office.get("/agents.csv?tag=test", &cookie).await.text;
    assert!(csv.contains("Munich Süd,\"test, tier <1>\""), "{csv}");
}

#[tokio::test]
async fn empty_lists_say_what_to_do() {
    let office = Office::empty();
    let cookie = office.session(Role::Operator);
    for (path, advice) in [
        ("/servers", "caliper import FILE"),
        ("/people", "Run a scan now"),
        ("/devices", "Run a scan now"),
        ("/scans", "caliper scan"),
        ("/agents", "caliper token create"),
    ] {
        assert!(office.get(path, &cookie).await.text.contains(advice), "{path}");
    }
}

#[tokio::test]
async fn a_viewer_sees_numbers_and_never_a_name() {
    let office = Office::empty();
    furnish(&office, 4);
    let cookie = office.session(Role::Viewer);
    for path in ["/", "/people", "/people?q=Brien", "/devices", "/scans", "/scans/2"] {
        let answer = office.get(path, &cookie).await;
        assert_eq!(answer.status, StatusCode::OK);
        for name in ["Brien", "Person 0", "corp\\", "kiosk", "10.0.0.9"] {
            assert!(!answer.text.contains(name), "{name} on {path}");
        }
    }
    let people = office.get("/people", &cookie).await.text;
    assert!(people.contains("User CAL 2022") && people.contains("All people"));
}

#[tokio::test]
async fn a_look_at_a_person_or_a_device_is_written_down() {
    let office = Office::empty();
    furnish(&office, 1);
    let cookie = office.session(Role::Analyst);
    let person = office.get("/people/corp%5Cuser000000", &cookie).await.text;
    for part in ["=Ada O&#39;Brien &#60;x&#62;", "Reaches a server (E.1).", "3 in 2026", "10.0.0.9", "FS1"] {
        assert!(person.contains(part), "{part}");
    }
    let device = office.get("/devices/kiosk%2F1", &cookie).await.text;
    assert!(device.contains("Device CAL 2022") && device.contains("CORP\\user000000"));
    office.get("/people.csv", &cookie).await;
    assert_eq!(office.get("/people/nobody", &cookie).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        office.audit(),
        [
            "analyst looked at a person corp\\user000000",
            "analyst looked at a device kiosk/1",
            "analyst exported people scan 2"
        ]
    );
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut_by_the_address() {
    let office = Office::empty();
    furnish(&office, 250);
    let cookie = office.session(Role::Analyst);
    for (query, range) in [
        ("", "1 to 100 of 250"),
        ("?page=3", "201 to 250 of 250"),
        ("?page=4", "Nothing"),
        ("?q=USER000007", "1 to 1 of 1"),
        ("?q=%25", "Nothing"),
        ("?licence=devices", "1 to 100 of 125"),
        ("?external=yes&licence=devices", "1 to 42 of 42"),
        ("?scan=1", "Nothing"),
        ("?sort=last&page=2", "101 to 200 of 250"),
        ("?sort=nonsense&page=-1", "1 to 100 of 250"),
    ] {
        let answer = office.get(&format!("/people{query}"), &cookie).await;
        let shown = answer.text.contains(&format!("<p>{range}"));
        assert!(shown, "{query}");
    }
    for query in ["?scan=3", "?scan=99"] {
        assert_eq!(office.get(&format!("/people{query}"), &cookie).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(office.get("/people?scan=x", &cookie).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_export_has_every_row_of_the_filter_and_no_formula() {
    let office = Office::empty();
    furnish(&office, 2500);
    let cookie = office.session(Role::Analyst);
    let answer = office.get("/people.csv?licence=user-cal", &cookie).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let rows: Vec<_> = csv::Reader::from_reader(answer.text.as_bytes()).into_records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1250);
    assert!(rows.iter().any(|row| &row[1] == "'=Ada O'Brien <x>"));
    for (path, count) in [("/servers.csv", 3), ("/devices.csv", 2), ("/scans.csv", 3), ("/agents.csv?state=silent", 1)]
    {
        let text = office.get(path, &cookie).await.text;
        assert_eq!(csv::Reader::from_reader(text.as_bytes()).records().count(), count, "{path}");
    }
}

#[tokio::test]
async fn an_operator_runs_a_scan_and_revokes_an_agent() {
    let office = Office::empty();
    furnish(&office, 1);
    let cookie = office.session(Role::Operator);
    let run = office.post("/scans", &cookie, "csrf=form-secret").await;
    assert_eq!((run.status, run.header("location")), (StatusCode::SEE_OTHER, "/scans/4"));
    assert_eq!(office.get("/scans/4", &cookie).await.status, StatusCode::OK);
    let revoke = office.post("/agents/a1/revoke", &cookie, "csrf=form-secret").await;
    assert_eq!(revoke.header("location"), "/agents?state=revoked");
    assert!(office.get("/agents?state=revoked", &cookie).await.text.contains("1 to 1 of 1"));
    assert_eq!(office.post("/agents/none/revoke", &cookie, "csrf=form-secret").await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.audit(), ["operator ran a scan hand", "operator revoked an agent a1"]);
}

#[tokio::test]
async fn pages_are_made_for_everybody() {
    let office = Office::empty();
    furnish(&office, 3);
    let cookie = office.session(Role::Administrator);
    for path in [
        "/",
        "/servers",
        "/servers/1",
        "/people",
        "/people/corp%5Cuser000001",
        "/devices",
        "/scans",
        "/scans/2",
        "/agents",
    ] {
        let text = office.get(path, &cookie).await.text;
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">"), "{path}");
        assert!(text.contains("class=\"skip\" href=\"#content\""), "{path}");
        assert_eq!(text.matches("<h1").count(), 1, "{path}");
        assert_eq!(text.matches("<table").count(), text.matches("<caption").count(), "{path}");
        assert!(!text.contains("<th>") && !text.contains("<script") && !text.contains("style="), "{path}");
        assert_eq!(text.matches("role=\"img\"").count(), text.matches("<title id=").count(), "{path}");
    }
}
