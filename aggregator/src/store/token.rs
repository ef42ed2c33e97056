//! Enrolment tokens: who may have a certificate, until when and how often. Only a digest of the secret is kept.

use caliper_proto::Instant;
use ring::digest::{SHA256, digest};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{StoreError, instant};

/// What the owner of a certificate may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Report about one server, itself.
    Agent,
    /// Ask for positions, scans and servers.
    Reader,
}

impl Role {
    /// As stored and as written into certificates.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Reader => "reader",
        }
    }

    /// The reverse of [`Role::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Agent, Self::Reader].into_iter().find(|role| role.name() == name)
    }
}

/// A token as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Token {
    /// Public half.
    pub id: String,
    /// What a certificate made from it may do.
    pub role: String,
    /// Site or purpose.
    pub label: String,
    /// When it was made.
    pub created: Instant,
    /// From then on it is refused.
    pub expires: Instant,
    /// How many newcomers it still lets in.
    pub uses_left: u32,
    /// When it was taken back, if it was.
    pub revoked: Option<Instant>,
}

/// Why a token lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such token, or another secret: not said which, so that nobody can search for tokens.
    #[error("the token is not known here: copy the whole line again, or ask for a new token")]
    Unknown,
    /// Its time is over.
    #[error("the token has expired: ask for a new one (`caliper token create`)")]
    Expired,
    /// Its uses are gone.
    #[error("the token has been used as often as it may be: ask for a new one (`caliper token create`)")]
    UsedUp,
    /// Taken back.
    #[error("the token was revoked: ask for a new one (`caliper token create`)")]
    Revoked,
}

/// Stores a new token.
pub fn insert(tx: &Transaction<'_>, token: &Token, secret: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO token (id, secret_sha256, role, label, created, expires, uses_left) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            token.id,
            digest(&SHA256, secret.as_bytes()).as_ref(),
            token.role,
            token.label,
            token.created.micros(),
            token.expires.micros(),
            token.uses_left
        ],
    )?;
    Ok(())
}

/// All tokens, oldest first.
pub fn list(tx: &Transaction<'_>) -> Result<Vec<Token>, StoreError> {
    let mut statement =
        tx.prepare("SELECT id, role, label, created, expires, uses_left, revoked FROM token ORDER BY created, id")?;
    let tokens = statement.query_map([], read)?;
    Ok(tokens.collect::<Result<_, _>>()?)
}

/// Takes a token back; certificates made from it stay valid. `false` if there is none of that name.
pub fn revoke(tx: &Transaction<'_>, id: &str, now: Instant) -> Result<bool, StoreError> {
    let changed =
        tx.execute("UPDATE token SET revoked = coalesce(revoked, ?2) WHERE id = ?1", params![id, now.micros()])?;
    Ok(changed > 0)
}

/// Takes one use off the token if it lets a newcomer in; its role.
pub fn spend(tx: &Transaction<'_>, id: &str, secret: &str, now: Instant) -> Result<Result<Role, Refused>, StoreError> {
    let found = tx
        .query_row(
            "SELECT id, role, label, created, expires, uses_left, revoked, secret_sha256 FROM token WHERE id = ?",
            [id],
            |row| Ok((read(row)?, row.get::<_, Vec<u8>>(7)?)),
        )
        .optional()?;
    let Some((token, stored)) = found else { return Ok(Err(Refused::Unknown)) };
    // the time it takes must not tell how much of the secret was right
    if !same_digest(secret, &stored) {
        return Ok(Err(Refused::Unknown));
    }
    if token.revoked.is_some() {
        return Ok(Err(Refused::Revoked));
    }
    if token.expires <= now {
        return Ok(Err(Refused::Expired));
    }
    if token.uses_left == 0 {
        return Ok(Err(Refused::UsedUp));
    }
    let Some(role) = Role::from_name(&token.role) else {
        return Err(StoreError::Damaged { what: format!("role of token `{id}`") });
    };
    tx.execute("UPDATE token SET uses_left = uses_left - 1 WHERE id = ?", [id])?;
    Ok(Ok(role))
}

/// Compares in constant time: both go through the same HMAC, and `verify` compares those so.
fn same_digest(secret: &str, stored: &[u8]) -> bool {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"comparison");
    let offered = digest(&SHA256, secret.as_bytes());
    let tag = ring::hmac::sign(&key, stored);
    ring::hmac::verify(&key, offered.as_ref(), tag.as_ref()).is_ok()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        role: row.get(1)?,
        label: row.get(2)?,
        created: instant(row, 3)?,
        expires: instant(row, 4)?,
        uses_left: row.get(5)?,
        revoked: row.get::<_, Option<i64>>(6)?.and_then(Instant::from_micros),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn lets_in_as_often_as_it_may_until_it_may_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let at = |micros| Instant::from_micros(micros).unwrap();
        let token = |id: &str, uses_left| Token {
            id: id.into(),
            role: "agent".into(),
            label: "site".into(),
            created: at(0),
            expires: at(100),
            uses_left,
            revoked: None,
        };
        store
            .write::<_, StoreError>(|tx| {
                insert(tx, &token("a", 2), "hush")?;
                insert(tx, &token("b", 2), "hush")?;
                assert!(revoke(tx, "b", at(5))?);
                assert!(!revoke(tx, "c", at(5))?);
                Ok(())
            })
            .unwrap();
        let spend = |id: &str, secret: &str, now| store.write(|tx| spend(tx, id, secret, at(now))).unwrap();
        for (id, secret, now, expected) in [
            ("a", "wrong", 1, Err(Refused::Unknown)),
            ("", "hush", 1, Err(Refused::Unknown)),
            ("b", "hush", 6, Err(Refused::Revoked)),
            ("a", "hush", 100, Err(Refused::Expired)),
            ("a", "hush", 99, Ok(Role::Agent)),
            ("a", "hush", 99, Ok(Role::Agent)),
            ("a", "hush", 99, Err(Refused::UsedUp)),
        ] {
            assert_eq!(spend(id, secret, now), expected, "{id} {secret} {now}");
        }
        let listed = store.read(list).unwrap();
        assert_eq!(listed[1].revoked, Some(at(5)));
        let raw = fs_err::read(folder.path().join(crate::store::FILE_NAME)).unwrap();
        assert!(!raw.windows(4).any(|window| window == b"hush"), "the secret itself is never stored");
    }
}
