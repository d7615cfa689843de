//! The time of now: the one place where it is asked for.

use jiff::Timestamp;

/// Now.
#[allow(clippy::disallowed_methods, reason = "a stream has to know how late it is")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
