//! The drawing of the crates, and the table beside it, are what Cargo knows of them.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

use crate::support::root;

/// That one crate uses another, by the names of their folders.
type Uses = BTreeSet<(String, String)>;

/// The crates' folders by their packages' names: `knowatt` is in `cli`.
fn folder(package: &str) -> String {
    package.strip_prefix("knowatt-").unwrap_or("cli").to_owned()
}

/// What is so, and how many crates there are.
fn known_to_cargo() -> (Uses, BTreeSet<String>) {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (mut uses, mut crates) = (Uses::new(), BTreeSet::new());
    for package in metadata["packages"].as_array().unwrap() {
        let from = folder(package["name"].as_str().unwrap());
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["name"].as_str().unwrap();
            // What only tests use has the kind `dev`.
            if name.starts_with("knowatt") && dependency["kind"].is_null() {
                uses.insert((from.clone(), folder(name)));
            }
        }
        crates.insert(from);
    }
    (uses, crates)
}

#[test]
fn the_drawing_of_the_crates_has_the_arrows_that_cargo_knows() {
    let drawing = fs::read_to_string(root().join("docs/crates.svg")).unwrap();
    let named = |line: &str, attribute: &str| {
        let (_, rest) = line.split_once(&format!("{attribute}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let arrows = drawing.lines().filter(|line| line.contains("data-from="));
    let drawn: Uses = arrows.map(|line| (named(line, "data-from"), named(line, "data-to"))).collect();
    let (uses, crates) = known_to_cargo();
    assert_eq!(drawn, uses, "docs/crates.svg");
    for name in crates {
        assert!(drawing.contains(&format!(">{name}<")), "docs/crates.svg has no box for {name}");
    }
}

#[test]
fn the_table_of_the_crates_says_what_cargo_knows() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (mut told, mut rows) = (Uses::new(), BTreeSet::new());
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let from = cells[1].trim_matches('`');
        let used = cells[3].split(", ").filter(|name| !name.is_empty());
        told.extend(used.map(|name| (from.to_owned(), name.trim_matches('`').to_owned())));
        rows.insert(from.to_owned());
    }
    assert_eq!((told, rows), known_to_cargo(), "docs/architecture.md");
}
