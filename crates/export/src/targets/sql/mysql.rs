//! `mysql`: a script for MySQL 8.0 and MariaDB 10.6, and later: tables, and stored functions over them.
//!
//! There are no overloads, so the talk's function of hour and Wh is `NAME_HOUR`. A function's body is one `RETURN`, which needs no
//! `DELIMITER`; it says `READS SQL DATA`, with which a server that logs for replicas takes it (*Stored Program Binary Logging*). NULL is no
//! score. `DOUBLE` has no NaN and no infinity, and what overflows is an error (*Out-of-Range and Overflow Handling*): see
//! [`segments`](super::segments). A literal with an exponent is a `DOUBLE`, without one a `DECIMAL`. In a stored function a parameter comes before a
//! column of the same name, so columns are written with their table.

use super::{
    Of, Underflow, day_rule, drops, explain, heading, local_s,
    query::{self, Engine, IS_READING, in_query},
    rows,
    script::Script,
    spell,
};
use crate::{error::Error, export::Export, targets::Target, template::fill};

const SCRIPT: &str = include_str!("../../../templates/sql/mysql.sql");
const FEATURE: &str = include_str!("../../../templates/sql/mysql_feature.sql");
const EXPLAIN: &str = include_str!("../../../templates/sql/mysql_explain.sql");
const DAY_OF_MONTH: &str = "DAYOFMONTH('1970-01-01' + INTERVAL local_day DAY)";

const ENGINE: Engine = Engine {
    start_ms: "TIMESTAMPDIFF(SECOND, '1970-01-01', start) * 1000",
    div: "DIV",
    is_reading: IS_READING,
    local_s: |export| local_s(export, "DIV"),
    day: |export| day_rule(export, DAY_OF_MONTH),
    greatest: "GREATEST",
    // Quicker than a call for each row.
    score: |export, of| in_query(&highest(export, of, "features.")),
};

pub(in crate::targets) struct MySql;

impl Target for MySql {
    fn name(&self) -> &'static str {
        "mysql"
    }

    fn summary(&self) -> &'static str {
        "SQL functions for MySQL and MariaDB"
    }

    fn extension(&self) -> &'static str {
        "sql"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let days: Vec<_> = (0..export.days()).map(|day| day.to_string()).collect();
        let features: String = Of::all(export).iter().skip(1).map(|of| feature(export, of)).collect();
        Script::fill(
            self.name(),
            SCRIPT,
            &[
                ("HEADING", &heading(export)),
                ("FEATURES", &(drops(export, "FUNCTION") + &features)),
                ("NAME", export.name.as_given()),
                ("TABLE", export.name.lower()),
                ("DAYS", &days.join(", ")),
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
    fill(
        FEATURE,
        &[
            ("ABOUT", &of.about()),
            ("FUNCTION", &of.function(export)),
            ("PARAMETERS", &of.list(", ", |argument| format!("{} DOUBLE", argument.name))),
            ("HIGHEST", &highest(export, of, "").replace('\n', "\n  ")),
        ],
    )
}

/// The highest score of some features, without a derived table, which could not see the columns of the query around it in MariaDB.
fn highest(export: &Export<'_>, of: &Of, from: &str) -> String {
    if of.arguments.len() == 1 {
        return query::highest(export, of, "LEAST", from);
    }
    let features = of.list(", ", |argument| format!("'{}'", argument.feature));
    let whens =
        of.list("\n  ", |argument| format!("WHEN '{}' THEN {from}{}", argument.feature, argument.name));
    let wh = format!("CASE s.feature\n  {whens} END");
    format!(
        "SELECT MAX(LEAST(s.score0 + ({wh} - s.wh0) * s.rise / s.run, s.most))\n\
         FROM {}_segments AS s\n\
         WHERE s.feature IN ({features})\n\
         AND s.day = {from}day AND s.hour = {from}hour AND {wh} BETWEEN s.from_wh AND s.to_wh",
        export.name.lower()
    )
}
