//! Who may look: people who sign in, their sessions and one-time invitations, and the log of what they looked at.
//!
//! Holds only digests of secrets. Knows nothing of HTTP, cookies or how a password is hashed.

use std::{fmt, str::FromStr};

use caliper_proto::Instant;
use rusqlite::{OptionalExtension, Transaction, params};

use super::StoreError;

/// SHA-256 of a session token, an API token or an invitation.
pub type Digest = [u8; 32];

/// What someone may do, in rising order; each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees numbers, never names of people or devices.
    Viewer,
    /// Sees names.
    Analyst,
    /// Runs scans, revokes agents.
    Operator,
    /// Invites others.
    Administrator,
}

impl Role {
    /// All, in rising order.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Analyst, Self::Operator, Self::Administrator];

    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no role: use viewer, analyst, operator or administrator")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// Someone who signed in, for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Row of `login`.
    pub login: i64,
    /// Sign-in name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Secret of the session's forms; empty for an API token, which no browser sends by itself.
    pub csrf: String,
    /// When the session began.
    pub created: Instant,
    /// When it ends unless it is used.
    pub expires: Instant,
}

/// Adds someone; `false` if the name is taken.
pub fn add(tx: &Transaction<'_>, name: &str, role: Role, password: &str, now: Instant) -> Result<bool, StoreError> {
    let sql = "INSERT INTO login (name, role, password, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, params![name, role.name(), password, now.micros()])? == 1)
}

/// Row and password hash of someone who may sign in.
pub fn password(tx: &Transaction<'_>, name: &str) -> Result<Option<(i64, String)>, StoreError> {
    let sql = "SELECT id, password FROM login WHERE name = ?1 AND disabled IS NULL";
    Ok(tx.query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Shuts someone out and ends every session and API token; `false` if nobody who may sign in has the name.
pub fn disable(tx: &Transaction<'_>, name: &str, now: Instant) -> Result<bool, StoreError> {
    let sql = "DELETE FROM session WHERE login = (SELECT id FROM login WHERE name = ?1)";
    tx.execute(sql, [name])?;
    let sql = "UPDATE login SET disabled = ?2 WHERE name = ?1 AND disabled IS NULL";
    Ok(tx.execute(sql, params![name, now.micros()])? == 1)
}

/// Whether someone is there who can invite others.
pub fn has_administrator(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM login WHERE role = 'administrator' AND disabled IS NULL)";
    Ok(tx.query_row(sql, [], |row| row.get(0))?)
}

/// Begins a session, or with an empty `csrf` issues an API token. Forgets what has expired.
pub fn begin_session(
    tx: &Transaction<'_>,
    login: i64,
    token: &Digest,
    csrf: &str,
    now: Instant,
    expires: Instant,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE expires <= ?1", [now.micros()])?;
    let sql = "INSERT INTO session (token_sha256, login, csrf, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.execute(sql, params![token, login, csrf, now.micros(), expires.micros()])?;
    Ok(())
}

/// Whose session a token opens now.
pub fn visitor(tx: &Transaction<'_>, token: &Digest, now: Instant) -> Result<Option<Visitor>, StoreError> {
    let sql = "SELECT login.id, login.name, login.role, session.csrf, session.created, session.expires
               FROM session JOIN login ON login.id = session.login
               WHERE session.token_sha256 = ?1 AND session.expires > ?2 AND login.disabled IS NULL";
    let found = tx
        .prepare_cached(sql)?
        .query_row(params![token, now.micros()], |row| {
            let role: String = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, role, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .optional()?;
    let Some((login, name, role, csrf, created, expires)) = found else { return Ok(None) };
    let role = role.parse().map_err(|_| StoreError::Damaged { what: format!("role of `{name}`") })?;
    let instant = |micros| Instant::from_micros(micros).unwrap_or_default();
    Ok(Some(Visitor { login, name, role, csrf, created: instant(created), expires: instant(expires) }))
}

/// Moves the end of a session.
pub fn extend_session(tx: &Transaction<'_>, token: &Digest, expires: Instant) -> Result<(), StoreError> {
    tx.execute("UPDATE session SET expires = ?2 WHERE token_sha256 = ?1", params![token, expires.micros()])?;
    Ok(())
}

/// Ends a session at once.
pub fn end_session(tx: &Transaction<'_>, token: &Digest) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE token_sha256 = ?1", [token])?;
    Ok(())
}

/// Adds a one-time invitation.
pub fn invite(tx: &Transaction<'_>, token: &Digest, role: Role, expires: Instant) -> Result<(), StoreError> {
    let sql = "INSERT INTO invitation (token_sha256, role, expires) VALUES (?1, ?2, ?3)";
    tx.execute(sql, params![token, role.name(), expires.micros()])?;
    Ok(())
}

/// Forgets every invitation of a role that nobody has used, so that only the newest link works.
pub fn withdraw_invitations(tx: &Transaction<'_>, role: Role) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invitation WHERE role = ?1 AND used IS NULL", [role.name()])?;
    Ok(())
}

/// The role an invitation still grants.
pub fn invitation(tx: &Transaction<'_>, token: &Digest, now: Instant) -> Result<Option<Role>, StoreError> {
    let sql = "SELECT role FROM invitation WHERE token_sha256 = ?1 AND used IS NULL AND expires > ?2";
    let role: Option<String> = tx.query_row(sql, params![token, now.micros()], |row| row.get(0)).optional()?;
    role.map(|role| role.parse().map_err(|_| StoreError::Damaged { what: "role of an invitation".to_owned() }))
        .transpose()
}

/// Marks an invitation as used.
pub fn use_invitation(tx: &Transaction<'_>, token: &Digest, now: Instant) -> Result<(), StoreError> {
    tx.execute("UPDATE invitation SET used = ?2 WHERE token_sha256 = ?1", params![token, now.micros()])?;
    Ok(())
}

/// Writes one line of the audit log.
pub fn audit(tx: &Transaction<'_>, at: Instant, who: &str, action: &str, subject: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (at, who, action, subject) VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, params![at.micros(), who, action, subject])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn whoever_is_shut_out_has_neither_session_nor_password_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let at = |micros| Instant::from_micros(micros).unwrap();
        let (browser, program): (Digest, Digest) = ([1; 32], [2; 32]);
        store
            .write::<_, StoreError>(|tx| {
                assert!(add(tx, "jane", Role::Administrator, "hash", at(1))?);
                let (jane, _) = password(tx, "jane")?.unwrap();
                begin_session(tx, jane, &browser, "csrf", at(1), at(100))?;
                begin_session(tx, jane, &program, "", at(1), at(100))?;
                assert!(visitor(tx, &browser, at(2))?.is_some() && visitor(tx, &program, at(2))?.is_some());

                assert!(disable(tx, "jane", at(3))?);
                assert!(visitor(tx, &browser, at(4))?.is_none() && visitor(tx, &program, at(4))?.is_none());
                assert!(password(tx, "jane")?.is_none() && !has_administrator(tx)?);
                assert!(!disable(tx, "jane", at(5))? && !disable(tx, "john", at(5))?);
                assert!(!add(tx, "jane", Role::Viewer, "hash", at(6))?, "nobody comes back under the name");
                Ok(())
            })
            .unwrap();
    }
}
