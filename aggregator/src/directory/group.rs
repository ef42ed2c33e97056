//! Members of a few groups, through other groups as well.

use std::collections::{BTreeMap, HashSet};

use super::{
    Problem,
    entry::Entry,
    place::{dns_name, normal},
    search::Search,
};

/// Attributes that name members, in the classes that have them.
const MEMBERS: [&str; 2] = ["member", "uniquemember"];
/// What is asked of a member that is no known account.
const ASKED: [&str; 4] = ["member", "uniquemember", "objectClass", "objectSid"];

/// Follows groups; each group is read once.
pub(super) struct Groups {
    /// The directory's domain.
    dns: String,
    read: BTreeMap<String, Vec<String>>,
    /// Who is an account of another directory: SID in lower case or DN, by DN here.
    strangers: BTreeMap<String, String>,
}

impl Groups {
    /// Of a directory with this base, of which nothing was read yet.
    pub fn new(base: &str) -> Self {
        Self { dns: dns_name(base), read: BTreeMap::new(), strangers: BTreeMap::new() }
    }

    /// Those of an export: nobody has to be asked.
    pub fn of(entries: &[Entry], base: &str) -> Self {
        let mut groups = Self::new(base);
        for entry in entries {
            let members = members(entry);
            if !members.is_empty() {
                groups.read.insert(normal(&entry.dn), members);
            } else if let Some(who) = groups.stranger(&entry.dn, Some(entry)) {
                groups.strangers.insert(normal(&entry.dn), who);
            }
        }
        groups
    }

    /// Who of everybody found so far is an account of another directory, as among the members.
    pub fn strangers(&self) -> HashSet<String> {
        self.strangers.values().cloned().collect()
    }

    /// DNs of everybody in these groups, SIDs in lower case of strangers that have one. `accounts` holds the DNs known to be accounts, which are
    /// not asked. All DNs are in normal form.
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
                let entry = search.one(&dn, &ASKED).await?;
                if let Some(who) = self.stranger(&dn, entry.as_ref()) {
                    self.strangers.insert(dn.clone(), who);
                }
                self.read.insert(dn, entry.as_ref().map(members).unwrap_or_default());
            }
        }
    }

    /// The same of an export.
    pub fn exported_members(&mut self, groups: &[String], accounts: &HashSet<String>) -> HashSet<String> {
        let (found, unknown) = self.known_members(groups, accounts);
        let strangers = unknown.into_iter().filter(|dn| dns_name(dn) != self.dns);
        self.strangers.extend(strangers.map(|dn| (dn.clone(), dn)));
        found.into_iter().chain(self.known_members(groups, accounts).0).collect()
    }

    /// The same as far as groups were read, and who has to be asked for the rest.
    pub fn known_members(&self, groups: &[String], accounts: &HashSet<String>) -> (HashSet<String>, Vec<String>) {
        let (mut found, mut unknown) = (HashSet::new(), Vec::new());
        let mut waiting: Vec<String> = groups.iter().map(|dn| normal(dn)).collect();
        let mut visited = HashSet::new();
        while let Some(dn) = waiting.pop() {
            if !visited.insert(dn.clone()) {
                continue;
            }
            if accounts.contains(&dn) {
                found.insert(dn);
            } else if let Some(who) = self.strangers.get(&dn) {
                found.insert(who.clone());
            } else if let Some(members) = self.read.get(&dn) {
                waiting.extend(members.iter().cloned());
            } else {
                unknown.push(dn);
            }
        }
        (found, unknown)
    }

    /// A trusted domain's account stands as its SID in the trusting one; one of another domain of the forest under its own DN.
    fn stranger(&self, dn: &str, entry: Option<&Entry>) -> Option<String> {
        let Some(entry) = entry else { return (dns_name(dn) != self.dns).then(|| normal(dn)) };
        // others are no accounts but, for example, everybody who has signed in
        let sid = entry.sids("objectsid").pop().filter(|sid| sid.starts_with("S-1-5-21-"))?;
        entry.is_a("foreignSecurityPrincipal").then(|| sid.to_lowercase())
    }
}

fn members(entry: &Entry) -> Vec<String> {
    MEMBERS.iter().flat_map(|name| entry.texts(name)).map(normal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Entry {
        let mut entry = Entry::default();
        entry.dn = dn.to_owned();
        for (name, values) in attributes {
            entry.add(name, values.iter().map(|value| value.to_vec()).collect());
        }
        entry
    }

    #[test]
    fn strangers_are_known_by_sid_or_by_their_own_place() {
        let foreign = |name: &str, sid: &[u8]| {
            entry(name, &[("objectClass", &[b"top", b"foreignSecurityPrincipal"]), ("objectSid", &[sid])])
        };
        // S-1-5-21-9-9-9-7 and S-1-5-11, everybody who has signed in
        let sid = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0];
        let everybody = [1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];
        let members: [&[u8]; 5] = [
            b"CN=Inner,DC=a,DC=b",
            b"CN=Own,DC=a,DC=b",
            b"CN=Child,DC=c,DC=a,DC=b",
            b"CN=X,DC=a,DC=b",
            b"CN=Gone,DC=a,DC=b",
        ];
        let entries = [
            entry("CN=Outer,DC=a,DC=b", &[("member", &members)]),
            entry("CN=Inner,DC=a,DC=b", &[("member", &[b"CN=S-1-5-21-9-9-9-7,DC=a,DC=b", b"CN=Outer,DC=a,DC=b"])]),
            foreign("CN=S-1-5-21-9-9-9-7,DC=a,DC=b", &sid),
            foreign("CN=X,DC=a,DC=b", &everybody),
        ];
        let mut groups = Groups::of(&entries, "DC=a,DC=b");
        let known = HashSet::from(["cn=own,dc=a,dc=b".to_owned()]);
        let found = groups.exported_members(&["CN=Outer,DC=a,DC=b".to_owned()], &known);
        let strangers = HashSet::from(["s-1-5-21-9-9-9-7".to_owned(), "cn=child,dc=c,dc=a,dc=b".to_owned()]);
        assert_eq!(groups.strangers(), strangers);
        assert_eq!(found, &strangers | &known);
    }
}
