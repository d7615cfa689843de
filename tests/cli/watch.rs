//! `knowatt watch` from standard input to standard output: what goes through the whole stream and no server is needed for.

use std::{io::Write as _, process::Stdio};

use crate::support::{Folder, Outcome};

/// Runs `knowatt watch m.json --from - ARGUMENTS` on an input.
fn watch(folder: &Folder, arguments: &str, input: &str) -> Outcome {
    let mut command = folder.command();
    command.args(["watch", "m.json", "--from", "-"]).args(arguments.split_whitespace());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A model whose edge tells which day of the month and which hour it is of: 1000 Wh times the day, and ten times the hour.
fn telling_model(zone: &str) -> Folder {
    let mut bounds = String::from("day,hour,min_wh,max_wh\n");
    for day in 1..=31 {
        for hour in 0..24 {
            bounds += &format!("{day},{hour},0,{}\n", 1000 * day + 10 * hour);
        }
    }
    let folder = Folder::with("bounds.csv", bounds);
    folder.succeeds(&format!("train --bounds bounds.csv --tz {zone} -o m.json"));
    folder
}

/// Every anomaly as `start: hour, day of the month`, early words left out.
fn hours(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let anomalies =
        outcome.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let whole = anomalies.filter(|anomaly| anomaly["kind"] != "early");
    let told = whole.map(|anomaly| {
        let edge = anomaly["expected_high_wh"].as_f64().unwrap().round();
        let hour = anomaly["HOUR"].as_u64().unwrap();
        assert_eq!(edge % 1000.0, 10.0 * hour as f64, "{anomaly}");
        let start: jiff::Timestamp = anomaly["timestamp"].as_str().unwrap().parse().unwrap();
        assert_eq!(anomaly["EVENT_TS"].as_i64().unwrap(), start.as_millisecond());
        format!("{start}: {hour}, {}", (edge / 1000.0).floor())
    });
    told.collect()
}

/// Zone, first instant, last instant, and what hours there are between.
const DAYS: [(&str, &str, &str, &[&str]); 11] = [
    // Spring skips 02:00.
    (
        "Europe/Paris",
        "2024-03-30T22:00:00Z",
        "2024-03-31T03:00:00Z",
        &["30T22: 23, 30", "30T23: 0, 31", "31T00: 1, 31", "31T01: 3, 31", "31T02: 4, 31"],
    ),
    // Autumn repeats it.
    (
        "Europe/Paris",
        "2024-10-26T22:00:00Z",
        "2024-10-27T03:00:00Z",
        &["26T22: 0, 27", "26T23: 1, 27", "27T00: 2, 27", "27T01: 2, 27", "27T02: 3, 27"],
    ),
    // Ends of months and of a year.
    ("Europe/Paris", "2023-12-31T22:00:00Z", "2024-01-01T00:00:00Z", &["31T22: 23, 31", "31T23: 0, 1"]),
    ("America/New_York", "2024-03-01T04:00:00Z", "2024-03-01T06:00:00Z", &["01T04: 23, 29", "01T05: 0, 1"]),
    ("Asia/Kolkata", "2024-02-29T17:30:00Z", "2024-02-29T19:30:00Z", &["29T17: 23, 29", "29T18: 0, 1"]),
    ("Asia/Kathmandu", "2024-01-31T17:15:00Z", "2024-01-31T19:15:00Z", &["31T17: 23, 31", "31T18: 0, 1"]),
    // Half-hour zones that change by an hour, and one that changes by half an hour: its broken hours are never whole.
    (
        "America/St_Johns",
        "2024-03-10T04:30:00Z",
        "2024-03-10T07:30:00Z",
        &["10T04: 1, 10", "10T05: 3, 10", "10T06: 4, 10"],
    ),
    (
        "Australia/Adelaide",
        "2024-04-06T15:30:00Z",
        "2024-04-06T18:30:00Z",
        &["06T15: 2, 7", "06T16: 2, 7", "06T17: 3, 7"],
    ),
    (
        "Australia/Lord_Howe",
        "2024-04-06T13:00:00Z",
        "2024-04-06T17:30:00Z",
        &["06T13: 0, 7", "06T14: 1, 7", "06T15: 2, 7", "06T16: 3, 7"],
    ),
    (
        "Australia/Lord_Howe",
        "2024-10-05T13:30:00Z",
        "2024-10-05T17:00:00Z",
        &["05T13: 0, 6", "05T14: 1, 6", "05T16: 3, 6"],
    ),
    // A day that never was.
    ("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T11:00:00Z", &["30T09: 23, 29", "30T10: 0, 31"]),
];

#[test]
fn power_is_scored_by_the_hours_and_days_of_the_homes_clock() {
    for (zone, first, last, expected) in DAYS {
        let folder = telling_model(zone);
        let (mut at, last): (jiff::Timestamp, jiff::Timestamp) =
            (first.parse().unwrap(), last.parse().unwrap());
        let mut rows = String::from("time,power_w\n");
        while at <= last {
            rows += &format!("{at},90000\n");
            at += jiff::SignedDuration::from_mins(10);
        }
        let found = hours(&watch(&folder, "", &rows));
        let short: Vec<String> = found
            .iter()
            .map(|hour| format!("{}:{}", &hour[8..13], &hour[20..].trim_start_matches(':')))
            .collect();
        assert_eq!(short, expected, "{zone} {first}");
    }
}

#[test]
fn hourly_energy_is_too_by_instants_and_by_the_clock_on_the_wall() {
    for (zone, first, last, expected) in DAYS.into_iter().filter(|day| day.0 != "Australia/Lord_Howe") {
        let folder = telling_model(zone);
        let tz = jiff::tz::db().get(zone).unwrap();
        let (first, last): (jiff::Timestamp, jiff::Timestamp) =
            (first.parse().unwrap(), last.parse().unwrap());
        let (mut instants, mut wall, mut at) = (String::new(), String::from("time,kwh\n"), first);
        while at < last {
            instants += &format!("{{\"timestamp\": \"{at}\", \"kwh\": 90}}\n");
            wall += &format!("{},90\n", tz.to_datetime(at).strftime("%Y-%m-%d %H:%M"));
            at += jiff::SignedDuration::from_hours(1);
        }
        let found = hours(&watch(&folder, "", &instants));
        assert_eq!(found.len(), expected.len(), "{zone} {first}: {found:?}");
        assert_eq!(hours(&watch(&folder, "", &wall)), found, "{zone} {first}");
    }
}

#[test]
fn a_live_stream_finds_what_score_finds() {
    let folder = Folder::new();
    let data = crate::support::root().join("data/home");
    let (learn, after) = (data.join("learn-hourly.csv"), data.join("after-hourly.csv"));
    folder.succeeds(&format!("train {} --tz Europe/Paris --model density -o m.json", learn.display()));
    folder.succeeds(&format!("score m.json {} -o scored.csv", after.display()));
    let scored = folder.read("scored.csv");
    let above = scored
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|row| row[2].parse::<f64>().unwrap() > 1.0);
    let expected: Vec<_> = above.map(|row| row[..4].join(",")).collect();
    let outcome = watch(&folder, "", &std::fs::read_to_string(&after).unwrap());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let found = outcome.stdout.lines().map(|line| {
        let anomaly: serde_json::Value = serde_json::from_str(line).unwrap();
        let [timestamp, wh, score, level] =
            ["timestamp", "wh", "score", "FN"].map(|name| anomaly[name].clone());
        let number = |value: serde_json::Value| value.as_f64().unwrap().to_string();
        format!("{},{},{},{}", timestamp.as_str().unwrap(), number(wh), number(score), number(level))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert!(expected.len() > 20);
}
