//! `knowatt evaluate`: the score matrix.

use std::{io::Write as _, process::ExitCode};

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
        Format::Text => matrix::print(
            &mut anstream::stdout().lock(),
            &cells,
            &args.wh,
            args.day.is_some() || days.len() > 1,
        )?,
        Format::Csv => print_csv(&cells)?,
        Format::Json => {
            let document = Document { format: "knowatt-score-matrix", version: 1, rows: &cells };
            let mut stdout = std::io::stdout().lock();
            serde_json::to_writer_pretty(&mut stdout, &document)?;
            writeln!(stdout)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_csv(cells: &[Cell]) -> Result<()> {
    let mut csv = csv::Writer::from_writer(std::io::stdout().lock());
    for cell in cells {
        csv.serialize(cell)?;
    }
    Ok(csv.flush()?)
}
