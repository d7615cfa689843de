//! Round numbers for an axis of Wh.

/// Round numbers from 0 to `highest` Wh, at most so many besides 0: steps of 1, 2 or 5 times a power of ten, of at least a Wh.
pub(super) fn ticks(highest: f64, most: u32) -> Vec<f64> {
    let least_step = highest / f64::from(most);
    let mut unit = 1.0;
    while unit * 10.0 <= least_step {
        unit *= 10.0;
    }
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * unit);
    let step = steps.into_iter().find(|step| *step >= least_step).unwrap_or(steps[3]);
    (0..=most).map(|count| f64::from(count) * step).filter(|tick| *tick <= highest).collect()
}

/// `1500 Wh`.
pub(super) fn named(wh: f64) -> String {
    const LONG: f64 = 1e7;
    if wh < LONG { format!("{wh} Wh") } else { format!("{wh:e} Wh") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_no_more_than_asked_for() {
        assert_eq!(ticks(3120.0, 4), [0.0, 1000.0, 2000.0, 3000.0]);
        assert_eq!(ticks(4000.0, 4), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
        assert_eq!(ticks(812.0, 4), [0.0, 500.0]);
        assert_eq!(ticks(790.0, 4), [0.0, 200.0, 400.0, 600.0]);
        assert_eq!(ticks(3120.0, 2), [0.0, 2000.0]);
    }

    #[test]
    fn the_scale_of_what_is_no_home_has_an_end() {
        assert_eq!(ticks(0.0, 4), [0.0]);
        assert_eq!(ticks(0.3, 4), [0.0]);
        assert!(ticks(f64::MAX, 4).iter().all(|tick| tick.is_finite()));
        assert_eq!((named(1500.0), named(2e307)), ("1500 Wh".to_owned(), "2e307 Wh".to_owned()));
    }
}
