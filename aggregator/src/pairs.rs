//! The pairs file that `optimise` and `verify-certificate` take: who was seen on which device.
//!
//! Two layouts, told apart by content: CSV `user,device` (or with the header `user,device,level`), and a binary one for large graphs (see
//! [`binary`]). Knows nothing about prices or licences.

pub mod binary;
mod csv;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use caliper_licensing::optimise::Level;
use thiserror::Error;

/// Why a pairs file cannot be used.
#[derive(Debug, Error)]
pub enum PairsError {
    /// The file cannot be opened or read; the source names it.
    #[error("the pairs cannot be read")]
    Read(#[source] io::Error),
    /// A CSV line is not `user,device`.
    #[error("{}, line {line}: {found}; each line must be user,device", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// A binary file breaks its layout.
    #[error("{}, {place}: {found}; write the file again", path.display())]
    Binary {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: String,
        /// What stands there and what should.
        found: String,
    },
}

/// The names of one side, in the order of their numbers.
#[derive(Debug)]
pub enum Names {
    /// Names as written in the file, numbered by first appearance.
    Text(HashMap<String, u32>),
    /// The file has numbers only: each is its own name, below this.
    Numbers(u32),
}

impl Names {
    /// How many numbers are given.
    #[must_use]
    pub fn count(&self) -> u32 {
        match self {
            Self::Text(names) => names.len() as u32,
            Self::Numbers(count) => *count,
        }
    }

    /// The number of `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        match self {
            Self::Text(names) => names.get(name).copied(),
            Self::Numbers(count) => {
                name.parse().ok().filter(|number: &u32| number < count && number.to_string() == name)
            }
        }
    }

    /// The number of `name`, a new one if it has none; `None` if the file has numbers only and this is none of them.
    pub fn find_or_add(&mut self, name: &str) -> Option<u32> {
        let known = self.find(name);
        match self {
            Self::Text(names) if known.is_none() => {
                let next = names.len() as u32;
                names.insert(name.to_owned(), next);
                Some(next)
            }
            _ => known,
        }
    }

    /// A function that gives the name of a number.
    pub fn by_number<'names>(&'names self) -> impl Fn(u32) -> Cow<'names, str> {
        let mut listed = Vec::new();
        if let Self::Text(names) = self {
            listed.resize(names.len(), "");
            for (name, &number) in names {
                listed[number as usize] = name;
            }
        }
        move |number| match listed.get(number as usize) {
            Some(name) => Cow::Borrowed(*name),
            None => Cow::Owned(number.to_string()),
        }
    }
}

/// A pairs file in memory.
#[derive(Debug)]
pub struct Pairs {
    /// Names of the users.
    pub users: Names,
    /// Names of the devices.
    pub devices: Names,
    /// (user, device) by number, in the order of the file.
    pub pairs: Vec<(u32, u32)>,
    /// Beside each pair the level that it needs, from 1; empty where the file names none.
    pub levels: Vec<Level>,
}

impl Pairs {
    /// Each pair once, with the highest level that it needs.
    #[must_use]
    pub fn with_levels(&self) -> Vec<(u32, u32, Level)> {
        let mut all: Vec<_> =
            self.pairs.iter().zip(&self.levels).map(|(pair, &level)| (pair.0, pair.1, level)).collect();
        all.sort_unstable_by_key(|&(user, device, level)| (user, device, std::cmp::Reverse(level)));
        all.dedup_by_key(|pair| (pair.0, pair.1));
        all
    }
}

/// Reads a pairs file of either layout.
pub fn read(path: &Path) -> Result<Pairs, PairsError> {
    let file = fs_err::File::open(path).map_err(PairsError::Read)?;
    let length = file.metadata().map_err(PairsError::Read)?.len();
    let mut input = BufReader::with_capacity(1 << 18, file);
    if binary::is_binary(input.fill_buf().map_err(PairsError::Read)?) {
        binary::read(path, length, &mut input)
    } else {
        csv::read(path, input)
    }
}
