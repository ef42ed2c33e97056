//! Why a catalogue is refused.

/// A refusal. It names the file of the program, or says `the file` for the user's own, whose name the caller knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CatalogueError {
    /// No TOML.
    #[error("{file}, line {line}: {problem}")]
    Text {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// In the words of the reader of TOML.
        problem: String,
    },
    /// Another format.
    #[error("{file} is of another format: begin it with format = \"caliper.catalogue/1\"")]
    Format {
        /// The file.
        file: String,
    },
    /// A list that catalogues do not have.
    #[error("{file}: there is no list `{kind}` in a catalogue: correct the name")]
    Kind {
        /// The file.
        file: String,
        /// Its name.
        kind: String,
    },
    /// A list written as something else.
    #[error("{file}: `{kind}` is no list of rows: write each row under [[{kind}]]")]
    NoList {
        /// The file.
        file: String,
        /// Its name.
        kind: &'static str,
    },
    /// A row that cannot be.
    #[error("{file}, {kind} `{key}`: {problem}")]
    Row {
        /// The file.
        file: String,
        /// Name of its list.
        kind: &'static str,
        /// What tells it from others of its kind.
        key: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A file that is none.
    #[error("the file is larger than 4 MiB, which no catalogue is: name the right file")]
    TooLarge,
}

impl CatalogueError {
    pub(super) fn row(file: &str, kind: &'static str, key: &str, problem: impl Into<String>) -> Self {
        Self::Row { file: file.to_owned(), kind, key: key.to_owned(), problem: problem.into() }
    }
}
