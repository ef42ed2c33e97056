//! One access row and its merge, which is a join (invariant 1).

use serde::{Deserialize, Serialize};

use crate::{Days, Instant};

/// Where an access was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// User Access Logging databases.
    UserAccessLogging,
    /// Security event log of the server itself: sign-ins, shares, reconnects.
    SecurityLog,
    /// Security event log of a domain controller: tickets and credential checks.
    DomainControllerLog,
    /// Terminal services session logs.
    TerminalSessions,
    /// Remote Desktop Gateway log.
    RemoteDesktopGateway,
    /// Polled SMB sessions.
    SmbSessions,
    /// Web server log.
    WebLog,
    /// Typed in or converted by hand.
    Import,
}

impl Source {
    /// All of them, in the order of their numbers on the wire and in the store, 1 to 8.
    pub const ALL: [Self; 8] = [
        Self::UserAccessLogging,
        Self::SecurityLog,
        Self::DomainControllerLog,
        Self::TerminalSessions,
        Self::RemoteDesktopGateway,
        Self::SmbSessions,
        Self::WebLog,
        Self::Import,
    ];

    /// The number on the wire and in the store, 1 to 8.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The reverse of [`Source::number`].
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// What makes two rows the same row, apart from the server (which is never part of a message: invariant 5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKey {
    /// Service used, as the source names it, for example `File Server` or `logon type 3`.
    pub service: String,
    /// UAL role GUID, lower case with hyphens; empty for other sources.
    pub role_guid: String,
    /// Account as the log names it: `DOMAIN\name`, UPN, SID, `machine$`; empty if the log named none.
    pub principal: String,
    /// Other end as the log names it: canonical address or workstation name; empty if the log named none.
    pub client: String,
    /// Where it was seen.
    pub source: Source,
    /// Calendar year that the days belong to.
    pub year: i16,
}

/// Evidence that a principal used a service of a server from a client on some days of one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// What identifies the row.
    pub key: AccessKey,
    /// Days of `key.year` with at least one access.
    pub days: Days,
    /// Number of single accesses; the largest ever reported for this row.
    pub total: u64,
    /// First access seen.
    pub first: Instant,
    /// Last access seen.
    pub last: Instant,
}

impl Access {
    /// Joins the other observation of the same row into this one: union of days, largest total, widest span.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.key, other.key, "only the same row can be merged");
        self.days = self.days.union(other.days);
        self.total = self.total.max(other.total);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Merges any number of observations; one row per key, in key order.
#[must_use]
pub fn merge_all(rows: impl IntoIterator<Item = Access>) -> Vec<Access> {
    let mut rows: Vec<Access> = rows.into_iter().collect();
    // a merge sort: rows mostly come in order already, from one source after the other, and then it is one pass
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    rows.dedup_by(|later, kept| {
        let same = later.key == kept.key;
        if same {
            kept.merge(later);
        }
        same
    });
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row() -> impl Strategy<Value = Access> {
        (0_u8..3, 0_u8..3, prop::collection::vec(1_u16..=366, 0..4), 0_u64..100, 0_i64..1000, 0_i64..1000).prop_map(
            |(principal, client, numbers, total, first, span)| {
                let mut days = Days::default();
                for number in numbers {
                    days.insert(number).unwrap();
                }
                Access {
                    key: AccessKey {
                        service: "File Server".into(),
                        role_guid: String::new(),
                        principal: format!("LAB\\u{principal}"),
                        client: format!("10.0.0.{client}"),
                        source: Source::UserAccessLogging,
                        year: 2024,
                    },
                    days,
                    total,
                    first: Instant::from_micros(first).unwrap(),
                    last: Instant::from_micros(first + span).unwrap(),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_rows_change_nothing(
            (rows, twice) in prop::collection::vec(row(), 0..30).prop_flat_map(|rows| {
                let twice = [rows.clone(), rows.clone()].concat();
                (Just(rows), Just(twice).prop_shuffle())
            })
        ) {
            let once = merge_all(rows);
            prop_assert_eq!(&merge_all(twice), &once);
            prop_assert_eq!(&merge_all(once.clone()), &once);
        }
    }

    #[test]
    fn numbers_of_sources_go_both_ways() {
        for source in Source::ALL {
            assert_eq!(Source::from_number(source.number()), Some(source));
        }
        assert_eq!(Source::from_number(0), None);
        assert_eq!(Source::from_number(9), None);
    }
}
