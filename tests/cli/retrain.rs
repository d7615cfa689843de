//! What the owner knows of the past: periods not to be learned (`--exclude`), and alerts that were fine
//! (`--was-fine`).

use crate::support::{Folder, column, history, history_of, last_line, numbers, use_in_hour};

/// A model file without its digest and what it says of the options.
fn learned(folder: &Folder, name: &str) -> serde_json::Value {
    let mut model: serde_json::Value = serde_json::from_str(&folder.read(name)).unwrap();
    model.as_object_mut().unwrap().remove("sha256");
    model["provenance"].as_object_mut().unwrap().remove("options");
    model
}

fn options(folder: &Folder, name: &str) -> serde_json::Value {
    let model: serde_json::Value = serde_json::from_str(&folder.read(name)).unwrap();
    model["provenance"]["options"].clone()
}

/// Two months, the first of February to the third of February as odd as a house full of builders.
fn home() -> Folder {
    let days: String = history(60)
        .lines()
        .map(|line| match line.split_once(',') {
            Some((at, _)) if ("2024-02-01".."2024-02-04").contains(&at) => format!("{at},9000\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    Folder::with("in.csv", days)
}

#[test]
fn excluded_readings_are_learned_as_little_as_if_they_were_not_there() {
    let folder = home();
    folder.write("builders.csv", "# ours\n\nstart,end,why\n2024-02-01,2024-02-03,\"builders, upstairs\"\n");
    let outcome = folder.knowatt("train in.csv --tz UTC --exclude builders.csv -o m.json --ledger l.csv");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let said = "\
read      1,440 hours from 1,440 rows, 2024-01-01 to 2024-02-29
          time in `timestamp`, energy per interval in `wh` (Wh)
excluded  72 hours, which are not learned
          builders.csv:4: 72 hours, 2024-02-01 to 2024-02-03 (builders, upstairs)
";
    assert!(outcome.stderr.starts_with(said), "{}", outcome.stderr);
    let ledger = folder.read("l.csv");
    assert_eq!(
        ledger.lines().last().unwrap(),
        "builders.csv,4,excluded,2024-02-01T00:00:00Z,\"72 h left out: 2024-02-01 to 2024-02-03 (builders, upstairs)\""
    );
    // The same table, digest and calibration as from a file without those rows.
    let without: String = folder
        .read("in.csv")
        .lines()
        .filter(|line| !("2024-02-01".."2024-02-04").contains(line))
        .map(|line| format!("{line}\n"))
        .collect();
    folder.write("without.csv", without);
    folder.succeeds("train without.csv --tz UTC -o without.json");
    assert_eq!(learned(&folder, "m.json"), learned(&folder, "without.json"));
    assert_eq!(options(&folder, "m.json")["excluded_hours"], "72");
    assert_eq!(options(&folder, "without.json")["excluded_hours"], serde_json::Value::Null);
    assert!(folder.succeeds("inspect m.json").contains("excluded_hours=72"));
}

#[test]
fn several_lists_are_one_and_each_line_says_what_it_left_out() {
    let folder = home();
    folder.write("a.csv", "start,end\n2024-02-01,2024-02-02\n2023-12-01,2023-12-31\n");
    folder.write(
        "b.csv",
        "why,end,start\r\nlate,2024-02-03T12:00Z,2024-02-02 12:00\r\n,2024-02-02,2024-02-01\r\n",
    );
    let outcome = folder.knowatt("train in.csv --tz Europe/Paris --exclude a.csv --exclude b.csv -o m.json");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for line in [
        // The second of February ends at 23:00 UTC.
        "excluded  61 hours, which are not learned",
        "          a.csv:2: 48 hours, 2024-02-01 to 2024-02-02",
        "warning   a.csv:3: no reading lies in 2023-12-01 to 2023-12-31",
        "          b.csv:2: 13 hours, 2024-02-02 12:00 to 2024-02-03T12:00Z (late)",
        "          b.csv:3: nothing more, 2024-02-01 to 2024-02-02",
    ] {
        assert!(outcome.stderr.lines().any(|said| said == line), "{line}\n{}", outcome.stderr);
    }
}

#[test]
fn lists_that_are_none_are_refused_with_file_line_and_what_was_expected() {
    let folder = home();
    let refused = |list: &[u8]| {
        folder.write("p.csv", list);
        let message = folder.refuses("train in.csv --tz Europe/Paris --exclude p.csv -o m.json");
        assert!(!message.contains("read "), "the list is read first: {message}");
        last_line(&message).to_owned()
    };
    let columns = "a line start,end (or start,end,why) is expected first, then a period a line";
    for list in
        [&b""[..], b"\n\n# nothing\n", b"2024-02-01,2024-02-03\n", b"\0\x01\xff\xfe\x80", b"start;end\n"]
    {
        let message = refused(list);
        assert!(message.ends_with(columns), "{message}");
    }
    let expected = "expected a date (2007-10-20), RFC 3339 (2007-10-20T06:00:00Z) or the home's wall clock (2007-10-20 08:00), from 1970 to 2199";
    for (line, found) in [
        ("2024-02-01,292277026596-12-04", "end is `292277026596-12-04`"),
        ("0000-01-01,2024-02-01", "start is `0000-01-01`"),
        ("2024-02-01,+999999-12-31T00:00:00Z", "end is `+999999-12-31T00:00:00Z`"),
        ("01/02/2024,03/02/2024", "start is `01/02/2024`"),
        ("2024-02-01", "end is ``"),
        ("2024-02-01,2024-02-03T25:00", "end is `2024-02-03T25:00`"),
    ] {
        let message = refused(format!("start,end\n2024-01-01,2024-01-01\n{line}\n").as_bytes());
        assert_eq!(message, format!("knowatt: p.csv:3: {found}; {expected}"));
    }
    assert_eq!(
        refused(b"start,end\n2024-02-03,2024-02-01\n"),
        "knowatt: p.csv:2: the period ends before it starts: 2024-02-03 to 2024-02-01. Dates include the end's day, times end before it"
    );
    assert_eq!(
        refused(b"start,end\n2024-03-31,2024-03-31 02:30\n"),
        "knowatt: p.csv:2: end is `2024-03-31 02:30`; expected a time that exists; the home's clocks skip this one in spring"
    );
    assert!(
        refused(&vec![b'#'; 2 << 20]).ends_with("p.csv: is longer than 1 MiB; a list of periods is expected")
    );
    assert!(refused(b"PK\x03\x04").contains("Excel"));
}

#[test]
fn an_exclusion_that_cannot_be_is_refused() {
    let folder = home();
    folder.write("all.csv", "start,end\n1970-01-01,2199-12-31\n");
    let message = folder.refuses("train in.csv --tz UTC --exclude all.csv -o m.json");
    assert!(message.contains("excluded  1,440 hours, which are not learned"), "{message}");
    assert!(
        last_line(&message).starts_with("knowatt: readings of 0 days (0 complete hours) are too few"),
        "{message}"
    );
    assert!(folder.refuses("train in.csv --tz UTC --exclude nowhere.csv -o m.json").contains("nowhere.csv"));
    assert!(folder.refuses("train in.csv --tz UTC --exclude . -o m.json").contains("is a directory"));
    assert!(
        folder.refuses("train --bounds b.csv --exclude all.csv -o m.json").contains("cannot be used with")
    );
    assert!(
        folder
            .refuses("train in.csv --tz UTC --exclude all.csv -o all.csv")
            .contains("would replace the input")
    );
    assert!(folder.refuses("train - --tz UTC --exclude - -o m.json").contains("only once"));
}

#[test]
fn days_on_which_the_clocks_change_are_excluded_whole() {
    let folder = Folder::with("in.csv", history(120));
    folder.write("spring.csv", "start,end\n2024-03-31,2024-03-31\n");
    folder.succeeds("train in.csv --tz Europe/Paris --exclude spring.csv -o m.json --ledger l.csv");
    let ledger = folder.read("l.csv");
    assert_eq!(column(&ledger, "timestamp"), ["2024-03-30T23:00:00Z"]);
    assert_eq!(column(&ledger, "what"), ["23 h left out: 2024-03-31 to 2024-03-31"]);
}

/// Hour 1,011 of the history, three in the night of a Monday.
const ALERT: &str = "2024-02-12T03:00:00Z";

/// Two months with one night of a party.
fn home_with_a_party() -> Folder {
    Folder::with("in.csv", history_of(60, |hour| if hour == 1011 { 2500.0 } else { use_in_hour(hour) }))
}

/// The scores of a model, and at the alert alone.
fn scores(folder: &Folder, model: &str, file: &str) -> (Vec<f64>, f64) {
    let out = folder.succeeds(&format!("score {model} {file}"));
    let at = column(&out, "timestamp").iter().position(|at| at == ALERT).unwrap();
    let scores = numbers(&out, "score");
    let alert = scores[at];
    (scores, alert)
}

#[test]
fn an_alert_that_was_fine_is_normal_and_half_as_much_again_is_not() {
    let folder = home_with_a_party();
    folder.write("more.csv", folder.read("in.csv").replace(",2500\n", ",3750\n"));
    for model in ["zscore", "density"] {
        let train = format!("train in.csv --tz UTC --model {model} --alerts-per-month 4");
        folder.succeeds(&format!("{train} -o old.json --table old.csv"));
        let outcome = folder.knowatt(&format!("{train} --was-fine {ALERT} -o new.json --table new.csv"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let said = format!("fine      {ALERT}, 2,500 Wh: scores 1.0 at most\n");
        assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
        let ((old, alert_before), (new, alert)) =
            (scores(&folder, "old.json", "in.csv"), scores(&folder, "new.json", "in.csv"));
        assert!(alert_before > 1.0, "{model}: {alert_before}");
        assert!(alert <= 1.0, "{model}: {alert}");
        assert!(scores(&folder, "new.json", "more.csv").1 > 1.0, "{model}");
        for (hour, (old, new)) in old.iter().zip(&new).enumerate() {
            let is_working_night = hour % 24 == 3 && hour / 24 % 7 < 5;
            assert!(if is_working_night { *new <= old + 1e-9 } else { new == old }, "{model}, hour {hour}");
        }
        let rows = |name: &str| -> Vec<String> {
            let table = folder.read(name);
            table.lines().filter(|row| !row.starts_with("working-day,3,")).map(str::to_owned).collect()
        };
        assert_eq!(rows("old.csv"), rows("new.csv"), "{model}");
        let [old, new] = ["old.json", "new.json"].map(|name| learned(&folder, name));
        for key in ["calibration", "distillation", "provenance"] {
            assert_eq!(old[key], new[key], "{model}");
        }
        assert_eq!(options(&folder, "new.json")["was_fine"], ALERT);
    }
}

#[test]
fn every_feature_of_a_long_alert_is_held_normal() {
    // Four hours of a night on end, so that floors alert too.
    let party = 1010..1014;
    let csv = history_of(60, |hour| if party.contains(&hour) { 6000.0 } else { use_in_hour(hour) });
    let folder = Folder::with("in.csv", csv);
    let hours: Vec<_> = (2..6).map(|hour| format!("2024-02-12T0{hour}:00:00Z")).collect();
    let train = "train in.csv --tz UTC --alerts-per-month 6";
    folder.succeeds(&format!("{train} -o old.json"));
    let old = folder.succeeds("score old.json in.csv");
    let above = |column_name: &str| {
        column(&old, column_name)[1010..1014]
            .iter()
            .any(|score| score.parse().is_ok_and(|score: f64| score > 1.0))
    };
    assert!(above("level") && above("floor"), "{old}");
    folder.succeeds(&format!("{train} --was-fine {} -o new.json", hours.join(",")));
    let new = numbers(&folder.succeeds("score new.json in.csv"), "score");
    assert!(new[1010..1014].iter().all(|&score| score <= 1.0), "{:?}", &new[1010..1014]);
}

#[test]
fn the_homes_clock_names_the_same_hour_in_any_order_and_more_than_once() {
    let folder = home_with_a_party();
    let train = "train in.csv --tz Australia/Sydney";
    folder.succeeds(&format!("{train} --was-fine {ALERT},2024-02-11T16:00:00Z -o utc.json"));
    folder.succeeds(&format!(
        "{train} --was-fine 2024-02-12T03:00 --was-fine {ALERT} --was-fine 2024-02-12T14:00,{ALERT} -o local.json"
    ));
    assert_eq!(folder.bytes("utc.json"), folder.bytes("local.json"));
    assert_eq!(options(&folder, "utc.json")["was_fine"], format!("2024-02-11T16:00:00Z,{ALERT}"));
}

#[test]
fn an_hour_that_is_not_there_is_refused_with_the_nearest() {
    let folder = home_with_a_party();
    folder.write("away.csv", "start,end\n2024-02-12,2024-02-12\n");
    let refused = |arguments: &str| {
        let message = folder.refuses(&format!("train in.csv --tz Europe/Paris -o m.json {arguments}"));
        last_line(&message).to_owned()
    };
    for (given, at, nearest) in [
        ("2024-03-05T01:00:00Z", "2024-03-05T01:00:00Z", "2024-02-29T23:00:00Z"),
        ("2023-07-01T02:00", "2023-07-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-02-12T03:20:00Z", "2024-02-12T03:20:00Z", ALERT),
        (&format!("{ALERT} --exclude away.csv"), ALERT, "2024-02-11T22:00:00Z"),
    ] {
        let expected = format!(
            "knowatt: no hour that is learned starts at {at}, which is to be normal; the nearest starts at {nearest}. Give the times that `knowatt score` prints, and inputs that hold them"
        );
        assert_eq!(refused(&format!("--was-fine {given}")), expected);
    }
    for given in
        ["yesterday", "2024-02-12", "", "2024-02-30T00:00Z", "9999-12-31T23:00:00Z", "2024-02-12T03:00,"]
    {
        let message = refused(&format!("--was-fine={given}"));
        assert!(message.contains("RFC 3339 (2007-10-20T06:00:00Z) or the home's wall clock"), "{message}");
    }
    assert_eq!(
        refused("--was-fine 2024-03-31T02:30"),
        "knowatt: --was-fine `2024-03-31T02:30`: that time does not exist: the home's clocks skip it in spring"
    );
    let message = folder.refuses(&format!("train --bounds b.csv --was-fine {ALERT} -o m.json"));
    assert!(message.contains("cannot be used with"), "{message}");
}

#[test]
fn what_is_carried_on_can_be_excluded_and_other_values_are_told() {
    let folder = home();
    folder.write("builders.csv", "start,end\n2024-02-01,2024-02-03\n");
    folder.succeeds("train in.csv --tz UTC --exclude builders.csv -o at-once.json");
    folder.succeeds("train in.csv --tz UTC --fitted f.json -o m.json");
    let outcome = folder.knowatt("train --from f.json --exclude builders.csv -o later.json");
    assert!(outcome.stderr.contains("excluded  72 hours"), "{}", outcome.stderr);
    assert_eq!(learned(&folder, "later.json"), learned(&folder, "at-once.json"));

    let doubled: String = folder.read("in.csv").replace(",9000", ",18000");
    folder.write("again.csv", doubled);
    let outcome = folder.knowatt("train again.csv --from f.json -o x.json");
    assert!(outcome.stderr.contains("72 hours had another value there"), "{}", outcome.stderr);
    let message = folder.refuses("train --from f.json --ledger l.csv -o x.json");
    assert!(message.contains("--ledger"), "{message}");
}

#[test]
fn a_failed_output_leaves_the_others_as_they_were() {
    let folder = home();
    folder.succeeds("train in.csv --tz UTC --fitted f.json -o m.json");
    let before = folder.read("f.json");
    let outcome = folder.knowatt("train --from f.json --last-days 30 --fitted f.json -o /dev/full");
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(folder.read("f.json") == before);
}
