//! Times of the day, as manners are written with them.

use std::str::FromStr;

use jiff::{Timestamp, ZonedDateTime, civil::Time};

/// The first instant after `now` at which a wall clock shows that time, or would if it were not put forward then.
fn next(now: &ZonedDateTime, time: Time) -> Timestamp {
    let today = now.datetime().date();
    let days = [Some(today), today.tomorrow().ok()].into_iter().flatten();
    let found = days.flat_map(|day| {
        let shown = now.time_zone().to_ambiguous_timestamp(day.to_datetime(time));
        // Of an hour that comes twice, both; of one that is skipped, the one after.
        let both = [shown.compatible().ok(), shown.later().ok()];
        both.into_iter().flatten()
    });
    found.filter(|at| *at > now.timestamp()).min().unwrap_or(Timestamp::MAX)
}

/// A time of the day, `18:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay(Time);

impl TimeOfDay {
    pub(super) fn next(self, now: &ZonedDateTime) -> Timestamp {
        next(now, self.0)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is not a time of the day, as 18:00");
        let (hour, minute) = text.trim().split_once(':').ok_or_else(expected)?;
        let hour = hour.parse().map_err(|_| expected())?;
        let minute = minute.parse().map_err(|_| expected())?;
        Time::new(hour, minute, 0, 0).map(Self).map_err(|_| expected())
    }
}

/// From one time of the day to another, over midnight if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

impl QuietHours {
    /// When they end, if it is quiet now.
    pub(super) fn end(self, now: &ZonedDateTime) -> Option<Timestamp> {
        let time = now.time();
        let is_quiet = if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        };
        is_quiet.then(|| next(now, self.to))
    }
}

impl FromStr for QuietHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('-').ok_or_else(|| format!("`{text}` is not as 22:00-07:00"))?;
        let (TimeOfDay(from), TimeOfDay(to)) = (from.parse()?, to.parse()?);
        if from == to { Err(format!("`{text}` has no length")) } else { Ok(Self { from, to }) }
    }
}

/// Hours of the day, `22-6`, the last one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    first: u8,
    last: u8,
}

impl Hours {
    pub(super) fn contains(self, hour: u8) -> bool {
        if self.first <= self.last {
            (self.first..=self.last).contains(&hour)
        } else {
            hour >= self.first || hour <= self.last
        }
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is not hours of the day as 22-6 or 4");
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let hour = |text: &str| text.trim().parse::<u8>().ok().filter(|hour| *hour < 24).ok_or_else(expected);
        Ok(Self { first: hour(first)?, last: hour(last)? })
    }
}
