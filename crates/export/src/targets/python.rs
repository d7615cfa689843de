//! `python`: one module, for Python 3.8 and later, with nothing but the standard library.
//!
//! Python's numbers are doubles of IEEE 754 and its literals are read exactly, so the arithmetic is written as it stands in
//! `knowatt_score::Curve` (*The Python Language Reference*, 3.2 and 2.4.6). NumPy, if it is there, serves `score_array`. A day or an hour
//! that is a whole number is taken in any type; there is no score for any other, and none is `None`.

use std::fmt::Write as _;

use knowatt_score::{DayClasses, Recent};

use super::Target;
use crate::{
    clock::Clock,
    error::Error,
    export::{Export, FeatureCurves, argument_name, hours},
    template::fill,
};

const MODULE: &str = include_str!("../../templates/module.py");

pub(super) struct Python;

impl Target for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn summary(&self) -> &'static str {
        "a Python module that needs nothing (and uses NumPy for columns)"
    }

    fn extension(&self) -> &'static str {
        "py"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let Clock { spans, day_classes, holidays } = &export.clock;
        let day_rule = match day_classes {
            DayClasses::None => "0",
            DayClasses::DayType => "int((date + 3) % 7 >= 5 or date in _HOLIDAYS)",
            DayClasses::DayOfWeek => "(date + 3) % 7",
            DayClasses::DayOfMonth => "_day_of_month(date) - 1",
        };
        let text = fill(
            MODULE,
            &[
                ("HEADING", &export.heading().join("\n")),
                ("MODULE", export.name.lower()),
                ("DAY_CLASSES", &tuple(day_classes.class_names().iter().map(|name| format!("\"{name}\"")))),
                ("FLOORS", &tuple(hours(&export.floors()))),
                ("RISES", &tuple(hours(&export.rises()))),
                ("LEVEL", &curves(export.level())),
                ("FLOOR_CURVES", &export.floors().into_iter().map(nested).collect::<String>()),
                ("STEP", &export.step().map(curves).unwrap_or_default()),
                ("RISE_CURVES", &export.rises().into_iter().map(nested).collect::<String>()),
                ("SPANS_FROM", &tuple(spans.iter().map(|span| span.from_s))),
                ("SPANS_OFFSET", &tuple(spans.iter().map(|span| span.offset_s))),
                ("END_S", &Clock::END_S.to_string()),
                ("HOLIDAYS", &tuple(holidays)),
                ("MOST", &format!("{:?}", f64::MAX)),
                ("DAY_RULE", day_rule),
                ("KEPT", &Recent::HOURS.to_string()),
            ],
        );
        Ok(text.into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.lower();
        let floors: Vec<_> = export.floors().iter().map(|set| argument_name(set.feature)).collect();
        let mut text = format!(
            "{file} is a module for Python 3.8 and later. Put it where Python finds it, as {name}.py:\n\
             \n\
             import {name}\n\
             {name}.score(0, 4, 1500.0)                   # day class, hour, Wh; None where there is no score\n\
             {name}.score_hour(4, 1500.0)                 # without the day: the lowest score of any\n\
             {name}.score_at(1536343200000, 1500.0)       # milliseconds since 1970, or a datetime with its zone\n\
             {name}.score_array(days, hours, wh)          # columns, with NumPy\n"
        );
        if !floors.is_empty() {
            _ = write!(
                text,
                "{name}.floor(0, 4, {})  # the lowest Wh of the last hours; None what is not known\n\
                 \n\
                 recent = {name}.Recent()                     # one for each meter, hour after hour\n\
                 recent.push(start_ms, wh)                    # score, level, floor, step, rise\n\
                 \n\
                 With pandas, of a frame of hours without holes, with `day`, `hour` and `wh`:\n\
                 \n",
                floors.join(", ")
            );
            for (floor, hours) in floors.iter().zip(hours(&export.floors())) {
                _ = writeln!(text, "frame[\"{floor}\"] = frame.wh.rolling({hours}).min()");
            }
            _ = writeln!(
                text,
                "frame[\"floor\"] = [{name}.floor(*row) for row in frame[[\"day\", \"hour\", {}]].itertuples(index=False)]",
                floors.iter().map(|floor| format!("\"{floor}\"")).collect::<Vec<_>>().join(", ")
            );
        }
        text
    }
}

/// The inside of a tuple of any length, 0 and 1 too.
fn tuple(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().map(|item| format!("{item},")).collect::<Vec<_>>().join(" ")
}

/// The curves of a feature, a cell a line.
fn curves(set: &FeatureCurves<'_>) -> String {
    let line = |knots: &[knowatt_score::Knot]| {
        let wh = tuple(knots.iter().map(|knot| format!("{:?}", knot.wh)));
        let score = tuple(knots.iter().map(|knot| format!("{:?}", knot.score)));
        format!("    (({wh}), ({score})),\n")
    };
    set.cells.iter().map(|cell| line(cell.knots())).collect()
}

/// The same as one of several sets.
fn nested(set: &FeatureCurves<'_>) -> String {
    format!("  (  # {}\n{}  ),\n", set.feature, curves(set))
}
