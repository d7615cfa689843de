//! `knowatt evaluate`: the score matrix.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{
    args::{EvaluateArgs, Format},
    inputs,
    matrix::{self, Cell},
    output,
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
    output::print(|out| match args.format {
        Format::Text => {
            let named = args.day.is_some() || days.len() > 1;
            matrix::print(out, &cells, &args.wh, named, "")
        }
        Format::Csv => print_csv(out, &cells),
        Format::Json => {
            let document = Document { format: "knowatt-score-matrix", version: 1, rows: &cells };
            writeln!(out, "{}", serde_json::to_string_pretty(&document)?)
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Names and numbers need no quotation marks.
fn print_csv(out: &mut dyn Write, cells: &[Cell]) -> io::Result<()> {
    writeln!(out, "day,hour,wh,score")?;
    for Cell { day, hour, wh, score } in cells {
        writeln!(out, "{day},{hour},{wh},{score}")?;
    }
    Ok(())
}
