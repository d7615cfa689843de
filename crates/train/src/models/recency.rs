//! What a reading counts for by its age: homes drift, so its weight halves every month.

use crate::training_set::TrainingSet;

/// A reading's weight halves in so many days.
const HALF_LIFE_DAYS: f64 = 30.0;

/// The weight of each row, 1 for the newest.
pub(super) fn weights(set: &TrainingSet) -> Vec<f64> {
    let newest = set.rows.last().map(|row| row.start);
    let age = |start| newest.map_or(0.0, |newest| newest.duration_since(start).as_secs_f64() / 86_400.0);
    set.rows.iter().map(|row| libm::exp2(-age(row.start) / HALF_LIFE_DAYS)).collect()
}
