//! The bipartite graph of (user, device) pairs as two-sided compressed rows. Users come first, then
//! devices, in one numbering; every pair stands once with its user and once with its device.
//!
//! Knows nothing about prices. Building it moves every pair twice through buckets that fit the
//! cache: scattering straight into rows costs a cache miss per pair and is three times slower.

use thiserror::Error;

/// Why pairs cannot become a graph.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphError {
    /// The pair names a vertex beyond the stated numbers of users and devices.
    #[error("pair {index} is ({user}, {device}), but there are {users} users and {devices} devices")]
    OutOfRange {
        /// Position of the pair, from 0.
        index: usize,
        /// Its user.
        user: u32,
        /// Its device.
        device: u32,
        /// Number of users stated.
        users: u32,
        /// Number of devices stated.
        devices: u32,
    },
    /// Numbers are 32 bits wide; this many do not fit.
    #[error("{pairs} pairs over {vertices} users and devices are too many; the limit is {} pairs", u32::MAX / 2)]
    TooLarge {
        /// Number of pairs given.
        pairs: usize,
        /// Number of users and devices together.
        vertices: u64,
    },
}

/// Who was seen on which device. Build it once, solve it at as many prices as you like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    users: u32,
    /// Row `v` of `adjacent` is `offset[v]..offset[v + 1]`.
    offset: Vec<u32>,
    adjacent: Vec<u32>,
}

/// Keys per bucket: their rows and counters together stay in the second-level cache.
const BUCKET_BITS: u32 = 12;
/// Up to this many keys, one counter each fits that cache, and no buckets are needed.
const FEW_KEYS: u32 = 1 << 18;

impl Graph {
    /// A graph of `users` and `devices`, numbered from 0, from pairs in any order; a pair given
    /// twice counts once. Users and devices without a pair are allowed.
    pub fn new(users: u32, devices: u32, pairs: &[(u32, u32)]) -> Result<Self, GraphError> {
        let vertices = u64::from(users) + u64::from(devices);
        if pairs.len() > (u32::MAX / 2) as usize || vertices >= u64::from(u32::MAX) {
            return Err(GraphError::TooLarge { pairs: pairs.len(), vertices });
        }
        let outside = |&(user, device): &(u32, u32)| user >= users || device >= devices;
        if let Some(index) = pairs.iter().position(outside) {
            let (user, device) = pairs[index];
            return Err(GraphError::OutOfRange { index, user, device, users, devices });
        }

        let mut offset = Vec::with_capacity(vertices as usize + 1);
        offset.push(0);
        let mut adjacent = vec![0; 2 * pairs.len()];
        let mut buckets = Vec::new();
        // Pairs usually arrive user by user, and then lie in rows already.
        if pairs.is_sorted_by_key(|pair| pair.0) {
            lay_out(users, pairs, &mut offset, &mut adjacent);
        } else {
            let by_user = pairs.iter().map(|&(user, device)| (user, users + device));
            group(users, by_user, (&mut buckets, pairs.len()), &mut offset, &mut adjacent);
        }
        let distinct = sort_and_deduplicate(&mut offset, &mut adjacent);
        adjacent.truncate(2 * distinct);
        let (first_half, second_half) = adjacent.split_at_mut(distinct);
        let rows = offset.clone();
        let by_device = rows.windows(2).zip(0..).flat_map(|(row, user)| {
            let devices = &first_half[row[0] as usize..row[1] as usize];
            devices.iter().map(move |&device| (device - users, user))
        });
        group(devices, by_device, (&mut buckets, distinct), &mut offset, second_half);
        Ok(Self { users, offset, adjacent })
    }

    /// From rows that are already two-sided, sorted and free of duplicates.
    pub(super) fn from_rows(users: u32, offset: Vec<u32>, adjacent: Vec<u32>) -> Self {
        Self { users, offset, adjacent }
    }

    /// Number of users.
    #[must_use]
    pub fn users(&self) -> u32 {
        self.users
    }

    /// Number of devices.
    #[must_use]
    pub fn devices(&self) -> u32 {
        self.vertices() as u32 - self.users
    }

    /// Number of distinct pairs.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.adjacent.len() / 2
    }

    /// Number of users with at least one pair.
    #[must_use]
    pub fn active_users(&self) -> usize {
        (0..self.users).filter(|&user| !self.neighbours(user).is_empty()).count()
    }

    /// Number of devices with at least one pair.
    #[must_use]
    pub fn active_devices(&self) -> usize {
        let devices = self.users..self.vertices() as u32;
        devices.filter(|&device| !self.neighbours(device).is_empty()).count()
    }

    /// The devices seen with `user`, ascending.
    pub fn devices_of(&self, user: u32) -> impl Iterator<Item = u32> {
        self.neighbours(user).iter().map(|&device| device - self.users)
    }

    /// Users and devices together; vertex `v` is user `v` or device `v - users`.
    pub(super) fn vertices(&self) -> usize {
        self.offset.len() - 1
    }

    /// Positions of the row of `vertex` among all rows.
    pub(super) fn row(&self, vertex: u32) -> (u32, u32) {
        (self.offset[vertex as usize], self.offset[vertex as usize + 1])
    }

    /// The vertex at a position within a row.
    pub(super) fn at(&self, position: u32) -> u32 {
        self.adjacent[position as usize]
    }

    /// The first `count` entries from a position on, which exist.
    pub(super) fn some_from(&self, position: u32, count: u32) -> &[u32] {
        &self.adjacent[position as usize..(position + count) as usize]
    }

    pub(super) fn neighbours(&self, vertex: u32) -> &[u32] {
        let (from, to) = self.row(vertex);
        &self.adjacent[from as usize..to as usize]
    }
}

/// Puts the rows of keys `0..keys` into `adjacent` and appends their ends to `offset`, counted from
/// its last; a row keeps the order of arrival. There are `count` entries; `buckets`
/// is room for them, made when needed and worth keeping for the next grouping.
fn group(
    keys: u32,
    entries: impl Iterator<Item = (u32, u32)> + Clone,
    (buckets, count): (&mut Vec<(u32, u32)>, usize),
    offset: &mut Vec<u32>,
    adjacent: &mut [u32],
) {
    if keys <= FEW_KEYS {
        return group_at_once(keys, entries, offset, adjacent);
    }
    if buckets.len() < count {
        *buckets = vec![(0, 0); count];
    }
    let mut bucket_end = vec![0_usize; (keys >> BUCKET_BITS) as usize + 2];
    entries.clone().for_each(|(key, _)| bucket_end[(key >> BUCKET_BITS) as usize + 1] += 1);
    for bucket in 1..bucket_end.len() {
        bucket_end[bucket] += bucket_end[bucket - 1];
    }
    entries.for_each(|entry| {
        let position = &mut bucket_end[(entry.0 >> BUCKET_BITS) as usize];
        buckets[*position] = entry;
        *position += 1;
    });

    // Each counter has moved on to the end of its bucket, which is where the next one starts.
    let before = offset.last().copied().unwrap_or(0);
    let mut position = [0_u32; 1 << BUCKET_BITS];
    let mut start = 0;
    for (bucket, &end) in bucket_end[..bucket_end.len() - 1].iter().enumerate() {
        let inside = &buckets[start..end];
        let first_key = (bucket as u32) << BUCKET_BITS;
        let count = (keys - first_key).min(1 << BUCKET_BITS);
        position.fill(0);
        for &(key, _) in inside {
            position[(key - first_key) as usize] += 1;
        }
        let mut next = start as u32;
        for slot in &mut position[..count as usize] {
            let length = std::mem::replace(slot, next);
            next += length;
            offset.push(before + next);
        }
        for &(key, value) in inside {
            let slot = &mut position[(key - first_key) as usize];
            adjacent[*slot as usize] = value;
            *slot += 1;
        }
        start = end;
    }
}

/// The same without buckets, while all counters fit the second-level cache.
fn group_at_once(
    keys: u32,
    entries: impl Iterator<Item = (u32, u32)> + Clone,
    offset: &mut Vec<u32>,
    adjacent: &mut [u32],
) {
    let mut position = vec![0_u32; keys as usize];
    entries.clone().for_each(|(key, _)| position[key as usize] += 1);
    let before = offset.last().copied().unwrap_or(0);
    let mut next = 0;
    for slot in &mut position {
        let length = std::mem::replace(slot, next);
        next += length;
        offset.push(before + next);
    }
    entries.for_each(|(key, value)| {
        let slot = &mut position[key as usize];
        adjacent[*slot as usize] = value;
        *slot += 1;
    });
}

/// Lays out rows of pairs that are sorted by user; a row keeps their order.
fn lay_out(users: u32, pairs: &[(u32, u32)], offset: &mut Vec<u32>, adjacent: &mut [u32]) {
    for ((place, slot), &(user, device)) in (0..).zip(adjacent).zip(pairs) {
        while offset.len() <= user as usize {
            offset.push(place);
        }
        *slot = users + device;
    }
    offset.resize(users as usize + 1, pairs.len() as u32);
}

/// Sorts each row and closes the gaps that duplicates leave; the number of entries that remain.
fn sort_and_deduplicate(offset: &mut [u32], adjacent: &mut [u32]) -> usize {
    let canonical = |row: &[u32]| row.is_sorted_by(|one, other| one < other);
    let mut from = 0;
    let first_bad = offset[1..].iter().position(|&to| {
        let row = &adjacent[from..to as usize];
        from = to as usize;
        !canonical(row)
    });
    let Some(first_bad) = first_bad else { return from };
    let mut kept = offset[first_bad] as usize;
    from = kept;
    for end in &mut offset[first_bad + 1..] {
        let to = *end as usize;
        adjacent[from..to].sort_unstable();
        let row = kept;
        for position in from..to {
            let value = adjacent[position];
            if kept == row || adjacent[kept - 1] != value {
                adjacent[kept] = value;
                kept += 1;
            }
        }
        *end = kept as u32;
        from = to;
    }
    kept
}
