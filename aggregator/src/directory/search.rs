//! Searches that return everything or an error: paged, with the rest of long attributes fetched, referrals ignored.

use ldap3::{
    Ldap, Scope,
    adapters::{Adapter, EntriesOnly, PagedResults},
    controls::{Control, RawControl},
};

use super::{DirectorySettings, Problem, entry::Entry};

/// Active Directory never sends more entries at once.
const PAGE: i32 = 1000;

/// Parts of one attribute that are fetched before a server is taken for one that never ends.
const PARTS: usize = 100_000;

/// A signed-in connection with its time limits.
pub(super) struct Search<'a> {
    ldap: Ldap,
    settings: &'a DirectorySettings,
}

impl<'a> Search<'a> {
    pub fn new(ldap: Ldap, settings: &'a DirectorySettings) -> Self {
        Self { ldap, settings }
    }

    /// All entries at and below `base`.
    pub async fn below(&mut self, base: &str, filter: &str, attributes: &[&str]) -> Result<Vec<Entry>, Problem> {
        self.run(base, Scope::Subtree, filter, attributes).await
    }

    /// The entry `dn`; `None` if there is none or none that may be read.
    pub async fn one(&mut self, dn: &str, attributes: &[&str]) -> Result<Option<Entry>, Problem> {
        match self.run(dn, Scope::Base, "(objectClass=*)", attributes).await {
            Ok(entries) => Ok(entries.into_iter().next()),
            Err(Problem::Base { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Ends the connection politely.
    pub async fn close(mut self) {
        if let Err(error) = self.ldap.unbind().await {
            tracing::debug!(%error, "a directory did not take the farewell");
        }
    }

    async fn run(
        &mut self,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Entry>, Problem> {
        let mut entries = self.pages(base, scope, filter, attributes).await?;
        for entry in &mut entries {
            self.complete(entry).await?;
        }
        Ok(entries)
    }

    /// Range retrieval: Active Directory sends at most 1,500 values of an attribute at once.
    async fn complete(&mut self, entry: &mut Entry) -> Result<(), Problem> {
        let dn = entry.dn.clone();
        for _ in 0..PARTS {
            let Some((name, next)) = entry.unfinished.pop() else { return Ok(()) };
            let wanted = format!("{name};range={next}-*");
            let part = self.pages(&dn, Scope::Base, "(objectClass=*)", &[&wanted]).await?.into_iter().next();
            let Some(part) = part else { return Err(vanished(&dn)) };
            match part.unfinished.as_slice() {
                [] => {}
                [(again, after)] if *again == name && *after > next => entry.unfinished.push((name, *after)),
                _ => return Err(vanished(&dn)),
            }
            entry.append(part);
        }
        Err(vanished(&dn))
    }

    /// One search at and below `base` with a control; answers come with the controls of their end.
    pub async fn controlled(
        &mut self,
        base: &str,
        filter: &str,
        attributes: &[&str],
        control: RawControl,
    ) -> Result<(Vec<Entry>, Vec<RawControl>), Problem> {
        let adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> = vec![Box::new(EntriesOnly::new())];
        self.ldap.with_controls(vec![control]);
        let (entries, controls) = self.stream(adapters, base, Scope::Subtree, filter, attributes).await?;
        Ok((entries, controls.into_iter().map(|Control(_, control)| control).collect()))
    }

    async fn pages(
        &mut self,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Entry>, Problem> {
        let adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
        Ok(self.stream(adapters, base, scope, filter, attributes).await?.0)
    }

    async fn stream<'s>(
        &mut self,
        adapters: Vec<Box<dyn Adapter<'s, String, Vec<String>> + 's>>,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
    ) -> Result<(Vec<Entry>, Vec<Control>), Problem> {
        let attributes: Vec<String> = attributes.iter().map(ToString::to_string).collect();
        let wrong = |error, settings| match Problem::from_ldap(error, settings) {
            Problem::Base { .. } => Problem::Base { base: base.to_owned() },
            other => other,
        };
        self.ldap.with_timeout(self.settings.operation_timeout());
        let mut stream = self
            .ldap
            .streaming_search_with(adapters, base, scope, filter, attributes)
            .await
            .map_err(|error| wrong(error, self.settings))?;
        let mut entries = Vec::new();
        while let Some(answer) = stream.next().await.map_err(|error| wrong(error, self.settings))? {
            entries.push(Entry::read(answer)?);
        }
        // 10 is the referral at the end of a subtree search: not to be followed
        let end = stream.finish().await.non_error().map_err(|error| wrong(error, self.settings))?;
        Ok((entries, end.ctrls))
    }
}

fn vanished(dn: &str) -> Problem {
    Problem::Damaged { detail: format!("the rest of a long attribute of `{dn}` did not come") }
}
