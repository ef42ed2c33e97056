//! Everything about an organisation in one folder: what the demo, the tests and a curious reader work with.
//!
//! ```text
//! directory.ldif    for a Samba domain of the plan's SID      people.ldif   the same people for a plain LDAP server
//! fleet/NAME/       the artefacts of each server              config.toml   of the aggregator
//! truth.json        the true answer
//! ```

use std::path::Path;

use crate::{configuration, directory, evidence, plan::Organisation, truth};

/// Writes it all.
pub fn write(organisation: &Organisation, folder: &Path, addresses: &configuration::Addresses) -> std::io::Result<()> {
    for (at, server) in organisation.servers.iter().enumerate() {
        let artefacts = folder.join("fleet").join(server.name);
        fs_err::create_dir_all(&artefacts)?;
        fs_err::write(artefacts.join("report.json"), evidence::report(organisation, at).to_json())?;
    }
    fs_err::write(folder.join("directory.ldif"), directory::active_directory(organisation))?;
    fs_err::write(folder.join("people.ldif"), directory::plain(organisation))?;
    fs_err::write(folder.join("config.toml"), configuration::configuration(organisation, addresses))?;
    let truth = serde_json::to_string_pretty(&truth::truth(organisation))?;
    fs_err::write(folder.join("truth.json"), truth + "\n")
}
