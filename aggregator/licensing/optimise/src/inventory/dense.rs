//! Demand within a part of some hundred vertices, many of which share pairs: rows of bits, and a flow that is kept from one
//! question to the next.
//!
//! Whatever was asked before, the flow stays one that no vertex bears too much of; for the next question what is gone is taken
//! out and the rest filled up. So a question costs about as much as what differs from the one before.

use std::ops::Range;

/// Which vertices of one side are meant.
pub(super) type Bits = Vec<u64>;

/// Words for so many bits.
fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

pub(super) fn none(bits: usize) -> Bits {
    vec![0; words(bits)]
}

pub(super) fn insert(row: &mut [u64], bit: usize) {
    row[bit / 64] |= 1 << (bit % 64);
}

fn remove(row: &mut [u64], bit: usize) {
    row[bit / 64] &= !(1 << (bit % 64));
}

pub(super) fn has(row: &[u64], bit: usize) -> bool {
    row[bit / 64] >> (bit % 64) & 1 == 1
}

pub(super) fn count(row: &[u64]) -> u64 {
    row.iter().map(|word| u64::from(word.count_ones())).sum()
}

pub(super) fn count_both(one: &[u64], other: &[u64]) -> u64 {
    one.iter().zip(other).map(|(one, other)| u64::from((one & other).count_ones())).sum()
}

/// The bits of a row, ascending.
pub(super) fn bits(row: &[u64]) -> impl Iterator<Item = usize> {
    (0..).zip(row).flat_map(|(at, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| at * 64 + rest.trailing_zeros() as usize);
            rest &= rest.wrapping_sub(1);
            bit
        })
    })
}

fn first_both(one: &[u64], other: &[u64]) -> Option<usize> {
    let both = one.iter().zip(other).map(|(one, other)| one & other);
    both.enumerate().find(|(_, word)| *word != 0).map(|(at, word)| at * 64 + word.trailing_zeros() as usize)
}

/// One of two sides.
struct Side {
    count: usize,
    /// Words of a row: one bit per vertex of the other side.
    words: usize,
    adjacent: Vec<u64>,
    /// With whom it bears demand.
    bears: Vec<u64>,
    load: Vec<u64>,
    /// How much each may bear.
    weight: u64,
    /// Of this side, who takes part.
    alive: Bits,
    /// Of this side, who takes part and may bear more.
    free: Bits,
    /// Of this side, who was met on the way from free lefts.
    met: Bits,
}

impl Side {
    fn of(count: usize, others: usize) -> Self {
        let row = words(others);
        Self {
            count,
            words: row,
            adjacent: vec![0; count * row],
            bears: vec![0; count * row],
            load: vec![0; count],
            weight: 0,
            alive: none(count),
            free: none(count),
            met: none(count),
        }
    }

    fn row(&self, vertex: usize) -> Range<usize> {
        vertex * self.words..(vertex + 1) * self.words
    }

    fn set_load(&mut self, vertex: usize, load: u64) {
        self.load[vertex] = load;
        if has(&self.alive, vertex) && load < self.weight {
            insert(&mut self.free, vertex);
        } else {
            remove(&mut self.free, vertex);
        }
    }
}

/// The part with the demand of the last question.
pub(super) struct Dense {
    left: Side,
    right: Side,
    /// Demand per left and right, in rows of rights.
    amount: Vec<u32>,
    /// Lefts and rights by their distance from free lefts.
    layers: Vec<[Bits; 2]>,
    /// Steps so far, of a word each.
    pub steps: u64,
}

impl Dense {
    pub fn of(lefts: usize, rights: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let (mut left, mut right) = (Side::of(lefts, rights), Side::of(rights, lefts));
        for (one, other) in pairs {
            let (row, column) = (left.row(one), right.row(other));
            insert(&mut left.adjacent[row], other);
            insert(&mut right.adjacent[column], one);
        }
        Self { left, right, amount: vec![0; lefts * rights], layers: Vec::new(), steps: 0 }
    }

    /// How many lefts and rights.
    pub fn counts(&self) -> [usize; 2] {
        [self.left.count, self.right.count]
    }

    pub fn of_left(&self, left: usize) -> &[u64] {
        &self.left.adjacent[self.left.row(left)]
    }

    pub fn of_right(&self, right: usize) -> &[u64] {
        &self.right.adjacent[self.right.row(right)]
    }

    /// Steps of looking at every pair once.
    pub fn size(&self) -> u64 {
        (self.left.count * self.left.words + self.right.count * self.right.words) as u64
    }

    /// The greatest demand among those alive, each of which bears at most the weight of its side; no more is looked for when it is
    /// above `enough` (Dinic 1970).
    pub fn demand(&mut self, alive: [&Bits; 2], weights: [u64; 2], enough: u64) -> u64 {
        self.fit(alive, weights);
        let mut total: u64 = self.left.load.iter().sum();
        while total <= enough && self.measure() {
            let roots: Vec<usize> = bits(&self.left.free).collect();
            for root in roots {
                while has(&self.left.free, root) {
                    match self.push_from(root) {
                        0 => break,
                        more => total += more,
                    }
                }
            }
        }
        total
    }

    /// Lays out layers from free lefts to the first free rights; whether there are any.
    fn measure(&mut self) -> bool {
        self.steps += self.size();
        self.layers.clear();
        self.left.met.copy_from_slice(&self.left.free);
        self.right.met.fill(0);
        let mut lefts = self.left.free.clone();
        loop {
            let mut rights = vec![0; self.right.alive.len()];
            for left in bits(&lefts) {
                let row = &self.left.adjacent[self.left.row(left)];
                rights.iter_mut().zip(row).for_each(|(rights, row)| *rights |= row);
            }
            for ((rights, met), alive) in rights.iter_mut().zip(&mut self.right.met).zip(&self.right.alive) {
                *rights &= alive & !*met;
                *met |= *rights;
            }
            if rights.iter().all(|word| *word == 0) {
                return false;
            }
            let reached = rights.iter().zip(&self.right.free).any(|(rights, free)| rights & free != 0);
            let mut next = vec![0; self.left.alive.len()];
            if reached {
                rights.iter_mut().zip(&self.right.free).for_each(|(rights, free)| *rights &= free);
            } else {
                for right in bits(&rights) {
                    let row = &self.right.bears[self.right.row(right)];
                    next.iter_mut().zip(row).for_each(|(next, row)| *next |= row);
                }
                for (next, met) in next.iter_mut().zip(&mut self.left.met) {
                    *next &= !*met;
                    *met |= *next;
                }
            }
            self.layers.push([lefts, rights]);
            if reached {
                return true;
            }
            lefts = next;
        }
    }

    /// After [`Dense::demand`]: a cover of those alive that weighs as much, lefts and rights.
    pub fn cover(&self) -> [Bits; 2] {
        let lefts = self.left.alive.iter().zip(&self.left.met).map(|(alive, met)| alive & !met).collect();
        [lefts, self.right.met.clone()]
    }

    /// Takes out what those who are gone bear, and what is too much for the rest.
    fn fit(&mut self, alive: [&Bits; 2], weights: [u64; 2]) {
        for (side, (alive, weight)) in [&mut self.left, &mut self.right].into_iter().zip(alive.into_iter().zip(weights))
        {
            side.alive.copy_from_slice(alive);
            side.weight = weight;
        }
        for left in 0..self.left.count {
            let most = if has(&self.left.alive, left) { self.left.weight } else { 0 };
            while self.left.load[left] > most {
                let row = self.left.row(left);
                let Some(right) = bits(&self.left.bears[row]).next() else { break };
                self.take(left, right, self.left.load[left] - most);
            }
        }
        for right in 0..self.right.count {
            let most = if has(&self.right.alive, right) { self.right.weight } else { 0 };
            while self.right.load[right] > most {
                let row = self.right.row(right);
                let Some(left) = bits(&self.right.bears[row]).next() else { break };
                self.take(left, right, self.right.load[right] - most);
            }
        }
        for side in [&mut self.left, &mut self.right] {
            side.free.fill(0);
            for vertex in 0..side.count {
                side.set_load(vertex, side.load[vertex]);
            }
        }
    }

    fn take(&mut self, left: usize, right: usize, most: u64) {
        let at = left * self.right.count + right;
        let taken = u64::from(self.amount[at]).min(most);
        self.amount[at] -= taken as u32;
        if self.amount[at] == 0 {
            let (row, column) = (self.left.row(left), self.right.row(right));
            remove(&mut self.left.bears[row], right);
            remove(&mut self.right.bears[column], left);
        }
        self.left.load[left] -= taken;
        self.right.load[right] -= taken;
    }

    fn give(&mut self, left: usize, right: usize, more: u64) {
        let at = left * self.right.count + right;
        self.amount[at] += more as u32;
        let (row, column) = (self.left.row(left), self.right.row(right));
        insert(&mut self.left.bears[row], right);
        insert(&mut self.right.bears[column], left);
    }

    /// One way from a free left to a free right, layer by layer; how much more demand it brings.
    fn push_from(&mut self, root: usize) -> u64 {
        // lefts on the way and the right after each but the last
        let mut path: Vec<(usize, usize)> = Vec::new();
        let mut left = root;
        loop {
            self.steps += (self.left.words + self.right.words) as u64;
            let depth = path.len();
            let Some(right) = first_both(&self.left.adjacent[self.left.row(left)], &self.layers[depth][1]) else {
                remove(&mut self.layers[depth][0], left);
                let Some((before, _)) = path.pop() else { return 0 };
                left = before;
                continue;
            };
            if depth + 1 == self.layers.len() {
                let more = self.push(root, &path, left, right);
                if !has(&self.right.free, right) {
                    remove(&mut self.layers[depth][1], right);
                }
                return more;
            }
            match first_both(&self.right.bears[self.right.row(right)], &self.layers[depth + 1][0]) {
                Some(then) => {
                    path.push((left, right));
                    left = then;
                }
                None => remove(&mut self.layers[depth][1], right),
            }
        }
    }

    fn push(&mut self, root: usize, path: &[(usize, usize)], last: usize, right: usize) -> u64 {
        let rights = self.right.count;
        // the demand of a right on the way is handed from the left after it to the left before it
        let after = |at: usize| path.get(at + 1).map_or(last, |next| next.0);
        let borne = (0..path.len()).map(|at| u64::from(self.amount[after(at) * rights + path[at].1]));
        let room = (self.left.weight - self.left.load[root]).min(self.right.weight - self.right.load[right]);
        let more = borne.fold(room, u64::min);
        for (at, &(before, on)) in path.iter().enumerate() {
            self.give(before, on, more);
            let place = after(at) * rights + on;
            self.amount[place] -= more as u32;
            if self.amount[place] == 0 {
                let then = after(at);
                let (row, column) = (self.left.row(then), self.right.row(on));
                remove(&mut self.left.bears[row], on);
                remove(&mut self.right.bears[column], then);
            }
        }
        self.give(last, right, more);
        self.left.set_load(root, self.left.load[root] + more);
        self.right.set_load(right, self.right.load[right] + more);
        more
    }
}
