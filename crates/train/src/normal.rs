//! The standard normal distribution.

use std::f64::consts::SQRT_2;

/// P(Z > z).
pub(crate) fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The z with P(Z > z) = `tail`, for a tail in (0, 1).
///
/// A starting value within 4.5·10⁻⁴ (Abramowitz & Stegun, *Handbook of Mathematical Functions*,
/// 26.2.23), then two steps of Halley's method on [`upper_tail`].
pub(crate) fn upper_quantile(tail: f64) -> f64 {
    if tail > 0.5 {
        return -upper_quantile(1.0 - tail);
    }
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - above / below;
    for _ in 0..2 {
        let density = libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * std::f64::consts::PI);
        if density < 1e-290 {
            break; // out where doubles end, the starting value has to do
        }
        let step = (upper_tail(z) - tail) / density;
        z += step / (1.0 - 0.5 * z * step);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Abramowitz & Stegun, table 26.5, and the usual two-sided ones.
        let known = [
            (0.5, 0.0),
            (0.05, 1.644_853_627),
            (0.025, 1.959_963_985),
            (0.001, 3.090_232_306),
            (1e-10, 6.361_340_902),
        ];
        for (tail, z) in known {
            assert!((upper_quantile(tail) - z).abs() < 1e-8, "{tail}");
            assert!((upper_quantile(1.0 - tail) + z).abs() < 1e-6, "{tail}");
        }
    }

    #[test]
    fn quantile_and_tail_undo_each_other() {
        for step in -60..=350 {
            let z = f64::from(step) / 10.0;
            let back = upper_quantile(upper_tail(z));
            assert!((back - z).abs() < 1e-6, "{z} came back as {back}");
        }
    }
}
