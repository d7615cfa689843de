//! What is normal by day class and hour, in Wh: the heat map, the green band.

use knowatt_score::{DayClass, HOURS, ModelFile, Population, Slot};

/// What scores so is taken to be typical where the model does not tell how its readings scored.
const MIDDLE: f64 = 0.5;

/// What is normal in one hour of a day class, in Wh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The low edge of normal: score 0.
    pub low_wh: f64,
    /// What scores as the middle one of all readings learned from; without any, half-way between the edges.
    pub typical_wh: f64,
    /// The high edge of normal: score 1.
    pub high_wh: f64,
}

/// What is normal in every hour of every day class.
#[derive(Debug, Clone, PartialEq)]
pub struct Normal {
    /// The names of the day classes.
    pub days: &'static [&'static str],
    /// Of each of them its 24 hours.
    pub ranges: Vec<[Range; HOURS]>,
}

impl Normal {
    /// What a model holds to be normal.
    pub fn of(model: &ModelFile) -> Self {
        let classes = model.table.calendar().day_classes();
        let middle = model.population.as_ref().and_then(Population::median).unwrap_or(MIDDLE);
        let range = |day: DayClass, hour: usize| {
            #[allow(clippy::cast_possible_truncation, reason = "0 to 23")]
            let curve = model.table.curve(Slot { day, hour: hour as u8 });
            let [low_wh, typical_wh, high_wh] =
                [0.0, middle, 1.0].map(|score| curve.map_or(0.0, |curve| curve.wh(score)));
            Range { low_wh, typical_wh: typical_wh.max(0.0), high_wh }
        };
        let ranges = classes.classes().map(|day| std::array::from_fn(|hour| range(day, hour))).collect();
        Self { days: classes.class_names(), ranges }
    }

    /// What is normal in a slot of the model's calendar.
    pub(crate) fn range(&self, slot: Slot) -> Range {
        self.ranges[slot.day.index()][usize::from(slot.hour)]
    }

    /// The same of one of the day classes only; of all, if there is no such one.
    #[must_use]
    pub fn only(mut self, day: DayClass) -> Self {
        let at = day.index();
        if at < self.ranges.len() {
            self.days = &self.days[at..=at];
            self.ranges = vec![self.ranges[at]];
        }
        self
    }

    /// The highest edge of all, in Wh: what a scale goes up to.
    pub fn highest_wh(&self) -> f64 {
        self.ranges.iter().flatten().map(|range| range.high_wh).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use knowatt_score::{Calendar, Curve, DayClasses, Knot, Provenance, ScoreTable, Source, sha256_hex};

    use super::*;

    /// Hour h is normal from 100 to 1100 + h Wh on working days, twice that on days off.
    fn model(population: Option<Population>) -> ModelFile {
        let curve = |cell: usize| {
            let times = (cell / HOURS + 1) as f64;
            let knots = [(100.0 * times, 0.0), ((1100.0 + (cell % HOURS) as f64) * times, 1.0)];
            Curve::new(knots.map(|(wh, score)| Knot { wh, score }).to_vec()).unwrap()
        };
        let calendar = Calendar::new("UTC", DayClasses::DayType).unwrap();
        let table = ScoreTable::new(calendar, (0..2 * HOURS).map(curve).collect()).unwrap();
        let provenance = Provenance {
            source: Source::Bounds,
            sha256: sha256_hex(b""),
            rows: 24,
            first: None,
            end: None,
            model: "envelope".into(),
            options: std::collections::BTreeMap::default(),
            seed: 0,
            tool: "test".into(),
        };
        ModelFile { provenance, calibration: None, distillation: None, backtest: None, population, table }
    }

    #[test]
    fn normal_is_from_score_0_to_score_1_and_typical_what_the_middle_reading_scores() {
        let normal = Normal::of(&model(Population::of(&[0.1, 0.1, 0.2, 0.2, 0.2, 0.9])));
        assert_eq!(normal.days, ["working-day", "day-off"]);
        assert_eq!(normal.ranges[0][0], Range { low_wh: 100.0, typical_wh: 300.0, high_wh: 1100.0 });
        assert_eq!(normal.ranges[1][23].high_wh, 2246.0);
        assert_eq!(normal.highest_wh(), 2246.0);
        assert_eq!(Normal::of(&model(None)).ranges[0][0].typical_wh, 600.0);
        let off = normal.clone().only(DayClass(1));
        assert_eq!((off.days, &off.ranges[..]), (&["day-off"][..], &normal.ranges[1..]));
        assert_eq!(normal.clone().only(DayClass(2)), normal);
    }
}
