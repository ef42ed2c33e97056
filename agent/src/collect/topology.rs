//! Processors and cores out of what Windows answers to `GetLogicalProcessorInformationEx`.
//!
//! The answer is a chain of structures: kind u32, size u32, then what the kind says; little-endian, of 64-bit Windows. A core
//! and a processor (package) name their logical processors by masks of 64 bits in numbered groups.

use std::collections::BTreeMap;

use caliper_proto::Processor;

const CORE: u32 = 0;
const PACKAGE: u32 = 3;
/// Flags, efficiency class and reserved bytes come before the number of masks.
const GROUPS: usize = 8 + 22;
const MASKS: usize = GROUPS + 2;
const MASK: usize = 16;

/// Logical processors by group.
type Masks = BTreeMap<u16, u64>;

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("byte {offset}: {what}: expected {expected}, found {found}")]
pub struct TopologyError {
    offset: usize,
    what: &'static str,
    expected: String,
    found: usize,
}

/// Every processor with its cores and logical processors that are at work; their models stay empty.
pub fn read(bytes: &[u8]) -> Result<Vec<Processor>, TopologyError> {
    let (mut cores, mut packages) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let wrong = |what, expected: String, found| TopologyError { offset: at, what, expected, found };
        let (Some(kind), Some(size)) = (number(rest, 0, 4), number(rest, 4, 4)) else {
            return Err(wrong("head of a structure", "8 bytes".into(), rest.len()));
        };
        if size < 8 || size > rest.len() as u64 {
            return Err(wrong("size of a structure", format!("8 to {}", rest.len()), size as usize));
        }
        let structure = &rest[..size as usize];
        let list = match kind as u32 {
            CORE => Some(&mut cores),
            PACKAGE => Some(&mut packages),
            _ => None,
        };
        if let Some(list) = list {
            let masks = masks(structure);
            list.push(
                masks.ok_or_else(|| wrong("structure", "as many masks as it announces".into(), structure.len()))?,
            );
        }
        at += structure.len();
    }
    if packages.is_empty() || cores.is_empty() {
        let (offset, what, expected) = (bytes.len(), "processors and cores", "at least one of each".into());
        return Err(TopologyError { offset, what, expected, found: packages.len().min(cores.len()) });
    }
    Ok(packages.iter().map(|package| processor(package, &cores)).collect())
}

fn processor(package: &Masks, cores: &[Masks]) -> Processor {
    let is_part =
        |core: &&Masks| core.iter().any(|(group, mask)| package.get(group).is_some_and(|whole| whole & mask != 0));
    let own: Vec<&Masks> = cores.iter().filter(is_part).collect();
    let logical = own.iter().flat_map(|core| core.values()).map(|mask| mask.count_ones()).sum();
    Processor { cores: own.len() as u32, enabled_cores: None, logical_processors: Some(logical), model: String::new() }
}

fn masks(structure: &[u8]) -> Option<Masks> {
    let groups = number(structure, GROUPS, 2)? as usize;
    (0..groups)
        .map(|group| {
            let at = MASKS + group * MASK;
            Some((number(structure, at + 8, 2)? as u16, number(structure, at, 8)?))
        })
        .collect()
}

/// The unsigned number of `length` bytes at `at`.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
pub(super) mod made {
    //! Answers as Windows would write them, for tests.

    /// A core or processor with masks in groups.
    fn structure(kind: u32, masks: &[(u16, u64)]) -> Vec<u8> {
        let size = (super::MASKS + masks.len() * super::MASK) as u32;
        let mut bytes = [kind.to_le_bytes(), size.to_le_bytes()].concat();
        bytes.extend([0; 22]);
        bytes.extend((masks.len() as u16).to_le_bytes());
        for (group, mask) in masks {
            bytes.extend(mask.to_le_bytes());
            bytes.extend(group.to_le_bytes());
            bytes.extend([0; 6]);
        }
        bytes
    }

    /// Processors side by side in one group, each with so many cores of so many threads.
    pub fn answer(processors: u32, cores: u32, threads: u32) -> Vec<u8> {
        let run = |from: u32, length: u32| (((1_u128 << length) - 1) as u64) << from;
        let mut bytes = vec![];
        for processor in 0..processors {
            let start = processor * cores * threads;
            bytes.extend(structure(super::PACKAGE, &[(0, run(start, cores * threads))]));
            for core in 0..cores {
                bytes.extend(structure(super::CORE, &[(0, run(start + core * threads, threads))]));
            }
        }
        // a structure of another kind stands between them in real answers
        bytes.extend([1_u32.to_le_bytes(), 12_u32.to_le_bytes(), [7; 4]].concat());
        bytes
    }

    /// One processor of 80 threads on 80 cores, which fills a group and a quarter.
    pub fn large() -> Vec<u8> {
        let mut bytes = structure(super::PACKAGE, &[(0, u64::MAX), (1, 0xFFFF)]);
        for core in 0..80_u16 {
            bytes.extend(structure(super::CORE, &[(core / 64, 1 << (core % 64))]));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(bytes: &[u8]) -> Vec<(u32, Option<u32>)> {
        read(bytes).unwrap().iter().map(|processor| (processor.cores, processor.logical_processors)).collect()
    }

    #[test]
    fn processors_cores_and_threads_are_counted() {
        assert_eq!(counts(&made::answer(1, 2, 1)), [(2, Some(2))]);
        assert_eq!(counts(&made::answer(2, 8, 2)), [(8, Some(16)), (8, Some(16))]);
        assert_eq!(counts(&made::large()), [(80, Some(80))], "one processor in two groups");
    }

    #[test]
    fn what_breaks_off_is_refused_where_it_does() {
        let whole = made::answer(1, 1, 1);
        let error = read(&whole[..whole.len() - 1]).unwrap_err();
        assert_eq!(error.to_string(), "byte 96: size of a structure: expected 8 to 11, found 12");
        assert_eq!(read(&[]).unwrap_err().found, 0);
        let mut announces = made::answer(1, 1, 1);
        announces[30] = 200;
        assert_eq!(read(&announces).unwrap_err().expected, "as many masks as it announces");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), place in 0_usize..400, value: u8) {
            let _ = read(&bytes);
            let mut answer = made::answer(2, 4, 2);
            let place = place % answer.len();
            answer[place] = value;
            let _ = read(&answer);
        }
    }
}
