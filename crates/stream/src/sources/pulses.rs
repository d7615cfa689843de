//! Pulses of a meter's S0 output or of its blinking light, as lines on standard input. (Those on a GPIO line are in `sources/gpio.rs`.)
//!
//! Source: DIN 43864 and IEC 62053-31 (S0: so many pulses a kWh, printed on the meter); what `gpiomon` of libgpiod 1 and 2 prints.
//!
//! A pulse says that 1/n kWh was used since the one before. So the samples are those of a **register** that counts up from 0 when the source is
//! opened: one with each pulse, and one at each full minute that shows the same again, so that an hour in which little or nothing is used is known
//! whole when it ends. While nobody counts, pulses are lost: after a restart the register begins at 0, and the hour is not known.
//! (Only where the register stood at 0 before too, a pause of less than an hour is taken for one without pulses.)
//!
//! On standard input each line is a pulse, when it comes or at the time that it holds: RFC 3339, seconds (or ms, µs, ns) since 1970, or what
//! `gpiomon` prints. Of both edges that this prints, the one that comes first is counted. A time without an offset is refused (`gpiomon --utc`
//! gives one). While lines tell of times long past, as those of a file do, there is no sample at full minutes.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use knowatt_readings::{Kind, LiveSample};
use serde::Deserialize;

use super::{
    stdin::{Next, Stdin},
    text::{Line, MAX_LINE_BYTES},
};
use crate::{
    clock,
    error::Error,
    source::{Body, Incoming, Message, Place, Read, Repeats, Source},
    span::Span,
};

const MINUTE_MS: i64 = 60_000;
/// So long after a full minute its sample is given: until then a pulse before it may still come.
const SETTLED_MS: i64 = 1000;
/// The first moment that a number of seconds is taken for a time: below it is a clock that counts since the machine started.
const FIRST_S: f64 = 1e9;

/// `[source.pulses]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PulsesOptions {
    /// How many pulses a kWh has: it is printed on the meter (imp/kWh). It must be said.
    pub per_kwh: Option<f64>,
    /// The meter's name.
    pub meter: String,
    /// Of a GPIO line, for how long it must have been still to be believed [default: 5ms]. An S0 pulse is 30 ms long at least.
    pub debounce: Option<Span>,
    /// Of a GPIO line, where it is pulled to while there is no pulse.
    pub pull: Pull,
}

/// Where a line is pulled to while there is no pulse; the edge away from it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pull {
    /// Up, by the chip: an S0 output between the line and ground.
    #[default]
    Up,
    /// Down, by the chip: an output between the line and 3.3 V.
    Down,
    /// Not by the chip; a pulse is high.
    None,
}

impl Counter {
    /// A counter for so many pulses a kWh.
    pub(super) fn of(options: &PulsesOptions) -> Result<Self, Error> {
        let what = "it is printed on the meter, such as 1000 imp/kWh: --pulses-per-kwh 1000, or per-kwh = 1000 in [source.pulses]";
        let per_kwh = options
            .per_kwh
            .ok_or_else(|| Error::change(format!("how many pulses a kWh has must be said: {what}")))?;
        if !(1e-3..=1e6).contains(&per_kwh) {
            return Err(Error::change(format!("{per_kwh} is no number of pulses that a kWh has: {what}")));
        }
        Ok(Self::new(1000.0 / per_kwh, clock::now_ms()))
    }
}

/// Pulses as a register.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    wh_a_pulse: f64,
    count: u64,
    /// When counting began, until that was said.
    begun_ms: Option<i64>,
    /// The last full minute that needs no sample any more.
    ticked_ms: i64,
    /// Whether pulses tell of the present.
    is_live: bool,
    /// The time of the last sample.
    last_ms: Option<i64>,
    /// Samples that were not yet given.
    waiting: VecDeque<(i64, u64)>,
}

impl Counter {
    fn new(wh_a_pulse: f64, now_ms: i64) -> Self {
        Self {
            wh_a_pulse,
            count: 0,
            begun_ms: Some(now_ms),
            ticked_ms: now_ms,
            is_live: true,
            last_ms: None,
            waiting: VecDeque::new(),
        }
    }

    /// Counts pulses of that time.
    pub(super) fn pulses(&mut self, count: u64, at_ms: i64, now_ms: i64) {
        self.is_live = (now_ms - at_ms).abs() <= MINUTE_MS;
        if self.is_live {
            self.minute_before(at_ms);
            self.begin(at_ms);
        } else {
            self.begun_ms = None;
        }
        self.count += count;
        match self.waiting.back_mut() {
            Some((last_ms, last)) if *last_ms == at_ms => *last = self.count,
            _ => self.show(if self.last_ms == Some(at_ms) { at_ms + 1 } else { at_ms }),
        }
    }

    /// Says at the last full minute that nothing has come since, once that is sure.
    pub(super) fn tick(&mut self, now_ms: i64) {
        if self.is_live {
            self.minute_before(now_ms - SETTLED_MS);
        }
    }

    fn minute_before(&mut self, at_ms: i64) {
        let minute = at_ms.div_euclid(MINUTE_MS) * MINUTE_MS;
        if minute > self.ticked_ms {
            self.ticked_ms = minute;
            self.begin(minute);
            if self.last_ms.is_none_or(|last| last < minute) {
                self.show(minute);
            }
        }
    }

    /// Shows 0 at the beginning, before the first that comes after it.
    fn begin(&mut self, before_ms: i64) {
        if let Some(begun) = self.begun_ms.take_if(|_| true)
            && begun < before_ms
        {
            self.show(begun);
        }
    }

    fn show(&mut self, at_ms: i64) {
        self.last_ms = Some(at_ms);
        self.waiting.push_back((at_ms, self.count));
    }

    /// The next sample.
    pub(super) fn next(&mut self) -> Option<(i64, f64)> {
        let (at_ms, count) = self.waiting.pop_front()?;
        Some((at_ms, count as f64 * self.wh_a_pulse))
    }
}

/// How long to wait at most, so that the next full minute is said in time.
pub(super) fn until_minute(patience: Duration, now_ms: i64) -> Duration {
    let minute = (now_ms - SETTLED_MS).div_euclid(MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    patience.min(Duration::from_millis(u64::try_from(minute + SETTLED_MS - now_ms).unwrap_or_default()))
}

/// What a line tells.
#[derive(Debug, PartialEq)]
enum Told {
    /// A pulse, at its own time or when it came.
    Pulse(Option<i64>),
    /// An edge, likewise; whether the line rose.
    Edge(Option<i64>, bool),
    /// Nothing of a pulse.
    Nothing,
    Poison(String),
}

/// Reads a line.
fn told(line: &[u8]) -> Told {
    let Ok(text) = std::str::from_utf8(line) else { return Told::Pulse(None) };
    let text = text.trim();
    if text.starts_with("Monitoring line") {
        return Told::Nothing; // gpiomon --banner
    }
    // gpiomon 1: `event:  RISING EDGE offset: 17 timestamp: [    1512.123456789]`
    if let Some(event) = text.strip_prefix("event:") {
        let time = event.rsplit_once('[').map(|(_, time)| time.trim_end_matches(']').trim());
        return edge(event, time);
    }
    // gpiomon 2: `1512.123456789\trising\tgpiochip0 17`, or a time in UTC
    if let Some((time, event)) = text.split_once('\t') {
        return edge(event, Some(time));
    }
    match time(text) {
        Ok(at) => Told::Pulse(at),
        Err(why) => Told::Poison(why),
    }
}

fn edge(event: &str, at: Option<&str>) -> Told {
    let at = match at.map_or(Ok(None), time) {
        Ok(at) => at,
        Err(why) => return Told::Poison(why),
    };
    let event = event.trim_start().to_ascii_lowercase();
    if event.starts_with("rising") {
        Told::Edge(at, true)
    } else if event.starts_with("falling") {
        Told::Edge(at, false)
    } else {
        Told::Pulse(at)
    }
}

/// The time that a text is, if it is one that tells the present.
fn time(text: &str) -> Result<Option<i64>, String> {
    if let Ok(number) = text.parse::<f64>() {
        // Seconds, or ms, µs, ns.
        let mut seconds = if number.is_finite() { number } else { 0.0 };
        while seconds >= FIRST_S * 100.0 {
            seconds /= 1000.0;
        }
        #[allow(clippy::cast_possible_truncation, reason = "of some 10^12")]
        return Ok((seconds >= FIRST_S).then_some((seconds * 1000.0).round() as i64));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at.as_millisecond()));
    }
    match text.parse::<jiff::civil::DateTime>() {
        Ok(_) => Err("a time without an offset; give it in UTC, as `gpiomon --utc` does".to_owned()),
        Err(_) => Ok(None),
    }
}

/// Pulses as lines on standard input.
pub struct Pulses {
    stdin: Option<Stdin>,
    counter: Counter,
    meter: String,
    /// Which edge is counted, once one has come.
    rising: Option<bool>,
    samples: i64,
    /// The line that is poison.
    poison: Line,
}

impl Pulses {
    /// Begins to count, or goes on where the source before it was.
    pub fn open(options: &PulsesOptions) -> Result<Self, Error> {
        let counter = Counter::of(options)?;
        Ok(Self::of(options, Stdin::open(), counter))
    }

    fn of(options: &PulsesOptions, mut stdin: Stdin, counter: Counter) -> Self {
        // The register goes on: nothing that came meanwhile is lost.
        let count = stdin.pulses.take();
        let counter = match count {
            Some(count) => Counter { count, begun_ms: None, ..counter },
            None => counter,
        };
        let poison = Line { bytes: Vec::new(), length: 0 };
        Self { stdin: Some(stdin), counter, meter: options.meter.clone(), rising: None, samples: 0, poison }
    }
}

impl Drop for Pulses {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            stdin.pulses = Some(self.counter.count);
            stdin.keep();
        }
    }
}

impl Source for Pulses {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        let Some(stdin) = &mut self.stdin else { return Ok(Incoming::End) };
        loop {
            if let Some((at_ms, wh)) = self.counter.next() {
                self.samples += 1;
                return Ok(sample(&self.meter, at_ms, wh, self.samples));
            }
            let next = stdin.next(until_minute(patience, clock::now_ms()));
            let next =
                next.map_err(|error| Error::outside(format!("standard input cannot be read: {error}")))?;
            if matches!(next, Next::End) {
                return Ok(Incoming::End);
            }
            let Some((line, number, came_ms)) = stdin.line().filter(|_| matches!(next, Next::Line)) else {
                self.counter.tick(clock::now_ms());
                if self.counter.waiting.is_empty() {
                    return Ok(Incoming::Nothing);
                }
                continue;
            };
            let why = match told(&line.bytes) {
                _ if line.is_too_long() => format!("a line longer than {} KiB", MAX_LINE_BYTES >> 10),
                Told::Poison(why) => why,
                Told::Pulse(at) => {
                    self.counter.pulses(1, at.unwrap_or(came_ms), came_ms);
                    String::new()
                }
                Told::Edge(at, rises) => {
                    if *self.rising.get_or_insert(rises) == rises {
                        self.counter.pulses(1, at.unwrap_or(came_ms), came_ms);
                    }
                    String::new()
                }
                Told::Nothing => String::new(),
            };
            if !why.is_empty() {
                self.poison = line.clone();
            }
            stdin.acknowledge(number + 1);
            if !why.is_empty() {
                self.samples += 1;
                let body = Body::Poison { bytes: &self.poison.bytes, why };
                let place = Place { partition: 0, offset: self.samples };
                return Ok(Incoming::Message(Message { place, is_committed: false, body }));
            }
        }
    }

    fn commit(&mut self, _read: &[Read]) -> Result<(), Error> {
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        Repeats::Never
    }

    fn name(&self) -> String {
        "pulses on standard input".to_owned()
    }
}

/// A sample of a register.
pub(super) fn sample(meter: &str, at_ms: i64, value: f64, offset: i64) -> Incoming<'_> {
    let meter = meter.as_bytes().into();
    let sample = LiveSample { meter, at_ms, value, kind: Kind::Register, is_hour: false };
    let place = Place { partition: 0, offset };
    Incoming::Message(Message { place, is_committed: false, body: Body::Sample(sample) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2024-01-31 18:00:00 UTC.
    const SIX_MS: i64 = 1_706_724_000_000;

    /// The samples that wait: seconds since six, and Wh.
    fn samples(counter: &mut Counter) -> Vec<(f64, f64)> {
        std::iter::from_fn(|| counter.next()).map(|(at, wh)| ((at - SIX_MS) as f64 / 1000.0, wh)).collect()
    }

    #[test]
    fn a_register_counts_up_from_nothing_and_stands_at_full_minutes() {
        let mut counter = Counter::new(0.5, SIX_MS + 10_000);
        counter.tick(SIX_MS + 60_999);
        assert_eq!(samples(&mut counter), []);
        counter.pulses(1, SIX_MS + 59_000, SIX_MS + 61_000);
        counter.tick(SIX_MS + 61_000);
        counter.tick(SIX_MS + 61_500);
        assert_eq!(samples(&mut counter), [(10.0, 0.0), (59.0, 0.5), (60.0, 0.5)]);
        counter.pulses(2, SIX_MS + 125_000, SIX_MS + 125_000);
        assert_eq!(samples(&mut counter), [(120.0, 0.5), (125.0, 1.5)]);
        // After a pause only the last full minute is told of.
        counter.tick(SIX_MS + 725_000);
        assert_eq!(samples(&mut counter), [(720.0, 1.5)]);
    }

    #[test]
    fn a_home_that_is_away_has_its_zeroes() {
        let mut counter = Counter::new(1.0, SIX_MS);
        (0..7300).for_each(|second| counter.tick(SIX_MS + 1000 * second));
        let samples = samples(&mut counter);
        assert_eq!(samples.len(), 122);
        assert_eq!((samples[0], samples[60], samples[120]), ((0.0, 0.0), (3600.0, 0.0), (7200.0, 0.0)));
    }

    #[test]
    fn pulses_of_the_past_have_no_full_minutes_and_no_beginning() {
        let mut counter = Counter::new(1.0, SIX_MS);
        let day = 86_400_000;
        counter.pulses(1, SIX_MS - day, SIX_MS);
        counter.pulses(1, SIX_MS - day + 90_000, SIX_MS);
        counter.tick(SIX_MS + 200_000);
        assert_eq!(samples(&mut counter), [(-86_400.0, 1.0), (-86_310.0, 2.0)]);
    }

    #[test]
    fn a_line_is_a_pulse_at_its_time_or_when_it_comes() {
        let at = Some(SIX_MS + 123);
        for (line, expected) in [
            ("", Told::Pulse(None)),
            ("1", Told::Pulse(None)),
            ("tick", Told::Pulse(None)),
            ("inf", Told::Pulse(None)),
            ("2024-01-31T18:00:00.123Z\r", Told::Pulse(at)),
            ("2024-01-31 19:00:00.123+01:00", Told::Pulse(at)),
            ("1706724000.123", Told::Pulse(at)),
            ("1706724000123", Told::Pulse(at)),
            ("1706724000123000", Told::Pulse(at)),
            ("1706724000123000000", Told::Pulse(at)),
            ("event:  RISING EDGE offset: 17 timestamp: [1706724000.123000000]", Told::Edge(at, true)),
            ("event: FALLING EDGE offset: 17 timestamp: [    1512.123456789]", Told::Edge(None, false)),
            ("1512.123456789\trising\tgpiochip0 17", Told::Edge(None, true)),
            ("2024-01-31T18:00:00.123000000Z\tfalling\tgpiochip0 17 \"S0\"", Told::Edge(at, false)),
            ("Monitoring line '17'...", Told::Nothing),
            (
                "2024-01-31T19:00:00.123000000\trising\tgpiochip0 17",
                Told::Poison("a time without an offset; give it in UTC, as `gpiomon --utc` does".to_owned()),
            ),
        ] {
            assert_eq!(told(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(told(b"\xff"), Told::Pulse(None));
    }

    #[test]
    fn of_both_edges_one_is_counted() {
        let options =
            PulsesOptions { per_kwh: Some(500.0), meter: "s0".to_owned(), ..PulsesOptions::default() };
        let edge =
            |at: usize| format!("{}.5\t{}\tgpiochip0 17", 1_706_724_000 + at, ["rising", "falling"][at % 2]);
        let text = (0..20).map(edge).collect::<Vec<_>>().join("\n");
        let mut source = Pulses::of(&options, Stdin::of(text.as_bytes()), Counter::of(&options).unwrap());
        let mut found = Vec::new();
        while let Incoming::Message(Message { body: Body::Sample(sample), .. }) =
            source.next(Duration::from_secs(60)).unwrap()
        {
            found.push((sample.meter.into_owned(), sample.at_ms - SIX_MS, sample.value));
        }
        assert_eq!(found.len(), 10);
        assert_eq!((&found[0], &found[9]), (&(b"s0".to_vec(), 500, 2.0), &(b"s0".to_vec(), 18_500, 20.0)));
        drop(source.stdin.take()); // it is not for another test
        for per_kwh in [None, Some(0.0), Some(f64::NAN), Some(-1000.0)] {
            let error = Counter::of(&PulsesOptions { per_kwh, ..PulsesOptions::default() }).unwrap_err();
            assert!(error.to_string().contains("printed on the meter"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn samples_rise_in_time_and_lose_no_pulse(steps in prop::collection::vec((0..90_000_i64, any::<bool>()), 1..200)) {
            let (mut counter, mut now, mut pulses) = (Counter::new(1.0, SIX_MS), SIX_MS, 0.0);
            let mut found = Vec::new();
            for (step, is_pulse) in steps {
                now += step;
                if is_pulse {
                    counter.pulses(1, now, now);
                    pulses += 1.0;
                } else {
                    counter.tick(now);
                }
                if step % 3 == 0 {
                    found.extend(samples(&mut counter));
                }
            }
            counter.tick(now + 61_000);
            found.extend(samples(&mut counter));
            prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{:?}", found);
            prop_assert_eq!(found.last().unwrap().1, pulses);
        }

        #[test]
        fn any_line_is_told(line in prop::collection::vec(any::<u8>(), 0..60)) {
            told(&line);
        }
    }
}
