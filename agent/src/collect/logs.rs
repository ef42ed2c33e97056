//! The event logs of the running Windows, from where the last collection stopped, as the rows that their files give.
//!
//! Pure: the records come in, as XML. Which of them count stands in `caliper_evidence::event_log`.

use caliper_evidence::event_log::{self, EventLog, Reading, Use};

use super::progress::Place;

/// Channels and the events asked for, so that Windows hands out no others (rule I.2).
pub const CHANNELS: [(&str, &[u32]); 3] = [
    ("Security", &[4624, 4768, 4769, 4776, 4778, 4779, 5140]),
    ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", &[21, 25]),
    ("Microsoft-Windows-TerminalServices-Gateway/Operational", &[302, 303]),
];

/// Who hands out the records of one channel, the oldest first.
pub trait Channel {
    /// Goes to the very record of a bookmark, which comes next then; false if it is not there.
    fn seek(&mut self, bookmark: &str) -> bool;
    /// The next records; none at the end. A record that cannot be read is an empty text.
    fn batch(&mut self) -> Result<Vec<String>, String>;
    /// The bookmark of the last record that came.
    fn bookmark(&self) -> Result<Option<String>, String>;
}

/// The events of a channel, as Windows wants them chosen.
pub fn query(events: &[u32]) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("EventID={event}")).collect();
    format!("*[System[{}]]", events.join(" or "))
}

/// Reads on after `place`; from the oldest record where there is none or the log has lost it, which repeats rows at worst.
///
/// After `most` records the rest waits for the next collection. `open` opens the channel anew; `None` if there is no such channel. What
/// the records prove goes to `each`; returns what else they say and where to go on.
pub fn read<C: Channel>(
    open: &dyn Fn() -> Result<Option<C>, String>,
    place: Option<&Place>,
    most: usize,
    each: &mut impl FnMut(Use),
) -> Result<Option<(EventLog, Option<Place>)>, String> {
    let Some((mut channel, mut records)) = begin(open, place)? else { return Ok(None) };
    let mut reading = Reading::default();
    let mut reached = place.cloned();
    let (mut taken, mut damaged) = (0, 0);
    let mut warnings = Vec::new();
    loop {
        taken += records.len();
        let mut last = None;
        for record in &records {
            let read = event_log::read_xml(record);
            last = read.as_ref().map(|(event, _)| event.micros);
            match read {
                Some((event, computer)) => reading.add(&event, &computer),
                None => damaged += 1,
            }
        }
        reading.overflow(&mut *each);
        // nobody could tell a damaged record again, so the place before it stays
        if let Some(micros) = last {
            reached = channel.bookmark()?.map(|bookmark| Place { bookmark, micros });
        }
        if taken >= most {
            warnings.push(format!("{taken} records were read, the next collection goes on"));
            break;
        }
        records = match channel.batch() {
            Ok(next) => next,
            Err(problem) => {
                warnings.push(problem);
                break;
            }
        };
        if records.is_empty() {
            break;
        }
    }
    if damaged > 0 {
        warnings.push(format!("{damaged} records cannot be read, left out"));
    }
    let mut log = reading.finish(each);
    log.warnings.extend(warnings);
    Ok(Some((log, reached)))
}

/// The channel and its first records after the place.
fn begin<C: Channel>(
    open: &dyn Fn() -> Result<Option<C>, String>,
    place: Option<&Place>,
) -> Result<Option<(C, Vec<String>)>, String> {
    let Some(mut channel) = open()? else { return Ok(None) };
    if let Some(place) = place {
        if channel.seek(&place.bookmark) {
            let mut records = channel.batch()?;
            let first = records.first().and_then(|record| event_log::read_xml(record));
            if first.is_some_and(|(event, _)| event.micros == place.micros) {
                records.remove(0); // it was read before
                return Ok(Some((channel, records)));
            }
        }
        // overwritten, or the log was cleared and counts anew
        let Some(again) = open()? else { return Ok(None) };
        channel = again;
    }
    let records = channel.batch()?;
    Ok(Some((channel, records)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fake: records with number, second and account of a network sign-in, handed out two at a time.
    #[derive(Clone, Default)]
    struct FakeChannel {
        records: Vec<(u64, u8, &'static str)>,
        at: usize,
        fails_at: Option<usize>,
    }

    impl Channel for FakeChannel {
        fn seek(&mut self, bookmark: &str) -> bool {
            let found = self.records.iter().position(|(number, ..)| number.to_string() == bookmark);
            self.at = found.unwrap_or_default();
            found.is_some()
        }

        fn batch(&mut self) -> Result<Vec<String>, String> {
            if self.fails_at.is_some_and(|fails| self.at >= fails) {
                return Err("refused".into());
            }
            let end = (self.at + 2).min(self.records.len());
            let records = self.records[self.at..end].iter().map(|(_, second, user)| record(*second, user)).collect();
            self.at = end;
            Ok(records)
        }

        fn bookmark(&self) -> Result<Option<String>, String> {
            Ok(self.at.checked_sub(1).map(|at| self.records[at].0.to_string()))
        }
    }

    fn record(second: u8, user: &str) -> String {
        if user.is_empty() {
            return String::new();
        }
        format!(
            "<Event><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4624</EventID>\
             <Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2026-11-28T10:00:{second:02}Z'/>\
             <Computer>S</Computer></System><EventData><Data Name='TargetUserName'>{user}</Data>\
             <Data Name='LogonType'>3</Data><Data Name='IpAddress'>10.0.0.7</Data></EventData></Event>"
        )
    }

    /// The accounts in the order of their names, warnings, and the number in the place that was reached.
    fn run(fake: &FakeChannel, place: Option<&Place>, most: usize) -> (Vec<String>, Vec<String>, Option<Place>) {
        let mut users = Vec::new();
        let mut each = |row: Use| users.push(row.sign_in.principal);
        let (log, place) = read(&|| Ok(Some(fake.clone())), place, most, &mut each).unwrap().unwrap();
        (users, log.warnings, place)
    }

    fn of(numbers: std::ops::Range<u64>) -> FakeChannel {
        let users = ["a", "b", "c", "d", "e", "f"];
        let records = numbers.map(|number| (number, number as u8, users[number as usize - 1])).collect();
        FakeChannel { records, ..FakeChannel::default() }
    }

    #[test]
    fn it_goes_on_after_the_bookmark() {
        let (users, _, place) = run(&of(1..4), None, 100);
        assert_eq!(
            (users.as_slice(), place.as_ref().unwrap().bookmark.as_str()),
            (&["a", "b", "c"].map(String::from)[..], "3")
        );
        let (users, warnings, same) = run(&of(1..4), place.as_ref(), 100);
        assert_eq!((users.len(), warnings.len(), same), (0, 0, place.clone()));
        let (users, _, place) = run(&of(2..7), place.as_ref(), 100);
        assert_eq!((users, place.unwrap().bookmark.as_str()), (["d", "e", "f"].map(String::from).to_vec(), "6"));
    }

    #[test]
    fn a_log_that_lost_the_bookmark_is_read_from_its_start() {
        let (_, _, place) = run(&of(1..3), None, 100);
        assert_eq!(run(&of(3..5), place.as_ref(), 100).0, ["c", "d"], "overwritten");
        let cleared = FakeChannel { records: vec![(1, 40, "x"), (2, 41, "y"), (3, 42, "z")], ..of(1..1) };
        let (users, _, after) = run(&cleared, place.as_ref(), 100);
        assert_eq!((users, after.unwrap().bookmark.as_str()), (["x", "y", "z"].map(String::from).to_vec(), "3"));
        let (users, _, after) = run(&FakeChannel::default(), place.as_ref(), 100);
        assert_eq!((users.len(), after), (0, place), "cleared and empty");
    }

    #[test]
    fn much_damage_and_refusals_keep_what_was_read() {
        let (users, warnings, place) = run(&of(1..7), None, 2);
        assert_eq!((users.len(), place.as_ref().unwrap().bookmark.as_str()), (2, "2"));
        assert_eq!(warnings, ["2 records were read, the next collection goes on"]);
        assert_eq!(run(&of(1..7), place.as_ref(), 100).0, ["c", "d", "e", "f"]);

        let failing = FakeChannel { fails_at: Some(4), ..of(1..7) };
        let (users, warnings, place) = run(&failing, None, 100);
        assert_eq!((users.len(), warnings[0].as_str(), place.unwrap().bookmark.as_str()), (4, "refused", "4"));

        let mut damaged = of(1..5);
        damaged.records[3].2 = "";
        let (users, warnings, place) = run(&damaged, None, 100);
        assert_eq!((users.len(), warnings[0].as_str()), (3, "1 records cannot be read, left out"));
        assert_eq!(place.unwrap().bookmark, "2", "the place before the batch with the damaged record at its end");
    }

    #[test]
    fn a_channel_that_is_not_there_is_no_log() {
        let nothing = read(&|| Ok(None::<FakeChannel>), None, 1, &mut drop);
        assert_eq!(nothing, Ok(None));
        assert_eq!(
            read(&|| Err::<Option<FakeChannel>, _>("refused".into()), None, 1, &mut drop),
            Err("refused".into())
        );
        assert_eq!(query(&[21, 25]), "*[System[EventID=21 or EventID=25]]");
        // what is asked for is what the rules look at
        for (_, events) in CHANNELS {
            assert!(events.iter().all(|event| event_log::may_count(u64::from(*event))));
        }
    }
}
