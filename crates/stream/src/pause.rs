//! How long is waited before something is tried again.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// Half of it to all of it, so that many clients do not come back at the same instant.
pub fn jittered(pause: Duration) -> Duration {
    // The keys of the standard library's hash maps are drawn at random.
    let random = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    pause / 2 + (pause / 2).mul_f64(random)
}
