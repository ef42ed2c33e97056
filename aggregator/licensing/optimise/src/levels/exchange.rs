//! Small exchanges that make a purchase better: one holder goes down, and those come up who relied on it; or one goes up, and those go
//! down who needed their level for its sake only.

use super::{Level, Work, chains::Chains};

/// Times that everybody is tried.
const ROUNDS: usize = 4;

/// Takes every exchange that makes what `worth` says about the counts less.
pub(super) fn improved<Worth: Ord>(
    chains: &Chains,
    levels: &mut [Level],
    worth: impl Fn(&[u64]) -> Worth,
    work: &mut Work,
) {
    let mut state = State { chains, counts: chains.counts(levels), levels, moves: Vec::new() };
    let mut least = worth(&state.counts);
    for _ in 0..ROUNDS {
        let mut better = false;
        for vertex in 0..state.levels.len() {
            let tried = chains.tried(vertex);
            if tried.is_empty() || !work.take(1) {
                continue;
            }
            for &level in tried {
                let now = state.levels[vertex];
                let steps = match level.cmp(&now) {
                    std::cmp::Ordering::Less => state.lower(vertex, level),
                    std::cmp::Ordering::Greater => state.raise(vertex, level),
                    std::cmp::Ordering::Equal => continue,
                };
                let then = worth(&state.counts);
                if then < least {
                    (least, better) = (then, true);
                    state.moves.clear();
                } else {
                    state.undo();
                }
                if !work.take(steps) {
                    return;
                }
            }
        }
        if !better {
            break;
        }
    }
}

struct State<'a> {
    chains: &'a Chains,
    levels: &'a mut [Level],
    counts: Vec<u64>,
    /// What was changed since the last that was kept, with the level before.
    moves: Vec<(usize, Level)>,
}

impl State<'_> {
    fn set(&mut self, vertex: usize, level: Level) {
        let before = std::mem::replace(&mut self.levels[vertex], level);
        self.chains.count(&mut self.counts, vertex, before, level);
        self.moves.push((vertex, before));
    }

    /// How many pairs were looked at, here as below.
    fn lower(&mut self, vertex: usize, level: Level) -> u64 {
        self.set(vertex, level);
        let row = self.chains.rows.of(vertex as u32);
        for &(other, needed) in row {
            if needed > level && self.levels[other as usize] < needed {
                self.set(other as usize, needed);
            }
        }
        row.len() as u64
    }

    fn raise(&mut self, vertex: usize, level: Level) -> u64 {
        let before = self.levels[vertex];
        self.set(vertex, level);
        let row = self.chains.rows.of(vertex as u32);
        let mut steps = row.len();
        for &(other, needed) in row {
            let held = self.levels[other as usize];
            if needed == held && held > before && held <= level {
                let (least, looked_at) = self.chains.needed(self.levels, other as usize);
                steps += looked_at;
                if least < held {
                    self.set(other as usize, least);
                }
            }
        }
        steps as u64
    }

    fn undo(&mut self) {
        while let Some((vertex, before)) = self.moves.pop() {
            let now = std::mem::replace(&mut self.levels[vertex], before);
            self.chains.count(&mut self.counts, vertex, now, before);
        }
    }
}
