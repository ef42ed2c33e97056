//! Minimum cut of a network: which nodes belong to the source and which to the sink, so that the arcs between cost least.
//!
//! Choices that hang together are cuts: bundles of licences, the mode of a host, levels of versions. Knows nodes,
//! capacities and whole numbers only. Dinic's method on compact arrays, without recursion; deterministic, one thread.

mod residual;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use residual::Flow;

/// A capacity that no cut may pay: the two ends stay together.
pub const UNLIMITED: u64 = u64::MAX;

/// All capacities that are not [`UNLIMITED`] together stay within this, so that no sum can wrap.
pub const GREATEST_TOTAL: u64 = u64::MAX / 4;

/// Why a network has no minimum cut.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FlowError {
    /// An arc or a terminal names a node that does not exist.
    #[error("node {node} is named, but there are {nodes} nodes")]
    UnknownNode {
        /// The number named.
        node: u32,
        /// Number of nodes.
        nodes: u32,
    },
    /// The capacities together are above [`GREATEST_TOTAL`].
    #[error("the capacities add up to more than {GREATEST_TOTAL}; use a coarser unit")]
    TooMuch,
    /// Positions are 32 bits wide.
    #[error("{arcs} arcs are too many; the limit is {}", u32::MAX / 2)]
    TooLarge {
        /// Number of arcs.
        arcs: usize,
    },
    /// Only unlimited arcs lead from the source to the sink, so every cut pays without end.
    #[error("nothing limits the flow through node {node}")]
    Unlimited {
        /// A node on the way.
        node: u32,
    },
}

/// A network between an implicit source and an implicit sink.
#[derive(Debug, Clone, Default)]
pub struct Network {
    supply: Vec<u64>,
    drain: Vec<u64>,
    arcs: Vec<Arc>,
    total: u64,
    fault: Option<FlowError>,
}

#[derive(Debug, Clone, Copy)]
struct Arc {
    from: u32,
    to: u32,
    capacity: u64,
}

/// Names an arc of a [`Network`], in the order of addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArcId(u32);

/// A minimum cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What the arcs from the source side to the sink side cost; also the value of the maximum flow, which proves it.
    pub value: u64,
    /// Per node: does it belong to the source in every minimum cut? The smallest source side there is.
    pub source_side: Vec<bool>,
    /// Per node: does it belong to the source in some minimum cut? The largest source side there is.
    pub largest_source_side: Vec<bool>,
}

impl Network {
    /// `nodes` nodes, numbered from 0, without any arc.
    #[must_use]
    pub fn new(nodes: u32) -> Self {
        let none = vec![0; nodes as usize];
        Self { supply: none.clone(), drain: none, ..Self::default() }
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.supply.len() as u32
    }

    /// One more node; its number.
    pub fn add_node(&mut self) -> u32 {
        self.supply.push(0);
        self.drain.push(0);
        self.nodes() - 1
    }

    /// Adds `capacity` from the source to `node`: what a cut pays when the node belongs to the sink.
    pub fn add_supply(&mut self, node: u32, capacity: u64) {
        self.count(capacity);
        let nodes = self.nodes();
        match self.supply.get_mut(node as usize) {
            Some(supply) => *supply = supply.saturating_add(capacity),
            None => self.fail(FlowError::UnknownNode { node, nodes }),
        }
    }

    /// Adds `capacity` from `node` to the sink: what a cut pays when the node belongs to the source.
    pub fn add_drain(&mut self, node: u32, capacity: u64) {
        self.count(capacity);
        let nodes = self.nodes();
        match self.drain.get_mut(node as usize) {
            Some(drain) => *drain = drain.saturating_add(capacity),
            None => self.fail(FlowError::UnknownNode { node, nodes }),
        }
    }

    /// Adds an arc: what a cut pays when `from` belongs to the source and `to` to the sink.
    pub fn add_arc(&mut self, from: u32, to: u32, capacity: u64) -> ArcId {
        self.count(capacity);
        let nodes = self.nodes();
        for node in [from, to] {
            if node >= nodes {
                self.fail(FlowError::UnknownNode { node, nodes });
            }
        }
        self.arcs.push(Arc { from, to, capacity });
        ArcId((self.arcs.len() - 1) as u32)
    }

    /// The minimum cut. To read the flow or to go on with more capacity, use [`Flow`].
    pub fn minimum_cut(&self) -> Result<Cut, FlowError> {
        let mut flow = Flow::new(self)?;
        flow.augment();
        Ok(flow.cut())
    }

    fn count(&mut self, capacity: u64) {
        if capacity != UNLIMITED {
            match self.total.checked_add(capacity).filter(|&total| total <= GREATEST_TOTAL) {
                Some(total) => self.total = total,
                None => self.fail(FlowError::TooMuch),
            }
        }
    }

    /// Remembers the first fault; it is told when the network is solved.
    fn fail(&mut self, fault: FlowError) {
        self.fault.get_or_insert(fault);
    }
}
