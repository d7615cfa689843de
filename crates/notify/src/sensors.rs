//! The home as a device of Home Assistant, by MQTT discovery.
//!
//! ```toml
//! [notify.sensors]
//! to = "mqtt://hub:1883"
//! prefix = "homeassistant"         # where Home Assistant looks for devices
//! meters = ["house", "flat-*"]     # unless given, all, a hundred at most
//!
//! [notify.sensors.mqtt]
//! user = "knowatt"
//! password-file = "/etc/knowatt/mqtt-password"
//! ```
//!
//! Each meter is a device with these entities, whose state is one JSON object, `knowatt/NODE/state`:
//!
//! | entity | |
//! |---|---|
//! | sensor `score` | of the newest hour, so far if it has not ended |
//! | sensor `energy this hour` | in Wh, likewise |
//! | sensors `normal at least`, `normal at most` | what is normal at that hour, in Wh |
//! | sensor `last alert` | when the last episode began |
//! | sensor `alerts this month` | how many began |
//! | binary sensor `unusual power usage` | on during an episode |
//!
//! Nothing of it is known where only anomalies are read and there is none; `scores` in `[sink]` sends every hour's. All is retained, and published
//! again at each connection. The broker says that we are gone (`knowatt/notify/CLIENT/availability`).
//!
//! Source: Home Assistant's documentation, "MQTT": "MQTT discovery", "Sensor", "Binary sensor", "availability".

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use knowatt_stream::{
    Error, Remedy,
    config::MqttConfig,
    mqtt::{Letter, Publisher},
    pause::jittered,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tracing::{error, warn};
use wildmatch::WildMatch;

use crate::{hour::ScoredHour, outbox::MeterSummary, secret::check_password};

/// More devices than that are nobody's home.
const MOST_METERS: usize = 100;
/// What was said of an hour holds for so long after it began.
const HOLDS: SignedDuration = SignedDuration::from_hours(2);
/// How long the broker may take to acknowledge.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first and the longest pause before the broker is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// How often it is looked whether this is to end.
const LOOK: Duration = Duration::from_millis(100);
/// How often the meters are looked at of which nothing has come: an hour that no longer holds, a new month.
const ROUND: Duration = Duration::from_secs(10);

/// `[notify.sensors]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SensorsConfig {
    /// The broker.
    pub to: String,
    /// Where Home Assistant looks for devices.
    #[serde(default = "homeassistant")]
    pub prefix: String,
    /// Whose meters are devices; unless given, all.
    #[serde(default)]
    pub meters: Vec<String>,
    /// Who we are at the broker.
    #[serde(default)]
    pub mqtt: MqttConfig,
}

fn homeassistant() -> String {
    "homeassistant".to_owned()
}

/// The devices.
pub(crate) struct Sensors {
    prefix: String,
    availability: String,
    meters: Vec<WildMatch>,
    known: BTreeMap<String, Known>,
    is_full: bool,
    /// When all meters were looked at.
    round: Option<Instant>,
    letters: mpsc::Sender<Vec<Letter>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A meter.
#[derive(Default)]
struct Known {
    newest: Option<ScoredHour>,
    /// Whether something has come since it was looked at.
    is_heard: bool,
    /// What was last published.
    state: String,
}

impl Sensors {
    /// Connects in a thread of its own; a broker that is away is waited for.
    pub(crate) fn start(config: &SensorsConfig) -> Result<Self, Error> {
        let is_broker = config.to.starts_with("mqtt://") || config.to.starts_with("mqtts://");
        if !is_broker {
            return Err(Error::change(format!(
                "[notify.sensors] to = \"{}\" is no broker, as mqtt://hub:1883",
                config.to
            )));
        }
        check_password(&config.mqtt, "notify.sensors.mqtt")?;
        let client = node(config.mqtt.client_id.as_deref().unwrap_or("home"));
        let availability = format!("knowatt/notify/{client}/availability");
        let (letters, incoming) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let mut config = config.clone();
        // A name of ours, so that after a break the broker ends the old connection, and says so, before the new one stands.
        config.mqtt.client_id.get_or_insert_with(|| format!("knowatt-notify-{client}"));
        let publishing = Publishing {
            config: config.clone(),
            will: retained(availability.clone(), "offline".to_owned()),
            kept: BTreeMap::new(),
            incoming,
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new().name("sensors".to_owned()).spawn(move || publishing.run());
        let thread = thread.map_err(|error| Error::outside(format!("no thread can be started: {error}")))?;
        let sensors = Self {
            prefix: config.prefix.clone(),
            availability,
            meters: config.meters.iter().map(|meter| WildMatch::new(meter)).collect(),
            known: BTreeMap::new(),
            is_full: false,
            round: None,
            letters,
            stop,
            thread: Some(thread),
        };
        sensors.send(vec![retained(sensors.availability.clone(), "online".to_owned())]);
        Ok(sensors)
    }

    /// Takes an hour.
    pub(crate) fn see(&mut self, hour: &ScoredHour) {
        self.know(&hour.meter);
        let Some(known) = self.known.get_mut(&hour.meter) else { return };
        known.is_heard = true;
        if known.newest.as_ref().is_none_or(|newest| newest.start <= hour.start) {
            known.newest = Some(hour.clone());
        }
    }

    /// Makes a meter a device, if it is to be one.
    pub(crate) fn know(&mut self, meter: &str) {
        let is_wanted = self.meters.is_empty() || self.meters.iter().any(|pattern| pattern.matches(meter));
        if !is_wanted || self.known.contains_key(meter) {
            return;
        }
        if self.known.len() == MOST_METERS {
            if !std::mem::replace(&mut self.is_full, true) {
                warn!(
                    "more than {MOST_METERS} meters: the others are no devices; name those that are, as `meters` in [notify.sensors]"
                );
            }
            return;
        }
        self.send(configs(&self.prefix, &self.availability, meter));
        self.known.insert(meter.to_owned(), Known::default());
    }

    /// Publishes what has changed.
    pub(crate) fn publish(
        &mut self,
        summary: impl Fn(&str) -> Result<MeterSummary, Error>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut letters = Vec::new();
        let is_round = self.round.is_none_or(|round| round.elapsed() >= ROUND);
        if is_round {
            self.round = Some(Instant::now());
        }
        for (meter, known) in &mut self.known {
            if !std::mem::take(&mut known.is_heard) && !is_round {
                continue;
            }
            let state = state(known.newest.as_ref(), &summary(meter)?, now);
            if state != known.state {
                known.state.clone_from(&state);
                letters.push(retained(format!("knowatt/{}/state", node(meter)), state));
            }
        }
        if !letters.is_empty() {
            self.send(letters);
        }
        Ok(())
    }

    fn send(&self, letters: Vec<Letter>) {
        // The thread ends with this, or after it has said why not.
        _ = self.letters.send(letters);
    }
}

impl Drop for Sensors {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the thread of the sensors ended unexpectedly");
        }
    }
}

fn retained(topic: String, payload: String) -> Letter {
    Letter { topic, payload, is_retained: true }
}

/// The state of a meter's entities; `null` is unknown.
fn state(newest: Option<&ScoredHour>, summary: &MeterSummary, now: Timestamp) -> String {
    let newest = newest.filter(|hour| now.duration_since(hour.start) < HOLDS);
    let normal = newest.and_then(|hour| hour.normal);
    json!({
        "score": newest.map(|hour| hour.score),
        "energy_wh": newest.map(|hour| hour.wh),
        "normal_low_wh": normal.map(|normal| normal.low_wh),
        "normal_high_wh": normal.map(|normal| normal.high_wh),
        "last_alert": summary.last_alert.map(|at| at.to_string()),
        "alerts_this_month": summary.alerts_this_month,
        "problem": if summary.is_open { "ON" } else { "OFF" },
    })
    .to_string()
}

/// A meter's name as a part of topics and of identifiers: letters and digits, and where that is not all, something that tells it from others.
fn node(meter: &str) -> String {
    if meter.is_empty() {
        return "home".to_owned();
    }
    let plain: String = meter
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .take(40)
        .collect();
    if plain == meter {
        return plain;
    }
    let digest = Sha256::digest(meter.as_bytes());
    let [a, b, c, ..] = *digest.as_slice() else { return plain };
    format!("{plain}_{a:02x}{b:02x}{c:02x}")
}

/// What Home Assistant is told of a meter's entities.
fn configs(prefix: &str, availability: &str, meter: &str) -> Vec<Letter> {
    let node = node(meter);
    let device = json!({
        "identifiers": [format!("knowatt_{node}")],
        "name": if meter.is_empty() { "Power usage" } else { meter },
        "manufacturer": "knowatt",
        "model": "score table",
        "sw_version": env!("CARGO_PKG_VERSION"),
    });
    let entity = |component: &str, name: &str, words: &str, more: Value| {
        let mut config = json!({
            "name": words,
            "unique_id": format!("knowatt_{node}_{name}"),
            "object_id": format!("knowatt_{node}_{name}"),
            "state_topic": format!("knowatt/{node}/state"),
            "value_template": format!("{{{{ value_json.{name} }}}}"),
            "availability_topic": availability,
            "device": device,
        });
        if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
            config.extend(more);
        }
        retained(format!("{prefix}/{component}/knowatt_{node}/{name}/config"), config.to_string())
    };
    let wh = json!({ "unit_of_measurement": "Wh", "device_class": "energy" });
    let energy =
        json!({ "unit_of_measurement": "Wh", "device_class": "energy", "state_class": "total_increasing" });
    vec![
        entity(
            "sensor",
            "score",
            "score",
            json!({ "state_class": "measurement", "icon": "mdi:gauge", "suggested_display_precision": 2 }),
        ),
        entity("sensor", "energy_wh", "energy this hour", energy),
        entity("sensor", "normal_low_wh", "normal at least", wh.clone()),
        entity("sensor", "normal_high_wh", "normal at most", wh),
        entity("sensor", "last_alert", "last alert", json!({ "device_class": "timestamp" })),
        entity(
            "sensor",
            "alerts_this_month",
            "alerts this month",
            json!({ "state_class": "measurement", "icon": "mdi:counter" }),
        ),
        entity("binary_sensor", "problem", "unusual power usage", json!({ "device_class": "problem" })),
    ]
}

/// The thread that publishes.
struct Publishing {
    config: SensorsConfig,
    will: Letter,
    /// The last letter of each topic, for a connection that is made anew.
    kept: BTreeMap<String, Letter>,
    incoming: mpsc::Receiver<Vec<Letter>>,
    stop: Arc<AtomicBool>,
}

impl Publishing {
    /// Until there is nothing more to come; a broker that refuses is tried again, too.
    fn run(mut self) {
        let mut pause = PAUSES[0];
        let mut is_said = false;
        loop {
            let began = Instant::now();
            let Err(error) = self.publish() else { return };
            if error.remedy() == Remedy::Change {
                error!("[notify.sensors]: {error}; there are no sensors until that is changed");
                return;
            }
            if began.elapsed() > PAUSES[1] {
                (pause, is_said) = (PAUSES[0], false);
            }
            if !std::mem::replace(&mut is_said, true) {
                warn!("[notify.sensors]: {error}; tried again until it is well");
            }
            if !self.keep_for(jittered(pause)) {
                return;
            }
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Connects, and publishes what is known and what comes.
    fn publish(&mut self) -> Result<(), Error> {
        let will = Some(self.will.clone());
        let mut publisher =
            Publisher::open(&self.config.to, &self.config.mqtt, will, Arc::clone(&self.stop))?;
        publisher.announce(self.kept.values().cloned().collect());
        while !self.stop.load(Ordering::Relaxed) {
            match self.incoming.recv_timeout(LOOK) {
                Ok(letters) => {
                    self.keep(&letters);
                    publisher.announce(letters);
                    // What is announced is not waited for, but if it is refused that is said here.
                    match publisher.publish(Vec::new(), Some(PATIENCE)) {
                        Err(error) if error.remedy() != Remedy::Again => return Err(error),
                        Ok(()) | Err(_) => {}
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // What is still on its way, before we say that we are gone.
        publisher.announce(self.incoming.try_iter().flatten().collect());
        Ok(())
    }

    fn keep(&mut self, letters: &[Letter]) {
        self.kept.extend(letters.iter().map(|letter| (letter.topic.clone(), letter.clone())));
    }

    /// Keeps what comes, for so long; whether to go on.
    fn keep_for(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            match self.incoming.recv_timeout(LOOK) {
                Ok(letters) => self.keep(&letters),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hour::tests::at;

    #[test]
    fn a_meter_is_a_part_of_a_topic_whatever_its_name_and_no_two_are_the_same() {
        assert_eq!(node(""), "home");
        assert_eq!(node("house1"), "house1");
        let hostile = [node("a/b"), node("a b"), node("a+b"), node("ä#")];
        for node in &hostile {
            assert!(node.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{node}");
        }
        assert_ne!(hostile[0], hostile[1]);
    }

    #[test]
    fn what_was_said_of_an_hour_does_not_hold_for_ever() {
        let summary = MeterSummary { last_alert: None, alerts_this_month: 2, is_open: true };
        let hour = at(4, 0.5);
        let of = |later_h| state(Some(&hour), &summary, hour.start + SignedDuration::from_hours(later_h));
        assert_eq!(
            of(1),
            r#"{"alerts_this_month":2,"energy_wh":235.5,"last_alert":null,"normal_high_wh":363.0,"normal_low_wh":108.0,"problem":"ON","score":0.5}"#
        );
        assert!(of(3).contains(r#""score":null"#));
    }

    #[test]
    fn a_device_has_seven_entities_that_say_who_they_are() {
        let letters = configs("homeassistant", "knowatt/notify/home/availability", "the \"house\"");
        assert_eq!(letters.len(), 7);
        for Letter { topic, payload, is_retained } in letters {
            let config: Value = serde_json::from_str(&payload).unwrap();
            assert!(is_retained && topic.starts_with("homeassistant/"));
            assert_eq!(config["device"]["name"], "the \"house\"");
            assert_eq!(topic.split('/').count(), 5, "{topic}");
        }
    }
}
