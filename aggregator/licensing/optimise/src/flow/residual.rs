//! The network laid out for the search: arcs of a node lie together, each beside the position of its reverse.
//!
//! Every phase measures the distance of all nodes to the sink backwards, then pushes along arcs that come one closer.

use super::{ArcId, Cut, FlowError, Network, UNLIMITED};

/// No way to the sink.
const FAR: u32 = u32::MAX;

/// A network with a flow on it. Raise capacities and [`augment`](Flow::augment) again: the flow found stays.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Arcs of node `v` are at `offset[v]..offset[v + 1]`.
    offset: Vec<u32>,
    head: Vec<u32>,
    /// Position of the same arc seen from its head.
    reverse: Vec<u32>,
    left: Vec<u64>,
    supply_left: Vec<u64>,
    drain_left: Vec<u64>,
    /// Position of each arc in the order of addition.
    place: Vec<u32>,
    value: u64,
    total: u64,
    distance: Vec<u32>,
    next: Vec<u32>,
    queue: Vec<u32>,
}

impl Flow {
    /// Lays the network out, without flow. Fails where the network is faulty or nothing limits its flow.
    pub fn new(network: &Network) -> Result<Self, FlowError> {
        if let Some(fault) = &network.fault {
            return Err(fault.clone());
        }
        let (nodes, arcs) = (network.supply.len(), network.arcs.len());
        if arcs > (u32::MAX / 2) as usize {
            return Err(FlowError::TooLarge { arcs });
        }
        let mut offset = vec![0_u32; nodes + 1];
        for arc in &network.arcs {
            offset[arc.from as usize + 1] += 1;
            offset[arc.to as usize + 1] += 1;
        }
        for node in 0..nodes {
            offset[node + 1] += offset[node];
        }
        let mut end = offset.clone();
        let mut take = |node: u32| {
            let place = end[node as usize];
            end[node as usize] += 1;
            place
        };
        let (mut head, mut reverse, mut left) = (vec![0; 2 * arcs], vec![0; 2 * arcs], vec![0; 2 * arcs]);
        let mut place = Vec::with_capacity(arcs);
        for arc in &network.arcs {
            let (there, back) = (take(arc.from), take(arc.to));
            (head[there as usize], head[back as usize]) = (arc.to, arc.from);
            (reverse[there as usize], reverse[back as usize]) = (back, there);
            left[there as usize] = arc.capacity;
            place.push(there);
        }
        let flow = Self {
            offset,
            head,
            reverse,
            left,
            supply_left: network.supply.clone(),
            drain_left: network.drain.clone(),
            place,
            value: 0,
            total: network.total,
            distance: vec![FAR; nodes],
            next: vec![0; nodes],
            queue: Vec::new(),
        };
        flow.check_limited()?;
        Ok(flow)
    }

    /// Without this check the flow could pass what a number holds; with it, it is at most the sum of all capacities.
    fn check_limited(&self) -> Result<(), FlowError> {
        let endless = |capacity: &u64| *capacity == UNLIMITED;
        let reached = self.reached(endless, endless);
        match (0..).zip(&reached).find(|&(node, &hit)| hit && self.drain_left[node as usize] == UNLIMITED) {
            Some((node, _)) => Err(FlowError::Unlimited { node }),
            None => Ok(()),
        }
    }

    /// Nodes reached from the source over capacities that `supplies` and `passes` accept.
    fn reached(&self, supplies: impl Fn(&u64) -> bool, passes: impl Fn(&u64) -> bool) -> Vec<bool> {
        let mut reached: Vec<bool> = self.supply_left.iter().map(supplies).collect();
        let mut stack: Vec<u32> = (0..).zip(&reached).filter(|(_, hit)| **hit).map(|(node, _)| node).collect();
        while let Some(node) = stack.pop() {
            let row = self.offset[node as usize] as usize..self.offset[node as usize + 1] as usize;
            for (&head, left) in self.head[row.clone()].iter().zip(&self.left[row]) {
                if passes(left) && !std::mem::replace(&mut reached[head as usize], true) {
                    stack.push(head);
                }
            }
        }
        reached
    }

    /// Value of the flow, which is that of the minimum cut after [`augment`](Self::augment).
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// What flows through an arc.
    #[must_use]
    pub fn through(&self, arc: ArcId) -> u64 {
        self.left[self.reverse[self.place[arc.0 as usize] as usize] as usize]
    }

    /// What the source could still give to `node`.
    #[must_use]
    pub fn supply_left(&self, node: u32) -> u64 {
        self.supply_left[node as usize]
    }

    /// What `node` could still give to the sink.
    #[must_use]
    pub fn drain_left(&self, node: u32) -> u64 {
        self.drain_left[node as usize]
    }

    /// Raises the capacity from the source to `node`.
    pub fn raise_supply(&mut self, node: u32, by: u64) -> Result<(), FlowError> {
        self.count(node, by)?;
        self.supply_left[node as usize] = self.supply_left[node as usize].saturating_add(by);
        Ok(())
    }

    /// Raises the capacity from `node` to the sink.
    pub fn raise_drain(&mut self, node: u32, by: u64) -> Result<(), FlowError> {
        self.count(node, by)?;
        self.drain_left[node as usize] = self.drain_left[node as usize].saturating_add(by);
        Ok(())
    }

    /// Only by limited amounts: so what was limited stays limited.
    fn count(&mut self, node: u32, by: u64) -> Result<(), FlowError> {
        let nodes = self.supply_left.len() as u32;
        if node >= nodes {
            return Err(FlowError::UnknownNode { node, nodes });
        }
        let total = self.total.checked_add(by).filter(|&total| total <= super::GREATEST_TOTAL);
        self.total = total.ok_or(FlowError::TooMuch)?;
        Ok(())
    }

    /// Makes the flow maximal.
    pub fn augment(&mut self) {
        while self.measure() {
            let nodes = self.next.len();
            self.next.copy_from_slice(&self.offset[..nodes]);
            for node in 0..self.supply_left.len() as u32 {
                if self.supply_left[node as usize] > 0 && self.distance[node as usize] != FAR {
                    self.push_from(node);
                }
            }
        }
    }

    /// Distances to the sink over what is left; false when no node with supply reaches it.
    fn measure(&mut self) -> bool {
        self.distance.fill(FAR);
        self.queue.clear();
        for (node, &left) in (0..).zip(&self.drain_left) {
            if left > 0 {
                self.distance[node as usize] = 0;
                self.queue.push(node);
            }
        }
        let mut found = false;
        let mut at = 0;
        while let Some(&node) = self.queue.get(at) {
            at += 1;
            found |= self.supply_left[node as usize] > 0;
            let further = self.distance[node as usize] + 1;
            for place in self.offset[node as usize]..self.offset[node as usize + 1] {
                let before = self.head[place as usize];
                if self.distance[before as usize] == FAR && self.left[self.reverse[place as usize] as usize] > 0 {
                    self.distance[before as usize] = further;
                    self.queue.push(before);
                }
            }
        }
        found
    }

    /// Pushes all it can from one node along arcs that come one closer to the sink; `queue` is the path.
    fn push_from(&mut self, start: u32) {
        self.queue.clear();
        let mut node = start;
        loop {
            if self.distance[node as usize] == 0 && self.drain_left[node as usize] > 0 {
                let narrowest = self.queue.iter().map(|&place| self.left[place as usize]).min().unwrap_or(UNLIMITED);
                let amount = narrowest.min(self.supply_left[start as usize]).min(self.drain_left[node as usize]);
                self.supply_left[start as usize] -= amount;
                self.drain_left[node as usize] -= amount;
                self.value += amount;
                let mut full = None;
                for (step, &place) in self.queue.iter().enumerate() {
                    self.left[place as usize] -= amount;
                    self.left[self.reverse[place as usize] as usize] += amount;
                    if full.is_none() && self.left[place as usize] == 0 {
                        full = Some(step);
                    }
                }
                if self.supply_left[start as usize] == 0 {
                    return;
                }
                // Go on from where the path still leads to.
                if let Some(step) = full {
                    node = self.head[self.reverse[self.queue[step] as usize] as usize];
                    self.queue.truncate(step);
                }
                continue;
            }
            let end = self.offset[node as usize + 1];
            let distance = self.distance[node as usize];
            let mut place = self.next[node as usize];
            while place < end {
                let head = self.head[place as usize];
                let closer = self.distance[head as usize];
                if self.left[place as usize] > 0 && closer != FAR && closer + 1 == distance {
                    break;
                }
                place += 1;
            }
            self.next[node as usize] = place;
            if place < end {
                self.queue.push(place);
                node = self.head[place as usize];
                continue;
            }
            self.distance[node as usize] = FAR;
            match self.queue.pop() {
                Some(place) => node = self.head[self.reverse[place as usize] as usize],
                None => return,
            }
        }
    }

    /// The minimum cut; only after [`augment`](Self::augment).
    #[must_use]
    pub fn cut(&self) -> Cut {
        let more = |left: &u64| *left > 0;
        Cut {
            value: self.value,
            source_side: self.reached(more, more),
            // The last, failed measurement found all that reach the sink.
            largest_source_side: self.distance.iter().map(|&distance| distance == FAR).collect(),
        }
    }
}
