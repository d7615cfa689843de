//! `clickhouse`: functions in SQL for ClickHouse, which need no tables.
//!
//! A function is a lambda that is expanded into the query that calls it (*CREATE FUNCTION*), for all databases of a server, so its curves stand
//! in it as arrays; subqueries in it could not see the columns of the caller in most places. As expansion is by name, the lambdas' own
//! variables begin with `knowatt`. There are no overloads: the talk's function of hour and Wh is `NAME_HOUR`, and `NAME_AT` takes milliseconds.
//! `arrayReduce` with `maxOrNull` is NULL where there is nothing, and NULL is no score.

use knowatt_score::DayClasses;

use super::{
    Of, drops, explain, heading,
    query::{Engine, IS_READING},
    script::Script,
    segments::{Underflow, lines},
    spell,
};
use crate::{
    clock::Clock,
    error::Error,
    export::{Export, FeatureCurves},
    targets::Target,
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
        let features = |script: &mut Script| {
            script.push(&drops(export, "FUNCTION"))?;
            Of::all(export).iter().skip(1).try_for_each(|of| feature(script, export, of))
        };
        let spans = &export.clock.spans;
        Script::fill(
            self.name(),
            SCRIPT,
            &[
                ("HEADING", &heading(export)),
                ("NAME", export.name.as_given()),
                ("DAYS", &export.days().to_string()),
                ("LAST_DAY", &(export.days() - 1).to_string()),
                ("LAST_MS", &(Clock::END_S * 1000 - 1).to_string()),
                ("OFFSETS", &array(spans.iter().map(|span| span.offset_s))),
                ("SPANS", &array(spans.iter().map(|span| span.from_s * 1000))),
                ("DAY_RULE", &day_rule(export)),
            ],
            &[("LEVEL", &|script| curves(script, export.level())), ("FEATURES", &features)],
        )
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
fn curves(script: &mut Script, set: &FeatureCurves<'_>) -> Result<(), Error> {
    script.push("[[],\n")?;
    script.join(",\n", &set.cells, |script, cell| {
        script.push("[")?;
        script.join(", ", lines(cell, Underflow::IsZero), |script, line| {
            script.push(&format!("({})", line.numbers().map(spell).join(", ")))
        })?;
        script.push("]")
    })?;
    script.push("]")
}

fn feature(script: &mut Script, export: &Export<'_>, of: &Of) -> Result<(), Error> {
    let (name, function) = (&export.name, of.function(export));
    let sets: Vec<_> = export.floors().into_iter().chain(export.step()).chain(export.rises()).collect();
    let (about, names) = (of.about(), of.names());
    script.push(&format!(
        "\n{about}CREATE OR REPLACE FUNCTION {function} AS (day, hour, {names}) -> \
         arrayReduce('maxOrNull', arrayConcat("
    ))?;
    script.join(",\n", &of.arguments, |script, argument| {
        script.push(&format!("{name}_ON(\n"))?;
        let set = sets.iter().find(|set| set.feature == argument.feature);
        set.map_or(Ok(()), |set| curves(script, set))?;
        script.push(&format!("[{name}_CELL(day, hour)], {})", argument.name))
    })?;
    script.push("));\n")
}
