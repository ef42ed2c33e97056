//! Two-sided compressed rows: who is next to whom, users first, then devices. Knows no names.

use super::rows::{Rows, group};

/// Row `v` of `adjacent` is `offset[v]..offset[v + 1]`.
#[derive(Debug, Clone)]
pub(crate) struct Adjacency {
    /// Vertices before this one are users.
    pub(super) split: u32,
    /// Whether neighbours are seldom neighbours in memory.
    pub(super) far: bool,
    pub(super) offset: Vec<u32>,
    pub(super) adjacent: Vec<u32>,
}

/// Entries that [`Adjacency::total_rows`] adds up at a time; the totals stay in the first-level cache.
const STRETCH: usize = 1 << 8;

impl Adjacency {
    /// From rows that are already two-sided and free of duplicates.
    pub fn from_rows(split: u32, far: bool, offset: Vec<u32>, adjacent: Vec<u32>) -> Self {
        Self { split, far, offset, adjacent }
    }

    /// Whether neighbours are seldom neighbours in memory.
    pub fn is_far(&self) -> bool {
        self.far
    }

    /// The first device's vertex.
    pub fn split(&self) -> u32 {
        self.split
    }

    /// The vertices of all users, or of all devices.
    pub fn side(&self, users: bool) -> std::ops::Range<u32> {
        if users { 0..self.split } else { self.split..self.vertices() as u32 }
    }

    pub fn vertices(&self) -> usize {
        self.offset.len() - 1
    }

    pub fn pairs(&self) -> usize {
        self.adjacent.len() / 2
    }

    /// Positions of the row of `vertex` among all rows.
    pub fn row(&self, vertex: u32) -> (u32, u32) {
        (self.offset[vertex as usize], self.offset[vertex as usize + 1])
    }

    /// The vertex at a position within a row.
    pub fn at(&self, position: u32) -> u32 {
        self.adjacent[position as usize]
    }

    pub fn neighbours(&self, vertex: u32) -> &[u32] {
        let (from, to) = self.row(vertex);
        &self.adjacent[from as usize..to as usize]
    }

    /// Adds up what `add` makes of the neighbours in the given rows, one after the other, and tells `each` vertex with the
    /// totals before and behind its row. Rows are too short for a loop of their own: nobody could predict where it ends.
    pub fn total_rows<Total: Copy + Default>(
        &self,
        rows: std::ops::Range<u32>,
        add: impl Fn(Total, u32) -> Total,
        mut each: impl FnMut(u32, Total, Total),
    ) {
        let ends = &self.offset[rows.start as usize + 1..=rows.end as usize];
        let (mut position, last) = (self.offset[rows.start as usize] as usize, self.offset[rows.end as usize] as usize);
        let mut behind = [Total::default(); STRETCH + 1];
        let (mut before, mut row) = (Total::default(), 0);
        loop {
            let stretch = &self.adjacent[position..last.min(position + STRETCH)];
            let mut total = behind[0];
            for (behind, &neighbour) in behind[1..].iter_mut().zip(stretch) {
                total = add(total, neighbour);
                *behind = total;
            }
            for &end in &ends[row..] {
                let end = end as usize - position;
                if end > stretch.len() {
                    break;
                }
                each(rows.start + row as u32, before, behind[end]);
                before = behind[end];
                row += 1;
            }
            behind[0] = total;
            position += stretch.len();
            if position == last {
                return;
            }
        }
    }

    /// Device rows have their users in ascending order, so equal pairs stand side by side.
    pub(super) fn drop_duplicates(&mut self) {
        let (split, pairs) = (self.split as usize, self.pairs());
        let by_device = &self.adjacent[pairs..];
        let equal = by_device.iter().zip(by_device.iter().skip(1)).filter(|(one, other)| one == other).count();
        let borders = self.offset[split..].iter().skip(1).map(|&end| end as usize);
        let across = borders.filter(|&end| self.adjacent.get(end) == Some(&self.adjacent[end - 1])).count();
        if equal == across {
            return;
        }
        let mut kept = Vec::with_capacity(pairs);
        let mut ends = vec![0];
        for row in self.offset[split..].windows(2) {
            let from = kept.len();
            for &user in &self.adjacent[row[0] as usize..row[1] as usize] {
                if kept[from..].last() != Some(&user) {
                    kept.push(user);
                }
            }
            ends.push(kept.len() as u32);
        }
        let mut by_user = vec![0; kept.len()];
        let rows = Rows { offset: &ends, keys: &kept, first: self.split };
        let bound = self.vertices() as u32;
        self.offset.clear();
        self.offset.resize(split + 1, 0);
        group(&rows, bound, &mut self.offset[1..], &mut by_user, self.far);
        self.offset.extend(ends[1..].iter().map(|end| by_user.len() as u32 + end));
        by_user.append(&mut kept);
        self.adjacent = by_user;
    }
}
