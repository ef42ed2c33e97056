//! Cuts against brute force over all bipartitions, and hostile capacities.

use proptest::prelude::*;

use super::*;

type Arcs = Vec<(u32, u32, u64)>;

fn network(supply: &[u64], drain: &[u64], arcs: &Arcs) -> Network {
    let mut network = Network::new(supply.len() as u32);
    (0..).zip(supply).for_each(|(node, &capacity)| network.add_supply(node, capacity));
    (0..).zip(drain).for_each(|(node, &capacity)| network.add_drain(node, capacity));
    for &(from, to, capacity) in arcs {
        network.add_arc(from, to, capacity);
    }
    network
}

/// What a source side pays; none where it would cut something unlimited.
fn cost(supply: &[u64], drain: &[u64], arcs: &Arcs, side: impl Fn(u32) -> bool) -> Option<u64> {
    let nodes = 0..supply.len() as u32;
    let terminals = nodes.map(|node| if side(node) { drain[node as usize] } else { supply[node as usize] });
    let cut = arcs.iter().filter(|arc| side(arc.0) && !side(arc.1)).map(|arc| arc.2);
    terminals.chain(cut).try_fold(0, |sum, paid| (paid != UNLIMITED).then(|| sum + paid))
}

fn capacity() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0..9_u64, 1 => Just(0_u64), 1 => Just(UNLIMITED)]
}

fn instance() -> impl Strategy<Value = (Vec<u64>, Vec<u64>, Arcs)> {
    (1..8_u32).prop_flat_map(|nodes| {
        let terminal = || prop::collection::vec(capacity(), nodes as usize);
        (terminal(), terminal(), prop::collection::vec((0..nodes, 0..nodes, capacity()), 0..20))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn cut_is_the_cheapest_of_all_and_its_sides_the_extremes((supply, drain, arcs) in instance()) {
        let nodes = supply.len() as u32;
        let sides = (0..1_u32 << nodes).filter_map(|side| {
            Some((cost(&supply, &drain, &arcs, |node| side >> node & 1 == 1)?, side))
        }).collect::<Vec<_>>();
        let best = sides.iter().map(|(cost, _)| *cost).min();
        let found = network(&supply, &drain, &arcs).minimum_cut();
        let Some(best) = best else {
            let unlimited = matches!(found, Err(FlowError::Unlimited { .. }));
            prop_assert!(unlimited);
            return Ok(());
        };
        let cut = found.expect("limited");
        prop_assert_eq!(cut.value, best);
        // minimum cuts form a lattice, so the smallest is their intersection and the largest their union
        let of_best = || sides.iter().filter(|(cost, _)| *cost == best).map(|(_, side)| *side);
        let as_mask = |side: &[bool]| (0..).zip(side).fold(0_u32, |mask, (node, &hit)| mask | u32::from(hit) << node);
        prop_assert_eq!(as_mask(&cut.source_side), of_best().fold(u32::MAX, |all, side| all & side));
        prop_assert_eq!(as_mask(&cut.largest_source_side), of_best().fold(0, |any, side| any | side));
    }

    #[test]
    fn going_on_with_more_capacity_equals_starting_anew((supply, drain, arcs) in instance(), raise in prop::collection::vec((0..8_u32, 0..9_u64, any::<bool>()), 0..6)) {
        let network = network(&supply, &drain, &arcs);
        let Ok(mut warm) = Flow::new(&network) else { return Ok(()) };
        warm.augment();
        let mut anew = network;
        for (node, by, at_source) in raise {
            let node = node % supply.len() as u32;
            if at_source {
                warm.raise_supply(node, by).expect("small");
                anew.add_supply(node, by);
            } else {
                warm.raise_drain(node, by).expect("small");
                anew.add_drain(node, by);
            }
        }
        warm.augment();
        prop_assert_eq!(warm.cut(), anew.minimum_cut().expect("limited before"));
    }

    #[test]
    fn flow_obeys_capacities_and_is_conserved((supply, drain, arcs) in instance()) {
        let mut network = Network::new(supply.len() as u32);
        (0..).zip(&supply).for_each(|(node, &capacity)| network.add_supply(node, capacity));
        (0..).zip(&drain).for_each(|(node, &capacity)| network.add_drain(node, capacity));
        let ids: Vec<ArcId> = arcs.iter().map(|&(from, to, capacity)| network.add_arc(from, to, capacity)).collect();
        let Ok(mut flow) = Flow::new(&network) else { return Ok(()) };
        flow.augment();
        let mut balance = vec![0_i128; supply.len()];
        let mut value = 0;
        for node in 0..supply.len() {
            let given = supply[node] - flow.supply_left(node as u32);
            value += given;
            balance[node] += i128::from(given) - i128::from(drain[node] - flow.drain_left(node as u32));
        }
        for (&(from, to, capacity), &id) in arcs.iter().zip(&ids) {
            prop_assert!(flow.through(id) <= capacity);
            balance[from as usize] -= i128::from(flow.through(id));
            balance[to as usize] += i128::from(flow.through(id));
        }
        prop_assert!(balance.iter().all(|&rest| rest == 0), "{:?}", balance);
        prop_assert_eq!(value, flow.value());
    }
}

#[test]
fn hostile_capacities_are_refused_not_wrapped() {
    let mut sum = Network::new(2);
    sum.add_supply(0, GREATEST_TOTAL);
    sum.add_arc(0, 1, UNLIMITED);
    sum.add_drain(1, 1);
    assert_eq!(sum.minimum_cut().unwrap_err(), FlowError::TooMuch);
    let mut unknown = Network::new(2);
    unknown.add_arc(0, 2, 1);
    assert_eq!(unknown.minimum_cut().unwrap_err(), FlowError::UnknownNode { node: 2, nodes: 2 });
    let mut endless = Network::new(1);
    endless.add_supply(0, UNLIMITED);
    endless.add_drain(0, u64::MAX);
    assert_eq!(endless.minimum_cut().unwrap_err(), FlowError::Unlimited { node: 0 });
    let mut largest = Network::new(1);
    largest.add_supply(0, GREATEST_TOTAL);
    largest.add_drain(0, UNLIMITED);
    assert_eq!(largest.minimum_cut().expect("at the limit").value, GREATEST_TOTAL);
    assert_eq!(Network::default().minimum_cut().expect("nothing").value, 0);
}

#[test]
fn a_chain_of_a_million_nodes_needs_no_stack() {
    let nodes = 1_000_000;
    let mut network = Network::new(nodes);
    network.add_supply(0, 7);
    network.add_drain(nodes - 1, 5);
    (1..nodes).for_each(|node| {
        network.add_arc(node - 1, node, if node == 500_000 { 3 } else { UNLIMITED });
    });
    let cut = network.minimum_cut().expect("limited");
    assert_eq!(cut.value, 3);
    assert_eq!(cut.source_side.iter().filter(|&&side| side).count(), 500_000);
}
