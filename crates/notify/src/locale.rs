//! How numbers, times and days are written in a place, by the data of the GNU C library.
//!
//! Without a place (`C`) as in the talk: no grouping, a decimal point, hours from 0 to 23.

use jiff::civil::DateTime;
use pure_rust_locales::{Locale as Place, locale_match};

/// How things are written.
#[derive(Debug, Clone, Copy)]
pub struct Locale {
    decimal_point: &'static str,
    thousands_separator: &'static str,
    /// The sizes of groups, from the right; the last one is used again.
    grouping: &'static [i64],
    /// Before and after noon, where hours are counted to twelve.
    halves: Option<[&'static str; 2]>,
    days: &'static [&'static str],
    months: &'static [&'static str],
    /// As for `strftime`.
    date: &'static str,
}

impl Default for Locale {
    fn default() -> Self {
        Self::of(Place::POSIX)
    }
}

impl Locale {
    /// That of a name such as `de_DE` or `en_US`; `de-DE` and `de_DE.UTF-8` are the same.
    pub fn named(name: &str) -> Result<Self, String> {
        let plain = name.split(['.', '@']).next().unwrap_or_default().replace('-', "_");
        let place = if plain == "C" { Ok(Place::POSIX) } else { Place::try_from(plain.as_str()) };
        place
            .map(Self::of)
            .map_err(|_| format!("`{name}` is no locale that is known, such as de_DE or en_US"))
    }

    fn of(place: Place) -> Self {
        let [before, after, ..] = *locale_match!(place => LC_TIME::AM_PM) else {
            return Self::default();
        };
        let time = locale_match!(place => LC_TIME::T_FMT);
        let counts_to_twelve = time.contains("%I") || time.contains("%r") || time.contains("%l");
        // Whoever has named no place knows what this is in any.
        let date = if place == Place::POSIX { "%Y-%m-%d" } else { locale_match!(place => LC_TIME::D_FMT) };
        Self {
            decimal_point: locale_match!(place => LC_NUMERIC::DECIMAL_POINT),
            thousands_separator: locale_match!(place => LC_NUMERIC::THOUSANDS_SEP),
            grouping: locale_match!(place => LC_NUMERIC::GROUPING),
            halves: (counts_to_twelve && !before.is_empty()).then_some([before, after]),
            days: locale_match!(place => LC_TIME::ABDAY),
            months: locale_match!(place => LC_TIME::ABMON),
            date,
        }
    }

    /// A number with so many decimals.
    pub fn number(&self, number: f64, decimals: usize) -> String {
        let plain = format!("{:.decimals$}", number.abs());
        let (whole, rest) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut text = self.grouped(whole);
        if !rest.is_empty() {
            text.push_str(self.decimal_point);
            text.push_str(rest);
        }
        let is_zero = plain.bytes().all(|digit| matches!(digit, b'0' | b'.'));
        if number < 0.0 && !is_zero { format!("-{text}") } else { text }
    }

    fn grouped(&self, digits: &str) -> String {
        let mut sizes = self.grouping.iter().copied().filter_map(|size| usize::try_from(size).ok());
        let (mut groups, mut rest, mut size) = (Vec::new(), digits, sizes.next().unwrap_or(0));
        while size > 0 && rest.len() > size && !self.thousands_separator.is_empty() {
            let (before, group) = rest.split_at(rest.len() - size);
            groups.push(group);
            rest = before;
            size = sizes.next().unwrap_or(size);
        }
        groups.push(rest);
        groups.reverse();
        groups.join(self.thousands_separator)
    }

    /// The full hour of the day, as people say it.
    pub fn hour(&self, hour: u8) -> String {
        match self.halves {
            None => format!("{hour}:00"),
            Some(halves) => {
                let of_twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
                format!("{of_twelve}:00 {}", halves[usize::from(hour >= 12)])
            }
        }
    }

    /// A day, with its name.
    pub fn day(&self, at: DateTime) -> String {
        let name = |names: &[&'static str], place: i8| {
            usize::try_from(place).ok().and_then(|place| names.get(place)).copied().unwrap_or_default()
        };
        let day = name(self.days, at.weekday().to_sunday_zero_offset());
        let month = name(self.months, at.month() - 1);
        let format = self.date.replace("%b", month).replace("%B", month).replace("%a", day);
        let date = jiff::fmt::strtime::format(&format, at).unwrap_or_else(|_| at.date().to_string());
        format!("{day} {date}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_hours_are_as_people_of_a_place_write_them() {
        let of = |name: &str| {
            let locale = Locale::named(name).unwrap();
            let at = "2024-02-03T04:00".parse().unwrap();
            format!(
                "{} | {} | {} {} | {}",
                locale.number(1_234_567.891, 2),
                locale.number(-0.001, 1),
                locale.hour(0),
                locale.hour(16),
                locale.day(at)
            )
        };
        assert_eq!(of("C"), "1234567.89 | 0.0 | 0:00 16:00 | Sat 2024-02-03");
        assert_eq!(of("de_DE"), "1.234.567,89 | 0,0 | 0:00 16:00 | Sa 03.02.2024");
        assert_eq!(of("en_US.UTF-8"), "1,234,567.89 | 0.0 | 12:00 AM 4:00 PM | Sat 02/03/2024");
        assert_eq!(of("en-IN"), "12,34,567.89 | 0.0 | 12:00 AM 4:00 PM | Sat 03/02/24");
        assert_eq!(of("fr_FR"), "1\u{202f}234\u{202f}567,89 | 0,0 | 0:00 16:00 | sam. 03/02/2024");
    }

    #[test]
    fn a_place_that_is_not_known_is_refused() {
        assert_eq!(
            Locale::named("xx_XX").unwrap_err(),
            "`xx_XX` is no locale that is known, such as de_DE or en_US"
        );
    }
}
