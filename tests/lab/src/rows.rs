//! Report files with any number of different access rows, for tests of delivery.

use std::path::Path;

use caliper_proto::{Access, AccessKey, Days, Instant, Inventory, Report, Source};
use jiff::{ToSpan as _, civil::date, tz::TimeZone};

/// Rows in one file: what an agent reads at once stays small.
pub const ROWS_PER_FILE: u64 = 100_000;

/// Writes `count` rows of the server `name` as numbered report files into `folder`.
pub fn write(folder: &Path, name: &str, count: u64) -> std::io::Result<()> {
    fs_err::create_dir_all(folder)?;
    for (file, first) in (0..count).step_by(ROWS_PER_FILE as usize).enumerate() {
        let report = Report {
            server: server(name),
            accesses: (first..count.min(first + ROWS_PER_FILE)).map(access).collect(),
            warnings: Vec::new(),
        };
        fs_err::write(folder.join(format!("rows-{file:03}.json")), report.to_json())?;
    }
    Ok(())
}

/// The server they are of.
#[must_use]
pub fn server(name: &str) -> Inventory {
    Inventory {
        name: name.into(),
        domain: "nordwind.example".into(),
        edition: Some("Standard".into()),
        version: Some("2022".into()),
        build: Some(20348),
        product_type: Some(3),
        sockets: Some(2),
        cores: Some(16),
        is_virtual: Some(false),
        ..Inventory::default()
    }
}

/// Row `number`: person `number / 10` at ten machines; no two have the same key, and day, times and total differ.
#[must_use]
pub fn access(number: u64) -> Access {
    let machine = number % 10 + number / 1000 * 10;
    let first = date(2026, 9, 1).saturating_add(i64::try_from(number % 28).unwrap_or(0).days());
    let mut days = Days::default();
    days.insert_date(first);
    let noon = first.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).map_or(Instant::default(), |noon| noon.timestamp().into());
    let later = Instant::from_micros(noon.micros() + i64::try_from(number % 3_600).unwrap_or(0) * 1_000_000);
    Access {
        key: AccessKey {
            service: "File Server".into(),
            role_guid: "10a9226f-50ee-49d8-a393-9a501d47ce04".into(),
            principal: format!("nordwind\\u{:06}", number / 10),
            client: format!("10.{}.{}.{}", machine >> 16 & 255, machine >> 8 & 255, machine & 255),
            source: Source::UserAccessLogging,
            year: first.year(),
        },
        days,
        total: number % 900 + 1,
        first: noon,
        last: later.unwrap_or(noon),
    }
}

/// The number of the row with this principal and client; `None` if no row has them.
#[must_use]
pub fn number(principal: &str, client: &str) -> Option<u64> {
    let person: u64 = principal.strip_prefix("nordwind\\u")?.parse().ok()?;
    let address: std::net::Ipv4Addr = client.parse().ok()?;
    let machine = u64::from(u32::from(address) & 0x00ff_ffff);
    let number = person * 10 + machine.checked_sub(person / 100 * 10).filter(|place| *place < 10)?;
    let key = access(number).key;
    (key.principal == principal && key.client == client).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_key_of_its_own() {
        for number in (0..3_000).chain(999_000..1_000_000) {
            let key = access(number).key;
            assert_eq!(super::number(&key.principal, &key.client), Some(number));
        }
        assert_eq!(number("nordwind\\u000000", "10.0.0.10"), None);
    }

    #[test]
    fn files_hold_all_rows() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "NW-FS9", 250).unwrap();
        let report = Report::from_json(&fs_err::read_to_string(folder.path().join("rows-000.json")).unwrap()).unwrap();
        assert_eq!(report.accesses.len(), 250);
    }
}
