//! Numbers users and devices by first appearance, and lays out the rows of users.
//!
//! Pairs usually arrive user by user; then one pass over them does both, in their own memory.

use super::GraphError;
use super::rows::{Pairs, group};

/// Users and devices numbered by first appearance; `words` begins with the rows of users, as device
/// numbers, and has room for as many words again.
pub(super) struct Appearance {
    /// By the caller's number: the new number plus one, 0 for whoever does not appear.
    pub user_number: Vec<u32>,
    pub device_number: Vec<u32>,
    /// The caller's numbers in the new order.
    pub user_names: Vec<u32>,
    pub device_names: Vec<u32>,
    /// Where the row of each user starts, and one more: where the last ends.
    pub offset: Vec<u32>,
    pub words: Vec<u32>,
    /// Whether most devices were last seen long ago, so that neighbours are no neighbours in memory.
    pub far: bool,
}

/// Devices that appeared at most this many others ago are near: their rows are still in the cache.
const NEAR: u32 = 1 << 15;

impl Appearance {
    pub fn of(users: u32, devices: u32, pairs: Vec<[u32; 2]>) -> Result<Self, GraphError> {
        let outside =
            |index: usize, user: u32, device: u32| GraphError::OutOfRange { index, user, device, users, devices };
        let mut words = pairs.into_flattened();
        let count = words.len() / 2;
        let mut user_number = vec![0; users as usize];
        let mut user_names: Vec<u32> = Vec::with_capacity(count.min(users as usize));
        // Room for the rows of devices, too; what is not written costs nothing.
        let mut offset = Vec::with_capacity(users as usize + devices as usize + 1);
        let mut numbered = Devices::new(devices);
        let mut last = None;
        let mut place = 0;
        while place < count {
            let (user, device) = (words[2 * place], words[2 * place + 1]);
            if last != Some(user) {
                let Some(number) = user_number.get_mut(user as usize) else { return Err(outside(place, user, device)) };
                if *number != 0 {
                    break;
                }
                user_names.push(user);
                offset.push(place as u32);
                *number = user_names.len() as u32;
                last = Some(user);
            }
            let Some(device) = numbered.number(device) else { return Err(outside(place, user, device)) };
            // Not beyond the pair just read.
            words[place] = device;
            place += 1;
        }
        if place < count {
            // Somebody came back: make pairs of the rows again, number the others, and sort.
            let mut end = place;
            for (user, &start) in (0..offset.len() as u32).zip(&offset).rev() {
                for position in (start as usize..end).rev() {
                    words[2 * position + 1] = words[position];
                    words[2 * position] = user;
                }
                end = start as usize;
            }
            for (index, pair) in words.chunks_exact_mut(2).enumerate().skip(place) {
                let (user, device) = (pair[0], pair[1]);
                let Some(number) = user_number.get_mut(user as usize) else { return Err(outside(index, user, device)) };
                if *number == 0 {
                    user_names.push(user);
                    *number = user_names.len() as u32;
                }
                let Some(device) = numbered.number(device) else { return Err(outside(index, user, device)) };
                (pair[0], pair[1]) = (*number - 1, device);
            }
            let mut rows = vec![0; words.len()];
            offset.clear();
            offset.resize(user_names.len() + 1, 0);
            group(&Pairs(&words), devices, &mut offset[1..], &mut rows[..count], true);
            words = rows;
        } else {
            offset.push(count as u32);
        }
        let far = numbered.far > count / 8;
        let Devices { number: device_number, names: device_names, .. } = numbered;
        Ok(Self { user_number, device_number, user_names, device_names, offset, words, far })
    }
}

/// Devices as they appear.
struct Devices {
    number: Vec<u32>,
    names: Vec<u32>,
    /// How many pairs had a device that is not near.
    far: usize,
}

impl Devices {
    fn new(devices: u32) -> Self {
        Self { number: vec![0; devices as usize], names: Vec::with_capacity(devices as usize), far: 0 }
    }

    /// The number of a device, new or known; `None` for one that does not exist.
    fn number(&mut self, device: u32) -> Option<u32> {
        let next = self.names.len() as u32;
        let number = self.number.get_mut(device as usize)?;
        if *number == 0 {
            self.names.push(device);
            *number = next + 1;
        }
        self.far += usize::from(next - (*number - 1).min(next) > NEAR);
        Some(*number - 1)
    }
}
