//! A report as messages of the wire, none of which the aggregator would refuse.

use std::slice;

use caliper_proto::{Access, Instant, Inventory, Report, wire};
use prost::Message as _;
use wire::from_agent::Body;

/// Most access rows in a message.
pub const MOST_ROWS: usize = 5_000;

/// Most bytes of a batch, far below the 4 MiB that gRPC servers take unless told otherwise.
pub const MOST_BYTES: usize = 2 << 20;

/// Most client names in an inventory, to stay below the same limit; the latest are kept.
const MOST_NAMES: usize = 20_000;

/// Most warnings in an inventory, and most bytes of each (the aggregator takes no longer text).
const MOST_WARNINGS: usize = 500;
const LONGEST_WARNING: usize = 1024;

/// The inventory, then the accesses in batches, made one by one.
pub fn messages(report: &Report, observed: Instant) -> impl Iterator<Item = Body> {
    let inventory = Body::Inventory(inventory(report, observed));
    let batches = report.accesses.chunks(MOST_ROWS).flat_map(|rows| {
        let mut fitting = Vec::new();
        split(rows, &mut fitting);
        fitting
    });
    std::iter::once(inventory).chain(batches.map(Body::Accesses))
}

fn inventory(report: &Report, observed: Instant) -> wire::Inventory {
    let mut server: Inventory = report.server.clone();
    let mut warnings = report.warnings.clone();
    if server.names.len() > MOST_NAMES {
        server.names.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.address.cmp(&b.address)));
        warnings.push(format!("{} older client names left out", server.names.len() - MOST_NAMES));
        server.names.truncate(MOST_NAMES);
    }
    let refused = report.accesses.iter().filter(|row| !is_sendable(row)).count();
    if refused > 0 {
        warnings.push(format!("{refused} access rows with impossible values left out"));
    }
    if warnings.len() > MOST_WARNINGS {
        let more = warnings.len() - (MOST_WARNINGS - 1);
        warnings.truncate(MOST_WARNINGS - 1);
        warnings.push(format!("{more} more warnings"));
    }
    for warning in &mut warnings {
        warning.truncate(warning.floor_char_boundary(LONGEST_WARNING));
    }
    wire::Inventory::from((&server, warnings.as_slice(), observed))
}

/// Halves the rows until each part fits; rows that the aggregator would refuse are left out.
fn split(rows: &[Access], fitting: &mut Vec<wire::AccessBatch>) {
    let batch = wire::AccessBatch::from(rows);
    if batch.encoded_len() > MOST_BYTES && rows.len() > 1 {
        let (left, right) = rows.split_at(rows.len() / 2);
        split(left, fitting);
        split(right, fitting);
    } else if rows.iter().all(is_sendable) {
        fitting.push(batch);
    } else {
        let good: Vec<Access> = rows.iter().filter(|row| is_sendable(row)).cloned().collect();
        if !good.is_empty() {
            fitting.push(wire::AccessBatch::from(good.as_slice()));
        }
    }
}

/// Whether the checked conversion at the other end will take the row. The cheap question comes first.
fn is_sendable(row: &Access) -> bool {
    const SURELY: usize = 256;
    let key = &row.key;
    let short = [&key.service, &key.role_guid, &key.principal, &key.client].iter().all(|text| text.len() <= SURELY);
    let plain = short && key.year >= 1 && row.first <= row.last && i64::try_from(row.total).is_ok();
    plain || Vec::<Access>::try_from(wire::AccessBatch::from(slice::from_ref(row))).is_ok()
}
