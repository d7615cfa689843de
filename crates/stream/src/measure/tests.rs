//! The whole way on a topic that fails in every way, with a process that is killed anywhere.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

use knowatt_readings::{Kind, LiveSample};
use proptest::prelude::*;

use super::*;
use crate::source::{Body, Incoming, Message, Place, Read, Repeats};

/// Chances, the same for the same seed.
#[derive(Clone)]
struct Chance(Rc<Cell<u64>>);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(Rc::new(Cell::new(seed | 1)))
    }

    fn below(&self, end: u64) -> u64 {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        (state >> 11) % end
    }

    fn one_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// The process is killed; nobody says so.
fn kill() -> ! {
    resume_unwind(Box::new(()))
}

/// What is outside: it outlives the process.
struct World {
    chance: Chance,
    /// How many readings there are in all.
    all: i64,
    /// How far a source that is acknowledged was.
    acknowledged: i64,
    /// What was written to the topic.
    topic: Vec<i64>,
    /// The readings it refuses.
    refused: BTreeSet<i64>,
    /// Whether the process may be killed, the source break, the topic be away.
    is_rough: bool,
}

/// Gives the readings 0, 1, 2, …: each its number at that minute.
struct Numbers {
    world: Rc<RefCell<World>>,
    repeats: Repeats,
    next: i64,
}

impl Source for Numbers {
    fn next(&mut self, _: Duration) -> Result<Incoming<'_>, Error> {
        let world = self.world.borrow();
        if world.is_rough && world.chance.one_in(60) {
            kill();
        }
        if world.is_rough && self.repeats != Repeats::Never && world.chance.one_in(200) {
            return Err(Error::again("the source broke"));
        }
        if self.next == world.all {
            return Ok(Incoming::End);
        }
        if world.chance.one_in(10) {
            return Ok(Incoming::Nothing);
        }
        let offset = self.next;
        self.next += 1;
        let (meter, at_ms) = (b"home".as_slice().into(), offset * 60_000);
        let body = Body::Sample(LiveSample {
            meter,
            at_ms,
            value: offset as f64,
            kind: Kind::Power,
            is_hour: false,
        });
        Ok(Incoming::Message(Message { place: Place { partition: 0, offset }, is_committed: false, body }))
    }

    fn commit(&mut self, read: &[Read]) -> Result<(), Error> {
        let mut world = self.world.borrow_mut();
        for read in read {
            world.acknowledged = read.next_offset;
        }
        if world.is_rough && world.chance.one_in(20) {
            drop(world);
            kill();
        }
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        self.repeats
    }

    fn position(&self) -> Option<String> {
        (self.repeats == Repeats::Position).then(|| self.next.to_string())
    }

    fn name(&self) -> String {
        "numbers".to_owned()
    }
}

/// A topic that is away at times, loses what it took, and confirms late.
struct Topic {
    world: Rc<RefCell<World>>,
    /// Taken and not written.
    taken: VecDeque<(u64, i64)>,
    /// Up to this one, one is taken at a time.
    careful_to: u64,
    away: u64,
}

impl Outlet for Topic {
    fn send(&mut self, id: u64, reading: &Measured) -> bool {
        if self.away > 0 || (id <= self.careful_to && !self.taken.is_empty()) || self.taken.len() == 50 {
            return false;
        }
        assert!(self.taken.back().is_none_or(|(last, _)| last + 1 == id));
        self.taken.push_back((id, reading.at_ms / 60_000));
        true
    }

    fn settle(&mut self, _: Duration, tell: &mut dyn FnMut(Settled)) -> Result<(), Error> {
        let mut world = self.world.borrow_mut();
        if self.away > 0 {
            self.away -= 1;
            return Ok(());
        }
        let count = world.chance.below(self.taken.len() as u64 + 1);
        let (mut last, mut is_broken) = (None, false);
        for _ in 0..count {
            let Some((id, number)) = self.taken.front().copied() else { break };
            if world.refused.contains(&number) {
                if let Some(last) = last.take() {
                    tell(Settled::Delivered(last));
                }
                if self.taken.len() == 1 {
                    tell(Settled::Refused(id, "it is not liked".to_owned()));
                    self.taken.clear();
                } else {
                    self.careful_to = self.taken.back().map_or(id, |(id, _)| *id);
                    is_broken = true;
                }
                break;
            }
            world.topic.push(number);
            self.taken.pop_front();
            // A confirmation may be lost with the connection.
            if world.is_rough && world.chance.one_in(100) {
                is_broken = true;
                break;
            }
            last = Some(id);
        }
        if let Some(last) = last {
            tell(Settled::Delivered(last));
        }
        if is_broken {
            self.taken.clear();
            tell(Settled::Lost);
        }
        if world.is_rough && world.chance.one_in(30) {
            self.away = world.chance.below(100);
        }
        Ok(())
    }

    fn name(&self) -> String {
        "topic".to_owned()
    }
}

/// Runs once; none where it was killed.
fn run(world: &Rc<RefCell<World>>, repeats: Repeats, path: &std::path::Path, max: u64) -> Option<Counts> {
    let settings = Settings {
        commit_interval: Duration::from_millis(world.borrow().chance.below(4)),
        ..Settings::default()
    };
    let mut open = |position: Option<&str>| {
        let next = match repeats {
            Repeats::Position => position.map_or(0, |position| position.parse().unwrap()),
            _ => world.borrow().acknowledged,
        };
        let source: Box<dyn Source> = Box::new(Numbers { world: world.clone(), repeats, next });
        Ok(source)
    };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let buffer = Buffer::open(path, "numbers", max).unwrap();
        let mut intake = Intake::new(Vec::new(), jiff::tz::TimeZone::UTC, None);
        let mut outlet = Topic { world: world.clone(), taken: VecDeque::new(), careful_to: 0, away: 0 };
        let way = Way { buffer, outlet: &mut outlet, dead_letters: None };
        measure(&mut open, &mut intake, way, &settings, &AtomicBool::new(false), &mut |_| {}).unwrap()
    }));
    ended.ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_reading_comes_in_order_however_often_the_process_is_killed(
        seed in any::<u64>(),
        is_position in any::<bool>(),
        is_small in any::<bool>(),
        refused in prop::collection::btree_set(0_i64..1000, 0..3),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("buffer");
        let repeats = if is_position { Repeats::Position } else { Repeats::Unacknowledged };
        let chance = Chance::new(seed);
        let world = World { chance, all: 1000, acknowledged: 0, topic: Vec::new(), refused: refused.clone(), is_rough: true };
        let world = Rc::new(RefCell::new(world));
        let max = if is_small { 40_000 } else { 1 << 20 };
        // The pauses before a source is opened again would make it long.
        for _ in 0..60 {
            _ = run(&world, repeats, &path, max);
        }
        world.borrow_mut().is_rough = false;
        let counts = run(&world, repeats, &path, max).unwrap();
        prop_assert_eq!((counts.waiting, counts.dropped), (0, 0));
        let mut seen = BTreeSet::new();
        let first: Vec<i64> = world.borrow().topic.iter().copied().filter(|number| seen.insert(*number)).collect();
        let expected: Vec<i64> = (0..1000).filter(|number| !refused.contains(number)).collect();
        let wrong = first.iter().zip(&expected).position(|(found, expected)| found != expected);
        prop_assert_eq!((wrong, first.len()), (None, expected.len()), "the first that is wrong");
    }
}

#[test]
fn of_a_source_that_cannot_wait_the_newest_are_dropped_and_counted_when_the_buffer_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let world = World {
        chance: Chance::new(7),
        all: 50_000,
        acknowledged: 0,
        topic: Vec::new(),
        refused: BTreeSet::new(),
        is_rough: false,
    };
    let world = Rc::new(RefCell::new(world));
    let mut outlet = Topic { world: world.clone(), taken: VecDeque::new(), careful_to: 0, away: u64::MAX };
    let buffer = Buffer::open(&folder.path().join("buffer"), "numbers", 100_000).unwrap();
    let way = Way { buffer, outlet: &mut outlet, dead_letters: None };
    let mut intake = Intake::new(Vec::new(), jiff::tz::TimeZone::UTC, None);
    let settings = Settings { drain: Duration::ZERO, commit_interval: Duration::from_millis(1) };
    let mut open = |_: Option<&str>| {
        let source: Box<dyn Source> =
            Box::new(Numbers { world: world.clone(), repeats: Repeats::Never, next: 0 });
        Ok(source)
    };
    let stop = AtomicBool::new(false);
    let counts = measure(&mut open, &mut intake, way, &settings, &stop, &mut |_| {}).unwrap();
    assert_eq!((counts.messages, counts.readings + counts.dropped), (50_000, 50_000));
    assert!(counts.dropped > 0 && counts.waiting == counts.readings, "{counts:?}");

    let counts = run(&world, Repeats::Position, &folder.path().join("buffer"), 100_000);
    let counts = counts.unwrap();
    assert_eq!(counts.waiting, 0);
    let topic = &world.borrow().topic;
    let oldest = i64::try_from(topic.len()).unwrap() - 50_000;
    assert!(oldest > 0 && topic[..100] == (0..100).collect::<Vec<_>>());
}

#[test]
fn a_row_of_the_future_is_a_dead_letter_with_what_it_held_and_when_read_again_it_is_none() {
    let options = knowatt_readings::Options::default();
    let decoder = knowatt_readings::LiveDecoder::new(&options, jiff::tz::TimeZone::UTC).unwrap();
    let mut intake = Intake::new(vec![decoder], jiff::tz::TimeZone::UTC, None);
    let columns = ["timestamp", "energy_wh"].map(str::to_owned);
    let fields = ["9000-01-01T00:00:00Z", "500"].map(str::to_owned);
    let mut take = |is_committed| {
        let body = Body::Row { columns: &columns, fields: &fields, timestamp_ms: None };
        let message = Message { place: Place { partition: 0, offset: 0 }, is_committed, body };
        match intake.take(&message, &mut Counts::default(), &mut |_| panic!("a reading")) {
            intake::Taken::Poison(poison) => poison.raw.value.map(std::borrow::Cow::into_owned),
            intake::Taken::Done => None,
            intake::Taken::NotNow(why) => panic!("{why}"),
        }
    };
    assert_eq!(take(false).as_deref(), Some(b"9000-01-01T00:00:00Z,500".as_slice()));
    assert_eq!(take(true), None);
}

#[test]
fn a_meter_that_is_silent_for_more_than_a_week_is_forgotten() {
    let rules = crate::hours::Rules::default();
    let mut intake = Intake::new(Vec::new(), jiff::tz::TimeZone::UTC, Some(rules));
    let kept = serde_json::to_vec(&crate::hours::Hours::default()).unwrap();
    intake.restore(vec![(b"kept".to_vec(), kept)]);
    let mut come = |partition: i32, meter: &[u8], day: i64| {
        let sample = LiveSample {
            meter: meter.into(),
            at_ms: day * 86_400_000,
            value: 1.0,
            kind: Kind::Power,
            is_hour: false,
        };
        let place = Place { partition, offset: day };
        let message = Message { place, is_committed: false, body: Body::Sample(sample) };
        let taken = intake.take(&message, &mut Counts::default(), &mut |_| {});
        assert!(matches!(taken, intake::Taken::Done));
        intake.committed();
        intake.known()
    };
    assert_eq!(come(0, b"a", 10_000), ["a", "kept"]);
    assert_eq!(come(1, b"of another partition, which is read later", 10_000).len(), 3);
    assert_eq!(come(0, b"b", 10_007).len(), 4);
    assert_eq!(come(0, b"b", 10_008), ["b", "of another partition, which is read later"]);
}
