//! `knowatt measure`: readings in as they come, onto a topic.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::MeasureArgs;

/// Says that there is no topic to put readings on.
#[cfg(not(all(feature = "kafka", feature = "sqlite")))]
pub(crate) fn run(args: &MeasureArgs) -> Result<ExitCode> {
    args.config()?;
    anyhow::bail!("this knowatt was built without Kafka or SQLite; build it with `--features kafka,sqlite`")
}

#[cfg(all(feature = "kafka", feature = "sqlite"))]
pub(crate) fn run(args: &MeasureArgs) -> Result<ExitCode> {
    use knowatt_stream::measure::{Counts, Measure};

    use crate::{live, output::say, text::counted};

    let config = args.config()?;
    let status = live::Status::new();
    live::log(args.input.log_format, &status);
    let stop = live::stop()?;
    let measure = Measure::open(&config)?;
    let buffer = measure.buffer().display().to_string();
    let mut tick = |counts: &Counts| status.say(told(counts));
    let ended = measure.run(&stop, &mut tick);
    status.end();
    let counts = ended?;
    say!("measured  {}", told(&counts));
    if counts.waiting > 0 {
        let waiting = counted(counts.waiting, "reading");
        say!("waiting   {waiting} in {buffer}, to be delivered by the next start");
    }
    Ok(ExitCode::SUCCESS)
}

/// How it goes, in a line.
#[cfg(all(feature = "kafka", feature = "sqlite"))]
fn told(counts: &knowatt_stream::measure::Counts) -> String {
    use crate::{live, text::counted};

    let always = [
        counted(counts.messages, "message"),
        counted(counts.readings, "reading"),
        format!("{} delivered", counts.delivered),
    ];
    let sometimes = [
        (counts.waiting, "waiting"),
        (counts.dead_letters, "that cannot be read"),
        (counts.refused, "refused by the topic"),
        (counts.dropped, "dropped, as the buffer was full"),
    ];
    live::told(always, &sometimes, &counts.left_out)
}
