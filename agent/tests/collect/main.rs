//! Collecting a folder: real UAL sets row by row, and folders made for each thing that can go wrong.

mod folders;
mod kit;
mod real_sets;

use std::path::Path;

use caliper_agent::{collect, rows::Table};
use caliper_proto::Report;

/// Collects a folder into one report.
fn collect_from(dir: &Path) -> Result<Report, collect::CollectError> {
    let mut collected = collect::collect_from(dir, Table::default())?;
    let accesses = collected.rows.read().unwrap().map(Result::unwrap).collect();
    Ok(Report { server: collected.server, accesses, warnings: collected.warnings })
}
