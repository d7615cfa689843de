//! `knowatt notify status` and `retry`: how it stands with what is to be told.

use std::process::ExitCode;

use anyhow::Result;
use jiff::{Timestamp, tz::TimeZone};
use knowatt_notify::{
    config::NotifyConfig,
    open::rules,
    outbox::{ChannelStatus, Outbox},
};
use knowatt_stream::{Error, clock};

use super::test::no_channel;
use crate::{
    args::{NotifyRetryArgs, NotifyStatusArgs, StatusFormat},
    output::{self, say},
    text::{BOLD, counted},
};

pub(super) fn run(args: &NotifyStatusArgs) -> Result<ExitCode> {
    let config = NotifyConfig::read(&args.config)?;
    let rules = rules(&config)?;
    let outbox = outbox(&config)?;
    let configured: Vec<_> =
        rules.channels.iter().map(|channel| (channel.name.clone(), channel.manners.budget())).collect();
    let status = outbox.status(&configured, &rules.local(clock::now()))?;
    if args.format == StatusFormat::Json {
        let json = serde_json::to_string_pretty(&serde_json::json!({ "version": 1, "channels": status }))?;
        output::print(|out| writeln!(out, "{json}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let zone = rules.setting.zone.unwrap_or(TimeZone::UTC);
    output::print(|out| status.iter().try_for_each(|channel| writeln!(out, "{}", lines(channel, &zone))))?;
    Ok(ExitCode::SUCCESS)
}

fn outbox(config: &NotifyConfig) -> Result<Outbox, Error> {
    let path = config.outbox_path()?;
    if !path.exists() {
        let path = path.display();
        return Err(Error::change(format!("{path} is not there: nothing has been told yet by this file")));
    }
    Outbox::look_into(&path)
}

/// A channel's status, to be read.
fn lines(channel: &ChannelStatus, zone: &TimeZone) -> String {
    let time = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let mut lines = Vec::new();
    let last = channel.last_delivered.map(|at| format!(", the last on {}", time(at))).unwrap_or_default();
    lines.push(format!("{} delivered{last}", counted(channel.delivered.into(), "message")));
    let of = channel.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
    lines.push(format!("{}{of} this month", counted(channel.this_month.into(), "message")));
    if channel.waiting > 0 {
        let why = channel.waiting_because.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.push(format!("{} waiting{why}", counted(channel.waiting.into(), "message")));
    }
    for held in &channel.held {
        let due = held.due.map(|due| format!(", due {}", time(due))).unwrap_or_default();
        lines.push(format!("{} {}{due}", counted(held.episodes.into(), "episode"), held.why));
    }
    if channel.dead > 0 {
        lines.push(format!(
            "{} NOT DELIVERED; `knowatt notify retry` sends them again:",
            counted(channel.dead.into(), "message")
        ));
        for letter in &channel.dead_letters {
            let tries =
                if letter.tries == 1 { "1 try".to_owned() } else { format!("{} tries", letter.tries) };
            lines.push(format!("  {}  {} ({tries}): {}", time(letter.at), letter.title, letter.answer));
        }
    }
    let rest = lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    format!("{BOLD}{}{BOLD:#}\n{rest}", channel.channel)
}

pub(super) fn retry(args: &NotifyRetryArgs) -> Result<ExitCode> {
    let config = NotifyConfig::read(&args.config)?;
    if let Some(channel) = args.channel.as_ref().filter(|channel| !config.channels.contains_key(*channel)) {
        return Err(no_channel(&args.config, Some(channel)).into());
    }
    let mut outbox = outbox(&config)?;
    let count = outbox.retry(args.channel.as_deref(), clock::now())?;
    say!(
        "{} put back, to be sent by the `knowatt notify` that runs or is started next",
        counted(count as u64, "message")
    );
    Ok(ExitCode::SUCCESS)
}
