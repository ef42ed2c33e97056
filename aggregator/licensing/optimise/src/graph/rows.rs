//! Counting sort of entries into rows. Where neighbours are far apart in memory, entries first go to
//! buckets whose rows fit the cache: scattering them straight into rows costs a cache miss each.

/// Entries to be put into rows by key; a row keeps their order.
pub(super) trait Entries {
    /// The keys of all entries, in any order.
    fn keys(&self, each: impl FnMut(u32));
    /// Key and value of all entries.
    fn each(&self, each: impl FnMut(u32, u32));
}

/// (key, value), one after the other.
pub(super) struct Pairs<'a>(pub &'a [u32]);

impl Entries for Pairs<'_> {
    fn keys(&self, mut each: impl FnMut(u32)) {
        self.0.chunks_exact(2).for_each(|pair| each(pair[0]));
    }

    fn each(&self, mut each: impl FnMut(u32, u32)) {
        self.0.chunks_exact(2).for_each(|pair| each(pair[0], pair[1]));
    }
}

/// Rows of keys; the value of an entry is the number of its row.
pub(super) struct Rows<'a> {
    /// Row `r` is `offset[r]..offset[r + 1]`.
    pub offset: &'a [u32],
    pub keys: &'a [u32],
    /// Number of the first row.
    pub first: u32,
}

impl Entries for Rows<'_> {
    fn keys(&self, mut each: impl FnMut(u32)) {
        self.keys.iter().for_each(|&key| each(key));
    }

    fn each(&self, mut each: impl FnMut(u32, u32)) {
        for (row, bounds) in (self.first..).zip(self.offset.windows(2)) {
            self.keys[bounds[0] as usize..bounds[1] as usize].iter().for_each(|&key| each(key, row));
        }
    }
}

/// Up to this many keys the rows being filled fit the second-level cache together well enough.
const FEW_KEYS: usize = 1 << 16;
/// Keys per bucket, at most: their rows and counters together stay in the second-level cache.
const BUCKET_BITS: u32 = 12;
/// Fewer keys per bucket would mean too many buckets.
const LEAST_BUCKET_BITS: u32 = 6;

/// Fills `target` with the rows of the keys, one per entry of `ends`, which are 0 and become the ends of the rows. All
/// values are below `bound`; `far` says that one entry's row is seldom near the next one's.
pub(super) fn group(entries: &impl Entries, bound: u32, ends: &mut [u32], target: &mut [u32], far: bool) {
    // Within a bucket, key and value share 32 bits.
    let bucket_bits = bound.leading_zeros().min(BUCKET_BITS);
    if far && ends.len() > FEW_KEYS && bucket_bits >= LEAST_BUCKET_BITS {
        group_in_buckets(entries, bucket_bits, ends, target);
    } else {
        group_at_once(entries, ends, target);
    }
}

fn group_at_once(entries: &impl Entries, ends: &mut [u32], target: &mut [u32]) {
    entries.keys(|key| ends[key as usize] += 1);
    starts(ends, 0);
    // Each start moves on to the end of its row.
    entries.each(|key, value| {
        let slot = &mut ends[key as usize];
        target[*slot as usize] = value;
        *slot += 1;
    });
}

fn group_in_buckets(entries: &impl Entries, bucket_bits: u32, ends: &mut [u32], target: &mut [u32]) {
    let value_bits = 32 - bucket_bits;
    let mut bucket_end = vec![0; (ends.len() >> bucket_bits) + 1];
    entries.keys(|key| bucket_end[(key >> bucket_bits) as usize] += 1);
    starts(&mut bucket_end, 0);
    entries.each(|key, value| {
        let slot = &mut bucket_end[(key >> bucket_bits) as usize];
        target[*slot as usize] = key << value_bits | value;
        *slot += 1;
    });

    let mut inside = Vec::new();
    let mut start = 0;
    for (position, &end) in ends.chunks_mut(1 << bucket_bits).zip(&bucket_end) {
        inside.clear();
        inside.extend_from_slice(&target[start as usize..end as usize]);
        for &entry in &inside {
            position[(entry >> value_bits) as usize] += 1;
        }
        starts(position, start);
        for &entry in &inside {
            let slot = &mut position[(entry >> value_bits) as usize];
            target[*slot as usize] = entry & (u32::MAX >> bucket_bits);
            *slot += 1;
        }
        start = end;
    }
}

/// Turns lengths into starts, the first at `first`.
fn starts(lengths: &mut [u32], first: u32) {
    lengths.iter_mut().fold(first, |start, length| start + std::mem::replace(length, start));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_make_the_same_rows() {
        let mut chance = 7_u32;
        let mut below = |limit: u32| {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((u64::from(chance) * u64::from(limit)) >> 32) as u32
        };
        for (keys, values, count) in [(1, 1, 5), (70, 3000, 2000), (20_000, 1 << 21, 50_000), (9000, 1 << 26, 100)] {
            let words: Vec<u32> = (0..count).flat_map(|_| [below(keys), below(values)]).collect();
            let mut expected: Vec<(u32, u32)> = words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            expected.sort_by_key(|entry| entry.0);
            for bucket_bits in [values.leading_zeros().min(BUCKET_BITS), LEAST_BUCKET_BITS.min(values.leading_zeros())]
            {
                let (mut rows, mut ends) = (vec![0; count], vec![0; keys as usize]);
                group_in_buckets(&Pairs(&words), bucket_bits, &mut ends, &mut rows);
                assert_eq!(rows, expected.iter().map(|entry| entry.1).collect::<Vec<_>>());
                let end = |key: u32| expected.partition_point(|entry| entry.0 <= key) as u32;
                assert_eq!(ends, (0..keys).map(end).collect::<Vec<_>>());
                let (mut rows_at_once, mut ends_at_once) = (vec![0; count], vec![0; keys as usize]);
                group_at_once(&Pairs(&words), &mut ends_at_once, &mut rows_at_once);
                assert_eq!((rows_at_once, ends_at_once), (rows, ends));
            }
        }
    }
}
