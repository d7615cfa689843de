//! `duckdb`: a script for DuckDB: tables, and scalar macros over them.
//!
//! A macro is expanded into the query that calls it (*CREATE MACRO*), here as a subquery of one value, which becomes a hash join: as
//! many rows as one likes are scored at once. As expansion is by name, arguments are first taken into a derived table,
//! where the caller's columns are all that is in sight. Overloads by the number and the types of parameters are DuckDB's own.
//! NULL is no score. A literal with an exponent is a DOUBLE, without one a DECIMAL.

use super::{
    Argument, Of, Underflow, day_rule, drops, explain, heading, local_s,
    query::{Engine, IS_READING},
    rows,
    script::Script,
    spell,
};
use crate::{error::Error, export::Export, targets::Target, template::fill};

const SCRIPT: &str = include_str!("../../../templates/sql/duckdb.sql");
const FEATURE: &str = include_str!("../../../templates/sql/duckdb_feature.sql");
const AT: &str = include_str!("../../../templates/sql/duckdb_at.sql");
const EXPLAIN: &str = include_str!("../../../templates/sql/duckdb_explain.sql");
const DAY_OF_MONTH: &str = "day(DATE '1970-01-01' + CAST(local_day AS INTEGER))";

const ENGINE: Engine = Engine {
    start_ms: "epoch_ms(start)",
    div: "//",
    is_reading: IS_READING,
    local_s: |export| local_s(export, "//"),
    day: |export| day_rule(export, DAY_OF_MONTH),
    greatest: "greatest",
    score: Of::call,
};

pub(in crate::targets) struct DuckDb;

impl Target for DuckDb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    fn summary(&self) -> &'static str {
        "SQL macros for DuckDB"
    }

    fn extension(&self) -> &'static str {
        "sql"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let features: String = Of::all(export).iter().skip(1).map(|of| feature(export, of)).collect();
        let at = |start_ms| fill(AT, &[("START_MS", start_ms)]);
        Script::fill(
            self.name(),
            SCRIPT,
            &[
                ("HEADING", &heading(export)),
                ("AT_MS", &at("start_ms")),
                ("AT_TIMESTAMP", &at("epoch_ms(start)")),
                ("FEATURES", &(drops(export, "MACRO") + &features)),
                ("NAME", export.name.as_given()),
                ("TABLE", export.name.lower()),
                ("DAY_RULE", &day_rule(export, DAY_OF_MONTH)),
            ],
            &[("ROWS", &|script| rows(script, export, Underflow::IsZero, spell))],
        )
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        explain(EXPLAIN, export, &ENGINE, file)
    }
}

fn feature(export: &Export<'_>, of: &Of) -> String {
    let given = of.list("\n    UNION ALL ", |argument| {
        let Argument { feature, name, .. } = argument;
        format!("SELECT '{feature}' AS feature, day AS day, hour AS hour, CAST({name} AS DOUBLE) AS wh")
    });
    fill(
        FEATURE,
        &[
            ("ABOUT", &of.about()),
            ("FUNCTION", &of.function(export)),
            ("PARAMETERS", &of.names()),
            ("GIVEN", &given),
            ("TABLE", export.name.lower()),
        ],
    )
}
