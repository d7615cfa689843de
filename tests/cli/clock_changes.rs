//! Months in which the clocks change, read as wall-clock time and as instants.

use std::fmt::Write as _;

use crate::support::{Folder, column, numbers};

/// Every minute from one local midnight to another, as a clock on the wall shows it.
fn wall_clock(zone: &str, first: &str, end: &str, step_s: i64) -> String {
    let tz = jiff::tz::db().get(zone).unwrap();
    let instant =
        |day: &str| tz.to_timestamp(day.parse::<jiff::civil::Date>().unwrap().at(0, 0, 0, 0)).unwrap();
    let mut csv = String::from("time,wh\n");
    let mut at = instant(first);
    while at < instant(end) {
        writeln!(csv, "{},{}", tz.to_datetime(at).strftime("%Y-%m-%d %H:%M"), step_s / 60).unwrap();
        at += jiff::SignedDuration::from_secs(step_s);
    }
    csv
}

/// The hours of a file, and the rules in its ledger.
fn scored(zone: &str, content: &str) -> (Vec<String>, Vec<f64>, Vec<String>) {
    let folder = Folder::with("in.csv", content);
    folder.write_model(zone);
    folder.succeeds("score m.json in.csv -o out.csv --ledger ledger.csv --kind energy");
    let (out, ledger) = (folder.read("out.csv"), folder.read("ledger.csv"));
    (column(&out, "timestamp"), numbers(&out, "wh"), column(&ledger, "rule"))
}

#[test]
fn a_month_with_the_spring_change_has_an_hour_less_and_nothing_missing() {
    for step in [60, 900, 3600] {
        let (starts, wh, rules) =
            scored("Europe/Paris", &wall_clock("Europe/Paris", "2008-03-01", "2008-04-01", step));
        assert_eq!(starts.len(), 31 * 24 - 1, "every {step} s");
        assert!(wh.iter().all(|&wh| wh == 60.0), "every {step} s");
        assert_eq!(rules, [""; 0], "every {step} s");
        let change = starts.iter().position(|start| start == "2008-03-30T00:00:00Z").unwrap();
        assert_eq!(starts[change + 1], "2008-03-30T01:00:00Z");
    }
}

#[test]
fn a_month_with_the_autumn_change_has_an_hour_more_and_nothing_twice() {
    for step in [60, 900, 3600] {
        let (starts, wh, rules) =
            scored("Europe/Paris", &wall_clock("Europe/Paris", "2008-10-01", "2008-11-01", step));
        assert_eq!(starts.len(), 31 * 24 + 1, "every {step} s");
        assert!(wh.iter().all(|&wh| wh == 60.0), "every {step} s");
        assert_eq!(rules, [""; 0], "every {step} s");
    }
}

#[test]
fn a_clock_without_summer_time_gives_the_hours_it_skips_to_the_ledger() {
    // A logger that goes on counting: 02:00 to 02:59 exist in March, and only once in October.
    let (starts, _, rules) = scored("Europe/Paris", &wall_clock("Etc/GMT-1", "2008-03-29", "2008-04-01", 60));
    assert_eq!(rules.iter().filter(|rule| *rule == "nonexistent-time").count(), 60);
    assert_eq!(starts.len(), 3 * 24 - 1);
    let (starts, _, rules) = scored("Europe/Paris", &wall_clock("Etc/GMT-1", "2008-10-25", "2008-10-28", 60));
    assert_eq!(rules, ["gap"]);
    assert_eq!(starts.len(), 3 * 24);
}

#[test]
fn a_half_hour_zone_has_its_hours_on_the_half_hour() {
    let (starts, wh, rules) =
        scored("Asia/Kolkata", &wall_clock("Asia/Kolkata", "2024-01-01", "2024-01-03", 60));
    assert_eq!((starts.len(), starts[0].as_str()), (48, "2023-12-31T18:30:00Z"));
    assert!(wh.iter().all(|&wh| wh == 60.0));
    assert_eq!(rules, [""; 0]);
}

#[test]
fn hourly_readings_of_utc_are_shared_between_the_hours_of_a_half_hour_zone() {
    let rows: String =
        (0..24).map(|hour| format!("2024-01-01T{hour:02}:00:00Z,{}\n", 100 * (hour % 2))).collect();
    let (starts, wh, rules) = scored("Asia/Kolkata", &format!("timestamp,wh\n{rows}"));
    assert_eq!(starts.len(), 23);
    assert!(wh.iter().all(|&wh| wh == 50.0), "{wh:?}");
    assert_eq!(rules, ["partial-hour", "partial-hour"]);
}

#[test]
fn the_broken_hours_of_a_half_hour_change_are_left_out_and_said() {
    let (starts, wh, rules) =
        scored("Australia/Lord_Howe", &wall_clock("Australia/Lord_Howe", "2024-04-06", "2024-04-09", 60));
    assert!(wh.iter().all(|&wh| wh == 60.0));
    assert_eq!(starts.len(), 72);
    assert_eq!(rules, ["partial-hour"]);
    let (starts, wh, rules) =
        scored("Australia/Lord_Howe", &wall_clock("Australia/Lord_Howe", "2024-10-05", "2024-10-08", 60));
    assert!(wh.iter().all(|&wh| wh == 60.0));
    assert_eq!(starts.len(), 71);
    assert_eq!(rules, ["partial-hour"]);
}

#[test]
fn a_zone_that_changed_its_rules_keeps_its_hours() {
    // Moscow left summer time for good on 2014-10-26; the day has 25 hours.
    let (starts, wh, rules) =
        scored("Europe/Moscow", &wall_clock("Europe/Moscow", "2014-10-25", "2014-10-28", 60));
    assert_eq!(starts.len(), 73);
    assert!(wh.iter().all(|&wh| wh == 60.0));
    assert_eq!(rules, [""; 0]);
}
