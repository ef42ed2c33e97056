//! A real aggregator in a folder of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    process::{Finished, Running, finish},
    programs,
};

/// Smallest configuration: ports chosen by the system, pages in clear text on the loopback address.
pub const PLAIN: &str = "[listen]\npages = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\n\n[pages]\ntls = false\n";

/// The data folder of an aggregator, with its configuration.
pub struct Aggregator {
    /// The data folder.
    pub data: PathBuf,
}

/// An aggregator that serves.
pub struct Serving {
    /// The process.
    pub process: Running,
    /// Where agents are served.
    pub grpc: SocketAddr,
    /// URL of the pages.
    pub pages: String,
}

impl Aggregator {
    /// Makes a data folder with this configuration.
    #[must_use]
    pub fn new(data: &Path, config: &str) -> Self {
        fs_err::create_dir_all(data).expect("a folder can be made");
        fs_err::write(data.join("config.toml"), config).expect("the configuration can be written");
        Self { data: data.to_owned() }
    }

    /// The program with the data folder and these arguments.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::caliper());
        command.arg("--data").arg(&self.data).args(arguments);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        finish(&mut self.command(arguments))
    }

    /// Serves, once it says that it is ready.
    #[must_use]
    pub fn serve(&self) -> Serving {
        let mut process = Running::start(&mut self.command(&["serve", "--json"]));
        let ready = process.expect("readiness", Duration::from_secs(30), |line| {
            serde_json::from_str::<serde_json::Value>(line).ok().filter(|line| line["ready"] == true)
        });
        Serving {
            grpc: ready["grpc"].as_str().and_then(|text| text.parse().ok()).expect("it says where agents are served"),
            pages: ready["url"].as_str().unwrap_or_default().to_owned(),
            process,
        }
    }

    /// Writes a token that leads to `address` into a new file, with these further arguments.
    pub fn token(&self, address: SocketAddr, file: &Path, more: &[&str]) {
        let address = address.to_string();
        let mut command = self.command(&["token", "create", "--address", &address, "--output"]);
        finish(command.arg(file).args(more)).succeeded();
    }

    /// Number of rows of a table of the store.
    #[must_use]
    pub fn count(&self, table: &str) -> i64 {
        self.read_store()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .expect("the store has the table")
    }

    /// The store, to look at.
    #[must_use]
    pub fn read_store(&self) -> rusqlite::Connection {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        rusqlite::Connection::open_with_flags(self.data.join("caliper.sqlite"), flags).expect("the store can be read")
    }
}
