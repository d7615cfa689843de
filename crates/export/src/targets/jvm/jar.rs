//! The jar.

use std::io::Write as _;

use flate2::{Compression, write::DeflateEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter, time::UtcDateTime};

use super::{class_file, explain, numbers, renamed};
use crate::{error::Error, export::Export, targets::Target};

/// An engine that takes the jar.
pub(in crate::targets) struct Jar {
    name: &'static str,
    summary: &'static str,
    explain: fn(&Export<'_>, &str) -> String,
}

pub(in crate::targets) const KSQLDB: Jar = Jar {
    name: "ksqldb",
    summary: "a jar with functions for ksqlDB (the same jar serves Flink, Spark and Java)",
    explain: explain::ksqldb,
};
pub(in crate::targets) const FLINK: Jar =
    Jar { name: "flink", summary: "the same jar, for Flink SQL 1.20 and 2", explain: explain::flink };
pub(in crate::targets) const SPARK: Jar = Jar {
    name: "spark",
    summary: "the same jar, for Spark SQL and PySpark 3 and 4",
    explain: explain::spark,
};
pub(in crate::targets) const KAFKA_STREAMS: Jar = Jar {
    name: "kafka-streams",
    summary: "the same jar, for Kafka Streams or any Java",
    explain: explain::kafka_streams,
};

impl Target for Jar {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn extension(&self) -> &'static str {
        "jar"
    }

    fn has_seed_compatible(&self) -> bool {
        true
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        pack(&files(export)?).map_err(|error| Error::Jar(error.to_string()))
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        (self.explain)(export, file)
    }
}

macro_rules! classes {
    ($($name:literal)*) => {
        [$(($name, include_bytes!(concat!("../../../java/classes/knowatt/", $name, ".class"))),)*]
    };
}

/// As they were compiled, sorted by name as in the jar.
const CLASSES: &[(&str, &[u8])] = &classes! {
    "KNOWATT_NAME"
    "KNOWATT_NAME$Recent"
    "KNOWATT_NAME_BOXED"
    "flink/KNOWATT_NAME"
    "flink/KNOWATT_NAME_AT"
    "flink/KNOWATT_NAME_DAY"
    "flink/KNOWATT_NAME_FLOOR"
    "flink/KNOWATT_NAME_HOUR"
    "flink/KNOWATT_NAME_RISE"
    "flink/KNOWATT_NAME_STEP"
    "ksqldb/KNOWATT_NAME"
    "ksqldb/KNOWATT_NAME_AT"
    "ksqldb/KNOWATT_NAME_DAY"
    "ksqldb/KNOWATT_NAME_FLOOR"
    "ksqldb/KNOWATT_NAME_HOUR"
    "ksqldb/KNOWATT_NAME_RISE"
    "ksqldb/KNOWATT_NAME_STEP"
    "spark/KNOWATT_NAME"
    "spark/KNOWATT_NAME_ANY_DAY"
    "spark/KNOWATT_NAME_AT"
    "spark/KNOWATT_NAME_DAY"
    "spark/KNOWATT_NAME_FLOOR_1"
    "spark/KNOWATT_NAME_FLOOR_2"
    "spark/KNOWATT_NAME_FLOOR_3"
    "spark/KNOWATT_NAME_FLOOR_4"
    "spark/KNOWATT_NAME_FLOOR_5"
    "spark/KNOWATT_NAME_FLOOR_6"
    "spark/KNOWATT_NAME_FLOOR_7"
    "spark/KNOWATT_NAME_FLOOR_8"
    "spark/KNOWATT_NAME_HOUR"
    "spark/KNOWATT_NAME_INSTANT"
    "spark/KNOWATT_NAME_RISE_1"
    "spark/KNOWATT_NAME_RISE_2"
    "spark/KNOWATT_NAME_RISE_3"
    "spark/KNOWATT_NAME_RISE_4"
    "spark/KNOWATT_NAME_RISE_5"
    "spark/KNOWATT_NAME_RISE_6"
    "spark/KNOWATT_NAME_RISE_7"
    "spark/KNOWATT_NAME_RISE_8"
    "spark/KNOWATT_NAME_STEP"
};

/// What is in the jar, sorted.
pub(super) fn files(export: &Export<'_>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let digest = &export.sha256;
    let name = export.name.as_given();
    let counts = [
        ("_FLOOR", export.floors().len()),
        ("_STEP", usize::from(export.step().is_some())),
        ("_RISE", export.rises().len()),
    ];
    let mut files = vec![];
    for (class, bytes) in CLASSES {
        let has_none = counts.iter().any(|(function, count)| *count == 0 && class.contains(function));
        // Spark's classes are for so many arguments: that of another model's number is left out, and the number is no part of the name.
        let numbered = counts.iter().find(|(function, _)| class.contains(&format!("{function}_")));
        let numbered = numbered.map(|(function, count)| (format!("{function}_{count}"), *function));
        if has_none || numbered.as_ref().is_some_and(|(number, _)| !class.ends_with(number)) {
            continue;
        }
        let numbered = numbered.as_ref().map(|(number, function)| (number.as_str(), *function));
        let replaced: Vec<_> =
            numbered.into_iter().chain([("KNOWATT_NAME", name), ("KNOWATT_DIGEST", &digest[..12])]).collect();
        let bytes = class_file::rename(bytes, &replaced).ok_or_else(|| Error::Jar((*class).to_owned()))?;
        files.push((format!("knowatt/{}.class", renamed(class, &replaced)), bytes));
    }
    files.push((format!("knowatt/{name}.curves"), model(export).into_bytes()));
    files.sort();
    Ok(files)
}

/// The model in numbers, and what it is in words, which the class no longer reads.
fn model(export: &Export<'_>) -> String {
    let curves = export.features().iter().flat_map(|set| &set.cells).map(numbers::curve);
    let lines: Vec<_> = numbers::head(export).into_iter().chain(curves).chain(export.heading()).collect();
    lines.join("\n") + "\n"
}

/// A jar is a ZIP; one without a manifest will do (*JAR File Specification*).
fn pack(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, rawzip::Error> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in files {
        let file = archive.new_file(name.as_str()).compression_method(CompressionMethod::DEFLATE);
        // The first day that a ZIP can tell: the same bytes whenever it is made.
        let (mut entry, config) = file.last_modified(UtcDateTime::from_unix(315_532_800)).start()?;
        let mut packed = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
        packed.write_all(bytes)?;
        let (encoder, output) = packed.finish()?;
        encoder.finish()?;
        entry.finish(output)?;
    }
    archive.finish()
}
