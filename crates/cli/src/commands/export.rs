//! `knowatt export`: a model made into what another engine runs.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use knowatt_export::{Export, Target, all};
use knowatt_score::ModelFile;

use crate::{
    args::ExportArgs,
    inputs,
    output::{self, Output, OutputError, say},
};

pub(crate) fn run(args: &ExportArgs) -> Result<ExitCode> {
    let (Some(model), Some(target)) = (&args.model, args.to) else {
        return list();
    };
    if let Some(path) = &args.output {
        output::distinct(&[("--output", Some(path))], &[model])?;
    }
    anyhow::ensure!(
        !args.explain || args.output.as_deref() != Some(Path::new("-")),
        "--explain is for people and -o - for programs; give them one of the two"
    );
    let (model, sha256) = inputs::read_sealed(model, |source| ModelFile::read_with_digest(source))?;
    let mut export = Export::new(&model, sha256, args.name.clone());
    anyhow::ensure!(
        !args.seed_compatible || target.has_seed_compatible(),
        "--seed-compatible is not for {}, only for {}",
        target.name(),
        all()
            .iter()
            .filter(|target| target.has_seed_compatible())
            .map(|target| target.name())
            .collect::<Vec<_>>()
            .join(", ")
    );
    export.seed_compatible = args.seed_compatible;
    let file = match &args.output {
        Some(path) => write(path, target, &export)?,
        None => format!("{}.{}", export.name.lower(), target.extension()),
    };
    if args.explain {
        output::print(|out| write!(out, "{}", target.explain(&export, &file)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list() -> Result<ExitCode> {
    let width = all().iter().map(|target| target.name().len()).max().unwrap_or_default();
    output::print(|out| {
        all().iter().try_for_each(|target| writeln!(out, "{:width$}  {}", target.name(), target.summary()))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &PathBuf, target: &dyn Target, export: &Export<'_>) -> Result<String> {
    let bytes = target.export(export)?;
    let mut output = Output::create(path)?;
    output.write_all(&bytes).with_context(|| OutputError(path.clone()))?;
    output.finish()?;
    if path != Path::new("-") {
        say!("wrote     {} ({} KB)", path.display(), bytes.len().div_ceil(1000));
    }
    Ok(path.display().to_string())
}
