//! `clickhouse`: functions in SQL for ClickHouse, which need no tables.
//!
//! A function is a lambda that is expanded into the query that calls it (*CREATE FUNCTION*), for all databases of a server, so its curves stand
//! in it as arrays; subqueries in it could not see the columns of the caller in most places. As expansion is by name, the lambdas' own
//! variables begin with `knowatt`. There are no overloads: the talk's function of hour and Wh is `NAME_HOUR`, and `NAME_AT` takes milliseconds.
//! `arrayReduce` with `maxOrNull` is NULL where there is nothing, and NULL is no score.

use knowatt_score::DayClasses;

use super::{
    Of, explain, heading,
    query::{Engine, IS_READING},
    segments::{Underflow, lines},
    spell,
};
use crate::{
    clock::Clock,
    error::Error,
    export::{Export, FeatureCurves},
    targets::Target,
    template::fill,
};

const SCRIPT: &str = include_str!("../../../templates/sql/clickhouse.sql");
const EXPLAIN: &str = include_str!("../../../templates/sql/clickhouse_explain.sql");

const ENGINE: Engine = Engine {
    start_ms: "toInt64(toUnixTimestamp(start)) * 1000",
    div: "DIV",
    is_reading: IS_READING,
    local_s: |export| format!("{}_LOCAL(start_ms)", export.name),
    day: |export| format!("{}_CLASS(local_day)", export.name),
    greatest: "greatest",
    score: Of::call,
};

pub(in crate::targets) struct ClickHouse;

impl Target for ClickHouse {
    fn name(&self) -> &'static str {
        "clickhouse"
    }

    fn summary(&self) -> &'static str {
        "SQL functions for ClickHouse"
    }

    fn extension(&self) -> &'static str {
        "sql"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let features: String = Of::all(export).iter().skip(1).map(|of| feature(export, of)).collect();
        let spans = &export.clock.spans;
        let text = fill(
            SCRIPT,
            &[
                ("HEADING", &heading(export)),
                ("FEATURES", &features),
                ("NAME", export.name.as_given()),
                ("DAYS", &export.days().to_string()),
                ("LAST_DAY", &(export.days() - 1).to_string()),
                ("LAST_MS", &(Clock::END_S * 1000 - 1).to_string()),
                ("OFFSETS", &array(spans.iter().map(|span| span.offset_s))),
                ("SPANS", &array(spans.iter().map(|span| span.from_s * 1000))),
                ("DAY_RULE", &day_rule(export)),
                ("LEVEL", &curves(export.level())),
            ],
        );
        Ok(text.into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        explain(EXPLAIN, export, &ENGINE, file)
    }
}

fn array(items: impl Iterator<Item = impl ToString>) -> String {
    format!("[{}]", items.map(|item| item.to_string()).collect::<Vec<_>>().join(", "))
}

/// The class of a day, `local_day` being the days since 1970-01-01.
fn day_rule(export: &Export<'_>) -> String {
    let Clock { day_classes, holidays, .. } = &export.clock;
    match day_classes {
        DayClasses::None => "local_day * 0".to_owned(),
        DayClasses::DayType if holidays.is_empty() => "(local_day + 3) % 7 >= 5".to_owned(),
        DayClasses::DayType => {
            format!("((local_day + 3) % 7 >= 5) OR has({}, local_day)", array(holidays.iter()))
        }
        DayClasses::DayOfWeek => "(local_day + 3) % 7".to_owned(),
        DayClasses::DayOfMonth => "toDayOfMonth(addDays(toDate32('1970-01-01'), local_day)) - 1".to_owned(),
    }
}

/// The stretches of each cell, after those of none.
fn curves(set: &FeatureCurves<'_>) -> String {
    let cell = |cell| {
        array(
            lines(cell, Underflow::IsZero)
                .iter()
                .map(|line| format!("({})", line.numbers().map(spell).join(", "))),
        )
    };
    let cells: Vec<_> = set.cells.iter().map(cell).collect();
    format!("[[],\n{}]", cells.join(",\n"))
}

fn feature(export: &Export<'_>, of: &Of) -> String {
    let (name, function) = (&export.name, of.function(export));
    let sets = export.floors().into_iter().chain(export.step()).chain(export.rises());
    let sets: Vec<_> = sets.collect();
    let scores = of.list(",\n", |argument| {
        let set = sets.iter().find(|set| set.feature == argument.feature);
        let curves = set.map(|set| curves(set)).unwrap_or_default();
        format!("{name}_ON(\n{curves}[{name}_CELL(day, hour)], {})", argument.name)
    });
    format!(
        "\n{}CREATE OR REPLACE FUNCTION {function} AS (day, hour, {}) -> arrayReduce('maxOrNull', arrayConcat({scores}));\n",
        of.about(),
        of.names()
    )
}
