//! A numbering of things with names that does not depend on the order in which they were written down.

use crate::estate::EstateError;

/// A permutation: the order of the ids.
pub(crate) struct Ranking {
    /// By index into the estate.
    pub rank: Vec<u32>,
    /// By rank.
    pub index: Vec<u32>,
}

impl Ranking {
    /// Fails if an id stands twice; `kind` names what they are.
    pub fn of<'a>(kind: &'static str, ids: impl Iterator<Item = &'a str>) -> Result<Self, EstateError> {
        let ids: Vec<&str> = ids.collect();
        let shared = shared_start(&ids);
        // Names lie all over the memory, so what decides most often is brought together first.
        let mut order: Vec<(u64, u64, u32)> = (ids.iter().zip(0..))
            .map(|(id, index)| {
                let rest = &id.as_bytes()[shared..];
                (eight(rest), eight(rest.get(8..).unwrap_or_default()), index)
            })
            .collect();
        let id = |entry: &(u64, u64, u32)| ids[entry.2 as usize];
        order.sort_unstable_by(|one, two| (one.0, one.1).cmp(&(two.0, two.1)).then_with(|| id(one).cmp(id(two))));
        for pair in order.windows(2) {
            if (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) && id(&pair[0]) == id(&pair[1]) {
                return Err(EstateError::Twice { kind, id: id(&pair[0]).to_owned() });
            }
        }
        let index: Vec<u32> = order.into_iter().map(|(_, _, index)| index).collect();
        let mut rank = vec![0; ids.len()];
        for (at, &index) in index.iter().enumerate() {
            rank[index as usize] = at as u32;
        }
        Ok(Self { rank, index })
    }

    pub fn len(&self) -> usize {
        self.rank.len()
    }
}

/// How many bytes all of them begin with alike, for example those of a domain.
fn shared_start(ids: &[&str]) -> usize {
    let Some((first, others)) = ids.split_first() else { return 0 };
    others.iter().fold(first.len(), |shared, id| {
        let start = &first.as_bytes()[..shared];
        if id.as_bytes().starts_with(start) {
            shared
        } else {
            start.iter().zip(id.as_bytes()).take_while(|(one, other)| one == other).count()
        }
    })
}

/// The first eight bytes as a number of the same order; nothing comes before anything.
fn eight(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let count = bytes.len().min(8);
    first[..count].copy_from_slice(&bytes[..count]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_of_the_names(start in "[ab]{0,2}|[a-z]{9}", rest in prop::collection::vec("[\\x00ab]{0,20}", 0..40)) {
            let mut ids: Vec<String> = rest.iter().map(|rest| format!("{start}{rest}")).collect();
            let ranking = Ranking::of("person", ids.iter().map(String::as_str));
            let mut sorted = ids.clone();
            sorted.sort();
            if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                let refused = EstateError::Twice { kind: "person", id: twice[0].clone() };
                prop_assert_eq!(ranking.err(), Some(refused));
                sorted.dedup();
                ids = sorted.iter().rev().cloned().collect();
            }
            let ranking = Ranking::of("person", ids.iter().map(String::as_str)).expect("each once");
            prop_assert_eq!(ranking.len(), ids.len());
            for (index, id) in ids.iter().enumerate() {
                let rank = ranking.rank[index] as usize;
                prop_assert_eq!(&sorted[rank], id);
                prop_assert_eq!(ranking.index[rank] as usize, index);
            }
        }
    }
}
