//! Nothing is dropped silently: every row was used or has its line in the ledger.

use crate::support::{Folder, column, history, root};

const ROW_RULES: [&str; 10] = [
    "bad-row",
    "missing-value",
    "not-finite",
    "negative",
    "implausible",
    "nonexistent-time",
    "out-of-order",
    "duplicate",
    "conflict",
    "other-meter",
];

#[test]
fn rows_left_out_and_rows_used_add_up() {
    let mut lines: Vec<String> = history(30).lines().map(str::to_owned).collect();
    let bad = [
        "x,1",
        "2024-01-03T10:00:00Z,",
        "2024-01-03T11:00:00Z,NaN",
        "2024-01-03T12:00:00Z,-1",
        "1,2,3",
        "2024-01-03T13:00:00Z,?",
    ];
    for (place, row) in bad.iter().enumerate() {
        lines[60 + place] = (*row).to_owned();
    }
    lines.insert(300, lines[299].clone());
    lines.insert(400, lines[300].clone());
    let folder = Folder::with("in.csv", lines.join("\n"));
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json --ledger l.csv");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let ledger = folder.read("l.csv");
    let rules = column(&ledger, "rule");
    let left_out = rules.iter().filter(|rule| ROW_RULES.contains(&rule.as_str())).count();
    assert_eq!(left_out, bad.len() + 2, "{ledger}");
    assert!(outcome.stderr.contains("read      714 hours from 722 rows"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("8 rows left out; all in l.csv"), "{}", outcome.stderr);
    // Each row that is left out stands there with its own line.
    for line in 61..=66 {
        assert!(column(&ledger, "line").contains(&line.to_string()), "line {line} is not in\n{ledger}");
    }
}

#[test]
fn the_summary_counts_each_rule_and_shows_its_first_line() {
    let content = history(30).replace("T10:00:00Z,", "T10:00:00Z,~").replace("T11:00:00Z,", "T11:00:00Z,-");
    let folder = Folder::with("in.csv", content);
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json");
    let line =
        |rule: &str| outcome.stderr.lines().find(|line| line.contains(rule)).unwrap().trim().to_owned();
    assert!(line("bad-row").starts_with("bad-row                30  in.csv:12: `~"), "{}", outcome.stderr);
    assert!(line("negative").starts_with("negative               30  in.csv:13: -"), "{}", outcome.stderr);
    assert!(
        line("ledger").ends_with("60 rows left out; --ledger FILE lists every entry"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_register_that_falls_loses_only_the_hours_it_fell_in() {
    let mut content = String::from("timestamp,total_wh\n");
    for hour in 0..48 {
        let total = if hour < 24 { 5_000 + 100 * hour } else { 100 * (hour - 24) };
        content.push_str(&format!("2024-01-{:02}T{:02}:00:00Z,{total}\n", 1 + hour / 24, hour % 24));
    }
    let folder = Folder::with("in.csv", content);
    let hours: String = (0..24).map(|hour| format!("{hour},0,100\n")).collect();
    folder.write("bounds.csv", format!("hour,min_wh,max_wh\n{hours}"));
    folder.succeeds("train --model envelope --bounds bounds.csv -o m.json");
    folder.succeeds("score m.json in.csv --kind register -o out.csv --ledger l.csv");
    let ledger = folder.read("l.csv");
    assert_eq!(column(&ledger, "rule"), ["register-reset"]);
    assert_eq!(column(&ledger, "line"), ["26"]);
    assert_eq!(
        column(&ledger, "what")[0],
        "the register fell from 7300 to 0 Wh; the energy between the two rows is unknown and left out"
    );
    let out = folder.read("out.csv");
    assert_eq!(column(&out, "timestamp").len(), 46);
    assert!(crate::support::numbers(&out, "wh").iter().all(|&wh| wh == 100.0));
}

#[test]
fn a_gap_is_counted_and_never_filled() {
    let content: String = history(30)
        .lines()
        .filter(|line| !line.starts_with("2024-01-10T0"))
        .map(|line| format!("{line}\n"))
        .collect();
    let folder = Folder::with("in.csv", content);
    folder.succeeds("train in.csv --tz UTC -o m.json --ledger l.csv");
    let ledger = folder.read("l.csv");
    assert_eq!(column(&ledger, "rule"), ["gap"]);
    assert_eq!(column(&ledger, "timestamp"), ["2024-01-10T00:00:00Z"]);
    assert_eq!(column(&ledger, "what"), ["no readings for 10 h; not filled"]);
}

#[test]
fn the_shipped_minutes_and_hours_are_the_same_home() {
    let folder = Folder::new();
    let data = root().join("data/home");
    for form in ["minute", "hourly"] {
        folder
            .succeeds(&format!("train {}/learn-{form}.csv --tz Europe/Paris -o {form}.json", data.display()));
        folder.succeeds(&format!("score {form}.json {}/after-{form}.csv -o {form}.csv", data.display()));
    }
    let [minute, hourly] = ["minute", "hourly"]
        .map(|form| crate::support::numbers(&folder.read(&format!("{form}.csv")), "score"));
    assert_eq!(minute.len(), 744);
    let largest = minute.iter().zip(&hourly).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // The hours are rounded, so the curves may have other knots; each is within 0.01 of nearly the same model.
    assert!(largest < 0.02, "{largest}");
}

#[test]
fn a_reading_that_stops_still_leaves_its_ledger() {
    let rows: String = (0..100).map(|hour| format!("yesterday,{hour}\n")).collect();
    let folder = Folder::with("in.csv", format!("timestamp,wh\n{rows}"));
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json --ledger l.csv");
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("ledger    what was not used until it stopped is in l.csv"),
        "{}",
        outcome.stderr
    );
    assert_eq!(column(&folder.read("l.csv"), "rule").len(), 100);
    assert_eq!(folder.names(), ["in.csv", "l.csv"]);
}
