//! `sqlite`: tables for SQLite 3.28 and later (for its windows), and queries over them, as SQLite has no functions in SQL.
//!
//! SQLite computes with doubles but reads decimals to 15 digits only for certain (*Floating Point Numbers*, "accuracy";
//! `sqlite3AtoF` rounds twice where it has a `long double`, and differs between versions). So numbers are written as whole numbers, which it
//! reads exactly, divided by or multiplied with powers of two, which is exact too. What it has no number for, NaN, is NULL there, and
//! NULL, or no row, is no score.

use std::fmt::Write as _;

use super::{
    Of, Underflow, day_rule, heading, local_s,
    query::{Engine, highest, in_query, query},
    rows,
    script::Script,
};
use crate::{error::Error, export::Export, targets::Target, template::fill};

const SCRIPT: &str = include_str!("../../../templates/sql/sqlite.sql");
const EXPLAIN: &str = include_str!("../../../templates/sql/sqlite_explain.sql");
const DAY_OF_MONTH: &str = "CAST(strftime('%d', local_day * 86400, 'unixepoch') AS INTEGER)";

const ENGINE: Engine = Engine {
    start_ms: "strftime('%s', start) * 1000",
    div: "/",
    is_reading: "wh >= 0 AND wh < 9e999", // less than infinity
    local_s: |export| local_s(export, "/"),
    day: |export| day_rule(export, DAY_OF_MONTH),
    greatest: "max",
    score: |export, of| in_query(&highest(export, of, "min", "features.")),
};

pub(in crate::targets) struct Sqlite;

impl Target for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn summary(&self) -> &'static str {
        "tables for SQLite, with queries that score by them"
    }

    fn extension(&self) -> &'static str {
        "sql"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        Script::fill(
            self.name(),
            SCRIPT,
            &[("HEADING", &heading(export)), ("TABLE", export.name.lower()), ("MOST", &fraction(f64::MAX))],
            &[("ROWS", &|script| rows(script, export, Underflow::IsZero, spell))],
        )
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let examples = Of::all(export).iter().skip(1).map(|of| example(export, of)).collect::<String>();
        fill(
            EXPLAIN,
            &[
                ("EXAMPLES", &examples),
                ("DAY_RULE", &day_rule(export, DAY_OF_MONTH)),
                ("QUERY", &query(export, &ENGINE)),
                ("NAME", export.name.as_given()),
                ("TABLE", export.name.lower()),
                ("FILE", file),
            ],
        )
    }
}

fn example(export: &Export<'_>, of: &Of) -> String {
    let query = highest(export, of, "min", ":");
    format!("\n-- {}(day, hour, {})\n{}{query};\n", of.function(export), of.names(), of.about())
}

/// A number as SQLite reads it, the largest double as infinity.
fn spell(number: f64) -> String {
    match number {
        f64::MAX => "9e999".to_owned(),
        f64::MIN => "-9e999".to_owned(),
        _ => fraction(number),
    }
}

/// A finite double as an odd number of at most 53 bits, divided by or multiplied with powers of two that are 64-bit integers.
fn fraction(number: f64) -> String {
    const MOST: i32 = 62;
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let bits = number.abs().to_bits();
    let exponent = i32::try_from(bits >> 52).unwrap_or_default();
    let fraction = bits & ((1 << 52) - 1);
    // IEEE 754-2019, 3.4: those of exponent 0 have no bit before the point.
    let (whole, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let zeros = whole.trailing_zeros();
    let (mut odd, mut exponent) = (whole >> zeros, exponent + zeros.cast_signed());
    while exponent > 0 && odd < 1 << 52 {
        (odd, exponent) = (odd << 1, exponent - 1);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let by = if exponent < 0 { '/' } else { '*' };
    let mut text = format!("{sign}{odd}.0");
    let mut left = exponent.abs();
    while left > 0 {
        _ = write!(text, "{by}{}", 1_u64 << left.min(MOST)); // writing to a String cannot fail
        left -= left.min(MOST);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_a_fraction_of_whole_numbers() {
        let spelled = [150.0, 0.5, -0.1, 0.0, -0.0, 9_007_199_254_740_992.0, 1e22].map(fraction);
        assert_eq!(
            spelled,
            [
                "150.0",
                "1.0/2",
                "-3602879701896397.0/36028797018963968",
                "0.0",
                "-0.0",
                "4503599627370496.0*2",
                "4768371582031250.0*2097152",
            ]
        );
    }

    #[test]
    fn the_fraction_is_the_number_to_the_bit() {
        let numbers =
            [1e-300, 5e-324, f64::MIN_POSITIVE, 1.0 / 3.0, 1e12 + 1.0 / 3.0, 1e300, f64::MAX, f64::MIN];
        for number in numbers {
            let text = fraction(number);
            let mut factors = text.split(['/', '*']);
            let first: f64 = factors.next().unwrap().parse().unwrap();
            let read = factors.fold(first, |product, factor| {
                let factor: f64 = factor.parse().unwrap();
                if text.contains('/') { product / factor } else { product * factor }
            });
            assert_eq!(read.to_bits(), number.to_bits(), "{text}");
        }
    }
}
