//! What somebody may hold for some families, as a tree: each bundle above the ones it holds within, families as leaves. A
//! family is paid where the way from the root to its leaf is cut.
//!
//! A bundle that crosses another does not fit. Its weight is shared out among its families instead: whoever would hold it
//! can hold the shares for as much, so the tree never asks for more than the truth.

/// One node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    /// Families below.
    pub families: u32,
    /// Position of the smallest node around it.
    pub parent: Option<usize>,
    /// What cutting it off costs; none if it cannot be cut.
    pub weight: Option<u64>,
}

/// The tree for `families`, a leaf for each, from offers (families, weight); leaves come first, in the order of families.
pub(super) fn tree(families: u32, offers: &[(u32, u64)]) -> Vec<Node> {
    let mut sets: Vec<(u32, u64)> =
        offers.iter().map(|&(covers, weight)| (covers & families, weight)).filter(|(covers, _)| *covers != 0).collect();
    sets.sort_unstable();
    sets.dedup_by_key(|(covers, _)| *covers);
    let cheapest = |leaf: u32| sets.iter().find(|(covers, _)| *covers == leaf).map(|(_, weight)| *weight);
    let leaves: Vec<u32> = (0..32).map(|family| 1 << family).filter(|leaf| families & leaf != 0).collect();
    let mut nodes: Vec<Node> =
        leaves.iter().map(|&leaf| Node { families: leaf, parent: None, weight: cheapest(leaf) }).collect();

    let mut bundles: Vec<(u32, u64)> = sets.iter().copied().filter(|(covers, _)| covers.count_ones() > 1).collect();
    // Those that save most go into the tree first. What single licences do not cover saves without end.
    let singly = |covers: u32| {
        leaves.iter().filter(|leaf| covers & **leaf != 0).map(|&leaf| cheapest(leaf)).sum::<Option<u64>>()
    };
    bundles.retain(|&(covers, weight)| singly(covers).is_none_or(|sum| sum > weight));
    bundles.sort_by_key(|&(covers, weight)| {
        (std::cmp::Reverse(singly(covers).map_or(u64::MAX, |sum| sum - weight)), covers)
    });
    let mut crossing = Vec::new();
    for (covers, weight) in bundles {
        let fits = nodes.iter().all(|node| {
            let both = node.families & covers;
            both == 0 || both == covers || both == node.families
        });
        if fits {
            nodes.push(Node { families: covers, parent: None, weight: Some(weight) });
        } else {
            crossing.push((covers, weight));
        }
    }
    for (covers, weight) in crossing {
        share_out(&mut nodes[..leaves.len()], covers, weight);
    }
    for index in 0..nodes.len() {
        let inside = nodes[index].families;
        let around =
            nodes.iter().enumerate().filter(|(_, node)| node.families != inside && node.families & inside == inside);
        nodes[index].parent = around.min_by_key(|(_, node)| node.families.count_ones()).map(|(position, _)| position);
    }
    nodes
}

/// Lowers the leaves of `covers` until together they weigh no more than `weight`, all in proportion.
fn share_out(leaves: &mut [Node], covers: u32, weight: u64) {
    let count = u64::from(covers.count_ones());
    let mut of_covers: Vec<&mut Node> = leaves.iter_mut().filter(|leaf| leaf.families & covers != 0).collect();
    if of_covers.iter().any(|leaf| leaf.weight.is_none()) {
        // Without a measure, evenly.
        for leaf in &mut of_covers {
            leaf.weight = Some(leaf.weight.map_or(weight / count, |own| own.min(weight / count)));
        }
        return;
    }
    let sum: u128 = of_covers.iter().filter_map(|leaf| leaf.weight).map(u128::from).sum();
    if sum > u128::from(weight) {
        for leaf in &mut of_covers {
            leaf.weight = leaf.weight.map(|own| (u128::from(own) * u128::from(weight) / sum) as u64);
        }
    }
}
