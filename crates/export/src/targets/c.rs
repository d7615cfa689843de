//! `c`: one header for C99 and C++11, with nothing to link or to allocate.
//!
//! A `double` is one of IEEE 754 where `FLT_EVAL_METHOD` is 0 (ISO/IEC 9899, 5.2.4.2.2 and annex F), which the header insists on, as on
//! arithmetic that is not loosened (`-ffast-math`). The arithmetic is written as it stands in `knowatt_score::Curve`: its product is divided,
//! not added to, so there is nothing that a compiler could contract to a fused operation (6.5, 8). All names begin with the
//! lower-case name, so several headers go together. Days and hours are `int`; no score is `NAN`.

use std::fmt::Write as _;

use knowatt_score::{DayClasses, Recent};

use super::Target;
use crate::{
    clock::Clock,
    error::Error,
    export::Export,
    flat::{Argument, Flat, Function, day_rule, functions, list},
    template::fill,
};

const HEADER: &str = include_str!("../../templates/module.h");
const OF_MONTH: &str = include_str!("../../templates/of_month.h");
const HOLIDAYS: &str = include_str!("../../templates/holidays.h");

pub(super) struct C;

impl Target for C {
    fn name(&self) -> &'static str {
        "c"
    }

    fn summary(&self) -> &'static str {
        "a C99 header, for C++ too, that needs nothing"
    }

    fn extension(&self) -> &'static str {
        "h"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let Clock { spans, day_classes, holidays } = &export.clock;
        let name = export.name.lower();
        let upper = name.to_ascii_uppercase();
        let flat = Flat::new(export);
        let functions = functions(export);
        let is_holiday = format!("{name}_is_holiday(date)");
        let is_holiday = (!holidays.is_empty()).then_some(&*is_holiday);
        let classes = day_classes.class_names().iter().enumerate();
        let text = fill(
            HEADER,
            &[
                ("HEADING", &format!("/* {}", export.heading().join("\n * "))),
                ("GUARD", &format!("{upper}_H")),
                ("DAY_CLASSES", &list(classes.map(|(day, name)| format!("{day} {name}")))),
                ("DAYS", &export.days().to_string()),
                ("WH", &flat.lines(&flat.wh)),
                ("SCORES", &flat.lines(&flat.scores)),
                ("STARTS", &flat.starts_lines()),
                ("SPANS_FROM", &list(spans.iter().map(|span| span.from_s))),
                ("SPANS_OFFSET", &list(spans.iter().map(|span| span.offset_s))),
                ("HOLIDAYS", if holidays.is_empty() { "" } else { HOLIDAYS }),
                ("DATES", &list(holidays)),
                ("OF_MONTH", if *day_classes == DayClasses::DayOfMonth { OF_MONTH } else { "" }),
                ("END_S", &Clock::END_S.to_string()),
                ("DAY_RULE", &day_rule(*day_classes, is_holiday, &format!("{name}_day_of_month"))),
                ("FUNCTIONS", &functions.iter().map(function).collect::<String>()),
                ("PUSHED", functions.iter().map(pushed).collect::<String>().trim_end()),
                ("KEPT", &Recent::HOURS.to_string()),
                ("UPPER", &upper),
                ("NAME", name),
            ],
        );
        Ok(text.into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.lower();
        let mut text = format!(
            "{file} is a header for C99 and C++11. Put it beside your own code as {name}.h, and compile without -ffast-math:\n\
             \n    \
                 #include <stdio.h>\n    \
                 #include \"{name}.h\"\n\
             \n    \
                 int main(void) {{\n    \
                 \x20 struct {name}_recent recent = {{0}};                   /* one for each meter, hour after hour */\n    \
                 \x20 struct {name}_scored scored = {name}_push(&recent, 1536343200000, 1500.0);\n    \
                 \x20 printf(\"%.17g\\n\", scored.score);                     /* and level, floor, step, rise */\n    \
                 \x20 printf(\"%.17g\\n\", {name}_score(0, 4, 1500.0));       /* day class, hour, Wh; NAN where there is no score */\n    \
                 \x20 printf(\"%.17g\\n\", {name}_score_hour(4, 1500.0));     /* without the day: the lowest score of any */\n    \
                 \x20 printf(\"%.17g\\n\", {name}_score_at(1536343200000, 1500.0)); /* milliseconds since 1970 */\n"
        );
        for Function { name: function, arguments } in functions(export) {
            if !arguments.is_empty() {
                // Writing to a String cannot fail.
                _ = writeln!(
                    text,
                    "      printf(\"%.17g\\n\", {name}_{function}(0, 4, {})); /* {}; NAN what is not known */",
                    list(arguments.iter().map(|_| "300.0")),
                    list(arguments.iter().map(|argument| &argument.name)),
                );
            }
        }
        text + "      return 0;\n    }\n"
    }
}

/// A function of some features, if there are any.
fn function(Function { name, arguments }: &Function) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let of = match *name {
        "floor" => "The highest score of the floors, by the lowest Wh of the last hours",
        "step" => "The score of a reading that is so many Wh above that of the hour before",
        _ => {
            "The highest score of the rises, by how much the lowest Wh of the last hours is above that of a day before"
        }
    };
    let scores = arguments
        .iter()
        .map(|Argument { name, set, .. }| format!("@NAME@_feature({set}, day, hour, {name})"));
    let highest = scores.reduce(|a, b| format!("@NAME@_higher({a},\n    {b})")).unwrap_or_default();
    format!(
        "\n/* {of}; NAN what is not known. */\n\
         static inline double @NAME@_{name}(int day, int hour, {}) {{\n  return {highest};\n}}\n",
        list(arguments.iter().map(|argument| format!("double {}", argument.name)))
    )
}

/// The same of the last hours.
fn pushed(Function { name, arguments }: &Function) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let values = arguments.iter().map(|Argument { hours, .. }| match *name {
        "floor" => format!("@NAME@_low(recent, 0, {hours})"),
        "step" => "@NAME@_above(wh, @NAME@_low(recent, 1, 1))".to_owned(),
        _ => format!("@NAME@_above(@NAME@_low(recent, 0, {hours}), @NAME@_low(recent, 24, {hours}))"),
    });
    format!("  scored.{name} = @NAME@_{name}(day, hour, {});\n", list(values))
}
