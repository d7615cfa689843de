//! What messages mean: which topics, whose meter, where in the payload the value is, and in which unit.

use knowatt_readings::{Kind, Options, Unit};
use serde::Deserialize;

use super::preset::{Preset, Row};
use crate::{
    error::Error,
    mqtt::topic::{check_filter, matched},
};

/// The longest name of a meter, in bytes.
const MAX_METER_BYTES: usize = 64;

/// Topics to read, and what their messages mean: a table `[[source.subscriptions]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Subscription {
    /// A topic, or a filter of topics: `tele/+/SENSOR`. Of a preset, unless given.
    pub topic: Option<String>,
    /// Whose messages they are; what is given besides goes before what it says.
    pub preset: Option<Preset>,
    /// The meter's name, for all of it.
    pub meter: Option<String>,
    /// The level of the topic that names the meter: 1 is the first, -1 the last. Unless given, it is what the filter's wildcards stand for, or else
    /// the topic.
    pub meter_level: Option<i32>,
    /// The dotted path of the value (`ENERGY.Total`). Without it the payload is a bare number, or the field whose name tells a unit is taken.
    pub value: Option<String>,
    /// Its unit: Wh, kWh, W, kW or Wmin. Unless the name tells it.
    pub unit: Option<String>,
    /// What it is: `energy` of an interval, `power` or a `register`.
    pub kind: Option<String>,
    /// The dotted path of the time. Without it, or if it is empty, the time is when the message came.
    pub time: Option<String>,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) filter: String,
    meter: MeterName,
    /// Whether the payload itself says when it was measured, as far as is known.
    pub(super) has_time: bool,
    pub(super) options: Options,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum MeterName {
    Fixed(String),
    Level(i32),
    Wildcards,
}

impl Subscription {
    /// Checks it; `base` has what was said for all sources (a schema, the order of dates).
    pub(super) fn check(&self, base: &Options) -> Result<Reading, Error> {
        let row = self.preset.map(Preset::row);
        let filter = self.topic.as_deref().or_else(|| row.as_ref().and_then(|row| row.filter));
        let Some(filter) = filter else {
            return Err(Error::change(match self.preset {
                Some(preset) => {
                    format!("the preset `{}` needs the `topic` of what is to be read", preset.name())
                }
                None => "a subscription needs its `topic`, or a preset that has one".to_owned(),
            }));
        };
        check_filter(filter)?;
        let about = |what: String| Error::change(format!("the subscription to `{filter}`: {what}"));
        let unit = self
            .unit
            .as_deref()
            .map(str::parse::<Unit>)
            .transpose()
            .map_err(|what| about(format!("the unit {what}")))?;
        let kind = self.kind.as_deref().map(kind_named).transpose().map_err(about)?;
        let mut options = self.options(base, row.as_ref());
        options.unit = unit.or(options.unit).or(row.as_ref().and_then(|row| row.unit));
        options.kind = kind.or(options.kind).or(row.as_ref().map(|row| row.kind(options.unit)));
        if self.preset.is_some() && options.unit.is_none() {
            return Err(about(
                "which unit the state has is not in it: give `unit`, as in kWh or W".to_owned(),
            ));
        }
        let meter = match (&self.meter, self.meter_level) {
            (Some(_), Some(_)) => {
                return Err(about("either `meter` or `meter-level` names it, not both".to_owned()));
            }
            (Some(name), None) => MeterName::Fixed(name.clone()),
            (None, Some(0)) => {
                return Err(about("`meter-level` counts from 1, or from -1 for the last".to_owned()));
            }
            (None, Some(level)) => MeterName::Level(level),
            (None, None) => {
                row.and_then(|row| row.meter_level).map_or(MeterName::Wildcards, MeterName::Level)
            }
        };
        // Without fields that are named, one of them may hold a time.
        let has_time = options.time_column.is_some();
        Ok(Reading { filter: filter.to_owned(), meter, has_time, options })
    }

    fn options(&self, base: &Options, row: Option<&Row>) -> Options {
        let mut options = base.clone();
        let named = |own: &Option<String>, base: Option<String>, row: Option<&str>| {
            own.clone().or(base).or_else(|| row.map(str::to_owned))
        };
        options.value_column = named(&self.value, options.value_column, row.and_then(|row| row.value));
        options.time_column = named(&self.time, options.time_column, row.and_then(|row| row.time));
        // An empty one says that the preset's is not to be trusted.
        options.time_column = options.time_column.filter(|path| !path.is_empty());
        options.only_named = row.is_some()
            || options.value_column.is_some()
            || options.unit.is_some()
            || self.unit.is_some()
            || self.meter.is_some()
            || self.meter_level.is_some();
        options
    }
}

fn kind_named(name: &str) -> Result<Kind, String> {
    match name {
        "energy" => Ok(Kind::Energy),
        "power" => Ok(Kind::Power),
        "register" => Ok(Kind::Register),
        _ => Err(format!("the kind `{name}` is none of energy, power, register")),
    }
}

impl Reading {
    /// The meter that a topic is about, if it is one of ours.
    pub(super) fn meter(&self, topic: &str) -> Option<Result<String, String>> {
        let wild = matched(topic, &self.filter)?;
        let name = match &self.meter {
            MeterName::Fixed(name) => name.clone(),
            MeterName::Level(level) => {
                let at = usize::try_from(level.unsigned_abs()).unwrap_or(usize::MAX) - 1;
                let found = if *level > 0 { topic.split('/').nth(at) } else { topic.rsplit('/').nth(at) };
                found.unwrap_or_default().to_owned()
            }
            MeterName::Wildcards if wild.is_empty() => topic.to_owned(),
            MeterName::Wildcards => wild,
        };
        // A longer one would not be told from another by the decoder.
        Some(if name.is_empty() || name.len() > MAX_METER_BYTES || name.chars().any(char::is_control) {
            Err(format!(
                "`{}` cannot be a meter's name, which has 1 to {MAX_METER_BYTES} bytes: name it with `meter` or `meter-level`",
                name.escape_debug().take(100).collect::<String>()
            ))
        } else {
            Ok(name)
        })
    }
}
