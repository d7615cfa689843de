//! Puts a series' rows in order of time.
//!
//! Rows that come in order pass through, after a look at the first [`HEAD`] of them. From the first row on
//! that is earlier than the one before it, rows are collected until the input ends, and sorted: hubs write
//! the newest row first, and exports are joined by hand. So order costs memory only where it is missing, and
//! at most [`MOST_COLLECTED`] rows of it.

use crate::sample::Sample;

/// Rows looked at before any is passed on.
pub(crate) const HEAD: usize = 1024;
/// The most rows that are sorted: 128 MB.
pub(crate) const MOST_COLLECTED: usize = 4_000_000;

/// Rows of one series of one input, as they come.
#[derive(Debug, Default)]
pub(crate) struct Order {
    rows: Vec<Sample>,
    state: State,
    /// The last row given.
    pub(crate) last: Option<Sample>,
}

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum State {
    /// The first rows, in order so far or not.
    #[default]
    Head,
    /// In order so far: rows pass through.
    InOrder,
    /// All that comes is collected.
    Collecting,
}

/// What becomes of a row.
#[derive(Debug, PartialEq)]
pub(crate) enum Given {
    /// It is kept for later.
    Kept,
    /// It is next, by itself.
    Next(Sample),
    /// The first rows are next; take them with [`Order::take`].
    Head,
    /// Too many rows are out of order.
    TooMany,
}

impl Order {
    /// Takes a row.
    #[inline]
    pub(crate) fn push(&mut self, mut sample: Sample) -> Given {
        let is_early = self.last.is_some_and(|last| sample.at < last.at);
        sample.is_repaired |= is_early;
        self.last = Some(sample);
        match self.state {
            State::InOrder if !is_early => return Given::Next(sample),
            State::InOrder => {
                self.state = State::Collecting;
                self.rows.push(sample);
            }
            State::Head => {
                self.rows.push(sample);
                if self.rows.len() == HEAD {
                    if self.rows.is_sorted_by_key(|row| row.at) {
                        self.state = State::InOrder;
                        return Given::Head;
                    }
                    self.state = State::Collecting;
                }
            }
            State::Collecting if self.rows.len() == MOST_COLLECTED => return Given::TooMany,
            State::Collecting => self.rows.push(sample),
        }
        Given::Kept
    }

    /// The rows kept so far, in order of time; of those of one time the first given is first.
    pub(crate) fn take(&mut self) -> Vec<Sample> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by_key(|row| row.at);
        rows
    }

    /// Whether the rows kept do not follow on those passed on before.
    pub(crate) fn begins_anew(&self) -> bool {
        self.state == State::Collecting
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_comes_out_once_and_all_but_the_seam_in_order(
            steps in prop::collection::vec(-40..100_i64, 0..40),
            ordered in 0..3000_i64,
        ) {
            let mut order = Order::default();
            let (mut given, mut out, mut at) = (0, Vec::new(), 0);
            let times = (0..ordered).map(|_| 1).chain(steps);
            let mut seam = 0;
            for (line, step) in (1..).zip(times) {
                at += step;
                given += 1;
                match order.push(Sample::new(line, at, 0.0)) {
                    Given::Kept => {}
                    Given::Next(sample) => out.push(sample),
                    Given::Head => out.extend(order.take()),
                    Given::TooMany => prop_assert!(false, "too many"),
                }
                seam = out.len();
            }
            let rest = order.take();
            prop_assert!(rest.is_sorted_by_key(|row| row.at));
            prop_assert!(out[..seam].is_sorted_by_key(|row| row.at));
            let mut lines: Vec<u64> = out.iter().chain(&rest).map(|row| row.line).collect();
            lines.sort_unstable();
            prop_assert_eq!(lines, (1..=given).collect::<Vec<_>>());
        }
    }
}
