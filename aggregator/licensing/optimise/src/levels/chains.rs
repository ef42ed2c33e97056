//! Levels as a graph of plain vertices, so that the optimiser of one level cuts them.
//!
//! Each vertex becomes a chain, one link per level at which it has pairs: a link in the cover means that the vertex holds that level
//! or a higher one. To hold a level means to hold those below. A connector between two links sees to it: it stands on the other
//! side of the graph, costs what the lower links cost together, and that is added to the upper link, too. Then either
//! the upper link is covered and the connector is not, or the reverse, always at this same extra cost; and an upper link without
//! its lower one needs both, which is never cheaper than to take the lower links along.

use super::{
    Counts, Holding, Level, LevelNeeds,
    bound::{Borne, fit},
    terms::Terms,
};
use crate::{Demand, Graph, Prices, cheapest_cover};

/// A link: its vertex, the level of the link below it or that held in any case, and its own.
#[derive(Debug, Clone, Copy)]
struct Link {
    vertex: u32,
    /// Level held in any case; the price counts from here.
    floor: Level,
    below: Level,
    level: Level,
}

/// The chains of all vertices and the graph they form.
pub(super) struct Chains {
    levels: usize,
    users: usize,
    /// Level held in any case, users first.
    floors: Vec<Level>,
    graph: Graph,
    /// Of users, then of devices. Links are numbered on their own side of the graph from 0.
    links: [Vec<Link>; 2],
    /// Per connector, the link above it on the other side; numbered after the links of its side.
    connectors: [Vec<u32>; 2],
    /// Neighbours and the level of their pair, users first.
    pub rows: Rows,
    /// Levels worth trying, vertex after vertex.
    tried: Vec<Level>,
    tried_from: Vec<u32>,
}

/// A minimum cut at some weights.
pub(super) struct Cut {
    /// Least weight of all holders.
    pub least: u128,
    /// Who holds which level then, users first.
    pub levels: Vec<Level>,
    /// What proves it, on the graph of chains.
    pub demand: Vec<Demand>,
}

/// Per vertex, its neighbours and the level needed.
pub(super) struct Rows {
    offset: Vec<u32>,
    entries: Vec<(u32, Level)>,
}

impl Rows {
    pub fn of(&self, vertex: u32) -> &[(u32, Level)] {
        &self.entries[self.offset[vertex as usize] as usize..self.offset[vertex as usize + 1] as usize]
    }
}

impl Chains {
    pub fn of(needs: &LevelNeeds<'_>, levels: usize) -> Self {
        let users = needs.users.len();
        let floors: Vec<Level> = needs.users.iter().chain(needs.devices).copied().collect();
        let ends = |&(user, device, level): &(u32, u32, Level)| (user, users as u32 + device, level);
        // what is held in any case settles its pairs
        let open = |(user, device, level): &(u32, u32, Level)| {
            assert!(usize::from(*level) <= levels, "a level above the highest");
            floors[*user as usize] < *level && floors[*device as usize] < *level
        };
        let pairs: Vec<(u32, u32, Level)> = needs.pairs.iter().map(ends).filter(open).collect();
        let rows = rows(floors.len(), &pairs);

        let mut links = [Vec::new(), Vec::new()];
        let mut connectors = [Vec::new(), Vec::new()];
        // first link of each vertex
        let mut first = vec![0_u32; floors.len()];
        let mut held: Vec<Level> = Vec::new();
        let (mut tried, mut tried_from) = (Vec::new(), vec![0]);
        for vertex in 0..floors.len() as u32 {
            let side = usize::from(vertex as usize >= users);
            held.clear();
            held.extend(rows.of(vertex).iter().map(|entry| entry.1));
            held.sort_unstable();
            held.dedup();
            first[vertex as usize] = links[side].len() as u32;
            let floor = floors[vertex as usize];
            if !held.is_empty() {
                tried.push(floor);
                tried.extend_from_slice(&held);
            }
            tried_from.push(tried.len() as u32);
            let mut below = floor;
            for &level in &held {
                if below > floor {
                    connectors[1 - side].push(links[side].len() as u32);
                }
                links[side].push(Link { vertex, floor, below, level });
                below = level;
            }
        }
        let link_of = |vertex: u32, level: Level| {
            let links = &links[usize::from(vertex as usize >= users)];
            let mut at = first[vertex as usize];
            while links[at as usize].level < level {
                at += 1;
            }
            at
        };
        let mut edges: Vec<(u32, u32)> =
            pairs.iter().map(|&(user, device, level)| (link_of(user, level), link_of(device, level))).collect();
        for (side, connectors) in connectors.iter().enumerate() {
            let start = links[side].len() as u32;
            for (connector, &above) in (start..).zip(connectors) {
                let edge = |link: u32| if side == 0 { (connector, link) } else { (link, connector) };
                edges.extend([edge(above), edge(above - 1)]);
            }
        }
        edges.sort_unstable();
        let size = |side: usize| (links[side].len() + connectors[side].len()) as u32;
        let graph = Graph::new(size(0), size(1), &edges).expect("a few times the size of a graph that exists");
        Self { levels, users, floors, graph, links, connectors, rows, tried, tried_from }
    }

    /// The least weight of holders, and who holds which level then. `weights` per level, users then devices.
    pub fn lightest(&self, weights: &[u64]) -> Cut {
        let sums = self.sums(weights);
        let between = |side: usize, from: Level, to: Level| sums[side][usize::from(to)] - sums[side][usize::from(from)];
        let mut extra = 0_u128;
        let prices: [Vec<u64>; 2] = [0, 1].map(|side| {
            // of a link: its own weight and, above the first, that of the connector, which is all below it
            let own = self.links[side].iter().map(|link| between(side, link.floor, link.level));
            let connectors = self.connectors[side].iter().map(|&above| {
                let link = self.links[1 - side][above as usize];
                between(1 - side, link.floor, link.below)
            });
            let connectors: Vec<u64> = connectors.collect();
            extra += connectors.iter().map(|&price| u128::from(price)).sum::<u128>();
            own.chain(connectors).collect()
        });
        let cover = cheapest_cover(&self.graph, Prices::Each(&prices[0]), Prices::Each(&prices[1]));
        let forced: u128 = (self.floors.iter().enumerate())
            .map(|(vertex, &floor)| u128::from(between(usize::from(vertex >= self.users), 0, floor)))
            .sum();
        let mut levels = self.floors.clone();
        for (links, covered) in self.links.iter().zip([&cover.users, &cover.devices]) {
            for (link, _) in links.iter().zip(covered).filter(|(_, covered)| **covered) {
                levels[link.vertex as usize] = link.level;
            }
        }
        Cut { least: cover.cost - extra + forced, levels, demand: cover.demand }
    }

    /// Weights up to a level, that included; of users and of devices.
    fn sums(&self, weights: &[u64]) -> [Vec<u64>; 2] {
        [0, 1].map(|side| {
            let own = &weights[side * self.levels..(side + 1) * self.levels];
            std::iter::once(0)
                .chain(own.iter().scan(0, |sum, &weight| {
                    *sum += weight;
                    Some(*sum)
                }))
                .collect()
        })
    }

    /// The demand of a cut at these weights as demand of pairs that adds up to at least as much beyond what is held in any case.
    ///
    /// What connectors bear drops out. A link bears with its connectors what the weights up to it allow, so that only where a connector
    /// bears less than it could, its links may bear too much: by that much, which was not to be had from it.
    pub fn demand_of_pairs(&self, weights: &[u64], demand: &[Demand]) -> Vec<Demand> {
        let sums = self.sums(weights);
        let plain = |demand: &Demand| {
            let user = self.links[0].get(demand.user as usize)?;
            let device = self.links[1].get(demand.device as usize)?;
            Some(Borne { ends: [user.vertex, device.vertex], level: user.level, amount: demand.amount })
        };
        let mut borne: Vec<Borne> = demand.iter().filter_map(plain).collect();
        for side in [1, 0] {
            borne.sort_unstable_by_key(|one| (one.ends[side], one.level, one.ends[1 - side]));
            fit(&mut borne, side, |vertex, level| {
                sums[side][usize::from(level)] - sums[side][usize::from(self.floors[vertex as usize])]
            });
        }
        let users = self.users as u32;
        let demand = borne.into_iter().filter(|one| one.amount > 0);
        let mut demand: Vec<Demand> =
            demand.map(|one| Demand { user: one.ends[0], device: one.ends[1] - users, amount: one.amount }).collect();
        demand.sort_unstable_by_key(|one| (one.user, one.device));
        demand
    }

    pub fn users(&self) -> usize {
        self.users
    }

    pub fn vertices(&self) -> usize {
        self.floors.len()
    }

    /// Levels held in any case, users first.
    pub fn floors(&self) -> &[Level] {
        &self.floors
    }

    /// Pairs that a cut looks at, and those at either end.
    pub fn size(&self) -> u64 {
        (self.graph.pairs() + self.floors.len()) as u64
    }

    /// Holders per level or higher, users then devices.
    pub fn counts(&self, levels: &[Level]) -> Counts {
        let mut counts = vec![0; 2 * self.levels];
        for (vertex, &level) in levels.iter().enumerate() {
            let start = usize::from(vertex >= self.users) * self.levels;
            counts[start..start + usize::from(level)].iter_mut().for_each(|count| *count += 1);
        }
        counts
    }

    /// The same of some vertices.
    pub fn counts_of(&self, vertices: &[u32], levels: &[Level]) -> Vec<i64> {
        let mut counts = vec![0; 2 * self.levels];
        for &vertex in vertices {
            let start = self.start(vertex as usize);
            counts[start..start + usize::from(levels[vertex as usize])].iter_mut().for_each(|count| *count += 1);
        }
        counts
    }

    /// Vertices that hang together by open pairs.
    pub fn components(&self) -> Vec<Vec<u32>> {
        let mut seen = vec![false; self.floors.len()];
        let mut components = Vec::new();
        for start in 0..self.floors.len() as u32 {
            if std::mem::replace(&mut seen[start as usize], true) {
                continue;
            }
            let mut vertices = vec![start];
            let mut next = 0;
            while let Some(&vertex) = vertices.get(next) {
                next += 1;
                for &(other, _) in self.rows.of(vertex) {
                    if !std::mem::replace(&mut seen[other as usize], true) {
                        vertices.push(other);
                    }
                }
            }
            components.push(vertices);
        }
        components
    }

    /// What becomes of the counts when a vertex goes from one level to another.
    pub fn count(&self, counts: &mut [u64], vertex: usize, from: Level, to: Level) {
        let start = self.start(vertex);
        for level in from..to {
            counts[start + usize::from(level)] += 1;
        }
        for level in to..from {
            counts[start + usize::from(level)] -= 1;
        }
    }

    /// Lets everybody hold no more than needed, one side before the other, whichever costs less.
    pub fn holding(&self, levels: &[Level], terms: &Terms) -> Holding {
        let lowered = |devices_first: bool| {
            let mut levels = levels.to_vec();
            let (users, devices) = (0..self.users, self.users..levels.len());
            for side in if devices_first { [devices, users] } else { [users, devices] } {
                for vertex in side {
                    levels[vertex] = self.needed(&levels, vertex).0;
                }
            }
            let cost = terms.cost(&self.counts(&levels));
            Holding { levels, cost }
        };
        let (one, other) = (lowered(true), lowered(false));
        if other.cost < one.cost { other } else { one }
    }

    /// The least level that a vertex must hold beside what the others hold, and at how many pairs this looked.
    pub fn needed(&self, levels: &[Level], vertex: usize) -> (Level, usize) {
        let row = self.rows.of(vertex as u32);
        let bare = row.iter().filter(|(other, level)| levels[*other as usize] < *level);
        (bare.map(|(_, level)| *level).max().unwrap_or(0).max(self.floors[vertex]), row.len())
    }

    /// The levels that a vertex may sensibly hold, ascending: what it holds in any case, and those of its pairs. None of one without
    /// open pairs.
    pub fn tried(&self, vertex: usize) -> &[Level] {
        &self.tried[self.tried_from[vertex] as usize..self.tried_from[vertex + 1] as usize]
    }

    /// Where the counts of a vertex start.
    pub fn start(&self, vertex: usize) -> usize {
        usize::from(vertex >= self.users) * self.levels
    }

    /// Levels of users and of devices.
    pub fn sides(&self, mut levels: Vec<Level>) -> (Vec<Level>, Vec<Level>) {
        let devices = levels.split_off(self.users);
        (levels, devices)
    }
}

fn rows(vertices: usize, pairs: &[(u32, u32, Level)]) -> Rows {
    let mut offset = vec![0_u32; vertices + 2];
    for &(user, device, _) in pairs {
        offset[user as usize + 2] += 1;
        offset[device as usize + 2] += 1;
    }
    for vertex in 2..offset.len() {
        offset[vertex] += offset[vertex - 1];
    }
    let mut entries = vec![(0, 0); 2 * pairs.len()];
    for &(user, device, level) in pairs {
        for (one, other) in [(user, device), (device, user)] {
            let place = &mut offset[one as usize + 1];
            entries[*place as usize] = (other, level);
            *place += 1;
        }
    }
    offset.pop();
    Rows { offset, entries }
}
