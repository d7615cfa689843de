//! A file is there whole or not at all.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

use crate::support::{Folder, history, last_line};

const TRAIN: &str = "train in.csv --tz UTC -o m.json";

#[test]
fn a_failed_run_leaves_the_old_model_as_it_was() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds(TRAIN);
    let before = folder.bytes("m.json");
    folder.write("in.csv", history(2));
    folder.refuses(TRAIN);
    assert!(folder.bytes("m.json") == before);
}

#[test]
fn a_folder_that_is_not_there_is_said_before_anything_is_written() {
    let folder = Folder::with("in.csv", history(30));
    let message = folder.refuses("train in.csv --tz UTC -o nowhere/m.json");
    assert_eq!(
        last_line(&message),
        "knowatt: nowhere/m.json: cannot be written to: No such file or directory (os error 2)"
    );
    let message = folder.refuses("train in.csv --tz UTC -o .");
    assert!(last_line(&message).ends_with("is a directory; name a file in it"), "{message}");
}

#[test]
fn a_link_stays_a_link_and_a_new_file_has_ordinary_permissions() {
    let folder = Folder::with("in.csv", history(30));
    folder.write("real.json", "old");
    symlink(folder.path("real.json"), folder.path("m.json")).unwrap();
    folder.succeeds(TRAIN);
    assert!(folder.path("m.json").is_symlink());
    assert!(folder.read("real.json").contains("knowatt-score-table"));
    folder.succeeds("train in.csv --tz UTC -o new.json");
    let mode = std::fs::metadata(folder.path("new.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
    assert_ne!(mode & 0o044, 0, "others cannot read it: {mode:o}");
}

#[test]
fn a_device_is_written_to_not_replaced() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds("train in.csv --tz UTC -o /dev/null");
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_full_disk_is_an_outside_failure() {
    let folder = Folder::with("in.csv", history(30));
    let outcome = folder.knowatt("train in.csv --tz UTC -o /dev/full");
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(
        last_line(&outcome.stderr).starts_with("knowatt: /dev/full could not be written"),
        "{}",
        outcome.stderr
    );
    folder.succeeds(TRAIN);
    let outcome = folder.knowatt("score m.json in.csv -o /dev/full");
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
}

#[test]
fn results_go_to_standard_output_and_nothing_else_does() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds(TRAIN);
    let model = folder.succeeds("train in.csv --tz UTC -o -");
    assert!(model.as_bytes() == folder.bytes("m.json"));
}
