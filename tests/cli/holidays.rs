//! `--holidays`: public holidays as days off, from training to scoring.

use crate::support::{Folder, history, history_of, last_line, numbers, use_in_hour};

/// Public holidays in France in the first five months of 2024 that are no Sunday.
const FRENCH: [&str; 6] =
    ["2024-01-01", "2024-04-01", "2024-05-01", "2024-05-08", "2024-05-09", "2024-05-20"];

/// Five months of a home that uses three times as much on days off.
fn home() -> Folder {
    let csv = history_of(152, |hour| {
        let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let day = (start + jiff::SignedDuration::from_hours(hour)).to_string();
        let is_off = hour / 24 % 7 > 4 || FRENCH.contains(&&day[..10]);
        use_in_hour(hour) * if is_off { 3.0 } else { 1.0 }
    });
    Folder::with("in.csv", csv)
}

/// What is expected at most at noon of Wednesday 14 August 2024, of the Thursday that is Assumption Day, of Friday
/// and of Saturday.
fn highest_expected(folder: &Folder, model: &str) -> [f64; 4] {
    let hours = (0..4 * 24).map(|hour| format!("2024-08-{}T{:02}:00:00Z,900\n", 14 + hour / 24, hour % 24));
    folder.write("august.csv", format!("timestamp,wh\n{}", hours.collect::<String>()));
    let highest = numbers(&folder.succeeds(&format!("score {model} august.csv")), "expected_high_wh");
    [0, 1, 2, 3].map(|day| highest[day * 24 + 12])
}

#[test]
fn a_holiday_on_a_weekday_is_scored_as_a_day_off() {
    let folder = home();
    let outcome = folder.knowatt("train in.csv --tz UTC --holidays FR -o fr.json");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let said =
        "holidays  FR: 44 dates are days off, 2024-01-01 to 2027-12-25; the model knows no later ones\n";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let [wednesday, assumption, friday, saturday] = highest_expected(&folder, "fr.json");
    assert_eq!((assumption, wednesday), (saturday, friday));
    assert!(assumption > wednesday, "{assumption} Wh, {wednesday} Wh");
    // Without them it is a Thursday, and the holidays it learned from are odd working days.
    folder.succeeds("train in.csv --tz UTC -o none.json");
    let [wednesday, assumption, _, _] = highest_expected(&folder, "none.json");
    assert_eq!(assumption, wednesday);
}

#[test]
fn the_model_file_lists_the_dates_and_the_places() {
    let folder = Folder::with("in.csv", history(60));
    folder.succeeds("train in.csv --tz Australia/Sydney --holidays au-nsw,NZ --holidays FR -o m.json");
    let model: serde_json::Value = serde_json::from_str(&folder.read("m.json")).unwrap();
    assert_eq!(model["provenance"]["options"]["holidays"], "AU-NSW,NZ,FR");
    let dates: Vec<_> =
        model["calendar"]["holidays"].as_array().unwrap().iter().map(|date| date.as_str().unwrap()).collect();
    assert!(dates.is_sorted());
    // ANZAC day, Waitangi day, the fourteenth of July, for the year of the readings and three more.
    for day in ["04-25", "02-06", "07-14"] {
        let years: Vec<_> = dates.iter().filter(|date| date.ends_with(day)).map(|date| &date[..4]).collect();
        assert_eq!(years, ["2024", "2025", "2026", "2027"], "{day}");
    }
    let inspected = folder.succeeds("inspect m.json");
    let line = format!("holidays     {} dates, 2024-01-01 to 2027-12-28", dates.len());
    assert!(inspected.contains(&line), "{inspected}");
    // A model without holidays says nothing of them.
    folder.succeeds("train in.csv --tz Australia/Sydney -o none.json");
    assert!(!folder.succeeds("inspect none.json").contains("holidays"));
    assert!(folder.read("none.json").contains("\"holidays\":[]"));
}

#[test]
fn a_country_that_does_not_say_all_is_told() {
    let folder = Folder::with("in.csv", history(60));
    let said = |codes: &str| {
        folder.knowatt(&format!("train in.csv --tz Europe/London --holidays {codes} -o m.json")).stderr
    };
    let note =
        "note      GB has the days kept in all of it; others are kept in GB-ENG, GB-NIR, GB-SCT, GB-WLS\n";
    assert!(said("GB").contains(note), "{}", said("GB"));
    assert!(!said("GB-SCT").contains("kept in"), "{}", said("GB-SCT"));
    assert!(said("US").contains("US-AK, US-AL, US-AR, US-AS, US-CA, US-CO, …"), "{}", said("US"));
    // No holiday is a day off in Ukraine while martial law holds.
    assert!(said("UA").contains("holidays  UA: none in those years\n"), "{}", said("UA"));
}

#[test]
fn readings_after_the_years_that_the_model_knows_are_told() {
    let folder = Folder::with("in.csv", history(60));
    folder.succeeds("train in.csv --tz UTC --holidays FR -o m.json");
    folder.write("2027.csv", "timestamp,wh\n2027-12-31T23:00:00Z,100\n");
    folder.write("2028.csv", "timestamp,wh\n2027-12-31T23:00:00Z,100\n2028-01-01T00:00:00Z,100\n");
    assert!(!folder.knowatt("score m.json 2027.csv").stderr.contains("note"));
    let outcome = folder.knowatt("score m.json 2028.csv");
    let note = "note      the model knows the holidays of 2024 to 2027 only; to know more, train again on later readings\n";
    assert!(outcome.code == 0 && outcome.stderr.contains(note), "{}", outcome.stderr);
}

#[test]
fn what_cannot_be_a_day_off_is_refused() {
    let folder = Folder::with("in.csv", history(60));
    let message = folder.refuses("train in.csv --tz UTC --holidays FR,UK -o m.json");
    let expected = "error: invalid value 'UK' for '--holidays <CODES>': no holidays are known for `UK`; is it GB (United Kingdom)? (`knowatt holidays` lists all)";
    assert_eq!(message.lines().next().unwrap(), expected);
    let message = folder.refuses("holidays AU-NWS");
    assert!(message.contains("those of Australia are AU, AU-ACT, AU-NSW"), "{message}");
    assert_eq!(
        last_line(&folder.refuses("train in.csv --tz UTC --holidays FR --day-class none -o m.json")),
        "knowatt: --holidays makes days off, which only --day-class day-type has, and none was asked for"
    );
    folder.write("late.csv", history(60).replace("2024-", "2044-"));
    assert_eq!(
        last_line(&folder.refuses("train late.csv --tz UTC --holidays FR -o m.json")),
        "knowatt: the holidays of FR are known for 2000 to 2035, and the readings are of 2044. Train on years that are known, or without holidays"
    );
    assert!(folder.refuses("train --bounds b.csv --holidays FR -o m.json").contains("cannot be used with"));
}

#[test]
fn places_and_dates_are_listed() {
    let folder = Folder::new();
    let places = folder.succeeds("holidays");
    assert!(places.contains("\nFR      France\nFR-57   France\n"), "{places}");
    assert_eq!(places.lines().count(), 876);
    let dates = folder.succeeds("holidays GB-SCT GB-ENG");
    let of_2024: Vec<_> = dates.lines().filter_map(|date| date.strip_prefix("2024-")).collect();
    assert_eq!(
        of_2024,
        [
            "01-01", "01-02", "03-29", "04-01", "05-06", "05-27", "08-05", "08-26", "11-30", "12-02",
            "12-25", "12-26"
        ]
    );
}
