//! The curves end to end in plain arrays, and the functions of several features, for languages that want both spelled out.

use knowatt_score::{DayClasses, Feature};

use crate::export::{Export, FeatureCurves, argument_name};

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
        let (function, hours) = match *feature {
            Feature::Level => continue,
            Feature::Floor { hours } => (0, hours),
            Feature::Step => (1, 1),
            Feature::Rise { hours } => (2, hours),
        };
        functions[function].arguments.push(Argument { name: argument_name(*feature), hours, set });
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
    use knowatt_score::ScoreTable;

    use super::*;
    use crate::targets::tests::hostile_model;

    #[test]
    fn the_knots_of_all_features_lie_end_to_end() {
        let model = hostile_model();
        let flat = Flat::new(&Export::new(&model, model.sha256(), "kitchen".parse().unwrap()));
        assert_eq!((flat.wh.len(), flat.scores.len(), flat.starts.len()), (720, 720, 241)); // 3 knots, 5 features, 48 cells
        let step_at_four = &flat.wh[flat.starts[3 * 48 + 4]..flat.starts[3 * 48 + 5]];
        assert_eq!(step_at_four, [0.5, 4004.0 / 3.0, 4004.0]);
        assert!(flat.lines(&flat.wh).starts_with("  0.5, 333.3333333333333, 1000.0,\n  0.5, 333.66"));
    }

    #[test]
    fn a_function_takes_a_number_for_each_of_its_features_and_nothing_where_there_are_none() {
        let mut model = hostile_model();
        let told = |model: &_| {
            let functions = functions(&Export::new(model, model.sha256(), "kitchen".parse().unwrap()));
            functions.map(|function| {
                let arguments = function.arguments.iter();
                list(arguments.map(|one| format!("{} {} {} {}", one.name, one.camel(), one.hours, one.set)))
            })
        };
        let all = ["low_3h low3h 3 1, low_12h low12h 12 2", "step_wh stepWh 1 3", "rise_1h rise1h 1 4"];
        assert_eq!(told(&model), all);
        let level = model.table.cells().map(|(_, curve)| curve.clone()).collect();
        model.table = ScoreTable::new(model.table.calendar().clone(), level).unwrap();
        assert_eq!(told(&model), ["", "", ""]);
    }
}
