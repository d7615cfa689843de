//! The engines, a file each.

mod c;
mod csv;
mod home_assistant;
mod javascript;
mod jvm;
mod onnx;
#[cfg(feature = "parquet")]
mod parquet;
mod prometheus;
mod python;
mod sql;
mod vectors;
mod wasm;

pub use self::javascript::JavaScript;
use crate::{error::Error, export::Export};

/// What a model is made into for one engine.
pub trait Target: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it makes, for which engine, in a few words.
    fn summary(&self) -> &'static str;

    /// The file's usual ending, without the dot.
    fn extension(&self) -> &'static str;

    /// Whether the talk's −1 for an hour that does not exist can be asked for.
    fn has_seed_compatible(&self) -> bool {
        false
    }

    /// The file.
    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error>;

    /// How to install and to call what was made, `file` being where it was written: lines to read and to copy.
    fn explain(&self, export: &Export<'_>, file: &str) -> String;
}

/// Every target, in the order in which they are listed.
pub fn all() -> &'static [&'static dyn Target] {
    &[
        &jvm::KSQLDB,
        &jvm::FLINK,
        &jvm::SPARK,
        &jvm::KAFKA_STREAMS,
        &jvm::Java,
        &python::Python,
        &javascript::JavaScript,
        &c::C,
        &wasm::Wasm,
        &onnx::Onnx,
        &sql::PostgreSql,
        &sql::DuckDb,
        &sql::Sqlite,
        &sql::MySql,
        &sql::ClickHouse,
        &home_assistant::HomeAssistant,
        &prometheus::Prometheus,
        &csv::Csv,
        #[cfg(feature = "parquet")]
        &parquet::Parquet,
        &vectors::Vectors,
    ]
}

#[cfg(test)]
pub(crate) mod tests;
