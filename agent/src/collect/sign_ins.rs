//! Rows of event logs as rows of the report.

use caliper_evidence::event_log::{Origin, Use};
use caliper_proto::{Access, AccessKey, Days, Instant, Source};

use crate::rows::Table;

/// Takes what a log says into the table, where it adds up: a long log says the same row several times.
pub fn adding(rows: &mut Table) -> impl FnMut(Use) {
    let mut parts = 0_u64;
    move |one| {
        parts += 1;
        rows.add(&access(one), &parts.to_string());
    }
}

fn access(row: Use) -> Access {
    let mut days = Days::default();
    for day in &row.days {
        // days come from calendar dates
        let _ = days.insert(*day);
    }
    Access {
        key: AccessKey {
            service: row.sign_in.service.to_owned(),
            role_guid: String::new(),
            principal: row.sign_in.principal,
            client: row.sign_in.client,
            source: source(row.sign_in.origin),
            year: row.year,
        },
        days,
        total: row.total,
        first: Instant::from_micros(row.first).unwrap_or_default(),
        last: Instant::from_micros(row.last).unwrap_or_default(),
    }
}

fn source(origin: Origin) -> Source {
    match origin {
        Origin::Security => Source::SecurityLog,
        Origin::DomainController => Source::DomainControllerLog,
        Origin::TerminalSessions => Source::TerminalSessions,
        Origin::RemoteDesktopGateway => Source::RemoteDesktopGateway,
    }
}

#[cfg(test)]
mod tests {
    use caliper_evidence::event_log::SignIn;

    use super::*;

    #[test]
    fn what_a_long_log_says_in_several_parts_adds_up() {
        let origins = [
            (Origin::Security, Source::SecurityLog),
            (Origin::DomainController, Source::DomainControllerLog),
            (Origin::TerminalSessions, Source::TerminalSessions),
            (Origin::RemoteDesktopGateway, Source::RemoteDesktopGateway),
        ];
        for (origin, source) in origins {
            let said = |days: &[u16], total, first, last| {
                let (principal, client) = ("lab\\jane".into(), "10.0.0.7".into());
                let sign_in = SignIn { service: "file share", principal, client, origin };
                Use { sign_in, year: 2026, days: days.to_vec(), total, first, last }
            };
            let mut rows = Table::default();
            for _copies in 0..2 {
                rows.begin();
                [said(&[3, 4], 5, 30, 40), said(&[4, 7], 5, 41, 70)].into_iter().for_each(adding(&mut rows));
                rows.end();
            }
            let mut rows = rows.finish().unwrap();
            let [row] = rows.read().unwrap().map(Result::unwrap).collect::<Vec<_>>().try_into().unwrap();
            let key = &row.key;
            assert_eq!((key.service.as_str(), key.role_guid.as_str(), key.source), ("file share", "", source));
            assert_eq!((key.principal.as_str(), key.client.as_str(), key.year), ("lab\\jane", "10.0.0.7", 2026));
            assert_eq!((row.days.iter().collect::<Vec<_>>(), row.total), (vec![3, 4, 7], 10));
            assert_eq!((row.first.micros(), row.last.micros()), (30, 70));
        }
    }
}
