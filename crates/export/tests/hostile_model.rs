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

fn model(classes: DayClasses) -> ModelFile {
    let calendar = Calendar::new("Europe/Paris", classes).unwrap();
    let features = [
        Feature::Level,
        Feature::Floor { hours: 2 },
        Feature::Floor { hours: 24 },
        Feature::Rise { hours: 1 },
    ];
    let knots = [(100.0, 0.0), (200.5, 0.25), (400.0, 1.0)].map(|(wh, score)| Knot { wh, score });
    let curve = Curve::new(knots.to_vec()).unwrap();
    let sets = features
        .map(|feature| CurveSet { feature, curves: vec![curve.clone(); classes.count() * 24] })
        .into();
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
        table: ScoreTable::with_features(calendar, sets).unwrap(),
    }
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
