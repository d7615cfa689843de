//! What is in a jar and in the Java source.

use knowatt_score::{
    Calendar, Curve, CurveSet, DayClasses, Feature, Knot, ModelFile, Provenance, Recent, ScoreTable, Source,
    sha256_hex,
};

use super::{Java, KSQLDB, jar};
use crate::{Export, clock::Clock, targets::Target};

fn model(features: &[Feature], knots: u16) -> ModelFile {
    let knots: Vec<_> =
        (0..knots).map(|knot| Knot { wh: f64::from(knot) / 3.0, score: f64::from(knot) / 7.0 }).collect();
    let curves = vec![Curve::new(knots).unwrap(); 24];
    let sets =
        features.iter().map(|feature| CurveSet { feature: *feature, curves: curves.clone() }).collect();
    let calendar = Calendar::new("Europe/Paris", DayClasses::None).unwrap();
    ModelFile {
        provenance: Provenance {
            source: Source::Bounds,
            sha256: sha256_hex(b""),
            rows: 24,
            first: None,
            end: None,
            model: "envelope".to_owned(),
            options: [].into(),
            seed: 0,
            tool: "knowatt".to_owned(),
        },
        calibration: None,
        distillation: None,
        backtest: None,
        population: None,
        table: ScoreTable::with_features(calendar, sets).unwrap(),
    }
}

fn names(features: &[Feature]) -> Vec<String> {
    let model = model(features, 2);
    let export = Export::new(&model, model.sha256(), "heat".parse().unwrap());
    jar::files(&export).unwrap().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_jar_has_the_functions_that_the_model_has_curves_for_under_its_name() {
    let level = names(&[Feature::Level]);
    assert_eq!(
        level.iter().filter(|name| name.contains("ksqldb")).collect::<Vec<_>>(),
        [
            "knowatt/ksqldb/heat.class",
            "knowatt/ksqldb/heat_AT.class",
            "knowatt/ksqldb/heat_DAY.class",
            "knowatt/ksqldb/heat_HOUR.class"
        ]
    );
    assert!(
        level.is_sorted() && level.iter().all(|name| name.starts_with("knowatt/") && name.contains("heat"))
    );

    let floors = [
        Feature::Level,
        Feature::Floor { hours: 3 },
        Feature::Floor { hours: 6 },
        Feature::Rise { hours: 1 },
    ];
    let further: Vec<_> = names(&floors).into_iter().filter(|name| !level.contains(name)).collect();
    let expected = ["flink", "ksqldb", "spark"]
        .map(|engine| ["FLOOR", "RISE"].map(|function| format!("knowatt/{engine}/heat_{function}.class")));
    assert_eq!(further, expected.concat());
}

#[test]
fn of_more_floors_than_spark_has_classes_for_the_other_engines_have_the_function() {
    let floors: Vec<_> = (2..=12).map(|hours| Feature::Floor { hours }).collect();
    let names = names(&[&[Feature::Level][..], &floors].concat());
    assert!(names.contains(&"knowatt/ksqldb/heat_FLOOR.class".to_owned()));
    assert!(!names.iter().any(|name| name.contains("spark/heat_FLOOR")));
}

#[test]
fn no_text_in_the_java_source_is_longer_than_a_class_file_takes() {
    let model = model(&[Feature::Level], 4096);
    let source = String::from_utf8(
        Java.export(&Export::new(&model, model.sha256(), "heat".parse().unwrap())).unwrap(),
    )
    .unwrap();
    let texts = source.split_once("return String.join(\" \"").unwrap().1.split("\n            , ").skip(1);
    let lengths: Vec<_> =
        texts.map(|text| text.split('"').skip(1).step_by(2).map(str::len).sum::<usize>()).collect();
    assert!(lengths.len() > 50 && lengths.iter().all(|length| *length < 65_535), "{lengths:?}");
}

#[test]
fn the_java_source_keeps_as_many_hours_and_ends_in_the_same_year_as_we() {
    let model = model(&[Feature::Level], 2);
    let source = String::from_utf8(
        Java.export(&Export::new(&model, model.sha256(), "heat".parse().unwrap())).unwrap(),
    )
    .unwrap();
    assert!(source.contains(&format!("new double[{}];", Recent::HOURS)));
    assert!(source.replace('_', "").contains(&format!("ENDMS = {}000L;", Clock::END_S).replace('_', "")));
    assert!(
        source.contains("public final class heat {")
            && !source.contains("KNOWATT_NAME")
            && !source.contains("getResource")
    );
}

#[test]
fn the_talks_score_for_no_such_hour_is_in_the_jar_only_if_it_was_asked_for() {
    let model = model(&[Feature::Level], 2);
    let mut export = Export::new(&model, model.sha256(), "heat".parse().unwrap());
    let without = jar::files(&export).unwrap();
    export.seed_compatible = true;
    let with = jar::files(&export).unwrap();
    let numbers = |files: &[(String, Vec<u8>)]| {
        String::from_utf8(files.iter().find(|(name, _)| name.ends_with(".curves")).unwrap().1.clone())
            .unwrap()
    };
    assert!(numbers(&without).starts_with("0 1 NaN\n") && numbers(&with).starts_with("0 1 -1\n"));
    assert_ne!(KSQLDB.export(&export).unwrap(), [0; 0]);
}
