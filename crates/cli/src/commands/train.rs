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
    history::{History, METER, NET, read_fitted},
    inputs::{self, Sources},
    model_output::ModelOutputs,
    output::say,
    plot,
    text::{BOLD, YELLOW, counted, grouped},
    was_fine,
};

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let outputs = ModelOutputs {
        output: args.output.clone(),
        table: args.table.clone(),
        fitted: args.fitted.clone(),
        plot: args.plot.clone(),
    };
    let named = args.inputs.iter().chain(&args.bounds).chain(&args.learn.exclude);
    // The fitted model may be carried on in place.
    let from = args.from.iter().filter(|from| Some(from.as_path()) != args.fitted.as_deref());
    let files: Vec<_> = named.chain(from).map(PathBuf::as_path).collect();
    if is_directory(&args.output) {
        return train_each(args, &outputs);
    }
    outputs.check(args.columns.ledger.as_deref(), &files)?;
    let (model, trained) = match &args.bounds {
        Some(bounds) => (bounded(bounds, args)?, None),
        None => fit(history(args)?, args).map(|(model, trained)| (model, Some(trained)))?,
    };
    outputs.write(&model, trained.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

/// A model for each meter, in a directory. One that cannot be trained is told, and the others are.
fn train_each(args: &TrainArgs, outputs: &ModelOutputs) -> Result<ExitCode> {
    anyhow::ensure!(
        args.from.is_none() && args.bounds.is_none() && args.was_fine.is_empty(),
        "{} is a directory, for a model a meter; --from, --bounds and --was-fine are for one model: name a file in it",
        args.output.display()
    );
    let zone = args.tz.as_ref().context("--tz is needed: the time zone of the homes")?;
    if outputs.plot.is_some() {
        plot::built()?;
    }
    let folders =
        [Some(&outputs.output), outputs.table.as_ref(), outputs.fitted.as_ref(), outputs.plot.as_ref()];
    for folder in folders.into_iter().flatten() {
        anyhow::ensure!(
            folder != Path::new("-"),
            "standard output (-) has room for one model's file, and each meter has its own; name a directory"
        );
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let histories = History::of_each(sources(args), zone, &args.learn)?;
    let (count, mut failed) = (histories.len(), 0);
    for (number, history) in (1..).zip(histories) {
        say!("{BOLD}meter     {}{BOLD:#}, {number} of {count}", inputs::shown(&history.meter));
        let outputs = outputs.of_meter(&history.meter);
        match fit(history, args) {
            Ok((model, trained)) => outputs.write(&model, Some(&trained))?,
            Err(error) => {
                failed += 1;
                say!("{YELLOW}not trained{YELLOW:#} {error:#}");
            }
        }
    }
    anyhow::ensure!(
        failed == 0,
        "{failed} of {} could not be trained, as told above",
        counted(count as u64, "meter")
    );
    Ok(ExitCode::SUCCESS)
}

/// Whether a directory is meant: it is one, or is written like one.
fn is_directory(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

fn sources(args: &TrainArgs) -> Sources<'_> {
    Sources { inputs: &args.inputs, format: args.format, columns: &args.columns }
}

fn history(args: &TrainArgs) -> Result<History> {
    let mut history = match (&args.from, &args.tz) {
        (Some(from), _) => History::carry_on(read_fitted(from)?, sources(args), &args.learn)?,
        (None, Some(zone)) => History::begin(sources(args), zone, &args.learn)?,
        (None, None) => anyhow::bail!("--tz is needed: the time zone of the home"),
    };
    let options = &mut history.options;
    options.was_fine.extend(was_fine::instants(&args.was_fine, &history.zone)?);
    options.was_fine.sort_unstable();
    options.was_fine.dedup();
    Ok(history)
}

fn fit(history: History, args: &TrainArgs) -> Result<(ModelFile, Trained)> {
    let History { meter, is_net, readings, excluded, zone, mut options } = history;
    options.model = args.model.unwrap_or(options.model);
    if options.model == Choice::Auto {
        say!("choosing  a model on the home's own history");
    }
    let mut trained = train(readings, &zone, &options)?;
    excluded::note(&mut trained.provenance, &excluded);
    if !meter.is_empty() {
        let printable: String = meter.chars().filter(|character| !character.is_control()).collect();
        trained.provenance.options.insert(METER.to_owned(), printable);
    }
    if is_net {
        trained.provenance.options.insert(NET.to_owned(), "true".to_owned());
    }
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
    if let Some(calibration) = &model.calibration {
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
