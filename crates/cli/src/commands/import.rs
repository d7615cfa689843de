//! `knowatt import`: whatever a meter's history comes as, made into a table of hours.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use knowatt_readings::Meter;
use serde::Serialize;

use crate::{
    args::ImportArgs,
    inputs::{self, Sources},
    output::{self, Output, OutputError, say},
    text::counted,
};

/// A row of the result.
#[derive(Serialize)]
struct Row<'a> {
    meter: &'a str,
    /// Start of the hour, UTC.
    start: Timestamp,
    wh: f64,
}

pub(crate) fn run(args: &ImportArgs) -> Result<ExitCode> {
    let is_json = is_json(&args.output)?;
    let files: Vec<_> = args.input.inputs.iter().map(PathBuf::as_path).collect();
    let ledger = args.input.columns.ledger.as_deref();
    output::distinct(&[("--output", Some(&args.output)), ("--ledger", ledger)], &files)?;
    let zone = args.tz.as_ref().map(|zone| zone.0.as_str());
    let sources = Sources::from(&args.input);
    let meters = inputs::read_meters(sources, zone, |meters, _| meters.to_vec())?;
    let mut output = Output::create(&args.output)?;
    let write = if is_json { write_json } else { write_csv };
    write(&meters, &mut output)
        .and_then(|()| output.flush())
        .with_context(|| OutputError(args.output.clone()))?;
    output.finish()?;
    let hours: usize = meters.iter().map(|meter| meter.readings.rows.len()).sum();
    let wh: f64 = meters.iter().flat_map(|meter| &meter.readings.rows).map(|row| row.wh).sum();
    let name =
        if args.output == Path::new("-") { String::new() } else { format!(" to {}", args.output.display()) };
    say!("imported  {}, {:.3} kWh{name}", counted(hours as u64, "hour"), wh / 1000.0);
    Ok(ExitCode::SUCCESS)
}

fn write_csv(meters: &[Meter], output: &mut Output) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(output);
    writer.write_record(["meter", "start", "wh"])?;
    for Meter { name, readings } in meters {
        for row in &readings.rows {
            writer.write_record([name, &row.start.to_string(), &row.wh.to_string()])?;
        }
    }
    writer.flush()
}

fn write_json(meters: &[Meter], output: &mut Output) -> io::Result<()> {
    for Meter { name, readings } in meters {
        for row in &readings.rows {
            serde_json::to_writer(&mut *output, &Row { meter: name, start: row.start, wh: row.wh })?;
            output.write_all(b"\n")?;
        }
    }
    Ok(())
}

fn is_json(path: &Path) -> Result<bool> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Ok(true),
        "csv" | "" => Ok(false),
        other => {
            anyhow::bail!("{}: a .{other} file is not written; name a .csv or .jsonl file", path.display())
        }
    }
}
