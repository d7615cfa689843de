//! Samples of energy, power or a register, in order of time, as energy per local hour.
//!
//! The interval between rows, the *cadence*, is the most frequent difference of the first
//! [`SETTLE`] times of an input. Then
//! - **energy** is of the interval from its time to the next row, if that comes at most a tenth of a
//!   cadence late (clocks jitter); before a gap and at the end it is of as long as the row before it was;
//! - **power** stands until the next row;
//! - a **register**'s difference is of the time between the two rows;
//!
//! and is spread evenly over its interval, hour by hour. Power and register differences reach no
//! further than one and a half cadences, or 15 minutes (a register's: an hour, for what it counted is sure) if that is
//! longer: sensors that report on change are silent while nothing changes. What lies between two intervals is a gap: nothing fills it.
//! A row whose value is unknown begins a gap at once (unless it is a register's).
//!
//! A register that fell has been reset. If it then comes back to where it was at a stroke, it had not: the
//! low readings were wrong, and what it rose in coming back is not counted.
//!
//! An input that begins after the one before it has ended goes on from there: the seam is an interval
//! like any other, or a gap. An hour counts when it is covered whole. Where a zone changes by less than
//! an hour (Lord Howe), the two broken hours are never whole.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    clock::{HOUR_MS, MINUTE_MS, Millis, spell},
    ledger::{Ledger, Rule},
    reading::Reading,
    sample::Sample,
    unit::Kind,
};

/// How many rows settle the cadence.
const SETTLE: usize = 64;

/// An hour being filled, or filled as far as an input went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hour {
    pub(crate) start: Millis,
    /// Where it ends: after 60 minutes, or where the zone's offset changes.
    end: Millis,
    wh: f64,
    covered: Millis,
    /// The first and the last moment that are covered.
    from: Millis,
    to: Millis,
}

pub(crate) struct Resampler {
    zone: TimeZone,
    kind: Kind,
    /// The cadence of the input; before it is found, that of the one before, or an hour.
    cadence: Millis,
    /// The cadence as the input states it.
    stated: Option<Millis>,
    /// Whether the cadence of this input is still to be found.
    is_settling: bool,
    /// Rows kept until the cadence is settled.
    waiting: Vec<Sample>,
    /// The last row, whose interval is still open, and how long the one before it was.
    previous: Option<Sample>,
    stride: Option<Millis>,
    /// What a register showed before it fell and after.
    fall: Option<(f64, f64, Millis)>,
    open: Option<Hour>,
    hours: Vec<Hour>,
}

/// The cadence, where it is longer than an hour.
pub(crate) struct TooCoarse(pub(crate) Millis);

impl Resampler {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            kind: Kind::Energy,
            cadence: HOUR_MS,
            stated: None,
            is_settling: true,
            waiting: Vec::new(),
            previous: None,
            stride: None,
            fall: None,
            open: None,
            hours: Vec::new(),
        }
    }

    /// Begins an input. The last row of the one before it stays open, in case this one goes on from there.
    pub(crate) fn begin(&mut self, kind: Kind) {
        if kind != self.kind {
            self.close_last();
        }
        self.kind = kind;
        self.is_settling = true;
        self.waiting.clear();
    }

    /// The distance of rows, as far as it is known.
    #[inline]
    pub(crate) fn cadence(&self) -> Millis {
        self.cadence
    }

    /// The distance of the rows of this input, where it is stated.
    pub(crate) fn state_cadence(&mut self, cadence: Millis) {
        self.stated = Some(cadence);
    }

    /// Takes the next row; rows come in rising order of time, and at one time only after an unknown one.
    #[inline]
    pub(crate) fn push(&mut self, sample: Sample, ledger: &mut Ledger<'_>) -> Result<(), TooCoarse> {
        if !self.is_settling {
            self.step(sample, self.cadence, ledger);
            return Ok(());
        }
        self.waiting.pop_if(|last| last.at == sample.at);
        self.waiting.push(sample);
        if self.waiting.len() == SETTLE { self.settle(ledger) } else { Ok(()) }
    }

    /// Ends an input, but for its last row's interval.
    pub(crate) fn end(&mut self, ledger: &mut Ledger<'_>) -> Result<(), TooCoarse> {
        if self.is_settling {
            self.settle(ledger)?;
        }
        Ok(())
    }

    /// Closes the interval of the last row, where none follows it.
    fn close_last(&mut self) {
        if let Some(last) = self.previous.take_if(|last| !last.is_unknown()) {
            let cadence = self.cadence;
            let length = self.stride.map_or(cadence, |stride| stride.min(cadence));
            match self.kind {
                Kind::Energy => self.add(last.at, last.at + length, last.value),
                Kind::Power => self.add(last.at, last.at + cadence, energy(last.value, cadence)),
                Kind::Register => {}
            }
        }
        (self.previous, self.stride, self.fall) = (None, None, None);
        self.hours.extend(self.open.take());
    }

    /// The hours of all inputs, complete or not, in order; each once.
    pub(crate) fn finish(mut self, ledger: &mut Ledger<'_>) -> Vec<Hour> {
        self.close_last();
        self.hours.sort_by_key(|hour| hour.start);
        let mut merged: Vec<Hour> = Vec::with_capacity(self.hours.len());
        for hour in self.hours {
            match merged.last_mut() {
                Some(last) if last.start == hour.start => merge(last, hour, ledger),
                _ => merged.push(hour),
            }
        }
        merged
    }

    fn settle(&mut self, ledger: &mut Ledger<'_>) -> Result<(), TooCoarse> {
        let mut steps: Vec<Millis> = self.waiting.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
        steps.sort_unstable();
        let frequency = |step: &Millis| steps.iter().filter(|other| *other == step).count();
        // The shortest of the most frequent ones; a row all alone is as those of the input before it, or an hour's.
        let found = steps.iter().rev().max_by_key(|step| frequency(step)).copied();
        let cadence = self.stated.take().or(found).unwrap_or(self.cadence);
        if cadence > HOUR_MS {
            return Err(TooCoarse(cadence));
        }
        let waiting = std::mem::take(&mut self.waiting);
        let (first, last) = (waiting.first().map(|sample| sample.at), self.previous.map(|sample| sample.at));
        if first <= last {
            self.close_last(); // it does not go on from there
        }
        // The interval of the row before is as long as those of its own input.
        let mut of_row = std::mem::replace(&mut self.cadence, cadence);
        self.is_settling = false;
        for sample in waiting {
            self.step(sample, of_row, ledger);
            of_row = cadence;
        }
        Ok(())
    }

    #[inline]
    fn step(&mut self, sample: Sample, cadence: Millis, ledger: &mut Ledger<'_>) {
        // An unknown register reading is as good as none; of unknown rows in a row the first begins the gap.
        let begins_nothing =
            self.kind == Kind::Register || self.previous.is_some_and(|last| last.is_unknown());
        if sample.is_unknown() && begins_nothing {
            return;
        }
        let Some(last) = self.previous.replace(sample) else { return };
        if last.is_unknown() {
            if sample.at > last.at {
                note_gap(last, sample, 0, ledger);
            }
            return;
        }
        let distance = sample.at - last.at;
        let reach = match self.kind {
            Kind::Energy => cadence + cadence / 10,
            Kind::Power => (cadence + cadence / 2).max(15 * MINUTE_MS),
            Kind::Register => (cadence + cadence / 2).max(HOUR_MS),
        };
        let is_silent = distance > reach;
        if self.kind == Kind::Register && !self.is_plausible_rise(last, sample, ledger) {
            return;
        }
        let stride = self.stride.replace(distance.min(cadence));
        let length = match (is_silent, self.kind) {
            (false, _) => distance,
            (true, Kind::Energy) => stride.map_or(cadence, |stride| stride.min(cadence)),
            (true, Kind::Power) => cadence,
            (true, Kind::Register) => 0,
        };
        let wh = match self.kind {
            Kind::Energy => last.value,
            Kind::Power => energy(last.value, length),
            Kind::Register => sample.value - last.value,
        };
        self.add(last.at, last.at + length, wh);
        if is_silent {
            note_gap(last, sample, length, ledger);
        }
    }

    /// Whether what a register rose by can have been used; if not, that is noted.
    fn is_plausible_rise(&mut self, last: Sample, sample: Sample, ledger: &mut Ledger<'_>) -> bool {
        if sample.value < last.value {
            self.fall = Some((last.value, sample.value, sample.at));
            note_register(last, sample, ledger, "fell");
            return false;
        }
        let rise = sample.value - last.value;
        if self.fall.is_some_and(|(before, after, at)| {
            let drop = before - after;
            rise >= drop / 2.0
                && sample.value >= before
                && (sample.value <= before + drop / 4.0 || sample.at - at <= 6 * HOUR_MS)
        }) {
            self.fall = None;
            note_register(last, sample, ledger, "came back");
            return false;
        }
        if rise > Reading::MAX_WH || sample.is_break {
            note_register(last, sample, ledger, "jumped");
            return false;
        }
        true
    }

    /// Spreads the energy of an interval over the hours it touches.
    #[inline]
    fn add(&mut self, start: Millis, end: Millis, wh: f64) {
        let mut from = start;
        while from < end {
            let mut hour = match self.open {
                Some(hour) if (hour.start..hour.end).contains(&from) => hour,
                _ => self.open_hour(from),
            };
            let to = end.min(hour.end);
            hour.wh += if (from, to) == (start, end) {
                wh
            } else {
                wh * ((to - from) as f64 / (end - start) as f64)
            };
            hour.covered += to - from;
            hour.to = to;
            self.open = Some(hour);
            from = to;
        }
    }

    /// Closes the open hour and opens the local hour that holds `at`.
    #[cold]
    fn open_hour(&mut self, at: Millis) -> Hour {
        self.hours.extend(self.open.take());
        let instant = |millis| Timestamp::from_millisecond(millis).unwrap_or_default();
        let offset_ms = |millis| Millis::from(self.zone.to_offset(instant(millis)).seconds()) * 1000;
        let offset = offset_ms(at);
        let start = at - (at + offset).rem_euclid(HOUR_MS);
        let mut end = start + HOUR_MS;
        if offset_ms(end - 1) != offset
            && let Some(change) = self.zone.following(instant(at)).next()
        {
            end = change.timestamp().as_millisecond();
        }
        Hour { start, end, wh: 0.0, covered: 0, from: at, to: at }
    }
}

/// The readings of hours that are covered whole.
pub(crate) fn complete(hours: Vec<Hour>, ledger: &mut Ledger<'_>) -> Vec<Reading> {
    let mut readings = Vec::with_capacity(hours.len());
    for hour in hours {
        let Ok(start) = Timestamp::from_millisecond(hour.start) else { continue };
        if hour.covered == HOUR_MS {
            let wh = (hour.wh * 1e6).round() / 1e6;
            if wh < 0.0 {
                ledger.note(Rule::NetExport, None, Some(start), || {
                    format!("{:.3} Wh more were given to the grid than taken; the hour counts as 0", -wh)
                });
            }
            // Not -0 either.
            readings.push(Reading { start, wh: if wh > 0.0 { wh } else { 0.0 } });
        } else {
            ledger.note(Rule::PartialHour, None, Some(start), || {
                format!("only {} of the hour is known; left out", spell(hour.covered))
            });
        }
    }
    readings
}

/// The hours of two registers of a meter, added up.
///
/// Where most hours of the shorter one are also the other's, both are needed: an hour that one of them lacks, between
/// the first and the last that both have, is not known whole. Otherwise they take turns, and make up for one another.
pub(crate) fn added(a: Vec<Hour>, b: Vec<Hour>) -> Vec<Hour> {
    let is_in = |hours: &[Hour], start| hours.binary_search_by_key(&start, |hour| hour.start);
    let shared = b.iter().filter(|hour| is_in(&a, hour.start).is_ok()).count();
    let are_parallel = 2 * shared > a.len().min(b.len());
    let ends = |hours: &[Hour]| Some((hours.first()?.start, hours.last()?.start));
    let both = ends(&a).zip(ends(&b)).map_or(0..=0, |(a, b)| a.0.max(b.0)..=a.1.min(b.1));
    let alone = |hour: Hour| if are_parallel && both.contains(&hour.start) { unknown(hour) } else { hour };
    let mut sums = Vec::with_capacity(a.len().max(b.len()));
    let mut others = b.into_iter().peekable();
    for mut hour in a {
        while let Some(other) = others.next_if(|other| other.start < hour.start) {
            sums.push(alone(other));
        }
        match others.next_if(|other| other.start == hour.start) {
            Some(other) if are_parallel => {
                hour.wh += other.wh;
                hour.covered = hour.covered.min(other.covered);
            }
            Some(other) => {
                hour.wh += other.wh;
                hour.covered = (hour.covered + other.covered).min(HOUR_MS);
            }
            None => hour = alone(hour),
        }
        sums.push(hour);
    }
    sums.extend(others.map(alone));
    sums
}

/// What was taken less what was given, hour by hour, be it below zero.
///
/// An hour of which one is unknown is not known, but for those before the first and after the last in which anything
/// could be given: the panels came later, or are gone.
pub(crate) fn net(taken: Vec<Hour>, given: &[Hour]) -> Vec<Hour> {
    let ends = given.first().zip(given.last());
    let could_give =
        |hour: &Hour| ends.is_some_and(|(first, last)| (first.start..=last.start).contains(&hour.start));
    let at = |hours: &[Hour], start| hours.binary_search_by_key(&start, |hour| hour.start);
    let only_given = given.iter().filter(|hour| at(&taken, hour.start).is_err());
    let only_given: Vec<Hour> = only_given.copied().map(unknown).collect();
    let less = |hour: Hour| match at(given, hour.start) {
        Ok(at) => Hour { wh: hour.wh - given[at].wh, covered: hour.covered.min(given[at].covered), ..hour },
        Err(_) if could_give(&hour) => unknown(hour),
        Err(_) => hour,
    };
    let mut hours: Vec<Hour> = taken.into_iter().map(less).chain(only_given).collect();
    hours.sort_by_key(|hour| hour.start);
    hours
}

/// An hour of which something is missing that is not counted in time.
fn unknown(hour: Hour) -> Hour {
    Hour { covered: 0, ..hour }
}

/// Joins the same hour of two inputs: two parts that lie beside one another make a longer one.
fn merge(hour: &mut Hour, other: Hour, ledger: &mut Ledger<'_>) {
    if other.from >= hour.to || other.to <= hour.from {
        hour.wh += other.wh;
        hour.covered += other.covered;
        (hour.from, hour.to) = (hour.from.min(other.from), hour.to.max(other.to));
        return;
    }
    let is_better = hour.covered < HOUR_MS && other.covered == HOUR_MS;
    ledger.note(Rule::Overlap, None, Timestamp::from_millisecond(hour.start).ok(), || {
        let kept = if is_better { "the second, which is whole," } else { "the first" };
        format!("given twice, as {:.3} Wh and as {:.3} Wh; {kept} was kept", hour.wh, other.wh)
    });
    if is_better {
        *hour = other;
    }
}

fn note_register(last: Sample, sample: Sample, ledger: &mut Ledger<'_>, what: &'static str) {
    ledger.note(Rule::RegisterReset, Some(sample.line), Timestamp::from_millisecond(sample.at).ok(), || {
        let (from, to) = (last.value, sample.value);
        format!("the register {what} from {from} to {to} Wh; the energy between the two rows is unknown and left out")
    });
}

fn note_gap(last: Sample, sample: Sample, known: Millis, ledger: &mut Ledger<'_>) {
    let start = last.at + known;
    ledger.note(Rule::Gap, Some(sample.line), Timestamp::from_millisecond(start).ok(), || {
        format!("no readings for {}; not filled", spell(sample.at - start))
    });
}

/// Wh of `watts` over some time.
fn energy(watts: f64, length: Millis) -> f64 {
    watts * (length as f64 / HOUR_MS as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 4] = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata"];

    /// The hours, complete or not, that samples give: start, Wh, milliseconds covered.
    fn hours(zone: &str, kind: Kind, samples: &[Sample]) -> Vec<(Millis, f64, Millis)> {
        hours_of_inputs(zone, kind, &[samples])
    }

    fn hours_of_inputs(zone: &str, kind: Kind, inputs: &[&[Sample]]) -> Vec<(Millis, f64, Millis)> {
        let calendar = knowatt_score::Calendar::new(zone, knowatt_score::DayClasses::None).unwrap();
        let mut resampler = Resampler::new(calendar.zone().clone());
        let mut ledger = Ledger::default();
        for samples in inputs {
            resampler.begin(kind);
            for &sample in *samples {
                assert!(resampler.push(sample, &mut ledger).is_ok(), "too coarse");
            }
            assert!(resampler.end(&mut ledger).is_ok(), "too coarse");
        }
        resampler.close_last();
        resampler.hours.iter().map(|hour| (hour.start, hour.wh, hour.covered)).collect()
    }

    fn samples(start_s: i64, step_s: i64, values: &[f64]) -> Vec<Sample> {
        let sample = |(line, &value): (u64, &f64)| {
            let at = (start_s + step_s * i64::try_from(line).unwrap()) * 1000;
            Sample::new(line, at, value)
        };
        (0..).zip(values).map(sample).collect()
    }

    #[test]
    fn an_unavailable_power_ends_what_stood_before_it() {
        // 600 W from 00:00, unknown from 00:40, 600 W again from 00:50: ten minutes are a gap.
        let values = [600.0, 600.0, 600.0, 600.0, f64::NAN, 600.0, 600.0];
        let found = hours("UTC", Kind::Power, &samples(0, 600, &values));
        assert_eq!(found[0].2, 50 * MINUTE_MS);
        assert!((found[0].1 - 500.0).abs() < 1e-9);
    }

    #[test]
    fn an_unknown_register_reading_changes_nothing() {
        let found = hours("UTC", Kind::Register, &samples(0, 300, &[0.0, 10.0, f64::NAN, 30.0, 40.0]));
        assert_eq!(found, [(0, 40.0, 20 * MINUTE_MS)]);
    }

    proptest! {
        #[test]
        fn energy_is_neither_made_nor_lost(
            zone in prop::sample::select(ZONES.to_vec()),
            start_s in 0..2_000_000_000_i64,
            step_s in prop::sample::select(vec![1, 7, 60, 300, 900, 1800, 3599, 3600]),
            values in prop::collection::vec(0.0..1e4_f64, 2..200),
        ) {
            let total: f64 = values.iter().sum();
            let found = hours(zone, Kind::Energy, &samples(start_s, step_s, &values));
            let kept: f64 = found.iter().map(|hour| hour.1).sum();
            prop_assert!((kept - total).abs() < 1e-6 * total.max(1.0), "{} of {}", kept, total);
            let covered: Millis = found.iter().map(|hour| hour.2).sum();
            prop_assert_eq!(covered, step_s * 1000 * i64::try_from(values.len()).unwrap());
            prop_assert!(found.iter().all(|hour| hour.2 <= HOUR_MS));
            prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }

        #[test]
        fn a_register_gives_back_what_it_counted(
            start_s in 0..2_000_000_000_i64,
            step_s in prop::sample::select(vec![10, 60, 900, 3600]),
            values in prop::collection::vec(0.0..1e4_f64, 2..200),
        ) {
            let counter: Vec<f64> = std::iter::once(0.0).chain(values).scan(1e6, |total, wh| { *total += wh; Some(*total) }).collect();
            let found = hours("Europe/Paris", Kind::Register, &samples(start_s, step_s, &counter));
            let kept: f64 = found.iter().map(|hour| hour.1).sum();
            let counted = counter[counter.len() - 1] - counter[0];
            prop_assert!((kept - counted).abs() < 1e-6 * counted.max(1.0), "{} of {}", kept, counted);
        }

        #[test]
        fn cutting_a_history_in_two_changes_nothing(
            kind in prop::sample::select(vec![Kind::Energy, Kind::Power, Kind::Register]),
            start_s in 0..2_000_000_000_i64,
            step_s in prop::sample::select(vec![60, 420, 900, 1800, 3600]),
            values in prop::collection::vec(prop_oneof![8 => 0.0..1e4_f64, 1 => Just(f64::NAN)], 6..200),
            cut in 2..4_usize,
        ) {
            let mut samples = samples(start_s, step_s, &values);
            if kind == Kind::Register {
                let mut total = 0.0;
                for sample in samples.iter_mut().filter(|sample| !sample.is_unknown()) {
                    total += sample.value;
                    sample.value = total;
                }
            }
            let (first, second) = samples.split_at(samples.len() / cut);
            let whole = hours("Europe/Paris", kind, &samples);
            prop_assert_eq!(hours_of_inputs("Europe/Paris", kind, &[first, second]), whole);
        }
    }
}
