//! One consistent copy of the whole store, made while others read and write.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use super::{FILE_NAME, StoreError, connect};

impl super::Store {
    /// Copies the database into `folder` as one file of the same name, in a single snapshot.
    pub fn back_up(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(FILE_NAME);
        let open = |source| StoreError::Open { path: path.clone(), source };
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let source = connect(&self.folder.join(FILE_NAME), flags)?;
        let mut copy = rusqlite::Connection::open(&path).map_err(open)?;
        // all pages in one step: nobody's write can come between, so it ends after one pass
        let step = Backup::new(&source, &mut copy).and_then(|backup| backup.step(-1)).map_err(open)?;
        if step != StepResult::Done {
            return Err(StoreError::Damaged { what: "page during the backup".into() });
        }
        // one self-contained file: no write-ahead log beside it
        copy.pragma_update(None, "journal_mode", "DELETE").map_err(open)?;
        copy.close().map_err(|(_, source)| open(source))
    }
}
