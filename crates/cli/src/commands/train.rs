//! `knowatt train`: readings in, model file out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use knowatt_score::ModelFile;
use knowatt_train::{Bounds, Choice, ModelName, Trained, from_bounds, train};

use crate::{
    args::TrainArgs,
    commands::holidays,
    excluded,
    history::{History, read_fitted},
    inputs::Sources,
    model_output::ModelOutputs,
    output::say,
    text::grouped,
    was_fine,
};

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let outputs =
        ModelOutputs { output: &args.output, table: args.table.as_deref(), fitted: args.fitted.as_deref() };
    let named = args.inputs.iter().chain(&args.bounds).chain(&args.learn.exclude);
    // The fitted model may be carried on in place.
    let from = args.from.iter().filter(|from| Some(from.as_path()) != args.fitted.as_deref());
    let files: Vec<_> = named.chain(from).map(PathBuf::as_path).collect();
    outputs.check(args.columns.ledger.as_deref(), &files)?;
    let (model, trained) = match &args.bounds {
        Some(bounds) => (bounded(bounds, args)?, None),
        None => learned(args).map(|(model, trained)| (model, Some(trained)))?,
    };
    outputs.write(&model, trained.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

fn learned(args: &TrainArgs) -> Result<(ModelFile, Trained)> {
    let learn = &args.learn;
    let sources = Sources { inputs: &args.inputs, format: args.format, columns: &args.columns };
    let history = match (&args.from, &args.tz) {
        (Some(from), _) => History::carry_on(read_fitted(from)?, sources, learn)?,
        (None, Some(zone)) => History::begin(sources, zone, learn)?,
        (None, None) => anyhow::bail!("--tz is needed: the time zone of the home"),
    };
    let History { readings, excluded, zone, mut options } = history;
    options.model = args.model.unwrap_or(options.model);
    options.was_fine.extend(was_fine::instants(&args.was_fine, &zone)?);
    options.was_fine.sort_unstable();
    options.was_fine.dedup();
    if options.model == Choice::Auto {
        say!("choosing  a model on the home's own history");
    }
    let mut trained = train(readings, &zone, &options)?;
    excluded::note(&mut trained.provenance, &excluded);
    if let Some(too_short) = &trained.skipped {
        say!("note      {too_short}; {} is used without one", trained.provenance.model);
    }
    if let Some(backtest) = &trained.backtest {
        say!("chosen    {}", backtest.choice);
        say!(
            "backtest  {:.0} % of made-up mishaps found at four false alerts a month, on {} windows, each by what the others would have chosen",
            100.0 * backtest.events.mean,
            backtest.windows,
        );
    }
    let model = trained.model_file(options.alerts_per_month)?;
    holidays::tell(&options.holidays, model.table.calendar());
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
    Ok((model, trained))
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
