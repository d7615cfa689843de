//! `knowatt demo --live`: the month after, replayed into the loop of `knowatt watch`, with no server.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use jiff::{Timestamp, tz::TimeZone};
use knowatt_score::is_one_episode;
use knowatt_stream::{
    Counts, Delivered, Error, Group, Model, Outgoing, Outlets, Read, Route, Settings, Sink, Source, Tables,
    anomaly::Anomaly, sources::Replay, watch,
};
use knowatt_train::Options;

use super::demo::Home;
use crate::{
    live, output,
    text::{BOLD, DIM, counted, score_style, wh},
};

/// So long an hour takes.
const HOUR: Duration = Duration::from_millis(14);

pub(crate) fn run() -> Result<ExitCode> {
    let options = Options::default();
    let Home { model, after, .. } = Home::new(&options)?;
    let zone = model.table.calendar().zone().clone();
    let model = Model::from_bytes(&model.to_bytes()).map_err(Error::change)?;
    let mut tables = Tables::of(model);
    let stop = live::stop()?;
    let status = live::Status::new();
    let hours = counted(after.rows.len() as u64, "hour");
    output::print(|out| {
        writeln!(out, "{BOLD}A real house near Paris, December 2007, hour by hour{BOLD:#}\n")
    })?;
    let mut open = |_: Option<&str>| {
        let source = Box::new(Replay::new("house", after.rows.clone(), HOUR)) as Box<dyn Source>;
        let anomalies = Box::new(Told { zone: zone.clone(), status: status.clone(), last: None });
        Ok((source, Outlets::new(anomalies, Route::Log, Route::Log)))
    };
    let mut tick = |counts: &Counts| {
        let at = counts.newest_ms.and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default();
        status.say(format!(
            "{}  {}",
            zone.to_datetime(at).strftime("%a %e %b %H:%M"),
            counted(counts.hours, "hour")
        ));
    };
    // The readings are years old, so their meter would be silent.
    let settings = Settings { silent_after: None, ..Settings::default() };
    let counts = watch(&mut open, &mut [], &mut tables, &settings, None, &stop, &mut tick);
    status.end();
    let counts = counts?;
    let above = counted(counts.all_anomalies(), "hour");
    output::print(|out| {
        writeln!(out, "\n{} of {hours} scored; {above} above 1.0, each run of them told once", counts.hours)?;
        writeln!(out, "Your own meter: {BOLD}knowatt watch --help{BOLD:#}")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Says the first anomaly of an episode, as the talk did.
struct Told {
    zone: TimeZone,
    status: live::Status,
    last: Option<Timestamp>,
}

impl Sink for Told {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        let Outgoing::Anomaly(anomaly) = what else { return Ok(()) };
        let goes_on =
            self.last.replace(anomaly.timestamp).is_some_and(|last| is_one_episode(last, anomaly.timestamp));
        let local = self.zone.to_datetime(anomaly.timestamp);
        let (when, used) = (local.strftime("%a %e %b %H:%M"), wh(anomaly.wh));
        let (style, score) = (score_style(anomaly.score), anomaly.score);
        if goes_on {
            return Ok(());
        }
        let (hour, why) = (anomaly.hour, why(anomaly));
        let print = || {
            output::print(|out| {
                write!(
                    out,
                    "{style}{when}{style:#}  Unusual power usage of {used} at {hour}:00. Please check!"
                )?;
                writeln!(out, "  {DIM}score {score:.2}: {why}{DIM:#}")
            })
        };
        self.status.aside(print).map_err(|error| Error::outside(format!("{error:#}")))
    }

    fn deliver(&mut self, _: &[Read], _: Option<Group>) -> Result<Delivered, Error> {
        Ok(Delivered::Alone)
    }

    fn name(&self) -> String {
        "standard output".to_owned()
    }
}

/// Why an hour is above 1.0, in a few words.
fn why(anomaly: &Anomaly) -> String {
    let feature = anomaly.feature.as_str();
    match feature.strip_prefix("floor-").and_then(|hours| hours.strip_suffix('h')) {
        Some(hours) => format!("none of the last {hours} hours was low"),
        None if feature == "level" => format!("up to {} is normal", wh(anomaly.expected_high_wh)),
        None if feature == "step" => "much more than the hour before".to_owned(),
        None => "much more than the day before".to_owned(),
    }
}
