use knowatt_readings::{Ledger, Reading, Readings};
use knowatt_score::{
    Calendar, Curve, DayClasses, Knot, ModelFile, Population, Provenance, ScoreTable, Source, sha256_hex,
};

use crate::{History, Price, Report};

/// A model of one curve, whose options hold some text.
fn model(text: &str) -> ModelFile {
    let knots = [(100.0, 0.0), (400.0, 1.0)].map(|(wh, score)| Knot { wh, score });
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).unwrap();
    let table = ScoreTable::new(calendar, vec![Curve::new(knots.to_vec()).unwrap(); 48]).unwrap();
    let provenance = Provenance {
        source: Source::Bounds,
        sha256: sha256_hex(b""),
        rows: 48,
        first: None,
        end: None,
        model: "envelope".to_owned(),
        options: [("meter".to_owned(), text.to_owned())].into(),
        seed: 0,
        tool: "test".to_owned(),
    };
    let population = Population::of(&[0.1, 0.2, 0.3]);
    ModelFile { provenance, calibration: None, distillation: None, backtest: None, population, table }
}

/// Hours on end from an instant, of so many Wh.
fn readings(first: &str, wh: &[f64]) -> Readings {
    let first: jiff::Timestamp = first.parse().unwrap();
    let row =
        |(hour, &wh): (i64, &f64)| Reading { start: first + jiff::SignedDuration::from_hours(hour), wh };
    Readings { rows: (0..).zip(wh).map(row).collect() }
}

fn page(meter: &str, model: &ModelFile, readings: Option<&Readings>) -> String {
    let history = readings.map(|readings| History::of(model, readings, &Ledger::default()).unwrap());
    let price: Option<Price> = readings.map(|_| "0.25 </style>".parse().unwrap());
    Report { model, sha256: "ab", meter, history, price, is_live: false }.to_html().unwrap()
}

/// What the page's script is given.
fn content(page: &str) -> serde_json::Value {
    let (_, after) = page.split_once("id=\"content\">").unwrap();
    serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_name_changes_nothing_of_the_page_but_the_text_that_it_is() {
    let quiet = page("home", &model("x"), None);
    for name in
        ["</script><script>alert(1)</script>", "</style><b>", "\" onload='alert(1)'", "<!--<script>", "${1}`"]
    {
        let loud = page(name, &model(name), None);
        assert_eq!(content(&loud)["meter"], name);
        assert_eq!(content(&loud)["model"]["options"]["meter"], name);
        let without = |page: &str| {
            let (before, after) = page.split_once("id=\"content\">").unwrap();
            [before.to_owned(), after.split_once("</script>").unwrap().1.to_owned()]
        };
        assert_eq!(without(&quiet), without(&loud), "{name}");
    }
}

#[test]
fn the_policy_names_every_script_and_style_by_its_digest_and_lets_nothing_be_loaded() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    let page = page("home", &model("x"), None);
    let (_, policy) = page.split_once("Content-Security-Policy\" content=\"").unwrap();
    let policy = policy.split_once('"').unwrap().0;
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("connect-src") && !policy.contains("unsafe"), "{policy}");
    let mut looked_at = 0;
    for (open, close) in
        [("<script>", "</script>"), ("<script type=\"module\">", "</script>"), ("<style>", "</style>")]
    {
        for part in page.split(open).skip(1) {
            let digest = STANDARD.encode(Sha256::digest(part.split_once(close).unwrap().0));
            assert!(policy.contains(&format!("'sha256-{digest}'")), "{open}");
            looked_at += 1;
        }
    }
    assert_eq!(looked_at, 4);
    assert_eq!(page.matches("<script").count(), 4); // those and the content
}

#[test]
fn hours_above_1_are_an_alert_with_what_was_normal_and_what_it_took_more_than_typical() {
    // 22:00 in Paris on; a gap of a day; typical is 160 Wh, the middle score 0.2.
    let mut given = readings("2024-01-05T21:00:00Z", &[150.0, 1000.0, 150.0, 700.5, 90.0]);
    given.rows.extend(readings("2024-01-07T00:00:00Z", &[400.0, 400.01]).rows);
    let page = page("home", &model("x"), Some(&given));
    let history = &content(&page)["history"];
    assert_eq!(history["runs"], serde_json::json!([[1_704_488_400, 5], [1_704_585_600, 2]]));
    assert_eq!(history["wh"][3], 700.5);
    assert_eq!(history["score"], serde_json::json!([0.1667, 3.0, 0.1667, 2.0017, -0.0333, 1.0, 1.0001]));
    let expected = serde_json::json!({
        "first_s": 1_704_492_000, "last_s": 1_704_499_200, "hours": 2, "peak_s": 1_704_492_000, "wh": 1000.0,
        "low_wh": 100.0, "high_wh": 400.0, "score": 3.0, "feature": "level", "extra_wh": 840.0 + 540.5
    });
    assert_eq!(history["alerts"][0], expected);
    assert_eq!(history["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(history["drift"], serde_json::Value::Null); // of seven hours nothing is told
}

#[test]
fn months_are_those_of_the_homes_clock() {
    let given = readings("2024-01-31T21:00:00Z", &[500.0, 0.0, 0.0, 0.0, 0.0, 500.0]);
    let page = page("home", &model("x"), Some(&given));
    let months = content(&page)["history"]["months"].clone();
    let of = |month: &serde_json::Value| {
        [
            month["first_day"].as_str().unwrap().to_owned(),
            month["readings"].to_string(),
            month["alerts"].to_string(),
        ]
    };
    let months: Vec<_> = months.as_array().unwrap().iter().map(of).collect();
    assert_eq!(months, [["2024-01-01", "2", "1"], ["2024-02-01", "4", "1"]]);
}

#[test]
fn a_year_of_hourly_readings_makes_a_page_of_less_than_400_kb() {
    let wh: Vec<f64> = (0..8784).map(|hour| f64::from(hour * 7919 % 3_000_017) / 1000.0).collect();
    let page = page("home", &model("x"), Some(&readings("2024-01-01T00:00:00Z", &wh)));
    assert!(page.len() < 400_000, "{}", page.len());
}
