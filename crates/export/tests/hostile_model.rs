//! A model file may come from anyone: nothing of its texts goes into what is made of it.

#![allow(clippy::unwrap_used, reason = "a test that fails may end")]

use std::collections::BTreeMap;

use knowatt_export::{Export, all};
use knowatt_score::{
    Backtest, Calendar, Curve, CurveSet, DayClasses, Feature, Figure, Knot, ModelFile, Provenance,
    ScoreTable, Source, sha256_hex,
};

/// Ends a string, a comment and a statement in most languages, and is easily found again.
const HOSTILE: &str = "EVIL\"'`*/-->;]]$$</script>{{7*7}}\u{2028}";

fn knots(count: u32) -> Curve {
    let knot = |place| Knot { wh: 100.5 * f64::from(place), score: 0.25 * f64::from(place) };
    Curve::new((0..count).map(knot).collect()).unwrap()
}

fn model(classes: DayClasses) -> ModelFile {
    let features = [
        Feature::Level,
        Feature::Floor { hours: 2 },
        Feature::Floor { hours: 24 },
        Feature::Rise { hours: 1 },
    ];
    let sets =
        features.map(|feature| CurveSet { feature, curves: vec![knots(3); classes.count() * 24] }).into();
    let figure = Figure { mean: 1.0, spread: 0.0 };
    ModelFile {
        provenance: Provenance {
            source: Source::Readings,
            sha256: sha256_hex(b""),
            rows: 24,
            first: None,
            end: None,
            model: HOSTILE.into(),
            options: BTreeMap::from([(HOSTILE.into(), HOSTILE.into())]),
            seed: 0,
            tool: HOSTILE.into(),
        },
        calibration: None,
        distillation: None,
        backtest: Some(Backtest {
            windows: 1,
            average_precision: figure,
            events: figure,
            alerts_per_month: figure,
            choice: HOSTILE.into(),
        }),
        population: None,
        table: table(classes, sets),
    }
}

fn table(classes: DayClasses, sets: Vec<CurveSet>) -> ScoreTable {
    ScoreTable::with_features(Calendar::new("Europe/Paris", classes).unwrap(), sets).unwrap()
}

#[test]
fn no_text_of_a_model_file_is_in_what_any_target_makes_or_explains() {
    for classes in DayClasses::ALL {
        let model = ModelFile::from_bytes(&model(classes).to_bytes()).unwrap();
        let export = Export::new(&model, "kitchen".parse().unwrap());
        for target in all() {
            let mut made = target.export(&export).unwrap();
            made.extend(target.explain(&export, "kitchen.out").as_bytes());
            assert!(!made.windows(4).any(|bytes| bytes == b"EVIL"), "{} of {classes:?}", target.name());
        }
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    for classes in DayClasses::ALL {
        let made = || {
            let model = model(classes);
            let export = Export::new(&model, "kitchen".parse().unwrap());
            all().iter().map(|target| target.export(&export).unwrap()).collect::<Vec<_>>()
        };
        assert!(made() == made(), "{classes:?}");
    }
}

#[test]
fn one_long_curve_a_feature_does_not_make_an_onnx_graph_of_hundreds_of_megabytes() {
    let classes = DayClasses::DayOfMonth;
    let mut model = model(classes);
    let mut curves = vec![knots(2); classes.count() * 24];
    curves[100] = knots(4096);
    let floors = (2..=24).map(|hours| Feature::Floor { hours });
    let sets = [Feature::Level].into_iter().chain(floors);
    model.table = table(classes, sets.map(|feature| CurveSet { feature, curves: curves.clone() }).collect());
    let export = Export::new(&model, "kitchen".parse().unwrap());
    let target = all().iter().find(|target| target.name() == "onnx").unwrap();
    assert_eq!(
        target.export(&export).unwrap_err().to_string(),
        "the table is too large for onnx: 584819712 bytes of padded knots, where 268435456 are the most"
    );
}
