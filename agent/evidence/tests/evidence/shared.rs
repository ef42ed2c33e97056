//! Where the real artefacts lie, if they are here.

use std::path::PathBuf;

/// The folder of artefacts beside the checkout; says so once per test if it is absent.
pub fn data() -> Option<PathBuf> {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no real artefacts at ../shared/data beside the checkout");
    None
}
