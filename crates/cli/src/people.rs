//! Whom `knowatt watch --notify` tells.

#[cfg(feature = "notify")]
use std::sync::Arc;

use anyhow::Result;
#[cfg(feature = "notify")]
use knowatt_notify::{Counts, FAREWELL, Notifier, beside, config::NotifyConfig, open::senders};
#[cfg(feature = "notify")]
use knowatt_stream::LeftOutCounts;
use knowatt_stream::Outlets;

use crate::args::WatchArgs;
#[cfg(feature = "notify")]
use crate::{live, output::say, text::counted};

/// Nobody, without that flag.
pub(crate) struct People {
    #[cfg(feature = "notify")]
    told: Option<Arc<Notifier>>,
}

#[cfg(not(feature = "notify"))]
#[allow(clippy::unused_self, reason = "nobody can be told in that build")]
impl People {
    /// Says that this build cannot.
    pub(crate) fn of(args: &WatchArgs) -> Result<Self> {
        anyhow::ensure!(
            !args.notify,
            "--notify: this knowatt was built without that; build it with `--features notify`"
        );
        Ok(Self {})
    }

    pub(crate) fn beside(&self, outlets: Outlets) -> Outlets {
        outlets
    }

    pub(crate) fn tick(&self) {}

    pub(crate) fn finish(self) {}
}

#[cfg(feature = "notify")]
impl People {
    /// Opens the outbox of the configuration, if people are to be told.
    pub(crate) fn of(args: &WatchArgs) -> Result<Self> {
        let Some(path) = args.input.config.as_deref().filter(|_| args.notify) else {
            return Ok(Self { told: None });
        };
        let config = NotifyConfig::read(path)?;
        let notifier = config.start(senders(&config)?)?;
        Ok(Self { told: Some(Arc::new(notifier)) })
    }

    /// The outlets of which they are told too.
    pub(crate) fn beside(&self, outlets: Outlets) -> Outlets {
        match &self.told {
            Some(notifier) => beside(outlets, notifier),
            None => outlets,
        }
    }

    /// Does what time brings.
    pub(crate) fn tick(&self) {
        // Not by the clock: the hours say when an episode is over.
        if let Some(notifier) = &self.told
            && let Err(error) = notifier.tick(false)
        {
            say!("{error}");
        }
    }

    /// Ends, after what waits has been tried.
    pub(crate) fn finish(self) {
        // The stream has let go of it.
        let Some(notifier) = self.told.and_then(Arc::into_inner) else { return };
        match notifier.finish(FAREWELL) {
            Ok(counts) => say!("told      {}", told(&counts)),
            Err(error) => say!("{error}"),
        }
    }
}

/// How it goes, in a line.
#[cfg(feature = "notify")]
pub(crate) fn told(counts: &Counts) -> String {
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
        (counts.unreadable, "unreadable"),
        (counts.taken.repeated, "known before"),
    ];
    live::told(always, &sometimes, &LeftOutCounts::default())
}
