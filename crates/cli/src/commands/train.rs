//! `knowatt train`: readings in, model file out.

use std::{fs, path::Path, process::ExitCode};

use anstream::eprintln;
use anyhow::{Context as _, Result};
use knowatt_score::{Calendar, ModelFile, ScoreTable};
use knowatt_train::{Bounds, ModelName, Options, from_bounds, train};

use crate::{args::TrainArgs, inputs, output, text::grouped};

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    if let Some(table) = &args.table {
        anyhow::ensure!(
            *table != args.output,
            "--output and --table name the same file, {}",
            table.display()
        );
    }
    let model = match &args.bounds {
        Some(bounds) => bounded(bounds, args)?,
        None => learned(args)?,
    };
    let bytes = model.to_bytes();
    if let Some(path) = &args.table {
        output::write_whole(path, &score_table_csv(&model.table)?)?;
        said("table", path, None);
    }
    output::write_whole(&args.output, &bytes)?;
    said("wrote", &args.output, Some(bytes.len()));
    Ok(ExitCode::SUCCESS)
}

/// The table as `day,hour,wh,score`, a row a knot, numbers in full.
pub(crate) fn score_table_csv(table: &ScoreTable) -> Result<Vec<u8>> {
    let classes = table.calendar().day_classes();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["day", "hour", "wh", "score"])?;
    for (slot, curve) in table.cells() {
        let (day, hour) = (classes.class_name(slot.day).unwrap_or_default(), slot.hour.to_string());
        for knot in curve.knots() {
            csv.write_record([day, &hour, &knot.wh.to_string(), &knot.score.to_string()])?;
        }
    }
    Ok(csv.into_inner()?)
}

#[allow(clippy::print_stderr, reason = "messages go to standard error")]
fn learned(args: &TrainArgs) -> Result<ModelFile> {
    let zone = args.tz.as_ref().map(|zone| zone.0.as_str()).unwrap_or_default();
    let calendar = Calendar::new(zone, args.day_class)?;
    let readings = inputs::read(&args.inputs, &args.columns, calendar.zone())?;
    let options = Options {
        model: args.model,
        day_classes: args.day_class,
        alerts_per_month: args.alerts_per_month,
        seed: args.seed,
    };
    let model = train(&readings, zone, &options)?;
    if let Some(calibration) = model.calibration {
        eprintln!(
            "trained   {}; set so that about {} alerts a month pass 1.0: {} in the {} weeks it was not shown",
            options.model,
            calibration.alerts_per_month,
            calibration.episodes,
            grouped(calibration.weeks.into()),
        );
    }
    Ok(model)
}

#[allow(clippy::print_stderr, reason = "messages go to standard error")]
fn bounded(path: &Path, args: &TrainArgs) -> Result<ModelFile> {
    anyhow::ensure!(
        args.model == ModelName::Envelope,
        "--bounds are those of an envelope; add --model envelope"
    );
    let named = || path.display().to_string();
    anyhow::ensure!(!path.is_dir(), "{} is a directory; name the file of bounds in it", named());
    let bounds = Bounds::read(fs::File::open(path).with_context(named)?).with_context(named)?;
    let zone = args.tz.as_ref().map_or("UTC", |zone| zone.0.as_str());
    if args.tz.is_none() {
        eprintln!("note      without --tz the hours of instants are those of UTC");
    }
    Ok(from_bounds(&bounds, zone)?)
}

#[allow(clippy::print_stderr, reason = "messages go to standard error")]
fn said(what: &str, path: &Path, bytes: Option<usize>) {
    if path != Path::new("-") {
        let size = bytes.map(|bytes| format!(" ({} KB)", bytes.div_ceil(1000))).unwrap_or_default();
        eprintln!("{what:<9} {}{size}", path.display());
    }
}
