//! The query that makes of a table of readings what `knowatt score` makes of it.
//!
//! `readings (meter, start, wh)` has a row for each hour of a meter, as `knowatt import` writes them. Hours that follow one another
//! without a gap are a *run* (the gaps-and-islands of SQL's own literature): windows are over the rows of a run, so that what a
//! gap interrupts is not known, as in `knowatt_score::Recent`. What is no reading is left out before that.

use std::fmt::Write as _;

use knowatt_score::Feature;

use super::{Argument, Of};
use crate::{export::Export, template::fill};

const HOURS: &str = include_str!("../../../templates/sql/hours.sql");
const DAY: u8 = 24;

/// The finite doubles that are not negative.
pub(super) const IS_READING: &str = "wh BETWEEN 0 AND 1.7976931348623157e308";

/// What an engine writes in its own way.
pub(super) struct Engine {
    /// Milliseconds since 1970 of `start`.
    pub(super) start_ms: &'static str,
    /// Whether `wh` is a reading.
    pub(super) is_reading: &'static str,
    /// Division of whole numbers.
    pub(super) div: &'static str,
    /// The home's wall clock at `start_ms`, in seconds since a day before 1970.
    pub(super) local_s: fn(&Export<'_>) -> String,
    /// The class of `local_day`, the days since 1970-01-01.
    pub(super) day: fn(&Export<'_>) -> String,
    /// The larger of several.
    pub(super) greatest: &'static str,
    /// The score of columns: what is put behind the name, and the features' columns.
    pub(super) score: fn(&Export<'_>, &Of) -> String,
}

/// The query; its columns are meter, start, wh, score, level, floor, step, rise, the last three where the table has curves for them.
pub(super) fn query(export: &Export<'_>, engine: &Engine) -> String {
    let functions = Of::all(export);
    let scores = |one: &dyn Fn(&Of) -> String| functions.iter().skip(1).map(one).collect::<String>();
    let column = |of: &Of| of.column();
    let highest = scores(&|of| format!(", COALESCE({}, level)", column(of)));
    let score =
        if highest.is_empty() { "level".to_owned() } else { format!("{}(level{highest})", engine.greatest) };
    let mut features = String::new();
    for argument in functions.iter().skip(1).flat_map(|of| &of.arguments) {
        _ = write!(features, ",\n    {} AS {}", value(argument.feature, engine), argument.name);
    }
    fill(
        HOURS,
        &[
            ("START_MS", engine.start_ms),
            ("IS_READING", engine.is_reading),
            ("DIV", engine.div),
            ("LOCAL_S", &(engine.local_s)(export)),
            ("DAY_RULE", &(engine.day)(export)),
            ("LOWS", &lows(export)),
            ("FEATURES", &features),
            ("LEVEL", &(engine.score)(export, &functions[0])),
            ("SCORES", &scores(&|of| format!(",\n    {} AS {}", (engine.score)(export, of), column(of)))),
            ("SCORE", &score),
            ("COLUMNS", &scores(&|of| format!(", {}", column(of)))),
        ],
    )
}

/// The highest score of some features, `from` preceding the names of the columns or parameters.
///
/// The index leads to the rows that begin at or below the Wh; the last of them is the one, so they are looked at backwards and no
/// further than to the first.
pub(super) fn highest(export: &Export<'_>, of: &Of, least: &str, from: &str) -> String {
    let table = export.name.lower();
    let place = format!("s.day = {from}day AND s.hour = {from}hour");
    if let [Argument { feature, name, .. }] = of.arguments.as_slice() {
        return format!(
            "SELECT {least}(s.score0 + ({from}{name} - s.wh0) * s.rise / s.run, s.most)\n\
             FROM {table}_segments AS s\n\
             WHERE s.feature = '{feature}' AND {place} AND {from}{name} BETWEEN s.from_wh AND s.to_wh\n\
             ORDER BY s.from_wh DESC LIMIT 1"
        );
    }
    let given = of.list("\n  UNION ALL ", |Argument { feature, name, .. }| {
        format!("SELECT '{feature}' AS feature, {from}{name} AS wh")
    });
    format!(
        "SELECT MAX((\n  \
         SELECT {least}(s.score0 + (given.wh - s.wh0) * s.rise / s.run, s.most)\n  \
         FROM {table}_segments AS s\n  \
         WHERE s.feature = given.feature AND {place} AND given.wh BETWEEN s.from_wh AND s.to_wh\n  \
         ORDER BY s.from_wh DESC LIMIT 1\n\
         )) FROM (\n  {given}\n) AS given"
    )
}

/// A subquery of one value, as it stands in [`query`].
pub(super) fn in_query(subquery: &str) -> String {
    format!("(\n      {}\n    )", subquery.replace('\n', "\n      "))
}

/// The windows that the features are made of.
fn lows(export: &Export<'_>) -> String {
    let floors = export.floors().into_iter().filter_map(|set| hours_of(set.feature));
    let rises: Vec<_> = export.rises().into_iter().filter_map(|set| hours_of(set.feature)).collect();
    let mut low: Vec<_> = floors.chain(rises.iter().copied()).collect();
    low.sort_unstable();
    low.dedup();
    let mut text = String::new();
    if export.step().is_some() {
        text += ",\n    MIN(wh) OVER (hours ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS before_wh";
    }
    for hours in low {
        if hours == 1 {
            text += ",\n    wh AS low_1h";
            continue;
        }
        let frame = format!("ROWS BETWEEN {} PRECEDING AND CURRENT ROW", hours - 1);
        _ = write!(text, ",\n    MIN(wh) OVER (hours {frame}) AS low_{hours}h");
    }
    for hours in rises {
        let frame = format!("ROWS BETWEEN {} PRECEDING AND {DAY} PRECEDING", DAY + hours - 1);
        _ = write!(text, ",\n    MIN(wh) OVER (hours {frame}) AS before_{hours}h");
    }
    text
}

fn hours_of(feature: Feature) -> Option<u8> {
    match feature {
        Feature::Floor { hours } | Feature::Rise { hours } => Some(hours),
        Feature::Level | Feature::Step => None,
    }
}

/// A feature of a row, NULL where it needs hours that are not known.
fn value(feature: Feature, engine: &Engine) -> String {
    let Engine { greatest, .. } = engine;
    match feature {
        Feature::Level => "wh".to_owned(),
        Feature::Floor { hours } => format!("CASE WHEN known >= {hours} THEN low_{hours}h END"),
        Feature::Step => format!("CASE WHEN known >= 2 THEN {greatest}(wh - before_wh, 0e0) END"),
        Feature::Rise { hours } => {
            let (known, difference) = (DAY + hours, format!("low_{hours}h - before_{hours}h"));
            format!("CASE WHEN known >= {known} THEN {greatest}({difference}, 0e0) END")
        }
    }
}
