//! Facts from almanacs and laws, and the data as a whole.

use jiff::{ToSpan as _, civil::date};
use knowatt_score::DayClasses;

use super::*;

fn region(code: &str) -> Region {
    code.parse().unwrap()
}

fn is_off(code: &str, day: &str) -> bool {
    let day: Date = day.parse().unwrap();
    region(code).dates(day.year()..=day.year()).contains(&day)
}

#[test]
fn days_that_everyone_knows_are_there_and_the_days_beside_them_are_not() {
    for (code, day) in [
        ("FR", "2007-04-09"), // Easter Monday
        ("FR", "2024-05-01"),
        ("FR", "2024-07-14"),
        ("FR", "2024-11-11"),
        ("US", "2024-11-28"),     // Thanksgiving, the fourth Thursday of November
        ("US", "2026-07-03"),     // the fourth is a Saturday
        ("AU-NSW", "2024-04-25"), // ANZAC day
        ("NZ", "2024-06-28"),     // Matariki
        ("DE", "2024-10-03"),
        ("GR", "2024-05-06"), // Easter Monday of the Orthodox
        ("JP", "2019-05-01"), // the emperor's accession, once
        ("NL", "2024-04-27"),
        ("CN", "2024-02-12"), // spring festival
        ("IN", "2024-08-15"),
        ("BR", "2024-11-20"), // since 2024
        ("ZA", "2024-04-27"),
        ("SE", "2024-06-22"), // midsummer
    ] {
        assert!(is_off(code, day), "{code} {day}");
    }
    for (code, day) in [
        ("FR", "2007-04-10"),
        ("FR", "2024-12-26"),
        ("SE", "2024-06-21"), // its eve is free by custom, not by law
        ("US", "2024-11-21"),
        ("JP", "2018-05-01"),
        ("BR", "2023-11-20"),
    ] {
        assert!(!is_off(code, day), "{code} {day}");
    }
    let dates = region("FR").dates(2023..=2023);
    let of_2023 =
        [(1, 1), (4, 10), (5, 1), (5, 8), (5, 18), (5, 29), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
    assert_eq!(dates, of_2023.map(|(month, day)| date(2023, month, day)));
}

#[test]
fn subdivisions_keep_days_of_their_own_and_not_all_of_their_country() {
    for (keeps, keeps_not, day) in [
        ("GB-SCT", "GB-ENG", "2024-01-02"),
        ("GB-SCT", "GB-ENG", "2024-08-05"), // the summer bank holiday, on its first Monday
        ("GB-ENG", "GB-SCT", "2024-08-26"), // and on its last
        ("GB-ENG", "GB-SCT", "2024-04-01"), // Easter Monday
        ("GB-NIR", "GB-WLS", "2024-07-12"),
        ("AU-VIC", "AU-NSW", "2024-11-05"), // the Melbourne Cup
        ("AU-NSW", "AU", "2024-06-10"),     // the King's birthday
        ("AU-NSW", "AU-WA", "2024-06-10"),
        ("DE-BY", "DE-BE", "2024-05-30"), // Corpus Christi
        ("DE-BE", "DE-BY", "2024-03-08"),
        ("FR-57", "FR", "2024-12-26"), // the Moselle
        ("CA-QC", "CA-ON", "2024-06-24"),
        ("US-MA", "US-CA", "2024-04-15"),
        ("ES-CT", "ES-MD", "2024-09-11"),
    ] {
        assert!(is_off(keeps, day), "{keeps} {day}");
        assert!(!is_off(keeps_not, day), "{keeps_not} {day}");
    }
    let nations: Vec<_> = region("GB").subdivisions().map(|part| part.code()).collect();
    assert_eq!(nations, ["GB-ENG", "GB-NIR", "GB-SCT", "GB-WLS"]);
    assert_eq!(region("GB-SCT").subdivisions().count(), 0);
}

/// The digest is the one that `data/holidays/make.py` prints: of the package's own dates, not of the file.
#[test]
fn every_date_of_every_place_is_what_the_package_says() {
    let mut lines: Vec<_> = Region::all()
        .flat_map(|region| {
            region.dates(region.years()).into_iter().map(move |date| format!("{region} {date}\n"))
        })
        .collect();
    lines.sort_unstable();
    assert_eq!(
        knowatt_score::sha256_hex(lines.concat().as_bytes()),
        "20c26ef3ece89a426565c6856ff9195632c59f5bd46ddfa41a832ee976674216"
    );
}

#[test]
fn all_countries_are_there_for_the_years_of_a_meter() {
    let countries: Vec<_> = Region::all().filter(|region| is_country(region.code)).collect();
    assert_eq!((countries.len(), Region::all().count()), (247, 876));
    let since_2017 = countries.iter().filter(|region| *region.years().start() <= 2017).count();
    assert_eq!(since_2017, 246, "Guinea-Bissau is known from 2023");
    assert!(Region::all().is_sorted_by(|a, b| a.code < b.code));
    assert!(countries.iter().all(|region| *region.years().end() == 2035 || region.code == "LK"));
    assert_eq!(region("fr-6ae"), region("FR-6AE"));
    assert_eq!(region("FR").dates(1990..=1999), []);
}

#[test]
fn what_is_not_known_is_refused_with_what_is_near() {
    let message = |code: &str| code.parse::<Region>().unwrap_err().to_string();
    assert_eq!(message("UK"), "no holidays are known for `UK`; is it GB (United Kingdom)?");
    assert_eq!(message("deu"), "no holidays are known for `deu`; is it DE (Germany)?");
    assert_eq!(
        message("guinea"),
        "no holidays are known for `guinea`; is it GN (Guinea), GQ (Equatorial Guinea), GW (Guinea-Bissau), PG (Papua New Guinea)?"
    );
    assert_eq!(
        message("AU-NWS"),
        "no holidays are known for `AU-NWS`; those of Australia are AU, AU-ACT, AU-NSW, AU-NT, AU-QLD, AU-SA, AU-TAS, AU-VIC, AU-WA"
    );
    assert_eq!(
        message("FX"),
        "no holidays are known for `FX`; near it are FI (Finland), FJ (Fiji), FK (Falkland Islands), FM (Micronesia), FO (Faroe Islands), FR (France)"
    );
    assert!(message("US-XX").ends_with("US-DC, US-DE, US-FL and 46 more"), "{}", message("US-XX"));
    assert_eq!(message(""), "no holidays are known for ``");
    assert_eq!(message("\u{1b}[2J"), "no holidays are known for `\\u{1b}[2J`");
    assert_eq!(message("-"), "no holidays are known for `-`");
}

#[test]
fn the_calendar_knows_the_years_of_the_readings_and_three_more() {
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).unwrap();
    let rows = |first: &str, days: i64| -> Vec<Reading> {
        let start: jiff::Timestamp = first.parse().unwrap();
        [0, days].map(|day| Reading { start: start + (day * 24).hours(), wh: 1.0 }).to_vec()
    };
    let observed = |regions: &[Region], rows: &[Reading]| super::observed(calendar.clone(), regions, rows);
    // The first reading is of 2024 in Paris, of 2023 in UTC.
    let known = observed(&[region("FR")], &rows("2023-12-31T23:30:00Z", 90)).unwrap();
    assert_eq!(known.holidays().len(), 4 * 11);
    assert_eq!(known.holidays()[0], date(2024, 1, 1));
    assert_eq!(known.holidays()[43], date(2027, 12, 25));
    // Those of two places are joined.
    let joined = observed(&[region("FR"), region("FR-57")], &rows("2024-01-01T00:00:00Z", 1)).unwrap();
    assert_eq!(joined.holidays().len(), 4 * 13);
    // The data end with 2035.
    let latest = observed(&[region("FR")], &rows("2034-01-01T00:00:00Z", 90)).unwrap();
    assert_eq!(latest.holidays().last(), Some(&date(2035, 12, 25)));
    let error = observed(&[region("ES")], &rows("2007-12-01T00:00:00Z", 90)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the holidays of ES are known for 2008 to 2035, and the readings are of 2007 to 2008. Train on years that are known, or without holidays"
    );
    assert_eq!(observed(&[], &rows("1990-12-01T00:00:00Z", 90)).unwrap(), calendar);
}
