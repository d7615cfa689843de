//! How long is waited before something is tried again.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// How often it is looked whether there is an end to the waiting.
const LOOK: Duration = Duration::from_millis(100);

/// Half of it to all of it, so that many clients do not come back at the same instant.
pub fn jittered(pause: Duration) -> Duration {
    // The keys of the standard library's hash maps are drawn at random.
    let random = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    pause / 2 + (pause / 2).mul_f64(random)
}

/// Waits, but not beyond the end, and shows that it is alive.
pub fn wait(pause: Duration, stop: &AtomicBool, alive: &mut dyn FnMut()) {
    let until = Instant::now() + pause;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        alive();
        std::thread::sleep(LOOK.min(pause));
    }
}
