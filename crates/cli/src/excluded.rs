//! `train --exclude`: reading the lists of periods, and saying what each left out.

use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::tz::TimeZone;
use knowatt_readings::{Excluded, Input, Periods};
use knowatt_score::Provenance;

use crate::{
    output::say,
    text::{YELLOW, counted},
};

/// Reads the lists, one after the other.
pub(crate) fn periods(paths: &[PathBuf], zone: &TimeZone) -> Result<Periods> {
    let mut periods = Periods::default();
    for path in paths {
        let is_stdin = path == Path::new("-");
        let input =
            if is_stdin { Input::from_reader("stdin", std::io::stdin())? } else { Input::open(path)? };
        periods.add(input, zone)?;
    }
    Ok(periods)
}

/// Says how many hours were left out, and by which line.
pub(crate) fn tell(excluded: &[Excluded]) {
    if excluded.is_empty() {
        return;
    }
    say!("excluded  {}, which are not learned", counted(hours(excluded), "hour"));
    for Excluded { input, line, what, touched, hours } in excluded {
        match (hours, touched) {
            (0, 0) => say!("{YELLOW}warning{YELLOW:#}   {input}:{line}: no reading lies in {what}"),
            (0, _) => say!("          {input}:{line}: nothing more, {what}"),
            _ => say!("          {input}:{line}: {}, {what}", counted(*hours, "hour")),
        }
    }
}

/// Notes the hours where the model file tells what it was learned from.
pub(crate) fn note(provenance: &mut Provenance, excluded: &[Excluded]) {
    let hours = hours(excluded);
    if hours > 0 {
        provenance.options.insert("excluded_hours".to_owned(), hours.to_string());
    }
}

fn hours(excluded: &[Excluded]) -> u64 {
    excluded.iter().map(|excluded| excluded.hours).sum()
}
