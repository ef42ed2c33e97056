//! A real agent with a folder of its own, which reports the artefacts of a made-up server.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process::{Finished, finish},
    programs,
};

/// The folder of an agent.
pub struct Agent {
    config: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
}

impl Agent {
    /// Makes a folder for an agent that reports `artefacts`.
    #[must_use]
    pub fn new(folder: &Path, artefacts: &Path) -> Self {
        let config = folder.join("agent.toml");
        fs_err::create_dir_all(folder).expect("a folder can be made");
        let text = format!(
            "state = '{}'\n[collect]\nfrom = '{}'\nevery = '1h'\n",
            folder.join("state").display(),
            artefacts.display()
        );
        fs_err::write(&config, text).expect("the configuration can be written");
        Self { config, folder: folder.to_owned() }
    }

    /// The program with the configuration and these arguments.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::caliper_agent());
        command.arg("--config").arg(&self.config).args(arguments);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        finish(&mut self.command(arguments))
    }

    /// Enrols with a token file, which is deleted.
    pub fn enroll(&self, token: &Path) -> Finished {
        finish(self.command(&["enroll", "--token-file"]).arg(token))
    }
}
