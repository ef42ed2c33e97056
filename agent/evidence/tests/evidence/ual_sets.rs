//! Every row of the real UAL sets against what independent readers decoded (`ual/expected/*.json`).

use caliper_evidence::{
    address,
    ese::{ColumnType, Database, Table, Value},
    ual,
};
use serde_json::{Value as Json, json};

/// (expected file, its content, database bytes) of each set.
fn databases() -> Option<Vec<(String, Json, Vec<u8>)>> {
    let data = crate::shared::data()?.join("ual");
    let mut found = Vec::new();
    for entry in fs_err::read_dir(data.join("expected")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((set, file)) = name.trim_end_matches(".json").split_once("__") else { continue };
        let expected = fs_err::read_to_string(data.join("expected").join(&name)).unwrap();
        let bytes = fs_err::read(data.join(set).join(file)).unwrap();
        found.push((name.clone(), serde_json::from_str(&expected).unwrap(), bytes));
    }
    assert!(found.len() >= 8, "{found:?}", found = found.iter().map(|(name, ..)| name).collect::<Vec<_>>());
    Some(found)
}

fn time(micros: i64) -> String {
    format!("{:.6}", jiff::Timestamp::from_microsecond(micros).unwrap())
}

fn filetime(ticks: u64) -> String {
    time(i64::try_from(ticks / 10).unwrap() - 11_644_473_600_000_000)
}

/// A value in the form of the expectation.
fn as_expected(table: &Table, column: usize, values: &[Value]) -> Json {
    let [value] = values else { panic!("{} values", values.len()) };
    match (value, table.columns[column].kind) {
        (Value::Unsigned(ticks), ColumnType::DateTime) => json!(filetime(*ticks)),
        (Value::Unsigned(number), _) => json!(number),
        (Value::Signed(number), _) => json!(number),
        (Value::Text(text) | Value::Guid(text), _) => json!(text),
        (Value::Bytes(bytes), _) => json!(address::from_bytes(bytes).expect("only addresses are binary")),
        (Value::Float(number), _) => json!(number),
    }
}

#[test]
fn every_column_of_every_row_comes_out() {
    let Some(databases) = databases() else { return };
    let mut rows_seen = 0;
    for (name, expected, bytes) in databases {
        let mut database = Database::open(std::io::Cursor::new(bytes)).unwrap();
        let summary = &expected["summary"];
        let header = database.header();
        assert_eq!(format!("{:#x}", header.version), summary["ese_version"], "{name}");
        assert_eq!(format!("{:#x}", header.revision), summary["ese_revision"], "{name}");
        assert_eq!(header.page_size, summary["page_size"], "{name}");
        assert_eq!(header.is_clean(), summary["state"] == "CleanShutdown", "{name}");

        let tables = database.tables().unwrap();
        for (wanted, rows) in expected["tables"].as_object().unwrap() {
            let table = tables.iter().find(|table| table.name == *wanted).unwrap_or_else(|| panic!("{name}: {wanted}"));
            let mut found = Vec::new();
            database
                .rows(table, |row| {
                    let columns = row
                        .iter()
                        .map(|(at, values)| (table.columns[at].name.clone(), as_expected(table, at, values)))
                        // the expectation leaves out empty texts
                        .filter(|(_, value)| *value != "");
                    found.push(Json::Object(columns.collect()));
                })
                .unwrap();
            rows_seen += found.len();
            same_rows(&format!("{name}: {wanted}"), &found, rows.as_array().unwrap());
        }
        assert_eq!(database.take_warnings(), [""; 0], "{name}");
    }
    assert!(rows_seen > 150, "{rows_seen}");
}

/// Equal as sets; the order of the expectation is another tool's.
fn same_rows(place: &str, found: &[Json], expected: &[Json]) {
    assert_eq!(found.len(), expected.len(), "{place}");
    for row in expected {
        assert!(found.contains(row), "{place}: missing {row}\nof {found:#?}");
    }
}

#[test]
fn typed_clients_carry_every_fact_of_their_rows() {
    let Some(databases) = databases() else { return };
    for (name, expected, bytes) in databases {
        let file = ual::read(std::io::Cursor::new(bytes)).unwrap();
        assert!(file.is_ual, "{name}");
        assert_eq!(file.is_clean, expected["summary"]["state"] == "CleanShutdown", "{name}");
        assert_eq!(file.warnings.len(), usize::from(!file.is_clean), "{name}: {:?}", file.warnings);
        let Some(rows) = expected["tables"]["CLIENTS"].as_array() else { continue };
        let clients: Vec<Json> = file
            .clients
            .iter()
            .map(|client| {
                let mut row = json!({
                    "RoleGuid": client.role_guid,
                    "TenantId": client.tenant,
                    "TotalAccesses": client.total,
                    "InsertDate": time(client.first),
                    "LastAccess": time(client.last),
                    "Address": client.address,
                    "AuthenticatedUserName": client.user,
                });
                for (day, count) in &client.days {
                    row[format!("Day{day}")] = json!(count);
                }
                row
            })
            .collect();
        same_rows(&name, &clients, rows);
    }
}

#[test]
fn the_newest_identity_is_the_server_as_it_is() {
    let Some(data) = crate::shared::data() else { return };
    // the last entries of the history in `ual/golden/go-ese_SYSTEM_IDENTITY.golden` and the expectations
    let cases = [
        ("kstrike_HyperV-PC", "DC-1", "lab.net", 2, 17763, "7F944D56-E8AC-DE56-BB00-0F02B5B82B0D"),
        ("plaso", "DC-1", "ual.lab", 2, 17763, "99A1E29E-6979-4320-B3BA-369E41F69711"),
        ("velociraptor", "WIN-E5K9RC5GU23", "WORKGROUP", 3, 20348, "E18F4D56-479A-30F4-5D14-95C7B6D6C6F0"),
    ];
    for (set, host_name, domain, product_type, build, uuid) in cases {
        let file = fs_err::File::open(data.join("ual").join(set).join("SystemIdentity.mdb")).unwrap();
        let file = ual::read(file).unwrap();
        let identity = file.newest_identity().unwrap();
        assert_eq!(identity.host_name, host_name);
        assert_eq!(identity.domain, domain);
        assert_eq!(identity.product_type, Some(product_type));
        assert_eq!(identity.build, Some(build));
        assert_eq!(identity.uuid, uuid);
        for role in &file.role_names {
            let known = ual::role_name(&role.role_guid);
            assert!(known.is_some_and(|known| role.name.ends_with(known)), "{role:?}, our table says {known:?}");
        }
    }
}
