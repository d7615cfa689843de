//! Rows that no meter can have meant: digits slipped, units mixed up, registers that rolled over, values that
//! stand still.
//!
//! Each rule has a name in the ledger. A row is *repaired* only where what was meant is beyond doubt, and
//! *doubted*, that is left out, where it is not. What a home can draw is the measure: a slip is looked for only
//! above [`HOME_W`], and against the highest power that the series has shown so far.
//!
//! A level that has shown for less than a week is not known, and more than [`MOST_SLIPS`] slips of a series are none: then
//! digits are as they should be after all, and a unit that seems to have changed for good is left to the user, who may name it.
//!
//! - **unit-slip**: over a hundred times the highest so far, and a thousandth of it is usual: W were written for
//!   kW (or Wh for kWh). Divided by a thousand.
//! - **digit-slip**: over five times the highest so far, and a tenth of it is usual. Left out, for it may be true.
//!   A register's reading that leaps up and is back at the next row is one too, whatever the factor.
//! - **stuck**: the same value, of three digits or more, for over [`STUCK_MS`] on end: left out from there on. (A coarse
//!   meter in an empty home shows 0.1 kWh for days; 0.127 kWh for days is a meter that hangs.)
//! - **register-rollover**: a register near the highest number of its digits goes on near 0. It is counted on.
//! - **sign-flipped**: all of the first rows are negative: the clamp was put on the wrong way round. All are turned.

use crate::{
    clock::{HOUR_MS, Millis, spell},
    ledger::{Ledger, Rule},
    sample::Sample,
    unit::Kind,
};

/// Few homes are connected with more, in W.
const HOME_W: f64 = 30_000.0;
/// Rows that must have shown what is usual before anything is a slip …
const LEAST_ROWS: u64 = 48;
/// … and for how long.
const LEAST_MS: Millis = 7 * 24 * HOUR_MS;
/// More slips than these are none.
pub(crate) const MOST_SLIPS: u64 = 48;
/// No connection of a home or a shop carries more, in W.
const CONNECTION_W: f64 = 1e6;
/// A value is stuck after so long.
const STUCK_MS: Millis = 48 * HOUR_MS;
/// … and so many rows.
const STUCK_ROWS: u64 = 48;
/// … and is of so many digits.
const LEAST_DIGITS: usize = 3;
/// So many negative rows, and none above zero, are a clamp put on the wrong way round.
const LEAST_NEGATIVE: usize = 24;
/// … if they span so long: by day alone a home with panels may give all the while.
const LEAST_NEGATIVE_MS: Millis = 48 * HOUR_MS;
/// A register rolls over from the last so much of its range to the first so much.
const ROLLOVER_SHARE: f64 = 0.1;

/// What is known of a series' rows so far.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    /// The last row that was passed on.
    last: Option<Sample>,
    rows: u64,
    /// The time of the first of them.
    first: Option<Millis>,
    pub(crate) unit_slips: u64,
    digit_slips: u64,
    /// The highest power so far, in W.
    highest_w: f64,
    /// Since when the value has stood still, and for how many rows.
    same: Option<(Millis, u64)>,
    /// A register's reading that leapt up, until the next row tells whether it was meant.
    leapt: Option<Sample>,
    /// What a register is behind since it rolled over.
    behind: f64,
    pub(crate) is_turned: bool,
}

/// Whether the first rows are those of a clamp put on the wrong way round.
pub(crate) fn is_turned(kind: Kind, head: &[Sample]) -> bool {
    let span = head.first().zip(head.last()).map_or(0, |(first, last)| last.at - first.at);
    let below = head.iter().filter(|row| row.value < 0.0).count();
    kind != Kind::Register
        && span >= LEAST_NEGATIVE_MS
        && below >= LEAST_NEGATIVE
        && !head.iter().any(|row| row.value > 0.0)
}

impl Doubt {
    /// Rows of another run: they do not follow on the last one.
    pub(crate) fn begin_run(&mut self) {
        (self.last, self.same, self.leapt, self.behind) = (None, None, None, 0.0);
    }

    /// Looks at a row that has a value, and gives what is to be passed on, in order.
    #[inline]
    pub(crate) fn look(
        &mut self,
        sample: Sample,
        series: &Looked,
        ledger: &mut Ledger<'_>,
    ) -> [Option<Sample>; 2] {
        if series.kind == Kind::Register {
            self.register(sample, series, ledger)
        } else {
            [Some(self.plain(sample, series, ledger)), None]
        }
    }

    /// What is still held back at the end.
    pub(crate) fn finish(&mut self) -> Option<Sample> {
        self.leapt.take()
    }

    #[inline]
    fn plain(&mut self, mut sample: Sample, series: &Looked, ledger: &mut Ledger<'_>) -> Sample {
        let power_w = self.power_w(sample, sample.value, series);
        let is_known =
            self.rows >= LEAST_ROWS && self.first.is_some_and(|first| sample.at - first >= LEAST_MS);
        if power_w > HOME_W && is_known && power_w > 5.0 * self.highest_w {
            if !series.trusts_unit
                && power_w > 100.0 * self.highest_w
                && power_w / 1000.0 <= 2.0 * self.highest_w
            {
                self.unit_slips += 1;
                let meant = sample.value / 1000.0;
                ledger.row_note(Rule::UnitSlip, sample, || {
                    format!("{} where {meant} is usual: W (or Wh) for kW; divided by 1000", sample.value)
                });
                sample = Sample { value: meant, is_repaired: true, ..sample };
            } else if self.digit_slips < MOST_SLIPS && power_w / 10.0 <= 2.0 * self.highest_w {
                self.digit_slips += 1;
                ledger.row_left_out(Rule::DigitSlip, sample, || {
                    format!(
                        "{} is over five times the most so far, as if a digit had slipped; left out",
                        sample.value
                    )
                });
                return sample.unknown();
            } else {
                self.highest_w = power_w;
            }
        } else {
            self.highest_w = self.highest_w.max(power_w);
        }
        self.rows += 1;
        self.first.get_or_insert(sample.at);
        let is_silent = self.last.is_some_and(|last| sample.at - last.at > 2 * series.cadence);
        let is_same = self.last.is_some_and(|last| last.value == sample.value) && sample.value != 0.0;
        self.last = Some(sample);
        let (since, count) = match self.same {
            Some((since, count)) if is_same && !is_silent => (since, count + 1),
            _ => (sample.at, 1),
        };
        self.same = Some((since, count));
        if sample.at - since >= STUCK_MS
            && count > STUCK_ROWS
            && digits(sample.value / series.factor) >= LEAST_DIGITS
        {
            ledger.row_left_out(Rule::Stuck, sample, || {
                format!("{} has stood still for {}; left out", sample.value, spell(sample.at - since))
            });
            return sample.unknown();
        }
        sample
    }

    fn register(&mut self, sample: Sample, series: &Looked, ledger: &mut Ledger<'_>) -> [Option<Sample>; 2] {
        let mut sample = Sample { value: sample.value + self.behind, ..sample };
        if let Some(leapt) = self.leapt.take() {
            if self.last.is_some_and(|last| last.value <= sample.value) && sample.value < leapt.value {
                ledger.row_left_out(Rule::DigitSlip, leapt, || {
                    format!("the register leapt to {} and was back at the next row; left out", leapt.value)
                });
            } else {
                let power_w = self.power_w(leapt, self.rise(leapt), series);
                let is_break =
                    self.rows >= LEAST_ROWS && power_w > CONNECTION_W && power_w > 100.0 * self.highest_w;
                let leapt = Sample { is_break, ..leapt };
                if !is_break {
                    self.highest_w = self.highest_w.max(power_w);
                }
                self.last = Some(leapt);
                return [
                    Some(leapt),
                    self.register(Sample { value: sample.value - self.behind, ..sample }, series, ledger)[0],
                ];
            }
        }
        if let Some(last) = self.last {
            let range = range(last.value - self.behind, series.factor);
            let counted_on = Sample { value: sample.value + range, is_repaired: true, ..sample };
            if sample.value < last.value
                && last.value - self.behind >= (1.0 - ROLLOVER_SHARE) * range
                && sample.value - self.behind <= ROLLOVER_SHARE * range
                && self.power_w(sample, self.rise(counted_on), series) <= HOME_W.max(5.0 * self.highest_w)
            {
                let from = last.value - self.behind;
                ledger.row_note(Rule::RegisterRollover, sample, || {
                    format!("the register rolled over from {from} to {} Wh; counted on", sample.value)
                });
                self.behind += range;
                sample = counted_on;
            }
            let power_w = self.power_w(sample, self.rise(sample), series);
            if power_w > HOME_W && power_w > 5.0 * self.highest_w {
                self.leapt = Some(sample);
                return [None, None];
            }
            self.highest_w = self.highest_w.max(power_w);
        }
        self.rows += 1;
        self.last = Some(sample);
        [Some(sample), None]
    }

    /// By how much a register has risen since the row before.
    fn rise(&self, sample: Sample) -> f64 {
        self.last.map_or(0.0, |last| sample.value - last.value)
    }

    /// The mean power, in W, since the row before, as far as that is known.
    #[inline]
    fn power_w(&self, sample: Sample, value: f64, series: &Looked) -> f64 {
        if series.kind == Kind::Power {
            return value;
        }
        let distance = self.last.map_or(HOUR_MS, |last| sample.at - last.at);
        value * HOUR_MS as f64 / distance.max(series.cadence) as f64
    }
}

/// What is to be known of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looked {
    pub(crate) kind: Kind,
    /// Wh or W per unit of the register's own.
    pub(crate) factor: f64,
    pub(crate) cadence: Millis,
    /// Whether the user said the unit, so that it need not be doubted.
    pub(crate) trusts_unit: bool,
}

/// The number, in Wh, at which a register that shows `wh` goes back to 0: the next power of ten in its own units.
fn range(wh: f64, factor: f64) -> f64 {
    let mut range = 1000.0;
    // Less than a thousand kWh is the counter of a day, which begins anew.
    while (range * factor <= wh || range * factor < 1e6) && range < 1e15 {
        range *= 10.0;
    }
    range * factor
}

/// How many digits a number has from the first that is not 0 to the last.
fn digits(number: f64) -> usize {
    // Six are more than enough; rounding hides what a unit's factor did to the last bits.
    let text = format!("{number:.6e}");
    text.split('e')
        .next()
        .map_or(0, |mantissa| mantissa.trim_end_matches('0').bytes().filter(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_without_zeros_around_them() {
        for (number, count) in [(0.127, 3), (1000.0, 1), (42.0, 2), (120.5, 4), (0.1, 1), (0.1 + 0.2, 1)] {
            assert_eq!(digits(number), count, "{number}");
        }
    }
}
