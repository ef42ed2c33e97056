//! Sessions of this moment as rows of the report: who is connected to shared folders and remote desktops.
//!
//! They are looked at now and then, so short ones are missed: they add to User Access Logging and never replace it.

use caliper_evidence::{address, event_log};
use caliper_proto::{Access, AccessKey, Days, Instant, Source};

/// Services, in the words that event logs have for the same.
const FILE_SHARE: &str = "file share";
const REMOTE_DESKTOP: &str = "remote desktop session";

/// A session as Windows lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The account.
    pub user: String,
    /// Its domain; empty where Windows does not say.
    pub domain: String,
    /// The other machine: a name or an address.
    pub client: String,
    /// How long ago it began and was used last, in seconds.
    pub seconds: u32,
    /// See above.
    pub idle_seconds: u32,
}

/// Sessions of shared folders.
pub fn of_shares(sessions: &[Session], now: Instant) -> impl Iterator<Item = Access> {
    sessions.iter().flat_map(move |session| rows(session, FILE_SHARE, Source::SmbSessions, now))
}

/// Sessions of remote desktops; those without another machine are at the console, which is no access.
pub fn of_desktops(sessions: &[Session], now: Instant) -> impl Iterator<Item = Access> {
    let remote = sessions.iter().filter(|session| !client(session).is_empty());
    remote.flat_map(move |session| rows(session, REMOTE_DESKTOP, Source::TerminalSessions, now))
}

/// Nobody knows of the days between the first and the last use, so only these two count.
fn rows(session: &Session, service: &str, source: Source, now: Instant) -> Vec<Access> {
    let Some(principal) = event_log::principal(&session.domain, &session.user, "") else { return Vec::new() };
    let ago = |seconds: u32| Instant::from_micros(now.micros() - i64::from(seconds) * 1_000_000).unwrap_or(now);
    let last = ago(session.idle_seconds);
    let first = ago(session.seconds).min(last);
    let row = |first: Instant, last: Instant| {
        let mut days = Days::default();
        days.insert_date(first.date());
        days.insert_date(last.date());
        let key = AccessKey {
            service: service.to_owned(),
            role_guid: String::new(),
            principal: principal.clone(),
            client: client(session),
            source,
            year: last.date().year(),
        };
        Access { key, days, total: 1, first, last }
    };
    if first.date().year() == last.date().year() {
        vec![row(first, last)]
    } else {
        vec![row(first, first), row(last, last)]
    }
}

/// A canonical address, or a name in lower case.
fn client(session: &Session) -> String {
    let text = session.client.trim_start_matches('\\');
    address::canonical(text).unwrap_or_else(|| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn session(user: &str, client: &str, seconds: u32, idle_seconds: u32) -> Session {
        Session { user: user.into(), domain: "LAB".into(), client: client.into(), seconds, idle_seconds }
    }

    #[test]
    fn the_first_and_the_last_day_of_use_count() {
        let now = at("2026-11-21T10:00:00Z");
        let row = of_shares(&[session("Jane", r"\\10.0.0.7", 3 * 86_400, 3_600)], now).next().unwrap();
        assert_eq!((row.key.principal.as_str(), row.key.client.as_str()), (r"lab\jane", "10.0.0.7"));
        assert_eq!((row.key.source, row.key.service.as_str(), row.key.year), (Source::SmbSessions, "file share", 2026));
        assert_eq!((row.first, row.last), (at("2026-11-18T10:00:00Z"), at("2026-11-21T09:00:00Z")));
        let days: Vec<_> = row.days.dates(2026).map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-11-18", "2026-11-21"]);
    }

    #[test]
    fn a_session_over_new_year_has_a_row_in_each() {
        let now = at("2027-01-01T00:00:10Z");
        let years: Vec<_> = of_shares(&[session("jane", "pc7", 20, 0)], now).map(|row| row.key.year).collect();
        assert_eq!(years, [2026, 2027]);
        // a clock that went back, and an account idle for longer than it is there
        let odd = of_shares(&[session("jane", "pc7", 0, 50)], now).next().unwrap();
        assert_eq!((odd.first, odd.last), (at("2026-12-31T23:59:20Z"), at("2026-12-31T23:59:20Z")));
    }

    #[test]
    fn nobody_the_system_and_the_console_are_no_access() {
        let now = at("2026-11-21T10:00:00Z");
        let nobody = [session("", "pc7", 1, 1), session("ANONYMOUS LOGON", "pc7", 1, 1)];
        assert_eq!(of_shares(&nobody, now).count(), 0);
        assert_eq!(of_shares(&[session("PC7$", "", 1, 1)], now).count(), 1, "a machine is a device");
        let desktops = [session("jane", "", 0, 0), session("joe", "PC7", 0, 0)];
        let rows: Vec<_> = of_desktops(&desktops, now).collect();
        assert_eq!((rows.len(), rows[0].key.client.as_str(), rows[0].key.source), (1, "pc7", Source::TerminalSessions));
    }
}
