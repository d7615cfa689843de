//! What the page shows, as data: one JSON object in the page, which its script draws.
//!
//! Energy is in Wh, instants are in seconds since 1970, days of the calendar are ISO dates. Lists by cell are by day class, then hour.

use jiff::civil::Date;
use knowatt_export::Clock;
use knowatt_score::{Backtest, Calibration, INTERVAL_S, ModelFile, PAUSE_HOURS};
use serde::Serialize;

use crate::{
    Report,
    history::{History, rounded},
    normal::{Normal, Range},
    unseen::unseen_months,
};

#[derive(Serialize)]
pub(crate) struct Content<'a> {
    format: &'static str,
    version: u32,
    meter: &'a str,
    /// Offsets of the zone: from these instants on, local time is so many seconds ahead of UTC.
    zone: Zone<'a>,
    normal: NormalPart,
    model: ModelPart<'a>,
    history: Option<&'a History>,
    price: Option<&'a crate::Price>,
    is_live: bool,
    /// Two hours above 1.0 with no other between them are one episode if they start no further apart.
    episode_reach_s: i64,
}

#[derive(Serialize)]
struct Zone<'a> {
    name: &'a str,
    from_s: Vec<i64>,
    offset_s: Vec<i32>,
}

#[derive(Serialize)]
struct NormalPart {
    days: &'static [&'static str],
    low_wh: Vec<[f64; 24]>,
    typical_wh: Vec<[f64; 24]>,
    high_wh: Vec<[f64; 24]>,
}

#[derive(Serialize)]
struct ModelPart<'a> {
    name: &'a str,
    sha256: &'a str,
    tool: &'a str,
    rows: u64,
    /// Local days of the first and the last reading learned from.
    first_day: Option<Date>,
    last_day: Option<Date>,
    /// The first and the last of the months of the year of which nothing was seen, 1 to 12.
    unseen_months: Option<(i8, i8)>,
    holidays: usize,
    features: Vec<String>,
    calibration: Option<&'a Calibration>,
    backtest: Option<&'a Backtest>,
    options: &'a std::collections::BTreeMap<String, String>,
    drift_from: f64,
}

impl<'a> Content<'a> {
    pub(crate) fn of(report: &'a Report<'a>) -> Self {
        let Report { model, sha256, meter, history, price, is_live } = report;
        let calendar = model.table.calendar();
        let clock = Clock::new(calendar);
        Self {
            format: "knowatt-report",
            version: 1,
            meter,
            zone: Zone {
                name: calendar.zone_name(),
                from_s: clock.spans.iter().map(|span| span.from_s).collect(),
                offset_s: clock.spans.iter().map(|span| span.offset_s).collect(),
            },
            normal: NormalPart::of(&Normal::of(model)),
            model: ModelPart::of(model, sha256),
            history: history.as_ref(),
            price: price.as_ref(),
            is_live: *is_live,
            episode_reach_s: (PAUSE_HOURS + 1) * i64::from(INTERVAL_S),
        }
    }
}

impl NormalPart {
    fn of(normal: &Normal) -> Self {
        let each = |of: fn(&Range) -> f64| {
            let hours = |hours: &[Range; 24]| std::array::from_fn(|hour| rounded(of(&hours[hour]), 1));
            normal.ranges.iter().map(hours).collect()
        };
        Self {
            days: normal.days,
            low_wh: each(|range| range.low_wh),
            typical_wh: each(|range| range.typical_wh),
            high_wh: each(|range| range.high_wh),
        }
    }
}

impl<'a> ModelPart<'a> {
    fn of(model: &'a ModelFile, sha256: &'a str) -> Self {
        let ModelFile { provenance, calibration, backtest, table, .. } = model;
        let day = |instant| table.calendar().local(instant).date();
        Self {
            name: &provenance.model,
            sha256,
            tool: &provenance.tool,
            rows: provenance.rows,
            first_day: provenance.first.map(day),
            last_day: provenance.last_instant().map(day),
            unseen_months: unseen_months(provenance, table.calendar()),
            holidays: table.calendar().holidays().len(),
            features: table.features().map(|(feature, _)| feature.to_string()).collect(),
            calibration: calibration.as_ref(),
            backtest: backtest.as_ref(),
            options: &provenance.options,
            drift_from: knowatt_score::DRIFT,
        }
    }
}
