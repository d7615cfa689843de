//! Several meters in one history.

use crate::support::{Folder, column, history_of, last_line, use_in_hour};

/// Thirty days of two meters, row by row in turn; the barn's use is a tenth.
fn two() -> Folder {
    let house = history_of(30, use_in_hour);
    let barn = history_of(30, |hour| use_in_hour(hour + 5) / 10.0);
    let rows = house.lines().zip(barn.lines()).skip(1);
    let rows: String = rows.map(|(house, barn)| format!("house,{house}\nbarn/2,{barn}\n")).collect();
    let folder = Folder::with("both.csv", format!("meter,timestamp,wh\n{rows}"));
    folder.write("house.csv", house);
    folder.write("barn.csv", barn);
    folder
}

/// A model file without the option that names the meter, and so without its digest.
fn but_for_its_name(folder: &Folder, file: &str) -> serde_json::Value {
    let mut model: serde_json::Value = serde_json::from_str(&folder.read(file)).unwrap();
    model["provenance"]["options"].as_object_mut().unwrap().remove("meter");
    model.as_object_mut().unwrap().remove("sha256");
    model
}

#[test]
fn each_meter_gets_the_model_it_would_get_alone() {
    let folder = two();
    let outcome = folder.knowatt("train both.csv --tz UTC -o models/ --table tables/");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("read      1,440 hours of 2 meters from 1,440 rows"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("meter     house, 2 of 2"), "{}", outcome.stderr);
    folder.succeeds("train house.csv --tz UTC -o house.json");
    folder.succeeds("train barn.csv --tz UTC -o barn.json");
    folder.succeeds("train both.csv --tz UTC --meter house -o chosen.json");
    assert_eq!(but_for_its_name(&folder, "models/house.json"), but_for_its_name(&folder, "house.json"));
    assert_eq!(but_for_its_name(&folder, "models/barn%2F2.json"), but_for_its_name(&folder, "barn.json"));
    assert!(folder.read("chosen.json") == folder.read("models/house.json"));
    assert!(folder.read("tables/house.csv").starts_with("day,hour,wh,score\n"));
}

#[test]
fn a_meter_that_cannot_be_trained_is_told_and_the_others_are() {
    let folder = two();
    folder
        .write("third.csv", "meter,timestamp,wh\nshed,2024-01-01T00:00:00Z,5\nshed,2024-01-01T01:00:00Z,5\n");
    let outcome = folder.knowatt("train both.csv third.csv --tz UTC -o models/");
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert_eq!(last_line(&outcome.stderr), "knowatt: 1 of 3 meters could not be trained, as told above");
    assert!(
        outcome.stderr.contains("not trained readings of 1 day (2 complete hours) are too few"),
        "{}",
        outcome.stderr
    );
    assert!(folder.read("models/house.json").contains("knowatt-score-table"));
}

#[test]
fn meters_whose_long_names_begin_alike_have_files_of_their_own() {
    let long = |end: &str| format!("{}{end}", "é/".repeat(200));
    let rows = history_of(30, use_in_hour);
    let row = |row: &str| format!("{},{row}\n{},{row}\n", long("a"), long("b"));
    let rows: String = rows.lines().skip(1).map(row).collect();
    let folder = Folder::with("in.csv", format!("meter,timestamp,wh\n{rows}"));
    folder.succeeds("train in.csv --tz UTC --model envelope -o models/ --table tables/ --fitted fitted/");
    for kind in ["models", "tables", "fitted"] {
        let entries = std::fs::read_dir(folder.path(kind)).unwrap();
        let names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().all(|name| name.len() < 220 && name.starts_with("%C3%A9%2F")), "{names:?}");
    }
}

#[test]
fn a_fitted_model_is_carried_on_by_its_own_meter_only() {
    let folder = two();
    folder.succeeds("train both.csv --tz UTC --meter house --fitted f.json -o m.json");
    let message = folder.refuses("train both.csv --from f.json --meter barn/2 -o x.json");
    assert_eq!(
        last_line(&message),
        "knowatt: the inputs are of the meter `barn/2`, and the fitted model is of `house`"
    );
    folder.succeeds("train house.csv --from f.json -o x.json");
}

#[test]
fn the_tidy_table_holds_every_meter_and_reads_back_the_same() {
    let folder = two();
    folder.succeeds("import both.csv -o tidy.csv");
    let tidy = folder.read("tidy.csv");
    assert_eq!(tidy.lines().next().unwrap(), "meter,start,wh");
    assert_eq!(column(&tidy, "meter").iter().filter(|name| *name == "house").count(), 720);
    folder.succeeds("import tidy.csv -o again.csv");
    assert!(folder.read("again.csv") == tidy);
    folder.succeeds("import both.csv -o tidy.jsonl");
    let first = folder.read("tidy.jsonl").lines().next().unwrap().to_owned();
    assert!(first.starts_with("{\"meter\":\"barn/2\",\"start\":\"2024-01-01T00:00:00Z\",\"wh\":"), "{first}");
}

#[test]
fn without_a_zone_a_time_needs_an_offset() {
    let folder = Folder::with("in.csv", "timestamp,wh\n2024-01-01 00:00,1\n2024-01-01 01:00,2\n");
    let message = folder.refuses("import in.csv -o out.csv");
    assert_eq!(
        last_line(&message),
        "knowatt: in.csv:2: the time `2024-01-01 00:00` has no offset; name the time zone of the home with --tz, such as --tz Europe/Paris"
    );
    folder.succeeds("import in.csv --tz Asia/Tokyo -o out.csv");
    assert_eq!(column(&folder.read("out.csv"), "start"), ["2023-12-31T15:00:00Z", "2023-12-31T16:00:00Z"]);
}
