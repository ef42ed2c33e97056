//! `caliper config check`.

use std::process::ExitCode;

use crate::{config::ConfigError, context::Context};

/// Looks at the configuration.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read the configuration and say whether it can be used
    Check,
}

/// Says which file counts and that it is fine; fails if it is not.
pub fn run(context: &Context, args: &ConfigArgs) -> Result<ExitCode, ConfigError> {
    let Action::Check = args.action;
    context.config()?;
    match context.config_in_use() {
        Some(path) => println!("{}: fine", path.display()),
        None => println!("no configuration file, the defaults are used: fine"),
    }
    Ok(ExitCode::SUCCESS)
}
