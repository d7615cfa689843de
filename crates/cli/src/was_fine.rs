//! `train --was-fine`: which alerts were fine, and saying what becomes of them.

use anyhow::{Context as _, Result};
use jiff::{Timestamp, tz::TimeZone};
use knowatt_readings::{Readings, moment};

use crate::{output::say, text::wh};

/// The instants given, in order, each once.
pub(crate) fn instants(texts: &[String], zone: &TimeZone) -> Result<Vec<Timestamp>> {
    let instant = |text: &String| {
        moment(text.trim(), zone).with_context(|| format!("--was-fine `{}`", text.escape_debug()))
    };
    let mut instants = texts.iter().map(instant).collect::<Result<Vec<_>>>()?;
    instants.sort_unstable();
    instants.dedup();
    Ok(instants)
}

/// Says which readings are normal from now on.
pub(crate) fn tell(instants: &[Timestamp], readings: &Readings) {
    for reading in readings.rows.iter().filter(|reading| instants.contains(&reading.start)) {
        say!("fine      {}, {}: scores 1.0 at most", reading.start, wh(reading.wh));
    }
}
