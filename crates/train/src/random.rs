//! Seeded random numbers whose stream is fixed by name.
//!
//! xoshiro256++ (Blackman & Vigna 2021, *Scrambled linear pseudorandom number generators*), seeded by
//! `SplitMix64` as its authors advise. Numbers and orders are drawn from its 64 bits here, in a way that no
//! other crate's update can change.

use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};

/// A stream of random numbers.
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// At least 0 and below 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Below `end`, which is not 0.
    #[allow(clippy::cast_possible_truncation, reason = "below `end`")]
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.0.next_u64()) * end as u128) >> 64) as usize
    }

    /// Puts the items in random order (Fisher & Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let mut random = Random::new(0);
        let drawn: Vec<usize> = (0..8).map(|_| random.below(1000)).collect();
        // The first is 0x53175d61490b23df, as the authors' own program gives it.
        assert_eq!(drawn, [324, 382, 359, 11, 495, 20, 857, 845]);
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u8> = (0..100).collect();
        Random::new(7).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<u8>>());
    }
}
