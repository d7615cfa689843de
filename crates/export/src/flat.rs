//! The curves end to end in plain arrays, and the functions of several features, for languages that want both spelled out.

use knowatt_score::{DayClasses, Feature};

use crate::export::{Export, FeatureCurves};

/// The knots of all curves: set by set in the order of [`Export::features`], day class by day class, hour by hour.
pub(crate) struct Flat {
    /// The knots' Wh.
    pub(crate) wh: Vec<f64>,
    /// Their scores.
    pub(crate) scores: Vec<f64>,
    /// Where each curve begins, and at last where the last one ends.
    pub(crate) starts: Vec<usize>,
}

impl Flat {
    pub(crate) fn new(export: &Export<'_>) -> Self {
        let mut flat = Self { wh: Vec::new(), scores: Vec::new(), starts: vec![0] };
        for cell in export.features().iter().flat_map(|curves| &curves.cells) {
            flat.wh.extend(cell.knots().iter().map(|knot| knot.wh));
            flat.scores.extend(cell.knots().iter().map(|knot| knot.score));
            flat.starts.push(flat.wh.len());
        }
        flat
    }

    /// Numbers as literals, a curve a line.
    pub(crate) fn lines(&self, numbers: &[f64]) -> String {
        let curves = self.starts.windows(2).map(|ends| &numbers[ends[0]..ends[1]]);
        lines(curves.map(|curve| list(curve.iter().map(|number| format!("{number:?}")))))
    }

    /// Where the curves begin as literals, a day class of a feature a line.
    pub(crate) fn starts_lines(&self) -> String {
        lines(self.starts.chunks(24).map(list))
    }
}

/// `floor`, `step` or `rise`.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it takes after day and hour; nothing if the table has no curves for it.
    pub(crate) arguments: Vec<Argument>,
}

/// A number that a function takes.
pub(crate) struct Argument {
    /// `low_3h`, `step_wh`, `rise_3h`.
    pub(crate) name: String,
    /// Over how many hours it looks.
    pub(crate) hours: u8,
    /// The place of its curves among the features.
    pub(crate) set: usize,
}

impl Argument {
    /// Its name where words are joined by capitals.
    pub(crate) fn camel(&self) -> String {
        let mut words = self.name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |name, word| {
            let (head, tail) = word.split_at(1); // ASCII
            name + &head.to_ascii_uppercase() + tail
        })
    }
}

/// All three, in their order.
pub(crate) fn functions(export: &Export<'_>) -> [Function; 3] {
    let mut functions = ["floor", "step", "rise"].map(|name| Function { name, arguments: Vec::new() });
    for (set, FeatureCurves { feature, .. }) in export.features().iter().enumerate() {
        let (function, name, hours) = match *feature {
            Feature::Level => continue,
            Feature::Floor { hours } => (0, format!("low_{hours}h"), hours),
            Feature::Step => (1, "step_wh".to_owned(), 1),
            Feature::Rise { hours } => (2, format!("rise_{hours}h"), hours),
        };
        functions[function].arguments.push(Argument { name, hours, set });
    }
    functions
}

/// The class of a local `date` in the way of C and its kin, where `date`, from -1 on, is a whole number and `%` keeps it one. `among` asks
/// whether it is a holiday.
pub(crate) fn day_rule(classes: DayClasses, among: Option<&str>, of_month: &str) -> String {
    match (classes, among) {
        (DayClasses::None, _) => "0".to_owned(),
        (DayClasses::DayType, None) => "(date + 3) % 7 >= 5 ? 1 : 0".to_owned(),
        (DayClasses::DayType, Some(among)) => format!("(date + 3) % 7 >= 5 || {among} ? 1 : 0"),
        (DayClasses::DayOfWeek, _) => "(date + 3) % 7".to_owned(),
        (DayClasses::DayOfMonth, _) => format!("{of_month}(date) - 1"),
    }
}

/// With commas between.
pub(crate) fn list(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("  {item},\n")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use knowatt_score::{
        Calendar, Curve, CurveSet, Knot, ModelFile, Provenance, ScoreTable, Source, sha256_hex,
    };

    use super::*;

    fn model(features: &[Feature]) -> ModelFile {
        let curve = |wh| Curve::new(vec![Knot { wh: 0.5, score: 0.0 }, Knot { wh, score: 1.0 }]).unwrap();
        let sets = features.iter().map(|&feature| CurveSet {
            feature,
            curves: (0..24).map(|hour| curve(100.0 + f64::from(hour))).collect(),
        });
        let calendar = Calendar::new("UTC", DayClasses::None).unwrap();
        ModelFile {
            provenance: Provenance {
                source: Source::Bounds,
                sha256: sha256_hex(b""),
                rows: 24,
                first: None,
                end: None,
                model: "envelope".into(),
                options: std::collections::BTreeMap::new(),
                seed: 0,
                tool: "test".into(),
            },
            calibration: None,
            distillation: None,
            backtest: None,
            population: None,
            table: ScoreTable::with_features(calendar, sets.collect()).unwrap(),
        }
    }

    #[test]
    fn the_knots_of_all_features_lie_end_to_end() {
        let model = model(&[Feature::Level, Feature::Step]);
        let flat = Flat::new(&Export::new(&model, "kitchen".parse().unwrap()));
        assert_eq!((flat.wh.len(), flat.scores.len(), flat.starts.len()), (96, 96, 49));
        assert_eq!(flat.wh[flat.starts[24 + 4]..flat.starts[24 + 5]], [0.5, 104.0]);
        assert!(flat.lines(&flat.wh).starts_with("  0.5, 100.0,\n  0.5, 101.0,\n"));
    }

    #[test]
    fn a_function_takes_a_number_for_each_of_its_features_and_nothing_where_there_are_none() {
        let rise = Feature::Rise { hours: 6 };
        let model = model(&[Feature::Level, Feature::Floor { hours: 2 }, Feature::Floor { hours: 12 }, rise]);
        let [floor, step, rise] = functions(&Export::new(&model, "kitchen".parse().unwrap()));
        let told = |function: &Function| {
            let arguments = function.arguments.iter();
            arguments.map(|one| (one.name.clone(), one.camel(), one.hours, one.set)).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&floor),
            [("low_2h".into(), "low2h".into(), 2, 1), ("low_12h".into(), "low12h".into(), 12, 2)]
        );
        assert_eq!(told(&step), []);
        assert_eq!(told(&rise), [("rise_6h".into(), "rise6h".into(), 6, 3)]);
    }
}
