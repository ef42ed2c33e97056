//! A report as messages of the wire, none of which the aggregator would refuse.

use std::{io, slice};

use caliper_proto::{Access, Instant, Inventory, NameRecord, Processor, RoleUse, SqlInstance, VirtualMachine, wire};
use prost::Message as _;
use wire::from_agent::Body;

use crate::collect::{Collected, MOST_NAMES};

/// Most access rows in a message: few enough that those on their way take little memory.
pub const MOST_ROWS: usize = 1_000;

/// Most bytes of a batch, for the same reason, and far below the 4 MiB that gRPC servers take unless told otherwise.
pub const MOST_BYTES: usize = 256 << 10;

/// Most bytes of the lists of an inventory, together with its warnings below the same 4 MiB: whoever chooses the names
/// of machines must not be able to make a message that is never taken.
const BYTES_OF_NAMES: usize = 2 << 20;
const BYTES_OF_MACHINES: usize = 1 << 20;
const BYTES_OF_OTHERS: usize = 64 << 10;
/// What protobuf adds to an entry with its times, at most.
const BYTES_AROUND: usize = 32;

/// Most warnings in an inventory.
const MOST_WARNINGS: usize = 500;
/// Most bytes of a text: the aggregator takes no longer one.
const LONGEST_TEXT: usize = 1024;

/// The inventory, then the accesses in batches, made one by one. Ends after an error of the disk.
pub fn messages(collected: &mut Collected, observed: Instant) -> io::Result<impl Iterator<Item = io::Result<Body>>> {
    let mut refused = 0;
    for row in collected.rows.read()? {
        refused += u64::from(!is_sendable(&row?));
    }
    let inventory = Body::Inventory(inventory(&collected.server, collected.warnings.clone(), refused, observed));
    let mut rows = collected.rows.read()?;
    let mut fitting = Vec::new().into_iter();
    let batches = std::iter::from_fn(move || {
        loop {
            if let Some(batch) = fitting.next() {
                return Some(Ok(Body::Accesses(batch)));
            }
            let next: Vec<Access> = match rows.by_ref().take(MOST_ROWS).collect() {
                Ok(next) => next,
                Err(error) => return Some(Err(error)),
            };
            if next.is_empty() {
                return None;
            }
            let mut batches = Vec::new();
            split(&next, &mut batches);
            fitting = batches.into_iter();
        }
    });
    Ok(std::iter::once(Ok(inventory)).chain(batches))
}

fn inventory(server: &Inventory, mut warnings: Vec<String>, refused: u64, observed: Instant) -> wire::Inventory {
    let mut server = server.clone();
    texts(&mut server).for_each(cut);
    let size = |name: &NameRecord| name.address.len() + name.host_name.len();
    if server.names.len() > keeping(&server.names, BYTES_OF_NAMES, size).min(MOST_NAMES) {
        server.names.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.address.cmp(&b.address)));
        shorten(&mut server.names, MOST_NAMES, BYTES_OF_NAMES, size, "older client names", &mut warnings);
    }
    let all = usize::MAX;
    let size = |vm: &VirtualMachine| vm.vm_guid.len() + vm.bios_guid.len() + vm.name.len();
    shorten(&mut server.virtual_machines, all, BYTES_OF_MACHINES, size, "virtual machines", &mut warnings);
    let size = |role: &RoleUse| role.role_guid.len() + role.name.len();
    shorten(&mut server.roles, all, BYTES_OF_OTHERS, size, "roles", &mut warnings);
    shorten(&mut server.addresses, all, BYTES_OF_OTHERS, String::len, "addresses", &mut warnings);
    let size = |processor: &Processor| processor.model.len();
    shorten(&mut server.processors, all, BYTES_OF_OTHERS, size, "processors", &mut warnings);
    let installed = &mut server.installed;
    shorten(&mut installed.features, all, BYTES_OF_OTHERS, String::len, "features", &mut warnings);
    shorten(&mut installed.licence_servers, all, BYTES_OF_OTHERS, String::len, "licence servers", &mut warnings);
    shorten(&mut installed.cluster_nodes, all, BYTES_OF_OTHERS, String::len, "nodes of the cluster", &mut warnings);
    let most = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let size = |one: &SqlInstance| one.name.len() + most(&one.edition) + most(&one.version) + most(&one.cluster);
    shorten(&mut installed.sql_instances, all, BYTES_OF_OTHERS, size, "instances of SQL Server", &mut warnings);
    if refused > 0 {
        warnings.push(format!("{refused} access rows with impossible values left out"));
    }
    if warnings.len() > MOST_WARNINGS {
        let more = warnings.len() - (MOST_WARNINGS - 1);
        warnings.truncate(MOST_WARNINGS - 1);
        warnings.push(format!("{more} more warnings"));
    }
    warnings.iter_mut().for_each(cut);
    wire::Inventory::from((&server, warnings.as_slice(), observed))
}

/// Every text of an inventory.
fn texts(server: &mut Inventory) -> impl Iterator<Item = &mut String> {
    let of_server = [&mut server.name, &mut server.domain].into_iter();
    let facts = [
        &mut server.edition,
        &mut server.version,
        &mut server.model,
        &mut server.manufacturer,
        &mut server.uuid,
        &mut server.physical_host,
    ];
    let installed = &mut server.installed;
    let facts_installed = [&mut installed.remote_desktop_licensing, &mut installed.cluster, &mut installed.cloud];
    let machines = server.virtual_machines.iter_mut().flat_map(|vm| [&mut vm.vm_guid, &mut vm.bios_guid, &mut vm.name]);
    of_server
        .chain(facts.into_iter().flatten())
        .chain(server.processors.iter_mut().map(|processor| &mut processor.model))
        .chain(&mut server.addresses)
        .chain(server.roles.iter_mut().flat_map(|role| [&mut role.role_guid, &mut role.name]))
        .chain(server.names.iter_mut().flat_map(|name| [&mut name.address, &mut name.host_name]))
        .chain(machines)
        .chain(facts_installed.into_iter().flatten())
        .chain(&mut installed.features)
        .chain(&mut installed.licence_servers)
        .chain(&mut installed.cluster_nodes)
        .chain(installed.sql_instances.iter_mut().flat_map(of_instance))
}

fn of_instance(instance: &mut SqlInstance) -> impl Iterator<Item = &mut String> {
    let facts = [&mut instance.edition, &mut instance.version, &mut instance.cluster];
    std::iter::once(&mut instance.name).chain(facts.into_iter().flatten())
}

fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
}

/// How many entries from the first on fit into so many bytes.
fn keeping<T>(list: &[T], bytes: usize, size: impl Fn(&T) -> usize) -> usize {
    let mut left = bytes;
    list.iter().map_while(|entry| left.checked_sub(size(entry) + BYTES_AROUND).inspect(|less| left = *less)).count()
}

/// Leaves out the last entries of a list that is too long, and says so.
fn shorten<T>(
    list: &mut Vec<T>,
    most: usize,
    bytes: usize,
    size: impl Fn(&T) -> usize,
    what: &str,
    warnings: &mut Vec<String>,
) {
    let kept = keeping(list, bytes, size).min(most);
    if kept < list.len() {
        warnings.push(format!("{} {what} left out", list.len() - kept));
        list.truncate(kept);
    }
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
