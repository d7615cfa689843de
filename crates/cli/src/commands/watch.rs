//! `knowatt watch`: readings in as they come, anomalies out.

use std::process::ExitCode;

use anyhow::Result;
use knowatt_stream::{Counts, open, watch};

use crate::{args::WatchArgs, live, output::say, people::People, text::counted};

pub(crate) fn run(args: &WatchArgs) -> Result<ExitCode> {
    let config = args.config()?;
    let status = live::Status::new();
    live::log(args.input.log_format, &status);
    let stop = live::stop()?;
    let mut tables = open::tables(&config)?;
    let mut decoders = open::decoders(&config, &tables.zone())?;
    let keep = open::keep(&config)?;
    let settings = config.settings()?;
    let people = People::of(args)?;
    let mut open = |position: Option<&str>| {
        let (source, outlets) = open::open(&config, position, &stop)?;
        Ok((source, people.beside(outlets)))
    };
    let health = live::Health::serve(config.watch.metrics.as_deref())?;
    let mut tick = |counts: &Counts| {
        status.say(told(counts));
        people.tick();
        health.tell(|| counts.metrics());
    };
    let ended = watch(&mut open, &mut decoders, &mut tables, &settings, keep, &stop, &mut tick);
    status.end();
    people.finish();
    let counts = ended?;
    say!("watched   {}", told(&counts));
    Ok(ExitCode::SUCCESS)
}

/// How it goes, in a line.
pub(crate) fn told(counts: &Counts) -> String {
    let always = [
        counted(counts.messages, "message"),
        counted(counts.hours, "hour"),
        format!("{} above 1.0", counted(counts.all_anomalies(), "time")),
    ];
    let sometimes = [
        (counts.dead_letters, "that cannot be read"),
        (counts.unknown_meter, "of meters without a model"),
        (counts.future, "of the future"),
        (counts.silent, "silent"),
    ];
    live::told(always, &sometimes, &counts.left_out)
}
