//! Databases, a file each, and what their scripts share.
//!
//! A script makes tables, `name_segments` (see [`segments`]), `name_spans` and `name_holidays`, and
//! functions over them where the engine has functions. Names are never quoted: [`Name`](crate::Name) leaves nothing to
//! quote. Numbers are doubles and are spelled so that the engine reads them as such, not as decimals ([`spell`]).
//! A script can be run again, for the same model or a newer one of the same name, and then there is what the newer one has and no more: of
//! the functions of a feature those that it has not are dropped. A script has a limit ([`script`]). What `explain` prints is SQL too: what is no statement
//! stands in comments.

mod clickhouse;
mod duckdb;
mod mysql;
mod postgresql;
mod query;
mod script;
mod segments;
mod sqlite;
#[cfg(test)]
mod tests;

pub(super) use clickhouse::ClickHouse;
pub(super) use duckdb::DuckDb;
pub(super) use mysql::MySql;
pub(super) use postgresql::PostgreSql;
pub(super) use sqlite::Sqlite;

use knowatt_score::{DayClasses, Feature};

use self::{query::Engine, script::Script, segments::Underflow};
use crate::{
    clock::Clock,
    error::Error,
    export::{Export, FeatureCurves, argument_name},
    template::fill,
};

/// How many rows an `INSERT` has.
const ROWS: usize = 500;

/// A double as an approximate numeric literal, which has an exponent (ISO/IEC 9075-2, 5.3): `0.5e0`.
fn spell(number: f64) -> String {
    let text = format!("{number:?}");
    if text.contains('e') { text } else { text + "e0" }
}

/// What stands above the script, in comments.
fn heading(export: &Export<'_>) -> String {
    export.heading().map(|line| format!("-- {line}")).join("\n")
}

/// Statements that insert rows.
fn inserts(script: &mut Script, table: &str, rows: impl Iterator<Item = String>) -> Result<(), Error> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        script.push(&format!("INSERT INTO {table} VALUES\n"))?;
        script.join(",\n", rows.by_ref().take(ROWS), |script, row| script.push(&format!("({row})")))?;
        script.push(";\n")?;
    }
    Ok(())
}

/// The rows of `name_segments`.
fn insert_segments(
    script: &mut Script,
    export: &Export<'_>,
    underflow: Underflow,
    spell: fn(f64) -> String,
) -> Result<(), Error> {
    let table = format!("{}_segments", export.name.lower());
    inserts(script, &table, segments::segments(export, underflow).map(|segment| segment.columns(spell)))
}

/// The rows of `name_spans`: the millisecond from which on local time is so many seconds ahead. From the end of the years known on
/// it is not known.
fn insert_spans(script: &mut Script, export: &Export<'_>) -> Result<(), Error> {
    let spans = export.clock.spans.iter().map(|span| format!("{}, {}", span.from_s * 1000, span.offset_s));
    let end = format!("{}, NULL", Clock::END_S * 1000);
    inserts(script, &format!("{}_spans", export.name.lower()), spans.chain([end]))
}

/// The rows of `name_holidays`.
fn insert_holidays(script: &mut Script, export: &Export<'_>) -> Result<(), Error> {
    let dates = export.clock.holidays.iter().map(i64::to_string);
    inserts(script, &format!("{}_holidays", export.name.lower()), dates)
}

/// The rows of all tables.
fn rows(
    script: &mut Script,
    export: &Export<'_>,
    underflow: Underflow,
    spell: fn(f64) -> String,
) -> Result<(), Error> {
    insert_segments(script, export, underflow, spell)?;
    insert_spans(script, export)?;
    insert_holidays(script, export)
}

/// Statements that drop the features' functions that an older model of the same name may have made and this one does not make.
fn drops(export: &Export<'_>, kind: &str) -> String {
    let made = Of::all(export);
    let not_made = Of::FEATURES.into_iter().filter(|suffix| made.iter().all(|of| of.suffix != *suffix));
    let drops: Vec<_> =
        not_made.map(|suffix| format!("DROP {kind} IF EXISTS {}{suffix};\n", export.name)).collect();
    if drops.is_empty() {
        return String::new();
    }
    format!("\n-- Of an older model; this one has no curves for them.\n{}", drops.concat())
}

/// What `explain` prints: a template with examples and the query over a table of hours.
fn explain(template: &str, export: &Export<'_>, engine: &Engine, file: &str) -> String {
    let examples: String = Of::all(export).iter().skip(1).map(|of| of.example(export)).collect();
    let query = query::query(export, engine);
    let values =
        [("EXAMPLES", &*examples), ("QUERY", &query), ("NAME", export.name.as_given()), ("FILE", file)];
    fill(template, &values)
}

/// The class of a day, `local_day` being the days since 1970-01-01; `day_of_month` is the engine's own.
fn day_rule(export: &Export<'_>, day_of_month: &str) -> String {
    match export.clock.day_classes {
        DayClasses::None => "0".to_owned(),
        DayClasses::DayType => {
            let table = format!("{}_holidays", export.name.lower());
            let is_holiday = format!("EXISTS (SELECT 1 FROM {table} WHERE holiday = local_day)");
            format!("CASE WHEN (local_day + 3) % 7 >= 5\n      OR {is_holiday} THEN 1 ELSE 0 END")
        }
        DayClasses::DayOfWeek => "(local_day + 3) % 7".to_owned(),
        DayClasses::DayOfMonth => format!("{day_of_month} - 1"),
    }
}

/// The home's wall clock at `start_ms`, in seconds since a day before 1970, so that it is never negative.
fn local_s(export: &Export<'_>, div: &str) -> String {
    let spans = format!("{}_spans", export.name.lower());
    let offset =
        format!("SELECT offset_s FROM {spans} WHERE from_ms <= start_ms ORDER BY from_ms DESC LIMIT 1");
    format!("start_ms {div} 1000 + 86400 + ({offset})")
}

/// A function that takes the class of day, the hour and some features, and gives their highest score.
struct Of {
    /// What is put behind the name; nothing for the reading itself.
    suffix: &'static str,
    arguments: Vec<Argument>,
}

/// A feature, and what the argument or the column with it is called.
struct Argument {
    feature: Feature,
    name: String,
    about: String,
}

impl Argument {
    fn new(curves: &FeatureCurves<'_>) -> Self {
        let feature = curves.feature;
        let about = match feature {
            Feature::Level => "the reading".to_owned(),
            Feature::Floor { hours } => format!("the lowest Wh of the last {hours} hours"),
            Feature::Step => "how many Wh more than the hour before".to_owned(),
            Feature::Rise { hours: 1 } => "how many Wh more than the same hour of the day before".to_owned(),
            Feature::Rise { hours } => {
                format!("how many Wh the lowest of the last {hours} hours is above that of a day before")
            }
        };
        Self { feature, name: argument_name(feature), about }
    }
}

impl Of {
    /// What is put behind the name for each feature but the reading itself.
    const FEATURES: [&str; 3] = ["_FLOOR", "_STEP", "_RISE"];

    /// The reading itself, then floors, the step and rises, where the table has curves for them.
    fn all(export: &Export<'_>) -> Vec<Self> {
        let of = |suffix, curves: Vec<&FeatureCurves<'_>>| Self {
            suffix,
            arguments: curves.into_iter().map(Argument::new).collect(),
        };
        let [floor, step, rise] = Self::FEATURES;
        let all = [
            of("", vec![export.level()]),
            of(floor, export.floors()),
            of(step, export.step().into_iter().collect()),
            of(rise, export.rises()),
        ];
        all.into_iter().filter(|of| !of.arguments.is_empty()).collect()
    }

    /// The function's name.
    fn function(&self, export: &Export<'_>) -> String {
        format!("{}{}", export.name, self.suffix)
    }

    /// What a column with its result is called.
    fn column(&self) -> String {
        self.suffix.trim_start_matches('_').to_ascii_lowercase()
    }

    /// Something of each argument.
    fn list(&self, between: &str, one: impl Fn(&Argument) -> String) -> String {
        self.arguments.iter().map(one).collect::<Vec<_>>().join(between)
    }

    fn names(&self) -> String {
        self.list(", ", |argument| argument.name.clone())
    }

    /// What the arguments are, each in a comment.
    fn about(&self) -> String {
        self.list("", |argument| format!("-- {}: {}\n", argument.name, argument.about))
    }

    /// A call with the columns of a row of features.
    fn call(export: &Export<'_>, of: &Self) -> String {
        format!("{}(day, hour, {})", of.function(export), of.names())
    }

    /// A call with numbers, and what it is about, to copy.
    fn example(&self, export: &Export<'_>) -> String {
        let numbers = self.list(", ", |_| "300".to_owned());
        format!("{}SELECT {}(0, 4, {numbers});\n", self.about(), self.function(export))
    }
}
