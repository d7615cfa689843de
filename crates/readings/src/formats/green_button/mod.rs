//! Green Button: what North American utilities let their customers download, and much else that speaks ESPI.
//!
//! Source: NAESB REQ.21, *Energy Services Provider Interface* (ESPI), as published in its schema `espi.xsd`: an Atom
//! feed of `UsagePoint`, `MeterReading`, `ReadingType` and `IntervalBlock` entries, in any order, bound by links. An
//! interval block is of the meter reading whose path its links begin with, and that one is of the reading type that its `related`
//! links name. Where the links name none, and there is only one reading type in the feed, it is that.
//!
//! - **Time** is the start of the interval, in seconds since 1970 UTC.
//! - **Value** is in watt-hours (`uom` 72) or watts (38), times ten to the `powerOfTenMultiplier`. `flowDirection` 1 is
//!   what the home took, 19 what it gave (export); 4 (net) and 20 (total) are read where there is no 1. Where
//!   the net is asked for it is 4, or else 1 less 19. Gas, water,
//!   volts and the like are other quantities. `accumulationBehaviour` 1, 2, 3 and 9 are counters.
//! - **Meter** is the usage point's name in its path. Of its meter readings those with the shortest intervals are read
//!   (and energy goes before counters, counters before power); longer ones are sums over the same and not read.
//!   Of the same length they are registers, and added up.
//! - **No multiplier stated**: some utilities' files have no reading types (Pacific Gas and Electric's, when taken by
//!   interval block) and values in thousandths of a Wh. Where no multiplier is stated, and half of the values that are
//!   not zero would be a mean power above [`HOME_MEDIAN_W`] as Wh (no home's is, and none lives on a thousandth of it),
//!   they are read as thousandths, and that is said. `--unit` overrules it.
//!
//! Limits: those of the feed; see `feed.rs`.

mod feed;

use self::feed::{Blocks, Feed, IntervalReading, Links, ReadingType};
use super::{
    Format, Options,
    sink::{self, Series, Sink},
};
use crate::{
    clock::{HOUR_MS, Millis},
    error::Error,
    input::Input,
    ledger::Rule,
    unit::{Flow, Kind},
};

pub(super) const FORMAT: Format = Format {
    name: "green-button",
    about: "Green Button (ESPI)",
    is_fixed_table: false,
    detect: |head| detect(head.bytes()),
    read: |input, options, intake| sink::read_into(intake, input, |input, sink| read(input, options, sink)),
};

const WHAT: &str = "Green Button (ESPI) feed";

/// The codes of `flowDirection` that are not what the home took.
const NET: i64 = 4;
const EXPORT: i64 = 19;
const TOTAL: i64 = 20;

/// Half of the time a home uses less, and more than a thousandth, in W.
pub(crate) const HOME_MEDIAN_W: f64 = 10_000.0;

/// Whether it is XML of the namespace of ESPI.
pub(crate) fn detect(head: &[u8]) -> bool {
    let namespace = b"http://naesb.org/espi";
    head.trim_ascii_start().starts_with(b"<")
        && head.windows(namespace.len()).any(|window| window == namespace)
}

/// Reads a feed, and says in a line what it holds.
pub(crate) fn read(input: Input, options: &Options, sink: &mut dyn Sink) -> Result<String, Error> {
    let feed = feed::read(input, sink)?;
    let all: Vec<MeterReading<'_>> =
        feed.blocks.iter().map(|blocks| MeterReading::new(blocks, &feed)).collect();
    let mut said = Vec::new();
    for this in &all {
        if let Some((rule, what)) = this.left_out(&all, options) {
            for reading in &this.blocks.readings {
                sink.ignored(rule, u64::from(reading.line), &|| format!("{what}; left out"));
            }
            continue;
        }
        let scale = this.scale(options);
        let described = this.describe(&scale);
        if said.len() < 5 && !said.contains(&described) {
            said.push(described);
        }
        this.hand_over(scale.factor, sink)?;
    }
    let said = if said.is_empty() { "nothing that the home used".to_owned() } else { said.join("; ") };
    let count = all.len();
    Ok(format!("{said}; {count} meter reading{}", if count == 1 { "" } else { "s" }))
}

/// The intervals of one quantity of a usage point, with what is known of them.
struct MeterReading<'f> {
    blocks: &'f Blocks,
    meter: String,
    service: Option<i64>,
    of: Option<&'f ReadingType>,
    kind: Kind,
    /// The most frequent length of its intervals.
    cadence: Option<Millis>,
}

/// How many Wh or W one of a value is, and how that is known.
struct Scale {
    factor: f64,
    note: String,
}

impl<'f> MeterReading<'f> {
    fn new(blocks: &'f Blocks, feed: &'f Feed) -> Self {
        let path = blocks.path.as_str();
        let entry = feed.meter_readings.iter().find(|links| {
            !path.is_empty() && (links.own == path || links.related.iter().any(|link| starts(link, path)))
        });
        let named = entry.and_then(|entry| feed.reading_types.iter().find(|of| names(entry, &of.links.own)));
        let of = named.or(match feed.reading_types.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        let usage_point = feed.usage_points.iter().find(|usage_point| {
            starts(path, &usage_point.links.own)
                || entry.is_some_and(|entry| names(&usage_point.links, &entry.up))
        });
        let usage_point = usage_point.or(match feed.usage_points.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        let meter = name(path).or(usage_point.and_then(|usage_point| name(&usage_point.links.own)));
        let kind = match of {
            Some(ReadingType { unit: Some(38), .. }) => Kind::Power,
            Some(ReadingType { accumulation: Some(1 | 2 | 3 | 9), .. }) => Kind::Register,
            _ => Kind::Energy,
        };
        let stated = of.and_then(|of| of.interval_s).filter(|&seconds| seconds > 0);
        let cadence = usual_duration(&blocks.readings).or(stated).map(|seconds| seconds.saturating_mul(1000));
        let service = usage_point.and_then(|usage_point| usage_point.service);
        Self { blocks, meter: meter.unwrap_or_default().to_owned(), service, of, kind, cadence }
    }

    /// Why it is not read, if it is not.
    fn left_out(&self, all: &[Self], options: &Options) -> Option<(Rule, String)> {
        if let Some(other) = self.other(options) {
            return Some(other);
        }
        // The net is one of a kind; else what was taken has its rivals, and what was given.
        let is_net = |this: &Self| options.net && this.flow() == NET;
        let rank = |this: &Self| {
            let is_whole = matches!(this.flow(), NET | TOTAL) && !is_net(this);
            let kind = match this.kind {
                kind if options.kind == Some(kind) => 0,
                Kind::Energy => 1,
                Kind::Register => 2,
                Kind::Power => 3,
            };
            // What no reading can be made of goes last.
            let is_coarse =
                this.kind != Kind::Register && this.cadence.is_some_and(|cadence| cadence > HOUR_MS);
            (is_whole, is_coarse, kind, this.cadence)
        };
        let rivals = all.iter().filter(|other| other.meter == self.meter && other.other(options).is_none());
        let rivals: Vec<&Self> = rivals.collect();
        let has_net = rivals.iter().any(|rival| is_net(rival));
        let like = rivals.into_iter().filter(|rival| {
            if has_net { is_net(rival) } else { (rival.flow() == EXPORT) == (self.flow() == EXPORT) }
        });
        let best = like.map(rank).min()?;
        (rank(self) != best || has_net != is_net(self)).then(|| {
            let what =
                if self.flow() != 1 && self.flow() != 0 { "a net or total of" } else { "in another form" };
            (Rule::OtherQuantity, format!("{what} what the feed has in finer readings"))
        })
    }

    /// Why it is not the home's use of electricity, if it is not.
    fn other(&self, options: &Options) -> Option<(Rule, String)> {
        let other = |what: String| Some((Rule::OtherQuantity, what));
        let commodity = self.of.and_then(|of| of.commodity).unwrap_or(0);
        let unit = self.of.and_then(|of| of.unit).unwrap_or(72);
        match (self.service.unwrap_or(0), commodity, unit, self.flow()) {
            (0, 0..=2, 38 | 72, 0 | 1 | NET | TOTAL) => None,
            (0, 0..=2, 38 | 72, EXPORT) if options.net => None,
            (0, 0..=2, 38 | 72, EXPORT) => {
                Some((Rule::Export, "what was given to the grid (flow 19)".to_owned()))
            }
            (0, 0..=2, 38 | 72, flow) => other(format!("another direction (flow {flow})")),
            (0, 0..=2, unit, _) => other(format!("another unit (uom {unit})")),
            (0, commodity, ..) => other(format!("another commodity ({commodity})")),
            (service, ..) => other(format!("another service ({service}) than electricity")),
        }
    }

    fn flow(&self) -> i64 {
        self.of.and_then(|of| of.flow).unwrap_or(0)
    }

    fn scale(&self, options: &Options) -> Scale {
        let stated = self.of.and_then(|of| of.power_of_ten).and_then(|power| i32::try_from(power).ok());
        if let Some(power) = stated.filter(|power| (-12..=12).contains(power)) {
            return Scale { factor: 10_f64.powi(power), note: String::new() };
        }
        if let Some(unit) = options.unit {
            return Scale { factor: unit.factor(), note: format!(", read as {unit}, as given") };
        }
        let median_w = self.median_w().filter(|_| self.kind == Kind::Energy);
        match median_w {
            Some(median_w) if median_w > HOME_MEDIAN_W => {
                let kilowatts = median_w / 1000.0;
                let note = format!(
                    ", read as thousandths of a Wh: no multiplier is stated, and as Wh half of the intervals would be above {kilowatts:.1} kW"
                );
                Scale { factor: 1e-3, note }
            }
            _ => Scale { factor: 1.0, note: String::new() },
        }
    }

    /// The middle one of the values that are not zero, as a mean power if they were Wh.
    fn median_w(&self) -> Option<f64> {
        let hours = self.cadence? as f64 / HOUR_MS as f64;
        let values = self.blocks.readings.iter().map(|reading| reading.value);
        let mut values: Vec<f64> = values.filter(|value| value.is_finite() && *value != 0.0).collect();
        let middle = values.len() / 2;
        (middle < values.len()).then(|| values.select_nth_unstable_by(middle, f64::total_cmp).1.abs() / hours)
    }

    fn describe(&self, scale: &Scale) -> String {
        let unit = if self.kind == Kind::Power { "W" } else { "Wh" };
        let assumed = if self.of.is_none() { " (no reading type says what)" } else { "" };
        let flow = match self.flow() {
            EXPORT => ", given to the grid",
            NET => ", net",
            _ => "",
        };
        format!("{} in {unit}{flow}{assumed}{}", self.kind, scale.note)
    }

    fn hand_over(&self, factor: f64, sink: &mut dyn Sink) -> Result<(), Error> {
        let (meter, register) = (self.meter.as_bytes(), self.blocks.path.as_bytes());
        let cadence = self.cadence.filter(|_| self.kind != Kind::Register);
        let (kind, kind_given) = (self.kind, self.of.is_some());
        let flow = if self.flow() == EXPORT { Flow::Given } else { Flow::Taken };
        let series = Series { meter, register, flow, kind, kind_given, factor, cadence };
        for reading in &self.blocks.readings {
            let (line, at) = (u64::from(reading.line), reading.start_s.saturating_mul(1000));
            if reading.value.is_nan() {
                sink.missing(series, line, at, &|| "a reading without a value; left out".to_owned())?;
            } else {
                sink.reading(series, line, at, reading.value * factor)?;
            }
        }
        Ok(())
    }
}

/// Whether a path is another one or below it.
fn starts(path: &str, root: &str) -> bool {
    let below = (!root.is_empty()).then(|| path.strip_prefix(root)).flatten();
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the entry's links lead to the path.
fn names(entry: &Links, path: &str) -> bool {
    !path.is_empty() && entry.related.iter().any(|link| link == path)
}

/// The usage point's name in a path.
fn name(path: &str) -> Option<&str> {
    let (_, rest) = path.rsplit_once("UsagePoint/")?;
    rest.split('/').next().filter(|name| !name.is_empty())
}

/// The most frequent duration, in seconds.
fn usual_duration(readings: &[IntervalReading]) -> Option<i64> {
    let mut durations: Vec<u32> =
        readings.iter().map(|reading| reading.duration_s).filter(|&seconds| seconds > 0).collect();
    durations.sort_unstable();
    let longest = durations.chunk_by(|a, b| a == b).max_by_key(|same| same.len())?;
    longest.first().copied().map(i64::from)
}

#[cfg(test)]
mod tests;
