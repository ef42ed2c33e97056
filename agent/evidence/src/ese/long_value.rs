//! Values too long for their record: chunks in a tree of their own, under the id that the record holds.

use std::io::{Read, Seek};

use super::{EseError, Table, bytes::u32_at, compression::decompress, error::Warnings, page::Page, pages::Pages};

/// Longer values are not read; nothing that Caliper looks for comes near it.
const LONGEST: usize = 16 << 20;
const DEEPEST: usize = 32;

/// The value that a record refers to by `id` (4 or 8 bytes).
pub fn read<R: Read + Seek>(
    pages: &mut Pages<R>,
    warnings: &mut Warnings,
    table: &Table,
    id: &[u8],
) -> Result<Vec<u8>, EseError> {
    let wrong = |offset, expected: String, found: String| EseError::damaged(offset, "long value", expected, found);
    let Some(tree) = &table.long_values else {
        return Err(wrong(0, "a tree of long values".into(), "none in the catalogue".into()));
    };
    if id.len() != 4 && id.len() != 8 {
        return Err(wrong(pages.offset(tree.root), "an id of 4 or 8 bytes".into(), format!("{}", id.len())));
    }
    // ids are little-endian in records and big-endian in keys
    let target: Vec<u8> = id.iter().rev().copied().collect();
    let mut number = leaf(pages, tree.root, tree.object, &target)?;

    let mut size = None;
    let mut chunks: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut held = 0;
    let mut steps = pages.count();
    'leaves: while number != 0 && steps > 0 {
        steps -= 1;
        let page = pages.get(number)?;
        number = page.next;
        for at in page.nodes() {
            let node = match page.node(at) {
                Ok(Some(node)) => node,
                Ok(None) => continue,
                Err(error) => {
                    warnings.push(error);
                    continue;
                }
            };
            let key = node.key();
            match key.strip_prefix(target.as_slice()) {
                None if key > target => break 'leaves,
                None => {}
                Some([]) => size = u32_at(node.data, 4).map(|size| size as usize),
                Some(rest) => {
                    let place = page.offset_of(node.data);
                    let Some(offset) = rest.try_into().ok().map(u32::from_be_bytes) else {
                        return Err(wrong(place, "a chunk key with 4 bytes of offset".into(), format!("{rest:?}")));
                    };
                    held += node.data.len();
                    if held > LONGEST {
                        return Err(wrong(place, format!("at most {LONGEST} bytes"), "more".into()));
                    }
                    chunks.push((offset as usize, node.data.to_vec()));
                }
            }
        }
    }
    let place = pages.offset(tree.root);
    let Some(size) = size else {
        return Err(wrong(place, format!("an entry for id {target:02x?}"), "none".into()));
    };
    if size > LONGEST {
        return Err(wrong(place, format!("at most {LONGEST} bytes"), format!("{size}")));
    }
    join(size, &chunks).map_err(|found| wrong(place, format!("{size} bytes in a row"), found))
}

/// A chunk shorter than its share of the value is compressed.
fn join(size: usize, chunks: &[(usize, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let mut value = Vec::new();
    for (at, (offset, bytes)) in chunks.iter().enumerate() {
        if *offset != value.len() {
            return Err(format!("a chunk at {offset} after {}", value.len()));
        }
        let end = chunks.get(at + 1).map_or(size, |(next, _)| *next);
        if end.checked_sub(*offset) == Some(bytes.len()) {
            value.extend_from_slice(bytes);
        } else {
            value.extend(decompress(bytes).map_err(|problem| format!("{}: {}", problem.what, problem.found))?);
        }
        if value.len() > size {
            return Err(format!("at least {}", value.len()));
        }
    }
    if value.len() == size { Ok(value) } else { Err(format!("{}", value.len())) }
}

/// The leaf in which `target` stands or would stand.
fn leaf<R: Read + Seek>(pages: &mut Pages<R>, root: u32, object: u32, target: &[u8]) -> Result<u32, EseError> {
    let mut number = root;
    for _ in 0..DEEPEST {
        let page = pages.get(number)?;
        if page.object != object {
            return Err(EseError::damaged(page.offset + 24, "owner of the page", object, page.object));
        }
        if page.is_leaf() {
            return Ok(number);
        }
        number = child(&page, target)?;
    }
    Err(EseError::damaged(pages.offset(root), "depth of the tree", format!("at most {DEEPEST}"), "more"))
}

/// A branch node's key is greater than every key below it; the last node has none.
fn child(page: &Page, target: &[u8]) -> Result<u32, EseError> {
    for at in page.nodes() {
        if let Some(node) = page.node(at)?
            && (node.key().as_slice() > target || at + 1 == page.nodes().end)
            && let Some(child) = node.child()
        {
            return Ok(child);
        }
    }
    Err(EseError::damaged(page.offset, "branch page", "a node for every key", "none"))
}
