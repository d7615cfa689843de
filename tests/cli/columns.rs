//! Which column, which unit, which kind: by name, by flag, and the same energy whichever way it is told.

use std::fmt::Write as _;

use crate::support::{Folder, history, last_line, use_in_hour};

/// The model trained on a file, as its digest of the readings.
fn learned(content: impl AsRef<[u8]>, flags: &str) -> String {
    let folder = Folder::with("in.csv", content);
    folder.succeeds(&format!("train in.csv --tz UTC -o m.json {flags}"));
    let model: serde_json::Value = serde_json::from_str(&folder.read("m.json")).unwrap();
    model["provenance"]["sha256"].as_str().unwrap().to_owned()
}

fn rows(header: &str, row: impl Fn(&str, i64) -> String) -> String {
    let mut content = format!("{header}\n");
    for (hour, line) in history(30).lines().skip(1).enumerate() {
        let time = line.split(',').next().unwrap();
        writeln!(content, "{}", row(time, i64::try_from(hour).unwrap())).unwrap();
    }
    content
}

#[test]
fn the_same_energy_is_learned_the_same_in_every_form() {
    let expected = learned(history(30), "");
    let wh = use_in_hour;
    let forms = [
        (rows("start,energy_kWh", |time, hour| format!("{time},{:.4}", wh(hour) / 1000.0)), ""),
        (rows("Datetime,Power [W]", |time, hour| format!("{time},{}", wh(hour))), ""),
        (rows("time;load kw", |time, hour| format!("{time};{:.4}", wh(hour) / 1000.0)), ""),
        (
            rows("a\tb", |time, hour| format!("{time}\t{}", wh(hour))),
            "--time-column a --value-column b --unit wh",
        ),
        (rows("timestamp,note,wh", |time, hour| format!("{time},\"a, \"\"b\"\"\nc\",{}", wh(hour))), ""),
        (rows("timestamp,kwh,wh", |time, hour| format!("{time},9,{}", wh(hour))), "--value-column WH"),
        (rows("timestamp,wh,expected_high_wh", |time, hour| format!("{time},{},9", wh(hour))), ""),
        (history(30).replace('T', " ").replace('Z', ""), ""),
        (history(30).replace('Z', "+00:00"), ""),
    ];
    for (content, flags) in forms {
        let header = content.lines().next().unwrap().to_owned();
        assert_eq!(learned(content, flags), expected, "{header}");
    }
}

#[test]
fn a_register_is_learned_by_its_differences() {
    let mut total = 4_321_000.0;
    let mut content = String::from("timestamp,total_kwh\n");
    for (hour, line) in history(30).lines().skip(1).enumerate() {
        writeln!(content, "{},{:.4}", line.split(',').next().unwrap(), total / 1000.0).unwrap();
        total += use_in_hour(i64::try_from(hour).unwrap());
    }
    writeln!(content, "2024-01-31T00:00:00Z,{:.4}", total / 1000.0).unwrap();
    assert_eq!(learned(content, "--kind register"), learned(history(30), ""));
}

#[test]
fn gzip_and_zstd_are_unpacked() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(history(30).as_bytes()).unwrap();
    let expected = learned(history(30), "");
    assert_eq!(learned(gzip.finish().unwrap(), ""), expected);
    // Two frames, as `cat` makes of two files.
    let frames = history(30)
        .as_bytes()
        .chunks(9000)
        .flat_map(|part| zstd::encode_all(part, 3).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(learned(frames, ""), expected);
}

#[test]
fn several_files_are_one_history_even_when_cut_within_an_hour() {
    let content = crate::support::history_of(30, |hour| use_in_hour(hour) / 4.0);
    let minutes = |range: std::ops::Range<usize>| {
        let rows: String = content
            .lines()
            .skip(1)
            .enumerate()
            .flat_map(|(hour, line)| {
                let (time, wh) = line.split_once(',').unwrap();
                (0..4).map(move |quarter| {
                    (hour * 4 + quarter, time.replace(":00:00Z", &format!(":{:02}:00Z", 15 * quarter)), wh)
                })
            })
            .filter(|(row, ..)| range.contains(row))
            .map(|(_, time, wh)| format!("{time},{wh}\n"))
            .collect();
        format!("timestamp,wh\n{rows}")
    };
    let folder = Folder::with("whole.csv", minutes(0..2880));
    folder.write("a.csv", minutes(0..1501));
    folder.write("b.csv", minutes(1501..2880));
    folder.succeeds("train whole.csv --tz UTC -o whole.json");
    folder.succeeds("train a.csv b.csv --tz UTC -o parts.json");
    folder.succeeds("train b.csv a.csv --tz UTC -o turned.json");
    assert!(folder.bytes("whole.json") == folder.bytes("parts.json"));
    assert!(folder.bytes("whole.json") == folder.bytes("turned.json"));
}

#[test]
fn an_hour_given_by_two_files_is_kept_once() {
    let folder = Folder::with("a.csv", history(30));
    let outcome = folder.knowatt("train a.csv a.csv --tz UTC -o m.json");
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.stderr.contains("overlap                720  all inputs: given twice"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn several_candidates_are_left_to_the_user() {
    let content = rows("timestamp,heating_kwh,other_kwh", |time, _| format!("{time},1,2"));
    let message = Folder::with("in.csv", content).refuses("train in.csv --tz UTC -o m.json");
    assert_eq!(
        last_line(&message),
        "knowatt: in.csv:1: `heating_kwh`, `other_kwh` could each be the value; choose with --value-column NAME"
    );
}

#[test]
fn a_unit_that_contradicts_the_kind_is_refused() {
    let folder = Folder::with("in.csv", history(30));
    let message = folder.refuses("train in.csv --tz UTC -o m.json --kind power");
    assert_eq!(last_line(&message), "knowatt: in.csv:1: Wh cannot be the unit of a column of kind power");
}

#[test]
fn a_zone_that_does_not_exist_is_answered_with_one_that_does() {
    let folder = Folder::with("in.csv", history(30));
    let message = folder.refuses("train in.csv --tz Paris -o m.json");
    assert!(message.contains("is it Europe/Paris?"), "{message}");
    let message = folder.refuses("train in.csv -o m.json");
    assert!(message.contains("--tz <ZONE>"), "{message}");
}

#[test]
fn input_can_come_from_a_pipe() {
    let folder = Folder::with("in.csv", history(30));
    let file = std::fs::File::open(folder.path("in.csv")).unwrap();
    let status =
        folder.command().args(["train", "-", "--tz", "UTC", "-o", "m.json"]).stdin(file).status().unwrap();
    assert!(status.success());
    folder.succeeds("train in.csv --tz UTC -o n.json");
    assert!(folder.bytes("m.json") == folder.bytes("n.json"));
}

/// Exports of real meters, which may not be part of the project: read where they lie beside it.
#[test]
fn real_exports_are_read_with_flags_for_their_columns() {
    let formats = crate::support::root().join("../shared/data/formats");
    if !formats.is_dir() {
        eprintln!("skipped: {} is not there", formats.display());
        return;
    }
    let folder = Folder::new();
    folder.write_model("Europe/Amsterdam");
    let score = |file: &str, flags: &[&str]| {
        let path = formats.join(file);
        let output = folder
            .command()
            .arg("score")
            .arg("m.json")
            .arg(path)
            .args(["-o", "out.csv"])
            .args(flags)
            .output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let tariff = "Electricity 1 (Dutch Users: Low Tariff)";
    let (code, said) = score("dsmr-reader-hour.csv", &["--unit", "kWh", "--value-column", tariff]);
    assert!(code == Some(0) && said.contains("hours from"), "{said}");
    let (code, said) =
        score("homewizard-15min-registers.csv", &["--kind", "register", "--value-column", "Import T1 kWh"]);
    assert!(code == Some(0) && said.contains("hours from"), "{said}");
    // This one jumps back by most of a year at line 2306.
    let flags = ["--time-column", "Date/time UTC", "--value-column", "Active energy Wh (B)"];
    let (code, said) = score("shelly-em3-phase-b.csv", &flags);
    let sorted_in = "shelly-em3-phase-b.csv:2306: 295 d 23 h 50 min earlier than line 2305; sorted in";
    assert!(code == Some(0) && said.contains(sorted_in), "{said}");
}

#[test]
fn an_offset_is_obeyed_and_not_the_zone() {
    let folder =
        Folder::with("in.csv", "timestamp,wh\n2024-03-31T02:00:00+05:00,1\n2024-03-31T03:00:00+05:00,2\n");
    folder.write("history.csv", history(30));
    folder.succeeds("train history.csv --tz Europe/Paris -o m.json");
    let out = folder.succeeds("score m.json in.csv");
    assert_eq!(crate::support::column(&out, "timestamp"), ["2024-03-30T21:00:00Z", "2024-03-30T22:00:00Z"]);
}

#[test]
fn a_column_can_be_named_whatever_its_name() {
    let long = "consumption of the whole house as the meter in the cellar counts it, in kWh (first)";
    for name in ["d'energie \"brute\" kWh", long, "back\\slash kWh"] {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let other = format!("\"{} kWh (second)\"", &long[..65]);
        let content = rows(&format!("timestamp,{quoted},{other}"), |time, hour| {
            format!("{time},{},1", use_in_hour(hour))
        });
        let folder = Folder::with("in.csv", content);
        let run = folder
            .command()
            .args(["train", "in.csv", "--tz", "UTC", "-o", "m.json", "--value-column", name])
            .output()
            .unwrap();
        assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    }
    let twice = Folder::with("in.csv", history(30).replace("timestamp,wh", "wh,wh"));
    let message = twice.refuses("train in.csv --tz UTC -o m.json --time-column wh --value-column wh");
    assert!(message.contains("several columns are called `wh`"), "{message}");
}
