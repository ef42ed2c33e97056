//! Demand packed into users, devices and connectors: no user, device or connector bears more than its price, so no
//! plan costs less than all demand together.
//!
//! Works as a flow from users to devices in which all accesses of one candidate share the price of its connector. A
//! connector that is settled, bought or refused, limits nothing any more; when all are, this is a maximum flow and exact.

/// The candidate of an access that no connector serves.
pub(super) const NOBODY: u32 = u32::MAX;
const FAR: u32 = u32::MAX;

/// What was decided about a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Open,
    Bought,
    Refused,
}

/// An access in the numbering of the packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arc {
    pub user: u32,
    pub device: u32,
    pub candidate: u32,
}

/// Which accesses there are; does not change.
#[derive(Debug)]
pub(super) struct Accesses {
    pub arcs: Vec<Arc>,
    user_row: Vec<u32>,
    of_user: Vec<u32>,
    device_row: Vec<u32>,
    of_device: Vec<u32>,
}

impl Accesses {
    pub(super) fn new(users: usize, devices: usize, arcs: Vec<Arc>) -> Self {
        let by_user: Vec<(u32, u32)> = (0..).zip(&arcs).map(|(index, arc)| (arc.user, index)).collect();
        let (user_row, of_user) = rows(users, &by_user);
        let by_device: Vec<(u32, u32)> = (0..).zip(&arcs).map(|(index, arc)| (arc.device, index)).collect();
        let (device_row, of_device) = rows(devices, &by_device);
        Self { arcs, user_row, of_user, device_row, of_device }
    }

    pub(super) fn of_user(&self, user: u32) -> &[u32] {
        &self.of_user[self.user_row[user as usize] as usize..self.user_row[user as usize + 1] as usize]
    }

    pub(super) fn of_device(&self, device: u32) -> &[u32] {
        &self.of_device[self.device_row[device as usize] as usize..self.device_row[device as usize + 1] as usize]
    }
}

/// Members by key, in the order given: those of `key` are at `row[key]..row[key + 1]`. Keys that do not exist are left out.
pub(super) fn rows(count: usize, keyed: &[(u32, u32)]) -> (Vec<u32>, Vec<u32>) {
    let mut row = vec![0_u32; count + 1];
    let known = || keyed.iter().filter(|(key, _)| (*key as usize) < count);
    known().for_each(|(key, _)| row[*key as usize + 1] += 1);
    (0..count).for_each(|key| row[key + 1] += row[key]);
    let mut end = row.clone();
    let mut members = vec![0; row[count] as usize];
    for &(key, member) in known() {
        members[end[key as usize] as usize] = member;
        end[key as usize] += 1;
    }
    (row, members)
}

/// How much of every price is used up.
#[derive(Debug, Clone)]
pub(super) struct Packing {
    pub flow: Vec<u64>,
    pub user_left: Vec<u64>,
    pub device_left: Vec<u64>,
    pub budget_left: Vec<u64>,
    pub decision: Vec<Decision>,
    /// All demand packed since the packing began, minus what was taken out.
    pub value: u64,
}

/// Who can be reached: users and devices.
pub(super) struct Reached {
    pub users: Vec<bool>,
    pub devices: Vec<bool>,
}

/// Rooms for the search, to be used again.
#[derive(Debug, Default)]
pub(super) struct Search {
    user_distance: Vec<u32>,
    device_distance: Vec<u32>,
    next_of_user: Vec<u32>,
    next_of_device: Vec<u32>,
    queue: Vec<u32>,
    path: Vec<Step>,
    uses: Vec<(u32, i64)>,
    /// Accesses looked at, as a measure of time that is the same on every machine.
    pub work: u64,
}

/// Along an access towards the device, or back from it.
#[derive(Debug, Clone, Copy)]
struct Step {
    arc: u32,
    forward: bool,
}

impl Packing {
    pub(super) fn passes(&self, arc: Arc) -> bool {
        arc.candidate == NOBODY
            || match self.decision[arc.candidate as usize] {
                Decision::Open => self.budget_left[arc.candidate as usize] > 0,
                Decision::Bought => false,
                Decision::Refused => true,
            }
    }

    pub(super) fn shares_budget(&self, arc: Arc) -> bool {
        arc.candidate != NOBODY && self.decision[arc.candidate as usize] == Decision::Open
    }

    /// Settles a connector; when it is bought, its accesses bear nothing any more.
    pub(super) fn decide(&mut self, accesses: &Accesses, of_candidate: &[u32], candidate: u32, decision: Decision) {
        self.decision[candidate as usize] = decision;
        if decision == Decision::Bought {
            for &index in of_candidate {
                let amount = std::mem::take(&mut self.flow[index as usize]);
                let arc = accesses.arcs[index as usize];
                self.user_left[arc.user as usize] += amount;
                self.device_left[arc.device as usize] += amount;
                self.value -= amount;
            }
        }
    }

    /// Packs more until no way from a user to a device with anything left is open.
    pub(super) fn augment(&mut self, accesses: &Accesses, search: &mut Search) {
        while self.measure(accesses, search) {
            let before = self.value;
            for user in 0..self.user_left.len() as u32 {
                if self.user_left[user as usize] > 0 && search.user_distance[user as usize] != FAR {
                    self.push_from(accesses, search, user);
                }
            }
            // Ways that use a connector twice may be open and yet hold nothing.
            if self.value == before {
                return;
            }
        }
    }

    /// Distances to what devices have left, along open ways; false when no user with anything left has one.
    fn measure(&self, accesses: &Accesses, search: &mut Search) -> bool {
        let users = self.user_left.len();
        search.user_distance.clear();
        search.user_distance.resize(users, FAR);
        search.device_distance.clear();
        search.device_distance.resize(self.device_left.len(), FAR);
        search.next_of_user.clear();
        search.next_of_user.extend_from_slice(&accesses.user_row[..users]);
        search.next_of_device.clear();
        search.next_of_device.extend_from_slice(&accesses.device_row[..self.device_left.len()]);
        search.queue.clear();
        for (device, &left) in (0..).zip(&self.device_left) {
            if left > 0 {
                search.device_distance[device as usize] = 0;
                search.queue.push(device);
            }
        }
        let mut found = false;
        let mut at = 0;
        // Users follow devices in the queue by their number.
        let devices = self.device_left.len() as u32;
        while let Some(&node) = search.queue.get(at) {
            at += 1;
            if node < devices {
                let further = search.device_distance[node as usize] + 1;
                for &index in accesses.of_device(node) {
                    let arc = accesses.arcs[index as usize];
                    if search.user_distance[arc.user as usize] == FAR && self.passes(arc) {
                        search.user_distance[arc.user as usize] = further;
                        search.queue.push(devices + arc.user);
                        found |= self.user_left[arc.user as usize] > 0;
                    }
                }
                search.work += accesses.of_device(node).len() as u64;
            } else {
                let user = node - devices;
                let further = search.user_distance[user as usize] + 1;
                for &index in accesses.of_user(user) {
                    let arc = accesses.arcs[index as usize];
                    if self.flow[index as usize] > 0 && search.device_distance[arc.device as usize] == FAR {
                        search.device_distance[arc.device as usize] = further;
                        search.queue.push(arc.device);
                    }
                }
                search.work += accesses.of_user(user).len() as u64;
            }
        }
        found
    }

    fn push_from(&mut self, accesses: &Accesses, search: &mut Search, start: u32) {
        search.path.clear();
        let mut at_user = Some(start);
        let mut device = 0;
        while self.user_left[start as usize] > 0 {
            let step = if let Some(user) = at_user {
                self.step_from_user(accesses, search, user)
            } else if search.device_distance[device as usize] == 0 && self.device_left[device as usize] > 0 {
                let keep = self.push_along(accesses, search, start, device);
                search.path.truncate(keep);
                (at_user, device) = end_of(accesses, &search.path, start);
                continue;
            } else {
                self.step_from_device(accesses, search, device)
            };
            if let Some(step) = step {
                search.path.push(step);
            } else {
                match at_user {
                    Some(user) => search.user_distance[user as usize] = FAR,
                    None => search.device_distance[device as usize] = FAR,
                }
                if search.path.pop().is_none() {
                    return;
                }
            }
            (at_user, device) = end_of(accesses, &search.path, start);
        }
    }

    fn step_from_user(&self, accesses: &Accesses, search: &mut Search, user: u32) -> Option<Step> {
        let closer = search.user_distance[user as usize].wrapping_sub(1);
        let end = accesses.user_row[user as usize + 1];
        let mut place = search.next_of_user[user as usize];
        let first = place;
        while place < end {
            let index = accesses.of_user[place as usize];
            let arc = accesses.arcs[index as usize];
            if search.device_distance[arc.device as usize] == closer && self.passes(arc) {
                break;
            }
            place += 1;
        }
        search.work += u64::from(place - first);
        search.next_of_user[user as usize] = place;
        (place < end).then(|| Step { arc: accesses.of_user[place as usize], forward: true })
    }

    fn step_from_device(&self, accesses: &Accesses, search: &mut Search, device: u32) -> Option<Step> {
        let distance = search.device_distance[device as usize];
        let end = accesses.device_row[device as usize + 1];
        let mut place = search.next_of_device[device as usize];
        let first = place;
        while place < end && distance > 0 {
            let index = accesses.of_device[place as usize];
            let user = accesses.arcs[index as usize].user;
            if self.flow[index as usize] > 0 && search.user_distance[user as usize] == distance - 1 {
                break;
            }
            place += 1;
        }
        search.work += u64::from(place - first);
        search.next_of_device[device as usize] = place;
        (place < end && distance > 0).then(|| Step { arc: accesses.of_device[place as usize], forward: false })
    }

    /// Pushes what the path holds; how many of its steps still lead on.
    fn push_along(&mut self, accesses: &Accesses, search: &mut Search, start: u32, device: u32) -> usize {
        let mut amount = self.user_left[start as usize].min(self.device_left[device as usize]);
        search.uses.clear();
        for step in &search.path {
            let arc = accesses.arcs[step.arc as usize];
            if !step.forward {
                amount = amount.min(self.flow[step.arc as usize]);
            }
            if self.shares_budget(arc) {
                let by = if step.forward { 1 } else { -1 };
                match search.uses.iter_mut().find(|(candidate, _)| *candidate == arc.candidate) {
                    Some((_, uses)) => *uses += by,
                    None => search.uses.push((arc.candidate, by)),
                }
            }
        }
        let mut tight = NOBODY;
        for &(candidate, uses) in &search.uses {
            if uses > 0 {
                let holds = self.budget_left[candidate as usize] / uses.unsigned_abs();
                if holds < amount {
                    (amount, tight) = (holds, candidate);
                }
            }
        }
        if amount > 0 {
            self.user_left[start as usize] -= amount;
            self.device_left[device as usize] -= amount;
            self.value += amount;
        }
        let mut keep = search.path.len();
        for (position, step) in search.path.iter().enumerate().rev() {
            let arc = accesses.arcs[step.arc as usize];
            let shares = self.shares_budget(arc);
            if step.forward {
                self.flow[step.arc as usize] += amount;
            } else {
                self.flow[step.arc as usize] -= amount;
                if self.flow[step.arc as usize] == 0 {
                    keep = position;
                }
            }
            if shares && step.forward && arc.candidate == tight {
                keep = position;
            }
        }
        for &(candidate, uses) in &search.uses {
            let budget = &mut self.budget_left[candidate as usize];
            let change = amount * uses.unsigned_abs();
            *budget = if uses > 0 { *budget - change } else { *budget + change };
        }
        // A connector that holds less than the path needs leads nowhere in this phase.
        if amount == 0 && keep < search.path.len() {
            let step = search.path[keep];
            let user = accesses.arcs[step.arc as usize].user;
            search.next_of_user[user as usize] += 1;
        }
        keep
    }

    /// Everybody to whom a user with something left has an open way.
    pub(super) fn reached(&self, accesses: &Accesses) -> Reached {
        let mut reached = Reached {
            users: self.user_left.iter().map(|&left| left > 0).collect(),
            devices: vec![false; self.device_left.len()],
        };
        let mut stack: Vec<u32> = (0..).zip(&reached.users).filter(|(_, hit)| **hit).map(|(user, _)| user).collect();
        while let Some(user) = stack.pop() {
            for &index in accesses.of_user(user) {
                let arc = accesses.arcs[index as usize];
                if !self.passes(arc) || std::mem::replace(&mut reached.devices[arc.device as usize], true) {
                    continue;
                }
                for &index in accesses.of_device(arc.device) {
                    let back = accesses.arcs[index as usize].user;
                    if self.flow[index as usize] > 0 && !std::mem::replace(&mut reached.users[back as usize], true) {
                        stack.push(back);
                    }
                }
            }
        }
        reached
    }
}

/// Where a path from `start` ends: at a user, or else at a device.
fn end_of(accesses: &Accesses, path: &[Step], start: u32) -> (Option<u32>, u32) {
    match path.last() {
        None => (Some(start), 0),
        Some(step) if step.forward => (None, accesses.arcs[step.arc as usize].device),
        Some(step) => (Some(accesses.arcs[step.arc as usize].user), 0),
    }
}
