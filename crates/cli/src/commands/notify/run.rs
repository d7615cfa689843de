//! Reads anomalies and tells people, until it is ended.

use std::process::ExitCode;

use anyhow::Result;
use knowatt_notify::{Notify, config::NotifyConfig, open::senders};
use knowatt_stream::config::Config;

use super::dry_run;
use crate::{args::NotifyArgs, live, output::say, people::told, text::counted};

pub(super) fn run(args: &NotifyArgs) -> Result<ExitCode> {
    let path = args.config.as_deref();
    let config = path.map_or_else(|| Ok(Config::default()), Config::read)?;
    let mut notify = path.map_or_else(|| Ok(NotifyConfig::default()), NotifyConfig::read)?;
    if args.from.is_some() {
        notify.from.clone_from(&args.from);
    }
    let status = live::Status::new();
    live::log(args.log_format, &status);
    let stop = live::stop()?;
    let senders = if args.dry_run { dry_run::senders(&notify, &status) } else { senders(&notify)? };
    let telling = Notify::open(&config, &notify, senders, args.dry_run)?;
    let health = live::Health::serve(args.metrics.as_deref().or(notify.metrics.as_deref()))?;
    let ended = telling.run(&stop, &mut |counts| {
        status.say(told(counts));
        health.tell(|| counts.metrics());
    });
    status.end();
    let counts = ended?;
    say!("told      {}", told(&counts));
    if counts.waiting > 0 && !args.dry_run {
        let path = notify.outbox_path()?;
        say!(
            "waiting   {} in {}, to be delivered by the next start",
            counted(counts.waiting, "message"),
            path.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
