//! What `score`, `evaluate` and `demo` give, and how they end.

use std::{io::Read as _, process::Stdio};

use crate::support::{Folder, column, history, last_line, numbers};

fn trained() -> Folder {
    let folder = Folder::with("in.csv", history(60));
    folder.succeeds("train in.csv --tz UTC --day-class none -o m.json --table t.csv");
    folder
}

#[test]
fn scored_readings_have_the_designed_columns_in_utc() {
    let folder = trained();
    let out = folder.succeeds("score m.json in.csv");
    assert_eq!(
        out.lines().next().unwrap(),
        "timestamp,wh,score,level,floor,expected_low_wh,expected_high_wh,step,rise"
    );
    assert_eq!(column(&out, "timestamp")[..2], ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"]);
    assert_eq!(numbers(&out, "wh").len(), 60 * 24);
    for ((wh, level), high) in
        numbers(&out, "wh").iter().zip(numbers(&out, "level")).zip(numbers(&out, "expected_high_wh"))
    {
        assert!((level > 1.0) == (*wh > high), "{wh} Wh of {high} has level {level}");
    }
    // The score is the largest of the others; those that need hours before are empty until these are there.
    let parts = ["level", "floor", "step", "rise"].map(|name| column(&out, name));
    for (row, score) in column(&out, "score").iter().enumerate() {
        let there = parts.iter().filter(|part| !part[row].is_empty());
        let largest = there.max_by(|a, b| a[row].parse::<f64>().unwrap().total_cmp(&b[row].parse().unwrap()));
        assert_eq!(*score, largest.unwrap()[row], "row {row}");
    }
    let empty = |name: &str| column(&out, name).iter().take_while(|field| field.is_empty()).count();
    assert_eq!([empty("level"), empty("floor"), empty("step"), empty("rise")], [0, 1, 1, 24]);
}

#[test]
fn json_lines_say_the_same() {
    let folder = trained();
    let csv = folder.succeeds("score m.json in.csv");
    folder.succeeds("score m.json in.csv -o out.jsonl");
    let scores: Vec<f64> = folder
        .read("out.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["score"].as_f64().unwrap())
        .collect();
    assert_eq!(scores, numbers(&csv, "score"));
    let message = folder.refuses("score m.json in.csv -o out.parquet");
    assert_eq!(
        last_line(&message),
        "knowatt: out.parquet: Parquet is not written; name a .csv or .jsonl file"
    );
}

#[test]
fn the_score_table_and_the_model_give_the_same_scores() {
    let folder = trained();
    let table = folder.read("t.csv");
    assert_eq!(table.lines().next().unwrap(), "day,hour,wh,score");
    let (hours, wh, score) = (column(&table, "hour"), column(&table, "wh"), numbers(&table, "score"));
    for row in (0..hours.len()).step_by(7) {
        let csv =
            folder.succeeds(&format!("evaluate m.json --hours {} --wh {} --format csv", hours[row], wh[row]));
        let difference = numbers(&csv, "score")[0] - score[row];
        assert!(difference.abs() < 1e-9, "hour {} at {} Wh is off by {difference}", hours[row], wh[row]);
    }
}

/// docs/model-file.md: the knots and three lines of arithmetic give the scores to the last bit.
#[test]
fn the_score_table_and_the_documented_formula_give_the_scores_bit_by_bit() {
    let folder = trained();
    let table = folder.read("t.csv");
    let rows = column(&table, "hour").into_iter().zip(numbers(&table, "wh")).zip(numbers(&table, "score"));
    let knots: Vec<(f64, f64)> =
        rows.filter(|((hour, _), _)| hour == "4").map(|((_, wh), score)| (wh, score)).collect();
    let wh: Vec<f64> = (0..400).map(|n| f64::from(n) * 17.3).chain(knots.iter().map(|knot| knot.0)).collect();
    let list: Vec<_> = wh.iter().map(f64::to_string).collect();
    let csv = folder.succeeds(&format!("evaluate m.json --hours 4 --format csv --wh {}", list.join(",")));
    for (x, found) in wh.iter().zip(numbers(&csv, "score")) {
        let right = knots.iter().filter(|knot| knot.0 <= *x).count().clamp(1, knots.len() - 1);
        let (a, b) = (knots[right - 1], knots[right]);
        let line = a.1 + (x - a.0) * (b.1 - a.1) / (b.0 - a.0);
        let expected = if right == knots.len() - 1 { line } else { line.min(b.1) };
        assert_eq!(expected.to_bits(), found.to_bits(), "at {x} Wh");
    }
}

#[test]
fn fail_above_tells_a_script_whether_anything_was_unusual() {
    let folder = trained();
    assert_eq!(folder.knowatt("score m.json in.csv -o o.csv --fail-above 1e6").code, 0);
    assert_eq!(folder.knowatt("score m.json in.csv -o o.csv --fail-above -1").code, 1);
    assert_eq!(folder.names().iter().filter(|name| *name == "o.csv").count(), 1);
    folder.refuses("score m.json in.csv --fail-above NaN");
}

#[test]
fn one_reading_alone_is_scored_as_an_hour() {
    let folder = trained();
    folder.write("one.csv", "timestamp,wh\n2024-03-01T04:00:00Z,5000\n");
    let out = folder.succeeds("score m.json one.csv");
    assert_eq!(column(&out, "timestamp"), ["2024-03-01T04:00:00Z"]);
    assert!(numbers(&out, "score")[0] > 1.0);
}

#[test]
fn a_closed_pipe_is_success() {
    let folder = trained();
    for arguments in
        [vec!["score", "m.json", "in.csv"], vec!["evaluate", "m.json"], vec!["man"], vec!["demo"]]
    {
        let mut child =
            folder.command().args(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn wrong_usage_is_exit_code_two() {
    let folder = trained();
    for arguments in [
        "",
        "trian",
        "train in.csv --tz UTC",
        "train in.csv --tz UTC -o m2.json --model lstm",
        "train in.csv --tz UTC -o m2.json --alerts-per-month 0",
        "train in.csv --tz UTC -o m2.json --alerts-per-month NaN",
        "train in.csv --tz UTC -o m2.json --bounds b.csv",
        "train in.csv --tz UTC -o same --table same",
        "evaluate m.json --hours 24",
        "evaluate m.json --wh -5",
        "evaluate m.json --wh NaN",
        "score m.json",
    ] {
        folder.refuses(arguments);
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let folder = trained();
    assert!(!folder.succeeds("evaluate m.json").contains('\u{1b}'));
    let forced = folder
        .command()
        .arg("evaluate")
        .arg("m.json")
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .output();
    assert!(forced.unwrap().stdout.contains(&0x1b));
}

#[test]
fn completions_and_manual_name_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(folder.succeeds(&format!("completions {shell}")).contains("evaluate"), "{shell}");
    }
    folder.succeeds("man -o pages");
    let pages: Vec<_> =
        std::fs::read_dir(folder.path("pages")).unwrap().map(|page| page.unwrap().file_name()).collect();
    assert!(pages.len() >= 8, "{pages:?}");
    assert!(folder.succeeds("man").contains(".TH knowatt 1"));
}

#[test]
fn the_demo_needs_nothing_and_tells_of_the_nights() {
    let told = Folder::new().succeeds("demo");
    assert!(told.contains("2,184 hours in 13 weeks"), "{told}");
    assert!(told.contains("Unusual power usage of 2,368 Wh at 3:00. Please check!"), "{told}");
}
