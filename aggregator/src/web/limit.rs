//! Slows down guessing of passwords: counts failed attempts per name and address within a window of time.
//!
//! Lives in memory. Knows nothing of passwords or sessions.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use caliper_proto::Instant;

/// Length of the window in microseconds: 15 minutes.
const WINDOW: i64 = 15 * 60 * 1_000_000;
/// Entries remembered at most.
const CAPACITY: usize = 50_000;

/// What failures are counted under, with the number allowed in one window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// One name from one address: 5.
    Pair(String, IpAddr),
    /// Any name from one address: 20.
    Address(IpAddr),
    /// One name from anywhere: 50, so that nobody locks out another with a handful of requests.
    Name(String),
}

impl Key {
    fn allowed(&self) -> u32 {
        match self {
            Self::Pair(..) => 5,
            Self::Address(_) => 20,
            Self::Name(_) => 50,
        }
    }

    fn all(name: &str, address: IpAddr) -> [Self; 3] {
        let name: String = name.chars().take(100).flat_map(char::to_lowercase).collect();
        let address = network(address);
        [Self::Pair(name.clone(), address), Self::Address(address), Self::Name(name)]
    }
}

/// One customer of an IPv6 network has a /64 to himself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Counts failed attempts.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<HashMap<Key, (u32, Instant)>>);

impl Limiter {
    /// Seconds to wait before the next attempt; `None` if it may be made now.
    pub fn wait(&self, name: &str, address: IpAddr, now: Instant) -> Option<u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |key: &Key| {
            let (failures, begun) = counts.get(key)?;
            let left = begun.micros() + WINDOW - now.micros();
            (*failures >= key.allowed() && left > 0).then_some(left)
        };
        let micros = Key::all(name, address).iter().filter_map(left).max()?;
        Some(u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000))
    }

    /// Counts a failure.
    pub fn failed(&self, name: &str, address: IpAddr, now: Instant) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CAPACITY {
            counts.retain(|_, (_, begun)| begun.micros() + WINDOW > now.micros());
        }
        if counts.len() >= CAPACITY {
            // better to forget than to let a flood keep everybody out; hashing is slow anyway
            counts.clear();
        }
        for key in Key::all(name, address) {
            let count = counts.entry(key).or_insert((0, now));
            if count.1.micros() + WINDOW <= now.micros() {
                *count = (0, now);
            }
            count.0 += 1;
        }
    }

    /// Takes back one failure after a success, and all failures of that name from that address.
    pub fn succeeded(&self, name: &str, address: IpAddr) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [pair, others @ ..] = Key::all(name, address);
        counts.remove(&pair);
        for key in others {
            if let Some(count) = counts.get_mut(&key) {
                count.0 = count.0.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_close_one_name_from_one_address_for_a_quarter_of_an_hour() {
        let limiter = Limiter::default();
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000).unwrap();
        let (home, other): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8:1::1".parse().unwrap());
        for second in 0..5 {
            assert_eq!(limiter.wait("alice", home, at(second)), None);
            limiter.failed("Alice", home, at(second));
        }
        assert_eq!(limiter.wait("alice", home, at(5)), Some(895));
        assert_eq!(limiter.wait("alice", "2001:db8::2".parse().unwrap(), at(5)), Some(895), "the same /64");
        assert_eq!(limiter.wait("alice", other, at(5)), None);
        assert_eq!(limiter.wait("bob", home, at(5)), None);
        assert_eq!(limiter.wait("alice", home, at(900)), None);
        limiter.succeeded("alice", home);
        assert_eq!(limiter.wait("alice", home, at(5)), None);
    }

    #[test]
    fn twenty_failures_close_an_address() {
        let limiter = Limiter::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for guess in 0..20 {
            limiter.failed(&format!("name{guess}"), address, Instant::default());
        }
        assert!(limiter.wait("fresh", address, Instant::default()).is_some());
    }
}
