//! A small estate as scans, agents and imports leave it in the store.

use rusqlite::{Transaction, params};

use super::{DAY, NOON, Office};
use crate::store::StoreError;

/// The position of scan 2, with spaces that only the stored bytes have.
pub const POSITION: &str = r#"{ "format": "caliper.position/1", "lines": [
  {"sku":"windows-server-cal/device","version":"2022","unit":"device","needed":1,"owned":0,"short":1,"surplus":0,"cost_minor":4150,"currency":"EUR","rules":["E.1"],"confidence":"H"},
  {"sku":"windows-server-cal/user","version":"2022","unit":"user","needed":1200,"owned":1000,"short":200,"surplus":0,"cost_minor":1060000,"currency":"EUR","rules":["E.1","E.4"],"confidence":"M"},
  {"sku":"windows-server/standard/core","version":"2019","unit":"core","needed":16,"owned":16,"short":0,"surplus":0,"cost_minor":0,"currency":"EUR","rules":["C.1"],"confidence":"H"}],
  "optimum": {"cost_minor":6364150,"lower_bound_minor":6364150,"proven":true}, "warnings": ["one server <b>runs</b> no agent"] }"#;

/// Two scans, of which the second has `people` people; one more that failed; three servers, two agents.
pub fn furnish(office: &Office, people: u32) {
    office.store.write(|tx| fill(tx, people)).unwrap();
}

fn fill(tx: &Transaction<'_>, people: u32) -> Result<(), StoreError> {
    let scan = "INSERT INTO scan (id, started, finished, trigger, state, failure, position, people, devices, servers)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 2, 3)";
    let empty = POSITION.replace("1200", "7");
    tx.execute(scan, params![1, NOON - 2 * DAY, NOON - 2 * DAY, "schedule: nightly", "done", "", empty, 1])?;
    tx.execute(scan, params![2, NOON - DAY, NOON - DAY + 2_500_000, "hand", "done", "", POSITION, people])?;
    tx.execute(scan, params![3, NOON - 3600, NOON, "api", "failed", "the directory did not answer", "", 0])?;
    let mut person =
        tx.prepare("INSERT INTO scan_person VALUES (2, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'H', 2, 1, ?9, ?9, '[]')")?;
    for at in 0..people {
        let id = format!("corp\\user{at:06}");
        let (licence, version) = if at % 2 == 0 { ("user-cal", "2022") } else { ("devices", "") };
        let name = if at == 0 { "=Ada O'Brien <x>".to_owned() } else { format!("Person {at:06}") };
        let accounts = format!("[\"corp\\\\user{at:06}\"]");
        let why = "Reaches a server (E.1).";
        person.execute(params![id, name, accounts, "Ward 3", at % 3 == 0, licence, version, why, NOON - DAY])?;
    }
    let mut device =
        tx.prepare("INSERT INTO scan_device VALUES (2, ?1, ?1, ?2, ?3, ?4, ?5, 'Shared.', 'M', 9, 1, ?6, ?6)")?;
    device.execute(params!["kiosk/1", "[\"10.0.0.9\"]", "computer", "device-cal", "2022", NOON - DAY])?;
    device.execute(params!["10.0.0.7", "[\"10.0.0.7\"]", "address", "people", "", NOON - DAY])?;
    let server = "INSERT INTO server VALUES (?1, ?2, ?3, ?4, 'corp.example', ?5, ?6, ?7, ?7, ?7)";
    let facts =
        r#"{"name":"FS1","domain":"corp.example","edition":"Standard","version":"2019","is_virtual":true,"cores":8}"#;
    tx.execute(server, params![1, "agent", "a1", "FS1", facts, "[]", NOON])?;
    tx.execute(server, params![2, "agent", "a2", "DC1", "{\"name\":\"DC1\"}", "[\"a page is damaged\"]", NOON])?;
    tx.execute(
        server,
        params![3, "import", "old.corp.example", "OLD", "{\"version\":\"2012 R2\",\"is_virtual\":false}", "[]", NOON],
    )?;
    tx.execute("INSERT INTO token VALUES ('t', x'00', 'agent', 'Munich', 0, ?1, 5, NULL)", [NOON])?;
    let agent = "INSERT INTO agent (id, role, token, host_name, serial, enrolled, certificate_expires, last_seen, dropped_messages)
                 VALUES (?1, 'agent', 't', ?2, '00', 0, ?3, ?4, ?5)";
    tx.execute(agent, params!["a1", "FS1", NOON + 60 * DAY, NOON, 0])?;
    tx.execute(agent, params!["a2", "DC1", NOON + 60 * DAY, NOON - 3 * DAY, 41])?;
    tx.execute("UPDATE agent SET site = 'Munich Süd', tags = '[\"test\",\"tier <1>\"]' WHERE id = 'a2'", [])?;
    tx.execute("INSERT INTO text VALUES (1, 'CORP\\user000000'), (2, '10.0.0.9')", [])?;
    tx.execute("INSERT INTO service VALUES (1, 'File Server', '')", [])?;
    // days 1 to 3 of 2026
    let days = {
        let mut days = caliper_proto::Days::default();
        for day in 1..=3 {
            days.insert(day).unwrap();
        }
        days.to_bytes()
    };
    tx.execute("INSERT INTO access VALUES (1, 1, 2, 1, 1, 2026, ?1, 5, ?2, ?2)", params![days, NOON - DAY])?;
    Ok(())
}
