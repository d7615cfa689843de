//! The statistics in a file of SQLite.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read as _,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Row, config::DbConfig, limits::Limit, types::ValueRef};

use super::{IN_PLACE, MAGIC, WHAT};
use crate::{
    clock::{HOUR_MS, Millis},
    error::{Error, ErrorKind},
    formats::sink::{Series, Sink, broken},
    ledger::Rule,
    message::show,
    unit::{Flow, Kind},
};

/// Reads the statistics of a file, and says in a line what there are.
pub(super) fn read(name: &str, path: &Path, sink: &mut dyn Sink) -> Result<String, Error> {
    let failed = |error: rusqlite::Error| broken(name, WHAT, error.to_string());
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| Error::new(name, ErrorKind::Io(error)))?;
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(|error| Error::new(name, ErrorKind::Io(error)))?;
    if head != MAGIC {
        return Err(broken(name, WHAT, IN_PLACE));
    }
    let database = open(path).map_err(failed)?;
    let columns = columns(&database).map_err(failed)?.map_err(|what| broken(name, WHAT, what))?;
    let statistics = statistics(&database, &columns, sink).map_err(failed)?;
    let rows = hand_over(&database, &columns, &statistics, sink).map_err(failed)?;
    rows?;
    let shown: Vec<String> = statistics.values().take(5).map(|known| show(known.name.as_bytes())).collect();
    let rest = if statistics.len() > shown.len() { ", …" } else { "" };
    Ok(format!("long-term statistics of energy or power: {} ({}{rest})", statistics.len(), shown.join(", ")))
}

/// The most statistics that are read; a home has a few hundred.
const MAX_STATISTICS: usize = 10_000;
const MAX_VALUE_BYTES: i32 = 1 << 20;

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(uri(path), flags)?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
    // Also the first access: an error here is that of a file that is no database.
    database.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
    Ok(database)
}

/// The path as a URI that asks for reading only. Never `immutable`: the newest rows may be in the `-wal` file.
fn uri(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~:\\".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri + "?mode=ro"
}

/// How this version of the schema calls what is read.
struct Columns {
    has_mean: &'static str,
    start: &'static str,
}

fn columns(database: &Connection) -> rusqlite::Result<Result<Columns, String>> {
    for table in ["statistics", "statistics_meta"] {
        let query = "SELECT sql FROM sqlite_schema WHERE name = ?1 AND type = 'table'";
        let mut found = database.prepare(query)?;
        let mut rows = found.query([table])?;
        let Some(row) = rows.next()? else { return Ok(Err(format!("it has no table `{table}`"))) };
        let sql: String = row.get(0)?;
        let hidden = "SELECT count(*) FROM pragma_table_xinfo(?1) WHERE hidden <> 0";
        let reckoned: i64 = database.query_row(hidden, [table], |row| row.get(0))?;
        if reckoned > 0 || !sql.trim_start().to_lowercase().starts_with("create table") {
            return Ok(Err(format!("`{table}` is not a plain table")));
        }
    }
    let names = |table: &str| -> rusqlite::Result<Vec<String>> {
        let mut found = database.prepare("SELECT name FROM pragma_table_info(?1)")?;
        found.query_map([table], |row| row.get(0))?.take(100).collect()
    };
    let (meta, rows) = (names("statistics_meta")?, names("statistics")?);
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let missing =
        ["id", "statistic_id", "unit_of_measurement", "has_sum"].into_iter().find(|name| !has(&meta, name));
    let missing = missing.or(["metadata_id", "mean", "sum"].into_iter().find(|name| !has(&rows, name)));
    if let Some(missing) = missing {
        return Ok(Err(format!("its statistics have no column `{missing}`")));
    }
    let has_mean = match (has(&meta, "mean_type"), has(&meta, "has_mean")) {
        (true, true) => "mean_type = 1 OR has_mean",
        (true, false) => "mean_type = 1",
        (false, true) => "has_mean",
        (false, false) => "0",
    };
    let start = match (has(&rows, "start_ts"), has(&rows, "start")) {
        (true, true) => "coalesce(start_ts, start)",
        (true, false) => "start_ts",
        (false, true) => "start",
        (false, false) => return Ok(Err("its statistics have no column `start_ts`".to_owned())),
    };
    Ok(Ok(Columns { has_mean, start }))
}

/// A statistic that is read.
struct Statistic {
    name: String,
    kind: Kind,
    factor: f64,
}

fn statistics(
    database: &Connection,
    columns: &Columns,
    sink: &mut dyn Sink,
) -> rusqlite::Result<BTreeMap<i64, Statistic>> {
    let query = format!(
        "SELECT id, statistic_id, unit_of_measurement, has_sum, {} FROM statistics_meta ORDER BY id",
        columns.has_mean
    );
    let mut found = database.prepare(&query)?;
    let mut rows = found.query([])?;
    let mut statistics = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (name, unit) = (text(row, 1)?, text(row, 2)?);
        let (has_sum, has_mean) = (is_set(row, 3)?, is_set(row, 4)?);
        let (scale, base) = match unit.trim() {
            "Wh" => (1.0, Kind::Register),
            "kWh" => (1e3, Kind::Register),
            "MWh" => (1e6, Kind::Register),
            "W" => (1.0, Kind::Power),
            "kW" => (1e3, Kind::Power),
            "MW" => (1e6, Kind::Power),
            _ => (0.0, Kind::Energy),
        };
        let is_read = (base == Kind::Register && has_sum) || (base == Kind::Power && has_mean);
        match row.get_ref(0)? {
            ValueRef::Integer(id) if is_read && statistics.len() < MAX_STATISTICS => {
                statistics.insert(id, Statistic { name, kind: base, factor: scale });
            }
            _ => {
                let (name, unit) = (show(name.as_bytes()), show(unit.as_bytes()));
                sink.ignored(Rule::OtherQuantity, 0, &|| {
                    format!("the statistic `{name}` (in `{unit}`); left out")
                });
            }
        }
    }
    Ok(statistics)
}

fn hand_over(
    database: &Connection,
    columns: &Columns,
    statistics: &BTreeMap<i64, Statistic>,
    sink: &mut dyn Sink,
) -> rusqlite::Result<Result<(), Error>> {
    let query = format!("SELECT rowid, metadata_id, {}, mean, sum FROM statistics", columns.start);
    let mut found = database.prepare(&query)?;
    let mut rows = found.query([])?;
    let known: HashMap<i64, &Statistic> = statistics.iter().map(|(id, known)| (*id, known)).collect();
    while let Some(row) = rows.next()? {
        let (ValueRef::Integer(number), ValueRef::Integer(id)) = (row.get_ref(0)?, row.get_ref(1)?) else {
            continue;
        };
        let Some(statistic) = known.get(&id) else { continue };
        let line = u64::try_from(number).unwrap_or_default();
        let Some(start) = instant(row.get_ref(2)?) else {
            sink.bad_row(line, &|| {
                format!("a row of `{}` without a start; left out", show(statistic.name.as_bytes()))
            });
            continue;
        };
        let is_register = statistic.kind == Kind::Register;
        let at = if is_register { start.saturating_add(HOUR_MS) } else { start };
        let cadence = Some(HOUR_MS).filter(|_| !is_register);
        let meter = statistic.name.as_bytes();
        let series = Series {
            meter,
            register: b"",
            flow: Flow::Taken,
            kind: statistic.kind,
            kind_given: true,
            factor: statistic.factor,
            cadence,
        };
        let handed = match number_of(row.get_ref(if is_register { 4 } else { 3 })?) {
            Some(value) => sink.reading(series, line, at, value * statistic.factor),
            None => sink.missing(series, line, at, &|| "no value (`NULL`); left out".to_owned()),
        };
        if handed.is_err() {
            return Ok(handed);
        }
    }
    Ok(Ok(()))
}

fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(at)? {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    })
}

fn is_set(row: &Row<'_>, at: usize) -> rusqlite::Result<bool> {
    Ok(matches!(row.get_ref(at)?, ValueRef::Integer(1..)))
}

fn number_of(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        _ => None,
    }
}

/// Seconds since 1970, or a date and a time in UTC.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to an integer ends at its limits, and those are refused"
)]
fn instant(value: ValueRef<'_>) -> Option<Millis> {
    match value {
        ValueRef::Text(text) => {
            let local: jiff::civil::DateTime = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
            Some(jiff::tz::Offset::UTC.to_timestamp(local).ok()?.as_millisecond())
        }
        value => number_of(value)
            .filter(|number| number.is_finite())
            .map(|number| (number * 1000.0).round() as Millis),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        formats::{home_assistant_database, sink::Found},
        input::Input,
    };

    fn found(path: &Path) -> (Result<String, Error>, Vec<String>) {
        let mut found = Found::default();
        (read("home-assistant_v2.db", path, &mut found), found.0)
    }

    /// A database of these statements, and the directory that keeps it.
    fn database(statements: &str) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a 100% home?#.db");
        let database = Connection::open(&path).unwrap();
        database.execute_batch(statements).unwrap();
        drop(database);
        (directory, path)
    }

    const NEW: &str = "
        CREATE TABLE statistics_meta (id INTEGER NOT NULL, statistic_id VARCHAR(255), source VARCHAR(32),
            unit_of_measurement VARCHAR(255), has_mean BOOLEAN, has_sum BOOLEAN, name VARCHAR(255),
            mean_type INTEGER NOT NULL DEFAULT 0, unit_class VARCHAR(255), PRIMARY KEY (id));
        CREATE TABLE statistics (id INTEGER NOT NULL, created CHAR(0), created_ts FLOAT, metadata_id INTEGER,
            start CHAR(0), start_ts FLOAT, mean FLOAT, min FLOAT, max FLOAT, last_reset CHAR(0), last_reset_ts FLOAT,
            state FLOAT, sum FLOAT, mean_weight FLOAT, PRIMARY KEY (id));
        INSERT INTO statistics_meta VALUES (1, 'sensor.meter', 'recorder', 'kWh', NULL, 1, NULL, 0, 'energy'),
            (2, 'sensor.power', 'recorder', 'W', NULL, 0, NULL, 1, 'power'),
            (3, 'sensor.attic', 'recorder', '°C', NULL, 0, NULL, 1, 'temperature'),
            (4, 'sensor.cost', 'recorder', 'EUR', NULL, 1, NULL, 0, NULL);
        INSERT INTO statistics (metadata_id, start_ts, state, sum, mean) VALUES (1, 1700000000.0, 5000.5, 1.5, NULL),
            (2, 1700000000.0, NULL, NULL, 250.0), (3, 1700000000.0, NULL, NULL, 20.0), (1, 1700003600.0, 5001.0, 2, NULL),
            (1, 1700007200.0, NULL, NULL, NULL), (2, NULL, NULL, NULL, 1.0);";

    #[test]
    fn sums_are_registers_at_the_end_of_their_hour_and_means_are_power() {
        let (_directory, path) = database(NEW);
        let (what, found) = found(&path);
        let expected = [
            "0 other-quantity: the statistic `sensor.attic` (in `°C`); left out",
            "0 other-quantity: the statistic `sensor.cost` (in `EUR`); left out",
            "1 sensor.meter/ register 2023-11-14T23:13:20Z = 1500",
            "2 sensor.power/ power 3600s 2023-11-14T22:13:20Z = 250",
            "4 sensor.meter/ register 2023-11-15T00:13:20Z = 2000",
            "5 sensor.meter/ register 2023-11-15T01:13:20Z missing: no value (`NULL`); left out",
            "6 bad-row: a row of `sensor.power` without a start; left out",
        ];
        assert_eq!(found, expected);
        assert_eq!(what.unwrap(), "long-term statistics of energy or power: 2 (sensor.meter, sensor.power)");
    }

    #[test]
    fn an_older_schema_is_read() {
        let (_directory, path) = database(
            "CREATE TABLE statistics_meta (id INTEGER PRIMARY KEY, statistic_id TEXT, source TEXT,
                unit_of_measurement TEXT, has_mean BOOLEAN, has_sum BOOLEAN);
            CREATE TABLE statistics (id INTEGER PRIMARY KEY, created DATETIME, metadata_id INTEGER, start DATETIME,
                mean FLOAT, min FLOAT, max FLOAT, last_reset DATETIME, state FLOAT, sum FLOAT);
            INSERT INTO statistics_meta VALUES (1, 'sensor.meter', 'recorder', 'Wh', 0, 1), (2, 'sensor.power', 'recorder', 'kW', 1, 0);
            INSERT INTO statistics (metadata_id, start, sum, mean) VALUES (1, '2022-01-01 00:00:00.000000', 7.0, NULL),
                (2, '2022-01-01 00:00:00.000000', NULL, 0.5);",
        );
        let expected = [
            "1 sensor.meter/ register 2022-01-01T01:00:00Z = 7",
            "2 sensor.power/ power 3600s 2022-01-01T00:00:00Z = 500",
        ];
        assert_eq!(found(&path).1, expected);
    }

    #[test]
    fn a_database_in_use_is_read_with_what_is_only_in_its_log() {
        let (_directory, path) = database(&format!("PRAGMA journal_mode = WAL; {NEW}"));
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA wal_autocheckpoint = 0; BEGIN; INSERT INTO statistics (metadata_id, start_ts, sum) VALUES (1, 1700010800, 3); COMMIT;").unwrap();
        let (_, rows) = found(&path);
        assert_eq!(rows.last().unwrap(), "7 sensor.meter/ register 2023-11-15T02:13:20Z = 3000");
    }

    #[test]
    fn other_databases_and_broken_ones_are_errors() {
        let view = NEW
            .replace("CREATE TABLE statistics (", "CREATE TABLE others (")
            .replace("INTO statistics (", "INTO others (")
            + "CREATE VIEW statistics AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT * FROM n;";
        let generated =
            NEW.replace("mean_weight FLOAT,", "mean_weight FLOAT, more BLOB AS (zeroblob(900000000)),");
        for (statements, expected) in [
            ("CREATE TABLE a (b);", "it has no table `statistics`"),
            (&view, "it has no table `statistics`"),
            (&generated, "`statistics` is not a plain table"),
            ("CREATE TABLE statistics (a); CREATE TABLE statistics_meta (id)", "no column `statistic_id`"),
        ] {
            let (_directory, path) = database(statements);
            let error = found(&path).0.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Broken { .. }));
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn any_bytes_spoilt_give_an_error_or_fewer_rows_and_no_panic() {
        let (directory, path) = database(NEW);
        let whole = std::fs::read(&path).unwrap();
        let spoilt_path = directory.path().join("spoilt.db");
        for at in (0..whole.len()).step_by(37) {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0xff;
            spoilt.truncate(if at % 5 == 0 { at.max(20) } else { whole.len() });
            std::io::Write::write_all(
                &mut std::fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(&spoilt_path)
                    .unwrap(),
                &spoilt,
            )
            .unwrap();
            let _ = found(&spoilt_path);
        }
    }

    #[test]
    fn a_stream_or_a_packed_file_is_refused_with_the_way_out() {
        let (directory, _) = database(NEW);
        let packed = directory.path().join("home.db.gz");
        std::io::Write::write_all(
            &mut std::fs::OpenOptions::new().write(true).create_new(true).open(&packed).unwrap(),
            &[0x1f, 0x8b, 8],
        )
        .unwrap();
        assert!(found(&packed).0.unwrap_err().to_string().contains("name the file itself"));
        let input =
            Input::from_reader("backup.db.gz", std::io::Cursor::new(b"SQLite format 3\0".to_vec())).unwrap();
        let error = home_assistant_database::read(input, &mut Found::default()).unwrap_err();
        assert!(error.to_string().contains("name the file itself"), "{error}");
        assert!(home_assistant_database::detect(b"SQLite format 3\0"));
    }
}
