//! `knowatt notify`: anomalies in, messages to people out.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::{NotifyArgs, WatchArgs};

#[cfg(not(feature = "notify"))]
pub(crate) use nobody::{People, run};

/// A build that tells nobody says so.
#[cfg(not(feature = "notify"))]
mod nobody {
    use knowatt_stream::Outlets;

    use super::{ExitCode, NotifyArgs, Result, WatchArgs};

    pub(crate) fn run(_: &NotifyArgs) -> Result<ExitCode> {
        anyhow::bail!("this knowatt was built without that; build it with `--features notify`")
    }

    pub(crate) struct People;

    impl People {
        pub(crate) fn of(args: &WatchArgs) -> Result<Self> {
            anyhow::ensure!(!args.notify, "--notify: this knowatt was built without that; build it with `--features notify`");
            Ok(Self)
        }

        pub(crate) fn beside(&self, outlets: Outlets) -> Outlets {
            outlets
        }

        pub(crate) fn tick(&self) {}

        pub(crate) fn finish(self) {}
    }
}

#[cfg(feature = "notify")]
pub(crate) use told::{People, run};

#[cfg(feature = "notify")]
mod told {
    use std::{path::Path, sync::Arc};

    use jiff::{Timestamp, tz::TimeZone};
    use knowatt_notify::{
        Channel, Counts, FAREWELL, Failure, Notifier, Notify, beside,
        config::NotifyConfig,
        message::Message,
        open::{Sender, rules, senders},
        outbox::{ChannelStatus, Outbox},
        test_facts,
    };
    use knowatt_stream::{Error, Outlets, clock, config::Config};

    use super::{ExitCode, NotifyArgs, Result, WatchArgs};
    use crate::{
        args::{NotifyAction, NotifyRetryArgs, NotifyStatusArgs, NotifyTestArgs, StatusFormat},
        live,
        output::{self, say},
        text::{BOLD, DIM, counted},
    };

    pub(crate) fn run(args: &NotifyArgs) -> Result<ExitCode> {
        match &args.action {
            Some(NotifyAction::Test(args)) => test(args),
            Some(NotifyAction::Status(args)) => status(args),
            Some(NotifyAction::Retry(args)) => retry(args),
            None => notify(args),
        }
    }

    fn notify(args: &NotifyArgs) -> Result<ExitCode> {
        let path = args.config.as_deref();
        let config = path.map_or_else(|| Ok(Config::default()), Config::read)?;
        let mut notify = path.map_or_else(|| Ok(NotifyConfig::default()), NotifyConfig::read)?;
        if args.from.is_some() {
            notify.from.clone_from(&args.from);
        }
        let status = live::Status::new();
        live::log(args.log_format, &status);
        let stop = live::stop()?;
        let senders = if args.dry_run { printers(&notify, &status) } else { senders(&notify)? };
        let telling = Notify::open(&config, &notify, senders, args.dry_run)?;
        let ended = telling.run(&stop, &mut |counts| status.say(told(counts)));
        status.end();
        let counts = ended?;
        say!("told      {}", told(&counts));
        if counts.waiting > 0 && !args.dry_run {
            let path = notify.outbox_path()?;
            say!("waiting   {} in {}, to be delivered by the next start", counted(counts.waiting, "message"), path.display());
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Whom `knowatt watch --notify` tells: nobody without that flag.
    pub(crate) struct People(Option<(Arc<Notifier>, NotifyConfig)>);

    impl People {
        pub(crate) fn of(args: &WatchArgs) -> Result<Self> {
            let Some(path) = args.input.config.as_deref().filter(|_| args.notify) else { return Ok(Self(None)) };
            let config = NotifyConfig::read(path)?;
            let notifier = config.start(senders(&config)?)?;
            Ok(Self(Some((Arc::new(notifier), config))))
        }

        pub(crate) fn beside(&self, outlets: Outlets) -> Outlets {
            match &self.0 {
                Some((notifier, config)) => beside(outlets, notifier, config.wants_scores()),
                None => outlets,
            }
        }

        pub(crate) fn tick(&self) {
            if let Some((notifier, _)) = &self.0
                && let Err(error) = notifier.tick(true)
            {
                say!("{error}");
            }
        }

        pub(crate) fn finish(self) {
            // The stream has let go of it.
            let Some(notifier) = self.0.and_then(|(notifier, _)| Arc::into_inner(notifier)) else { return };
            match notifier.finish(FAREWELL) {
                Ok(counts) => say!("told      {}", told(&counts)),
                Err(error) => say!("{error}"),
            }
        }
    }

    /// How it goes, in a line.
    fn told(counts: &Counts) -> String {
        let always = [
            counted(counts.taken.hours, "unusual hour"),
            counted(counts.taken.episodes, "episode"),
            format!("{} sent", counted(counts.delivered, "message")),
        ];
        let sometimes = [
            (counts.waiting, "waiting"),
            (counts.dead, "NOT DELIVERED"),
            (counts.taken.held, "held back for later"),
            (counts.taken.refused, "not for a channel"),
            (counts.unreadable, "that cannot be read"),
            (counts.taken.repeated, "known before"),
        ];
        let sometimes = sometimes.iter().filter(|(count, _)| *count > 0);
        always.into_iter().chain(sometimes.map(|(count, what)| format!("{count} {what}"))).collect::<Vec<_>>().join(", ")
    }

    /// In the place of the channels: what each would send.
    fn printers(notify: &NotifyConfig, status: &live::Status) -> Vec<Sender> {
        let printer = |name: &String| {
            let channel = Box::new(Printer { name: name.clone(), status: status.clone() });
            Sender { name: name.clone(), channel, secrets: Vec::new() }
        };
        notify.channels.keys().map(printer).collect()
    }

    struct Printer {
        name: String,
        status: live::Status,
    }

    impl Channel for Printer {
        fn send(&mut self, message: &Message) -> Result<String, Failure> {
            let Message { title, text, spoken, .. } = message;
            let print = || {
                output::print(|out| {
                    writeln!(out, "{BOLD}{}{BOLD:#}: {title}\n{}", self.name, indented(text))?;
                    writeln!(out, "{DIM}{}{DIM:#}", indented(&format!("spoken: {spoken}")))
                })
            };
            self.status.aside(print).map_err(|error| Failure::again(error.to_string()))?;
            Ok(String::new())
        }
    }

    fn indented(text: &str) -> String {
        text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    }

    fn test(args: &NotifyTestArgs) -> Result<ExitCode> {
        let config = NotifyConfig::read(&args.config)?;
        let rules = rules(&config)?;
        let mut tested = 0;
        let mut worst = None;
        for mut sender in senders(&config)? {
            if args.channel.as_ref().is_some_and(|channel| *channel != sender.name) {
                continue;
            }
            tested += 1;
            let words = rules.channels.iter().find(|channel| channel.name == sender.name).map_or(&rules.usual, |channel| &channel.words);
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
            (_, Some(true)) => Err(Error::change("not every channel took the test; what came back says what to change").into()),
            (_, Some(false)) => Err(Error::outside("not every channel could be reached; alerts would wait for it and be tried again").into()),
        }
    }

    fn no_channel(path: &Path, channel: Option<&str>) -> Error {
        let path = path.display();
        Error::change(match channel {
            Some(channel) => format!("{path} has no channel `{channel}`"),
            None => format!("{path} has no channel: name one, as [notify.channels.phone] (see docs/notify.md)"),
        })
    }

    fn status(args: &NotifyStatusArgs) -> Result<ExitCode> {
        let config = NotifyConfig::read(&args.config)?;
        let rules = rules(&config)?;
        let outbox = Outbox::look_into(&config.outbox_path()?)?;
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
            lines.push(format!("{} NOT DELIVERED; `knowatt notify retry` sends them again:", counted(channel.dead.into(), "message")));
            for letter in &channel.dead_letters {
                let tries = if letter.tries == 1 { "1 try".to_owned() } else { format!("{} tries", letter.tries) };
                lines.push(format!("  {}  {} ({tries}): {}", time(letter.at), letter.title, letter.answer));
            }
        }
        let rest = lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
        format!("{BOLD}{}{BOLD:#}\n{rest}", channel.channel)
    }

    fn retry(args: &NotifyRetryArgs) -> Result<ExitCode> {
        let config = NotifyConfig::read(&args.config)?;
        let mut outbox = Outbox::look_into(&config.outbox_path()?)?;
        let count = outbox.retry(args.channel.as_deref(), clock::now())?;
        say!("{} put back, to be sent by the `knowatt notify` that runs or is started next", counted(count as u64, "message"));
        Ok(ExitCode::SUCCESS)
    }
}
