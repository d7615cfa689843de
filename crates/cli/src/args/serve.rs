//! The flags of `knowatt serve`.

use std::path::PathBuf;

use knowatt_report::Price;
#[cfg(feature = "serve")]
use knowatt_stream::config::Config;

#[cfg(feature = "serve")]
use super::input::ColumnArgs;
use super::live::LiveInputArgs;

/// A group of its own.
#[cfg(feature = "serve")]
const GROUP: &str = "knowatt-serve";

#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "help shows addresses as they are typed")]
#[command(after_help = "\
Examples:
  knowatt serve model.json --from mqtt://hub:1883 --preset tasmota --state served
  knowatt serve model.json last-month.csv --from kafka://broker:9092/raw_power --unit Wh --state served
  knowatt serve model.json --from p1:///dev/ttyUSB0 --listen 192.168.1.5:8765 --token-file token")]
pub(crate) struct ServeArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// Earlier readings, in any format that is read, to show what was unusual among them
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Of those readings, the meter to show, where there are several
    #[arg(long, value_name = "NAME", requires = "inputs")]
    pub(crate) meter: Option<String>,

    /// Where the page is served: a port of this machine, or an address and port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "8765")]
    pub(crate) listen: String,

    /// A file with the token that a browser is asked for as a password; needed where others can reach the address
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// A folder for what a restart must not lose: open hours, and what was shown of the last two days [default: nowhere]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,

    /// What a kWh costs, to tell what unusual use has cost: 0.25, or '0.25 EUR'
    #[arg(long, value_name = "PRICE", requires = "inputs")]
    pub(crate) price_per_kwh: Option<Price>,

    #[command(flatten)]
    pub(crate) input: LiveInputArgs,
}

#[cfg(feature = "serve")]
impl ServeArgs {
    /// The file's settings, with those of the flags before them.
    pub(crate) fn config(&self) -> Result<Config, knowatt_stream::Error> {
        let mut config = self.input.config()?;
        config.state = self.state.as_ref().map(|folder| folder.join("stream.db"));
        // Whatever the file names for `watch`: nothing is taken from it.
        config.source.kafka.group = Some(self.input.group.clone().unwrap_or_else(|| GROUP.to_owned()));
        config.source.mqtt.client_id = Some(self.mqtt_client_id(&config));
        Ok(config)
    }

    /// Of a session that is the same after a restart, and no other's.
    fn mqtt_client_id(&self, config: &Config) -> String {
        let told = [config.source.from.as_deref(), config.source.mqtt.preset.as_deref(), Some(&*self.listen)];
        let digest = knowatt_score::sha256_hex(told.map(Option::unwrap_or_default).join("\n").as_bytes());
        format!("knowattserve{}", &digest[..8])
    }

    /// What is said of the columns of what comes holds for the readings of before too.
    pub(crate) fn columns(&self) -> ColumnArgs {
        let live = &self.input;
        ColumnArgs {
            time_column: live.time_column.clone(),
            value_column: live.value_column.clone(),
            unit: live.unit,
            kind: live.kind,
            meter_column: live.meter_column.clone(),
            meter: self.meter.clone(),
            net: live.net,
            date_order: None,
            kafka_config: live.kafka_config.clone(),
            kafka_property: live
                .kafka_property
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            schema_registry: live.schema_registry.clone(),
            avro_schema: live.avro_schema.clone(),
            ledger: None,
        }
    }
}

#[cfg(all(test, feature = "serve"))]
mod tests {
    use clap::Parser as _;

    use crate::args::{Args, Command};

    #[test]
    fn nothing_is_taken_from_a_watch_that_has_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("knowatt.toml");
        let file = "[source]\nfrom = \"mqtt://hub:1883\"\n[source.kafka]\ngroup = \"home\"\n[source.mqtt]\nclient-id = \"home\"\n";
        #[allow(clippy::disallowed_methods, reason = "a folder of its own, and no program is killed")]
        std::fs::write(&path, file).unwrap();
        let config = |more: &[&str]| {
            let words = ["knowatt", "serve", "model.json", "--config", path.to_str().unwrap()];
            let Command::Serve(args) = Args::parse_from(words.iter().chain(more)).command else {
                panic!("another command")
            };
            args.config().unwrap()
        };
        let served = config(&[]);
        assert_eq!(served.source.kafka.group.as_deref(), Some("knowatt-serve"));
        let id = served.source.mqtt.client_id.clone().unwrap();
        assert!(id.starts_with("knowattserve") && id.len() <= 23, "{id}");
        assert_eq!(config(&[]).source.mqtt.client_id, Some(id.clone()));
        assert_ne!(config(&["--listen", "8766"]).source.mqtt.client_id, Some(id));
        assert_eq!(config(&["--group", "mine"]).source.kafka.group.as_deref(), Some("mine"));
    }
}
