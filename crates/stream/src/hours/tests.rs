use std::fmt::Write as _;

use knowatt_readings::{Input, Intake, Ledger, Options, formats};
use knowatt_score::{Calendar, DayClasses};
use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> TimeZone {
    Calendar::new(name, DayClasses::None).unwrap().zone().clone()
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// What follows from samples, in words: `2024-01-31T17:00:00Z=400`, `late`, …; not what hours are so far.
fn said(zone: &TimeZone, rules: &Rules, samples: &[(i64, f64, Kind)]) -> Vec<String> {
    let mut hours = Hours::default();
    let mut said = Vec::new();
    for (offset, &(at_ms, value, kind)) in (0..).zip(samples) {
        hours.push(Sample { at_ms, value, kind, offset }, rules, zone, |found| match found {
            Found::Whole(hour) => {
                let start = Timestamp::from_millisecond(hour.start_ms).unwrap();
                said.push(format!("{start}={}", (hour.wh * 1000.0).round() / 1000.0));
            }
            Found::LeftOut(why) => said.push(why.name().to_owned()),
            Found::SoFar(_) => {}
        });
    }
    said
}

/// Samples of a kind, minutes after a time.
fn minutes(kind: Kind, start: &str, samples: &[(i64, f64)]) -> Vec<(i64, f64, Kind)> {
    samples.iter().map(|&(minute, value)| (at(start) + minute * MINUTE_MS, value, kind)).collect()
}

#[test]
fn an_hour_of_energy_is_given_as_soon_as_it_is_whole() {
    let rules = Rules { interval_ms: Some(15 * MINUTE_MS), ..Rules::default() };
    let quarters =
        minutes(Kind::Energy, "2024-01-31T17:00:00Z", &[(0, 1.0), (15, 2.0), (30, 3.0), (45, 4.0)]);
    assert_eq!(said(&zone("UTC"), &rules, &quarters), ["2024-01-31T17:00:00Z=10"]);
    let hourly = minutes(Kind::Energy, "2024-01-31T17:00:00Z", &[(0, 400.0), (60, 500.0)]);
    assert_eq!(
        said(&zone("Europe/Paris"), &Rules::default(), &hourly),
        ["2024-01-31T17:00:00Z=400", "2024-01-31T18:00:00Z=500"]
    );
}

#[test]
fn a_clock_that_jitters_by_less_than_a_tenth_is_put_right() {
    let hourly = minutes(Kind::Energy, "2024-01-31T17:00:00Z", &[(1, 400.0), (58, 500.0), (125, 600.0)]);
    assert_eq!(
        said(&zone("UTC"), &Rules::default(), &hourly),
        ["2024-01-31T17:00:00Z=400", "2024-01-31T18:00:00Z=500", "2024-01-31T19:00:00Z=600"]
    );
}

#[test]
fn energy_that_comes_more_often_than_is_stated_is_an_overlap() {
    let quarters = minutes(Kind::Energy, "2024-01-31T17:00:00Z", &[(0, 1.0), (15, 2.0)]);
    assert_eq!(said(&zone("UTC"), &Rules::default(), &quarters), ["2024-01-31T17:00:00Z=1", "overlap"]);
}

#[test]
fn power_stands_until_the_next_sample_and_a_gap_leaves_its_hours_out() {
    let every: Vec<(i64, f64)> = (0..=12).map(|at| (at * 10, 600.0)).collect();
    let power = minutes(Kind::Power, "2024-01-31T17:00:00Z", &every);
    let whole = ["2024-01-31T17:00:00Z=600", "2024-01-31T18:00:00Z=600"];
    assert_eq!(said(&zone("UTC"), &Rules::default(), &power), whole);
    let gap: Vec<_> =
        power.iter().enumerate().filter(|(at, _)| ![2, 3].contains(at)).map(|(_, row)| *row).collect();
    assert_eq!(said(&zone("UTC"), &Rules::default(), &gap), ["partial-hour", whole[1]]);
    let rules = Rules { interval_ms: Some(HOUR_MS), ..Rules::default() };
    assert_eq!(said(&zone("UTC"), &rules, &gap), whole);
}

#[test]
fn a_register_that_resets_or_glitches_gives_no_energy_for_it() {
    let of = |values: &[(i64, f64)]| {
        said(&zone("UTC"), &Rules::default(), &minutes(Kind::Register, "2024-01-31T17:00:00Z", values))
    };
    assert_eq!(of(&[(0, 1000.0), (30, 1200.0), (60, 1500.0)]), ["2024-01-31T17:00:00Z=500"]);
    assert_eq!(
        of(&[(0, 1000.0), (30, 10.0), (60, 20.0), (120, 30.0)]),
        ["register-reset", "partial-hour", "2024-01-31T18:00:00Z=10"]
    );
    // It shows 0 for once, and comes back at a stroke.
    assert_eq!(
        of(&[(0, 90000.0), (30, 0.0), (60, 90100.0), (120, 90200.0)]),
        ["register-reset", "register-reset", "2024-01-31T18:00:00Z=100"]
    );
    assert_eq!(of(&[(0, 0.0), (30, 1e12), (60, 1e12 + 5.0)]), ["register-reset", "partial-hour"]);
}

#[test]
fn samples_within_the_lateness_are_put_in_order_and_later_ones_are_left_out() {
    let rules = Rules { lateness_ms: 20 * MINUTE_MS, interval_ms: Some(15 * MINUTE_MS), ..Rules::default() };
    let samples = [
        (15, 2.0),
        (0, 1.0),
        (30, 3.0),
        (15, 2.0),
        (15, 9.0),
        (45, 4.0),
        (60, 5.0),
        (75, 6.0),
        (0, 1.0),
        (30, 3.0),
        (40, 1.0),
    ];
    let said = said(&zone("UTC"), &rules, &minutes(Kind::Energy, "2024-01-31T17:00:00Z", &samples));
    assert_eq!(said, ["duplicate", "conflict", "2024-01-31T17:00:00Z=10", "late", "late", "late"]);
}

#[test]
fn a_clock_that_went_back_for_a_day_is_followed() {
    let mut samples = minutes(Kind::Energy, "2024-01-31T17:00:00Z", &[(0, 1.0)]);
    samples
        .extend((0..26).flat_map(|hour| minutes(Kind::Energy, "2023-01-31T17:00:00Z", &[(60 * hour, 2.0)])));
    let said = said(&zone("UTC"), &Rules::default(), &samples);
    assert_eq!(said[1..25], ["late"; 24]);
    assert_eq!(said[25..], ["clock-went-back", "2023-02-01T17:00:00Z=2", "2023-02-01T18:00:00Z=2"]);
}

#[test]
fn what_is_below_zero_counts_only_where_the_net_is_asked_for() {
    let samples = minutes(
        Kind::Power,
        "2024-01-31T17:00:00Z",
        &[(0, 600.0), (15, -300.0), (30, 600.0), (45, 600.0), (60, 600.0)],
    );
    assert_eq!(said(&zone("UTC"), &Rules::default(), &samples), ["negative", "partial-hour"]);
    let net = Rules { net: true, ..Rules::default() };
    assert_eq!(said(&zone("UTC"), &net, &samples), ["2024-01-31T17:00:00Z=375"]);
    let more_given: Vec<_> = samples.iter().map(|&(at, value, kind)| (at, -value, kind)).collect();
    assert_eq!(said(&zone("UTC"), &net, &more_given), ["2024-01-31T17:00:00Z=0"]);
}

proptest! {
    /// A live topic gives the hours that a file of the same rows gives.
    #[test]
    fn hours_are_those_of_a_file_with_the_same_rows(
        zone_name in prop::sample::select(vec!["UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu"]),
        kind in prop::sample::select(vec![Kind::Energy, Kind::Power, Kind::Register]),
        start_quarter in 0..2_000_000_i64,
        step_minutes in prop::sample::select(vec![5_i64, 10, 15, 30, 60]),
        values in prop::collection::vec(1..4000_u32, 130..300),
        // A row that is missing, now and then.
        missing in prop::collection::vec(70..300_usize, 0..3),
    ) {
        prop_assume!(kind != Kind::Power || step_minutes <= 15);
        let zone = zone(zone_name);
        let start_ms = start_quarter * 15 * MINUTE_MS;
        let mut total = 0.0;
        let rows: Vec<(i64, f64)> = (0..).zip(&values).map(|(row, value)| {
            total += f64::from(*value);
            (start_ms + row * step_minutes * MINUTE_MS, if kind == Kind::Register { total } else { f64::from(*value) })
        }).collect();
        let rows: Vec<_> = rows.into_iter().enumerate().filter(|(at, _)| !missing.contains(at)).map(|(_, row)| row).collect();
        let mut file = String::from("timestamp,value\n");
        for (at_ms, value) in &rows {
            writeln!(file, "{},{value}", Timestamp::from_millisecond(*at_ms).unwrap()).unwrap();
        }
        let unit = Some(if kind == Kind::Power { knowatt_readings::Unit::W } else { knowatt_readings::Unit::Wh });
        let options = Options { kind: Some(kind), unit, value_column: Some("value".to_owned()), ..Options::default() };
        let mut intake = Intake::new(zone.clone(), Ledger::default());
        formats::read(Input::from_reader("file", std::io::Cursor::new(file.into_bytes())).unwrap(), None, &options, &mut intake).unwrap();
        let of_file: Vec<(i64, f64)> = match intake.finish().0 {
            Ok(meters) => meters[0].readings.rows.iter().map(|row| (row.start.as_millisecond(), row.wh)).collect(),
            Err(_) => Vec::new(),
        };
        // What is a gap is stated live, and found out in a file: of power and registers it may be longer there.
        let interval_ms = match kind {
            Kind::Energy => Some(step_minutes * MINUTE_MS),
            Kind::Power => Some((step_minutes * MINUTE_MS * 3 / 2).max(15 * MINUTE_MS)),
            Kind::Register => Some((step_minutes * MINUTE_MS * 3 / 2).max(HOUR_MS)),
        };
        let rules = Rules { interval_ms, ..Rules::default() };
        let (mut hours, mut live) = (Hours::default(), Vec::new());
        for (offset, &(at_ms, value)) in (0..).zip(&rows) {
            let mut before = None;
            hours.push(Sample { at_ms, value, kind, offset }, &rules, &zone, |found| match found {
                Found::Whole(hour) => live.push((hour.start_ms, hour.wh)),
                Found::SoFar(hour) => before = Some(hour),
                Found::LeftOut(_) => {}
            });
            prop_assert!(before.is_none_or(|hour| hour.wh >= 0.0 && hour.from <= offset));
        }
        // The last hour of a file may end with the last row's interval, which live is not known yet.
        let live_ends = live.last().map_or(i64::MIN, |last| last.0);
        let of_file: Vec<_> = of_file.into_iter().filter(|hour| hour.0 <= live_ends || kind == Kind::Energy).collect();
        prop_assert_eq!(live, of_file);
    }
}

#[test]
fn what_is_below_zero_ends_what_stood_before_it_and_nothing_is_taken_twice_for_it() {
    let samples = minutes(
        Kind::Energy,
        "2024-01-31T04:00:00Z",
        &[(0, 1500.0), (60, -1.0), (0, 1500.0), (60, 5.0), (120, 2.0)],
    );
    let expected = ["2024-01-31T04:00:00Z=1500", "negative", "late", "duplicate", "2024-01-31T06:00:00Z=2"];
    assert_eq!(said(&zone("UTC"), &Rules::default(), &samples), expected);
}

#[test]
fn what_is_held_back_is_given_when_the_lateness_is_less_or_nothing_comes_any_more() {
    let rules = Rules { lateness_ms: 60 * MINUTE_MS, ..Rules::default() };
    let (mut hours, zone) = (Hours::default(), zone("UTC"));
    let mut whole = Vec::new();
    let mut take = |found| {
        if let Found::Whole(hour) = found {
            whole.push(hour.wh);
        }
    };
    for (offset, (at_ms, value, kind)) in
        (0..).zip(minutes(Kind::Energy, "2024-01-31T04:00:00Z", &[(0, 1.0), (60, 2.0), (120, 3.0)]))
    {
        let rules = if offset < 2 { rules } else { Rules::default() };
        hours.push(Sample { at_ms, value, kind, offset }, &rules, &zone, &mut take);
    }
    let (at_ms, kind) = (at("2024-01-31T07:00:00Z"), Kind::Energy);
    hours.push(Sample { at_ms, value: 4.0, kind, offset: 3 }, &rules, &zone, &mut take);
    hours.flush(&rules, &zone, &mut take);
    assert_eq!(whole, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn energy_does_not_cover_what_power_has_covered() {
    let mut samples = minutes(Kind::Power, "2024-01-31T04:00:00Z", &[(0, 60.0), (10, 60.0)]);
    samples.extend(minutes(Kind::Energy, "2024-01-31T04:00:00Z", &[(12, 1000.0)]));
    assert_eq!(said(&zone("UTC"), &Rules::default(), &samples[..2]), [""; 0]);
    samples[2].0 -= 4 * MINUTE_MS;
    assert_eq!(said(&zone("UTC"), &Rules::default(), &samples), ["late"]);
}
