//! What `watch` and `measure` have in common: the log, the status line, and the end by a signal.

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use knowatt_stream::LeftOutCounts;
use tracing_subscriber::fmt::MakeWriter;

use crate::args::LogFormat;

/// A line that says how it goes, on a terminal.
#[derive(Clone)]
pub(crate) struct Status(ProgressBar);

impl Status {
    /// Nothing on it yet.
    pub(crate) fn new() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }

    /// Says something else.
    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// Does something that prints, with the line out of its way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// How it goes, in a line: what always is said, of the rest what there is, and what was left out.
pub(crate) fn told(always: [String; 3], sometimes: &[(u64, &str)], left_out: &LeftOutCounts) -> String {
    let sometimes = sometimes.iter().filter(|(count, _)| *count > 0);
    let left_out = left_out.iter().filter(|(_, count)| *count > 0);
    let mut parts = Vec::from(always);
    parts.extend(sometimes.map(|(count, what)| format!("{count} {what}")));
    parts.extend(left_out.map(|(why, count)| format!("{count} left out: {}", why.name())));
    parts.join(", ")
}

/// Writes the log to standard error, above the status line.
pub(crate) fn log(format: LogFormat, status: &Status) {
    let log = tracing_subscriber::fmt().with_writer(AboveStatus(status.clone())).with_target(false);
    // A log that is there already, as in a test, does as well.
    _ = match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_ansi(false).try_init(),
    };
}

/// Is set by SIGTERM and SIGINT; a second one ends the process at once.
pub(crate) fn stop() -> Result<Arc<AtomicBool>> {
    use signal_hook::{consts::TERM_SIGNALS, flag};

    let stop = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        // In this order: the first signal finds the flag unset.
        flag::register_conditional_shutdown(*signal, 130, Arc::clone(&stop)).context("signals")?;
        flag::register(*signal, Arc::clone(&stop)).context("signals")?;
    }
    Ok(stop)
}

/// Metrics and health over HTTP, if they are asked for.
pub(crate) struct Health {
    #[cfg(feature = "live")]
    served: Option<knowatt_stream::Health>,
}

impl Health {
    /// Serves at an address.
    #[cfg(feature = "live")]
    pub(crate) fn serve(address: Option<&str>) -> Result<Self> {
        Ok(Self { served: address.map(knowatt_stream::Health::serve).transpose()? })
    }

    /// Says that this build cannot.
    #[cfg(not(feature = "live"))]
    pub(crate) fn serve(address: Option<&str>) -> Result<Self> {
        anyhow::ensure!(
            address.is_none(),
            "metrics: this knowatt was built without that; build it with --features live"
        );
        Ok(Self {})
    }

    /// Tells it how things are.
    #[cfg_attr(not(feature = "live"), allow(clippy::unused_self, reason = "nobody can ask in that build"))]
    pub(crate) fn tell(&self, metrics: impl FnOnce() -> Vec<knowatt_stream::Metric>) {
        #[cfg(feature = "live")]
        if let Some(served) = &self.served {
            served.tell(metrics());
        }
        #[cfg(not(feature = "live"))]
        drop(metrics);
    }
}

struct AboveStatus(Status);

impl<'w> MakeWriter<'w> for AboveStatus {
    type Writer = Line;

    fn make_writer(&'w self) -> Line {
        Line { status: self.0.clone(), text: Vec::new() }
    }
}

/// A line of the log, written when it is whole.
struct Line {
    status: Status,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // If nobody can hear it, that is no reason to stop.
        self.status.aside(|| _ = io::stderr().write_all(&self.text));
    }
}
