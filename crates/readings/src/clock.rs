//! A row's time as an instant.
//!
//! Two forms are read: RFC 3339 (with an offset or `Z`), and local wall-clock time in a given zone,
//! `YYYY-MM-DD HH:MM[:SS[.fff]]` with a space or a `T`. For the latter there are two policies:
//! a time the zone *skips* in spring is refused, and a time it *repeats* in autumn is the earlier
//! instant, unless the row before it lies between the two; then it is the later one (in a file with the newest
//! row first, the later one unless the row before it is no later). So a file that runs through the repeated hour
//! twice is read right, and one that has it once keeps the first, or from new to old the second.
//!
//! Rows of the same hour share their first fourteen characters. As parsing time is half the work of
//! reading a long file, that hour's start is remembered, and only minutes and seconds are read anew.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

/// Milliseconds since 1970, UTC.
pub(crate) type Millis = i64;

pub(crate) const MINUTE_MS: Millis = 60_000;
pub(crate) const HOUR_MS: Millis = 60 * MINUTE_MS;

/// Length of `YYYY-MM-DD HH:`.
const HOUR_TEXT: usize = 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// Not a time in one of the two forms.
    Unreadable,
    /// A wall-clock time that the zone skips.
    Skipped,
    /// A wall-clock time, and no zone to take it in.
    NoZone,
}

pub(crate) struct Clock {
    zone: TimeZone,
    /// Whether wall-clock times are those of the zone.
    pub(crate) has_zone: bool,
    hour: Option<KnownHour>,
}

/// An hour whose every minute is `start` plus that many minutes.
struct KnownHour {
    text: [u8; HOUR_TEXT],
    /// What follows minutes and seconds: nothing, or an offset.
    suffix: Box<[u8]>,
    start: Millis,
}

impl Clock {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, has_zone: true, hour: None }
    }

    /// The instant that `field` names; `previous` is the row before it.
    #[inline]
    pub(crate) fn instant(
        &mut self,
        field: &[u8],
        previous: Option<Millis>,
        descends: bool,
    ) -> Result<Millis, TimeError> {
        let field = field.trim_ascii();
        let within = WithinHour::of(field);
        if let (Some(hour), Some(within)) = (&self.hour, &within)
            && field[..HOUR_TEXT] == hour.text
            && *within.suffix == *hour.suffix
        {
            return Ok(hour.start + within.offset);
        }
        self.parse(field, within, previous, descends)
    }

    fn parse(
        &mut self,
        field: &[u8],
        within: Option<WithinHour<'_>>,
        previous: Option<Millis>,
        descends: bool,
    ) -> Result<Millis, TimeError> {
        let text = std::str::from_utf8(field).map_err(|_| TimeError::Unreadable)?;
        // First as an instant: a wall-clock time would be read without the offset that follows it.
        let (instant, regular) = match text.parse::<Timestamp>() {
            Ok(instant) => (millis(instant), true),
            // A zone's name behind a wall-clock time would be ignored: refused.
            Err(_) if text.contains('[') => return Err(TimeError::Unreadable),
            Err(_) => {
                let local: DateTime = text.parse().map_err(|_| TimeError::Unreadable)?;
                if !self.has_zone {
                    return Err(TimeError::NoZone);
                }
                (self.disambiguate(local, previous, descends)?, self.is_regular(local))
            }
        };
        if let (true, Some(within)) = (regular, within) {
            let mut hour = [0; HOUR_TEXT];
            hour.copy_from_slice(&field[..HOUR_TEXT]);
            self.hour =
                Some(KnownHour { text: hour, suffix: within.suffix.into(), start: instant - within.offset });
        }
        Ok(instant)
    }

    fn disambiguate(
        &self,
        local: DateTime,
        previous: Option<Millis>,
        descends: bool,
    ) -> Result<Millis, TimeError> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let out_of_range = |_| TimeError::Unreadable;
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Ok(millis(ambiguous.compatible().map_err(out_of_range)?)),
            AmbiguousOffset::Gap { .. } => Err(TimeError::Skipped),
            AmbiguousOffset::Fold { .. } => {
                let earlier = millis(ambiguous.earlier().map_err(out_of_range)?);
                let later = millis(ambiguous.later().map_err(out_of_range)?);
                let is_second = previous.is_some_and(|previous| {
                    if descends { previous > later } else { (earlier..later).contains(&previous) }
                });
                Ok(if is_second { later } else { earlier })
            }
        }
    }

    /// Whether no change of the zone's offset touches the local hour.
    fn is_regular(&self, local: DateTime) -> bool {
        let edge = |minute, second| {
            let edge = local.with().minute(minute).second(second).subsec_nanosecond(0).build().ok()?;
            let ambiguous = self.zone.to_ambiguous_timestamp(edge);
            ambiguous.unambiguous().ok().map(Timestamp::as_second)
        };
        matches!((edge(0, 0), edge(59, 59)), (Some(first), Some(last)) if last - first == 3599)
    }
}

fn millis(instant: Timestamp) -> Millis {
    instant.as_millisecond()
}

/// The part of a time after its hour: `MM` or `MM:SS`, then whatever follows but a fraction.
struct WithinHour<'a> {
    offset: Millis,
    suffix: &'a [u8],
}

impl<'a> WithinHour<'a> {
    #[inline]
    fn of(field: &'a [u8]) -> Option<Self> {
        let (hour, rest) = field.split_at_checked(HOUR_TEXT)?;
        if hour[HOUR_TEXT - 1] != b':' {
            return None;
        }
        let (minutes, rest) = rest.split_at_checked(2)?;
        let mut offset = below_sixty(minutes)? * MINUTE_MS;
        let suffix = match rest {
            [b':', tens, ones, suffix @ ..] => {
                offset += below_sixty(&[*tens, *ones])? * 1000;
                suffix
            }
            _ => rest,
        };
        let fraction = matches!(suffix, [b'.' | b',' | b'0'..=b'9', ..]);
        (!fraction).then_some(Self { offset, suffix })
    }
}

#[inline]
fn below_sixty(digits: &[u8]) -> Option<Millis> {
    match digits {
        [tens @ b'0'..=b'5', ones @ b'0'..=b'9'] => Some(Millis::from((tens - b'0') * 10 + (ones - b'0'))),
        _ => None,
    }
}

/// A length of time as people say it.
pub(crate) fn spell(length: Millis) -> String {
    let (minutes, seconds) = (length / MINUTE_MS, (length % MINUTE_MS) as f64 / 1000.0);
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min")];
    let mut words: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if seconds > 0.0 || words.is_empty() {
        words.push(format!("{seconds} s"));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock(zone: &str) -> Clock {
        let calendar = knowatt_score::Calendar::new(zone, knowatt_score::DayClasses::None).unwrap();
        Clock::new(calendar.zone().clone())
    }

    /// Reads times in order and gives them back as RFC 3339.
    fn read(zone: &str, times: &[&str]) -> Vec<Result<String, TimeError>> {
        let mut clock = clock(zone);
        let mut previous = None;
        let mut one = |text: &&str| {
            let instant = clock.instant(text.as_bytes(), previous, false)?;
            previous = Some(instant);
            Ok(Timestamp::from_millisecond(instant).unwrap().to_string())
        };
        times.iter().map(&mut one).collect()
    }

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let same = [
            "2024-07-01T12:30:00Z",
            "2024-07-01 14:30",
            "2024-07-01T14:30:00.000",
            "2024-07-01 14:30:00+02:00",
            "2024-07-01T14:30:00+0200",
            "2024-07-01t12:30z",
            " 2024-07-01T14:30+02:00 ",
        ];
        for text in same {
            assert_eq!(read("Europe/Paris", &[text]), [Ok("2024-07-01T12:30:00Z".to_owned())], "{text}");
        }
        for text in [
            "",
            "01/07/2024 14:30",
            "2024-13-01 00:00",
            "2024-07-01 24:30",
            "1719837000",
            "2024-07-01 14:60",
            "\u{7f}",
        ] {
            assert_eq!(read("Europe/Paris", &[text]), [Err(TimeError::Unreadable)], "{text}");
        }
    }

    #[test]
    fn an_offset_is_obeyed_whatever_the_zone() {
        for text in [
            "2024-03-31T07:00:00+05:00",
            "2024-03-31 07:00+0500",
            "2024-03-30T22:30:00.250-03:30",
            "2024-03-31T02:00:00+00:00",
        ] {
            let found = read("Europe/Paris", &[text, text])[1].clone().unwrap();
            assert_eq!(found[..19], "2024-03-31T02:00:00"[..19], "{text}");
        }
        let hours = ["2024-01-01T00:00:00+05:00", "2024-01-01T00:01:00+05:00", "2024-01-01T00:02:00-05:00"];
        let expected = ["2023-12-31T19:00:00Z", "2023-12-31T19:01:00Z", "2024-01-01T05:02:00Z"];
        assert_eq!(read("UTC", &hours), expected.map(|text| Ok(text.to_owned())));
    }

    #[test]
    fn a_skipped_spring_time_is_refused() {
        let read = read(
            "Europe/Paris",
            &["2008-03-30 01:59", "2008-03-30 02:00", "2008-03-30 02:59", "2008-03-30 03:00"],
        );
        assert_eq!(read[1..3], [Err(TimeError::Skipped), Err(TimeError::Skipped)]);
        assert_eq!(read[3], Ok("2008-03-30T01:00:00Z".to_owned()));
    }

    #[test]
    fn the_autumn_hour_is_read_twice_in_order() {
        let times = [
            "2008-10-26 01:30",
            "2008-10-26 02:00",
            "2008-10-26 02:30",
            "2008-10-26 02:00",
            "2008-10-26 02:30",
            "2008-10-26 03:00",
        ];
        let expected = [
            "2008-10-25T23:30:00Z",
            "2008-10-26T00:00:00Z",
            "2008-10-26T00:30:00Z",
            "2008-10-26T01:00:00Z",
            "2008-10-26T01:30:00Z",
            "2008-10-26T02:00:00Z",
        ];
        assert_eq!(read("Europe/Paris", &times), expected.map(|text| Ok(text.to_owned())));
    }

    #[test]
    fn a_change_within_an_hour_is_not_remembered_over() {
        // At 02:00 Lord Howe goes back to 01:30, so 01:30 to 01:59 come twice.
        let times = [
            "2024-04-07 01:00",
            "2024-04-07 01:29",
            "2024-04-07 01:45",
            "2024-04-07 01:30",
            "2024-04-07 01:59",
        ];
        let expected = [
            "2024-04-06T14:00:00Z",
            "2024-04-06T14:29:00Z",
            "2024-04-06T14:45:00Z",
            "2024-04-06T15:00:00Z",
            "2024-04-06T15:29:00Z",
        ];
        assert_eq!(read("Australia/Lord_Howe", &times), expected.map(|text| Ok(text.to_owned())));
    }

    proptest! {
        #[test]
        fn remembering_the_hour_changes_nothing(
            start in 0..4_000_000_000_i64,
            steps in prop::collection::vec(0..5000_i64, 1..60),
            zone in prop::sample::select(vec!["Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata", "UTC", "America/St_Johns"]),
            form in 0..4,
        ) {
            let calendar = knowatt_score::Calendar::new(zone, knowatt_score::DayClasses::None).unwrap();
            let (mut remembering, mut previous, mut at) = (clock(zone), None, start);
            for step in steps {
                at += step;
                let instant = Timestamp::from_second(at).unwrap();
                let local = calendar.local(instant);
                let text = match form {
                    0 => local.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                    1 => local.strftime("%Y-%m-%dT%H:%M").to_string(),
                    2 => instant.display_with_offset(jiff::tz::offset(5)).to_string(),
                    _ => instant.to_string(),
                };
                let with = remembering.instant(text.as_bytes(), previous, false);
                let without = clock(zone).instant(text.as_bytes(), previous, false);
                prop_assert_eq!(with, without, "{}", text);
                if form > 1 {
                    prop_assert_eq!(with, Ok(1000 * at), "{}", text);
                }
                previous = with.ok().or(previous);
            }
        }
    }
}
