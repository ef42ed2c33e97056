//! Values with a form of their own: durations and addresses.

use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads `90s`, `30m`, `6h` or `1d`.
pub fn read_duration(text: &str) -> Option<Duration> {
    let (unit, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(*seconds)?))
}

/// The form that [`read_duration`] reads, in the largest unit that is exact; parts of a second are left out.
#[must_use]
pub fn print_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (unit, size) = UNITS.iter().find(|(_, size)| seconds.is_multiple_of(*size)).unwrap_or(&("s", 1));
    format!("{}{unit}", seconds / size)
}

/// Whether a text is `host:port` or `[address]:port`.
pub fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = !host.contains([':', '/', '[', ']', '@']);
    let printed = !host.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    !host.is_empty() && (bracketed || plain) && printed && port.parse::<u16>().is_ok_and(|port| port != 0)
}
