//! Choosing, keeping, distilling and carrying on models, and noticing that they no longer fit.

use crate::support::{Folder, column, history, history_of, last_line, numbers, root, use_in_hour};

#[test]
fn a_load_left_on_is_found_though_each_of_its_hours_is_usual() {
    // No less than 640 Wh for nine hours of a day: many hours use that, but not so many on end.
    let folder = Folder::with("in.csv", history(90));
    folder.succeeds("train in.csv --tz UTC -o m.json");
    let left_on = |hour: i64| {
        let usual = use_in_hour(hour);
        if (40 * 24 + 8..40 * 24 + 17).contains(&hour) { usual.max(640.0) } else { usual }
    };
    folder.write("after.csv", history_of(60, left_on));
    let out = folder.succeeds("score m.json after.csv");
    let at = |name: &str| column(&out, name)[40 * 24 + 14].parse::<f64>().unwrap();
    assert!(at("level") < 1.0, "{}", at("level"));
    assert!(at("floor") > 1.0 && at("score") >= at("floor"), "{}", at("floor"));
}

#[test]
fn a_gap_breaks_the_memory_of_the_hours_before() {
    let folder = Folder::with("in.csv", history(60));
    folder.succeeds("train in.csv --tz UTC -o m.json");
    let without_an_hour: String = history(60)
        .lines()
        .filter(|line| !line.starts_with("2024-01-10T05"))
        .map(|line| format!("{line}\n"))
        .collect();
    folder.write("gap.csv", without_an_hour);
    let out = folder.succeeds("score m.json gap.csv");
    let row = column(&out, "timestamp").iter().position(|time| time == "2024-01-10T06:00:00Z").unwrap();
    for name in ["floor", "step", "rise"] {
        assert_ne!(column(&out, name)[row - 1], "", "{name} before the gap");
        assert_eq!(column(&out, name)[row], "", "{name} after the gap");
    }
    assert_ne!(column(&out, "floor")[row + 1], "");
}

#[test]
fn too_little_history_for_a_choice_is_said_and_the_usual_model_taken() {
    let folder = Folder::with("in.csv", history(30));
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json");
    assert_eq!(outcome.code, 0);
    let too_few = "30 days with readings are too few for a backtest: it needs two weeks or more of nearly whole days, after 21 days to learn from";
    let note = format!("note      {too_few}; zscore is used without one");
    assert!(outcome.stderr.contains(&note), "{}", outcome.stderr);
    let message = folder.refuses("backtest in.csv --tz UTC");
    assert_eq!(last_line(&message), format!("knowatt: {too_few}"));
}

#[test]
fn a_backtest_judges_each_model_on_what_came_after_and_writes_what_it_prints() {
    let folder = Folder::with("in.csv", history(60));
    let csv = folder.succeeds("backtest in.csv --tz UTC --models zscore,envelope --format csv");
    assert_eq!(
        csv.lines().next().unwrap(),
        "model,shares,window_start,window_end,average_precision,events,alerts_per_month,chosen"
    );
    assert_eq!(csv.lines().count(), 1 + 2 * 3 * 3, "two models, three shares, three windows");
    for name in ["average_precision", "events"] {
        assert!(numbers(&csv, name).iter().all(|share| (0.0..=1.0).contains(share)), "{csv}");
    }
    assert_eq!(column(&csv, "window_end").last().unwrap(), "2024-03-01T00:00:00Z");
    folder.succeeds("backtest in.csv --tz UTC --models zscore,envelope --format csv -o out.csv");
    assert_eq!(folder.read("out.csv"), csv);
    let json = folder.succeeds("backtest in.csv --tz UTC --format json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["format"].as_str(), json["version"].as_u64()), (Some("knowatt-backtest"), Some(1)));
    let text = folder.succeeds("backtest in.csv --tz UTC");
    assert!(text.contains("the choice, nested") && text.contains("chosen  "), "{text}");
}

#[test]
fn a_fitted_model_distils_to_the_model_it_was_written_with_and_to_others() {
    let folder = Folder::with("in.csv", history(60));
    folder.succeeds("train in.csv --tz Europe/Paris --alerts-per-month 3 --fitted f.json -o m.json");
    folder.succeeds("distil f.json -o again.json");
    assert!(folder.bytes("m.json") == folder.bytes("again.json"));
    folder.succeeds("distil f.json --alerts-per-month 20 -o many.json");
    folder.succeeds("train in.csv --tz Europe/Paris --alerts-per-month 20 --model zscore -o fresh.json");
    let alerts = |model: &str| {
        let scored = folder.succeeds(&format!("score {model} in.csv"));
        numbers(&scored, "score").iter().filter(|score| **score > 1.0).count()
    };
    assert!(alerts("many.json") > alerts("m.json"));
    assert_eq!(alerts("many.json"), alerts("fresh.json"));
    assert!(folder.succeeds("inspect f.json").contains("alerts_per_month=3"));
}

#[test]
fn training_carries_on_from_a_fitted_model_as_if_all_had_been_there_at_once() {
    let all = history(60);
    let (first, second) = all.split_at(all.find("2024-02-01").unwrap());
    let folder = Folder::with("all.csv", &all);
    folder.write("january.csv", first);
    folder.write("february.csv", format!("timestamp,wh\n{second}"));
    folder.succeeds("train all.csv --tz Europe/Paris --seed 5 --alerts-per-month 4 -o all.json");
    folder.succeeds(
        "train january.csv --tz Europe/Paris --seed 5 --alerts-per-month 4 --fitted f.json -o m.json",
    );
    folder.succeeds("train february.csv --from f.json --fitted f.json -o m.json");
    assert!(folder.bytes("m.json") == folder.bytes("all.json"));
    folder.succeeds("train --from f.json --last-days 30 -o last.json");
    assert!(folder.succeeds("inspect last.json").contains("learned from 720 hourly readings"));
}

#[test]
fn a_damaged_fitted_model_is_refused_and_left_as_it_was() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds("train in.csv --tz UTC --fitted f.json -o m.json");
    let whole = folder.read("f.json");
    folder.write("f.json", whole.replacen("\"spread\":", "\"spread\":1", 1));
    for command in ["distil f.json -o x.json", "train --from f.json --fitted f.json -o x.json"] {
        let message = folder.refuses(command);
        assert!(last_line(&message).starts_with("knowatt: f.json: was changed or damaged"), "{message}");
    }
    let message = folder.refuses("distil m.json -o x.json");
    assert!(message.contains("m.json: is not a fitted knowatt model"), "{message}");
}

#[test]
fn winter_scored_by_an_autumn_model_is_called_drift_and_the_same_season_is_not() {
    let folder = Folder::new();
    let data = root().join("data/home");
    let learn = data.join("learn-hourly.csv");
    folder.succeeds(&format!("train {} --tz Europe/Paris --model zscore -o m.json", learn.display()));
    let told = |input: &std::path::Path| folder.knowatt(&format!("score m.json {}", input.display())).stderr;
    let december = told(&data.join("after-hourly.csv"));
    assert!(
        december.contains("it knows September 2007 to November 2007, these are of December 2007"),
        "{december}"
    );
    assert!(december.contains("--last-days 90"), "{december}");
    assert!(!told(&learn).contains("drift"), "{}", told(&learn));
}

#[test]
fn what_was_learned_neither_drifts_nor_alerts_more_than_asked_even_where_many_readings_are_equal() {
    let quiet = |hour: i64| 20.0 + (hour % 2) as f64 + if hour % 24 == 18 { 900.0 } else { 0.0 };
    let timer = |hour: i64| if (2..5).contains(&(hour % 24)) { 1000.0 } else { 10.0 };
    let empty = |hour: i64| if hour % 24 > 20 { (hour * 7 % 3) as f64 * 1000.0 } else { 0.0 };
    let homes: [fn(i64) -> f64; 3] = [quiet, timer, empty];
    for home in homes {
        let folder = Folder::with("in.csv", history_of(90, home));
        for model in ["auto", "autoencoder", "mixture", "plain-autoencoder"] {
            folder.succeeds(&format!("train in.csv --tz UTC --model {model} -o m.json"));
            let outcome = folder.knowatt("score m.json in.csv -o scored.csv");
            assert!(!outcome.stderr.contains("drift"), "{model}: {}", outcome.stderr);
            let scores = numbers(&folder.read("scored.csv"), "score");
            let above = scores.iter().filter(|&&score| score > 1.0).count();
            assert!(above <= 8, "{model}: {above} hours of {} above 1.0", scores.len());
        }
    }
}

#[test]
fn a_meter_that_is_read_by_day_only_has_no_backtest_rather_than_one_that_found_nothing() {
    let rows = history(120);
    let by_day: String = rows
        .lines()
        .filter(|row| !("T00".."T08").contains(&row.get(10..13).unwrap_or("T99")))
        .map(|row| format!("{row}\n"))
        .collect();
    let folder = Folder::with("in.csv", by_day);
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("are too few for a backtest: it needs"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("found"), "{}", outcome.stderr);
}

#[test]
fn another_seed_is_another_backtest() {
    let folder = Folder::with("in.csv", history(60));
    let figures = |seed: u64| {
        numbers(
            &folder
                .succeeds(&format!("backtest in.csv --tz UTC --models envelope --format csv --seed {seed}")),
            "average_precision",
        )
    };
    let (zero, one) = (figures(0), figures(1));
    assert!(zero.iter().zip(&one).all(|(a, b)| (a - b).abs() > 1e-6), "{zero:?} and {one:?}");
}
