//! Mishaps put into readings, to see what a model finds of them.
//!
//! Hours are those that have readings: in a day that lacks some, and across a gap, they are further apart.
//!
//! Seven kinds, each with a size in shares of the home's 95th percentile, on about a third of the days, by a
//! seed. They judge models and shares (see `backtest`); no model is fitted to them. A model that was would know
//! these kinds and no others.

use jiff::{Timestamp, civil::Date};
use knowatt_score::Calendar;

use crate::{random::Random, training_set::TrainingRow};

/// The share of days that something happens on.
const DAYS: f64 = 0.35;
/// A day with fewer hours than this is left as it is.
const LEAST_HOURS: usize = 20;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    /// Two or three hours of a large load, from one of the first four of the day.
    NightLoad,
    /// A load left on for six to nine hours.
    LeftOn,
    /// One hour of several times its use.
    Spike,
    /// A small heater forgotten for 18 to 36 hours.
    WeakLoad,
    /// A fridge that never stops: no hour falls below a level.
    Fridge,
    /// The day's use as usual, but hours later; its end comes first.
    ShiftedDay,
    /// A load that grows hour by hour.
    SlowClimb,
}

const KINDS: [Mishap; 7] = [
    Mishap::NightLoad,
    Mishap::LeftOn,
    Mishap::Spike,
    Mishap::WeakLoad,
    Mishap::Fridge,
    Mishap::ShiftedDay,
    Mishap::SlowClimb,
];

/// Readings with mishaps in them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mishaps {
    /// The readings, in Wh.
    pub(crate) wh: Vec<f64>,
    /// For each the number of the mishap that touches it, from 0; none where all is well.
    pub(crate) label: Vec<Option<usize>>,
}

impl Mishaps {
    /// Whether there is one at all.
    pub(crate) fn has_any(&self) -> bool {
        self.label.iter().any(Option::is_some)
    }
}

/// What is usual in a home, to size mishaps by.
#[derive(Debug, Clone)]
pub(crate) struct Usual {
    sorted_wh: Vec<f64>,
}

impl Usual {
    /// Of some readings, at least one.
    pub(crate) fn of(rows: &[TrainingRow]) -> Self {
        let mut sorted_wh: Vec<f64> = rows.iter().map(|row| row.wh).collect();
        sorted_wh.sort_by(f64::total_cmp);
        Self { sorted_wh }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    fn quantile(&self, share: f64) -> f64 {
        let at = (share * (self.sorted_wh.len().max(1) - 1) as f64).round() as usize;
        self.sorted_wh.get(at).copied().unwrap_or(0.0)
    }

    fn high(&self) -> f64 {
        self.quantile(0.95)
    }
}

/// Puts mishaps into readings. What changes nothing (a load of 0 Wh in an empty home) is none.
pub(crate) fn put_in(
    rows: &[TrainingRow],
    calendar: &Calendar,
    usual: &Usual,
    random: &mut Random,
) -> Mishaps {
    let mut mishaps = Mishaps { wh: rows.iter().map(|row| row.wh).collect(), label: vec![None; rows.len()] };
    let date = |start: Timestamp| -> Date { calendar.local(start).date() };
    let mut count = 0;
    let mut first = 0;
    while let Some(row) = rows.get(first) {
        let today = date(row.start);
        let hours = rows[first..].iter().take_while(|row| date(row.start) == today).count();
        let day = first..first + hours;
        first = day.end;
        let happens = random.uniform() < DAYS;
        if !happens || hours < LEAST_HOURS || mishaps.label[day.clone()].iter().any(Option::is_some) {
            continue;
        }
        let kind = KINDS[random.below(KINDS.len())];
        let hit = happen(kind, &mut mishaps.wh, day, usual, random);
        if hit.clone().any(|at| mishaps.wh[at] != rows[at].wh) {
            mishaps.label[hit].fill(Some(count));
            count += 1;
        }
    }
    mishaps
}

/// Changes the readings, and returns which.
fn happen(
    kind: Mishap,
    wh: &mut [f64],
    day: std::ops::Range<usize>,
    usual: &Usual,
    random: &mut Random,
) -> std::ops::Range<usize> {
    let between = |random: &mut Random, low: f64, high: f64| low + (high - low) * random.uniform();
    let last = wh.len();
    // So many hours from one of the first hours of the day; they may run on into the next.
    let stretch = |random: &mut Random, latest: usize, (least, end): (usize, usize)| {
        let start = day.start + random.below(latest);
        start..(start + least + random.below(end - least)).min(last)
    };
    match kind {
        Mishap::NightLoad => {
            let hit = stretch(random, 4, (2, 4));
            let load = between(random, 0.8, 1.6) * usual.high();
            wh[hit.clone()].iter_mut().for_each(|wh| *wh += load);
            hit
        }
        Mishap::LeftOn => {
            let hit = stretch(random, 14, (6, 10));
            let load = between(random, 0.3, 0.8) * usual.high();
            wh[hit.clone()].iter_mut().for_each(|wh| *wh += load);
            hit
        }
        Mishap::Spike => {
            let hit = stretch(random, day.len(), (1, 2));
            let times = between(random, 3.0, 6.0);
            wh[hit.clone()].iter_mut().for_each(|wh| *wh = (times * *wh).max(usual.high()));
            hit
        }
        Mishap::WeakLoad => {
            let hit = stretch(random, day.len(), (18, 37));
            let load = between(random, 0.12, 0.3) * usual.high();
            wh[hit.clone()].iter_mut().for_each(|wh| *wh += load);
            hit
        }
        Mishap::Fridge => {
            let hit = stretch(random, day.len(), (10, 25));
            let level = usual.quantile(between(random, 0.4, 0.6));
            let lifted = wh[hit.clone()].iter().filter(|wh| **wh < level).count();
            if 3 * lifted < hit.len() {
                return hit.start..hit.start; // the home is above it anyway: nothing would be seen
            }
            wh[hit.clone()].iter_mut().for_each(|wh| *wh = wh.max(level));
            hit
        }
        Mishap::ShiftedDay => {
            wh[day.clone()].rotate_right(5 + random.below(5));
            day
        }
        Mishap::SlowClimb => {
            let hit = stretch(random, day.len(), (8, 15));
            let top = between(random, 0.6, 1.2) * usual.high();
            let hours = hit.len() as f64;
            let climb = wh[hit.clone()].iter_mut().enumerate();
            climb.for_each(|(hour, wh)| *wh += top * (hour + 1) as f64 / hours);
            hit
        }
    }
}
