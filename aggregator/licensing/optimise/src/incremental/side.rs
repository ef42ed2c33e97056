//! One side of a graph under change: per vertex its neighbours on the other side, the demand it carries with
//! some of them, and on which side of the cut it stands. Knows nothing of how a cut is found.

use super::pool::{Pool, Span};

/// Marks an entry of a row whose pair is gone.
const GONE: u32 = 1 << 31;
/// Vertices of a side are numbered below this.
pub(super) const MOST_VERTICES: u32 = 1 << 30;

/// Demand carried together with a vertex of the other side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    pub other: u32,
    /// Never 0.
    pub amount: u64,
}

/// Everything about a vertex, so that looking at it costs one cache miss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vertex {
    /// What it can still bear.
    pub residual: u64,
    /// The search that saw it last.
    pub seen: u32,
    /// On the users' side of the cut: a user so needs no licence, a device so needs one.
    pub near: bool,
    row: Span,
    /// So many of the row's first entries are ascending; later ones came later and are all there.
    sorted: u32,
    /// So many of those are gone.
    gone: u32,
    shares: Span,
}

impl Vertex {
    /// Whether it has neighbours.
    pub fn is_active(&self) -> bool {
        self.row.len > self.gone
    }
}

/// All users, or all devices.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub vertices: Vec<Vertex>,
    rows: Pool<u32>,
    shares: Pool<Share>,
}

impl Side {
    /// Vertices by how many neighbours and shares to make room for.
    pub fn new(rooms: &[(u32, u32)], residual: u64, near: bool) -> Self {
        let room = |&(row, shares): &(u32, u32)| (row + row / 16 + 1, shares + 1);
        let sum = |of: fn((u32, u32)) -> u32| rooms.iter().map(|one| of(room(one)) as usize).sum();
        let (rows, shares) = (Pool::of(sum(|one| one.0)), Pool::of(sum(|one| one.1)));
        let mut side = Self { vertices: Vec::with_capacity(rooms.len()), rows, shares };
        for (row, shares) in rooms.iter().map(room) {
            side.add(residual, near, row, shares);
        }
        side
    }

    /// One more vertex, without neighbours.
    pub fn add(&mut self, residual: u64, near: bool, row: u32, shares: u32) {
        let (row, shares) = (self.rows.open(row), self.shares.open(shares));
        self.vertices.push(Vertex { residual, seen: 0, near, row, sorted: 0, gone: 0, shares });
    }

    /// Number of neighbours.
    pub fn degree(&self, vertex: u32) -> u32 {
        let vertex = &self.vertices[vertex as usize];
        vertex.row.len - vertex.gone
    }

    /// The row of `vertex` from `place` on, at most `count` entries; an entry that is gone is `None`.
    pub fn some_of_row(&self, vertex: u32, place: u32, count: u32) -> impl Iterator<Item = Option<u32>> {
        let row = self.rows.list(self.vertices[vertex as usize].row);
        let end = row.len().min(place as usize + count as usize);
        row[place as usize..end].iter().map(|&entry| (entry & GONE == 0).then_some(entry))
    }

    /// Entries of the row, those gone included.
    pub fn row_length(&self, vertex: u32) -> u32 {
        self.vertices[vertex as usize].row.len
    }

    pub fn neighbours(&self, vertex: u32) -> impl Iterator<Item = u32> {
        self.some_of_row(vertex, 0, u32::MAX).flatten()
    }

    pub fn shares(&self, vertex: u32) -> &[Share] {
        self.shares.list(self.vertices[vertex as usize].shares)
    }

    /// Reads what the next change of `vertex` will need first.
    pub fn peek(&self, vertex: u32) -> u32 {
        let Vertex { row, sorted, shares, .. } = self.vertices[vertex as usize];
        let row = self.rows.list(row);
        let middle = row.get(sorted as usize / 2).copied().unwrap_or(0) ^ row.last().copied().unwrap_or(0);
        middle ^ self.shares.list(shares).first().map_or(0, |share| share.other)
    }

    /// Where `other` stands in the row.
    fn find(&self, vertex: u32, other: u32) -> Option<u32> {
        let Vertex { row, sorted, .. } = self.vertices[vertex as usize];
        let (early, late) = self.rows.list(row).split_at(sorted as usize);
        let place = early.partition_point(|&entry| entry & !GONE < other);
        if early.get(place) == Some(&other) {
            return Some(place as u32);
        }
        late.iter().position(|&entry| entry == other).map(|place| sorted + place as u32)
    }

    pub fn has(&self, vertex: u32, other: u32) -> bool {
        self.find(vertex, other).is_some()
    }

    /// Adds a neighbour that is not there. An initial row comes ascending.
    pub fn connect(&mut self, vertex: u32, other: u32) {
        let Self { vertices, rows, .. } = self;
        let vertex = &mut vertices[vertex as usize];
        let late = vertex.row.len - vertex.sorted;
        if late == 0 && vertex.gone == 0 && rows.list(vertex.row).last().is_none_or(|&last| last < other) {
            vertex.sorted += 1;
        } else if late > 16 + 2 * vertex.sorted.isqrt() {
            tidy(vertex, rows);
        }
        rows.push(&mut vertex.row, other);
    }

    /// Takes a neighbour away; whether it was there.
    pub fn disconnect(&mut self, vertex: u32, other: u32) -> bool {
        let Some(place) = self.find(vertex, other) else { return false };
        let Self { vertices, rows, .. } = self;
        let vertex = &mut vertices[vertex as usize];
        if place < vertex.sorted {
            rows.list_mut(vertex.row)[place as usize] |= GONE;
            vertex.gone += 1;
            if vertex.gone > 8 + vertex.sorted / 2 {
                tidy(vertex, rows);
            }
        } else {
            rows.swap_remove(&mut vertex.row, place);
        }
        true
    }

    /// Adds to the share carried with `other`.
    pub fn give(&mut self, vertex: u32, other: u32, amount: u64) {
        let Self { vertices, shares, .. } = self;
        let span = &mut vertices[vertex as usize].shares;
        if let Some(share) = shares.list_mut(*span).iter_mut().find(|share| share.other == other) {
            share.amount += amount;
        } else {
            shares.push(span, Share { other, amount });
        }
    }

    /// Takes at most `amount` from the share carried with `other`; how much that was.
    pub fn take(&mut self, vertex: u32, other: u32, amount: u64) -> u64 {
        let Self { vertices, shares, .. } = self;
        let span = &mut vertices[vertex as usize].shares;
        let list = shares.list_mut(*span);
        let Some(place) = list.iter().position(|share| share.other == other) else { return 0 };
        let taken = amount.min(list[place].amount);
        list[place].amount -= taken;
        if list[place].amount == 0 {
            shares.swap_remove(span, place as u32);
        }
        taken
    }

    /// The share carried with `other`.
    pub fn share(&self, vertex: u32, other: u32) -> u64 {
        self.shares(vertex).iter().find(|share| share.other == other).map_or(0, |share| share.amount)
    }

    /// Gives memory back that lists have left behind.
    pub fn close_up(&mut self) {
        let Self { vertices, rows, shares } = self;
        if rows.is_worth_closing_up() {
            rows.close_up(vertices.iter_mut().map(|vertex| &mut vertex.row));
        }
        if shares.is_worth_closing_up() {
            shares.close_up(vertices.iter_mut().map(|vertex| &mut vertex.shares));
        }
    }
}

/// Forgets what is gone and sorts what came late among the rest.
fn tidy(vertex: &mut Vertex, rows: &mut Pool<u32>) {
    let list = rows.list_mut(vertex.row);
    let mut kept = 0;
    for place in 0..list.len() {
        list[kept] = list[place];
        kept += usize::from(list[place] & GONE == 0);
    }
    #[expect(clippy::stable_sort_primitive, reason = "made for an ascending run with a short rest")]
    list[..kept].sort();
    (vertex.row.len, vertex.sorted, vertex.gone) = (kept as u32, kept as u32, 0);
}
