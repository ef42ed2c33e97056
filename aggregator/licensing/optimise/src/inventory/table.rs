//! One choice from each of many menus, so that the sum fits: dynamic programming over the number of lefts.
//!
//! Knows nothing of graphs.

// numbers of lefts stay below 2^32 either way
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

/// One way to cover a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Choice {
    /// Lefts more than with the first choice of the menu, or fewer.
    pub lefts: i64,
    /// By how much its weight exceeds the least of the part.
    pub extra: i64,
}

/// The least extra per number of lefts, all menus together.
pub(super) struct Table<'menus> {
    menus: &'menus [Vec<Choice>],
    /// Number of lefts of the first entry of `least`.
    first: i64,
    least: Vec<i64>,
    /// Per menu and number of lefts, the choice taken; in rows as long as `least`.
    taken: Vec<u16>,
}

/// Entries of `taken` at most.
const ROOM: u64 = 1 << 26;
const NONE: i64 = i64::MAX;

impl<'menus> Table<'menus> {
    /// Of all combinations whose extra is at most `limit`. The first choice of each menu has neither lefts nor extra.
    /// `None` if it were too much work; what is used is taken off `work`.
    pub fn of(menus: &'menus [Vec<Choice>], limit: i64, work: &mut u64) -> Option<Self> {
        let side = |of: fn(&Choice) -> i64, least: bool| -> Option<i64> {
            menus.iter().try_fold(0_i64, |sum, menu| {
                let lefts = menu.iter().map(of);
                sum.checked_add(if least { lefts.min() } else { lefts.max() }.unwrap_or(0))
            })
        };
        let (first, last) = (side(|choice| choice.lefts, true)?, side(|choice| choice.lefts, false)?);
        let width = u64::try_from(last.checked_sub(first)?).ok()?.checked_add(1)?;
        let choices: usize = menus.iter().map(Vec::len).sum();
        let cells = width.checked_mul(menus.len() as u64).filter(|&cells| cells <= ROOM)?;
        *work = work.checked_sub(width.checked_mul(choices as u64)?)?;
        if menus.iter().any(|menu| menu.len() > usize::from(u16::MAX)) {
            return None;
        }

        let width = width as usize;
        let mut least = vec![NONE; width];
        least[(-first) as usize] = 0;
        // the entries that can hold anything so far
        let (mut low, mut high) = (-first, -first);
        let mut taken = vec![0_u16; cells as usize];
        let mut next = vec![NONE; width];
        for (menu, taken) in menus.iter().zip(taken.chunks_exact_mut(width)) {
            next.fill(NONE);
            for (number, choice) in (0..).zip(menu).filter(|(_, choice)| choice.extra <= limit) {
                for at in low..=high {
                    let extra = least[at as usize];
                    if extra > limit - choice.extra {
                        continue;
                    }
                    let to = (at + choice.lefts) as usize;
                    if extra + choice.extra < next[to] {
                        next[to] = extra + choice.extra;
                        taken[to] = number;
                    }
                }
            }
            let lefts = || menu.iter().map(|choice| choice.lefts);
            low += lefts().min().unwrap_or(0);
            high += lefts().max().unwrap_or(0);
            std::mem::swap(&mut least, &mut next);
        }
        Some(Self { menus, first, least, taken })
    }

    /// Lefts and least extra of every sum within the limit.
    pub fn sums(&self) -> impl Iterator<Item = (i64, i64)> {
        (self.first..).zip(&self.least).filter(|(_, extra)| **extra != NONE).map(|(lefts, &extra)| (lefts, extra))
    }

    /// The choice from each menu for a sum.
    pub fn choices(&self, lefts: i64) -> Vec<usize> {
        let width = self.least.len();
        let mut at = lefts - self.first;
        let mut choices = vec![0; self.menus.len()];
        for (place, menu) in self.menus.iter().enumerate().rev() {
            let number = usize::from(self.taken[place * width + at as usize]);
            choices[place] = number;
            at -= menu[number].lefts;
        }
        choices
    }
}
