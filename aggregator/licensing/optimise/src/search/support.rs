//! Who puts demand on whom: per vertex of one side, a list of the vertices of the other it shares demand with.
//! The lists are threaded through the log of pushes, so that none of it has to be moved to where it is looked up.

use super::super::amount::Amount;
use super::super::peel::Push;

/// A place in a list: twice the index of an entry, and one more if another entry may follow it. [`END`] after the last.
pub(super) type Link = u32;

/// The end of a list; the whole list of who shares no demand.
pub(super) const END: Link = u32::MAX;

/// The demand of every pair with any, by the side that is not searched from. Callers keep the first link of each list.
pub(super) struct Supports {
    log: Vec<Push>,
    /// Entries of the log before these are settled.
    kept: usize,
    /// What follows each entry in its list.
    behind: Vec<Link>,
    /// Whether an entry was emptied and left its list.
    emptied: bool,
}

impl Supports {
    /// The pushes of `log` behind the first `kept`, every pair at most once. `turned` says of a push whether its hub is
    /// the root. `thread` lets the list of a vertex start at the entry of that index, and returns where it started.
    pub fn new(
        mut log: Vec<Push>,
        kept: usize,
        turned: impl Fn(&Push) -> bool,
        mut thread: impl FnMut(u32, u32) -> Link,
    ) -> Self {
        let mut behind = Vec::with_capacity(log.len() - kept);
        for (index, push) in log[kept..].iter_mut().enumerate() {
            if turned(push) {
                (push.leaf, push.hub) = (push.hub, push.leaf);
            }
            behind.push(thread(push.hub, index as u32));
        }
        Self { log, kept, behind, emptied: false }
    }

    fn entry(&mut self, link: Link) -> &mut Push {
        &mut self.log[self.kept + (link / 2) as usize]
    }

    pub fn root(&self, link: Link) -> u32 {
        self.log[self.kept + (link / 2) as usize].leaf
    }

    pub fn other(&self, link: Link) -> u32 {
        self.log[self.kept + (link / 2) as usize].hub
    }

    pub fn amount<A: Amount>(&self, link: Link) -> A {
        A::of(self.log[self.kept + (link / 2) as usize].amount)
    }

    /// The next place of the list.
    pub fn next(&self, link: Link) -> Link {
        if link.is_multiple_of(2) { END } else { self.behind[(link / 2) as usize] }
    }

    /// More demand on a pair, new or known. `first` is where the list of `other` starts, and is returned as it is now.
    pub fn add(&mut self, first: Link, other: u32, root: u32, amount: u64) -> Link {
        if let Some((_, known)) = self.find(first, root) {
            self.entry(known).amount += amount;
            return first;
        }
        let index = self.behind.len() as u32;
        self.log.push(Push { leaf: root, hub: other, amount });
        self.behind.push(first);
        link_to(index, first)
    }

    /// Moves `amount` of the demand at `link` over to `root`. Where the list of `other` starts now, and where a scan
    /// that stands at `link` stands now.
    pub fn exchange(&mut self, first: Link, other: u32, link: Link, root: u32, amount: u64) -> (Link, Link) {
        self.entry(link).amount -= amount;
        if self.entry(link).amount > 0 {
            return (self.add(first, other, root, amount), link);
        }
        let Some((_, known)) = self.find(first, root) else {
            // The newcomer takes the place.
            (self.entry(link).leaf, self.entry(link).amount) = (root, amount);
            return (first, link);
        };
        self.entry(known).amount += amount;
        self.emptied = true;
        let gone = self.entry(link).leaf;
        let next = self.next(link);
        match self.find(first, gone) {
            Some((END, _)) | None => (next, next),
            Some((before, _)) => {
                self.behind[(before / 2) as usize] = next;
                (first, next)
            }
        }
    }

    /// The entry of `root` in a list, and the one before it.
    fn find(&self, first: Link, root: u32) -> Option<(Link, Link)> {
        let (mut before, mut link) = (END, first);
        while link != END {
            if self.root(link) == root {
                return Some((before, link));
            }
            (before, link) = (link, self.next(link));
        }
        None
    }

    /// The log with all demand.
    pub fn into_log(self) -> Vec<Push> {
        let Self { mut log, emptied, .. } = self;
        if emptied {
            log.retain(|push| push.amount > 0);
        }
        log
    }

    /// Every pair with demand, as root and other.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.log[self.kept..].iter().filter(|push| push.amount > 0).map(|push| (push.leaf, push.hub))
    }
}

/// The link to an entry that stands before `next`.
pub(super) fn link_to(index: u32, next: Link) -> Link {
    2 * index + u32::from(next != END)
}
