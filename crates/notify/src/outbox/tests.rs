use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use knowatt_stream::anomaly::{AnomalyKind, alert_id};
use proptest::prelude::*;

use super::*;
use crate::{
    hour::{ScoredHour, tests::at},
    locale::Locale,
    manners::tests::manners,
    message::MessageEvent,
    words::{Tariff, WordsConfig},
};

/// Channels of these manners, named a, b, …; in Paris.
fn rules(channels: &[&str]) -> Rules {
    let none = WordsConfig::default();
    let words = || Words::new(&none, &none, Locale::default()).unwrap();
    let channel = |(name, keys): (char, &&str)| {
        let keys = format!("stale-after = \"0s\"\n{keys}");
        ChannelRules { name: name.to_string(), manners: manners(&keys), words: words() }
    };
    let zone = knowatt_score::Calendar::new("Europe/Paris", knowatt_score::DayClasses::default())
        .unwrap()
        .zone()
        .clone();
    let setting = Setting { zone: Some(zone), locale: Locale::default(), tariff: Tariff::default() };
    Rules { channels: ('a'..).zip(channels).map(channel).collect(), setting, usual: words() }
}

/// An outbox whose clock is told.
struct Home {
    outbox: Outbox,
    rules: Rules,
    now: Timestamp,
}

impl Home {
    fn new(channels: &[&str]) -> Self {
        let now = "2018-09-07T18:00:00Z".parse().unwrap();
        Self { outbox: Outbox::in_memory().unwrap(), rules: rules(channels), now }
    }

    fn take(&mut self, hours: &[ScoredHour]) -> Taken {
        self.outbox.take(hours, "source", None, &self.rules, self.now).unwrap()
    }

    /// So much later, with nothing to read.
    fn later(&mut self, span: SignedDuration) {
        self.now += span;
        self.outbox.tick(&self.rules, self.now, true).unwrap();
    }

    /// What a channel is sent, which is then done.
    fn sent(&mut self, channel: &str) -> Vec<Message> {
        let mut sent = Vec::new();
        while let Some(waiting) = self.outbox.next(channel).unwrap() {
            self.outbox.became(&waiting, &Became::Done("ok".to_owned()), self.now).unwrap();
            sent.push(waiting.message);
        }
        sent
    }

    /// Likewise, in short.
    fn told(&mut self, channel: &str) -> Vec<String> {
        let short = |message: Message| {
            let Facts { event, hour, count, .. } = message.facts;
            match event {
                MessageEvent::Digest => format!("digest of {count}"),
                event => format!("{event:?} {hour}:00").to_lowercase(),
            }
        };
        self.sent(channel).into_iter().map(short).collect()
    }

    fn held(&self) -> Vec<(String, u32)> {
        let status = self.outbox.status(&[("a".to_owned(), None)], &self.rules.local(self.now)).unwrap();
        status[0].held.iter().map(|held| (held.why.to_owned(), held.episodes)).collect()
    }
}

fn of(meter: &str, hour: ScoredHour) -> ScoredHour {
    let id = alert_id(meter, hour.start.as_millisecond());
    ScoredHour { meter: meter.to_owned(), id, ..hour }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[test]
fn an_episode_is_told_once_and_its_end_once_with_how_long_and_how_much() {
    let mut home = Home::new(&["cooldown = \"0s\""]);
    let taken = home.take(&[at(4, 2.0), at(5, 3.0), at(8, 2.0)]);
    assert_eq!((taken.hours, taken.episodes, taken.messages), (3, 1, 1));
    assert_eq!(home.told("a"), ["alert 4:00"]);
    // It may go on until 11:00, of which the hour is known at noon; five minutes more for what comes late.
    home.now = at(12, 0.0).start + 5 * MINUTE - SignedDuration::from_secs(1);
    home.later(SignedDuration::ZERO);
    assert_eq!(home.told("a"), [""; 0]);
    home.later(SignedDuration::from_secs(1));
    let sent = home.sent("a");
    assert_eq!(sent[0].text, "Back to normal after 5 h, 1.4 kWh more than usual.");
    assert_eq!(sent[0].key, format!("{}-end-a", at(4, 2.0).id));
    home.later(48 * HOUR);
    assert_eq!(home.told("a"), [""; 0]);
}

#[test]
fn hours_that_are_not_unusual_end_an_episode_at_once() {
    let mut home = Home::new(&["cooldown = \"0s\""]);
    home.take(&[at(4, 2.0), at(5, 0.9), at(6, 0.9)]);
    assert_eq!(home.told("a"), ["alert 4:00"]);
    home.take(&[ScoredHour { kind: AnomalyKind::Open, ..at(7, 0.1) }]);
    assert_eq!(home.told("a"), [""; 0]);
    home.take(&[at(7, 0.1)]);
    assert_eq!(home.told("a"), ["end 4:00"]);
    home.take(&[at(8, 2.0)]);
    assert_eq!(home.told("a"), ["alert 8:00"]);
}

#[test]
fn an_early_word_and_the_final_score_are_one_hour_and_what_comes_again_changes_nothing() {
    let mut home = Home::new(&["cooldown = \"0s\""]);
    let early = ScoredHour { kind: AnomalyKind::Early, ..at(4, 1.5) };
    home.take(std::slice::from_ref(&early));
    assert_eq!(home.told("a"), ["alert 4:00"]);
    let taken = home.take(&[early.clone(), at(4, 5.0)]);
    assert_eq!((taken.hours, taken.messages), (0, 0));
    let taken = home.take(&[early, at(4, 5.0), at(4, 5.0)]);
    assert_eq!((taken.hours, taken.repeated), (0, 3));
    home.take(&[at(9, 2.0)]);
    // The energy is that of the whole hour.
    let sent = home.sent("a");
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].text, "Back to normal after 1 h, 1.1 kWh more than usual.");
    // And what is said of an open hour is no alert.
    home.take(&[ScoredHour { kind: AnomalyKind::Open, ..at(20, 5.0) }]);
    assert_eq!(home.told("a"), [""; 0]);
}

#[test]
fn a_channel_that_wants_more_is_told_when_the_episode_gets_there() {
    let mut home = Home::new(&["cooldown = \"0s\"", "cooldown = \"0s\"\nmin-score = 3"]);
    home.take(&[at(4, 2.0), at(5, 2.5)]);
    assert_eq!((home.told("a"), home.told("b")), (vec!["alert 4:00".to_owned()], vec![]));
    home.take(&[at(6, 3.5), at(7, 4.0)]);
    assert_eq!((home.told("a"), home.told("b")), (vec![], vec!["alert 6:00".to_owned()]));
}

#[test]
fn what_quiet_hours_hold_is_told_in_the_morning_and_what_is_urgent_at_once() {
    // 20:00 in Paris.
    let mut home = Home::new(&["quiet-hours = \"20:00-07:00\"\nurgent-above = 5"]);
    home.take(&[at(4, 2.0)]);
    assert_eq!(home.told("a"), [""; 0]);
    assert_eq!(home.held(), [("held over the quiet hours".to_owned(), 1)]);
    home.take(&[at(5, 6.0)]);
    assert_eq!(home.told("a"), ["alert 5:00"]);
    home.take(&[of("flat", at(5, 2.0))]);
    home.later(10 * HOUR);
    // The end of what was told in the night waits as well.
    assert_eq!(home.told("a"), [""; 0]);
    home.later(HOUR);
    assert_eq!(home.told("a"), ["alert 5:00", "end 5:00"]);
    assert!(home.held().is_empty());
}

#[test]
fn of_a_storm_one_is_told_and_then_all_the_others_in_one_message() {
    let mut home = Home::new(&["cooldown = \"10m\"\nbudget = 3"]);
    let storm: Vec<_> = (0..1000).map(|meter| of(&format!("flat {meter}"), at(4, 2.0))).collect();
    let taken = home.take(&storm);
    assert_eq!((taken.episodes, taken.messages, taken.held), (1000, 1, 999));
    assert_eq!(home.told("a"), ["alert 4:00"]);
    home.later(9 * MINUTE);
    assert_eq!(home.told("a"), [""; 0]);
    assert_eq!(home.held(), [("held by the cooldown".to_owned(), 999)]);
    home.later(MINUTE);
    let digest = home.sent("a").remove(0);
    assert!(
        digest.text.starts_with("Since the last message there was unusual power usage 999 times:"),
        "{}",
        digest.text
    );
    assert!(digest.text.ends_with("- and 979 more"));
    // The third is the month's last, and says so.
    home.take(&[of("one", at(4, 2.0))]);
    home.later(10 * MINUTE);
    let last = home.sent("a").remove(0);
    assert!(last.text.contains("the last of this month's 3 messages here"), "{}", last.text);
    home.take(&[of("two", at(5, 2.0)), of("three", at(5, 2.0))]);
    home.later(HOUR);
    assert_eq!(home.told("a"), [""; 0]);
    assert_eq!(home.held()[0], ("held, as the month's budget is used up".to_owned(), 2));
    // An end is not told then, as nothing waits for it.
    home.later(5 * HOUR);
    // It is told when the next begins: 2018-09-30T22:00Z.
    home.now = "2018-09-30T22:00:00Z".parse().unwrap();
    home.later(SignedDuration::ZERO);
    assert_eq!(home.told("a"), ["digest of 2"]);
}

#[test]
fn what_goes_on_after_its_end_was_told_is_told_anew() {
    // Nothing was heard for hours, as what finds anomalies was away; then all of it comes.
    let mut home = Home::new(&["cooldown = \"0s\""]);
    home.take(&[at(4, 2.0)]);
    home.now = at(10, 0.0).start;
    home.later(SignedDuration::ZERO);
    assert_eq!(home.told("a"), ["alert 4:00", "end 4:00"]);
    home.take(&[at(5, 2.0), at(6, 2.0)]);
    assert_eq!(home.told("a"), ["alert 5:00"]);
}

#[test]
fn an_hour_of_long_ago_is_an_episode_of_its_own() {
    let mut home = Home::new(&["cooldown = \"0s\""]);
    home.take(&[at(30, 2.0), at(4, 2.0), at(31, 2.0), at(28, 2.0)]);
    assert_eq!(home.told("a"), ["alert 6:00", "alert 4:00"]);
    home.take(&[at(40, 2.0)]);
    let end = home.sent("a").remove(0);
    assert_eq!(end.text, "Back to normal after 4 h, 1.1 kWh more than usual.");
}

#[test]
fn what_waits_for_a_digest_is_not_put_off_by_its_next_hour() {
    let mut home = Home::new(&["digest = \"21:00\""]);
    home.take(&[at(4, 2.0)]);
    home.now += HOUR;
    home.take(&[at(5, 2.0)]);
    home.later(SignedDuration::ZERO);
    assert_eq!(home.told("a"), ["alert 4:00"]);
}

#[test]
fn of_what_is_refused_the_end_is_not_told() {
    let mut home = Home::new(&["cooldown = \"0s\"", "cooldown = \"0s\""]);
    home.take(&[at(4, 2.0), at(9, 2.0)]);
    let alert = home.outbox.next("a").unwrap().unwrap();
    home.outbox.became(&alert, &Became::Dead("answer 403".to_owned()), home.now).unwrap();
    assert_eq!(home.told("a"), ["alert 9:00"]);
    // Nor if it was refused before it ended; and the other channel is told of both.
    home.take(&[at(14, 2.0)]);
    let ids = ["alert 4:00", "end 4:00", "alert 9:00", "end 9:00", "alert 14:00"];
    assert_eq!(
        (home.told("a"), home.told("b")),
        (ids[3..].iter().map(ToString::to_string).collect(), ids.map(ToOwned::to_owned).to_vec())
    );
}

#[test]
fn a_digest_is_told_once_a_day() {
    let mut home = Home::new(&["digest = \"21:00\""]);
    home.take(&[at(4, 2.0), of("flat", at(4, 2.0)), of("flat", at(10, 2.0))]);
    home.later(59 * MINUTE);
    assert_eq!(home.told("a"), [""; 0]);
    home.later(MINUTE);
    assert_eq!(home.told("a"), ["digest of 3"]);
}

#[test]
fn what_could_not_be_delivered_is_kept_and_can_be_tried_again() {
    let mut home = Home::new(&[""]);
    home.take(&[at(4, 2.0)]);
    let first = home.outbox.next("a").unwrap().unwrap();
    let next = home.now + HOUR;
    home.outbox.became(&first, &Became::Again(next, "answer 500".to_owned()), home.now).unwrap();
    let again = home.outbox.next("a").unwrap().unwrap();
    assert_eq!((again.id, again.tries, again.next), (first.id, 1, next));
    home.outbox.became(&first, &Became::Dead("answer 403".to_owned()), home.now).unwrap();
    assert_eq!(home.outbox.next("a").unwrap(), None);
    let status = home.outbox.status(&[], &home.rules.local(home.now)).unwrap();
    assert_eq!(
        (status[0].dead, status[0].dead_letters[0].answer.as_str(), status[0].dead_letters[0].tries),
        (1, "answer 403", 2)
    );
    assert_eq!(home.outbox.retry(Some("b"), home.now).unwrap(), 0);
    assert_eq!(home.outbox.retry(None, home.now).unwrap(), 1);
    assert_eq!(home.told("a"), ["alert 4:00"]);
}

#[test]
fn what_is_long_over_is_forgotten_unless_it_could_be_told_again() {
    let count = |home: &Home| {
        let query = "SELECT (SELECT count(*) FROM episode) + (SELECT count(*) FROM hour) + (SELECT count(*) FROM told)";
        home.outbox.database.connection().query_row(query, [], |row| row.get::<_, u32>(0)).unwrap()
    };
    for (keys, left) in [("stale-after = \"24h\"", 0), ("", 3)] {
        let mut home = Home::new(&[]);
        home.rules.channels = rules(&[""]).channels;
        home.rules.channels[0].manners = manners(if left == 0 { keys } else { "stale-after = \"0s\"" });
        home.take(&[at(4, 2.0)]);
        home.later(24 * HOUR);
        home.later(34 * 24 * HOUR - 2 * HOUR);
        assert_eq!(count(&home), 3);
        home.later(3 * HOUR);
        assert_eq!(count(&home), left, "{keys}");
    }
}

#[test]
fn two_processes_do_not_share_an_outbox_but_one_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    assert!(Outbox::look_into(&path).is_err());
    let outbox = Outbox::open(&path).unwrap();
    let said = Outbox::open(&path).err().unwrap().to_string();
    assert!(said.contains(&format!("another process ({}) runs with it", std::process::id())), "{said}");
    assert_eq!(Outbox::look_into(&path).unwrap().waiting().unwrap(), 0);
    // Who looks for long is waited for by whoever reads it all again.
    let mut outbox = outbox;
    let looking = rusqlite::Connection::open(&path).unwrap();
    looking.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut take = || outbox.take(&[at(4, 2.0)], "source", None, &rules(&[""]), at(5, 0.0).start);
    assert_eq!(take().unwrap_err().remedy(), knowatt_stream::Remedy::Again);
    looking.execute_batch("ROLLBACK").unwrap();
    assert_eq!(take().unwrap().messages, 1);
    drop(outbox);
    assert!(Outbox::open(&path).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Hours come in the order of their meters, with repeats after a restart, early words, and time between them.
    #[test]
    fn whatever_comes_each_episode_is_told_once_before_its_end_and_none_is_lost(
        hours in prop::collection::vec((0_u8..3, 0_u8..6, 0.5..6.0, any::<bool>(), 0_i64..90), 1..60),
        restart in 0_usize..60,
        quiet in any::<bool>(),
    ) {
        let keys = if quiet { "cooldown = \"0s\"\nquiet-hours = \"23:00-05:00\"" } else { "cooldown = \"0s\"" };
        let mut home = Home::new(&[keys]);
        let mut clocks = BTreeMap::<u8, u8>::new();
        let mut taken = Vec::new();
        let mut sent = Vec::new();
        for (place, (meter, step, score, is_early, minutes)) in hours.into_iter().enumerate() {
            let clock = clocks.entry(meter).or_default();
            if u32::from(*clock) + u32::from(step) > 200 { continue }
            *clock += step;
            let hour = of(&meter.to_string(), at(*clock, score));
            let early = ScoredHour { kind: AnomalyKind::Early, ..hour.clone() };
            if is_early && score > 1.0 { home.take(&[early]); }
            home.take(std::slice::from_ref(&hour));
            taken.push(hour);
            home.later(SignedDuration::from_mins(minutes));
            if place == restart {
                // All of it is read again.
                let again = home.take(&taken);
                prop_assert_eq!((again.hours, again.messages), (0, 0));
            }
            sent.extend(home.sent("a"));
        }
        for _ in 0..12 { home.later(7 * HOUR) }
        sent.extend(home.sent("a"));
        let mut episodes: BTreeMap<String, Vec<MessageEvent>> = BTreeMap::new();
        for message in &sent {
            let listed = message.facts.episodes.iter().map(|one| (one.alert_id.clone(), MessageEvent::Digest));
            let one = (message.facts.alert_id.clone(), message.facts.event);
            if message.facts.event == MessageEvent::Digest {
                prop_assert!(message.facts.count as usize == message.facts.episodes.len(), "more than are listed");
                for (id, event) in listed { episodes.entry(id).or_default().push(event) }
            } else {
                episodes.entry(one.0).or_default().push(one.1);
            }
        }
        for told in episodes.values() {
            let is_fine = matches!(told.as_slice(), [MessageEvent::Alert | MessageEvent::Digest] | [MessageEvent::Alert, MessageEvent::End]);
            prop_assert!(is_fine, "{told:?}");
        }
        let mut keys = sent.iter().map(|message| &message.key).collect::<Vec<_>>();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), sent.len());
        let count = |query: &str| {
            home.outbox.database.connection().query_row(query, [], |row| row.get::<_, u32>(0)).unwrap() as usize
        };
        // Every unusual hour is in an episode, and every episode was told.
        let query = "SELECT count(*) FROM episode";
        prop_assert_eq!(episodes.len(), count(query));
        let unusual: std::collections::BTreeSet<_> = taken.iter().filter(|hour| hour.is_anomaly()).map(|hour| &hour.id).collect();
        let query = "SELECT count(*) FROM hour";
        prop_assert_eq!(count(query), unusual.len());
    }
}
