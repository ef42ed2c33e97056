//! User Access Logging of the running Windows, over WMI (`root\AccessLogging`), as the rows that its databases give.
//!
//! Pure: the answers come in. Days are read in stretches from the oldest on, so that what was read stays known when the rest is
//! too much or too slow for once. Microsoft documents the classes `MsftUal_*` and that days are asked for in this way.

use caliper_evidence::{
    address,
    ual::{self, DnsName, RoleAccess, RoleName, UalFile, VirtualMachine},
};
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

use super::{
    user_access::{self, UserAccess},
    wmi::{self, Management, Question},
};
use crate::rows::Table;

const NAMESPACE: &str = r"root\AccessLogging";
/// Years before this one that Windows keeps.
const YEARS_KEPT: i16 = 2;
/// Days asked for at once.
const STRETCH: i32 = 31;
/// The answer lags behind by a day; clocks and zones by another one.
const LAG: i32 = 3;
/// Clients of a day after which the rest waits for the next collection, so that one of them does not take for ever.
pub const MOST_ROWS: usize = 500_000;
/// Virtual machines believed.
const MOST_MACHINES: usize = 100_000;

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// What a database would tell beside the accesses; `None` if this Windows keeps no such log or does not answer.
    pub known: Option<UserAccess>,
    /// The last day that was read whole; the next reading goes on there.
    pub until: Option<Date>,
    /// One sentence for each question without a whole answer.
    pub problems: Vec<String>,
}

/// Reads on after `resume`, or from the beginning, to the end of the month in which so many `most` clients of a day were met, which go
/// into `rows`.
pub fn read(
    management: &mut impl Management,
    resume: Option<Date>,
    today: Date,
    most: usize,
    rows: &mut Table,
) -> Reading {
    let mut reading = Reading { until: resume, ..Reading::default() };
    let mut file = UalFile::default();
    let columns = &["GUID", "RoleName", "FirstSeen", "LastSeen"];
    let answered = management.ask(question("MsftUal_Overview", columns, String::new()), &mut |row| {
        let [guid, name, first, last] = row else { return };
        let role_guid = plain_guid(guid);
        file.role_names.push(RoleName { role_guid: role_guid.clone(), name: name.clone() });
        if let (Some(first), Some(last)) = (wmi::micros(first), wmi::micros(last)) {
            file.roles.push(RoleAccess { role_guid, first, last });
        }
    });
    match answered {
        Ok(true) => {}
        Ok(false) => return reading,
        Err(problem) => {
            reading.problems.push(problem);
            return reading;
        }
    }
    let mut known = UserAccess::default();
    let asked = [names(management, &mut known), machines(management, &mut file)];
    reading.problems.extend(asked.into_iter().filter_map(Result::err));
    known.add(&file);
    known.name(file.role_names);
    rows.begin();
    let mut take = |access: ual::Access, part: &str| {
        let service = known.service(&access.role_guid);
        rows.add(&user_access::access(access, service), part);
    };
    reading.until = days(management, resume, today, most, &mut take, &mut reading.problems);
    rows.end();
    reading.known = Some(known);
    reading
}

fn question(class: &'static str, columns: &'static [&'static str], condition: String) -> Question {
    Question { namespace: NAMESPACE, class, columns, condition }
}

fn plain_guid(text: &str) -> String {
    text.trim_matches(['{', '}']).to_ascii_lowercase()
}

fn canonical(text: &str) -> String {
    address::canonical(text).unwrap_or_else(|| text.to_owned())
}

fn names(management: &mut impl Management, known: &mut UserAccess) -> Result<bool, String> {
    let columns = &["IPAddress", "HostName", "LastSeen"];
    management.ask(question("MsftUal_Dns", columns, String::new()), &mut |row| {
        let [address, name, last] = row else { return };
        if let Some(last) = wmi::micros(last) {
            known.name_client(DnsName { last, address: canonical(address), host_name: name.clone() });
        }
    })
}

fn machines(management: &mut impl Management, file: &mut UalFile) -> Result<bool, String> {
    let columns = &["UUID", "FirstSeen", "LastSeen"];
    management.ask(question("MsftUal_HyperV", columns, String::new()), &mut |row| {
        let [guid, first, last] = row else { return };
        let times = wmi::micros(first).zip(wmi::micros(last));
        if let Some((created, last_seen)) = times.filter(|_| file.virtual_machines.len() < MOST_MACHINES) {
            let vm_guid = plain_guid(guid);
            file.virtual_machines.push(VirtualMachine { vm_guid, created, last_seen, ..VirtualMachine::default() });
        }
    })
}

/// Hands on the days from `resume` on and returns the last one that is whole. Days and tenants are parts of a row.
fn days(
    management: &mut impl Management,
    resume: Option<Date>,
    today: Date,
    most: usize,
    take: &mut impl FnMut(ual::Access, &str),
    problems: &mut Vec<String>,
) -> Option<Date> {
    const COLUMNS: &[&str] = &["RoleGuid", "TenantIdentifier", "IPAddress", "UserName", "AccessDate", "AccessCount"];
    let oldest = Date::new(today.year().saturating_sub(YEARS_KEPT), 1, 1).unwrap_or(today);
    let mut until = resume;
    let mut from = resume.map_or(oldest, |day| day.min(today).saturating_sub(LAG.days())).max(oldest);
    // a row of a zone ahead of ours bears tomorrow's date
    let end = today.saturating_add(2.days());
    let mut taken = 0;
    while from < end {
        let to = from.saturating_add(STRETCH.days()).min(end);
        let condition = format!("AccessDate >= '{}' AND AccessDate < '{}'", wmi::print(from), wmi::print(to));
        let answered = management.ask(question("MsftUal_DailyAccess", COLUMNS, condition), &mut |row| {
            let [role, tenant, address, user, date, count] = row else { return };
            let (Some(date), Some(count)) = (wmi::date(date), count.parse::<u32>().ok().filter(|count| *count > 0))
            else {
                return;
            };
            // WMI tells days only: the time is the midnight at which the day begins
            let Ok(midnight) = date.to_zoned(TimeZone::UTC).map(|day| day.timestamp().as_microsecond()) else { return };
            let access = ual::Access {
                role_guid: plain_guid(role),
                user: user.to_lowercase(),
                client: canonical(address),
                year: date.year(),
                days: vec![date.day_of_year().unsigned_abs()],
                total: u64::from(count),
                first: midnight,
                last: midnight,
            };
            taken += 1;
            take(access, &format!("{date} {}", plain_guid(tenant)));
        });
        if let Err(problem) = answered {
            problems.push(problem);
            break;
        }
        until = Some(to.saturating_sub(1.days()).min(today));
        from = to;
        if taken >= most && from < end {
            problems.push(format!(
                "User Access Logging holds much: this collection has it up to {}, the next one goes on",
                to.saturating_sub(1.days())
            ));
            break;
        }
    }
    until
}

#[cfg(test)]
mod tests {
    use caliper_proto::{Access, Inventory};

    use super::*;
    use crate::collect::wmi::fake::FakeManagement;

    const FILE_SERVER: &str = "10a9226f-50ee-49d8-a393-9a501d47ce04";
    const TODAY: Date = Date::constant(2026, 11, 28);

    /// The example of `Get-UalDailyAccess` in Microsoft's documentation, put into this year.
    fn fake() -> FakeManagement {
        let mut fake = FakeManagement::default();
        fake.row(
            "MsftUal_Overview",
            &[
                ("GUID", "{10A9226F-50EE-49D8-A393-9A501D47CE04}"),
                ("RoleName", "File Server"),
                ("FirstSeen", "20260817113304.000000+000"),
                ("LastSeen", "20261126101528.000000+000"),
            ],
        );
        for (user, date, count) in
            [("WESTERN\\_sersvc", "20260919", "2"), ("western\\_sersvc", "20261126", "3"), ("", "20261127", "0")]
        {
            access(&mut fake, user, date, count);
        }
        let seen = ("LastSeen", "20261127000000.000000+000");
        fake.row("MsftUal_Dns", &[("IPAddress", "::ffff:10.17.44.6"), ("HostName", "pc7"), seen]);
        fake.row("MsftUal_HyperV", &[("UUID", "{ABCD}"), ("FirstSeen", "20260817113304.000000+000"), seen]);
        fake
    }

    fn access(fake: &mut FakeManagement, user: &str, date: &str, count: &str) {
        fake.row(
            "MsftUal_DailyAccess",
            &[
                ("RoleGuid", FILE_SERVER),
                ("TenantIdentifier", "00000000-0000-0000-0000-000000000000"),
                ("IPAddress", "10.17.44.6"),
                ("UserName", user),
                ("AccessDate", &format!("{date}000000.000000+000")),
                ("AccessCount", count),
            ],
        );
    }

    /// What is read after `resume`, and the rows.
    fn run(fake: &mut FakeManagement, resume: Option<Date>, most: usize) -> (Reading, Vec<Access>) {
        let mut rows = Table::default();
        let reading = read(fake, resume, TODAY, most, &mut rows);
        let rows = rows.finish().unwrap().read().unwrap().map(Result::unwrap).collect();
        (reading, rows)
    }

    #[test]
    fn the_log_comes_as_a_database_would_give_it() {
        let (reading, rows) = run(&mut fake(), None, MOST_ROWS);
        assert_eq!((reading.problems.len(), reading.until), (0, Some(TODAY)));
        let mut server = Inventory::default();
        reading.known.unwrap().describe(&mut server, &mut Vec::new());
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        // 19 September is day 262 of the year, 26 November day 330
        let days: Vec<u16> = row.days.iter().collect();
        assert_eq!((row.key.principal.as_str(), days.as_slice()), ("western\\_sersvc", &[262, 330][..]));
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        let times = (at("2026-09-19T00:00:00Z"), at("2026-11-26T00:00:00Z"));
        assert_eq!((row.total, (row.first.micros(), row.last.micros())), (5, times));
        assert_eq!((row.key.role_guid.as_str(), row.key.client.as_str()), (FILE_SERVER, "10.17.44.6"));
        assert_eq!(row.key.service, "File Server");
        let [role] = server.roles.as_slice() else { panic!("{:?}", server.roles) };
        assert_eq!((role.role_guid.as_str(), role.first.micros()), (FILE_SERVER, at("2026-08-17T11:33:04Z")));
        assert_eq!(role.name, "File Server");
        let [name] = server.names.as_slice() else { panic!("{:?}", server.names) };
        assert_eq!((name.address.as_str(), name.host_name.as_str()), ("10.17.44.6", "pc7"));
        assert_eq!(server.virtual_machines[0].vm_guid, "abcd");
    }

    #[test]
    fn days_and_tenants_add_up_and_repeated_rows_do_not() {
        let mut fake = fake();
        access(&mut fake, "western\\_sersvc", "20261126", "1"); // the same day of the same tenant
        let (_, rows) = run(&mut fake, None, MOST_ROWS);
        assert_eq!(rows[0].total, 5);
        let row = fake.rows.last_mut().unwrap();
        row.1[1].1 = "11111111-0000-0000-0000-000000000000".into(); // of another one
        let (_, rows) = run(&mut fake, None, MOST_ROWS);
        assert_eq!((rows.len(), rows[0].total, rows[0].days.len()), (1, 6, 2));
    }

    #[test]
    fn it_goes_on_where_it_stopped() {
        let mut fake = fake();
        let until = Date::constant(2026, 11, 27);
        let (_, rows) = run(&mut fake, Some(until), MOST_ROWS);
        assert_eq!(
            (rows[0].days.iter().collect::<Vec<_>>(), rows[0].total),
            (vec![330], 3),
            "the last days are read again, older ones are not"
        );
        let asked: Vec<_> = fake.asked.iter().filter(|(class, _)| *class == "MsftUal_DailyAccess").collect();
        let condition = "AccessDate >= '20261124000000.000000+000' AND AccessDate < '20261130000000.000000+000'";
        assert_eq!(asked, [&("MsftUal_DailyAccess", condition.to_owned())]);
        // a clock that was wrong when it was read last
        let (ahead, rows) = run(&mut fake, Some(Date::constant(2031, 1, 1)), MOST_ROWS);
        assert_eq!((ahead.until, rows[0].days.len()), (Some(TODAY), 1));
    }

    #[test]
    fn years_are_apart_and_three_of_them_are_read() {
        let mut fake = fake();
        for date in ["20231231", "20240101", "20251231"] {
            access(&mut fake, "western\\_sersvc", date, "1");
        }
        let (_, rows) = run(&mut fake, None, MOST_ROWS);
        let days: Vec<(i16, Vec<u16>)> = rows.iter().map(|row| (row.key.year, row.days.iter().collect())).collect();
        assert_eq!(days, [(2024, vec![1_u16]), (2025, vec![365]), (2026, vec![262, 330])]);
    }

    #[test]
    fn what_does_not_answer_is_said_and_tried_again() {
        let mut fake = fake();
        fake.broken = vec![("MsftUal_DailyAccess", "too slow"), ("MsftUal_Dns", "refused")];
        let until = Some(Date::constant(2026, 10, 1));
        let (reading, _) = run(&mut fake, until, MOST_ROWS);
        assert_eq!((reading.problems.as_slice(), reading.until), (&["refused".into(), "too slow".into()][..], until));
        let mut server = Inventory::default();
        reading.known.unwrap().describe(&mut server, &mut Vec::new());
        assert_eq!(server.roles.len(), 1);
        fake.broken = vec![("MsftUal_Overview", "refused")];
        let (reading, _) = run(&mut fake, until, MOST_ROWS);
        assert_eq!((reading.known.is_none(), reading.problems.len(), reading.until), (true, 1, until));
        let (nothing, _) = run(&mut FakeManagement::default(), None, MOST_ROWS);
        assert_eq!((nothing.known.is_none(), nothing.problems.len(), nothing.until), (true, 0, None));
    }

    #[test]
    fn too_much_for_once_is_read_in_parts() {
        let mut fake = fake();
        for number in 0..5 {
            access(&mut fake, &format!("user{number}"), "20240105", "1");
        }
        let (reading, rows) = run(&mut fake, None, 5);
        assert_eq!(reading.until, Some(Date::constant(2024, 1, 31)));
        assert!(reading.problems[0].contains("up to 2024-01-31, the next one goes on"), "{:?}", reading.problems);
        assert_eq!((fake.asked.len(), rows.len()), (4, 5));
    }
}
