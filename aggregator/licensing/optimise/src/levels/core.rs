//! What is left to decide once more is held in any case: a problem of its own, and smaller.

use super::{Level, LevelNeeds, chains::Chains, terms::Terms};

/// The pairs that are still open and their ends, numbered anew.
pub(super) struct Core {
    pub chains: Chains,
    /// Those who are outside count as holders.
    pub terms: Terms,
    /// Levels held in any case, by the old numbers.
    floors: Vec<Level>,
    /// The old number of each vertex.
    vertices: Vec<u32>,
}

const OUTSIDE: u32 = u32::MAX;

impl Core {
    /// Of the vertices of `chains`, when each holds its level of `floors` in any case.
    pub fn of(chains: &Chains, terms: &Terms, floors: Vec<Level>) -> Self {
        let users = chains.users();
        let mut pairs: Vec<(u32, u32, Level)> = Vec::new();
        let mut number = vec![OUTSIDE; floors.len()];
        for user in 0..users as u32 {
            let open = chains
                .rows
                .of(user)
                .iter()
                .filter(|&&(device, level)| floors[user as usize] < level && floors[device as usize] < level);
            for &(device, level) in open {
                pairs.push((user, device, level));
                (number[user as usize], number[device as usize]) = (0, 0);
            }
        }
        let mut vertices = Vec::new();
        let mut sizes = [0, 0];
        let mut outside = vec![0; floors.len()];
        for vertex in 0..floors.len() {
            let side = usize::from(vertex >= users);
            if number[vertex] == OUTSIDE {
                outside[vertex] = floors[vertex];
            } else {
                number[vertex] = sizes[side];
                sizes[side] += 1;
                vertices.push(vertex as u32);
            }
        }
        for (user, device, _) in &mut pairs {
            (*user, *device) = (number[*user as usize], number[*device as usize]);
        }
        let inside: Vec<Level> = vertices.iter().map(|&vertex| floors[vertex as usize]).collect();
        let (of_users, of_devices) = inside.split_at(sizes[0] as usize);
        let needs = LevelNeeds { pairs: &pairs, users: of_users, devices: of_devices };
        let mut terms = terms.clone();
        for (owned, held) in terms.owned.iter_mut().zip(chains.counts(&outside)) {
            *owned -= held.cast_signed();
        }
        Self { chains: Chains::of(&needs, terms.levels), terms, floors, vertices }
    }

    /// Whether nothing is left to decide.
    pub fn is_empty(&self) -> bool {
        self.vertices.is_empty()
    }

    /// A cover of the whole as one of the core.
    pub fn inner(&self, levels: &[Level]) -> Vec<Level> {
        let held = |&vertex: &u32| levels[vertex as usize].max(self.floors[vertex as usize]);
        self.vertices.iter().map(held).collect()
    }

    /// A cover of the core as one of the whole.
    pub fn outer(&self, levels: &[Level]) -> Vec<Level> {
        let mut all = self.floors.clone();
        for (&vertex, &level) in self.vertices.iter().zip(levels) {
            all[vertex as usize] = level;
        }
        all
    }

    /// What is held in any case if a vertex of the core holds at least `level`, and if it holds less: then those do with whom
    /// it has pairs that need as much. By the old numbers.
    pub fn sides(&self, vertex: usize, level: Level) -> [Vec<Level>; 2] {
        let [mut with, mut without] = [self.floors.clone(), self.floors.clone()];
        with[self.vertices[vertex] as usize] = level;
        for &(other, needed) in self.chains.rows.of(vertex as u32).iter().filter(|entry| entry.1 >= level) {
            let held = &mut without[self.vertices[other as usize] as usize];
            *held = (*held).max(needed);
        }
        [with, without]
    }

    pub fn floors(&self) -> &[Level] {
        &self.floors
    }
}
