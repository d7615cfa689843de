//! Nanoseconds a score: one reading at a time, a column by cell, and by instant.
//!
//! `cargo bench -p knowatt-score`. Readings are random over day, hour and Wh, so that neither the
//! cache nor the branch predictor has an easy time; curves have 17 knots, as those of the shipped home have on average.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark ends where it fails")]

use divan::{Bencher, black_box, counter::ItemsCount};
use jiff::{SignedDuration, Timestamp};
use knowatt_score::{
    Calendar, Curve, CurveSet, DayClass, DayClasses, Feature, Knot, Recent, ScoreTable, Slot,
};

const ROWS: usize = 100_000;

fn main() {
    divan::main();
}

fn table() -> ScoreTable {
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).unwrap();
    let curve = |cell: usize| {
        let knot = |i: usize| Knot { wh: (i * i * 40 + cell) as f64, score: (i as f64).ln_1p() };
        Curve::new((0..17).map(knot).collect()).unwrap()
    };
    ScoreTable::new(calendar, (0..48).map(curve).collect()).unwrap()
}

/// A small generator (`SplitMix64`), so that the benchmark needs no crate for it.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn columns() -> (Vec<DayClass>, Vec<u8>, Vec<f64>) {
    let mut state = 1;
    let mut next = |below: u64| random(&mut state) % below;
    #[allow(clippy::cast_possible_truncation, reason = "below 24")]
    let row = |_| (DayClass(next(2) as u8), next(24) as u8, next(9_000) as f64);
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    (
        rows.iter().map(|r| r.0).collect(),
        rows.iter().map(|r| r.1).collect(),
        rows.iter().map(|r| r.2).collect(),
    )
}

#[divan::bench]
fn column_by_cell(bencher: Bencher) {
    let (table, (days, hours, wh)) = (table(), columns());
    let mut scores = vec![0.0; ROWS];
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        table.score_columns(&days, &hours, &wh, black_box(&mut scores)).unwrap();
    });
}

#[divan::bench]
fn one_by_one_by_cell(bencher: Bencher) {
    let (table, (days, hours, wh)) = (table(), columns());
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for row in 0..ROWS {
            let slot = Slot { day: days[row], hour: hours[row] };
            _ = black_box(table.score(black_box(slot), black_box(wh[row])));
        }
    });
}

#[divan::bench]
fn one_by_one_by_instant(bencher: Bencher) {
    let (table, (_, _, wh)) = (table(), columns());
    let start: Timestamp = "2008-01-01T00:00:00Z".parse().unwrap();
    let mut state = 2;
    let instants: Vec<_> = wh
        .iter()
        .map(|_| start + SignedDuration::from_hours(i64::try_from(random(&mut state) % 26_280).unwrap()))
        .collect();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for row in 0..ROWS {
            _ = black_box(table.score_at(black_box(instants[row]), black_box(wh[row])));
        }
    });
}

/// A meter's history, hour by hour, with all nine features that training gives a table.
#[divan::bench]
fn with_the_hours_before(bencher: Bencher) {
    let (level, (_, _, wh)) = (table(), columns());
    let curves: Vec<Curve> = level.cells().map(|(_, curve)| curve.clone()).collect();
    let floors = [2, 3, 6, 12].map(|hours| Feature::Floor { hours });
    let rises = [1, 3, 6].map(|hours| Feature::Rise { hours });
    let features = [Feature::Level].into_iter().chain(floors).chain([Feature::Step]).chain(rises);
    let sets = features.map(|feature| CurveSet { feature, curves: curves.clone() }).collect();
    let table = ScoreTable::with_features(level.calendar().clone(), sets).unwrap();
    let start: Timestamp = "2008-01-01T00:00:00Z".parse().unwrap();
    let instants: Vec<_> = (0..).map(|hour| start + SignedDuration::from_hours(hour)).take(ROWS).collect();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut recent = Recent::default();
        for row in 0..ROWS {
            _ = black_box(table.assess(black_box(instants[row]), black_box(wh[row]), &mut recent));
        }
    });
}
