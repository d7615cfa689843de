use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use knowatt_readings::{Kind, LiveSample};
use knowatt_score::{Calendar, Curve, CurveSet, DayClasses, Feature, HOURS, Knot, ModelFile, ScoreTable};
use proptest::prelude::*;

use super::*;
use crate::{
    anomaly::{Anomaly, AnomalyKind},
    hours::{HOUR_MS, MINUTE_MS, Rules},
    outlets::Route,
    sink::{Outgoing, Sink},
    source::{Body, Group, Message, Place, Repeats},
    sources::Replay,
    tables::Model,
};

/// A model of which every hour is normal up to 1000 Wh, three on end up to 400 Wh, a rise by no more than 600 Wh.
fn model(zone: &str) -> Model {
    let curves = |high| {
        let knots = vec![Knot { wh: 0.0, score: 0.0 }, Knot { wh: high, score: 1.0 }];
        vec![Curve::new(knots).unwrap(); HOURS]
    };
    let sets = [
        (Feature::Level, 1000.0),
        (Feature::Floor { hours: 3 }, 400.0),
        (Feature::Floor { hours: 12 }, 300.0),
        (Feature::Rise { hours: 2 }, 600.0),
    ];
    let sets = sets.map(|(feature, high)| CurveSet { feature, curves: curves(high) }).to_vec();
    let calendar = Calendar::new(zone, DayClasses::None).unwrap();
    let table = ScoreTable::with_features(calendar, sets).unwrap();
    let provenance = knowatt_score::Provenance {
        source: knowatt_score::Source::Bounds,
        sha256: knowatt_score::sha256_hex(b""),
        rows: 24,
        first: None,
        end: None,
        model: "envelope".into(),
        options: BTreeMap::default(),
        seed: 0,
        tool: "test".into(),
    };
    let file = ModelFile {
        provenance,
        calibration: None,
        distillation: None,
        backtest: None,
        population: None,
        table,
    };
    Model::from_bytes(&file.to_bytes()).unwrap()
}

/// A log in memory, with what is committed in it and what was written in the same transactions.
#[derive(Default)]
struct Log {
    partitions: Vec<Vec<(String, i64, f64, Kind)>>,
    committed: BTreeMap<i32, Read>,
    written: Vec<Anomaly>,
    scores: Vec<Anomaly>,
    /// After so many messages each, it fails.
    failures: Vec<usize>,
    repeats: Option<Repeats>,
    deliveries: usize,
}

impl Log {
    fn repeats(&self) -> Repeats {
        self.repeats.unwrap_or(Repeats::Log)
    }
}

/// Reads the log from where it is committed.
struct LogSource {
    log: Rc<RefCell<Log>>,
    at: BTreeMap<i32, i64>,
    is_assigned: bool,
    left: Option<usize>,
    turn: usize,
    given: usize,
    current: (String, i64, f64, Kind),
}

impl LogSource {
    fn open(log: &Rc<RefCell<Log>>) -> Self {
        let left = log.borrow_mut().failures.pop();
        let current = (String::new(), 0, 0.0, Kind::Energy);
        Self {
            log: Rc::clone(log),
            at: BTreeMap::new(),
            is_assigned: false,
            left,
            turn: 0,
            given: 0,
            current,
        }
    }
}

impl Source for LogSource {
    fn next(&mut self, _: Duration) -> Result<Incoming<'_>, Error> {
        let log = self.log.borrow();
        let partitions = i32::try_from(log.partitions.len()).unwrap();
        if !std::mem::replace(&mut self.is_assigned, true) {
            let of_state = log.repeats() == Repeats::Log;
            let from = |partition| {
                let committed = log.committed.get(&partition);
                committed.map_or(0, |read| if of_state { read.state_from } else { read.next_offset })
            };
            self.at = (0..partitions).map(|partition| (partition, from(partition))).collect();
            let assigned = Incoming::Assigned((0..partitions).collect());
            return Ok(if of_state { assigned } else { Incoming::Nothing });
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1).ok_or_else(|| Error::again("killed"))?;
        }
        self.given += 1;
        if self.given.is_multiple_of(7) {
            return Ok(Incoming::Nothing); // time to commit
        }
        for _ in 0..partitions {
            self.turn = (self.turn + 1) % log.partitions.len();
            let partition = i32::try_from(self.turn).unwrap();
            let offset = self.at[&partition];
            let Some(row) = log.partitions[self.turn].get(usize::try_from(offset).unwrap()) else { continue };
            self.current = row.clone();
            self.at.insert(partition, offset + 1);
            let is_committed = log.committed.get(&partition).is_some_and(|read| offset < read.next_offset);
            let (meter, at_ms, value, kind) = &self.current;
            let sample = LiveSample {
                meter: meter.as_bytes().into(),
                at_ms: *at_ms,
                value: *value,
                kind: *kind,
                is_hour: false,
            };
            let place = Place { partition, offset };
            return Ok(Incoming::Message(Message { place, is_committed, body: Body::Sample(sample) }));
        }
        Ok(Incoming::End)
    }

    fn commit(&mut self, read: &[Read]) -> Result<(), Error> {
        self.log.borrow_mut().committed.extend(read.iter().map(|read| (read.partition, *read)));
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        self.log.borrow().repeats()
    }

    fn name(&self) -> String {
        "log".to_owned()
    }
}

/// Writes and commits at once, as a transaction does.
struct LogSink {
    log: Rc<RefCell<Log>>,
    sent: Vec<Anomaly>,
    scores: Vec<Anomaly>,
}

impl Sink for LogSink {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        match what {
            Outgoing::Anomaly(anomaly) => self.sent.push((*anomaly).clone()),
            Outgoing::Score(score) => self.scores.push((*score).clone()),
            _ => {}
        }
        Ok(())
    }

    fn deliver(&mut self, read: &[Read], _: Option<Group>) -> Result<Delivered, Error> {
        let mut log = self.log.borrow_mut();
        log.written.append(&mut self.sent);
        log.scores.append(&mut self.scores);
        if log.repeats() != Repeats::Log {
            log.deliveries += 1;
            // What was written before it failed is written again.
            let is_broken = log.deliveries.is_multiple_of(11);
            return if is_broken { Err(Error::again("the sink fails")) } else { Ok(Delivered::Alone) };
        }
        log.committed.extend(read.iter().map(|read| (read.partition, *read)));
        Ok(Delivered::WithPositions)
    }

    fn name(&self) -> String {
        "log".to_owned()
    }
}

fn outlets(sink: impl Sink + 'static) -> Outlets {
    Outlets::new(Box::new(sink), Route::Log, Route::Log)
}

/// The anomalies and scores that are written for these partitions, with failures after so many messages each.
fn written(
    partitions: &[Vec<(String, i64, f64, Kind)>],
    failures: &[usize],
    repeats: Repeats,
    settings: &Settings,
) -> (Vec<Anomaly>, Vec<Anomaly>) {
    let log = Rc::new(RefCell::new(Log {
        partitions: partitions.to_vec(),
        failures: failures.to_vec(),
        repeats: Some(repeats),
        ..Log::default()
    }));
    let mut open = |_: Option<&str>| {
        let sink = LogSink { log: Rc::clone(&log), sent: Vec::new(), scores: Vec::new() };
        let outlets = outlets(sink).with_scores(Some(Route::WithAnomalies));
        Ok((Box::new(LogSource::open(&log)) as Box<dyn Source>, outlets))
    };
    let mut tables = Tables::of(model("Europe/Paris"));
    watch(&mut open, &mut [], &mut tables, settings, None, &AtomicBool::new(false), &mut |_| {}).unwrap();
    let sorted = |mut written: Vec<Anomaly>| {
        let key = |a: &Anomaly| (a.meter.clone(), a.event_ts, a.kind.name());
        written.sort_by(|a, b| key(a).cmp(&key(b)).then(a.wh.total_cmp(&b.wh)));
        written
    };
    let mut log = log.borrow_mut();
    (sorted(std::mem::take(&mut log.written)), sorted(std::mem::take(&mut log.scores)))
}

/// A meter's rows: hours or quarters, some missing, some late, some twice; of less than a week, after which meters are forgotten.
fn rows(meter: usize) -> impl Strategy<Value = Vec<(String, i64, f64, Kind)>> {
    let row = (0..100_u8, 0..900_u32, 0..4_u8);
    (
        prop::sample::select(vec![
            (Kind::Energy, 60),
            (Kind::Power, 10),
            (Kind::Register, 30),
            (Kind::Power, 1),
        ]),
        prop::collection::vec(row, 50..130),
    )
        .prop_map(move |((kind, step_minutes), rows)| {
            let (mut given, mut total, mut at_ms) =
                (Vec::new(), 5000.0, 1_700_000_000_000 / HOUR_MS * HOUR_MS);
            for (what, value, high) in rows {
                let wh = f64::from(value * (1 + u32::from(high == 0)));
                total += wh;
                let value = if kind == Kind::Register { total } else { wh };
                let row = (format!("meter{meter}"), at_ms, value, kind);
                match what {
                    0 => {} // missing
                    1 => given.extend([row.clone(), row]),
                    2 => given.insert(given.len().saturating_sub(3), row), // late
                    3 => {
                        at_ms += 5 * HOUR_MS;
                        given.push(row);
                    }
                    _ => given.push(row),
                }
                at_ms += step_minutes * MINUTE_MS;
            }
            given
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Wherever a stream is killed, what is written in the end is what one that is not killed writes, once.
    #[test]
    fn a_stream_that_is_killed_anywhere_writes_everything_once(
        meters in (rows(0), rows(1), rows(2), rows(3)),
        failures in prop::collection::vec(1..300_usize, 1..6),
        lateness_minutes in prop::sample::select(vec![0_i64, 45]),
        seed in any::<u64>(),
    ) {
        let mut partitions = vec![Vec::new(), Vec::new()];
        let mut meters = [meters.0, meters.1, meters.2, meters.3].map(|rows| rows.into_iter().peekable());
        // Meters 0 and 2 share a partition, 1 and 3 the other, mixed.
        let mut random = seed | 1;
        while meters.iter_mut().any(|rows| rows.peek().is_some()) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let meter = usize::try_from(random >> 62).unwrap();
            partitions[meter % 2].extend(meters[meter].next());
        }
        let rules = Rules { lateness_ms: lateness_minutes * MINUTE_MS, ..Rules::default() };
        let settings = Settings { rules, commit_interval: Some(Duration::ZERO), pause: Duration::ZERO, ..Settings::default() };
        let (expected, expected_scores) = written(&partitions, &[], Repeats::Log, &settings);
        let (found, found_scores) = written(&partitions, &failures, Repeats::Log, &settings);
        let brief = |all: &[Anomaly]| -> Vec<String> {
            all.iter().map(|a| format!("{} {} {} {} {} {}", a.meter, a.event_ts, a.kind.name(), a.wh, a.feature, a.score)).collect()
        };
        prop_assert_eq!(brief(&expected), brief(&found));
        prop_assert_eq!(&expected, &found);
        prop_assert_eq!(brief(&expected_scores), brief(&found_scores));
        // From a source that sends again what was not acknowledged, to a sink that fails: everything, some of it twice.
        let one = [partitions.concat()];
        let (expected, mut expected_scores) = written(&one, &[], Repeats::Log, &settings);
        let (mut found, mut found_scores) = written(&one, &failures, Repeats::Unacknowledged, &settings);
        found.dedup();
        prop_assert_eq!(brief(&expected), brief(&found));
        for scores in [&mut expected_scores, &mut found_scores] {
            scores.dedup();
        }
        prop_assert_eq!(brief(&expected_scores), brief(&found_scores));
    }
}

/// Keeps what it is sent: anomalies, and scores.
#[derive(Clone, Default)]
struct Kept {
    anomalies: Rc<RefCell<Vec<Anomaly>>>,
    scores: Rc<RefCell<Vec<Anomaly>>>,
}

impl Sink for Kept {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        match what {
            Outgoing::Anomaly(anomaly) => self.anomalies.borrow_mut().push((*anomaly).clone()),
            Outgoing::Score(score) => self.scores.borrow_mut().push((*score).clone()),
            _ => {}
        }
        Ok(())
    }

    fn deliver(&mut self, _: &[Read], _: Option<Group>) -> Result<Delivered, Error> {
        Ok(Delivered::Alone)
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }
}

impl Kept {
    /// What the messages of a source give, with the score of every hour if it is asked for.
    fn of(source: impl Fn() -> Box<dyn Source>, settings: &Settings, scores: bool) -> (Self, Counts) {
        let kept = Self::default();
        let mut open = |_: Option<&str>| {
            let scores = scores.then_some(Route::WithAnomalies);
            Ok((source(), outlets(kept.clone()).with_scores(scores)))
        };
        let mut tables = Tables::of(model("Europe/Paris"));
        let stop = AtomicBool::new(false);
        let counts = watch(&mut open, &mut [], &mut tables, settings, None, &stop, &mut |_| {}).unwrap();
        (kept, counts)
    }
}

/// In a line: the hour, its energy, kind, feature, score, and the score of the hour by itself.
fn told(found: &RefCell<Vec<Anomaly>>) -> Vec<String> {
    let line = |found: &Anomaly| {
        let Anomaly { hour, wh, feature, score, function, .. } = found;
        format!("{hour}:00 {wh:.0} Wh {} {feature} {score:.3} fn {function:.3}", found.kind.name())
    };
    found.borrow().iter().map(line).collect()
}

const MIDNIGHT: &str = "2024-01-31T23:00:00Z"; // in Paris

fn hourly() -> Box<dyn Source> {
    let start: jiff::Timestamp = MIDNIGHT.parse().unwrap();
    let wh = [200.0, 450.0, 460.0, 470.0, 1500.0, 100.0];
    let readings = (0..).zip(wh).map(|(hour, wh)| knowatt_readings::Reading {
        start: start + jiff::SignedDuration::from_hours(hour),
        wh,
    });
    Box::new(Replay::new("home", readings.collect::<Vec<_>>(), Duration::ZERO))
}

#[test]
fn replayed_readings_are_scored_with_the_hours_before_them() {
    let (kept, counts) = Kept::of(hourly, &Settings::default(), false);
    assert_eq!(
        told(&kept.anomalies),
        ["3:00 470 Wh floor floor-3h 1.125 fn 0.470", "4:00 1500 Wh level level 1.500 fn 1.500"]
    );
    assert!(kept.scores.borrow().is_empty());
    assert_eq!((counts.messages, counts.hours, counts.anomalies), (6, 6, [1, 1, 0]));
}

#[test]
fn the_score_of_every_hour_comes_once_if_it_is_asked_for() {
    let (kept, counts) = Kept::of(hourly, &Settings::default(), true);
    assert_eq!(
        told(&kept.scores),
        [
            "0:00 200 Wh level level 0.200 fn 0.200",
            "1:00 450 Wh level level 0.450 fn 0.450",
            "2:00 460 Wh floor floor-3h 0.500 fn 0.460",
            "3:00 470 Wh floor floor-3h 1.125 fn 0.470",
            "4:00 1500 Wh level level 1.500 fn 1.500",
            "5:00 100 Wh floor floor-3h 0.250 fn 0.100",
        ]
    );
    assert_eq!(kept.anomalies.borrow()[..], kept.scores.borrow()[3..5]);
    assert_eq!((counts.hours, counts.anomalies), (6, [1, 1, 0]));
}

/// A register in Wh of two hours, every ten seconds: 600 Wh an hour, and from half past one 3600 W.
fn register() -> Box<dyn Source> {
    let start: jiff::Timestamp = MIDNIGHT.parse().unwrap();
    let mut total = 0.0;
    let rows = (0..=720).map(|step| {
        let row = ("home".to_owned(), start.as_millisecond() + step * 10_000, total, Kind::Register);
        total += if step < 540 { 600.0 / 360.0 } else { 10.0 };
        row
    });
    let log = Log { partitions: vec![rows.collect()], ..Log::default() };
    Box::new(LogSource::open(&Rc::new(RefCell::new(log))))
}

#[test]
fn how_an_open_hour_stands_comes_once_a_minute_of_the_meters_clock_if_it_is_asked_for() {
    let settings = Settings { silent_after: None, ..Settings::default() };
    let (quiet, _) = Kept::of(register, &settings, false);
    assert!(quiet.scores.borrow().is_empty());
    let (kept, counts) = Kept::of(register, &settings, true);
    // Whoever asks for scores gets the same anomalies, and no open hour among them.
    assert_eq!(kept.anomalies, quiet.anomalies);
    let early = "1:00 1010 Wh early level 1.010 fn 1.010";
    assert_eq!(told(&kept.anomalies), [early, "1:00 2100 Wh level level 2.100 fn 2.100"]);
    assert_eq!((counts.hours, counts.anomalies), (2, [1, 0, 1]));
    let scores = kept.scores.borrow();
    let (open, ended): (Vec<_>, Vec<_>) = scores.iter().partition(|score| score.kind == AnomalyKind::Open);
    let ended: Vec<_> = ended.iter().map(|hour| (hour.kind.name(), hour.wh.round())).collect();
    assert_eq!(ended, [("level", 600.0), ("early", 1010.0), ("level", 2100.0)]);
    // At ten seconds past midnight, then with each minute of the hour.
    let of_first: Vec<f64> = open.iter().filter(|open| open.hour == 0).map(|open| open.wh).collect();
    let expected: Vec<f64> = (0..60).map(|minute| f64::from(minute * 10)).collect();
    assert_eq!(of_first[1..], expected[1..]);
    assert_eq!(of_first[0], 1.666_667);
    assert_eq!(open.len(), 120);
    // It is the hour that it will be, and its score rises to above 1.0.
    assert!(open.iter().all(|open| scores.iter().any(|hour| hour.kind == AnomalyKind::Level
        && (&hour.alert_id, hour.timestamp) == (&open.alert_id, open.timestamp))));
    assert_eq!((open[0].score, open[119].score), (0.001_666_667, 2.04));
}

#[test]
fn an_hour_without_a_time_has_a_score_too() {
    struct Talk(u8);
    impl Source for Talk {
        fn next(&mut self, _: Duration) -> Result<Incoming<'_>, Error> {
            let wh = match self.0 {
                0 => 400.0,
                1 => 1200.0,
                _ => return Ok(Incoming::End),
            };
            self.0 += 1;
            let at_ms = MIDNIGHT.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let meter = b"home".as_slice().into();
            let sample = LiveSample { meter, at_ms, value: wh, kind: Kind::Energy, is_hour: true };
            let place = Place { partition: 0, offset: self.0.into() };
            Ok(Incoming::Message(Message { place, is_committed: false, body: Body::Sample(sample) }))
        }

        fn commit(&mut self, _: &[Read]) -> Result<(), Error> {
            Ok(())
        }

        fn repeats(&self) -> Repeats {
            Repeats::Never
        }

        fn name(&self) -> String {
            "talk".to_owned()
        }
    }
    for scores in [false, true] {
        let (kept, counts) = Kept::of(|| Box::new(Talk(0)), &Settings::default(), scores);
        assert_eq!(told(&kept.anomalies), ["0:00 1200 Wh level level 1.200 fn 1.200"]);
        let all = ["0:00 400 Wh level level 0.400 fn 0.400", "0:00 1200 Wh level level 1.200 fn 1.200"];
        assert_eq!(told(&kept.scores), if scores { all.to_vec() } else { Vec::new() });
        assert_eq!((counts.hours, counts.anomalies), (2, [1, 0, 0]));
    }
}
