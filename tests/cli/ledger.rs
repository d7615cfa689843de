//! Nothing is dropped silently: every row was used or has its line in the ledger.

use knowatt_readings::{Fate, Rule};

use crate::support::{Folder, column, history, root};

/// What becomes of a row to which a rule applies.
fn is_left_out(rule: &str) -> bool {
    let left_out =
        Rule::ALL.into_iter().filter(|rule| matches!(rule.fate(), Some(Fate::Quarantined | Fate::Ignored)));
    left_out.map(Rule::name).any(|name| name == rule)
}

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
    let left_out = rules.iter().filter(|rule| is_left_out(rule)).count();
    assert_eq!(left_out, bad.len() + 2, "{ledger}");
    assert!(outcome.stderr.contains("read      714 hours from 722 rows"), "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("722 rows: 714 used as read, 6 doubted and left out, 2 not needed; all in l.csv"),
        "{}",
        outcome.stderr
    );
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
    assert!(line("bad-row").starts_with("bad-row                 30  in.csv:12: `~"), "{}", outcome.stderr);
    assert!(line("negative").starts_with("negative                30  in.csv:13: -"), "{}", outcome.stderr);
    assert!(
        line("ledger").ends_with(
            "720 rows: 660 used as read, 60 doubted and left out; --ledger FILE lists every entry"
        ),
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
    folder.write_model("UTC");
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

/// Scores files against a table that takes anything; gives the hours and their Wh, and the ledger's rules.
fn hours(files: &[(&str, &str)], flags: &str) -> (Vec<(String, f64)>, Vec<String>) {
    let folder = Folder::new();
    folder.write_model("UTC");
    let names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    for (name, rows) in files {
        folder.write(
            name,
            rows.replace(' ', "\n").replace('T', "2024-01-01T").replace("h,", ":00Z,").replace("m,", ":30Z,"),
        );
    }
    folder.succeeds(&format!("score m.json {} -o out.csv --ledger l.csv {flags}", names.join(" ")));
    let out = folder.read("out.csv");
    let starts = column(&out, "timestamp").into_iter().map(|start| start[11..13].to_owned());
    let rules = column(&folder.read("l.csv"), "rule");
    (starts.zip(crate::support::numbers(&out, "wh")).collect(), rules)
}

fn hour(hour: &str, wh: f64) -> (String, f64) {
    (hour.to_owned(), wh)
}

#[test]
fn the_same_half_hour_in_two_files_does_not_make_an_hour() {
    let half = "ts,wH T00h,100 T00m,100 T01h,100 T02h,100 T02m,100";
    let (found, rules) = hours(&[("a.csv", half), ("b.csv", half)], "--kind energy");
    assert_eq!(found, [hour("00", 200.0), hour("02", 200.0)]);
    assert_eq!(rules, ["gap", "gap", "overlap", "overlap", "overlap", "partial-hour"]);
}

#[test]
fn a_register_goes_on_from_one_file_to_the_next() {
    let a = "ts,v T00h,1 T01h,2 T02h,4";
    let b = "ts,v T03h,7 T04h,11 T05h,16";
    let (found, rules) = hours(&[("a.csv", a), ("b.csv", b)], "--unit wh --value-column v --kind register");
    let expected = [hour("00", 1.0), hour("01", 2.0), hour("02", 3.0), hour("03", 4.0), hour("04", 5.0)];
    assert_eq!(found, expected);
    assert_eq!(rules, [""; 0]);
}

#[test]
fn a_gap_between_two_files_is_a_gap() {
    let (found, rules) = hours(
        &[("a.csv", "ts,v T00h,5 T01h,6"), ("b.csv", "ts,v T05h,7 T06h,8")],
        "--unit wh --value-column v",
    );
    assert_eq!(found, [hour("00", 5.0), hour("01", 6.0), hour("05", 7.0), hour("06", 8.0)]);
    assert_eq!(rules, ["gap"]);
}

#[test]
fn a_register_that_reads_nothing_for_a_while_is_no_consumption() {
    let glitch = "ts,v T00h,5000 T01h,5100 T02h,0 T03h,5300 T04h,5400";
    let (found, rules) = hours(&[("a.csv", glitch)], "--unit wh --value-column v --kind register");
    assert_eq!(found, [hour("00", 100.0), hour("03", 100.0)]);
    assert_eq!(rules, ["register-reset", "register-reset"]);
    let dip = "ts,v T00h,5000 T01h,5100 T02h,4900 T03h,4950 T04h,5300 T05h,5400";
    let (found, rules) = hours(&[("a.csv", dip)], "--unit wh --value-column v --kind register");
    assert_eq!(found, [hour("00", 100.0), hour("02", 50.0), hour("04", 100.0)]);
    assert_eq!(rules, ["register-reset", "register-reset"]);
    let new_meter = "ts,v T00h,200 T01h,300 T02h,0 T03h,100 T04h,200 T05h,300 T06h,400";
    let (found, rules) = hours(&[("a.csv", new_meter)], "--unit wh --value-column v --kind register");
    assert_eq!(found.len(), 5);
    assert_eq!(rules, ["register-reset"]);
    let jump = "ts,v T00h,5000 T01h,5100 T02h,900000000000 T03h,900000000100";
    let (found, rules) = hours(&[("a.csv", jump)], "--unit wh --value-column v --kind register");
    assert_eq!(found, [hour("00", 100.0), hour("02", 100.0)]);
    assert_eq!(rules, ["register-reset"]);
}

#[test]
fn a_clock_that_jitters_loses_no_hour() {
    let rows: String = (0..96)
        .map(|quarter| {
            let late = [0, 3, 1, 0, 2][quarter % 5];
            format!("2024-01-01T{:02}:{:02}:{late:02}Z,25\n", quarter / 4, quarter % 4 * 15)
        })
        .collect();
    let folder = Folder::with("in.csv", format!("timestamp,wh\n{rows}"));
    folder.write_model("UTC");
    let out = folder.succeeds("score m.json in.csv --ledger l.csv");
    assert!(column(&out, "timestamp").len() >= 23, "{out}");
    assert!(crate::support::numbers(&out, "wh").iter().all(|wh| (wh - 100.0).abs() < 0.5), "{out}");
    assert!(!column(&folder.read("l.csv"), "rule").contains(&"gap".to_owned()));
}

#[test]
fn a_file_by_the_hour_goes_on_in_one_by_the_half_hour() {
    let (hourly, half) = ("ts,v T00h,50 T01h,60", "ts,v T02h,30 T02m,40 T03h,50 T03m,60");
    let (found, rules) = hours(&[("a.csv", hourly), ("b.csv", half)], "--unit wh --value-column v");
    assert_eq!(found, [hour("00", 50.0), hour("01", 60.0), hour("02", 70.0), hour("03", 110.0)]);
    assert_eq!(rules, [""; 0]);
}
