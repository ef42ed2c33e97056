//! The clock of this Windows.

use windows_sys::Win32::{
    Foundation::SYSTEMTIME,
    System::Time::{GetTimeZoneInformation, TIME_ZONE_ID_INVALID, TIME_ZONE_INFORMATION},
};

use crate::WindowsError;

/// The time zone as Windows keeps it for the present year (`TIME_ZONE_INFORMATION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// Minutes from local time to UTC, west of Greenwich positive; then how many more in standard time, and in summer time.
    pub biases: [i32; 3],
    /// When standard time begins: year, month, day of the week, day, hour, minute, second.
    pub standard: [u16; 7],
    /// When summer time begins, alike.
    pub daylight: [u16; 7],
}

/// Asks for the time zone.
pub fn zone() -> Result<Zone, WindowsError> {
    let mut answer = TIME_ZONE_INFORMATION::default();
    // SAFETY: `answer` is writable for the call.
    let known = unsafe { GetTimeZoneInformation(&raw mut answer) };
    if known == TIME_ZONE_ID_INVALID {
        return Err(WindowsError::last("GetTimeZoneInformation", ""));
    }
    Ok(Zone {
        biases: [answer.Bias, answer.StandardBias, answer.DaylightBias],
        standard: numbers(&answer.StandardDate),
        daylight: numbers(&answer.DaylightDate),
    })
}

fn numbers(date: &SYSTEMTIME) -> [u16; 7] {
    [date.wYear, date.wMonth, date.wDayOfWeek, date.wDay, date.wHour, date.wMinute, date.wSecond]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_day_away_at_most_and_changes_twice_or_never() {
        let zone = zone().unwrap();
        assert!(zone.biases[0].abs() <= 24 * 60, "{zone:?}");
        assert_eq!(zone.standard[1] == 0, zone.daylight[1] == 0, "{zone:?}");
    }
}
