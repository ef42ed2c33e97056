//! The user's own catalogue file, which confirms, changes or adds rows of the program's catalogue.

use std::{
    borrow::Cow,
    io::{self, Read},
    path::{Path, PathBuf},
};

use caliper_licensing::catalogue::{self, Catalogue, CatalogueError};

/// Why a user's own catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnCatalogueError {
    /// It cannot be read; the source names it.
    #[error("the catalogue cannot be read: correct the file's name or its rights")]
    Read(#[source] io::Error),
    /// It is no text.
    #[error("`{}` is no text in UTF-8: name the right file, or save it as UTF-8", .0.display())]
    NoText(PathBuf),
    /// It is refused.
    #[error("`{}` cannot be used as a catalogue", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong in which row, and what to do.
        #[source]
        source: Box<CatalogueError>,
    },
}

/// The program's catalogue, with the rows of a file over it if there is one.
pub fn read(path: Option<&Path>) -> Result<Cow<'static, Catalogue>, OwnCatalogueError> {
    let Some(path) = path else { return Ok(Cow::Borrowed(catalogue::catalogue())) };
    let mut bytes = Vec::new();
    // one byte more than fits is enough to see that it is too large
    let most = catalogue::LARGEST as u64 + 1;
    let read = fs_err::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(OwnCatalogueError::Read)?;
    let refused = |source| OwnCatalogueError::Refused { path: path.to_owned(), source: Box::new(source) };
    // cut short, it is refused by its size whatever stands there
    let text = if bytes.len() > catalogue::LARGEST {
        String::from_utf8_lossy(&bytes)
    } else {
        Cow::Borrowed(std::str::from_utf8(&bytes).map_err(|_| OwnCatalogueError::NoText(path.to_owned()))?)
    };
    Catalogue::with(&text).map(Cow::Owned).map_err(refused)
}
