//! `caliper backup`.

use std::{
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
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
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes database, authority and configuration file, readable by the owner only; prints what was written.
pub fn run(context: &Context, args: &BackupArgs) -> Result<ExitCode, BackupError> {
    let folder = &args.folder;
    if folder.exists() {
        return Err(BackupError::Exists(folder.clone()));
    }
    if !context.data.join(FILE_NAME).exists() {
        return Err(BackupError::Nothing(context.data.clone()));
    }
    let store = context.store()?;
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
    if let Some(config) = context.config_in_use() {
        written.push(copy(&config, &folder.join("config.toml"))?);
    }
    for path in written {
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
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
