//! Same input, options and seed: same bytes, on any machine.

use crate::support::{Folder, history, root};

#[test]
fn training_twice_gives_the_same_bytes() {
    let folder = Folder::with("in.csv", history(60));
    for model in ["auto", "density", "envelope"] {
        for name in ["a", "b"] {
            folder.succeeds(&format!(
                "train in.csv --tz Europe/Paris --model {model} --seed 7 -o {name}.json --table {name}.csv"
            ));
        }
        assert!(folder.bytes("a.json") == folder.bytes("b.json"), "{model}");
        assert!(folder.bytes("a.csv") == folder.bytes("b.csv"), "{model}");
    }
}

#[test]
fn neither_the_machines_zone_nor_its_language_nor_its_path_matters() {
    let folder = Folder::with("in.csv", history(60));
    folder.succeeds("train in.csv --tz Europe/Paris -o a.json");
    std::fs::create_dir(folder.path("elsewhere")).unwrap();
    std::fs::copy(folder.path("in.csv"), folder.path("elsewhere/other.csv")).unwrap();
    let status = folder
        .command()
        .args(["train", "elsewhere/other.csv", "--tz", "Europe/Paris", "-o", "b.json"])
        .envs([("TZ", "Pacific/Auckland"), ("TZDIR", "/nonexistent"), ("LC_ALL", "de_DE.UTF-8")])
        .status()
        .unwrap();
    assert!(status.success());
    assert!(folder.bytes("a.json") == folder.bytes("b.json"));
}

/// The digest of the model of the shipped home: it may change only with the model, and then on purpose.
#[test]
fn the_shipped_home_gives_the_model_it_gave_before() {
    let folder = Folder::new();
    let input = root().join("data/home/learn-hourly.csv");
    folder.succeeds(&format!("train {} --tz Europe/Paris -o m.json", input.display()));
    let model = folder.read("m.json");
    let digest = model.lines().rev().nth(1).unwrap().trim();
    insta::assert_snapshot!(digest, @r#""sha256": "d96ebd585ab90b09e67fc12437556c063444d690decfa89b2575972d3a521442""#);
}
