//! `knowatt export`: a model made into what another engine runs.

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use knowatt_export::{Export, all};
use knowatt_score::ModelFile;

use crate::{args::ExportArgs, inputs, output};

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
        Some(path) => {
            output::write("wrote", path, &target.export(&export)?)?;
            path.display().to_string()
        }
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
