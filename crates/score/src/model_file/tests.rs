//! Model files whole, damaged and forged.

use super::*;
use crate::sealed::{DIGEST_HEAD, DIGEST_TAIL, sha256_hex};

/// One cell a class and hour, as small as a real file gets.
fn model() -> ModelFile {
    let calendar = Calendar::new("Europe/Paris", DayClasses::None).unwrap();
    let calendar = calendar.with_holidays([jiff::civil::date(2024, 5, 1)]);
    let knots = vec![Knot { wh: 0.1 + 0.2, score: -0.5 }, Knot { wh: 1e3, score: 1.0 }];
    let curves = vec![Curve::new(knots).unwrap(); 24];
    let sets = [
        Feature::Level,
        Feature::Floor { hours: 3 },
        Feature::Floor { hours: 6 },
        Feature::Step,
        Feature::Rise { hours: 1 },
    ]
    .map(|feature| CurveSet { feature, curves: curves.clone() });
    let table = ScoreTable::with_features(calendar, sets.to_vec()).unwrap();
    let figure = Figure { mean: 0.75, spread: 0.125 };
    ModelFile {
        provenance: Provenance {
            source: Source::Readings,
            sha256: sha256_hex(b"readings"),
            rows: 2160,
            first: Some("2008-09-01T00:00:00Z".parse().unwrap()),
            end: Some("2008-11-30T00:00:00Z".parse().unwrap()),
            model: "density".to_owned(),
            options: [("alerts_per_month".to_owned(), "2".to_owned())].into(),
            seed: 7,
            tool: "knowatt 0.1.0".to_owned(),
        },
        calibration: Some(Calibration {
            alerts_per_month: 2.0,
            likely_fewest: 0.0,
            likely_most: 4.5,
            weeks: 13,
            readings: 2160,
            episodes: 5,
            months: [("2008-09-01", 720, 1), ("2008-10-01", 744, 4), ("2008-11-01", 696, 0)]
                .map(|(first_day, readings, episodes)| CalibrationMonth {
                    first_day: first_day.parse().unwrap(),
                    readings,
                    episodes,
                })
                .to_vec(),
        }),
        distillation: Some(Distillation { tolerance: 0.01, largest_error: 0.005 }),
        backtest: Some(Backtest {
            windows: 3,
            average_precision: figure,
            events: figure,
            alerts_per_month: Figure { mean: 2.5, spread: 1.0 },
            choice: "the highest share of anomalies found".to_owned(),
        }),
        population: Population::of(&[0.1, 0.2, 0.3, 0.7]),
        table,
    }
}

/// The same without floors and step.
fn level_only() -> ModelFile {
    let model = model();
    let level = model.table.cells().map(|(_, curve)| curve.clone()).collect();
    ModelFile { table: ScoreTable::new(model.table.calendar().clone(), level).unwrap(), ..model }
}

/// The file with its content changed and the digest made to fit again.
fn forged(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(model().to_bytes()).unwrap();
    assert!(text.contains(from), "{from} is in no model file");
    let content = text.split(DIGEST_HEAD).next().unwrap().replacen(from, to, 1);
    let digest = sha256_hex(content.as_bytes());
    format!("{content}{DIGEST_HEAD}{digest}{DIGEST_TAIL}").into_bytes()
}

#[test]
fn what_is_written_is_read_again_to_the_last_bit() {
    let bytes = model().to_bytes();
    let read = ModelFile::from_bytes(&bytes).unwrap();
    assert_eq!(read, model());
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!(ModelFile::read(bytes.as_slice()).unwrap(), model());
}

#[test]
fn every_single_byte_change_is_refused() {
    let original = level_only().to_bytes();
    let refuse_all = |places: std::ops::Range<usize>| {
        let mut bytes = original.clone();
        for place in places {
            for change in (0..=255).filter(|&change| change != original[place]) {
                bytes[place] = change;
                assert!(ModelFile::from_bytes(&bytes).is_err(), "byte {place} as {change}");
            }
            bytes[place] = original[place];
        }
    };
    let middle = original.len() / 2;
    std::thread::scope(|scope| {
        scope.spawn(|| refuse_all(0..middle));
        scope.spawn(|| refuse_all(middle..original.len()));
    });
}

#[test]
fn every_single_bit_flipped_in_a_file_with_all_features_is_refused() {
    let mut bytes = model().to_bytes();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            bytes[place] ^= 1 << bit;
            assert!(ModelFile::from_bytes(&bytes).is_err(), "bit {bit} of byte {place}");
            bytes[place] ^= 1 << bit;
        }
    }
}

#[test]
fn every_truncation_and_every_added_byte_is_refused() {
    let bytes = model().to_bytes();
    for length in 0..bytes.len() {
        let error = ModelFile::from_bytes(&bytes[..length]).unwrap_err();
        let said = matches!(error, SealedError::Truncated(_) | SealedError::Damaged);
        assert!(said || length == 0, "{length}: {error}");
    }
    for added in [" ", "\n", "{}", "\0"] {
        let longer = [&bytes, added.as_bytes()].concat();
        assert!(ModelFile::from_bytes(&longer).is_err());
    }
}

#[test]
fn content_that_breaks_a_rule_is_refused_though_its_digest_fits() {
    let cases = [
        ("1000.0", "1e400", "number out of range"),
        ("1000.0", "1e13", "knot 1 is not a finite number"),
        ("1000.0", "null", "expected f64"),
        ("1000.0", "0.1", "does not lie right of"),
        ("[-0.5,1.0]", "[2.0,1.0]", "no lower than the one before"),
        ("[-0.5,1.0]", "[1.0,1.0]", "does not rise"),
        ("[-0.5,1.0]", "[1.0]", "2 Wh and 1 scores"),
        ("\"hour\":0,", "\"hour\":1,", "the curve of any, hour 0 is missing"),
        ("\"day_classes\":\"none\"", "\"day_classes\":\"day-type\"", "24 curves, but 48 cells"),
        ("Europe/Paris", "Europe/Atlantis", "not in the IANA database"),
        ("Europe/Paris", "europe/paris", "the zone is called Europe/Paris"),
        ("Europe/Paris", "/etc/passwd", "not in the IANA database"),
        ("\"interval_s\": 3600", "\"interval_s\": 900", "Wh of 3600 s"),
        ("\"unit\": \"Wh\"", "\"unit\": \"kWh\"", "Wh of 3600 s"),
        ("\"version\": 1", "\"version\": 0", "version 0 does not exist"),
        ("\"likely_fewest\":0.0", "\"likely_fewest\":9.0", "no range"),
        ("\"likely_fewest\":0.0", "\"likely_fewest\":-1.0", "no range"),
        ("\"edges\":[0.2,0.3,0.7]", "\"edges\":[0.3,0.2,0.7]", "no sound shares"),
        ("\"shares\":[0.25", "\"shares\":[0.75", "no sound shares"),
        ("\"choice\":\"the", "\"choice\":\"\\u0007", "control character"),
        ("\"hours\":3", "\"hours\":1", "the floor-1h is out of place"),
        ("\"hours\":3", "\"hours\":9", "the floor-6h is out of place"),
        ("\"hours\":3", "\"hours\":6", "the floor-6h is out of place"),
        ("\"largest_error\":0.005", "\"largest_error\":0.5", "over its tolerance"),
        ("\"density\"", "\"\\u001b[2J\"", "control character"),
        ("\"seed\":7", "\"seed\":7,\"extra\":1", "unknown field"),
        ("\"seed\":7", "\"seed\":7,\"seed\":7", "duplicate field"),
        ("\"seed\":7", "\"seed\":-7", "invalid value"),
    ];
    for (from, to, expected) in cases {
        let error = ModelFile::from_bytes(&forged(from, to)).unwrap_err();
        assert!(matches!(error, SealedError::Content(_) | SealedError::Other { .. }), "{to}: {error}");
        assert!(error.to_string().contains(expected), "{to}: {error}");
    }
}

#[test]
fn the_digest_that_is_read_is_the_one_at_the_end_of_the_file() {
    // Spelled in another way than this program spells it.
    let bytes = forged("1000.0", "1e3");
    let (read, sha256) = ModelFile::read_with_digest(&*bytes).unwrap();
    assert_eq!(read, model());
    assert!(String::from_utf8(bytes).unwrap().ends_with(&format!("{sha256}\"\n}}\n")));
    assert_ne!(sha256, read.sha256());
    assert!(String::from_utf8(read.to_bytes()).unwrap().contains(&read.sha256()));
}

#[test]
fn a_newer_version_is_told_apart_from_damage() {
    let error = ModelFile::from_bytes(&forged("\"version\": 1", "\"version\": 2")).unwrap_err();
    assert!(matches!(error, SealedError::Newer { found: 2, .. }), "{error}");
    // Even where everything else about it is unknown.
    let error =
        ModelFile::from_bytes(br#"{"format":"knowatt-score-table","version":9,"new":[]}"#).unwrap_err();
    assert!(matches!(error, SealedError::Newer { found: 9, .. }), "{error}");
}

#[test]
fn what_is_no_model_file_is_said_to_be_none() {
    for other in
        ["", "{}", "[]", "null", "day,hour,wh,score\n", "{\"format\":\"x\",\"version\":1}", "\u{feff}{}"]
    {
        let error = ModelFile::from_bytes(other.as_bytes()).unwrap_err();
        assert!(matches!(error, SealedError::Other { .. }), "{other}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(ModelFile::from_bytes(deep.as_bytes()).is_err());
}

#[test]
fn an_oversized_file_is_refused_before_it_is_parsed() {
    let endless = std::io::repeat(b' ');
    assert!(matches!(ModelFile::read(endless), Err(SealedError::TooLarge(_))));
}

#[test]
fn a_curve_with_too_many_knots_is_refused() {
    let wh: Vec<String> = (0..=Curve::MAX_KNOTS).map(|knot| knot.to_string()).collect();
    let list = wh.join(",");
    let bytes = forged(
        "\"wh\":[0.30000000000000004,1000.0],\"score\":[-0.5,1.0]",
        &format!("\"wh\":[{list}],\"score\":[{list}]"),
    );
    let message = ModelFile::from_bytes(&bytes).unwrap_err().to_string();
    assert!(message.contains("2 to 4096 knots, not 4097"), "{message}");
}

proptest::proptest! {
    #[test]
    fn any_table_is_read_as_it_was_written(
        steps in proptest::collection::vec((1e-3..1e6_f64, 0.0..1e3_f64), 2..12),
        first in (0.0..1e6_f64, -1e6..1e6_f64),
    ) {
        let mut knots = vec![Knot { wh: first.0, score: first.1 }];
        for (wh, score) in steps {
            let last = knots[knots.len() - 1];
            knots.push(Knot { wh: last.wh + wh, score: last.score + score });
        }
        proptest::prop_assume!(Curve::new(knots.clone()).is_ok());
        let calendar = Calendar::new("America/St_Johns", DayClasses::None).unwrap();
        let table = ScoreTable::new(calendar, vec![Curve::new(knots).unwrap(); 24]).unwrap();
        let written = ModelFile { table, ..model() };
        proptest::prop_assert_eq!(ModelFile::from_bytes(&written.to_bytes()).unwrap(), written);
    }
}
