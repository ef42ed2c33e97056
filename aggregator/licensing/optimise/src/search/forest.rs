//! Many augmenting paths at once, as a forest: for chains so long that a single path is mostly waiting for memory.

use super::super::amount::Amount;
use super::Search;
use super::support::END;

/// Vertices whose memory is touched ahead together.
const FRONT: usize = 32;

impl<A: Amount> Search<'_, A> {
    /// Grows a tree from every free root, all of them in turn, until each has met a free vertex of the other side or
    /// nothing is left that no tree has taken. On long chains of single units a path is mostly waiting for memory, which
    /// trees do together.
    pub(super) fn grow_forest(&mut self, free: &[u32]) {
        let mut queue: Vec<(u32, u32)> =
            free.iter().copied().zip(0..).filter(|&(root, _)| self.is_free(root)).collect();
        for &(root, _) in &queue {
            self.spots[root as usize].level = self.base;
        }
        let mut done = vec![false; free.len()];
        let mut head = 0;
        let graph = self.graph;
        while head < queue.len() {
            if head % FRONT == 0 {
                self.touch_front(&queue[head..queue.len().min(head + FRONT)]);
            }
            let (root, tree) = queue[head];
            head += 1;
            if done[tree as usize] {
                continue;
            }
            for &other in graph.neighbours(root) {
                let spot = &mut self.spots[other as usize];
                if spot.level >= self.base {
                    continue;
                }
                (spot.level, spot.next) = (self.base, root);
                if self.is_free(other) {
                    self.push_down_tree(free[tree as usize], other);
                    done[tree as usize] = true;
                    break;
                }
                let mut link = *self.first(other);
                while link != END {
                    let supporter = self.supports.root(link);
                    let spot = &mut self.spots[supporter as usize];
                    if spot.level < self.base {
                        (spot.level, spot.next) = (self.base, link);
                        queue.push((supporter, tree));
                    }
                    link = self.supports.next(link);
                }
            }
        }
    }

    /// Reads what the vertices next in turn are about to need.
    fn touch_front(&self, front: &[(u32, u32)]) {
        for &(root, _) in front {
            for &other in self.graph.neighbours(root).iter().take(4) {
                std::hint::black_box(self.spots[other as usize].level);
            }
        }
    }

    /// Pushes one unit from the root of a tree to `end`, which it has met. In a tree, `next` of a root is the link to
    /// its share in the vertex it came from, and `next` of others the root they came from.
    fn push_down_tree(&mut self, start: u32, end: u32) {
        let one = A::of(1);
        let mut root = self.spots[end as usize].next;
        let first = &mut self.first[(end - self.others_start) as usize];
        *first = self.supports.add(*first, end, root, 1);
        self.residual[end as usize] -= one;
        while root != start {
            let link = self.spots[root as usize].next;
            let other = self.supports.other(link);
            root = self.spots[other as usize].next;
            let first = &mut self.first[(other - self.others_start) as usize];
            (*first, _) = self.supports.exchange(*first, other, link, root, 1);
        }
        self.residual[start as usize] -= one;
    }
}
