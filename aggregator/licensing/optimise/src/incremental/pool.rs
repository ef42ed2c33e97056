//! Many short lists that grow and shrink, in one piece of memory: a list that outgrows its room moves to the
//! end and leaves a hole. Knows nothing of what the lists hold.

/// Where a list stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    /// Entries in use.
    pub len: u32,
    /// Entries it may use before it must move.
    room: u32,
}

/// The memory of all lists of one kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool<T> {
    /// The first `used` are lists and holes, the others wait, so that a move seldom has to ask for memory.
    entries: Vec<T>,
    used: usize,
    /// Entries in holes.
    idle: usize,
}

impl<T: Copy + Default> Pool<T> {
    /// Room for lists of `count` entries together, and for some to move.
    pub fn of(count: usize) -> Self {
        Self { entries: vec![T::default(); count + count / 16 + 1024], used: 0, idle: 0 }
    }

    /// An empty list with room for `room` entries.
    pub fn open(&mut self, room: u32) -> Span {
        let start = self.used;
        self.used += room as usize;
        if self.used > self.entries.len() {
            self.entries.resize(self.used + self.used / 8, T::default());
        }
        Span { start: start as u32, len: 0, room }
    }

    pub fn list(&self, span: Span) -> &[T] {
        &self.entries[span.start as usize..(span.start + span.len) as usize]
    }

    pub fn list_mut(&mut self, span: Span) -> &mut [T] {
        &mut self.entries[span.start as usize..(span.start + span.len) as usize]
    }

    pub fn push(&mut self, span: &mut Span, entry: T) {
        if span.len == span.room {
            self.move_to_the_end(span);
        }
        self.entries[(span.start + span.len) as usize] = entry;
        span.len += 1;
    }

    /// Removes the entry at `place`; the last one takes its place.
    pub fn swap_remove(&mut self, span: &mut Span, place: u32) {
        let list = self.list_mut(*span);
        list[place as usize] = list[list.len() - 1];
        span.len -= 1;
    }

    fn move_to_the_end(&mut self, span: &mut Span) {
        let moved = self.open(span.len + span.len / 4 + 2);
        let from = span.start as usize;
        self.entries.copy_within(from..from + span.len as usize, moved.start as usize);
        self.idle += span.room as usize;
        *span = Span { len: span.len, ..moved };
    }

    /// Whether half of the memory is holes.
    pub fn is_worth_closing_up(&self) -> bool {
        self.idle > self.used / 2
    }

    /// Moves all lists together; `spans` are all there are.
    pub fn close_up<'lists>(&mut self, spans: impl Iterator<Item = &'lists mut Span>) {
        let old = std::mem::replace(self, Self::of(self.used - self.idle));
        for span in spans {
            let moved = self.open(span.len + span.len / 16 + 1);
            let list = moved.start as usize..(moved.start + span.len) as usize;
            self.entries[list].copy_from_slice(old.list(*span));
            *span = Span { len: span.len, ..moved };
        }
    }
}
