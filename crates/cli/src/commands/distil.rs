//! `knowatt distil`: a model file of a fitted model, for another number of alerts.

use std::process::ExitCode;

use anyhow::Result;

use crate::{args::DistilArgs, history::read_fitted, model_output::ModelOutputs};

pub(crate) fn run(args: &DistilArgs) -> Result<ExitCode> {
    let outputs =
        ModelOutputs { output: args.output.clone(), table: args.table.clone(), fitted: None, plot: None };
    outputs.check(None, &[&args.fitted])?;
    let trained = read_fitted(&args.fitted)?;
    let model = trained.model_file(args.alerts_per_month.unwrap_or(trained.alerts_per_month))?;
    outputs.write(&model, None)?;
    Ok(ExitCode::SUCCESS)
}
