//! Graphs on which greedy starts fall short, so that every kind of search is needed, against a plain maximum flow.

use std::collections::{BTreeSet, VecDeque};

use super::super::{Graph, Prices, cheapest_cover_timed};

/// The most demand that pairs can account for: one shortest path after the other, with nothing clever about it.
fn most_demand(users: u32, devices: u32, pairs: &[(u32, u32)], (a, b): (u64, u64)) -> u64 {
    let vertices = (users + devices) as usize;
    let mut left: Vec<u64> = (0..vertices).map(|vertex| if vertex < users as usize { a } else { b }).collect();
    let mut flow = vec![0; pairs.len()];
    let mut rows = vec![Vec::new(); vertices];
    for (index, &(user, device)) in pairs.iter().enumerate() {
        rows[user as usize].push(index);
        rows[(users + device) as usize].push(index);
    }
    let mut sum = 0;
    loop {
        // By which pair each vertex was reached.
        let mut by = vec![None; vertices];
        let mut queue: VecDeque<usize> = (0..users as usize).filter(|&user| left[user] > 0).collect();
        let mut end = None;
        'search: while let Some(vertex) = queue.pop_front() {
            for &index in &rows[vertex] {
                let (user, device) = (pairs[index].0 as usize, (users + pairs[index].1) as usize);
                let (next, passes) = if vertex == user { (device, true) } else { (user, flow[index] > 0) };
                let is_start = next < users as usize && left[next] > 0;
                if passes && by[next].is_none() && !is_start {
                    by[next] = Some(index);
                    if next == device && left[device] > 0 {
                        end = Some(device);
                        break 'search;
                    }
                    queue.push_back(next);
                }
            }
        }
        let Some(end) = end else { return sum };
        let (mut vertex, mut amount, mut path) = (end, left[end], Vec::new());
        while let Some(index) = by[vertex] {
            let (user, device) = (pairs[index].0 as usize, (users + pairs[index].1) as usize);
            if vertex == user {
                amount = amount.min(flow[index]);
            }
            path.push((index, vertex == device));
            vertex = if vertex == device { user } else { device };
        }
        amount = amount.min(left[vertex]);
        for (index, forward) in path {
            flow[index] = if forward { flow[index] + amount } else { flow[index] - amount };
        }
        left[vertex] -= amount;
        left[end] -= amount;
        sum += amount;
    }
}

/// Numbers by chance, the same for the same seed.
fn chance(seed: u64) -> impl FnMut(u32) -> u32 {
    let mut state = seed;
    move |limit| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((state >> 32) * u64::from(limit)) >> 32) as u32
    }
}

/// Users with one to four devices anywhere, and nothing in order.
fn scattered(seed: u64, users: u32, devices: u32) -> Vec<(u32, u32)> {
    let mut below = chance(seed);
    let mut pairs = BTreeSet::new();
    for user in 0..users {
        for _ in 0..=below(4) {
            pairs.insert((user, below(devices)));
        }
    }
    pairs.into_iter().collect()
}

/// Users and devices in turn around cycles, with a chord at every 16th user, and numbers that say nothing of the place.
fn wound(seed: u64, count: u32) -> Vec<(u32, u32)> {
    let mut below = chance(seed);
    let mut shuffled = || {
        let mut order: Vec<u32> = (0..count).collect();
        (1..count).rev().for_each(|last| order.swap(last as usize, below(last + 1) as usize));
        order
    };
    let (user, device) = (shuffled(), shuffled());
    let (mut pairs, mut first) = (BTreeSet::new(), 0);
    while first < count {
        let length = (1 + below(count / 2)).min(count - first);
        for step in 0..length {
            let mut seen = |place: u32| {
                pairs.insert((user[(first + step) as usize], device[(first + place % length) as usize]));
            };
            seen(step);
            seen(step + 1);
            if step % 16 == 15 {
                seen(below(length));
            }
        }
        first += length;
    }
    pairs.into_iter().collect()
}

#[test]
fn every_kind_of_search_is_reached_and_right() {
    let mut reached = BTreeSet::new();
    let scattered = (0..12).map(|seed| {
        let users = 700 + 60 * seed as u32;
        (users, 900, scattered(seed, users, 900))
    });
    let wound = (0..12).map(|seed| (2000, 2000, wound(seed, 2000)));
    for (users, devices, pairs) in scattered.chain(wound) {
        let graph = Graph::new(users, devices, &pairs).expect("small graph");
        for prices in [(1, 1), (5, 4), (4, 5), (47, 36)] {
            let mut step = |step| {
                reached.insert(step);
            };
            let cover = cheapest_cover_timed(&graph, Prices::Same(prices.0), Prices::Same(prices.1), &mut step);
            assert!(cover.is_proven(&graph));
            let expected = u128::from(most_demand(users, devices, &pairs, prices));
            assert_eq!(cover.cost, expected, "{users} users, {} pairs at {prices:?}", pairs.len());
        }
    }
    for step in ["peel", "kernel", "greedy", "search", "deep search", "forest", "lost"] {
        assert!(reached.contains(step), "{step} is not among {reached:?}");
    }
}
