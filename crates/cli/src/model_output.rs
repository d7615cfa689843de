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
    /// Refuses outputs that are one another or an input, or cannot be written to.
    pub(crate) fn check(&self, ledger: Option<&Path>, inputs: &[&Path]) -> Result<()> {
        let outputs = [
            ("--output", Some(self.output)),
            ("--table", self.table),
            ("--fitted", self.fitted),
            ("--ledger", ledger),
        ];
        output::distinct(&outputs, inputs)?;
        // What cannot be written to is noticed before the work, not after.
        for (_, path) in outputs {
            drop(path.map(Output::create).transpose()?);
        }
        Ok(())
    }

    /// Writes all: what fails leaves every file as it was (unless the disk fails while they are renamed).
    pub(crate) fn write(&self, model: &ModelFile, trained: Option<&Trained>) -> Result<()> {
        let mut table = Vec::new();
        write_table(&mut table, &model.table)?;
        let contents = [
            ("table", self.table, Some(table)),
            ("fitted", self.fitted, trained.map(Trained::to_bytes)),
            ("wrote", Some(self.output), Some(model.to_bytes())),
        ];
        let mut written = Vec::new();
        for (what, path, bytes) in contents {
            let (Some(path), Some(bytes)) = (path, bytes) else { continue };
            let mut output = Output::create(path)?;
            output
                .write_all(&bytes)
                .and_then(|()| output.flush())
                .with_context(|| OutputError(path.to_owned()))?;
            written.push((what, path, bytes.len(), output));
        }
        for (what, path, bytes, output) in written {
            output.finish()?;
            if path != Path::new("-") {
                say!("{what:<9} {} ({} KB)", path.display(), bytes.div_ceil(1000));
            }
        }
        Ok(())
    }
}

/// The level's table as `day,hour,wh,score`, a row a knot, numbers in full; names and numbers need no quotation marks.
fn write_table(output: &mut impl io::Write, table: &ScoreTable) -> io::Result<()> {
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
