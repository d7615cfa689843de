//! The outbox, and a thread for each channel that empties it.
//!
//! A channel's messages go in the order in which they came into the outbox, one at a time: what an episode's end is told after is its beginning, and
//! a channel that is down holds up no other. A message is noted as sent once the answer is there; if the process ends in between it is sent again,
//! with the same key.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use knowatt_stream::{Error, Metric, clock, pause::jittered};
use tracing::{error, info, warn};

use crate::{
    channel::{Failure, LONGEST_WAIT, Then},
    hour::ScoredHour,
    message::Message,
    open::Sender,
    outbox::{Became, Outbox, Rules, Taken, Waiting},
};

/// The first and the longest pause before a message is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(300)];
/// How often a thread looks whether it is to end.
const LOOK: Duration = Duration::from_secs(1);
/// A message that could not be delivered for so long is given up, unless it is said.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Takes hours, and tells people of them.
pub struct Notifier {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// What became of hours.
    pub taken: Taken,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Messages that were delivered.
    pub delivered: u64,
    /// Messages that were refused, or given up.
    pub dead: u64,
    /// Tries that were in vain.
    pub failures: u64,
    /// Messages that wait.
    pub waiting: u64,
}

impl Counts {
    /// As metrics.
    pub fn metrics(&self) -> Vec<Metric> {
        let counter = |name, help, value: u64| Metric::one(name, help, true, value as f64);
        vec![
            counter("notify_hours", "Unusual hours taken", self.taken.hours),
            counter("notify_episodes", "Episodes that began", self.taken.episodes),
            counter("notify_held", "Alerts held back for later", self.taken.held),
            counter("notify_refused", "Alerts that were not for a channel", self.taken.refused),
            counter("notify_unreadable", "Records that could not be read", self.unreadable),
            counter("notify_delivered", "Messages delivered", self.delivered),
            counter("notify_failures", "Tries in vain", self.failures),
            counter("notify_dead", "Messages refused, or given up", self.dead),
            Metric::one("notify_waiting", "Messages that wait", false, self.waiting as f64),
        ]
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    rules: Rules,
    give_up_after: SignedDuration,
}

struct State {
    outbox: Outbox,
    #[cfg(feature = "mqtt")]
    sensors: Option<crate::sensors::Sensors>,
    counts: Counts,
    is_over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something has changed, or for so long.
    fn wait<'s>(&self, state: MutexGuard<'s, State>, patience: Duration) -> MutexGuard<'s, State> {
        let waited = self.changed.wait_timeout(state, patience);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Notifier {
    /// Begins to empty an outbox.
    pub fn start(
        outbox: Outbox,
        rules: Rules,
        senders: Vec<Sender>,
        give_up_after: Duration,
    ) -> Result<Self, Error> {
        let give_up_after = SignedDuration::try_from(give_up_after).unwrap_or(SignedDuration::MAX);
        let state = State {
            outbox,
            #[cfg(feature = "mqtt")]
            sensors: None,
            counts: Counts::default(),
            is_over: false,
        };
        let state = Mutex::new(state);
        let shared = Arc::new(Shared { state, changed: Condvar::new(), rules, give_up_after });
        let mut notifier = Self { shared, threads: Vec::new() };
        notifier.tell_of_orphans()?;
        for sender in senders {
            let worker = Worker { shared: Arc::clone(&notifier.shared), sender };
            let thread =
                std::thread::Builder::new().name(worker.sender.name.clone()).spawn(move || worker.run());
            let thread =
                thread.map_err(|error| Error::outside(format!("no thread can be started: {error}")))?;
            notifier.threads.push(thread);
        }
        Ok(notifier)
    }

    /// Shows the home as a device, too.
    #[cfg(feature = "mqtt")]
    pub fn show(&self, config: &crate::sensors::SensorsConfig) -> Result<(), Error> {
        let mut sensors = crate::sensors::Sensors::start(config)?;
        let mut state = self.shared.lock();
        for meter in state.outbox.meters()? {
            sensors.know(&meter);
        }
        state.sensors = Some(sensors);
        state.publish(&self.shared.rules)
    }

    /// How far a source was read, if the outbox has been told by that one.
    pub fn position(&self, source: &str) -> Result<Option<String>, Error> {
        self.shared.lock().outbox.position(source)
    }

    /// Where people live, if it is said.
    pub(crate) fn zone(&self) -> Option<&TimeZone> {
        self.shared.rules.setting.zone.as_ref()
    }

    /// Takes hours: when this returns, all that follows from them is on the disk.
    pub fn take(&self, hours: &[ScoredHour], source: &str, position: Option<&str>) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let held = state.counts.taken.held;
        let taken = state.outbox.take(hours, source, position, &self.shared.rules, clock::now())?;
        state.note(taken);
        #[cfg(feature = "mqtt")]
        state.see(hours, &self.shared.rules)?;
        if held == 0 && taken.held > 0 {
            info!(
                "something is held back for later: `knowatt notify status` shows what, and why (only the first is said)"
            );
        }
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Notes a record that cannot be read.
    pub fn unreadable(&self) -> u64 {
        let mut state = self.shared.lock();
        state.counts.unreadable += 1;
        state.counts.unreadable
    }

    /// Does what time brings; to be called about once a second.
    pub fn tick(&self, is_idle: bool) -> Result<Counts, Error> {
        let mut state = self.shared.lock();
        let taken = state.outbox.tick(&self.shared.rules, clock::now(), is_idle)?;
        state.note(taken);
        state.counts.waiting = state.outbox.waiting()?.into();
        #[cfg(feature = "mqtt")]
        state.publish(&self.shared.rules)?;
        let counts = state.counts;
        drop(state);
        if taken.messages > 0 {
            self.shared.changed.notify_all();
        }
        Ok(counts)
    }

    /// Ends, after what waits has been tried, for so long at most.
    pub fn finish(self, patience: Duration) -> Result<Counts, Error> {
        // What is due by now is told as well.
        self.tick(false)?;
        let until = clock::now().checked_add(patience).unwrap_or(Timestamp::MAX);
        let mut state = self.shared.lock();
        while clock::now() < until && self.is_due_by(&state, until)? {
            state = self.shared.wait(state, Duration::from_millis(50));
        }
        state.is_over = true;
        drop(state);
        self.shared.changed.notify_all();
        for thread in self.threads {
            if thread.join().is_err() {
                error!("the thread of a channel ended unexpectedly");
            }
        }
        let mut state = self.shared.lock();
        #[cfg(feature = "mqtt")]
        drop(state.sensors.take());
        state.counts.waiting = state.outbox.waiting()?.into();
        Ok(state.counts)
    }
}

impl Notifier {
    /// Says what waits for channels that are no longer configured.
    fn tell_of_orphans(&self) -> Result<(), Error> {
        let state = self.shared.lock();
        for (channel, count) in state.outbox.waiting_for()? {
            if !self.shared.rules.channels.iter().any(|known| known.name == channel) {
                warn!(
                    channel,
                    count, "messages wait for a channel that is not configured; they stay where they are"
                );
            }
        }
        Ok(())
    }

    /// Whether any channel's first message may be tried by then.
    fn is_due_by(&self, state: &State, then: Timestamp) -> Result<bool, Error> {
        for channel in &self.shared.rules.channels {
            if state.outbox.next(&channel.name)?.is_some_and(|waiting| waiting.next <= then) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl State {
    #[cfg(feature = "mqtt")]
    fn see(&mut self, hours: &[ScoredHour], rules: &Rules) -> Result<(), Error> {
        if let Some(sensors) = &mut self.sensors {
            for hour in hours {
                sensors.see(hour);
            }
        }
        self.publish(rules)
    }

    #[cfg(feature = "mqtt")]
    fn publish(&mut self, rules: &Rules) -> Result<(), Error> {
        let Self { outbox, sensors: Some(sensors), .. } = self else { return Ok(()) };
        let now = clock::now();
        let local = rules.local(now);
        sensors.publish(|meter| outbox.summary(meter, &local), now)
    }

    fn note(&mut self, taken: Taken) {
        let all = &mut self.counts.taken;
        all.hours += taken.hours;
        all.repeated += taken.repeated;
        all.episodes += taken.episodes;
        all.messages += taken.messages;
        all.held += taken.held;
        all.refused += taken.refused;
    }
}

/// Empties the outbox of one channel.
struct Worker {
    shared: Arc<Shared>,
    sender: Sender,
}

impl Worker {
    fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        while !state.is_over {
            let patience = match state.outbox.next(&self.sender.name) {
                Ok(None) => LOOK,
                Ok(Some(waiting)) => match Duration::try_from(waiting.next.duration_since(clock::now())) {
                    // Later than anybody may ask for: the clock was set back.
                    Ok(early) if !early.is_zero() && early <= LONGEST_WAIT => early.min(LOOK),
                    _ => {
                        drop(state);
                        let came = self.send(&waiting.message);
                        state = self.note(shared.lock(), &waiting, &came);
                        shared.changed.notify_all();
                        continue;
                    }
                },
                Err(error) => {
                    error!(channel = self.sender.name, "{error}");
                    LOOK
                }
            };
            state = shared.wait(state, patience);
        }
    }

    /// A channel that fails in a way that nobody thought of is one that fails, and says so.
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let send = AssertUnwindSafe(|| self.sender.channel.send(message));
        catch_unwind(send).unwrap_or_else(|_| {
            Err(Failure::again("the channel ended unexpectedly, which is a mistake in knowatt"))
        })
    }

    /// Notes what became of a message. Until it can be noted, nothing else is sent: it would be the same message.
    fn note<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        waiting: &Waiting,
        came: &Result<String, Failure>,
    ) -> MutexGuard<'s, State> {
        let channel = &self.sender.name;
        let Waiting { message, tries, made, .. } = waiting;
        let (title, tries, now) = (&message.title, tries + 1, clock::now());
        let became = match came {
            Ok(answer) => {
                state.counts.delivered += 1;
                info!(channel, tries, "sent: {title}");
                Became::Done(self.sender.shown(answer))
            }
            Err(failure) => {
                let why = self.sender.shown(&failure.told());
                match failure.then {
                    Then::Again(after) if now.duration_since(*made) < self.shared.give_up_after => {
                        state.counts.failures += 1;
                        let pause = PAUSES[0].saturating_mul(1 << (tries - 1).min(16)).min(PAUSES[1]);
                        let pause = jittered(pause).max(after.unwrap_or_default());
                        // A channel that is down for days would flood the log.
                        if tries.is_power_of_two() {
                            let seconds = pause.as_secs_f64();
                            warn!(
                                channel,
                                tries, "not sent, and tried again in {seconds:.1} s: {title}: {why}"
                            );
                        }
                        // It is kept in whole ms, and is not to be before.
                        let next = now.checked_add(pause + Duration::from_millis(1)).unwrap_or(now);
                        Became::Again(next, why)
                    }
                    then => {
                        state.counts.dead += 1;
                        let given_up = if then == Then::Never {
                            String::new()
                        } else {
                            format!("given up after {tries} tries: ")
                        };
                        let why = format!("{given_up}{why}");
                        error!(
                            channel,
                            tries,
                            "NOT SENT, and not tried again: {title}: {why}. It is kept: `knowatt notify status` shows it, `knowatt notify retry` sends it"
                        );
                        Became::Dead(why)
                    }
                }
            }
        };
        let mut is_said = false;
        while let Err(error) = state.outbox.became(waiting, &became, now) {
            if !std::mem::replace(&mut is_said, true) {
                error!(
                    channel,
                    "{error}; nothing is sent here until it can be noted what became of: {title}"
                );
            }
            if state.is_over {
                break;
            }
            state = self.shared.wait(state, LOOK);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        channel::Channel,
        config::NotifyConfig,
        hour::tests::at,
        open::rules,
        outbox::{ChannelStatus, Outbox},
    };

    /// When each try was, and of what.
    type Tries = Vec<(Instant, String)>;

    /// Fails as it is told, one answer a try; then all is well. Notes when each try was, and of what.
    struct Flaky {
        answers: Vec<Failure>,
        tries: Arc<Mutex<Tries>>,
    }

    impl Channel for Flaky {
        fn send(&mut self, message: &Message) -> Result<String, Failure> {
            self.tries.lock().unwrap().push((Instant::now(), message.facts.alert_id.clone()));
            self.answers.pop().map_or_else(|| Ok("the token is hunter2".to_owned()), Err)
        }
    }

    /// Two channels, of which the first fails so; ten episodes; and what was tried at each, with how it then stands.
    fn told(answers: Vec<Failure>) -> ([Tries; 2], Counts, Vec<ChannelStatus>) {
        let text = "[notify.manners]\ncooldown = \"0s\"\nstale-after = \"0s\"\nfollow-up = false\n\
                    [notify.channels.a]\nkind = \"log\"\n[notify.channels.b]\nkind = \"log\"";
        let config = NotifyConfig::parse(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox.db");
        let tries = [Arc::default(), Arc::<Mutex<Tries>>::default()];
        let sender = |(name, answers): (&str, Vec<Failure>), tries: &Arc<_>| {
            let channel = Box::new(Flaky { answers, tries: Arc::clone(tries) });
            Sender { name: name.to_owned(), channel, secrets: vec!["hunter2".into()] }
        };
        let senders = vec![sender(("a", answers), &tries[0]), sender(("b", Vec::new()), &tries[1])];
        let notifier =
            Notifier::start(Outbox::open(&path).unwrap(), rules(&config).unwrap(), senders, GIVE_UP_AFTER)
                .unwrap();
        let hours: Vec<_> = (0..10).map(|episode| at(4 * episode, 2.0)).collect();
        notifier.take(&hours, "test", None).unwrap();
        let counts = notifier.finish(Duration::from_secs(10)).unwrap();
        let outbox = Outbox::look_into(&path).unwrap();
        let status = outbox.status(&[], &rules(&config).unwrap().local(clock::now())).unwrap();
        (tries.map(|tries| tries.lock().unwrap().clone()), counts, status)
    }

    fn again(after_ms: u64) -> Failure {
        let said = "hunter2 is busy".to_owned();
        Failure {
            said,
            then: Then::Again(Some(Duration::from_millis(after_ms))),
            ..Failure::again("answer 429")
        }
    }

    #[test]
    fn messages_go_in_their_order_however_often_they_fail() {
        let ([a, b], counts, _) = told(vec![again(0); 3]);
        assert_eq!((counts.delivered, counts.failures, counts.dead, counts.waiting), (20, 3, 0, 0));
        let mut sent: Vec<_> = a.iter().map(|(_, key)| key).collect();
        assert_eq!(sent.len(), 13);
        sent.dedup();
        assert_eq!(sent, b.iter().map(|(_, key)| key).collect::<Vec<_>>());
    }

    #[test]
    fn a_channel_that_wants_to_be_left_alone_is_and_holds_up_no_other() {
        let ([a, b], counts, _) = told(vec![again(700)]);
        assert!(a[1].0 - a[0].0 >= Duration::from_millis(700));
        assert!(b.last().unwrap().0 < a[1].0);
        assert_eq!((a.len(), counts.waiting), (11, 0));
    }

    #[test]
    fn what_is_refused_is_kept_without_secrets_and_the_rest_goes_on() {
        let ([a, _], counts, status) = told(vec![Failure::never("answer 400 for hunter2")]);
        assert_eq!((counts.delivered, counts.dead, a.len()), (19, 1, 10));
        assert_eq!((status[0].delivered, status[0].dead), (9, 1));
        assert_eq!(status[0].dead_letters[0].answer, "answer 400 for **REDACTED**");
    }

    #[test]
    fn a_channel_that_panics_is_one_that_fails() {
        struct Panics(u32);
        impl Channel for Panics {
            fn send(&mut self, _: &Message) -> Result<String, Failure> {
                self.0 += 1;
                assert!(self.0 > 1, "as a mistake would");
                Ok(String::new())
            }
        }
        let config = NotifyConfig::parse(
            "[notify.manners]\nstale-after = \"0s\"\n[notify.channels.a]\nkind = \"log\"",
        )
        .unwrap();
        let senders =
            vec![Sender { name: "a".to_owned(), channel: Box::new(Panics(0)), secrets: Vec::new() }];
        let notifier =
            Notifier::start(Outbox::in_memory().unwrap(), rules(&config).unwrap(), senders, GIVE_UP_AFTER)
                .unwrap();
        notifier.take(&[at(4, 2.0)], "test", None).unwrap();
        let counts = notifier.finish(Duration::from_secs(5)).unwrap();
        assert_eq!((counts.delivered, counts.failures), (1, 1));
    }

    #[test]
    fn what_was_held_and_is_due_is_told_before_the_end() {
        let text = "[notify.manners]\ncooldown = \"50ms\"\nstale-after = \"0s\"\n[notify.channels.a]\nkind = \"log\"";
        let config = NotifyConfig::parse(text).unwrap();
        let channel = Box::new(Flaky { answers: Vec::new(), tries: Arc::default() });
        let senders = vec![Sender { name: "a".to_owned(), channel, secrets: Vec::new() }];
        let notifier =
            Notifier::start(Outbox::in_memory().unwrap(), rules(&config).unwrap(), senders, GIVE_UP_AFTER)
                .unwrap();
        let hours: Vec<_> = (0..3)
            .map(|meter| crate::hour::ScoredHour {
                meter: meter.to_string(),
                id: meter.to_string(),
                ..at(4, 2.0)
            })
            .collect();
        notifier.take(&hours, "test", None).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        let counts = notifier.finish(Duration::from_secs(5)).unwrap();
        assert_eq!(
            (counts.taken.episodes, counts.taken.held, counts.delivered, counts.waiting),
            (3, 2, 2, 0)
        );
    }

    #[test]
    fn what_cannot_be_delivered_now_waits_for_the_next_start() {
        let ([a, b], counts, status) = told(vec![again(60_000)]);
        assert_eq!((a.len(), b.len(), counts.waiting), (1, 10, 10));
        assert_eq!(status[0].waiting_because.as_deref(), Some("answer 429: **REDACTED** is busy"));
    }
}
