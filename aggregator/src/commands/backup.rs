//! `caliper backup`.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
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
    let make = fs_err::create_dir(folder);
    make.and_then(|()| fs_err::set_permissions(folder, Permissions::from_mode(0o700))).map_err(BackupError::Write)
}

/// Copies with the permissions of the original.
fn copy(from: &Path, to: &Path) -> Result<PathBuf, BackupError> {
    fs_err::copy(from, to).map_err(BackupError::Write)?;
    Ok(to.to_owned())
}
