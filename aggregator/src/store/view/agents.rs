//! Agents: how each is doing.

use caliper_proto::Instant;
use rusqlite::Row;
use serde::Serialize;

use super::list::{List, Listing, Sort, instant, number};
use crate::store::texts;

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// UUID in its certificate.
    pub id: String,
    /// Name of its server.
    pub host_name: String,
    /// Where its server stands; empty: not said.
    pub site: String,
    /// What else its server is found by.
    pub tags: Vec<String>,
    /// When it enrolled.
    pub enrolled: Instant,
    /// What its enrolment token was for.
    pub label: String,
    /// When its certificate ends.
    pub certificate_expires: Instant,
    /// When it was revoked.
    pub revoked: Option<Instant>,
    /// When last heard of.
    pub last_seen: Option<Instant>,
    /// Program version.
    pub version: Option<String>,
    /// Messages waiting there.
    pub queued_messages: u64,
    /// Bytes waiting there.
    pub queued_bytes: u64,
    /// Messages dropped because the queue was full.
    pub dropped_messages: u64,
    /// Row of its server, once it described it.
    pub server: Option<i64>,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Agents {
    /// In the server's name or the label.
    pub text: String,
    /// Of its server; empty: any.
    pub site: String,
    /// Of its server; empty: any.
    pub tag: String,
    /// `well`, `silent`, `dropping`, `ending`, `revoked`, or empty.
    pub state: String,
    /// An agent not heard of since is silent.
    pub since: Instant,
    /// A certificate that ends before is ending.
    pub soon: Instant,
}

impl Listing for Agents {
    type Item = Agent;
    const FROM: &'static str = "agent JOIN token ON token.id = agent.token
        LEFT JOIN server ON server.origin = 'agent' AND server.origin_key = agent.id";
    const KEY: &'static str = "agent.id";
    const COLUMNS: &'static str = "agent.id, coalesce(server.name, agent.host_name), agent.enrolled, token.label, agent.certificate_expires, \
        agent.revoked, agent.last_seen, agent.version, agent.queued_messages, agent.queued_bytes, \
        agent.dropped_messages, server.id, agent.site, agent.tags";
    const SORTS: &'static [Sort] = &[
        Sort { name: "name", column: "coalesce(server.name, agent.host_name) COLLATE NOCASE", descending: false },
        Sort { name: "site", column: "agent.site COLLATE NOCASE", descending: false },
        Sort { name: "last", column: "agent.last_seen", descending: true },
        Sort { name: "queue", column: "agent.queued_messages", descending: true },
        Sort { name: "dropped", column: "agent.dropped_messages", descending: true },
        Sort { name: "certificate", column: "agent.certificate_expires", descending: false },
    ];

    fn narrow(&self, list: &mut List) {
        list.such_that("agent.role = 'agent'");
        list.holding(&["coalesce(server.name, agent.host_name)", "token.label"], &self.text);
        list.equal_unless_empty("agent.site", &self.site);
        list.with_text("agent.tags", &self.tag);
        match self.state.as_str() {
            "revoked" => return list.such_that("agent.revoked IS NOT NULL"),
            "silent" => list.before("coalesce(agent.last_seen, agent.enrolled)", self.since.micros()),
            "dropping" => list.such_that("agent.dropped_messages > 0"),
            "ending" => list.before("agent.certificate_expires", self.soon.micros()),
            "well" => {
                list.before("-coalesce(agent.last_seen, agent.enrolled)", 1 - self.since.micros());
                list.before("-agent.certificate_expires", 1 - self.soon.micros());
                list.such_that("agent.dropped_messages = 0");
            }
            _ => return,
        }
        list.such_that("agent.revoked IS NULL");
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Agent> {
        Ok(Agent {
            id: row.get(0)?,
            host_name: row.get(1)?,
            enrolled: instant(row, 2)?.unwrap_or_default(),
            label: row.get(3)?,
            certificate_expires: instant(row, 4)?.unwrap_or_default(),
            revoked: instant(row, 5)?,
            last_seen: instant(row, 6)?,
            version: row.get(7)?,
            queued_messages: number(row, 8)?,
            queued_bytes: number(row, 9)?,
            dropped_messages: number(row, 10)?,
            server: row.get(11)?,
            site: row.get(12)?,
            tags: texts(row, 13)?,
        })
    }
}
