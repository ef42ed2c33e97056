//! The server's time zone, for times of day to collect at.
//!
//! Windows keeps its own rules, which are those its clock follows; so no database of time zones is needed there.

use jiff::tz::TimeZone;

/// The zone of this machine; UTC where it cannot be told.
#[must_use]
pub fn of_this_machine() -> TimeZone {
    #[cfg(not(windows))]
    return TimeZone::system();
    #[cfg(windows)]
    {
        let zone = caliper_windows::clock::zone().ok();
        let zone = zone.and_then(|zone| of_windows(zone.biases, zone.standard, zone.daylight));
        zone.unwrap_or(TimeZone::UTC)
    }
}

/// Understands `TIME_ZONE_INFORMATION`: minutes from local time to UTC, more in standard time and more in summer time; and when either
/// begins, as year, month, day of the week, day, hour, minute, second. `None` if a number is out of range.
///
/// Windows gives what POSIX calls a rule of the form `M`: the nth such day of a month, 5 for the last. A change on one day of one year
/// is no rule; the clock is taken to stay in standard time then.
#[must_use]
pub fn of_windows(biases: [i32; 3], standard: [u16; 7], daylight: [u16; 7]) -> Option<TimeZone> {
    let [bias, more, more_in_summer] = biases;
    let offset = |more: i32| {
        let minutes = bias.checked_add(more)?;
        let sign = if minutes < 0 { "-" } else { "" };
        Some(format!("{sign}{}:{:02}", minutes.abs() / 60, minutes.abs() % 60))
    };
    let rule = |[_, month, weekday, which, hour, minute, second]: [u16; 7]| {
        format!("M{month}.{which}.{weekday}/{hour}:{minute:02}:{second:02}")
    };
    let winter = offset(more)?;
    let is_rule = |[year, month, ..]: [u16; 7]| year == 0 && month != 0;
    let text = if is_rule(standard) && is_rule(daylight) {
        format!("WIN{winter}SUM{},{},{}", offset(more_in_summer)?, rule(daylight), rule(standard))
    } else {
        format!("WIN{winter}")
    };
    TimeZone::posix(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Windows' registry has them for 2026, beside the zone of the same name in the database of the IANA.
    #[test]
    fn rules_of_windows_are_those_of_the_places() {
        const NEVER: [u16; 7] = [0; 7];
        for (name, biases, standard, daylight) in [
            ("Europe/Berlin", [-60, 0, -60], [0, 10, 0, 5, 3, 0, 0], [0, 3, 0, 5, 2, 0, 0]),
            ("America/New_York", [300, 0, -60], [0, 11, 0, 1, 2, 0, 0], [0, 3, 0, 2, 2, 0, 0]),
            ("Australia/Sydney", [-600, 0, -60], [0, 4, 0, 1, 3, 0, 0], [0, 10, 0, 1, 2, 0, 0]),
            ("Asia/Kolkata", [-330, 0, -60], NEVER, NEVER),
            ("America/St_Johns", [210, 0, -60], [0, 11, 0, 1, 2, 0, 0], [0, 3, 0, 2, 2, 0, 0]),
            ("UTC", [0, 0, 0], NEVER, NEVER),
        ] {
            let zone = of_windows(biases, standard, daylight).unwrap();
            let place = TimeZone::get(name).unwrap();
            // each hour of 2026
            let start = jiff::civil::date(2026, 1, 1).to_zoned(TimeZone::UTC).unwrap().timestamp();
            for hour in 0..365 * 24 {
                let at = start + jiff::SignedDuration::from_hours(hour);
                assert_eq!(zone.to_offset(at), place.to_offset(at), "{name} at {at}");
            }
        }
    }

    #[test]
    fn numbers_out_of_range_are_no_zone() {
        let change = [0, 10, 0, 5, 3, 0, 0];
        for (biases, standard) in [
            ([i32::MAX, 1, 0], change),
            ([60 * 24 * 9, 0, 0], change),
            ([0, 0, 0], [0, 13, 0, 5, 3, 0, 0]),
            ([0, 0, 0], [0, 10, 7, 5, 3, 0, 0]),
            ([0, 0, 0], [0, 10, 0, 6, 3, 0, 0]),
            ([0, 0, 0], [0, 10, 0, 5, 999, 0, 0]),
        ] {
            assert_eq!(of_windows(biases, standard, change), None, "{biases:?} {standard:?}");
        }
        // a change that comes once is no rule
        let once = of_windows([-60, 0, -60], [2026, 10, 0, 25, 3, 0, 0], [0, 3, 0, 5, 2, 0, 0]).unwrap();
        assert_eq!(once, of_windows([-60, 0, -60], [0; 7], [0; 7]).unwrap());
    }
}
