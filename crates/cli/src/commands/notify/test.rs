//! `knowatt notify test`: a message marked as a test to each channel.

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use knowatt_notify::{
    Failure,
    config::NotifyConfig,
    open::{rules, senders},
    test_facts,
};
use knowatt_stream::{Error, clock};

use crate::{args::NotifyTestArgs, output};

pub(super) fn run(args: &NotifyTestArgs) -> Result<ExitCode> {
    let config = NotifyConfig::read(&args.config)?;
    let rules = rules(&config)?;
    let mut tested = 0;
    let mut worst = None;
    for mut sender in senders(&config)? {
        if args.channel.as_ref().is_some_and(|channel| *channel != sender.name) {
            continue;
        }
        tested += 1;
        let words = rules
            .channels
            .iter()
            .find(|channel| channel.name == sender.name)
            .map_or(&rules.usual, |channel| &channel.words);
        // Each test is another one, also for whoever drops what comes again.
        let key = format!("test-{}", clock::now_ms());
        let message = words.message(key, test_facts())?;
        let came = sender.channel.check().and_then(|()| sender.channel.send(&message));
        let (what, answer) = match &came {
            Ok(answer) => ("sent", answer.as_str()),
            Err(failure @ Failure::Never { .. }) => ("REFUSED", failure.why()),
            Err(failure) => ("NOT SENT", failure.why()),
        };
        let answer = sender.shown(answer);
        output::print(|out| writeln!(out, "{:<16} {what:<8}  {answer}", sender.name))?;
        if let Err(failure) = came {
            let is_refused = matches!(failure, Failure::Never { .. });
            worst = Some(worst.unwrap_or(false) || is_refused);
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

fn no_channel(path: &Path, channel: Option<&str>) -> Error {
    let path = path.display();
    Error::change(match channel {
        Some(channel) => format!("{path} has no channel `{channel}`"),
        None => {
            format!("{path} has no channel: name one, as [notify.channels.phone] (see docs/notify.md)")
        }
    })
}
