//! What changed in a directory since it was last read.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

use super::{Account, Problem, entry::Entry, group::Groups, mark::Point, place::normal, search::Search};

/// More changed entries than this are no quicker to read than everything.
pub(super) const MOST: usize = 5_000;

/// An answer that stands beside what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// New and changed accounts, sorted by `guid`; groups are not in their `external` and `administrator`.
    pub accounts: Vec<Account>,
    /// Identifiers that are no account of this directory any more, or never were.
    pub gone: Vec<String>,
    /// All identifiers there are, if the server cannot tell what was deleted.
    pub present: Option<HashSet<String>>,
    /// DNs of everybody in a group of administrators, and in one of externals; none if nothing changed.
    pub groups: Option<Members>,
    /// From where to ask the next time.
    pub point: Point,
}

/// DNs in normal form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members {
    /// Of groups of administrators.
    pub administrators: HashSet<String>,
    /// Of groups of externals.
    pub externals: HashSet<String>,
    /// Who of all of them is an account of another directory; these may be SIDs.
    pub strangers: HashSet<String>,
}

impl Members {
    /// Of the groups in an export; nobody has to be asked. `known` holds the DNs of its accounts in normal form.
    pub(super) fn exported(
        entries: &[Entry],
        base: &str,
        administrators: &[String],
        externals: &[String],
        known: &HashSet<String>,
    ) -> Self {
        let mut groups = Groups::of(entries, base);
        let mut of = |wanted: &[String]| groups.exported_members(wanted, known);
        Self { administrators: of(administrators), externals: of(externals), strangers: groups.strangers() }
    }

    /// The account with what its groups make of it besides what it is by itself.
    #[must_use]
    pub fn applied(&self, mut account: Account) -> Account {
        let dn = normal(&account.dn);
        account.administrator = account.own.administrator || self.administrators.contains(&dn);
        account.external = account.own.external || self.externals.contains(&dn);
        account
    }
}

/// Identifiers asked for in one search.
const AT_ONCE: usize = 100;

/// The entries of these identifiers that pass the filter and lie below the base, by identifier.
pub(super) async fn fetch(
    search: &mut Search<'_>,
    base: &str,
    filter: &str,
    attributes: &[&str],
    identifiers: &HashSet<Vec<u8>>,
) -> Result<BTreeMap<String, Entry>, Problem> {
    let mut sorted: Vec<&Vec<u8>> = identifiers.iter().collect();
    sorted.sort_unstable();
    let mut found = BTreeMap::new();
    for some in sorted.chunks(AT_ONCE) {
        let mut which = String::new();
        for identifier in some {
            which.push_str("(objectGUID=");
            for byte in *identifier {
                let _ = write!(which, "\\{byte:02x}");
            }
            which.push(')');
        }
        let entries = search.below(base, &format!("(&{filter}(|{which}))"), attributes).await?;
        found.extend(entries.into_iter().filter_map(|entry| Some((entry.guid("objectguid")?, entry))));
    }
    Ok(found)
}
