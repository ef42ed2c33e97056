//! Whoever cannot reach anybody free never will, since no augmentation leads in there. Where searches keep coming back
//! to the same vertices in vain, these are found from the other end and left alone from then on.

use super::super::amount::Amount;
use super::Search;

/// Once searches have reached as many vertices as this part of all, it is worth finding out who is lost.
pub(super) const LOST_SHARE: usize = 4;
/// Level of a vertex that cannot reach anybody free.
pub(super) const LOST: u32 = u32::MAX - 1;

impl<A: Amount> Search<'_, A> {
    /// Marks everybody from whom no path leads to anybody free on the other side.
    pub(super) fn mark_lost(&mut self, others: std::ops::Range<u32>) {
        let vertices = self.spots.len();
        // Per root, whom it supports.
        let (mut first, mut behind) = (vec![u32::MAX; vertices], Vec::new());
        for (root, other) in self.supports.pairs() {
            behind.push((other, std::mem::replace(&mut first[root as usize], behind.len() as u32)));
        }
        let mut saved: Vec<bool> = vec![false; vertices];
        let mut queue = std::mem::take(&mut self.queue);
        queue.clear();
        queue.extend(others.filter(|&other| self.is_free(other) && self.spots[other as usize].level < LOST));
        for &other in &queue {
            saved[other as usize] = true;
        }
        while let Some(other) = queue.pop() {
            for &root in self.graph.neighbours(other) {
                if std::mem::replace(&mut saved[root as usize], true) {
                    continue;
                }
                let mut next = first[root as usize];
                while let Some(&(supported, behind)) = behind.get(next as usize) {
                    if !std::mem::replace(&mut saved[supported as usize], true) {
                        queue.push(supported);
                    }
                    next = behind;
                }
            }
        }
        self.queue = queue;
        for (spot, saved) in self.spots.iter_mut().zip(saved) {
            if !saved && !spot.is_peeled() {
                spot.level = LOST;
            }
        }
    }
}
