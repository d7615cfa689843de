//! `vectors`: inputs and the scores they must have, to hold any engine to.
//!
//! Tab-separated lines: a [function](crate#functions), the expected result, and the arguments. Lines that begin with `#` tell what
//! the model is. A number is the shortest decimal that gives the same double again, or `NaN`, `Infinity`, `-Infinity`;
//! `null` is no score, or an argument that is missing. The `push` lines are one series, to be pushed in their order to one
//! state that is empty at first; their result is five numbers with spaces between: score, level, floor, step, rise.
//!
//! There is every knot, either side of it by one unit in the last place, between knots, far beyond the last; days and
//! hours that do not exist; what is no reading; instants around the changes of the clocks, holidays, and the ends of the years known.

use std::fmt::Write as _;

use jiff::Timestamp;
use knowatt_score::{Recent, Slot};

use super::Target;
use crate::{
    clock::Clock,
    error::Error,
    export::{Cell, Export, FeatureCurves},
};

pub(super) struct Vectors;

impl Target for Vectors {
    fn name(&self) -> &'static str {
        "vectors"
    }

    fn summary(&self) -> &'static str {
        "inputs and the scores they must have, to test an engine with"
    }

    fn extension(&self) -> &'static str {
        "tsv"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let mut lines = Lines { text: String::new(), random: Random(0x9e37_79b9_7f4a_7c15) };
        heading(export, &mut lines.text);
        level(export, &mut lines);
        by_hour(export, &mut lines);
        by_instant(export, &mut lines);
        features(export, "floor", &export.floors(), &mut lines);
        features(export, "step", &export.step().into_iter().collect::<Vec<_>>(), &mut lines);
        features(export, "rise", &export.rises(), &mut lines);
        series(export, &mut lines);
        Ok(lines.text.into_bytes())
    }

    fn explain(&self, _export: &Export<'_>, file: &str) -> String {
        format!(
            "{file} has a line for each call: function, expected result, arguments, with tabs between.\n\
             null is no score or a missing argument; push lines are one series, with score, level, floor, step and rise.\n\
             An engine is right if every result is the expected double, bit for bit.\n"
        )
    }
}

fn heading(export: &Export<'_>, text: &mut String) {
    let features: Vec<_> = export.features().iter().map(|curves| curves.feature.to_string()).collect();
    for line in export.heading() {
        _ = writeln!(text, "# {line}"); // writing to a String cannot fail
    }
    _ = writeln!(text, "# features {}", features.join(" "));
    _ = writeln!(text, "# days {}", export.days());
}

/// An argument.
#[derive(Clone, Copy)]
enum Value {
    Null,
    Whole(i64),
    Number(f64),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

struct Lines {
    text: String,
    random: Random,
}

impl Lines {
    fn add(&mut self, function: &str, expected: Option<f64>, arguments: &[Value]) {
        self.add_all(function, &[expected], arguments);
    }

    fn add_all(&mut self, function: &str, expected: &[Option<f64>], arguments: &[Value]) {
        let expected: Vec<_> =
            expected.iter().map(|score| score.map_or_else(|| "null".to_owned(), spell)).collect();
        _ = write!(self.text, "{function}\t{}", expected.join(" "));
        for argument in arguments {
            _ = match argument {
                Value::Null => write!(self.text, "\tnull"),
                Value::Whole(number) => write!(self.text, "\t{number}"),
                Value::Number(number) => write!(self.text, "\t{}", spell(*number)),
            };
        }
        self.text.push('\n');
    }
}

fn spell(number: f64) -> String {
    match number {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => format!("{number:?}"), // the shortest, with an exponent where that is shorter, and `NaN`
    }
}

/// Marsaglia's xorshift, so that the inputs are the same for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to less than 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() >> 1).cast_signed() % end
    }
}

/// Around so many holidays each hour is tried.
const MOST_HOLIDAYS: usize = 400;

/// What is no reading.
const NO_READING: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -5e-324];

/// What is no day or hour, whatever the table.
const NO_PLACE: [Value; 4] = [Value::Whole(-1), Value::Number(4.5), Value::Null, Value::Whole(1000)];

/// Every knot and its neighbours, what lies between, before and far beyond.
fn readings(cell: &Cell<'_>, random: &mut Random) -> Vec<f64> {
    let knots = cell.knots();
    let last = knots[knots.len() - 1].wh;
    let mut readings = vec![0.0, -0.0, 5e-324, last * 1.5 + 1.0, last * 1e3 + 1.0, 1e15, 1e300, f64::MAX];
    for (left, right) in knots.iter().zip(&knots[1..]) {
        readings.extend([
            left.wh + (right.wh - left.wh) / 2.0,
            left.wh + (right.wh - left.wh) * random.fraction(),
        ]);
    }
    readings.extend(knots.iter().flat_map(|knot| [knot.wh.next_down(), knot.wh, knot.wh.next_up()]));
    readings.retain(|wh| *wh >= 0.0);
    readings
}

fn place(cell: &Cell<'_>) -> [Value; 2] {
    [i64::from(cell.slot.day.0).into(), i64::from(cell.slot.hour).into()]
}

fn level(export: &Export<'_>, lines: &mut Lines) {
    for cell in &export.level().cells {
        let [day, hour] = place(cell);
        for wh in readings(cell, &mut lines.random) {
            lines.add("score", export.table().score(cell.slot, wh).ok(), &[day, hour, wh.into()]);
        }
        for wh in NO_READING {
            lines.add("score", None, &[day, hour, wh.into()]);
        }
        lines.add("score", None, &[day, hour, Value::Null]);
    }
    for place in NO_PLACE.into_iter().chain([Value::Whole(24)]) {
        lines.add("score", None, &[0.into(), place, 500.0.into()]);
    }
    let beyond = i64::try_from(export.days()).unwrap_or(i64::MAX);
    for place in NO_PLACE.into_iter().chain([Value::Whole(beyond)]) {
        // A class of days may have the number 4, but none has 4.5.
        lines.add("score", None, &[place, 4.into(), 500.0.into()]);
    }
}

fn by_hour(export: &Export<'_>, lines: &mut Lines) {
    let lowest = |hour: u8, wh: f64| {
        let days = export.clock.day_classes.classes();
        let scores = days.map(|day| export.table().score(Slot { day, hour }, wh).ok());
        scores.reduce(|a, b| Some(a?.min(b?))).flatten()
    };
    for cell in &export.level().cells {
        let hour = cell.slot.hour;
        for wh in readings(cell, &mut lines.random).into_iter().chain(NO_READING) {
            lines.add("score_hour", lowest(hour, wh), &[i64::from(hour).into(), wh.into()]);
        }
    }
    for hour in NO_PLACE.into_iter().chain([Value::Whole(24)]) {
        lines.add("score_hour", None, &[hour, 500.0.into()]);
    }
    lines.add("score_hour", None, &[4.into(), Value::Null]);
}

fn by_instant(export: &Export<'_>, lines: &mut Lines) {
    let clock = &export.clock;
    let highest = highest_wh(export.level());
    let mut instants: Vec<i64> =
        vec![-1, 0, 1, i64::from(i32::MAX) * 1000, Clock::END_S * 1000 - 1, Clock::END_S * 1000];
    instants.extend([-1_000_000_000_000, 9_000_000_000_000_000]);
    for span in &clock.spans {
        instants.extend([-3_600_000, -1, 0, 1, 3_599_999, 3_600_000].map(|ms| span.from_s * 1000 + ms));
    }
    // Of very many holidays some, from all the years.
    for date in clock.holidays.iter().step_by(clock.holidays.len() / MOST_HOLIDAYS + 1) {
        // Midnight is near midnight UTC, wherever it is.
        instants.extend((-14..=38).map(|hour| (date * 24 + hour) * 3_600_000));
    }
    instants.extend((0..2000).map(|_| lines.random.below(Clock::END_S * 1000)));
    for instant in instants {
        let wh = (highest * 1.2 * lines.random.fraction()).round();
        let score = clock.slot(instant).and_then(|slot| export.table().score(slot, wh).ok());
        lines.add("score_at", score, &[instant.into(), wh.into()]);
    }
    for wh in NO_READING {
        lines.add("score_at", None, &[1_700_000_000_000.into(), wh.into()]);
    }
    lines.add("score_at", None, &[1_700_000_000_000.into(), Value::Null]);
    lines.add("score_at", None, &[Value::Null, 500.0.into()]);
}

fn highest_wh(curves: &FeatureCurves<'_>) -> f64 {
    curves.cells.iter().flat_map(Cell::knots).map(|knot| knot.wh).fold(0.0, f64::max)
}

/// A function of several features, of which the highest score is taken.
fn features(export: &Export<'_>, function: &str, sets: &[&FeatureCurves<'_>], lines: &mut Lines) {
    let Some(first) = sets.first() else { return };
    let is_reading = |wh: &f64| (0.0..=f64::MAX).contains(wh);
    for (place_of, cell) in first.cells.iter().enumerate() {
        let [day, hour] = place(cell);
        let add = |values: &[Value], lines: &mut Lines| {
            let known = sets.iter().zip(values).filter_map(|(set, value)| match value {
                Value::Number(wh) if is_reading(wh) => Some(set.cells[place_of].curve.score(*wh)),
                _ => None,
            });
            let arguments: Vec<_> = [day, hour].into_iter().chain(values.iter().copied()).collect();
            lines.add(function, known.reduce(f64::max), &arguments);
        };
        let all = |value: Value| vec![value; sets.len()];
        for (which, set) in sets.iter().enumerate() {
            for wh in readings(&set.cells[place_of], &mut lines.random) {
                let mut values = all(Value::Null);
                values[which] = wh.into();
                add(&values, lines);
            }
            for wh in NO_READING {
                let mut values = all(100.0.into());
                values[which] = wh.into();
                add(&values, lines);
            }
        }
        add(&all(Value::Null), lines);
        add(&all(f64::NAN.into()), lines);
        for _ in 0..4 {
            let values: Vec<Value> =
                sets.iter().map(|set| (highest_wh(set) * 1.2 * lines.random.fraction()).into()).collect();
            add(&values, lines);
        }
    }
    let values = vec![Value::Number(500.0); sets.len()];
    let beyond = i64::try_from(export.days()).unwrap_or(i64::MAX);
    let hours = NO_PLACE.into_iter().chain([Value::Whole(24)]).map(|hour| [0.into(), hour]);
    let days = NO_PLACE.into_iter().chain([Value::Whole(beyond)]).map(|day| [day, 4.into()]);
    for place in hours.chain(days) {
        lines.add(function, None, &[&place[..], &values].concat());
    }
}

/// Hours of some weeks, over a change of the clocks, with holes, hours given again, and what is no reading.
fn series(export: &Export<'_>, lines: &mut Lines) {
    const HOUR_MS: i64 = 3_600_000;
    let highest = highest_wh(export.level());
    let mut recent = Recent::default();
    let mut start_ms = 1_711_238_400_000; // 2024-03-24, a week before Europe's summer time and two before Australia's winter
    for _ in 0..24 * 28 {
        start_ms += match lines.random.below(150) {
            0 => 0,
            1 => -HOUR_MS,
            2 => 5 * HOUR_MS,
            3 => HOUR_MS / 2,
            _ => HOUR_MS,
        };
        let wh = match lines.random.below(40) {
            0 => f64::NAN,
            1 => -1.0,
            2 => f64::INFINITY,
            3 => 0.0,
            _ => highest * lines.random.fraction() * lines.random.fraction(),
        };
        let scored = Timestamp::from_millisecond(start_ms)
            .ok()
            .and_then(|start| export.table().assess(start, wh, &mut recent).ok());
        let scored = scored.map_or([None; 5], |scored| {
            [Some(scored.score), Some(scored.level), scored.floor, scored.step, scored.rise]
        });
        lines.add_all("push", &scored, &[start_ms.into(), wh.into()]);
    }
    let first_unknown = Clock::END_S * 1000;
    lines.add_all("push", &[None; 5], &[first_unknown.into(), 500.0.into()]);
}
