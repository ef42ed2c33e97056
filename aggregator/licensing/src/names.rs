//! From names to numbers, for millions of names: the texts lie one behind the other in one piece of memory, and a table
//! of fixed places tells where.
//!
//! Knows nothing of what the numbers mean. A look-up costs two cache misses, and [`Names::look_ahead`] lets those of
//! many look-ups overlap.

/// Names and the number that each stands for.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Empty, or where a text begins, counted from 1, below the first bits of its hash. A name is found from the place
    /// that its hash tells onwards.
    places: Vec<u64>,
    /// Per name its number, its length and its text.
    texts: Vec<u8>,
    count: usize,
}

const HASH_BITS: u32 = 24;
/// Bits of a place that tell where.
const WHERE: u64 = (1 << (64 - HASH_BITS)) - 1;
const HEADER: usize = 8;

impl Names {
    /// The number of `name`.
    pub fn get(&self, name: &str) -> Option<u32> {
        let at = self.find(hash(name), name).ok()?;
        Some(word(&self.texts, at))
    }

    /// Gives `name` a number; the one it had before, if it had one.
    pub fn insert(&mut self, name: &str, number: u32) -> Option<u32> {
        if self.places.len() < 2 * (self.count + 1) {
            self.grow();
        }
        let hash = hash(name);
        match self.find(hash, name) {
            Ok(at) => {
                let old = word(&self.texts, at);
                self.texts[at..at + 4].copy_from_slice(&number.to_le_bytes());
                Some(old)
            }
            Err(place) => {
                self.places[place] = mark(hash) | (self.texts.len() as u64 + 1);
                self.texts.extend_from_slice(&number.to_le_bytes());
                self.texts.extend_from_slice(&(name.len() as u32).to_le_bytes());
                self.texts.extend_from_slice(name.as_bytes());
                self.count += 1;
                None
            }
        }
    }

    /// Reads what looking up these names will need. Changes nothing but the time that takes.
    pub fn look_ahead<'names>(&self, names: impl Iterator<Item = &'names str> + Clone) {
        if self.places.is_empty() {
            return;
        }
        let place = |name| self.places[self.first_place(hash(name))];
        std::hint::black_box(names.clone().fold(0, |all, name| all ^ place(name)));
        let text = |name| self.texts.get(((place(name) & WHERE) as usize).saturating_sub(1)).copied().unwrap_or(0);
        std::hint::black_box(names.fold(0, |all, name| all ^ text(name)));
    }

    fn first_place(&self, hash: u64) -> usize {
        // There are 2^n places.
        hash as usize & (self.places.len() - 1)
    }

    /// Where the name's entry begins, or the place for it.
    fn find(&self, hash: u64, name: &str) -> Result<usize, usize> {
        if self.places.is_empty() {
            return Err(0);
        }
        let mut place = self.first_place(hash);
        loop {
            let found = self.places[place];
            if found == 0 {
                return Err(place);
            }
            if found & !WHERE == mark(hash) {
                let at = (found & WHERE) as usize - 1;
                let text = at + HEADER..at + HEADER + word(&self.texts, at + 4) as usize;
                if &self.texts[text] == name.as_bytes() {
                    return Ok(at);
                }
            }
            place = (place + 1) & (self.places.len() - 1);
        }
    }

    fn grow(&mut self) {
        let wanted = (4 * self.places.len()).max(64);
        self.places = vec![0; wanted];
        let mut at = 0;
        while at < self.texts.len() {
            let end = at + HEADER + word(&self.texts, at + 4) as usize;
            let hash = hash_bytes(&self.texts[at + HEADER..end]);
            let mut place = self.first_place(hash);
            while self.places[place] != 0 {
                place = (place + 1) & (wanted - 1);
            }
            self.places[place] = mark(hash) | (at as u64 + 1);
            at = end;
        }
    }
}

/// The bits of a hash that are kept beside the place.
fn mark(hash: u64) -> u64 {
    hash & !WHERE
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn hash(name: &str) -> u64 {
    hash_bytes(name.as_bytes())
}

/// Multiplies eight bytes after eight into the hash, both halves of the product.
fn hash_bytes(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        product as u64 ^ (product >> 64) as u64
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(bytes.len() as u64 ^ FACTOR.rotate_left(17), |hash, word| step(hash, u64::from_le_bytes(*word)));
    let rest = rest.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    step(step(hash, rest), FACTOR)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_same_as_a_map(
            steps in prop::collection::vec(("[ab]{0,3}|[a-zäöü]{7,20}", any::<bool>(), any::<u32>()), 0..400),
        ) {
            let (mut names, mut map) = (Names::default(), HashMap::new());
            for (name, known, number) in steps {
                names.look_ahead([name.as_str(), "x"].into_iter());
                if known {
                    prop_assert_eq!(names.get(&name), map.get(&name).copied());
                } else {
                    prop_assert_eq!(names.insert(&name, number), map.insert(name, number));
                }
            }
            for (name, number) in map {
                prop_assert_eq!(names.get(&name), Some(number));
            }
        }
    }

    #[test]
    fn many_names_that_differ_in_one_place() {
        let mut names = Names::default();
        let name = |number: u32| format!("EXAMPLE\\u{number:07}");
        for number in 0..100_000 {
            assert_eq!(names.insert(&name(number), number), None);
        }
        assert!((0..100_000).all(|number| names.get(&name(number)) == Some(number)));
        assert_eq!(names.get(&name(100_000)), None);
    }
}
