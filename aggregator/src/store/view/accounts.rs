//! The directories' accounts and what the last scan took each for.

use rusqlite::{Row, Transaction};
use serde::Serialize;

use super::list::{List, Listing, Sort};
use crate::store::{StoreError, people::AccountKey};

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its directory's row and its identifier there, as one text.
    pub key: String,
    /// As the directory calls it.
    pub name: String,
    /// `domain\`, or the directory's name where the domain has no short one.
    pub domain: String,
    /// For people to read.
    pub display_name: String,
    /// [`crate::identity::Class`]; empty: no scan has looked at it yet.
    pub class: String,
    /// Why.
    pub why: String,
    /// Id of the person; empty: nobody's.
    pub person: String,
    /// Enabled and still in the directory.
    pub active: bool,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// In the name, the display name, the distinguished name or the reason.
    pub text: String,
    /// A class, or empty.
    pub class: String,
    /// `active`, `inactive`, or empty.
    pub state: String,
    /// Of this person only, if not empty.
    pub person: String,
}

impl Listing for Accounts {
    type Item = Account;
    const FROM: &'static str = "account JOIN directory ON directory.id = account.directory";
    const KEY: &'static str = "account.directory || '/' || account.guid";
    const COLUMNS: &'static str = "account.directory || '/' || account.guid, account.name,
        CASE directory.netbios WHEN '' THEN directory.name ELSE directory.netbios END, account.display_name, account.class,
        account.class_why, account.person, account.enabled AND account.gone IS NULL";
    const SORTS: &'static [Sort] = &[
        Sort { name: "name", column: "account.name COLLATE NOCASE", descending: false },
        Sort { name: "class", column: "account.class", descending: false },
        Sort { name: "person", column: "account.person", descending: false },
    ];

    fn narrow(&self, list: &mut List) {
        list.holding(&["account.name", "account.display_name", "account.dn", "account.class_why"], &self.text);
        list.equal_unless_empty("account.class", &self.class);
        list.equal_unless_empty("account.person", &self.person);
        match self.state.as_str() {
            "active" => list.such_that("account.enabled AND account.gone IS NULL"),
            "inactive" => list.such_that("NOT (account.enabled AND account.gone IS NULL)"),
            _ => {}
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
        Ok(Account {
            key: row.get(0)?,
            name: row.get(1)?,
            domain: row.get(2)?,
            display_name: row.get(3)?,
            class: row.get(4)?,
            why: row.get(5)?,
            person: row.get(6)?,
            active: row.get(7)?,
        })
    }
}

impl Account {
    /// `domain\name`, lower case, as scans write it.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}\\{}", self.domain.to_lowercase(), self.name.to_lowercase())
    }

    /// The key of the account in other tables.
    #[must_use]
    pub fn account_key(&self) -> Option<AccountKey> {
        account_key(&self.key)
    }
}

/// The reverse of [`Account::key`].
#[must_use]
pub fn account_key(text: &str) -> Option<AccountKey> {
    let (directory, guid) = text.split_once('/')?;
    Some((directory.parse().ok()?, guid.to_owned()))
}

/// The account of a person's that is written `domain\name` or as user principal name, one that is there before one that is gone.
pub fn named(tx: &Transaction<'_>, text: &str) -> Result<Option<AccountKey>, StoreError> {
    let wanted = text.trim().to_lowercase();
    let mut select = tx.prepare_cached(
        "SELECT account.directory, account.guid, account.name, account.upn, directory.netbios, directory.dns, directory.name
         FROM account JOIN directory ON directory.id = account.directory WHERE account.kind <> 'computer'
         ORDER BY account.gone IS NOT NULL, account.directory, account.guid",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at).map(|text| text.to_lowercase());
        let (name, upn) = (text(2)?, text(3)?);
        let is_it = match wanted.split_once('\\') {
            Some((domain, wanted)) => {
                wanted == name
                    && !domain.is_empty()
                    && [text(4)?, text(5)?, text(6)?].iter().any(|label| label == domain)
            }
            None => !upn.is_empty() && wanted == upn,
        };
        if is_it {
            return Ok(Some((row.get(0)?, row.get(1)?)));
        }
    }
    Ok(None)
}
