//! The time of now: the one place where it is asked for.

use std::time::Duration;

use jiff::Timestamp;

/// Now.
#[allow(clippy::disallowed_methods, reason = "a stream has to know how late it is")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Likewise, in ms since 1970.
pub fn now_ms() -> i64 {
    now().as_millisecond()
}

/// The time, in ms since 1970, that lies so far ahead of now.
pub(crate) fn ahead_ms(of: Duration) -> i64 {
    now_ms().saturating_add(i64::try_from(of.as_millis()).unwrap_or(i64::MAX))
}
