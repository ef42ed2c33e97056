//! Rows of event logs as rows of the report.

use caliper_evidence::event_log::{EventLog, Origin};
use caliper_proto::{Access, AccessKey, Days, Instant, Source};

/// One report row per row of the log.
pub fn accesses(log: &EventLog) -> impl Iterator<Item = Access> {
    log.uses.iter().map(|row| {
        let mut days = Days::default();
        for day in &row.days {
            // days come from calendar dates
            let _ = days.insert(*day);
        }
        let sign_in = &row.sign_in;
        Access {
            key: AccessKey {
                service: sign_in.service.to_owned(),
                role_guid: String::new(),
                principal: sign_in.principal.clone(),
                client: sign_in.client.clone(),
                source: source(sign_in.origin),
                year: row.year,
            },
            days,
            total: row.total,
            first: Instant::from_micros(row.first).unwrap_or_default(),
            last: Instant::from_micros(row.last).unwrap_or_default(),
        }
    })
}

fn source(origin: Origin) -> Source {
    match origin {
        Origin::Security => Source::SecurityLog,
        Origin::DomainController => Source::DomainControllerLog,
        Origin::TerminalSessions => Source::TerminalSessions,
        Origin::RemoteDesktopGateway => Source::RemoteDesktopGateway,
    }
}
