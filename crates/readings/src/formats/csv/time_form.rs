//! The ways in which tables write times, made into the one that is read: `2024-01-31 18:00:00`.

use crate::{clock::Millis, formats::DateOrder};

/// How a table writes its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// RFC 3339, or wall-clock time with the year first.
    Iso,
    /// Wall-clock time of UTC.
    Utc,
    /// Numbers of day, month and year, and a wall-clock time, also with AM and PM.
    Dated(DateOrder),
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told by their size.
    Epoch,
}

/// A time as it stands in a row.
pub(super) enum Written<'a> {
    Text(&'a [u8]),
    Instant(Millis),
}

impl TimeForm {
    /// The time of a field, in a form that is read; `scratch` may hold it.
    #[inline]
    pub(super) fn written<'a>(self, field: &'a [u8], scratch: &'a mut Vec<u8>) -> Written<'a> {
        match self {
            Self::Iso => Written::Text(field),
            Self::Utc => {
                scratch.clear();
                scratch.extend_from_slice(field.trim_ascii());
                scratch.push(b'Z');
                Written::Text(scratch)
            }
            Self::Dated(order) => match dated(field, order) {
                Some(text) => {
                    *scratch = text.into_bytes();
                    Written::Text(scratch)
                }
                None => Written::Text(field),
            },
            Self::Epoch => {
                match std::str::from_utf8(field.trim_ascii()).ok().and_then(|text| text.parse().ok()) {
                    Some(number) => epoch(number).map_or(Written::Text(field), Written::Instant),
                    None => Written::Text(field),
                }
            }
        }
    }

    /// The form of some times; none if none fits all, and their order of day and month if that is in doubt.
    pub(super) fn of(samples: &[&[u8]], order: Option<DateOrder>) -> Result<Option<Self>, String> {
        let text = |field: &&[u8]| String::from_utf8_lossy(field).trim().to_owned();
        let samples: Vec<String> = samples.iter().map(text).filter(|text| !text.is_empty()).collect();
        if samples.is_empty() {
            return Ok(None);
        }
        if samples.iter().all(|text| text.parse::<f64>().is_ok_and(|number| epoch(number).is_some())) {
            return Ok(Some(Self::Epoch));
        }
        let dates: Option<Vec<[u32; 3]>> = samples.iter().map(|text| date_numbers(text)).collect();
        let Some(dates) = dates else { return Ok(None) };
        let with_dots =
            samples.iter().all(|text| text.split(' ').next().is_some_and(|date| date.contains('.')));
        let is_day = |place: usize| dates.iter().any(|date| date[place] > 12);
        match (order, is_day(0), is_day(1)) {
            (Some(order), ..) => Ok(Some(Self::Dated(order))),
            (None, true, false) => Ok(Some(Self::Dated(DateOrder::DayFirst))),
            (None, false, true) => Ok(Some(Self::Dated(DateOrder::MonthFirst))),
            (None, false, false) if with_dots => Ok(Some(Self::Dated(DateOrder::DayFirst))),
            (None, false, false) => Err(samples[0].clone()),
            (None, true, true) => Ok(None),
        }
    }
}

/// Since 1970 in ms, from a number of s, ms, µs or ns within 1973 to 2199.
pub(crate) fn epoch(number: f64) -> Option<Millis> {
    /// 1973 to 2199, in seconds.
    const SECONDS: std::ops::Range<f64> = 1e8..7.26e9;
    #[allow(clippy::cast_possible_truncation, reason = "within the years above")]
    [1e3, 1.0, 1e-3, 1e-6].into_iter().find_map(|ms_per_unit| {
        let millis = (number * ms_per_unit).round();
        SECONDS.contains(&(millis / 1e3)).then_some(millis as Millis)
    })
}

/// The three numbers of a date whose year is last, in the order they stand.
fn date_numbers(text: &str) -> Option<[u32; 3]> {
    let date = text.split([' ', 'T', ',']).next()?;
    let separator = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '.' | '/' | '-'))?;
    let mut numbers = date.trim_end_matches(separator).split(separator).map(|number| {
        let is_number = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u32>().ok().filter(|_| is_number)
    });
    let [a, b, year] = [numbers.next()??, numbers.next()??, numbers.next()??];
    let is_date = numbers.next().is_none() && (1..=31).contains(&a) && (1..=31).contains(&b);
    let year = match year {
        0..100 => 2000 + year,
        _ => year,
    };
    (is_date && (1970..2200).contains(&year)).then_some([a, b, year])
}

/// `31/01/2024 6:00 PM` as `2024-01-31 18:00`.
fn dated(field: &[u8], order: DateOrder) -> Option<String> {
    let text = std::str::from_utf8(field).ok()?.trim();
    let [first, second, year] = date_numbers(text)?;
    let (day, month) = if order == DateOrder::DayFirst { (first, second) } else { (second, first) };
    let date_end = text.find([' ', 'T', ',']).unwrap_or(text.len());
    let clock = text[date_end..].trim_start_matches([' ', 'T', ',']).trim();
    let (clock, half) = match clock.to_ascii_uppercase() {
        upper if upper.ends_with("AM") => (clock[..clock.len() - 2].trim(), Some(0)),
        upper if upper.ends_with("PM") => (clock[..clock.len() - 2].trim(), Some(12)),
        _ => (clock, None),
    };
    if clock.is_empty() {
        return Some(format!("{year:04}-{month:02}-{day:02} 00:00"));
    }
    let (hour, rest) = clock.split_once(':').unwrap_or((clock, "00"));
    let hour: u32 = hour.parse().ok()?;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: TimeForm, field: &str) -> String {
        let mut scratch = Vec::new();
        match form.written(field.as_bytes(), &mut scratch) {
            Written::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            Written::Instant(at) => at.to_string(),
        }
    }

    #[test]
    fn dates_are_turned_round_and_halves_of_the_day_counted() {
        let day_first = TimeForm::Dated(DateOrder::DayFirst);
        let month_first = TimeForm::Dated(DateOrder::MonthFirst);
        for (form, field, expected) in [
            (day_first, "31.01.2024 18:00", "2024-01-31 18:00"),
            (day_first, "1-2-2024 9:05:30", "2024-02-01 09:05:30"),
            (month_first, "01/31/2024 6:00 PM", "2024-01-31 18:00"),
            (month_first, "01/31/24 12:15 am", "2024-01-31 00:15"),
            (month_first, "01/31/2024", "2024-01-31 00:00"),
            (month_first, "nonsense", "nonsense"),
            (TimeForm::Utc, "2024-12-26 00:00", "2024-12-26 00:00Z"),
            (TimeForm::Epoch, "1700000000", "1700000000000"),
            (TimeForm::Epoch, "1700000000123", "1700000000123"),
            (TimeForm::Epoch, "1700000000123456789", "1700000000123"),
        ] {
            assert_eq!(written(form, field), expected, "{field}");
        }
    }

    #[test]
    fn day_and_month_are_told_apart_where_one_is_above_twelve_and_asked_about_where_none_is() {
        let of = |samples: &[&str]| {
            TimeForm::of(&samples.iter().map(|text| text.as_bytes()).collect::<Vec<_>>(), None)
        };
        assert_eq!(
            of(&["01/02/2024 00:00", "13/02/2024 00:00"]),
            Ok(Some(TimeForm::Dated(DateOrder::DayFirst)))
        );
        assert_eq!(
            of(&["01/02/2024 00:00", "01/13/2024 00:00"]),
            Ok(Some(TimeForm::Dated(DateOrder::MonthFirst)))
        );
        assert_eq!(of(&["01.02.2024 00:00"]), Ok(Some(TimeForm::Dated(DateOrder::DayFirst))));
        assert_eq!(of(&["01/02/2024 00:00"]), Err("01/02/2024 00:00".to_owned()));
        assert_eq!(of(&["13/02/2024", "02/13/2024"]), Ok(None));
        assert_eq!(of(&["1700000000", "1700003600"]), Ok(Some(TimeForm::Epoch)));
        assert_eq!(of(&["12", "13"]), Ok(None));
    }
}
