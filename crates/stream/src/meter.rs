//! One meter as the stream knows it: its hours, what they score, and what has been said of it.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use knowatt_score::{Recent, ScoreTable, Scored};
use serde::{Deserialize, Serialize};

use crate::{
    hours::{Found, HOUR_MS, Hour, Hours, LeftOut, Rules, Sample},
    tables::Model,
};

/// A value that stands still for so long is a flat line.
const FLAT_MS: i64 = 48 * HOUR_MS;
/// … and for so many samples.
const FLAT_SAMPLES: u32 = 48;

/// A meter.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) state: State,
    /// Its model, and the generation of the tables that it was looked up in.
    pub(crate) model: Option<(u64, Option<Arc<Model>>)>,
    /// When something last came of it.
    pub(crate) heard: Instant,
    /// Whether its silence was said.
    pub(crate) is_silent: bool,
    /// Whether its state is to be stored.
    pub(crate) is_changed: bool,
}

/// What is kept of a meter.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) hours: Hours,
    recent: Recent,
    /// Of each hour of `recent`, the newest first, the offset from which it can be made again; none is above one before it.
    offsets: VecDeque<i64>,
    /// The hour of which an early word was given.
    early_ms: Option<i64>,
    /// The time of the meter's clock, in spans of how often that is said, at which it was last asked how the open hour stands.
    asked_time: Option<i64>,
    flat: Option<Flat>,
    /// The newest time seen of any meter when this one was last heard.
    pub(crate) clock_ms: i64,
}

/// A value that stands still.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Flat {
    value: f64,
    since_ms: i64,
    samples: u32,
    is_said: bool,
}

/// What a sample of a meter tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Told {
    /// A whole hour and its score.
    Hour(Hour, Scored),
    /// An hour that is above 1.0 before it has ended, said once.
    Early(Hour, Scored),
    /// Something was left out.
    LeftOut(LeftOut),
    /// The value has not changed since then.
    Flat(i64),
}

impl Meter {
    /// A meter with what is known of it.
    pub(crate) fn new(state: State) -> Self {
        Self { state, model: None, heard: Instant::now(), is_silent: false, is_changed: true }
    }
}

impl State {
    /// The state of a meter of which nothing is known, first heard at that time of its partition.
    pub(crate) fn heard_at(clock_ms: i64) -> Self {
        Self { clock_ms, ..Self::default() }
    }

    /// Takes a sample and scores what follows from it.
    pub(crate) fn push(
        &mut self,
        sample: Sample,
        rules: &Rules,
        table: &ScoreTable,
        mut told: impl FnMut(Told),
    ) {
        if let Some(since_ms) = self.flat_since(sample) {
            told(Told::Flat(since_ms));
        }
        let Self { hours, recent, offsets, early_ms, .. } = self;
        let mut scorer = Scorer { recent, offsets, early_ms, rules, table };
        hours.push(sample, rules, table.calendar().zone(), |found| scorer.take(found, &mut told));
    }

    /// Takes what was held back, in case something earlier came: nothing comes any more.
    pub(crate) fn flush(&mut self, rules: &Rules, table: &ScoreTable, mut told: impl FnMut(Told)) {
        let Self { hours, recent, offsets, early_ms, .. } = self;
        let mut scorer = Scorer { recent, offsets, early_ms, rules, table };
        hours.flush(rules, table.calendar().zone(), |found| scorer.take(found, &mut told));
    }

    /// How the open hour stands; once in a minute, or so long a time, of the meter's clock.
    pub(crate) fn so_far(&mut self, table: &ScoreTable, every: Duration) -> Option<(Hour, Scored)> {
        let (hour, at_ms) = self.hours.so_far()?;
        let time = at_ms.div_euclid(i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1));
        if self.asked_time.replace(time) == Some(time) {
            return None;
        }
        let start = Timestamp::from_millisecond(hour.start_ms).ok()?;
        let scored = table.assess(start, hour.wh, &mut self.recent.clone()).ok()?;
        Some((hour, scored))
    }

    /// The offset from which all must be read again to have this state.
    pub(crate) fn state_from(&self) -> Option<i64> {
        self.offsets.back().copied().into_iter().chain(self.hours.state_from()).min()
    }

    /// Since when the value has stood still, when that is first to be said.
    fn flat_since(&mut self, sample: Sample) -> Option<i64> {
        match &mut self.flat {
            Some(flat) if flat.value == sample.value && sample.at_ms >= flat.since_ms => {
                flat.samples = flat.samples.saturating_add(1);
                let is_flat = sample.at_ms - flat.since_ms >= FLAT_MS && flat.samples > FLAT_SAMPLES;
                let is_new = is_flat && !flat.is_said;
                flat.is_said |= is_flat;
                is_new.then_some(flat.since_ms)
            }
            flat => {
                *flat =
                    Some(Flat { value: sample.value, since_ms: sample.at_ms, samples: 1, is_said: false });
                None
            }
        }
    }

    /// As text, to be stored.
    pub(crate) fn to_text(&self) -> String {
        let newest_ms = self.recent.newest().map(Timestamp::as_millisecond);
        let kept = Kept {
            hours: self.hours.clone(),
            newest_ms,
            wh: self.recent.hours().iter().rev().copied().collect(),
            early_ms: self.early_ms,
            flat: self.flat,
            clock_ms: self.clock_ms,
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// From what was stored.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let Kept { hours, newest_ms, wh, early_ms, flat, clock_ms } = serde_json::from_str(text).ok()?;
        let mut recent = Recent::default();
        let first_ms = newest_ms.unwrap_or_default() - HOUR_MS * (i64::try_from(wh.len()).ok()? - 1);
        for (at, wh) in (0..).zip(wh) {
            recent.push(Timestamp::from_millisecond(first_ms + at * HOUR_MS).ok()?, wh);
        }
        let (offsets, asked_time) = (VecDeque::new(), None);
        Some(Self { hours, recent, offsets, early_ms, asked_time, flat, clock_ms })
    }
}

/// Scores what a meter's hours tell.
struct Scorer<'s> {
    recent: &'s mut Recent,
    offsets: &'s mut VecDeque<i64>,
    early_ms: &'s mut Option<i64>,
    rules: &'s Rules,
    table: &'s ScoreTable,
}

impl Scorer<'_> {
    fn take(&mut self, found: Found, told: &mut impl FnMut(Told)) {
        match found {
            Found::LeftOut(why) => told(Told::LeftOut(why)),
            Found::Whole(hour) => {
                let Ok(start) = Timestamp::from_millisecond(hour.start_ms) else { return };
                // An hour's Wh is finite and not below zero, and every hour has its slot.
                let Ok(scored) = self.table.assess(start, hour.wh, self.recent) else { return };
                remember(self.offsets, hour.from, self.recent.hours().len());
                told(Told::Hour(hour, scored));
            }
            Found::SoFar(hour) => {
                // What is given back later in the hour may take off what was taken.
                if self.rules.net || *self.early_ms == Some(hour.start_ms) || hour.wh <= 0.0 {
                    return;
                }
                let Ok(start) = Timestamp::from_millisecond(hour.start_ms) else { return };
                let Ok(scored) = self.table.assess(start, hour.wh, &mut self.recent.clone()) else { return };
                if scored.score > 1.0 {
                    *self.early_ms = Some(hour.start_ms);
                    told(Told::Early(hour, scored));
                }
            }
        }
    }
}

/// What is stored of a meter.
#[derive(Serialize, Deserialize)]
struct Kept {
    hours: Hours,
    newest_ms: Option<i64>,
    /// The oldest first.
    wh: Vec<f64>,
    early_ms: Option<i64>,
    flat: Option<Flat>,
    clock_ms: i64,
}

/// Puts the newest hour's offset first, and keeps as many as there are hours.
fn remember(offsets: &mut VecDeque<i64>, from: i64, hours: usize) {
    // Samples that came out of order: what is needed for this hour is needed for those before it too.
    for older in offsets.iter_mut() {
        if *older <= from {
            break;
        }
        *older = from;
    }
    offsets.push_front(from);
    offsets.truncate(hours);
}
