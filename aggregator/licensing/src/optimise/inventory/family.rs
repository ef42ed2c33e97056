//! All cheapest covers at one price ratio: from the one with the fewest users to the one with the most, block by block.
//!
//! In every member each pair that bears demand is covered at one end only, so going from one member to another
//! exchanges users and devices in indivisible blocks, some of which need others first (Picard and Queyranne 1980).

use std::{cmp::Reverse, collections::BTreeSet};

use super::{Demand, Graph, Mix, count};

/// Users to add and devices to drop together.
#[derive(Debug, Default)]
struct Block {
    users: Vec<u32>,
    devices: Vec<u32>,
    /// Blocks that wait for this one.
    wanted_by: Vec<u32>,
    /// Blocks that must come first.
    waits_for: usize,
}

/// The blocks between two members.
pub(super) struct Family {
    fewest: Mix,
    blocks: Vec<Block>,
}

impl Family {
    /// `mirror` has devices as users. `demand` proves both covers to be cheapest.
    pub fn between(mirror: &Graph, fewest: &Mix, most: &Mix, demand: &[Demand]) -> Self {
        let is_added = |user: u32| most.users[user as usize] && !fewest.users[user as usize];
        let is_dropped = |device: u32| fewest.devices[device as usize] && !most.devices[device as usize];
        let added: Vec<u32> = (0..most.users.len() as u32).filter(|&user| is_added(user)).collect();
        let dropped: Vec<u32> = (0..most.devices.len() as u32).filter(|&device| is_dropped(device)).collect();
        let place = |side: &[u32], vertex: u32| side.binary_search(&vertex).ok();

        // nodes: users added, then devices dropped; an arc leads to what must come along
        let mut arcs: Vec<(u32, u32)> = Vec::new();
        for (at, &device) in dropped.iter().enumerate() {
            let node = (added.len() + at) as u32;
            let users = mirror.devices_of(device).filter_map(|user| place(&added, user));
            arcs.extend(users.map(|user| (node, user as u32)));
        }
        for demand in demand {
            if let (Some(user), Some(device)) = (place(&added, demand.user), place(&dropped, demand.device)) {
                arcs.push((user as u32, (added.len() + device) as u32));
            }
        }
        let arcs = Arcs::of(added.len() + dropped.len(), arcs);
        let block_of = arcs.components();

        let many = block_of.iter().max().map_or(0, |last| *last as usize + 1);
        let mut blocks: Vec<Block> = std::iter::repeat_with(Block::default).take(many).collect();
        let mut needs: Vec<(u32, u32)> = Vec::new();
        for (node, &block) in block_of.iter().enumerate() {
            match node.checked_sub(added.len()) {
                None => blocks[block as usize].users.push(added[node]),
                Some(at) => blocks[block as usize].devices.push(dropped[at]),
            }
            let others = arcs.from(node as u32).iter().map(|&to| block_of[to as usize]);
            needs.extend(others.filter(|&other| other != block).map(|other| (other, block)));
        }
        needs.sort_unstable();
        needs.dedup();
        for (first, then) in needs {
            blocks[first as usize].wanted_by.push(then);
            blocks[then as usize].waits_for += 1;
        }
        Self { fewest: fewest.clone(), blocks }
    }

    /// Two members next to `users`: one with at most as many (unless all have more), found by adding the largest block
    /// that fits as long as one does, and the one after adding the smallest block that does not fit.
    pub fn around(self, users: u64) -> [Mix; 2] {
        let mut mix = self.fewest;
        let mut room = users.saturating_sub(count(&mix.users)) as usize;
        let mut waits_for: Vec<usize> = self.blocks.iter().map(|block| block.waits_for).collect();
        let size = |block: u32| self.blocks[block as usize].users.len();
        let mut ready: BTreeSet<(Reverse<usize>, u32)> = (0..self.blocks.len() as u32)
            .filter(|&block| waits_for[block as usize] == 0)
            .map(|block| (Reverse(size(block)), block))
            .collect();
        while let Some(&(Reverse(users), block)) = ready.range((Reverse(room), 0)..).next() {
            ready.remove(&(Reverse(users), block));
            room -= users;
            exchange(&mut mix, &self.blocks[block as usize]);
            for &then in &self.blocks[block as usize].wanted_by {
                waits_for[then as usize] -= 1;
                if waits_for[then as usize] == 0 {
                    ready.insert((Reverse(size(then)), then));
                }
            }
        }
        let mut above = mix.clone();
        if let Some(&(_, block)) = ready.last() {
            exchange(&mut above, &self.blocks[block as usize]);
        }
        [mix, above]
    }
}

fn exchange(mix: &mut Mix, block: &Block) {
    block.users.iter().for_each(|&user| mix.users[user as usize] = true);
    block.devices.iter().for_each(|&device| mix.devices[device as usize] = false);
}

/// A directed graph as rows.
struct Arcs {
    offset: Vec<usize>,
    to: Vec<u32>,
}

impl Arcs {
    fn of(nodes: usize, mut arcs: Vec<(u32, u32)>) -> Self {
        arcs.sort_unstable();
        let mut offset = vec![0; nodes + 1];
        for &(from, _) in &arcs {
            offset[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            offset[node + 1] += offset[node];
        }
        Self { offset, to: arcs.into_iter().map(|(_, to)| to).collect() }
    }

    fn from(&self, node: u32) -> &[u32] {
        &self.to[self.offset[node as usize]..self.offset[node as usize + 1]]
    }

    /// Per node the number of its strongly connected component (Tarjan 1972, without recursion).
    fn components(&self) -> Vec<u32> {
        const NONE: u32 = u32::MAX;
        let nodes = self.offset.len() - 1;
        let mut component = vec![NONE; nodes];
        let (mut found, mut low) = (vec![NONE; nodes], vec![NONE; nodes]);
        let mut next = self.offset.clone();
        let (mut open, mut path) = (Vec::new(), Vec::new());
        let (mut clock, mut components) = (0, 0);
        for start in 0..nodes as u32 {
            if found[start as usize] == NONE {
                path.push(start);
            }
            while let Some(&node) = path.last() {
                let at = node as usize;
                if found[at] == NONE {
                    (found[at], low[at]) = (clock, clock);
                    clock += 1;
                    open.push(node);
                }
                if next[at] < self.offset[at + 1] {
                    let to = self.to[next[at]] as usize;
                    if found[to] == NONE {
                        // the arc is looked at again after the return
                        path.push(to as u32);
                        continue;
                    }
                    if component[to] == NONE {
                        low[at] = low[at].min(low[to]);
                    }
                    next[at] += 1;
                    continue;
                }
                path.pop();
                if low[at] == found[at] {
                    while let Some(member) = open.pop() {
                        component[member as usize] = components;
                        if member == node {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        component
    }
}
