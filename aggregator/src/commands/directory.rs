//! `caliper directory sync [NAME]` and `caliper directory test [NAME]`.

use std::process::ExitCode;

use serde_json::json;

use crate::{
    config::{Config, ConfigError},
    context::Context,
    directory::{self, AccountKind, DirectoryError, DirectorySettings, Reading},
    store::StoreError,
};

/// Read people and computers from the directories
#[derive(Debug, clap::Args)]
pub struct DirectoryArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read what has changed in the directories, or everything, and store it; after an error everything stored stays as it was
    Sync {
        #[command(flatten)]
        selection: Selection,
        /// Read everything, not only what has changed since the last time
        #[arg(long)]
        all: bool,
    },
    /// Read the directories without storing anything
    Test(Selection),
}

#[derive(Debug, clap::Args)]
struct Selection {
    /// Name of the directory in the configuration [default: all]
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryCommandError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such section.
    #[error("the configuration has no directory `{0}`: add a [[directory]] section or correct the name")]
    Unknown(String),
    /// No section at all.
    #[error(
        "the configuration has no directory: add a [[directory]] section with name, url, bind and password_file, or name and file"
    )]
    None,
    /// Reading or storing some directories; the others were read.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Directories(Vec<DirectoryError>),
    /// The machinery for network connections does not start.
    #[error("network connections cannot be started: free memory or file handles and try again")]
    Runtime(#[source] std::io::Error),
}

/// Runs the command. The directories are read one after the other, whatever becomes of the others.
pub fn run(context: &Context, args: &DirectoryArgs) -> Result<ExitCode, DirectoryCommandError> {
    let config = context.config()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DirectoryCommandError::Runtime)?;
    let now = context.clock.now();
    let mut problems = Vec::new();
    match &args.action {
        Action::Sync { selection, all } => {
            let store = context.store()?;
            let reading = if *all { Reading::Whole } else { Reading::Changes };
            for settings in chosen(&config, selection)? {
                let outcome = match runtime.block_on(directory::synchronise(&store, settings, reading, now)) {
                    Ok(outcome) => outcome,
                    Err(problem) => {
                        problems.push(problem);
                        continue;
                    }
                };
                if selection.json {
                    let line = json!({
                        "directory": settings.name, "users": outcome.users, "services": outcome.services,
                        "computers": outcome.computers, "added": outcome.added, "changed": outcome.changed,
                        "gone": outcome.gone, "returned": outcome.returned,
                        "unresolved": outcome.unresolved, "whole": outcome.whole,
                    });
                    println!("{line}");
                } else {
                    println!(
                        "{}: {} people, {} service accounts, {} computers; {} new, {} changed, {} gone, {} back{}",
                        settings.name,
                        outcome.users,
                        outcome.services,
                        outcome.computers,
                        outcome.added,
                        outcome.changed,
                        outcome.gone,
                        outcome.returned,
                        if outcome.whole { "" } else { " (only changes were asked for)" }
                    );
                    if outcome.unresolved > 0 {
                        println!(
                            "{}: {} members of its groups are in no directory that is read",
                            settings.name, outcome.unresolved
                        );
                    }
                }
            }
        }
        Action::Test(selection) => {
            for settings in chosen(&config, selection)? {
                let snapshot = match runtime.block_on(directory::read(settings, now)) {
                    Ok(snapshot) => snapshot,
                    Err(problem) => {
                        problems.push(problem);
                        continue;
                    }
                };
                let count = |kind| snapshot.accounts.iter().filter(|account| account.kind == kind).count();
                let (users, services, computers) =
                    (count(AccountKind::User), count(AccountKind::Service), count(AccountKind::Computer));
                if selection.json {
                    let line = json!({
                        "directory": settings.name, "kind": snapshot.kind.as_str(), "base": snapshot.base,
                        "netbios": snapshot.netbios, "dns": snapshot.dns, "users": users, "services": services,
                        "computers": computers,
                    });
                    println!("{line}");
                } else {
                    println!(
                        "{}: {} below {}: {users} people, {services} service accounts, {computers} computers; nothing stored",
                        settings.name,
                        snapshot.kind.as_str(),
                        snapshot.base
                    );
                }
            }
        }
    }
    if problems.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(DirectoryCommandError::Directories(problems)) }
}

fn chosen<'a>(config: &'a Config, selection: &Selection) -> Result<Vec<&'a DirectorySettings>, DirectoryCommandError> {
    let all = &config.directory;
    let chosen: Vec<_> =
        all.iter().filter(|settings| selection.name.as_ref().is_none_or(|name| *name == settings.name)).collect();
    match &selection.name {
        Some(name) if chosen.is_empty() => Err(DirectoryCommandError::Unknown(name.clone())),
        None if chosen.is_empty() => Err(DirectoryCommandError::None),
        _ => Ok(chosen),
    }
}
