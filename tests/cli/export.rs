//! `knowatt export`: what it refuses, lists and writes. What engines make of it is in `tests/engines`.

use crate::support::{Folder, root};

/// A folder with the talk's model.
fn with_model() -> Folder {
    let folder = Folder::new();
    folder.write("bounds.csv", std::fs::read(root().join("data/talk/envelope.csv")).unwrap());
    folder.succeeds("train --bounds bounds.csv --tz Australia/Sydney -o talk.json");
    folder
}

fn targets(folder: &Folder) -> Vec<String> {
    let listed = folder.succeeds("export --list");
    listed.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_name_that_could_break_out_of_any_language_is_refused_and_nothing_written() {
    let folder = with_model();
    let before = folder.names();
    let hostile =
        ["a'b", "a\"b", "*/", "';--", "a\nb", "a b", "é", "select", "class", "lambda", "../evil", "", "1st"];
    for target in targets(&folder) {
        for name in hostile {
            let mut command = folder.command();
            let output = command.args(["export", "talk.json", "--to", &target, "--name", name, "-o", "made"]);
            assert_eq!(output.output().unwrap().status.code(), Some(2), "{target}: {name:?}");
            assert_eq!(folder.names(), before, "{target}: {name:?}");
        }
    }
}

#[test]
fn every_target_writes_one_file_where_it_was_told_and_nowhere_else() {
    let folder = with_model();
    let before = folder.names();
    for target in targets(&folder) {
        folder.succeeds(&format!("export talk.json --to {target} --name kitchen -o made"));
        std::fs::remove_file(folder.path("made")).unwrap();
        assert_eq!(folder.names(), before, "{target}");
    }
}

#[test]
fn a_target_explains_itself_without_writing_a_file() {
    let folder = with_model();
    let before = folder.names();
    for target in targets(&folder) {
        let explained = folder.succeeds(&format!("export talk.json --to {target} --explain"));
        assert!(explained.to_lowercase().contains("anomoly"), "{target}: {explained}");
        assert_eq!(folder.names(), before, "{target}");
    }
}

#[test]
fn an_export_that_would_replace_its_model_or_names_no_target_is_refused() {
    let folder = with_model();
    let before = folder.bytes("talk.json");
    for (arguments, expected) in [
        ("talk.json --to csv -o talk.json", "would replace the input"),
        ("talk.json --to cobol -o made", "'cobol'"),
        ("talk.json --to csv", "--output"),
        ("talk.json -o made", "--to"),
        ("talk.json --to csv --seed-compatible -o made", "--seed-compatible is not for csv"),
        ("nothing.json --to csv -o made", "nothing.json"),
        ("talk.json --to csv -o - --explain", "give them one of the two"),
        ("talk.json --to duckdb --name coalesce -o made", "take another name"),
        ("talk.json --to duckdb --name heating_floor -o made", "does not end in `_floor`"),
    ] {
        let said = folder.refuses(&format!("export {arguments}"));
        assert!(said.contains(expected), "{arguments}: {said}");
        assert_eq!(folder.bytes("talk.json"), before);
    }
}

#[test]
fn the_table_as_csv_has_the_talks_bounds() {
    let folder = with_model();
    let table = folder.succeeds("export talk.json --to csv -o -");
    let rows: Vec<_> = table.lines().collect();
    assert_eq!(rows[..3], ["feature,day,hour,wh,score", "level,any,0,110,0", "level,any,0,464,1"]);
    assert_eq!(rows.len(), 1 + 2 * 24);
}
