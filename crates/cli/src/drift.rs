//! Saying when readings are no longer like those the model knows, and what to do.

use knowatt_readings::Readings;
use knowatt_score::{Calendar, DRIFT, DRIFT_LEAST_HOURS, Population, Provenance};

use crate::{
    output::say,
    text::{YELLOW, counted},
};

/// Compares the level scores of readings with those of the readings learned from.
pub(crate) fn tell(
    population: &Population,
    levels: &[f64],
    provenance: &Provenance,
    readings: &Readings,
    calendar: &Calendar,
) {
    if levels.len() < DRIFT_LEAST_HOURS {
        return;
    }
    let index = population.stability_index(levels);
    if index < DRIFT {
        return;
    }
    let direction = if population.is_lower_than(levels) { "more" } else { "less" };
    let hours = counted(levels.len() as u64, "hour");
    say!(
        "{YELLOW}drift{YELLOW:#}     these {hours} are not like those the model knows: {direction} is used than was usual (population stability index {index:.2}; {DRIFT} and more is drift)"
    );
    let month = |instant| calendar.local(instant).strftime("%B %Y").to_string();
    let learned =
        provenance.first.zip(provenance.last_instant()).map(|(first, last)| (month(first), month(last)));
    let scored =
        readings.rows.first().zip(readings.rows.last()).map(|(a, b)| (month(a.start), month(b.start)));
    if let Some(((first, last), (from, to))) = learned.zip(scored) {
        let span = |first: String, last: String| {
            if first == last { first } else { format!("{first} to {last}") }
        };
        say!("          it knows {}, these are of {}", span(first, last), span(from, to));
    }
    say!("          so its scores say less; train on the last 90 days: knowatt train … --last-days 90");
}
