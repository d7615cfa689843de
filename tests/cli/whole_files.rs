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
    let message = folder.refuses("train in.csv --tz UTC -o m.json --table .");
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

#[test]
fn no_output_replaces_an_input_or_another_output() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds(TRAIN);
    symlink(folder.path("in.csv"), folder.path("link.csv")).unwrap();
    let before = (folder.bytes("in.csv"), folder.bytes("m.json"));
    for arguments in [
        "score m.json in.csv -o in.csv",
        "score m.json in.csv -o ./in.csv",
        "score m.json in.csv -o link.csv",
        "score m.json in.csv -o out.csv --ledger in.csv",
        "score m.json in.csv -o m.json",
        "score m.json in.csv -o same.csv --ledger ./same.csv",
        "score m.json in.csv --ledger -",
        "train in.csv --tz UTC -o n.json --table ./n.json",
        "train in.csv --tz UTC -o n.json --ledger n.json",
        "train in.csv --tz UTC -o in.csv",
    ] {
        let message = folder.refuses(arguments);
        assert!(
            message.contains("name the same file") || message.contains("would replace the input"),
            "{message}"
        );
    }
    assert!(before == (folder.bytes("in.csv"), folder.bytes("m.json")));
}

#[test]
fn a_table_is_not_there_without_its_model() {
    let folder = Folder::with("in.csv", history(30));
    folder.refuses("train in.csv --tz UTC -o nowhere/m.json --table t.csv");
    folder.refuses("train in.csv --tz UTC -o in.csv/m.json --table t.csv");
}

#[test]
fn permissions_and_links_to_come_are_kept() {
    let folder = Folder::with("in.csv", history(30));
    folder.write("m.json", "old");
    std::fs::set_permissions(folder.path("m.json"), std::fs::Permissions::from_mode(0o600)).unwrap();
    folder.succeeds(TRAIN);
    assert_eq!(std::fs::metadata(folder.path("m.json")).unwrap().permissions().mode() & 0o777, 0o600);
    symlink("later.json", folder.path("link.json")).unwrap();
    folder.succeeds("train in.csv --tz UTC -o link.json");
    assert!(folder.path("link.json").is_symlink());
    assert!(folder.bytes("later.json") == folder.bytes("m.json"));
}

/// Runs a line of shell with the binary as `$K`; gives what it printed and its exit code.
fn shell(folder: &Folder, line: &str) -> (String, Option<i32>) {
    let mut shell = std::process::Command::new("bash");
    shell.arg("-c").arg(line).env("K", env!("CARGO_BIN_EXE_knowatt")).current_dir(folder.path(""));
    let output = shell.output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn dev_stdout_is_standard_output() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds(TRAIN);
    shell(&folder, "(echo before; $K score m.json in.csv -o /dev/stdout; echo after) > all.txt 2> /dev/null");
    let all = folder.read("all.txt");
    assert!(all.starts_with("before\ntimestamp,wh") && all.ends_with("after\n"), "{all}");
}

#[test]
fn a_full_disk_behind_a_stream_is_told_apart_from_wrong_usage() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds(TRAIN);
    for command in [
        "evaluate m.json",
        "evaluate m.json --format csv",
        "evaluate m.json --format json",
        "inspect m.json",
        "demo",
        "man",
        "completions bash",
        "score m.json in.csv",
    ] {
        assert_eq!(shell(&folder, &format!("$K {command} > /dev/full")).1, Some(3), "{command}");
    }
    // Messages that nobody can hear stop nothing.
    assert_eq!(shell(&folder, "$K score m.json in.csv -o o.csv 2> /dev/full").1, Some(0));
    assert_eq!(shell(&folder, "$K score m.json nowhere.csv 2> /dev/full").1, Some(2));
}

#[test]
fn a_closed_pipe_does_not_hide_what_was_asked_about() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds(TRAIN);
    let (_, code) = shell(
        &folder,
        "set -o pipefail; $K score m.json in.csv in.csv in.csv --fail-above -1 2> /dev/null | head -n 1",
    );
    assert_eq!(code, Some(1));
}
