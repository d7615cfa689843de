//! Fitted models whole, damaged and forged.

use knowatt_score::sha256_hex;

use super::*;
use crate::{
    Choice, ModelName, Options,
    pipeline::{tests::home, train},
};

fn trained(model: ModelName) -> Trained {
    let options = Options { model: Choice::Model(model), ..Options::default() };
    train(home(4, 28), "Europe/Paris", &options).unwrap()
}

/// The file with its content changed and the digest made to fit again.
fn forged(trained: &Trained, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(trained.to_bytes()).unwrap();
    assert!(text.contains(from), "{from} is in no file of a fitted model");
    let head = "  \"sha256\": \"";
    let content = text.rsplit_once(head).unwrap().0.replacen(from, to, 1);
    format!("{content}{head}{}\"\n}}\n", sha256_hex(content.as_bytes())).into_bytes()
}

#[test]
fn every_model_comes_back_to_the_last_bit_and_distils_to_the_same_file() {
    for model in ModelName::ALL {
        let trained = trained(model);
        let bytes = trained.to_bytes();
        let read = Trained::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes, "{model}");
        for alerts_per_month in [0.5, 2.0, 10.0] {
            let file = |trained: &Trained| trained.model_file(alerts_per_month).unwrap().to_bytes();
            assert!(file(&read) == file(&trained), "{model} at {alerts_per_month}");
        }
    }
}

#[test]
fn damage_is_refused() {
    let bytes = trained(ModelName::ZScore).to_bytes();
    for place in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        assert!(Trained::from_bytes(&damaged).is_err(), "byte {place}");
        assert!(Trained::from_bytes(&bytes[..place]).is_err(), "cut off after {place}");
    }
}

#[test]
fn a_model_file_is_no_fitted_model() {
    let file = trained(ModelName::Envelope).model_file(2.0).unwrap().to_bytes();
    let message = Trained::from_bytes(&file).unwrap_err().to_string();
    assert!(
        message.contains("is not a fitted knowatt model: its format is `knowatt-score-table`"),
        "{message}"
    );
}

#[test]
fn content_that_breaks_a_rule_is_refused_though_its_digest_fits() {
    let trained = trained(ModelName::ZScore);
    let cases = [
        ("\"name\":\"floor-2h\"", "\"name\":\"floor-5h\"", "nothing is known of the feature floor-5h"),
        ("\"name\":\"floor-2h\"", "\"name\":\"floor-3h\"", "not in order"),
        ("\"name\":\"level\"", "\"name\":\"step\"", "not in order"),
        ("\"shares\": \"balanced\"", "\"shares\": \"fair\"", "no shares called fair"),
        ("\"was_fine\": []", "\"was_fine\": [\"2020-01-01T00:00:00Z\"]", "not among the readings"),
        ("\"spread\":", "\"spread\":-", "not those of 48 cells"),
        ("\"cells\":[", "\"cells\":[{\"mean\":1.0,\"spread\":1.0},", "not those of 48 cells"),
        ("\"held_out\":[", "\"held_out\":[1.0,", "not a raw score a reading"),
        ("\"start_s\":[", "\"start_s\":[5,", "not in order of time"),
        ("\"zscore\":", "\"oracle\":", "unknown variant"),
        ("\"alerts_per_month\": 2.0", "\"alerts_per_month\": 0.0", "alerts a month"),
        ("\"highest_wh\":", "\"highest_wh\":-", "no place"),
        ("\"tool\":\"knowatt", "\"tool\":\"\\u001bknowatt", "control character"),
        ("\"zone\":\"Europe/Paris\"", "\"zone\":\"europe/paris\"", "the zone is called Europe/Paris"),
        ("\"wh\":[", "\"wh\":[1e300,", "each with its Wh"),
    ];
    for (from, to, expected) in cases {
        let message = Trained::from_bytes(&forged(&trained, from, to)).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn a_score_that_is_too_steep_to_distil_is_an_error_and_no_endless_work() {
    let trained = trained(ModelName::ZScore);
    let text = String::from_utf8(trained.to_bytes()).unwrap();
    let spread = text.split("\"spread\":").nth(1).unwrap().split('}').next().unwrap();
    let steep = forged(&trained, &format!("\"spread\":{spread}"), "\"spread\":1e-30");
    assert!(Trained::from_bytes(&steep).unwrap().model_file(2.0).is_err());
}
