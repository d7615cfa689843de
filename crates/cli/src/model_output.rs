//! Writing what was made: the model file, its score table, the fitted model.

use std::{
    io::{self, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use knowatt_score::{Knot, ModelFile, ScoreTable};
use knowatt_train::Trained;

use crate::output::{self, Output, OutputError, say};

/// Where to write them.
pub(crate) struct ModelOutputs<'a> {
    pub(crate) output: &'a Path,
    pub(crate) table: Option<&'a Path>,
    pub(crate) fitted: Option<&'a Path>,
}

impl ModelOutputs<'_> {
    /// Refuses outputs that are one another or an input.
    pub(crate) fn distinct(&self, ledger: Option<&Path>, inputs: &[&Path]) -> Result<()> {
        let outputs = [
            ("--output", Some(self.output)),
            ("--table", self.table),
            ("--fitted", self.fitted),
            ("--ledger", ledger),
        ];
        output::distinct(&outputs, inputs)
    }

    /// Writes all; each is there whole or not at all.
    pub(crate) fn write(&self, model: &ModelFile, trained: Option<&Trained>) -> Result<()> {
        // All are opened before any is there.
        let open = |path: Option<&'_ Path>| path.map(Output::create).transpose();
        let (mut output, table, fitted) =
            (Output::create(self.output)?, open(self.table)?, open(self.fitted)?);
        if let Some((path, mut table)) = self.table.zip(table) {
            write_table(&mut table, &model.table).with_context(|| OutputError(path.to_owned()))?;
            table.finish()?;
            said("table", path, None);
        }
        if let Some(((path, mut fitted), trained)) = self.fitted.zip(fitted).zip(trained) {
            let bytes = trained.to_bytes();
            fitted.write_all(&bytes).with_context(|| OutputError(path.to_owned()))?;
            fitted.finish()?;
            said("fitted", path, Some(bytes.len()));
        }
        let bytes = model.to_bytes();
        output.write_all(&bytes).with_context(|| OutputError(self.output.to_owned()))?;
        output.finish()?;
        said("wrote", self.output, Some(bytes.len()));
        Ok(())
    }
}

/// The level's table as `day,hour,wh,score`, a row a knot, numbers in full; names and numbers need no quotation marks.
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

fn said(what: &str, path: &Path, bytes: Option<usize>) {
    if path != Path::new("-") {
        let size = bytes.map(|bytes| format!(" ({} KB)", bytes.div_ceil(1000))).unwrap_or_default();
        say!("{what:<9} {}{size}", path.display());
    }
}
