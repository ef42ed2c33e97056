//! Whatever the disk does at any write, flush, cut, rename or deletion: what was committed and not acknowledged comes out
//! again, nothing else does, and nothing is taken for acknowledged that the aggregator has not.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use proptest::prelude::*;

use super::faulty::{Fault, Faulty};
use crate::queue::{Fill, Opened, QueueError, recovery::open_on};

const FOLDER: &str = "/queue";
/// With segments of 64 KiB.
const MOST: u64 = 256 << 10;

/// What an agent does with its queue.
#[derive(Debug, Clone, Copy)]
enum Step {
    Append(usize),
    Commit,
    /// Sends so many messages.
    Send(u64),
    /// The aggregator acknowledges so many of those sent.
    Acknowledge(u64),
    GiveUp,
    /// The connection broke.
    Rewind,
    Restart,
}

/// What really happened, as nobody's disk remembers it.
#[derive(Default)]
struct Truth {
    /// Every payload that ever had a number, newest last: numbers of messages that were never committed come again.
    appended: BTreeMap<u64, Vec<Vec<u8>>>,
    committed: u64,
    acknowledged: u64,
    sent: u64,
    /// Messages given up, said and attempted.
    dropped: (u64, u64),
    made: u8,
}

struct Scene {
    disk: Faulty,
    queue: Option<Opened>,
    truth: Truth,
}

impl Scene {
    fn new(fault: Fault) -> Self {
        Self { disk: Faulty::new(fault), queue: None, truth: Truth::default() }
    }

    /// Opens the queue and holds it against the truth. `Err` if the disk does not let it.
    fn open(&mut self) -> Result<(), QueueError> {
        self.queue = None;
        let mut opened = open_on(Arc::new(self.disk.clone()), Path::new(FOLDER), MOST)?;
        let truth = &mut self.truth;
        let acknowledged = opened.reader.acknowledged();
        assert!(acknowledged <= truth.acknowledged, "{acknowledged} counts as acknowledged, {} is", truth.acknowledged);
        let Fill { messages, dropped, .. } = opened.reader.fill();
        let (said, attempted) = truth.dropped;
        assert!((said..=attempted).contains(&dropped), "{dropped} dropped, of {said} said and {attempted} attempted");
        truth.dropped = (dropped, dropped);
        let mut next = truth.acknowledged + 1;
        while let Some(record) = opened.reader.read().unwrap() {
            let known = truth.appended.get(&record.sequence).is_some_and(|all| all.contains(&record.payload));
            assert!(known, "message {} was never queued like this", record.sequence);
            if record.sequence <= truth.acknowledged {
                continue; // comes twice, which changes nothing
            }
            assert_eq!(record.sequence, next, "none is missing");
            next += 1;
            // it is committed now, if it was not before: no other may have its number
            truth.appended.insert(record.sequence, vec![record.payload]);
        }
        assert!(next > truth.committed, "{} was committed, the last one is {}", truth.committed, next - 1);
        assert!(messages >= (next - 1).saturating_sub(truth.acknowledged));
        truth.committed = next - 1;
        truth.sent = truth.sent.min(next - 1);
        opened.reader.rewind();
        self.queue = Some(opened);
        Ok(())
    }

    /// Does one step; what the queue refuses is undone in the truth as well.
    fn step(&mut self, step: Step) -> Result<(), QueueError> {
        if matches!(step, Step::Restart) || self.queue.is_none() {
            self.open()?;
        }
        let (truth, queue) = (&mut self.truth, self.queue.as_mut().unwrap());
        match step {
            Step::Restart => {}
            Step::Append(size) => {
                truth.made = truth.made.wrapping_add(1);
                let payload = vec![truth.made; size];
                let mut number = 0;
                let kept = queue.writer.append(|sequence| {
                    number = sequence;
                    truth.appended.entry(sequence).or_default().push(payload.clone());
                    payload
                });
                // a full segment was committed before the next one began
                truth.committed = truth.committed.max(*queue.reader.committed().borrow());
                assert_eq!(kept?, number);
            }
            Step::Commit => {
                queue.writer.commit()?;
                truth.committed = *queue.reader.committed().borrow();
            }
            Step::Send(number) => {
                for _ in 0..number {
                    let Some(record) = queue.reader.read()? else { break };
                    assert_eq!(truth.appended[&record.sequence].last(), Some(&record.payload));
                    truth.sent = truth.sent.max(record.sequence);
                }
            }
            Step::Acknowledge(number) => {
                truth.acknowledged = (truth.acknowledged + number).min(truth.sent).max(truth.acknowledged);
                queue.reader.acknowledge(truth.acknowledged)?;
            }
            Step::GiveUp => {
                truth.dropped.1 += 1;
                queue.writer.gave_up(1)?;
                truth.dropped.0 = truth.dropped.1;
            }
            Step::Rewind => queue.reader.rewind(),
        }
        Ok(())
    }

    /// Everything left is delivered by a disk that works.
    fn finish(mut self) {
        self.open().unwrap();
        let queue = self.queue.as_mut().unwrap();
        // a cut can bring back what was deleted, so that there is no room before it is delivered once more
        while let Some(record) = queue.reader.read().unwrap() {
            queue.reader.acknowledge(record.sequence).unwrap();
        }
        let number = queue.writer.append(|_| b"the last one".to_vec()).unwrap();
        assert!(number > self.truth.acknowledged, "a number that is acknowledged already");
        queue.writer.commit().unwrap();
        let last = queue.reader.read().unwrap().unwrap();
        assert_eq!((last.sequence, last.payload.as_slice()), (number, &b"the last one"[..]));
        queue.reader.acknowledge(number).unwrap();
        assert_eq!(queue.reader.fill().messages, 0);
        // whatever went wrong before left nothing behind but one segment, the position and what was given up
        queue.writer.append(|_| vec![]).unwrap();
        let left = self.disk.names();
        let ending = |ending: &str| left.iter().filter(|path| path.extension().is_some_and(|is| is == ending)).count();
        assert_eq!((ending("queue"), ending("new")), (1, 0), "{left:?}");
    }
}

/// A life of a queue: many segments, acknowledgements in the middle of them, a full queue, restarts.
fn life() -> Vec<Step> {
    use Step::{Acknowledge, Append, Commit, GiveUp, Restart, Rewind, Send};
    let mut steps = vec![Append(100), Append(0), Commit, Send(1), Append(3_000), Commit, Acknowledge(1), Restart];
    for round in 0..2 {
        steps.extend([Append(30_000), Append(20_000), Append(100), Append(30_000), Commit, Send(3), Acknowledge(2)]);
        steps.extend([GiveUp, Append(40_000), Append(50_000), Commit, Rewind, Send(50), Acknowledge(4 + round)]);
        steps.extend([Append(7), Append(9), Restart, Append(11), Commit, Send(99), Acknowledge(99), Append(60_000)]);
        steps.extend([Append(60_000), Append(60_000), Append(60_000), Append(60_000), Commit, GiveUp, Send(2)]);
        steps.extend([Acknowledge(1), Append(60_000), Commit, Send(99), Acknowledge(99), Append(5), Commit]);
    }
    steps
}

/// Lives on; when the power goes, it comes back with what `choice` lets survive, and the next fault waits.
fn live(steps: &[Step], faults: &[Fault], choice: u64) {
    let mut faults = faults.iter().copied();
    let mut scene = Scene::new(faults.next().unwrap_or(Fault::None));
    for step in steps {
        match scene.step(*step) {
            Ok(()) | Err(QueueError::Full { .. }) => {}
            Err(_) if !scene.disk.is_on() => {
                scene.queue = None;
                scene.disk.power_on(choice, faults.next().unwrap_or(Fault::None));
            }
            // what the agent does, too: a broken queue ends it, and it is started again
            Err(QueueError::Broken(_)) => scene.queue = None,
            Err(_) => {}
        }
    }
    if !scene.disk.is_on() {
        scene.queue = None;
        scene.disk.power_on(choice, Fault::None);
    }
    scene.disk.heal();
    scene.finish();
}

fn operations() -> u64 {
    let mut scene = Scene::new(Fault::None);
    for step in life() {
        match scene.step(step) {
            Ok(()) | Err(QueueError::Full { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let made = scene.disk.operations();
    scene.finish();
    made
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_and_invents_nothing() {
    let operations = operations();
    assert!(operations > 150, "{operations} operations");
    for at in 1..=operations {
        for choice in [0, 1, at + 1, at << 20] {
            live(&life(), &[Fault::Cut(at)], choice);
        }
    }
}

#[test]
fn an_operation_that_is_refused_loses_nothing() {
    for at in 1..=operations() {
        live(&life(), &[Fault::Refuse(at)], 0);
        live(&life(), &[Fault::Refuse(at), Fault::Cut(1 + at % 9)], at);
    }
}

#[test]
fn a_full_disk_loses_nothing_and_delivery_goes_on() {
    for at in 1..=operations() {
        for length in [2, 7, 40] {
            live(&life(), &[Fault::Full(at, length)], 0);
        }
    }
}

/// A segment that is made, but whose name may not be durable, stays behind; the next message still fits into the one before.
#[test]
fn a_segment_made_while_the_disk_failed_hides_no_message() {
    use Step::{Append, Commit, Restart, Send};
    let steps = [Append(40_000), Commit, Append(40_000), Append(100), Commit, Restart, Send(9), Append(40_000), Commit];
    for at in 1..=30 {
        live(&steps, &[Fault::Refuse(at)], 0);
        live(&steps, &[Fault::Full(at, 3), Fault::Cut(2)], at);
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..40_000_usize).prop_map(Step::Append),
        2 => (60_000..66_000_usize).prop_map(Step::Append),
        4 => Just(Step::Commit),
        4 => (0..9_u64).prop_map(Step::Send),
        3 => (0..9_u64).prop_map(Step::Acknowledge),
        1 => Just(Step::GiveUp),
        1 => Just(Step::Rewind),
        1 => Just(Step::Restart),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => (1..80_u64).prop_map(Fault::Cut),
        1 => (1..80_u64).prop_map(Fault::Refuse),
        1 => ((1..80_u64), (1..20_u64)).prop_map(|(from, length)| Fault::Full(from, length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any life, with one power cut after the other.
    #[test]
    fn any_life_survives_any_faults(
        steps in prop::collection::vec(step(), 1..60),
        faults in prop::collection::vec(fault(), 1..6),
        choice in any::<u64>(),
    ) {
        live(&steps, &faults, choice);
    }
}
