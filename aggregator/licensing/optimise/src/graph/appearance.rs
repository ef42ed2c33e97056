//! Numbers users and devices by first appearance, and lays out the rows of users.
//!
//! Pairs usually arrive user by user; then one pass over them does both, in their own memory.

use super::rows::{Pairs, group};
use super::{GraphError, numbers};

/// Users and devices numbered by first appearance; `words` begins with the rows of users, as device
/// numbers, and has room for as many words again.
pub(super) struct Appearance {
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
        // One bit per user who appeared, so that all of them stay in the cache.
        let mut appeared = vec![0_u64; users as usize / 64 + 1];
        // One more than there can be, since the next name is written before it is known to be one.
        let mut user_names: Vec<u32> = vec![0; count.min(users as usize) + 1];
        // Room for the rows of devices, too; what is not written costs nothing.
        let mut offset: Vec<u32> = vec![0; users as usize + devices as usize + 1];
        let mut numbered = Devices::new(devices);
        // How many users appeared so far; the last of them is `last`.
        let (mut seen, mut last) = (0, u64::MAX);
        let mut place = 0;
        // Nobody could predict where a row ends or who is new, so nothing here branches on it.
        while place < count {
            let (user, device) = (words[2 * place], words[2 * place + 1]);
            if user >= users {
                return Err(outside(place, user, device));
            }
            let is_new = u64::from(user) != last;
            let word = &mut appeared[user as usize / 64];
            // Who is new has not appeared, and who is not has.
            if *word >> (user % 64) & 1 == u64::from(is_new) {
                break;
            }
            *word |= 1 << (user % 64);
            user_names[seen as usize] = user;
            seen += u32::from(is_new);
            last = u64::from(user);
            let Some(device) = numbered.number(device) else { return Err(outside(place, user, device)) };
            // Not beyond the pair just read.
            words[place] = device;
            place += 1;
            offset[seen as usize] = place as u32;
        }
        user_names.truncate(seen as usize);
        if place < count {
            // Somebody came back: make pairs of the rows again, number the others, and sort.
            for user in (0..seen).rev() {
                for position in (offset[user as usize]..offset[user as usize + 1]).rev() {
                    words[2 * position as usize + 1] = words[position as usize];
                    words[2 * position as usize] = user;
                }
            }
            let mut user_number = numbers(users, &user_names);
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
            offset.truncate(seen as usize + 1);
        }
        let far = numbered.far > count / 8;
        let Devices { names: mut device_names, seen, .. } = numbered;
        device_names.truncate(seen as usize);
        Ok(Self { user_names, device_names, offset, words, far })
    }
}

/// Devices as they appear.
struct Devices {
    number: Vec<u32>,
    /// The first `seen` are names; one more than there can be has room.
    names: Vec<u32>,
    seen: u32,
    /// How many pairs had a device that is not near.
    far: usize,
}

impl Devices {
    fn new(devices: u32) -> Self {
        Self { number: vec![0; devices as usize], names: vec![0; devices as usize + 1], seen: 0, far: 0 }
    }

    /// The number of a device, new or known; `None` for one that does not exist.
    fn number(&mut self, device: u32) -> Option<u32> {
        let number = self.number.get_mut(device as usize)?;
        self.names[self.seen as usize] = device;
        // One less than 0 is more than all.
        let place = number.wrapping_sub(1).min(self.seen);
        *number = place + 1;
        self.far += usize::from(self.seen - place > NEAR);
        self.seen += u32::from(place == self.seen);
        Some(place)
    }
}
