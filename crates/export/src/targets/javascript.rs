//! `javascript`: one ES module without dependencies, for browsers since 2021 and Node 18 and later.
//!
//! A Number is a double of IEEE 754, its operations round to the nearest, and literals are read exactly (ECMA-262, 6.1.6.1
//! and 12.9.3), so the arithmetic is written as it stands in `knowatt_score::Curve`. Names are in the language's custom: `scoreHour`,
//! `scoreAt`. Only Numbers are readings, days and hours; there is no score for a fractional hour, and none is `null`.

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

const MODULE: &str = include_str!("../../templates/module.mjs");
const OF_MONTH: &str = include_str!("../../templates/of_month.mjs");

/// The module.
pub struct JavaScript;

impl Target for JavaScript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn summary(&self) -> &'static str {
        "an ES module for browsers and Node that needs nothing"
    }

    fn extension(&self) -> &'static str {
        "mjs"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let Clock { spans, day_classes, holidays } = &export.clock;
        let flat = Flat::new(export);
        let functions = functions(export);
        let is_holiday = (!holidays.is_empty()).then_some("HOLIDAYS.has(date)");
        let text = fill(
            MODULE,
            &[
                ("HEADING", &export.heading().map(|line| format!("// {line}")).join("\n")),
                ("DAY_CLASSES", &list(day_classes.class_names().iter().map(|name| format!("\"{name}\"")))),
                ("WH", &flat.lines(&flat.wh)),
                ("SCORES", &flat.lines(&flat.scores)),
                ("STARTS", &flat.starts_lines()),
                ("SPANS_FROM", &list(spans.iter().map(|span| span.from_s))),
                ("SPANS_OFFSET", &list(spans.iter().map(|span| span.offset_s))),
                ("END_MS", &(Clock::END_S * 1000).to_string()),
                ("HOLIDAYS", &list(holidays)),
                ("DAY_RULE", &day_rule(*day_classes, is_holiday, "dayOfMonth")),
                ("FUNCTIONS", &functions.iter().map(function).collect::<String>()),
                ("PUSHED", &list(functions.iter().map(pushed))),
                ("KEPT", &Recent::HOURS.to_string()),
                ("OF_MONTH", if *day_classes == DayClasses::DayOfMonth { OF_MONTH } else { "" }),
            ],
        );
        Ok((text.trim_end().to_owned() + "\n").into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.lower();
        let functions = functions(export);
        let called: Vec<_> = functions.iter().filter(|function| !function.arguments.is_empty()).collect();
        let mut text = format!(
            "{file} is an ES module for browsers and Node 18 and later. Put it beside your own code as {name}.mjs:\n\
             \n    \
                 import * as {name} from \"./{name}.mjs\";\n    \
                 console.log({name}.score(0, 4, 1500));             // day class, hour, Wh; null where there is no score\n    \
                 console.log({name}.scoreHour(4, 1500));            // without the day: the lowest score of any\n    \
                 console.log({name}.scoreAt(Date.now(), 1500));     // a Date, or milliseconds since 1970\n"
        );
        for Function { name: function, arguments } in called {
            // Writing to a String cannot fail.
            _ = writeln!(
                text,
                "    console.log({name}.{function}(0, 4, {}));  // {}; null what is not known",
                list(arguments.iter().map(|_| 300)),
                list(arguments.iter().map(Argument::camel)),
            );
        }
        _ = write!(
            text,
            "    const recent = new {name}.Recent();                // one for each meter, hour after hour\n    \
                 console.log(recent.push(Date.UTC(2018, 8, 7, 18), 1500)); // {{ score, level, floor, step, rise }}\n\
             \n\
             A page loads it by <script type=\"module\">, in which the same lines stand.\n"
        );
        text
    }
}

/// A function of some features, if there are any.
fn function(Function { name, arguments }: &Function) -> String {
    let Some(first) = arguments.first() else { return String::new() };
    let names = list(arguments.iter().map(Argument::camel));
    let of = match *name {
        "floor" => "The highest score of the floors, by the lowest Wh of the last hours",
        "step" => "The score of a reading that is so many Wh above that of the hour before",
        _ => {
            "The highest score of the rises, by how much the lowest Wh of the last hours is above that of a day before"
        }
    };
    format!(
        "\n/** {of}; null what is not known. */\n\
         export function {name}(day, hour, {names}) {{\n  \
           return highest(day, hour, {}, [{names}]);\n}}\n",
        first.set
    )
}

/// The same of the last hours.
fn pushed(Function { name, arguments }: &Function) -> String {
    if arguments.is_empty() {
        return format!("{name}: null");
    }
    let values = arguments.iter().map(|Argument { hours, .. }| match *name {
        "floor" => format!("low(known, {hours})"),
        "step" => "above(wh, low(known, 1, 1))".to_owned(),
        _ => format!("above(low(known, {hours}), low(known, {hours}, 24))"),
    });
    format!("{name}: {name}(...place, {})", list(values))
}
