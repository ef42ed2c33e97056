//! `caliper import`.

use std::{path::PathBuf, process::ExitCode};

use crate::{
    context::Context,
    ingest::import::{ImportError, Imported, import},
};

/// Takes in report files.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Files that `caliper-agent collect --output` wrote
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Imports file by file, each whole or not at all; stops at the first that cannot be imported.
pub fn run(context: &Context, args: &ImportArgs) -> Result<ExitCode, ImportError> {
    let store = context.store()?;
    for path in &args.files {
        let imported = import(&store, path, context.clock.now())?;
        if args.json {
            println!("{}", serde_json::json!(imported));
            continue;
        }
        let Imported { name, accesses, facts, .. } = imported;
        println!("{}: {accesses} accesses of {name}", path.display());
        if !facts {
            eprintln!("warning: {name}: later facts are stored already, those of {} were left out", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
