//! `knowatt report`: a page that shows what is normal, and what was not.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use knowatt_report::{History, Report};
use knowatt_score::ModelFile;

use crate::{
    args::ReportArgs,
    commands::holidays,
    history::{self, METER},
    inputs::{self, Sources},
    output::{self, Output},
};

pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode> {
    let files: Vec<_> = args.inputs.iter().chain([&args.model]).map(PathBuf::as_path).collect();
    let ledger = args.columns.ledger.as_deref();
    output::distinct(&[("--output", Some(&args.output)), ("--ledger", ledger)], &files)?;
    let (model, sha256) = inputs::read_sealed(&args.model, |source| ModelFile::read_with_digest(source))?;
    let output = Output::create(&args.output)?;
    let sources = Sources { inputs: &args.inputs, format: args.format, columns: &args.columns };
    let (meter, history) = read(sources, &model)?;
    let report = Report {
        model: &model,
        sha256: &sha256,
        meter: &meter,
        history,
        price: args.price_per_kwh.clone(),
        is_live: false,
    };
    let page = report.to_html()?;
    output::write_to(output, "wrote", &args.output, page.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The meter's name, by the readings or else by the model, and the readings scored, if there are any.
pub(crate) fn read(sources: Sources<'_>, model: &ModelFile) -> Result<(String, Option<History>)> {
    let of_model = || model.provenance.options.get(METER).cloned().unwrap_or_default();
    if sources.inputs.is_empty() {
        return Ok((of_model(), None));
    }
    let calendar = model.table.calendar();
    history::tell_net(&model.provenance, sources.columns.net);
    let (name, history) = inputs::read_then(sources, calendar.zone_name(), |meter, ledger| {
        holidays::tell_unknown_years(calendar, &meter.readings.rows);
        (meter.name.clone(), History::of(model, &meter.readings, ledger))
    })?;
    Ok((if name.is_empty() { of_model() } else { name }, Some(history?)))
}
