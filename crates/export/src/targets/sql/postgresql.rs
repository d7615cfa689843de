//! `postgresql`: a script for PostgreSQL 14 and later, also with TimescaleDB, whose tables are PostgreSQL's.
//!
//! Functions are in SQL with a body that is parsed when it is made (`CREATE FUNCTION`, `sql_body`, since version 14), so they find their
//! tables whatever the `search_path` of the caller. They read tables, so they are `STABLE`, not `IMMUTABLE`, and `PARALLEL SAFE`
//! (*Function Volatility Categories*, 38.7). Arguments are `double precision`: whole numbers and `numeric`, which `EXTRACT` gives, become it by
//! themselves (`pg_cast`), and 4.5 finds no hour. `numeric` becomes a double by way of its decimals, so literals are exact.
//! NULL is no score. `float8_mul` and its like raise on overflow and underflow: see [`segments`](super::segments).

use super::{
    Of, Underflow, day_rule, explain, heading, local_s,
    query::{Engine, IS_READING, highest, in_query},
    rows,
    script::Script,
    spell,
};
use crate::{error::Error, export::Export, targets::Target, template::fill};

const SCRIPT: &str = include_str!("../../../templates/sql/postgresql.sql");
const FEATURE: &str = include_str!("../../../templates/sql/postgresql_feature.sql");
const EXPLAIN: &str = include_str!("../../../templates/sql/postgresql_explain.sql");
const DAY_OF_MONTH: &str = "EXTRACT(DAY FROM DATE '1970-01-01' + local_day::integer)";

const ENGINE: Engine = Engine {
    start_ms: "FLOOR(EXTRACT(EPOCH FROM start) * 1000)::bigint",
    div: "/",
    is_reading: IS_READING,
    local_s: |export| local_s(export, "/"),
    day: |export| day_rule(export, DAY_OF_MONTH),
    greatest: "GREATEST",
    // Quicker than a call for each row.
    score: |export, of| in_query(&highest(export, of, "LEAST", "features.")),
};

pub(in crate::targets) struct PostgreSql;

impl Target for PostgreSql {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    fn summary(&self) -> &'static str {
        "SQL functions for PostgreSQL and TimescaleDB"
    }

    fn extension(&self) -> &'static str {
        "sql"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let days: Vec<_> = (0..export.days()).map(|day| format!("({day})")).collect();
        let features: String = Of::all(export).iter().skip(1).map(|of| feature(export, of)).collect();
        Script::fill(
            self.name(),
            SCRIPT,
            &[
                ("HEADING", &heading(export)),
                ("FEATURES", &features),
                ("MADE", &made(export)),
                ("NAME", export.name.as_given()),
                ("TABLE", export.name.lower()),
                ("DAYS", &days.join(", ")),
                ("DAY_RULE", &day_rule(export, DAY_OF_MONTH)),
            ],
            &[("ROWS", &|script| rows(script, export, Underflow::Raises, spell))],
        )
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        explain(EXPLAIN, export, &ENGINE, file)
    }
}

/// For each feature the function's name, what the names of its arguments can be, and what they are for this model, if it has the
/// feature.
fn made(export: &Export<'_>) -> String {
    let functions = Of::all(export);
    let possible = ["(, low_[0-9]+h)+", ", step_wh", "(, rise_[0-9]+h)+"];
    let rows = Of::FEATURES.into_iter().zip(possible).map(|(suffix, possible)| {
        let of = functions.iter().find(|of| of.suffix == suffix);
        let names = of.map_or("none".to_owned(), |of| format!("day, hour, {}", of.names()));
        let function = format!("{}{suffix}", export.name).to_ascii_lowercase();
        format!("('{function}', '^day, hour{possible}$', '{names}')")
    });
    rows.collect::<Vec<_>>().join(",\n      ")
}

fn feature(export: &Export<'_>, of: &Of) -> String {
    let function = of.function(export);
    let arguments = of.arguments.iter().zip(3..);
    let given: Vec<_> =
        arguments.map(|(argument, place)| format!("('{}', ${place})", argument.feature)).collect();
    let types = vec!["double precision"; of.arguments.len() + 2].join(", ");
    fill(
        FEATURE,
        &[
            ("FUNCTION", &function),
            ("PARAMETERS", &of.list(", ", |argument| format!("{} double precision", argument.name))),
            ("GIVEN", &given.join(", ")),
            ("TYPES", &types),
            ("ABOUT", &of.about()),
            ("TABLE", export.name.lower()),
        ],
    )
}
