//! What holds of every target.

use knowatt_score::{
    Calendar, Curve, CurveSet, DayClasses, Feature, Knot, ModelFile, Provenance, ScoreTable, Source,
    sha256_hex,
};

use super::all;
use crate::{Export, Name};

/// A model with every feature, whose texts try to break out of wherever they are written.
pub(crate) fn hostile_model() -> ModelFile {
    let evil = "EVIL*/'\";--\\`${{%}}]]></script>";
    let curve = |high: f64| {
        let knots = [(0.5, -0.1), (high / 3.0, 0.3), (high, 1.0)];
        Curve::new(knots.map(|(wh, score)| Knot { wh, score }).to_vec()).unwrap()
    };
    let features = [
        Feature::Level,
        Feature::Floor { hours: 3 },
        Feature::Floor { hours: 12 },
        Feature::Step,
        Feature::Rise { hours: 1 },
    ];
    let sets = (1..).zip(features).map(|(place, feature)| {
        let curves = (0..48).map(|cell| curve(f64::from(place * 1000 + cell))).collect();
        CurveSet { feature, curves }
    });
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType)
        .unwrap()
        .with_holidays(["2024-05-01".parse().unwrap(), "2024-12-25".parse().unwrap()]);
    ModelFile {
        provenance: Provenance {
            source: Source::Readings,
            sha256: sha256_hex(b""),
            rows: 24,
            first: Some("2024-01-01T00:00:00Z".parse().unwrap()),
            end: Some("2024-04-01T00:00:00Z".parse().unwrap()),
            model: evil.to_owned(),
            options: [(evil.to_owned(), evil.to_owned())].into(),
            seed: 0,
            tool: evil.to_owned(),
        },
        calibration: None,
        distillation: None,
        backtest: None,
        population: None,
        table: ScoreTable::with_features(calendar, sets.collect()).unwrap(),
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn no_text_of_a_model_file_reaches_what_is_exported() {
    let model = hostile_model();
    let export = Export::new(&model, model.sha256(), "kitchen".parse().unwrap());
    for target in all() {
        let bytes = target.export(&export).unwrap();
        assert!(!contains(&bytes, "EVIL"), "{}", target.name());
        assert!(!target.explain(&export, "kitchen.out").contains("EVIL"), "{}", target.name());
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let model = hostile_model();
    let again = ModelFile::from_bytes(&model.to_bytes()).unwrap();
    for target in all() {
        let of = |model| target.export(&Export::new(model, model.sha256(), Name::default())).unwrap();
        assert!(of(&model) == of(&again), "{}", target.name());
    }
}

#[test]
fn no_place_to_fill_in_is_left_empty() {
    let model = hostile_model();
    let export = Export::new(&model, model.sha256(), "kitchen".parse().unwrap());
    for target in all() {
        let bytes = target.export(&export).unwrap();
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for text in [text, target.explain(&export, "kitchen.out")] {
            let left = text.split('@').skip(1).step_by(2).find(|word| {
                !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            });
            assert_eq!(left, None, "{}", target.name());
        }
    }
}

#[test]
fn every_target_says_how_to_use_what_it_makes_by_its_name_and_file() {
    let model = hostile_model();
    let export = Export::new(&model, model.sha256(), "kitchen".parse().unwrap());
    let mut names: Vec<_> = all().iter().map(|target| target.name()).collect();
    for target in all() {
        let explained = target.explain(&export, "folder/kitchen.out");
        assert!(explained.contains("kitchen.out"), "{}: {explained}", target.name());
        assert!(
            explained.ends_with('\n') && !explained.ends_with("\n\n"),
            "{}: {explained:?}",
            target.name()
        );
        let widest = explained.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(160), "{}: {widest:?}", target.name());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().len());
}

#[test]
fn a_model_of_every_floor_and_rise_there_can_be_is_exported_and_explained() {
    let mut model = hostile_model();
    let level: Vec<_> = model.table.cells().map(|(_, curve)| curve.clone()).collect();
    let features = [Feature::Level]
        .into_iter()
        .chain((2..=24).map(|hours| Feature::Floor { hours }))
        .chain((1..=24).map(|hours| Feature::Rise { hours }));
    let sets = features.map(|feature| CurveSet { feature, curves: level.clone() });
    model.table = ScoreTable::with_features(model.table.calendar().clone(), sets.collect()).unwrap();
    let export = Export::new(&model, model.sha256(), Name::default());
    for target in all() {
        assert!(!target.export(&export).unwrap().is_empty(), "{}", target.name());
        assert!(!target.explain(&export, "kitchen.out").is_empty(), "{}", target.name());
    }
}
