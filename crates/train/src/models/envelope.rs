//! The envelope: the lowest and the highest Wh seen in each cell; raw = (Wh − min) / (max − min).
//!
//! Source: the model shipped with the 2018 talk, 24 pairs of numbers in a Java class. There, 1.0 is
//! the highest reading of the hour; here, calibration says how far beyond (or within) it 1.0 lies.
//! A cell without readings takes those of the same hour on all days, and failing that of all hours.

use knowatt_score::{Curve, HOURS, Knot, Slot};
use serde::{Deserialize, Serialize};

use super::{Fitted, Model, Parameters};
use crate::{distil::Distilled, edges::Edges, training_set::TrainingSet};

/// A cell that hardly varies is taken to vary by this much, in Wh.
const LEAST_WIDTH_WH: f64 = 1.0;

/// The lowest and highest Wh of each cell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Envelope;

/// Lowest and highest Wh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    min_wh: f64,
    max_wh: f64,
}

impl Range {
    const EMPTY: Self = Self { min_wh: f64::INFINITY, max_wh: f64::NEG_INFINITY };

    fn take(&mut self, wh: f64) {
        self.min_wh = self.min_wh.min(wh);
        self.max_wh = self.max_wh.max(wh);
    }

    fn is_empty(self) -> bool {
        self.min_wh > self.max_wh
    }

    fn width(self) -> f64 {
        (self.max_wh - self.min_wh).max(LEAST_WIDTH_WH)
    }
}

/// A fitted [`Envelope`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedEnvelope {
    /// `cells[day · 24 + hour]`, none empty.
    cells: Vec<Range>,
}

impl Model for Envelope {
    fn fit(&self, set: &TrainingSet, _seed: u64) -> Box<dyn Fitted> {
        let mut cells = vec![Range::EMPTY; set.calendar.day_classes().count() * HOURS];
        let mut hours = [Range::EMPTY; HOURS];
        let mut all = Range::EMPTY;
        for row in &set.rows {
            cells[row.slot.cell()].take(row.wh);
            hours[usize::from(row.slot.hour)].take(row.wh);
            all.take(row.wh);
        }
        if all.is_empty() {
            all.take(0.0);
        }
        for (index, cell) in cells.iter_mut().enumerate() {
            let fallbacks = [hours[index % HOURS], all];
            *cell = std::iter::once(*cell).chain(fallbacks).find(|range| !range.is_empty()).unwrap_or(all);
        }
        Box::new(FittedEnvelope { cells })
    }
}

impl FittedEnvelope {
    pub(super) fn is_sound(&self, cells: usize) -> bool {
        let is_sound =
            |range: &Range| 0.0 <= range.min_wh && range.min_wh <= range.max_wh && range.max_wh.is_finite();
        self.cells.len() == cells && self.cells.iter().all(is_sound)
    }

    fn range(&self, slot: Slot) -> Range {
        self.cells[slot.cell()]
    }
}

impl Fitted for FittedEnvelope {
    fn parameters(&self) -> Parameters {
        Parameters::Envelope(self.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        let range = self.range(slot);
        (wh - range.min_wh) / range.width()
    }

    fn raw_low(&self) -> f64 {
        0.0
    }

    fn curve(&self, slot: Slot, edges: Edges, highest_wh: f64) -> Distilled {
        let range = self.range(slot);
        // Straight up to 1 and straight beyond: three knots are the model itself, unless they lie further than any do.
        let at = |raw: f64, most: f64| (range.min_wh + raw * range.width()).clamp(0.0, most);
        let beyond = edges.high + (edges.high - edges.low);
        let high_wh = at(edges.high, Curve::MAX_WH / 2.0);
        let knots = [
            (at(edges.low, Curve::MAX_WH), 0.0),
            (high_wh, 1.0),
            (at(beyond, Curve::MAX_WH), 1.0 + edges.steepness),
        ];
        let curve = Curve::new(knots.map(|(wh, score)| Knot { wh, score }).to_vec());
        let largest_error = curve.as_ref().map_or(f64::INFINITY, |curve| {
            let error = |wh: f64| (curve.score(wh) - edges.score(self.raw(slot, wh))).abs();
            error(0.0).max(error(highest_wh))
        });
        Distilled { curve, largest_error }
    }
}
