//! Training as a whole, on made-up homes whose law is known.

use jiff::Timestamp;
use knowatt_score::{Episodes, Recent, Slot};

use super::*;
use crate::{TOLERANCE, normal::upper_quantile};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Hours of a home whose use is log-normal about a level for each hour of the day, less on days off.
pub(crate) fn home(seed: u64, days: i64) -> Readings {
    let mut state = seed;
    // SplitMix64 (Steele, Lea & Flood 2014), as a number between 0 and 1.
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + 1e-17
    };
    let start: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let rows = (0..days * 24).map(|hour| {
        let level: f64 = match (hour % 24, hour / 24 % 7) {
            (0..6, _) => 5.0,
            (17..23, _) => 7.0,
            (_, 5 | 6) => 6.5,
            _ => 6.0,
        };
        Reading {
            start: start + HOUR * i32::try_from(hour).unwrap(),
            wh: (level + 0.5 * upper_quantile(uniform())).exp(),
        }
    });
    Readings { rows: rows.collect() }
}

fn split(readings: &Readings, days: usize) -> (Readings, Readings) {
    let (before, after) = readings.rows.split_at(days * 24);
    (Readings { rows: before.to_vec() }, Readings { rows: after.to_vec() })
}

fn file(readings: &Readings, options: &Options) -> ModelFile {
    train(readings.clone(), "UTC", options).unwrap().model_file(options.alerts_per_month).unwrap()
}

fn alerts(model: &ModelFile, readings: &Readings) -> usize {
    let mut episodes = Episodes::above(1.0);
    let mut recent = Recent::default();
    let mut score = |reading: &&Reading| {
        let score = model.table.assess(reading.start, reading.wh, &mut recent).unwrap().score;
        episodes.push(reading.start, score)
    };
    readings.rows.iter().filter(|reading| score(reading)).count()
}

#[test]
fn as_many_alerts_arise_as_were_asked_for_while_the_home_stays_as_it_was() {
    for model in ModelName::ALL.map(Choice::Model) {
        let is_usual = model == Choice::Model(AUTO[0]);
        let is_network =
            [ModelName::Autoencoder, ModelName::PlainAutoencoder].map(Choice::Model).contains(&model);
        let homes = match (is_usual, is_network) {
            (true, _) => 100,
            (_, true) => 6,
            _ => 20,
        };
        let months = 2;
        let asked = [1.0, 4.0];
        let mut totals = [0; 2];
        for seed in 0..homes {
            let (before, after) = split(&home(seed, 90 + 30 * months), 90);
            let trained = train(before, "UTC", &Options { model, ..Options::default() }).unwrap();
            for (total, alerts_per_month) in totals.iter_mut().zip(asked) {
                *total += alerts(&trained.model_file(alerts_per_month).unwrap(), &after);
            }
        }
        for (total, alerts_per_month) in totals.into_iter().zip(asked) {
            #[allow(clippy::cast_precision_loss, reason = "small counts")]
            let a_month = total as f64 / (homes as f64 * months as f64);
            let ratio = a_month / alerts_per_month;
            // The other models' edges widen with every reading, so that those of all weeks are passed less often than
            // those of the weeks held out; and the level of one alert a month hangs on three episodes, which trees,
            // whose steps differ from fit to fit, find less well (1.35 over eighty homes).
            let bounds = match (is_usual, alerts_per_month < 2.0) {
                (true, _) => 0.8..1.2,
                (false, true) => 0.6..1.6,
                (false, false) => 0.6..1.4,
            };
            assert!(
                bounds.contains(&ratio),
                "{}: {a_month} a month where {alerts_per_month} were asked for",
                model.name()
            );
        }
    }
}

#[test]
fn the_table_is_true_to_the_model_wherever_readings_lie() {
    let readings = home(7, 90);
    let calendar = Calendar::new("UTC", DayClasses::default()).unwrap();
    let set = TrainingSet::new(&readings, calendar);
    for name in ModelName::ALL {
        let model = FittedModel::fit(&set, &*name.model(), 0);
        let (edges, _) = model.calibrate(&Shares::BALANCED, 2.0);
        let (table, distillation) = model.table(&edges).unwrap();
        assert!(distillation.largest_error <= TOLERANCE);
        for ((part, edges), (named, cells)) in model.features.iter().zip(edges).zip(table.features()) {
            assert_eq!(part.feature, named);
            let curves: Vec<_> = cells.collect();
            for row in set.of(named).rows {
                let (slot, curve) = curves[row.slot.day.index() * 24 + usize::from(row.slot.hour)];
                assert_eq!(slot, row.slot);
                let model = edges.score(part.fitted.raw(row.slot, row.wh));
                let table = curve.score(row.wh);
                assert!(
                    (table - model).abs() <= TOLERANCE,
                    "{name}, {named}: {} Wh scores {table}, not {model}",
                    row.wh
                );
            }
        }
    }
}

#[test]
fn the_same_reading_scores_by_its_hour_and_day() {
    let file = file(&home(1, 90), &Options::default());
    let score = |instant: &str| file.table.score_at(instant.parse().unwrap(), 1500.0).unwrap();
    let (night, evening) = (score("2024-06-04T04:00:00Z"), score("2024-06-04T20:00:00Z"));
    assert!(night > 1.0 && evening < 1.0, "{night} at four, {evening} at eight in the evening");
    let (working_day, day_off) = (score("2024-06-04T12:00:00Z"), score("2024-06-08T12:00:00Z"));
    assert!(working_day > day_off, "{working_day} on a Tuesday, {day_off} on a Saturday");
}

#[test]
fn cells_without_readings_borrow_from_the_same_hour() {
    // Days of the month, from a history that never reached the 31st.
    let readings = Readings { rows: home(3, 30).rows };
    for model in ModelName::ALL.map(Choice::Model) {
        let options = Options { model, day_classes: DayClasses::DayOfMonth, ..Options::default() };
        let file = file(&readings, &options);
        let high = |day: &str, hour| {
            let day = DayClasses::DayOfMonth.class_named(day).unwrap();
            file.table.curve(Slot { day, hour }).unwrap().wh(1.0)
        };
        assert!(high("31", 4) < high("31", 20), "{}", model.name());
    }
}

#[test]
fn impossible_wishes_are_refused() {
    let readings = home(1, 30);
    for alerts_per_month in [0.0, -1.0, f64::NAN, 101.0] {
        let options = Options { alerts_per_month, ..Options::default() };
        assert!(matches!(train(readings.clone(), "UTC", &options), Err(Error::AlertsPerMonth(_))));
    }
    assert!(matches!(train(readings.clone(), "Mars/Olympus", &Options::default()), Err(Error::Zone(_))));
    let (few, _) = split(&readings, 20);
    assert!(matches!(train(few, "UTC", &Options::default()), Err(Error::TooLittle { days: 20, hours: 480 })));
    assert!(matches!(train(Readings::default(), "UTC", &Options::default()), Err(Error::TooLittle { .. })));
}

#[test]
fn weeks_are_held_out_in_turn_however_far_apart_they_lie() {
    // Three weeks, sixteen apart: a multiple of the number of groups.
    let rows = home(5, 33 * 7).rows.into_iter().enumerate();
    let rows =
        rows.filter(|(hour, _)| [0, 16, 32].contains(&(hour / 168))).map(|(_, reading)| reading).collect();
    let readings = Readings { rows };
    for model in ModelName::ALL.map(Choice::Model) {
        let file = file(&readings, &Options { model, ..Options::default() });
        assert_eq!(file.calibration.as_ref().unwrap().weeks, 3);
        assert!(alerts(&file, &readings) < 6, "{}", model.name());
    }
}

#[test]
fn hours_without_readings_borrow_from_all() {
    // A shop's meter that is read from eight to five only.
    let rows = home(6, 90).rows.into_iter().enumerate().filter(|(hour, _)| (8..17).contains(&(hour % 24)));
    let readings = Readings { rows: rows.map(|(_, reading)| reading).collect() };
    for model in ModelName::ALL.map(Choice::Model) {
        let file = file(&readings, &Options { model, ..Options::default() });
        let at_two = file.table.score_at("2024-06-04T02:00:00Z".parse().unwrap(), 1e5).unwrap();
        assert!(at_two > 1.0, "{}: {at_two}", model.name());
    }
}

#[test]
fn rows_that_are_no_readings_are_refused() {
    for wh in [f64::NAN, f64::INFINITY, -1.0, 1e10] {
        let mut readings = home(1, 30);
        readings.rows[5].wh = wh;
        assert!(matches!(train(readings.clone(), "UTC", &Options::default()), Err(Error::NotReadings)));
    }
    let mut readings = home(1, 30);
    readings.rows.swap(3, 4);
    assert!(matches!(train(readings.clone(), "UTC", &Options::default()), Err(Error::NotReadings)));
}

#[test]
fn a_home_of_extremes_can_be_learned() {
    let mut readings = home(2, 60);
    for (hour, reading) in readings.rows.iter_mut().enumerate() {
        reading.wh = if hour % 7 == 3 { 1e9 } else { 1.0 };
    }
    for model in ModelName::ALL.map(Choice::Model) {
        for alerts_per_month in [1e-300, 0.01, 30.0] {
            file(&readings, &Options { model, alerts_per_month, ..Options::default() });
        }
    }
}
