//! `knowatt train`: readings in, model file out.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use knowatt_score::{Calendar, Knot, ModelFile, ScoreTable};
use knowatt_train::{Bounds, Choice, ModelName, Options, from_bounds, train};

use crate::{
    args::TrainArgs,
    commands::holidays,
    excluded, inputs,
    output::{self, Output, OutputError, say},
    text::grouped,
    was_fine,
};

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let outputs = [
        ("--output", Some(args.output.as_path())),
        ("--table", args.table.as_deref()),
        ("--ledger", args.columns.ledger.as_deref()),
    ];
    let files: Vec<_> =
        args.inputs.iter().chain(&args.bounds).chain(&args.exclude).map(PathBuf::as_path).collect();
    output::distinct(&outputs, &files)?;
    let model = match &args.bounds {
        Some(bounds) => bounded(bounds, args)?,
        None => learned(args)?,
    };
    // Both are opened before either is there.
    let mut output = Output::create(&args.output)?;
    let table = args
        .table
        .as_deref()
        .map(|path| Ok::<_, anyhow::Error>((path, Output::create(path)?)))
        .transpose()?;
    if let Some((path, mut table)) = table {
        write_table(&mut table, &model.table).with_context(|| OutputError(path.to_owned()))?;
        table.finish()?;
        said("table", path, None);
    }
    let bytes = model.to_bytes();
    output.write_all(&bytes).with_context(|| OutputError(args.output.clone()))?;
    output.finish()?;
    said("wrote", &args.output, Some(bytes.len()));
    Ok(ExitCode::SUCCESS)
}

/// The table as `day,hour,wh,score`, a row a knot, numbers in full; names and numbers need no quotation marks.
fn write_table(output: &mut Output, table: &ScoreTable) -> io::Result<()> {
    let classes = table.calendar().day_classes();
    writeln!(output, "day,hour,wh,score")?;
    for (slot, curve) in table.cells() {
        let day = classes.class_name(slot.day).unwrap_or_default();
        for Knot { wh, score } in curve.knots() {
            writeln!(output, "{day},{},{wh},{score}", slot.hour)?;
        }
    }
    Ok(())
}

fn learned(args: &TrainArgs) -> Result<ModelFile> {
    let zone = args.tz.as_ref().map(|zone| zone.0.as_str()).unwrap_or_default();
    let calendar = Calendar::new(zone, args.day_class)?;
    holidays::check(&args.holidays, args.day_class)?;
    let was_fine = was_fine::instants(&args.was_fine, calendar.zone())?;
    let periods = excluded::periods(&args.exclude, calendar.zone())?;
    let (readings, excluded) = inputs::read_without(&args.inputs, &args.columns, calendar.zone(), &periods)?;
    let model = args.model.unwrap_or_default();
    if model == Choice::Auto {
        say!("choosing  a model on the home's own history");
    }
    let options = Options {
        model,
        day_classes: args.day_class,
        alerts_per_month: args.alerts_per_month,
        seed: args.seed,
        holidays: args.holidays.clone(),
        was_fine,
    };
    let mut trained = train(readings, zone, &options)?;
    excluded::note(&mut trained.provenance, &excluded);
    if let Some(too_short) = &trained.skipped {
        say!("note      {too_short}; {} is used without one", trained.provenance.model);
    }
    if let Some(backtest) = &trained.backtest {
        say!("chosen    {}", backtest.choice);
        say!(
            "backtest  {:.0} % of made-up mishaps found at four false alerts a month, on {} windows that had no part in the choice",
            100.0 * backtest.events.mean,
            backtest.windows,
        );
    }
    let model = trained.model_file(options.alerts_per_month)?;
    holidays::tell(&args.holidays, model.table.calendar());
    if let Some(calibration) = model.calibration {
        say!(
            "trained   {}; set so that about {} alerts a month pass 1.0: {} in the {} weeks it was not shown",
            model.provenance.model,
            calibration.alerts_per_month,
            calibration.episodes,
            grouped(calibration.weeks.into()),
        );
    }
    was_fine::tell(&options.was_fine, &trained.readings);
    Ok(model)
}

fn bounded(path: &Path, args: &TrainArgs) -> Result<ModelFile> {
    anyhow::ensure!(
        args.model.is_none_or(|model| model == Choice::Model(ModelName::Envelope)),
        "--bounds are those of an envelope, which is another model than the one asked for"
    );
    let named = || path.display().to_string();
    anyhow::ensure!(!path.is_dir(), "{} is a directory; name the file of bounds in it", named());
    let bounds = Bounds::read(fs::File::open(path).with_context(named)?).with_context(named)?;
    let zone = args.tz.as_ref().map_or("UTC", |zone| zone.0.as_str());
    if args.tz.is_none() {
        say!("note      without --tz the hours of instants are those of UTC");
    }
    Ok(from_bounds(&bounds, zone)?)
}

fn said(what: &str, path: &Path, bytes: Option<usize>) {
    if path != Path::new("-") {
        let size = bytes.map(|bytes| format!(" ({} KB)", bytes.div_ceil(1000))).unwrap_or_default();
        say!("{what:<9} {}{size}", path.display());
    }
}
