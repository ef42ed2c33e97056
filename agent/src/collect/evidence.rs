//! From the files of a folder to one report: read each, join the rows, settle who the server is.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Path, PathBuf},
};

use caliper_evidence::{
    ese::EseError,
    event_log,
    registry::{self, Export},
    smbios::{self, Firmware},
    ual::{self, Found, SystemIdentity},
};
use caliper_proto::{Inventory, read_report};

use super::{
    CollectError, Collected, Progress, edition,
    folder::{Folder, Kind},
    installed, server, sign_ins,
    system::System,
    user_access::{self, UserAccess},
};
use crate::rows::Table;

/// Firmware tables larger than this are not read.
const LARGEST_TABLE: u64 = 1 << 20;
/// What is read of a registry is some kilobytes; somebody may have exported more.
const LARGEST_EXPORT: u64 = 64 << 20;
/// More warnings than this help nobody; the rest is counted.
const MOST_WARNINGS: usize = 500;

/// Computers named in a warning; the rest is counted.
const MOST_NAMES: usize = 20;

/// Everything read so far, but for the rows.
#[derive(Default)]
struct Gathered {
    user_access: UserAccess,
    /// The history of each identity database, with its path.
    histories: Vec<(PathBuf, Vec<SystemIdentity>)>,
    firmware: Option<Firmware>,
    registry: Export,
    /// Facts of report files, with their paths.
    reported: Vec<(PathBuf, Inventory)>,
    /// Events by the computer that logged them.
    computers: BTreeMap<String, u64>,
    warnings: Vec<String>,
    /// One sentence per artefact that could not be used at all.
    unusable: Vec<String>,
    used: usize,
}

pub fn collect(dir: &Path, mut rows: Table) -> Result<Collected, CollectError> {
    let folder = Folder::read(dir)?;
    let mut gathered = Gathered { warnings: folder.warnings, ..Gathered::default() };
    for (path, _) in folder.files.iter().filter(|(_, kind)| *kind == Kind::Database) {
        // names of roles are part of a row and stand in a database of their own; what is wrong with one is said when it is read whole
        let database = fs_err::File::open(path).ok();
        gathered.user_access.name(database.and_then(|file| ual::role_names(file).ok()).unwrap_or_default());
    }
    for (path, kind) in &folder.files {
        gathered.read(path, *kind, &mut rows)?;
        rows.check().map_err(CollectError::Scratch)?;
    }
    if gathered.used == 0 {
        let path = dir.to_owned();
        return Err(if gathered.unusable.is_empty() {
            CollectError::Nothing { path, files: folder.ignored + folder.files.len() }
        } else {
            CollectError::Unusable { path, problems: gathered.unusable.join("; ") }
        });
    }
    if folder.ignored > 0 {
        let ignored = folder.ignored;
        gathered.warnings.push(format!("files ignored because they are no evidence this program knows: {ignored}"));
    }
    let (server, warnings) = gathered.finish(dir)?;
    Ok(Collected {
        server,
        rows: rows.finish().map_err(CollectError::Scratch)?,
        warnings,
        progress: Progress::default(),
    })
}

impl Gathered {
    fn read(&mut self, path: &Path, kind: Kind, rows: &mut Table) -> Result<(), CollectError> {
        match kind {
            Kind::Database => self.database(path, rows),
            Kind::EventLog => self.event_log(path, rows),
            Kind::Smbios => self.firmware(path),
            Kind::Report => self.report(path, rows),
            Kind::RegistryExport => self.registry_export(path),
            Kind::Hive => {
                let advice = "not read; `reg export` writes what is";
                self.warnings.push(format!("{}: a registry hive, {advice}", path.display()));
                Ok(())
            }
        }
    }

    fn cannot_use(&mut self, path: &Path, problem: &dyn std::error::Error) {
        let source = problem.source().map(|source| format!(": {source}")).unwrap_or_default();
        let sentence = format!("{}: not used: {problem}{source}", path.display());
        self.unusable.push(sentence.clone());
        self.warnings.push(sentence);
    }

    fn database(&mut self, path: &Path, rows: &mut Table) -> Result<(), CollectError> {
        rows.begin();
        // whole pages are read at once, so a buffer in between would only copy
        let read = ual::read_each(open(path)?, |found| match found {
            Found::Client(client) => {
                let service = self.user_access.service(&client.role_guid);
                for access in client.accesses() {
                    rows.add(&user_access::access(access, service.clone()), &client.tenant);
                }
            }
            Found::Name(name) => self.user_access.name_client(name),
        });
        let file = match read {
            Ok(file) => file,
            Err(problem @ EseError::CutOff { .. }) => {
                return Err(CollectError::CutOff { path: path.to_owned(), problem });
            }
            Err(problem) => {
                rows.forget();
                self.cannot_use(path, &problem);
                return Ok(());
            }
        };
        rows.end();
        self.warnings.extend(file.warnings.iter().map(|warning| format!("{}: {warning}", path.display())));
        if !file.is_ual {
            self.warnings.push(format!("{}: a database, but not of User Access Logging; ignored", path.display()));
            return Ok(());
        }
        self.used += 1;
        self.user_access.add(&file);
        if !file.identities.is_empty() {
            self.histories.push((path.to_owned(), file.identities.clone()));
        }
        Ok(())
    }

    fn event_log(&mut self, path: &Path, rows: &mut Table) -> Result<(), CollectError> {
        rows.begin();
        let log = match event_log::read(open(path)?, sign_ins::adding(rows)) {
            Ok(log) => log,
            Err(problem) => {
                rows.forget();
                self.cannot_use(path, &problem);
                return Ok(());
            }
        };
        rows.end();
        self.used += 1;
        self.warnings.extend(log.warnings.iter().map(|warning| format!("{}: {warning}", path.display())));
        for (computer, count) in &log.computers {
            *self.computers.entry(computer.clone()).or_default() += count;
        }
        Ok(())
    }

    fn firmware(&mut self, path: &Path) -> Result<(), CollectError> {
        let bytes = read_at_most(path, LARGEST_TABLE)?;
        match smbios::read(&bytes) {
            Ok(firmware) if self.firmware.is_none() => {
                self.used += 1;
                self.firmware = Some(firmware);
            }
            Ok(_) => self.warnings.push(format!("{}: a second firmware table; only the first is used", path.display())),
            Err(problem) => self.cannot_use(path, &problem),
        }
        Ok(())
    }

    fn registry_export(&mut self, path: &Path) -> Result<(), CollectError> {
        let export = registry::read(&read_at_most(path, LARGEST_EXPORT)?);
        if let Some(line) = export.unreadable.first() {
            let number = export.unreadable.len();
            let path = path.display();
            self.warnings.push(format!("{path}: {number} lines are no registry export, the first of them line {line}"));
        }
        self.used += 1;
        self.registry.extend(export);
        Ok(())
    }

    fn report(&mut self, path: &Path, rows: &mut Table) -> Result<(), CollectError> {
        let read = read_report(open(path)?, |mut access| {
            if access.key.service.is_empty() {
                access.key.service = self.user_access.service(&access.key.role_guid);
            }
            rows.join(&access);
        });
        let (server, warnings) = read.map_err(|source| CollectError::Report { path: path.to_owned(), source })?;
        self.used += 1;
        self.warnings.extend(warnings);
        self.reported.push((path.to_owned(), server));
        Ok(())
    }

    fn finish(mut self, dir: &Path) -> Result<(Inventory, Vec<String>), CollectError> {
        let mut server = self.server(dir)?;
        let installed = installed::of_registry(&self.registry);
        if !installed.is_empty() {
            server.installed = installed;
        }
        self.check_computers(&server);
        if let Some(firmware) = &self.firmware {
            server::add_firmware(&mut server, firmware, &mut self.warnings);
        }
        self.user_access.describe(&mut server, &mut self.warnings);
        let more = self.warnings.len().saturating_sub(MOST_WARNINGS);
        if more > 0 {
            self.warnings.truncate(MOST_WARNINGS);
            self.warnings.push(format!("and {more} more warnings"));
        }
        Ok((server, self.warnings))
    }

    /// Who the server is: as UAL, a report or the logs say, and on edition and version as its registry says.
    fn server(&mut self, dir: &Path) -> Result<Inventory, CollectError> {
        let system = System::of_registry(&self.registry);
        self.check_one_server(dir, &system)?;
        if !system.is_told() {
            return self.by_evidence();
        }
        let told = system.describe(&mut self.warnings)?;
        let before = self.warnings.len();
        let mut server = if !told.name.is_empty() && self.histories.is_empty() && self.reported.is_empty() {
            Inventory { name: told.name, domain: told.domain, ..Inventory::default() }
        } else {
            self.by_evidence()?
        };
        if told.edition.is_some() && told.version.is_some() && self.reported.is_empty() {
            // what had to be inferred without a registry
            self.warnings.truncate(before);
        }
        server.edition = told.edition.or(server.edition);
        server.version = told.version.or(server.version);
        server.build = told.build.or(server.build);
        server.product_type = told.product_type.or(server.product_type);
        server.physical_host = told.physical_host.or(server.physical_host);
        server.evaluation |= told.evaluation;
        Ok(server)
    }

    /// UAL's newest identity, else a report's, else the computer that logged most events.
    fn by_evidence(&mut self) -> Result<Inventory, CollectError> {
        let newest = self.histories.iter().flat_map(|(_, history)| history).max_by_key(|identity| identity.created);
        if let Some(identity) = newest {
            if identity.product_type == Some(edition::WORKSTATION) {
                let why = "product type 1, a workstation".to_owned();
                return Err(CollectError::NotAServer { machine: identity.host_name.clone(), why });
            }
            return Ok(server::from_identity(identity, &mut self.warnings));
        }
        if let Some((_, server)) = self.reported.first() {
            if server.product_type == Some(edition::WORKSTATION) {
                let why = "product type 1, a workstation".to_owned();
                return Err(CollectError::NotAServer { machine: server.name.clone(), why });
            }
            return Ok(server.clone());
        }
        let mut server = Inventory::default();
        match self.computers.iter().max_by_key(|(_, count)| **count) {
            Some((computer, _)) => {
                let (name, domain) = computer.split_once('.').unwrap_or((computer, ""));
                name.clone_into(&mut server.name);
                domain.clone_into(&mut server.domain);
                self.warnings.push(format!(
                    "only event logs name the server ({computer}): edition, version and processors are unknown; \
                     add SystemIdentity.mdb"
                ));
            }
            None => self.warnings.push("no file says which server this is; add SystemIdentity.mdb".to_owned()),
        }
        Ok(server)
    }

    /// Says so if events were logged by other computers than the server: by its former names, or by other machines
    /// whose events were forwarded or copied here. They stay in the report; only a person can tell which it is.
    fn check_computers(&mut self, server: &Inventory) {
        let is_server =
            |computer: &str| computer.split('.').next().is_some_and(|name| name.eq_ignore_ascii_case(&server.name));
        if self.computers.keys().all(|computer| is_server(computer)) {
            return;
        }
        let mut computers: Vec<(&String, &u64)> = self.computers.iter().collect();
        computers.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let more = computers.len().saturating_sub(MOST_NAMES);
        computers.truncate(MOST_NAMES);
        let mut list: Vec<String> = computers.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if more > 0 {
            list.push(format!("and {more} more"));
        }
        let name = &server.name;
        let list = list.join(", ");
        self.warnings.push(format!("event logs: events of several computers, all reported as of {name}: {list}"));
    }

    /// Identity databases are of one server if their histories share an entry or end with the same name.
    fn check_one_server(&self, dir: &Path, registry: &System) -> Result<(), CollectError> {
        let mut servers: Vec<(String, Vec<i64>)> = Vec::new();
        for (_, history) in &self.histories {
            let Some(newest) = history.iter().max_by_key(|identity| identity.created) else { continue };
            let name = format!("{}.{}", newest.host_name, newest.domain).to_lowercase();
            let times: Vec<i64> = history.iter().map(|identity| identity.created).collect();
            match servers.iter_mut().find(|(known, past)| *known == name || past.iter().any(|at| times.contains(at))) {
                Some((_, past)) => past.extend(times),
                None => servers.push((name, times)),
            }
        }
        let mut names: Vec<String> = servers.into_iter().map(|(name, _)| name).collect();
        let reported = self.reported.iter().map(|(_, server)| (&server.name, &server.domain));
        let exported = Some((&registry.host_name, &registry.domain)).filter(|(name, _)| !name.is_empty());
        for (name, domain) in reported.chain(exported) {
            let name = format!("{name}.{domain}").to_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.len() > 1 {
            return Err(CollectError::SeveralServers { path: dir.to_owned(), servers: names.join(", ") });
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<fs_err::File, CollectError> {
    fs_err::File::open(path).map_err(CollectError::Unreadable)
}

fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, CollectError> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(most + 1).read_to_end(&mut bytes).map_err(CollectError::Unreadable)?;
    if read as u64 > most {
        let problem = format!("{} is larger than {most} bytes", path.display());
        return Err(CollectError::Unreadable(io::Error::other(problem)));
    }
    Ok(bytes)
}
