//! The bipartite graph of (user, device) pairs as two-sided compressed rows. Users come first, then
//! devices, in one numbering; every pair stands once with its user and once with its device.
//!
//! Vertices are numbered by first appearance among the pairs, since evidence of one site arrives
//! together: who is near in the organisation is near in memory. Rows are laid out in the memory of
//! the pairs. Knows nothing about prices.

mod adjacency;
mod appearance;
mod rows;

pub(super) use adjacency::Adjacency;
use appearance::Appearance;
use rows::{Rows, group};
use std::sync::OnceLock;
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
#[derive(Debug, Clone)]
pub struct Graph {
    users: u32,
    devices: u32,
    /// By the caller's number: the place among users with a pair plus one; 0 without a pair. Laid out when first asked
    /// for, since no solver needs it.
    user_number: OnceLock<Vec<u32>>,
    /// The same of devices.
    device_number: OnceLock<Vec<u32>>,
    /// The caller's number of each user with a pair, in the order of vertices.
    user_names: Vec<u32>,
    /// The same of devices.
    device_names: Vec<u32>,
    adjacency: Adjacency,
}

impl Graph {
    /// A graph of `users` and `devices`, numbered from 0, from pairs in any order, which changes
    /// nothing; a pair given twice counts once. Users and devices without a pair are allowed.
    pub fn new(users: u32, devices: u32, pairs: &[(u32, u32)]) -> Result<Self, GraphError> {
        let mut pairs = pairs.to_vec();
        if !pairs.is_sorted_by(|one, other| one < other) {
            let outside = |&(user, device): &(u32, u32)| user >= users || device >= devices;
            if let Some(index) = pairs.iter().position(outside) {
                let (user, device) = pairs[index];
                return Err(GraphError::OutOfRange { index, user, device, users, devices });
            }
            pairs.sort_unstable();
            pairs.dedup();
        }
        Self::taking(users, devices, pairs)
    }

    /// The same in the order and in the memory of the pairs, for many millions of them. The order
    /// shows in the rows, and in which of several proofs and of several equally cheap covers is found.
    pub fn taking(users: u32, devices: u32, pairs: Vec<(u32, u32)>) -> Result<Self, GraphError> {
        let vertices = u64::from(users) + u64::from(devices);
        if pairs.len() > (u32::MAX / 2) as usize || vertices >= u64::from(u32::MAX) {
            return Err(GraphError::TooLarge { pairs: pairs.len(), vertices });
        }
        let Appearance { user_names, device_names, mut offset, words, far } =
            Appearance::of(users, devices, pairs.into_iter().map(<[u32; 2]>::from).collect())?;
        let mut adjacent = words;
        let split = user_names.len();
        let (by_user, by_device) = adjacent.split_at_mut(offset[split] as usize);
        offset.resize(split + 1 + device_names.len(), 0);
        let (user_offset, device_ends) = offset.split_at_mut(split + 1);
        group(&Rows { offset: user_offset, keys: by_user, first: 0 }, split as u32, device_ends, by_device, far);
        let pairs = by_user.len() as u32;
        for end in device_ends {
            *end += pairs;
        }
        for device in by_user {
            *device += split as u32;
        }
        let mut adjacency = Adjacency { split: split as u32, far, offset, adjacent };
        adjacency.drop_duplicates();
        Ok(Self::named(users, devices, user_names, device_names, adjacency))
    }

    /// Of rows in which everybody has a pair, numbered as there.
    pub(super) fn of_adjacency(adjacency: Adjacency) -> Self {
        let users = adjacency.split();
        let devices = adjacency.vertices() as u32 - users;
        Self::named(users, devices, (0..users).collect(), (0..devices).collect(), adjacency)
    }

    fn named(users: u32, devices: u32, user_names: Vec<u32>, device_names: Vec<u32>, adjacency: Adjacency) -> Self {
        let (user_number, device_number) = (OnceLock::new(), OnceLock::new());
        Self { users, devices, user_number, device_number, user_names, device_names, adjacency }
    }

    /// Number of users.
    #[must_use]
    pub fn users(&self) -> u32 {
        self.users
    }

    /// Number of devices.
    #[must_use]
    pub fn devices(&self) -> u32 {
        self.devices
    }

    /// Number of distinct pairs.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.adjacency.pairs()
    }

    /// Number of users with at least one pair.
    #[must_use]
    pub fn active_users(&self) -> usize {
        self.adjacency.split() as usize
    }

    /// Number of devices with at least one pair.
    #[must_use]
    pub fn active_devices(&self) -> usize {
        self.adjacency.vertices() - self.active_users()
    }

    /// The devices seen with `user`, ascending unless the graph was made by [`Self::taking`].
    pub fn devices_of(&self, user: u32) -> impl Iterator<Item = u32> {
        self.row(self.user_number.get_or_init(|| numbers(self.users, &self.user_names))[user as usize])
            .iter()
            .map(|&device| self.name(device))
    }

    /// The users seen with `device`, ascending unless the graph was made by [`Self::taking`].
    pub fn users_of(&self, device: u32) -> impl Iterator<Item = u32> {
        let number = self.device_number.get_or_init(|| numbers(self.devices, &self.device_names))[device as usize];
        let split = self.adjacency.split();
        self.row(if number == 0 { 0 } else { split + number }).iter().map(|&user| self.name(user))
    }

    /// The row of the vertex that is one less; none of 0.
    fn row(&self, number: u32) -> &[u32] {
        if number == 0 { &[] } else { self.adjacency.neighbours(number - 1) }
    }

    /// The caller's number of the user or device at a vertex.
    pub(super) fn name(&self, vertex: u32) -> u32 {
        match vertex.checked_sub(self.adjacency.split()) {
            None => self.user_names[vertex as usize],
            Some(device) => self.device_names[device as usize],
        }
    }

    /// The caller's numbers of the vertices of users, and of those of devices.
    pub(super) fn names(&self) -> (&[u32], &[u32]) {
        (&self.user_names, &self.device_names)
    }

    /// Who is next to whom, without names.
    pub(super) fn adjacency(&self) -> &Adjacency {
        &self.adjacency
    }
}

/// The place of each of `count` in `names` plus one; 0 for who is not there.
fn numbers(count: u32, names: &[u32]) -> Vec<u32> {
    let mut numbers = vec![0; count as usize];
    for (&name, place) in names.iter().zip(1..) {
        numbers[name as usize] = place;
    }
    numbers
}

/// The same users, devices and pairs, whatever order they came in.
impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        let row = |graph: &Self, user: u32| {
            let mut devices: Vec<u32> = graph.devices_of(user).collect();
            devices.sort_unstable();
            devices
        };
        self.users() == other.users()
            && self.devices() == other.devices()
            && (0..self.users()).all(|user| row(self, user) == row(other, user))
    }
}

impl Eq for Graph {}
