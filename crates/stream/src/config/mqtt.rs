//! `[source.mqtt]` and `[sink.mqtt]`: who we are at a broker, whom we trust, and what its messages mean.
//!
//! ```toml
//! [source]
//! from = "mqtts://hub:8883"
//!
//! [source.mqtt]
//! user = "knowatt"
//! password-file = "/etc/knowatt/mqtt-password"
//! ca-file = "/etc/knowatt/ca.pem"
//!
//! [[source.mqtt.subscriptions]]
//! preset = "tasmota"               # tele/+/SENSOR, ENERGY.Total in kWh, Time
//!
//! [[source.mqtt.subscriptions]]
//! topic = "heating/pump"
//! meter = "heat pump"
//! value = "electric.total_kwh"
//! kind = "register"
//! ```

use std::{fmt, path::PathBuf};

use knowatt_readings::{Kind, Unit};
use serde::Deserialize;

use super::parsed;

/// A broker, and what its messages mean.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MqttConfig {
    /// Whose messages come on the topic of the address; without a topic there, on the preset's own.
    pub preset: Option<String>,
    /// Further topics, or all.
    pub subscriptions: Vec<Subscription>,
    /// Our name at the broker. Of a source it is its session's, and unless given made of what is subscribed to.
    pub client_id: Option<String>,
    /// The user, unless the address or `KNOWATT_MQTT_USER` names it.
    pub user: Option<String>,
    /// The password, unless `KNOWATT_MQTT_PASSWORD` has it.
    pub password: Option<Secret>,
    /// A file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// The authority that the broker's certificate is from, in PEM; unless given, those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate in PEM, if the broker wants one.
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// Whether what knowatt itself has published is read; else a stream that publishes where it reads would go round for ever. No key of
    /// the file.
    #[serde(skip)]
    pub takes_own: bool,
}

/// Topics to read, and what their messages mean.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Subscription {
    /// A topic, or a filter of topics: `tele/+/SENSOR`. The preset's, unless given.
    pub topic: Option<String>,
    /// Whose messages they are; what is given besides goes before what it says.
    pub preset: Option<String>,
    /// The meter's name, for all of it.
    pub meter: Option<String>,
    /// The level of the topic that names the meter: 1 is the first, -1 the last. Unless given, it is what the filter's
    /// wildcards stand for, or else the topic.
    pub meter_level: Option<i32>,
    /// The dotted path of the value (`ENERGY.Total`). Without it the payload is a bare number, or the field whose name tells
    /// a unit is taken.
    pub value: Option<String>,
    /// Its unit, unless the name tells it.
    #[serde(deserialize_with = "parsed")]
    pub unit: Option<Unit>,
    /// What it is.
    #[serde(deserialize_with = "parsed")]
    pub kind: Option<Kind>,
    /// The dotted path of the time. Without it, or if it is empty, the time is when the message came.
    pub time: Option<String>,
}

/// What is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// It itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("**REDACTED**")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
