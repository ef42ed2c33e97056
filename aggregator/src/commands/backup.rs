//! `caliper backup`.

use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use crate::{
    authority,
    context::Context,
    store::{FILE_NAME, StoreError},
};

/// Copies everything into one folder.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// New folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("`{}` exists already: name a new folder, a backup never overwrites anything", .0.display())]
    Exists(PathBuf),
    /// There is nothing to back up.
    #[error("`{}` holds no database: name the data folder with --data", .0.display())]
    Nothing(PathBuf),
    /// The folder cannot be written.
    #[error("the backup cannot be written: name a folder that this account may make and write to")]
    Write(#[source] std::io::Error),
    /// Nobody can tell which catalogue belongs to it.
    #[error(
        "the configuration cannot be read, so there is no backup of what it names: correct it or name another with --config"
    )]
    Config(#[source] std::io::Error),
    /// The catalogue that the configuration names is not there.
    #[error(
        "`estate.catalogue` of the configuration cannot be read, and without it a backup would give other numbers: correct it"
    )]
    Catalogue(#[source] std::io::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes database, authority, configuration file and the catalogue that it names, readable by the owner only; prints what was
/// written.
pub fn run(context: &Context, args: &BackupArgs) -> Result<ExitCode, BackupError> {
    let folder = &args.folder;
    if folder.exists() {
        return Err(BackupError::Exists(folder.clone()));
    }
    if !context.data.join(FILE_NAME).exists() {
        return Err(BackupError::Nothing(context.data.clone()));
    }
    let store = context.store()?;
    let config = context.config_in_use();
    // found and read before anything is written: a backup that lacks it would restore to other numbers
    let catalogue = match &config {
        Some(config) => catalogue_of(config)?,
        None => None,
    };
    make(folder)?;
    store.back_up(folder)?;
    let owner = Permissions::from_mode(0o600);
    fs_err::set_permissions(folder.join(FILE_NAME), owner).map_err(BackupError::Write)?;
    let mut written = vec![folder.join(FILE_NAME)];
    for name in [authority::CERTIFICATE_FILE, authority::KEY_FILE] {
        let (from, to) = (context.data.join(authority::FOLDER).join(name), folder.join(authority::FOLDER).join(name));
        if from.exists() {
            if written.len() == 1 {
                make(&folder.join(authority::FOLDER))?;
            }
            written.push(copy(&from, &to)?);
        }
    }
    if let Some(config) = config {
        written.push(copy(&config, &folder.join("config.toml"))?);
    }
    if let Some(Catalogue { name, text }) = catalogue {
        let taken = written.contains(&folder.join(&name));
        let to = folder.join(if taken { PathBuf::from("catalogue.toml") } else { name });
        write(folder, &to, &text)?;
        written.push(to);
    }
    for path in written {
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// A user's own catalogue file.
struct Catalogue {
    /// Where it goes in the backup: where the configuration looks for it once both are restored, or beside it if that is
    /// outside the configuration's folder.
    name: PathBuf,
    text: Vec<u8>,
}

/// The catalogue that a configuration names, whatever else is wrong with the one or the other.
fn catalogue_of(config: &Path) -> Result<Option<Catalogue>, BackupError> {
    let text = fs_err::read_to_string(config).map_err(BackupError::Config)?;
    let no_toml = |error: toml::de::Error| io::Error::other(format!("{}: {}", config.display(), error.message()));
    let settings: toml::Table = text.parse().map_err(no_toml).map_err(BackupError::Config)?;
    let named = settings.get("estate").and_then(|estate| estate.get("catalogue")).and_then(toml::Value::as_str);
    let Some(named) = named.map(Path::new) else { return Ok(None) };
    let text = fs_err::read(config.parent().unwrap_or(Path::new("")).join(named)).map_err(BackupError::Catalogue)?;
    let inside = named.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let alone = named.file_name().map_or_else(|| PathBuf::from("catalogue.toml"), PathBuf::from);
    Ok(Some(Catalogue { name: if inside { named.to_owned() } else { alone }, text }))
}

/// A new file for the owner only, with the folders on the way.
fn write(folder: &Path, to: &Path, text: &[u8]) -> Result<(), BackupError> {
    if let Some(parent) = to.parent().filter(|parent| *parent != folder && !parent.exists()) {
        DirBuilder::new().mode(0o700).recursive(true).create(parent).map_err(BackupError::Write)?;
    }
    fs_err::write(to, text).map_err(BackupError::Write)?;
    fs_err::set_permissions(to, Permissions::from_mode(0o600)).map_err(BackupError::Write)
}

fn make(folder: &Path) -> Result<(), BackupError> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    DirBuilder::new().mode(0o700).create(folder).map_err(named).map_err(BackupError::Write)
}

/// Copies with the permissions of the original.
fn copy(from: &Path, to: &Path) -> Result<PathBuf, BackupError> {
    fs_err::copy(from, to).map_err(BackupError::Write)?;
    Ok(to.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use caliper_proto::{Instant, Inventory};

    use super::*;
    use crate::{
        authority::Authority,
        context::Clock,
        store::{
            Store,
            server::{self, Origin},
        },
    };

    fn context(data: &Path) -> Context {
        Context { data: data.to_owned(), config_file: None, clock: Clock::new(Instant::default) }
    }

    fn servers(store: &Store) -> Vec<server::Server> {
        store.read(server::list).unwrap()
    }

    #[test]
    fn a_folder_restored_from_a_backup_is_the_one_that_was_backed_up() {
        let folder = tempfile::tempdir().unwrap();
        let (data, copy, restored) =
            (folder.path().join("data"), folder.path().join("copy"), folder.path().join("restored"));
        let store = Store::open(&data).unwrap();
        let authority = Authority::open(&data, Instant::default()).unwrap();
        let add = |name: &str| {
            store
                .write::<_, StoreError>(|tx| {
                    let number = server::find_or_insert(tx, Origin::Import(name), name, Instant::default())?;
                    let inventory = Inventory { name: name.into(), ..Inventory::default() };
                    server::observe(tx, number, &inventory, &[], Instant::default())
                })
                .unwrap();
        };
        add("before");
        let then = servers(&store);
        // the store stays open and in use, as while serving
        run(&context(&data), &BackupArgs { folder: copy.clone() }).unwrap();
        add("after");
        assert_eq!(copy.join(FILE_NAME).metadata().unwrap().mode() & 0o777, 0o600);

        // what the README says: copy it back
        fs_err::create_dir_all(restored.join(authority::FOLDER)).unwrap();
        for name in [FILE_NAME, "authority/authority.pem", "authority/authority.key"] {
            fs_err::copy(copy.join(name), restored.join(name)).unwrap();
        }
        let again = Store::open(&restored).unwrap();
        again.check().unwrap();
        assert_eq!(servers(&again), then);
        let same = Authority::open(&restored, Instant::default()).unwrap();
        assert_eq!(same.certificate_der(), authority.certificate_der(), "agents trust the restored aggregator");
    }

    /// With the configuration in the data folder: what `estate.catalogue` says, and where the copy is.
    #[test]
    fn the_catalogue_that_the_configuration_names_is_part_of_the_backup() {
        const OWN: &str = "[[equivalence]]\nid = \"ems-e3\"\nverified = true\n";
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere.toml");
        let table = [
            ("own.toml", "own.toml"),
            ("rules/own.toml", "rules/own.toml"),
            (elsewhere.to_str().unwrap(), "elsewhere.toml"),
            ("../elsewhere.toml", "elsewhere.toml"),
            // the configuration's own name is taken
            ("../config.toml", "catalogue.toml"),
        ];
        for (at, (named, copied)) in table.into_iter().enumerate() {
            let (data, copy) = (folder.path().join(format!("data{at}")), folder.path().join(format!("copy{at}")));
            drop(Store::open(&data).unwrap());
            fs_err::create_dir_all(data.join(named).parent().unwrap()).unwrap();
            fs_err::write(data.join(named), OWN).unwrap();
            fs_err::write(data.join("config.toml"), format!("[estate]\ncatalogue = \"{named}\"\n")).unwrap();
            run(&context(&data), &BackupArgs { folder: copy.clone() }).unwrap();
            assert_eq!(fs_err::read_to_string(copy.join(copied)).unwrap(), OWN, "{named}");
            assert_eq!(copy.join(copied).metadata().unwrap().mode() & 0o777, 0o600, "{named}");
            // restored as the README says, the aggregator reads it again
            if named == copied {
                let restored = crate::config::Config::read(&copy.join("config.toml")).unwrap();
                let own = crate::own_catalogue::read(restored.estate.catalogue.as_deref()).unwrap();
                assert!(own.equivalence("ems-e3").unwrap().verified);
            }
        }
        // without it there is no backup that pretends to be one
        let (data, copy) = (folder.path().join("data0"), folder.path().join("again"));
        fs_err::remove_file(data.join("own.toml")).unwrap();
        let refused = run(&context(&data), &BackupArgs { folder: copy.clone() });
        assert!(matches!(refused, Err(BackupError::Catalogue(_))));
        assert!(!copy.exists());
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_is_backed_up_as_something() {
        let folder = tempfile::tempdir().unwrap();
        let taken = BackupArgs { folder: folder.path().to_owned() };
        assert!(matches!(run(&context(folder.path()), &taken), Err(BackupError::Exists(_))));
        let new = BackupArgs { folder: folder.path().join("new") };
        assert!(matches!(run(&context(folder.path()), &new), Err(BackupError::Nothing(_))));
        assert!(!new.folder.exists());
    }
}
