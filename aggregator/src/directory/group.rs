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
    /// Those of an export: nobody has to be asked.
    pub fn of(entries: &[Entry]) -> Self {
        let read = entries.iter().map(|entry| (entry.dn.to_lowercase(), members(entry)));
        Self { read: read.filter(|(_, members)| !members.is_empty()).collect() }
    }

    /// DNs in lower case of everybody in these groups. `accounts` holds the DNs known to be accounts, which are not asked.
    pub async fn members(
        &mut self,
        search: &mut Search<'_>,
        groups: &[String],
        accounts: &HashSet<String>,
    ) -> Result<HashSet<String>, Problem> {
        loop {
            let (found, unknown) = self.known_members(groups, accounts);
            if unknown.is_empty() {
                return Ok(found);
            }
            for dn in unknown {
                let entry = search.one(&dn, &MEMBERS).await?;
                self.read.insert(dn, entry.as_ref().map(members).unwrap_or_default());
            }
        }
    }

    /// The same as far as groups were read, and who has to be asked for the rest.
    pub fn known_members(&self, groups: &[String], accounts: &HashSet<String>) -> (HashSet<String>, Vec<String>) {
        let (mut found, mut unknown) = (HashSet::new(), Vec::new());
        let mut waiting: Vec<String> = groups.iter().map(|dn| dn.to_lowercase()).collect();
        let mut visited = HashSet::new();
        while let Some(dn) = waiting.pop() {
            if !visited.insert(dn.clone()) {
                continue;
            }
            if accounts.contains(&dn) {
                found.insert(dn);
            } else if let Some(members) = self.read.get(&dn) {
                waiting.extend(members.iter().cloned());
            } else {
                unknown.push(dn);
            }
        }
        (found, unknown)
    }
}

fn members(entry: &Entry) -> Vec<String> {
    MEMBERS.iter().flat_map(|name| entry.texts(name)).map(str::to_lowercase).collect()
}
