//! `knowatt score`: readings in, scored readings out.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use knowatt_score::{Episodes, ModelFile, Recent};
use serde::Serialize;

use crate::{
    args::ScoreArgs,
    commands::holidays,
    drift, history,
    inputs::{self, Sources},
    output::{self, Output, OutputError, say},
    text::counted,
};

/// A row of the result.
#[derive(Serialize)]
struct Row {
    /// Start of the hour, UTC.
    timestamp: Timestamp,
    wh: f64,
    /// What alerts above 1.0.
    score: f64,
    /// The score of the hour by itself.
    level: f64,
    /// The highest score of the floors over the last hours.
    floor: Option<f64>,
    expected_low_wh: f64,
    expected_high_wh: f64,
    /// The score of the step from the hour before.
    step: Option<f64>,
    /// The highest score of the rises over the day before.
    rise: Option<f64>,
}

/// The form of the result.
enum Form {
    Csv,
    JsonLines,
}

pub(crate) fn run(args: &ScoreArgs) -> Result<ExitCode> {
    let form = form_of(&args.output)?;
    let files: Vec<_> = args.input.inputs.iter().chain([&args.model]).map(PathBuf::as_path).collect();
    let ledger = args.input.columns.ledger.as_deref();
    output::distinct(&[("--output", Some(&args.output)), ("--ledger", ledger)], &files)?;
    let ModelFile { table, population, provenance, .. } = inputs::read_model(&args.model)?;
    let sources = Sources::from(&args.input);
    let readings = inputs::read(sources, table.calendar().zone_name())?;
    history::tell_net(&provenance, args.input.columns.net);
    holidays::tell_unknown_years(table.calendar(), &readings.rows);
    let mut output = Output::create(&args.output)?;
    // Whoever closes the pipe has seen enough of the scores, but may still want to know the exit code.
    let mut is_closed = false;
    let mut check = |written: io::Result<()>| match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            is_closed = true;
            Ok(())
        }
        other => other.with_context(|| OutputError(args.output.clone())),
    };
    check(form.begin(&mut output))?;
    let mut episodes = Episodes::above(1.0);
    let mut highest = f64::NEG_INFINITY;
    let mut levels = Vec::with_capacity(readings.rows.len());
    let mut recent = Recent::default();
    for reading in &readings.rows {
        let scored = table.assess(reading.start, reading.wh, &mut recent)?;
        highest = highest.max(scored.score);
        episodes.push(reading.start, scored.score);
        levels.push(scored.level);
        let row = Row {
            timestamp: reading.start,
            wh: reading.wh,
            score: scored.score,
            level: scored.level,
            floor: scored.floor,
            expected_low_wh: scored.expected_low_wh,
            expected_high_wh: scored.expected_high_wh,
            step: scored.step,
            rise: scored.rise,
        };
        check(form.write(&row, &mut output))?;
    }
    check(output.flush())?;
    if !is_closed {
        output.finish()?;
    }
    let above = counted(episodes.finish().len() as u64, "alert");
    say!("scored    {}, {above} (episodes above 1.0)", counted(readings.rows.len() as u64, "hour"));
    if let Some(population) = population {
        drift::tell(&population, &levels, &provenance, &readings, table.calendar());
    }
    let asked_about = args.fail_above.is_some_and(|level| highest > level);
    Ok(if asked_about { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn form_of(path: &Path) -> Result<Form> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Ok(Form::JsonLines),
        "parquet" => {
            anyhow::bail!("{}: Parquet is not written; name a .csv or .jsonl file", path.display())
        }
        _ => Ok(Form::Csv),
    }
}

impl Form {
    fn begin(&self, output: &mut Output) -> io::Result<()> {
        match self {
            Self::Csv => {
                writeln!(output, "timestamp,wh,score,level,floor,expected_low_wh,expected_high_wh,step,rise")
            }
            Self::JsonLines => Ok(()),
        }
    }

    fn write(&self, row: &Row, output: &mut Output) -> io::Result<()> {
        match self {
            // Numbers and instants need no quotation marks.
            Self::Csv => {
                let Row { timestamp, wh, score, level, floor, expected_low_wh, expected_high_wh, step, rise } =
                    row;
                let [floor, step, rise] =
                    [floor, step, rise].map(|score| score.map(|score| score.to_string()).unwrap_or_default());
                writeln!(
                    output,
                    "{timestamp},{wh},{score},{level},{floor},{expected_low_wh},{expected_high_wh},{step},{rise}"
                )
            }
            Self::JsonLines => {
                serde_json::to_writer(&mut *output, row)?;
                output.write_all(b"\n")
            }
        }
    }
}
