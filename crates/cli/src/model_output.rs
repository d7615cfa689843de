//! Writing what was made: the model file, its score table, the fitted model, the picture.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use knowatt_score::{Knot, ModelFile, ScoreTable, sha256_hex};
use knowatt_train::Trained;

use crate::{
    output::{self, Output, OutputError, say},
    plot,
};

/// Where to write them.
#[derive(Clone)]
pub(crate) struct ModelOutputs {
    pub(crate) output: PathBuf,
    pub(crate) table: Option<PathBuf>,
    pub(crate) fitted: Option<PathBuf>,
    pub(crate) plot: Option<PathBuf>,
}

impl ModelOutputs {
    /// Those of one of several meters, in the directories that these are.
    pub(crate) fn of_meter(&self, meter: &str) -> Self {
        let name = file_name(meter);
        let within =
            |folder: &Option<PathBuf>, ending: &str| Some(folder.as_ref()?.join(format!("{name}{ending}")));
        Self {
            output: self.output.join(format!("{name}.json")),
            table: within(&self.table, ".csv"),
            fitted: within(&self.fitted, ".fitted.json"),
            plot: within(&self.plot, ".svg"),
        }
    }

    /// Refuses outputs that are one another or an input, or cannot be written to.
    pub(crate) fn check(&self, ledger: Option<&Path>, inputs: &[&Path]) -> Result<()> {
        let outputs = [
            ("--output", Some(self.output.as_path())),
            ("--table", self.table.as_deref()),
            ("--fitted", self.fitted.as_deref()),
            ("--plot", self.plot.as_deref()),
            ("--ledger", ledger),
        ];
        output::distinct(&outputs, inputs)?;
        if let Some(path) = &self.plot {
            plot::check(path)?;
        }
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
        let plot = self.plot.as_deref().map(|path| plot::draw(path, model, None)).transpose()?;
        let contents = [
            ("table", self.table.as_deref(), Some(table)),
            ("fitted", self.fitted.as_deref(), trained.map(Trained::to_bytes)),
            ("plot", self.plot.as_deref(), plot),
            ("wrote", Some(self.output.as_path()), Some(model.to_bytes())),
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

/// The longest name of a file without its ending, in bytes: most file systems have room for 255.
const MOST_NAME_BYTES: usize = 200;
/// Hexadecimal digits of a digest, which tell apart names that begin alike.
const DIGEST_DIGITS: usize = 16;

/// A meter's name as that of a file: what is no letter, digit, `-`, `_` or (but first) `.` is written `%2F`. A name that is too
/// long is cut, and ends in `~` and the beginning of the SHA-256 of all of it.
fn file_name(meter: &str) -> String {
    let mut name = String::new();
    for (place, byte) in meter.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if place > 0 => name.push('.'),
            _ => name.extend(format!("%{byte:02X}").chars()),
        }
    }
    if name.len() > MOST_NAME_BYTES {
        let digest = sha256_hex(meter.as_bytes());
        name.truncate(MOST_NAME_BYTES - DIGEST_DIGITS - 1);
        name.push('~');
        name.push_str(&digest[..DIGEST_DIGITS]);
    }
    if name.is_empty() { "meter".to_owned() } else { name }
}
