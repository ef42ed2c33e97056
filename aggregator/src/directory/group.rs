//! Members of a few groups, through other groups as well.

use std::collections::{BTreeMap, HashSet};

use super::{Problem, entry::Entry, search::Search};

/// Attributes that name members, in the classes that have them.
const MEMBERS: [&str; 2] = ["member", "uniquemember"];

/// Follows groups; each group is read once.
#[derive(Default)]
pub(super) struct Groups {
    read: BTreeMap<String, Vec<String>>,
}

impl Groups {
    /// DNs in lower case of everybody in these groups. `accounts` holds the DNs known to be accounts, which are not asked.
    pub async fn members(
        &mut self,
        search: &mut Search<'_>,
        groups: &[String],
        accounts: &HashSet<String>,
    ) -> Result<HashSet<String>, Problem> {
        let mut found = HashSet::new();
        let mut waiting: Vec<String> = groups.iter().map(|dn| dn.to_lowercase()).collect();
        let mut visited = HashSet::new();
        while let Some(dn) = waiting.pop() {
            if !visited.insert(dn.clone()) {
                continue;
            }
            if accounts.contains(&dn) {
                found.insert(dn);
                continue;
            }
            if !self.read.contains_key(&dn) {
                let entry = search.one(&dn, &MEMBERS).await?;
                self.read.insert(dn.clone(), entry.as_ref().map(members).unwrap_or_default());
            }
            waiting.extend(self.read.get(&dn).into_iter().flatten().cloned());
        }
        Ok(found)
    }
}

fn members(entry: &Entry) -> Vec<String> {
    MEMBERS.iter().flat_map(|name| entry.texts(name)).map(str::to_lowercase).collect()
}
