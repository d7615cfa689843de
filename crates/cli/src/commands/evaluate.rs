//! `knowatt evaluate`: the score matrix.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{
    args::{EvaluateArgs, Format},
    inputs,
    matrix::{self, Cell},
    output, picture, plot,
};

/// The JSON form; `version` rises when a program that reads it would have to change.
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    rows: &'a [Cell],
}

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    let drawn_only = args.plot.as_deref() == Some(Path::new("-"));
    if let Some(path) = &args.plot {
        anyhow::ensure!(
            !drawn_only || args.format == Format::Text,
            "--plot - and --format both want standard output; name a file for the picture"
        );
        output::distinct(&[("--plot", Some(path))], &[&args.model])?;
        plot::check(path)?;
    }
    let model = inputs::read_model(&args.model)?;
    let table = &model.table;
    let classes = table.calendar().day_classes();
    let named = |name: &String| {
        classes.class_named(name).with_context(|| {
            format!("this model has no day class `{name}`; it has {}", inputs::class_names(table))
        })
    };
    let only = args.day.as_ref().map(named).transpose()?;
    let days = only.map_or_else(|| classes.classes().collect(), |day| vec![day]);
    let hours = if args.hours.is_empty() { (0..24).collect() } else { args.hours.clone() };
    let cells = matrix::cells(table, &days, &hours, &args.wh)?;
    if let Some(path) = &args.plot {
        output::write("plot", path, &plot::draw(path, &model, only)?)?;
    }
    if drawn_only {
        return Ok(ExitCode::SUCCESS);
    }
    output::print(|out| match args.format {
        Format::Text => {
            let named = only.is_some() || days.len() > 1;
            matrix::print(out, &cells, &args.wh, named, "")?;
            if output::is_coloured() {
                writeln!(out)?;
                picture::print(out, &model, only, "")?;
            }
            Ok(())
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
