use proptest::prelude::*;

use super::*;

/// Every choice, one host after the other, and for each the least money by trying all ways to serve it.
fn brute_force(problem: &EditionProblem<'_>) -> Option<u128> {
    let mut all = std::collections::BTreeSet::new();
    each_choice(problem, 0, &mut vec![0; problem.prices.len()], &mut |needed| _ = all.insert(needed.to_vec()));
    let turns = all_turns(problem.supplies);
    let ways = all.iter().flat_map(|needed| {
        turns.iter().filter_map(|supplies| {
            all_ways(problem.prices, supplies, 0, needed, supplies.first().map_or(0, |first| first.quantity))
        })
    });
    ways.min()
}

fn add(needs: &Needs, times: u64, to: &mut [u64]) {
    for &(class, count) in needs {
        to[class as usize] += count * times;
    }
}

fn each_choice(problem: &EditionProblem<'_>, at: usize, needed: &mut Vec<u64>, then: &mut dyn FnMut(&[u64])) {
    let Some(cluster) = problem.clusters.get(at) else { return then(needed) };
    if let Some(together) = &cluster.together {
        let before = needed.clone();
        add(together, 1, needed);
        each_choice(problem, at + 1, needed, then);
        *needed = before;
    }
    let hosts: Vec<&Kind> =
        cluster.kinds.iter().flat_map(|kind| std::iter::repeat_n(kind, kind.count as usize)).collect();
    each_host(problem, at, &hosts, needed, then);
}

fn each_host(
    problem: &EditionProblem<'_>,
    cluster: usize,
    hosts: &[&Kind],
    needed: &mut Vec<u64>,
    then: &mut dyn FnMut(&[u64]),
) {
    let Some((host, others)) = hosts.split_first() else { return each_choice(problem, cluster + 1, needed, then) };
    for option in &host.options {
        let before = needed.clone();
        add(option, 1, needed);
        each_host(problem, cluster, others, needed, then);
        *needed = before;
    }
}

/// The supplies for every number of licences that is turned into something else.
fn all_turns(supplies: &[Supply]) -> Vec<Vec<Supply>> {
    let mut all = vec![Vec::new()];
    for supply in supplies {
        let most = if supply.turned.is_some() { supply.quantity } else { 0 };
        let (units, serves) = supply.turned.clone().unwrap_or_default();
        let turns = (0..=most).flat_map(|number| {
            let rest = Supply { quantity: supply.quantity - number, turned: None, ..supply.clone() };
            let turned = Supply { quantity: number * units, serves: serves.clone(), turned: None };
            let own: Vec<Supply> = [rest, turned].into_iter().filter(|supply| supply.quantity > 0).collect();
            all.iter().map(move |before| [&before[..], &own[..]].concat()).collect::<Vec<_>>()
        });
        all = turns.collect();
    }
    all
}

/// Gives `left` units of the first supply to the classes from `class` on, in every number, then the next supply; at the end
/// what is missing is bought.
fn all_ways(prices: &[Option<u64>], supplies: &[Supply], class: u32, needed: &[u64], left: u64) -> Option<u128> {
    let Some((own, others)) = supplies.split_first() else {
        let price = |(&count, price): (&u64, &Option<u64>)| match (count, price) {
            (0, _) => Some(0),
            (_, price) => price.map(|price| u128::from(price) * u128::from(count)),
        };
        return needed.iter().zip(prices).map(price).sum();
    };
    if class as usize == needed.len() {
        return all_ways(prices, others, 0, needed, others.first().map_or(0, |next| next.quantity));
    }
    let most = if own.serves.contains(&class) { left.min(needed[class as usize]) } else { 0 };
    let ways = (0..=most).filter_map(|number| {
        let mut rest = needed.to_vec();
        rest[class as usize] -= number;
        all_ways(prices, supplies, class + 1, &rest, left - number)
    });
    ways.min()
}

fn cost_of(problem: &EditionProblem<'_>, plan: &EditionPlan) -> u128 {
    let mut needed = vec![0_u64; problem.prices.len()];
    for (cluster, taken) in problem.clusters.iter().zip(&plan.taken) {
        match taken {
            Taken::Together => {
                add(cluster.together.as_ref().unwrap(), 1, &mut needed);
            }
            Taken::Each(kinds) => {
                for (kind, counts) in cluster.kinds.iter().zip(kinds) {
                    assert_eq!(counts.iter().sum::<u64>(), kind.count);
                    for (option, number) in kind.options.iter().zip(counts) {
                        add(option, *number, &mut needed);
                    }
                }
            }
        }
    }
    for (at, supply) in problem.supplies.iter().enumerate() {
        assert!(plan.given[at].iter().sum::<u64>() + plan.turned[at] <= supply.quantity);
        for (class, &given) in (0..).zip(&plan.given[at]) {
            assert!(given == 0 || supply.serves.contains(&class));
        }
        let turned = &plan.given[problem.supplies.len() + at];
        let (units, serves) = supply.turned.clone().unwrap_or_default();
        assert!(turned.iter().sum::<u64>() <= plan.turned[at] * units);
        for (class, &given) in (0..).zip(turned) {
            assert!(given == 0 || serves.contains(&class));
        }
    }
    let mut cost = 0;
    for (class, &count) in needed.iter().enumerate() {
        let given: u64 = plan.given.iter().map(|row| row[class]).sum();
        assert!(given <= count);
        if count > given {
            cost += u128::from(problem.prices[class].unwrap()) * u128::from(count - given);
        }
    }
    cost
}

type Drawn = (Vec<Option<u64>>, Vec<Supply>, Vec<Cluster>);

/// Classes 0 and 1 are Standard cores old and new, 2 Datacenter, 3 a licence that may be turned into Standard, 4 cores of
/// virtual machines, 5 one that cannot be bought.
fn problems() -> impl Strategy<Value = Drawn> {
    let needs = prop::collection::vec((0..6_u32, 1..5_u64), 0..3);
    let bought = (0..5_u32, 1..6_u64).prop_map(|need| vec![need]);
    let kind =
        (1..3_u64, bought, prop::collection::vec(needs.clone(), 0..3)).prop_map(|(count, first, mut options)| {
            options.push(first);
            Kind { count, options }
        });
    let cluster = (prop::option::of(needs), prop::collection::vec(kind, 1..3))
        .prop_map(|(together, kinds)| Cluster { together, kinds });
    let prices = prop::array::uniform5(1..7_u64);
    let owned = prop::array::uniform6(0..7_u64);
    (prices, owned, prop::collection::vec(cluster, 1..3), 1..4_u64).prop_map(|(prices, owned, clusters, units)| {
        let mut prices: Vec<Option<u64>> = prices.into_iter().map(Some).collect();
        prices[1] = prices[0];
        prices.push(None);
        let supply = |quantity, serves: &[u32]| Supply { quantity, serves: serves.to_vec(), turned: None };
        let supplies = vec![
            supply(owned[0] / 2, &[0]),
            supply(owned[1], &[0, 1, 4]),
            supply(owned[2], &[2]),
            Supply { turned: Some((units, vec![0, 1])), ..supply(owned[3] / 2, &[3]) },
            supply(owned[4] / 3, &[4]),
            supply(owned[5] / 2, &[5]),
        ];
        (prices, supplies, clusters)
    })
}

fn plain(clusters: &[Cluster]) -> Vec<Taken> {
    let last = |kind: &Kind| {
        let mut counts = vec![0; kind.options.len()];
        counts[kind.options.len() - 1] = kind.count;
        counts
    };
    clusters.iter().map(|cluster| Taken::Each(cluster.kinds.iter().map(last).collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_as_trying_everything((prices, supplies, clusters) in problems()) {
        let problem = EditionProblem { prices: &prices, supplies: &supplies, clusters: &clusters };
        let plan = cheapest_editions(&problem, &plain(&clusters)).unwrap();
        let least = brute_force(&problem).unwrap();
        prop_assert_eq!(plan.cost, least);
        prop_assert_eq!(plan.lower_bound, least);
        prop_assert_eq!(cost_of(&problem, &plan), least);
    }
}
