//! `onnx`: a graph of standard operators, which ONNX Runtime and others open, for columns.
//!
//! Operators of version 9 of the ONNX operator set are enough, all with kernels for double in ONNX Runtime's CPU provider (its
//! `OperatorKernels.md`); those compute as IEEE 754 says, an operation at a time, so the arithmetic is that of `knowatt_score::Curve`.
//!
//! Inputs are columns of equal length: `day` and `hour` (`int64`), `wh` and what floors, step and rises take (`double`), NaN where it
//! is not known. Outputs are `score`, `level`, `floor`, `step` and `rise` as of `push`; those are there that the table has curves for. No
//! score is NaN. There is no clock inside, and no lowest score over all day classes. The model's digest is in the file's metadata.
//!
//! The segment of a reading is found by counting the knots at or left of it, those of each curve being padded to the same
//! number by infinities.

mod graph;
mod protobuf;

use std::fmt::Write as _;

use self::graph::{Attribute, Graph, Type, Value};
use super::Target;
use crate::{
    error::Error,
    export::{Cell, Export, FeatureCurves},
    flat::{Argument, Flat, functions, list},
};

pub(super) struct Onnx;

/// As many bytes may the knots take once they are padded: what is larger came from no training.
const MOST_BYTES: usize = 1 << 28;

impl Target for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn summary(&self) -> &'static str {
        "an ONNX graph for columns, in doubles"
    }

    fn extension(&self) -> &'static str {
        "onnx"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let sets = export.features();
        let bytes: usize = sets.iter().map(|set| inner_width(set) * set.cells.len() * 8).sum();
        if bytes > MOST_BYTES {
            return Err(Error::TooLarge {
                target: "onnx",
                what: format!("{bytes} bytes of padded knots, where {MOST_BYTES} are the most"),
            });
        }
        let mut graph = Graph::default();
        let [day, hour] = ["day", "hour"].map(|name| graph.input(name, Type::Whole));
        let place = Place::new(&mut graph, export, &day, &hour);
        let wh = graph.input("wh", Type::Double);
        let level = place.score(&mut graph, &sets[0], 0, &wh);
        let mut outputs = vec![("level", level.clone())];
        for function in functions(export) {
            let scores = function.arguments.iter().map(|Argument { name, set, .. }| {
                let value = graph.input(name, Type::Double);
                place.score(&mut graph, &sets[*set], *set, &value)
            });
            let scores: Vec<_> = scores.collect();
            if !scores.is_empty() {
                outputs.push((function.name, highest(&mut graph, &scores)));
            }
        }
        let all: Vec<_> = outputs.iter().map(|(_, score)| score.clone()).collect();
        let score = highest(&mut graph, &all);
        // Without a level there is no score either, as it takes no part in `push`.
        let known = graph.apply("Greater", &[&level, &place.none]);
        let score = graph.apply("Where", &[&known, &score, &place.none]);
        outputs.insert(0, ("score", score));
        for (name, score) in outputs {
            let known = graph.apply("Greater", &[&score, &place.none]);
            let score = graph.apply("Where", &[&known, &score, &place.nan]);
            graph.output(name, &score);
        }
        let calendar = export.table().calendar();
        let classes = calendar.day_classes().class_names().join(",");
        let about = export.heading().join("\n");
        let told = [
            ("sha256", export.sha256.clone()),
            ("time_zone", calendar.zone_name().to_owned()),
            ("day_classes", classes),
        ];
        let told = told.each_ref().map(|(key, value)| (*key, value.as_str()));
        Ok(graph.finish(export.name.lower(), &about, &told))
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.lower();
        let mut text = format!(
            "{file} is an ONNX graph of operators of version 9, all in doubles. In Python, with onnxruntime and a pandas frame of\n\
             hours without holes that has the columns day and hour (whole numbers) and wh, {name}.onnx being in the working directory:\n\
             \n    \
                 import onnxruntime\n    \
                 {name} = onnxruntime.InferenceSession(\"{name}.onnx\", providers=[\"CPUExecutionProvider\"])\n"
        );
        for Argument { name, hours, .. } in functions(export).iter().flat_map(|function| &function.arguments)
        {
            let low = format!("frame.wh.rolling({hours}).min()");
            let column = match name.split_once('_') {
                Some(("low", _)) => low,
                Some(("step", _)) => "frame.wh.diff().clip(lower=0)".to_owned(),
                _ => format!("({low} - {low}.shift(24)).clip(lower=0)"),
            };
            // Writing to a String cannot fail.
            _ = writeln!(text, "    frame[\"{name}\"] = {column}");
        }
        let outputs = functions(export);
        let outputs = outputs.iter().filter(|function| !function.arguments.is_empty());
        let outputs = ["score", "level"].into_iter().chain(outputs.map(|function| function.name));
        _ = write!(
            text,
            "    columns = {{column.name: frame[column.name].to_numpy() for column in {name}.get_inputs()}}\n    \
                 frame[[{}]] = list(zip(*{name}.run(None, columns)))\n\
             \n\
             A number that is not known is NaN, and so is no score. score is the largest of the others.\n",
            list(outputs.map(|output| format!("\"{output}\"")))
        );
        text
    }
}

/// How many knots of a curve lie between its first and its last, at most; 1 where there are none, as no column is empty.
fn inner_width(set: &FeatureCurves<'_>) -> usize {
    set.cells.iter().map(|cell| cell.knots().len() - 2).max().unwrap_or_default().max(1)
}

/// The highest of scores that are at least the one that is none.
fn highest(graph: &mut Graph, scores: &[Value]) -> Value {
    match scores {
        [only] => only.clone(),
        _ => graph.apply("Max", &scores.iter().map(String::as_str).collect::<Vec<_>>()),
    }
}

/// What the scores by all features share.
struct Place {
    /// Whether there are such a day and hour.
    known: Value,
    /// day · 24 + hour, 0 where there is none.
    cell: Value,
    cells: i64,
    zero: Value,
    one: Value,
    infinity: Value,
    /// No score within the graph: minus infinity.
    none: Value,
    /// No score outside.
    nan: Value,
    /// The knots of all curves, and where each curve begins (see [`Flat`]).
    starts: Value,
    wh: Value,
    scores: Value,
    /// The most that the segment left of a knot gives.
    most: Value,
}

impl Place {
    fn new(graph: &mut Graph, export: &Export<'_>, day: &str, hour: &str) -> Self {
        let zero = graph.wholes("zero_whole", &[], &[0]);
        let mut known = Vec::new();
        for (index, count, name) in [(day, export.days(), "days"), (hour, 24, "hours")] {
            let count = graph.wholes(name, &[], &[count.cast_signed() as i64]);
            let below = graph.apply("Less", &[index, &zero]);
            let from = graph.apply("Not", &[&below]);
            let to = graph.apply("Less", &[index, &count]);
            known.push(graph.apply("And", &[&from, &to]));
        }
        let known = graph.apply("And", &[&known[0], &known[1]]);
        let cell = graph.apply("Mul", &[day, "hours"]);
        let cell = graph.apply("Add", &[&cell, hour]);
        let cell = graph.apply("Where", &[&known, &cell, &zero]);

        let flat = Flat::new(export);
        let mut most = flat.scores.clone();
        flat.starts.iter().skip(1).for_each(|end| most[end - 1] = f64::MAX);
        let starts: Vec<i64> = flat.starts.iter().map(|start| start.cast_signed() as i64).collect();
        let knots = [flat.wh.len()];
        Self {
            known,
            cell,
            cells: export.level().cells.len().cast_signed() as i64,
            zero: graph.doubles("zero", &[], &[0.0]),
            one: graph.wholes("one", &[], &[1]),
            infinity: graph.doubles("infinity", &[], &[f64::INFINITY]),
            none: graph.doubles("none", &[], &[f64::NEG_INFINITY]),
            nan: graph.doubles("nan", &[], &[f64::NAN]),
            starts: graph.wholes("starts", &[starts.len()], &starts),
            wh: graph.doubles("knots_wh", &knots, &flat.wh),
            scores: graph.doubles("knots_score", &knots, &flat.scores),
            most: graph.doubles("knots_most", &knots, &most),
        }
    }

    /// The score by a feature, the `place`-th, of a value.
    fn score(&self, graph: &mut Graph, set: &FeatureCurves<'_>, place: usize, value: &str) -> Value {
        let below = graph.apply("Less", &[value, &self.zero]);
        let from = graph.apply("Not", &[&below]);
        let to = graph.apply("Less", &[value, &self.infinity]); // which NaN is not
        let is_reading = graph.apply("And", &[&from, &to]);
        let known = graph.apply("And", &[&self.known, &is_reading]);
        let value = graph.apply("Where", &[&known, value, &self.zero]);

        let left = self.left_knot(graph, set, place, &value);
        let right = graph.apply("Add", &[&left, &self.one]);
        let [w0, w1] = [&left, &right].map(|knot| graph.apply("Gather", &[&self.wh, knot]));
        let [s0, s1] = [&left, &right].map(|knot| graph.apply("Gather", &[&self.scores, knot]));
        let most = graph.apply("Gather", &[&self.most, &right]);
        let right_of = graph.apply("Sub", &[&value, &w0]);
        let rise = graph.apply("Sub", &[&s1, &s0]);
        let product = graph.apply("Mul", &[&right_of, &rise]);
        let run = graph.apply("Sub", &[&w1, &w0]);
        let quotient = graph.apply("Div", &[&product, &run]);
        let line = graph.apply("Add", &[&s0, &quotient]);
        let score = graph.apply("Min", &[&line, &most]);
        graph.apply("Where", &[&known, &score, &self.none])
    }

    /// The knot at which the segment of a value begins.
    fn left_knot(&self, graph: &mut Graph, set: &FeatureCurves<'_>, place: usize, value: &str) -> Value {
        let width = inner_width(set);
        let padded = |cell: &Cell<'_>| {
            let knots = cell.knots();
            let inner = knots[1..knots.len() - 1].iter().map(|knot| knot.wh);
            inner.chain(std::iter::repeat(f64::INFINITY)).take(width).collect::<Vec<_>>()
        };
        let inner: Vec<f64> = set.cells.iter().flat_map(padded).collect();
        let inner = graph.doubles(&format!("inner_{place}"), &[set.cells.len(), width], &inner);
        let first = graph.wholes(&format!("first_{place}"), &[], &[place.cast_signed() as i64 * self.cells]);

        let row = graph.apply("Gather", &[&inner, &self.cell]);
        let column = [("axes", Attribute::Numbers(1))];
        let value = graph.apply_with("Unsqueeze", &[value], &column);
        let beyond = graph.apply("Greater", &[&row, &value]);
        let passed = graph.apply("Not", &[&beyond]);
        let passed = graph.apply_with("Cast", &[&passed], &[("to", Attribute::Number(Type::Whole as i64))]);
        let across = [("axes", Attribute::Numbers(1)), ("keepdims", Attribute::Number(0))];
        let segment = graph.apply_with("ReduceSum", &[&passed], &across);
        let curve = graph.apply("Add", &[&self.cell, &first]);
        let start = graph.apply("Gather", &[&self.starts, &curve]);
        graph.apply("Add", &[&start, &segment])
    }
}

#[cfg(test)]
mod tests {
    use knowatt_score::{Calendar, Curve, CurveSet, DayClasses, Feature, Knot, ScoreTable};

    use super::*;
    use crate::targets::tests::hostile_model;

    #[test]
    fn one_long_curve_a_feature_does_not_make_a_graph_of_hundreds_of_megabytes() {
        let knot = |place| Knot { wh: f64::from(place), score: f64::from(place) };
        let curve = |knots| Curve::new((0..knots).map(knot).collect()).unwrap();
        let mut curves = vec![curve(2); 31 * 24];
        curves[100] = curve(4096);
        let floors = (2..=24).map(|hours| Feature::Floor { hours });
        let sets = [Feature::Level].into_iter().chain(floors);
        let sets = sets.map(|feature| CurveSet { feature, curves: curves.clone() });
        let calendar = Calendar::new("UTC", DayClasses::DayOfMonth).unwrap();
        let mut model = hostile_model();
        model.table = ScoreTable::with_features(calendar, sets.collect()).unwrap();
        assert_eq!(
            Onnx.export(&Export::new(&model, model.sha256(), "kitchen".parse().unwrap()))
                .unwrap_err()
                .to_string(),
            "the table is too large for onnx: 584819712 bytes of padded knots, where 268435456 are the most"
        );
    }
}
