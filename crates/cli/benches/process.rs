//! Whole processes and whole files: how long `knowatt train` takes and how much memory, and how quickly
//! the minute file of four years becomes hourly readings, beside polars' scan of the same file.
//!
//! `cargo bench -p knowatt` needs Python with pip: it fetches the file (`data/make.py --all`) and polars
//! into `target/bench`, once. Ours and theirs are run in turn, so that a slow moment meets both; medians.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and ends where it fails")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use knowatt_readings::{Input, Intake, Kind, Ledger, Options, Unit, formats};
use knowatt_score::{Calendar, DayClasses};
use wait4::Wait4 as _;

const RUNS: usize = 11;

/// Times one scan of a file for each line it gets.
const POLARS: &str = r#"
import sys, time
import polars as pl
file = sys.argv[1]
whole = lambda: pl.scan_csv(file).collect()
two = lambda: pl.scan_csv(file).select("date_time", "Global_active_power").collect()
hourly = lambda: (
    pl.scan_csv(file)
    .select(pl.col("date_time").str.to_datetime("%Y-%m-%d %H:%M:%S"), "Global_active_power")
    .group_by(pl.col("date_time").dt.truncate("1h"))
    .agg(pl.col("Global_active_power").sum() * 1000 / 60)
    .collect()
)
print(pl.__version__, flush=True)
for line in sys.stdin:
    work = {"whole": whole, "two": two, "hourly": hourly}[line.strip()]
    start = time.perf_counter()
    work()
    print(time.perf_counter() - start, flush=True)
"#;

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder).unwrap();
    let minutes = folder.join("minutes.csv");
    if !minutes.exists() {
        run(Command::new("python3").arg(root.join("data/make.py")).arg("--all").arg(&minutes));
    }
    let hours = folder.join("hours.csv");
    let learn = fs::read_to_string(root.join("data/home/learn-hourly.csv")).unwrap();
    let rows: Vec<&str> = learn.lines().take(1 + 2160).collect();
    write(&hours, &rows.join("\n"));

    println!("whole process, median of {RUNS} runs");
    train("train, 2,160 hourly rows", &hours, &[]);
    let columns = ["--value-column", "Global_active_power", "--unit", "kW"];
    train("train, 2,075,259 rows by the minute", &minutes, &columns);

    let mut polars = Polars::start(&folder, &minutes);
    println!("\n115 MB of minutes to hourly readings, beside polars {} on the same file", polars.version);
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..RUNS {
        times[0].push(ingest(&minutes));
        for (place, work) in ["whole", "two", "hourly"].into_iter().enumerate() {
            times[place + 1].push(polars.time(work));
        }
    }
    let [ours, whole, two, hourly] = times.map(median);
    println!("  knowatt, local hours with a ledger  {ours:.3} s  {:.1} M rows/s", 2.075_259 / ours);
    let beside = |name: &str, theirs: f64| {
        println!("  {name:<34}  {theirs:.3} s  knowatt takes {:.2} times that", ours / theirs);
    };
    beside("polars, scan_csv().collect()", whole);
    beside("polars, only the two columns", two);
    beside("polars, hourly sums (UTC)", hourly);
}

fn train(what: &str, input: &Path, flags: &[&str]) {
    let model = input.with_extension("json");
    let (mut seconds, mut peak_bytes) = (Vec::new(), 0);
    for _ in 0..RUNS {
        let mut command = Command::new(env!("CARGO_BIN_EXE_knowatt"));
        command
            .arg("train")
            .arg(input)
            .args(["--tz", "Europe/Paris", "-o"])
            .arg(&model)
            .args(flags)
            .stderr(Stdio::null());
        let start = Instant::now();
        let used = command.spawn().unwrap().wait4().unwrap();
        seconds.push(start.elapsed().as_secs_f64());
        assert!(used.status.success());
        peak_bytes = peak_bytes.max(used.rusage.maxrss);
    }
    println!("  {what:<36}  {:.3} s  {:.1} MB at most", median(seconds), peak_bytes as f64 / 1e6);
}

fn ingest(file: &Path) -> f64 {
    let start = Instant::now();
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).unwrap();
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::default());
    let options = Options {
        value_column: Some("Global_active_power".to_owned()),
        unit: Some(Unit::KW),
        kind: Some(Kind::Power),
        ..Options::default()
    };
    formats::read(Input::open(file).unwrap(), None, &options, &mut intake).unwrap();
    let readings = intake.finish().0.unwrap().remove(0).readings;
    assert!(readings.rows.len() > 34_000);
    start.elapsed().as_secs_f64()
}

/// A Python process that waits with polars loaded, and ends with its input.
struct Polars {
    _process: Child,
    version: String,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Polars {
    fn start(folder: &Path, file: &Path) -> Self {
        let venv = folder.join("venv");
        let python: PathBuf = venv.join("bin/python");
        if !python.exists() {
            run(Command::new("python3").arg("-m").arg("venv").arg(&venv));
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "polars"]));
        }
        let mut command = Command::new(python);
        command.arg("-c").arg(POLARS).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stdin = process.stdin.take().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut polars = Self { _process: process, version: String::new(), stdin, stdout };
        polars.version = polars.answer();
        polars
    }

    fn time(&mut self, work: &str) -> f64 {
        writeln!(self.stdin, "{work}").unwrap();
        self.answer().parse().unwrap()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

#[allow(clippy::disallowed_methods, reason = "the benchmark's own input")]
fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
