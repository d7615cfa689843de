//! Model files that are not what they should be, met by the binary.

use crate::support::{Folder, history, last_line};

fn trained() -> Folder {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds("train in.csv --tz UTC -o m.json");
    folder
}

#[test]
fn a_damaged_model_is_refused_by_every_command() {
    let folder = trained();
    let damaged = folder.read("m.json").replacen("0.", "1.", 1);
    folder.write("damaged.json", damaged);
    for command in ["evaluate damaged.json", "score damaged.json in.csv -o out.csv", "inspect damaged.json"] {
        let message = folder.refuses(command);
        assert!(
            last_line(&message)
                .starts_with("knowatt: damaged.json: was changed or damaged after it was written"),
            "{message}"
        );
    }
}

#[test]
fn a_model_cut_short_says_so() {
    let folder = trained();
    let bytes = folder.bytes("m.json");
    folder.write("short.json", &bytes[..bytes.len() / 2]);
    let message = folder.refuses("inspect short.json");
    assert!(message.contains("knowatt: short.json: is cut off: it ends after"), "{message}");
}

#[test]
fn something_else_is_not_a_model() {
    let folder = trained();
    folder.write("empty.json", "");
    assert_eq!(
        last_line(&folder.refuses("inspect empty.json")),
        "knowatt: empty.json: is not a knowatt model file: it is empty"
    );
    let message = folder.refuses("inspect in.csv");
    assert!(message.contains("knowatt: in.csv: is not a knowatt model file"), "{message}");
    let message = folder.refuses("inspect .");
    assert!(message.contains("is a directory; name the model file in it"), "{message}");
}

#[test]
fn a_model_of_a_newer_program_asks_for_an_upgrade() {
    let folder = trained();
    let newer = folder.read("m.json").replace("\"version\": 1", "\"version\": 2");
    folder.write("newer.json", newer);
    let message = folder.refuses("inspect newer.json");
    assert!(
        last_line(&message).ends_with("this program knows versions up to 1. Upgrade knowatt"),
        "{message}"
    );
}

#[test]
fn a_day_class_the_model_has_not_is_answered_with_those_it_has() {
    let message = trained().refuses("evaluate m.json --day sunday");
    assert_eq!(
        last_line(&message),
        "knowatt: this model has no day class `sunday`; it has working-day, day-off"
    );
}

#[test]
fn inspect_tells_where_a_model_comes_from() {
    let told = trained().succeeds("inspect m.json");
    for line in [
        "model        zscore",
        "time zone    UTC",
        "days         day-type (working-day, day-off)",
        "learned from 720 hourly readings, 2024-01-01 00:00 to 2024-01-31 00:00",
        "never seen   February to December: what is normal then is not known",
        "options      alerts_per_month=2 day_classes=day-type model=auto shares=balanced seed=0",
        "written by   knowatt ",
    ] {
        assert!(told.contains(line), "`{line}` is not in\n{told}");
    }
}
