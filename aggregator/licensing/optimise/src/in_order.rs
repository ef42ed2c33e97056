//! The cheap start: everybody on one side, taken in order, puts what it can on neighbours who still bear it. Where
//! evidence comes in order and everybody has a machine of his own, or every machine its user, this nearly exhausts the
//! side, and peeling would find little to add. Who is to fail often fails early, and that ends the attempt.

use super::amount::Amount;
use super::graph::Adjacency;
use super::peel::Push;

/// Demand that leaves hardly anything of one side; the demand itself is in the log.
pub(super) struct Start<A> {
    /// Whether it is the side of the users that is exhausted.
    pub users: bool,
    /// Who of that side is not, and what it can still bear; ascending.
    pub free: Vec<(u32, A)>,
    /// What each of the other side bears.
    pub borne: Vec<A>,
}

/// So many may fail at once, and beyond that one in [`SHARE`] of those tried.
const FEW: usize = 8;
const SHARE: u32 = 512;

/// A start from the users, or else from the devices, if either exhausts nearly all. Replaces what is in `log`.
pub(super) fn start<A: Amount>(
    graph: &Adjacency,
    capacity: impl Fn(u32) -> A,
    log: &mut Vec<Push>,
) -> Option<Start<A>> {
    start_from(graph, true, &capacity, log).or_else(|| start_from(graph, false, &capacity, log))
}

fn start_from<A: Amount>(
    graph: &Adjacency,
    users: bool,
    capacity: impl Fn(u32) -> A,
    log: &mut Vec<Push>,
) -> Option<Start<A>> {
    let (side, others) =
        if users { (graph.side(true), graph.side(false)) } else { (graph.side(false), graph.side(true)) };
    log.clear();
    let mut free = Vec::new();
    // Zeros that are not looked at cost nothing, and most attempts end soon.
    let mut borne = vec![A::default(); others.len()];
    for (vertex, tried) in side.zip(0..) {
        let mut left = capacity(vertex);
        for &other in graph.neighbours(vertex) {
            if left.is_zero() {
                break;
            }
            let borne = &mut borne[(other - others.start) as usize];
            let mut bears = capacity(other);
            bears -= *borne;
            let amount = bears.min(left);
            if !amount.is_zero() {
                *borne += amount;
                left -= amount;
                log.push(Push { leaf: vertex, hub: other, amount: amount.into() });
            }
        }
        if !left.is_zero() {
            free.push((vertex, left));
            if free.len() > FEW + (tried / SHARE) as usize {
                return None;
            }
        }
    }
    Some(Start { users, free, borne })
}
