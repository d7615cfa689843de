//! `knowatt demo`: the main job on a real home, with nothing to prepare.
//!
//! The data is compiled in (data/README.md says whose it is), so it needs no file and no network.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use knowatt_readings::{Input, Intake, Ledger, Readings, formats};
use knowatt_score::{Calendar, Episode, Episodes, Feature, ModelFile, Recent};
use knowatt_train::{Options, train};

use crate::{
    matrix, output, picture,
    text::{BOLD, DIM, counted, wh},
};

const ZONE: &str = "Europe/Paris";
const LEARN: &[u8] = include_bytes!("../../../../data/home/learn-hourly.csv");
const AFTER: &[u8] = include_bytes!("../../../../data/home/after-hourly.csv");

/// The home: its model, what it was learned from, and what came after.
pub(super) struct Home {
    pub(super) model: ModelFile,
    hours_learned: u64,
    pub(super) after: Readings,
}

impl Home {
    /// Reads and trains.
    pub(super) fn new(options: &Options) -> Result<Self> {
        let learned = read("learn-hourly.csv", LEARN, options)?;
        let after = read("after-hourly.csv", AFTER, options)?;
        let hours_learned = learned.rows.len() as u64;
        let model = train(learned, ZONE, options)?.model_file(options.alerts_per_month)?;
        Ok(Self { model, hours_learned, after })
    }
}

pub(crate) fn run() -> Result<ExitCode> {
    let options = Options::default();
    let Home { model, hours_learned, after } = Home::new(&options)?;

    let episodes = episodes(&model, &after)?;
    let wh = [150.0, 500.0, 1500.0, 3000.0];
    let days: Vec<_> = model.table.calendar().day_classes().classes().take(1).collect();
    let cells = matrix::cells(&model.table, &days, &[4, 9, 20], &wh)?;
    output::print(|out| {
        let weeks = model.calibration.as_ref().map_or(0, |calibration| calibration.weeks);
        writeln!(out, "{BOLD}A real house near Paris, autumn 2007{BOLD:#}\n")?;
        step(
            out,
            1,
            "learn what is normal",
            "knowatt train learn-hourly.csv --tz Europe/Paris -o model.json",
        )?;
        let alerts = options.alerts_per_month;
        let hours = counted(hours_learned, "hour");
        writeln!(out, "   {hours} in {weeks} weeks; about {alerts} alerts a month are wanted\n")?;

        step(out, 2, "what so many Wh score at which hour", "knowatt evaluate model.json --hours 4,9,20")?;
        matrix::print(out, &cells, &wh, true, "   ")?;
        writeln!(
            out,
            "   {DIM}1.0 is the most that is normal for that hour; above it, someone should look{DIM:#}\n"
        )?;
        if output::is_coloured() {
            picture::print(out, &model, days.first().copied(), "   ")?;
            writeln!(out)?;
        }

        step(out, 3, "score the month after", "knowatt score model.json after-hourly.csv")?;
        let scored = counted(after.rows.len() as u64, "hour");
        let times = counted(episodes.len() as u64, "time");
        writeln!(out, "   {scored} of December; you would have been told {times}:\n")?;
        for episode in &episodes {
            tell(out, &model, &after, episode)?;
        }
        writeln!(out, "\nYour own meter: {BOLD}knowatt train --help{BOLD:#}")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read(name: &str, file: &'static [u8], options: &Options) -> Result<Readings> {
    let calendar = Calendar::new(ZONE, options.day_classes)?;
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::default());
    formats::read(Input::from_reader(name, file)?, None, &knowatt_readings::Options::default(), &mut intake)?;
    let meter = intake.finish().0?.into_iter().next().context("the home of the demo has no readings")?;
    Ok(meter.readings)
}

fn episodes(model: &ModelFile, readings: &Readings) -> Result<Vec<Episode>> {
    let mut episodes = Episodes::above(1.0);
    let mut recent = Recent::default();
    for reading in &readings.rows {
        let scored = model.table.assess(reading.start, reading.wh, &mut recent)?;
        episodes.push(reading.start, scored.score);
    }
    Ok(episodes.finish())
}

fn step(out: &mut dyn Write, number: u8, what: &str, command: &str) -> io::Result<()> {
    writeln!(out, "{BOLD}{number}  {what}{BOLD:#}\n   {DIM}$ {command}{DIM:#}")
}

/// The talk's sentence, at the highest hour of an episode, and what would have been normal then.
fn tell(out: &mut dyn Write, model: &ModelFile, readings: &Readings, episode: &Episode) -> io::Result<()> {
    let mut recent = Recent::default();
    let scored = readings.rows.iter().find_map(|reading| {
        let scored = model.table.assess(reading.start, reading.wh, &mut recent).ok()?;
        (reading.start == episode.peak).then(|| (reading, scored, recent.value(scored.feature)))
    });
    let Some((reading, scored, Some(value))) = scored else { return Ok(()) };
    let local = model.table.calendar().local(reading.start);
    let when = local.strftime("%a %e %b %H:%M");
    let style = crate::text::score_style(scored.score);
    let used = wh(reading.wh);
    writeln!(
        out,
        "   {style}{when}{style:#}  Unusual power usage of {used} at {}:00. Please check!",
        local.hour()
    )?;
    let (low, high, value) = (wh(scored.expected_low_wh), wh(scored.expected_high_wh), wh(value));
    let why = match scored.feature {
        Feature::Level => format!("{low} to {high} is normal"),
        Feature::Floor { hours } => format!("no hour of the last {hours} was below {value}"),
        Feature::Step => format!("{value} more than the hour before"),
        Feature::Rise { hours: 1 } => format!("{value} more than the day before"),
        Feature::Rise { hours } => {
            format!("the lowest of {hours} hours is {value} above that of the day before")
        }
    };
    let hours = counted(episode.readings as u64, "hour");
    writeln!(out, "                     {DIM}score {:.2}: {why}; {hours}{DIM:#}", scored.score)?;
    Ok(())
}
