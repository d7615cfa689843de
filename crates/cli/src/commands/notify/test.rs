//! `knowatt notify test`: a message marked as a test to each channel.

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use knowatt_notify::{
    Then,
    config::NotifyConfig,
    open::{rules, senders},
    trial,
};
use knowatt_stream::Error;

use crate::{
    args::{LogFormat, NotifyTestArgs},
    live, output,
};

pub(super) fn run(args: &NotifyTestArgs) -> Result<ExitCode> {
    live::log(LogFormat::Text, &live::Status::new());
    let config = NotifyConfig::read(&args.config)?;
    let rules = rules(&config)?;
    let mut tested = 0;
    // Whether the worst that came back is a refusal.
    let mut worst = None;
    for mut sender in senders(&config)? {
        if args.channel.as_ref().is_some_and(|channel| *channel != sender.name) {
            continue;
        }
        tested += 1;
        let tried = trial(&mut sender, &rules)?;
        let what = match tried.outcome {
            Ok(()) => "sent",
            Err(Then::Never) => "REFUSED",
            Err(Then::Again(_)) => "NOT SENT",
        };
        output::print(|out| writeln!(out, "{:<16} {what:<8}  {}", sender.name, tried.answer))?;
        if let Err(then) = tried.outcome {
            worst = Some(worst.unwrap_or(false) || then == Then::Never);
        }
    }
    match (tested, worst) {
        (0, _) => Err(no_channel(&args.config, args.channel.as_deref()).into()),
        (_, None) => Ok(ExitCode::SUCCESS),
        (_, Some(true)) => {
            Err(Error::change("not every channel took the test; what came back says what to change").into())
        }
        (_, Some(false)) => Err(Error::outside(
            "not every channel could be reached; alerts would wait for it and be tried again",
        )
        .into()),
    }
}

pub(super) fn no_channel(path: &Path, channel: Option<&str>) -> Error {
    let path = path.display();
    Error::change(match channel {
        Some(channel) => format!("{path} has no channel `{channel}`"),
        None => {
            format!("{path} has no channel: name one, as [notify.channels.phone] (see docs/notify.md)")
        }
    })
}
