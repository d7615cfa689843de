//! `train --was-fine`: which alerts were fine, and saying what becomes of them.

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use knowatt_readings::{Readings, moment};
use knowatt_score::{Calendar, DayClasses, INTERVAL_S, Recent};

use crate::{output::say, text::wh};

/// The instants given.
pub(crate) fn instants(texts: &[String], zone: &str) -> Result<Vec<Timestamp>> {
    let calendar = Calendar::new(zone, DayClasses::None)?;
    let instant = |text: &String| {
        moment(text.trim(), calendar.zone()).with_context(|| format!("--was-fine `{}`", text.escape_debug()))
    };
    texts.iter().map(instant).collect()
}

/// Says which readings are normal from now on.
pub(crate) fn tell(instants: &[Timestamp], readings: &Readings) {
    let mut run = 0;
    let mut previous = None;
    for reading in &readings.rows {
        let follows = previous.is_some_and(|before| reading.start.duration_since(before) == HOUR);
        run = if follows { run + 1 } else { 1 };
        previous = Some(reading.start);
        if !instants.contains(&reading.start) {
            continue;
        }
        let limits = if run < Recent::HOURS {
            ", as far as the hours before it were learned: some were not, and with them it may score more"
        } else {
            ""
        };
        say!("fine      {}, {}: scores 1.0 at most{limits}", reading.start, wh(reading.wh));
    }
}

const HOUR: SignedDuration = SignedDuration::from_secs(INTERVAL_S as i64);
