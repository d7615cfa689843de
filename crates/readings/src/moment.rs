//! An instant as a person gives it, in a flag or in a list: in either form that a row's time may have.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    clock::{Clock, TimeError},
    reading::PLAUSIBLE_TIMES,
};

/// Why a text names no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentError {
    /// In neither form, without a time of day, or of a time that no meter has seen.
    #[error(
        "RFC 3339 (2007-10-20T06:00:00Z) or the home's wall clock (2007-10-20T08:00) is expected, from 1970 to 2199"
    )]
    Unreadable,
    /// A wall-clock time that the zone skips.
    #[error("that time does not exist: the home's clocks skip it in spring")]
    Skipped,
}

/// The instant that a text names, in RFC 3339 or as a wall-clock time of the zone. A time that autumn
/// repeats is the earlier one.
///
/// ```
/// let zone = knowatt_score::Calendar::new("Europe/Paris", Default::default())?.zone().clone();
/// let moment = |text| knowatt_readings::moment(text, &zone);
/// assert_eq!(moment("2007-12-29T03:00"), moment("2007-12-29T02:00:00Z"));
/// assert!(moment("2007-12-29").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, MomentError> {
    moment_after(text.as_bytes(), zone, None)
}

/// The same, but a repeated time is the later one if `previous` lies between the two.
pub(crate) fn moment_after(
    field: &[u8],
    zone: &TimeZone,
    previous: Option<Timestamp>,
) -> Result<Timestamp, MomentError> {
    if is_date(field) {
        return Err(MomentError::Unreadable);
    }
    let previous = previous.map(Timestamp::as_millisecond);
    let at = Clock::new(zone.clone()).instant(field, previous, false).map_err(|error| match error {
        TimeError::Unreadable | TimeError::NoZone => MomentError::Unreadable,
        TimeError::Skipped => MomentError::Skipped,
    })?;
    let at = Some(at).filter(|at| PLAUSIBLE_TIMES.contains(at));
    at.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or(MomentError::Unreadable)
}

/// Whether there is no time of day in it.
pub(crate) fn is_date(field: &[u8]) -> bool {
    !field.trim_ascii().iter().any(|byte| matches!(byte, b'T' | b't' | b' '))
}
