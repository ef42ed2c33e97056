//! Why a host, a server or an instance of SQL Server needs what it needs.

use std::collections::BTreeSet;

use super::{
    difference::{total, total_at_list_price},
    editions::alone,
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, Explanation, GivenOwned},
    run_line::counted_in_words,
};
use crate::{
    assess_with,
    assessment::HostLicence,
    cal::{Family, Need},
    estate::{Accesses, LicensedBy},
    planner::{Change, Switch, changed},
    words::{Count, product, unit_licences},
};

impl Explainer<'_> {
    pub(super) fn host(&self, id: &str) -> Result<Vec<Explanation>, ExplainError> {
        let estate = self.estate();
        let at = Self::find("host", id, estate.hosts.iter().map(|host| host.id.as_str()))?;
        let host = &estate.hosts[at];
        let mut about = About { kind: "host", id: host.id.clone(), ..About::default() };
        let on_it = estate.servers.iter().filter(|server| server.host.as_deref() == Some(&host.id));
        let on_it: BTreeSet<&str> = on_it.map(|server| server.id.as_str()).collect();
        let runs =
            if on_it.is_empty() { "none is known to run on it" } else { "what runs there is licensed otherwise" };
        if let Some(cluster) = &host.cluster {
            about
                .facts
                .push(format!("it is one of the hosts of cluster `{cluster}`, whose machines may move onto it (C.12)"));
        }
        about.forced_by(
            |count| if count == 1 { "server placed on it".into() } else { "servers placed on it".into() },
            on_it.into_iter(),
        );
        self.run_licences(&host.id, &mut about)?;
        if about.headline.is_empty() {
            about.headline = format!("{} needs no licence to run Windows Server: {runs}", host.id);
        }
        Ok(vec![self.finish(about)])
    }

    pub(super) fn server(&self, id: &str) -> Result<Vec<Explanation>, ExplainError> {
        let estate = self.estate();
        let at = Self::find("server", id, estate.servers.iter().map(|server| server.id.as_str()))?;
        let server = &estate.servers[at];
        let mut about = About { kind: "server", id: server.id.clone(), ..About::default() };
        self.access_to(at, &mut about);
        self.run_licences(&server.id, &mut about)?;
        let run = std::mem::take(&mut about.headline);
        let reached = match self.kept.first().map(|kept| kept.needs[at]) {
            Some(Need::Cal(cal)) => format!("whoever reaches it needs a Windows Server CAL of {cal} or later"),
            Some(Need::Nothing(rule)) => format!("access to it needs no Windows Server CAL ({rule})"),
            None => String::new(),
        };
        about.headline = if run.is_empty() { format!("{}: {reached}", server.id) } else { format!("{run}; {reached}") };
        if let (Some(host), LicensedBy::Host) = (&server.host, server.licensed_by) {
            about
                .facts
                .push(format!("it runs on {host}, whose licences let it run (C.11); ask about it with `host {host}`"));
        }
        let by = match server.licensed_by {
            LicensedBy::Host => None,
            LicensedBy::VirtualMachine => Some("it is licensed as a virtual machine by itself (C.14)"),
            LicensedBy::Azure => Some("it runs in Azure, where the licence is paid with the machine (E.11)"),
            LicensedBy::AzureHybridBenefit => Some("it runs in Azure on licences of your own (C.21)"),
            LicensedBy::PayAsYouGo => Some("it is paid as it is used (C.22)"),
            LicensedBy::Provider => Some("a provider rents it out with its licences (E.11)"),
        };
        about.facts.extend(by.map(str::to_owned));
        about.alternatives.push(self.without_server(&server.id)?);
        Ok(vec![self.finish(about)])
    }

    pub(super) fn sql(&self, id: &str) -> Result<Vec<Explanation>, ExplainError> {
        let estate = self.estate();
        let at = Self::find("instance of SQL Server", id, estate.sql.iter().map(|sql| sql.id.as_str()))?;
        let instance = &estate.sql[at];
        let mut about = About { kind: "sql", id: instance.id.clone(), ..About::default() };
        let is_sql = |host: &&HostLicence| host.chosen.sku.starts_with("sql-server/");
        let places: Vec<&str> = [Some(instance.server.as_str())]
            .into_iter()
            .chain(
                estate
                    .servers
                    .iter()
                    .filter(|server| server.id == instance.server)
                    .map(|server| server.host.as_deref()),
            )
            .flatten()
            .collect();
        let found: Vec<&HostLicence> =
            self.assessment.hosts.iter().filter(|host| places.contains(&host.id.as_str())).filter(is_sql).collect();
        for host in &found {
            self.run_licence(host, &mut about)?;
        }
        if found.is_empty() {
            about.headline = format!(
                "{} on {} needs no licence of its own: its edition is free, or it is passive beside one with Software \
                 Assurance (D.11)",
                instance.id, instance.server
            );
        } else {
            about.headline = format!("{}: {}", instance.id, about.headline);
            about.facts.push(format!(
                "one licence of {} serves all instances of its kind on it, by the highest edition (D.7)",
                instance.server
            ));
        }
        if let Some(reading) = self.assessment.position.readings.iter().find(|one| one.policy.starts_with("sql.model"))
        {
            let lines: Vec<String> = (reading.lines.iter())
                .map(|line| {
                    format!(
                        "{} {} instead of {}",
                        product(&line.sku, &line.version),
                        Count(line.otherwise),
                        Count(line.needed)
                    )
                })
                .collect();
            about.facts.push(format!("{}: {}", reading.question, lines.join("; ")));
        }
        Ok(vec![self.finish(about)])
    }

    /// Licences to run something on the machine of that name.
    fn run_licences(&self, id: &str, about: &mut About) -> Result<(), ExplainError> {
        let mut of_it = self.assessment.hosts.iter().filter(|host| host.id == id);
        of_it.try_for_each(|host| self.run_licence(host, about))
    }

    fn run_licence(&self, host: &HostLicence, about: &mut About) -> Result<(), ExplainError> {
        let HostLicence { id, version, chosen, rules, .. } = host;
        let what = format!(
            "{} {} of {}",
            Count(chosen.count),
            unit_licences(&chosen.unit, chosen.count),
            alone(&chosen.sku, version.name())
        );
        about.headline = match about.headline.as_str() {
            "" => format!("{id} needs {what}"),
            so_far => format!("{so_far}, and {what}"),
        };
        about.facts.push(counted_in_words(host));
        about.rules.extend(rules.iter().cloned());
        about.alternatives.extend(self.other_options(&[host])?);
        if host.at_least {
            about.to_do.push(format!("find out what is not known about {id}: its number is only the least possible"));
            about.confidence = Some(crate::Confidence::L);
        }
        Ok(())
    }

    /// Who reached it, and what that needs, family by family.
    fn access_to(&self, server: usize, about: &mut About) {
        let estate = self.estate();
        for kept in &self.kept {
            let (mut people, mut devices) = (vec![false; estate.people.len()], vec![false; estate.devices.len()]);
            let mut rows = 0_u64;
            for row in self.accesses(kept).rows().filter(|row| row.server as usize == server) {
                rows += 1;
                for (end, seen) in [(row.person, &mut people), (row.device, &mut devices)] {
                    if end != Accesses::NONE {
                        seen[end as usize] = true;
                    }
                }
            }
            if rows == 0 {
                continue;
            }
            let noun = Family::of(self.catalogue(), &kept.cal).map(|family| family.noun()).unwrap_or_default();
            let needs = match kept.needs[server] {
                Need::Cal(cal) => format!(
                    "who each must be covered by a {noun}CAL of {cal} or later, their own or that of the device used (E.3, E.4)"
                ),
                Need::Nothing(rule) => format!("for which it needs no {noun}CAL ({rule})"),
            };
            let names = (self.checked.people.index.iter())
                .filter(|&&at| people[at as usize])
                .map(|&at| estate.people[at as usize].id.as_str());
            about.forced_by(
                |count| format!("{} reached it, {needs}", if count == 1 { "person" } else { "people" }),
                names,
            );
            let names = (self.checked.devices.index.iter())
                .filter(|&&at| devices[at as usize])
                .map(|&at| estate.devices[at as usize].id.as_str());
            about.forced_by(
                |count| format!("{} from which it was reached", if count == 1 { "device" } else { "devices" }),
                names,
            );
        }
    }

    /// The whole position if the server and all access to it were gone.
    fn without_server(&self, id: &str) -> Result<Alternative, ExplainError> {
        let change = Change { switch: Switch::RemoveServer, value: id.to_owned() };
        let estate = changed(self.estate(), &self.assessment, &[change]);
        let what = format!("Doing without {id}");
        let Ok(estate) = estate else {
            return Ok(super::alternative::no_way(what, "It cannot be taken out of the estate by itself".into()));
        };
        let then = assess_with(&estate, self.catalogue())?;
        let differs = super::line_differences(&self.assessment.position, &then.position);
        let lines: Vec<String> = (differs.iter().filter(|line| line.before.needed != line.after.needed))
            .map(|line| {
                format!(
                    "{} {} instead of {}",
                    product(&line.sku, &line.version),
                    Count(line.after.needed),
                    Count(line.before.needed)
                )
            })
            .take(5)
            .collect();
        let why = if lines.is_empty() {
            "All numbers stay the same: others reach servers as new, and its host is needed anyway".to_owned()
        } else {
            format!("Needed then: {}", lines.join("; "))
        };
        let (now, before) = (&self.assessment.position, self.estate());
        let (list_then, list_now) =
            (total_at_list_price(before, &then.position.lines), total_at_list_price(before, &now.lines));
        let partly = if list_then.1 && list_now.1 { "" } else { "; only what has a price is counted in the money" };
        let priced = !before.prices.is_empty();
        let owns = now.lines.iter().any(|line| line.needed > line.short);
        Ok(Alternative {
            what,
            why: format!("{why}{}", if priced { partly } else { "" }),
            possible: true,
            cost_minor: list_then.0.filter(|_| priced),
            instead_of_minor: list_now.0.filter(|_| priced),
            lower_bound_minor: None,
            given_owned: (priced && owns).then(|| GivenOwned {
                cost_minor: total(&then.position),
                instead_of_minor: total(now),
                lower_bound_minor: None,
            }),
        })
    }
}
