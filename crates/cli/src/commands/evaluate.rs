//! `knowatt evaluate`: the score matrix.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{
    args::{EvaluateArgs, Format},
    inputs,
    matrix::{self, Cell},
};

/// The JSON form; `version` rises when a program that reads it would have to change.
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    rows: &'a [Cell],
}

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    let table = inputs::read_model(&args.model)?.table;
    let classes = table.calendar().day_classes();
    let days = match &args.day {
        None => classes.classes().collect(),
        Some(name) => vec![classes.class_named(name).with_context(|| {
            format!("this model has no day class `{name}`; it has {}", inputs::class_names(&table))
        })?],
    };
    let hours = if args.hours.is_empty() { (0..24).collect() } else { args.hours.clone() };
    let cells = matrix::cells(&table, &days, &hours, &args.wh)?;
    match args.format {
        Format::Text => {
            let named = args.day.is_some() || days.len() > 1;
            matrix::print(&mut anstream::stdout().lock(), &cells, &args.wh, named, "")?;
        }
        Format::Csv => print_csv(&cells)?,
        Format::Json => {
            let document = Document { format: "knowatt-score-matrix", version: 1, rows: &cells };
            writeln!(io::stdout().lock(), "{}", serde_json::to_string_pretty(&document)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_csv(cells: &[Cell]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(io::stdout().lock());
    csv.write_record(["day", "hour", "wh", "score"])?;
    for Cell { day, hour, wh, score } in cells {
        csv.write_record([day, hour.to_string().as_str(), &wh.to_string(), &score.to_string()])?;
    }
    csv.flush()
}
