//! How each engine takes the jar, with queries that find the floors by its own windows.
//!
//! A floor is of hours that follow one another, so each window's rows are counted. Flink's streams take one window for each `SELECT` (*Over Aggregation*), so
//! theirs lie in one another; ksqlDB has hopping windows only, so each floor is scored by itself, the others being NULL.

use std::fmt::Write as _;

use crate::export::{Export, FeatureCurves, argument_name, hours};

/// The arguments for some features, `low_3h, low_6h`.
fn arguments(sets: &[&FeatureCurves<'_>]) -> String {
    sets.iter().map(|set| argument_name(set.feature)).collect::<Vec<_>>().join(", ")
}

/// The functions that there are, after the name.
fn endings(export: &Export<'_>) -> Vec<&'static str> {
    let has = [
        ("", true),
        ("_AT", true),
        ("_DAY", true),
        ("_HOUR", true),
        ("_FLOOR", !export.floors().is_empty()),
        ("_STEP", export.step().is_some()),
        ("_RISE", !export.rises().is_empty()),
    ];
    has.into_iter().filter(|(_, has)| *has).map(|(ending, _)| ending).collect()
}

/// The most floors or rises that there is a class of Spark's for (see `java/compile`).
const MOST_OF_SPARK: usize = 8;

/// What the functions of SQL give, if they have no more than so many floors or rises; `any_day` is the ending of the one without the day.
fn functions(export: &Export<'_>, any_day: &str, most: usize) -> String {
    let no_such_hour = if export.seed_compatible { "; -1 for an hour that does not exist" } else { "" };
    let days = export.days() - 1;
    let mut functions = vec![
        (format!("{any_day}(hour, wh)"), format!("the lowest score of any day{no_such_hour}")),
        ("(day, hour, wh)".to_owned(), format!("by the class of the day, 0 to {days}")),
        (
            "_AT(start, wh)".to_owned(),
            "by when the hour starts: milliseconds since 1970, or a timestamp".to_owned(),
        ),
        ("_DAY(start)".to_owned(), "the class of the day".to_owned()),
        ("_HOUR(start)".to_owned(), "the hour, in the home's time zone".to_owned()),
    ];
    let is_there = |count: usize| (1..=most).contains(&count);
    if is_there(export.floors().len()) {
        let what = "of the lowest Wh of the last hours, NULL what is not known".to_owned();
        functions.push((format!("_FLOOR(day, hour, {})", arguments(&export.floors())), what));
    }
    if export.step().is_some() {
        functions.push((
            "_STEP(day, hour, step)".to_owned(),
            "of how many Wh more than the hour before".to_owned(),
        ));
    }
    if is_there(export.rises().len()) {
        let what = "of how many Wh each low is above that of a day before".to_owned();
        functions.push((format!("_RISE(day, hour, {})", arguments(&export.rises())), what));
    }
    let width = functions.iter().map(|(call, _)| call.len()).max().unwrap_or_default();
    let name = export.name.as_given();
    let lines = functions.iter().map(|(call, what)| format!("{name}{call:width$}  {what}\n"));
    lines.collect::<String>() + "\nNULL is no score. Above 1.0, someone should look.\n"
}

pub(super) fn ksqldb(export: &Export<'_>, file: &str) -> String {
    let name = export.name.as_given();
    let mut text = format!(
        "Copy {file} into the server's ksql.extension.dir (ext/), in place of an earlier one, and start it again.\n\n{}\n\
         CREATE STREAM readings (meter VARCHAR KEY, start_ms BIGINT, wh DOUBLE)\n\
         \x20 WITH (KAFKA_TOPIC = 'readings', VALUE_FORMAT = 'JSON', TIMESTAMP = 'start_ms');\n\n\
         CREATE STREAM {name}_scored AS\n\
         \x20 SELECT meter, start_ms, wh, {name}_AT(start_ms, wh) AS score\n\
         \x20 FROM readings WHERE {name}_AT(start_ms, wh) > 1.0;\n",
        functions(export, "", usize::MAX)
    );
    let floors = hours(&export.floors());
    if !floors.is_empty() {
        text += "\nWhat was left on, of hours that follow one another:\n";
    }
    for hours in &floors {
        let lows: Vec<_> = floors
            .iter()
            .map(|other| if other == hours { "MIN(wh)" } else { "CAST(NULL AS DOUBLE)" })
            .collect();
        _ = write!(
            text,
            "\nCREATE TABLE {name}_floor_{hours}h AS\n\
             \x20 SELECT meter, {name}_FLOOR({name}_DAY(WINDOWEND - 3600000), {name}_HOUR(WINDOWEND - 3600000),\n\
             \x20   {}) AS score\n\
             \x20 FROM readings WINDOW HOPPING (SIZE {hours} HOURS, ADVANCE BY 1 HOUR, GRACE PERIOD 10 MINUTES)\n\
             \x20 GROUP BY meter HAVING COUNT(*) = {hours} EMIT FINAL;\n",
            lows.join(", ")
        );
    }
    text
}

pub(super) fn flink(export: &Export<'_>, file: &str) -> String {
    let name = export.name.as_given();
    let mut text = format!("{file} has functions for Flink SQL, 1.20 and 2. With the file's whole path:\n\n");
    for ending in endings(export) {
        _ = writeln!(
            text,
            "CREATE FUNCTION {name}{ending} AS 'knowatt.flink.{name}{ending}' USING JAR '{file}';"
        );
    }
    _ = write!(
        text,
        "\n{}\nOf a table of hours (meter STRING, start_time TIMESTAMP_LTZ(3) with a watermark, wh DOUBLE):\n\n\
         SELECT * FROM (\n  SELECT meter, start_time, wh, {name}_AT(start_time, wh) AS score FROM readings\n) WHERE score > 1.0;\n",
        functions(export, "", usize::MAX)
    );
    let floors = hours(&export.floors());
    if !floors.is_empty() {
        let mut rows = "readings".to_owned();
        for hours in &floors {
            rows = format!(
                "(\nSELECT *, CASE WHEN COUNT(wh) OVER w = {hours} THEN MIN(wh) OVER w END AS low_{hours}h FROM {rows}\n\
                 WINDOW w AS (PARTITION BY meter ORDER BY start_time RANGE BETWEEN INTERVAL '{}' HOUR PRECEDING AND CURRENT ROW))",
                hours - 1
            );
        }
        _ = write!(
            text,
            "\nWhat was left on, of hours that follow one another:\n\n\
             SELECT meter, start_time, wh,\n  {name}_FLOOR({name}_DAY(start_time), {name}_HOUR(start_time), {}) AS score\nFROM {rows};\n",
            arguments(&export.floors())
        );
    }
    text
}

pub(super) fn spark(export: &Export<'_>, file: &str) -> String {
    let name = export.name.as_given();
    let counts = [("_FLOOR", export.floors().len()), ("_RISE", export.rises().len())];
    let has_class = |ending: &&str| !counts.iter().any(|(of, count)| of == ending && *count > MOST_OF_SPARK);
    let endings: Vec<_> = endings(export)
        .into_iter()
        .filter(has_class)
        .chain(["_ANY_DAY"])
        .map(|ending| format!("\"{ending}\""))
        .collect();
    let mut text = format!(
        "{file} has functions for Spark SQL and PySpark, 3 and 4:\n\n\
         from pyspark.sql import SparkSession\n\n\
         spark = SparkSession.builder.config(\"spark.jars\", \"{file}\").getOrCreate()\n\
         for ending in [{}]:\n    \
         spark.udf.registerJavaFunction(\"{name}\" + ending, \"knowatt.spark.{name}\" + ending)\n\n{}\n\
         Of a table of hours (meter, start_time TIMESTAMP, wh):\n\n\
         SELECT meter, start_time, wh, {name}_AT(start_time, wh) AS score FROM readings;\n",
        endings.join(", "),
        functions(export, "_ANY_DAY", MOST_OF_SPARK),
    );
    let floors = hours(&export.floors());
    if floors.len() > MOST_OF_SPARK || export.rises().len() > MOST_OF_SPARK {
        _ = writeln!(
            text,
            "\nSpark's functions take at most {MOST_OF_SPARK} floors or rises; there are none for more."
        );
    }
    if (1..=MOST_OF_SPARK).contains(&floors.len()) {
        let lows: Vec<_> = floors
            .iter()
            .map(|hours| {
                format!("  CASE WHEN COUNT(wh) OVER w{hours} = {hours} THEN MIN(wh) OVER w{hours} END")
            })
            .collect();
        let windows: Vec<_> = floors
            .iter()
            .map(|hours| {
                let before = hours - 1;
                format!(
                    "  w{hours} AS (PARTITION BY meter ORDER BY start_time RANGE BETWEEN INTERVAL {before} HOURS PRECEDING AND CURRENT ROW)"
                )
            })
            .collect();
        _ = write!(
            text,
            "\nWhat was left on, of hours that follow one another:\n\n\
             SELECT meter, start_time, wh, {name}_FLOOR({name}_DAY(start_time), {name}_HOUR(start_time),\n{}) AS score\nFROM readings WINDOW\n{};\n",
            lows.join(",\n"),
            windows.join(",\n")
        );
    }
    text
}

pub(super) fn kafka_streams(export: &Export<'_>, file: &str) -> String {
    let name = export.name.as_given();
    format!(
        "{file} has a class for any Java, from 8 on. Put it on the class path.\n\n{}\n\
         In Kafka Streams, of a topic with a meter's name as the key, Wh as the value and the hour's start as the record's time, the\n\
         hours before being kept in a store:\n\n\
         StreamsBuilder builder = new StreamsBuilder();\n\
         builder.addStateStore(Stores.keyValueStoreBuilder(\n    \
         Stores.persistentKeyValueStore(\"hours\"), Serdes.String(), Serdes.ByteArray()));\n\
         builder.stream(\"readings\", Consumed.with(Serdes.String(), Serdes.Double()))\n    \
         .process(() -> new ContextualProcessor<String, Double, String, Double>() {{\n        \
         public void process(Record<String, Double> reading) {{\n            \
         KeyValueStore<String, byte[]> hours = context().getStateStore(\"hours\");\n            \
         byte[] before = hours.get(reading.key());\n            \
         {name}.Recent recent = before == null ? new {name}.Recent() : new {name}.Recent(before);\n            \
         double score = recent.push(reading.timestamp(), reading.value());\n            \
         hours.put(reading.key(), recent.toBytes());\n            \
         if (score > 1.0) {{\n                \
         context().forward(reading.withValue(score));\n            \
         }}\n        }}\n    }}, \"hours\")\n    \
         .to(\"anomalies\", Produced.with(Serdes.String(), Serdes.Double()));\n",
        plain(export)
    )
}

/// How the class of static methods is called.
pub(super) fn plain(export: &Export<'_>) -> String {
    let name = export.name.as_given();
    let mut text = format!(
        "import knowatt.{name};\n\n\
         {name}.score(0, 4, 1500.0);                 // day class, hour, Wh; NaN is no score\n\
         {name}.scoreHour(4, 1500.0);                // without the day: the lowest score of any\n\
         {name}.scoreAt(1536343200000L, 1500.0);     // the instant the hour starts, in milliseconds since 1970\n"
    );
    let highest = [
        ("floor", hours(&export.floors()), "the lowest Wh of the last"),
        ("rise", hours(&export.rises()), "how many Wh that is above that of a day before, for"),
    ];
    for (function, hours, what) in highest {
        if !hours.is_empty() {
            let numbers = vec!["300.0"; hours.len()].join(", ");
            let hours = hours.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
            _ = writeln!(text, "{name}.{function}(0, 4, {numbers}); // {what} {hours} hours");
        }
    }
    if export.step().is_some() {
        _ = writeln!(text, "{name}.step(0, 4, 300.0); // how many Wh more than the hour before");
    }
    _ = write!(
        text,
        "\n{name}.Recent recent = new {name}.Recent(); // one for each meter, hour after hour\n\
         recent.push(1536343200000L, 1500.0);    // the score; then recent.level(), floor(), step(), rise()\n"
    );
    text
}
