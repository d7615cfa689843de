//! Public holidays by country and subdivision, as days off.
//!
//! Promise: the same program gives the same dates, from data compiled into it; what was trained holds the dates
//! themselves, so scoring needs none of this. The data are those of the Python package `holidays` (MIT): public
//! holidays with the days they were moved to because of a weekend, no half days and no bank holidays. They say
//! what is known or foreseen at the time of that package: later laws are not in them, and days that hang on the
//! sighting of a moon are estimates. `data/README.md` tells the format and where they come from.

use std::{fmt, io::Read as _, iter, ops::RangeInclusive, str::FromStr, sync::LazyLock};

use flate2::read::GzDecoder;
use jiff::civil::Date;
use knowatt_readings::Reading;
use knowatt_score::Calendar;

/// A model knows the holidays up to the end of so many years after its last reading.
pub const YEARS_AHEAD: i16 = 3;

/// The year that the data count from.
const EPOCH: i16 = 2000;
/// The most near codes that a message names.
const MOST_NEAR: usize = 12;

/// A line a place, a country before its subdivisions.
static DATA: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    // The data are this program's own, and a test reads all of them.
    _ = GzDecoder::new(&include_bytes!("../../../data/holidays/days.gz")[..]).read_to_string(&mut text);
    text
});

/// A country, or a subdivision of one, whose holidays are known.
///
/// ```
/// use knowatt_train::Region;
///
/// let france: Region = "FR".parse()?;
/// assert_eq!((france.code(), france.country()), ("FR", "France"));
/// assert!(france.dates(2007..=2007).contains(&jiff::civil::date(2007, 4, 9))); // Easter Monday
///
/// let error = "FRA".parse::<Region>().unwrap_err();
/// assert_eq!(error.to_string(), "no holidays are known for `FRA`; is it FR (France)?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Region {
    code: &'static str,
    country: Country,
    /// The days on which a subdivision differs from its country.
    own_days: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Country {
    /// Its code and what else it is called by: three letters, or UK for GB.
    codes: &'static str,
    name: &'static str,
    first: i16,
    last: i16,
    days: &'static str,
}

/// A code that stands for no place whose holidays are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no holidays are known for `{}`{}", code.escape_debug(), near(code))]
pub struct UnknownRegion {
    code: String,
}

/// Readings of years whose holidays are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the holidays of {region} are known for {} to {}, and the readings are of {}{}. Train on years that are known, or without holidays",
    region.years().start(), region.years().end(), asked.start(),
    if asked.start() == asked.end() { String::new() } else { format!(" to {}", asked.end()) }
)]
pub struct UnknownYears {
    region: Region,
    asked: RangeInclusive<i16>,
}

impl Region {
    /// Every place whose holidays are known, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut country = None;
        DATA.lines().filter_map(move |line| {
            let mut fields = line.split('\t');
            let codes = fields.next()?;
            if codes.contains('-') {
                return Some(Self { code: codes, country: country?, own_days: fields.next()? });
            }
            let name = fields.next()?;
            let (first, last) = fields.next()?.split_once('-')?;
            let days = fields.next()?;
            let read = Country { codes, name, first: first.parse().ok()?, last: last.parse().ok()?, days };
            country = Some(read);
            Some(Self { code: codes.split(',').next()?, country: read, own_days: "" })
        })
    }

    /// The ISO 3166 code: of a country (`FR`) or of a subdivision (`AU-NSW`).
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The country's name in English.
    pub fn country(&self) -> &'static str {
        self.country.name
    }

    /// The years whose holidays are known.
    pub fn years(&self) -> RangeInclusive<i16> {
        self.country.first..=self.country.last
    }

    /// The subdivisions of a country that are in the data; none of a subdivision.
    pub fn subdivisions(&self) -> impl Iterator<Item = Self> + use<> {
        let Self { code, country, .. } = *self;
        Self::all().filter(move |region| region.country == country && region.code != code && is_country(code))
    }

    /// The public holidays of some years, in order, as far as the years are known. Those of a country are the ones
    /// kept in all of it.
    pub fn dates(&self, years: RangeInclusive<i16>) -> Vec<Date> {
        let mut dates: Vec<_> = self.decoded(self.country.days).chain(self.decoded(self.own_days)).collect();
        dates.retain(|date| years.contains(&date.year()));
        dates.sort_unstable();
        // A day of the country that stands among the subdivision's own too is one it does not keep.
        dates.chunk_by(|a, b| a == b).filter(|same| same.len() == 1).flatten().copied().collect()
    }

    /// The dates of a list such as `0714 0409:7,12 1126:0-4`: month and day, then the years since 2000, which
    /// are all that are known if none is named.
    fn decoded(&self, days: &'static str) -> impl Iterator<Item = Date> {
        let Country { first, last, .. } = self.country;
        days.split(' ').flat_map(move |item| {
            let (day, years) = item.split_once(':').unwrap_or((item, ""));
            let day: Option<(i8, i8)> = day
                .split_at_checked(2)
                .and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
            let years = years.split(',').flat_map(move |run| {
                let (from, to) = run.split_once('-').unwrap_or((run, run));
                let year = |text: &str, all: i16| text.parse::<i16>().map_or(all, |year| EPOCH + year);
                year(from, first)..=year(to, last)
            });
            years.filter_map(move |year| day.and_then(|(month, day)| Date::new(year, month, day).ok()))
        })
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    /// Finds a code, in capitals or not.
    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        let found = Self::all().find(|region| region.code.eq_ignore_ascii_case(code));
        found.ok_or_else(|| UnknownRegion { code: code.to_owned() })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Region").field(&self.code).finish()
    }
}

fn is_country(code: &str) -> bool {
    !code.contains('-')
}

/// What someone may have meant, as the end of a message.
fn near(code: &str) -> String {
    let countries = |wanted: &dyn Fn(&Region) -> bool| -> Vec<Region> {
        Region::all().filter(|region| is_country(region.code) && wanted(region)).collect()
    };
    let with_name = |region: &Region| format!("{} ({})", region.code, region.country.name);
    if let Some((country, _)) = code.split_once(['-', '_'])
        && let Some(country) = countries(&|region| region.code.eq_ignore_ascii_case(country)).first()
    {
        let regions: Vec<_> = iter::once(*country).chain(country.subdivisions()).collect();
        return format!(
            "; those of {} are {}",
            country.country.name,
            listed(&regions, |region| region.code.to_owned())
        );
    }
    let wanted = code.to_lowercase();
    let other_code =
        |region: &Region| region.country.codes.split(',').any(|other| other.eq_ignore_ascii_case(code));
    let in_name = |region: &Region| wanted.len() > 2 && region.country.name.to_lowercase().contains(&wanted);
    let meant = countries(&|region| other_code(region) || in_name(region));
    if !meant.is_empty() {
        return format!("; is it {}?", listed(&meant, with_name));
    }
    let alike = countries(&|region| region.code.to_lowercase().chars().next() == wanted.chars().next());
    if alike.is_empty() { String::new() } else { format!("; near it are {}", listed(&alike, with_name)) }
}

/// The first of some places, and that there are more.
fn listed(regions: &[Region], shown: impl Fn(&Region) -> String) -> String {
    let more = regions.len().checked_sub(MOST_NEAR).filter(|&more| more > 0);
    let names: Vec<_> = regions.iter().take(MOST_NEAR).map(shown).collect();
    names.join(", ") + &more.map(|more| format!(" and {more} more")).unwrap_or_default()
}

/// The calendar with the holidays of some places as days off, from the year of the first reading to the end of
/// the [`YEARS_AHEAD`]th after that of the last, as far as they are known.
pub(crate) fn observed(
    calendar: Calendar,
    regions: &[Region],
    rows: &[Reading],
) -> Result<Calendar, UnknownYears> {
    let year = |reading: &Reading| calendar.local(reading.start).year();
    let (Some(first), Some(last)) = (rows.first().map(year), rows.last().map(year)) else {
        return Ok(calendar);
    };
    let unknown = |region: &&Region| !region.years().contains(&first) || !region.years().contains(&last);
    if let Some(&region) = regions.iter().find(unknown) {
        return Err(UnknownYears { region, asked: first..=last });
    }
    let dates = regions.iter().flat_map(|region| region.dates(first..=last.saturating_add(YEARS_AHEAD)));
    Ok(calendar.with_holidays(dates.collect::<Vec<_>>()))
}

/// The places as an option in the model file, if there are any.
pub(crate) fn option(regions: &[Region]) -> Option<(String, String)> {
    let codes: Vec<_> = regions.iter().map(Region::code).collect();
    (!codes.is_empty()).then(|| ("holidays".to_owned(), codes.join(",")))
}

#[cfg(test)]
mod tests;
