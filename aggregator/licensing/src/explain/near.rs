//! Names that look like one that does not exist.

/// How many are named.
const MOST: usize = 5;
/// Longer names are compared by their beginnings only.
const LONGEST: usize = 64;

/// The names nearest to `wanted`, the nearest first; none if nothing comes near.
pub(super) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(LONGEST).collect();
    let allowed = (wanted.len() / 3).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for name in names {
        let distance = if name.len() > 4 * LONGEST {
            continue;
        } else {
            let other: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
            distance(&wanted, &other, allowed)
        };
        if let Some(distance) = distance {
            found.push((distance, name));
            // a million names may all be near; the nearest stay
            if found.len() > 64 * MOST {
                found.sort_unstable();
                found.truncate(MOST);
            }
        }
    }
    found.sort_unstable();
    found.into_iter().take(MOST).map(|(_, name)| name.to_owned()).collect()
}

/// How many letters must be changed, added or left out; a name that contains the other counts as one letter away.
/// `None`: more than allowed.
fn distance(wanted: &[char], other: &[char], allowed: usize) -> Option<usize> {
    if wanted == other {
        return Some(0);
    }
    if wanted.len() >= 2 && other.windows(wanted.len()).any(|part| part == wanted) {
        return Some(1);
    }
    if wanted.len().abs_diff(other.len()) > allowed {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in wanted.iter().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (to, same) in other.iter().enumerate() {
            let changed = corner + usize::from(letter != same);
            corner = row[to + 1];
            row[to + 1] = changed.min(row[to] + 1).min(corner + 1);
        }
        if row.iter().all(|&so_far| so_far > allowed) {
            return None;
        }
    }
    row.last().copied().filter(|&distance| distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_found_the_nearest_first() {
        let names = ["PC1", "PC2", "laptop-ann", "ann", "anne", "Bob"];
        for (wanted, expected) in [
            ("bob", vec!["Bob"]),
            ("laptop-anm", vec!["laptop-ann"]),
            ("ann", vec!["ann", "anne", "laptop-ann"]),
            ("zzzzzz", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(near(wanted, names.into_iter()), expected, "{wanted}");
        }
    }
}
