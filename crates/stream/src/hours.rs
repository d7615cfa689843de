//! The hours of one meter, in event time: samples of energy, power or a register, as energy per local hour.
//!
//! The rules are those by which files are read (`knowatt-readings`), as far as they can be without knowing what comes next:
//!
//! - **energy** is of the interval that begins at its time, whose length is stated ([`Rules::interval_ms`]; an hour, unless). A
//!   time within a tenth of an interval of where intervals begin is taken to lie there: clocks jitter;
//! - **power** stands until the next sample, if that comes within a quarter of an hour (or the interval that is stated); else as
//!   long as the one before it did;
//! - a **register**'s rise is spread evenly over the time since the sample before, which is at most an hour ago (or the interval
//!   that is stated). A register that falls has been reset; if it comes back at a stroke, the low readings were wrong.
//!
//! An hour is given once it is covered whole, and never again; one of which a part is unknown is left out when the next has
//! begun. Of the hour that is open it is said after every sample how much it is so far.
//!
//! Samples may come out of order by as much as [`Rules::lateness_ms`]: so long they are held back, and put in order. What
//! comes later than that is left out. If all that comes for a day lies before what was seen already, the meter's
//! clock has gone back: then it is followed.
//!
//! Nothing here looks at the clock: the same samples in the same order give the same hours.

use jiff::{Timestamp, tz::TimeZone};
use knowatt_readings::Kind;
use serde::{Deserialize, Serialize};

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// No connection of a home or a shop carries more, in W.
const CONNECTION_W: f64 = 1e6;
/// How long after a fall a register that comes back at a stroke is not believed to have risen.
const COME_BACK_MS: i64 = 6 * HOUR_MS;

/// What is not in the samples themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// How late a sample may come behind the newest one.
    pub lateness_ms: i64,
    /// For energy the length of its interval; for power and registers the longest time between two samples that is no gap.
    pub interval_ms: Option<i64>,
    /// Whether energy given back is taken off: values below zero count.
    pub net: bool,
}

impl Rules {
    fn reach_ms(&self, kind: Kind) -> i64 {
        self.interval_ms.unwrap_or(match kind {
            Kind::Energy | Kind::Register => HOUR_MS,
            Kind::Power => 15 * MINUTE_MS,
        })
    }
}

/// A value at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Its time, in ms since 1970.
    pub at_ms: i64,
    /// In Wh, or W.
    pub value: f64,
    /// What it is.
    pub kind: Kind,
    /// Where it stands in its source.
    pub offset: i64,
}

/// An hour, or what there is of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hour {
    /// Its start, in ms since 1970.
    pub start_ms: i64,
    /// Its energy.
    pub wh: f64,
    /// The offset of the first sample that it needs.
    pub from: i64,
}

/// What follows from a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found {
    /// An hour that is known whole.
    Whole(Hour),
    /// The hour that is open, so far.
    SoFar(Hour),
    /// Something was left out.
    LeftOut(LeftOut),
}

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// A sample that came again.
    Duplicate,
    /// Another value for a time that has one.
    Conflict,
    /// Too late.
    Late,
    /// Energy whose interval is not over when the next begins: the interval is shorter than is stated.
    Overlap,
    /// Below zero.
    Negative,
    /// An hour of which a part is unknown.
    PartialHour,
    /// A register that fell, came back or rose by more than can be used: what it counted meanwhile is unknown.
    RegisterReset,
    /// All before: the meter's clock has gone back for a day or more.
    ClockWentBack,
}

impl LeftOut {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Duplicate,
        Self::Conflict,
        Self::Late,
        Self::Overlap,
        Self::Negative,
        Self::PartialHour,
        Self::RegisterReset,
        Self::ClockWentBack,
    ];

    /// What it means and what may be done, where it is not the ordinary course of things.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::Duplicate | Self::PartialHour => None,
            Self::Conflict => Some("there was another value for that time; the first was kept"),
            Self::Late => Some("it came after later ones; --lateness TIME waits for such"),
            Self::Overlap => Some(
                "its interval begins before the one before is over; --interval TIME says how long they are",
            ),
            Self::Negative => Some("it is below zero; --net takes what was given to the grid off"),
            Self::RegisterReset => {
                Some("the register fell, came back or jumped; what it counted meanwhile is unknown")
            }
            Self::ClockWentBack => {
                Some("all that came for a day was of before; the meter's clock is followed from here on")
            }
        }
    }

    /// As it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Late => "late",
            Self::Overlap => "overlap",
            Self::Negative => "negative",
            Self::PartialHour => "partial-hour",
            Self::RegisterReset => "register-reset",
            Self::ClockWentBack => "clock-went-back",
        }
    }
}

/// What is known of a meter's hours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hours {
    /// The time and the offset of the last sample that was taken: what is not after it is late.
    taken: Option<(i64, i64)>,
    /// That sample, if it is one that another goes on from.
    last: Option<Last>,
    /// How long the sample before it stood.
    stride_ms: Option<i64>,
    /// The newest time seen.
    newest_ms: Option<i64>,
    /// Samples that others may still come before, in order of time.
    held: Vec<Last>,
    open: Option<Open>,
    /// Where a register fell.
    fall: Option<Fall>,
    /// A run of samples behind the last one: its first and its newest time.
    behind: Option<(i64, i64)>,
    /// Where the newest time was seen first.
    newest_offset: i64,
    /// Samples that came too late: which offset made them late, and the last of theirs.
    #[serde(skip)]
    late: Vec<(i64, i64)>,
}

/// A sample as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Last {
    at_ms: i64,
    value: f64,
    kind: KeptKind,
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum KeptKind {
    Energy,
    Power,
    Register,
}

impl From<Sample> for Last {
    fn from(Sample { at_ms, value, kind, offset }: Sample) -> Self {
        let kind = match kind {
            Kind::Energy => KeptKind::Energy,
            Kind::Power => KeptKind::Power,
            Kind::Register => KeptKind::Register,
        };
        Self { at_ms, value, kind, offset }
    }
}

impl Last {
    fn kind(&self) -> Kind {
        match self.kind {
            KeptKind::Energy => Kind::Energy,
            KeptKind::Power => Kind::Power,
            KeptKind::Register => Kind::Register,
        }
    }
}

/// A register that fell: the samples before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Fall {
    before: Last,
    after: Last,
}

/// An hour that is being filled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Open {
    start_ms: i64,
    /// After 60 minutes, or where the zone's offset changes within.
    end_ms: i64,
    wh: f64,
    covered_ms: i64,
    /// Up to where.
    to_ms: i64,
    from: i64,
}

impl Hours {
    /// Takes a sample; what follows from it is given to `found`.
    pub fn push(&mut self, sample: Sample, rules: &Rules, zone: &TimeZone, mut found: impl FnMut(Found)) {
        let sample = Last::from(sample);
        if let Some((taken_ms, taken_offset)) = self.taken
            && sample.at_ms <= taken_ms
        {
            if sample.at_ms == taken_ms {
                let known = self.last.filter(|last| last.at_ms == taken_ms);
                found(Found::LeftOut(known.map_or(LeftOut::Duplicate, |known| repeated(known, sample))));
                return;
            }
            if !self.clock_went_back(sample.at_ms) {
                self.remember_late(taken_offset.min(self.newest_offset), sample.offset);
                found(Found::LeftOut(LeftOut::Late));
                return;
            }
            *self = Self::default();
            found(Found::LeftOut(LeftOut::ClockWentBack));
        }
        self.behind = None;
        if self.newest_ms.is_none_or(|newest| newest < sample.at_ms) {
            (self.newest_ms, self.newest_offset) = (Some(sample.at_ms), sample.offset);
        }
        let newest = self.newest_ms.unwrap_or(sample.at_ms);
        if rules.lateness_ms == 0 && self.held.is_empty() {
            self.take(sample, rules, zone, &mut found);
            return;
        }
        match self.held.binary_search_by_key(&sample.at_ms, |held| held.at_ms) {
            Ok(at) => found(Found::LeftOut(repeated(self.held[at], sample))),
            Err(at) => self.held.insert(at, sample),
        }
        let ripe_ms = newest.saturating_sub(rules.lateness_ms);
        self.release(ripe_ms, rules, zone, &mut found);
    }

    /// Takes what is held back: nothing comes any more.
    pub fn flush(&mut self, rules: &Rules, zone: &TimeZone, mut found: impl FnMut(Found)) {
        self.release(i64::MAX, rules, zone, &mut found);
    }

    fn release(&mut self, ripe_ms: i64, rules: &Rules, zone: &TimeZone, found: &mut impl FnMut(Found)) {
        let ripe = self.held.partition_point(|held| held.at_ms <= ripe_ms);
        for sample in self.held.drain(..ripe).collect::<Vec<_>>() {
            self.take(sample, rules, zone, found);
        }
    }

    /// The hour that is open, so far, and the time of the last sample that was taken.
    pub fn so_far(&self) -> Option<(Hour, i64)> {
        let ((at_ms, _), Open { start_ms, wh, from, .. }) = self.taken.zip(self.open)?;
        Some((Hour { start_ms, wh: whole_wh(wh), from }, at_ms))
    }

    /// The offset from which all must be read again to know as much.
    pub fn state_from(&self) -> Option<i64> {
        let held = self.held.iter().map(|held| held.offset);
        let open = self.open.map(|open| open.from);
        let fall = self.fall.map(|fall| fall.before.offset);
        held.chain(open).chain(fall).chain(self.taken.map(|(_, offset)| offset)).min()
    }

    /// The same, given that it is read again from `from`: a sample that was too late must be so again, and would not be
    /// if what made it late were not read again.
    pub fn late_from(&self, from: i64) -> i64 {
        let cut = self.late.iter().filter(|(because, late)| *because < from && from <= *late);
        cut.map(|(because, _)| *because).min().unwrap_or(from)
    }

    /// Forgets the samples that were too late before `from`.
    pub fn forget_late(&mut self, from: i64) {
        self.late.retain(|(_, late)| *late >= from);
    }

    fn remember_late(&mut self, because: i64, offset: i64) {
        match self.late.last_mut() {
            Some(last) if last.0 == because => last.1 = offset,
            _ => self.late.push((because, offset)),
        }
    }

    /// Whether all that came for a day lies before what was seen already, in order of time.
    fn clock_went_back(&mut self, at_ms: i64) -> bool {
        let first = match self.behind {
            Some((first, newest)) if newest < at_ms => first,
            _ => at_ms,
        };
        self.behind = Some((first, at_ms));
        at_ms - first >= DAY_MS
    }

    /// Takes the next sample in order of time.
    fn take(&mut self, sample: Last, rules: &Rules, zone: &TimeZone, found: &mut impl FnMut(Found)) {
        let kind = sample.kind();
        self.taken = Some((sample.at_ms, sample.offset));
        if sample.value < 0.0 && kind != Kind::Register && !rules.net {
            self.last = None; // what stood before it has ended
            found(Found::LeftOut(LeftOut::Negative));
            return;
        }
        let last = self.last.filter(|last| last.kind == sample.kind);
        if kind == Kind::Energy {
            self.energy(sample, last, rules, zone, found);
        } else {
            self.last = Some(sample);
            if let Some(last) = last {
                self.between(last, sample, rules, zone, found);
            }
        }
        if let Some(Open { start_ms, wh, from, .. }) = self.open {
            found(Found::SoFar(Hour { start_ms, wh, from }));
        }
    }

    fn energy(
        &mut self,
        sample: Last,
        last: Option<Last>,
        rules: &Rules,
        zone: &TimeZone,
        found: &mut impl FnMut(Found),
    ) {
        let length = rules.reach_ms(Kind::Energy);
        let (hour_start, _) = match self.open {
            Some(open) if (open.start_ms..open.end_ms).contains(&sample.at_ms) => {
                (open.start_ms, open.end_ms)
            }
            _ => hour_of(sample.at_ms, zone),
        };
        let start = on_grid(sample.at_ms, hour_start, length);
        let last_start = last.map(|last| on_grid(last.at_ms, hour_start, length));
        // A meter may give energy and power; what is covered is covered.
        let is_covered = self.open.is_some_and(|open| start < open.to_ms && open.start_ms < start + length);
        if is_covered || last_start.is_some_and(|last| start < last.saturating_add(length)) {
            found(Found::LeftOut(LeftOut::Overlap));
            return;
        }
        self.last = Some(sample);
        self.add(start, start + length, sample.value, sample.offset, zone, found);
    }

    /// Adds what two samples of power or of a register tell of the time between them.
    fn between(
        &mut self,
        last: Last,
        sample: Last,
        rules: &Rules,
        zone: &TimeZone,
        found: &mut impl FnMut(Found),
    ) {
        let distance = sample.at_ms - last.at_ms;
        let offset = last.offset.min(sample.offset);
        let is_gap = distance > rules.reach_ms(sample.kind());
        let stride = self.stride_ms;
        self.stride_ms = if is_gap { None } else { Some(distance) };
        if sample.kind() == Kind::Power {
            let length = if is_gap { stride.unwrap_or_default() } else { distance };
            let wh = energy_wh(last.value, length);
            self.add(last.at_ms, last.at_ms + length, wh, offset, zone, found);
        } else {
            if !self.is_plausible_rise(last, sample, rules.net) {
                found(Found::LeftOut(LeftOut::RegisterReset));
                return;
            }
            if !is_gap {
                self.add(last.at_ms, sample.at_ms, sample.value - last.value, offset, zone, found);
            }
        }
    }

    /// Whether what a register rose by can have been used.
    fn is_plausible_rise(&mut self, last: Last, sample: Last, net: bool) -> bool {
        let rise = sample.value - last.value;
        let most = energy_wh(CONNECTION_W, (sample.at_ms - last.at_ms).max(MINUTE_MS));
        if net {
            return rise.abs() <= most;
        }
        if rise < 0.0 {
            self.fall = Some(Fall { before: last, after: sample });
            return false;
        }
        self.fall = self.fall.filter(|fall| sample.at_ms - fall.after.at_ms <= COME_BACK_MS);
        let comes_back = self.fall.is_some_and(|Fall { before, after }| {
            rise >= (before.value - after.value) / 2.0 && sample.value >= before.value
        });
        if comes_back {
            self.fall = None;
            return false;
        }
        rise <= most
    }

    /// Spreads the energy of an interval over the hours it touches.
    fn add(
        &mut self,
        start_ms: i64,
        end_ms: i64,
        wh: f64,
        offset: i64,
        zone: &TimeZone,
        found: &mut impl FnMut(Found),
    ) {
        let mut from = start_ms;
        while from < end_ms {
            let mut open = match self.open {
                Some(open) if (open.start_ms..open.end_ms).contains(&from) => open,
                before => {
                    if before.is_some() {
                        found(Found::LeftOut(LeftOut::PartialHour));
                    }
                    let (start_ms, end_ms) = hour_of(from, zone);
                    Open { start_ms, end_ms, wh: 0.0, covered_ms: 0, to_ms: from, from: offset }
                }
            };
            let to = end_ms.min(open.end_ms);
            let part = if (from, to) == (start_ms, end_ms) {
                wh
            } else {
                wh * ((to - from) as f64 / (end_ms - start_ms) as f64)
            };
            // Samples that came out of order may stand in any order in the source.
            open.from = open.from.min(offset);
            open.wh += part;
            open.covered_ms += to - from;
            open.to_ms = to;
            self.open = Some(open);
            if open.covered_ms == HOUR_MS {
                self.open = None;
                found(Found::Whole(Hour { start_ms: open.start_ms, wh: whole_wh(open.wh), from: open.from }));
            } else if to == open.end_ms {
                self.open = None;
                found(Found::LeftOut(LeftOut::PartialHour));
            }
            from = to;
        }
    }
}

/// The energy of an hour: rounded to a millionth, and where more was given than taken, 0.
fn whole_wh(wh: f64) -> f64 {
    let wh = (wh * 1e6).round() / 1e6;
    // Not -0 either.
    if wh > 0.0 { wh } else { 0.0 }
}

fn repeated(known: Last, sample: Last) -> LeftOut {
    if known.value == sample.value { LeftOut::Duplicate } else { LeftOut::Conflict }
}

/// Wh of `watts` over some time.
fn energy_wh(watts: f64, length_ms: i64) -> f64 {
    watts * (length_ms as f64 / HOUR_MS as f64)
}

/// The time, or where an interval begins if that is within a tenth of one.
fn on_grid(at_ms: i64, hour_start_ms: i64, length_ms: i64) -> i64 {
    let past = (at_ms - hour_start_ms).rem_euclid(length_ms);
    if past <= length_ms / 10 {
        at_ms - past
    } else if length_ms - past <= length_ms / 10 {
        at_ms + length_ms - past
    } else {
        at_ms
    }
}

/// The local hour that holds `at_ms`: 60 minutes, or less where the zone's offset changes by a part of an hour.
pub(crate) fn hour_of(at_ms: i64, zone: &TimeZone) -> (i64, i64) {
    let instant = |millis| Timestamp::from_millisecond(millis).unwrap_or_default();
    let offset_ms = |millis| i64::from(zone.to_offset(instant(millis)).seconds()) * 1000;
    let offset = offset_ms(at_ms);
    let start = at_ms - (at_ms + offset).rem_euclid(HOUR_MS);
    let end = start + HOUR_MS;
    if offset_ms(end - 1) != offset
        && let Some(change) = zone.following(instant(at_ms)).next()
    {
        return (start, change.timestamp().as_millisecond());
    }
    (start, end)
}

#[cfg(test)]
mod tests;
