//! Where else the aggregator may be: what DNS says of a service `_caliper._tcp` of this machine's domain (RFC 2782).
//!
//! Addresses are all that is taken from it. Whom to trust stays the business of the token.

/// What stands before the domain in the name of the service.
pub const SERVICE: &str = "_caliper._tcp";

/// Most addresses tried, the best ones.
const MOST: usize = 8;

/// One target of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// The lowest is tried first.
    pub priority: u16,
    /// Among those of the same priority: how often it comes first, in proportion.
    pub weight: u16,
    /// Of the service there.
    pub port: u16,
    /// Name of the machine.
    pub target: String,
}

/// Asks DNS for the targets of [`SERVICE`]; an error is a sentence. No domain and no such service are no error and no records.
pub type Resolver = fn() -> Result<Vec<ServiceRecord>, String>;

/// The targets as `host:port`, in the order in which RFC 2782 has them tried. `random` gives 64 random bits.
pub fn in_order(mut records: Vec<ServiceRecord>, random: impl Fn() -> u64) -> Vec<String> {
    // `.` says that the service is decidedly not there
    records.retain(|record| !record.target.trim_end_matches('.').is_empty() && record.port != 0);
    // those without weight stand first, so that they have a very small chance and not none
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut addresses = Vec::new();
    while let Some(first) = records.first() {
        let alike = records.iter().take_while(|record| record.priority == first.priority);
        let weights: Vec<u64> = alike.map(|record| u64::from(record.weight)).collect();
        let all: u64 = weights.iter().sum();
        // evenly from 0 to the sum, both included
        let drawn = ((u128::from(random()) * u128::from(all + 1)) >> 64) as u64;
        let mut sum = 0;
        let chosen = weights.iter().position(|weight| {
            sum += weight;
            sum >= drawn
        });
        let record = records.remove(chosen.unwrap_or(0));
        let address = format!("{}:{}", record.target.trim_end_matches('.'), record.port);
        if crate::config::is_address(&address) {
            addresses.push(address);
        }
    }
    addresses.truncate(MOST);
    addresses
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> ServiceRecord {
        ServiceRecord { priority, weight, port: 8444, target: target.into() }
    }

    #[test]
    fn the_lowest_priority_comes_first_and_a_dot_is_nowhere() {
        let records = vec![record(20, 0, "c"), record(10, 0, "a.example.org."), record(15, 9, "b"), record(5, 0, ".")];
        assert_eq!(in_order(records, || 7), ["a.example.org:8444", "b:8444", "c:8444"]);
        let odd = vec![record(1, 0, "a b"), record(1, 0, "x\r\nHost: y"), record(1, 0, ""), record(2, 0, "good")];
        assert_eq!(in_order(odd, || u64::MAX), ["good:8444"]);
        assert_eq!(in_order(Vec::new(), || 0), [""; 0]);
        assert_eq!(in_order(vec![record(0, u16::MAX, "a"); 50], || u64::MAX).len(), MOST);
    }

    /// By the RFC's own procedure: records without weight first, running sums, a number from 0 to the sum.
    #[test]
    fn weights_are_drawn_as_the_standard_says() {
        let records = || vec![record(1, 3, "three"), record(1, 0, "none"), record(1, 1, "one")];
        let first = |drawn: u64| {
            // the number that is scaled to `drawn` of 0 to 4
            let numbers = Cell::new(((u128::from(drawn) << 64) / 5 + 1) as u64);
            in_order(records(), || numbers.get())[0].clone()
        };
        // running sums: none 0, one 1, three 4
        assert_eq!([0, 1, 2, 3, 4].map(first), ["none:8444", "one:8444", "three:8444", "three:8444", "three:8444"]);
    }

    #[test]
    fn over_many_draws_each_comes_first_in_proportion() {
        let state = Cell::new(1_u64);
        let random = || {
            // Knuth's linear congruential generator, its upper half twice
            let next = || {
                state.set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
                state.get() >> 32
            };
            (next() << 32) | next()
        };
        let mut first = [0; 2];
        for _ in 0..4000 {
            let order = in_order(vec![record(1, 10, "a"), record(1, 30, "b")], random);
            assert_eq!(order.len(), 2);
            first[usize::from(order[0] == "b:8444")] += 1;
        }
        // 10 of 41 numbers and the 0 are a's: 4000 * 11 / 41 = 1073
        assert!((950..1200).contains(&first[0]), "{first:?}");
    }
}
