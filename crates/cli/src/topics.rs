//! Inputs that are live topics of Kafka, if the program was built to read them.

use anyhow::Result;
use knowatt_readings::{Intake, Options};

use crate::args::ColumnArgs;

/// Whether an input is a topic.
pub(crate) fn is_topic(address: &str) -> bool {
    address.starts_with("kafka://")
}

/// Reads a topic to its end; gives how it was understood.
#[cfg(feature = "kafka")]
pub(crate) fn read(
    address: &str,
    options: &Options,
    columns: &ColumnArgs,
    intake: &mut Intake<'_>,
) -> Result<String> {
    use anyhow::Context as _;
    use knowatt_readings::kafka::{self, Settings, Topic};

    let topic: Topic = address.parse().map_err(|error| anyhow::anyhow!("{address}: {error}"))?;
    let mut settings = Settings::default();
    if let Some(path) = &columns.kafka_config {
        let named = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(named)?;
        settings = Settings::from_properties(&text).with_context(named)?;
    }
    for property in &columns.kafka_property {
        let (name, value) = property.split_once('=').context("--kafka-property: expected NAME=VALUE")?;
        settings.set(name, value)?;
    }
    Ok(format!("Kafka: {}", kafka::read(&topic, &settings, options, intake)?))
}

/// Says that topics cannot be read.
#[cfg(not(feature = "kafka"))]
pub(crate) fn read(address: &str, _: &Options, _: &ColumnArgs, _: &mut Intake<'_>) -> Result<String> {
    anyhow::bail!(
        "{address}: this knowatt was built without Kafka; build it with `--features kafka`, or dump the topic with kcat"
    )
}
