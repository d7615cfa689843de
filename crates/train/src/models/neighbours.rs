//! What a cell borrows from the cells around it.
//!
//! A cell of three months has some sixty readings, or twenty-five on days off: too few for its tail. So
//! it borrows from the hours around the clock on either side, by a normal kernel, and from the other day
//! classes (Racine & Li 2004, *Nonparametric estimation of regression functions with both categorical and
//! continuous data*).

use knowatt_score::HOURS;

/// The hours on either side that lend anything.
const REACH_HOURS: usize = 3;
/// What a reading of another day class counts for.
pub(super) const OTHER_DAYS: f64 = 0.3;

/// How much each hour around lends, from −`REACH_HOURS` to +`REACH_HOURS`.
fn hour_weights(bandwidth_hours: f64) -> [f64; 2 * REACH_HOURS + 1] {
    std::array::from_fn(|place| {
        let apart = (place as f64 - REACH_HOURS as f64) / bandwidth_hours;
        libm::exp(-0.5 * apart * apart)
    })
}

/// How many hours' worth of readings a cell sees.
pub(super) fn hours_seen(bandwidth_hours: f64) -> f64 {
    hour_weights(bandwidth_hours).iter().sum()
}

/// For each cell the weighted sum of what it and its neighbours hold: `sums` has `width` numbers a cell, in
/// the order day · 24 + hour. With it the sum over all cells, for those that have no neighbour either.
pub(super) fn borrowed(sums: &[f64], width: usize, bandwidth_hours: f64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let add = |sum: &mut [f64], lent: &[f64], weight: f64| {
        for (sum, lent) in sum.iter_mut().zip(lent) {
            *sum += weight * lent;
        }
    };
    let cell = |day: usize, hour: usize| &sums[(day * HOURS + hour) * width..][..width];
    let days = sums.len() / width / HOURS;
    let mut of_hour = vec![vec![0.0; width]; HOURS];
    let mut of_all = vec![0.0; width];
    for (hour, of_hour) in of_hour.iter_mut().enumerate() {
        for day in 0..days {
            add(of_hour, cell(day, hour), 1.0);
        }
        add(&mut of_all, of_hour, 1.0);
    }
    let weights = hour_weights(bandwidth_hours);
    let seen = |day: usize, hour: usize| {
        let mut sum = vec![0.0; width];
        for (place, weight) in weights.into_iter().enumerate() {
            let around = (hour + HOURS + place - REACH_HOURS) % HOURS;
            add(&mut sum, &of_hour[around], weight * OTHER_DAYS);
            add(&mut sum, cell(day, around), weight * (1.0 - OTHER_DAYS));
        }
        sum
    };
    ((0..days * HOURS).map(|cell| seen(cell / HOURS, cell % HOURS)).collect(), of_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_lent_around_the_clock_and_to_other_days() {
        // Two day classes; one reading, at 23:00 of the first.
        let mut sums = vec![0.0; 2 * HOURS];
        sums[23] = 1.0;
        let (seen, all) = borrowed(&sums, 1, 1.0);
        let near = (-0.5_f64).exp();
        for (cell, expected) in
            [(23, 1.0), (22, near), (0, near), (HOURS + 23, 0.3), (HOURS, 0.3 * near), (4, 0.0), (19, 0.0)]
        {
            assert!((seen[cell][0] - expected).abs() < 1e-12, "{cell}: {}", seen[cell][0]);
        }
        assert_eq!(all, [1.0]);
    }
}
