//! A folder of its own for each test, the binary run in it, and made-up histories.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// An empty folder in which the binary is run, so that paths in messages are short.
pub struct Folder(TempDir);

pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with one file.
    pub fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write(name, content);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[allow(clippy::disallowed_methods, reason = "a test's own input")]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names of the files there are.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Writes the model `m.json`, to which 0 to 100 Wh are normal at every hour of a zone.
    pub fn write_model(&self, zone: &str) {
        let hours: String = (0..24).map(|hour| format!("{hour},0,100\n")).collect();
        self.write("bounds.csv", format!("hour,min_wh,max_wh\n{hours}"));
        self.succeeds(&format!("train --bounds bounds.csv --tz {zone} -o m.json"));
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_knowatt"));
        command
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .env_remove("CLICOLOR_FORCE")
            .env_remove("COLORTERM")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs the binary with arguments separated by spaces.
    pub fn knowatt(&self, arguments: &str) -> Outcome {
        let output = self.command().args(arguments.split_whitespace()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary prints UTF-8");
        Outcome {
            code: output
                .status
                .code()
                .unwrap_or_else(|| panic!("`knowatt {arguments}` was ended by a signal")),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs it and expects success; gives standard output.
    pub fn succeeds(&self, arguments: &str) -> String {
        let outcome = self.knowatt(arguments);
        assert_eq!(outcome.code, 0, "knowatt {arguments}\n{}", outcome.stderr);
        outcome.stdout
    }

    /// Runs it and expects exit code 2, no output, no panic and no new file; gives standard error.
    pub fn refuses(&self, arguments: &str) -> String {
        let before = self.names();
        let outcome = self.knowatt(arguments);
        assert_eq!(outcome.code, 2, "knowatt {arguments}\n{}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "knowatt {arguments}");
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        assert_eq!(self.names(), before, "knowatt {arguments} left files behind");
        outcome.stderr
    }
}

/// The bytes of a database like Home Assistant's: sums, as kWh, of a meter at the hours from the first of January 2024.
pub fn home_assistant_database(sums: &[f64]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home-assistant_v2.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let schema = "
        CREATE TABLE statistics_meta (id INTEGER PRIMARY KEY, statistic_id VARCHAR(255), source VARCHAR(32),
            unit_of_measurement VARCHAR(255), has_mean BOOLEAN, has_sum BOOLEAN, name VARCHAR(255));
        CREATE TABLE statistics (id INTEGER PRIMARY KEY, created_ts FLOAT, metadata_id INTEGER, start_ts FLOAT, mean FLOAT,
            min FLOAT, max FLOAT, last_reset_ts FLOAT, state FLOAT, sum FLOAT);
        INSERT INTO statistics_meta VALUES (1, 'sensor.meter', 'recorder', 'kWh', 0, 1, NULL),
            (2, 'sensor.attic', 'recorder', '°C', 1, 0, NULL);
        INSERT INTO statistics (metadata_id, start_ts, mean) VALUES (2, 1704067200, 20.5);";
    database.execute_batch(schema).unwrap();
    for (start, sum) in (1_704_067_200..).step_by(3600).zip(sums) {
        let row = "INSERT INTO statistics (metadata_id, start_ts, sum) VALUES (1, ?1, ?2)";
        database.execute(row, (start, sum)).unwrap();
    }
    drop(database);
    fs::read(path).unwrap()
}

/// The last line of a message.
pub fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

/// A home's use in an hour counted from the start of a history, in Wh: quiet nights, busy evenings, and no
/// two hours alike.
pub fn use_in_hour(hour: i64) -> f64 {
    let noise = f64::from(u32::try_from(hour * 7919 % 1000).unwrap()) / 1000.0;
    let level = match hour.rem_euclid(24) {
        0..6 => 150.0,
        17..23 => 1400.0,
        _ => 500.0,
    };
    (level * (0.6 + 0.8 * noise * noise) * 10.0).round() / 10.0
}

/// `days` of hourly readings from the first of January 2024, UTC.
pub fn history(days: i64) -> String {
    history_of(days, use_in_hour)
}

pub fn history_of(days: i64, wh: impl Fn(i64) -> f64) -> String {
    let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let mut csv = String::from("timestamp,wh\n");
    for hour in 0..days * 24 {
        let at = start + jiff::SignedDuration::from_hours(hour);
        writeln!(csv, "{at},{}", wh(hour)).unwrap();
    }
    csv
}

/// The rows of a CSV by the names of its columns.
pub fn column(csv: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader.headers().unwrap().iter().position(|column| column == name).expect(name);
    reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

pub fn numbers(csv: &str, name: &str) -> Vec<f64> {
    column(csv, name).iter().map(|field| field.parse().unwrap()).collect()
}
