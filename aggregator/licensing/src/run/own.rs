//! Server licences of editions that have their own: Web, Foundation, Essentials, Storage, HPC, SBS, MultiPoint, Itanium (A.1).

use std::collections::BTreeSet;

use super::{
    choice::{Choice, HostNeed},
    count::{Size, count},
    placement::Placement,
};
use crate::{
    catalogue::{Catalogue, Formula, Product, RightRow, RunLicence, Terms},
    checked::Checked,
    estate::{EstateError, LicensedBy},
    findings::{Rules, Warnings},
    position::Violation,
    version::VersionName,
};

/// The edition that runs on Azure and Azure Local only.
const AZURE: &str = "Datacenter Azure";

/// The right of an edition: of that version, else of the newest before it, else of the oldest.
fn right<'a>(catalogue: &'a Catalogue, edition: &str, version: VersionName) -> Option<&'a RightRow> {
    let rows =
        || catalogue.rights_of(Product::WindowsServer).filter(|row| row.edition == edition && row.terms == Terms::Own);
    let newest = |row: &&RightRow| row.versions.iter().filter(|of| **of <= version).max().copied();
    let before = rows().filter(|row| newest(row).is_some()).max_by_key(newest);
    before.or_else(|| rows().next())
}

/// What servers of these editions need, by id.
pub(super) fn needs<'a>(
    checked: &Checked<'a>,
    placement: &Placement<'a>,
    warnings: &mut Warnings,
    violations: &mut Vec<Violation>,
) -> Result<Vec<HostNeed<'a>>, EstateError> {
    let estate = checked.estate;
    let mut needs = Vec::new();
    let mut unknown = Vec::new();
    // licences by processor are those of a host, however many servers it carries
    let mut by_processor = BTreeSet::new();
    let own = |at: &usize| {
        let server = &estate.servers[*at];
        server.licensed_by == LicensedBy::Host
            && checked.edition_of(server).is_some_and(|row| row.licence == RunLicence::Own)
    };
    let mut order: Vec<usize> = (0..estate.servers.len()).filter(own).collect();
    order.sort_unstable_by_key(|&at| estate.servers[at].id.as_str());
    for at in order {
        let server = &estate.servers[at];
        let Some(edition) = checked.edition_of(server) else { continue };
        if edition.name == AZURE {
            violations.push(Violation {
                of: server.id.clone(),
                what: format!(
                    "{} runs Datacenter: Azure Edition outside Azure as far as is known; no licence for a host of one's own \
                     allows that (A.1)",
                    server.id
                ),
                remedy: "say `licensed_by` if it runs in Azure, else install Datacenter and license its host".into(),
                rules: vec!["A.1".into()],
            });
            continue;
        }
        let version = server.version.unwrap_or(VersionName::NEWEST);
        let Some(row) = right(checked.catalogue, &edition.name, version) else {
            unknown.push(server.id.as_str());
            continue;
        };
        let host = placement.hosts(at).first().map(|&host| &estate.hosts[host as usize]);
        let processors = host.map_or(&[][..], |host| &host.processors);
        let per_processor = row.formula == Formula::Processors;
        if per_processor
            && let Some(host) = host
            && !by_processor.insert((host.id.as_str(), row.sku.as_str()))
        {
            continue;
        }
        let Some(count) = count(checked.catalogue, row, Size { processors, instances: 1 })? else { continue };
        let chosen = Choice { sku: &row.sku, count };
        let facts = vec![if per_processor {
            format!("{} is licensed by processor of its host", edition.name)
        } else {
            format!("{} has a server licence of its own, one for each running copy", edition.name)
        }];
        let at_least = per_processor && processors.is_empty();
        needs.push(HostNeed::alone(&server.id, version, chosen, facts, Rules::of(&["A.1"]), at_least));
    }
    warnings.about(unknown, |count, list| {
        format!(
            "{count} server(s) of an edition with a server licence of its own, which the catalogue does not have (A.1): \
             check by hand: {list}"
        )
    });
    Ok(needs)
}
