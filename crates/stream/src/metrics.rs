//! What a stream has done, as metrics.

use crate::{anomaly::AnomalyKind, counts::Counts};

/// A metric, with a value for each label.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name, without `knowatt_` and `_total`.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Whether it only rises.
    pub is_counter: bool,
    /// Its label's name; empty where it has none.
    pub label: &'static str,
    /// The values, with what the label says.
    pub values: Vec<(&'static str, f64)>,
}

impl Metric {
    /// One without a label.
    pub fn one(name: &'static str, help: &'static str, is_counter: bool, value: f64) -> Self {
        Self { name, help, is_counter, label: "", values: vec![("", value)] }
    }
}

impl Counts {
    /// As metrics.
    pub fn metrics(&self) -> Vec<Metric> {
        let counter = |name, help, value: u64| Metric::one(name, help, true, value as f64);
        let gauge = |name, help, value: f64| Metric::one(name, help, false, value);
        let kinds = [AnomalyKind::Level, AnomalyKind::Floor, AnomalyKind::Early].map(AnomalyKind::name);
        let anomalies = kinds.into_iter().zip(self.anomalies.map(|count| count as f64)).collect();
        let mut left_out: Vec<_> =
            self.left_out.iter().map(|(why, count)| (why.name(), count as f64)).collect();
        left_out.extend([
            ("future", self.future as f64),
            ("unknown-meter", self.unknown_meter as f64),
            ("no-value", self.nothing as f64),
        ]);
        let mut metrics = vec![
            counter("messages", "Messages read", self.messages),
            counter("replayed", "Messages read again for the state alone", self.replayed),
            counter("hours", "Hours scored", self.hours),
            Metric {
                name: "anomalies",
                help: "Anomalies found",
                is_counter: true,
                label: "kind",
                values: anomalies,
            },
            Metric {
                name: "left_out",
                help: "Messages, samples and hours left out",
                is_counter: true,
                label: "reason",
                values: left_out,
            },
            counter("dead_letters", "Messages that could not be read", self.dead_letters),
            counter("commits", "Times that all was delivered and committed", self.commits),
            gauge("meters", "Meters known", self.meters as f64),
            gauge("silent_meters", "Meters of which nothing has come for long", self.silent as f64),
        ];
        if let Some(newest_ms) = self.newest_ms {
            let seconds = newest_ms as f64 / 1e3;
            metrics.push(gauge("newest_sample_timestamp_seconds", "The newest time of a sample", seconds));
        }
        metrics
    }
}
