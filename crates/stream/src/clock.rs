//! The time of now: the one place where it is asked for.

use jiff::Timestamp;

/// Now.
#[allow(clippy::disallowed_methods, reason = "a stream has to know how late it is")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Likewise, in ms since 1970.
pub(crate) fn now_ms() -> i64 {
    now().as_millisecond()
}
