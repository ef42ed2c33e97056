//! An account of several people as that many people of one account each (0.8, E.16).
//!
//! That changes nothing: where one of them holds no CAL all its devices do, so the others need none either.

use super::demand::{Demand, Pair};
use crate::{findings::Rules, version::VersionName};

/// Pairs and people at most; with more of them no purchase is looked for.
const ROOM: u64 = 1 << 24;

/// The demand with everybody apart.
pub(super) struct Apart {
    pub demand: Demand,
    /// Per rank of the demand it was made from, the first of its people.
    first: Vec<u32>,
}

impl Apart {
    /// `None` if they are too many.
    pub fn of(demand: &Demand) -> Option<Self> {
        let pairs = demand.pairs.iter().map(|pair| demand.heads_of(pair.person)).fold(0, u64::saturating_add);
        let people = demand.heads.iter().copied().fold(0, u64::saturating_add);
        if pairs.max(people) > ROOM {
            return None;
        }
        let mut first = vec![0];
        let mut forced_people = Vec::new();
        for (rank, forced) in (0..).zip(&demand.forced_people) {
            forced_people.extend((0..demand.heads_of(rank)).map(|_| *forced));
            first.push(forced_people.len() as u32);
        }
        let of = |pair: &Pair| {
            let pair = *pair;
            let copies = first[pair.person as usize]..first[pair.person as usize + 1];
            copies.map(move |person| Pair { person, ..pair })
        };
        let count = forced_people.len();
        let demand = Demand {
            pairs: demand.pairs.iter().flat_map(of).collect(),
            forced_people,
            forced_devices: demand.forced_devices.clone(),
            heads: Vec::new(),
            strangers: Vec::new(),
            infrastructure: Vec::new(),
            apart: Vec::new(),
            unseen: 0,
            people_left_out: vec![0; count],
            devices_left_out: demand.devices_left_out.clone(),
            rules: Rules::default(),
        };
        Some(Self { demand, first })
    }

    /// What each account holds, from what each of its people holds: the least of them will do.
    pub fn together(&self, held: &[Option<VersionName>]) -> Vec<Option<VersionName>> {
        let copies = self.first.windows(2).map(|range| &held[range[0] as usize..range[1] as usize]);
        copies.map(|copies| copies.iter().copied().min().flatten()).collect()
    }
}
