//! What messages mean: which topics, whose meter, where in the payload the value is, and in which unit.

use knowatt_readings::{Kind, Options, Unit};

use super::preset::{Preset, Row};
use crate::{
    config::Subscription,
    error::Error,
    mqtt::topic::{check_filter, matched},
};

/// The longest name of a meter, in bytes.
const MAX_METER_BYTES: usize = 64;

/// A subscription that was checked.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) filter: String,
    meter: MeterName,
    /// Whether the payload itself is known to say when it was measured.
    pub(super) has_time: bool,
    pub(super) options: Options,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum MeterName {
    Fixed(String),
    Level(i32),
    Wildcards,
}

impl Reading {
    /// Checks a subscription; `base` has what was said for all sources (a schema, the order of dates).
    pub(super) fn of(subscription: &Subscription, base: &Options) -> Result<Self, Error> {
        let preset = subscription.preset.as_deref().map(str::parse::<Preset>).transpose();
        let preset = preset.map_err(|what| Error::change(format!("the preset {what}")))?;
        let row = preset.map(Preset::row);
        let filter = subscription.topic.as_deref().or_else(|| row.as_ref().and_then(|row| row.filter));
        let Some(filter) = filter else {
            return Err(Error::change(match preset {
                Some(preset) => {
                    format!("the preset `{}` needs the `topic` of what is to be read", preset.name())
                }
                None => "a subscription needs its `topic`, or a preset that has one".to_owned(),
            }));
        };
        check_filter(filter)?;
        let about = |what: &str| Error::change(format!("the subscription to `{filter}`: {what}"));
        let options = options(subscription, base, row.as_ref());
        if row.is_some() && options.unit.is_none() {
            return Err(about("which unit it has is not in the message: give `unit`, as in kWh or W"));
        }
        let meter = match (&subscription.meter, subscription.meter_level) {
            (Some(_), Some(_)) => return Err(about("either `meter` or `meter-level` names it, not both")),
            (Some(name), None) => MeterName::Fixed(name.clone()),
            (None, Some(0)) => return Err(about("`meter-level` counts from 1, or from -1 for the last")),
            (None, Some(level)) => MeterName::Level(level),
            (None, None) => {
                row.and_then(|row| row.meter_level).map_or(MeterName::Wildcards, MeterName::Level)
            }
        };
        Ok(Self { filter: filter.to_owned(), meter, has_time: options.time_column.is_some(), options })
    }

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

/// What the decoder has to know.
fn options(subscription: &Subscription, base: &Options, row: Option<&Row>) -> Options {
    let Subscription { value, unit, kind, time, meter, meter_level, .. } = subscription;
    let named = |own: &Option<String>, base: &Option<String>, row: Option<&str>| {
        own.clone().or_else(|| base.clone()).or_else(|| row.map(str::to_owned))
    };
    let unit = unit.or(base.unit).or(row.and_then(|row| row.unit));
    let value_column = named(value, &base.value_column, row.and_then(|row| row.value));
    let time_column = named(time, &base.time_column, row.and_then(|row| row.time));
    Options {
        only_named: row.is_some()
            || value_column.is_some()
            || unit.is_some()
            || meter.is_some()
            || meter_level.is_some(),
        value_column,
        // An empty one says that the preset's is not to be trusted.
        time_column: time_column.filter(|path| !path.is_empty()),
        unit,
        kind: kind.or(base.kind).or(row.and(unit).map(counted)),
        ..base.clone()
    }
}

/// What devices send in that unit: power, or a register, for they count up.
fn counted(unit: Unit) -> Kind {
    if unit.kind() == Kind::Power { Kind::Power } else { Kind::Register }
}
